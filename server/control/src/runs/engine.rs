//! Doing one claimed step: everything it needs is read anew, then its kind decides.

use std::time::Duration;

use domain::{Caller, CallerKind, ChangeState, Person, RunId, StepKind, Target, canonical};
use sqlx::PgConnection;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{
    lease::{Halt, Lease},
    progress::Progress,
    rows::{
        claims::{Claim, Known},
        waves::Measured,
    },
};
use crate::{
    ChangeTx, Control, changes::rows::Stored, error::corrupt, new_id, outside::Failure, people,
};

/// A step that loses this many workers in a row is stopped: it may be what kills them.
const DEATHS: i32 = 3;
/// So often is a step tried before a failure that could pass counts as final.
const ATTEMPTS: i32 = 8;

/// What an attempt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Succeeded {
        note: String,
        /// What the step after it should know.
        next: Progress,
    },
    /// Got on as it should, and goes on after a while.
    Waits {
        note: String,
        after: Duration,
    },
    /// A canary is not good enough, or nobody can tell: a person decides whether the run goes on.
    Halted {
        why: String,
    },
    /// Brought nothing; again after a while.
    Again {
        why: String,
        after: Duration,
    },
    Failed {
        why: String,
    },
    /// Stopped, or not even begun, as somebody had asked.
    Cancelled {
        note: String,
        begun: bool,
    },
    /// Cannot be decided here.
    NeedsAttention {
        why: String,
    },
    /// This worker stops; another goes on at once.
    Released,
}

impl Outcome {
    pub(super) fn succeeded(note: impl Into<String>) -> Self {
        Self::Succeeded {
            note: note.into(),
            next: Progress::default(),
        }
    }
    pub(super) fn failed(why: impl Into<String>) -> Self {
        Self::Failed { why: why.into() }
    }
    pub(super) fn undecided(why: impl Into<String>) -> Self {
        Self::NeedsAttention { why: why.into() }
    }
}

/// A held step with all that doing it takes.
#[derive(Debug)]
pub(super) struct Work {
    pub lease: Lease,
    pub run: RunId,
    pub position: i32,
    pub kind: StepKind,
    pub attempts: i32,
    /// Nobody has tried it before.
    pub first: bool,
    pub progress: Progress,
    /// What this attempt has read of metrics; written with its end.
    pub measured: Vec<Measured>,
    pub stored: Stored,
    pub target: Target,
    /// Every approval that the run rests on was given with a fresh second factor.
    pub stepped_up: bool,
    /// The portal continuing what the requester asked for, with the requester as they stand now.
    pub caller: Caller,
    /// When the step was first claimed, or first since a person looked; by this process' monotonic clock.
    pub begun: Instant,
    /// Somebody had asked to cancel the change when this attempt began.
    pub cancelled: bool,
    /// This worker is to stop.
    pub stop: CancellationToken,
}

impl Work {
    /// A failure that could pass is tried again for a while; any other ends the step.
    pub(super) fn after_failure(&self, failure: &Failure, pause: Duration) -> Outcome {
        if failure.is_retriable() && self.attempts < ATTEMPTS {
            Outcome::Again {
                why: failure.words.clone(),
                after: backoff(pause, self.attempts),
            }
        } else if failure.is_retriable() {
            Outcome::failed(format!(
                "{} It was tried {} times.",
                failure.words, self.attempts
            ))
        } else {
            Outcome::failed(failure.words.clone())
        }
    }

    /// What the step comes to for somebody in whose name nothing may be done any more; `why` begins the sentence.
    pub(super) fn without(&self, why: &str) -> Outcome {
        let region = &self.target.region;
        Outcome::failed(match self.kind {
            StepKind::CheckCluster | StepKind::CheckImage | StepKind::TriggerCanary => {
                format!("{why}; nothing was begun in {region}.")
            }
            // A canary may stand there.
            StepKind::TriggerPipeline if self.stored.evidence.share().is_none() => {
                format!("{why}; nothing was begun in {region}.")
            }
            StepKind::TriggerPipeline
            | StepKind::FollowCanary
            | StepKind::VerifyCanary
            | StepKind::FollowPipeline
            | StepKind::VerifyRollout
            | StepKind::Bake
            | StepKind::Analyse => {
                format!("{why}; nothing more is done in {region} in their name.")
            }
        })
    }

    /// Why this step may not be done at all, whatever it is.
    fn unfit(&self) -> Option<Outcome> {
        let change = &self.stored.change;
        if canonical::sha256(&self.stored.evidence_text) != change.evidence_digest.0 {
            return Some(Outcome::failed(
                "The stored evidence is not what was approved. Nothing was done with it.",
            ));
        }
        if change.state != ChangeState::Running {
            return Some(Outcome::failed(format!(
                "The change is {} and not running.",
                change.state
            )));
        }
        None
    }

