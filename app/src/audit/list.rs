//! The log itself, newest first.

use control::{Control, Page, Result, audit::AuditRow};
use domain::{Outcome, Refusal};
use jiff::Timestamp;
use leptos::prelude::*;

use super::filters;
use crate::{
    Document, Html, Visit, html,
    html::escape,
    parts::{self, Narrow, Stateful, icon, status::write_badge},
    time, words,
};

const PATH: &str = "/audit";

/// # Errors
/// A caller who may not read the log, or a fault.
pub async fn list(control: &Control, visit: &Visit) -> Result<Document> {
    let caller = visit.caller()?;
    let found = match filters::query(&visit.params) {
        Ok(query) => control.audit_events(caller, query).await,
        Err(refusal) => Err(refusal.into()),
    };
    match found {
        Ok(page) => Ok(view(visit, Ok(&page))),
        Err(control::Error::Refused(refusal)) if !refusal.fields.is_empty() => {
            Ok(view(visit, Err(&refusal)).with_status(refusal.code.status()))
        }
        Err(error) => Err(error),
    }
}

pub fn view(visit: &Visit, found: Result<&Page<AuditRow>, &Refusal>) -> Document {
    let narrowed = visit.params.any(filters::NARROWING);
    let count = found.ok().and_then(|page| page.total).map(|n| match n {
        1 => "1 event".to_owned(),
        10_000.. => "10,000 events or more".to_owned(),
        n => format!("{n} events"),
    });
    let body = match found {
        Err(refusal) => parts::refusal(refusal),
        Ok(page) if page.items.is_empty() => parts::empty(
            "search",
            "No event matches these filters",
            "Filters apply together: each must match.",
            narrowed.then_some((PATH, "Show all events")),
        ),
        Ok(page) => html! {
            {parts::table("Audit events, newest first", Narrow::Cards, parts::heads(&HEADS), rows(visit.now, &page.items))}
            {parts::pager(&visit.params, PATH, "cursor", page.items.len(), page.total, page.next_cursor.as_deref())}
        },
    };
    let main = html! {
        {parts::heading(&[], "Audit", html! { <span role="status">{count}{narrowed.then_some(" match these filters")}</span><span>"Reading this log is itself recorded."</span> }, exports(visit))}
        {views(visit)}
        {filters::form(visit, found.err())}
        {body}
    };
    Document::new("Audit", main)
}

/// A few events on another page.
pub(crate) fn section(
    visit: &Visit,
    id: &'static str,
    title: &'static str,
    href: &str,
    items: &[AuditRow],
) -> Html {
    let body = if items.is_empty() {
        html! { <p class="nothing">{icon("scroll-text")}<strong>"No such event yet"</strong></p> }
    } else {
        parts::table(
            title,
            Narrow::Cards,
            parts::heads(&HEADS),
            rows(visit.now, items),
        )
    };
    html! {
        <section class="section" aria-labelledby=id>
            <div class="section-head"><h2 id=id>{title}</h2><a class="btn btn-sm" href=href>"The log"{icon("chevron-right")}</a></div>
            {body}
        </section>
    }
}

const HEADS: [&str; 6] = ["When", "Who", "What", "Outcome", "About", "From"];

fn views(visit: &Visit) -> Html {
    let narrowing = visit
        .params
        .pairs()
        .filter(|(k, v)| filters::NARROWING.contains(k) && !v.is_empty())
        .count();
    let by = |words: &'static str, pairs: &[(&str, &str)]| {
        let here =
            narrowing == pairs.len() && pairs.iter().all(|(k, v)| visit.params.get(k) == Some(*v));
        (crate::Params::default().link(PATH, pairs), words, here)
    };
    parts::tabs(
        "Views of the log",
        &[
            by("All", &[]),
            by("Denied", &[("outcome", "denied")]),
            by("Failed", &[("outcome", "failure")]),
            by("Approvals", &[("kind", "change.approved")]),
            by("AWS sessions", &[("kind", "aws.role_assumed")]),
        ],
    )
}

fn exports(visit: &Visit) -> Html {
    let link = |format: &'static str, words: &'static str| {
        html! { <a class="btn btn-sm" href=visit.params.link("/api/v1/audit/export", &[("format", format), ("cursor", "")]) download>{icon("download")}{words}</a> }
    };
    html! { {link("csv", "CSV")}{link("jsonl", "JSON lines")} }
}

/// Written straight into text, as in the other long lists.
fn rows(now: Timestamp, rows: &[AuditRow]) -> Html {
    let mut out = String::with_capacity(rows.len() * 1_000);
    for row in rows {
        event(&mut out, now, row);
    }
    Html::assembled(out)
}

fn event(out: &mut String, now: Timestamp, row: &AuditRow) {
    out.push_str("<tr><td data-label=\"When\"><a class=\"link\" href=\"/audit/");
    out.push_str(&row.id.to_string());
    out.push_str("\">");
    time::write_ago(out, now, row.at);
    out.push_str("</a></td><td data-label=\"Who\"><span class=\"person\"><bdi>");
    escape(out, row.login.as_deref().unwrap_or("nobody known"));
    out.push_str("</bdi></span> <span class=\"muted small\">");
    escape(out, &row.door);
    out.push_str("</span></td><td data-label=\"What\">");
    escape(out, &words::event_through(&row.kind, &row.door));
    out.push_str("<div class=\"muted small\"><code>");
    out.push_str(row.kind.as_str());
    out.push_str("</code></div></td><td data-label=\"Outcome\">");
    write_badge(out, row.outcome.look());
    let detail = row.data.get("detail").and_then(|detail| detail.as_str());
    if let Some(detail) = detail.filter(|_| row.outcome != Outcome::Success) {
        out.push_str("<div class=\"about\" dir=\"auto\">");
        escape(out, detail);
        out.push_str("</div>");
    }
    out.push_str("</td><td data-label=\"About\">");
    subject(out, &row.subject.kind, &row.subject.id);
    out.push_str("</td><td data-label=\"From\"><span class=\"small muted\">");
    escape(out, row.ip.as_deref().unwrap_or("inside"));
    out.push_str("</span></td></tr>");
}

/// Of an id, the end, which is what tells two of the same minute apart.
fn short(id: &str) -> &str {
    if id.len() == 36 && id.is_ascii() {
        &id[24..]
    } else {
        id
    }
}

/// What an event is about, as a link where there is a page for it.
pub(super) fn subject(out: &mut String, kind: &str, id: &str) {
    let page = match kind {
        "change" if id.len() == 36 => Some("/changes/"),
        "service" => Some("/services/"),
        _ => None,
    };
    escape(out, kind);
    out.push(' ');
    if let Some(page) = page {
        out.push_str("<a class=\"link\" href=\"");
        out.push_str(page);
        crate::params::encode(out, id);
        out.push_str("\" title=\"");
        escape(out, id);
        out.push_str("\"><code class=\"user-text\">");
        escape(out, short(id));
        out.push_str("</code></a>");
    } else {
        out.push_str("<code class=\"user-text\">");
        escape(out, id);
        out.push_str("</code>");
    }
}
