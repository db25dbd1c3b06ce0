//! One transaction ends an attempt: the step, the next step, the run, the change, and the events of it.

use std::time::Duration;

use domain::{
    Change, ChangeId, Event, EventKind, Evidence, Outcome as EventOutcome, RegionName, RunId,
    RunState, StepKind, StepState, SubjectRef,
};
use serde_json::json;
use sqlx::PgConnection;

use super::{
    engine::{Outcome, Work},
    lease::{Halt, Lease, held},
    rows::{self, AttemptEnd},
    summary::{self, Told},
};
use crate::{
    ChangeTx, Control, Result as ControlResult, changes, error::corrupt,
    outside::failure::presentable,
};

impl Control {
    pub(super) async fn settle(&self, work: Work, outcome: Outcome) -> Result<(), Halt> {
        if outcome == Outcome::Released {
            return self.release(&work).await;
        }
        let outcome = outcome.presentable();
        let mut tx = self.begin(&work.caller).await?;
        // The change first, then the step: whoever cancels locks in the same order.
        let found = changes::rows::for_update(&mut tx, work.stored.change.id).await?;
        let Some(stored) = found else {
            return Err(corrupt("run", "change_id", work.run, "there is no such change").into());
        };
        let change = stored.change;
        tracing::debug!(step = %work.lease.step, at = "settling");
        let outcome = match outcome {
            // Nobody has to decide whether it goes on: somebody has said that it does not.
            Outcome::Halted { why } if change.cancel_requested => Outcome::Cancelled {
                note: why,
                begun: true,
            },
            other => other,
        };
        match outcome {
            Outcome::Released => {}
            Outcome::Again { why, after } => {
                // A cancel that came meanwhile is not kept waiting.
                let news = change.cancel_requested && !work.cancelled;
                let after = if news { Duration::ZERO } else { after };
                held(give_back(tx.conn(), &work, Some(&why), after).await?)?;
                changes::rows::touch(&mut tx, change.id).await?;
                let event = told(&work, EventKind::StepRetried)
                    .outcome(EventOutcome::Failure)
                    .with(json!({"kind": work.kind, "region": work.target.region, "attempt": work.attempts, "why": why, "after_ms": after.as_millis()}));
                tx.commit(event, vec![]).await?;
            }
            Outcome::Waits { note, after } => {
                let news = change.cancel_requested && !work.cancelled;
                let after = if news { Duration::ZERO } else { after };
                let progress = Some(&work.progress);
                let conn = tx.conn();
                held(
                    rows::claims::give_back(conn, &work.lease, progress, Some(&note), after)
                        .await?,
                )?;
                rows::claims::got_on(conn, &work.lease).await?;
                rows::ends::end_attempt(conn, &work.lease, AttemptEnd::Waited, Some(&note)).await?;
                changes::rows::touch(&mut tx, change.id).await?;
                rows::waves::keep(&mut tx, &work).await?;
                let event = super::wave::waits(&mut tx, &work).await?;
                tx.commit(event, vec![]).await?;
            }
            Outcome::Halted { why } => {
                self.end(
                    &mut tx,
                    &work,
                    StepState::NeedsAttention,
                    AttemptEnd::NeedsAttention,
                    &why,
                )
                .await?;
                rows::waves::keep(&mut tx, &work).await?;
                rows::waves::park(&mut tx, &work.lease).await?;
                rows::ends::park_run(&mut tx, work.run).await?;
                // A canary of a share stands beside what was verified there.
                rows::ends::doubt(&mut tx, change.id).await?;
                let (change, event) = change.halt(&why)?;
                let halted = super::wave::halted(&work, &why);
                let why = format!("{}: {why}", work.target.region);
                changes::rows::save(&mut tx, &change, Some(&why)).await?;
                tx.commit(halted, vec![event]).await?;
            }
            Outcome::NeedsAttention { why } => {
                self.end(
                    &mut tx,
                    &work,
                    StepState::NeedsAttention,
                    AttemptEnd::NeedsAttention,
                    &why,
                )
                .await?;
                rows::ends::park_run(&mut tx, work.run).await?;
                rows::ends::doubt(&mut tx, change.id).await?;
                let (change, event) = change.park(&why)?;
                let why = format!("{}: {why}", work.target.region);
                changes::rows::save(&mut tx, &change, Some(&why)).await?;
                tx.commit(event, vec![]).await?;
            }
            Outcome::Failed { why } => {
                self.end(&mut tx, &work, StepState::Failed, AttemptEnd::Failed, &why)
                    .await?;
                let event = told(&work, EventKind::StepFailed)
                    .outcome(EventOutcome::Failure)
                    .with(json!({"kind": work.kind, "region": work.target.region, "attempt": work.attempts, "why": why}));
                let why = format!("{}, {}: {why}", work.target.region, work.kind.title());
                self.end_run(tx, &work, change, Some(&why), Some(event))
                    .await?;
            }
            Outcome::Cancelled { note, begun } => {
                let state = if begun {
                    StepState::Cancelled
                } else {
                    StepState::Skipped
                };
                self.end(&mut tx, &work, state, AttemptEnd::Cancelled, &note)
                    .await?;
                rows::waves::keep(&mut tx, &work).await?;
                let event = told(&work, EventKind::StepCancelled).with(json!({
                    "kind": work.kind, "region": work.target.region, "begun": begun, "note": note,
                }));
                self.end_run(tx, &work, change, None, Some(event)).await?;
            }
            Outcome::Succeeded { note, next } => {
                self.end(
                    &mut tx,
                    &work,
                    StepState::Succeeded,
                    AttemptEnd::Succeeded,
                    &note,
                )
                .await?;
                if work.kind.follows_build() {
                    // The build is over: its ticket, if it never used it, is good for nothing any more.
                    crate::tickets::rows::revoke_of_run(&mut tx, work.run).await?;
                }
                if work.kind == StepKind::VerifyRollout {
                    rows::ends::deployed(&mut tx, &work.stored, &work.target.region).await?;
                }
                rows::waves::keep(&mut tx, &work).await?;
                let event = told(&work, EventKind::StepSucceeded)
                    .with(json!({"kind": work.kind, "region": work.target.region, "note": note}));
                let passed = (work.kind == StepKind::Analyse).then(|| super::wave::passed(&work));
                let more =
                    rows::ends::make_next_due(&mut tx, work.run, work.position, &next).await?;
                if !more {
                    rows::ends::end_run(&mut tx, work.run, RunState::Succeeded).await?;
                    let late = "Deployed before it could be cancelled.";
                    let why = change.cancel_requested.then_some(late);
                    let (change, succeeded) = change.succeed()?;
                    changes::rows::save(&mut tx, &change, why).await?;
                    tx.commit(event, vec![succeeded]).await?;
                } else if change.cancel_requested && !work.kind.is_pipeline() {
                    // What was triggered is first followed, which stops it; and where it ended well nevertheless, the
                    // portal looks once at what runs now.
                    self.end_run(tx, &work, change, None, Some(event)).await?;
                } else {
                    changes::rows::touch(&mut tx, change.id).await?;
                    tx.commit(event, passed.into_iter().collect()).await?;
                }
            }
        }
        self.work().notify_waiters();
        Ok(())
    }

