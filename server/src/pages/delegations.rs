//! Who stands in for whom.

use app::{Notice, Params};
use axum::{
    extract::{Path, State},
    response::Response,
};
use control::delegations::NewDelegation;
use domain::{EnvironmentName, Login, Reason, Refusal, TeamName};
use jiff::Timestamp;

use super::{
    Pages, answer,
    form::{Fields, Wrong},
    once::once,
    services::{NO_MOMENT, moment},
    visit::Visiting,
};
use crate::edge::Refused;

pub(super) async fn list(State(pages): State<Pages>, Visiting(visit): Visiting) -> Response {
    let made = app::delegations::delegations(pages.app.control(), &visit, None, None).await;
    answer::show(&pages, &visit, made)
}

/// `POST /delegations`
pub(super) async fn make(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Fields(fields): Fields,
) -> Result<Response, Refused> {
    let (control, caller) = (pages.app.control(), visit.caller()?);
    let work = async {
        control
            .delegate(caller, wanted(&fields, control.now())?)
            .await?;
        Ok("/delegations".to_owned())
    };
    let refusal = match once(control, caller, "/delegations", &fields, work).await {
        Ok(to) => return Ok(answer::done(&pages, &to, Notice::Delegated)),
        Err(error) => answer::for_form(error)?,
    };
    let made = app::delegations::delegations(control, &visit, Some(&fields), Some(refusal)).await;
    Ok(answer::show(&pages, &visit, made))
}

/// `POST /delegations/{id}/end`
pub(super) async fn end(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Path(id): Path<String>,
) -> Result<Response, Refused> {
    let (control, caller) = (pages.app.control(), visit.caller()?);
    let ended = async {
        let id = id
            .parse()
            .map_err(|_| Refusal::not_found("delegation with this id"))?;
        control.end_delegation(caller, id).await
    };
    match ended.await {
        Ok(_) => Ok(answer::done(
            &pages,
            "/delegations",
            Notice::DelegationEnded,
        )),
        Err(error) => {
            let refusal = answer::for_form(error)?;
            let made = app::delegations::delegations(control, &visit, None, Some(refusal)).await;
            Ok(answer::show(&pages, &visit, made))
        }
    }
}

/// What the form asks for, or everything that is wrong with it.
fn wanted(fields: &Params, now: Timestamp) -> Result<NewDelegation, Refusal> {
    let mut wrong = Wrong::default();
    let time = |name| moment(fields.raw(name).trim()).ok_or(NO_MOMENT);
    let to = wrong.take("to", Login::parse(fields.raw("to").trim()));
    let team = wrong.read(fields, "team", TeamName::parse);
    let environment = wrong.read(fields, "environment", EnvironmentName::parse);
    let from = match fields.get("from") {
        None => Some(now),
        Some(_) => wrong.take("from", time("from")),
    };
    let until = wrong.take("until", time("until"));
    let reason = wrong.take("reason", Reason::parse(fields.raw("reason")));
    let (to, from, until, reason) = wrong.unless((|| Some((to?, from?, until?, reason?)))())?;
    Ok(NewDelegation {
        to,
        team,
        environment,
        from,
        until,
        reason,
    })
}
