//! Signing out: here, or everywhere. Then the identity provider is asked to end its session too.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use control::sessions::SignedOut;
use tower_sessions::{Session, session::Id};

use super::{cookie, seal};
use crate::{
    AppState,
    edge::{MaybeCaller, Refused},
    sessions,
};

/// `POST /auth/logout`
pub(super) async fn here(
    State(state): State<AppState>,
    session: Session,
    MaybeCaller(caller): MaybeCaller,
) -> Result<Response, Refused> {
    let (Some(caller), Some(id)) = (caller, session.id()) else {
        return Ok(home());
    };
    let ended = state
        .control()
        .sign_out(&caller, sessions::hash(&id))
        .await?;
    leave(&state, &session, &id, &ended).await
}

/// `POST /auth/logout-everywhere`
pub(super) async fn everywhere(
    State(state): State<AppState>,
    session: Session,
    MaybeCaller(caller): MaybeCaller,
) -> Result<Response, Refused> {
    let (Some(caller), Some(id)) = (caller, session.id()) else {
        return Ok(home());
    };
    let ended = state
        .control()
        .sign_out_everywhere(&caller, sessions::hash(&id))
        .await?;
    leave(&state, &session, &id, &ended).await
}

/// The session is over; what remains is the cookie and the provider's own session.
async fn leave(
    state: &AppState,
    session: &Session,
    id: &Id,
    ended: &SignedOut,
) -> Result<Response, Refused> {
    session
        .flush()
        .await
        .map_err(|e| Refused::from(control::Error::fault(e)))?;
    let mut response = match provider_logout(state, id, ended).await {
        Some(address) => see_other(&address),
        None => home(),
    };
    let (name, tls) = (sessions::cookie_name(state.is_tls()), state.is_tls());
    let secure = if tls { "; Secure" } else { "" };
    cookie::add(
        response.headers_mut(),
        &format!("{name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{secure}"),
    );
    Ok(response)
}

/// Where the provider ends its session; `None` where it has no such place or cannot be asked.
async fn provider_logout(state: &AppState, id: &Id, ended: &SignedOut) -> Option<String> {
    let known = state.provider().known().await.ok()?;
    let mut url = known.metadata.end_session_endpoint.clone()?;
    url.query_pairs_mut()
        .append_pair("client_id", &state.provider().oidc().client_id)
        .append_pair("post_logout_redirect_uri", &format!("{}/", state.origin()));
    if let Some(token) = ended
        .id_token
        .as_deref()
        .and_then(|sealed| seal::open(id, sealed))
    {
        url.query_pairs_mut().append_pair("id_token_hint", &token);
    }
    Some(url.into())
}

fn home() -> Response {
    see_other("/")
}

fn see_other(address: &str) -> Response {
    let mut response = Redirect::to(address).into_response();
    *response.status_mut() = StatusCode::SEE_OTHER;
    response
}
