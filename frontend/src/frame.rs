//! The manners of the frame around every page: the account's menu closes when one leaves it, and on a narrow screen the menu
//! shows where one is.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, KeyboardEvent, Node};

use crate::dom;

/// No HTML of its own: it looks after the header's menus and the list of places.
#[island]
pub fn Frame() -> impl IntoView {
    Effect::new(|_| {
        for menu in dom::all("details[name=top]") {
            leaves(&menu);
        }
        show_place();
    });
}

/// Closes `menu` on Escape, on a press elsewhere, and when the focus goes elsewhere.
fn leaves(menu: &HtmlElement) {
    let (Some(window), Some(document)) = (dom::window(), dom::document()) else {
        return;
    };
    for event in ["pointerdown", "focusin"] {
        let menu = menu.clone();
        dom::on(&document, event, move |event: Event| {
            let target = event.target().and_then(|t| t.dyn_into::<Node>().ok());
            if !menu.contains(target.as_ref()) {
                close(&menu);
            }
        });
    }
    let menu = menu.clone();
    dom::on(&window, "keydown", move |event: KeyboardEvent| {
        if event.key() != "Escape" || event.default_prevented() || !menu.has_attribute("open") {
            return;
        }
        event.prevent_default();
        // What has the focus is about to vanish.
        let focus = dom::document().and_then(|d| d.active_element());
        let inside = focus.is_some_and(|focus| menu.contains(Some(&focus)));
        close(&menu);
        let summary = menu.query_selector("summary").ok().flatten();
        if let Some(summary) = summary.and_then(|s| s.dyn_into::<HtmlElement>().ok())
            && inside
        {
            let _ = summary.focus();
        }
    });
}

fn close(menu: &Element) {
    let _ = menu.remove_attribute("open");
}

/// Brings the place that one is at into view, where the list of places is wider than the screen. Only the list moves.
fn show_place() {
    let all = (dom::all(".side"), dom::all(".side [aria-current]"));
    let (Some(side), Some(here)) = (all.0.first(), all.1.first()) else {
        return;
    };
    if side.scroll_width() <= side.client_width() {
        return;
    }
    let (around, place) = (
        side.get_bounding_client_rect(),
        here.get_bounding_client_rect(),
    );
    let by = middle(around.left(), around.width(), place.left(), place.width());
    side.set_scroll_left(side.scroll_left() + by);
}

/// How far to scroll so that what begins at `at` and is `wide` is in the middle.
fn middle(left: f64, width: f64, at: f64, wide: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "pixels")]
    let by = (at + wide / 2.0 - left - width / 2.0) as i32;
    by
}
