//! The fields of a form.

use app::Params;
use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::header,
};
use domain::RefusalCode;

use crate::edge::{Refused, body};

/// What a form sent. What is not a form is refused.
#[derive(Debug)]
pub(super) struct Fields(pub Params);

impl<S: Sync> FromRequest<S> for Fields {
    type Rejection = Refused;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refused> {
        let kind = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok());
        let kind = kind
            .and_then(|v| v.split(';').next())
            .unwrap_or_default()
            .trim();
        let path = request.uri().path().to_owned();
        let empty = kind.is_empty();
        if !empty && !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Refused::code(
                RefusalCode::UnsupportedMediaType,
                "This address takes the fields of a form. Scripts use the REST API under /api/v1.",
            ));
        }
        let bytes: Bytes = body::read(&path, request.into_body()).await?;
        let pairs = url::form_urlencoded::parse(&bytes);
        // Browsers send line ends as CR LF; what was typed had none of the CRs.
        let pairs = pairs.map(|(k, v)| (k.into_owned(), v.replace("\r\n", "\n")));
        Ok(Self(Params::new(pairs.take(1_000).collect())))
    }
}
