//! Who else must agree. Policy says who *may*; rules say how many *must*.
//!
//! Several matching rules are each satisfied separately, by distinct people:
//! adding a rule never makes an approval easier.

use serde::{Deserialize, Serialize};

pub mod check;
mod matching;

pub use matching::{AnyOf, Facts, Matches, Size};

use crate::{
    Approval, Evidence, EvidenceDigest, JobRole, Person, PersonId, TeamName, Verdict, canonical,
    wave::{self, Wave},
};

/// Whose approval counts for a requirement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approvers {
    /// Anyone of the team that owns the service.
    OwningTeam,
    JobRole(JobRole),
    Team(TeamName),
}

impl Approvers {
    pub fn include(&self, person: &Person, owner: &TeamName) -> bool {
        match self {
            Self::OwningTeam => person.in_team(owner),
            Self::JobRole(role) => person.has_role(*role),
            Self::Team(team) => person.in_team(team),
        }
    }

    /// In words, for a sentence such as "one of …".
    pub fn words(&self, owner: &TeamName) -> String {
        match self {
            Self::OwningTeam => format!("team {owner}"),
            Self::JobRole(role) => format!("the {role}s"),
            Self::Team(team) => format!("team {team}"),
        }
    }
}

/// What a rule asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demand {
    pub count: u32,
    pub of: Approvers,
    /// The approver must have shown a fresh second factor.
    #[serde(default)]
    pub step_up: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub name: String,
    #[serde(rename = "match", default)]
    pub matches: Matches,
    #[serde(rename = "require")]
    pub demands: Vec<Demand>,
}

/// One thing a change needs, with the rule it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    pub rule: String,
    pub count: u32,
    pub of: Approvers,
    pub step_up: bool,
}

impl Requirement {
    /// Whether this word fits, with the standing of its giver or of `behind`, whom they stand in for.
    pub fn accepts(&self, approval: &Approval, behind: Option<&Person>, owner: &TeamName) -> bool {
        let fits = self.of.include(&approval.person, owner)
            || behind.is_some_and(|person| self.of.include(person, owner));
        fits && (!self.step_up || approval.stepped_up)
    }
}

/// A requirement and who has been counted towards it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequirementStatus {
    pub requirement: Requirement,
    pub given_by: Vec<PersonId>,
}

impl RequirementStatus {
    pub fn is_satisfied(&self) -> bool {
        self.given_by.len() >= self.requirement.count as usize
    }
    pub fn missing(&self) -> u32 {
        self.requirement
            .count
            .saturating_sub(u32::try_from(self.given_by.len()).unwrap_or(u32::MAX))
    }
}

/// Where in the rules something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Rule(usize),
    Wave(usize),
}

impl Place {
    fn index(self) -> usize {
        match self {
            Self::Rule(i) | Self::Wave(i) => i,
        }
    }
}

/// All rules in force, and a version that changes whenever any of them does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleSet {
    rules: Vec<Rule>,
    waves: Vec<Wave>,
    version: String,
}

impl RuleSet {
    /// # Errors
    /// Every mistake in the rules, each naming its rule.
    pub fn new(rules: Vec<Rule>) -> Result<Self, Vec<String>> {
        Self::checked(rules, &check::World::default())
            .map_err(|all| all.into_iter().map(|(_, wrong)| wrong).collect())
    }

    /// The same, knowing what rules may refer to.
    ///
    /// # Errors
    /// Every mistake, with the index of its rule.
    pub fn checked(rules: Vec<Rule>, world: &check::World) -> Result<Self, Vec<(usize, String)>> {
        Self::with_waves(rules, vec![], world).map_err(|all| {
            all.into_iter()
                .map(|(at, wrong)| (at.index(), wrong))
                .collect()
        })
    }

    /// Rules and waves.
    ///
    /// # Errors
    /// Every mistake, with where it is.
    pub fn with_waves(
        rules: Vec<Rule>,
        waves: Vec<Wave>,
        world: &check::World,
    ) -> Result<Self, Vec<(Place, String)>> {
        let of_rules = check::mistakes(&rules, world).into_iter();
        let of_waves = wave::mistakes(&waves, world).into_iter();
        let wrong: Vec<_> = of_rules
            .map(|(i, wrong)| (Place::Rule(i), wrong))
            .chain(of_waves.map(|(i, wrong)| (Place::Wave(i), wrong)))
            .collect();
        if !wrong.is_empty() {
            return Err(wrong);
        }
        // Rules without waves keep the version they had before there were any.
        let text = if waves.is_empty() {
            canonical::to_string(&rules)
        } else {
            canonical::to_string(&(&rules, &waves))
        };
        let text = text.map_err(|e| vec![(Place::Rule(0), e.to_string())])?;
        let version = hex::encode(&canonical::sha256(&text)[..8]);
        Ok(Self {
            rules,
            waves,
            version,
        })
    }

