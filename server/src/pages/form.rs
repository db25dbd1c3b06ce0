//! The fields of a form.

use std::fmt::Display;

use app::Params;
use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::header,
};
use domain::{Refusal, RefusalCode, names::Unacceptable};

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

/// All that is wrong with a form.
#[derive(Debug, Default)]
pub(super) struct Wrong(Option<Refusal>);

impl Wrong {
    pub(super) fn add(&mut self, field: &str, why: impl Into<String>) {
        self.0 = Some(match self.0.take() {
            None => Refusal::field(field, why),
            Some(refusal) => refusal.and_field(field, why),
        });
    }

    /// What is filled in, if it can be read.
    pub(super) fn read<T>(
        &mut self,
        fields: &Params,
        name: &str,
        read: impl Fn(String) -> Result<T, Unacceptable>,
    ) -> Option<T> {
        match read(fields.get(name)?.to_owned()) {
            Ok(value) => Some(value),
            Err(why) => {
                self.add(name, why.0);
                None
            }
        }
    }

    pub(super) fn needed<T>(
        &mut self,
        fields: &Params,
        name: &str,
        read: impl Fn(String) -> Result<T, Unacceptable>,
    ) -> Option<T> {
        if fields.get(name).is_none() {
            self.add(name, "is needed");
            return None;
        }
        self.read(fields, name, read)
    }

    /// What came of reading a field, which is wrong where nothing did.
    pub(super) fn take<T>(&mut self, field: &str, read: Result<T, impl Display>) -> Option<T> {
        read.map_err(|why| self.add(field, why.to_string())).ok()
    }

    /// All that was read, unless something is wrong with the form.
    pub(super) fn unless<T>(self, read: Option<T>) -> Result<T, Refusal> {
        match (self.0, read) {
            (None, Some(read)) => Ok(read),
            (refusal, _) => Err(refusal.unwrap_or_else(|| {
                Refusal::new(RefusalCode::Invalid, "Something is missing in this form.")
            })),
        }
    }
}
