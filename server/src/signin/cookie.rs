//! The cookie of a sign-in under way: ten minutes, used once, one for each sign-in, so that several tabs may sign in at once.

use axum::http::{HeaderMap, HeaderValue, header};
use domain::canonical::sha256;

const SECONDS: u32 = 600;

/// The cookie's name depends on `state`, which comes back in the address.
fn name(tls: bool, state: &str) -> String {
    let short = hex::encode(&sha256(state)[..6]);
    if tls {
        format!("__Host-portolan-login-{short}")
    } else {
        format!("portolan-login-{short}")
    }
}

pub(super) fn set(tls: bool, state: &str, value: &str) -> String {
    let secure = if tls { "; Secure" } else { "" };
    format!(
        "{}={value}; Path=/; Max-Age={SECONDS}; HttpOnly; SameSite=Lax{secure}",
        name(tls, state)
    )
}

pub(super) fn clear(tls: bool, state: &str) -> String {
    let secure = if tls { "; Secure" } else { "" };
    format!(
        "{}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{secure}",
        name(tls, state)
    )
}

/// The value that the browser brought, if there is exactly one.
pub(super) fn find(headers: &HeaderMap, tls: bool, state: &str) -> Option<String> {
    let wanted = name(tls, state);
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == wanted)
        .map(|(_, value)| value.to_owned());
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// Adds a `Set-Cookie` header.
pub(super) fn add(headers: &mut HeaderMap, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        headers.append(header::SET_COOKIE, value);
    }
}
