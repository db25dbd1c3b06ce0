//! The audit log: newest first with filters in the address, and one event in full.

pub mod event;
pub mod filters;
pub mod list;

pub use event::event;
pub use list::list;
pub(crate) use list::section;
