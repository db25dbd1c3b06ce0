//! The pages of Portolan: functions that load through [`control::Control`] and return HTML.
//!
//! Rendered on the server only, one folder a noun; nothing here is compiled to WASM. What
//! moves in the browser are the islands of the `frontend` crate, and every page works without them.
//!
//! A page is `async fn(&Control, &Visit, …) -> control::Result<Document>`;
//! [`Document::into_html`] puts it into the shell. Forms post to plain addresses, which the
//! server answers with a redirect, or with the same page and the [`domain::Refusal`] beside its fields.

pub mod approvals;
pub mod assets;
pub mod attention;
pub mod audit;
pub mod calendar;
pub mod catalog;
pub mod changes;
pub mod delegations;
pub mod deploy;
pub mod environments;
pub mod home;
pub mod html;
pub mod islands;
pub mod keys;
pub mod landing;
pub mod params;
pub mod parts;
pub mod people;
pub mod rollback;
pub mod rules;
pub mod services;
pub mod sessions;
pub mod shell;
pub mod time;
pub mod tokens;
pub mod trouble;
pub mod visit;
pub mod words;

pub use assets::Assets;
pub use html::Html;
pub use params::Params;
pub use shell::Document;
pub use visit::{Notice, Rooms, Theme, Visit};
