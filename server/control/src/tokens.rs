//! API tokens: shown once, kept as a hash, never stronger than their owner is today.
//!
//! What a token changes is recorded by the event of that change, which names the
//! token as its credential. Reading is recorded once an hour and token
//! (`token.used`), so that an auditor sees that and when it was in use without one
//! event for every page of a list.

pub(crate) mod rows;
mod secret;

use std::collections::BTreeSet;

use domain::{
    Caller, CallerKind, Event, EventKind, PersonId, Refusal, RefusalCode, RequestId, Scope,
    SubjectRef, TokenId,
    policy::{ManageTokens, Read, RevokeToken, TokenSubject},
    writing,
};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::json;

use crate::{Actor, ChangeTx, Control, Error, Result, new_id, people};

/// More than anybody needs; keeps the list of one person short.
const MOST: i64 = 100;
/// A client computes "90 days from now" a moment before we compare.
const SLACK: SignedDuration = SignedDuration::from_mins(1);

/// A token's row: everything but its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenRow {
    pub id: TokenId,
    pub name: String,
    /// The first characters of the secret, to recognise it by.
    pub hint: String,
    pub scopes: BTreeSet<Scope>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// To the minute.
    pub last_used_at: Option<Timestamp>,
}

/// What a person wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    pub name: String,
    pub scopes: BTreeSet<Scope>,
    pub expires_at: Timestamp,
}

impl Control {
    /// Makes a token. Its secret is in this answer and nowhere else.
    pub async fn create_token(
        &self,
        caller: &Caller,
        new: NewToken,
    ) -> Result<(TokenRow, SecretString)> {
        let subject = TokenSubject {
            id: None,
            owner: caller.person.id,
        };
        self.permit(caller, ManageTokens, subject).await?;
        self.acceptable_token(caller, &new)?;
        let (secret, hint) = secret::generate();
        let mut tx = self.begin(caller).await?;
        // Disabled a moment ago: then all tokens have ended, and this one would be left.
        if !people::rows::hold_active(&mut tx, caller.person.id).await? {
            return Err(Refusal::new(RefusalCode::NotSignedIn, "You were disabled.").into());
        }
        let parent = Self::parent(&mut tx, caller, &new).await?;
        if rows::active_count(&mut tx, caller.person.id).await? >= MOST {
            return Err(Refusal::new(
                RefusalCode::Conflict,
                format!("You have {MOST} tokens. Revoke one that is not needed any more."),
            )
            .into());
        }
        let row = TokenRow {
            id: new_id(),
            name: new.name.trim().to_owned(),
            hint,
            scopes: new.scopes,
            created_at: tx.now(),
            expires_at: new.expires_at,
            last_used_at: None,
        };
        let hash = secret::hash(&secret);
        rows::insert(&mut tx, caller.person.id, parent, &row, hash).await?;
        let event = Event::new(EventKind::TokenCreated, SubjectRef::new("token", row.id)).with(json!({
            "name": row.name, "scopes": row.scopes, "expires_at": row.expires_at, "hint": row.hint,
            "parent": parent,
        }));
        tx.commit(event, vec![]).await?;
        Ok((row, secret))
    }

    /// The token that a token is made with, which the new one may not outlive.
    async fn parent(tx: &mut ChangeTx, caller: &Caller, new: &NewToken) -> Result<Option<TokenId>> {
        let CallerKind::Token { token, .. } = &caller.kind else {
            return Ok(None);
        };
        let Some(ends) = rows::hold(tx, *token).await? else {
            let why = "The token you came with was revoked.";
            return Err(Refusal::new(RefusalCode::NotSignedIn, why).into());
        };
        if new.expires_at > ends {
            return Err(Refusal::field(
                "expires_at",
                format!("no later than {ends}, when the token that makes it ends itself"),
            )
            .into());
        }
        Ok(Some(*token))
    }

    fn acceptable_token(&self, caller: &Caller, new: &NewToken) -> Result<(), Refusal> {
        let now = self.now();
        let longest = SignedDuration::try_from(self.settings().times.token_max)
            .unwrap_or(SignedDuration::MAX);
        let latest = now.checked_add(longest).unwrap_or(Timestamp::MAX);
        let mut wrong = Refusal::new(
            RefusalCode::Invalid,
            "Correct the marked fields and send again.",
        );
        let name = new.name.trim();
        if !writing::is_readable(name)
            || name.chars().count() > 100
            || name.chars().any(char::is_control)
        {
            wrong = wrong.and_field("name", "1 to 100 characters, to recognise the token by");
        } else if writing::turns(name) {
            wrong = wrong.and_field("name", writing::TURNS);
        }
        if new.scopes.is_empty() {
            wrong = wrong.and_field("scopes", "at least one of read, changes:write, approvals:write, releases:write, catalog:write, tokens:write, people:write");
        }
        if let Some(more) = new.scopes.iter().find(|scope| !caller.holds(**scope)) {
            wrong = wrong.and_field(
                "scopes",
                format!("this token lacks '{more}' itself and cannot give it away"),
            );
        }
        if new.expires_at <= now || new.expires_at > latest + SLACK {
            wrong = wrong.and_field("expires_at", format!("a time between now and {latest}"));
        }
        if wrong.fields.is_empty() {
            Ok(())
        } else {
            Err(wrong)
        }
    }

