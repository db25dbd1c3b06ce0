//! How long ago, in the words that pages have from the server and islands keep current: one text for both.

use std::fmt::Write as _;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const MONTH: i64 = 30 * DAY;
const YEAR: i64 = 365 * DAY;

/// The nearest number of the largest unit that matters: `4 s`, `12 min`, `3 h`, `5 d`, `8 mo`, `2 y`. What has only begun
/// counts as a second.
pub fn write_span(out: &mut String, seconds: i64) {
    let nearest = |unit: i64| seconds.saturating_add(unit / 2) / unit;
    let (number, unit) = if seconds < MINUTE {
        (seconds.max(1), "s")
    } else if nearest(MINUTE) < 60 {
        (nearest(MINUTE), "min")
    } else if nearest(HOUR) < 24 {
        (nearest(HOUR), "h")
    } else if nearest(DAY) < 60 {
        (nearest(DAY), "d")
    } else if nearest(MONTH) < 24 {
        (nearest(MONTH), "mo")
    } else {
        (nearest(YEAR), "y")
    };
    // Writing to a String cannot fail.
    let _ = write!(out, "{number} {unit}");
}

/// `12 min ago`, `in 2 h`; of what is about now, "just now".
pub fn write_ago(out: &mut String, seconds: i64) {
    if seconds < -5 {
        out.push_str("in ");
        write_span(out, seconds.saturating_neg());
    } else if seconds < 5 {
        out.push_str("just now");
    } else {
        write_span(out, seconds);
        out.push_str(" ago");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(seconds: i64) -> String {
        let mut out = String::new();
        write_span(&mut out, seconds);
        out
    }

    fn ago(seconds: i64) -> String {
        let mut out = String::new();
        write_ago(&mut out, seconds);
        out
    }

    #[test]
    fn the_nearest_number_is_told() {
        for (seconds, words) in [
            (0, "1 s"),
            (1, "1 s"),
            (59, "59 s"),
            (60, "1 min"),
            (89, "1 min"),
            (90, "2 min"),
            (59 * MINUTE + 29, "59 min"),
            (59 * MINUTE + 36, "1 h"),
            (89 * MINUTE, "1 h"),
            (90 * MINUTE, "2 h"),
            (12 * HOUR - 1, "12 h"),
            (23 * HOUR + 31 * MINUTE, "1 d"),
            (7 * DAY - 1, "7 d"),
            (7 * DAY, "7 d"),
            (59 * DAY + 11 * HOUR, "59 d"),
            (59 * DAY + 13 * HOUR, "2 mo"),
            (90 * DAY - 1, "3 mo"),
            (704 * DAY, "23 mo"),
            (706 * DAY, "2 y"),
            (1_000 * DAY, "3 y"),
        ] {
            assert_eq!(span(seconds), words, "{seconds} s");
        }
    }

    /// What is later is never told as less.
    #[test]
    fn it_only_grows() {
        let mut last = 0;
        for seconds in (0..3 * DAY)
            .step_by(7)
            .chain((3 * DAY..3 * YEAR).step_by(997))
        {
            let told = span(seconds);
            let (number, unit) = told.split_once(' ').expect("a number and a unit");
            let unit = match unit {
                "s" => 1,
                "min" => MINUTE,
                "h" => HOUR,
                "d" => DAY,
                "mo" => MONTH,
                _ => YEAR,
            };
            let told = number.parse::<i64>().expect("a number") * unit;
            assert!(told >= last, "{seconds} s: {told} after {last}");
            assert!(
                (told - seconds).abs() <= unit / 2 + MONTH,
                "{seconds} s: {told}"
            );
            last = told;
        }
    }

    #[test]
    fn both_ways() {
        for (seconds, words) in [
            (0, "just now"),
            (-5, "just now"),
            (5, "5 s ago"),
            (-6, "in 6 s"),
            (-(7 * DAY - 1), "in 7 d"),
            (3 * HOUR, "3 h ago"),
        ] {
            assert_eq!(ago(seconds), words, "{seconds} s");
        }
    }
}
