//! Everything that happened to a change, in order. These are the audit events themselves.

use control::changes::{ChangeDetail, TimelineEntry};
use domain::{EventKind, Outcome, StepKind};
use leptos::prelude::*;

use super::data::data;
use crate::{
    Html, Visit, html,
    parts::{icon, person},
    time, words,
};

pub(super) fn timeline(visit: &Visit, change: &ChangeDetail) -> Html {
    let entries = change.timeline.iter().map(|e| entry(visit, e));
    let entries: Vec<_> = entries.collect();
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
    let sentence = match &entry.login {
        Some(login) if entry.kind == EventKind::ChangeStarted && entry.door == "job" => {
            html! { "Started by itself, as "{person(login.as_str(), None)}" had asked" }
        }
        Some(login) if entry.kind.known().is_some_and(is_a_persons_act) => {
            html! { {person(login.as_str(), None)}" "{words::event(&entry.kind)} }
        }
        _ => Html::text(&happened(entry)),
    };
    // What people said and why it ended is read at once; the rest is there for who looks for it.
    let details = if is_told(entry) {
        data(&entry.data)
    } else {
        folded(data(&entry.data))
    };
    html! {
        <li class=class>
            {icon(glyph)}
            <div>
                <p>{sentence}<span class="muted small">" · "{time::ago(visit.now, entry.at)}</span></p>
                {details}
            </div>
        </li>
    }
}

fn folded(details: Html) -> Html {
    if details.is_empty() {
        return details;
    }
    html! { <details class="more small"><summary>"Details"</summary>{details}</details> }
}

/// Whether somebody did this, rather than the portal in their name.
fn is_a_persons_act(kind: EventKind) -> bool {
    use EventKind as E;
    matches!(
        kind,
        E::ChangeRequested
            | E::ChangeApproved
            | E::ChangeRejected
            | E::ChangeStarted
            | E::ChangeCancelRequested
            | E::ChangeCancelled
            | E::ChangeResumed
            | E::ChangeMarkedDone
            | E::WaveContinued
            | E::ChangeAbandoned
            | E::AttentionLooked
            | E::OverrideAsked
            | E::OverrideConfirmed
            | E::ActionDenied
            | E::TicketRefused
    )
}

fn is_told(entry: &TimelineEntry) -> bool {
    use EventKind as E;
    entry.outcome != Outcome::Success
        || entry.kind.known().is_some_and(|kind| {
            matches!(
                kind,
                E::ChangeApproved
                    | E::ChangeRejected
                    | E::ChangeStale
                    | E::ChangeCancelRequested
                    | E::ChangeCancelled
                    | E::ChangeFailed
                    | E::ChangeNeedsAttention
                    | E::ChangeResumed
                    | E::ChangeMarkedDone
                    | E::WaveContinued
                    | E::ChangeAbandoned
                    | E::ChangeHeld
                    | E::OverrideAsked
                    | E::OverrideConfirmed
                    | E::StepFailed
            )
        })
}

/// What happened by itself, with the step and the region it was about.
fn happened(entry: &TimelineEntry) -> String {
    let said = |key: &str| entry.data.get(key).and_then(|value| value.as_str());
    let region = said("region")
        .map(|region| format!(" in {region}"))
        .unwrap_or_default();
    let step = said("kind").and_then(|kind| kind.parse::<StepKind>().ok());
    let how = match entry.kind.known() {
        Some(EventKind::StepSucceeded) => "done",
        Some(EventKind::StepFailed) => "failed",
        Some(EventKind::StepRetried) => "tried again",
        _ => "",
    };
    // One kind of event for both moves: to working it out, and on with it.
    if entry.kind == EventKind::ChangePlanned {
        return match said("to") {
            Some("planning") => "The portal works out the evidence".to_owned(),
            Some("approved") => {
                "The evidence is worked out; no rule asks for an approval".to_owned()
            }
            _ => "The evidence is worked out; approvals are asked for".to_owned(),
        };
    }
    match (step, how) {
        (Some(step), how) if !how.is_empty() => format!("{}{region}: {how}", step.title()),
        _ => format!("{}{region}", capital(&words::event(&entry.kind))),
    }
}

fn capital(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}
