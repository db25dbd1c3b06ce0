//! Making a window or a freeze, or stopping the line.

use std::sync::Arc;

use control::{Control, Result, services::Facets};
use domain::{
    ChangeKind, Refusal,
    policy::{ManageSchedule, Room, StopTheLine},
    schedule::Class,
};
use leptos::prelude::*;

use super::words;
use crate::{
    Document, Html, Params, Visit, html,
    parts::{self, Field, icon, note},
};

/// A form that was refused, with all that was written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    pub fields: Option<&'a Params>,
    pub refusal: Option<&'a Refusal>,
}

/// How long an occurrence may last, in seconds.
const LASTS: &[(&str, &str)] = &[
    ("1800", "30 minutes"),
    ("3600", "1 hour"),
    ("7200", "2 hours"),
    ("14400", "4 hours"),
    ("28800", "8 hours"),
    ("43200", "12 hours"),
    ("86400", "1 day (24 hours)"),
    ("172800", "2 days"),
    ("259200", "3 days"),
    ("604800", "7 days"),
    ("1209600", "14 days"),
];

/// # Errors
/// A caller who may not make such a thing, or a fault.
pub async fn form(
    control: &Control,
    visit: &Visit,
    class: Class,
    wanted: Wanted<'_>,
) -> Result<Document> {
    let caller = visit.caller()?;
    match class {
        Class::Stop => control
            .policies()
            .may(caller, StopTheLine, &Room::Schedule, visit.now)?,
        Class::Window | Class::Freeze => {
            control
                .policies()
                .may(caller, ManageSchedule, &Room::Schedule, visit.now)?
        }
    }
    let environments: Vec<String> = control
        .settings()
        .environments
        .iter()
        .map(|e| e.name.to_string())
        .collect();
    let mut regions: Vec<String> = control
        .settings()
        .environments
        .iter()
        .flat_map(|e| e.clusters.keys().map(ToString::to_string))
        .collect();
    regions.sort();
    regions.dedup();
    let places = Places {
        environments,
        regions,
        known: control.service_list(caller).await?.facets(),
    };
    let document = view(visit, class, &places, wanted);
    Ok(match wanted.refusal {
        Some(refusal) => document.with_status(refusal.code.status()),
        None => document,
    })
}

/// What an entry can be about.
struct Places {
    environments: Vec<String>,
    regions: Vec<String>,
    /// Teams and systems of the catalogue.
    known: Arc<Facets>,
}

fn view(visit: &Visit, class: Class, places: &Places, wanted: Wanted<'_>) -> Document {
    let (title, effect, button) = match class {
        Class::Window => (
            "New window",
            "From the moment you make it, changes that it takes in start only while it, or another such window, is open. It restricts until somebody ends it.",
            "Make the window",
        ),
        Class::Freeze => (
            "New freeze",
            "While it is on, changes that it takes in can be asked for and approved, but not started. What runs, finishes. What waits, starts when the last freeze is over.",
            "Make the freeze",
        ),
        Class::Stop => (
            "Stop the line",
            "Nothing starts any more in what you choose, from this moment on. No window and no override lets anything through. What runs, finishes.",
            "Stop the line",
        ),
    };
    let tabs = [Class::Freeze, Class::Window, Class::Stop].map(|one| {
        (
            format!("/calendar/new?class={one}"),
            words::name(one),
            one == class,
        )
    });
    let danger = if class == Class::Stop {
        "btn btn-error"
    } else {
        "btn btn-primary"
    };
    let value = |name: &str| wanted.fields.map_or("", |f| f.raw(name));
    let times = if class == Class::Stop {
        stop_times(visit, wanted)
    } else {
        times(visit, wanted)
    };
    let main = html! {
        {parts::heading(&[("/calendar", "Calendar")], title, Html::EMPTY, Html::EMPTY)}
        {wanted.refusal.map(parts::refusal)}
        {parts::tabs("What to make", &tabs)}
        {note(words::glyph(class), if class == Class::Stop { "bad" } else { "wait" }, html! { <p>{effect}</p> })}
        <form class="card calendar-form" method="post" action="/calendar/new">
            <div class="card-body">
                {visit.once_fields()}
                <input type="hidden" name="class" value=class.as_str() />
                {scope(class, places, wanted)}
                {times}
                {Field::new("reason", "Why").hint("Everybody who is held by it reads this.").refused(wanted.refusal).area(value("reason"), 2, true)}
                <div><button class=danger type="submit">{icon(words::glyph(class))}{button}</button></div>
            </div>
        </form>
    };
    Document::new(title, main)
}

