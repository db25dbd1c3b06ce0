//! Starting the pipeline, exactly once.
//!
//! Jenkins has no idempotency key. The order is: commit the intention with a mark and a one-time ticket;
//! ask for the build once; and whenever the outcome is not certain, look for the mark, twice with a pause,
//! before asking again. The second ask carries a new ticket and the old one is void, so that a build of
//! the first ask that turns up late can do nothing.

use domain::{Event, EventKind, Outcome as EventOutcome, SubjectRef, canonical};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{
    canary,
    check::log,
    engine::{Outcome, Work, backoff},
    lease::{Halt, held},
    progress::Progress,
    rows::{
        self,
        intents::{IntentState, build_began, by_token, intend, settle, ticket_spent},
    },
};
use crate::{
    Control, changes,
    outside::{
        Failure,
        jenkins::{MARK, Place, SHARE, TICKET},
    },
    tickets,
};

/// What the intention is called in the audit log.
const CALL: &str = "jenkins:build";

/// The mark of a step: found again outside, the same however often the step is taken up.
pub(super) fn mark(work: &Work) -> String {
    // The logical attempt: counts up only when a person decides that the build is to be made anew.
    let logical_attempt = 1;
    let text = format!("{}/{}/{logical_attempt}", work.run, work.position);
    format!("run-{}", hex::encode(&canonical::sha256(&text)[..16]))
}

fn not_started(work: &Work) -> Outcome {
    Outcome::Cancelled {
        note: "The pipeline was not started: the change was cancelled.".to_owned(),
        begun: !work.first,
    }
}

/// Whether a build may be asked for.
enum Intended {
    Ticket(SecretString),
    Cancelled,
    /// A build of ours has run already, or runs.
    Begun,
    /// There is nobody in whose name it could be; why not.
    Nobody(String),
}

/// Why nothing is asked for again although the build is nowhere to be seen.
fn begun(work: &Work, mark: &str) -> String {
    let job = &work.stored.evidence.pipeline;
    format!(
        "A build of {job} took the credentials of this step, but Jenkins no longer lists it. It may have been deleted, by hand or by a build discarder. It is not started a second time. Look for {MARK}={mark} in Jenkins and at what runs in the cluster."
    )
}

/// What a look around brought.
pub(super) enum Sighted {
    Nowhere,
    Once(Place),
    Undecided(String),
}

impl Control {
    pub(super) async fn trigger_pipeline(&self, work: &mut Work) -> Result<Outcome, Halt> {
        canary::share(work)?;
        let mark = mark(work);
        let intent = by_token(self.pool(), &mark).await?;
        if let Some(intent) = &intent {
            tracing::debug!(step = %work.lease.step, state = ?intent.state, detail = %intent.detail, at = "trigger.found_intent");
            match self.sight(work, &mark, intent.made_at).await? {
                Ok(Sighted::Once(place)) => return self.found(work, &mark, place).await,
                Ok(Sighted::Nowhere) => {}
                Ok(Sighted::Undecided(why)) => return self.unknown(work, &mark, why).await,
                Err(failure) => {
                    log(work, &failure);
                    return self.unclear(work, &mark, &failure).await;
                }
            }
        }
        if work.cancelled {
            return Ok(not_started(work));
        }
        if let Some(why) = self.requester_lost_now(work).await? {
            return Ok(work.without(&why));
        }
        if let Some(outcome) = self.undeclared(work).await {
            return Ok(outcome);
        }
        let ticket = match self.intend_build(work, &mark).await? {
            Intended::Cancelled => return Ok(not_started(work)),
            Intended::Begun => return self.unknown(work, &mark, begun(work, &mark)).await,
            Intended::Nobody(why) => return Ok(work.without(&why)),
            Intended::Ticket(ticket) => ticket,
        };
        tracing::debug!(step = %work.lease.step, at = "trigger.intended");
        // A worker that was frozen here for longer than its lease must not act on it.
        if !work.lease.surely_holds() {
            return Err(Halt::Lost);
        }
        let job = &work.stored.evidence.pipeline;
        let asked = self
            .outside()
            .pipelines
            .trigger(job, &self.parameters(work, &mark), &ticket)
            .await;
        tracing::debug!(step = %work.lease.step, accepted = asked.is_ok(), at = "trigger.called");
        match asked {
            Ok(item) => self.found(work, &mark, Place::Queue(item)).await,
            Err(failure) if failure.is_retriable() => {
                log(work, &failure);
                self.unclear(work, &mark, &failure).await
            }
            Err(failure) => {
                log(work, &failure);
                let detail = json!({"why": failure.words});
                self.settle_intent(work, &mark, IntentState::Refused, &detail)
                    .await?;
                Ok(Outcome::failed(failure.words))
            }
        }
    }

