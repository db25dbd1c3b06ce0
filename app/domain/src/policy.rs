//! *May this caller do this to that.* The only maker of [`Allowed`].

use std::marker::PhantomData;

use crate::{
    Caller, Change, ChangeKind, EnvironmentName, Person, PersonId, ScheduleId, Scope, ServiceName,
    TeamName, TokenId,
};

#[cfg(feature = "policy")]
mod engine;
#[cfg(feature = "policy")]
pub use engine::{Answer, Determining, PolicySet, Visibility};

/// An action as a type, so that [`Allowed`] says in its type what was decided.
pub trait Action {
    /// The name in the Cedar policies.
    const NAME: &'static str;
    /// What a token needs to be used for it.
    const SCOPE: Scope;
    /// In words: "You may not …".
    const WORDS: &'static str;
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $scope:ident, $words:literal;)*) => {
        $($(#[$doc])* #[derive(Clone, Copy, Debug)] pub struct $name;
        impl Action for $name {
            const NAME: &'static str = $text;
            const SCOPE: Scope = Scope::$scope;
            const WORDS: &'static str = $words;
        })*
        /// Every action, for the matrix and the schema test.
        pub const ACTIONS: &[(&str, Scope)] = &[$(($text, Scope::$scope),)*];
    };
}

actions! {
    Read = "read", Read, "see this";
    RequestChange = "request", ChangesWrite, "request this change";
    Approve = "approve", ApprovalsWrite, "approve this change";
    Reject = "reject", ApprovalsWrite, "reject this change";
    Start = "start", ChangesWrite, "start this change";
    Cancel = "cancel", ChangesWrite, "cancel this change";
    /// Send a parked step to look again.
    Resume = "resume", ChangesWrite, "resume this change";
    /// Let a release go where it has not run in the environment before.
    OverridePromotion = "override_promotion", ChangesWrite, "override the order of promotion";
    /// Vouch for what a parked step's pipeline did.
    MarkDone = "mark_done", ChangesWrite, "mark this step as done";
    /// Let a run go on that its wave has halted.
    PassWave = "pass_wave", ChangesWrite, "let this run go on behind its halted canary";
    RegisterRelease = "register", ReleasesWrite, "register releases of this service";
    ImportCatalog = "import", CatalogWrite, "import the catalogue";
    /// Create one's own API tokens.
    ManageTokens = "manage", TokensWrite, "manage these tokens";
    /// End one's own API token.
    RevokeToken = "revoke", TokensWrite, "revoke this token";
    /// Shut a person out of the portal, and let them in again.
    DisablePerson = "disable", PeopleWrite, "disable this person";
    EnablePerson = "enable", PeopleWrite, "enable this person";
    /// Make windows and freezes.
    ManageSchedule = "schedule", ScheduleWrite, "make windows and freezes";
    /// Let nothing start.
    StopTheLine = "stop", ScheduleWrite, "stop the line";
    /// End a window, freeze or stop before its time.
    EndEntry = "end", ScheduleWrite, "end this window, freeze or stop";
    /// Except one change from freezes and windows: ask for it, or be the second who confirms.
    OverrideFreeze = "override_freeze", ScheduleWrite, "override a freeze or window";
    /// Let another person stand in for oneself for a while.
    Delegate = "delegate", ApprovalsWrite, "let this person stand in for you";
    ExportAudit = "export", Read, "export the audit log";
}

/// What policy sees of a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The entity type in the Cedar schema.
    pub kind: &'static str,
    pub id: String,
    pub team: Option<TeamName>,
    pub environment: Option<EnvironmentName>,
    pub protected: bool,
    /// What kind of change it is, or would be.
    pub change: Option<ChangeKind>,
    /// Who asked for it, or whose it is.
    pub owner: Option<PersonId>,
    /// Who it is, where it is a person.
    pub person: Option<Person>,
}

