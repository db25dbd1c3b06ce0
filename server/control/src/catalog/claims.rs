//! Which entities of an import may be stored: a name belongs to the source that has it, and an owner is a team that there is.
//!
//! Rights follow the owner. So a source takes no service from another, whoever sends it, and a typo gives none to nobody.

use std::collections::{BTreeSet, HashMap};

use domain::{RuleSet, TeamName, rule::Approvers};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    parse::{Parsed, Problem, ServiceEntity},
    rows::Stored,
};

/// So many names of each kind stand in the audit event; the counts are of all.
const NAMED: usize = 50;

/// What an import did to services, by name, for the audit log.
#[derive(Debug, Default)]
pub(super) struct Effects {
    added: Vec<String>,
    owner_changed: Vec<Value>,
    /// Orphans that are back, with the source that had let go of them.
    taken_up: Vec<Value>,
    pub(super) orphaned: Vec<String>,
}

impl Effects {
    /// What storing these over those does.
    pub(super) fn of(services: &[ServiceEntity], before: &HashMap<String, Stored>) -> Self {
        let mut effects = Self::default();
        for service in services {
            let name = service.name.as_str();
            let Some(was) = before.get(name) else {
                effects.added.push(name.to_owned());
                continue;
            };
            if was.team != service.team.as_str() {
                let (from, to) = (&was.team, &service.team);
                let change = json!({"service": name, "from": from, "to": to});
                effects.owner_changed.push(change);
            }
            if was.orphaned {
                let back = json!({"service": name, "from_source": was.source});
                effects.taken_up.push(back);
            }
        }
        effects
    }

    pub(super) fn for_the_log(&self) -> Value {
        json!({
            "added": first(&self.added), "owner_changed": first(&self.owner_changed),
            "taken_up": first(&self.taken_up), "orphaned": first(&self.orphaned),
        })
    }
}

fn first<T: Serialize>(all: &[T]) -> Value {
    json!({"count": all.len(), "first": &all[..all.len().min(NAMED)]})
}

/// Whether both are one source. There is one configured folder, wherever it lies.
pub(super) fn same_source(one: &str, other: &str) -> bool {
    one == other || (one.starts_with("folder:") && other.starts_with("folder:"))
}

/// Takes out what another source has.
pub(super) fn sift_others(
    parsed: &mut Parsed,
    source: &str,
    stored: &HashMap<(String, String), String>,
) {
    let problems = &mut parsed.problems;
    parsed.others.retain(|other| {
        let key = (other.kind.to_owned(), other.name.clone());
        let Some(holder) = stored
            .get(&key)
            .filter(|holder| !same_source(holder, source))
        else {
            return true;
        };
        problems.push(Problem {
            file: other.file.clone(),
            line: Some(other.name_line),
            field: Some("metadata.name".into()),
            message: held(other.kind, &other.name, holder),
        });
        false
    });
}

/// Takes out services that another source has, and those whose owner is not in `teams`, where these are known.
pub(super) fn sift_services(
    parsed: &mut Parsed,
    source: &str,
    stored: &HashMap<String, Stored>,
    teams: Option<&BTreeSet<String>>,
) {
    let problems = &mut parsed.problems;
    parsed.services.retain(|service| {
        let name = service.name.as_str();
        let holder = stored
            .get(name)
            .filter(|was| !was.orphaned && !same_source(&was.source, source));
        let unknown = teams.is_some_and(|teams| !teams.contains(service.team.as_str()));
        let (line, field, message) = match holder {
            Some(was) => (
                service.name_line,
                "metadata.name",
                held("service", name, &was.source),
            ),
            None if unknown => (
                service.owner_line,
                "spec.owner",
                format!(
                    "there is no team '{}': the catalogue has no Group of this name, and no rule names it. The service '{name}' stays as it was.",
                    service.team
                ),
            ),
            None => return true,
        };
        problems.push(Problem {
            file: service.file.clone(),
            line: Some(line),
            field: Some(field.into()),
            message,
        });
        false
    });
}

fn held(kind: &str, name: &str, holder: &str) -> String {
    format!(
        "the {kind} '{name}' is from the source '{holder}', and only that source changes it; this one is ignored. To move it, take it out there and import that first."
    )
}

/// The teams that rules speak of.
pub(super) fn teams_in(rules: &RuleSet) -> BTreeSet<TeamName> {
    let mut teams = BTreeSet::new();
    for rule in rules.rules() {
        teams.extend(
            rule.matches
                .team
                .iter()
                .flat_map(|any| any.values().iter().cloned()),
        );
        for demand in &rule.demands {
            if let Approvers::Team(team) = &demand.of {
                teams.insert(team.clone());
            }
        }
    }
    teams
}
