//! Pipelines, which run in Jenkins.
//!
//! Jenkins knows no idempotency key. A build is found again by a parameter that carries our mark
//! ([`MARK`]); see [`Pipelines::find`] and [`Pipelines::trigger`]. Addresses are built from the
//! configured one and never taken from an answer, of which only numbers are read.

mod build;
mod http;
mod queue;

pub use build::{Build, BuildResult, Console, Force, LogPiece};
pub use http::Pipelines;
pub use queue::{Item, Place, Search};

/// The parameter that carries our mark. The job must declare it: Jenkins drops what is not declared.
pub const MARK: &str = "PORTOLAN_RUN_ID";
/// The parameter that carries the one-time ticket; a password parameter, which Jenkins never shows.
pub const TICKET: &str = "PORTOLAN_TICKET";
/// The parameter that asks for a canary of so many percent of the replicas and for nothing else; not sent for all
/// of them. A job that does not declare it is not started: without it a canary would be a whole deployment.
pub const SHARE: &str = "CANARY_SHARE";
