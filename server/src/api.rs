//! The REST API, `/api/v1`: one file a noun.
//!
//! A handler reads the request ([`asking`]), calls one use case and gives its answer a form of its own, so that
//! neither a column nor a struct elsewhere can alter what scripts rely on. What is refused is an
//! [`crate::edge::Refused`] and becomes a problem ([`problem`]) in a layer. The description ([`describe`]) is generated
//! from the same code.

mod answer;
mod asking;
mod attention;
mod audit;
mod changes;
mod checked;
mod delegations;
mod describe;
mod environments;
mod imports;
mod me;
mod people;
pub(crate) mod problem;
mod refusal;
mod regions;
mod releases;
mod rules;
mod schedule;
mod services;
mod tickets;
mod tokens;
mod words;

use axum::Router;
use domain::{Refusal, RefusalCode};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{AppState, edge::Refused};

pub use describe::description;

/// All routes, with their description.
fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(describe::preface())
        .routes(routes!(describe::show))
        .routes(routes!(me::show))
        .routes(routes!(services::list))
        .routes(routes!(imports::import))
        .routes(routes!(services::show))
        .routes(routes!(releases::list, releases::register))
        .routes(routes!(environments::list))
        .routes(routes!(environments::show))
        .routes(routes!(regions::list))
        .routes(routes!(rules::list))
        .routes(routes!(changes::list, changes::request))
        .routes(routes!(changes::show))
        .routes(routes!(changes::evidence::show))
        .routes(routes!(changes::evidence::explain))
        .routes(routes!(changes::run::list))
        .routes(routes!(changes::run::log))
        .routes(routes!(changes::events::follow))
        .routes(routes!(changes::moves::decide))
        .routes(routes!(changes::moves::start))
        .routes(routes!(changes::moves::cancel))
        .routes(routes!(changes::moves::retry))
        .routes(routes!(changes::moves::roll_back))
        .routes(routes!(changes::timing::override_promotion))
        .routes(routes!(attention::list))
        .routes(routes!(attention::show, attention::decide))
        .routes(routes!(changes::overriding::ask))
        .routes(routes!(changes::overriding::confirm))
        .routes(routes!(schedule::freezes, schedule::freeze))
        .routes(routes!(schedule::end_freeze))
        .routes(routes!(schedule::windows, schedule::window))
        .routes(routes!(schedule::end_window))
        .routes(routes!(schedule::stops, schedule::stop))
        .routes(routes!(schedule::end_stop))
        .routes(routes!(tickets::redeem))
        .routes(routes!(audit::list))
        .routes(routes!(audit::show))
        .routes(routes!(audit::export))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(people::list))
        .routes(routes!(delegations::list, delegations::make))
        .routes(routes!(delegations::end))
        .routes(routes!(people::disable))
        .routes(routes!(people::enable))
}

/// Every address of the API; also those there are not, so that they are refused as a problem.
pub fn router() -> Router<AppState> {
    let (router, _) = routes().split_for_parts();
    router
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
}

async fn not_found() -> Refused {
    Refused::new(Refusal::not_found(
        "such address in this API; GET /api/v1/openapi.json lists them",
    ))
}

async fn wrong_method() -> Refused {
    Refused::code(
        RefusalCode::MethodNotAllowed,
        "This address does not take this method; the header Allow names those it takes.",
    )
}
