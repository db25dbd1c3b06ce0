//! What the API answers with: a list, or a single object that a script can ask after with its `ETag`.

use axum::{
    Json,
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use control::Page;
use domain::canonical::sha256;
use serde::Serialize;
use utoipa::ToSchema;

use super::words;
use crate::edge::Refused;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct List<T> {
    /// What there is, in order.
    items: Vec<T>,
    /// Where the next page begins; null at the end.
    #[schema(value_type = Option<words::Cursor>)]
    next_cursor: Option<String>,
    /// How many there are in all with these filters. Of changes and events counted up to 10,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    total: Option<u64>,
}

impl<T> List<T> {
    pub(super) fn of<R: Into<T>>(page: Page<R>) -> Self {
        Self {
            items: page.items.into_iter().map(Into::into).collect(),
            next_cursor: page.next_cursor,
            total: page.total,
        }
    }

    /// A list short enough to be shown whole.
    pub(super) fn whole<R: Into<T>>(rows: impl IntoIterator<Item = R>) -> Self {
        let items: Vec<T> = rows.into_iter().map(Into::into).collect();
        Self {
            total: Some(items.len() as u64),
            items,
            next_cursor: None,
        }
    }
}

/// What a list handler answers.
pub(super) type Listing<T> = Result<Json<List<T>>, Refused>;

/// The tags of what the client has already.
#[derive(Clone, Debug)]
pub(super) struct Known(HeaderMap);

impl<S: Sync> FromRequestParts<S> for Known {
    type Rejection = std::convert::Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.headers.clone()))
    }
}

impl Known {
    fn has(&self, tag: &str) -> bool {
        self.0
            .get_all(header::IF_NONE_MATCH)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|one| one.trim().trim_start_matches("W/"))
            .any(|one| one == tag || one == "*")
    }

    /// The object, or 304 where the client has it.
    pub(super) fn answer<T: Serialize>(&self, object: &T) -> Result<Response, Refused> {
        let text = serde_json::to_string(object).map_err(control::Error::from)?;
        let digest = sha256(&text);
        Ok(self.tagged(&hex::encode(&digest[..16]), "application/json", text))
    }

    /// The same of a text that is tagged already.
    pub(super) fn tagged(
        &self,
        tag: &str,
        content_type: &'static str,
        text: impl Into<axum::body::Body>,
    ) -> Response {
        let tag = format!("\"{tag}\"");
        let mut response = if self.has(&tag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let kind = HeaderValue::from_static(content_type);
            ([(header::CONTENT_TYPE, kind)], text.into()).into_response()
        };
        if let Ok(value) = HeaderValue::from_str(&tag) {
            response.headers_mut().insert(header::ETAG, value);
        }
        response
    }
}
