//! Tickets: a pipeline's one-time right to the narrowed AWS session of its step. Pipelines hold no AWS rights of their own.

pub(crate) mod rows;

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    Caller, CallerKind, Event, EventKind, Outcome, Refusal, RefusalCode, RequestId, StepId,
    SubjectRef, TicketId,
};
use jiff::Timestamp;
use rand::Rng as _;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    Actor, ChangeTx, Control, Result, new_id,
    outside::aws::{Errand, Need},
    people,
    runs::session::{assumed_event, record, refused_event},
};

/// So that a leaked one is recognised for what it is.
const PREFIX: &str = "ptk_";

/// What a pipeline gets for its ticket, in the form of `credential_process`.
#[derive(Clone, Debug)]
pub struct PipelineCredentials {
    /// Always 1.
    pub version: u8,
    pub access_key_id: String,
    pub secret_access_key: SecretString,
    pub session_token: SecretString,
    pub expiration: Timestamp,
}

/// The names that the AWS SDKs read. The secrets are written out: this is the one answer they are meant for.
impl Serialize for PipelineCredentials {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let mut out = serializer.serialize_struct("PipelineCredentials", 5)?;
        out.serialize_field("Version", &self.version)?;
        out.serialize_field("AccessKeyId", &self.access_key_id)?;
        out.serialize_field("SecretAccessKey", self.secret_access_key.expose_secret())?;
        out.serialize_field("SessionToken", self.session_token.expose_secret())?;
        out.serialize_field("Expiration", &self.expiration)?;
        out.end()
    }
}

/// Makes a step's ticket; an earlier one of the step is void from here on. The secret is nowhere but in the answer.
pub(crate) async fn issue(
    tx: &mut ChangeTx,
    step: StepId,
    lasts: Duration,
) -> Result<(SecretString, Event)> {
    let secret = format!(
        "{PREFIX}{}",
        URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 32]>())
    );
    let id: TicketId = new_id();
    let replaced = rows::revoke_of_step(tx, step).await?;
    let expires_at = rows::insert(tx, id, step, hash(&secret), lasts).await?;
    let event = Event::new(EventKind::TicketIssued, SubjectRef::new("ticket", id))
        .with(json!({"step": step, "expires_at": expires_at, "replaced": replaced}));
    Ok((secret.into(), event))
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// The one refusal there is: it does not say what was wrong with the ticket.
fn refusal() -> Refusal {
    Refusal::new(
        RefusalCode::TicketRefused,
        "This ticket is not valid. A ticket is good once, for the run it was made for, while that run goes on.",
    )
}

impl Control {
    /// Gives the session of the ticket's step for the ticket, once. The ticket is spent before AWS is asked.
    ///
    /// # Errors
    /// Refused with one wording for every ticket that is not good; with the reason when AWS gave no session,
    /// in which case the ticket stays spent.
    pub async fn redeem(
        &self,
        secret: SecretString,
        request_id: RequestId,
        ip: Option<String>,
    ) -> Result<PipelineCredentials> {
        let anonymous = Actor::Anonymous {
            request_id,
            ip: ip.clone(),
        };
        let mut tx = self.begin(anonymous.clone()).await?;
        let found = rows::by_hash(&mut tx, hash(secret.expose_secret())).await?;
        let good = match &found {
            None => Err("unknown"),
            Some(ticket) => ticket.fitness(),
        };
        let person = match &found {
            Some(ticket) => people::rows::active(tx.conn(), ticket.requester).await?,
            None => None,
        };
        let (ticket, person) = match (good, found, person) {
            (Ok(()), Some(ticket), Some(person)) => (ticket, person),
            (good, found, _) => {
                let why = good.err().unwrap_or("requester without access");
                drop(tx);
                return self.refuse(anonymous, found.as_ref(), why).await;
            }
        };
        if !rows::mark_redeemed(&mut tx, ticket.id).await? {
            drop(tx);
            return self.refuse(anonymous, Some(&ticket), "redeemed").await;
        }
        let event = Event::new(
            EventKind::TicketRedeemed,
            SubjectRef::new("ticket", ticket.id),
        )
        .of_change(ticket.change)
        .with(json!({"step": ticket.step}));
        tx.commit(event, vec![]).await?;
        tracing::debug!(step = %ticket.step, at = "ticket.redeemed");

        let caller = Caller {
            person,
            kind: CallerKind::Job {
                step: Some(ticket.step),
            },
            request_id,
            ip,
        };
        self.session_for_ticket(&caller, &ticket).await
    }

    async fn session_for_ticket(
        &self,
        caller: &Caller,
        ticket: &rows::Ticket,
    ) -> Result<PipelineCredentials> {
        let assumed = self
            .outside()
            .roles
            .assume(Errand {
                person: &caller.person,
                change: ticket.change,
                step: ticket.step,
                evidence: &ticket.evidence,
                digest: ticket.digest,
                target: &ticket.target,
                stepped_up: ticket.stepped_up,
                need: Need::Pipeline,
            })
            .await;
        match assumed {
            Ok(session) => {
                let mut tx = self.begin(caller).await?;
                // Whoever was disabled while AWS was asked gets nothing of it.
                let stands = people::rows::hold_active(&mut tx, caller.person.id).await?;
                record(&mut tx, session.record()).await?;
                let event = assumed_event(session.record()).of_change(ticket.change);
                tx.commit(event, vec![]).await?;
                if !stands {
                    let actor = Actor::from(caller);
                    let why = "requester without access";
                    return self.refuse(actor, Some(ticket), why).await;
                }
                let (access_key_id, secret_access_key, session_token) = session.reveal();
                Ok(PipelineCredentials {
                    version: 1,
                    access_key_id,
                    secret_access_key,
                    session_token,
                    expiration: session.record().expires_at,
                })
            }
            Err(failure) => {
                let subject = SubjectRef::new("ticket", ticket.id);
                let event =
                    refused_event(subject, Need::Pipeline, &failure).of_change(ticket.change);
                self.record(caller, event).await?;
                Err(Refusal::new(
                    RefusalCode::Outside,
                    format!("The ticket is spent, but AWS gave no session for it: {failure}"),
                )
                .into())
            }
        }
    }

    async fn refuse<T>(&self, actor: Actor, ticket: Option<&rows::Ticket>, why: &str) -> Result<T> {
        let id = ticket.map_or_else(|| "unknown".to_owned(), |ticket| ticket.id.to_string());
        let mut event = Event::new(EventKind::TicketRefused, SubjectRef::new("ticket", id))
            .outcome(Outcome::Denied)
            .with(json!({"why": why, "step": ticket.map(|t| t.step)}));
        event.change = ticket.map(|ticket| ticket.change);
        self.record(actor, event).await?;
        Err(refusal().into())
    }
}
