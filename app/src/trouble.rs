//! Pages for what did not work: what happened, what to do, and the id to give when asking for help.

use domain::{Refusal, RefusalCode};
use leptos::prelude::*;

use crate::{Document, Html, Params, Visit, html, parts::icon};

/// The page for a refusal that no form can show.
pub fn trouble(visit: &Visit, refusal: &Refusal) -> Document {
    let (glyph, next) = next(visit, refusal);
    let fields: Vec<_> = refusal.fields.iter().map(|(field, wrong)| html! { <li><strong>{field.as_str()}</strong>": "{wrong.as_str()}</li> }).collect();
    let fields = (!fields.is_empty()).then(|| html! { <ul>{fields}</ul> });
    let main = html! {
        <div class="trouble">
            <div class="trouble-glyph">{icon(glyph)}</div>
            <p class="trouble-code">{refusal.code.status()}" · "{refusal.code.as_str().replace('_', " ")}</p>
            <h1 id="title" tabindex="-1">{refusal.code.title()}</h1>
            <p class="user-text">{refusal.detail.as_str()}</p>
            {fields}
            <div class="row">{next}</div>
            <p class="muted small">"If you ask somebody for help, give them the request id: "<code>{visit.request_id.to_string()}</code></p>
        </div>
    };
    let document = Document::new(refusal.code.title(), main).with_status(refusal.code.status());
    if visit.caller.is_none() {
        document.bare()
    } else {
        document
    }
}

/// The glyph, and what to do next.
fn next(visit: &Visit, refusal: &Refusal) -> (&'static str, Html) {
    let back = || Params::default().link("/auth/login", &[("return_to", &visit.here())]);
    let home = html! { <a class="btn" href="/">{icon("house")}"Home"</a> };
    match refusal.code {
        RefusalCode::NotSignedIn | RefusalCode::SignInRefused => (
            "user-round",
            html! { <a class="btn btn-primary" href=back()>"Sign in"</a> },
        ),
        RefusalCode::StepUpRequired => {
            let href = Params::default().link("/auth/step-up", &[("return_to", &visit.here())]);
            (
                "lock",
                html! { <a class="btn btn-primary" href=href>"Confirm with a second factor"</a>{home} },
            )
        }
        RefusalCode::Forbidden | RefusalCode::ScopeMissing | RefusalCode::CrossSite => {
            ("lock", home)
        }
        RefusalCode::NotFound | RefusalCode::MethodNotAllowed => (
            "search",
            html! { {home}<a class="btn" href="/services">{icon("box")}"Services"</a> },
        ),
        RefusalCode::RateLimited => (
            "hourglass",
            html! { <a class="btn" href=visit.here()>{icon("refresh-cw")}"Try again"</a> },
        ),
        RefusalCode::Unavailable | RefusalCode::Outside => (
            "plug-zap",
            html! { <a class="btn btn-primary" href=visit.here()>{icon("refresh-cw")}"Try again"</a>{home} },
        ),
        _ => ("circle-help", home),
    }
}
