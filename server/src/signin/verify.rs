//! Whether to believe an ID token. openidconnect checks signature, issuer, audience, nonce and
//! expiry; what it leaves to its users is checked here.

use std::sync::Arc;

use domain::{Authentication, Login, Refusal, RefusalCode};
use jiff::{SignedDuration, Timestamp};
use openidconnect::{
    AccessTokenHash, ClaimsVerificationError, ClientId, IssuerUrl, Nonce,
    SignatureVerificationError,
    core::{CoreIdTokenVerifier, CoreJwsSigningAlgorithm},
};
use serde_json::{Map, Value};

use super::{
    Provider, algorithm,
    exchange::Tokens,
    groups::{self, Standing},
    jws,
    provider::Known,
};
use crate::config::Oidc;

/// How far the provider's clock and ours may differ.
pub(super) const SKEW: SignedDuration = SignedDuration::from_secs(60);
/// The token comes straight from the provider: it cannot be older than the sign-in.
const OLDEST: SignedDuration = SignedDuration::from_mins(10);

/// Who signed in, as far as the identity provider can tell.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) subject: String,
    pub(super) login: Login,
    pub(super) name: String,
    pub(super) email: Option<String>,
    pub(super) standing: Standing,
    pub(super) authentication: Authentication,
    pub(super) sid: Option<String>,
    /// The token itself, to be sealed.
    pub(super) raw: String,
}

/// Verifies the token, with newer keys where the ones at hand do not fit.
pub(super) async fn verify(
    provider: &Provider,
    known: &Arc<Known>,
    tokens: &Tokens,
    nonce: &str,
    now: Timestamp,
) -> Result<Identity, Refusal> {
    match signed(provider.oidc(), known, tokens, nonce, now) {
        Err(ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey,
        )) => {
            let newer = provider.newer(known).await;
            let newer = newer.ok_or_else(|| refused("The ID token is signed with a key that the identity provider does not publish."))?;
            signed(provider.oidc(), &newer, tokens, nonce, now).map_err(in_words)?;
        }
        other => other.map_err(in_words)?,
    }
    let raw = tokens.id_token.to_string();
    // Verified above; read once more as a plain map, since which claims matter is configured.
    let claims = jws::Parts::of(&raw)
        .and_then(|parts| parts.claims())
        .ok_or_else(|| refused("The ID token has no claims."))?;
    identity(provider.oidc(), &claims, raw, now)
}

fn signed(
    oidc: &Oidc,
    known: &Known,
    tokens: &Tokens,
    nonce: &str,
    now: Timestamp,
) -> Result<(), ClaimsVerificationError> {
    let other = |e: &str| ClaimsVerificationError::Other(e.to_owned());
    let issuer =
        IssuerUrl::new(oidc.issuer_text.clone()).map_err(|_| other("the issuer is no address"))?;
    let allowed: Vec<CoreJwsSigningAlgorithm> = oidc
        .algorithms
        .iter()
        .filter_map(|name| algorithm(name))
        .collect();
    let seconds = (now - SKEW).as_second();
    let verifier = CoreIdTokenVerifier::new_public_client(
        ClientId::new(oidc.client_id.clone()),
        issuer,
        known.keys.clone(),
    )
    .set_allowed_algs(allowed)
    .set_time_fn(move || openidconnect_time(seconds));
    tokens
        .id_token
        .claims(&verifier, &Nonce::new(nonce.to_owned()))?;
    let claims = tokens
        .id_token
        .claims(&verifier, &Nonce::new(nonce.to_owned()))?;
    if let Some(said) = claims.access_token_hash() {
        let alg = tokens
            .id_token
            .signing_alg()
            .map_err(ClaimsVerificationError::SignatureVerification)?;
        let key = tokens
            .id_token
            .signing_key(&verifier)
            .map_err(ClaimsVerificationError::SignatureVerification)?;
        let is = AccessTokenHash::from_token(&tokens.access_token, alg, key)
            .map_err(|_| other("at_hash"))?;
        if is != *said {
            return Err(other("at_hash"));
        }
    }
    Ok(())
}

fn openidconnect_time(seconds: i64) -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::from_timestamp(seconds, 0).unwrap_or(chrono::DateTime::<chrono::Utc>::MAX_UTC)
}

