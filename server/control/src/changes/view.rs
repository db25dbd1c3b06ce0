//! One change in full: evidence, who agreed and who still can, its run, what happened, and what may be done now.

use domain::{
    Approval, ApprovalId, Approvers, Caller, Change, ChangeId, ChangeState, Evidence, Login,
    Outcome, Person, PersonId, RecordedKind, Refusal, RefusalCode, RequirementStatus, StartMode,
    TeamName, Verdict,
    agreement::Agreement,
    policy::{Answer, Approve, Cancel, Reject, RequestChange, Resume, Start},
    schedule::{MayStart, Override},
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::{
    ChangeRow, MatchedRules, Timed,
    queue::outdates,
    ready::{Hindrance, is_ready},
    request::{asked_again, draft},
    rows,
};
use crate::{
    Control, Result,
    delegations::rows::Behind,
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
    /// Whom they stood in for.
    pub on_behalf_of: Option<PersonRef>,
    pub verdict: Verdict,
    pub comment: String,
    pub stepped_up: bool,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TimelineEntry {
    pub at: Timestamp,
    /// Through which door: a person, a token, the portal by itself.
    pub door: String,
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
    /// Ask for an override of the freezes and windows that hold it, and be the second person.
    pub ask_override: Result<(), Refusal>,
    pub confirm_override: Result<(), Refusal>,
    /// Let its release go where it has not run in the environment before.
    pub override_promotion: Result<(), Refusal>,
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
    /// What else it waits for: its time, other changes, the environment before.
    pub timed: Timed,
    /// The rules in force that match, and the policies behind what the caller may do.
    pub matched: MatchedRules,
    pub answers: Vec<Answer>,
    pub buttons: Buttons,
    /// Started now it would not run: its approvals would be void, for this.
    pub would_void: Option<String>,
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
    /// The rules in force that match.
    pub matched: MatchedRules,
    /// What policy says to the caller, with the policies that determined it.
    pub answers: Vec<Answer>,
    /// What it waits for besides people, queue and calendar.
    pub timed: Timed,
    /// The decision that the start obeys; none once it has started or ended.
    pub may_start: Option<MayStart>,
    pub overrides: Vec<Override>,
    /// Started now it would not run: its approvals would be void, for this.
    pub would_void: Option<String>,
}

impl Control {
    pub async fn change(&self, caller: &Caller, id: ChangeId) -> Result<ChangeDetail> {
        let stored = self.readable_change(caller, id).await?;
        let (approvals, agreement) = self.given(&stored).await?;
        let requirements = self
            .requirement_views(&stored.change, &approvals, &agreement)
            .await?;
        let timed = self.timed(&stored).await?;
        let behind = self.stand_ins(caller).await?;
        let (may_start, overrides) = self.calendar_of(&stored).await?;
        let buttons = self.buttons(caller, &stored, &approvals, &agreement, &behind);
        let buttons = self.with_calendar(caller, &stored, buttons, may_start.as_ref(), &overrides);
        let mut buttons = self.with_timing(caller, &stored, buttons, &timed);
        self.with_others(caller, &stored, &mut buttons).await?;
        let hindrance = self
            .hindrance_of(
                &stored,
                &timed.holds,
                may_start.as_ref(),
                &approvals,
                &agreement,
            )
            .await?;
        let would_void = with_hindrance(&mut buttons, hindrance.as_ref());
        let (matched, answers) = (
            self.matched(&stored.evidence),
            self.answers(caller, &stored),
        );
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
        let [mut row] = row;
        if let Some(queued) = &mut row.queued
            && let Some(holder) = &queued.holder
        {
            queued.outdated = outdates(&stored.evidence, holder);
        }
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
                    on_behalf_of: a.on_behalf_of.as_ref().map(Into::into),
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
            timed,
            matched,
            answers,
            buttons,
            would_void,
        })
    }

    pub async fn explain(&self, caller: &Caller, id: ChangeId) -> Result<Explain> {
        let stored = self.readable_change(caller, id).await?;
        let (approvals, agreement) = self.given(&stored).await?;
        let requirements = self
            .requirement_views(&stored.change, &approvals, &agreement)
            .await?;
        let timed = self.timed(&stored).await?;
        let behind = self.stand_ins(caller).await?;
        let (may_start, overrides) = self.calendar_of(&stored).await?;
        let buttons = self.buttons(caller, &stored, &approvals, &agreement, &behind);
        let buttons = self.with_calendar(caller, &stored, buttons, may_start.as_ref(), &overrides);
        let mut buttons = self.with_timing(caller, &stored, buttons, &timed);
        self.with_others(caller, &stored, &mut buttons).await?;
        let hindrance = self
            .hindrance_of(
                &stored,
                &timed.holds,
                may_start.as_ref(),
                &approvals,
                &agreement,
            )
            .await?;
        let would_void = with_hindrance(&mut buttons, hindrance.as_ref());
        Ok(Explain {
            id,
            state: stored.change.state,
            buttons,
            may_start,
            overrides,
            requirements,
            policy_version: self.policies().version().to_owned(),
            rule_version: stored.evidence.rule_version.clone(),
            matched: self.matched(&stored.evidence),
            answers: self.answers(caller, &stored),
            timed,
            state_reason: stored.state_reason,
            would_void,
        })
    }

    /// The buttons that other changes have a say in.
    async fn with_others(
        &self,
        caller: &Caller,
        stored: &rows::Stored,
        buttons: &mut Buttons,
    ) -> Result<()> {
        buttons.rollback = self.may_roll_back(caller, stored).await?;
        if buttons.retry.is_ok()
            && let Some(open) = rows::open_retry(self.pool(), stored.change.id).await?
        {
            buttons.retry = Err(asked_again(open));
        }
        Ok(())
    }

    /// Whom the caller stands in for now.
    pub(super) async fn stand_ins(&self, caller: &Caller) -> Result<Vec<Behind>> {
        let mut conn = self.pool().acquire().await?;
        let (now, since) = (self.now(), self.standing_since());
        crate::delegations::rows::behind(&mut conn, caller.person.id, now, since).await
    }

    async fn given(&self, stored: &rows::Stored) -> Result<(Vec<Approval>, Agreement)> {
        let mut conn = self.pool().acquire().await?;
        let approvals = rows::approvals(&mut conn, stored.change.id, self.standing_since()).await?;
        let agreement = self.agreement(stored, &approvals);
        Ok((approvals, agreement))
    }

    /// How far each thing that is asked for is, and who could bring it further.
    pub(super) async fn requirement_views(
        &self,
        change: &Change,
        approvals: &[Approval],
        agreement: &Agreement,
    ) -> Result<Vec<RequirementView>> {
        let people = if agreement.is_reached() {
            vec![]
        } else {
            people::rows::entitled(self.pool(), 5_000).await?
        };
        let asked = |p: &Person| {
            let of = |s: &RequirementStatus| s.requirement.of.include(p, &change.team);
            p.id != change.requester && agreement.status.iter().any(of)
        };
        let may = |p: &Person| {
            let caller = super::start::job(p.clone());
            self.policies()
                .may(&caller, Approve, change, self.now())
                .is_ok()
        };
        let mut candidates: Vec<Vec<PersonRef>> = vec![vec![]; agreement.status.len()];
        for person in people.iter().filter(|p| asked(p)) {
            // With a second factor, which everybody can show.
            let serves = agreement.would_serve(change, person, None, true);
            if serves.iter().all(|i| candidates[*i].len() >= NAMED) || !may(person) {
                continue;
            }
            for i in serves {
                if candidates[i].len() < NAMED {
                    candidates[i].push(person.into());
                }
            }
        }
        Ok(agreement
            .status
            .iter()
            .zip(candidates)
            .map(|(s, candidates)| {
                let needed = &s.requirement;
                RequirementView {
                    rule: needed.rule.clone(),
                    count: needed.count,
                    words: words(needed.count, &needed.of, &change.team),
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

    pub(super) fn buttons(
        &self,
        caller: &Caller,
        stored: &rows::Stored,
        approvals: &[Approval],
        agreement: &Agreement,
        behind: &[Behind],
    ) -> Buttons {
        let (change, now) = (&stored.change, self.now());
        let policies = self.policies();
        let waits = if change.state == ChangeState::AwaitingApproval {
            unexpired(change, now)
        } else {
            Err(Refusal::new(
                RefusalCode::WrongState,
                format!("It {} and does not wait for approval.", change.state.told()),
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
            let would = |stepped_up| {
                let own = agreement.would_serve(change, &caller.person, None, stepped_up);
                !own.is_empty()
                    || self
                        .serving(change, agreement, caller, behind, stepped_up)
                        .is_some()
            };
            if would(caller.is_stepped_up(now)) {
                return Ok(());
            }
            if would(true) {
                return Err(Refusal::new(
                    RefusalCode::StepUpRequired,
                    "The rule asks for a fresh second factor: confirm with one. API tokens cannot do this.",
                ));
            }
            Err(Refusal::new(
                RefusalCode::Forbidden,
                "Your approval would not count: no rule that is still open asks for somebody of your job role or team.",
            ))
        };
        let can = |state: bool, what: &str| {
            if state {
                Ok(())
            } else {
                Err(Refusal::new(
                    RefusalCode::WrongState,
                    format!("It {}; there is nothing to {what}.", change.state.told()),
                ))
            }
        };
        let ready = is_ready(change.state);
        // A parked change that was being cancelled can still be ended for good.
        let stopping = change.state == ChangeState::Running && change.cancel_requested;
        let ended = change.state.is_final() || stopping;
        Buttons {
            approve: waits.clone().and(undecided.clone()).and_then(|()| {
                let may = policies.may(caller, Approve, change, now);
                first_hindrance(may, counts)
            }),
            reject: waits
                .and(undecided)
                .and_then(|()| policies.may(caller, Reject, change, now))
                .and_then(|()| self.asked(caller, change, agreement, behind)),
            start: can(ready, "start").and_then(|()| policies.may(caller, Start, change, now)),
            cancel: can(!ended, "cancel").and_then(|()| policies.may(caller, Cancel, change, now)),
            resume: can(change.state == ChangeState::NeedsAttention, "resume")
                .and_then(|()| policies.may(caller, Resume, change, now)),
            // What is parked is asked again by being looked at again.
            retry: if change.state == ChangeState::NeedsAttention {
                policies.may(caller, Resume, change, now)
            } else {
                let wish = draft(&stored.evidence);
                retryable(change).and_then(|()| policies.may(caller, RequestChange, &wish, now))
            },
            rollback: can(false, "roll back"),
            ask_override: can(false, "override"),
            confirm_override: can(false, "confirm"),
            override_promotion: can(false, "override"),
        }
    }
}

/// What hinders the start is said before "confirm with a second factor", which would only lead to it. Answers what would
/// make its approvals void, where the caller could start it: that is no reason not to, since starting is what makes it known.
fn with_hindrance(buttons: &mut Buttons, hindrance: Option<&Hindrance>) -> Option<String> {
    let hindrance = hindrance?;
    let could = match &buttons.start {
        Ok(()) => true,
        Err(refusal) => refusal.code == RefusalCode::StepUpRequired,
    };
    if let Some(why) = hindrance.voids() {
        // It may say of people what is nobody else's to know.
        return could.then(|| why.to_owned());
    }
    if could {
        buttons.start = Err(hindrance.refusal());
    }
    None
}

/// What stands in the way of somebody's word. "Confirm with a second factor" comes last: it would only lead to the other.
fn first_hindrance(
    may: Result<(), Refusal>,
    counts: impl FnOnce() -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    match may {
        Err(refusal) if refusal.code == RefusalCode::StepUpRequired => match counts() {
            Err(other) if other.code != RefusalCode::StepUpRequired => Err(other),
            _ => Err(refusal),
        },
        Err(refusal) => Err(refusal),
        Ok(()) => counts(),
    }
}

/// # Errors
/// Refused once its time is over, whether somebody has noticed or not.
pub(super) fn unexpired(change: &Change, now: Timestamp) -> Result<(), Refusal> {
    if now < change.expires_at {
        return Ok(());
    }
    let why = "This change has expired; ask for it again.";
    Err(Refusal::new(RefusalCode::WrongState, why))
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
            "It {}; only what ended without success can be asked for again.",
            change.state.told()
        ),
    ))
}

/// A change as it would wait for approval, to ask policy who could give it.
pub(super) fn probe(evidence: &Evidence, requester: PersonId, now: Timestamp) -> Change {
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

pub(super) fn words(count: u32, of: &Approvers, team: &TeamName) -> String {
    match count {
        1 => format!("one of {}", of.words(team)),
        n => format!("{n} of {}", of.words(team)),
    }
}
