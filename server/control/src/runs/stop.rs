//! Stopping a build: asked, looked at, asked harder. Asking is harmless to repeat, so no search is needed.

use domain::{Event, EventKind, SubjectRef};
use serde_json::json;
use tokio::time::Instant;

use super::{
    check::log,
    engine::{Outcome, Work},
    lease::{Halt, held},
    rows,
};
use crate::{Control, changes, outside::jenkins::Force};

/// So many polls a build gets to end before it is asked harder.
const GRACE: u32 = 30;

/// When this worker last asked.
#[derive(Debug, Default)]
pub(super) struct Stopper {
    asked: Option<Instant>,
}

impl Control {
    /// Asks the build to stop, or harder when it had its time. An outcome when nothing harder is left.
    pub(super) async fn stop_build(
        &self,
        work: &mut Work,
        stopper: &mut Stopper,
    ) -> Result<Option<Outcome>, Halt> {
        let grace = self.settings().times.follow * GRACE;
        let force = match (work.progress.stopping, stopper.asked) {
            (None, _) => Force::Stop,
            // Another worker wrote that it would ask; whether it did is not known.
            (Some(force), None) => force,
            (Some(_), Some(asked)) if asked.elapsed() < grace => return Ok(None),
            (Some(force), Some(_)) => match force.harder() {
                Some(harder) => harder,
                None => {
                    return Ok(Some(Outcome::undecided(
                        "Jenkins was asked to stop the build, to end it and to kill it, and still says that it runs.",
                    )));
                }
            },
        };
        if work.progress.stopping != Some(force) {
            work.progress.stopping = Some(force);
            self.note_stop(work, force).await?;
        }
        let pipelines = &self.outside().pipelines;
        let asked = match (work.progress.build, work.progress.queue_item) {
            (Some(number), _) => {
                let job = &work.stored.evidence.pipeline;
                pipelines.stop(job, number, force).await
            }
            (None, Some(item)) => pipelines.cancel_item(item).await,
            // Not found yet: nothing to ask.
            (None, None) => return Ok(None),
        };
        match asked {
            Ok(()) => stopper.asked = Some(Instant::now()),
            Err(failure) if failure.is_retriable() => log(work, &failure),
            Err(failure) => {
                log(work, &failure);
                return Ok(Some(Outcome::undecided(format!(
                    "The build could not be stopped and may be going on. {}",
                    failure.words
                ))));
            }
        }
        Ok(None)
    }

    async fn note_stop(&self, work: &Work, force: Force) -> Result<(), Halt> {
        let change = work.stored.change.id;
        let mut tx = self.begin(&work.caller).await?;
        changes::rows::touch(&mut tx, change).await?;
        held(rows::claims::save(tx.conn(), &work.lease, &work.progress, None).await?)?;
        let event = Event::new(
            EventKind::CallIntended,
            SubjectRef::new("step", work.lease.step),
        )
        .of_change(change)
        .with(json!({
            "call": format!("jenkins:{}", force.as_str()),
            "build": work.progress.build,
            "queue_item": work.progress.queue_item,
            "why": if work.cancelled { "cancelled" } else { "overdue" },
        }));
        Ok(tx.commit(event, vec![]).await?)
    }
}
