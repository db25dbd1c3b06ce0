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

/// Why a form was not taken although nothing is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Nobody is signed in any more.
    SessionEnded,
    /// It is from before somebody signed in anew.
    OutOfDate,
}

/// A form that was sent in vain, with what had been written in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsent {
    pub lost: Lost,
    /// Names of fields and what they held.
    pub written: Vec<(String, String)>,
    /// The page that the form was on; the caller has seen to it that it is one of ours.
    pub page: String,
}

/// The page for a form that was sent in vain: nothing of what was written is lost with it.
pub fn unsent(visit: &Visit, refusal: &Refusal, unsent: &Unsent) -> Document {
    let (title, words, next) = match unsent.lost {
        Lost::SessionEnded => (
            "Your session has ended",
            "You are not signed in any more, so what you sent was not taken. Nothing was done. Sign in, and send it again.",
            html! { <a class="btn btn-primary" href=Params::default().link("/auth/login", &[("return_to", &unsent.page)])>"Sign in"</a> },
        ),
        Lost::OutOfDate => (
            "This form is out of date",
            "It is from before you last signed in, so it was not taken. Nothing was done. Open its page again, and send it from there.",
            html! { <a class="btn btn-primary" href=unsent.page.as_str()>{icon("refresh-cw")}"Open the page again"</a> },
        ),
    };
    let fields: Vec<_> = unsent
        .written
        .iter()
        .map(|(name, value)| {
            html! { <div><dt>{name.replace('_', " ")}</dt><dd class="written" dir="auto">{value.as_str()}</dd></div> }
        })
        .collect();
    let written = (!fields.is_empty()).then(|| {
        html! {
            <section class="card" aria-labelledby="h-written">
                <div class="card-head"><h2 id="h-written">"What you had written"</h2></div>
                <div class="card-body">
                    <p class="hint">"It is kept nowhere else: copy what you need before you leave this page."</p>
                    <dl class="facts">{fields}</dl>
                </div>
            </section>
        }
    });
    let main = html! {
        <div class="trouble">
            <div class="trouble-glyph">{icon("hourglass")}</div>
            <p class="trouble-code">{refusal.code.status()}</p>
            <h1 id="title" tabindex="-1">{title}</h1>
            <p>{words}</p>
            <div class="row">{next}</div>
            {written}
            <p class="muted small">"If you ask somebody for help, give them the request id: "<code>{visit.request_id.to_string()}</code></p>
        </div>
    };
    let document = Document::new(title, main).with_status(refusal.code.status());
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
