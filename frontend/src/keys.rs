//! Keys that go to places: `g` and a letter. Off when the person turned single keys off.

use std::{cell::Cell, rc::Rc};

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlElement, HtmlInputElement, KeyboardEvent, Window};

use crate::{Place, dom};

/// Where the browser keeps the choice. It concerns scripts only, so the server need not know.
const KEPT: &str = "portolan.single-keys";

/// Whether single letters act: yes, until the person turns them off in this browser.
pub(crate) fn are_on() -> bool {
    let kept = dom::window()
        .and_then(|w| w.local_storage().ok()?)
        .and_then(|kept| kept.get_item(KEPT).ok()?);
    kept.as_deref() != Some("off")
}

/// The switch on the page of keys. Without scripts there are no keys, so there is no switch.
#[island]
pub fn KeysSwitch() -> impl IntoView {
    Effect::new(|_| {
        let check = dom::by_id("single-keys").and_then(|e| e.dyn_into::<HtmlInputElement>().ok());
        let Some(check) = check else { return };
        check.set_checked(are_on());
        if let Some(label) = check
            .parent_element()
            .and_then(|l| l.dyn_into::<HtmlElement>().ok())
        {
            label.set_hidden(false);
        }
        let with = check.clone();
        dom::on(&check, "change", move |_: Event| {
            let value = if with.checked() { "on" } else { "off" };
            if let Some(kept) = dom::window().and_then(|w| w.local_storage().ok()?) {
                let _ = kept.set_item(KEPT, value);
            }
        });
    });
    view! {
        <label class="row" hidden><input class="checkbox checkbox-sm" type="checkbox" id="single-keys" checked />"Single keys act in this browser"</label>
    }
}

/// Whether a press is one of ours to take: no modifier, not while typing, no dialog open.
pub(crate) fn is_plain(event: &KeyboardEvent) -> bool {
    !(event.ctrl_key() || event.meta_key() || event.alt_key() || dom::is_typing(event))
}

/// `g` then the letter of a place goes there; `?` shows all keys.
pub(crate) fn places(window: &Window, places: Vec<Place>) {
    let pending = Rc::new(Cell::new(false));
    dom::on(window, "keydown", move |event: KeyboardEvent| {
        if !is_plain(&event) || event.default_prevented() || !are_on() {
            return;
        }
        let key = event.key();
        if pending.replace(false) {
            if let Some(place) = places.iter().find(|place| key.chars().eq([place.key])) {
                event.prevent_default();
                dom::go(&place.href);
            }
        } else if key == "g" {
            pending.set(true);
            let pending = pending.clone();
            dom::after(1_200, move || pending.set(false));
        } else if key == "?" {
            dom::go("/keys");
        }
    });
}
