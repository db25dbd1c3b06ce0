//! Names in the rules that nothing in the catalogue bears: by them a rule takes in nothing, and nobody would notice.
//!
//! Services come and go, so such a rule is no mistake: a portal with an empty catalogue has to start. It is shown beside
//! the rule and told in the log. Environments and regions are configured, so a name of theirs that there is not is refused.

use std::{collections::BTreeSet, fmt::Display, sync::Arc};

use domain::{
    Caller, RuleSet,
    policy::{Read, Room},
    rule::{AnyOf, Matches},
};

use super::rows;
use crate::{Control, Result};

/// The rules, and of each what its match names in vain: `service crat`.
#[derive(Clone, Debug)]
pub struct InForce {
    pub rules: Arc<RuleSet>,
    /// For each rule, in their order.
    pub of_rules: Vec<Vec<String>>,
    /// For each wave, in their order.
    pub of_waves: Vec<Vec<String>>,
}

/// A kind of name and a name, as they stand together in a sentence.
pub(super) type Name = (&'static str, String);

/// What a match names of the catalogue.
fn names(matches: &Matches) -> Vec<Name> {
    fn all<T: Display>(kind: &'static str, any: Option<&AnyOf<T>>) -> Vec<Name> {
        let values = any.map_or(&[][..], AnyOf::values);
        values.iter().map(|v| (kind, v.to_string())).collect()
    }
    [
        all("service", matches.service.as_ref()),
        all("system", matches.system.as_ref()),
        all("team", matches.team.as_ref()),
        all("tier", matches.tier.as_ref()),
    ]
    .concat()
}

impl Control {
    /// The rules, for whoever may see them.
    pub async fn rules_in_force(&self, caller: &Caller) -> Result<InForce> {
        self.permit(caller, Read, Room::Rules).await?;
        Ok(self.with_nothing().await?.0)
    }

    /// And whether the catalogue has any service at all.
    async fn with_nothing(&self) -> Result<(InForce, bool)> {
        let rules = self.rules();
        let of_rules: Vec<_> = rules.rules().iter().map(|r| names(&r.matches)).collect();
        let of_waves: Vec<_> = rules.waves().iter().map(|w| names(&w.matches)).collect();
        let asked: BTreeSet<&Name> = of_rules.iter().chain(&of_waves).flatten().collect();
        let (known, any) = rows::borne(self.pool(), &asked).await?;
        let unknown = |all: &[Vec<Name>]| {
            all.iter()
                .map(|names| {
                    let left = names.iter().filter(|name| !known.contains(name));
                    left.map(|(kind, name)| format!("{kind} {name}")).collect()
                })
                .collect()
        };
        let found = InForce {
            of_rules: unknown(&of_rules),
            of_waves: unknown(&of_waves),
            rules,
        };
        Ok((found, any))
    }

    /// One line for each rule that names something in vain; none while the catalogue has not been imported.
    pub(super) async fn warn_of_nothing(&self) {
        let (found, any) = match self.with_nothing().await {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(%error, "whether rules name what there is could not be looked up");
                return;
            }
        };
        if !any {
            return;
        }
        let rules = found.rules.rules().iter().map(|rule| ("rule", &rule.name));
        let waves = found.rules.waves().iter().map(|wave| ("wave", &wave.name));
        for ((kind, name), unknown) in rules.zip(&found.of_rules).chain(waves.zip(&found.of_waves))
        {
            if !unknown.is_empty() {
                let unknown = unknown.join(", ");
                tracing::warn!(
                    "{kind} '{name}' names what is in no catalogue and takes in nothing by it: {unknown}"
                );
            }
        }
    }
}
