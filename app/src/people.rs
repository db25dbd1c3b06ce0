//! People, for administrators and auditors: who has ever signed in and as what, and shutting somebody out who has left.

use control::{
    Control, Page, Result,
    people::{KnownPerson, PeopleQuery},
};
use domain::{
    Person, PersonId, PersonState, Refusal,
    policy::{DisablePerson, EnablePerson},
};
use leptos::prelude::*;

use crate::{
    Document, Html, Visit, html,
    parts::{self, Field, Narrow, Tone, icon, mark, person},
    time,
};

/// A form that was refused, with what was written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Posted<'a> {
    pub reason: &'a str,
    pub refusal: Option<&'a Refusal>,
}

/// # Errors
/// Refused where the caller may not know who there is, or by a filter that is none.
pub async fn list(control: &Control, visit: &Visit) -> Result<Document> {
    let state = visit
        .params
        .get("state")
        .map(str::parse::<PersonState>)
        .transpose()
        .map_err(|why| Refusal::field("state", why))?;
    let query = PeopleQuery {
        state,
        cursor: visit.params.owned("cursor"),
        limit: None,
    };
    let page = control.people(visit.caller()?, query).await?;
    Ok(list_view(visit, &page))
}

pub fn list_view(visit: &Visit, page: &Page<KnownPerson>) -> Document {
    let filter = html! {
        <form class="filters" method="get" action="/people" aria-label="Filter people">
            {Field::new("state", "State").select(&[("", "All"), ("active", "May sign in"), ("lapsed", "Not signed in lately"), ("disabled", "Shut out")], visit.params.raw("state"))}
            <button class="btn" type="submit">{icon("filter")}"Filter"</button>
        </form>
    };
    let body = if page.items.is_empty() {
        parts::empty(
            "users",
            "Nobody is in this list",
            "People appear here when they first sign in.",
            None,
        )
    } else {
        let rows = page.items.iter().map(|one| row(visit, one)).collect();
        parts::table(
            "People, by sign-in name",
            Narrow::Cards,
            parts::heads(&["Who", "Job roles", "Teams", "Last signed in", "State"]),
            rows,
        )
    };
    let pager = parts::pager(
        &visit.params,
        "/people",
        "cursor",
        page.items.len(),
        page.total,
        page.next_cursor.as_deref(),
    );
    let sub =
        html! { <span>"Everybody who ever signed in, as they stood when they last did."</span> };
    let main = html! {
        {parts::heading(&[], "People", sub, Html::EMPTY)}
        {filter}{body}{pager}
    };
    Document::new("People", main)
}

fn row(visit: &Visit, one: &KnownPerson) -> Html {
    html! {
        <tr>
            <th scope="row"><a class="link" href=format!("/people/{}", one.id)>{person(one.login.as_str(), Some(&one.name))}</a></th>
            <td data-label="Job roles">{chips(one.job_roles.iter().map(|r| r.as_str()))}</td>
            <td data-label="Teams">{chips(one.teams.iter().map(domain::TeamName::as_str))}</td>
            <td data-label="Last signed in">{time::ago(visit.now, one.signed_in_at)}</td>
            <td data-label="State">{state(one)}</td>
        </tr>
    }
}

fn state(one: &KnownPerson) -> Html {
    match one.state {
        PersonState::Active => mark("circle-check", "May sign in", Tone::Good),
        PersonState::Lapsed => mark("clock", "Not signed in lately", Tone::Quiet),
        PersonState::Disabled => mark("circle-slash", "Shut out", Tone::Bad),
    }
}

fn chips<'a>(words: impl Iterator<Item = &'a str>) -> Html {
    let all: Vec<_> = words
        .map(|word| html! { <span class="chip">{word}</span> })
        .collect();
    if all.is_empty() {
        return Html::constant("<span class=\"muted\">none</span>");
    }
    html! { <span class="row">{all}</span> }
}

