//! What the list of services is narrowed by, as it stands in the address.

use control::services::{Facets, ServiceQuery, ServiceSort};
use domain::{Refusal, TeamName};
use leptos::prelude::*;

use crate::{
    Params, Visit, html,
    html::Html,
    parts::{Field, icon},
};

/// The parameters that narrow the list.
pub const NARROWING: &[&str] = &["q", "team", "system", "lifecycle", "orphaned"];

/// # Errors
/// Refused with the parameter that is no value of its kind.
pub fn query(params: &Params) -> Result<ServiceQuery, Refusal> {
    let team = params
        .get("team")
        .map(TeamName::parse)
        .transpose()
        .map_err(|wrong| Refusal::field("team", wrong.to_string()))?;
    let (sort, descending) = order(params);
    Ok(ServiceQuery {
        q: params.owned("q"),
        team,
        system: params.owned("system"),
        lifecycle: params.owned("lifecycle"),
        orphaned: params.get("orphaned").map(|value| value == "yes"),
        sort,
        descending,
        cursor: params.owned("cursor"),
        limit: None,
    })
}

/// `sort=-updated`: by what, and whether the other way around. What is unknown is by name.
pub fn order(params: &Params) -> (ServiceSort, bool) {
    let asked = params.get("sort").unwrap_or("name");
    let (name, descending) = match asked.strip_prefix('-') {
        Some(name) => (name, true),
        None => (asked, false),
    };
    match name {
        "team" => (ServiceSort::Team, descending),
        "updated" => (ServiceSort::Updated, descending),
        "name" => (ServiceSort::Name, descending),
        _ => (ServiceSort::Name, false),
    }
}

/// The form above the list.
pub fn form(visit: &Visit, facets: &Facets, refusal: Option<&Refusal>) -> Html {
    let params = &visit.params;
    let select = |name: &str, label: &str, any: &str, values: &[String]| {
        let mut options = vec![("", any)];
        options.extend(values.iter().map(|v| (v.as_str(), v.as_str())));
        Field::new(name, label)
            .refused(refusal)
            .select(&options, params.raw(name))
    };
    let clear = params
        .any(NARROWING)
        .then(|| html! { <a class="btn btn-ghost btn-sm" href=params.link("/services", &[("q", ""), ("team", ""), ("system", ""), ("lifecycle", ""), ("orphaned", "")])>{icon("x")}"Clear"</a> });
    html! {
        <form class="filters" method="get" action="/services" aria-label="Filter services">
            <div class="grow">{Field::new("q", "Words in name, title, description or tags").text("search", params.raw("q"), false)}</div>
            {select("team", "Team", "Any team", &facets.teams)}
            {select("system", "System", "Any system", &facets.systems)}
            {select("lifecycle", "Lifecycle", "Any lifecycle", &facets.lifecycles)}
            {Field::new("orphaned", "In the catalogue").select(&[("", "All"), ("no", "Still there"), ("yes", "Orphaned")], params.raw("orphaned"))}
            {params.hidden(&["q", "team", "system", "lifecycle", "orphaned"])}
            <button class="btn" type="submit">{icon("filter")}"Filter"</button>
            {clear}
        </form>
    }
}
