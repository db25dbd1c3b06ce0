//! Who is asking now, and with which standing.

use std::{collections::BTreeSet, fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Login, PersonId, RequestId, Scope, SessionId, StepId, TeamName, TokenId, run::words};

/// What a person's work is. Rights follow from it through policy, never directly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobRole {
    Developer,
    Manager,
    Auditor,
    Operator,
    Administrator,
}

impl JobRole {
    pub const ALL: [Self; 5] = [
        Self::Developer,
        Self::Manager,
        Self::Auditor,
        Self::Operator,
        Self::Administrator,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Developer => "developer",
            Self::Manager => "manager",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
            Self::Administrator => "administrator",
        }
    }
}

impl fmt::Display for JobRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for JobRole {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| format!("'{text}' is no job role; they are developer, manager, auditor, operator, administrator"))
    }
}

/// A person as last seen at sign-in. `login` cannot be empty by its type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub id: PersonId,
    pub login: Login,
    pub name: String,
    pub job_roles: BTreeSet<JobRole>,
    pub teams: BTreeSet<TeamName>,
}

impl Person {
    pub fn has_role(&self, role: JobRole) -> bool {
        self.job_roles.contains(&role)
    }
    pub fn in_team(&self, team: &TeamName) -> bool {
        self.teams.contains(team)
    }
}

words! {
    /// Whether somebody may come in, and whether what is known of their groups is fresh enough for what is done
    /// without a sign-in.
    PersonState {
        Active = "active",
        /// The last sign-in is so long ago that its groups count for nothing until the next one.
        Lapsed = "lapsed",
        /// Shut out by an administrator.
        Disabled = "disabled",
    }
}

/// How and when the person proved who they are, as the identity provider asserted and we verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentication {
    pub auth_time: Timestamp,
    /// True when the verified `acr` or `amr` shows a second factor.
    pub mfa: bool,
}

impl Authentication {
    /// How long a second factor counts as fresh, in seconds.
    pub const STEP_UP_SECONDS: i64 = 5 * 60;

    /// A second factor within the last five minutes. An `auth_time` ahead of our
    /// clock by more than a minute proves nothing and does not count.
    pub fn is_stepped_up(&self, now: Timestamp) -> bool {
        let age = now.as_second() - self.auth_time.as_second();
        self.mfa && (-60..=Self::STEP_UP_SECONDS).contains(&age)
    }
}

/// Through which door the person came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallerKind {
    /// A browser session.
    Person {
        session: SessionId,
        authentication: Authentication,
    },
    /// A script. Holds no second factor, ever.
    Token {
        token: TokenId,
        scopes: BTreeSet<Scope>,
    },
    /// The portal continuing what the person asked for.
    Job { step: Option<StepId> },
}

impl CallerKind {
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Person { .. } => "person",
            Self::Token { .. } => "token",
            Self::Job { .. } => "job",
        }
    }
}

/// Who is asking now. There is always a person: the portal has no rights of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub person: Person,
    pub kind: CallerKind,
    pub request_id: RequestId,
    /// The address the request came from, when it came over the network.
    pub ip: Option<String>,
}

impl Caller {
    pub fn is_stepped_up(&self, now: Timestamp) -> bool {
        match &self.kind {
            CallerKind::Person { authentication, .. } => authentication.is_stepped_up(now),
            CallerKind::Token { .. } | CallerKind::Job { .. } => false,
        }
    }

    /// Whether the door allows `scope`; a browser is not narrowed, a token is.
    pub fn holds(&self, scope: Scope) -> bool {
        match &self.kind {
            CallerKind::Token { scopes, .. } => scopes.contains(&scope),
            CallerKind::Person { .. } | CallerKind::Job { .. } => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_up_is_fresh_mfa_only() {
        let now = Timestamp::from_second(1_000_000).expect("in range");
        let at = |ago: i64, mfa| Authentication {
            auth_time: Timestamp::from_second(1_000_000 - ago).expect("in range"),
            mfa,
        };
        assert!(at(0, true).is_stepped_up(now));
        assert!(at(300, true).is_stepped_up(now));
        assert!(!at(301, true).is_stepped_up(now));
        assert!(!at(0, false).is_stepped_up(now));
        assert!(!at(-61, true).is_stepped_up(now), "a claim from the future");
    }
}
