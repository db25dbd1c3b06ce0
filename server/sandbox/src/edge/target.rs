//! What a request is aimed at, read before authentication, so that faults strike like a broken network: whoever asks.
use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderValue, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;

use crate::world::faults::Target;

/// Service and region of a request.
pub fn of(request: &Request<Body>, encrypted: bool) -> Target {
    let path = request.uri().path();
    let named = |service: &str| Target {
        service: service.to_owned(),
        region: None,
    };
    if encrypted {
        // /clusters/<account>/<region>/<name>/…
        return Target {
            service: "kubernetes".to_owned(),
            region: path.split('/').nth(3).map(str::to_owned),
        };
    }
    if path == "/jenkins" || path.starts_with("/jenkins/") {
        return named("jenkins");
    }
    if path.starts_with("/pod-identity/") {
        return named("pod-identity");
    }
    scope(request).unwrap_or_else(|| named("aws"))
}

/// Service and region of the `SigV4` credential scope `KEY/DATE/REGION/SERVICE/aws4_request`, from the header or the query.
fn scope(request: &Request<Body>) -> Option<Target> {
    let header = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let credential =
        if let Some((_, rest)) = header.and_then(|header| header.split_once("Credential=")) {
            rest.split([',', ' ']).next()?.to_owned()
        } else {
            let mut pairs = request.uri().query()?.split('&');
            let value = pairs.find_map(|pair| pair.strip_prefix("X-Amz-Credential="))?;
            percent_decode_str(value).decode_utf8().ok()?.into_owned()
        };
    let mut parts = credential.split('/').skip(2);
    let region = parts.next()?.to_owned();
    Some(Target {
        service: parts.next()?.to_owned(),
        region: Some(region),
    })
}

/// A name for the journal when the request was not served: the JSON target, or method and path.
pub fn operation(request: &Request<Body>) -> String {
    match request
        .headers()
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok())
    {
        Some(target) => target.rsplit('.').next().unwrap_or(target).to_owned(),
        None => format!("{} {}", request.method(), request.uri().path()),
    }
}

/// A small answer.
pub fn plain(status: u16, content_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
