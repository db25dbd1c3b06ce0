//! Runs that need a person: what was tried or measured, and the ways on.
//!
//! A step is parked when nothing the portal can read decides what its outside call came to, or when a wave halts behind
//! its canary. Somebody looks, and decides: it counts as **done**, the run **goes on** behind its canary, it looks
//! **again**, or the change is **abandoned**, perhaps to be **rolled back**. A decision is bound to the attempt that parked
//! the step, so that nobody decides on what they have not seen, and two people not twice.

pub(super) mod build;
mod look;
mod rows;

use domain::{
    AttemptId, Caller, ChangeId, Event, EventKind, Login, Reason, Refusal, RefusalCode, RegionName,
    RunId, StartMode, StepId, StepKind,
    policy::{Cancel, MarkDone, PassWave, Resume},
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::{ChangeDetail, ChangeRow, rows as changes};
use crate::{ChangeTx, Control, Error, Page, Result, runs::settle::what_was_done};

pub use look::Look;

/// What a person may decide about a parked step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// What the pipeline should have done in that region was done; the portal goes on to verify it.
    Done,
    /// The run goes on behind a canary that its wave has halted.
    GoOn,
    /// The step looks outside again.
    Retry,
    /// Nothing further is done; the change ends as cancelled. A build of it that still runs is stopped first.
    Abandon,
}

impl Choice {
    pub const ALL: [Self; 4] = [Self::Done, Self::GoOn, Self::Retry, Self::Abandon];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::GoOn => "go_on",
            Self::Retry => "retry",
            Self::Abandon => "abandon",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.as_str() == text)
    }
}

/// A person's decision.
#[derive(Clone, Debug)]
pub struct Settlement {
    pub choice: Choice,
    /// The attempt that the person saw parked.
    pub attempt: AttemptId,
    pub reason: Reason,
    /// Where the evidence is; needed for [`Choice::Done`].
    pub reference: Option<Reason>,
}

/// Why a step waits for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ParkedFor {
    /// What its outside call came to cannot be decided.
    Undecided,
    /// The canary of its wave is not good enough, or nothing is known of it.
    WaveHalted,
}

/// The step that waits for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    pub run: RunId,
    pub step: StepId,
    pub position: i32,
    pub region: RegionName,
    /// Absent where the row says a word that this portal does not know.
    pub kind: Option<StepKind>,
    pub attempt: AttemptId,
    pub since: Timestamp,
    pub parked_for: ParkedFor,
    /// Why it was parked, in words.
    pub why: String,
    /// Found again outside by it.
    pub mark: Option<String>,
    pub queue_item: Option<u64>,
    pub build: Option<u64>,
    pub stepped_up: bool,
}

/// What was decided about a parked step before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settled {
    pub choice: Choice,
    pub by: Login,
    pub reason: String,
    pub reference: Option<String>,
    pub at: Timestamp,
}

/// One line of the list of what needs attention.
#[derive(Clone, Debug)]
pub struct NeedsAttention {
    pub change: ChangeRow,
    /// Absent where somebody decided between two reads.
    pub parked: Option<Parked>,
}

/// What the caller may choose; where not, why not.
#[derive(Clone, Debug)]
pub struct Choices {
    pub done: Result<(), Refusal>,
    pub go_on: Result<(), Refusal>,
    pub retry: Result<(), Refusal>,
    pub abandon: Result<(), Refusal>,
    /// Abandon it and ask for what undoes it, in one.
    pub roll_back: Result<(), Refusal>,
}

impl Choices {
    pub fn of(&self, choice: Choice) -> &Result<(), Refusal> {
        match choice {
            Choice::Done => &self.done,
            Choice::GoOn => &self.go_on,
            Choice::Retry => &self.retry,
            Choice::Abandon => &self.abandon,
        }
    }
}

/// A change that needs attention, in full.
#[derive(Clone, Debug)]
pub struct AttentionDetail {
    pub change: ChangeDetail,
    /// Absent once it was decided upon.
    pub parked: Option<Parked>,
    pub settled: Vec<Settled>,
    pub choices: Choices,
    /// What the outside says at this moment; empty for those who could decide nothing on it.
    pub looks: Vec<Look>,
}

impl Control {
    /// What needs attention of what the caller may see, newest first.
    pub async fn attention(
        &self,
        caller: &Caller,
        cursor: Option<String>,
        limit: Option<i64>,
    ) -> Result<Page<NeedsAttention>> {
        let query = super::ChangeQuery {
            states: vec![domain::ChangeState::NeedsAttention],
            cursor,
            limit,
            ..super::ChangeQuery::default()
        };
        let page = self.changes(caller, query).await?;
        let ids: Vec<_> = page.items.iter().map(|row| row.id.0).collect();
        let mut parked = rows::parked_of(self.pool(), &ids).await?;
        Ok(Page {
            items: page
                .items
                .into_iter()
                .map(|change| NeedsAttention {
                    parked: parked.remove(&change.id),
                    change,
                })
                .collect(),
            next_cursor: page.next_cursor,
            total: page.total,
        })
    }

