//! Against requests that another site makes a browser send.
//!
//! A session cookie travels by itself, so every unsafe request that carries one must prove that
//! one of our own pages made it: the browser says so (`Sec-Fetch-Site`, else `Origin`), and a
//! token that only our pages know comes along, in the form field `csrf` or the header `x-csrf-token`.
//!
//! The token is derived from the session's id and masked anew for every page, so that the
//! compression of pages gives nothing away (BREACH). It ends with the session.

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use control::limits::Limit;
use domain::{Caller, Event, EventKind, RefusalCode, SubjectRef};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use tower_sessions::{Session, session::Id};

use super::{MaybeCaller, Refused, RequestFacts, body, request::is_safe};
use crate::AppState;

/// The field of forms that carries the token.
pub const FIELD: &str = "csrf";
/// The same under the name that pages of other frameworks use.
const OTHER_FIELD: &str = "_csrf";
/// The header of scripts that carries the token.
pub const HEADER: HeaderName = HeaderName::from_static("x-csrf-token");
const LENGTH: usize = 32;

/// A token for the forms of one answer, or none where nobody is signed in: then there is nothing to protect.
pub fn token(session: &Session) -> Option<String> {
    session.id().map(|id| masked(&derived(&id), rand::random()))
}

/// The same for a session by its cookie's value; `None` when that is none.
pub fn token_of(cookie: &str) -> Option<String> {
    let id: Id = cookie.parse().ok()?;
    Some(masked(&derived(&id), rand::random()))
}

fn derived(id: &Id) -> [u8; LENGTH] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&id.0.to_le_bytes()) else {
        unreachable!("HMAC takes keys of any length")
    };
    mac.update(b"portolan csrf token");
    mac.finalize().into_bytes().into()
}

fn masked(token: &[u8; LENGTH], mask: [u8; LENGTH]) -> String {
    let mut bytes = mask.to_vec();
    bytes.extend(token.iter().zip(mask).map(|(t, m)| t ^ m));
    URL_SAFE_NO_PAD.encode(bytes)
}

fn is_token_of(id: &Id, text: &str) -> bool {
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(text) else {
        return false;
    };
    if bytes.len() != 2 * LENGTH {
        return false;
    }
    let (mask, hidden) = bytes.split_at(LENGTH);
    let wanted = derived(id);
    // All bytes are looked at, however early they differ.
    let difference = mask
        .iter()
        .zip(hidden)
        .zip(wanted)
        .fold(0_u8, |d, ((m, h), w)| d | (m ^ h ^ w));
    difference == 0
}

/// Refuses and records what does not come from our own pages.
pub async fn protect(
    State(state): State<AppState>,
    session: Session,
    facts: RequestFacts,
    MaybeCaller(caller): MaybeCaller,
    request: Request,
    next: Next,
) -> Response {
    if is_safe(request.method()) {
        return next.run(request).await;
    }
    let route = format!("{} {}", request.method(), request.uri().path());
    let checked = check(&state, &session, request).await;
    let (refused, sent) = match checked {
        Ok(request) => return next.run(request).await,
        Err(Problem::Unreadable(refused)) => return refused.into_response(),
        Err(Problem::Foreign(why)) => (Refused::code(RefusalCode::CrossSite, why), why),
        Err(Problem::OutOfDate(why)) => {
            let refused = Refused::code(RefusalCode::CrossSite, why);
            (refused.out_of_date(), why)
        }
    };
    match record(&state, &facts, caller.as_ref(), route, &refused, sent).await {
        Ok(()) => refused.into_response(),
        Err(refused) => refused.into_response(),
    }
}

/// One event each, up to a limit: whoever can make a browser send one can make it send thousands.
async fn record(
    state: &AppState,
    facts: &RequestFacts,
    caller: Option<&Caller>,
    route: String,
    refused: &Refused,
    detail: &str,
) -> Result<(), Refused> {
    let limit = Limit::per_minute("cross_site", state.limits().cross_site);
    let actor = || caller.map_or_else(|| facts.anonymous(), Into::into);
    let whom = caller.map_or_else(
        || facts.address().clone(),
        |caller| caller.person.id.to_string(),
    );
    if let Some(limited) = state.control().count_use(limit, &whom, actor()).await? {
        return Err(limited.into());
    }
    let event = Event::denied(
        EventKind::CrossSiteRefused,
        SubjectRef::new("route", route),
        &refused.refusal,
    )
    .with(serde_json::json!({"code": refused.refusal.code, "detail": detail}));
    Ok(state.control().record(actor(), event).await?)
}

