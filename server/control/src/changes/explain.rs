//! Why a change may or may not go on: the decisions that the enforcer takes, with the policies and rules behind them.

use domain::{
    Approval, Caller, Change, ChangeState, Evidence, Person,
    agreement::Agreement,
    policy::{Answer, Approve, Cancel, Read, Reject, Resume, Start},
    rule::Facts,
};
use serde::Serialize;

use super::rows::Stored;
use crate::{Control, Result};

/// One rule in force that matches the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MatchedRule {
    pub name: String,
    /// Which changes it is about, in words.
    pub about: String,
    /// What it needs, in words; empty: nobody.
    pub needs: Vec<String>,
}

/// The rules that match, and whether they are still those the change was asked for under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchedRules {
    pub rules: Vec<MatchedRule>,
    /// Other rules are in force now: at its start the change goes stale.
    pub changed: bool,
    /// The version in force.
    pub version: String,
}

impl Control {
    /// How far a change is agreed to with the approvals that hold now: whoever lost the right since stands for nothing.
    /// Decisions, starts, pages and explanations go by this one object.
    pub(super) fn agreement(&self, stored: &Stored, approvals: &[Approval]) -> Agreement {
        let change = &stored.change;
        // Nobody stands behind a word who could not give it themselves.
        let behind = |person: &Person| {
            let caller = super::start::job(person.clone());
            self.policies()
                .may(&caller, Approve, change, self.now())
                .is_ok()
        };
        let approvals: Vec<Approval> = approvals
            .iter()
            .map(|approval| Approval {
                on_behalf_of: approval.on_behalf_of.clone().filter(behind),
                ..approval.clone()
            })
            .collect();
        Agreement::of(change, &stored.requirements, &approvals, |approval| {
            self.may_still(change, approval)
        })
    }

    fn may_still(&self, change: &Change, approval: &Approval) -> Result<(), domain::Refusal> {
        let approver = super::start::job(approval.person.clone());
        self.policies().may(&approver, Approve, change, self.now())
    }

    pub(super) fn matched(&self, evidence: &Evidence) -> MatchedRules {
        let rules = self.rules();
        let all = rules.matching(&Facts::of(evidence));
        let all = all.into_iter().map(|rule| MatchedRule {
            name: rule.name.clone(),
            about: rule.matches.words(),
            needs: rule
                .demands
                .iter()
                .map(|d| {
                    let factor = if d.step_up {
                        ", each with a fresh second factor"
                    } else {
                        ""
                    };
                    format!(
                        "{}{factor}",
                        super::view::words(d.count, &d.of, &evidence.team)
                    )
                })
                .collect(),
        });
        MatchedRules {
            rules: all.collect(),
            changed: rules.version() != evidence.rule_version,
            version: rules.version().to_owned(),
        }
    }

    /// What policy says to the caller about each action, with the policies that determined it.
    pub(super) fn answers(&self, caller: &Caller, stored: &Stored) -> Vec<Answer> {
        let (policies, change, now) = (self.policies(), &stored.change, self.now());
        let mut all = vec![policies.explain(caller, Read, change, now)];
        if change.state == ChangeState::AwaitingApproval {
            all.push(policies.explain(caller, Approve, change, now));
            all.push(policies.explain(caller, Reject, change, now));
        }
        if !change.state.is_final() {
            all.push(policies.explain(caller, Start, change, now));
            all.push(policies.explain(caller, Cancel, change, now));
        }
        if change.state == ChangeState::NeedsAttention {
            all.push(policies.explain(caller, Resume, change, now));
        }
        all
    }
}
