//! What the outside says now of a parked step: read at the moment somebody asks, with a limit on how long and how many
//! at once. Nothing is changed by it. What cannot be learned is an answer, too, and says why.

use std::time::Duration;

use domain::{Caller, Target, canonical, run};
use jiff::Timestamp;
use serde::Serialize;
use tokio::{sync::Semaphore, time::timeout};

use super::{Parked, looked};
use crate::{
    Control, Result,
    changes::rows::Stored,
    outside::{
        Failure,
        aws::{Errand, Need},
        failure::presentable,
        jenkins::{Item, Place},
        kubernetes::{Rollout, other},
    },
    runs::session::{assumed_event, record, refused_event},
};

/// How long an answer is waited for.
pub(super) const LIMIT: Duration = Duration::from_secs(6);
/// So many people look at once; the next are told to come back.
static LOOKING: Semaphore = Semaphore::const_new(8);

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Look {
    /// What was asked: "Jenkins", "The cluster shop-dev in eu-west-1".
    pub what: String,
    /// What it said, in words, or why it is not known.
    pub says: std::result::Result<String, String>,
    /// A page outside, for people.
    pub link: Option<String>,
    /// AWS's id of the call that gave the session.
    pub request_id: Option<String>,
    pub at: Timestamp,
}

/// What is parked is about a share of the replicas, which stands beside what ran before.
fn of_share(stored: &Stored, parked: &Parked) -> bool {
    usize::try_from(parked.position)
        .is_ok_and(|position| run::is_of_share(&stored.evidence, position))
}

impl Control {
    pub(super) async fn look(
        &self,
        caller: &Caller,
        stored: &Stored,
        parked: &Parked,
    ) -> Result<Vec<Look>> {
        let target = stored
            .evidence
            .targets
            .iter()
            .find(|target| target.region == parked.region);
        let intact = canonical::sha256(&stored.evidence_text) == stored.change.evidence_digest.0;
        let Some(target) = target.filter(|_| intact) else {
            return Ok(vec![self.unlooked(
                "The outside",
                "The stored evidence is not what was approved, so nothing is asked with it.",
            )]);
        };
        let Ok(_turn) = LOOKING.try_acquire() else {
            return Ok(vec![self.unlooked(
                "The outside",
                "Several people look at this moment. Load the page again in a few seconds.",
            )]);
        };
        let cluster = format!("Cluster {} in {}", target.cluster, target.region);
        let (jenkins, cluster_says) = tokio::join!(
            timeout(LIMIT, self.look_at_jenkins(stored, parked)),
            timeout(LIMIT, self.look_at_cluster(caller, stored, parked, target)),
        );
        let late = format!("no answer within {} s", LIMIT.as_secs());
        let jenkins = jenkins.unwrap_or_else(|_| self.unlooked("Jenkins", &late));
        let cluster_says = match cluster_says {
            Ok(look) => look?,
            Err(_) => self.unlooked(&cluster, &late),
        };
        let looks = vec![jenkins, cluster_says];
        self.record(caller, looked(stored.change.id, parked, &looks))
            .await?;
        Ok(looks)
    }

    fn unlooked(&self, what: &str, why: &str) -> Look {
        Look {
            what: what.to_owned(),
            says: Err(why.to_owned()),
            link: None,
            request_id: None,
            at: self.now(),
        }
    }

    async fn look_at_jenkins(&self, stored: &Stored, parked: &Parked) -> Look {
        let job = &stored.evidence.pipeline;
        let (says, build) = match self.find_build(stored, parked).await {
            Ok(now) => (Ok(presentable(now.words)), now.number),
            Err(failure) => {
                tracing::warn!(step = %parked.step, raw = ?failure.raw, "{failure}");
                (Err(failure.words), parked.build)
            }
        };
        Look {
            what: format!("Jenkins job {job}"),
            says,
            link: build.map(|number| self.outside().pipelines.build_url(job, number)),
            request_id: None,
            at: self.now(),
        }
    }

