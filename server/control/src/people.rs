//! People, as they stood when they last signed in; and shutting somebody out who has left.
//!
//! Somebody disabled is out at once: sessions and tokens end, no sign-in is accepted, what they approved counts for
//! nothing in changes that have not started, and nothing starts on their behalf.

pub(crate) mod rows;

use domain::{
    Caller, Event, EventKind, JobRole, Login, Person, PersonId, PersonState, Reason, Refusal,
    RefusalCode, SubjectRef, TeamName,
    policy::{DisablePerson, EnablePerson, Read, Room},
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use crate::{ChangeTx, Control, Page, Result, page::limit, sessions, tokens};

/// What a person that is not there, or not to be known of, is called.
const PERSON: &str = "person with this id";

/// A person as lists name them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PersonRef {
    pub id: PersonId,
    pub login: Login,
    pub name: String,
}

impl From<&Person> for PersonRef {
    fn from(person: &Person) -> Self {
        Self {
            id: person.id,
            login: person.login.clone(),
            name: person.name.clone(),
        }
    }
}

/// A person as administrators and auditors see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KnownPerson {
    pub id: PersonId,
    pub login: Login,
    pub name: String,
    /// Of the last sign-in, like the teams.
    pub job_roles: Vec<JobRole>,
    pub teams: Vec<TeamName>,
    pub state: PersonState,
    pub signed_in_at: Timestamp,
    pub disabled_at: Option<Timestamp>,
}

/// Which people. An absent filter matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeopleQuery {
    pub state: Option<PersonState>,
    pub cursor: Option<String>,
    pub limit: Option<i64>,
}

impl Control {
    /// Since when a sign-in counts as one whose groups still hold.
    pub(crate) fn standing_since(&self) -> Timestamp {
        sessions::ago(self.now(), self.settings().times.standing)
    }

    /// Everybody who ever signed in, by sign-in name.
    pub async fn people(&self, caller: &Caller, query: PeopleQuery) -> Result<Page<KnownPerson>> {
        self.permit(caller, Read, Room::People).await?;
        let limit = limit(query.limit)?;
        rows::page(self.pool(), &query, self.standing_since(), limit).await
    }

    /// One of them.
    pub async fn person(&self, caller: &Caller, id: PersonId) -> Result<KnownPerson> {
        self.allow_read(caller, Room::People, PERSON).await?;
        self.known_person(id).await
    }

    /// Shuts a person out, at once: their sessions and tokens end.
    pub async fn disable_person(
        &self,
        caller: &Caller,
        id: PersonId,
        reason: Reason,
    ) -> Result<KnownPerson> {
        let (tx, found) = self.locked_person(caller, id).await?;
        let subject = found.person.clone();
        let (mut tx, _allowed) = self.allow_in(tx, caller, DisablePerson, subject).await?;
        if found.disabled {
            return Err(already(&found.person, "disabled").into());
        }
        rows::disable(&mut tx, id).await?;
        let sessions = sessions::rows::delete_of_person(&mut tx, id).await?;
        let tokens = tokens::rows::revoke_of_person(&mut tx, id).await?;
        let event = about(EventKind::PersonDisabled, &found.person).with(json!({
            "login": found.person.login, "reason": reason, "sessions": sessions, "tokens": tokens,
        }));
        tx.commit(event, vec![]).await?;
        self.known_person(id).await
    }

    /// Lets a person sign in again. Tokens stay ended, and what was approved before stays void.
    pub async fn enable_person(
        &self,
        caller: &Caller,
        id: PersonId,
        reason: Reason,
    ) -> Result<KnownPerson> {
        let (tx, found) = self.locked_person(caller, id).await?;
        let subject = found.person.clone();
        let (mut tx, _allowed) = self.allow_in(tx, caller, EnablePerson, subject).await?;
        if !found.disabled {
            return Err(already(&found.person, "enabled").into());
        }
        if !rows::enable(&mut tx, id).await? {
            return Err(Refusal::new(
                RefusalCode::Conflict,
                format!(
                    "The sign-in name '{}' is somebody else's by now. Disable that person first.",
                    found.person.login
                ),
            )
            .into());
        }
        let event = about(EventKind::PersonEnabled, &found.person)
            .with(json!({"login": found.person.login, "reason": reason}));
        tx.commit(event, vec![]).await?;
        self.known_person(id).await
    }

    /// The person, locked, for those who may know who there is.
    async fn locked_person(
        &self,
        caller: &Caller,
        id: PersonId,
    ) -> Result<(ChangeTx, rows::Found)> {
        self.allow_read(caller, Room::People, PERSON).await?;
        let mut tx = self.begin(caller).await?;
        let found = rows::for_update(&mut tx, id).await?;
        let found = found.ok_or_else(|| Refusal::not_found(PERSON))?;
        Ok((tx, found))
    }

    async fn known_person(&self, id: PersonId) -> Result<KnownPerson> {
        rows::by_id(self.pool(), id, self.standing_since())
            .await?
            .ok_or_else(|| Refusal::not_found(PERSON).into())
    }
}

fn about(kind: EventKind, person: &Person) -> Event {
    Event::new(kind, SubjectRef::new("person", person.id))
}

fn already(person: &Person, how: &str) -> Refusal {
    Refusal::new(
        RefusalCode::Conflict,
        format!("{} is {how} already.", person.login),
    )
}
