//! Rules that cannot be meant: never satisfied, about nothing, or ambiguous. Found before they are in force.

use std::collections::BTreeSet;

use super::{AnyOf, Approvers, Matches, Rule};
use crate::{EnvironmentName, JobRole, RegionName, TeamName, TierName};

/// What rules may refer to: the configuration's places, and the groups and tiers that the rules file declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct World {
    pub places: Vec<Place>,
    /// None: not declared, every name is taken for good.
    pub teams: Option<BTreeSet<TeamName>>,
    pub tiers: Option<BTreeSet<TierName>>,
    /// Job roles whose approvals policy takes at all. Empty: not asked.
    pub approvers: BTreeSet<JobRole>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub environment: EnvironmentName,
    pub protected: bool,
    pub regions: Vec<RegionName>,
}

/// Nobody means more people than this; more is a slip of the finger.
const MOST: u32 = 20;

/// Every mistake, with the index of its rule.
pub fn mistakes(rules: &[Rule], world: &World) -> Vec<(usize, String)> {
    let mut wrong = vec![];
    for (i, rule) in rules.iter().enumerate() {
        let mut say = |text: String| wrong.push((i, text));
        let name = &rule.name;
        if name.trim().is_empty() {
            say(format!("rule {} has no name", i + 1));
        }
        if rules[..i].iter().any(|earlier| earlier.name == *name) {
            say(format!("rule '{name}' stands twice; names are unique"));
        }
        if let Some(twin) = rules[..i].iter().find(|e| e.matches == rule.matches) {
            say(format!(
                "rule '{name}' matches exactly what '{}' does; say in one rule what both require",
                twin.name
            ));
        }
        demands(rule, world, &mut say);
        matches(&format!("rule '{name}'"), &rule.matches, world, &mut say);
    }
    wrong
}

fn demands(rule: &Rule, world: &World, say: &mut impl FnMut(String)) {
    let name = &rule.name;
    for (i, demand) in rule.demands.iter().enumerate() {
        if demand.count == 0 {
            say(format!(
                "rule '{name}' requires nobody: count starts at 1; for no approval leave 'require' empty"
            ));
        }
        if demand.count > MOST {
            say(format!(
                "rule '{name}' requires {} people; more than {MOST} will never be found",
                demand.count
            ));
        }
        if rule.demands[..i]
            .iter()
            .any(|d| (&d.of, d.step_up) == (&demand.of, demand.step_up))
        {
            say(format!(
                "rule '{name}' asks for the same people twice; add their numbers up"
            ));
        }
        match &demand.of {
            Approvers::JobRole(role)
                if !world.approvers.is_empty() && !world.approvers.contains(role) =>
            {
                say(format!(
                    "rule '{name}' can never be satisfied: by the policies in force no {role} may approve anything"
                ));
            }
            Approvers::Team(team) => known(
                "team",
                team,
                world.teams.as_ref(),
                &format!("rule '{name}'"),
                say,
            ),
            Approvers::JobRole(_) | Approvers::OwningTeam => {}
        }
    }
}

/// What is wrong with a match; `label` says of what: `rule 'a'`.
pub(crate) fn matches(label: &str, matches: &Matches, world: &World, say: &mut impl FnMut(String)) {
    let before = empty_lists(matches);
    if !before.is_empty() {
        say(format!(
            "{label} matches nothing: {} is an empty list",
            before.join(" and ")
        ));
    }
    for team in values(matches.team.as_ref()) {
        known("team", team, world.teams.as_ref(), label, say);
    }
    for tier in values(matches.tier.as_ref()) {
        known("tier", tier, world.tiers.as_ref(), label, say);
    }
    if world.places.is_empty() {
        return;
    }
    for environment in values(matches.environment.as_ref()) {
        if !world.places.iter().any(|p| p.environment == *environment) {
            let all: Vec<_> = world
                .places
                .iter()
                .map(|p| p.environment.as_str())
                .collect();
            say(format!(
                "{label} names '{environment}', which is no environment of this configuration; they are {}",
                all.join(", ")
            ));
            return;
        }
    }
    for region in values(matches.region.as_ref()) {
        if !world.places.iter().any(|p| p.regions.contains(region)) {
            say(format!(
                "{label} names '{region}', which is no region of any environment"
            ));
            return;
        }
    }
    if !world.places.iter().any(|place| fits(matches, place)) {
        say(format!(
            "{label} can never match: no environment of this configuration has all that its match asks for (environment, protected, region, regions_from)"
        ));
    }
}

/// Whether a change in this place can match, as far as the place decides it.
pub(crate) fn fits(matches: &Matches, place: &Place) -> bool {
    let touched = u32::try_from(place.regions.len()).unwrap_or(u32::MAX);
    matches
        .environment
        .as_ref()
        .is_none_or(|e| e.includes(&place.environment))
        && matches.protected.is_none_or(|p| p == place.protected)
        && matches
            .region
            .as_ref()
            .is_none_or(|r| place.regions.iter().any(|one| r.includes(one)))
        && matches.regions_from.is_none_or(|least| touched >= least)
}

fn values<T>(any: Option<&AnyOf<T>>) -> &[T] {
    any.map_or(&[], AnyOf::values)
}

fn known<T: Ord + std::fmt::Display>(
    what: &str,
    value: &T,
    all: Option<&BTreeSet<T>>,
    label: &str,
    say: &mut impl FnMut(String),
) {
    if let Some(all) = all.filter(|all| !all.contains(value)) {
        let list: Vec<String> = all.iter().map(ToString::to_string).collect();
        let list = if list.is_empty() {
            format!("the file declares no {what}s; write {what}s = [\"{value}\"] at its top")
        } else {
            format!("the file declares {}", list.join(", "))
        };
        say(format!(
            "{label} names the {what} '{value}', which is not known: {list}"
        ));
    }
}

fn empty_lists(m: &Matches) -> Vec<&'static str> {
    fn empty<T>(any: Option<&AnyOf<T>>) -> bool {
        any.is_some_and(|any| any.values().is_empty())
    }
    [
        ("kind", empty(m.kind.as_ref())),
        ("environment", empty(m.environment.as_ref())),
        ("team", empty(m.team.as_ref())),
        ("service", empty(m.service.as_ref())),
        ("system", empty(m.system.as_ref())),
        ("tier", empty(m.tier.as_ref())),
        ("region", empty(m.region.as_ref())),
    ]
    .into_iter()
    .filter_map(|(name, empty)| empty.then_some(name))
    .collect()
}
