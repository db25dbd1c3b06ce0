//! How much may be sent. One limit for all, a larger one where a catalogue is uploaded.

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::header,
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::{Refusal, RefusalCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::Refused;

pub const MOST: usize = 1024 * 1024;
/// A catalogue of thousands of services in one file.
pub const MOST_CATALOGUE: usize = 12 * 1024 * 1024;
const CATALOGUE_ROUTE: &str = "/services/import";

fn most(path: &str) -> usize {
    // The same with and without the prefix that nesting takes away.
    if path.strip_prefix("/api/v1").unwrap_or(path) == CATALOGUE_ROUTE {
        MOST_CATALOGUE
    } else {
        MOST
    }
}

fn too_large(most: usize) -> Refused {
    Refused::new(Refusal::new(
        RefusalCode::TooLarge,
        format!(
            "At most {} MiB can be sent here. Send less, or in parts.",
            most / (1024 * 1024)
        ),
    ))
}

/// Refuses at once what announces itself as too large, and cuts off what turns out to be.
pub async fn limit(request: Request, next: Next) -> Response {
    let most = most(request.uri().path());
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most as u64) {
        return too_large(most).into_response();
    }
    let request = request.map(|body| Body::new(Limited::new(body, most)));
    next.run(request).await
}

/// The whole body, within the limit that [`limit`] set.
pub async fn read(path: &str, body: Body) -> Result<Bytes, Refused> {
    match body.collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if is_length_limit(&error) => Err(too_large(most(path))),
        Err(_) => Err(Refused::code(
            RefusalCode::Malformed,
            "The request broke off before its end.",
        )),
    }
}

fn is_length_limit(error: &axum::Error) -> bool {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        if error.is::<LengthLimitError>() {
            return true;
        }
        source = error.source();
    }
    false
}
