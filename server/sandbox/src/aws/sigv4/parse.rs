//! Reads a signature out of the `Authorization` header or the query.
use std::collections::BTreeMap;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use percent_encoding::percent_decode_str;

use super::Refusal;

/// A signature as it stands in a request, not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signed {
    pub(crate) access_key_id: String,
    /// `YYYYMMDD` of the credential scope.
    pub(crate) day: String,
    pub(crate) region: String,
    pub(crate) service: String,
    /// `YYYYMMDDTHHMMSSZ`
    pub(crate) date: String,
    pub(crate) time: Timestamp,
    /// Lower case, sorted.
    pub(crate) headers: Vec<String>,
    pub(crate) signature: Vec<u8>,
    pub(crate) session_token: Option<String>,
    /// `X-Amz-Expires` of the query form; `None` says the header form was used.
    pub(crate) expires_s: Option<u32>,
}

fn incomplete<T>(message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Incomplete(message.into()))
}

impl Signed {
    /// Reads whichever form the request has; both at once are refused.
    pub(crate) fn read(headers: &HeaderMap, query: &str) -> Result<Self, Refusal> {
        let by_query = query.split('&').any(|pair| {
            pair.starts_with("X-Amz-Algorithm=") || pair.starts_with("X-Amz-Signature=")
        });
        match (headers.contains_key(AUTHORIZATION), by_query) {
            (false, false) => Err(Refusal::Missing),
            (true, true) => incomplete(
                "Only one of the Authorization header and the X-Amz-Algorithm query parameter may be given.",
            ),
            (true, false) => Self::from_header(headers),
            (false, true) => Self::from_query(query),
        }
    }

    fn from_header(headers: &HeaderMap) -> Result<Self, Refusal> {
        let header = one(headers, "authorization")?.unwrap_or_default();
        let Some(fields) = header
            .strip_prefix("AWS4-HMAC-SHA256")
            .filter(|rest| rest.starts_with([' ', '\t']))
        else {
            return incomplete(format!(
                "Unsupported signing algorithm: Authorization={}",
                shorten(&header)
            ));
        };
        let mut parts = BTreeMap::new();
        for field in fields.split(',') {
            let Some((name, value)) = field.trim().split_once('=') else {
                return incomplete(format!(
                    "Invalid key=value pair (missing equal-sign) in Authorization header: '{}'.",
                    shorten(field.trim())
                ));
            };
            if parts.insert(name, value).is_some() {
                return incomplete(format!(
                    "Authorization header has '{}' twice.",
                    shorten(name)
                ));
            }
        }
        let lacking: Vec<_> = ["Credential", "Signature", "SignedHeaders"]
            .iter()
            .filter(|name| parts.get(**name).is_none_or(|value| value.is_empty()))
            .map(|name| format!("Authorization header requires '{name}' parameter."))
            .collect();
        if !lacking.is_empty() {
            return incomplete(lacking.join(" "));
        }
        let Some(date) = one(headers, "x-amz-date")? else {
            return incomplete(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
            );
        };
        let token = one(headers, "x-amz-security-token")?;
        Self::new(
            parts["Credential"],
            date,
            parts["SignedHeaders"],
            parts["Signature"],
            token,
            None,
        )
    }

    fn from_query(query: &str) -> Result<Self, Refusal> {
        let mut fields = BTreeMap::new();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if name.starts_with("X-Amz-") && fields.insert(name.clone(), value).is_some() {
                return incomplete(format!(
                    "The query parameter {} is there twice.",
                    shorten(&name)
                ));
            }
        }
        let get = |name: &str| match fields.get(name) {
            Some(value) if !value.is_empty() => Ok(value.as_str()),
            _ => incomplete(format!(
                "AWS query-string parameters must include '{name}'."
            )),
        };
        if get("X-Amz-Algorithm")? != "AWS4-HMAC-SHA256" {
            return incomplete("Unsupported signing algorithm in X-Amz-Algorithm.");
        }
        // Absent, STS takes 15 minutes.
        let expires = match fields.get("X-Amz-Expires") {
            None => 900,
            Some(text) => match text.parse::<u32>() {
                Ok(seconds) if seconds <= 604_800 => seconds,
                _ => {
                    return incomplete(
                        "X-Amz-Expires must be a number of seconds, at most a week.",
                    );
                }
            },
        };
        let token = fields.get("X-Amz-Security-Token").cloned();
        let date = get("X-Amz-Date")?.to_owned();
        Self::new(
            get("X-Amz-Credential")?,
            date,
            get("X-Amz-SignedHeaders")?,
            get("X-Amz-Signature")?,
            token,
            Some(expires),
        )
    }

    fn new(
        credential: &str,
        date: String,
        signed_headers: &str,
        signature: &str,
        session_token: Option<String>,
        expires_s: Option<u32>,
    ) -> Result<Self, Refusal> {
        let parts: Vec<_> = credential.split('/').collect();
        let [access_key_id, day, region, service, "aws4_request"] = parts.as_slice() else {
            return incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{}'",
                shorten(credential)
            ));
        };
        if access_key_id.is_empty() || region.is_empty() || service.is_empty() {
            return incomplete("Credential has an empty element.");
        }
        let Some(time) = DateTime::strptime("%Y%m%dT%H%M%SZ", &date)
            .ok()
            .and_then(|at| at.to_zoned(TimeZone::UTC).ok())
        else {
            return incomplete(format!(
                "Date must be in ISO-8601 'basic format'. Got '{}'. See http://en.wikipedia.org/wiki/ISO_8601",
                shorten(&date)
            ));
        };
        if !date.starts_with(day) || day.len() != 8 {
            return Err(Refusal::Mismatch(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{}', from '{date}'.",
                shorten(day),
                date.get(..8).unwrap_or_default()
            )));
        }
        let mut headers: Vec<_> = signed_headers
            .split(';')
            .map(str::to_ascii_lowercase)
            .collect();
        headers.sort_unstable();
        if headers.windows(2).any(|pair| pair[0] == pair[1]) || headers.iter().any(String::is_empty)
        {
            return incomplete("SignedHeaders must be names, each once.");
        }
        let Ok(signature) = hex::decode(signature) else {
            return Err(Refusal::Mismatch(super::DIFFERENT.to_owned()));
        };
        Ok(Self {
            access_key_id: (*access_key_id).to_owned(),
            day: (*day).to_owned(),
            region: (*region).to_owned(),
            service: (*service).to_owned(),
            time: time.timestamp(),
            date,
            headers,
            signature,
            session_token,
            expires_s,
        })
    }
}

/// The header's value if it is there exactly once and is text.
fn one(headers: &HeaderMap, name: &str) -> Result<Option<String>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return incomplete(format!("The header {name} is there more than once."));
    }
    match first.map(|value| value.to_str()) {
        None => Ok(None),
        Some(Ok(text)) => Ok(Some(text.to_owned())),
        Some(Err(_)) => incomplete(format!("The header {name} holds bytes that are not ASCII.")),
    }
}

fn decode(text: &str) -> Result<String, Refusal> {
    match percent_decode_str(text).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => incomplete("The query is not UTF-8."),
    }
}

/// A hostile header shall not come back whole.
fn shorten(text: &str) -> String {
    if text.chars().count() > 100 {
        text.chars().take(100).chain(['…']).collect()
    } else {
        text.to_owned()
    }
}
