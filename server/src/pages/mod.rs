//! The pages: what people see, and the forms they send.

use axum::Router;

use crate::AppState;

/// Every page and form endpoint.
pub fn router(_state: AppState) -> Router {
    Router::new()
}
