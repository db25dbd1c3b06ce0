//! The words of Portolan: nouns, transitions, policy, evidence and events.
//!
//! Pure: no IO, no clock, no randomness. Time and ids arrive as data, so the
//! same code decides on the server, in tests and, without `policy`, in WASM.
//!
//! | noun | where |
//! |---|---|
//! | [`Caller`], [`Person`], [`JobRole`] | who asks, and with which standing |
//! | [`Change`], [`ChangeState`] | one request to alter the world, and where it is on its road |
//! | [`Evidence`], [`EvidenceDigest`] | exactly what will be done, and its fingerprint |
//! | [`RuleSet`], [`Requirement`] | who else must agree |
//! | [`Approval`] | one person's append-only word on one digest |
//! | [`Event`] | what happened: the audit record |
//! | [`Refusal`] | the one error a person may read |
//! | [`policy`] | *may this caller do this to that*, the only maker of [`policy::Allowed`] |

pub mod agreement;
pub mod approval;
pub mod audit;
pub mod caller;
pub mod canonical;
pub mod change;
pub mod evidence;
pub mod hold;
pub mod ids;
pub mod names;
pub mod policy;
pub mod refusal;
pub mod rollback;
pub mod rule;
pub mod run;
#[cfg(feature = "policy")]
pub mod schedule;
pub mod scope;
pub mod wave;
pub mod writing;

pub use approval::{Approval, Verdict};
pub use audit::{Event, EventKind, Outcome, RecordedKind, SubjectRef};
pub use caller::{Authentication, Caller, CallerKind, JobRole, Person, PersonState};
pub use change::{Change, ChangeKind, ChangeState, StartMode};
pub use evidence::{Evidence, EvidenceDigest, Target};
pub use ids::*;
pub use names::{
    EnvironmentName, GitCommit, ImageDigest, Login, Reason, RegionName, ServiceName, SystemName,
    TeamName, TierName, Version,
};
pub use refusal::{Refusal, RefusalCode};
pub use rule::{Approvers, Requirement, RequirementStatus, Rule, RuleSet};
pub use run::{RunState, StepKind, StepState};
pub use scope::Scope;
