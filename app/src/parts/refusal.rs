//! A refusal, told to the person: what is wrong, with what, and what to do.

use domain::Refusal;
use leptos::prelude::*;

use super::icon::icon;
use crate::{html, html::Html};

/// The panel above a form or a page that was refused.
pub fn refusal(refusal: &Refusal) -> Html {
    let fields: Vec<_> = refusal
        .fields
        .iter()
        .map(|(field, wrong)| html! { <li><strong>{field.replace('_', " ")}</strong>": "{wrong.as_str()}</li> })
        .collect();
    let fields =
        (!fields.is_empty()).then(|| html! { <ul class="mt-1 list-disc ps-5">{fields}</ul> });
    html! {
        <div class="panel bad" role="alert" tabindex="-1" id="refusal">
            {icon("circle-x")}
            <div>
                <p class="panel-title">{refusal.code.title()}</p>
                <p class="user-text">{refusal.detail.as_str()}</p>
                {fields}
            </div>
        </div>
    }
}

/// A panel that tells something: what happened, or what to know before going on.
pub fn note(icon_name: &str, tone: &'static str, text: impl RenderHtml) -> Html {
    html! { <div class=format!("panel {tone}")>{icon(icon_name)}<div>{text}</div></div> }
}

/// Why a button is disabled, beside it.
pub fn why(id: &str, refusal: &Refusal) -> Html {
    html! { <p class="why" id=id>{icon("info")}<span>{refusal.detail.as_str()}</span></p> }
}