    /// The caller's own tokens that are not revoked, newest first.
    pub async fn tokens(&self, caller: &Caller) -> Result<Vec<TokenRow>> {
        let subject = TokenSubject {
            id: None,
            owner: caller.person.id,
        };
        self.permit(caller, Read, subject).await?;
        rows::of_person(self.pool(), caller.person.id).await
    }

    /// Ends a token at once, and those that were made with it. Somebody else's is as little there as one that never was.
    pub async fn revoke_token(&self, caller: &Caller, id: TokenId) -> Result<()> {
        let not_found = || Refusal::not_found("token with this id");
        let owner: PersonId = rows::owner(self.pool(), id)
            .await?
            .unwrap_or(PersonId(uuid::Uuid::nil()));
        let subject = TokenSubject {
            id: Some(id),
            owner,
        };
        match self.permit(caller, RevokeToken, subject).await {
            Err(Error::Refused(refusal)) if refusal.code == RefusalCode::Forbidden => {
                return Err(not_found().into());
            }
            other => other?,
        }
        let mut tx = self.begin(caller).await?;
        if !rows::revoke(&mut tx, id, owner).await? {
            return Err(not_found().into());
        }
        let children = rows::revoke_orphans(&mut tx, owner).await?;
        let event = Event::new(EventKind::TokenRevoked, SubjectRef::new("token", id))
            .with(json!({"children": children}));
        tx.commit(event, vec![]).await
    }

    /// Who sends this token. A token that is not valid is an event before it is an answer.
    pub async fn token_caller(
        &self,
        secret: &SecretString,
        request_id: RequestId,
        ip: Option<String>,
    ) -> Result<Caller> {
        let now = self.now();
        let known = if secret::is_well_formed(secret.expose_secret()) {
            rows::by_hash(self.pool(), secret::hash(secret)).await?
        } else {
            None
        };
        let problem = match &known {
            None => Some("This token is not valid."),
            Some(t) if t.revoked => Some("This token was revoked."),
            Some(t) if t.expires_at <= now => Some("This token has expired. Create a new one."),
            Some(t) if t.person_disabled => Some("The owner of this token is disabled."),
            Some(t) if t.signed_in_at <= self.standing_since() => Some(
                "The owner of this token has not signed in for long. Sign in at the portal once so that your groups are read again.",
            ),
            Some(_) => None,
        };
        if let Some(why) = problem {
            let refusal = Refusal::new(RefusalCode::NotSignedIn, why);
            let id = known.map_or_else(|| "unknown".to_owned(), |t| t.id.to_string());
            let event = Event::denied(
                EventKind::TokenRefused,
                SubjectRef::new("token", id),
                &refusal,
            );
            self.record(Actor::Anonymous { request_id, ip }, event)
                .await?;
            return Err(refusal.into());
        }
        let Some(token) = known else {
            return Err(Error::fault(anyhow::anyhow!(
                "a token without a row passed"
            )));
        };
        let caller = Caller {
            person: token.person,
            kind: CallerKind::Token {
                token: token.id,
                scopes: token.scopes,
            },
            request_id,
            ip,
        };
        self.note_use(&caller, token.id, token.last_used_at).await?;
        Ok(caller)
    }

    /// An event for the first use in an hour; the time of use once a minute.
    async fn note_use(&self, caller: &Caller, id: TokenId, last: Option<Timestamp>) -> Result<()> {
        const HOUR: i64 = 3600;
        let now = self.now();
        let hour = now.as_second().div_euclid(HOUR);
        if last.is_none_or(|last| last.as_second().div_euclid(HOUR) < hour) {
            let began = Timestamp::from_second(hour * HOUR).unwrap_or(now);
            let mut tx = self.begin(caller).await?;
            // Of several requests at once, one is the first.
            if rows::used_first_since(&mut tx, id, began).await? {
                let event = Event::new(EventKind::TokenUsed, SubjectRef::new("token", id));
                tx.commit(event, vec![]).await?;
            }
        } else if last.is_some_and(|last| last < now - SignedDuration::from_mins(1)) {
            rows::touch(self.pool(), id, now).await?;
        }
        Ok(())
    }
}