    pub fn version(&self) -> &str {
        &self.version
    }
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }
    pub fn waves(&self) -> &[Wave] {
        &self.waves
    }

    /// What the waves come to for a change with this evidence; none where it goes everywhere without a stop.
    pub fn wave(&self, evidence: &Evidence) -> Option<wave::Plan> {
        wave::Plan::of(&self.waves, evidence)
    }

    /// The rules that speak about these facts. None at all means that nobody thought of
    /// this kind of change; the caller must refuse it, not let it pass.
    pub fn matching(&self, facts: &Facts<'_>) -> Vec<&Rule> {
        self.rules
            .iter()
            .filter(|rule| rule.matches.matches(facts))
            .collect()
    }

    pub fn requirements(&self, facts: &Facts<'_>) -> Vec<Requirement> {
        self.matching(facts)
            .into_iter()
            .flat_map(|rule| {
                rule.demands.iter().map(|demand| Requirement {
                    rule: rule.name.clone(),
                    count: demand.count,
                    of: demand.of.clone(),
                    step_up: demand.step_up,
                })
            })
            .collect()
    }
}

/// Counts the approvals that are valid for `digest` towards the requirements,
/// each person at most once, the requester never, so that as much as possible is satisfied.
pub fn tally(
    requirements: &[Requirement],
    approvals: &[Approval],
    requester: PersonId,
    owner: &TeamName,
    digest: EvidenceDigest,
) -> Vec<RequirementStatus> {
    let mut seen = std::collections::BTreeSet::new();
    let valid: Vec<&Approval> = approvals
        .iter()
        .filter(|a| a.verdict == Verdict::Approve && a.evidence_digest == digest)
        .filter(|a| a.person.id != requester && seen.insert(a.person.id))
        .collect();
    // Whoever asked for the change stands behind nobody, nor does who has given their own word; and nobody stands
    // behind two.
    let mut behind_one = std::collections::BTreeSet::new();
    let behind: Vec<Option<&Person>> = valid
        .iter()
        .map(|a| {
            a.on_behalf_of
                .as_ref()
                .filter(|p| p.id != requester && !seen.contains(&p.id) && behind_one.insert(p.id))
        })
        .collect();
    let slots: Vec<usize> = requirements
        .iter()
        .enumerate()
        .flat_map(|(i, r)| std::iter::repeat_n(i, r.count as usize))
        .collect();
    // Bipartite matching by augmenting paths: a person who could serve two
    // requirements is moved to the one that nobody else can serve.
    let mut holder: Vec<Option<usize>> = vec![None; slots.len()];
    for person in 0..valid.len() {
        let mut visited = vec![false; slots.len()];
        augment(
            person,
            (&valid, &behind),
            requirements,
            &slots,
            owner,
            &mut holder,
            &mut visited,
        );
    }
    requirements
        .iter()
        .enumerate()
        .map(|(i, requirement)| RequirementStatus {
            requirement: requirement.clone(),
            given_by: slots
                .iter()
                .zip(&holder)
                .filter(|(slot, _)| **slot == i)
                .filter_map(|(_, held)| held.map(|p| valid[p].person.id))
                .collect(),
        })
        .collect()
}

/// Whether everybody whose approval counts gave it with a fresh second factor. Where nobody had to approve,
/// nobody has shown one.
pub fn stepped_up(status: &[RequirementStatus], approvals: &[Approval]) -> bool {
    let mut counted = status.iter().flat_map(|s| &s.given_by).peekable();
    let shown = |person: &PersonId| {
        let mut given = approvals.iter().filter(|a| a.person.id == *person);
        given.any(|a| a.verdict == Verdict::Approve && a.stepped_up)
    };
    counted.peek().is_some() && counted.all(shown)
}

fn augment(
    person: usize,
    valid: (&[&Approval], &[Option<&Person>]),
    requirements: &[Requirement],
    slots: &[usize],
    owner: &TeamName,
    holder: &mut [Option<usize>],
    visited: &mut [bool],
) -> bool {
    for slot in 0..slots.len() {
        if visited[slot]
            || !requirements[slots[slot]].accepts(valid.0[person], valid.1[person], owner)
        {
            continue;
        }
        visited[slot] = true;
        let free = match holder[slot] {
            None => true,
            Some(other) => augment(other, valid, requirements, slots, owner, holder, visited),
        };
        if free {
            holder[slot] = Some(person);
            return true;
        }
    }
    false
}

#[cfg(test)]
#[path = "rule_tests.rs"]
mod tests;