    pub(super) fn tries_left(&self) -> bool {
        self.attempts < ATTEMPTS
    }

    /// What is left of `limit`, counted from the first claim.
    pub(super) fn left_of(&self, limit: Duration) -> Duration {
        limit.saturating_sub(self.begun.elapsed())
    }
}

/// 1, 2, 4, … 32 pauses, each up to a quarter longer by chance, so that what failed together does not come back together.
pub(super) fn backoff(pause: Duration, attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts.clamp(1, 6) - 1).unwrap_or(0);
    let pause = pause * 2u32.pow(doublings);
    pause + pause.mul_f64(rand::random_range(0.0..0.25))
}

impl Control {
    /// Does what was claimed, to the end of this attempt.
    pub(super) async fn attempt(&self, claim: Claim, stop: &CancellationToken) {
        let (id, attempt) = (claim.lease.step, claim.attempts);
        let kind = claim
            .known
            .as_ref()
            .map_or("?", |known| known.kind.as_str());
        tracing::debug!(step = %id, kind, attempt, at = "claimed");
        let lease = claim.lease.clone();
        let work = Box::pin(self.do_claimed(claim, stop));
        let done = self.while_held(&lease, work).await;
        match done {
            Ok(()) => tracing::debug!(step = %id, at = "acknowledged"),
            Err(Halt::Lost) => lost(&lease, kind),
            Err(Halt::Fault(error)) => {
                tracing::error!(step = %id, kind, attempt, %error, "a step could not be done");
                if !self.give_up_attempt(&lease).await {
                    lost(&lease, kind);
                }
            }
        }
    }

    async fn do_claimed(&self, claim: Claim, stop: &CancellationToken) -> Result<(), Halt> {
        let spent =
            |more: i32| claim.deaths >= DEATHS + more || claim.attempts > 3 * ATTEMPTS + more;
        // Ending it in good order was tried already and failed as well, or killed the worker.
        let (poison, hopeless) = (spent(0), spent(1));
        let (lease, run, change) = (claim.lease.clone(), claim.run, claim.change);
        if hopeless {
            return self.settle_unread(&lease, run, change).await;
        }
        let mut work = match self.equip(claim, stop).await {
            Err(Halt::Fault(error)) if poison => {
                tracing::error!(step = %lease.step, %error, "a step cannot be read");
                return self.settle_unread(&lease, run, change).await;
            }
            equipped => equipped?,
        };
        let outcome = if poison {
            poisoned(work.kind)
        } else if let Some(outcome) = work.unfit() {
            outcome
        } else if !work.kind.is_pipeline()
            && let Some(why) = self.requester_lost_now(&work).await?
        {
            work.without(&why)
        } else {
            // A build that was started is looked for and followed to its end whoever is still there.
            self.perform(&mut work).await?
        };
        tracing::debug!(step = %work.lease.step, at = "done");
        self.settle(work, outcome).await
    }

    async fn perform(&self, work: &mut Work) -> Result<Outcome, Halt> {
        match work.kind {
            StepKind::CheckCluster | StepKind::CheckImage | StepKind::Bake | StepKind::Analyse
                if work.cancelled =>
            {
                Ok(Outcome::Cancelled {
                    note: "Not done: the change was cancelled.".to_owned(),
                    begun: !work.first,
                })
            }
            StepKind::CheckCluster => Box::pin(self.check_cluster(work)).await,
            StepKind::CheckImage => Box::pin(self.check_image(work)).await,
            StepKind::TriggerCanary | StepKind::TriggerPipeline => {
                Box::pin(self.trigger_pipeline(work)).await
            }
            StepKind::FollowCanary | StepKind::FollowPipeline => {
                Box::pin(self.follow_pipeline(work)).await
            }
            // The pipeline has ended: one look, which changes nothing, tells what it left behind.
            StepKind::VerifyCanary | StepKind::VerifyRollout if work.cancelled => {
                Ok(match Box::pin(self.verify_rollout(work)).await? {
                    Outcome::Again { why, .. } => Outcome::Cancelled {
                        note: format!("Not verified, since the change was cancelled. {why}"),
                        begun: true,
                    },
                    other => other,
                })
            }
            StepKind::VerifyCanary | StepKind::VerifyRollout => {
                Box::pin(self.verify_rollout(work)).await
            }
            StepKind::Bake => Box::pin(self.bake(work)).await,
            StepKind::Analyse => Box::pin(self.analyse(work)).await,
        }
    }

    /// Why nothing may be done in the requester's name, as they stand at this moment.
    pub(super) async fn requester_lost_now(&self, work: &Work) -> Result<Option<String>, Halt> {
        let mut conn = self.pool().acquire().await?;
        self.requester_lost_in(&mut conn, work).await
    }

