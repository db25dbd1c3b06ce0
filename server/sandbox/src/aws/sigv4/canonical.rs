//! The canonical request: the one text that both sides must arrive at.
use std::fmt::Write as _;

use percent_encoding::percent_decode_str;
use sha2::{Digest as _, Sha256};

use super::{Message, Refusal, Signed};

/// Headers that, once sent, must be under the signature: they decide what the request means.
const MEANINGFUL: [&str; 4] = [
    "x-amz-target",
    "x-amz-security-token",
    "x-amz-content-sha256",
    "x-amz-date",
];

pub(super) fn request(signed: &Signed, message: &Message<'_>) -> Result<String, Refusal> {
    let must = |name: &str| format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.");
    if !signed.headers.iter().any(|name| name == "host") {
        return Err(Refusal::Mismatch(must("Host")));
    }
    for name in MEANINGFUL {
        if message.headers.contains_key(name) && !signed.headers.iter().any(|signed| signed == name)
        {
            return Err(Refusal::Mismatch(must(name)));
        }
    }
    let hash = hex::encode(Sha256::digest(message.body));
    if let Some(claimed) = message.headers.get("x-amz-content-sha256")
        && claimed.as_bytes() != hash.as_bytes()
    {
        return Err(Refusal::Mismatch(
            "The provided 'x-amz-content-sha256' header does not match what was computed.".into(),
        ));
    }
    let mut headers = String::new();
    for name in &signed.headers {
        let mut values = Vec::new();
        for value in message.headers.get_all(name) {
            let text = std::str::from_utf8(value.as_bytes()).map_err(|_| {
                Refusal::Mismatch(format!("The signed header {name} is not UTF-8."))
            })?;
            values.push(text.split_ascii_whitespace().collect::<Vec<_>>().join(" "));
        }
        if values.is_empty() {
            return Err(Refusal::Mismatch(format!(
                "The signed header {name} was not sent."
            )));
        }
        // Writing to a String cannot fail.
        let _ = writeln!(headers, "{name}:{}", values.join(","));
    }
    Ok(format!(
        "{}\n{}\n{}\n{headers}\n{}\n{hash}",
        message.method,
        path(message.path),
        query(message.query),
        signed.headers.join(";"),
    ))
}

/// The path without dot segments and empty ones, encoded once more: every service but S3 signs it so.
fn path(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            other => kept.push(other),
        }
    }
    let mut out = String::with_capacity(path.len());
    for segment in &kept {
        out.push('/');
        out.push_str(&encode(segment.as_bytes()));
    }
    if out.is_empty() || path.ends_with('/') {
        out.push('/');
    }
    out
}

/// The pairs, decoded, encoded anew and sorted; the signature itself is left out.
fn query(query: &str) -> String {
    let mut pairs = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = encode(&percent_decode_str(name).collect::<Vec<_>>());
        if name != "X-Amz-Signature" {
            pairs.push((name, encode(&percent_decode_str(value).collect::<Vec<_>>())));
        }
    }
    pairs.sort_unstable();
    pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join("&")
}

/// RFC 3986, unreserved characters kept, hexadecimal in upper case.
fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(*byte));
            }
            other => {
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    out
}
