//! Everything that happened to a change, in order. These are the audit events themselves.

use control::changes::TimelineEntry;
use domain::Outcome;
use leptos::prelude::*;

use super::data::data;
use crate::{
    Html, Visit, html,
    parts::{icon, person},
    time, words,
};

pub(super) fn timeline(visit: &Visit, entries: &[TimelineEntry]) -> Html {
    let entries: Vec<_> = entries.iter().map(|e| entry(visit, e)).collect();
    html! {
        <section class="card" aria-labelledby="h-timeline">
            <div class="card-head"><h2 id="h-timeline">"What happened"</h2></div>
            <div class="card-body"><ol class="timeline">{entries}</ol></div>
        </section>
    }
}

fn entry(visit: &Visit, entry: &TimelineEntry) -> Html {
    let (glyph, class) = match entry.outcome {
        Outcome::Success => ("circle-dot", ""),
        Outcome::Denied => ("ban", "warn"),
        Outcome::Failure => ("circle-x", "bad"),
    };
    let who = entry
        .login
        .as_ref()
        .map(|login| html! { {person(login.as_str(), None)}" " });
    let words = words::event(entry.kind);
    let words = if who.is_some() {
        words
    } else {
        capital(&words)
    };
    html! {
        <li class=class>
            {icon(glyph)}
            <div>
                <p>{who}{words}<span class="muted small">" · "{time::ago(visit.now, entry.at)}</span></p>
                {data(&entry.data)}
            </div>
        </li>
    }
}

fn capital(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}
