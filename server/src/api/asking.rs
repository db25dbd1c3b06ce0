//! What a request brings along: the name in its path, the filters in its query, its JSON body.
//!
//! Read strictly: what is unknown, there twice or not as described is refused by name, never ignored.

mod body;
mod path;
mod query;

pub(super) use body::{Perhaps, Sent, is_json, media_type, parse};
pub(super) use path::Named;
pub(super) use query::{Filters, Listed, Plain};

use domain::{Refusal, RefusalCode};
use serde::de::DeserializeOwned;

/// Reads a value with serde and names the field that is wrong.
fn read<'de, T, D>(from: D) -> Result<T, Refusal>
where
    T: DeserializeOwned,
    D: serde::Deserializer<'de>,
    D::Error: std::fmt::Display,
{
    serde_path_to_error::deserialize(from).map_err(|error| {
        let path = error.path().to_string();
        wrong(&path, &error.into_inner().to_string())
    })
}

fn wrong(path: &str, message: &str) -> Refusal {
    // serde_json adds " at line 1 column 2", which means nothing to whoever sent a form.
    let message = message.split(" at line ").next().unwrap_or(message);
    let quoted = |prefix: &str| {
        message
            .strip_prefix(prefix)
            .and_then(|rest| rest.split('`').next())
    };
    let inside = |name: &str| match path {
        "." | "" | "?" => name.to_owned(),
        path if path == name => name.to_owned(),
        path => format!("{path}.{name}"),
    };
    if let Some(name) = quoted("missing field `") {
        return Refusal::field(inside(name), "is missing");
    }
    if let Some(name) = quoted("duplicate field `") {
        return Refusal::field(name, "is there twice");
    }
    if let Some(name) = quoted("unknown field `") {
        // "expected `a` or `b`", "expected one of `a`, `b`, `c`", "there are no fields"
        let known: Vec<_> = message.split('`').skip(3).step_by(2).collect();
        let known = if known.is_empty() {
            "none".to_owned()
        } else {
            known.join(", ")
        };
        let name = if path.ends_with(name) {
            path.to_owned()
        } else {
            inside(name)
        };
        return Refusal::field(name, format!("is unknown; known are: {known}"));
    }
    match path {
        "." | "" | "?" => Refusal::new(
            RefusalCode::Invalid,
            format!("This is not what is expected here: {message}."),
        ),
        path => Refusal::field(path, message),
    }
}
