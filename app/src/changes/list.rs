//! The list of changes, with its filters in the address.

use control::{
    Control, Page, Result,
    changes::{ChangeQuery, ChangeRow},
};
use domain::{ChangeKind, ChangeState, EnvironmentName, Login, Refusal, ServiceName};
use leptos::prelude::*;

use super::table::changes_table;
use crate::{
    Document, Html, Params, Visit, html, islands,
    parts::{self, Field, Stateful, icon},
    words,
};

const PATH: &str = "/changes";
const NARROWING: &[&str] = &[
    "state",
    "kind",
    "service",
    "environment",
    "requester",
    "awaiting",
];

/// # Errors
/// The parameters that are no values of their kinds, together.
pub fn query(params: &Params) -> Result<ChangeQuery, Refusal> {
    let mut wrong: Option<Refusal> = None;
    let mut note = |field: &str, why: String| {
        wrong = Some(match wrong.take() {
            None => Refusal::field(field, why),
            Some(refusal) => refusal.and_field(field, why),
        });
    };
    let mut states = vec![];
    for text in params.all("state") {
        match text.parse::<ChangeState>() {
            Ok(state) => states.push(state),
            Err(why) => note("state", why),
        }
    }
    let kind = params.get("kind").and_then(|t| {
        t.parse::<ChangeKind>()
            .map_err(|why| note("kind", why))
            .ok()
    });
    let service = params.get("service").and_then(|t| {
        ServiceName::parse(t)
            .map_err(|why| note("service", why.to_string()))
            .ok()
    });
    let environment = params.get("environment").and_then(|t| {
        EnvironmentName::parse(t)
            .map_err(|why| note("environment", why.to_string()))
            .ok()
    });
    let requester = params.get("requester").and_then(|t| {
        Login::parse(t)
            .map_err(|why| note("requester", why.to_string()))
            .ok()
    });
    match wrong {
        Some(refusal) => Err(refusal),
        None => Ok(ChangeQuery {
            states,
            kind,
            service,
            environment,
            requester,
            awaiting_me: params.get("awaiting") == Some("me"),
            cursor: params.owned("cursor"),
            limit: None,
        }),
    }
}

/// # Errors
/// A caller who may not read changes, or a fault.
pub async fn list(control: &Control, visit: &Visit) -> Result<Document> {
    let caller = visit.caller()?;
    let found = match query(&visit.params) {
        Ok(query) => control.changes(caller, query).await,
        Err(refusal) => Err(refusal.into()),
    };
    let environments = match control.environment_names(caller).await {
        Ok(names) => names,
        // Who has no job role sees no places, and the list of their own changes all the same.
        Err(control::Error::Refused(_)) => [].into(),
        Err(fault) => return Err(fault),
    };
    let environments: Vec<&str> = environments.iter().map(|name| name.as_str()).collect();
    match found {
        Ok(page) => Ok(view(visit, &environments, Ok(&page))),
        Err(control::Error::Refused(refusal)) if !refusal.fields.is_empty() => {
            Ok(view(visit, &environments, Err(&refusal)).with_status(refusal.code.status()))
        }
        Err(error) => Err(error),
    }
}

pub fn view(
    visit: &Visit,
    environments: &[&str],
    found: Result<&Page<ChangeRow>, &Refusal>,
) -> Document {
    let count = match found {
        Ok(page) => page.total.map_or_else(String::new, |n| match n {
            1 => "1 change".to_owned(),
            // Counting stops there: nobody reads further, and the answer must come at once.
            10_000.. => "10,000 changes or more".to_owned(),
            n => format!("{n} changes"),
        }),
        Err(_) => String::new(),
    };
    let narrowed = visit.params.any(NARROWING);
    let body = match found {
        Err(refusal) => parts::refusal(refusal),
        Ok(page) if page.items.is_empty() => nothing(narrowed),
        Ok(page) => html! {
            {changes_table(visit, "Changes, newest first", &page.items)}
            {parts::pager(&visit.params, PATH, "cursor", page.items.len(), page.total, page.next_cursor.as_deref())}
        },
    };
    let main = html! {
        {parts::heading(&[], "Changes", html! { <span id="r-count" data-live-region>{count}{narrowed.then_some(" match these filters")}</span> }, Html::EMPTY)}
        {views(visit)}
        {filters(visit, environments, found.err())}
        {islands::fresh(visit)}
        <div class="sections" id="r-changes" data-live-region>{body}</div>
    };
    Document::new("Changes", main)
}

/// The ways of looking at the list that people use most.
fn views(visit: &Visit) -> Html {
    let login = visit
        .caller
        .as_ref()
        .map(|c| c.person.login.to_string())
        .unwrap_or_default();
    let views: [(&str, &[(&str, &str)]); 5] = [
        ("All", &[]),
        ("Waiting for me", &[("awaiting", "me")]),
        ("Asked for by me", &[("requester", &login)]),
        ("Running", &[("state", "running")]),
        ("Need attention", &[("state", "needs_attention")]),
    ];
    let narrowing = visit
        .params
        .pairs()
        .filter(|(k, v)| NARROWING.contains(k) && !v.is_empty())
        .count();
    let tabs: Vec<_> = views
        .iter()
        .map(|(words, pairs)| {
            let here = narrowing == pairs.len()
                && pairs.iter().all(|(k, v)| visit.params.get(k) == Some(*v));
            (Params::default().link(PATH, pairs), *words, here)
        })
        .collect();
    parts::tabs("Views of the changes", &tabs)
}

fn filters(visit: &Visit, environments: &[&str], refusal: Option<&Refusal>) -> Html {
    let params = &visit.params;
    let mut states = vec![("", "Any state")];
    states.extend(ChangeState::ALL.iter().map(|s| (s.as_str(), s.look().word)));
    let mut kinds = vec![("", "Any kind")];
    kinds.extend(
        ChangeKind::ALL
            .iter()
            .map(|k| (k.as_str(), words::kind(*k))),
    );
    let mut places = vec![("", "Anywhere")];
    places.extend(environments.iter().map(|name| (*name, *name)));
    let clear = params
        .any(NARROWING)
        .then(|| html! { <a class="btn btn-ghost btn-sm" href=PATH>{icon("x")}"Clear"</a> });
    html! {
        <form class="filters" method="get" action=PATH aria-label="Filter changes">
            {Field::new("service", "Service").refused(refusal).text("search", params.raw("service"), false)}
            {Field::new("environment", "Where").refused(refusal).select(&places, params.raw("environment"))}
            {Field::new("state", "State").refused(refusal).select(&states, params.raw("state"))}
            {Field::new("kind", "Kind").refused(refusal).select(&kinds, params.raw("kind"))}
            {Field::new("requester", "Asked for by").refused(refusal).text("search", params.raw("requester"), false)}
            {params.hidden(&["service", "environment", "state", "kind", "requester"])}
            <button class="btn" type="submit">{icon("filter")}"Filter"</button>
            {clear}
        </form>
    }
}

fn nothing(narrowed: bool) -> Html {
    if narrowed {
        parts::empty(
            "search",
            "No change matches these filters",
            "Filters apply together: each must match.",
            Some((PATH, "Show all changes")),
        )
    } else {
        parts::empty(
            "rocket",
            "Nothing has been asked for yet",
            "A change begins at a service: choose a release and an environment there.",
            Some(("/services", "Go to the services")),
        )
    }
}
