//! Who asks: the person of the session cookie, or the owner of the API token. Never both.

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use control::limits::Limit;
use domain::{Caller, RefusalCode};
use secrecy::SecretString;
use tower_sessions::Session;

use super::{Refused, RequestFacts, refused::is_api};
use crate::{AppState, sessions};

/// Whoever is signed in, if anybody is.
#[derive(Clone, Debug, Default)]
pub struct MaybeCaller(pub Option<Caller>);

/// Somebody who is signed in; others are asked to (pages) or refused (API).
#[derive(Clone, Debug)]
pub struct SignedIn(pub Caller);

impl<S: Sync> FromRequestParts<S> for MaybeCaller {
    type Rejection = std::convert::Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Refused;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        match parts.extensions.get::<MaybeCaller>() {
            Some(MaybeCaller(Some(caller))) => Ok(Self(caller.clone())),
            _ => Err(Refused::not_signed_in()),
        }
    }
}

/// Finds out who asks and puts it into the request, as [`MaybeCaller`].
pub async fn find(
    State(state): State<AppState>,
    session: Session,
    facts: RequestFacts,
    mut request: Request,
    next: Next,
) -> Response {
    let found = match credentials(&request, &session) {
        Ok(Credentials::None) => Ok(None),
        Ok(Credentials::Session(hash)) => {
            let known = state
                .control()
                .session_caller(hash, facts.id, facts.ip.clone())
                .await;
            known.map_err(Refused::from)
        }
        Ok(Credentials::Token(secret)) => by_token(&state, &secret, &facts).await.map(Some),
        Err(refused) => Err(refused),
    };
    match found {
        Ok(caller) => {
            request.extensions_mut().insert(MaybeCaller(caller));
            next.run(request).await
        }
        Err(refused) => refused.into_response(),
    }
}

enum Credentials {
    None,
    Session([u8; 32]),
    Token(SecretString),
}

fn credentials(request: &Request, session: &Session) -> Result<Credentials, Refused> {
    let cookie = session.id().map(|id| sessions::hash(&id));
    // Pages are for browsers; a token opens the API only.
    let bearer = if is_api(request.uri().path()) {
        bearer(request.headers())?
    } else {
        None
    };
    match (cookie, bearer) {
        (Some(_), Some(_)) => Err(Refused::code(
            RefusalCode::Malformed,
            "This request carries both a session cookie and a token. Send one of them: whose rights count must not be a guess.",
        )),
        (Some(hash), None) => Ok(Credentials::Session(hash)),
        (None, Some(token)) => Ok(Credentials::Token(token)),
        (None, None) => Ok(Credentials::None),
    }
}

fn bearer(headers: &HeaderMap) -> Result<Option<SecretString>, Refused> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let Some(first) = all.next() else {
        return Ok(None);
    };
    let odd = || {
        Refused::code(
            RefusalCode::NotSignedIn,
            "The Authorization header must be one 'Bearer ptl_…'.",
        )
    };
    if all.next().is_some() {
        return Err(odd());
    }
    let (scheme, token) = first
        .to_str()
        .ok()
        .and_then(|v| v.split_once(' '))
        .ok_or_else(odd)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(odd());
    }
    Ok(Some(SecretString::from(token.trim())))
}

/// Whoever tries tokens at random is stopped before the database is asked about each.
async fn by_token(
    state: &AppState,
    secret: &SecretString,
    facts: &RequestFacts,
) -> Result<Caller, Refused> {
    let limit = Limit::per_minute("failed_token", state.limits().failed_token);
    let control = state.control();
    if control.is_used_up(limit, &facts.address()).await?
        && let Some(limited) = control
            .count_use(limit, &facts.address(), facts.anonymous())
            .await?
    {
        return Err(limited.into());
    }
    match control
        .token_caller(secret, facts.id, facts.ip.clone())
        .await
    {
        Ok(caller) => Ok(caller),
        Err(control::Error::Refused(refusal)) => {
            control
                .count_use(limit, &facts.address(), facts.anonymous())
                .await?;
            Err(Refused::new(refusal))
        }
        Err(error) => Err(error.into()),
    }
}
