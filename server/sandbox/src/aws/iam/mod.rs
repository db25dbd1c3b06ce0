//! IAM policies: their grammar and their evaluation, as AWS documents them.
//!
//! [`Policy::parse`] checks the grammar and refuses in the words of AWS; [`evaluate`] decides one [`Request`] against the
//! [`Policies`] in force and says which statement decided. Nothing here knows HTTP or the state of the world, so a test
//! can put any rendered policy through it.
mod condition;
mod document;
mod evaluate;
mod pattern;
mod request;
#[cfg(test)]
mod tests;

pub use document::{Effect, Malformed, Policy};
pub use evaluate::{Because, Decision, Layer, Policies, evaluate};
pub use request::{Context, Principal, Request};
