//! The pages: what people see, and the forms they send.
//!
//! `GET` renders a page of the `app` crate. A form posts to a plain address, which does one use
//! case and answers with a redirect, or with the page again and what was refused beside its
//! fields. No page takes a decision: `control` does, the same as for the API.

mod answer;
mod approvals;
mod attention;
mod calendar;
mod changes;
mod delegations;
mod flash;
mod form;
mod once;
mod people;
mod places;
mod preferences;
mod rollback;
mod services;
mod tokens;
mod told;
mod visit;

use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use domain::{Refusal, RequestId};

use crate::{AppState, edge::Nonce};

pub(crate) use answer::tell;
pub(crate) use told::{Told, found_out};
pub(crate) use visit::Rendering;

/// What the handlers of pages share.
#[derive(Clone, Debug)]
pub(crate) struct Pages {
    pub app: AppState,
    pub rendering: Rendering,
}

impl Pages {
    pub(crate) fn of(state: AppState) -> Self {
        let rendering = Rendering::of(&state);
        Self {
            app: state,
            rendering,
        }
    }
}

/// Every page and form endpoint.
pub(crate) fn router(pages: Pages) -> Router {
    Router::new()
        .route("/", get(places::home))
        .route("/services", get(services::list))
        .route("/services/{name}", get(services::detail))
        .route(
            "/services/{name}/deploy",
            get(services::deploy).post(services::request),
        )
        .route("/changes", get(changes::list))
        .route("/changes/{id}", get(changes::detail))
        .route("/changes/{id}/log", get(changes::log))
        .route("/changes/{id}/decide", post(changes::decide))
        .route("/changes/{id}/start", post(changes::start))
        .route("/changes/{id}/cancel", post(changes::cancel))
        .route("/changes/{id}/resume", post(changes::resume))
        .route("/changes/{id}/retry", post(changes::retry))
        .route(
            "/changes/{id}/promotion-override",
            post(changes::override_promotion),
        )
        .route(
            "/changes/{id}/rollback",
            get(rollback::form).post(rollback::request),
        )
        .route(
            "/delegations",
            get(delegations::list).post(delegations::make),
        )
        .route("/delegations/{id}/end", post(delegations::end))
        .route(
            "/approvals",
            get(approvals::inbox).post(approvals::decide_several),
        )
        .route("/attention", get(attention::list))
        .route(
            "/attention/{id}",
            get(attention::detail).post(attention::decide),
        )
        .route("/calendar", get(calendar::month))
        .route("/calendar/new", get(calendar::form).post(calendar::make))
        .route("/calendar/{id}", get(calendar::entry))
        .route("/calendar/{id}/end", post(calendar::end))
        .route("/changes/{id}/override", post(calendar::ask_override))
        .route(
            "/changes/{id}/override/confirm",
            post(calendar::confirm_override),
        )
        .route("/people", get(people::list))
        .route("/people/{id}", get(people::detail))
        .route("/people/{id}/disable", post(people::disable))
        .route("/people/{id}/enable", post(people::enable))
        .route("/audit", get(places::audit))
        .route("/audit/{id}", get(places::audit_event))
        .route("/tokens", get(tokens::list).post(tokens::create))
        .route("/tokens/{id}/revoke", post(tokens::revoke))
        .route("/catalog", get(places::catalog))
        .route("/catalog/import", post(places::import))
        .route("/rules", get(places::rules))
        .route("/environments", get(places::environments))
        .route("/sessions", get(places::sessions))
        .route("/sessions/{id}/end", post(places::end_session))
        .route("/keys", get(places::keys))
        .route("/preferences/theme", post(preferences::theme))
        .with_state(pages)
}

/// A refusal as a page of its own. Called for every [`crate::edge::Refused`] outside of `/api`, whichever
/// layer or handler it comes from; status and content type are this function's to set.
pub(crate) fn refused(
    refusal: &Refusal,
    told: Option<Told>,
    request_id: RequestId,
    nonce: &Nonce,
) -> Response {
    let (visit, unsent) = match told {
        Some(told) => (told.visit, told.unsent),
        None => (visit::nobody(request_id, nonce), None),
    };
    let document = match &unsent {
        Some(unsent) => app::trouble::unsent(&visit, refusal, unsent),
        None => app::trouble::trouble(&visit, refusal),
    };
    answer::page(document, &visit).into_response()
}
