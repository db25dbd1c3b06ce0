//! One person's append-only word on one evidence digest.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{ApprovalId, EvidenceDigest, Person};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Approve,
    Reject,
}

impl Verdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One person's word. `person` is as they stand *now*: a leaver's approval is re-checked at start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub id: ApprovalId,
    pub person: Person,
    /// The one they stand in for, as that one stands now. A right that was delegated is never delegated on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<Person>,
    pub verdict: Verdict,
    pub evidence_digest: EvidenceDigest,
    pub comment: String,
    /// A fresh second factor was verified when the word was given.
    pub stepped_up: bool,
    pub at: Timestamp,
}
