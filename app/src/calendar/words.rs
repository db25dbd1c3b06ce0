//! How windows, freezes and stops are told.

use domain::schedule::{Class, Entry};
use jiff::Timestamp;

use crate::{
    Html,
    parts::{Tone, mark},
};

pub(super) fn class(class: Class) -> Html {
    match class {
        Class::Window => mark("calendar-clock", "Window", Tone::Good),
        Class::Freeze => mark("circle-pause", "Freeze", Tone::Warn),
        Class::Stop => mark("ban", "Stop", Tone::Bad),
    }
}

pub(super) fn name(class: Class) -> &'static str {
    match class {
        Class::Window => "Window",
        Class::Freeze => "Freeze",
        Class::Stop => "Stop",
    }
}

pub(super) fn glyph(class: Class) -> &'static str {
    match class {
        Class::Window => "calendar-clock",
        Class::Freeze => "circle-pause",
        Class::Stop => "ban",
    }
}

/// Where it stands now.
pub(super) fn standing(entry: &Entry, now: Timestamp) -> Html {
    if entry.ended.is_some() {
        return mark("archive", "Ended", Tone::Quiet);
    }
    let around = domain::schedule::Span {
        from: now,
        until: now
            .saturating_add(jiff::SignedDuration::from_hours(24 * 800))
            .unwrap_or(Timestamp::MAX),
    };
    let spans = entry.spans(around);
    let on = entry.class == Class::Stop || spans.iter().any(|s| s.has(now));
    match (entry.class, on, spans.is_empty()) {
        (Class::Window, true, _) => mark("circle-play", "Open now", Tone::Good),
        (Class::Window, false, false) => mark("clock", "Closed now", Tone::Wait),
        (Class::Window, false, true) => mark(
            "triangle-alert",
            "Never opens again, and still restricts",
            Tone::Warn,
        ),
        (_, true, false) => mark("circle-pause", "On now", Tone::Warn),
        (_, false, false) => mark("clock", "To come", Tone::Wait),
        (_, _, true) => mark("history", "Over", Tone::Quiet),
    }
}

/// A reason's first line, short enough for a list.
pub(super) fn short(reason: &str, most: usize) -> String {
    let line = reason.trim().lines().next().unwrap_or_default();
    if line.chars().count() <= most {
        return line.to_owned();
    }
    line.chars()
        .take(most.saturating_sub(1))
        .chain(['…'])
        .collect()
}
