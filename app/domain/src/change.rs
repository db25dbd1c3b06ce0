//! A change: one request to alter the world, and every way its state can move.
//!
//! Moves that need permission are methods on [`Allowed`], which only policy can
//! make; the others belong to the road itself (planning, time, the run's end).
//! Every move consumes the change and returns it with the event that records it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    ChangeId, EnvironmentName, Event, EventKind, EvidenceDigest, Login, PersonId, Refusal,
    RefusalCode, RunId, ServiceName, TeamName, Version,
    policy::{Allowed, Approve, Cancel, MarkDone, PassWave, Reject, Resume, Start},
    run::words,
};

words! {
    ChangeKind {
        Deploy = "deploy",
        Rollback = "rollback",
        Provision = "provision",
        Update = "update",
        Destroy = "destroy",
        Failover = "failover",
        Failback = "failback",
        Drill = "drill",
        Scale = "scale",
    }
}

words! {
    ChangeState {
        Requested = "requested",
        Planning = "planning",
        AwaitingApproval = "awaiting_approval",
        Approved = "approved",
        Scheduled = "scheduled",
        Running = "running",
        Succeeded = "succeeded",
        Failed = "failed",
        Cancelled = "cancelled",
        Rejected = "rejected",
        Expired = "expired",
        Stale = "stale",
        NeedsAttention = "needs_attention",
    }
}

words! {
    /// Every way a change can be moved.
    Move {
        Plan = "plan",
        AwaitApproval = "await_approval",
        Approve = "approve",
        Reject = "reject",
        Start = "start",
        Cancel = "cancel",
        Expire = "expire",
        MarkStale = "mark_stale",
        Succeed = "succeed",
        Fail = "fail",
        Park = "park",
        Resume = "resume",
        /// An approver lost the right to approve before the start: somebody else must.
        LoseQuorum = "lose_quorum",
        /// Everybody has agreed, but it waits for its time or for what it is to follow.
        Schedule = "schedule",
        /// Nothing of that holds it any more.
        Release = "release",
    }
}

words! {
    /// When a change that has all its approvals starts.
    StartMode {
        OnApproval = "on_approval",
        Manual = "manual",
    }
}

impl ChangeState {
    /// Nothing will ever move it again.
    pub fn is_final(self) -> bool {
        Move::ALL.iter().all(|m| self.after(*m).is_none())
    }

    /// As a predicate: "is running", "needs attention".
    pub fn told(self) -> String {
        match self {
            Self::NeedsAttention => "needs attention".to_owned(),
            Self::Succeeded | Self::Failed | Self::Expired => format!("has {}", self.as_str()),
            state => format!("is {}", state.as_str().replace('_', " ")),
        }
    }

    /// The state after `m`, or none where that move does not exist. The whole table is a snapshot test.
    pub fn after(self, m: Move) -> Option<Self> {
        use ChangeState as S;
        Some(match (self, m) {
            (S::Requested, Move::Plan) => S::Planning,
            (S::Planning, Move::AwaitApproval) | (S::Approved | S::Scheduled, Move::LoseQuorum) => {
                S::AwaitingApproval
            }
            // From planning: no rule asks for anybody.
            (S::Planning | S::AwaitingApproval, Move::Approve) | (S::Scheduled, Move::Release) => {
                S::Approved
            }
            (S::Approved, Move::Schedule) => S::Scheduled,
            (S::AwaitingApproval | S::Approved | S::Scheduled, Move::Reject) => S::Rejected,
            (S::Approved | S::Scheduled, Move::Start) | (S::NeedsAttention, Move::Resume) => {
                S::Running
            }
            (
                S::Requested
                | S::Planning
                | S::AwaitingApproval
                | S::Approved
                | S::Scheduled
                | S::Running
                | S::NeedsAttention,
                Move::Cancel,
            ) => S::Cancelled,
            (S::AwaitingApproval | S::Approved | S::Scheduled, Move::Expire) => S::Expired,
            (S::AwaitingApproval | S::Approved | S::Scheduled, Move::MarkStale) => S::Stale,
            (S::Running, Move::Succeed) => S::Succeeded,
            (S::Requested | S::Planning | S::Running | S::NeedsAttention, Move::Fail) => S::Failed,
            (S::Running, Move::Park) => S::NeedsAttention,
            _ => return None,
        })
    }
}

/// What decisions about a change need to know of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub id: ChangeId,
    pub kind: ChangeKind,
    pub state: ChangeState,
    pub requester: PersonId,
    pub requester_login: Login,
    pub service: ServiceName,
    pub team: TeamName,
    pub version: Version,
    pub environment: EnvironmentName,
    pub protected: bool,
    pub evidence_digest: EvidenceDigest,
    pub start_mode: StartMode,
    /// Set while a running change is being stopped.
    pub cancel_requested: bool,
    /// Unapproved or unstarted by then, it expires.
    pub expires_at: Timestamp,
}

