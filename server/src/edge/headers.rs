//! Security headers, and the nonce of the content security policy.

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::refused::is_api;
use crate::AppState;

/// One answer's nonce. Pages put it on their inline scripts; it is new for every answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nonce(pub String);

impl Nonce {
    fn new() -> Self {
        let random: [u8; 16] = rand::random();
        Self(STANDARD.encode(random))
    }
}

const FIXED: [(HeaderName, &str); 7] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("x-permitted-cross-domain-policies"),
        "none",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), fullscreen=(self), geolocation=(), \
         gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), publickey-credentials-get=(), usb=(), xr-spatial-tracking=()",
    ),
];

/// The policy of pages. Scripts run from our own files or with this answer's nonce; nothing
/// inline else, no styles in attributes. Forms may lead to the identity provider, because browsers
/// hold a redirect after a form to the same rule.
fn page_policy(nonce: &Nonce, form_targets: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; font-src 'self'; form-action 'self'{form_targets}; frame-ancestors 'none'; base-uri 'none'; \
         object-src 'none'; manifest-src 'self'",
        nonce.0
    )
}

const API_POLICY: &str =
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

pub async fn secure(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let nonce = Nonce::new();
    let policy = if is_api(request.uri().path()) {
        HeaderValue::from_static(API_POLICY)
    } else {
        HeaderValue::from_str(&page_policy(&nonce, &state.form_targets()))
            .unwrap_or(HeaderValue::from_static(API_POLICY))
    };
    request.extensions_mut().insert(nonce);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    if state.is_tls() {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=63072000; includeSubDomains"),
        );
    }
    // What depends on who asks must not be kept by anybody on the way.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
