//! The parts of a home, put together by job role.

use control::changes::ChangeRow;
use domain::JobRole;
use leptos::prelude::*;

use super::Found;
use crate::{
    Document, Html, Visit, audit,
    changes::table::changes_table,
    environments, html, islands,
    parts::{self, icon},
    services,
};

pub fn view(visit: &Visit, found: &Found) -> Document {
    let mut sections: Vec<Html> = vec![];
    let has = |role: JobRole| visit.has_role(role);
    if !JobRole::ALL.into_iter().any(has) {
        return Document::new("Home", stranger(visit));
    }
    let home = &found.changes;
    if has(JobRole::Manager) || !home.awaiting.is_empty() {
        sections.push(changes(
            visit,
            "h-awaiting",
            "Waits for your word",
            &home.awaiting,
            Some(("/approvals", "Open the inbox")),
            (
                "inbox",
                "Nothing waits for you",
                "Changes that need your approval appear here, with their evidence in the inbox.",
            ),
        ));
    }
    if has(JobRole::Operator) || !home.attention.is_empty() {
        sections.push(changes(
            visit,
            "h-attention",
            "Needs attention",
            &home.attention,
            Some(("/changes?state=needs_attention", "All")),
            (
                "circle-check",
                "Nothing needs attention",
                "Runs whose outcome the portal cannot decide by itself appear here.",
            ),
        ));
    }
    if has(JobRole::Operator) || !home.running.is_empty() {
        sections.push(changes(
            visit,
            "h-running",
            "Running now",
            &home.running,
            Some(("/changes?state=running", "All")),
            (
                "circle-play",
                "Nothing is running",
                "Changes under way in either region appear here.",
            ),
        ));
    }
    if has(JobRole::Developer) {
        sections.push(changes(
            visit,
            "h-mine",
            "My changes",
            &home.mine,
            None,
            (
                "rocket",
                "You have not asked for anything yet",
                "Choose a service below and request a deployment of one of its releases.",
            ),
        ));
        if let Some(page) = &found.services {
            sections.push(my_services(visit, page));
        }
    }
    if has(JobRole::Operator) {
        sections.push(environments::pairs(&found.environments));
    }
    if has(JobRole::Operator) || has(JobRole::Manager) {
        sections.push(changes(
            visit,
            "h-failed",
            "Failed lately",
            &home.failed,
            Some(("/changes?state=failed", "All")),
            (
                "circle-check",
                "Nothing failed lately",
                "Changes that failed appear here with the reason.",
            ),
        ));
    }
    if has(JobRole::Auditor) {
        sections.push(audit::section(
            visit,
            "h-denied",
            "Newest refusals",
            "/audit?outcome=denied",
            &found.denied,
        ));
        sections.push(audit::section(
            visit,
            "h-events",
            "Newest events",
            "/audit",
            &found.events,
        ));
    }
    if has(JobRole::Administrator) {
        sections.push(import(visit, found));
    }
    let name = visit
        .caller
        .as_ref()
        .map(|c| c.person.name.clone())
        .unwrap_or_default();
    let roles: Vec<&str> = visit
        .caller
        .iter()
        .flat_map(|c| c.person.job_roles.iter().map(|r| r.as_str()))
        .collect();
    let main = html! {
        {parts::heading(&[], "Home", html! { <span><bdi>{name}</bdi></span><span>{roles.join(", ")}</span> }, Html::EMPTY)}
        {islands::fresh(visit)}
        <div class="sections" id="r-home" data-live-region>{sections}</div>
    };
    Document::new("Home", main)
}

fn changes(
    visit: &Visit,
    id: &'static str,
    title: &'static str,
    rows: &[ChangeRow],
    more: Option<(&str, &str)>,
    none: (&str, &str, &str),
) -> Html {
    let more = more.map(|(href, words)| html! { <a class="btn btn-sm" href=href>{words}{icon("chevron-right")}</a> });
    let due = matches!(id, "h-awaiting" | "h-attention");
    let count = (!rows.is_empty())
        .then(|| html! { <span class=if due { "count due" } else { "count" }>{rows.len()}</span> });
    let body = if rows.is_empty() {
        // A list that is empty because all is well takes one line, not half a screen.
        html! { <p class="nothing">{icon(none.0)}<strong>{none.1}</strong><span>{none.2}</span></p> }
    } else {
        changes_table(visit, title, rows)
    };
    html! {
        <section class="section" aria-labelledby=id>
            <div class="section-head"><h2 id=id>{title}{count}</h2>{more}</div>
            {body}
        </section>
    }
}

fn my_services(visit: &Visit, page: &control::Page<control::services::ServiceRow>) -> Html {
    let body = if page.items.is_empty() {
        parts::empty(
            "box",
            "Your teams have no services",
            "Your teams come from your groups at the identity provider; services come from the catalogue.",
            None,
        )
    } else {
        services::plain_table(visit, "My services", &page.items)
    };
    html! {
        <section class="section" aria-labelledby="h-services">
            <div class="section-head"><h2 id="h-services">"My services"</h2><a class="btn btn-sm" href="/services">"All services"{icon("chevron-right")}</a></div>
            {body}
        </section>
    }
}

fn import(visit: &Visit, found: &Found) -> Html {
    let body = match &found.import {
        None => parts::empty(
            "folder-sync",
            "Nothing has been imported yet",
            "Services come from catalog-info.yaml files.",
            Some(("/catalog", "Go to the catalogue")),
        ),
        Some(report) => crate::catalog::summary(visit, report),
    };
    html! {
        <section class="section" aria-labelledby="h-import">
            <div class="section-head"><h2 id="h-import">"Catalogue"</h2><a class="btn btn-sm" href="/catalog">"The report"{icon("chevron-right")}</a></div>
            {body}
        </section>
    }
}

/// Signed in, but without any job role.
fn stranger(visit: &Visit) -> Html {
    let login = visit
        .caller
        .as_ref()
        .map(|c| c.person.login.to_string())
        .unwrap_or_default();
    html! {
        {parts::heading(&[], "You have no rights here yet", html! { <span>"Signed in as "<bdi>{login}</bdi></span> }, Html::EMPTY)}
        {parts::empty("user-round", "None of your groups gives you a job role",
            "Job roles and teams come from your groups at your identity provider. Ask for a group such as the developers or managers of Portolan, then sign out and in again.",
            Some(("/sessions", "How you are signed in")))}
    }
}
