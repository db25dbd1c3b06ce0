//! Groups of the identity provider become job roles and teams. No group, no rights.

use std::collections::BTreeSet;

use domain::{JobRole, Refusal, TeamName};
use serde_json::{Map, Value};

use super::verify::refused;
use crate::config::Oidc;

/// What somebody may be, from their groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) job_roles: BTreeSet<JobRole>,
    pub(super) teams: BTreeSet<TeamName>,
}

/// An absent claim means no groups and so no rights. A claim that is there but not whole (a provider
/// that has too many groups to list points elsewhere instead) means *unknown*, which is refused:
/// a missing group could be the one that forbids.
pub(super) fn standing(oidc: &Oidc, claims: &Map<String, Value>) -> Result<Standing, Refusal> {
    let claim = &oidc.groups_claim;
    let elsewhere = claims
        .get("_claim_names")
        .and_then(|names| names.get(claim))
        .is_some()
        || claims.get("hasgroups").and_then(Value::as_bool) == Some(true);
    if elsewhere {
        return Err(refused(
            "You are in more groups than the identity provider puts into one token, so your rights are not known. An administrator can let it send only the portal's groups.",
        ));
    }
    let odd = || {
        refused(format!(
            "The identity provider sent your groups in a form that cannot be read (claim '{claim}')."
        ))
    };
    let groups: Vec<&str> = match claims.get(claim) {
        None | Some(Value::Null) => vec![],
        Some(Value::Array(all)) => all
            .iter()
            .map(Value::as_str)
            .collect::<Option<_>>()
            .ok_or_else(odd)?,
        Some(_) => return Err(odd()),
    };
    let mut standing = Standing::default();
    for group in groups {
        for (role, names) in &oidc.job_roles {
            if names.iter().any(|name| name == group) {
                standing.job_roles.insert(*role);
            }
        }
        standing.teams.extend(team(&oidc.team_groups, group));
    }
    Ok(standing)
}

/// The team of a group that fits the pattern `before{team}after`; one whose name is no team's name is none.
fn team(pattern: &str, group: &str) -> Option<TeamName> {
    let (before, after) = pattern.split_once("{team}")?;
    let name = group.strip_prefix(before)?.strip_suffix(after)?;
    TeamName::parse(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_team_is_what_the_pattern_leaves() {
        let found = |pattern, group| team(pattern, group).map(|t| t.to_string());
        assert_eq!(
            found("team-{team}", "team-checkout").as_deref(),
            Some("checkout")
        );
        assert_eq!(
            found("{team}-members", "checkout-members").as_deref(),
            Some("checkout")
        );
        for group in [
            "checkout",
            "team-",
            "Team-checkout",
            "team-Check Out",
            "team-<b>",
            "xteam-checkout",
        ] {
            assert_eq!(found("team-{team}", group), None, "{group}");
        }
    }
}
