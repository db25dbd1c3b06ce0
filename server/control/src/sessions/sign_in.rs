//! The end of a sign-in: the person is known, their session becomes theirs.

use std::collections::BTreeSet;

use domain::{
    Authentication, Caller, CallerKind, Event, EventKind, JobRole, Login, Person, PersonId,
    Refusal, RefusalCode, RequestId, SubjectRef, TeamName,
};
use serde_json::json;

use super::{Hash, rows};
use crate::{Actor, Control, Result, new_id};

/// What the identity provider asserted and the portal verified.
#[derive(Clone, Debug)]
pub struct SignIn {
    pub issuer: String,
    /// With the issuer, who the person is. Never blank.
    pub subject: String,
    pub login: Login,
    pub name: String,
    pub email: Option<String>,
    pub job_roles: BTreeSet<JobRole>,
    pub teams: BTreeSet<TeamName>,
    pub authentication: Authentication,
    /// The provider's own session, for back-channel logout.
    pub idp_sid: Option<String>,
    /// The ID token, sealed with the session's secret; nothing the database could reveal.
    pub id_token: Option<String>,
    /// The session to bind: made after the answer was verified, so nobody can have planted it.
    pub session: Hash,
    pub request_id: RequestId,
    pub ip: Option<String>,
    /// What the browser calls itself; shown to the person, believed by nobody.
    pub user_agent: Option<String>,
    /// Who was asked for a fresh second factor.
    pub step_up_of: Option<PersonId>,
}

impl Control {
    /// Binds the session and records it. A refusal is recorded too.
    pub async fn sign_in(&self, new: SignIn) -> Result<Caller> {
        match self.bind(&new).await? {
            Ok(caller) => Ok(caller),
            Err(refusal) => {
                self.sign_in_refused(new.request_id, new.ip, &refusal, Some(&new.subject))
                    .await?;
                Err(refusal.into())
            }
        }
    }

    /// Records a sign-in that was not accepted.
    pub async fn sign_in_refused(
        &self,
        request_id: RequestId,
        ip: Option<String>,
        refusal: &Refusal,
        subject: Option<&str>,
    ) -> Result<()> {
        let about = SubjectRef::new("person", subject.unwrap_or("unknown"));
        let event = Event::denied(EventKind::SignInRefused, about, refusal);
        self.record(Actor::Anonymous { request_id, ip }, event)
            .await
    }

    async fn bind(&self, new: &SignIn) -> Result<Result<Caller, Refusal>> {
        if new.subject.trim().is_empty() {
            return Ok(Err(refused(
                "The identity provider did not say who you are.",
            )));
        }
        let known = rows::identity(self.pool(), &new.issuer, &new.subject).await?;
        if let Err(refusal) = self.acceptable(new, known.as_ref()) {
            return Ok(Err(refusal));
        }
        let person = Person {
            id: known.map_or_else(new_id, |known| known.id),
            login: new.login.clone(),
            name: new.name.clone(),
            job_roles: new.job_roles.clone(),
            teams: new.teams.clone(),
        };
        let Some(session) = rows::unbound(self.pool(), new.session).await? else {
            return Ok(Err(refused(
                "Your session ended while you signed in. Try again.",
            )));
        };
        let caller = Caller {
            person,
            kind: CallerKind::Person {
                session,
                authentication: new.authentication.clone(),
            },
            request_id: new.request_id,
            ip: new.ip.clone(),
        };
        let mut tx = self.begin(&caller).await?;
        match rows::upsert_person(&mut tx, new, &caller.person).await? {
            rows::Upserted::Done => {}
            rows::Upserted::LoginTaken => {
                return Ok(Err(refused(format!(
                    "The sign-in name '{}' is already somebody else's. An administrator has to disable that person first.",
                    new.login
                ))));
            }
            rows::Upserted::Raced => {
                return Ok(Err(refused(
                    "You signed in twice at the same moment. Try again.",
                )));
            }
        }
        rows::bind(&mut tx, new, caller.person.id).await?;
        let kind = if new.step_up_of.is_some() {
            EventKind::SteppedUp
        } else {
            EventKind::SignedIn
        };
        let event = Event::new(kind, SubjectRef::new("session", session)).with(json!({
            "issuer": new.issuer, "subject": new.subject, "mfa": new.authentication.mfa,
            "auth_time": new.authentication.auth_time,
            "job_roles": caller.person.job_roles, "teams": caller.person.teams,
        }));
        tx.commit(event, vec![]).await?;
        Ok(Ok(caller))
    }

    fn acceptable(&self, new: &SignIn, known: Option<&rows::Known>) -> Result<(), Refusal> {
        if known.is_some_and(|known| known.disabled) {
            return Err(refused(
                "This account is disabled at the portal. Ask an administrator.",
            ));
        }
        let Some(asked) = new.step_up_of else {
            return Ok(());
        };
        if known.is_none_or(|known| known.id != asked) {
            return Err(refused(
                "Somebody else confirmed than the person who was asked. Sign in again.",
            ));
        }
        if !new.authentication.is_stepped_up(self.now()) {
            return Err(Refusal::new(
                RefusalCode::StepUpRequired,
                "The identity provider did not confirm a fresh sign-in with a second factor. Try again, and tell an administrator if it stays.",
            ));
        }
        Ok(())
    }
}

fn refused(detail: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::SignInRefused, detail)
}
