//! How long ago, in the words the pages use too.

/// `12 min` from a number of seconds.
pub(crate) fn span(seconds: f64) -> String {
    const MINUTE: f64 = 60.0;
    const HOUR: f64 = 60.0 * MINUTE;
    const DAY: f64 = 24.0 * HOUR;
    let (number, unit) = if seconds < MINUTE {
        (seconds, "s")
    } else if seconds < HOUR {
        (seconds / MINUTE, "min")
    } else if seconds < DAY {
        (seconds / HOUR, "h")
    } else if seconds < 60.0 * DAY {
        (seconds / DAY, "d")
    } else if seconds < 730.0 * DAY {
        (seconds / (30.0 * DAY), "mo")
    } else {
        (seconds / (365.0 * DAY), "y")
    };
    #[expect(clippy::cast_possible_truncation, reason = "an age in whole units")]
    let number = number.max(0.0) as i64;
    format!("{number} {unit}")
}

/// `12 min ago`, `in 2 h`.
pub(crate) fn ago(seconds: f64) -> String {
    if seconds < -5.0 {
        format!("in {}", span(-seconds))
    } else if seconds < 5.0 {
        "just now".to_owned()
    } else {
        format!("{} ago", span(seconds))
    }
}
