//! A recurring time: an RRULE of iCalendar (RFC 5545), read narrowly.
//!
//! The rule only counts days on the wall clock, which the crate `rrule` does; what that means in a time zone is
//! [`Zone::first_instant`]'s to say. So there is one place that knows of daylight saving, and it is ours.

use jiff::{SignedDuration, Timestamp, civil::DateTime};
use rrule::{RRule, RRuleSet, Tz};

use super::{Span, Zone};
use crate::names::Unacceptable;

/// Parts of a rule that are read. All others make it recur within a day, or are not in RFC 5545.
const KNOWN: &[&str] = &[
    "FREQ",
    "INTERVAL",
    "COUNT",
    "UNTIL",
    "BYDAY",
    "BYMONTHDAY",
    "BYMONTH",
    "BYSETPOS",
    "BYYEARDAY",
    "BYWEEKNO",
    "WKST",
];
const FREQUENCIES: &[&str] = &["DAILY", "WEEKLY", "MONTHLY", "YEARLY"];
/// In seconds: one minute to thirty-one days.
const LASTS: std::ops::RangeInclusive<i64> = 60..=31 * 24 * 3600;
/// No rule is followed beyond so many occurrences: a century of days.
const MOST: usize = 36_600;
/// The first occurrence must come within so many days of the start, or the rule is taken for a mistake.
const FIRST_WITHIN: i64 = 5 * 366;

/// A rule with the wall time of its first day, and how long each occurrence lasts.
#[derive(Clone, PartialEq, Eq)]
pub struct Recurrence {
    rule: String,
    start: DateTime,
    lasts: SignedDuration,
    until: Option<Until>,
}

/// The end of a rule, as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    /// With `Z`.
    At(Timestamp),
    /// By the wall clock; a date alone is its last second.
    Wall(DateTime),
}

impl Recurrence {
    /// # Errors
    /// The field (`rrule`, `start` or `lasts_s`) and what is wrong with it.
    pub fn new(
        rule: &str,
        start: DateTime,
        lasts_s: i64,
    ) -> Result<Self, (&'static str, Unacceptable)> {
        let no = |field: &'static str, why: &str| (field, Unacceptable(why.to_owned()));
        if !LASTS.contains(&lasts_s) {
            return Err(no(
                "lasts_s",
                "between 60 seconds and 31 days (2678400 seconds)",
            ));
        }
        if !(1970..=9000).contains(&start.year()) {
            return Err(no("start", "a year between 1970 and 9000"));
        }
        let start = start
            .with()
            .subsec_nanosecond(0)
            .build()
            .map_err(|_| no("start", "no time of a wall clock"))?;
        let (rule, until) = read(rule).map_err(|why| ("rrule", why))?;
        let made = Self {
            rule,
            start,
            lasts: SignedDuration::from_secs(lasts_s),
            until,
        };
        let days = made.days().map_err(|why| ("rrule", Unacceptable(why)))?;
        let first = days.into_iter().next();
        let near = first.is_some_and(|day| day.timestamp() - utc(start) <= FIRST_WITHIN * 86_400);
        if !near {
            return Err(no("rrule", "never comes within five years of its start"));
        }
        Ok(made)
    }

    pub fn rule(&self) -> &str {
        &self.rule
    }
    /// The rule as it was written, with its end: made from this again, it is the same.
    pub fn rule_with_until(&self) -> String {
        match self.until {
            None => self.rule.clone(),
            Some(Until::At(at)) => {
                let utc = jiff::tz::Offset::UTC.to_datetime(at);
                format!("{};UNTIL={}Z", self.rule, utc.strftime("%Y%m%dT%H%M%S"))
            }
            Some(Until::Wall(wall)) => {
                format!("{};UNTIL={}", self.rule, wall.strftime("%Y%m%dT%H%M%S"))
            }
        }
    }
    /// "every 2 weeks on Fri, Sat, until 2027-12-31 23:59"; a rule of rare parts speaks for itself.
    pub fn words(&self, zone: &Zone) -> String {
        let Some(mut words) = plain(&self.rule) else {
            return self.rule_with_until();
        };
        match self.until {
            None => {}
            Some(Until::At(at)) => words.push_str(&format!(", until {}", zone.written(at))),
            Some(Until::Wall(wall)) => {
                words.push_str(&format!(", until {}", wall.strftime("%Y-%m-%d %H:%M")));
            }
        }
        words
    }
    pub fn start(&self) -> DateTime {
        self.start
    }
    pub fn lasts(&self) -> SignedDuration {
        self.lasts
    }

