//! The stop behind a canary: watching it for a while, then deciding by its metrics. The canary is a region, or a share of
//! the replicas of one ([`canary`](super::canary)); to the stop it is the same.
//!
//! Both steps only read, so they are repeated freely. The wait is a row: between two readings nobody holds the step, no
//! worker has it in its memory, and the database's clock says when it is due. What was read is written in the
//! transaction that goes by it.

use std::time::Duration;

use domain::{
    Event, EventKind, Outcome as EventOutcome, StepKind, run,
    wave::{Plan, Reach, Span, number},
};
use serde_json::json;

use super::{
    check::log,
    engine::{Outcome, Work},
    lease::Halt,
    rows::{
        self,
        waves::{Measured, Times},
    },
    settle::told,
};
use crate::{
    ChangeTx, Control,
    error::corrupt,
    outside::{aws::Need, metrics::Asked},
};

impl Control {
    /// Watches the canary until its time is over, and looks at its metrics at each interval. Whoever comes first begins
    /// the time, in the transaction that gives the step back.
    pub(super) async fn bake(&self, work: &mut Work) -> Result<Outcome, Halt> {
        let plan = plan(work)?;
        let (bake, every) = (
            Duration::from_secs(plan.bake_s),
            Duration::from_secs(plan.every_s),
        );
        let mut conn = self.pool().acquire().await?;
        let times = rows::waves::times(&mut conn, work.run, wait_of(work)).await?;
        drop(conn);
        let Some(times) = times else {
            // From twice a period on a whole one is sure to be over.
            let first = plan.checks.iter().map(|check| check.period_s * 2).min();
            let first = Duration::from_secs(first.unwrap_or_default());
            return Ok(Outcome::Waits {
                note: format!("Watched for {} from now on.", Span::seconds(plan.bake_s)),
                after: every.max(first).min(bake),
            });
        };
        let left = times.ends.duration_since(times.now);
        let Some(left) = Duration::try_from(left).ok().filter(|left| !left.is_zero()) else {
            let bake = Span::seconds(plan.bake_s);
            return Ok(Outcome::succeeded(format!("Watched for {bake}.")));
        };
        if let Err(outcome) = self.measure(work, &plan, &times).await? {
            return Ok(outcome);
        }
        let readings: Vec<_> = work.measured.iter().map(|one| one.reading).collect();
        if let Some(why) = plan.halts(&readings, false) {
            return Ok(Outcome::Halted { why });
        }
        Ok(Outcome::Waits {
            note: note(work),
            after: left.min(every),
        })
    }

    /// Reads the metrics of the whole wait, and decides.
    pub(super) async fn analyse(&self, work: &mut Work) -> Result<Outcome, Halt> {
        let plan = plan(work)?;
        let mut conn = self.pool().acquire().await?;
        let times = rows::waves::times(&mut conn, work.run, wait_of(work)).await?;
        drop(conn);
        let Some(times) = times else {
            return Err(corrupt("bake", "run_id", work.run, "the canary was never watched").into());
        };
        if let Err(outcome) = self.measure(work, &plan, &times).await? {
            return Ok(outcome);
        }
        let readings: Vec<_> = work.measured.iter().map(|one| one.reading).collect();
        Ok(match plan.halts(&readings, true) {
            Some(why) => Outcome::Halted { why },
            None => Outcome::succeeded(note(work)),
        })
    }

    /// Reads every metric of the plan into the work; the outcome where that cannot be done.
    async fn measure(
        &self,
        work: &mut Work,
        plan: &Plan,
        times: &Times,
    ) -> Result<Result<(), Outcome>, Halt> {
        let windows: Vec<_> = plan
            .checks
            .iter()
            .map(|check| check.window(times.began, times.now))
            .collect();
        let asked: Vec<Asked> = plan
            .checks
            .iter()
            .zip(&windows)
            .filter_map(|(check, window)| {
                window.map(|(from, to)| Asked {
                    namespace: check.namespace.clone(),
                    metric: check.metric.clone(),
                    dimensions: check.dimensions.clone(),
                    statistic: check.statistic.clone(),
                    period_s: check.period_s,
                    from,
                    to,
                })
            })
            .collect();
        let session = match self.session_for(work, Need::ReadMetrics).await? {
            Ok(session) => session,
            Err(outcome) => return Ok(Err(unread(outcome))),
        };
        let answered = self.outside().metrics.read(&session, &asked).await;
        tracing::debug!(step = %work.lease.step, at = "read.called");
        let answered = match answered {
            Ok(answered) => answered,
            Err(failure) => {
                log(work, &failure);
                let outcome = work.after_failure(&failure, self.settings().times.follow);
                return Ok(Err(unread(outcome)));
            }
        };
        let mut points = answered.points.into_iter();
        work.measured = plan
            .checks
            .iter()
            .zip(windows)
            .map(|(check, window)| {
                let points = window.and_then(|_| points.next()).unwrap_or_default();
                Measured {
                    check: check.clone(),
                    reading: check.read(&points),
                    window,
                    request_id: window.and(answered.request_id.clone()),
                }
            })
            .collect();
        Ok(Ok(()))
    }
}

