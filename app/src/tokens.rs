//! A person's own API tokens: made here, shown once, revoked here.

use control::{Control, Result, tokens::TokenRow};
use domain::{Refusal, Scope};
use leptos::prelude::*;

use crate::{
    Document, Html, Params, Visit, html,
    parts::{self, Field, Narrow, Tone, icon, mark},
    time,
};

/// A form for a new token that was refused, or a token that has just been made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Made<'a> {
    pub fields: Option<&'a Params>,
    pub refusal: Option<&'a Refusal>,
    /// The token's row and its secret, which is shown this once.
    pub token: Option<(&'a TokenRow, &'a str)>,
}

/// # Errors
/// A caller who may have no tokens, or a fault.
pub async fn tokens(control: &Control, visit: &Visit, made: Made<'_>) -> Result<Document> {
    let rows = control.tokens(visit.caller()?).await?;
    let document = view(visit, &rows, made);
    Ok(match made.refusal {
        Some(refusal) => document.with_status(refusal.code.status()),
        None => document,
    })
}

pub fn view(visit: &Visit, rows: &[TokenRow], made: Made<'_>) -> Document {
    let list = if rows.is_empty() {
        parts::empty(
            "key-round",
            "You have no tokens",
            "A token lets a script or a pipeline use the REST API in your name, with at most your rights.",
            None,
        )
    } else {
        let rows = rows.iter().map(|row| token(visit, row)).collect();
        parts::table(
            "Your tokens",
            Narrow::Cards,
            parts::heads(&[
                "Name",
                "Begins with",
                "Scopes",
                "Created",
                "Expires",
                "Last used",
                "",
            ]),
            rows,
        )
    };
    let main = html! {
        {parts::heading(&[], "API tokens", html! { <span>"For scripts: "<code>"Authorization: Bearer ptl_…"</code>". A token never carries a second factor."</span> }, Html::EMPTY)}
        {made.token.map(|(row, secret)| shown_once(row, secret))}
        {made.refusal.map(parts::refusal)}
        <div class="columns">
            <section class="section" aria-labelledby="h-tokens"><h2 id="h-tokens">"Your tokens"</h2>{list}</section>
            {new(visit, made)}
        </div>
    };
    Document::new("API tokens", main)
}

fn shown_once(row: &TokenRow, secret: &str) -> Html {
    html! {
        <section class="panel good" role="status" aria-labelledby="h-secret">
            {icon("key-round")}
            <div class="stack-sm grow">
                <h2 id="h-secret">"Token “"<bdi>{row.name.as_str()}</bdi>"” is made"</h2>
                <p>"Copy it now. It is shown this once; the portal keeps only a hash."</p>
                <input class="input secret" type="text" readonly value=secret aria-label="The token" autocomplete="off" spellcheck="false" />
            </div>
        </section>
    }
}

fn token(visit: &Visit, row: &TokenRow) -> Html {
    let expired = row.expires_at <= visit.now;
    let expiry = if expired {
        mark("clock", "Expired", Tone::Quiet)
    } else {
        time::ago(visit.now, row.expires_at)
    };
    let scopes: Vec<_> = row
        .scopes
        .iter()
        .map(|scope| html! { <span class="chip">{scope.as_str()}</span> })
        .collect();
    let used = row
        .last_used_at
        .map_or(Html::constant("<span class=\"muted\">never</span>"), |at| {
            time::ago(visit.now, at)
        });
    html! {
        <tr>
            <th scope="row"><bdi>{row.name.as_str()}</bdi></th>
            <td data-label="Begins with"><code>{row.hint.as_str()}"…"</code></td>
            <td data-label="Scopes"><span class="row">{scopes}</span></td>
            <td data-label="Created">{time::ago(visit.now, row.created_at)}</td>
            <td data-label="Expires">{expiry}</td>
            <td data-label="Last used">{used}</td>
            <td>
                <form method="post" action=format!("/tokens/{}/revoke", row.id)>
                    {visit.csrf_field()}
                    <button class="btn btn-sm btn-danger" type="submit" aria-label=format!("Revoke token {}", row.name)>"Revoke"</button>
                </form>
            </td>
        </tr>
    }
}

/// What each scope lets a script do.
fn scope_words(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "See what you may see",
        Scope::ChangesWrite => "Request, start, cancel and resume changes",
        Scope::ApprovalsWrite => "Approve and reject, but nowhere a second factor is asked for",
        Scope::ReleasesWrite => "Register releases",
        Scope::CatalogWrite => "Import the catalogue",
        Scope::PeopleWrite => "Disable and enable people",
        Scope::ScheduleWrite => {
            "Make and end windows and freezes, stop the line, override freezes and windows"
        }
        Scope::TokensWrite => "Create and revoke your tokens",
    }
}

fn new(visit: &Visit, made: Made<'_>) -> Html {
    let fields = made.fields;
    let value = |name: &str| fields.map_or("", |f| f.raw(name));
    let scopes: Vec<_> = Scope::ALL
        .iter()
        .map(|s| (s.as_str(), s.as_str(), scope_words(*s)))
        .collect();
    let chosen: Vec<&str> = fields.map_or(vec!["read"], |f| f.all("scopes").collect());
    let days = match value("days") {
        "" => "30",
        days => days,
    };
    html! {
        <form class="card" method="post" action="/tokens" aria-labelledby="h-new">
            <div class="card-head"><h2 id="h-new">"New token"</h2></div>
            <div class="card-body">
                {visit.once_fields()}
                {Field::new("name", "Name").hint("What it is for, such as “release script”.").refused(made.refusal).text("text", value("name"), true)}
                {Field::new("scopes", "What it may be used for").refused(made.refusal).checks(&scopes, &chosen)}
                {Field::new("days", "Expires after").refused(made.refusal).select(&[("1", "1 day"), ("7", "7 days"), ("30", "30 days"), ("90", "90 days")], days)}
                <div><button class="btn btn-primary" type="submit">{icon("key-round")}"Create the token"</button></div>
            </div>
        </form>
    }
}