    /// One change with its parked step, and what Jenkins and the cluster say now: asked at this moment, the cluster
    /// with a session of the caller's own. Takes at most some seconds; what could not be learned says so.
    pub async fn attention_of(&self, caller: &Caller, id: ChangeId) -> Result<AttentionDetail> {
        let change = self.change(caller, id).await?;
        let mut conn = self.pool().acquire().await?;
        let stored = changes::by_id(&mut conn, id).await?;
        drop(conn);
        let stored = stored.ok_or_else(|| Refusal::not_found(super::CHANGE))?;
        let parked = rows::parked_of(self.pool(), &[id.0]).await?.remove(&id);
        let choices = self.choices(caller, &stored, parked.as_ref()).await?;
        let looks = match &parked {
            Some(parked) if choices.retry.is_ok() || choices.done.is_ok() => {
                self.look(caller, &stored, parked).await?
            }
            _ => vec![],
        };
        Ok(AttentionDetail {
            settled: rows::settled(self.pool(), id).await?,
            change,
            parked,
            choices,
            looks,
        })
    }

    async fn choices(
        &self,
        caller: &Caller,
        stored: &changes::Stored,
        parked: Option<&Parked>,
    ) -> Result<Choices> {
        let change = &stored.change;
        let (policies, now) = (self.policies(), self.now());
        let open = || match parked {
            Some(parked) => Ok(parked),
            None => Err(Refusal::new(
                RefusalCode::WrongState,
                format!(
                    "It {}; nothing of it waits for a decision.",
                    change.state.told()
                ),
            )),
        };
        let mut choices = Choices {
            done: open()
                .and_then(vouchable)
                .and_then(|()| policies.may(caller, MarkDone, change, now)),
            go_on: open()
                .and_then(halted)
                .and_then(|()| policies.may(caller, PassWave, change, now)),
            retry: open().and_then(|_| policies.may(caller, Resume, change, now)),
            abandon: open().and_then(|_| policies.may(caller, Cancel, change, now)),
            roll_back: open()
                .and_then(halted)
                .and_then(|()| policies.may(caller, Cancel, change, now)),
        };
        if choices.roll_back.is_ok() {
            choices.roll_back = self.may_roll_back(caller, stored).await?;
        }
        Ok(choices)
    }

    /// Carries out what a person decided, once.
    pub async fn settle_attention(
        &self,
        caller: &Caller,
        id: ChangeId,
        settlement: Settlement,
    ) -> Result<ChangeDetail> {
        if settlement.choice == Choice::Done && settlement.reference.is_none() {
            return Err(Refusal::field(
                "reference",
                "say where the evidence is: the build, a ticket, what you saw in the cluster",
            )
            .into());
        }
        let build = match settlement.choice {
            // Bound to the attempt that was seen, like the decision itself.
            Choice::Abandon => self.build_of_parked(caller, id).await?.build,
            Choice::Done | Choice::GoOn | Choice::Retry => build::Standing::Nothing,
        };
        let tx = self.begin(caller).await?;
        let (tx, stored) = self.locked_change(caller, tx, id).await?;
        let stop_first = build.to_be_stopped(&stored.change);
        let change = stored.change;
        let reason = settlement.reason.as_str();
        let (mut tx, moved) = match settlement.choice {
            Choice::Done => {
                let (tx, allowed) = self.allow_in(tx, caller, MarkDone, change).await?;
                (tx, allowed.mark_done())
            }
            Choice::GoOn => {
                let (tx, allowed) = self.allow_in(tx, caller, PassWave, change).await?;
                (tx, allowed.go_on())
            }
            Choice::Retry => {
                let (tx, allowed) = self.allow_in(tx, caller, Resume, change).await?;
                (tx, allowed.resume(reason))
            }
            Choice::Abandon => {
                let (tx, allowed) = self.allow_in(tx, caller, Cancel, change).await?;
                let moved = if stop_first {
                    allowed.stop_first()
                } else {
                    allowed.abandon()
                };
                (tx, moved)
            }
        };
        let (change, event) = moved?;
        let parked = rows::lock_parked(&mut tx, id).await?.ok_or_else(|| {
            Error::fault(anyhow::anyhow!(
                "{id} needs attention, but no step of it is parked"
            ))
        })?;
        if parked.attempt != settlement.attempt {
            return Err(Refusal::new(
                RefusalCode::Conflict,
                "Meanwhile this step was taken up again and parked anew. Look at what it says now, then decide.",
            )
            .into());
        }
        rows::insert(&mut tx, caller, id, &parked, &settlement).await?;
        let by = format!(
            "{} by {}: {reason}",
            said(settlement.choice),
            caller.person.login
        );
        let mut told = vec![];
        let mut why = None;
        match settlement.choice {
            Choice::Done => {
                vouchable(&parked)?;
                self.go_on_verifying(&mut tx, &parked, &settlement, &by)
                    .await?;
            }
            Choice::GoOn => {
                halted(&parked)?;
                rows::count_as_done(&mut tx, &parked, &by).await?;
            }
            Choice::Retry => changes::run::unpark(&mut tx, id).await?,
            Choice::Abandon if stop_first => {
                changes::run::unpark(&mut tx, id).await?;
                why = Some(format!("{by} {}", build.words()));
            }
            Choice::Abandon => {
                changes::run::abandon(&mut tx, id).await?;
                told = what_was_done(&mut tx, id, &stored.evidence).await?;
                why = Some(build::closing(&by, &told, &build));
            }
        }
        changes::save(&mut tx, &change, why.as_deref()).await?;
        let event = event.with(json!({
            "to": change.state, "choice": settlement.choice, "step": parked.step, "region": parked.region,
            "kind": parked.kind, "attempt": parked.attempt, "reason": reason,
            "reference": settlement.reference.as_ref().map(Reason::as_str), "summary": told, "build": build.words(),
        }));
        tx.commit(event, vec![]).await?;
        self.work().notify_waiters();
        self.change(caller, id).await
    }

