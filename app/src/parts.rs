//! The design system: what pages are put together from. One part a file.

pub mod deploy_diff;
pub mod digest;
pub mod empty;
pub mod facts;
pub mod field;
pub mod heading;
pub mod icon;
pub mod pager;
pub mod person;
pub mod refusal;
pub mod status;
pub mod table;
pub mod tabs;

pub use deploy_diff::deploy_diff;
pub use digest::{commit, evidence_digest, image_digest};
pub use empty::empty;
pub use facts::facts;
pub use field::Field;
pub use heading::heading;
pub use icon::icon;
pub use pager::pager;
pub use person::person;
pub use refusal::{note, refusal, why};
pub use status::{Stateful, Tone, mark, status};
pub use table::{Narrow, heads, table};
pub use tabs::tabs;
