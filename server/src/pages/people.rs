//! Who has ever signed in, and shutting somebody out.

use app::{Notice, people::Posted};
use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::{PersonId, Reason, Refusal};

use super::{Pages, answer, form::Fields, visit::Visiting};
use crate::edge::Refused;

pub(super) async fn list(State(pages): State<Pages>, Visiting(visit): Visiting) -> Response {
    let made = app::people::list(pages.app.control(), &visit).await;
    answer::show(&pages, &visit, made)
}

pub(super) async fn detail(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Path(id): Path<String>,
) -> Response {
    let made = match person_id(&id) {
        Ok(id) => app::people::detail(pages.app.control(), &visit, id, Posted::default()).await,
        Err(refusal) => Err(refusal.into()),
    };
    answer::show(&pages, &visit, made)
}

/// `POST /people/{id}/disable`
pub(super) async fn disable(
    state: State<Pages>,
    visiting: Visiting,
    id: Path<String>,
    fields: Fields,
) -> Result<Response, Refused> {
    decide(state, visiting, id, fields, Notice::PersonDisabled).await
}

/// `POST /people/{id}/enable`
pub(super) async fn enable(
    state: State<Pages>,
    visiting: Visiting,
    id: Path<String>,
    fields: Fields,
) -> Result<Response, Refused> {
    decide(state, visiting, id, fields, Notice::PersonEnabled).await
}

async fn decide(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Path(id): Path<String>,
    Fields(fields): Fields,
    what: Notice,
) -> Result<Response, Refused> {
    let (control, caller) = (pages.app.control(), visit.caller()?);
    let id = person_id(&id)?;
    let reason = Reason::parse(fields.raw("reason"))
        .map_err(|why| Refusal::field("reason", why.to_string()));
    let done = match reason {
        Err(refusal) => Err(refusal.into()),
        Ok(reason) if what == Notice::PersonDisabled => {
            control.disable_person(caller, id, reason).await
        }
        Ok(reason) => control.enable_person(caller, id, reason).await,
    };
    match done {
        Ok(_) => Ok(answer::done(&pages, &format!("/people/{id}"), what)),
        Err(error) => {
            let refusal = answer::for_form(error)?;
            let posted = Posted {
                reason: fields.raw("reason"),
                refusal: Some(&refusal),
            };
            let made = app::people::detail(control, &visit, id, posted).await;
            Ok(answer::show(&pages, &visit, made))
        }
    }
}

fn person_id(text: &str) -> Result<PersonId, Refusal> {
    text.parse()
        .map_err(|_| Refusal::not_found("person with this id"))
}
