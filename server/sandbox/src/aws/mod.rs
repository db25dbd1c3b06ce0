//! AWS over its wire protocols: one handler that authenticates, decides and dispatches, one module a service.
mod error;
pub mod iam;
pub mod identity;
mod sigv4;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Response;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::world::World;
use crate::world::description::Description;

/// What changes while the world runs.
#[derive(Debug, Default)]
pub struct State {}

impl State {
    /// The state that the description asks for.
    pub fn seed(_description: &Description, _now: Timestamp) -> anyhow::Result<Self> {
        Ok(Self::default())
    }

    /// Everything observable, for `GET /_world/state`.
    pub fn observe(&self) -> Value {
        json!({})
    }
}

/// The routes, full paths.
pub fn router(_world: &Arc<World>) -> Router {
    Router::new()
}

/// The answer of a service that fails or throttles.
pub fn faulted(_service: &str, throttled: bool) -> Response<Body> {
    crate::edge::target::plain(
        if throttled { 400 } else { 500 },
        "text/plain",
        "fault injected",
    )
}
pub(crate) mod sts {
    pub(crate) const NAMESPACE: &str = "";
}
