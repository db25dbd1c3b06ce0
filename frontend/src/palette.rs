//! The field in the frame: find a service, go to a place. A plain search form that becomes a
//! combobox; Ctrl-K, Cmd-K and `/` lead to it.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{dom, keys};

mod options;
mod state;

/// A place to go to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub href: String,
    pub words: String,
    /// `g` and this letter go there.
    pub key: char,
}

/// `q` is what is being searched for on this page.
#[island]
pub fn Palette(places: Vec<Place>, q: String) -> impl IntoView {
    Effect::new(move |_| {
        let (Some(window), Some(input)) = (dom::window(), dom::by_id("find")) else {
            return;
        };
        state::start(&window, input, places.clone());
        keys::places(&window, places.clone());
    });
    view! {
        <form class="find" role="search" action="/services" method="get" id="find-form">
            <label class="sr-only" for="find">"Find a service or a page"</label>
            <input class="find-input" id="find" name="q" type="search" placeholder="Find a service or a page" value=q autocomplete="off" spellcheck="false" maxlength="200" />
            <kbd class="find-key" aria-hidden="true">"Ctrl K"</kbd>
            <div class="find-list" id="find-list" role="listbox" aria-label="Places and services" hidden></div>
            <span class="sr-only" id="find-count" role="status"></span>
        </form>
    }
}