    /// Ends the run before its goal: cancelled if somebody asked for that, otherwise failed with `why`.
    async fn end_run(
        &self,
        mut tx: ChangeTx,
        work: &Work,
        change: Change,
        why: Option<&str>,
        first: Option<Event>,
    ) -> Result<(), Halt> {
        let cancelled = change.cancel_requested;
        let state = if cancelled {
            RunState::Cancelled
        } else {
            RunState::Failed
        };
        rows::ends::end_run(&mut tx, work.run, state).await?;
        let told = what_was_done(&mut tx, change.id, &work.stored.evidence).await?;
        let mut words: Vec<&str> = why.into_iter().collect();
        words.extend(told.iter().map(|told| told.words.as_str()));
        let words = words.join(" ");
        let (change, event) = if cancelled {
            change.finish_cancel(&json!({"why": why, "regions": told}))?
        } else {
            change.fail(&words)?
        };
        changes::rows::save(&mut tx, &change, Some(&words)).await?;
        // In the order in which a reader understands them.
        match first {
            Some(first) => tx.commit(first, vec![event]).await?,
            None => tx.commit(event, vec![]).await?,
        }
        Ok(())
    }

    async fn end(
        &self,
        tx: &mut ChangeTx,
        work: &Work,
        state: StepState,
        attempt: AttemptEnd,
        note: &str,
    ) -> Result<(), Halt> {
        let note = Some(note);
        held(rows::ends::end_step(tx, &work.lease, state, &work.progress, note).await?)?;
        rows::ends::end_attempt(tx.conn(), &work.lease, attempt, note).await?;
        Ok(())
    }

