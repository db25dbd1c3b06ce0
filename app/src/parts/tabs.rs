//! Views of one list, as links: each has its own address.

use leptos::prelude::*;

use crate::{html, html::Html};

/// `tabs` are (address, words, whether it is this one).
pub fn tabs(label: &str, tabs: &[(String, &str, bool)]) -> Html {
    let tabs: Vec<_> = tabs
        .iter()
        .map(|(href, words, here)| {
            html! { <a class="view-tab" href=href.as_str() aria-current=here.then_some("page")>{*words}</a> }
        })
        .collect();
    html! { <nav class="view-tabs" aria-label=label>{tabs}</nav> }
}
