//! The REST API, `/api/v1`: one file a noun.

pub(crate) mod problem;

use utoipa_axum::router::OpenApiRouter;

use crate::AppState;

/// All routes, with their description.
fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
}

pub fn router() -> axum::Router<AppState> {
    routes().split_for_parts().0
}

/// The `OpenAPI` 3.1 description.
pub fn description() -> utoipa::openapi::OpenApi {
    routes().split_for_parts().1
}
