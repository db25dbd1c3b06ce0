//! Texts of requests that are no words of the domain, checked as their description in [`super::words`] says.

use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;

macro_rules! checked {
    ($($(#[$doc:meta])* $name:ident, $rule:literal, $check:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
        #[serde(try_from = "String")]
        pub(super) struct $name(pub String);

        impl TryFrom<String> for $name {
            type Error = &'static str;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                let check: fn(&str) -> bool = $check;
                if check(&text) { Ok(Self(text)) } else { Err($rule) }
            }
        }
    )*};
}

checked! {
    Search, "at most 200 characters, without control characters", |t| t.chars().count() <= 200 && !has_control(t) && !domain::writing::turns(t);
    Label, "1 to 200 characters, without control characters", |t| (1..=200).contains(&t.chars().count()) && !t.chars().any(char::is_control);
    SourceName, "1 to 100 characters of letters, digits, '.', '_', '/' or '-'", |t| t.len() <= 100 && is_plain(t);
    FileName, "1 to 200 characters of letters, digits, '.', '_', '/' or '-'", |t| t.len() <= 200 && is_plain(t);
    HttpUrl, "an http or https address of at most 2,000 characters, written out in ASCII", is_http;
}

/// Line breaks and tabs are fine.
fn has_control(text: &str) -> bool {
    text.chars()
        .any(|c| c.is_control() && !"\n\r\t".contains(c))
}

fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._/-".contains(&b))
}

fn is_http(text: &str) -> bool {
    let Some(rest) = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
    else {
        return false;
    };
    let (place, path) = rest
        .split_once('/')
        .map_or((rest, ""), |(place, path)| (place, path));
    let (host, port) = place
        .split_once(':')
        .map_or((place, None), |(host, port)| (host, Some(port)));
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = host.as_bytes();
    (10..=2_000).contains(&text.len())
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b".-".contains(b))
        && port.is_none_or(|p| (1..=4).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))
        && path.bytes().all(|b| b.is_ascii_graphic())
}

/// A time that the database can hold: years 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Time(pub Timestamp);

impl TryFrom<String> for Time {
    type Error = NoTime;
    fn try_from(text: String) -> Result<Self, NoTime> {
        // Years beyond four digits are written with a sign.
        let plain = text.len() <= 40
            && text.bytes().take(4).all(|b| b.is_ascii_digit())
            && !text.starts_with("0000");
        match text.parse() {
            Ok(time) if plain => Ok(Self(time)),
            // The last day of that year is cut off by the zones that are ahead.
            Err(_) if plain && is_time_but_for_its_year(&text) => Err(NoTime::TooFar),
            _ => Err(NoTime::Unreadable),
        }
    }
}

fn is_time_but_for_its_year(text: &str) -> bool {
    let earlier = text
        .strip_prefix("9999-")
        .map(|rest| format!("9998-{rest}"));
    earlier.is_some_and(|text| text.parse::<Timestamp>().is_ok())
}

/// The number of a line of a log, or 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "i64")]
pub(super) struct LineNumber(pub i64);

impl TryFrom<i64> for LineNumber {
    type Error = &'static str;
    fn try_from(number: i64) -> Result<Self, Self::Error> {
        if number >= 0 {
            Ok(Self(number))
        } else {
            Err("0 or more")
        }
    }
}

/// The text is no time that can be kept.
#[derive(Clone, Copy, Debug)]
pub(super) enum NoTime {
    Unreadable,
    TooFar,
}

impl fmt::Display for NoTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "a time as in RFC 3339, such as 2026-11-22T23:00:00Z",
            Self::TooFar => {
                "a time as in RFC 3339, such as 2026-11-22T23:00:00Z, before 9999-12-30"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_as_described() {
        for good in [
            "http://a.b",
            "https://jenkins.example.com/job/a/12/?x=1#y",
            "http://127.0.0.1:8080/a",
        ] {
            assert!(is_http(good) == (good.len() >= 10), "{good}");
        }
        for bad in [
            "",
            "javascript:alert(1)",
            "HTTP://example.com",
            "http://-a.example",
            "http://a b.example",
            "http://u:p@example.com/",
            "http://example.com/\n",
            "http://example.com:99999/",
            "http://é.example",
        ] {
            assert!(!is_http(bad), "{bad}");
        }
    }

    #[test]
    fn a_time_is_one_the_database_can_hold() {
        let time = |t: &str| Time::try_from(t.to_owned()).is_ok();
        assert!(time("2026-11-22T23:00:00Z") && time("2026-11-22T23:00:00.123456+02:00"));
        for bad in [
            "",
            "yesterday",
            "2026-11-22",
            "-009999-01-02T00:00:00Z",
            "+010000-01-01T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "1790000000",
            "9999-12-30T23:59:59Z",
        ] {
            assert!(!time(bad), "{bad}");
        }
        let told = Time::try_from("9999-12-30T23:59:59Z".to_owned()).expect_err("too far");
        assert!(told.to_string().ends_with("before 9999-12-30"), "{told}");
    }
}
