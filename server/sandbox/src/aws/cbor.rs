//! CBOR (RFC 8949) as far as AWS's `rpc-v2-cbor` speaks it: to and from JSON values, times by their tag.
use serde_json::{Map, Number, Value};

/// Deeper than this nothing of AWS's nests.
const DEEPEST: usize = 32;
/// The tag of a time in seconds since 1970.
const TIME: u64 = 1;

/// The one value in `bytes`; `None` where it is none, or something follows it. A time becomes its seconds; a number that
/// JSON does not have becomes the text `NaN`.
pub(crate) fn read(bytes: &[u8]) -> Option<Value> {
    let mut reader = Reader { rest: bytes };
    let value = reader.value(0)?;
    reader.rest.is_empty().then_some(value)
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(n)?;
        self.rest = rest;
        Some(head)
    }

    /// Major type and argument; the argument is `None` for an indefinite length or a break.
    fn head(&mut self) -> Option<(u8, u8, Option<u64>)> {
        let first = self.take(1)?[0];
        let (major, info) = (first >> 5, first & 31);
        let argument = match info {
            0..=23 => Some(u64::from(info)),
            24..=27 => {
                let bytes = self.take(1 << (info - 24))?;
                Some(bytes.iter().fold(0, |n, b| n << 8 | u64::from(*b)))
            }
            31 => None,
            _ => return None,
        };
        Some((major, info, argument))
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > DEEPEST {
            return None;
        }
        let (major, info, argument) = self.head()?;
        Some(match (major, argument) {
            (0, Some(n)) => Value::from(n),
            (1, Some(n)) => Value::from(-1 - i64::try_from(n).ok()?),
            (3, Some(n)) => {
                let text = self.take(usize::try_from(n).ok()?)?;
                Value::String(std::str::from_utf8(text).ok()?.to_owned())
            }
            (4, length) => {
                let mut all = vec![];
                while self.more(length, all.len())? {
                    all.push(self.value(depth + 1)?);
                }
                Value::Array(all)
            }
            (5, length) => {
                let mut all = Map::new();
                let mut seen = 0;
                while self.more(length, seen)? {
                    let Value::String(key) = self.value(depth + 1)? else {
                        return None;
                    };
                    all.insert(key, self.value(depth + 1)?);
                    seen += 1;
                }
                Value::Object(all)
            }
            (6, Some(TIME)) => match self.value(depth + 1)? {
                time @ Value::Number(_) => time,
                _ => return None,
            },
            (7, Some(n)) => simple(info, n)?,
            _ => return None,
        })
    }

    /// Whether another item follows; takes the break that ends an indefinite length.
    fn more(&mut self, length: Option<u64>, seen: usize) -> Option<bool> {
        if let Some(length) = length {
            return Some((seen as u64) < length);
        }
        if *self.rest.first()? == 0xff {
            self.take(1)?;
            return Some(false);
        }
        Some(true)
    }
}

fn simple(info: u8, n: u64) -> Option<Value> {
    let float = match info {
        20 => return Some(Value::Bool(false)),
        21 => return Some(Value::Bool(true)),
        22 | 23 => return Some(Value::Null),
        25 => half(u16::try_from(n).ok()?),
        26 => f64::from(f32::from_bits(u32::try_from(n).ok()?)),
        27 => f64::from_bits(n),
        _ => return None,
    };
    Some(Number::from_f64(float).map_or_else(|| Value::from("NaN"), Value::Number))
}

fn half(bits: u16) -> f64 {
    let (exponent, mantissa) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    let size = match exponent {
        0 => mantissa * 2_f64.powi(-24),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (mantissa + 1024.0) * 2_f64.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -size } else { size }
}

/// The value as CBOR; numbers inside of a member called `Timestamps` are times.
pub(crate) fn write(value: &Value) -> Vec<u8> {
    let mut out = vec![];
    put(value, false, &mut out);
    out
}

fn put(value: &Value, times: bool, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(0xf6),
        Value::Bool(yes) => out.push(0xf4 | u8::from(*yes)),
        Value::Number(number) => {
            if times {
                head(6, TIME, out);
            }
            match (number.as_u64(), number.as_i64()) {
                (Some(n), _) => head(0, n, out),
                (None, Some(n)) => head(1, n.unsigned_abs() - 1, out),
                (None, None) => {
                    out.push(0xfb);
                    out.extend(number.as_f64().unwrap_or(f64::NAN).to_be_bytes());
                }
            }
        }
        Value::String(text) => {
            head(3, text.len() as u64, out);
            out.extend(text.as_bytes());
        }
        Value::Array(all) => {
            head(4, all.len() as u64, out);
            for one in all {
                put(one, times, out);
            }
        }
        Value::Object(all) => {
            head(5, all.len() as u64, out);
            for (key, one) in all {
                put(&Value::String(key.clone()), false, out);
                put(one, key == "Timestamps", out);
            }
        }
    }
}

fn head(major: u8, n: u64, out: &mut Vec<u8>) {
    let major = major << 5;
    let bytes = n.to_be_bytes();
    match n {
        0..24 => out.push(major | bytes[7]),
        24..0x100 => out.extend([major | 0x18, bytes[7]]),
        0x100..0x1_0000 => {
            out.push(major | 0x19);
            out.extend(&bytes[6..]);
        }
        0x1_0000..0x1_0000_0000 => {
            out.push(major | 0x1a);
            out.extend(&bytes[4..]);
        }
        _ => {
            out.push(major | 0x1b);
            out.extend(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let value = json!({
            "a": [0, 23, 24, 255, 256, 65_536, 4_294_967_296_u64, -1, -300, 1.5, true, false, null],
            "Timestamps": [1_700_000_000], "ö": {"": "x".repeat(300)},
        });
        assert_eq!(read(&write(&value)), Some(value));
    }

    #[test]
    fn the_examples_of_the_standard() {
        for (hex, value) in [
            ("f93e00", json!(1.5)),
            ("f90001", json!(2_f64.powi(-24))),
            ("fa47c35000", json!(100_000.0)),
            ("fb3ff199999999999a", json!(1.1)),
            ("c11a514b67b0", json!(1_363_896_240)),
            ("9f018202039f0405ffff", json!([1, [2, 3], [4, 5]])),
            ("bf61610161629f0203ffff", json!({"a": 1, "b": [2, 3]})),
            ("f97e00", json!("NaN")),
        ] {
            let bytes = hex::decode(hex).expect("hex");
            assert_eq!(read(&bytes), Some(value), "{hex}");
        }
    }

    #[test]
    fn what_is_broken_is_refused() {
        for hex in [
            "", "18", "61", "81", "9f", "a1", "a10101", "ff", "0000", "1c", "61ff", "c2",
            "7f6161ff",
        ] {
            let bytes = hex::decode(hex).expect("hex");
            assert_eq!(read(&bytes), None, "{hex}");
        }
        assert_eq!(read(&vec![0x81; 100_000]), None, "no end of depth");
        assert_eq!(
            read(&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            None
        );
    }
}
