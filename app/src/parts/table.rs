//! A table that stays readable: it scrolls in its own region, which the keyboard can reach,
//! or turns its rows into cards where the screen is narrow.

use leptos::prelude::*;

use crate::{html, html::Html};

/// How a table fits a narrow screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Narrow {
    /// Each row becomes a card; every cell says its column in `data-label`.
    Cards,
    /// It scrolls sideways in its own region.
    Scroll,
}

/// `head` is the header row's cells, `body` whole rows.
pub fn table(caption: &str, narrow: Narrow, head: Html, body: Html) -> Html {
    let class = if narrow == Narrow::Cards {
        "grid-table cards"
    } else {
        "grid-table"
    };
    html! {
        <div class="table-region" role="region" aria-label=format!("{caption}, table") tabindex="0">
            <table class=class>
                <caption class="sr-only">{caption}</caption>
                <thead><tr>{head}</tr></thead>
                <tbody>{body}</tbody>
            </table>
        </div>
    }
}

/// Header cells without order.
pub fn heads(names: &[&str]) -> Html {
    names
        .iter()
        .map(|name| match *name {
            // A column of buttons needs no heading for those who see it.
            "" => Html::constant("<th scope=\"col\"><span class=\"sr-only\">Actions</span></th>"),
            name => html! { <th scope="col">{name}</th> },
        })
        .collect()
}