    /// The parameters the job must declare, each of which Jenkins would otherwise drop without a word.
    async fn undeclared(&self, work: &Work) -> Option<Outcome> {
        let job = &work.stored.evidence.pipeline;
        let declared = match self.outside().pipelines.declared(job).await {
            Ok(declared) => declared,
            Err(failure) => {
                log(work, &failure);
                return Some(work.after_failure(&failure, self.settings().times.follow));
            }
        };
        let parameters = self.parameters(work, "");
        let missing: Vec<_> = parameters
            .iter()
            .map(|(name, _)| *name)
            .chain([TICKET])
            .filter(|name| !declared.iter().any(|d| d == name))
            .collect();
        (!missing.is_empty()).then(|| {
            Outcome::failed(format!(
                "The Jenkins job {job} does not declare the parameters {}. Jenkins would drop them without a word, so the job was not started.",
                missing.join(", ")
            ))
        })
    }

    /// A job that brings up no canaries need not know of shares: only a canary's build is told one.
    fn parameters(&self, work: &Work, mark: &str) -> Vec<(&'static str, String)> {
        let (evidence, target) = (&work.stored.evidence, &work.target);
        let url = self.settings().public_url.as_str().trim_end_matches('/');
        let becomes = evidence.becomes(target);
        let mut all = vec![
            (MARK, mark.to_owned()),
            ("PORTOLAN_URL", url.to_owned()),
            ("SERVICE", evidence.service.to_string()),
            ("VERSION", becomes.version.to_string()),
            ("DIGEST", becomes.digest.to_string()),
            ("ENVIRONMENT", evidence.environment.to_string()),
            ("REGION", target.region.to_string()),
            ("CLUSTER", target.cluster.clone()),
            ("NAMESPACE", target.namespace.clone()),
        ];
        let share = canary::parameter(work);
        all.extend(share.map(|share| (SHARE, share)));
        all
    }

    /// Commits the intention and a new ticket.
    async fn intend_build(&self, work: &Work, mark: &str) -> Result<Intended, Halt> {
        let change = work.stored.change.id;
        let mut tx = self.begin(&work.caller).await?;
        let stored = changes::rows::for_update(&mut tx, change).await?;
        if stored.is_none_or(|stored| stored.change.cancel_requested) {
            return Ok(Intended::Cancelled);
        }
        held(rows::claims::fence(tx.conn(), &work.lease).await?)?;
        if ticket_spent(tx.conn(), work.lease.step).await? {
            return Ok(Intended::Begun);
        }
        if let Some(why) = self.requester_lost_for(&mut tx, work).await? {
            return Ok(Intended::Nobody(why));
        }
        let detail = json!({
            "job": work.stored.evidence.pipeline, "region": work.target.region, "share": canary::parameter(work),
        });
        intend(&mut tx, work.lease.step, mark, CALL, &detail).await?;
        let (ticket, issued) =
            tickets::issue(&mut tx, work.lease.step, self.settings().times.ticket).await?;
        changes::rows::touch(&mut tx, change).await?;
        let intended = Event::new(EventKind::CallIntended, SubjectRef::new("step", work.lease.step))
            .of_change(change)
            .with(json!({"call": CALL, "mark": mark, "attempt": work.attempts, "job": work.stored.evidence.pipeline}));
        tx.commit(intended, vec![issued.of_change(change)]).await?;
        Ok(Intended::Ticket(ticket))
    }

