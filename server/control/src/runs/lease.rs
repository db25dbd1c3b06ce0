//! Holding a step: renewed while its worker lives, worth nothing the moment another has claimed it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::StepId;
use tokio::time::{Instant, sleep, timeout};

use super::rows;
use crate::{Control, Error};

/// A claim on a step. Every write under it says `WHERE lease_epoch = epoch`.
#[derive(Clone, Debug)]
pub(super) struct Lease {
    pub step: StepId,
    pub epoch: i64,
    /// Until when it surely holds, by this process' own monotonic clock.
    until: Arc<Mutex<Instant>>,
}

/// Why a worker stops in the middle of a step.
#[derive(Debug)]
pub(super) enum Halt {
    /// Somebody else holds the step now. Nothing is written and nothing is told.
    Lost,
    /// Something of ours failed; the step is tried again.
    Fault(Error),
}

impl<E: Into<Error>> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::Fault(error.into())
    }
}

/// What a fenced write came to.
pub(super) fn held(still: bool) -> Result<(), Halt> {
    if still { Ok(()) } else { Err(Halt::Lost) }
}

impl Lease {
    /// `asked` is when the claim was sent: the database counted from later than that.
    pub(super) fn new(step: StepId, epoch: i64, asked: Instant, length: Duration) -> Self {
        Self {
            step,
            epoch,
            until: Arc::new(Mutex::new(asked + length)),
        }
    }

    /// Asked right before a call that changes something outside. A process that was frozen since
    /// its last renewal notices here, without asking the database.
    pub(super) fn surely_holds(&self) -> bool {
        Instant::now() < *self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn renewed(&self, asked: Instant, length: Duration) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = asked + length;
    }
}

impl Control {
    /// Does `work` while the lease is renewed; drops it where it stands once the lease is lost.
    pub(super) async fn while_held<T>(
        &self,
        lease: &Lease,
        work: impl Future<Output = Result<T, Halt>>,
    ) -> Result<T, Halt> {
        tokio::select! {
            done = work => done,
            halt = self.renewing(lease) => Err(halt),
        }
    }

    /// Renews three times a lease, and returns when it is lost.
    async fn renewing(&self, lease: &Lease) -> Halt {
        let length = self.settings().times.lease;
        loop {
            sleep(length / 3).await;
            let asked = Instant::now();
            // A database that says nothing is as one that says no: the lease is over by the clock.
            match timeout(length, rows::claims::renew(self.pool(), lease, length)).await {
                Ok(Ok(true)) => lease.renewed(asked, length),
                // The database may be back before the lease ends; afterwards another may have it.
                Ok(Err(error)) if lease.surely_holds() => {
                    tracing::warn!(step = %lease.step, %error, "a lease could not be renewed");
                }
                Ok(Ok(false) | Err(_)) | Err(_) => return Halt::Lost,
            }
        }
    }
}
