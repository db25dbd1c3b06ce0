//! Who stands in for whom.

use app::{Notice, Params};
use axum::{
    extract::{Path, State},
    response::Response,
};
use control::delegations::NewDelegation;
use domain::{EnvironmentName, Login, Reason, Refusal, TeamName};
use jiff::Timestamp;

use super::{Pages, answer, form::Fields, once::once, services::moment, visit::Visiting};
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

fn wanted(fields: &Params, now: Timestamp) -> Result<NewDelegation, Refusal> {
    let field = |name: &'static str, why: String| Refusal::field(name, why);
    let time = |name: &'static str| {
        moment(fields.raw(name).trim()).ok_or_else(|| {
            field(
                name,
                "write a date and time in UTC, such as 2026-11-30 14:00".to_owned(),
            )
        })
    };
    let to = Login::parse(fields.raw("to").trim()).map_err(|e| field("to", e.to_string()))?;
    let team = match fields.raw("team").trim() {
        "" => None,
        text => Some(TeamName::parse(text).map_err(|e| field("team", e.to_string()))?),
    };
    let environment = match fields.raw("environment") {
        "" => None,
        text => {
            Some(EnvironmentName::parse(text).map_err(|e| field("environment", e.to_string()))?)
        }
    };
    let from = if fields.raw("from").trim().is_empty() {
        now
    } else {
        time("from")?
    };
    let until = time("until")?;
    let reason = Reason::parse(fields.raw("reason")).map_err(|e| field("reason", e.to_string()))?;
    Ok(NewDelegation {
        to,
        team,
        environment,
        from,
        until,
        reason,
    })
}
