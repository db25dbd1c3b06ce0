//! One change in full: evidence, who agreed and who still can, its run, what happened, and what may be done now.

use std::collections::{HashMap, HashSet};

use domain::{
    Approval, ApprovalId, Approvers, Caller, Change, ChangeId, ChangeState, Evidence, Login,
    Outcome, PersonId, RecordedKind, Refusal, RefusalCode, RequirementStatus, StartMode, TeamName,
    Verdict,
    policy::{Approve, Cancel, Reject, RequestChange, Resume, Start},
    rule::tally,
    schedule::{MayStart, Override},
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::{ChangeRow, request::draft, rows};
use crate::{
    Control, Result,
    people::{self, PersonRef},
    runs::RunView,
};

/// How many of those who could still approve are named.
const NAMED: usize = 20;

/// One thing the rules ask for, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequirementView {
    pub rule: String,
    pub count: u32,
    pub of: Approvers,
    /// In words: "1 of the managers".
    pub words: String,
    pub step_up: bool,
    pub given: Vec<PersonRef>,
    pub missing: u32,
    /// Who still can, as far as they have ever signed in; at most twenty.
    pub candidates: Vec<PersonRef>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApprovalView {
    pub id: ApprovalId,
    pub person: PersonRef,
    pub verdict: Verdict,
    pub comment: String,
    pub stepped_up: bool,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TimelineEntry {
    pub at: Timestamp,
    pub kind: RecordedKind,
    pub outcome: Outcome,
    pub login: Option<Login>,
    pub data: Value,
}

/// What the caller may do now; where not, why not.
#[derive(Clone, Debug)]
pub struct Buttons {
    pub approve: Result<(), Refusal>,
    pub reject: Result<(), Refusal>,
    pub start: Result<(), Refusal>,
    pub cancel: Result<(), Refusal>,
    pub resume: Result<(), Refusal>,
    pub retry: Result<(), Refusal>,
    /// Ask for a change that undoes this one.
    pub rollback: Result<(), Refusal>,
    /// Ask for an override of the freezes that hold it, and be the second person.
    pub ask_override: Result<(), Refusal>,
    pub confirm_override: Result<(), Refusal>,
}

#[derive(Clone, Debug)]
pub struct ChangeDetail {
    pub row: ChangeRow,
    pub evidence: Evidence,
    /// The canonical JSON the digest is of.
    pub evidence_text: String,
    pub state_reason: Option<String>,
    pub cancel_requested: bool,
    pub start_mode: StartMode,
    pub retry_of: Option<ChangeId>,
    /// Moves whenever the change or its run does.
    pub version_no: i64,
    pub requirements: Vec<RequirementView>,
    pub approvals: Vec<ApprovalView>,
    pub run: Option<RunView>,
    pub timeline: Vec<TimelineEntry>,
    /// Whether it may start now, by the calendar; none once it has started or ended.
    pub may_start: Option<MayStart>,
    /// Every override there ever was, oldest first.
    pub overrides: Vec<Override>,
    pub buttons: Buttons,
}

/// Why a change may or may not go on: the very decisions that the enforcer takes.
#[derive(Clone, Debug)]
pub struct Explain {
    pub id: ChangeId,
    pub state: ChangeState,
    pub state_reason: Option<String>,
    pub requirements: Vec<RequirementView>,
    pub buttons: Buttons,
    pub policy_version: String,
    pub rule_version: String,
    /// Names of the rules that match.
    pub rules: Vec<String>,
    /// The decision that the start obeys; none once it has started or ended.
    pub may_start: Option<MayStart>,
    pub overrides: Vec<Override>,
}

impl Control {
    pub async fn change(&self, caller: &Caller, id: ChangeId) -> Result<ChangeDetail> {
        let stored = self.readable_change(caller, id).await?;
        let (approvals, status) = self.given(&stored).await?;
        let requirements = self
            .requirement_views(
                &stored.evidence,
                stored.change.requester,
                &approvals,
                &status,
            )
            .await?;
        let (may_start, overrides) = self.calendar_of(&stored).await?;
        let buttons = self.buttons(caller, &stored, &approvals, &status);
        let buttons = self.with_calendar(caller, &stored, buttons, may_start.as_ref(), &overrides);
        let timeline = rows::list::timeline(self.pool(), id).await?;
        let run = self.run_view(id).await?;
        let change = stored.change;
        let mut row = [ChangeRow {
            id,
            kind: change.kind,
            state: change.state,
            reason: stored.reason,
            requester: change.requester_login,
            service: change.service,
            team: change.team,
            version: change.version,
            environment: change.environment,
            protected: change.protected,
            evidence_digest: change.evidence_digest,
            cancel_requested: change.cancel_requested,
            state_reason: stored.state_reason.clone(),
            created_at: stored.created_at,
            updated_at: stored.updated_at,
            expires_at: change.expires_at,
            queued: None,
        }];
        self.queue(caller, &mut row).await?;
        let [row] = row;
        Ok(ChangeDetail {
            row,
            evidence: stored.evidence,
            evidence_text: stored.evidence_text,
            state_reason: stored.state_reason,
            cancel_requested: change.cancel_requested,
            start_mode: change.start_mode,
            retry_of: stored.retry_of,
            version_no: stored.version_no,
            requirements,
            approvals: approvals
                .iter()
                .map(|a| ApprovalView {
                    id: a.id,
                    person: (&a.person).into(),
                    verdict: a.verdict,
                    comment: a.comment.clone(),
                    stepped_up: a.stepped_up,
                    at: a.at,
                })
                .collect(),
            run,
            timeline,
            may_start,
            overrides,
            buttons,
        })
    }

    pub async fn explain(&self, caller: &Caller, id: ChangeId) -> Result<Explain> {
        let stored = self.readable_change(caller, id).await?;
        let (approvals, status) = self.given(&stored).await?;
        let requirements = self
            .requirement_views(
                &stored.evidence,
                stored.change.requester,
                &approvals,
                &status,
            )
            .await?;
        let facts = domain::rule::Facts::of(&stored.evidence);
        let (may_start, overrides) = self.calendar_of(&stored).await?;
        Ok(Explain {
            id,
            state: stored.change.state,
            buttons: self.with_calendar(
                caller,
                &stored,
                self.buttons(caller, &stored, &approvals, &status),
                may_start.as_ref(),
                &overrides,
            ),
            may_start,
            overrides,
            requirements,
            policy_version: self.policies().version().to_owned(),
            rule_version: self.rules().version().to_owned(),
            rules: self
                .rules()
                .matching(&facts)
                .into_iter()
                .map(|r| r.name.clone())
                .collect(),
            state_reason: stored.state_reason,
        })
    }

    /// Which of these changes would take and count the caller's approval now, step-up aside. Two statements,
    /// however many they are; the caller has been found to see them.
    pub(super) async fn approvable(
        &self,
        caller: &Caller,
        ids: &[uuid::Uuid],
    ) -> Result<HashSet<ChangeId>> {
        let mut conn = self.pool().acquire().await?;
        let stored = rows::by_ids(&mut conn, ids).await?;
        let mut given: HashMap<ChangeId, Vec<Approval>> = HashMap::new();
        for (change, approval) in rows::approvals_of(&mut conn, ids, self.standing_since()).await? {
            given.entry(change).or_default().push(approval);
        }
        drop(conn);
        let could = |stored: &rows::Stored| {
            let approvals = given.get(&stored.change.id).map_or(&[][..], Vec::as_slice);
            let status = self.count_approvals(stored, approvals);
            match self.buttons(caller, stored, approvals, &status).approve {
                Ok(()) => true,
                Err(refusal) => refusal.code == RefusalCode::StepUpRequired,
            }
        };
        Ok(stored
            .iter()
            .filter(|stored| could(stored))
            .map(|stored| stored.change.id)
            .collect())
    }

    async fn given(
        &self,
        stored: &rows::Stored,
    ) -> Result<(Vec<Approval>, Vec<RequirementStatus>)> {
        let mut conn = self.pool().acquire().await?;
        let approvals = rows::approvals(&mut conn, stored.change.id, self.standing_since()).await?;
        let status = self.count_approvals(stored, &approvals);
        Ok((approvals, status))
    }

    /// How far each requirement is with the approvals that hold now: whoever lost the right since stands for
    /// nothing. Decisions, starts and pages count by this one function.
    pub(super) fn count_approvals(
        &self,
        stored: &rows::Stored,
        approvals: &[Approval],
    ) -> Vec<RequirementStatus> {
        let change = &stored.change;
        let still: Vec<Approval> = approvals
            .iter()
            .filter(|a| self.still_holds(change, a))
            .cloned()
            .collect();
        tally(
            &stored.requirements,
            &still,
            change.requester,
            &change.team,
            change.evidence_digest,
        )
    }

    pub(super) fn still_holds(&self, change: &Change, approval: &Approval) -> bool {
        let approver = super::start::job(approval.person.clone());
        self.policies()
            .may(&approver, Approve, change, self.now())
            .is_ok()
    }

    pub(super) async fn requirement_views(
        &self,
        evidence: &Evidence,
        requester: PersonId,
        approvals: &[Approval],
        status: &[RequirementStatus],
    ) -> Result<Vec<RequirementView>> {
        let people = if status.iter().all(RequirementStatus::is_satisfied) {
            vec![]
        } else {
            people::rows::entitled(self.pool(), 5_000).await?
        };
        let decided = |id: PersonId| id == requester || approvals.iter().any(|a| a.person.id == id);
        let probe = probe(evidence, requester, self.now());
        Ok(status
            .iter()
            .map(|s| {
                let needed = &s.requirement;
                let candidates = people
                    .iter()
                    .filter(|p| {
                        s.missing() > 0 && !decided(p.id) && needed.of.include(p, &evidence.team)
                    })
                    .filter(|p| {
                        self.policies()
                            .may(
                                &super::start::job((*p).clone()),
                                Approve,
                                &probe,
                                self.now(),
                            )
                            .is_ok()
                    })
                    .take(NAMED)
                    .map(PersonRef::from)
                    .collect();
                RequirementView {
                    rule: needed.rule.clone(),
                    count: needed.count,
                    words: words(needed.count, &needed.of, &evidence.team),
                    of: needed.of.clone(),
                    step_up: needed.step_up,
                    given: approvals
                        .iter()
                        .filter(|a| s.given_by.contains(&a.person.id))
                        .map(|a| (&a.person).into())
                        .collect(),
                    missing: s.missing(),
                    candidates,
                }
            })
            .collect())
    }

    fn buttons(
        &self,
        caller: &Caller,
        stored: &rows::Stored,
        approvals: &[Approval],
        status: &[RequirementStatus],
    ) -> Buttons {
        let (change, now) = (&stored.change, self.now());
        let policies = self.policies();
        let waits = if change.state == ChangeState::AwaitingApproval {
            Ok(())
        } else {
            Err(Refusal::new(
                RefusalCode::WrongState,
                format!(
                    "It is {}, not waiting for approval.",
                    change.state.as_str().replace('_', " ")
                ),
            ))
        };
        let undecided = if approvals.iter().any(|a| a.person.id == caller.person.id) {
            Err(Refusal::new(
                RefusalCode::AlreadyDecided,
                "You have already given your word.",
            ))
        } else {
            Ok(())
        };
        let counts = || {
            let open = |s: &RequirementStatus| {
                s.missing() > 0 && s.requirement.of.include(&caller.person, &change.team)
            };
            if status.iter().any(open) {
                Ok(())
            } else {
                Err(Refusal::new(
                    RefusalCode::Forbidden,
                    "Your approval would not count: no rule that is still open asks for somebody of your job role or team.",
                ))
            }
        };
        let can = |state: bool, what: &str| {
            if state {
                Ok(())
            } else {
                Err(Refusal::new(
                    RefusalCode::WrongState,
                    format!(
                        "It is {}; there is nothing to {what}.",
                        change.state.as_str().replace('_', " ")
                    ),
                ))
            }
        };
        let ready = matches!(change.state, ChangeState::Approved | ChangeState::Scheduled);
        // A parked change that was being cancelled can still be ended for good.
        let stopping = change.state == ChangeState::Running && change.cancel_requested;
        let ended = change.state.is_final() || stopping;
        Buttons {
            approve: waits
                .clone()
                .and(undecided.clone())
                .and_then(|()| policies.may(caller, Approve, change, now))
                .and_then(|()| counts()),
            reject: waits
                .and(undecided)
                .and_then(|()| policies.may(caller, Reject, change, now)),
            start: can(ready, "start").and_then(|()| policies.may(caller, Start, change, now)),
            cancel: can(!ended, "cancel").and_then(|()| policies.may(caller, Cancel, change, now)),
            resume: can(change.state == ChangeState::NeedsAttention, "resume")
                .and_then(|()| policies.may(caller, Resume, change, now)),
            retry: retryable(change)
                .and_then(|()| policies.may(caller, RequestChange, &draft(&stored.evidence), now)),
            rollback: self.may_roll_back(caller, stored),
            ask_override: can(false, "override"),
            confirm_override: can(false, "confirm"),
        }
    }
}

/// Ended without success: may be asked for again.
pub(super) fn retryable(change: &Change) -> Result<(), Refusal> {
    use ChangeState as S;
    if matches!(
        change.state,
        S::Failed | S::Cancelled | S::Stale | S::Expired | S::Rejected
    ) {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::WrongState,
        format!(
            "It is {}; only what ended without success can be asked for again.",
            change.state.as_str().replace('_', " ")
        ),
    ))
}

/// A change as it would wait for approval, to ask policy who could give it.
fn probe(evidence: &Evidence, requester: PersonId, now: Timestamp) -> Change {
    Change {
        id: uuid::Uuid::nil().into(),
        kind: evidence.kind,
        state: ChangeState::AwaitingApproval,
        requester,
        requester_login: evidence.requester.clone(),
        service: evidence.service.clone(),
        team: evidence.team.clone(),
        version: evidence.version.clone(),
        environment: evidence.environment.clone(),
        protected: evidence.protected,
        evidence_digest: domain::EvidenceDigest([0; 32]),
        start_mode: StartMode::OnApproval,
        cancel_requested: false,
        expires_at: now,
    }
}

fn words(count: u32, of: &Approvers, team: &TeamName) -> String {
    match count {
        1 => format!("one of {}", of.words(team)),
        n => format!("{n} of {}", of.words(team)),
    }
}