fn identity(
    oidc: &Oidc,
    claims: &Map<String, Value>,
    raw: String,
    now: Timestamp,
) -> Result<Identity, Refusal> {
    for_us(oidc, claims)?;
    let issued = moment(claims, "iat")?
        .ok_or_else(|| refused("The ID token does not say when it was made."))?;
    if issued > now + SKEW || issued < now - OLDEST {
        return Err(refused(
            "The ID token was not made just now. Check the clocks of both machines.",
        ));
    }
    if moment(claims, "nbf")?.is_some_and(|from| from > now + SKEW) {
        return Err(refused("The ID token is not valid yet."));
    }
    let subject = text(claims, "sub").filter(|s| is_plain(s, 255));
    let subject =
        subject.ok_or_else(|| refused("The identity provider did not say who you are."))?;
    let login = text(claims, &oidc.login_claim).ok_or_else(|| {
        refused(format!(
            "The identity provider did not name you (claim '{}').",
            oidc.login_claim
        ))
    })?;
    let login = Login::parse(login)
        .map_err(|e| refused(format!("Your sign-in name cannot be used: {e}.")))?;
    let name = text(claims, "name")
        .filter(|n| {
            is_plain(n, 200) && domain::writing::is_readable(n) && !domain::writing::turns(n)
        })
        .unwrap_or_else(|| login.to_string());
    Ok(Identity {
        login,
        name,
        email: text(claims, "email").filter(|e| is_plain(e, 320)),
        standing: groups::standing(oidc, claims)?,
        authentication: authentication(oidc, claims, issued, now)?,
        sid: text(claims, "sid").filter(|s| is_plain(s, 255)),
        subject,
        raw,
    })
}

/// `azp`, which openidconnect leaves alone: who the token was made for, when it names several.
fn for_us(oidc: &Oidc, claims: &Map<String, Value>) -> Result<(), Refusal> {
    let several = claims
        .get("aud")
        .and_then(Value::as_array)
        .is_some_and(|all| all.len() > 1);
    match claims.get("azp") {
        None if several => Err(refused(
            "The ID token is for several parties and does not say for whom it was made.",
        )),
        None => Ok(()),
        Some(azp) if azp.as_str() == Some(&oidc.client_id) => Ok(()),
        Some(_) => Err(refused("The ID token was made for somebody else.")),
    }
}

fn authentication(
    oidc: &Oidc,
    claims: &Map<String, Value>,
    issued: Timestamp,
    now: Timestamp,
) -> Result<Authentication, Refusal> {
    let auth_time = moment(claims, "auth_time")?;
    if auth_time.is_some_and(|at| at > now + SKEW) {
        return Err(refused(
            "The ID token says you signed in in the future. Check the clocks of both machines.",
        ));
    }
    let acr = claims.get("acr").and_then(Value::as_str);
    let amr = claims
        .get("amr")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let strong = acr.is_some_and(|acr| oidc.mfa_acr.iter().any(|a| a == acr))
        || amr
            .iter()
            .filter_map(Value::as_str)
            .any(|m| oidc.mfa_amr.iter().any(|a| a == m));
    Ok(Authentication {
        // Without a time nothing was proved just now, so it never counts as a step-up.
        mfa: strong && auth_time.is_some(),
        auth_time: auth_time.unwrap_or(issued),
    })
}

fn text(claims: &Map<String, Value>, name: &str) -> Option<String> {
    claims
        .get(name)
        .and_then(Value::as_str)
        .map(str::trim)
        .filter(|t| !t.is_empty())
        .map(str::to_owned)
}

fn is_plain(text: &str, most: usize) -> bool {
    text.chars().count() <= most && !text.chars().any(char::is_control)
}

/// A time in seconds since 1970; another kind of value is a refusal, not an absence.
pub(super) fn moment(
    claims: &Map<String, Value>,
    name: &str,
) -> Result<Option<Timestamp>, Refusal> {
    let Some(value) = claims.get(name).filter(|v| !v.is_null()) else {
        return Ok(None);
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "seconds; what does not fit is out of range below"
    )]
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|f| f as i64));
    seconds
        .and_then(|s| Timestamp::from_second(s).ok())
        .map(Some)
        .ok_or_else(|| refused(format!("The token's '{name}' is no time.")))
}

/// Why, for the person and the log. The text of openidconnect quotes claims, so ours stands instead.
fn in_words(error: ClaimsVerificationError) -> Refusal {
    use ClaimsVerificationError as E;
    use SignatureVerificationError as S;
    tracing::info!(%error, "an ID token was refused");
    refused(match error {
        E::Expired(_) => "The ID token has expired. Check the clocks of both machines.",
        E::InvalidAudience(_) => "The ID token was made for somebody else.",
        E::InvalidIssuer(_) => "The ID token is of another issuer.",
        E::InvalidNonce(_) => "The ID token belongs to another sign-in.",
        E::Other(why) if why == "at_hash" => "The ID token does not belong to the access token.",
        E::SignatureVerification(S::DisallowedAlg(_) | S::UnsupportedAlg(_) | S::NoSignature) => {
            "The ID token is signed in a way that is not accepted."
        }
        E::SignatureVerification(S::NoMatchingKey) => {
            "The ID token is signed with a key that the identity provider does not publish."
        }
        E::SignatureVerification(_) => "The signature of the ID token is wrong.",
        _ => "The ID token cannot be accepted.",
    })
}

pub(super) fn refused(detail: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::SignInRefused, detail)
}
