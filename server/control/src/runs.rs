//! Runs: the execution of changes.

mod view;

pub use view::{AwsSessionView, RunView, StepView};
