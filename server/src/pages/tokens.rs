//! A person's own API tokens.

use std::collections::BTreeSet;

use app::{Notice, Params, tokens::Made};
use axum::{
    extract::{Path, State},
    response::Response,
};
use control::tokens::NewToken;
use domain::{Refusal, Scope, TokenId};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;

use super::{
    Pages, answer,
    form::{Fields, Wrong},
    once::once,
    visit::Visiting,
};
use crate::edge::Refused;

pub(super) async fn list(State(pages): State<Pages>, Visiting(visit): Visiting) -> Response {
    let made = app::tokens::tokens(pages.app.control(), &visit, Made::default()).await;
    answer::show(&pages, &visit, made)
}

/// `POST /tokens`: the answer is the one page that ever shows the secret.
pub(super) async fn create(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Fields(fields): Fields,
) -> Result<Response, Refused> {
    let (control, caller) = (pages.app.control(), visit.caller()?);
    // What is remembered of the form is where it led, never the secret.
    let mut token = None;
    let work = async {
        let new = wanted(&fields, visit.now)?;
        token = Some(control.create_token(caller, new).await?);
        Ok("/tokens".to_owned())
    };
    let done = once(control, caller, "/tokens", &fields, work).await;
    let made = match done.map(|to| (to, token)) {
        Ok((to, None)) => return Ok(answer::done(&pages, &to, Notice::TokenMadeOnce)),
        Ok((_, Some((row, secret)))) => {
            let token = Some((&row, secret.expose_secret()));
            app::tokens::tokens(
                control,
                &visit,
                Made {
                    token,
                    ..Made::default()
                },
            )
            .await
        }
        Err(error) => {
            let refusal = answer::for_form(error)?;
            let refused = Made {
                fields: Some(&fields),
                refusal: Some(&refusal),
                token: None,
            };
            app::tokens::tokens(control, &visit, refused).await
        }
    };
    Ok(answer::show(&pages, &visit, made))
}

/// `POST /tokens/{id}/revoke`
pub(super) async fn revoke(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Path(id): Path<String>,
) -> Result<Response, Refused> {
    let caller = visit.caller()?;
    let id: TokenId = id
        .parse()
        .map_err(|_| Refusal::not_found("token with this id"))?;
    match pages.app.control().revoke_token(caller, id).await {
        Ok(()) => Ok(answer::done(&pages, "/tokens", Notice::TokenRevoked)),
        Err(error) => Ok(answer::trouble(&visit, &error)),
    }
}

fn wanted(fields: &Params, now: Timestamp) -> Result<NewToken, Refusal> {
    let mut wrong = Wrong::default();
    let days = fields.raw("days").parse::<i64>().ok();
    let days = days.filter(|days| (1..=365).contains(days));
    let days = wrong.take("days", days.ok_or("a number of days"));
    let scopes = fields.all("scopes").map(str::parse);
    let scopes = wrong.take(
        "scopes",
        scopes.collect::<Result<BTreeSet<Scope>, String>>(),
    );
    if scopes.as_ref().is_some_and(BTreeSet::is_empty) {
        wrong.add("scopes", "choose at least one");
    }
    let (days, scopes) = wrong.unless(days.zip(scopes))?;
    Ok(NewToken {
        name: fields.raw("name").trim().to_owned(),
        scopes,
        expires_at: now + SignedDuration::from_hours(24 * days),
    })
}