type Moved = Result<(Change, Event), Refusal>;

impl Change {
    fn move_by(mut self, m: Move, kind: EventKind) -> Moved {
        let Some(next) = self.state.after(m) else {
            return Err(wrong_state(self.state, m));
        };
        let event = Event::on_change(kind, self.id).with(json!({"from": self.state, "to": next}));
        self.state = next;
        Ok((self, event))
    }

    /// The portal begins to work out the evidence.
    pub fn plan(self) -> Moved {
        self.move_by(Move::Plan, EventKind::ChangePlanned)
    }

    /// The evidence is there and people must agree.
    pub fn await_approval(self) -> Moved {
        self.move_by(Move::AwaitApproval, EventKind::ChangePlanned)
    }

    /// Nobody (more) has to agree: the grant is made.
    pub fn make_ready(self) -> Moved {
        self.move_by(Move::Approve, EventKind::ChangeReady)
    }

    /// It waits for its time, or for what it is to follow.
    pub fn schedule(self) -> Moved {
        self.move_by(Move::Schedule, EventKind::ChangeScheduled)
    }

    /// It waits no longer: it can be started.
    pub fn release(self) -> Moved {
        self.move_by(Move::Release, EventKind::ChangeReleased)
    }

    /// What would be done is no longer what was shown.
    pub fn mark_stale(self, differences: &serde_json::Value) -> Moved {
        let (change, event) = self.move_by(Move::MarkStale, EventKind::ChangeStale)?;
        let data = json!({"to": change.state, "differences": differences});
        Ok((change, event.with(data)))
    }

    /// Approvals that no longer hold were found at the start.
    pub fn lose_quorum(self, why: &str) -> Moved {
        let (change, event) = self.move_by(Move::LoseQuorum, EventKind::ChangeQuorumLost)?;
        let data = json!({"to": change.state, "why": why});
        Ok((change, event.with(data)))
    }

    pub fn expire(self, now: Timestamp) -> Moved {
        if now < self.expires_at {
            return Err(Refusal::new(
                RefusalCode::WrongState,
                format!("This change expires at {}, not before.", self.expires_at),
            ));
        }
        self.move_by(Move::Expire, EventKind::ChangeExpired)
    }

    pub fn succeed(self) -> Moved {
        self.move_by(Move::Succeed, EventKind::ChangeSucceeded)
    }

    pub fn fail(self, why: &str) -> Moved {
        let (change, event) = self.move_by(Move::Fail, EventKind::ChangeFailed)?;
        let data = json!({"to": change.state, "why": why});
        Ok((change, event.with(data)))
    }

    /// The outcome of an outside call cannot be decided; a person must look.
    pub fn park(self, why: &str) -> Moved {
        let (change, event) = self.move_by(Move::Park, EventKind::ChangeNeedsAttention)?;
        let data = json!({"to": change.state, "why": why});
        Ok((change, event.with(data)))
    }

    /// What came first is not good enough, or nobody can tell: a person decides whether the rest follows.
    pub fn halt(self, why: &str) -> Moved {
        let (change, event) = self.move_by(Move::Park, EventKind::ChangeNeedsAttention)?;
        let data = json!({"to": change.state, "why": why, "reason": "wave_halted"});
        Ok((change, event.with(data)))
    }

    /// The run has stopped as was asked for; `summary` says what was and was not done.
    pub fn finish_cancel(self, summary: &serde_json::Value) -> Moved {
        if !self.cancel_requested {
            return Err(Refusal::new(
                RefusalCode::WrongState,
                "Nobody asked to cancel this change.",
            ));
        }
        let (change, event) = self.move_by(Move::Cancel, EventKind::ChangeCancelled)?;
        let data = json!({"to": change.state, "summary": summary});
        Ok((change, event.with(data)))
    }
}

fn wrong_state(state: ChangeState, m: Move) -> Refusal {
    let what = match m {
        Move::Approve => "approved",
        Move::Reject => "rejected",
        Move::Start => "started",
        Move::Cancel => "cancelled",
        Move::Resume => "resumed",
        _ => "moved on",
    };
    let state = state.told();
    Refusal::new(
        RefusalCode::WrongState,
        format!("This change {state}; it cannot be {what} now. Reload to see what happened."),
    )
}

impl Allowed<Approve, Change> {
    /// Whether a word on `digest` may be given now. The word itself is an append-only
    /// row; when it was the last one needed, [`Change::make_ready`] follows.
    pub fn approve(self, digest: EvidenceDigest) -> Moved {
        let change = bound(self.into_subject(), digest, Move::Approve)?;
        let event = Event::on_change(EventKind::ChangeApproved, change.id)
            .with(json!({"evidence_digest": digest}));
        Ok((change, event))
    }
}

