//! Whether somebody who was recognised a while ago still is who they were then.

use domain::{Caller, CallerKind, Person, TokenId};
use jiff::{SignedDuration, Timestamp};

use super::rows;
use crate::{Control, Result, people};

impl Control {
    /// The caller as they stand now: same door, job roles and teams of today. None when the session or
    /// token has ended or the person was disabled since. For what lasts longer than a request.
    pub async fn still(&self, caller: &Caller) -> Result<Option<Caller>> {
        let now = self.now();
        let person: Option<Person> = match &caller.kind {
            CallerKind::Person { session, .. } => {
                let idle = self.settings().times.session_idle;
                let idle = SignedDuration::try_from(idle).unwrap_or(SignedDuration::MAX);
                let idle_since = now.checked_sub(idle).unwrap_or(Timestamp::MIN);
                rows::person_of_session(self.pool(), session.0, now, idle_since).await?
            }
            CallerKind::Token { token, .. } => {
                let TokenId(id) = token;
                rows::person_of_token(self.pool(), *id, now, self.standing_since()).await?
            }
            CallerKind::Job { .. } => {
                let mut conn = self.pool().acquire().await?;
                people::rows::active(&mut conn, caller.person.id).await?
            }
        };
        Ok(person.map(|person| Caller {
            person,
            ..caller.clone()
        }))
    }
}
