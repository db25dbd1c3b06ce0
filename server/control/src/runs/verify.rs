//! The proof of a deployment: every pod runs the approved digest, as the Kubernetes API reports it.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{
    check::log,
    engine::{Outcome, Work},
    lease::{Halt, held},
    rows,
};
use crate::{
    Control,
    outside::{
        Failure,
        aws::{AwsSession, Need},
        kubernetes::{Namespace, Rollout},
    },
};

/// A session lasts fifteen minutes and is replaced after these, by the monotonic clock: a clock that jumps neither
/// ends nor prolongs it.
const RENEW: Duration = Duration::from_mins(13);

impl Control {
    pub(super) async fn verify_rollout(&self, work: &Work) -> Result<Outcome, Halt> {
        let times = &self.settings().times;
        let deadline = Instant::now() + work.left_of(times.rollout);
        let evidence = &work.stored.evidence;
        let digest = evidence.becomes(&work.target).digest;
        let mut last = String::new();
        loop {
            let session = match self.session_for(work, Need::VerifyRollout).await? {
                Ok(session) => session,
                Err(outcome) => return Ok(outcome),
            };
            let namespace = match self.open_namespace(work, &session).await {
                Ok(namespace) => namespace,
                Err(failure) => {
                    log(work, &failure);
                    return Ok(work.after_failure(&failure, times.follow));
                }
            };
            let renew_at = Instant::now() + RENEW;
            while Instant::now() < renew_at {
                let rollout = namespace.rollout(evidence.service.as_str(), &digest).await;
                tracing::debug!(step = %work.lease.step, at = "read.called");
                match rollout {
                    Ok(Rollout::Done { pods }) => {
                        return Ok(Outcome::succeeded(format!(
                            "All {pods} pods run {digest} and are ready."
                        )));
                    }
                    Ok(Rollout::Stuck(why)) => return Ok(Outcome::failed(why)),
                    Ok(Rollout::Underway(words)) if words != last => {
                        let mut conn = self.pool().acquire().await?;
                        let note = Some(words.as_str());
                        held(
                            rows::claims::save(&mut conn, &work.lease, &work.progress, note)
                                .await?,
                        )?;
                        last = words;
                    }
                    Ok(Rollout::Underway(_)) => {}
                    Err(failure) => {
                        log(work, &failure);
                        return Ok(work.after_failure(&failure, times.follow));
                    }
                }
                if Instant::now() >= deadline {
                    return Ok(Outcome::failed(format!(
                        "The rollout was not done within {} s: {last}.",
                        times.rollout.as_secs()
                    )));
                }
                let change = work.stored.change.id;
                if rows::claims::cancel_requested(self.pool(), change).await? {
                    return Ok(Outcome::Cancelled {
                        note: format!("Not verified, since the change was cancelled: {last}."),
                        begun: true,
                    });
                }
                tokio::select! {
                    () = work.stop.cancelled() => return Ok(Outcome::Released),
                    () = sleep(times.follow) => {}
                }
            }
        }
    }

    async fn open_namespace(
        &self,
        work: &Work,
        session: &AwsSession,
    ) -> Result<Namespace, Failure> {
        let outside = self.outside();
        let cluster = outside
            .clusters
            .describe(session, &work.target.cluster)
            .await?;
        outside
            .workloads
            .open(session, &cluster, &work.target.namespace)
    }
}
