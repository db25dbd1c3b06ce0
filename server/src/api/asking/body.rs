//! A JSON body.

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, header::CONTENT_TYPE},
};
use domain::{Refusal, RefusalCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, error::Category};

use crate::edge::{Refused, body};

/// The body, read into `T`, which denies unknown fields.
#[derive(Clone, Debug)]
pub(in crate::api) struct Sent<T>(pub T);

/// A body that may be left out, where nothing has to be said.
#[derive(Clone, Debug)]
pub(in crate::api) struct Perhaps<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Sent<T> {
    type Rejection = Refused;
    async fn from_request(request: Request, _: &S) -> Result<Self, Refused> {
        let (kind, bytes) = read(request).await?;
        said_to_be_json(kind.as_deref())?;
        Ok(Self(parse(&bytes)?))
    }
}

impl<S: Sync, T: DeserializeOwned + Default> FromRequest<S> for Perhaps<T> {
    type Rejection = Refused;
    async fn from_request(request: Request, _: &S) -> Result<Self, Refused> {
        let (kind, bytes) = read(request).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        said_to_be_json(kind.as_deref())?;
        Ok(Self(parse(&bytes)?))
    }
}

async fn read(request: Request) -> Result<(Option<String>, Bytes), Refused> {
    let (parts, stream) = request.into_parts();
    let bytes = body::read(parts.uri.path(), Body::new(stream)).await?;
    Ok((media_type(&parts.headers), bytes))
}

fn said_to_be_json(kind: Option<&str>) -> Result<(), Refused> {
    if kind.is_some_and(is_json) {
        return Ok(());
    }
    Err(Refused::code(
        RefusalCode::UnsupportedMediaType,
        "Send JSON, and say so: 'Content-Type: application/json'.",
    ))
}

/// The media type without its parameters, in lower case.
pub(in crate::api) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next()?.trim().to_ascii_lowercase())
}

pub(in crate::api) fn is_json(media_type: &str) -> bool {
    media_type == "application/json"
}

pub(in crate::api) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        let what = match error.classify() {
            Category::Eof if bytes.is_empty() => "The body is empty; JSON is expected.".to_owned(),
            _ => format!("The body is no JSON: {error}."),
        };
        Refusal::new(RefusalCode::Malformed, what)
    })?;
    // Serde would read an array as the fields in the order of our declaration, which is nobody's to know.
    if !value.is_object() {
        let what = match value {
            Value::Array(_) => "a list",
            Value::String(_) => "a text",
            Value::Number(_) => "a number",
            Value::Bool(_) | Value::Null | Value::Object(_) => "no object",
        };
        let told = format!("The body is {what}; a JSON object with named fields is expected.");
        return Err(Refusal::new(RefusalCode::Invalid, told));
    }
    // Postgres keeps no NUL in texts, and nobody means one.
    if let Some(path) = nul(&value, "") {
        return Err(Refusal::field(path, "may not contain the character NUL"));
    }
    // Read from the bytes again: a `Value` has forgotten what was there twice.
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    super::read(&mut reader)
}

/// Where a NUL is, in a text or a name.
fn nul(value: &Value, path: &str) -> Option<String> {
    let below = |key: &str| {
        if path.is_empty() {
            key.to_owned()
        } else {
            format!("{path}.{key}")
        }
    };
    match value {
        Value::String(text) if text.contains('\0') => Some(path.to_owned()),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(i, item)| nul(item, &below(&i.to_string()))),
        Value::Object(fields) => fields.iter().find_map(|(key, field)| {
            if key.contains('\0') {
                Some(path.to_owned())
            } else {
                nul(field, &below(key))
            }
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use domain::ServiceName;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Some {
        #[expect(dead_code, reason = "only read")]
        service: ServiceName,
        #[expect(dead_code, reason = "only read")]
        count: Option<u32>,
        #[expect(dead_code, reason = "only read")]
        side: Option<Side>,
        #[expect(dead_code, reason = "only read")]
        id: Option<domain::ChangeId>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Side {
        Left,
        Right,
    }

    fn told(body: &str) -> String {
        let refusal = parse::<Some>(body.as_bytes()).expect_err(body);
        let fields: Vec<_> = refusal
            .fields
            .iter()
            .map(|(name, what)| format!("{name}: {what}"))
            .collect();
        if fields.is_empty() {
            format!("{}: {}", refusal.code.as_str(), refusal.detail)
        } else {
            fields.join("; ")
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(told("{}"), "service: is missing");
        assert_eq!(
            told(r#"{"service":"a","colour":1}"#),
            "colour: is unknown; known are: service, count, side, id"
        );
        assert_eq!(
            told(r#"{"service":"a","service":"b"}"#),
            "service: is there twice"
        );
        assert_eq!(
            told(r#"{"service":"a\u0000"}"#),
            "service: may not contain the character NUL"
        );
        assert!(told(r#"{"service":"A"}"#).starts_with("service: a service name has"));
        assert_eq!(
            told(r#"{"service":"a","count":"1"}"#),
            "count: expected a whole number, 0 or more; this is a text"
        );
        assert_eq!(
            told(r#"{"service":"a","count":-1}"#),
            "count: expected a whole number, 0 or more; this is a number"
        );
        assert_eq!(
            told(r#"{"service":["a"]}"#),
            "service: expected a text; this is a list"
        );
        assert_eq!(
            told(r#"{"service":"a","side":"up"}"#),
            "side: expected one of left, right"
        );
        assert_eq!(
            told(r#"{"service":"a","id":"x"}"#),
            "id: expected an id (a UUID), such as 0195f2a4-7c3e-7b1a-9d52-1f0c8a6e4b11"
        );
    }

    #[test]
    fn only_an_object_is_a_body() {
        // Two fields in the order of their declaration, and with defaults left out.
        for (body, what) in [
            (r#"["a",1,null,null]"#, "a list"),
            (r#"["a"]"#, "a list"),
            ("[]", "a list"),
            ("\"a\"", "a text"),
            ("1", "a number"),
            ("null", "no object"),
            ("true", "no object"),
        ] {
            assert_eq!(
                told(body),
                format!(
                    "invalid: The body is {what}; a JSON object with named fields is expected."
                )
            );
        }
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        let deep = "[".repeat(10_000);
        for body in [
            "",
            "{",
            "{]",
            "nonsense",
            "{\"service\":\"a\"} more",
            &deep,
            "{\"service\":\"\u{7}\"}",
        ] {
            assert!(
                told(body).starts_with("malformed: "),
                "{body:.20}: {}",
                told(body)
            );
        }
        assert!(told("[]").starts_with("invalid: "), "{}", told("[]"));
        assert!(
            parse::<Some>(b"{\"service\":\"\xff\"}")
                .is_err_and(|r| r.code == RefusalCode::Malformed)
        );
    }
}
