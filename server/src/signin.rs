//! Signing in and out with the identity provider (OpenID Connect, code flow with PKCE).
//!
//! | step | where |
//! |---|---|
//! | who the provider is, its keys | [`provider`] |
//! | the browser leaves for it | [`begin`] |
//! | it comes back with an answer | [`callback`], which asks [`exchange`], [`verify`] and [`groups`] |
//! | a session ends | [`logout`], [`backchannel`] |
//!
//! Tokens of the provider stay here: the access token is dropped at once, no refresh token is asked
//! for, and the ID token is kept sealed with the session's own secret ([`seal`]).

mod backchannel;
mod begin;
mod callback;
mod cookie;
mod exchange;
mod groups;
mod http;
mod jws;
mod logout;
mod provider;
mod return_to;
mod seal;
mod verify;

use axum::{
    Router,
    routing::{get, post},
};
use openidconnect::core::CoreJwsSigningAlgorithm as Alg;

pub use provider::Provider;
pub(crate) use return_to::is_local;

use crate::AppState;

/// Where the identity provider sends browsers back to.
pub(crate) const CALLBACK: &str = "/auth/callback";

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/auth/login", get(begin::login))
        .route("/auth/sign-in", get(begin::login))
        .route("/auth/step-up", get(begin::step_up))
        .route(CALLBACK, get(callback::callback))
        .route("/auth/logout", post(logout::here))
        .route("/auth/sign-out", post(logout::here))
        .route("/auth/logout-everywhere", post(logout::everywhere))
        .route("/auth/sign-out-everywhere", post(logout::everywhere))
        .route("/auth/backchannel-logout", post(backchannel::logout))
}

/// The signature algorithm of that name, if it is one that can be accepted: never `none`,
/// never one with a shared secret.
pub(crate) fn algorithm(name: &str) -> Option<Alg> {
    Some(match name {
        "EdDSA" => Alg::EdDsa,
        "ES256" => Alg::EcdsaP256Sha256,
        "ES384" => Alg::EcdsaP384Sha384,
        "RS256" => Alg::RsaSsaPkcs1V15Sha256,
        "RS384" => Alg::RsaSsaPkcs1V15Sha384,
        "RS512" => Alg::RsaSsaPkcs1V15Sha512,
        "PS256" => Alg::RsaSsaPssSha256,
        "PS384" => Alg::RsaSsaPssSha384,
        "PS512" => Alg::RsaSsaPssSha512,
        _ => return None,
    })
}

/// 256 random bits for an address or a cookie.
fn random() -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let bytes: [u8; 32] = rand::random();
    URL_SAFE_NO_PAD.encode(bytes)
}