    /// "4 h", "1 d 2 h 30 min".
    pub fn lasts_words(&self) -> String {
        let s = self.lasts.as_secs();
        let parts = [
            (s / 86_400, "d"),
            (s / 3_600 % 24, "h"),
            (s / 60 % 60, "min"),
            (s % 60, "s"),
        ];
        let said: Vec<_> = parts
            .iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, unit)| format!("{n} {unit}"))
            .collect();
        said.join(" ")
    }

    /// All occurrences that meet `within`, in order.
    pub(super) fn spans(&self, zone: &Zone, within: Span) -> Vec<Span> {
        // Checked when it was made: a rule that is in the database can be followed.
        let Ok(days) = self.days() else { return vec![] };
        let end = self.until.and_then(|until| match until {
            Until::At(at) => Some(at),
            Until::Wall(wall) => zone.first_instant(wall),
        });
        let mut out = vec![];
        for day in days.into_iter().take(MOST) {
            let Some(from) = wall(&day).and_then(|wall| zone.first_instant(wall)) else {
                break;
            };
            if from >= within.until || end.is_some_and(|end| from > end) {
                break;
            }
            let until = from.checked_add(self.lasts).unwrap_or(Timestamp::MAX);
            if until > within.from {
                out.push(Span { from, until });
            }
        }
        out
    }

    /// The wall times of the rule, spelled as UTC so that no day has a gap.
    fn days(&self) -> Result<RRuleSet, String> {
        let rule: RRule<rrule::Unvalidated> = self.rule.parse().map_err(told)?;
        let start = chrono::DateTime::from_timestamp(utc(self.start), 0)
            .ok_or("the start is no time that can be told")?
            .with_timezone(&Tz::UTC);
        rule.build(start).map_err(told).map(RRuleSet::limit)
    }
}

fn told(error: impl std::fmt::Display) -> String {
    format!("is no rule of RFC 5545: {error}")
        .chars()
        .take(300)
        .collect()
}

/// A rule that consists of how often, and perhaps of weekdays or days of the month.
fn plain(rule: &str) -> Option<String> {
    let (mut unit, mut every, mut on, mut times) = ("", 1_u32, String::new(), None);
    for part in rule.split(';') {
        let (name, value) = part.split_once('=')?;
        match (name, value) {
            ("FREQ", "DAILY") => unit = "day",
            ("FREQ", "WEEKLY") => unit = "week",
            ("FREQ", "MONTHLY") => unit = "month",
            ("FREQ", "YEARLY") => unit = "year",
            ("INTERVAL", n) => every = n.parse().ok()?,
            ("COUNT", n) => times = Some(n),
            ("BYDAY", days) if on.is_empty() => {
                let days: Option<Vec<_>> = days.split(',').map(weekday).collect();
                on = format!(" on {}", days?.join(", "));
            }
            ("BYMONTHDAY", "-1") if on.is_empty() => on = " on the last day".to_owned(),
            ("BYMONTHDAY", n) if on.is_empty() && n.parse::<u8>().is_ok() => {
                on = format!(" on day {n}")
            }
            _ => return None,
        }
    }
    let how_often = if every == 1 {
        format!("every {unit}")
    } else {
        format!("every {every} {unit}s")
    };
    let times = times.map_or_else(String::new, |n| format!(", {n} times"));
    Some(format!("{how_often}{on}{times}"))
}

