//! Two kinds of failure: a refusal, which a person may read, and a fault, which only the log sees.

use std::fmt;

use domain::{Refusal, RefusalCode};

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("{0}")]
    Fault(Fault),
}

/// What went wrong inside. Its text is for the log, never for an answer.
#[derive(Debug)]
pub struct Fault(anyhow::Error);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl Error {
    pub fn fault(why: impl Into<anyhow::Error>) -> Self {
        Self::Fault(Fault(why.into()))
    }

    /// What may be told: the refusal itself, or for a fault that something failed.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal.clone(),
            Self::Fault(_) => Refusal::new(
                RefusalCode::Unavailable,
                "Something inside the portal failed. Look whether it was done before you try again, and tell an administrator the request id if it stays.",
            ),
        }
    }

    pub fn code(&self) -> RefusalCode {
        self.refusal().code
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::fault(anyhow::Error::new(error).context("database"))
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::fault(anyhow::Error::new(error).context("json"))
    }
}

/// A stored value that its own type refuses: names table, column and row.
pub(crate) fn corrupt(
    table: &str,
    column: &str,
    id: impl fmt::Display,
    why: impl fmt::Display,
) -> Error {
    Error::fault(anyhow::anyhow!(
        "{table}.{column} of {id} is not readable: {why}"
    ))
}