    /// What Jenkins says of the build that carries our mark.
    pub(super) async fn find_build(
        &self,
        stored: &Stored,
        parked: &Parked,
    ) -> Result<Now, Failure> {
        let job = &stored.evidence.pipeline;
        let pipelines = &self.outside().pipelines;
        let mut number = parked.build;
        if number.is_none() {
            let Some(mark) = &parked.mark else {
                return Ok(Now::over("No build was ever asked for.", None));
            };
            let search = pipelines.find(job, mark, stored.created_at).await?;
            match search.found.as_slice() {
                [] if search.complete => {
                    return Ok(Now::over(
                        format!("It has no build with the mark {mark}, neither waiting nor made."),
                        None,
                    ));
                }
                [] => {
                    return Ok(Now::unclear(format!(
                        "Among the latest builds none has the mark {mark}; older ones are not listed."
                    )));
                }
                [Place::Build(found)] => number = Some(*found),
                [Place::Queue(item)] => {
                    return Ok(match pipelines.item(*item).await? {
                        Item::Waiting(why) => Now::going(
                            format!("Our build waits as queue item {item}: {why}."),
                            None,
                        ),
                        Item::Started(number) => {
                            Now::going(format!("Build {number} has just begun."), Some(number))
                        }
                        Item::Cancelled => Now::over(
                            format!("Queue item {item} was taken out of the queue."),
                            None,
                        ),
                        Item::Gone => {
                            Now::unclear(format!("Queue item {item} has left the queue."))
                        }
                    });
                }
                many => {
                    return Ok(Now::unclear(format!(
                        "{} builds carry the mark {mark}: {many:?}.",
                        many.len()
                    )));
                }
            }
        }
        let Some(number) = number else {
            return Ok(Now::over("No build was ever asked for.", None));
        };
        let build = pipelines.build(job, number).await?;
        Ok(match build.ended {
            None => Now::going(format!("Build {number} runs at this moment."), Some(number)),
            Some(result) => Now::over(format!("Build {number} {}.", result.words()), Some(number)),
        })
    }

    /// What runs in the cluster, seen with the asking person's own rights.
    async fn look_at_cluster(
        &self,
        caller: &Caller,
        stored: &Stored,
        parked: &Parked,
        target: &Target,
    ) -> Result<Look> {
        let what = format!("Cluster {} in {}", target.cluster, target.region);
        let need = Need::VerifyRollout;
        let assumed = self
            .outside()
            .roles
            .assume(Errand {
                person: &caller.person,
                change: stored.change.id,
                step: parked.step,
                evidence: &stored.evidence,
                digest: stored.change.evidence_digest,
                target,
                stepped_up: caller.is_stepped_up(self.now()),
                need,
            })
            .await;
        let session = match assumed {
            Ok(session) => session,
            Err(failure) => {
                let subject = domain::SubjectRef::new("step", parked.step);
                let event = refused_event(subject, need, &failure).of_change(stored.change.id);
                self.record(caller, event).await?;
                let mut look = self.unlooked(&what, &failure.words);
                look.request_id = failure.request_id;
                return Ok(look);
            }
        };
        // Written down before it is used, as for every session.
        let mut tx = self.begin(caller).await?;
        record(&mut tx, session.record()).await?;
        let event = assumed_event(session.record()).of_change(stored.change.id);
        tx.commit(event, vec![]).await?;
        let (outside, evidence) = (self.outside(), &stored.evidence);
        let says = async {
            let cluster = outside.clusters.describe(&session, &target.cluster).await?;
            let namespace = outside
                .workloads
                .open(&session, &cluster, &target.namespace)?;
            let (service, digest) = (evidence.service.as_str(), evidence.becomes(target).digest);
            match evidence.share().filter(|_| of_share(stored, parked)) {
                Some(share) => {
                    let ran_other = crate::runs::canary::ran_other(target, &digest);
                    namespace.canary(service, &digest, share, ran_other).await
                }
                None => namespace.rollout(service, &digest).await,
            }
        };
        let says = match says.await {
            Ok(Rollout::Done { pods }) if of_share(stored, parked) => Ok(format!(
                "The canary stands: {pods} pods of it run the approved image and are ready."
            )),
            Ok(Rollout::Done { pods }) => Ok(format!(
                "All {pods} pods of {} run the approved image and are ready.",
                evidence.service
            )),
            Ok(Rollout::Underway(words)) => Ok(format!("A rollout is under way: {words}.")),
            Ok(Rollout::Stuck(words)) => Ok(words),
            Ok(Rollout::Other { image }) => Ok(other(stored.evidence.service.as_str(), &image)),
            Err(failure) => {
                tracing::warn!(step = %parked.step, raw = ?failure.raw, "{failure}");
                Err(failure.words)
            }
        };
        Ok(Look {
            what,
            says: says.map(presentable),
            link: None,
            request_id: session.record().request_id.clone(),
            at: self.now(),
        })
    }
}

/// What Jenkins says of a build.
pub(super) struct Now {
    pub(super) words: String,
    /// Its number, if it has one.
    number: Option<u64>,
    /// Whether it runs, or waits to. None: nobody can tell.
    pub(super) going: Option<bool>,
}

impl Now {
    fn new(going: Option<bool>, words: impl Into<String>, number: Option<u64>) -> Self {
        let words = words.into();
        Self {
            words,
            number,
            going,
        }
    }
    fn over(words: impl Into<String>, number: Option<u64>) -> Self {
        Self::new(Some(false), words, number)
    }
    fn going(words: impl Into<String>, number: Option<u64>) -> Self {
        Self::new(Some(true), words, number)
    }
    fn unclear(words: impl Into<String>) -> Self {
        Self::new(None, words, None)
    }
}