/// Where in the run the wait is that this step is about: its own, or that of the step before it.
fn wait_of(work: &Work) -> i32 {
    work.position - i32::from(work.kind == StepKind::Analyse)
}

/// What decides in this region.
fn plan(work: &Work) -> Result<Plan, Halt> {
    let plan = work.stored.evidence.wave.as_ref();
    plan.and_then(|plan| plan.at(&work.target.region))
        .ok_or_else(|| {
            let why = "a wave that the evidence does not name";
            corrupt("step", "kind", work.lease.step, why).into()
        })
}

/// The canary is a share of the region.
fn of_share(work: &Work) -> bool {
    let position = usize::try_from(work.position).unwrap_or_default();
    run::is_of_share(&work.stored.evidence, position)
}

/// What cannot be read is not good: the run stops, and a person decides.
fn unread(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Failed { why } => Outcome::Halted {
            why: format!("The metrics could not be read, so nothing is known of the canary. {why}"),
        },
        other => other,
    }
}

/// What was read, in words.
fn note(work: &Work) -> String {
    let said: Vec<String> = work
        .measured
        .iter()
        .map(|one| {
            let value = one.reading.value.map_or("no data".to_owned(), number);
            format!("{} {value}, {}", one.check.name, one.check.allowed())
        })
        .collect();
    let unknown = work
        .measured
        .iter()
        .any(|m| m.reading.reach == Reach::NoData);
    let so_far = if unknown {
        "Nothing too bad"
    } else {
        "Within its thresholds"
    };
    format!("{so_far}: {}.", said.join("; "))
}

fn readings(work: &Work) -> serde_json::Value {
    let all: Vec<_> = work
        .measured
        .iter()
        .map(|one| {
            json!({
                "wave": one.check.wave, "name": one.check.name, "metric": one.check.measures(),
                "dimensions": one.check.dimensions, "allowed": one.check.allowed(),
                // As text: an event is canonical JSON, which has no floating-point numbers.
                "value": one.reading.value.map(|value| value.to_string()), "reach": one.reading.reach,
                "from": one.window.map(|(from, _)| from), "to": one.window.map(|(_, to)| to),
                "request_id": one.request_id,
            })
        })
        .collect();
    json!(all)
}

fn of(work: &Work, kind: EventKind) -> Event {
    told(work, kind).with(json!({
        "kind": work.kind, "region": work.target.region, "readings": readings(work),
    }))
}

/// The canary is watched on: from now, or after another look at its metrics.
pub(super) async fn waits(tx: &mut ChangeTx, work: &Work) -> Result<Event, Halt> {
    let wait = wait_of(work);
    let times = rows::waves::times(tx.conn(), work.run, wait).await?;
    if times.is_some() {
        return Ok(of(work, EventKind::WaveRead));
    }
    let plan = plan(work)?;
    rows::waves::begin(tx, work.lease.step, &plan).await?;
    let times = rows::waves::times(tx.conn(), work.run, wait).await?;
    Ok(told(work, EventKind::WaveBegun).with(json!({
        "kind": work.kind, "region": work.target.region, "waves": plan.waves, "bake_s": plan.bake_s,
        "share": plan.share.filter(|_| of_share(work)).map(|share| share.percent),
        "until": times.map(|times| times.ends),
    })))
}

/// The metrics let the run go on.
pub(super) fn passed(work: &Work) -> Event {
    of(work, EventKind::WavePassed)
}

/// The run stops before its next region.
pub(super) fn halted(work: &Work, why: &str) -> Event {
    told(work, EventKind::WaveHalted)
        .outcome(EventOutcome::Failure)
        .with(json!({
            "kind": work.kind, "region": work.target.region, "why": why, "readings": readings(work),
        }))
}
