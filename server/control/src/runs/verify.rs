//! The proof of a deployment: every pod runs the approved digest, as the Kubernetes API reports it, and no canary is left.
//! The proof of a canary is the same of its own pods ([`canary`](super::canary)).

use std::time::Duration;

use domain::{ImageDigest, StepKind};
use tokio::time::{Instant, sleep};

use super::{
    canary,
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
        kubernetes::{Namespace, Rollout, other},
    },
};

/// A session lasts fifteen minutes and is replaced after these, by the monotonic clock: a clock that jumps neither
/// ends nor prolongs it.
const RENEW: Duration = Duration::from_mins(13);

/// What the cluster says of what this step has to prove.
async fn look(
    work: &Work,
    namespace: &Namespace,
    digest: &ImageDigest,
) -> Result<Result<Rollout, Failure>, Halt> {
    let service = work.stored.evidence.service.as_str();
    Ok(match canary::share(work)? {
        Some(share) => {
            let ran_other = canary::ran_other(&work.target, digest);
            namespace.canary(service, digest, share, ran_other).await
        }
        None => namespace.rollout(service, digest).await,
    })
}

fn proven(work: &Work, pods: usize, digest: &ImageDigest) -> String {
    match canary::parameter(work) {
        None => format!("All {pods} pods run {digest} and are ready."),
        Some(share) => {
            let of = format!("asked for {share} % of the replicas, rounded up");
            let stands = match pods {
                1 => format!("The canary stands: 1 pod ({of}) runs {digest} and is ready."),
                _ => format!("The canary stands: {pods} pods ({of}) run {digest} and are ready."),
            };
            match work.target.current {
                Some(_) => stands,
                // It may be the same image, beside which a canary shows nothing.
                None => format!("{stands} What the others run was not known before."),
            }
        }
    }
}

impl Control {
    pub(super) async fn verify_rollout(&self, work: &Work) -> Result<Outcome, Halt> {
        let times = &self.settings().times;
        let deadline = Instant::now() + work.left_of(times.rollout);
        let digest = work.stored.evidence.becomes(&work.target).digest;
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
                let rollout = look(work, &namespace, &digest).await?;
                tracing::debug!(step = %work.lease.step, at = "read.called");
                match rollout {
                    Ok(Rollout::Done { pods }) => {
                        return Ok(Outcome::succeeded(proven(work, pods, &digest)));
                    }
                    Ok(Rollout::Stuck(why)) => return Ok(Outcome::failed(why)),
                    Ok(Rollout::Other { image }) => {
                        return Ok(Outcome::failed(self.not_ours(work, &image).await?));
                    }
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

    /// Why the cluster asks for another image, as far as the portal knows: nobody is accused of what the pipeline
    /// has just not done.
    async fn not_ours(&self, work: &Work, image: &str) -> Result<String, Halt> {
        let (evidence, target) = (&work.stored.evidence, &work.target);
        let starts = work.kind.build_of().unwrap_or(StepKind::TriggerPipeline);
        let began =
            rows::intents::build_began(self.pool(), work.run, &target.region, starts).await?;
        let asked = image.rsplit_once('@').map_or("", |(_, digest)| digest);
        let before = target.current.as_ref();
        let still = before.is_none_or(|running| running.digest.as_str() == asked);
        let service = work.stored.service_id;
        let known = rows::ends::version_of(self.pool(), service, asked).await?;
        let runs = known.as_deref().unwrap_or(image);
        let wanted = evidence.becomes(target).version;
        Ok(match (began, still) {
            (false, true) => format!(
                "The pipeline ended well but never took its credentials, and the cluster still runs {runs}: it deployed nothing."
            ),
            (false, false) => format!(
                "The pipeline ended well but never took its credentials, so it deployed nothing. {} It is {runs}, which is not what ran before either: something else has changed it.",
                other(evidence.service.as_str(), image)
            ),
            (true, true) => format!(
                "The pipeline took its credentials and ended well, but the cluster still runs {runs} and was not asked for {wanted}. {}",
                other(evidence.service.as_str(), image)
            ),
            (true, false) => format!(
                "{} It is {runs}, which is not what ran before either: the pipeline set it, or something else has changed it since.",
                other(evidence.service.as_str(), image)
            ),
        })
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
