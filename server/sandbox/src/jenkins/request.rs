//! A request as Jenkins looks at it: path segments decoded once, query and form as pairs, credentials, session.

use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, REFERER};
use axum::http::request::Parts;
use base64::Engine as _;

use super::access::{CRUMB_FIELD, SESSION_COOKIE};

/// What was asked.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub post: bool,
    /// Below the context path.
    pub segments: Vec<String>,
    pub query: Vec<(String, String)>,
    pub form: Vec<(String, String)>,
    pub basic: Option<(String, String)>,
    /// An `Authorization` header that is not readable as Basic.
    pub unreadable_credentials: bool,
    pub session: Option<String>,
    pub crumb: Option<String>,
    pub accept: String,
    pub referer: Option<String>,
}

impl Asked {
    /// Reads a request.
    pub(crate) fn read(parts: &Parts, body: &[u8]) -> Self {
        let header = |name: &axum::http::HeaderName| {
            parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        let decode = |segment: &str| {
            percent_encoding::percent_decode_str(segment)
                .decode_utf8_lossy()
                .into_owned()
        };
        let path = parts
            .uri
            .path()
            .strip_prefix("/jenkins")
            .unwrap_or_default();
        let form_body = header(&CONTENT_TYPE)
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let authorization = header(&AUTHORIZATION);
        let basic = authorization.as_deref().and_then(basic);
        Self {
            post: parts.method == axum::http::Method::POST,
            segments: path
                .split('/')
                .filter(|segment| !segment.is_empty())
                .map(decode)
                .collect(),
            query: pairs(parts.uri.query().unwrap_or_default().as_bytes()),
            form: if form_body { pairs(body) } else { Vec::new() },
            unreadable_credentials: authorization.is_some() && basic.is_none(),
            basic,
            session: header(&COOKIE).and_then(|cookies| {
                cookies
                    .split(';')
                    .filter_map(|cookie| cookie.trim().split_once('='))
                    .find(|(name, _)| *name == SESSION_COOKIE)
                    .map(|(_, value)| value.to_owned())
            }),
            crumb: parts
                .headers
                .get(CRUMB_FIELD)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned),
            accept: header(&ACCEPT).unwrap_or_default(),
            referer: header(&REFERER),
        }
    }

    /// A parameter of the query or the form, as a servlet container merges them.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .chain(&self.form)
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// All parameters.
    pub(crate) fn parameters(&self) -> Vec<(String, String)> {
        self.query.iter().chain(&self.form).cloned().collect()
    }
}

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    serde_urlencoded::from_bytes(text).unwrap_or_default()
}

fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = base64::engine::general_purpose::STANDARD
        .decode(encoded.trim())
        .ok()?;
    let (user, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((user.to_owned(), secret.to_owned()))
}
