//! The keys, and the switch for those that act without Ctrl or Cmd.

use leptos::prelude::*;

use crate::{Document, Html, Visit, html, islands, parts, shell};

/// A cap for each of the keys that do the same, or belong together.
fn caps(keys: &str) -> Vec<Html> {
    let cap = |key: &str| html! { <kbd class="kbd">{key.to_owned()}</kbd> };
    if let Some((one, other)) = keys.split_once(" or ") {
        return vec![cap(one), Html::constant("<span>or</span>"), cap(other)];
    }
    keys.split(", ").map(cap).collect()
}

pub fn keys(visit: &Visit) -> Document {
    let mut rows = vec![
        (
            "Ctrl K or ⌘ K".to_owned(),
            "Find a service or go to a page".to_owned(),
            false,
        ),
        ("/".to_owned(), "The same".to_owned(), true),
        ("?".to_owned(), "This page".to_owned(), true),
    ];
    for place in shell::places(visit) {
        rows.push((
            format!("g {}", place.key),
            format!("Go to {}", place.words),
            true,
        ));
    }
    rows.extend([
        (
            "j, k".to_owned(),
            "Approvals: next and previous change".to_owned(),
            true,
        ),
        (
            "x".to_owned(),
            "Approvals: select the change".to_owned(),
            true,
        ),
        (
            "a, r".to_owned(),
            "Approvals: to its Approve or Reject button; Enter presses it".to_owned(),
            true,
        ),
        (
            "Enter, Shift Enter".to_owned(),
            "In the log's search: next and previous match".to_owned(),
            false,
        ),
    ]);
    let rows = rows.into_iter().map(|(key, what, single)| {
        let marked = single.then_some("single key");
        html! { <tr><th scope="row"><span class="row">{caps(&key)}</span></th><td>{what}</td><td class="muted">{marked}</td></tr> }
    }).collect();
    let switch = islands::render(|| view! { <frontend::KeysSwitch /> });
    let main = html! {
        {parts::heading(&[], "Keys", html! { <span>"Turn single keys off if you use speech input or press keys by accident."</span> }, switch)}
        {parts::table("Keys", parts::Narrow::Scroll, parts::heads(&["Key", "What it does", "Kind"]), rows)}
    };
    Document::new("Keys", main)
}
