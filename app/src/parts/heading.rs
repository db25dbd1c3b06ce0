//! The top of a page: where it is, its one `h1`, and what can be done here.

use leptos::prelude::*;

use crate::{html, html::Html};

/// `trail` leads here: (address, words) from the outside in.
pub fn heading(trail: &[(&str, &str)], title: impl RenderHtml, sub: Html, actions: Html) -> Html {
    let trail: Vec<_> = trail
        .iter()
        .map(|(href, words)| html! { <li><a class="link-quiet" href=*href>{*words}</a></li> })
        .collect();
    let trail = (!trail.is_empty())
        .then(|| html! { <nav class="trail" aria-label="Where this is"><ol>{trail}</ol></nav> });
    let sub = (!sub.is_empty()).then(|| html! { <div class="page-sub">{sub}</div> });
    let actions =
        (!actions.is_empty()).then(|| html! { <div class="page-actions">{actions}</div> });
    html! {
        <div class="page-head">
            <div class="min-w-0">{trail}<h1 id="title" tabindex="-1">{title}</h1>{sub}</div>
            {actions}
        </div>
    }
}