impl Allowed<Reject, Change> {
    /// One rejection ends the change.
    pub fn reject(self, digest: EvidenceDigest) -> Moved {
        let change = bound(self.into_subject(), digest, Move::Reject)?;
        change.move_by(Move::Reject, EventKind::ChangeRejected)
    }
}

/// The change, if it waits for a word and the digest is the one it carries.
fn bound(change: Change, digest: EvidenceDigest, m: Move) -> Result<Change, Refusal> {
    if change.state != ChangeState::AwaitingApproval {
        return Err(wrong_state(change.state, m));
    }
    if change.evidence_digest != digest {
        return Err(Refusal::new(
            RefusalCode::DigestMismatch,
            format!(
                "You decided on evidence {}, but this change carries {}. Look at it again.",
                digest.short(),
                change.evidence_digest.short()
            ),
        ));
    }
    Ok(change)
}

impl Allowed<Start, Change> {
    /// Consumes the right to run. The caller has re-checked approvals and evidence in the same transaction.
    pub fn start(self, run: RunId) -> Moved {
        let (change, event) = self
            .into_subject()
            .move_by(Move::Start, EventKind::ChangeStarted)?;
        let data = json!({"to": change.state, "run": run});
        Ok((change, event.with(data)))
    }
}

impl Allowed<Cancel, Change> {
    /// Ends a change that does not run; asks a running one to stop, which [`Change::finish_cancel`] completes.
    pub fn cancel(self, reason: &str) -> Moved {
        let mut change = self.into_subject();
        if change.state == ChangeState::Running {
            if change.cancel_requested {
                return Err(Refusal::new(
                    RefusalCode::WrongState,
                    "This change is already being cancelled.",
                ));
            }
            change.cancel_requested = true;
            let event = Event::on_change(EventKind::ChangeCancelRequested, change.id)
                .with(json!({"reason": reason}));
            return Ok((change, event));
        }
        let (change, event) = change.move_by(Move::Cancel, EventKind::ChangeCancelled)?;
        let data = json!({"to": change.state, "reason": reason});
        Ok((change, event.with(data)))
    }
}

impl Allowed<Cancel, Change> {
    /// Ends a change that needs attention: nobody looks any further.
    pub fn abandon(self) -> Moved {
        let change = self.into_subject();
        if change.state != ChangeState::NeedsAttention {
            return Err(wrong_state(change.state, Move::Cancel));
        }
        change.move_by(Move::Cancel, EventKind::ChangeAbandoned)
    }

    /// The same where a build of it runs still: the parked step is sent to stop that, and then the change ends. Once only:
    /// a build that did not stop is left to people, and the change can be ended for good.
    pub fn stop_first(self) -> Moved {
        let change = self.into_subject();
        if change.state != ChangeState::NeedsAttention || change.cancel_requested {
            return Err(wrong_state(change.state, Move::Cancel));
        }
        let (mut change, event) = change.move_by(Move::Resume, EventKind::ChangeCancelRequested)?;
        change.cancel_requested = true;
        Ok((change, event))
    }
}

impl Allowed<MarkDone, Change> {
    /// A person vouches for what the parked step's pipeline did: the run goes on with what verifies it.
    pub fn mark_done(self) -> Moved {
        self.into_subject()
            .move_by(Move::Resume, EventKind::ChangeMarkedDone)
    }
}

impl Allowed<PassWave, Change> {
    /// A person lets the run go on behind a canary that its wave has halted.
    pub fn go_on(self) -> Moved {
        self.into_subject()
            .move_by(Move::Resume, EventKind::WaveContinued)
    }
}

impl Allowed<Resume, Change> {
    /// A person has looked: the parked step looks again.
    pub fn resume(self, reason: &str) -> Moved {
        let (change, event) = self
            .into_subject()
            .move_by(Move::Resume, EventKind::ChangeResumed)?;
        let data = json!({"to": change.state, "reason": reason});
        Ok((change, event.with(data)))
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// The whole state × move table. A change of the road is a diff of this snapshot.
    #[test]
    fn every_state_and_every_move() {
        let mut table = String::new();
        for state in ChangeState::ALL {
            for m in Move::ALL {
                let cell = match state.after(*m) {
                    Some(next) => format!("→ {next}"),
                    None => format!("refused: {}", wrong_state(*state, *m).detail),
                };
                writeln!(
                    table,
                    "{state:18} {m:15} {cell}",
                    state = state.as_str(),
                    m = m.as_str()
                )
                .expect("writes");
            }
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn ends_are_ends() {
        use ChangeState as S;
        let ends: Vec<_> = S::ALL.iter().filter(|s| s.is_final()).collect();
        assert_eq!(
            ends,
            [
                &S::Succeeded,
                &S::Failed,
                &S::Cancelled,
                &S::Rejected,
                &S::Expired,
                &S::Stale
            ]
        );
    }
}
