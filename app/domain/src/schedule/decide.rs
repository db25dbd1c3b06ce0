//! May this change start now; if not, what holds it, and when may it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Class, Entry, Override, Span};
use crate::{
    ChangeKind, EnvironmentName, EvidenceDigest, Refusal, RefusalCode, RegionName, ScheduleId,
    ServiceName, SystemName, TeamName, run::words,
};

/// How far ahead the next moment is looked for.
const AHEAD: SignedDuration = SignedDuration::from_hours(400 * 24);

/// What windows, freezes and stops look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub kind: ChangeKind,
    pub service: ServiceName,
    pub team: TeamName,
    /// Of the catalogue today.
    pub system: Option<SystemName>,
    pub environment: EnvironmentName,
    pub regions: Vec<RegionName>,
}

/// All that is in force, with its times worked out around one moment: made once, asked often.
#[derive(Clone, Debug, Default)]
pub struct Calendar {
    entries: Vec<(Entry, Vec<Span>)>,
    around: Option<Span>,
}

words! {
    /// What one of them does to a change at a moment.
    Effect {
        /// The change cannot start because of it.
        Holds = "holds",
        /// A freeze or closed window that would hold it, were it not for an override.
        Overridden = "overridden",
        /// A window that is open.
        Open = "open",
        /// Nothing now: a freeze that is not on, or a window that is closed while another is open.
        Rests = "rests",
    }
}

/// One window, freeze or stop that takes the change in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    pub entry: Entry,
    pub effect: Effect,
    /// The stretch of time that is on now.
    pub now: Option<Span>,
    /// The next one.
    pub next: Option<Span>,
}

/// The decision. The enforcer obeys it and explanations show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MayStart {
    pub at: Timestamp,
    /// Everything in force that takes the change in, what holds it first.
    pub matches: Vec<Match>,
    /// The first moment from now on at which nothing that is known today holds it. None: not foreseeable, because a
    /// stop has no end or no window opens within four hundred days.
    pub next: Option<Timestamp>,
    /// The override that counts now.
    pub by_override: Option<Override>,
}

impl Calendar {
    /// Works out the times of those `entries` that are still in force.
    pub fn new(entries: Vec<Entry>, now: Timestamp) -> Self {
        let around = Span {
            from: now
                .saturating_sub(SignedDuration::from_hours(26))
                .unwrap_or(Timestamp::MIN),
            until: now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX),
        };
        let in_force = entries.into_iter().filter(|e| e.ended.is_none());
        let entries = in_force
            .map(|e| {
                let spans = e.spans(around);
                (e, spans)
            })
            .collect();
        Self {
            entries,
            around: Some(around),
        }
    }

    /// Whether it still speaks about `now`: it is made anew a day later, or when a clock has jumped far.
    pub fn is_about(&self, now: Timestamp) -> bool {
        let day = SignedDuration::from_hours(25);
        self.around.is_some_and(|span| {
            span.from <= now
                && span
                    .from
                    .saturating_add(day * 2)
                    .is_ok_and(|late| now < late)
        })
    }

    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().map(|(entry, _)| entry)
    }

    /// Freezes and stops that are on at `now`, with the stretch that is on.
    pub fn on(&self, now: Timestamp) -> impl Iterator<Item = (&Entry, Span)> {
        self.entries
            .iter()
            .filter(|(e, _)| e.class != Class::Window)
            .filter_map(move |(entry, spans)| current(entry, spans, now).map(|span| (entry, span)))
    }

    /// Whether the change may start at `now`.
    pub fn may_start(
        &self,
        facts: &Facts,
        digest: EvidenceDigest,
        overrides: &[Override],
        now: Timestamp,
    ) -> MayStart {
        let about: Vec<&(Entry, Vec<Span>)> = self
            .entries
            .iter()
            .filter(|(e, _)| e.reach.takes_in(e.class, facts))
            .collect();
        let by_override = overrides.iter().find(|o| o.counts(digest, now)).cloned();
        let excepted = |id: ScheduleId, at: Timestamp| {
            overrides
                .iter()
                .any(|o| o.counts(digest, at) && o.entries.contains(&id))
        };
        let open = about
            .iter()
            .any(|(e, spans)| e.class == Class::Window && current(e, spans, now).is_some());
        let mut matches: Vec<Match> = about
            .iter()
            .map(|(entry, spans)| {
                let on = current(entry, spans, now);
                let effect = match (entry.class, on) {
                    (Class::Window, Some(_)) => Effect::Open,
                    (Class::Window, None) if !open && excepted(entry.id, now) => Effect::Overridden,
                    (Class::Window, None) if !open => Effect::Holds,
                    (Class::Freeze, Some(_)) if excepted(entry.id, now) => Effect::Overridden,
                    (Class::Freeze | Class::Stop, Some(_)) => Effect::Holds,
                    (_, None) => Effect::Rests,
                };
                let next = spans.iter().find(|s| s.from > now).copied();
                Match {
                    entry: entry.clone(),
                    effect,
                    now: on,
                    next,
                }
            })
            // A stop whose time is over, or a freeze that will never be on again, has nothing to say.
            .filter(|m| m.entry.class == Class::Window || m.now.is_some() || m.next.is_some())
            .collect();
        matches.sort_by_key(|m| (m.effect, m.entry.class != Class::Stop, m.entry.id));
        let next = next(&about, &excepted, now);
        MayStart {
            at: now,
            matches,
            next,
            by_override,
        }
    }
}

