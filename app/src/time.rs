//! Times as people read them: how long ago in the text, the exact UTC time on hover and for
//! machines. An island keeps the ages current; without it they are as of the page.

use std::fmt::Write as _;

use frontend::span;
use jiff::Timestamp;

use crate::html::Html;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// "4 min ago", "in 2 h", with the exact time on hover.
pub fn ago(now: Timestamp, at: Timestamp) -> Html {
    let mut out = String::with_capacity(128);
    write_ago(&mut out, now, at);
    Html::assembled(out)
}

/// "4 min": for dense tables that say in their heading what the age is of.
pub fn age(now: Timestamp, at: Timestamp) -> Html {
    let mut out = String::with_capacity(128);
    write_age(&mut out, now, at);
    Html::assembled(out)
}

pub(crate) fn write_ago(out: &mut String, now: Timestamp, at: Timestamp) {
    open(out, at, "ago");
    span::write_ago(out, now.as_second() - at.as_second());
    out.push_str("</time>");
}

pub(crate) fn write_age(out: &mut String, now: Timestamp, at: Timestamp) {
    open(out, at, "age");
    span::write_span(out, now.as_second() - at.as_second());
    out.push_str("</time>");
}

fn open(out: &mut String, at: Timestamp, kind: &str) {
    let text = exact(at);
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "<time datetime=\"{}T{}Z\" title=\"{text}\" data-{kind}>",
        &text[..10],
        &text[11..19]
    );
}

/// `2026-11-22 14:03:10 UTC`.
pub fn exact(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The exact time as the text itself, for logs and records.
pub fn stamp(at: Timestamp) -> Html {
    let mut out = String::with_capacity(96);
    let text = exact(at);
    let _ = write!(
        out,
        "<time datetime=\"{}T{}Z\">{text}</time>",
        &text[..10],
        &text[11..19]
    );
    Html::assembled(out)
}

/// How long something took: `4 min 12 s`.
pub fn took(from: Timestamp, to: Timestamp) -> String {
    let seconds = (to.as_second() - from.as_second()).max(0);
    if seconds < MINUTE {
        format!("{seconds} s")
    } else if seconds < HOUR {
        format!("{} min {} s", seconds / MINUTE, seconds % MINUTE)
    } else {
        format!("{} h {} min", seconds / HOUR, seconds % HOUR / MINUTE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).expect("in range")
    }

    #[test]
    fn the_exact_time_is_always_there_and_says_utc() {
        let html = age(at(90), at(0));
        assert_eq!(
            html.as_str(),
            "<time datetime=\"2027-01-15T08:00:00Z\" title=\"2027-01-15 08:00:00 UTC\" data-age>2 min</time>"
        );
        let html = ago(at(0), at(3 * HOUR));
        assert!(
            html.as_str().ends_with("data-ago>in 3 h</time>"),
            "{html:?}"
        );
    }

    #[test]
    fn durations() {
        assert_eq!(took(at(0), at(252)), "4 min 12 s");
        assert_eq!(took(at(0), at(7320)), "2 h 2 min");
        assert_eq!(took(at(5), at(0)), "0 s");
    }
}
