//! Keys that go to places: `g` and a letter. Off when the person turned single keys off.

use std::{cell::Cell, rc::Rc};

use web_sys::{KeyboardEvent, Window};

use crate::{Place, dom};

/// Whether a press is one of ours to take: no modifier, not while typing, no dialog open.
pub(crate) fn is_plain(event: &KeyboardEvent) -> bool {
    !(event.ctrl_key() || event.meta_key() || event.alt_key() || dom::is_typing(event))
}

/// `g` then the letter of a place goes there; `?` shows all keys.
pub(crate) fn places(window: &Window, places: Vec<Place>) {
    let pending = Rc::new(Cell::new(false));
    dom::on(window, "keydown", move |event: KeyboardEvent| {
        if !is_plain(&event) || event.default_prevented() {
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
