//! What an API token may be used for. Its power is these scopes ∩ its owner's rights.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    #[serde(rename = "read")]
    Read,
    #[serde(rename = "changes:write")]
    ChangesWrite,
    #[serde(rename = "approvals:write")]
    ApprovalsWrite,
    #[serde(rename = "releases:write")]
    ReleasesWrite,
    #[serde(rename = "catalog:write")]
    CatalogWrite,
    #[serde(rename = "tokens:write")]
    TokensWrite,
    #[serde(rename = "people:write")]
    PeopleWrite,
    #[serde(rename = "schedule:write")]
    ScheduleWrite,
}

impl Scope {
    pub const ALL: [Self; 8] = [
        Self::Read,
        Self::ChangesWrite,
        Self::ApprovalsWrite,
        Self::ReleasesWrite,
        Self::CatalogWrite,
        Self::TokensWrite,
        Self::PeopleWrite,
        Self::ScheduleWrite,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::ChangesWrite => "changes:write",
            Self::ApprovalsWrite => "approvals:write",
            Self::ReleasesWrite => "releases:write",
            Self::CatalogWrite => "catalog:write",
            Self::TokensWrite => "tokens:write",
            Self::PeopleWrite => "people:write",
            Self::ScheduleWrite => "schedule:write",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .ok_or_else(|| {
                let known: Vec<_> = Self::ALL.iter().map(|s| s.as_str()).collect();
                format!("'{text}' is no scope; they are {}", known.join(", "))
            })
    }
}
