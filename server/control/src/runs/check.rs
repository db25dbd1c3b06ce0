//! The reads before anything is changed: is the cluster there, is the image there. Repeated freely.

use super::{
    engine::{Outcome, Work},
    lease::Halt,
};
use crate::{Control, outside::aws::Need};

/// States of a cluster that pass by themselves.
const PASSING: [&str; 3] = ["CREATING", "PENDING", "UPDATING"];

impl Control {
    pub(super) async fn check_cluster(&self, work: &Work) -> Result<Outcome, Halt> {
        let session = match self.session_for(work, Need::CheckCluster).await? {
            Ok(session) => session,
            Err(outcome) => return Ok(outcome),
        };
        let pause = self.settings().times.follow;
        let target = &work.target;
        let described = self
            .outside()
            .clusters
            .describe(&session, &target.cluster)
            .await;
        tracing::debug!(step = %work.lease.step, at = "read.called");
        Ok(match described {
            Ok(cluster) if cluster.is_active() => Outcome::succeeded(format!(
                "{} is ACTIVE, Kubernetes {}.",
                cluster.name, cluster.version
            )),
            Ok(cluster) => {
                let why = format!(
                    "The EKS cluster {} in {} is {}, not ACTIVE.",
                    cluster.name, target.region, cluster.status
                );
                if PASSING.contains(&cluster.status.as_str()) && work.tries_left() {
                    let after = super::engine::backoff(pause, work.attempts);
                    Outcome::Again { why, after }
                } else {
                    Outcome::failed(why)
                }
            }
            Err(failure) => {
                log(work, &failure);
                work.after_failure(&failure, pause)
            }
        })
    }

    pub(super) async fn check_image(&self, work: &Work) -> Result<Outcome, Halt> {
        let session = match self.session_for(work, Need::CheckImage).await? {
            Ok(session) => session,
            Err(outcome) => return Ok(outcome),
        };
        let (evidence, target) = (&work.stored.evidence, &work.target);
        let digest = evidence.becomes(target).digest;
        let found = self
            .outside()
            .images
            .find(&session, &evidence.repository, &digest)
            .await;
        tracing::debug!(step = %work.lease.step, at = "read.called");
        Ok(match found {
            Ok(Some(_)) => Outcome::succeeded(format!(
                "{} of {} is in the registry.",
                digest, evidence.repository
            )),
            Ok(None) => Outcome::failed(format!(
                "The image {} of {} is not in the registry of {} (account {}). It has to be replicated there first.",
                digest, evidence.repository, target.region, target.account
            )),
            Err(failure) => {
                log(work, &failure);
                work.after_failure(&failure, self.settings().times.follow)
            }
        })
    }
}

/// What was really answered, for whoever runs the portal.
pub(super) fn log(work: &Work, failure: &crate::outside::Failure) {
    tracing::warn!(
        step = %work.lease.step,
        kind = %work.kind,
        call = %failure.call,
        why = ?failure.kind,
        request_id = ?failure.request_id,
        raw = ?failure.raw,
        "{failure}"
    );
}