fn weekday(code: &str) -> Option<&'static str> {
    const DAYS: [(&str, &str); 7] = [
        ("MO", "Mon"),
        ("TU", "Tue"),
        ("WE", "Wed"),
        ("TH", "Thu"),
        ("FR", "Fri"),
        ("SA", "Sat"),
        ("SU", "Sun"),
    ];
    DAYS.iter()
        .find(|(known, _)| *known == code)
        .map(|(_, words)| *words)
}

/// Seconds since 1970 of a wall time taken for UTC.
fn utc(wall: DateTime) -> i64 {
    jiff::tz::Offset::UTC
        .to_timestamp(wall)
        .map_or(0, |at| at.as_second())
}

fn wall(day: &chrono::DateTime<Tz>) -> Option<DateTime> {
    let at = Timestamp::from_second(day.timestamp()).ok()?;
    Some(jiff::tz::Offset::UTC.to_datetime(at))
}

/// The rule without its `UNTIL`, in upper case, and that `UNTIL`.
fn read(text: &str) -> Result<(String, Option<Until>), Unacceptable> {
    let no = |why: String| Err(Unacceptable(why));
    let text = text.trim().to_ascii_uppercase();
    let text = text.strip_prefix("RRULE:").unwrap_or(&text);
    if text.is_empty() || text.len() > 200 || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return no("1 to 200 characters, such as FREQ=WEEKLY;BYDAY=SA,SU".to_owned());
    }
    let (mut kept, mut seen, mut until) = (vec![], vec![], None);
    for part in text.trim_end_matches(';').split(';') {
        let Some((name, value)) = part.split_once('=') else {
            return no(format!(
                "'{part}' is no part of a rule; parts are NAME=VALUE with ';' between them"
            ));
        };
        if !KNOWN.contains(&name) {
            return no(format!(
                "{name} is not taken; known are {}",
                KNOWN.join(", ")
            ));
        }
        if seen.contains(&name) {
            return no(format!("{name} is there twice"));
        }
        seen.push(name);
        let number = |most: u32| value.parse::<u32>().is_ok_and(|n| (1..=most).contains(&n));
        match name {
            "FREQ" if !FREQUENCIES.contains(&value) => {
                return no(format!(
                    "FREQ is one of {}: once a day at most",
                    FREQUENCIES.join(", ")
                ));
            }
            "INTERVAL" if !number(1_000) => return no("INTERVAL is between 1 and 1000".to_owned()),
            "COUNT" if !number(10_000) => return no("COUNT is between 1 and 10000".to_owned()),
            "UNTIL" => until = Some(end(value)?),
            _ => {}
        }
        if name != "UNTIL" {
            kept.push(part);
        }
    }
    if !seen.contains(&"FREQ") {
        return no("FREQ is missing".to_owned());
    }
    if seen.contains(&"COUNT") && until.is_some() {
        return no("COUNT and UNTIL exclude each other".to_owned());
    }
    Ok((kept.join(";"), until))
}

fn end(value: &str) -> Result<Until, Unacceptable> {
    let parsed = if let Some(wall) = value.strip_suffix('Z') {
        DateTime::strptime("%Y%m%dT%H%M%S", wall)
            .and_then(|wall| jiff::tz::Offset::UTC.to_timestamp(wall))
            .map(Until::At)
    } else if value.contains('T') {
        DateTime::strptime("%Y%m%dT%H%M%S", value).map(Until::Wall)
    } else {
        jiff::civil::Date::strptime("%Y%m%d", value).map(|day| Until::Wall(day.at(23, 59, 59, 0)))
    };
    parsed.map_err(|_| {
        Unacceptable(
            "UNTIL is a time such as 20271231T225959Z, or a day such as 20271231".to_owned(),
        )
    })
}

impl std::fmt::Debug for Recurrence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} from {} for {}",
            self.rule,
            self.start,
            self.lasts_words()
        )
    }
}
