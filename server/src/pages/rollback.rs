//! The form that asks to undo a change.

use app::{Notice, Params};
use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::{Reason, Refusal, StartMode};

use super::{
    Pages, answer,
    changes::change_id,
    form::{Fields, Wrong},
    once::once,
    services::start_mode,
    visit::Visiting,
};
use crate::edge::Refused;

pub(super) async fn form(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Path(id): Path<String>,
) -> Response {
    let made = app::rollback::rollback(pages.app.control(), &visit, &id, None, None).await;
    answer::show(&pages, &visit, made)
}

/// `POST /changes/{id}/rollback`
pub(super) async fn request(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Path(id): Path<String>,
    Fields(fields): Fields,
) -> Result<Response, Refused> {
    let (control, caller) = (pages.app.control(), visit.caller()?);
    let route = format!("/changes/{id}/rollback");
    let work = async {
        let (of, (reason, mode)) = (change_id(&id)?, wanted(&fields)?);
        let change = control.request_rollback(caller, of, reason, mode).await?;
        Ok(format!("/changes/{}", change.row.id))
    };
    let refusal = match once(control, caller, &route, &fields, work).await {
        Ok(to) => return Ok(answer::done(&pages, &to, Notice::Requested)),
        Err(error) => answer::for_form(error)?,
    };
    let made = app::rollback::rollback(control, &visit, &id, Some(&fields), Some(refusal)).await;
    Ok(answer::show(&pages, &visit, made))
}

fn wanted(fields: &Params) -> Result<(Reason, StartMode), Refusal> {
    let mut wrong = Wrong::default();
    let reason = wrong.take("reason", Reason::parse(fields.raw("reason")));
    let mode = wrong.take("start_mode", start_mode(fields));
    wrong.unless(reason.zip(mode))
}
