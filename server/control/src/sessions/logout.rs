//! Ending sessions: one's own, all of one's own, and those the identity provider ends.

use domain::{
    Caller, CallerKind, Event, EventKind, Refusal, RefusalCode, RequestId, SessionId, SubjectRef,
};
use jiff::Timestamp;
use serde_json::json;

use super::{Hash, rows};
use crate::{Actor, Control, Result};

/// What is left of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignedOut {
    /// The sealed ID token, to tell the identity provider whose session ends.
    pub id_token: Option<String>,
}

/// A logout token of the identity provider, verified.
#[derive(Clone, Debug)]
pub struct BackchannelLogout {
    pub issuer: String,
    pub jti: String,
    pub sid: Option<String>,
    pub subject: Option<String>,
    /// Until when its `jti` is remembered.
    pub expires_at: Timestamp,
    pub request_id: RequestId,
    pub ip: Option<String>,
}

impl Control {
    /// Ends the session of this browser.
    pub async fn sign_out(&self, caller: &Caller, session: Hash) -> Result<SignedOut> {
        let CallerKind::Person { session: id, .. } = &caller.kind else {
            return Err(Refusal::new(
                RefusalCode::Forbidden,
                "A token has no session to end; revoke it instead.",
            )
            .into());
        };
        let mut tx = self.begin(caller).await?;
        let id_token = rows::delete(&mut tx, session).await?;
        let event = Event::new(EventKind::SignedOut, SubjectRef::new("session", id));
        tx.commit(event, vec![]).await?;
        Ok(SignedOut { id_token })
    }

    /// Ends one session of the caller's own, in whatever browser it is.
    pub async fn end_session(&self, caller: &Caller, session: SessionId) -> Result<()> {
        let CallerKind::Person { session: own, .. } = &caller.kind else {
            return Err(Refusal::new(
                RefusalCode::Forbidden,
                "Sessions are ended by people, in a browser.",
            )
            .into());
        };
        let mut tx = self.begin(caller).await?;
        if !rows::delete_one_of_person(&mut tx, caller.person.id, session).await? {
            return Err(Refusal::not_found("session with this id").into());
        }
        let event = Event::new(EventKind::SignedOut, SubjectRef::new("session", session))
            .with(json!({"ended_from": own}));
        tx.commit(event, vec![]).await
    }

    /// Ends every session of the caller. API tokens stay: they are revoked one by one.
    pub async fn sign_out_everywhere(&self, caller: &Caller, session: Hash) -> Result<SignedOut> {
        let mut tx = self.begin(caller).await?;
        let id_token = rows::delete(&mut tx, session).await?;
        let others = rows::delete_of_person(&mut tx, caller.person.id).await?;
        let ended = others + u64::from(matches!(caller.kind, CallerKind::Person { .. }));
        let event = Event::new(
            EventKind::SignedOutEverywhere,
            SubjectRef::new("person", caller.person.id),
        )
        .with(json!({"sessions": ended}));
        tx.commit(event, vec![]).await?;
        Ok(SignedOut { id_token })
    }

    /// Ends what the identity provider says has ended. Each logout token counts once.
    pub async fn backchannel_logout(&self, logout: BackchannelLogout) -> Result<u64> {
        let actor = Actor::Anonymous {
            request_id: logout.request_id,
            ip: logout.ip.clone(),
        };
        let mut tx = self.begin(actor).await?;
        if !rows::use_logout_token(&mut tx, &logout).await? {
            drop(tx);
            let refusal =
                Refusal::new(RefusalCode::Malformed, "This logout token was used before.");
            self.backchannel_refused(logout.request_id, logout.ip, &refusal)
                .await?;
            return Err(refusal.into());
        }
        let ended = rows::delete_of_idp(&mut tx, &logout).await?;
        let about = logout
            .sid
            .as_deref()
            .or(logout.subject.as_deref())
            .unwrap_or("unknown");
        let event = Event::new(EventKind::BackchannelLogout, SubjectRef::new("session", about))
            .with(json!({"issuer": logout.issuer, "sid": logout.sid, "subject": logout.subject, "sessions": ended}));
        tx.commit(event, vec![]).await?;
        Ok(ended)
    }

    /// Records a logout token that was not accepted.
    pub async fn backchannel_refused(
        &self,
        request_id: RequestId,
        ip: Option<String>,
        refusal: &Refusal,
    ) -> Result<()> {
        let about = SubjectRef::new("session", "unknown");
        let event = Event::denied(EventKind::BackchannelLogoutRefused, about, refusal);
        self.record(Actor::Anonymous { request_id, ip }, event)
            .await
    }
}
