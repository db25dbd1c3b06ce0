//! Typed ids: `UUIDv7` everywhere, and never a bare `Uuid` in a signature.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(s).map(Self)
            }
        }
        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )*};
}

ids! {
    /// A person, known by (issuer, subject) of the identity provider.
    PersonId,
    /// A signed-in browser. The cookie's secret is another value; this id may be shown.
    SessionId,
    /// An API token's row. The secret `ptl_…` is another value; this id may be shown.
    TokenId,
    ServiceId,
    ReleaseId,
    ChangeId,
    ApprovalId,
    GrantId,
    RunId,
    StepId,
    AttemptId,
    TicketId,
    AwsSessionId,
    /// An audit event.
    EventId,
    ImportId,
    /// A window, freeze or stop.
    ScheduleId,
    OverrideId,
    /// Somebody stands in for somebody else.
    DelegationId,
    /// One request to the portal; appears in problems, logs and audit events.
    RequestId,
}