impl Resource {
    fn new(kind: &'static str, id: impl std::fmt::Display) -> Self {
        Self {
            kind,
            id: id.to_string(),
            team: None,
            environment: None,
            protected: false,
            change: None,
            owner: None,
            person: None,
        }
    }
}

/// Something a decision can be about.
pub trait Subject {
    fn resource(&self) -> Resource;
}

/// A service, as policy sees it.
#[derive(Clone, Debug)]
pub struct ServiceSubject {
    pub name: ServiceName,
    pub team: TeamName,
}

/// A change before it exists: this service to that environment.
#[derive(Clone, Debug)]
pub struct Draft {
    pub kind: ChangeKind,
    pub service: ServiceName,
    pub team: TeamName,
    pub environment: EnvironmentName,
    pub protected: bool,
}

/// An API token's row, or the wish for a new one.
#[derive(Clone, Debug)]
pub struct TokenSubject {
    pub id: Option<TokenId>,
    pub owner: PersonId,
}

/// A window, freeze or stop.
#[derive(Clone, Debug)]
pub struct EntrySubject {
    pub id: ScheduleId,
    pub author: PersonId,
    /// It may hold changes of a protected environment.
    pub protected: bool,
}

/// The things there is one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    Environments,
    Regions,
    Catalog,
    Rules,
    Schedule,
    Audit,
    People,
}

impl Subject for Change {
    fn resource(&self) -> Resource {
        Resource {
            team: Some(self.team.clone()),
            environment: Some(self.environment.clone()),
            protected: self.protected,
            change: Some(self.kind),
            owner: Some(self.requester),
            ..Resource::new("Change", self.id)
        }
    }
}

impl Subject for ServiceSubject {
    fn resource(&self) -> Resource {
        Resource {
            team: Some(self.team.clone()),
            ..Resource::new("Service", &self.name)
        }
    }
}

impl Subject for Draft {
    fn resource(&self) -> Resource {
        Resource {
            team: Some(self.team.clone()),
            environment: Some(self.environment.clone()),
            protected: self.protected,
            change: Some(self.kind),
            ..Resource::new("Draft", format!("{}/{}", self.service, self.environment))
        }
    }
}

impl Subject for TokenSubject {
    fn resource(&self) -> Resource {
        let id = self
            .id
            .map_or_else(|| "new".to_owned(), |id| id.to_string());
        Resource {
            owner: Some(self.owner),
            ..Resource::new("Token", id)
        }
    }
}

impl Subject for EntrySubject {
    fn resource(&self) -> Resource {
        Resource {
            owner: Some(self.author),
            protected: self.protected,
            ..Resource::new("Entry", self.id)
        }
    }
}

impl Subject for Person {
    fn resource(&self) -> Resource {
        Resource {
            person: Some(self.clone()),
            ..Resource::new("Person", self.id)
        }
    }
}

impl Subject for Room {
    fn resource(&self) -> Resource {
        Resource::new(
            "Room",
            match self {
                Self::Environments => "environments",
                Self::Regions => "regions",
                Self::Catalog => "catalog",
                Self::Rules => "rules",
                Self::Schedule => "schedule",
                Self::Audit => "audit",
                Self::People => "people",
            },
        )
    }
}

/// Proof that policy allowed `A` on this very subject to this very caller.
#[derive(Debug)]
#[must_use = "a decision that nothing comes of"]
pub struct Allowed<A: Action, S> {
    subject: S,
    by: Caller,
    action: PhantomData<A>,
}

impl<A: Action, S> Allowed<A, S> {
    pub fn subject(&self) -> &S {
        &self.subject
    }
    pub fn by(&self) -> &Caller {
        &self.by
    }
    pub fn into_subject(self) -> S {
        self.subject
    }
}

#[cfg(all(test, feature = "policy"))]
#[path = "policy/histories_tests.rs"]
mod histories;

#[cfg(all(test, feature = "policy"))]
#[path = "policy/moves_tests.rs"]
mod moves;
