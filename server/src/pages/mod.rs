//! The pages: what people see, and the forms they send.

use axum::{
    Router,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{Refusal, RequestId};

use crate::{AppState, edge::Nonce};

/// Every page and form endpoint.
pub fn router(_state: AppState) -> Router {
    Router::new()
}

/// A refusal as a page. Called for every [`crate::edge::Refused`] outside of `/api`, whichever layer or
/// handler it comes from; status and content type are this function's to set.
pub fn refused(refusal: &Refusal, request_id: RequestId, _nonce: &Nonce) -> Response {
    let status =
        StatusCode::from_u16(refusal.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let text = format!(
        "{}\n\n{}\n\nrequest {request_id}\n",
        refusal.code.title(),
        refusal.detail
    );
    (
        status,
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
        text,
    )
        .into_response()
}
