//! One window, freeze or stop in full: what it is about, what it held, and ending it.

use control::{Control, Result, schedule::DayChange};
use domain::{
    Refusal, RefusalCode, ScheduleId,
    schedule::{Class, Entry},
};
use leptos::prelude::*;

use super::{month, words};
use crate::{
    Document, Html, Params, Visit, html,
    parts::{self, Field, icon},
    time,
};

/// A form to end it that was refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ending<'a> {
    pub fields: Option<&'a Params>,
    pub refusal: Option<&'a Refusal>,
}

/// # Errors
/// Not found where there is none, or the caller may not see the calendar.
pub async fn entry(
    control: &Control,
    visit: &Visit,
    id: &str,
    ending: Ending<'_>,
) -> Result<Document> {
    let caller = visit.caller()?;
    let id: ScheduleId = id
        .parse()
        .map_err(|_| Refusal::not_found("window, freeze or stop with this id"))?;
    let found = control.schedule_entry(caller, None, id).await?;
    let held = control.held_by(caller, id).await?;
    let may = control.may_end(caller, &found).await?;
    let document = view(visit, &found, &held, may, ending);
    Ok(match ending.refusal {
        Some(refusal) => document.with_status(refusal.code.status()),
        None => document,
    })
}

fn view(
    visit: &Visit,
    entry: &Entry,
    held: &[DayChange],
    may: Result<(), Refusal>,
    ending: Ending<'_>,
) -> Document {
    let title = format!(
        "{}: {}",
        words::name(entry.class),
        words::short(&entry.reason, 60)
    );
    let effect = match entry.class {
        Class::Window => {
            "Changes that it takes in start only while this window, or another one that takes them in, is open. What runs when it closes, finishes. One change can be let start outside of it by an override of two people."
        }
        Class::Freeze => {
            "While it is on, no change that it takes in starts. What runs, finishes; what waits, starts by itself when the last freeze is over. One change can be excepted by an override of two people."
        }
        Class::Stop => {
            "Nothing that it takes in starts, whatever windows and overrides say. What runs, finishes."
        }
    };
    let mut facts = vec![
        ("For", Html::text(&entry.reach.words())),
        ("When", Html::text(&entry.when_words())),
        ("Time zone", Html::text(entry.zone.as_str())),
        (
            "Made",
            html! { {parts::person(entry.author.as_str(), None)}" "{time::ago(visit.now, entry.created_at)} },
        ),
    ];
    if let Some(ended) = &entry.ended {
        let by = ended
            .by
            .as_ref()
            .map_or(Html::constant("its time was over"), |by| {
                parts::person(by.as_str(), None)
            });
        facts.push(("Ended", html! { {by}" "{time::ago(visit.now, ended.at)} }));
        if let Some(reason) = &ended.reason {
            facts.push((
                "Ended because",
                html! { <span class="user-text" dir="auto">{reason.as_str()}</span> },
            ));
        }
    }
    let label = if entry.class == Class::Window {
        "Changes it held until it opened"
    } else {
        "Changes it held, and those an override let through"
    };
    let held = if held.is_empty() {
        html! { <p class="muted">"None that you may see."</p> }
    } else {
        let rows: Vec<_> = held.iter().map(month::change).collect();
        html! { <ul class="stack-sm">{rows}</ul> }
    };
    let main = html! {
        {ending.refusal.map(parts::refusal)}
        {parts::heading(&[("/calendar", "Calendar")], title.clone(), html! { {words::class(entry.class)}{words::standing(entry, visit.now)} }, Html::EMPTY)}
        <div class="columns">
            <div class="stack-lg">
                <section class="card" aria-labelledby="h-what">
                    <div class="card-head"><h2 id="h-what">"What it does"</h2></div>
                    <div class="card-body">
                        <p>{effect}</p>
                        {parts::facts(facts)}
                        <p class="user-text reason" dir="auto">{entry.reason.as_str()}</p>
                    </div>
                </section>
                <section class="card" aria-labelledby="h-held">
                    <div class="card-head"><h2 id="h-held">{label}</h2></div>
                    <div class="card-body">{held}</div>
                </section>
            </div>
            <div class="stack-lg">{end(visit, entry, may, ending)}</div>
        </div>
    };
    Document::new(title, main)
}

fn end(visit: &Visit, entry: &Entry, may: Result<(), Refusal>, ending: Ending<'_>) -> Html {
    if entry.ended.is_some() {
        return Html::EMPTY;
    }
    let label = match entry.class {
        Class::Window => "End this window",
        Class::Freeze => "End this freeze",
        Class::Stop => "Let changes start again",
    };
    let body = match may {
        Ok(()) => html! {
            <form class="stack" method="post" action=format!("/calendar/{}/end", entry.id)>
                {visit.csrf_field()}
                {Field::new("reason", "Why is it ended?").hint("Kept with it for ever.").refused(ending.refusal).area(ending.fields.map_or("", |f| f.raw("reason")), 2, true)}
                <div><button class="btn btn-danger" type="submit">{icon("circle-play")}{label}</button></div>
                <p class="hint">"What it holds starts at once, where nothing else holds it. It cannot be altered: end it and make another."</p>
            </form>
        },
        Err(refusal) if refusal.code == RefusalCode::StepUpRequired => {
            let back = format!("/calendar/{}#h-end", entry.id);
            let href = Params::default().link("/auth/step-up", &[("return_to", &back)]);
            html! {
                <p>{refusal.detail.as_str()}</p>
                <p><a class="btn btn-primary btn-sm" href=href id="step-up">{icon("lock")}"Confirm with a second factor"</a></p>
            }
        }
        Err(refusal) => html! {
            <div><button class="btn" type="button" disabled aria-describedby="why-end">{icon("circle-play")}{label}</button></div>
            {parts::why("why-end", &refusal)}
        },
    };
    html! {
        <section class="card" aria-labelledby="h-end">
            <div class="card-head"><h2 id="h-end">"End it"</h2></div>
            <div class="card-body">{body}</div>
        </section>
    }
}
