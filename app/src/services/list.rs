//! The list of services: what runs where, at a glance.

use control::{
    Control, Page, Result,
    services::{Facets, ServiceRow, ServiceSort},
};
use domain::Refusal;
use leptos::prelude::*;

use super::{filters, rows};
use crate::{
    Document, Html, Visit, html,
    parts::{self, Narrow, icon},
};

const PATH: &str = "/services";

/// # Errors
/// A caller who may not read services, or a fault.
pub async fn list(control: &Control, visit: &Visit) -> Result<Document> {
    let caller = visit.caller()?;
    let services = control.service_list(caller).await?;
    let facets = services.facets();
    let found = match filters::query(&visit.params) {
        Ok(query) => services.page(query),
        Err(refusal) => Err(refusal.into()),
    };
    match found {
        Ok(page) => Ok(view(visit, &facets, Ok(&page))),
        // What is wrong with a filter is said beside it; the rest of the page stays.
        Err(control::Error::Refused(refusal)) if !refusal.fields.is_empty() => {
            Ok(view(visit, &facets, Err(&refusal)).with_status(refusal.code.status()))
        }
        Err(error) => Err(error),
    }
}

/// The page for what was found, or for why nothing could be looked for.
pub fn view(
    visit: &Visit,
    facets: &Facets,
    found: Result<&Page<ServiceRow>, &Refusal>,
) -> Document {
    let refusal = found.err();
    let count = match found {
        Ok(page) => page.total.map_or_else(String::new, |n| match n {
            1 => "1 service".to_owned(),
            n => format!("{n} services"),
        }),
        Err(_) => String::new(),
    };
    let narrowed = visit.params.any(filters::NARROWING);
    let sub =
        html! { <span role="status">{count}{narrowed.then_some(" match these filters")}</span> };
    let body = match found {
        Err(refusal) => parts::refusal(refusal),
        Ok(page) if page.items.is_empty() => nothing(visit, narrowed),
        Ok(page) => found_rows(visit, page),
    };
    let main = html! {
        {parts::heading(&[], "Services", sub, Html::EMPTY)}
        {filters::form(visit, facets, refusal)}
        {body}
    };
    Document::new("Services", main)
}

fn found_rows(visit: &Visit, page: &Page<ServiceRow>) -> Html {
    let environments = rows::environments(&page.items);
    html! {
        {parts::table("Services", Narrow::Cards, head(visit, &environments), rows::rows(visit.now, &page.items, &environments))}
        {parts::pager(&visit.params, PATH, "cursor", page.items.len(), page.total, page.next_cursor.as_deref())}
    }
}

/// The same rows without orders to choose: for pages that have other things on them.
pub fn plain_table(visit: &Visit, caption: &str, items: &[ServiceRow]) -> Html {
    let environments = rows::environments(items);
    let mut names = vec!["Service", "Team", "System"];
    names.extend(&environments);
    names.push("Catalogue entry");
    parts::table(
        caption,
        Narrow::Cards,
        parts::heads(&names),
        rows::rows(visit.now, items, &environments),
    )
}

fn head(visit: &Visit, environments: &[&str]) -> Html {
    let (now, descending) = filters::order(&visit.params);
    let sorted = |sort: ServiceSort, name: &str, words: &'static str| {
        let here = now == sort;
        let next = if here && !descending {
            format!("-{name}")
        } else {
            name.to_owned()
        };
        let aria = here.then_some(if descending {
            "descending"
        } else {
            "ascending"
        });
        let glyph = match (here, descending) {
            (false, _) => icon("chevrons-up-down"),
            (true, false) => icon("chevron-up"),
            (true, true) => icon("chevron-down"),
        };
        let href = visit.params.link(PATH, &[("sort", &next)]);
        html! { <th scope="col" aria-sort=aria><a class="sort" href=href>{words}{glyph}</a></th> }
    };
    let places: Vec<_> = environments
        .iter()
        .map(|name| html! { <th scope="col">{*name}</th> })
        .collect();
    html! {
        {sorted(ServiceSort::Name, "name", "Service")}
        {sorted(ServiceSort::Team, "team", "Team")}
        <th scope="col">"System"</th>
        {places}
        {sorted(ServiceSort::Updated, "updated", "Catalogue entry")}
    }
}

fn nothing(visit: &Visit, narrowed: bool) -> Html {
    if narrowed {
        return parts::empty(
            "search",
            "No service matches these filters",
            "Every word must occur in the name, title, description or tags.",
            Some((PATH, "Show all services")),
        );
    }
    if visit.rooms.import {
        return parts::empty(
            "box",
            "There are no services yet",
            "Services come from catalog-info.yaml files. Import them to begin.",
            Some(("/catalog", "Go to the catalogue")),
        );
    }
    parts::empty(
        "box",
        "There are no services for you to see",
        "You see the services of your teams. Your teams come from your groups at the identity provider; an administrator imports the services.",
        None,
    )
}
