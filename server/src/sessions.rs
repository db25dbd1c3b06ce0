//! Browser sessions: the cookie, and the store behind it.

mod store;

use tower_sessions::{Expiry, SessionManagerLayer, cookie::SameSite, session::Id};

pub use store::Store;

use crate::AppState;

/// The cookie's name. Browsers accept the prefix only over TLS, so plain http (on this very machine)
/// goes without it.
pub fn cookie_name(tls: bool) -> &'static str {
    if tls { "__Host-portolan" } else { "portolan" }
}

/// What is kept of a session's id, and looked up by.
pub fn hash(id: &Id) -> [u8; 32] {
    domain::canonical::sha256(&id.to_string())
}

/// Sessions end with the browser, or by our own timeouts, which the store knows. `Lax`, since the way
/// back from the identity provider is a navigation from another site; [`crate::edge::csrf`] does the rest.
pub(crate) fn layer(state: &AppState) -> SessionManagerLayer<Store> {
    SessionManagerLayer::new(Store::new(state))
        .with_name(cookie_name(state.is_tls()))
        .with_secure(state.is_tls())
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_path("/")
        .with_expiry(Expiry::OnSessionEnd)
}
