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
        path => Refusal::field(path, in_words(message)),
    }
}

/// What serde and the standard library say to programmers, said to whoever sent it.
fn in_words(message: &str) -> String {
    const NUMBERS: [&str; 5] = [
        "invalid digit found in string",
        "cannot parse integer from empty string",
        "number too large to fit in target type",
        "number too small to fit in target type",
        "number would be zero for non-zero type",
    ];
    if NUMBERS.contains(&message) {
        return "expected a whole number".to_owned();
    }
    if message == "provided string was not `true` or `false`" {
        return "expected true or false".to_owned();
    }
    if message.starts_with("UUID parsing failed") {
        return "expected an id (a UUID), such as 0195f2a4-7c3e-7b1a-9d52-1f0c8a6e4b11".to_owned();
    }
    if let Some(rest) = message.strip_prefix("unknown variant `") {
        // "expected `a` or `b`", "expected one of `a`, `b`, `c`"; what was sent may hold a '`' itself.
        let known = rest
            .rsplit_once("`, expected ")
            .map_or("", |(_, known)| known);
        let known: Vec<_> = known.split('`').skip(1).step_by(2).collect();
        return format!("expected one of {}", known.join(", "));
    }
    let wrong = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "));
    if let Some((found, expected)) = wrong.and_then(|rest| rest.rsplit_once(", expected ")) {
        return format!("expected {}; this is {}", wanted(expected), given(found));
    }
    message.to_owned()
}

fn wanted(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        "a string" | "a borrowed string" | "string or map" => "a text",
        expected if expected.starts_with("struct ") => "an object",
        // "a UUID string", "a formatted RFC 3339 time": said by a type's own words.
        expected => expected,
    }
}

fn given(found: &str) -> &'static str {
    let is = |what: &str| found.starts_with(what);
    if is("string") || is("character") {
        "a text"
    } else if is("integer") || is("floating point") {
        "a number"
    } else if is("boolean") {
        "true or false"
    } else if is("sequence") {
        "a list"
    } else if is("map") || is("newtype") {
        "an object"
    } else {
        "nothing"
    }
}
