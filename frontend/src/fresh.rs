//! Keeps the figures of a page fresh: asks for the page again every so often, while somebody
//! looks at it. A page that is hidden, or left alone, asks for nothing: no session is kept
//! alive by a screen that nobody is at.

use std::{cell::Cell, rc::Rc};

use leptos::prelude::*;
use web_sys::Event;

use crate::{dom, regions};

const EVERY_MS: i32 = 15_000;
const LEFT_ALONE_MS: f64 = 600_000.0;

/// Says in words how fresh the page is. The time itself stands beside it, in the server's HTML.
#[island]
pub fn Fresh() -> impl IntoView {
    Effect::new(|_| start());
    view! {
        <p class="live-state" id="live">
            <span class="live-dot" aria-hidden="true"></span>
            <span id="live-words">"As of when this page was made; reload it for what is new."</span>
        </p>
    }
}

fn start() {
    let (Some(window), Some(document)) = (dom::window(), dom::document()) else {
        return;
    };
    let acted = Rc::new(Cell::new(js_sys::Date::now()));
    let under_way = Rc::new(Cell::new(false));
    let look = {
        let (acted, document) = (acted.clone(), document.clone());
        move || {
            if document.hidden() || under_way.get() {
                return;
            }
            if js_sys::Date::now() - acted.get() > LEFT_ALONE_MS {
                say(
                    "",
                    "Paused: nobody was here. Press a key or scroll to go on.",
                );
                return;
            }
            // Who is at a link of the list with the keyboard stays there.
            let active = document.active_element();
            let busy = active.and_then(|a| a.closest("[data-live-region]").ok().flatten());
            if busy.is_some() {
                return;
            }
            let under_way = under_way.clone();
            under_way.set(true);
            wasm_bindgen_futures::spawn_local(async move {
                match fetch().await {
                    Some(()) => say("on", "Live: looks for news every 15 seconds."),
                    None => say("lost", "No answer. What you see may be old."),
                }
                under_way.set(false);
            });
        }
    };
    say("on", "Live: looks for news every 15 seconds.");
    dom::every(EVERY_MS, look.clone());
    let again = look.clone();
    dom::on(&document, "visibilitychange", move |_: Event| again());
    for event in ["pointerdown", "keydown", "scroll"] {
        let (acted, look) = (acted.clone(), look.clone());
        dom::on(&window, event, move |_: Event| {
            let now = js_sys::Date::now();
            if now - acted.replace(now) > LEFT_ALONE_MS {
                look();
            }
        });
    }
}

async fn fetch() -> Option<()> {
    let here = dom::window()?.location();
    let address = format!("{}{}", here.pathname().ok()?, here.search().ok()?);
    regions::fetch(&address).await
}

fn say(class: &str, words: &str) {
    if let (Some(line), Some(text)) = (dom::by_id("live"), dom::by_id("live-words"))
        && text.text_content().as_deref() != Some(words)
    {
        line.set_class_name(&format!("live-state live-{class}"));
        text.set_text_content(Some(words));
    }
}
