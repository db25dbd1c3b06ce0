//! One window, freeze or stop.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Reach, Recurrence, Zone};
use crate::{Login, ScheduleId, run::words};

words! {
    Class {
        Window = "window",
        Freeze = "freeze",
        Stop = "stop",
    }
}

/// A stretch of time: `from` is in it, `until` is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Span {
    pub fn has(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }
    pub fn meets(&self, other: Self) -> bool {
        self.from < other.until && other.from < self.until
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// From here to there.
    Once(Span),
    Recurring(Recurrence),
    /// Since it was made; of a stop only. Without `until` it lasts until somebody ends it.
    Open {
        until: Option<Timestamp>,
    },
}

/// How it came to an end before its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    pub at: Timestamp,
    /// None: its time was over.
    pub by: Option<Login>,
    pub reason: Option<String>,
}

/// A window, freeze or stop. Never altered; ended once, never deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: ScheduleId,
    pub class: Class,
    pub reach: Reach,
    pub when: When,
    /// Whose wall clock people mean.
    pub zone: Zone,
    pub reason: String,
    pub author: Login,
    pub created_at: Timestamp,
    pub ended: Option<Ended>,
}

impl Entry {
    /// When it holds, or is open, as far as that meets `within`; in order. Without regard to its having been ended.
    pub fn spans(&self, within: Span) -> Vec<Span> {
        match &self.when {
            When::Once(span) => vec![*span]
                .into_iter()
                .filter(|s| s.meets(within))
                .collect(),
            When::Recurring(recurrence) => recurrence.spans(&self.zone, within),
            When::Open { until } => {
                let span = Span {
                    from: self.created_at,
                    until: until.unwrap_or(Timestamp::MAX),
                };
                vec![span].into_iter().filter(|s| s.meets(within)).collect()
            }
        }
    }

    /// What it was, or will be, in force: cut off where it was ended.
    pub fn effective(&self, within: Span) -> Vec<Span> {
        let end = self.ended.as_ref().map_or(Timestamp::MAX, |ended| ended.at);
        self.spans(within)
            .into_iter()
            .filter(|span| span.from < end)
            .map(|span| Span {
                until: span.until.min(end),
                ..span
            })
            .collect()
    }

    /// Its times in words, by the wall clock of its zone.
    pub fn when_words(&self) -> String {
        let zone = &self.zone;
        match &self.when {
            When::Once(span) => {
                format!(
                    "{} until {} {zone}",
                    zone.written(span.from),
                    zone.written(span.until)
                )
            }
            When::Recurring(r) => format!(
                "{}, for {} each, from {} {zone}",
                r.words(zone),
                r.lasts_words(),
                r.start().strftime("%Y-%m-%d %H:%M")
            ),
            When::Open { until: Some(until) } => format!("until {} {zone}", zone.written(*until)),
            When::Open { until: None } => "until somebody ends it".to_owned(),
        }
    }
}
