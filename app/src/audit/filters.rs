//! What the audit log is narrowed by.

use control::audit::AuditQuery;
use domain::{ChangeId, EventKind, Outcome, Refusal};
use jiff::Timestamp;
use leptos::prelude::*;

use crate::{
    Html, Params, Visit, html,
    parts::{Field, Stateful, icon},
};

pub const NARROWING: &[&str] = &[
    "kind",
    "outcome",
    "login",
    "change",
    "subject_kind",
    "subject_id",
    "from",
    "until",
];

/// # Errors
/// The parameters that are no values of their kinds, together.
pub fn query(params: &Params) -> Result<AuditQuery, Refusal> {
    let mut wrong: Vec<(&str, String)> = vec![];
    let mut query = AuditQuery {
        login: params.owned("login"),
        subject_kind: params.owned("subject_kind"),
        subject_id: params.owned("subject_id"),
        cursor: params.owned("cursor"),
        limit: Some(25),
        ..AuditQuery::default()
    };
    if let Some(text) = params.get("kind") {
        match text.parse::<EventKind>() {
            Ok(kind) => query.kind = Some(kind),
            Err(why) => wrong.push(("kind", why)),
        }
    }
    if let Some(text) = params.get("outcome") {
        match text.parse::<Outcome>() {
            Ok(outcome) => query.outcome = Some(outcome),
            Err(why) => wrong.push(("outcome", why)),
        }
    }
    if let Some(text) = params.get("change") {
        match text.parse::<ChangeId>() {
            Ok(id) => query.change = Some(id),
            Err(_) => wrong.push((
                "change",
                "the id of a change looks like 0192f0c1-…; copy it from the change's address"
                    .to_owned(),
            )),
        }
    }
    for (name, slot) in [("from", &mut query.from), ("until", &mut query.until)] {
        if let Some(text) = params.get(name) {
            match moment(text) {
                Some(at) => *slot = Some(at),
                None => wrong.push((name, "a time in UTC such as 2026-11-22T14:00".to_owned())),
            }
        }
    }
    let mut wrong = wrong.into_iter();
    match wrong.next() {
        None => Ok(query),
        Some((field, why)) => Err(wrong
            .fold(Refusal::field(field, why), |refusal, (field, why)| {
                refusal.and_field(field, why)
            })),
    }
}

/// What `datetime-local` sends, read as UTC; or a full RFC 3339 time.
fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let at = text.parse::<jiff::civil::DateTime>().ok()?;
    at.to_zoned(jiff::tz::TimeZone::UTC)
        .ok()
        .map(|zoned| zoned.timestamp())
}

pub fn form(visit: &Visit, refusal: Option<&Refusal>) -> Html {
    let params = &visit.params;
    let mut kinds = vec![("", "Any kind")];
    kinds.extend(EventKind::ALL.iter().map(|k| (k.as_str(), k.as_str())));
    let mut outcomes = vec![("", "Any outcome")];
    outcomes.extend(Outcome::ALL.iter().map(|o| (o.as_str(), o.look().word)));
    let clear = params
        .any(NARROWING)
        .then(|| html! { <a class="btn btn-ghost btn-sm" href="/audit">{icon("x")}"Clear"</a> });
    html! {
        <form class="filters" method="get" action="/audit" aria-label="Filter audit events">
            {Field::new("kind", "Kind").refused(refusal).select(&kinds, params.raw("kind"))}
            {Field::new("outcome", "Outcome").refused(refusal).select(&outcomes, params.raw("outcome"))}
            {Field::new("login", "By").refused(refusal).text("search", params.raw("login"), false)}
            {Field::new("change", "Change id").refused(refusal).text("search", params.raw("change"), false)}
            {Field::new("from", "From (UTC)").refused(refusal).text("datetime-local", params.raw("from"), false)}
            {Field::new("until", "Until (UTC)").refused(refusal).text("datetime-local", params.raw("until"), false)}
            {params.hidden(&["kind", "outcome", "login", "change", "from", "until"])}
            <button class="btn" type="submit">{icon("filter")}"Filter"</button>
            {clear}
        </form>
    }
}