    /// The same in a transaction: whoever disables them at this moment comes before it or after it.
    pub(super) async fn requester_lost_for(
        &self,
        tx: &mut ChangeTx,
        work: &Work,
    ) -> Result<Option<String>, Halt> {
        people::rows::hold_active(tx, work.stored.change.requester).await?;
        self.requester_lost_in(tx.conn(), work).await
    }

    async fn requester_lost_in(
        &self,
        conn: &mut PgConnection,
        work: &Work,
    ) -> Result<Option<String>, Halt> {
        let change = &work.stored.change;
        let standing = self.settings().times.standing;
        let (who, login) = (change.requester, &change.requester_login);
        Ok(people::rows::lost(conn, who, login, standing).await?)
    }

    /// Reads what the step is about. The requester is read as they stand now.
    async fn equip(&self, claim: Claim, stop: &CancellationToken) -> Result<Work, Halt> {
        let Known {
            region,
            kind,
            progress,
        } = claim.known?;
        let mut conn = self.pool().acquire().await?;
        let Some(stored) = crate::changes::rows::by_id(&mut conn, claim.change).await? else {
            return Err(corrupt("run", "change_id", claim.run, "there is no such change").into());
        };
        let requester = people::rows::active(&mut conn, stored.change.requester).await?;
        drop(conn);
        let person = requester.unwrap_or_else(|| Person {
            id: stored.change.requester,
            login: stored.change.requester_login.clone(),
            name: stored.change.requester_login.to_string(),
            // Nobody's rights: without a job role there is no session to be had.
            job_roles: [].into(),
            teams: [].into(),
        });
        let target = stored
            .evidence
            .targets
            .iter()
            .find(|target| target.region == region)
            .cloned();
        let Some(target) = target else {
            let why = "a region that the evidence does not name";
            return Err(corrupt("step", "region", claim.lease.step, why).into());
        };
        let begun = Instant::now();
        Ok(Work {
            begun: begun.checked_sub(claim.age).unwrap_or(begun),
            run: claim.run,
            position: claim.position,
            kind,
            attempts: claim.attempts,
            first: claim.first,
            progress: if claim.first {
                progress.fresh()
            } else {
                progress
            },
            cancelled: stored.change.cancel_requested,
            measured: vec![],
            stored,
            target,
            stepped_up: claim.stepped_up,
            caller: Caller {
                person,
                kind: CallerKind::Job {
                    step: Some(claim.lease.step),
                },
                request_id: new_id(),
                ip: None,
            },
            lease: claim.lease,
            stop: stop.clone(),
        })
    }

    /// After a fault of ours: the attempt is over and the step is due again, as soon as that much can be written.
    /// Where it cannot, the lease runs out, which then counts as a worker lost: false.
    async fn give_up_attempt(&self, lease: &Lease) -> bool {
        while lease.surely_holds() {
            match self.retire(lease).await {
                Ok(()) => return true,
                Err(Halt::Lost) => return false,
                Err(Halt::Fault(error)) => {
                    tracing::warn!(step = %lease.step, %error, "it could not be given back yet");
                    sleep(self.settings().times.poll).await;
                }
            }
        }
        false
    }
}

fn lost(lease: &Lease, kind: &str) {
    tracing::info!(step = %lease.step, kind, "the lease was lost; nothing more is written");
}

fn poisoned(kind: StepKind) -> Outcome {
    let why = "Workers of the portal were lost or failed again and again while they did this step, so it is not tried any more.";
    match kind {
        // What it started may be going on.
        StepKind::TriggerCanary
        | StepKind::FollowCanary
        | StepKind::TriggerPipeline
        | StepKind::FollowPipeline => {
            Outcome::undecided(format!("{why} Look in Jenkins whether its build runs."))
        }
        // The canary stands; whether to go on without its metrics is a person's to say.
        StepKind::Bake | StepKind::Analyse => Outcome::Halted {
            why: why.to_owned(),
        },
        StepKind::CheckCluster
        | StepKind::CheckImage
        | StepKind::VerifyCanary
        | StepKind::VerifyRollout => Outcome::failed(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit() {
        let pause = Duration::from_secs(1);
        for (attempts, least) in [
            (0, 1),
            (1, 1),
            (2, 2),
            (3, 4),
            (6, 32),
            (7, 32),
            (i32::MAX, 32),
        ] {
            let least = Duration::from_secs(least);
            let got = backoff(pause, attempts);
            assert!(
                got >= least && got <= least.mul_f64(1.25),
                "{attempts}: {got:?}"
            );
        }
    }

    #[test]
    fn what_may_be_going_on_is_never_called_failed() {
        for kind in StepKind::ALL {
            let parked = matches!(poisoned(*kind), Outcome::NeedsAttention { .. });
            assert_eq!(parked, kind.is_pipeline(), "{kind}");
            let halted = matches!(poisoned(*kind), Outcome::Halted { .. });
            assert_eq!(halted, StepKind::OF_A_WAVE.contains(kind), "{kind}");
        }
    }
}
