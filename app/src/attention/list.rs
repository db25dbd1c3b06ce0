//! The list of what needs attention, newest first.

use control::{Control, Page, Result, changes::attention::NeedsAttention};
use leptos::prelude::*;

use crate::{
    Document, Html, Visit, html,
    parts::{self, Narrow, icon, person},
    time, words,
};

/// # Errors
/// A caller who may not read changes, or a fault.
pub async fn list(control: &Control, visit: &Visit) -> Result<Document> {
    let caller = visit.caller()?;
    let page = control
        .attention(caller, visit.params.owned("cursor"), None)
        .await?;
    Ok(view(visit, &page))
}

pub fn view(visit: &Visit, page: &Page<NeedsAttention>) -> Document {
    let count = match page.total.unwrap_or(0) {
        0 => "Nothing needs attention".to_owned(),
        1 => "1 change needs attention".to_owned(),
        n => format!("{n} changes need attention"),
    };
    let body = if page.items.is_empty() {
        parts::empty(
            "circle-check",
            "Nothing needs attention",
            "A change appears here when the portal cannot tell by itself what became of something it started outside, or when a canary halted its run.",
            Some(("/changes?state=running", "What runs now")),
        )
    } else {
        let rows = page.items.iter().map(|item| row(visit, item)).collect();
        let head = parts::heads(&["Change", "Where", "Why", "Since", ""]);
        html! {
            {parts::table("Changes that need attention, newest first", Narrow::Cards, head, rows)}
            {parts::pager(&visit.params, "/attention", "cursor", page.items.len(), page.total, page.next_cursor.as_deref())}
        }
    };
    let main = html! {
        {parts::heading(&[], "Attention", html! { <span role="status">{count}</span> }, Html::EMPTY)}
        {body}
    };
    Document::new("Attention", main)
}

fn row(visit: &Visit, item: &NeedsAttention) -> Html {
    let change = &item.change;
    let name = format!("{} {}", words::kind(change.kind), change.service);
    let (place, why, since) = match &item.parked {
        Some(parked) => (
            format!("{}, {}", change.environment, parked.region),
            parked.why.clone(),
            parked.since,
        ),
        None => (
            change.environment.to_string(),
            "Somebody has just decided.".to_owned(),
            change.updated_at,
        ),
    };
    html! {
        <tr>
            <th scope="row"><a class="link" href=format!("/attention/{}", change.id)>{name.clone()}" "<span class="version">{change.version.as_str()}</span></a>
                <div class="about">"asked for by "{person(change.requester.as_str(), None)}</div></th>
            <td data-label="Where">{place}</td>
            <td data-label="Why"><span class="user-text" dir="auto">{why}</span></td>
            <td data-label="Since">{time::ago(visit.now, since)}</td>
            <td><a class="btn btn-sm" href=format!("/attention/{}", change.id) aria-label=format!("Look and decide: {name} {} to {}", change.version, change.environment)>{icon("search")}"Look and decide"</a></td>
        </tr>
    }
}
