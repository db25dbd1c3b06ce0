//! The Kubernetes API stand-in.
use std::sync::Arc;

use axum::Router;
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

/// `/_world/kubernetes`.
pub fn control(_world: &Arc<World>) -> Router {
    Router::new()
}
