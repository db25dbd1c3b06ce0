//! From one page of a list to the next. By key, so there is no page number; the first page
//! is always one click away, and the browser goes back.

use leptos::prelude::*;

use super::icon::icon;
use crate::{html, html::Html, params::Params};

/// `shown` rows are on this page; `total` where it is known; `key` is the cursor's parameter.
pub fn pager(
    params: &Params,
    path: &str,
    key: &str,
    shown: usize,
    total: Option<u64>,
    next: Option<&str>,
) -> Html {
    let first = params
        .get(key)
        .map(|_| html! { <a class="btn btn-sm" href=params.link(path, &[(key, "")])>{icon("chevron-left")}"First page"</a> });
    let next = next.map(|cursor| {
        html! { <a class="btn btn-sm" rel="next" href=params.link(path, &[(key, cursor)])>"Next page"{icon("chevron-right")}</a> }
    });
    if first.is_none() && next.is_none() {
        return Html::EMPTY;
    }
    let count = total.map_or_else(
        || format!("{shown} on this page"),
        |total| format!("{shown} of {total}"),
    );
    html! {
        <nav class="pager" aria-label="Pages of this list">
            <span class="muted">{count}</span>
            <span class="row">{first}{next}</span>
        </nav>
    }
}
