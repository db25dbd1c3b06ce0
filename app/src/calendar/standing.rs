//! What the calendar says of one change: what holds it, what comes next, and its overrides.

use control::changes::ChangeDetail;
use domain::{
    ChangeState, Refusal, RefusalCode, StartMode,
    schedule::{Class, Effect, Match, MayStart, Override},
};
use leptos::prelude::*;

use super::words;
use crate::{
    Html, Params, Visit, html,
    parts::{self, Field, Tone, icon, mark, note},
    time,
};

/// What the change would wait for besides approvals, in a sentence; empty when nothing holds it.
pub fn waits(change: &ChangeDetail) -> Html {
    let Some(waits_for) = change.may_start.as_ref().and_then(MayStart::waits_for) else {
        return Html::EMPTY;
    };
    let next = change.may_start.as_ref().and_then(|d| d.next).map_or_else(
        || "When that will be is not foreseeable.".to_owned(),
        |next| {
            format!(
                "From {} on nothing that is known today holds it.",
                time::exact(next)
            )
        },
    );
    let meanwhile = match (change.row.state, change.start_mode) {
        (ChangeState::AwaitingApproval, _) => " It can be approved meanwhile.",
        (_, StartMode::OnApproval) => " It then starts by itself, unless it has expired.",
        (_, StartMode::Manual) => " Somebody can start it then.",
    };
    note(
        "circle-pause",
        "warn",
        html! { <p class="panel-title user-text">{format!("Waits for {waits_for}.")}</p><p>{next}{meanwhile}</p> },
    )
}

/// Before it is asked for: that it would have to wait.
pub fn would_wait(decision: &MayStart) -> Html {
    let Some(waits_for) = decision.waits_for() else {
        return Html::EMPTY;
    };
    note(
        "circle-pause",
        "warn",
        html! { <p class="user-text">{format!("It can be asked for and approved, but would not start now: it would wait for {waits_for}.")}</p> },
    )
}

/// The card on the change's page. `refused` is what an override's form was refused for, with what was written.
pub fn card(
    visit: &Visit,
    change: &ChangeDetail,
    refused: Option<(&Refusal, Option<&Params>)>,
) -> Html {
    if change
        .may_start
        .as_ref()
        .is_none_or(|d| d.matches.is_empty())
        && change.overrides.is_empty()
    {
        return Html::EMPTY;
    }
    let matches: Vec<_> = change
        .may_start
        .iter()
        .flat_map(|d| &d.matches)
        .map(one)
        .collect();
    let matches = (!matches.is_empty()).then(|| html! { <ul class="needs">{matches}</ul> });
    let overrides: Vec<_> = change
        .overrides
        .iter()
        .map(|o| told(visit, change, o))
        .collect();
    let overrides = (!overrides.is_empty()).then(|| html! { <ul class="words">{overrides}</ul> });
    html! {
        <section class="card" aria-labelledby="h-calendar">
            <div class="card-head"><h2 id="h-calendar">"When it may start"</h2><a class="link small" href="/calendar">"Calendar"</a></div>
            <div class="card-body">{matches}{overrides}{confirm(visit, change)}{ask(visit, change, refused)}</div>
        </section>
    }
}

fn one(m: &Match) -> Html {
    let entry = &m.entry;
    let (state, when) = match m.effect {
        Effect::Holds => (
            mark("circle-pause", "Holds it", Tone::Warn),
            m.now.or(m.next),
        ),
        Effect::Overridden => (
            mark("shield-alert", "Overridden", Tone::Warn),
            m.now.or(m.next),
        ),
        Effect::Open => (mark("circle-check", "Open", Tone::Good), m.now),
        Effect::Rests => (mark("clock", "Not now", Tone::Quiet), m.next),
    };
    let clock = |at: jiff::Timestamp| {
        if at == jiff::Timestamp::MAX {
            "somebody ends it".to_owned()
        } else {
            format!("{} {}", entry.zone.written(at), entry.zone)
        }
    };
    let when = when.map(|span| {
        let words = match (m.now.is_some(), m.effect) {
            (true, _) => format!("Until {}.", clock(span.until)),
            (false, _) => format!(
                "Next from {} until {}.",
                clock(span.from),
                clock(span.until)
            ),
        };
        html! { <p class="small">{words}</p> }
    });
    html! {
        <li>
            <div class="row"><a class="link-quiet" href=format!("/calendar/{}", entry.id)><strong>{words::name(entry.class)}</strong></a>{state}</div>
            <p class="small muted">"“"<bdi>{words::short(&entry.reason, 100)}</bdi>"” on "{entry.reach.words()}</p>
            {when}
        </li>
    }
}

