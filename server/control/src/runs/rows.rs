//! SQL of runs. What is written here is written under a lease: each statement, or the first of its
//! transaction, is held back unless the epoch is still the worker's own.
//!
//! What moves a step, a run or a change is written with its event, in a `ChangeTx`. What a worker keeps
//! for itself (its lease, how far it is, the copy of a log) is written without one: nobody decided it,
//! and an audit log of heartbeats would hide what happened.

pub(super) mod claims;
pub(super) mod ends;
pub(super) mod intents;
pub(super) mod log;
pub(super) mod waves;

/// The words of attempts' ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AttemptEnd {
    Succeeded,
    /// Brought nothing; another follows.
    Again,
    /// All is well and another follows at its time.
    Waited,
    Failed,
    Cancelled,
    NeedsAttention,
}

impl AttemptEnd {
    fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Again => "again",
            Self::Waited => "waited",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::NeedsAttention => "needs_attention",
        }
    }
}