    /// The build is there: once, and it is ours.
    async fn found(&self, work: &mut Work, mark: &str, place: Place) -> Result<Outcome, Halt> {
        let job = &work.stored.evidence.pipeline;
        let mut next = Progress {
            mark: mark.to_owned(),
            ..Progress::default()
        };
        let note = match place {
            Place::Queue(item) => {
                next.queue_item = Some(item);
                format!("Jenkins queued {job} as item {item}.")
            }
            Place::Build(number) => {
                next.build = Some(number);
                next.build_url = Some(self.outside().pipelines.build_url(job, number));
                format!("Jenkins runs {job} as build {number}.")
            }
        };
        let detail = json!({"queue_item": next.queue_item, "build": next.build});
        self.settle_intent(work, mark, IntentState::Done, &detail)
            .await?;
        work.progress = next.clone();
        Ok(Outcome::Succeeded { note, next })
    }

    /// Looks around. A build that has taken its credentials was there, so that nowhere is no answer then.
    pub(super) async fn sight(
        &self,
        work: &Work,
        mark: &str,
        since: Timestamp,
    ) -> Result<Result<Sighted, Failure>, Halt> {
        let sighted = self.look_twice(work, mark, since).await;
        if let Ok(Sighted::Nowhere) = sighted
            && let Some(starts) = work.kind.build_of()
            && build_began(self.pool(), work.run, &work.target.region, starts).await?
        {
            return Ok(Ok(Sighted::Undecided(begun(work, mark))));
        }
        Ok(sighted)
    }

    /// Some time apart: a build on its way from the queue is in neither list for a moment.
    async fn look_twice(
        &self,
        work: &Work,
        mark: &str,
        since: Timestamp,
    ) -> Result<Sighted, Failure> {
        let job = &work.stored.evidence.pipeline;
        let pipelines = &self.outside().pipelines;
        let first = pipelines.find(job, mark, since).await?;
        let found = if first.found.is_empty() {
            sleep(self.settings().times.follow * 3).await;
            pipelines.find(job, mark, since).await?
        } else {
            first
        };
        Ok(match found.found.as_slice() {
            [] if found.complete => Sighted::Nowhere,
            [] => Sighted::Undecided(format!(
                "Whether Jenkins started {job} cannot be told: it has made so many builds since that ours could have left the list. Look for {MARK}={mark}."
            )),
            [place] => Sighted::Once(*place),
            _ => Sighted::Undecided(format!(
                "Jenkins has several builds of {job} with {MARK}={mark}. Only one of them can have used the ticket; look which."
            )),
        })
    }

    /// No certain answer: looked for at the next try, or, when there were enough, by a person.
    async fn unclear(&self, work: &Work, mark: &str, failure: &Failure) -> Result<Outcome, Halt> {
        if !failure.is_retriable() || !work.tries_left() {
            let job = &work.stored.evidence.pipeline;
            let why = format!(
                "Whether Jenkins started {job} is not known. {} Look for {MARK}={mark} in Jenkins, then let the portal look again.",
                failure.words
            );
            return self.unknown(work, mark, why).await;
        }
        Ok(Outcome::Again {
            why: format!("{} Looking whether the build was started.", failure.words),
            after: backoff(self.settings().times.follow, work.attempts),
        })
    }

    async fn unknown(&self, work: &Work, mark: &str, why: String) -> Result<Outcome, Halt> {
        let detail = json!({"why": why});
        self.settle_intent(work, mark, IntentState::Unknown, &detail)
            .await?;
        Ok(Outcome::undecided(why))
    }

    pub(super) async fn settle_intent(
        &self,
        work: &Work,
        mark: &str,
        state: IntentState,
        detail: &Value,
    ) -> Result<(), Halt> {
        let change = work.stored.change.id;
        let mut tx = self.begin(&work.caller).await?;
        changes::rows::touch(&mut tx, change).await?;
        held(rows::claims::fence(tx.conn(), &work.lease).await?)?;
        settle(&mut tx, mark, state, detail).await?;
        let (came_to, outcome) = match state {
            IntentState::Done => ("done", EventOutcome::Success),
            IntentState::Refused => ("refused", EventOutcome::Failure),
            IntentState::Unknown | IntentState::Intended => ("unknown", EventOutcome::Failure),
        };
        let event = Event::new(
            EventKind::CallSettled,
            SubjectRef::new("step", work.lease.step),
        )
        .of_change(change)
        .outcome(outcome)
        .with(json!({"mark": mark, "came_to": came_to, "detail": detail}));
        tx.commit(event, vec![]).await?;
        tracing::debug!(step = %work.lease.step, at = "trigger.settled");
        Ok(())
    }
}
