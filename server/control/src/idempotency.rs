//! `Idempotency-Key`: the same request sent again gets the first one's answer, and is not done again.
//!
//! Only what succeeded is kept. A refusal did nothing, so asking again is harmless and may well
//! succeed, for instance after a step-up. Housekeeping, written without an event: the request
//! itself has its own.

mod rows;

use domain::{Caller, PersonId, Refusal, RefusalCode};
use jiff::SignedDuration;

use crate::{Control, Result};

/// How long an answer is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// A request not answered by then was cut short by a crash.
const CUT_SHORT: SignedDuration = SignedDuration::from_mins(2);

/// One request that carries a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedRequest {
    person: PersonId,
    key: String,
    route: String,
    hash: [u8; 32],
}

/// An answer as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub content_type: String,
    /// Where what was made is.
    pub location: Option<String>,
    pub body: Vec<u8>,
}

/// What is to be done with a request that carries a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Do it, then [`Control::finish_keyed`] or [`Control::abandon_keyed`].
    First,
    /// It was done; this is the answer.
    Again(Answer),
    /// The first one is still under way: come back.
    UnderWay,
}

impl KeyedRequest {
    /// # Errors
    /// Refused when the key is not 1 to 200 visible ASCII characters.
    pub fn new(caller: &Caller, key: &str, route: String, hash: [u8; 32]) -> Result<Self, Refusal> {
        if key.is_empty() || key.len() > 200 || !key.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Refusal::field(
                "Idempotency-Key",
                "1 to 200 visible ASCII characters, such as a UUID",
            ));
        }
        Ok(Self {
            person: caller.person.id,
            key: key.to_owned(),
            route,
            hash,
        })
    }
}

impl Control {
    pub async fn begin_keyed(&self, request: &KeyedRequest) -> Result<Begun> {
        let now = self.now();
        if rows::insert(self.pool(), request, now, now - KEPT).await? {
            return Ok(Begun::First);
        }
        let Some(stored) = rows::find(self.pool(), request).await? else {
            // Abandoned between the two statements.
            return Ok(Begun::UnderWay);
        };
        if stored.route != request.route || stored.hash != request.hash {
            return Err(Refusal::new(
                RefusalCode::Conflict,
                "This Idempotency-Key belongs to another request. Use a new key for a new request.",
            )
            .into());
        }
        match stored.answer {
            Some(answer) => Ok(Begun::Again(answer)),
            None if stored.created_at < now - CUT_SHORT => Err(Refusal::new(
                RefusalCode::Conflict,
                "The first request with this key was cut short, and whether it took effect is not known. Look, then use a new key.",
            )
            .into()),
            None => Ok(Begun::UnderWay),
        }
    }

    pub async fn finish_keyed(&self, request: &KeyedRequest, answer: &Answer) -> Result<()> {
        rows::finish(self.pool(), request, answer).await
    }

    /// Nothing was done: the key may be used again.
    pub async fn abandon_keyed(&self, request: &KeyedRequest) -> Result<()> {
        rows::abandon(self.pool(), request).await
    }

    pub(crate) async fn sweep_idempotency(&self) -> Result<()> {
        rows::sweep(self.pool(), self.now() - KEPT).await
    }
}
