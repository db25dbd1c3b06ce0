//! What needs a person: runs that cannot decide by themselves what became of an outside call.

pub mod detail;
pub mod list;

pub use detail::{Posted, detail};
pub use list::list;
