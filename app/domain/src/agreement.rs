//! How far a change is agreed to: the one object that starts, decisions, pages and explanations go by.

use crate::{
    Approval, Change, Person, Refusal, Requirement, RequirementStatus, Verdict, rule::tally,
};

/// The approvals that hold, counted towards what the rules ask for.
#[derive(Clone, Debug)]
pub struct Agreement {
    requirements: Vec<Requirement>,
    /// Those whose giver may still approve.
    valid: Vec<Approval>,
    pub status: Vec<RequirementStatus>,
    /// Approvals whose giver may approve no more, and why.
    pub void: Vec<(Approval, Refusal)>,
}

impl Agreement {
    /// Counts. `may` is the policies' answer to whether the giver of an approval may approve this change as they stand now.
    pub fn of(
        change: &Change,
        requirements: &[Requirement],
        approvals: &[Approval],
        may: impl Fn(&Approval) -> Result<(), Refusal>,
    ) -> Self {
        let (mut valid, mut void) = (vec![], vec![]);
        for approval in approvals {
            match may(approval) {
                Ok(()) => valid.push(approval.clone()),
                Err(why) => void.push((approval.clone(), why)),
            }
        }
        let status = count(change, requirements, &valid);
        Self {
            requirements: requirements.to_vec(),
            valid,
            status,
            void,
        }
    }

    pub fn is_reached(&self) -> bool {
        self.status.iter().all(RequirementStatus::is_satisfied)
    }

    /// Which requirements would be further than now with this person's word, in which they may stand in for another, if policy takes it. A word may count
    /// towards a requirement that is satisfied already, whose giver then counts towards another.
    pub fn would_serve(
        &self,
        change: &Change,
        person: &Person,
        behind: Option<&Person>,
        stepped_up: bool,
    ) -> Vec<usize> {
        let decided = self
            .valid
            .iter()
            .chain(self.void.iter().map(|(a, _)| a))
            .any(|a| a.person.id == person.id);
        if decided || self.is_reached() {
            return vec![];
        }
        let mut given = self.valid.clone();
        given.push(Approval {
            id: uuid::Uuid::nil().into(),
            person: person.clone(),
            on_behalf_of: behind.cloned(),
            verdict: Verdict::Approve,
            evidence_digest: change.evidence_digest,
            comment: String::new(),
            stepped_up,
            at: jiff::Timestamp::UNIX_EPOCH,
        });
        let then = count(change, &self.requirements, &given);
        let further = |(i, status): (usize, &RequirementStatus)| {
            (status.given_by.len() > self.status[i].given_by.len()).then_some(i)
        };
        then.iter().enumerate().filter_map(further).collect()
    }
}

fn count(
    change: &Change,
    requirements: &[Requirement],
    approvals: &[Approval],
) -> Vec<RequirementStatus> {
    tally(
        requirements,
        approvals,
        change.requester,
        &change.team,
        change.evidence_digest,
    )
}

#[cfg(all(test, feature = "policy"))]
#[path = "agreement_tests.rs"]
mod tests;
