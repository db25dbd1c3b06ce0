//! How this person is signed in, and the ways out.

use domain::{CallerKind, Refusal};
use leptos::prelude::*;

use crate::{
    Document, Html, Visit, html,
    parts::{self, Tone, icon, mark},
    time,
};

/// # Errors
/// Refused when nobody has signed in.
pub fn sessions(visit: &Visit) -> Result<Document, Refusal> {
    let caller = visit.caller()?;
    let (session, authentication) = match &caller.kind {
        CallerKind::Person {
            session,
            authentication,
        } => (session.to_string(), Some(authentication)),
        _ => (String::new(), None),
    };
    let factor = if visit.is_stepped_up() {
        mark("shield-check", "Fresh second factor", Tone::Good)
    } else if authentication.is_some_and(|a| a.mfa) {
        mark(
            "clock",
            "Second factor, older than five minutes",
            Tone::Quiet,
        )
    } else {
        mark("minus", "No second factor", Tone::Quiet)
    };
    let teams: Vec<_> = caller
        .person
        .teams
        .iter()
        .map(|t| html! { <span class="chip">{t.as_str()}</span> })
        .collect();
    let roles: Vec<_> = caller
        .person
        .job_roles
        .iter()
        .map(|r| html! { <span class="chip">{r.as_str()}</span> })
        .collect();
    let facts = parts::facts(vec![
        ("Name", html! { <bdi>{caller.person.name.as_str()}</bdi> }),
        (
            "Sign-in name",
            html! { <bdi>{caller.person.login.as_str()}</bdi> },
        ),
        ("Job roles", html! { <span class="row">{roles}</span> }),
        ("Teams", html! { <span class="row">{teams}</span> }),
        (
            "Signed in",
            authentication.map_or(Html::EMPTY, |a| time::ago(visit.now, a.auth_time)),
        ),
        ("Second factor", factor),
        (
            "Session",
            html! { <code class="user-text">{session}</code> },
        ),
    ]);
    let main = html! {
        {parts::heading(&[], "Sessions", html! { <span>"Job roles and teams come from your groups at the identity provider, as of this sign-in."</span> }, Html::EMPTY)}
        <div class="columns">
            <section class="card" aria-labelledby="h-here"><div class="card-head"><h2 id="h-here">"This session"</h2></div><div class="card-body">{facts}</div></section>
            <section class="card" aria-labelledby="h-out">
                <div class="card-head"><h2 id="h-out">"Sign out"</h2></div>
                <div class="card-body">
                    <form class="stack-sm" method="post" action="/auth/logout">{visit.csrf_field()}
                        <div><button class="btn" type="submit">{icon("log-out")}"Sign out here"</button></div></form>
                    <form class="stack-sm" method="post" action="/auth/logout-everywhere">{visit.csrf_field()}
                        <div><button class="btn btn-danger" type="submit">{icon("log-out")}"Sign out everywhere"</button></div>
                        <p class="hint">"Ends every session of yours, in all browsers. Tokens stay; revoke them on their own page."</p></form>
                </div>
            </section>
        </div>
    };
    Ok(Document::new("Sessions", main))
}
