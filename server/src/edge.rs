//! What every request passes before it reaches a handler. [`crate::serve::router`] says in which order.

pub mod body;
pub mod caller;
pub mod compression;
pub mod csrf;
pub mod headers;
pub mod keyed;
pub mod limits;
pub mod metrics;
pub mod refused;
pub mod request;

pub use caller::{MaybeCaller, SignedIn};
pub use headers::Nonce;
pub use refused::Refused;
pub use request::RequestFacts;
