//! One service: what runs where, its releases, its changes, and the way to the next deployment.

use std::collections::BTreeSet;

use control::{
    Control, Page, Result,
    changes::{ChangeQuery, ChangeRow},
    releases::ReleaseRow,
    services::ServiceDetail,
};
use domain::{ChangeId, RegionName, ServiceName};
use leptos::prelude::*;

use super::{matrix::matrix, releases::releases};
use crate::{
    Document, Html, Visit,
    changes::table::changes_table,
    html,
    parts::{self, icon, note},
    time,
    words::external,
};

/// # Errors
/// Not found where the caller may not know of it.
pub async fn detail(control: &Control, visit: &Visit, name: &str) -> Result<Document> {
    let caller = visit.caller()?;
    let name =
        ServiceName::parse(name).map_err(|_| domain::Refusal::not_found("service of that name"))?;
    let service = control.service(caller, &name).await?;
    let releases = control
        .releases(
            caller,
            &name,
            visit.params.owned("releases_cursor"),
            Some(10),
        )
        .await?;
    let query = ChangeQuery {
        service: Some(name),
        cursor: visit.params.owned("changes_cursor"),
        limit: Some(10),
        ..ChangeQuery::default()
    };
    let changes = control.changes(caller, query).await?;
    let undoable = control.undoable(caller, &service).await?;
    Ok(view(visit, &service, &releases, &changes, &undoable))
}

/// `undoable` are the changes that this visitor is offered to undo, and where.
pub fn view(
    visit: &Visit,
    service: &ServiceDetail,
    page: &Page<ReleaseRow>,
    changes: &Page<ChangeRow>,
    undoable: &BTreeSet<(ChangeId, RegionName)>,
) -> Document {
    let row = &service.row;
    let path = format!("/services/{}", row.name);
    let title = if row.title.is_empty() {
        row.name.as_str()
    } else {
        &row.title
    };
    let sub = html! {
        <code>{row.name.as_str()}</code>
        <span>"Team "<a class="link-quiet" href=format!("/services?team={}", row.team)>{row.team.as_str()}</a></span>
        <span>{row.lifecycle.as_str()}</span>
    };
    let actions = match &service.may_request {
        Ok(()) => {
            html! { <a class="btn btn-primary" href=format!("{path}/deploy")>{icon("rocket")}"Request a deployment"</a> }
        }
        Err(refusal) => html! {
            <div class="stack-end">
                <button class="btn btn-primary" type="button" disabled aria-describedby="why-request">{icon("rocket")}"Request a deployment"</button>
                {parts::why("why-request", refusal)}
            </div>
        },
    };
    let orphaned = row.orphaned_at.map(|at| note("file-warning", "warn", html! {
        <p class="panel-title">"Orphaned"</p>
        <p>"The catalogue no longer has this service since "{time::ago(visit.now, at)}". It stays here for its history; it was last read from "<code>{service.source_file.as_str()}</code>"."</p>
    }));
    let history = if changes.items.is_empty() {
        parts::empty(
            "rocket",
            "No change yet",
            "Deployments of this service will be listed here, whoever asked for them.",
            None,
        )
    } else {
        html! {
            {changes_table(visit, "Changes of this service, newest first", &changes.items)}
            {parts::pager(&visit.params, &path, "changes_cursor", changes.items.len(), changes.total, changes.next_cursor.as_deref())}
        }
    };
    let main = html! {
        {parts::heading(&[("/services", "Services")], title, sub, actions)}
        {orphaned}
        <section class="section" aria-labelledby="h-where"><h2 id="h-where">"What runs where"</h2>{matrix(visit.now, row, &service.environments, undoable)}</section>
        <div class="columns">
            <div class="stack-lg">
                <section class="section" aria-labelledby="h-releases"><h2 id="h-releases">"Releases"</h2>{releases(visit, &row.name, page, &service.may_request)}</section>
                <section class="section" aria-labelledby="h-history"><h2 id="h-history">"Changes"</h2>{history}</section>
            </div>
            {about(service)}
        </div>
    };
    Document::new(title, main)
}

fn about(service: &ServiceDetail) -> Html {
    let row = &service.row;
    let optional = |value: Option<&String>| {
        value.map_or(
            Html::constant("<span class=\"muted\">not given</span>"),
            |v| html! { <bdi>{v.as_str()}</bdi> },
        )
    };
    let tags: Vec<_> = row
        .tags
        .iter()
        .map(|tag| html! { <span class="chip">{tag.as_str()}</span> })
        .collect();
    let links: Vec<_> = service
        .links
        .iter()
        .map(|link| {
            let label = if link.title.is_empty() {
                &link.url
            } else {
                &link.title
            };
            html! { <li>{external(&link.url, label)}</li> }
        })
        .collect();
    let links = (!links.is_empty()).then(|| html! { <ul class="stack-sm">{links}</ul> });
    let description = (!row.description.is_empty())
        .then(|| html! { <p class="user-text" dir="auto">{row.description.as_str()}</p> });
    html! {
        <aside class="card" aria-labelledby="h-about">
            <div class="card-head"><h2 id="h-about">"About"</h2></div>
            <div class="card-body">
                {description}
                {parts::facts(vec![
                    ("System", optional(row.system.as_ref())),
                    ("Repository", optional(service.repository.as_ref())),
                    ("Pipeline", optional(service.pipeline.as_ref())),
                    ("Image", optional(service.image.as_ref())),
                    ("Catalogue", html! { <code class="user-text">{service.source_file.as_str()}</code>" line "{service.source_line} }),
                ])}
                {links}
                <div class="row">{tags}</div>
            </div>
        </aside>
    }
}
