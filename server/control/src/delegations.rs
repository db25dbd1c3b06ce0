//! Holidays: somebody stands in for somebody else, for a while, for what is said, and visibly.
//!
//! Who stands in must be allowed by policy to approve there all that the other may; what they borrow is the place that
//! a rule keeps for the other. A right that is borrowed is never lent on: what stands behind an approval is the other's own standing.

pub(crate) mod rows;

use domain::{
    Caller, Change, ChangeKind, DelegationId, EnvironmentName, Event, EventKind, Login, Person,
    PersonId, Reason, Refusal, SubjectRef, TeamName,
    policy::{Approve, Delegate, Read, Room},
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;

use crate::{Control, Error, Page, Result, new_id, page::limit, people::PersonRef};

/// The longest time somebody may be stood in for.
const LONGEST: SignedDuration = SignedDuration::from_hours(92 * 24);
/// Stands for a team that nobody named.
const ANY: &str = "any";
const DELEGATION: &str = "delegation with this id";

/// What is asked for. Absent is all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelegation {
    pub to: Login,
    pub team: Option<TeamName>,
    pub environment: Option<EnvironmentName>,
    pub from: Timestamp,
    pub until: Timestamp,
    pub reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Delegation {
    pub id: DelegationId,
    /// Who is stood in for, and who stands in.
    pub by: PersonRef,
    pub to: PersonRef,
    pub team: Option<TeamName>,
    pub environment: Option<EnvironmentName>,
    pub from: Timestamp,
    pub until: Timestamp,
    pub reason: String,
    pub made_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub ended_by: Option<Login>,
}

impl Delegation {
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && self.from <= now && now < self.until
    }

    /// In words: "team checkout in production", "everything".
    pub fn words(&self) -> String {
        match (&self.team, &self.environment) {
            (None, None) => "everything".to_owned(),
            (Some(team), None) => format!("team {team}"),
            (None, Some(environment)) => format!("everything in {environment}"),
            (Some(team), Some(environment)) => format!("team {team} in {environment}"),
        }
    }
}

impl Control {
    /// One's own, either way; auditors and administrators see all. Newest first.
    pub async fn delegations(
        &self,
        caller: &Caller,
        cursor: Option<String>,
        asked: Option<i64>,
    ) -> Result<Page<Delegation>> {
        let limit = limit(asked)?;
        rows::page(self.pool(), self.whose(caller), cursor.as_deref(), limit).await
    }

    /// Whose delegations the caller sees; none: everybody's.
    fn whose(&self, caller: &Caller) -> Option<PersonId> {
        let all = self
            .policies()
            .may(caller, Read, &Room::People, self.now())
            .is_ok();
        (!all).then_some(caller.person.id)
    }

    /// Lets another person stand in for the caller.
    pub async fn delegate(&self, caller: &Caller, new: NewDelegation) -> Result<Delegation> {
        let now = self.now();
        let mut wrong: Option<Refusal> = None;
        let mut say = |field: &str, why: &str| {
            wrong = Some(match wrong.take() {
                None => Refusal::field(field, why),
                Some(refusal) => refusal.and_field(field, why),
            });
        };
        if new.until <= new.from {
            say("until", "it ends before it begins");
        } else if new.until <= now {
            say("until", "this moment has passed");
        } else if new.until.duration_since(new.from) > LONGEST {
            say("until", "at most 92 days");
        }
        if new
            .environment
            .as_ref()
            .is_some_and(|name| self.settings().environment(name).is_none())
        {
            say("environment", "there is no such environment");
        }
        if let Some(refusal) = wrong {
            return Err(refusal.into());
        }
        // First the caller: who could lend nothing does not learn here who has signed in.
        if !self.could_approve_there(&caller.person, &new) {
            let refusal = Refusal::new(
                domain::RefusalCode::Forbidden,
                "By the policies you could approve nothing there, so there is nothing to stand in for.",
            );
            let about = SubjectRef::new("person", caller.person.id);
            self.record(
                caller,
                Event::denied(EventKind::ActionDenied, about, &refusal),
            )
            .await?;
            return Err(refusal.into());
        }
        let Some(to) = rows::by_login(self.pool(), &new.to, self.standing_since()).await? else {
            return Err(Refusal::field(
                "to",
                "nobody with this sign-in name has signed in of late",
            )
            .into());
        };
        if let Err(error) = self.permit(caller, Delegate, to.clone()).await {
            // The policy speaks to the caller, and it is not they who lack something.
            let everywhere = NewDelegation {
                team: None,
                environment: None,
                ..new.clone()
            };
            return Err(match error {
                Error::Refused(refusal)
                    if to.id != caller.person.id && !self.could_approve_there(&to, &everywhere) =>
                {
                    let told = format!(
                        "{} could not approve themselves, so cannot stand in for you.",
                        to.login
                    );
                    Error::Refused(Refusal::new(refusal.code, told))
                }
                error => error,
            });
        }
        if let Some(lacking) = self.lacking(&caller.person, &to, &new) {
            let told = format!(
                "{} could not approve {lacking} themselves, so cannot stand in for you there; choose somebody who could, or say for which team and environment they stand in",
                to.login
            );
            return Err(Refusal::field("to", told).into());
        }
        let mut tx = self.begin(caller).await?;
        let id: DelegationId = new_id();
        rows::insert(&mut tx, id, caller.person.id, to.id, &new).await?;
        let event = Event::new(EventKind::DelegationMade, SubjectRef::new("delegation", id)).with(json!({
            "from_person": caller.person.login, "to_person": to.login, "team": new.team,
            "environment": new.environment, "from_at": new.from, "until_at": new.until, "reason": new.reason,
        }));
        tx.commit(event, vec![]).await?;
        self.one_delegation(caller, id).await
    }