fn scope(class: Class, places: &Places, wanted: Wanted<'_>) -> Html {
    let value = |name: &str| wanted.fields.map_or("", |f| f.raw(name));
    let refusal = wanted.refusal;
    let choose = |name: &'static str, label: &'static str, any: &'static str, all: &[String]| {
        let options: Vec<(&str, &str)> = std::iter::once(("", any))
            .chain(all.iter().map(|one| (one.as_str(), one.as_str())))
            .collect();
        Field::new(name, label)
            .refused(refusal)
            .select(&options, value(name))
    };
    let environment = choose(
        "scope.environment",
        "Environment",
        "All environments",
        &places.environments,
    );
    let region = choose("scope.region", "Region", "All regions", &places.regions);
    let system = Field::new("scope.system", "System")
        .hint("Empty: all systems.")
        .suggesting(&places.known.systems)
        .refused(refusal)
        .text("text", value("scope.system"), false);
    let more = (class != Class::Stop).then(|| {
        let kinds: Vec<(&str, &str)> = std::iter::once(("", "All but failover and failback"))
            .chain(ChangeKind::ALL.iter().map(|k| (k.as_str(), crate::words::kind(*k))))
            .collect();
        html! {
            {Field::new("scope.team", "Team").hint("Empty: all teams.").suggesting(&places.known.teams).refused(refusal).text("text", value("scope.team"), false)}
            {Field::new("scope.service", "Service").hint("Empty: all services.").refused(refusal).text("text", value("scope.service"), false)}
            {Field::new("scope.kind", "Kind of change").hint("A failover is held only by a freeze that names it.").refused(refusal).select(&kinds, value("scope.kind"))}
        }
    });
    let hint = if class == Class::Stop {
        "One system, one environment, one region, or everything: leave all empty."
    } else {
        "What is left empty is all. Every part that is filled in must fit."
    };
    let wrong = refusal
        .and_then(|r| r.fields.get("scope"))
        .map(|w| html! { <p class="wrong">{icon("circle-x")}<span>{w.as_str()}</span></p> });
    html! {
        <fieldset class="calendar-fields">
            <legend class="field-label">"What it is about"</legend>
            <p class="hint">{hint}</p>{wrong}
            <div class="calendar-pairs">{environment}{region}{system}{more}</div>
        </fieldset>
    }
}

fn zone_field(visit: &Visit, wanted: Wanted<'_>) -> Html {
    let zone = wanted.fields.map_or_else(
        || visit.params.get("zone").unwrap_or("UTC"),
        |f| f.raw("zone"),
    );
    Field::new("zone", "Time zone")
        .hint("Such as Europe/Berlin. Times are by its clock.")
        .refused(wanted.refusal)
        .text("text", zone, true)
}

fn times(visit: &Visit, wanted: Wanted<'_>) -> Html {
    let value = |name: &str| wanted.fields.map_or("", |f| f.raw(name));
    let refusal = wanted.refusal;
    let lasts = if value("lasts_s").is_empty() {
        "14400"
    } else {
        value("lasts_s")
    };
    let how = if value("how").is_empty() {
        "once"
    } else {
        value("how")
    };
    let hint =
        "Such as FREQ=WEEKLY;BYDAY=FR,SA or FREQ=MONTHLY;BYMONTHDAY=-1. UNTIL or COUNT end it.";
    html! {
        {zone_field(visit, wanted)}
        {Field::new("how", "How often").refused(refusal).radios(&[("once", "Once", "From one moment to another."), ("recurring", "Again and again", "By a rule of iCalendar, such as every Friday.")], how)}
        <fieldset class="calendar-fields once">
            <legend class="field-label">"Once"</legend>
            <div class="calendar-pairs">
                {Field::new("from", "From").refused(refusal).text("datetime-local", value("from"), false)}
                {Field::new("until", "Until").refused(refusal).text("datetime-local", value("until"), false)}
            </div>
        </fieldset>
        <fieldset class="calendar-fields recurring">
            <legend class="field-label">"Again and again"</legend>
            {Field::new("rrule", "Rule").hint(hint).refused(refusal).text("text", value("rrule"), false)}
            <div class="calendar-pairs">
                {Field::new("start", "First day and time").refused(refusal).text("datetime-local", value("start"), false)}
                {Field::new("lasts_s", "Lasts").hint("Time elapsed, on days when the clocks change too.").refused(refusal).select(LASTS, lasts)}
            </div>
        </fieldset>
    }
}

fn stop_times(visit: &Visit, wanted: Wanted<'_>) -> Html {
    let value = |name: &str| wanted.fields.map_or("", |f| f.raw(name));
    html! {
        <div class="calendar-pairs">
            {Field::new("until", "Until").hint("Empty: until somebody ends it.").refused(wanted.refusal).text("datetime-local", value("until"), false)}
            {zone_field(visit, wanted)}
        </div>
    }
}
