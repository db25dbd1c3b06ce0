//! The log of a run.

use domain::{Caller, ChangeId, RunId, StepId};
use jiff::Timestamp;
use serde::Serialize;

use super::{
    lease::{Halt, Lease, held},
    progress::Progress,
    rows,
};
use crate::{Control, Result};

/// At most so many lines are handed out at once.
const LIMIT: i64 = 5_000;

/// One line. Hostile text: it comes from scripts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// Counts up along the run; numbers may be missing. Whoever has read up to a number asks for what comes after it.
    pub seq: i64,
    /// When the portal read it.
    pub at: Timestamp,
    pub step: StepId,
    pub text: String,
}

impl Control {
    /// The log of a change's run after line `after` (0 for the beginning), oldest first.
    ///
    /// While a build runs this is what Jenkins has told so far. At its end the copy is compared with
    /// Jenkins' whole log; if lines were missing, the lines from there on are replaced by new ones with
    /// higher numbers.
    pub async fn log(
        &self,
        caller: &Caller,
        change: ChangeId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<LogLine>> {
        self.readable_change(caller, change).await?;
        rows::log::lines(self.pool(), change, after, limit.clamp(1, LIMIT)).await
    }

    /// Adds lines and keeps how far the copy is, in one fenced transaction.
    pub(super) async fn append_log(
        &self,
        lease: &Lease,
        run: RunId,
        lines: &[String],
        progress: &Progress,
        note: Option<&str>,
    ) -> Result<(), Halt> {
        let mut tx = self.pool().begin().await?;
        held(rows::claims::save(&mut tx, lease, progress, note).await?)?;
        rows::log::append(&mut tx, run, lease.step, lines, 0).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Makes the copy of a step's log equal to `whole`. What is right stays as it is, so that a reader
    /// who has followed sees nothing twice unless something had been missing. What is not `surely` all of it replaces
    /// only a copy that has fewer lines.
    pub(super) async fn complete_log(
        &self,
        lease: &Lease,
        run: RunId,
        whole: &[String],
        surely: bool,
    ) -> Result<(), Halt> {
        let mut tx = self.pool().begin().await?;
        held(rows::claims::fence(&mut tx, lease).await?)?;
        let kept = rows::log::of_step(&mut tx, run, lease.step).await?;
        if !surely && kept.len() >= whole.len() {
            return Ok(());
        }
        let same = kept
            .iter()
            .zip(whole)
            .take_while(|((_, kept), line)| kept == *line)
            .count();
        let last = kept.last().map_or(0, |(seq, _)| *seq);
        if let Some((from, _)) = kept.get(same) {
            tracing::info!(step = %lease.step, line = same, "the live log differed from the whole one");
            rows::log::cut(&mut tx, run, lease.step, *from).await?;
        }
        rows::log::append(&mut tx, run, lease.step, &whole[same..], last).await?;
        tx.commit().await?;
        Ok(())
    }
}
