//! The browser leaves for the identity provider.

use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use control::{limits::Limit, sessions::LoginAttempt};
use domain::{CallerKind, PersonId, RefusalCode, canonical::sha256};
use openidconnect::PkceCodeChallenge;
use serde::Deserialize;
use serde_json::json;

use super::{CALLBACK, Provider, cookie, provider::Known, random, return_to};
use crate::{
    AppState,
    edge::{Refused, RequestFacts, SignedIn, limits},
};

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    return_to: Option<String>,
}

/// `GET /auth/login?return_to=`
pub(super) async fn login(
    State(state): State<AppState>,
    facts: RequestFacts,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Refused> {
    begin(&state, &facts, wanted, None).await
}

/// `GET /auth/step-up?return_to=`: asks the person who is signed in for a fresh second factor.
pub(super) async fn step_up(
    State(state): State<AppState>,
    facts: RequestFacts,
    SignedIn(caller): SignedIn,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Refused> {
    if !matches!(caller.kind, CallerKind::Person { .. }) {
        return Err(Refused::code(
            RefusalCode::Forbidden,
            "Only a browser can ask for a second factor.",
        ));
    }
    begin(&state, &facts, wanted, Some(caller.person.id)).await
}

async fn begin(
    state: &AppState,
    facts: &RequestFacts,
    wanted: Wanted,
    step_up_of: Option<PersonId>,
) -> Result<Response, Refused> {
    limits::by_address(
        state,
        Limit::per_minute("sign_in", state.limits().sign_in),
        facts,
    )
    .await?;
    let provider = state.provider();
    let known = provider.known().await?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let attempt = LoginAttempt {
        state: random(),
        nonce: random(),
        pkce_verifier: verifier.into_secret(),
        return_to: return_to::local(wanted.return_to.as_deref(), state.public_url()),
        step_up_of,
    };
    let secret = random();
    state
        .control()
        .begin_login(sha256(&secret), &attempt)
        .await?;
    let url = address(state, provider, &known, &attempt, challenge.as_str());
    let mut response = Redirect::to(&url).into_response();
    *response.status_mut() = StatusCode::SEE_OTHER;
    cookie::add(
        response.headers_mut(),
        &cookie::set(state.is_tls(), &attempt.state, &secret),
    );
    Ok(response)
}

fn address(
    state: &AppState,
    provider: &Provider,
    known: &Known,
    attempt: &LoginAttempt,
    challenge: &str,
) -> String {
    let oidc = provider.oidc();
    let mut url = known.metadata.authorization_endpoint.clone();
    let mut query = url.query_pairs_mut();
    query
        .append_pair("response_type", "code")
        .append_pair("client_id", &oidc.client_id)
        .append_pair("redirect_uri", &callback_url(state))
        .append_pair("scope", &oidc.scopes.join(" "))
        .append_pair("state", &attempt.state)
        .append_pair("nonce", &attempt.nonce)
        .append_pair("code_challenge", challenge)
        .append_pair("code_challenge_method", "S256");
    if attempt.step_up_of.is_some() {
        // A wish, a demand and a fresh sign-in; what comes of it is verified, not assumed.
        query.append_pair("max_age", "0");
        if let Some(acr) = &oidc.step_up_acr {
            query.append_pair("acr_values", acr);
            if known.metadata.claims_parameter_supported {
                let claims = json!({"id_token": {"acr": {"essential": true, "values": [acr]}, "auth_time": {"essential": true}}});
                query.append_pair("claims", &claims.to_string());
            }
        }
    }
    drop(query);
    url.into()
}

pub(super) fn callback_url(state: &AppState) -> String {
    format!("{}{CALLBACK}", state.origin())
}
