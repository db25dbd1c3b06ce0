//! The worker: claims what is due, does many steps at once, and between them starts what is ready and
//! expires what nobody took up. Any number of processes may do this side by side; any may die.

use std::{sync::Arc, time::Duration};

use sqlx::{Postgres, pool::PoolConnection};
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::rows;
use crate::{Control, Result};

/// So many steps a process does at once. Most of them wait for something outside.
const SLOTS: usize = 1_024;
/// How long steps under way may go on when the process is asked to stop.
const FAREWELL: Duration = Duration::from_secs(10);
/// How often changes that ran out of time are looked for.
const EXPIRE: Duration = Duration::from_secs(5);
/// How often what the calendar holds is looked at again.
const LOOK: Duration = Duration::from_secs(1);
/// The pause after the database failed.
const FAULT: Duration = Duration::from_secs(1);
/// So many leases without an answer to one claim, and its connection is given up: a statement that is only slow has been
/// ended by the database before. A connection whose other end has vanished says nothing for hours.
const SILENT: u32 = 3;

/// When things that are not done in every round were done last.
#[derive(Debug, Default)]
struct Last {
    expired: Option<Instant>,
    looked: Option<Instant>,
    started: Option<Instant>,
}

/// The name of one worker, as leases and attempts show it.
#[derive(Clone, Debug)]
pub struct Worker(Arc<str>);

impl Worker {
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// A name nobody else has: this process, this start.
    pub fn of_this_process() -> Self {
        let start = uuid::Uuid::now_v7().simple().to_string();
        Self::new(&format!("worker-{}-{}", std::process::id(), &start[..12]))
    }
}

impl Control {
    /// Works until `stop`. Steps under way then give back what they hold, so that others go on at once.
    pub async fn work_until(&self, stop: CancellationToken) {
        let worker = Worker::of_this_process();
        tracing::info!(worker = %worker.0, "working");
        // Side by side: looking through all that waits takes longer than a step that has become due should wait.
        tokio::join!(self.do_steps(&worker, &stop), self.keep_house(&stop));
        tracing::info!(worker = %worker.0, "stopped working");
    }

    /// Claims what is due and does it.
    async fn do_steps(&self, worker: &Worker, stop: &CancellationToken) {
        let slots = Arc::new(Semaphore::new(SLOTS));
        let mut tasks = JoinSet::new();
        let mut own = None;
        while !stop.is_cancelled() {
            // Listens before it looks, so that what becomes due in between is not slept over.
            let mut rung = std::pin::pin!(self.work().notified());
            rung.as_mut().enable();
            let faultless = match self
                .claim_due(worker, &mut own, &slots, &mut tasks, stop)
                .await
            {
                Ok(()) => true,
                Err(error) => {
                    own = None;
                    tracing::error!(%error, "the worker cannot claim steps");
                    false
                }
            };
            self.wait(rung, faultless, stop).await;
            while let Some(ended) = tasks.try_join_next() {
                report(ended);
            }
        }
        let all = async {
            while let Some(ended) = tasks.join_next().await {
                report(ended);
            }
        };
        if tokio::time::timeout(FAREWELL, all).await.is_err() {
            // Their leases run out and others take them up.
            tracing::warn!(steps = tasks.len(), "steps under way were cut off");
        }
    }

    /// Expires what is over and starts what is ready.
    async fn keep_house(&self, stop: &CancellationToken) {
        let mut last = Last::default();
        while !stop.is_cancelled() {
            let mut rung = std::pin::pin!(self.work().notified());
            rung.as_mut().enable();
            let faultless = self.round(&mut last).await;
            self.wait(rung, faultless, stop).await;
        }
    }

    /// Until somebody rings, or for a while.
    async fn wait(
        &self,
        rung: std::pin::Pin<&mut tokio::sync::futures::Notified<'_>>,
        faultless: bool,
        stop: &CancellationToken,
    ) {
        let pause = if faultless {
            self.settings().times.poll
        } else {
            FAULT
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = rung => {}
            () = sleep(pause) => {}
        }
    }

    /// Everything there is to do at this moment besides steps; false when something of it could not be done. One part that
    /// fails, again and again for what is in one row, keeps none of the others from being done.
    async fn round(&self, last: &mut Last) -> bool {
        let mut faultless = true;
        let mut tell = |part: &str, error: crate::Error| {
            faultless = false;
            tracing::error!(%error, "the worker cannot {part}");
        };
        if last.expired.is_none_or(|at| at.elapsed() >= EXPIRE) {
            last.expired = Some(Instant::now());
            if let Err(error) = self.part(self.expire_due()).await {
                tell("expire what is over", error);
            }
        }
        if last.looked.is_none_or(|at| at.elapsed() >= LOOK) {
            last.looked = Some(Instant::now());
            if let Err(error) = self.part(self.end_passed_stops()).await {
                tell("end the stops that are over", error);
            }
            if let Err(error) = self.part(self.release_scheduled()).await {
                tell("let go what its time has come for", error);
            }
            if let Err(error) = self.part(self.release_held()).await {
                tell("let go what nothing holds any more", error);
            }
        }
        // A step that ends rings for the next one to be claimed; what waits for its start is not looked through each time.
        if last
            .started
            .is_none_or(|at| at.elapsed() >= self.settings().times.poll)
        {
            last.started = Some(Instant::now());
            if let Err(error) = self.part(self.start_ready()).await {
                tell("start what is ready", error);
            }
        }
        faultless
    }

    /// One part of a round, unless the database says nothing for long: many statements, each of which it would have ended.
    async fn part<T>(&self, work: impl Future<Output = Result<T>>) -> Result<()> {
        let patience = self.settings().times.lease * SILENT * 4;
        timeout(patience, work)
            .await
            .map_err(|_| silent())?
            .map(drop)
    }

    /// Begins every step that is due and nobody does, as far as there is room. It keeps a connection of its `own`: in
    /// the queue for one a step that is due would wait behind all that a thousand steps under way have to write.
    async fn claim_due(
        &self,
        worker: &Worker,
        own: &mut Option<PoolConnection<Postgres>>,
        slots: &Arc<Semaphore>,
        tasks: &mut JoinSet<()>,
        stop: &CancellationToken,
    ) -> Result<()> {
        let length = self.settings().times.lease;
        while let Ok(slot) = Arc::clone(slots).try_acquire_owned() {
            let conn = match own {
                Some(conn) => conn,
                None => own.insert(self.pool().acquire().await?),
            };
            let claim = rows::claims::claim(&mut **conn, &worker.0, length);
            let Ok(claimed) = timeout(length * SILENT, claim).await else {
                // Closed as it is: nobody is to wait on it.
                own.take().map(PoolConnection::detach);
                return Err(silent());
            };
            let Some(claim) = claimed? else {
                break;
            };
            let (control, stop) = (self.clone(), stop.clone());
            tasks.spawn(async move {
                control.attempt(claim, &stop).await;
                drop(slot);
            });
        }
        Ok(())
    }

    /// Claims at most one due step and does it to the end of the attempt; whether there was one.
    pub async fn work_once(&self, worker: &Worker) -> Result<bool> {
        let length = self.settings().times.lease;
        let Some(claim) = rows::claims::claim(self.pool(), &worker.0, length).await? else {
            return Ok(false);
        };
        self.attempt(claim, &CancellationToken::new()).await;
        Ok(true)
    }
}

fn silent() -> crate::Error {
    crate::Error::fault(anyhow::anyhow!("the database does not answer"))
}

fn report(ended: std::result::Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        // Its lease runs out, and the next claim counts a lost worker.
        tracing::error!(%error, "a step ended its task");
    }
}