    /// Abandons a change that its wave has halted and asks for the one that undoes it: one decision of a person, two
    /// changes. What the second would do is worked out before the first ends, so that nobody is left without it.
    pub async fn roll_back_halted(
        &self,
        caller: &Caller,
        id: ChangeId,
        attempt: AttemptId,
        reason: Reason,
    ) -> Result<ChangeDetail> {
        let stored = self.readable_change(caller, id).await?;
        let parked = rows::parked_of(self.pool(), &[id.0]).await?.remove(&id);
        let choices = self.choices(caller, &stored, parked.as_ref()).await?;
        let may = match choices.roll_back {
            Ok(()) => self.preview_rollback(caller, id).await?.preview.may_request,
            no => no,
        };
        if let Err(refusal) = may {
            return Err(self.refused(caller, id, refusal).await?);
        }
        let settlement = Settlement {
            choice: Choice::Abandon,
            attempt,
            reason: reason.clone(),
            reference: None,
        };
        self.settle_attention(caller, id, settlement).await?;
        self.request_rollback(caller, id, reason, StartMode::OnApproval)
            .await
    }

    /// The pipeline's part in the region counts as done; next the portal looks itself whether the pods run the image.
    async fn go_on_verifying(
        &self,
        tx: &mut ChangeTx,
        parked: &Parked,
        settlement: &Settlement,
        by: &str,
    ) -> Result<()> {
        let reference = settlement.reference.as_ref().map_or("", Reason::as_str);
        // A build that turns up later has no rights any more.
        crate::tickets::rows::revoke_of_run(tx, parked.run).await?;
        rows::count_as_done(tx, parked, &format!("{by} ({reference})")).await
    }
}

/// Only what a pipeline did is taken on somebody's word, and it is verified afterwards. What a step reads, it can
/// read again.
fn vouchable(parked: &Parked) -> Result<(), Refusal> {
    match parked.kind {
        Some(kind) if kind.is_pipeline() => Ok(()),
        _ => Err(Refusal::new(
            RefusalCode::WrongState,
            "What this step should find out is not taken on somebody's word. Let it look again, or abandon the change.",
        )),
    }
}

/// Only behind a canary can a person let the run go on without more ado.
fn halted(parked: &Parked) -> Result<(), Refusal> {
    match parked.parked_for {
        ParkedFor::WaveHalted => Ok(()),
        ParkedFor::Undecided => Err(Refusal::new(
            RefusalCode::WrongState,
            "No wave has halted it: what is not known here is what a call outside came to.",
        )),
    }
}

fn said(choice: Choice) -> &'static str {
    match choice {
        Choice::GoOn => "Let go on",
        Choice::Done => "Marked as done",
        Choice::Retry => "Sent to look again",
        Choice::Abandon => "Abandoned",
    }
}

/// A look of somebody at what is outside, as it is told.
fn looked(change: ChangeId, parked: &Parked, looks: &[Look]) -> Event {
    Event::new(
        EventKind::AttentionLooked,
        domain::SubjectRef::new("step", parked.step),
    )
    .of_change(change)
    .with(json!({"region": parked.region, "looks": looks}))
}
