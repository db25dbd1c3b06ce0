//! Where a list has nothing to show: why, and the one thing to do next.

use leptos::prelude::*;

use super::icon::icon;
use crate::{html, html::Html};

pub fn empty(icon_name: &str, title: &str, text: &str, next: Option<(&str, &str)>) -> Html {
    let next = next.map(|(href, label)| html! { <a class="btn btn-sm" href=href>{label}</a> });
    html! {
        <div class="empty">
            {icon(icon_name)}
            <p class="empty-title">{title}</p>
            <p>{text}</p>
            {next}
        </div>
    }
}
