//! Canonical JSON: the same value always gives the same bytes.
//!
//! Keys sorted by code point, no white space, strings as `serde_json` escapes
//! them. This is RFC 8785 for what we put in: no floating-point numbers.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The canonical bytes of `value`.
///
/// # Errors
/// When the value cannot be JSON (a map with keys that are no strings) or holds
/// a floating-point number, whose text form is not one for all.
pub fn to_string<T: Serialize>(value: &T) -> Result<String, serde_json::Error> {
    let value = serde_json::to_value(value)?;
    let mut out = String::with_capacity(512);
    write(&value, &mut out)?;
    Ok(out)
}

/// SHA-256 of `text`, as 32 bytes.
pub fn sha256(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

fn write(value: &Value, out: &mut String) -> Result<(), serde_json::Error> {
    match value {
        Value::Object(map) => {
            // Not left to the map's own order: another crate may switch serde_json to insertion order.
            let mut keys: Vec<_> = map.keys().collect();
            keys.sort();
            out.push('{');
            for (i, key) in keys.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&serde_json::to_string(key)?);
                out.push(':');
                write(&map[key], out)?;
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(item, out)?;
            }
            out.push(']');
        }
        Value::Number(n) if n.is_f64() => {
            return Err(serde::ser::Error::custom(
                "a floating-point number has no canonical form",
            ));
        }
        other => out.push_str(&serde_json::to_string(other)?),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn order_of_keys_does_not_matter_and_content_does() {
        let a = to_string(&json!({"b": [1, {"z": null, "y": "é\n"}], "a": true})).expect("json");
        assert_eq!(a, r#"{"a":true,"b":[1,{"y":"é\n","z":null}]}"#);
        let b = to_string(&json!({"a": true, "b": [1, {"y": "é\n", "z": null}]})).expect("json");
        assert_eq!(sha256(&a), sha256(&b));
        let c = to_string(&json!({"a": true, "b": [{"y": "é\n", "z": null}, 1]})).expect("json");
        assert_ne!(sha256(&a), sha256(&c));
    }

    #[test]
    fn floats_are_refused() {
        assert!(to_string(&json!({"share": 0.1})).is_err());
    }
}
