//! The audit log: what happened, newest first, with filters. Appended to by [`crate::ChangeTx`] alone.

pub(crate) mod rows;
