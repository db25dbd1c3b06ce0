//! The two figures of a wave: a span of time, and a limit that can be part of evidence.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Whole seconds, written as the configuration writes times: `30s`, `10m`, `1h`, `1d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(u64);

impl Span {
    pub const fn seconds(n: u64) -> Self {
        Self(n)
    }
    pub const fn as_secs(self) -> u64 {
        self.0
    }
}

impl FromStr for Span {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is no span of time; write 30s, 10m, 1h or 1d");
        let at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, unit) = text.split_at(at);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let unit = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return Err(wrong()),
        };
        number.checked_mul(unit).map(Self).ok_or_else(wrong)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, unit) = match self.0 {
            n if n > 0 && n.is_multiple_of(3_600) => (n / 3_600, "h"),
            n if n > 0 && n.is_multiple_of(60) => (n / 60, "min"),
            n => (n, "s"),
        };
        write!(f, "{n} {unit}")
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{}s", self.0))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// A finite number. In evidence it is its shortest text, for a floating-point number has no canonical form.
#[derive(Clone, Copy, Debug)]
pub struct Limit(f64);

impl Limit {
    pub fn new(value: f64) -> Option<Self> {
        // Minus zero is zero, and says so.
        value.is_finite().then_some(Self(value + 0.0))
    }
    pub fn get(self) -> f64 {
        self.0
    }
}

impl PartialEq for Limit {
    fn eq(&self, other: &Self) -> bool {
        self.0.total_cmp(&other.0).is_eq()
    }
}
impl Eq for Limit {}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Number;
        impl serde::de::Visitor<'_> for Number {
            type Value = Limit;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a finite number")
            }
            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Limit, E> {
                Limit::new(value).ok_or_else(|| E::custom("a limit is a finite number"))
            }
            fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Limit, E> {
                self.visit_str(&value.to_string())
            }
            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Limit, E> {
                self.visit_str(&value.to_string())
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Limit, E> {
                let value: f64 = text
                    .parse()
                    .map_err(|_| E::custom("a limit is a finite number"))?;
                self.visit_f64(value)
            }
        }
        from.deserialize_any(Number)
    }
}
