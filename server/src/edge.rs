//! What every request passes before it reaches a handler. [`crate::serve::router`] says in which order.

pub mod metrics;
