//! RFC 9457 problems: the one place where a refusal becomes an answer of the API.

use std::collections::BTreeMap;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use domain::{Refusal, RequestId};
use serde::Serialize;
use utoipa::ToSchema;

/// Why a request was refused.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// `urn:portolan:problem:` and the code.
    #[schema(example = "urn:portolan:problem:wrong_state")]
    #[serde(rename = "type")]
    kind: String,
    /// The same for every problem with this code.
    title: String,
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong with this very request, and what to do.
    detail: String,
    /// Stable; programs decide by it.
    #[schema(example = "wrong_state")]
    code: String,
    /// Quote it when you ask for help.
    #[schema(value_type = String, format = Uuid)]
    request_id: RequestId,
    /// Field → what is wrong with it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(required = false)]
    errors: BTreeMap<String, String>,
}

/// The problem as an answer.
pub(crate) fn response(refusal: &Refusal, request_id: RequestId) -> Response {
    let status =
        StatusCode::from_u16(refusal.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let problem = Problem {
        kind: format!("urn:portolan:problem:{}", refusal.code.as_str()),
        title: refusal.code.title().to_owned(),
        status: status.as_u16(),
        detail: refusal.detail.clone(),
        code: refusal.code.as_str().to_owned(),
        request_id,
        errors: refusal.fields.clone(),
    };
    let mut response = (status, Json(problem)).into_response();
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    response
}
