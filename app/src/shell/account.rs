//! Who is signed in, with their rights in words, the colours, and the way out.

use leptos::prelude::*;

use crate::{Theme, Visit, html, html::Html, parts::icon};

pub(super) fn account(visit: &Visit) -> Html {
    let Some(caller) = &visit.caller else {
        return Html::EMPTY;
    };
    let person = &caller.person;
    let join = |words: Vec<&str>| {
        if words.is_empty() {
            "none".to_owned()
        } else {
            words.join(", ")
        }
    };
    let roles = join(person.job_roles.iter().map(|role| role.as_str()).collect());
    let teams = join(person.teams.iter().map(domain::TeamName::as_str).collect());
    let factor = if visit.is_stepped_up() {
        "confirmed with a second factor in the last five minutes"
    } else {
        "no fresh second factor"
    };
    html! {
        <details class="account" name="top">
            <summary aria-label=format!("Account of {}", person.login)>
                {icon("user-round")}<span class="account-login"><bdi>{person.login.as_str()}</bdi></span>{icon("chevron-down")}
            </summary>
            <div class="account-menu">
                <p class="account-name"><bdi>{person.name.as_str()}</bdi></p>
                <dl class="account-facts">
                    <div><dt>"Job roles"</dt><dd>{roles}</dd></div>
                    <div><dt>"Teams"</dt><dd>{teams}</dd></div>
                    <div><dt>"Sign-in"</dt><dd>{factor}</dd></div>
                </dl>
                <ul class="account-links">
                    <li><a href="/tokens">{icon("key-round")}"API tokens"</a></li>
                    <li><a href="/delegations">{icon("users")}"Standing in"</a></li>
                    <li><a href="/sessions">{icon("monitor-smartphone")}"Sessions"</a></li>
                </ul>
                {themes(visit)}
                <form method="post" action="/auth/logout">
                    {visit.csrf_field()}
                    <button class="btn btn-sm btn-block" type="submit">{icon("log-out")}"Sign out"</button>
                </form>
            </div>
        </details>
    }
}

/// Light, dark or the system's colours: a form, so that it works without scripts.
pub(crate) fn themes(visit: &Visit) -> Html {
    let choices: Vec<_> = [
        (Theme::System, "monitor", "System"),
        (Theme::Light, "sun", "Light"),
        (Theme::Dark, "moon", "Dark"),
    ]
    .into_iter()
    .map(|(theme, glyph, words)| {
        let on = if visit.theme == theme { "true" } else { "false" };
        html! {
            <button class="theme-choice" type="submit" name="theme" value=theme.as_str() aria-pressed=on>{icon(glyph)}{words}</button>
        }
    })
    .collect();
    html! {
        <form class="themes" method="post" action="/preferences/theme" aria-label="Colours">
            {visit.csrf_field()}
            <input type="hidden" name="return_to" value=visit.here() />
            {choices}
        </form>
    }
}
