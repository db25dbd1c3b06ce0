//! `Idempotency-Key`: the layer under which a POST with a key is done once. That it is done to its end, whether the client
//! hangs up or not, is [`super::request::to_the_end`]'s.

use axum::{
    body::Body,
    extract::{OriginalUri, Request, State},
    http::{HeaderName, HeaderValue, Method, Response as HttpResponse, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use control::idempotency::{Answer, Begun, KeyedRequest};
use domain::RefusalCode;
use sha2::{Digest as _, Sha256};

use super::{MaybeCaller, Refused, body};
use crate::AppState;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// In an answer's extensions: keep this instead of the body, which holds a secret that is shown once.
#[derive(Clone, Debug)]
pub struct KeepInstead(pub Vec<u8>);

pub async fn once(
    State(state): State<AppState>,
    MaybeCaller(caller): MaybeCaller,
    request: Request,
    next: Next,
) -> Response {
    if request.method() != Method::POST || !request.headers().contains_key(&KEY) {
        return next.run(request).await;
    }
    // Who has not signed in is refused by the handler; a ticket, which needs nobody, works once by itself.
    let Some(caller) = caller else {
        return next.run(request).await;
    };
    let prepared = prepare(&caller, request).await;
    let (keyed, request) = match prepared {
        Ok(prepared) => prepared,
        Err(refused) => return refused.into_response(),
    };
    match state.control().begin_keyed(&keyed).await {
        Ok(Begun::First) => {}
        Ok(Begun::Again(answer)) => return replay(answer),
        Ok(Begun::UnderWay) => {
            return Refused::code(
                RefusalCode::Conflict,
                "The first request with this key is still under way. Ask again in a moment.",
            )
            .retry_after(std::time::Duration::from_secs(1))
            .into_response();
        }
        Err(error) => return Refused::from(error).into_response(),
    }
    let response = next.run(request).await;
    keep(&state, &keyed, response).await
}

async fn prepare(
    caller: &domain::Caller,
    request: Request,
) -> Result<(KeyedRequest, Request), Refused> {
    let key = request
        .headers()
        .get(&KEY)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    // Nesting has taken the prefix from the address; what the client sent is what counts.
    let uri = request
        .extensions()
        .get::<OriginalUri>()
        .map_or_else(|| request.uri().clone(), |o| o.0.clone());
    let route = format!("{} {}", request.method(), uri.path());
    let (parts, stream) = request.into_parts();
    let bytes = body::read(uri.path(), stream).await?;
    let mut hash = Sha256::new();
    hash.update(uri.to_string().as_bytes());
    hash.update([0]);
    hash.update(&bytes);
    let keyed = KeyedRequest::new(caller, &key, route, hash.finalize().into())?;
    Ok((keyed, Request::from_parts(parts, Body::from(bytes))))
}

/// Success is kept; what was refused did nothing and may be tried again with the same key. A fault may have come
/// after the deed, so its key is spent: the same request again is told to look first.
async fn keep(state: &AppState, keyed: &KeyedRequest, response: Response) -> Response {
    let control = state.control();
    if response.status().is_server_error() {
        return response;
    }
    if !response.status().is_success() {
        if let Err(error) = control.abandon_keyed(keyed).await {
            tracing::warn!(%error, "an idempotency key could not be given back");
        }
        return response;
    }
    let (parts, body) = response.into_parts();
    let bytes = match axum::body::to_bytes(body, usize::MAX).await {
        Ok(bytes) => bytes,
        Err(error) => return Refused::from(control::Error::fault(error)).into_response(),
    };
    let kept = parts
        .extensions
        .get::<KeepInstead>()
        .map_or_else(|| bytes.to_vec(), |k| k.0.clone());
    let said = |name| parts.headers.get(name).and_then(|v| v.to_str().ok());
    let content_type = said(header::CONTENT_TYPE).unwrap_or_default();
    let answer = Answer {
        status: parts.status.as_u16(),
        content_type: content_type.to_owned(),
        location: said(header::LOCATION).map(str::to_owned),
        body: kept,
    };
    if let Err(error) = control.finish_keyed(keyed, &answer).await {
        // Done all the same: better this answer than none.
        tracing::error!(%error, "the answer to a keyed request could not be kept");
    }
    Response::from_parts(parts, Body::from(bytes))
}

fn replay(answer: Answer) -> Response {
    let mut built = HttpResponse::builder()
        .status(answer.status)
        .header(REPLAYED, HeaderValue::from_static("true"))
        .header(header::CONTENT_TYPE, answer.content_type);
    if let Some(location) = answer.location {
        built = built.header(header::LOCATION, location);
    }
    let built = built.body(Body::from(answer.body));
    built.unwrap_or_else(|e| Refused::from(control::Error::fault(e)).into_response())
}
