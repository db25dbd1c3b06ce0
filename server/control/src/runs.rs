//! Runs: the execution of changes, step by step, through crashes of any worker.
//!
//! The rules, in order of weight:
//! 1. **Lease and epoch.** A worker claims a due step, which counts its epoch up. Whatever it writes
//!    afterwards is written only while the epoch is still its own ([`lease`]). A worker that was
//!    frozen and wakes up late writes nothing, and learns nothing but to stop.
//! 2. **Intent before effect.** A call that changes something outside is committed as an intention,
//!    with a mark that is found again outside, before it is made ([`trigger`]).
//! 3. **By class.** Reads are repeated freely ([`check`], [`verify`], [`canary`], [`wave`]). Starting a build has no
//!    idempotency key: before any second try it is looked for, and what cannot be decided waits
//!    for a person.
//! 4. **One transaction** ends a step, makes the next one due and moves the change ([`settle`]).
//!
//! The database's clock decides who holds what and when a step is due: all workers share it.

pub(crate) mod canary;
mod check;
mod engine;
mod follow;
mod lease;
mod log;
mod progress;
mod rows;
pub(crate) mod session;
pub(crate) mod settle;
mod stop;
pub(crate) mod summary;
mod text;
mod trigger;
mod verify;
mod view;
mod wave;
mod worker;

pub use log::LogLine;
pub use rows::claims::CLAIM;
pub use view::{
    AttemptView, AwsSessionView, CallView, LeaseView, ReadingView, RunView, StepView, WaveView,
};
pub use worker::Worker;