/// # Errors
/// Not found where there is no such person or the caller may not know of them.
pub async fn detail(
    control: &Control,
    visit: &Visit,
    id: PersonId,
    posted: Posted<'_>,
) -> Result<Document> {
    let caller = visit.caller()?;
    let found = control.person(caller, id).await?;
    let subject = Person {
        id,
        login: found.login.clone(),
        name: found.name.clone(),
        job_roles: found.job_roles.iter().copied().collect(),
        teams: found.teams.iter().cloned().collect(),
    };
    let may = match found.state {
        PersonState::Active | PersonState::Lapsed => {
            control
                .policies()
                .may(caller, DisablePerson, &subject, visit.now)
        }
        PersonState::Disabled => control
            .policies()
            .may(caller, EnablePerson, &subject, visit.now),
    };
    let document = detail_view(visit, &found, &may, posted);
    Ok(match posted.refusal {
        Some(refusal) => document.with_status(refusal.code.status()),
        None => document,
    })
}

pub fn detail_view(
    visit: &Visit,
    found: &KnownPerson,
    may: &std::result::Result<(), Refusal>,
    posted: Posted<'_>,
) -> Document {
    let mut rows = vec![
        ("Name", html! { <bdi>{found.name.as_str()}</bdi> }),
        ("Sign-in name", html! { <bdi>{found.login.as_str()}</bdi> }),
        (
            "Job roles",
            chips(found.job_roles.iter().map(|r| r.as_str())),
        ),
        (
            "Teams",
            chips(found.teams.iter().map(domain::TeamName::as_str)),
        ),
        ("State", state(found)),
        ("Last signed in", time::ago(visit.now, found.signed_in_at)),
    ];
    if let Some(at) = found.disabled_at {
        rows.push(("Shut out", time::ago(visit.now, at)));
    }
    let login = found.login.as_str();
    let log = visit.rooms.audit.then(|| {
        let href = crate::Params::default().link("/audit", &[("login", login)]);
        html! { <a class="btn btn-sm" href=href>{icon("scroll-text")}"What they did"</a> }
    });
    let main = html! {
        {parts::heading(&[("/people", "People")], login, Html::EMPTY, log.into_iter().collect())}
        {posted.refusal.map(parts::refusal)}
        <section class="card" aria-labelledby="h-who">
            <div class="card-head"><h2 id="h-who">"As they last signed in"</h2></div>
            <div class="card-body">{parts::facts(rows)}<p class="hint">"Job roles and teams come from groups at the identity provider; they are changed there."</p></div>
        </section>
        {decision(visit, found, may, posted)}
    };
    Document::new(login, main)
}

fn decision(
    visit: &Visit,
    found: &KnownPerson,
    may: &std::result::Result<(), Refusal>,
    posted: Posted<'_>,
) -> Html {
    let (way, title, effect, class) = match found.state {
        PersonState::Active | PersonState::Lapsed => (
            "disable",
            "Shut out",
            "At once: their sessions and tokens end, what they approved counts for nothing in changes that have not started, and nothing starts in their name.",
            "btn btn-error",
        ),
        PersonState::Disabled => (
            "enable",
            "Let in again",
            "They may sign in. Their tokens stay ended, and what they approved before stays void.",
            "btn btn-primary",
        ),
    };
    let body = match may {
        Ok(()) => html! {
            <form method="post" action=format!("/people/{}/{way}", found.id) class="stack-sm">
                {visit.csrf_field()}
                {Field::new("reason", "Why").hint("It stands in the audit log.").refused(posted.refusal).area(posted.reason, 2, true)}
                <div><button class=class type="submit">{title}</button></div>
            </form>
        },
        Err(refusal) => html! { <p class="muted">{refusal.detail.as_str()}</p> },
    };
    html! {
        <section class="card" aria-labelledby="h-decide">
            <div class="card-head"><h2 id="h-decide">{title}</h2></div>
            <div class="card-body"><p>{effect}</p>{body}</div>
        </section>
    }
}