    /// Ends a step of which not all can be read. Nobody can tell what it did, so it waits for a person; where the
    /// change does not run any more, it just ends.
    pub(super) async fn settle_unread(
        &self,
        lease: &Lease,
        run: RunId,
        change: ChangeId,
    ) -> Result<(), Halt> {
        let why = "Workers of the portal failed again and again on this step, and what the portal knows of it cannot be read. It is not tried any more. Look in Jenkins whether a build of it runs.";
        let mut tx = self.begin_as_portal().await?;
        let (state, attempt, event) = match changes::rows::for_update(&mut tx, change).await {
            Ok(Some(stored)) => match stored.change.park(why) {
                Ok((change, event)) => {
                    changes::rows::save(&mut tx, &change, Some(why)).await?;
                    (StepState::NeedsAttention, AttemptEnd::NeedsAttention, event)
                }
                Err(_) => (
                    StepState::Failed,
                    AttemptEnd::Failed,
                    unread(EventKind::StepFailed, lease, change, why),
                ),
            },
            unreadable => {
                if let Err(error) = unreadable {
                    tracing::error!(%change, %error, "a change cannot be read and is parked as it is");
                }
                rows::ends::park_unread(&mut tx, change, why).await?;
                let event = unread(EventKind::ChangeNeedsAttention, lease, change, why);
                (StepState::NeedsAttention, AttemptEnd::NeedsAttention, event)
            }
        };
        held(rows::ends::end_unread(&mut tx, lease, state, why).await?)?;
        rows::ends::end_attempt(tx.conn(), lease, attempt, Some(why)).await?;
        if state == StepState::NeedsAttention {
            rows::ends::park_run(&mut tx, run).await?;
        }
        tx.commit(event, vec![]).await?;
        Ok(())
    }

    /// This worker stops; another goes on. Nothing happened that the audit log should hold.
    async fn release(&self, work: &Work) -> Result<(), Halt> {
        let mut tx = self.pool().begin().await?;
        held(give_back(&mut tx, work, None, Duration::ZERO).await?)?;
        rows::claims::forgive(&mut tx, &work.lease).await?;
        tx.commit().await?;
        Ok(())
    }

    /// After a fault: what is known stays, the step is due again in a while.
    pub(super) async fn retire(&self, lease: &Lease) -> Result<(), Halt> {
        let note = "Something inside the portal failed; it is tried again.";
        let after = self.settings().times.follow * 4;
        let mut tx = self.pool().begin().await?;
        held(rows::claims::give_back(&mut tx, lease, None, Some(note), after).await?)?;
        rows::ends::end_attempt(&mut tx, lease, AttemptEnd::Again, Some(note)).await?;
        tx.commit().await?;
        Ok(())
    }
}

impl Outcome {
    /// With words that can be kept: they may repeat what Jenkins or AWS said.
    fn presentable(self) -> Self {
        match self {
            Self::Succeeded { note, next } => Self::Succeeded {
                note: presentable(note),
                next,
            },
            Self::Waits { note, after } => Self::Waits {
                note: presentable(note),
                after,
            },
            Self::Halted { why } => Self::Halted {
                why: presentable(why),
            },
            Self::Again { why, after } => Self::Again {
                why: presentable(why),
                after,
            },
            Self::Failed { why } => Self::Failed {
                why: presentable(why),
            },
            Self::Cancelled { note, begun } => Self::Cancelled {
                note: presentable(note),
                begun,
            },
            Self::NeedsAttention { why } => Self::NeedsAttention {
                why: presentable(why),
            },
            Self::Released => Self::Released,
        }
    }
}

/// For each region what was done of a change and what was not, and the note that what runs is not known where its
/// pipeline acted unverified. To be asked after its steps were ended.
pub(crate) async fn what_was_done(
    tx: &mut ChangeTx,
    change: ChangeId,
    evidence: &Evidence,
) -> ControlResult<Vec<Told>> {
    rows::ends::doubt(tx, change).await?;
    let facts = rows::ends::facts(tx, change).await?;
    let becomes = |region: &RegionName| {
        let target = evidence.targets.iter().find(|t| t.region == *region);
        target.map_or_else(
            || evidence.version.clone(),
            |target| evidence.becomes(target).version,
        )
    };
    Ok(summary::tell(becomes, &facts))
}

async fn give_back(
    conn: &mut PgConnection,
    work: &Work,
    note: Option<&str>,
    after: Duration,
) -> Result<bool, Halt> {
    let progress = Some(&work.progress);
    let held = rows::claims::give_back(conn, &work.lease, progress, note, after).await?;
    rows::ends::end_attempt(conn, &work.lease, AttemptEnd::Again, note).await?;
    Ok(held)
}

fn unread(kind: EventKind, lease: &Lease, change: ChangeId, why: &str) -> Event {
    Event::new(kind, SubjectRef::new("step", lease.step))
        .of_change(change)
        .outcome(EventOutcome::Failure)
        .with(json!({"why": why}))
}

pub(super) fn told(work: &Work, kind: EventKind) -> Event {
    Event::new(kind, SubjectRef::new("step", work.lease.step)).of_change(work.stored.change.id)
}