enum Problem {
    Foreign(&'static str),
    /// By the browser's word from our own page, but not from one of this session.
    OutOfDate(&'static str),
    Unreadable(Refused),
}

async fn check(state: &AppState, session: &Session, request: Request) -> Result<Request, Problem> {
    let origin = comes_from(request.headers(), state.origin());
    if origin == From::Elsewhere {
        return Err(Problem::Foreign(
            "Another site made your browser send this. Nothing was done.",
        ));
    }
    let Some(id) = session.id() else {
        // Without the cookie nothing was sent in anybody's name: a token or a ticket speaks for itself.
        return Ok(request);
    };
    if origin == From::Unknown {
        return Err(Problem::Foreign(
            "Your browser did not say where this came from. Use a current browser, or an API token.",
        ));
    }
    let (sent, request) = sent_token(request).await.map_err(Problem::Unreadable)?;
    match sent {
        Some(token) if is_token_of(&id, &token) => Ok(request),
        Some(_) => Err(Problem::OutOfDate(
            "This form is from another session, perhaps from before you signed in. Reload the page and try again.",
        )),
        None => Err(Problem::OutOfDate(
            "The token of our pages is missing. Reload the page and try again.",
        )),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    Here,
    Elsewhere,
    Unknown,
}

/// What the browser says. A sister domain (`same-site`) is elsewhere.
fn comes_from(headers: &HeaderMap, ours: &str) -> From {
    let texts = |name: HeaderName| -> Vec<String> {
        headers
            .get_all(name)
            .iter()
            .map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned())
            .collect()
    };
    let sites = texts(HeaderName::from_static("sec-fetch-site"));
    let origins = texts(header::ORIGIN);
    if sites.iter().any(|s| s != "same-origin" && s != "none") || origins.iter().any(|o| o != ours)
    {
        return From::Elsewhere;
    }
    if sites.is_empty() && origins.is_empty() {
        From::Unknown
    } else {
        From::Here
    }
}

/// The token of the header, or of the form, whose body is read and put back.
async fn sent_token(request: Request) -> Result<(Option<String>, Request), Refused> {
    if let Some(value) = request.headers().get(&HEADER) {
        return Ok((value.to_str().ok().map(str::to_owned), request));
    }
    let is_form = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|v| {
            v.split(';').next().is_some_and(|t| {
                t.trim()
                    .eq_ignore_ascii_case("application/x-www-form-urlencoded")
            })
        });
    if !is_form {
        return Ok((None, request));
    }
    let (parts, stream) = request.into_parts();
    let bytes = body::read(parts.uri.path(), stream).await?;
    let token = url::form_urlencoded::parse(&bytes)
        .find(|(name, _)| name == FIELD || name == OTHER_FIELD)
        .map(|(_, value)| value.into_owned());
    Ok((token, Request::from_parts(parts, Body::from(bytes))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_its_sessions_and_looks_new_every_time() {
        let (id, other) = (Id(7), Id(8));
        let (a, b) = (
            masked(&derived(&id), rand::random()),
            masked(&derived(&id), rand::random()),
        );
        assert_ne!(a, b);
        assert!(is_token_of(&id, &a) && is_token_of(&id, &b));
        assert!(!is_token_of(&other, &a));
        for bad in ["", "a", "%%%", &a[1..], &format!("{a}A")] {
            assert!(!is_token_of(&id, bad), "{bad}");
        }
    }

    #[test]
    fn a_sister_domain_is_elsewhere() {
        let ours = "https://portolan.example.com";
        let from = |pairs: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(*name, value.parse().expect("a header"));
            }
            comes_from(&headers, ours)
        };
        assert_eq!(from(&[("sec-fetch-site", "same-origin")]), From::Here);
        assert_eq!(from(&[("sec-fetch-site", "none")]), From::Here);
        assert_eq!(from(&[("origin", ours)]), From::Here);
        assert_eq!(from(&[]), From::Unknown);
        for bad in ["same-site", "cross-site", "SAME-ORIGIN", ""] {
            assert_eq!(from(&[("sec-fetch-site", bad)]), From::Elsewhere, "{bad}");
        }
        for bad in [
            "null",
            "http://portolan.example.com",
            "https://portolan.example.com.evil.test",
            "https://evil.test",
        ] {
            assert_eq!(from(&[("origin", bad)]), From::Elsewhere, "{bad}");
            assert_eq!(
                from(&[("sec-fetch-site", "same-origin"), ("origin", bad)]),
                From::Elsewhere,
                "{bad}"
            );
        }
        assert_eq!(
            from(&[
                ("sec-fetch-site", "same-origin"),
                ("sec-fetch-site", "cross-site")
            ]),
            From::Elsewhere
        );
    }
}
