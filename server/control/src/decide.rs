//! Asking policy, and recording every no.

use domain::{
    Caller, ChangeId, Event, EventKind, Refusal, RefusalCode, SubjectRef,
    policy::{Action, Allowed, Read, Resource, Subject},
};
use serde_json::json;

use crate::{ChangeTx, Control, Error, Result};

impl Control {
    /// Decides; a refusal is an audit event before it is an answer.
    pub(crate) async fn allow<A: Action, S: Subject>(
        &self,
        caller: &Caller,
        action: A,
        subject: S,
    ) -> Result<Allowed<A, S>> {
        let resource = subject.resource();
        match self.policies().decide(caller, action, subject, self.now()) {
            Ok(allowed) => Ok(allowed),
            Err(refusal) => {
                self.record(caller, denied::<A>(&resource, &refusal))
                    .await?;
                Err(refusal.into())
            }
        }
    }

    /// The same inside a transaction that has written nothing yet: a refusal is committed with it. A second
    /// connection is never taken while one is held, or a crowd of callers would wait for each other.
    pub(crate) async fn allow_in<A: Action, S: Subject>(
        &self,
        tx: ChangeTx,
        caller: &Caller,
        action: A,
        subject: S,
    ) -> Result<(ChangeTx, Allowed<A, S>)> {
        let resource = subject.resource();
        match self.policies().decide(caller, action, subject, self.now()) {
            Ok(allowed) => Ok((tx, allowed)),
            Err(refusal) => {
                tx.commit(denied::<A>(&resource, &refusal), vec![]).await?;
                Err(refusal.into())
            }
        }
    }

    /// The same, where what follows needs the yes but not the subject.
    pub(crate) async fn permit<A: Action, S: Subject>(
        &self,
        caller: &Caller,
        action: A,
        subject: S,
    ) -> Result<()> {
        self.allow(caller, action, subject).await.map(|_allowed| ())
    }

    /// Whether the caller may know of this. If not, the answer is the one for a thing that does not
    /// exist; only a token's missing scope says what is missing.
    pub(crate) async fn allow_read<S: Subject>(
        &self,
        caller: &Caller,
        subject: S,
        what: &str,
    ) -> Result<S> {
        match self.allow(caller, Read, subject).await {
            Ok(allowed) => Ok(allowed.into_subject()),
            Err(Error::Refused(refusal)) if refusal.code != RefusalCode::ScopeMissing => {
                Err(Refusal::not_found(what).into())
            }
            Err(error) => Err(error),
        }
    }
}

fn denied<A: Action>(resource: &Resource, refusal: &Refusal) -> Event {
    let about = SubjectRef::new(&resource.kind.to_lowercase(), &resource.id);
    let data = json!({"action": A::NAME, "code": refusal.code, "detail": refusal.detail});
    let event = Event::denied(EventKind::ActionDenied, about, refusal).with(data);
    // Told with the change it was about.
    match resource.id.parse::<ChangeId>() {
        Ok(change) if resource.kind == "Change" => event.of_change(change),
        _ => event,
    }
}