    /// Ends it early; either of the two may.
    pub async fn end_delegation(&self, caller: &Caller, id: DelegationId) -> Result<Delegation> {
        let found = match self.one_delegation(caller, id).await {
            Err(Error::Refused(refusal)) => {
                return Err(self.not_ended(caller, id, refusal).await?);
            }
            other => other?,
        };
        if caller.person.id != found.by.id && caller.person.id != found.to.id {
            let why = "Only the two whom it is about may end it.";
            let refusal = Refusal::new(domain::RefusalCode::Forbidden, why);
            return Err(self.not_ended(caller, id, refusal).await?);
        }
        let mut tx = self.begin(caller).await?;
        if !rows::end(&mut tx, id, caller.person.id).await? {
            return Err(
                Refusal::new(domain::RefusalCode::WrongState, "It has ended already.").into(),
            );
        }
        let event = Event::new(EventKind::DelegationEnded, SubjectRef::new("delegation", id)).with(json!({
            "from_person": found.by.login, "to_person": found.to.login, "ended_by": caller.person.login,
        }));
        tx.commit(event, vec![]).await?;
        self.one_delegation(caller, id).await
    }

    /// Records the refusal and hands it back as the error to return.
    async fn not_ended(
        &self,
        caller: &Caller,
        id: DelegationId,
        refusal: Refusal,
    ) -> Result<Error> {
        let subject = SubjectRef::new("delegation", id);
        let event = Event::denied(EventKind::ActionDenied, subject, &refusal);
        self.record(caller, event).await?;
        Ok(refusal.into())
    }

    async fn one_delegation(&self, caller: &Caller, id: DelegationId) -> Result<Delegation> {
        let found = rows::by_id(self.pool(), self.whose(caller), id).await?;
        found.ok_or_else(|| Refusal::not_found(DELEGATION).into())
    }

    /// Whether policy would let this person approve something of what is delegated, step-up aside.
    fn could_approve_there(&self, person: &Person, new: &NewDelegation) -> bool {
        self.probes(person, new)
            .iter()
            .any(|change| self.could_approve(person, change))
    }

    /// In words, what the one could approve of what is delegated and the other could not. What is delegated is that
    /// right, so who stands in must be able to have all of it; a narrower delegation asks for less.
    fn lacking(&self, by: &Person, to: &Person, new: &NewDelegation) -> Option<String> {
        let probes = self.probes(by, new);
        let lacking = probes
            .iter()
            .find(|change| self.could_approve(by, change) && !self.could_approve(to, change))?;
        let what = if lacking.kind == ChangeKind::Rollback {
            "a rollback"
        } else {
            "a deployment"
        };
        let whose = if lacking.team.as_str() == ANY {
            "any team".to_owned()
        } else {
            format!("team {}", lacking.team)
        };
        Some(format!("{what} of {whose} in {}", lacking.environment))
    }

    fn could_approve(&self, person: &Person, change: &Change) -> bool {
        let caller = crate::changes::as_job(person.clone());
        self.policies()
            .may(&caller, Approve, change, self.now())
            .is_ok()
    }

    /// A change of each kind, team and place that is delegated; without a team, of this person's and of any other.
    fn probes(&self, person: &Person, new: &NewDelegation) -> Vec<Change> {
        let now = self.now();
        let teams: Vec<TeamName> = match &new.team {
            Some(team) => vec![team.clone()],
            None => person
                .teams
                .iter()
                .cloned()
                .chain(TeamName::parse(ANY).ok())
                .collect(),
        };
        let places = self.settings().environments.iter();
        let places = places.filter(|e| new.environment.as_ref().is_none_or(|name| *name == e.name));
        places
            .flat_map(|place| teams.iter().map(move |team| (place, team)))
            .flat_map(|(place, team)| {
                let kinds = [ChangeKind::Deploy, ChangeKind::Rollback].into_iter();
                kinds.filter_map(move |kind| probe(kind, team, &place.name, place.protected, now))
            })
            .collect()
    }
}

/// A change of nobody that stands for those of a team in a place.
fn probe(
    kind: ChangeKind,
    team: &TeamName,
    environment: &EnvironmentName,
    protected: bool,
    now: Timestamp,
) -> Option<Change> {
    let nobody = uuid::Uuid::nil();
    Some(Change {
        id: nobody.into(),
        kind,
        state: domain::ChangeState::AwaitingApproval,
        requester: nobody.into(),
        requester_login: Login::parse("nobody").ok()?,
        service: domain::ServiceName::parse("any").ok()?,
        team: team.clone(),
        version: domain::Version::parse("0").ok()?,
        environment: environment.clone(),
        protected,
        evidence_digest: domain::EvidenceDigest([0; 32]),
        start_mode: domain::StartMode::Manual,
        cancel_requested: false,
        expires_at: now,
    })
}
