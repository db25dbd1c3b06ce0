//! Pairs of a name and a value.

use leptos::prelude::*;

use crate::{html, html::Html};

pub fn facts(pairs: Vec<(&str, Html)>) -> Html {
    let pairs: Vec<_> = pairs
        .into_iter()
        .map(|(name, value)| html! { <div><dt>{name}</dt><dd>{value}</dd></div> })
        .collect();
    html! { <dl class="facts">{pairs}</dl> }
}
