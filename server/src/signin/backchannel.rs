//! The identity provider says that a session has ended (`OpenID` Connect back-channel logout 1.0).

use std::sync::Arc;

use axum::{
    Json,
    body::Body,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use control::{limits::Limit, sessions::BackchannelLogout};
use domain::{Refusal, RefusalCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::{
    algorithm,
    jws::{Bad, Parts},
    provider::Known,
    verify::{SKEW, moment},
};
use crate::{
    AppState,
    config::Oidc,
    edge::{Refused, RequestFacts, body, limits},
};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// A logout token is sent at once; an older one was kept by somebody.
const OLDEST: SignedDuration = SignedDuration::from_mins(2);

/// `POST /auth/backchannel-logout`
pub(super) async fn logout(
    State(state): State<AppState>,
    facts: RequestFacts,
    request: Request,
) -> Result<Response, Refused> {
    let limit = Limit::per_minute("callback", state.limits().callback);
    limits::by_address(&state, limit, &facts).await?;
    let verified = match token(request).await {
        Ok(token) => verify(&state, &facts, &token).await,
        Err(refusal) => Err(refusal),
    };
    let refusal = match verified {
        Ok(logout) => match state.control().backchannel_logout(logout).await {
            Ok(_) => return Ok(StatusCode::OK.into_response()),
            Err(control::Error::Refused(refusal)) => refusal,
            Err(error) => return Err(error.into()),
        },
        Err(refusal) => {
            state
                .control()
                .backchannel_refused(facts.id, facts.ip.clone(), &refusal)
                .await?;
            refusal
        }
    };
    // The form that the standard asks for.
    let status = if refusal.code == RefusalCode::Unavailable {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::BAD_REQUEST
    };
    let error = json!({"error": "invalid_request", "error_description": refusal.detail});
    Ok((status, Json(error)).into_response())
}

fn bad(detail: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::Malformed, detail)
}

async fn token(request: Request<Body>) -> Result<String, Refusal> {
    let (parts, stream) = request.into_parts();
    let bytes = body::read(parts.uri.path(), stream)
        .await
        .map_err(|r| r.refusal)?;
    let mut tokens = url::form_urlencoded::parse(&bytes)
        .filter(|(name, _)| name == "logout_token")
        .map(|(_, v)| v.into_owned());
    match (tokens.next(), tokens.next()) {
        (Some(token), None) => Ok(token),
        _ => Err(bad("There must be one logout_token.")),
    }
}

async fn verify(
    state: &AppState,
    facts: &RequestFacts,
    token: &str,
) -> Result<BackchannelLogout, Refusal> {
    let provider = state.provider();
    let known = provider.known().await?;
    let parts = Parts::of(token).ok_or_else(|| bad("The logout token is no signed token."))?;
    let typed = parts.header("typ").is_some_and(|t| {
        t.eq_ignore_ascii_case("logout+jwt") || t.eq_ignore_ascii_case("application/logout+jwt")
    });
    if !typed {
        return Err(bad("The token is not of the type logout+jwt."));
    }
    let known = signed(state, &parts, known).await?;
    let claims = parts
        .claims()
        .ok_or_else(|| bad("The logout token has no claims."))?;
    checked(
        provider.oidc(),
        &known,
        &claims,
        state.control().now(),
        facts,
    )
}

async fn signed(
    state: &AppState,
    parts: &Parts<'_>,
    known: Arc<Known>,
) -> Result<Arc<Known>, Refusal> {
    let provider = state.provider();
    let allowed: Vec<_> = provider
        .oidc()
        .algorithms
        .iter()
        .filter_map(|name| algorithm(name))
        .collect();
    let known = match parts.verify(&known.keys, &allowed) {
        Ok(()) => return Ok(known),
        Err(Bad::UnknownKey) => provider
            .newer(&known)
            .await
            .ok_or_else(|| bad("The logout token is signed with an unknown key."))?,
        Err(Bad::Algorithm) => {
            return Err(bad(
                "The logout token is signed in a way that is not accepted.",
            ));
        }
        Err(Bad::Signature) => return Err(bad("The signature of the logout token is wrong.")),
    };
    parts
        .verify(&known.keys, &allowed)
        .map_err(|_| bad("The logout token is signed with an unknown key."))?;
    Ok(known)
}

fn checked(
    oidc: &Oidc,
    known: &Known,
    claims: &Map<String, Value>,
    now: Timestamp,
    facts: &RequestFacts,
) -> Result<BackchannelLogout, Refusal> {
    let text = |name: &str| {
        claims
            .get(name)
            .and_then(Value::as_str)
            .map(str::trim)
            .filter(|t| !t.is_empty() && t.len() <= 255)
            .map(str::to_owned)
    };
    let time = |name: &str| moment(claims, name).map_err(|r| bad(r.detail));
    if text("iss").as_ref() != Some(&known.metadata.issuer) {
        return Err(bad("The logout token is of another issuer."));
    }
    let for_us = match claims.get("aud") {
        Some(Value::String(one)) => *one == oidc.client_id,
        Some(Value::Array(all)) => all.len() == 1 && all[0].as_str() == Some(&oidc.client_id),
        _ => false,
    };
    if !for_us {
        return Err(bad("The logout token is for somebody else."));
    }
    let issued =
        time("iat")?.ok_or_else(|| bad("The logout token does not say when it was made."))?;
    if issued > now + SKEW || issued < now - OLDEST {
        return Err(bad("The logout token was not made just now."));
    }
    if time("exp")?.is_some_and(|until| until < now - SKEW) {
        return Err(bad("The logout token has expired."));
    }
    if !claims
        .get("events")
        .and_then(|e| e.get(EVENT))
        .is_some_and(Value::is_object)
    {
        return Err(bad("The token is not about a logout."));
    }
    // With a nonce it could be an ID token in disguise.
    if claims.contains_key("nonce") {
        return Err(bad("A logout token has no nonce."));
    }
    let (sid, subject) = (text("sid"), text("sub"));
    if sid.is_none() && subject.is_none() {
        return Err(bad(
            "The logout token names neither a session nor a person.",
        ));
    }
    Ok(BackchannelLogout {
        issuer: known.metadata.issuer.clone(),
        jti: text("jti").ok_or_else(|| bad("The logout token has no id (jti)."))?,
        sid,
        subject,
        // Longer than it could be accepted again.
        expires_at: now + OLDEST + SKEW + SKEW,
        request_id: facts.id,
        ip: facts.ip.clone(),
    })
}
