//! Pages that only show, and the import of the catalogue.

use app::Notice;
use axum::{
    extract::{Path, State},
    response::Response,
};

use domain::{Refusal, SessionId};

use super::{Pages, answer, visit::Visiting};
use crate::edge::Refused;

pub(super) async fn home(State(pages): State<Pages>, Visiting(visit): Visiting) -> Response {
    let made = if visit.caller.is_some() {
        app::home::home(pages.app.control(), &visit).await
    } else {
        Ok(app::landing::landing(&visit))
    };
    answer::show(&pages, &visit, made)
}

pub(super) async fn audit(State(pages): State<Pages>, Visiting(visit): Visiting) -> Response {
    let made = app::audit::list(pages.app.control(), &visit).await;
    answer::show(&pages, &visit, made)
}

pub(super) async fn audit_event(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Path(id): Path<String>,
) -> Response {
    let made = app::audit::event(pages.app.control(), &visit, &id).await;
    answer::show(&pages, &visit, made)
}

pub(super) async fn catalog(State(pages): State<Pages>, Visiting(visit): Visiting) -> Response {
    let made = app::catalog::catalog(pages.app.control(), &visit, None).await;
    answer::show(&pages, &visit, made)
}

/// `POST /catalog/import`
pub(super) async fn import(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
) -> Result<Response, Refused> {
    let control = pages.app.control();
    let refusal = match control.import_folder(visit.caller()?).await {
        Ok(_) => return Ok(answer::done(&pages, "/catalog", Notice::Imported)),
        Err(error) => answer::for_form(error)?,
    };
    let made = app::catalog::catalog(control, &visit, Some(&refusal)).await;
    Ok(answer::show(&pages, &visit, made))
}

pub(super) async fn rules(State(pages): State<Pages>, Visiting(visit): Visiting) -> Response {
    let made = app::rules::rules(pages.app.control(), &visit).await;
    answer::show(&pages, &visit, made)
}

pub(super) async fn environments(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
) -> Response {
    let made = app::environments::environments(pages.app.control(), &visit).await;
    answer::show(&pages, &visit, made)
}

pub(super) async fn sessions(State(pages): State<Pages>, Visiting(visit): Visiting) -> Response {
    let made = app::sessions::sessions(pages.app.control(), &visit).await;
    answer::show(&pages, &visit, made)
}

/// `POST /sessions/{id}/end`
pub(super) async fn end_session(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Path(id): Path<String>,
) -> Result<Response, Refused> {
    let caller = visit.caller()?;
    let id: SessionId = id
        .parse()
        .map_err(|_| Refusal::not_found("session with this id"))?;
    match pages.app.control().end_session(caller, id).await {
        Ok(()) => Ok(answer::done(&pages, "/sessions", Notice::SessionEnded)),
        Err(error) => Ok(answer::trouble(&visit, &error)),
    }
}

pub(super) async fn keys(State(pages): State<Pages>, Visiting(visit): Visiting) -> Response {
    let made = visit
        .caller()
        .map(|_| app::keys::keys(&visit))
        .map_err(Into::into);
    answer::show(&pages, &visit, made)
}
