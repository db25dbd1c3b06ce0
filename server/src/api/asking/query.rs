//! The filters of a list.

use std::{fmt, marker::PhantomData, str::FromStr};

use axum::{extract::FromRequestParts, http::request::Parts};
use domain::{Refusal, RefusalCode};
use percent_encoding::percent_decode_str;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Visitor},
};

use crate::edge::Refused;

/// The whole query, read into `T`, which denies unknown fields.
#[derive(Clone, Debug)]
pub(in crate::api) struct Filters<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Filters<T> {
    type Rejection = Refused;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        parse(parts.uri.query().unwrap_or_default())
            .map(Self)
            .map_err(Into::into)
    }
}

/// For calls without filters: a query could only be a misunderstanding.
#[derive(Clone, Copy, Debug)]
pub(in crate::api) struct Plain;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl<S: Sync> FromRequestParts<S> for Plain {
    type Rejection = Refused;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        let Nothing {} = parse(parts.uri.query().unwrap_or_default())?;
        Ok(Self)
    }
}

/// Parameters that may be there several times.
const REPEATED: [&str; 1] = ["state"];

fn parse<T: DeserializeOwned>(query: &str) -> Result<T, Refusal> {
    let mut pairs: Vec<(String, String)> = vec![];
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let (name, value) = (decoded(name)?, decoded(value)?);
        if value.contains('\0') {
            return Err(Refusal::field(name, "may not contain the character NUL"));
        }
        match pairs
            .iter_mut()
            .find(|(known, _)| *known == name && REPEATED.contains(&known.as_str()))
        {
            Some((_, all)) => {
                all.push(',');
                all.push_str(&value);
            }
            None => pairs.push((name, value)),
        }
    }
    // Written anew, so that serde sees what was checked.
    let checked = serde_urlencoded::to_string(&pairs)
        .map_err(|_| Refusal::new(RefusalCode::Malformed, "The query could not be read."))?;
    super::read(serde_urlencoded::Deserializer::new(
        url::form_urlencoded::parse(checked.as_bytes()),
    ))
}

fn decoded(text: &str) -> Result<String, Refusal> {
    let spaced = text.replace('+', " ");
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err(Refusal::new(
            RefusalCode::Malformed,
            "The query is no UTF-8 text.",
        )),
    }
}

/// Several values, with commas between them or the parameter repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::api) struct Listed<T>(pub Vec<T>);

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self(vec![])
    }
}

impl<'de, T: FromStr<Err = String>> Deserialize<'de> for Listed<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text<T>(PhantomData<T>);
        impl<T: FromStr<Err = String>> Visitor<'_> for Text<T> {
            type Value = Listed<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("values with commas between them")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Listed<T>, E> {
                text.split(',')
                    .map(str::parse)
                    .collect::<Result<_, _>>()
                    .map(Listed)
                    .map_err(E::custom)
            }
        }
        from.deserialize_str(Text(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use domain::{ChangeState, ServiceName};

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Some {
        limit: Option<i64>,
        service: Option<ServiceName>,
        #[serde(default)]
        state: Listed<ChangeState>,
    }

    #[test]
    fn what_is_wrong_is_named() {
        let fields = |query: &str| {
            let refusal = parse::<Some>(query).expect_err(query);
            refusal
                .fields
                .into_iter()
                .map(|(name, what)| format!("{name}: {what}"))
                .collect::<Vec<_>>()
                .join("; ")
        };
        assert_eq!(fields("limit=x"), "limit: expected a whole number");
        assert_eq!(fields("limit=1&limit=2"), "limit: is there twice");
        assert_eq!(
            fields("page=2"),
            "page: is unknown; known are: limit, service, state"
        );
        assert!(
            fields("service=A").starts_with("service: a service name has"),
            "{}",
            fields("service=A")
        );
        assert!(
            fields("state=open").starts_with("state: expected one of requested, "),
            "{}",
            fields("state=open")
        );
        assert_eq!(
            fields("service=a%00"),
            "service: may not contain the character NUL"
        );
        assert_eq!(
            parse::<Some>("service=%ff").expect_err("no text").code,
            RefusalCode::Malformed
        );
    }

    #[test]
    fn a_list_is_repeated_or_has_commas() {
        let wanted = vec![
            ChangeState::Running,
            ChangeState::Failed,
            ChangeState::Stale,
        ];
        let read: Some = parse("state=running,failed&limit=3&state=stale").expect("reads");
        assert_eq!((read.state.0, read.limit), (wanted, Some(3)));
    }
}