fn told(visit: &Visit, change: &ChangeDetail, o: &Override) -> Html {
    let started = change.run.as_ref().map(|run| run.started_at);
    let used = started
        .is_some_and(|at| o.confirmed_at.is_some_and(|from| from <= at) && at < o.expires_at);
    let over = visit.now >= o.expires_at;
    let state = match (&o.confirmed_login, over) {
        (Some(_), _) if used => mark("shield-alert", "Started under an override", Tone::Warn),
        (Some(_), false) => mark("shield-alert", "Override in force", Tone::Warn),
        (Some(_), true) => mark("shield-alert", "Override, expired", Tone::Quiet),
        (None, false) => mark(
            "hourglass",
            "Override waits for a second person",
            Tone::Wait,
        ),
        (None, true) => mark("history", "Override never confirmed", Tone::Quiet),
    };
    let second = o
        .confirmed_login
        .as_ref()
        .map(|login| html! { ", confirmed by "{parts::person(login.as_str(), None)} });
    html! {
        <li>
            <div class="row">{state}</div>
            <p class="small">"Asked for by "{parts::person(o.asked_login.as_str(), None)}" "{time::ago(visit.now, o.asked_at)}{second}", until "{time::stamp(o.expires_at)}</p>
            <blockquote class="user-text" dir="auto">{o.reason.clone()}</blockquote>
            {named(o)}
        </li>
    }
}

/// What it passes, for ever: an entry that has ended has its page still.
fn named(o: &Override) -> Html {
    let links: Vec<_> = o
        .entries
        .iter()
        .enumerate()
        .map(|(i, id)| {
            let comma = if i == 0 { "" } else { ", " };
            html! { {comma}<a class="link" href=format!("/calendar/{id}")>{format!("entry {}", i + 1)}</a> }
        })
        .collect();
    html! { <p class="small muted">"Of the calendar it passes "{links}"."</p> }
}

/// What an override would pass now: "the freeze", "the freezes and the window".
fn passed(change: &ChangeDetail) -> String {
    let holding: Vec<Class> = change
        .may_start
        .iter()
        .flat_map(MayStart::holding)
        .map(|m| m.entry.class)
        .collect();
    let several = |class: Class, one: &str, many: &str| match holding
        .iter()
        .filter(|held| **held == class)
        .count()
    {
        0 => None,
        1 => Some(one.to_owned()),
        _ => Some(many.to_owned()),
    };
    let said: Vec<String> = [
        several(Class::Freeze, "the freeze", "the freezes"),
        several(Class::Window, "the window", "the windows"),
    ]
    .into_iter()
    .flatten()
    .collect();
    said.join(" and ")
}

fn confirm(visit: &Visit, change: &ChangeDetail) -> Html {
    match &change.buttons.confirm_override {
        Ok(()) => html! {
            <form class="stack-sm" method="post" action=format!("/changes/{}/override/confirm", change.row.id)>
                {visit.csrf_field()}
                <input type="hidden" name="evidence_digest" value=change.row.evidence_digest.to_string() />
                <div><button class="btn btn-danger" type="submit">{icon("shield-alert")}"Confirm the override"</button></div>
                <p class="hint">"You are the second person. It shows on this change for ever, with your name."</p>
            </form>
        },
        Err(refusal) if refusal.code == RefusalCode::WrongState => Html::EMPTY,
        Err(refusal) if refusal.code == RefusalCode::StepUpRequired => step_up(change),
        Err(refusal) => html! {
            <div><button class="btn" type="button" disabled aria-describedby="why-confirm-override">{icon("shield-alert")}"Confirm the override"</button></div>
            {parts::why("why-confirm-override", refusal)}
        },
    }
}

fn ask(visit: &Visit, change: &ChangeDetail, refused: Option<(&Refusal, Option<&Params>)>) -> Html {
    match &change.buttons.ask_override {
        Ok(()) => {}
        Err(refusal) if refusal.code == RefusalCode::StepUpRequired => return step_up(change),
        // Whoever cannot ask for one has no use for a button that says so.
        Err(_) => return Html::EMPTY,
    }
    let (refusal, fields) = refused.unzip();
    let value = |name: &str| fields.flatten().map_or("", |f| f.raw(name));
    let hours = if value("hours").is_empty() {
        "2"
    } else {
        value("hours")
    };
    html! {
        <details class="ask" open=refusal.is_some()>
            <summary class="btn" id="ask-override">{icon("shield-alert")}{format!("Override {}…", passed(change))}</summary>
            <form class="stack" method="post" action=format!("/changes/{}/override", change.row.id)>
                {visit.once_fields()}
                <input type="hidden" name="evidence_digest" value=change.row.evidence_digest.to_string() />
                <p class="hint">"For this change and this evidence only. It counts once a second person has confirmed it, and shows on the change for ever."</p>
                {Field::new("override_reason", "Why can it not wait?").refused(refusal).area(value("override_reason"), 2, true)}
                {Field::new("hours", "Holds for").refused(refusal).select(&[("1", "1 hour"), ("2", "2 hours"), ("4", "4 hours"), ("8", "8 hours"), ("24", "24 hours")], hours)}
                <div><button class="btn btn-danger" type="submit">"Ask for the override"</button></div>
            </form>
        </details>
    }
}

/// To the second factor and back.
fn step_up(change: &ChangeDetail) -> Html {
    let back = format!("/changes/{}#h-calendar", change.row.id);
    let href = Params::default().link("/auth/step-up", &[("return_to", &back)]);
    html! {
        <p class="small">"To override a freeze or window here, confirm with a second factor first. "<a class="btn btn-sm" href=href>{icon("lock")}"Confirm with a second factor"</a></p>
    }
}
