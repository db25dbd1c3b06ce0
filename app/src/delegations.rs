//! Holidays: who stands in for whom, and the form that lets somebody.

use control::{Control, Page, Result, delegations::Delegation};
use domain::Refusal;
use leptos::prelude::*;

use crate::{
    Document, Html, Params, Visit, html,
    parts::{self, Field, Narrow, Tone, icon, mark, person},
    time,
};

/// `posted` are the fields of a form that was refused with `refusal`.
///
/// # Errors
/// Refused when nobody has signed in.
pub async fn delegations(
    control: &Control,
    visit: &Visit,
    posted: Option<&Params>,
    refusal: Option<Refusal>,
) -> Result<Document> {
    let caller = visit.caller()?;
    // A form that was refused is shown above the first page.
    let cursor = visit.params.owned("cursor");
    let page = control.delegations(caller, cursor, None).await?;
    let places: Vec<String> = control
        .settings()
        .environments
        .iter()
        .map(|e| e.name.to_string())
        .collect();
    let document = view(visit, &page, &places, posted, refusal.as_ref());
    Ok(match &refusal {
        Some(refusal) => document.with_status(refusal.code.status()),
        None => document,
    })
}

pub fn view(
    visit: &Visit,
    page: &Page<Delegation>,
    places: &[String],
    posted: Option<&Params>,
    refusal: Option<&Refusal>,
) -> Document {
    let list = if page.items.is_empty() {
        parts::empty(
            "users",
            "Nobody stands in for anybody",
            "Before a holiday, let a colleague who may approve there give your word for you.",
            None,
        )
    } else {
        let rows: Vec<_> = page.items.iter().map(|one| row(visit, one)).collect();
        let table = parts::table(
            "Who stands in for whom, newest first",
            Narrow::Cards,
            parts::heads(&[
                "Who",
                "Stands in for",
                "For",
                "From",
                "Until",
                "Why",
                "Now",
                "",
            ]),
            rows.into_iter().collect(),
        );
        html! {
            {table}
            {parts::pager(&visit.params, "/delegations", "cursor", page.items.len(), None, page.next_cursor.as_deref())}
        }
    };
    let sub = html! { <span>"Times are UTC."</span> };
    let main = html! {
        {parts::heading(&[], "Standing in", sub, Html::EMPTY)}
        {refusal.map(parts::refusal)}
        <section class="section" aria-labelledby="h-list"><h2 id="h-list">"Who stands in for whom"</h2>{list}</section>
        {form(visit, places, posted, refusal)}
    };
    Document::new("Standing in", main)
}

fn row(visit: &Visit, one: &Delegation) -> Html {
    let state = if one.ended_at.is_some() {
        mark("circle-slash", "Ended early", Tone::Quiet)
    } else if one.until <= visit.now {
        mark("clock", "Over", Tone::Quiet)
    } else if one.from > visit.now {
        mark("hourglass", "Not yet", Tone::Wait)
    } else {
        mark("circle-check", "In force", Tone::Good)
    };
    let mine = visit
        .caller
        .as_ref()
        .is_some_and(|c| c.person.id == one.by.id || c.person.id == one.to.id);
    let end = (mine && one.ended_at.is_none() && one.until > visit.now).then(|| {
        let label = format!("End it: {} for {}", one.to.login, one.by.login);
        html! {
            <form method="post" action=format!("/delegations/{}/end", one.id)>
                {visit.csrf_field()}
                <button class="btn btn-sm" type="submit" aria-label=label>"End it"</button>
            </form>
        }
    });
    html! {
        <tr>
            <td data-label="Who">{person(one.to.login.as_str(), Some(&one.to.name))}</td>
            <td data-label="Stands in for">{person(one.by.login.as_str(), Some(&one.by.name))}</td>
            <td data-label="For">{one.words()}</td>
            <td data-label="From">{time::stamp(one.from)}</td>
            <td data-label="Until">{time::stamp(one.until)}</td>
            <td data-label="Why" class="user-text" dir="auto">{one.reason.as_str()}</td>
            <td data-label="Now">{state}</td>
            <td>{end}</td>
        </tr>
    }
}

fn form(
    visit: &Visit,
    places: &[String],
    posted: Option<&Params>,
    refusal: Option<&Refusal>,
) -> Html {
    let raw = |name: &str| posted.map_or("", |fields| fields.raw(name));
    let mut environments = vec![("", "Everywhere")];
    environments.extend(places.iter().map(|p| (p.as_str(), p.as_str())));
    html! {
        <form class="card" method="post" action="/delegations" aria-labelledby="h-new">
            <div class="card-head"><h2 id="h-new">"Let somebody stand in for you"</h2></div>
            <div class="card-body">
                {visit.once_fields()}
                <p class="hint">"They must be allowed to approve there themselves; their word then takes the place that a rule keeps for you, and shows for whom it was given. Never for what you or they asked for."</p>
                <div class="two">
                    {Field::new("to", "Who").hint("Their sign-in name.").refused(refusal).text("text", raw("to"), true)}
                    {Field::new("environment", "Where").refused(refusal).select(&environments, raw("environment"))}
                    {Field::new("team", "Only for the team").hint("Empty: all teams.").refused(refusal).text("text", raw("team"), false)}
                    {Field::new("from", "From").hint("Date and time in UTC. Empty: now.").refused(refusal).text("datetime-local", raw("from"), false)}
                    {Field::new("until", "Until").hint("Date and time in UTC, at most 92 days later.").refused(refusal).text("datetime-local", raw("until"), true)}
                </div>
                {Field::new("reason", "Why").refused(refusal).area(raw("reason"), 2, true)}
                <div><button class="btn btn-primary" type="submit">{icon("users")}"Let them stand in"</button></div>
            </div>
        </form>
    }
}