/// The stretch that is on at `now`. A stop holds from the moment it exists, whatever a clock says of its beginning.
fn current(entry: &Entry, spans: &[Span], now: Timestamp) -> Option<Span> {
    if entry.class == Class::Stop {
        return spans.iter().find(|s| now < s.until).copied();
    }
    // Overlapping occurrences of one rule: the one that lasts longest.
    spans
        .iter()
        .filter(|s| s.has(now))
        .max_by_key(|s| s.until)
        .copied()
}

fn next(
    about: &[&(Entry, Vec<Span>)],
    excepted: &dyn Fn(ScheduleId, Timestamp) -> bool,
    now: Timestamp,
) -> Option<Timestamp> {
    let end = now.saturating_add(AHEAD).ok()?;
    let mut at = now;
    while at < end {
        let held = about
            .iter()
            .filter(|(e, _)| e.class != Class::Window && !excepted(e.id, at))
            .filter_map(|(e, spans)| current(e, spans, at))
            .map(|span| span.until)
            .max();
        if let Some(until) = held {
            if until == Timestamp::MAX {
                return None;
            }
            at = until;
            continue;
        }
        let windows = about.iter().filter(|(e, _)| e.class == Class::Window);
        // Only those that no override passes still restrict.
        if windows.clone().all(|(e, _)| excepted(e.id, at)) {
            return Some(at);
        }
        if windows
            .clone()
            .any(|(e, spans)| current(e, spans, at).is_some())
        {
            return Some(at);
        }
        at = windows
            .flat_map(|(_, spans)| spans)
            .map(|s| s.from)
            .filter(|from| *from > at)
            .min()?;
    }
    None
}

impl MayStart {
    pub fn is_held(&self) -> bool {
        self.holding().next().is_some()
    }

    /// What holds it.
    pub fn holding(&self) -> impl Iterator<Item = &Match> {
        self.matches.iter().filter(|m| m.effect == Effect::Holds)
    }

    /// The freezes that are on and the windows that are closed, which an override could except it from; never a stop.
    pub fn overridable(&self) -> Vec<ScheduleId> {
        self.holding()
            .filter(|m| m.entry.class != Class::Stop)
            .map(|m| m.entry.id)
            .collect()
    }

    /// Ids of what holds it, in one text: two decisions with the same text hold for the same reasons.
    pub fn fingerprint(&self) -> Option<String> {
        let mut ids: Vec<_> = self.holding().map(|m| m.entry.id.to_string()).collect();
        ids.sort();
        (!ids.is_empty()).then(|| ids.join(","))
    }

    /// What it waits for, in words. None when nothing holds it.
    pub fn waits_for(&self) -> Option<String> {
        let mut said: Vec<String> = self
            .holding()
            .filter(|m| m.entry.class != Class::Window)
            .map(Match::words)
            .collect();
        let windows: Vec<&Match> = self
            .holding()
            .filter(|m| m.entry.class == Class::Window)
            .collect();
        if let Some(first) = windows
            .iter()
            .filter_map(|m| Some((m.next?.from, m)))
            .min_by_key(|(from, _)| *from)
        {
            let (from, window) = first;
            said.push(format!(
                "the window “{}” to open at {} {}",
                short(&window.entry.reason),
                window.entry.zone.written(from),
                window.entry.zone
            ));
        } else if !windows.is_empty() {
            said.push("a window to open, of which none is foreseeable: somebody has to make one, or end those that have passed".to_owned());
        }
        (!said.is_empty()).then(|| said.join(", and for "))
    }

    /// # Errors
    /// Refused with what holds it, where something does.
    pub fn verdict(&self) -> Result<(), Refusal> {
        match self.waits_for() {
            None => Ok(()),
            Some(what) => Err(Refusal::new(
                RefusalCode::Held,
                format!("Nothing starts here now. This change waits for {what}."),
            )),
        }
    }
}

impl Match {
    fn words(&self) -> String {
        let entry = &self.entry;
        let until = self
            .now
            .map(|span| span.until)
            .filter(|until| *until < Timestamp::MAX);
        let until = until.map_or_else(
            || "until somebody ends it".to_owned(),
            |until| format!("until {} {}", entry.zone.written(until), entry.zone),
        );
        let (what, by) = match entry.class {
            Class::Stop => ("the end of the stop", "called by"),
            Class::Freeze | Class::Window => ("the end of the freeze", "made by"),
        };
        format!(
            "{what} “{}” on {}, {by} {}, {until}",
            short(&entry.reason),
            entry.reach.words(),
            entry.author
        )
    }
}

/// A reason's first line, cut where it is long.
fn short(reason: &str) -> String {
    let line = reason.trim().lines().next().unwrap_or_default();
    if line.chars().count() <= 80 {
        return line.to_owned();
    }
    line.chars().take(79).chain(['…']).collect()
}

impl Serialize for Match {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        serde_json::json!({
            "id": self.entry.id, "class": self.entry.class, "scope": self.entry.reach, "reason": self.entry.reason,
            "by": self.entry.author, "effect": self.effect, "now": self.now, "next": self.next,
        })
        .serialize(to)
    }
}
