//! Signing in and out, and who a browser's session belongs to.
//!
//! Binding a session to a person and ending it are audited transactions. Sign-ins
//! under way, the time a session was last seen and the removal of what has expired
//! are housekeeping and write without an event.

mod logout;
pub(crate) mod rows;
mod sign_in;

use std::fmt;

use domain::{Authentication, Caller, CallerKind, PersonId, RequestId, SessionId};
use jiff::{SignedDuration, Timestamp};

pub use logout::{BackchannelLogout, SignedOut};
pub use sign_in::SignIn;

use crate::{Control, Result};

/// An open session, as its own person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    pub id: SessionId,
    pub user_agent: Option<String>,
    pub ip: Option<String>,
    pub mfa: bool,
    pub auth_time: Timestamp,
    pub last_seen_at: Timestamp,
    pub expires_at: Timestamp,
}

/// SHA-256 of a secret that only the browser has.
pub type Hash = [u8; 32];

/// How long a sign-in may take from the portal to the identity provider and back.
const ATTEMPT: SignedDuration = SignedDuration::from_mins(10);

/// A sign-in under way. Printed without its secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct LoginAttempt {
    pub state: String,
    pub nonce: String,
    pub pkce_verifier: String,
    pub return_to: String,
    /// The person who was asked for a fresh second factor; nobody else may answer.
    pub step_up_of: Option<PersonId>,
}

impl fmt::Debug for LoginAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginAttempt")
            .field("return_to", &self.return_to)
            .field("step_up_of", &self.step_up_of)
            .finish_non_exhaustive()
    }
}

impl Control {
    /// Remembers a sign-in under the hash of its cookie.
    pub async fn begin_login(&self, id: Hash, attempt: &LoginAttempt) -> Result<()> {
        let now = self.now();
        rows::insert_attempt(self.pool(), id, attempt, now, now + ATTEMPT).await
    }

    /// Takes it back, once: a second answer to the same sign-in finds nothing.
    pub async fn take_login(&self, id: Hash) -> Result<Option<LoginAttempt>> {
        rows::take_attempt(self.pool(), id, self.now()).await
    }

    /// Whose session this is, if it is anybody's and has not timed out.
    pub async fn session_caller(
        &self,
        id: Hash,
        request_id: RequestId,
        ip: Option<String>,
    ) -> Result<Option<Caller>> {
        let (now, times) = (self.now(), &self.settings().times);
        let Some(row) = rows::bound(self.pool(), id, now, ago(now, times.session_idle)).await?
        else {
            return Ok(None);
        };
        // Once a minute is enough for an idle timeout and spares a write for every page.
        if row.last_seen_at < now - SignedDuration::from_mins(1) {
            rows::touch(self.pool(), id, now).await?;
        }
        Ok(Some(Caller {
            person: row.person,
            kind: CallerKind::Person {
                session: row.session,
                authentication: Authentication {
                    auth_time: row.auth_time,
                    mfa: row.mfa,
                },
            },
            request_id,
            ip,
        }))
    }

    /// The caller's own open sessions, the last used first.
    pub async fn sessions(&self, caller: &Caller) -> Result<Vec<SessionRow>> {
        let now = self.now();
        let idle_since = ago(now, self.settings().times.session_idle);
        rows::of_person(self.pool(), caller.person.id, now, idle_since).await
    }

    /// Removes what has expired: sessions, sign-ins under way, logout tokens, stored answers, counters.
    pub async fn sweep_expired(&self) -> Result<()> {
        let now = self.now();
        rows::sweep(
            self.pool(),
            now,
            ago(now, self.settings().times.session_idle),
        )
        .await?;
        self.sweep_idempotency().await?;
        self.sweep_limits().await
    }
}

/// `time` before `now`, or the beginning of time.
pub(crate) fn ago(now: Timestamp, time: std::time::Duration) -> Timestamp {
    SignedDuration::try_from(time).map_or(Timestamp::MIN, |time| {
        now.checked_sub(time).unwrap_or(Timestamp::MIN)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_under_way_is_printed_without_its_secrets() {
        let secret = |text: &str| text.to_owned();
        let attempt = LoginAttempt {
            state: secret("a-state"),
            nonce: secret("a-nonce"),
            pkce_verifier: secret("a-verifier"),
            return_to: "/changes".into(),
            step_up_of: None,
        };
        let printed = format!("{attempt:?}");
        for secret in ["a-state", "a-nonce", "a-verifier"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }
}
