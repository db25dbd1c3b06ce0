//! `/_world`: how tests and scripts drive the world. Not part of any vendor's interface, never faulted.
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::World;
use super::faults::Fault;

/// Ten years: enough for every expiry, far from the end of representable time.
const MOST_ADVANCE_S: u64 = 315_360_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_s: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Since {
    /// Only calls with a higher number.
    #[serde(default)]
    calls_after: u64,
}

/// The routes of `/_world`.
pub fn router(world: &Arc<World>) -> Router {
    Router::new()
        .route(
            "/_world/faults",
            post(add_fault).get(list_faults).delete(clear_faults),
        )
        .route("/_world/clock", post(advance))
        .route("/_world/state", get(state))
        .with_state(Arc::clone(world))
}

async fn add_fault(State(world): State<Arc<World>>, Json(fault): Json<Fault>) -> Response {
    if let Some(mistake) = fault.mistake() {
        return (
            StatusCode::UNPROCESSABLE_ENTITY,
            Json(json!({ "error": mistake })),
        )
            .into_response();
    }
    world.faults().add(fault);
    (StatusCode::CREATED, Json(world.faults().list())).into_response()
}

async fn list_faults(State(world): State<Arc<World>>) -> Json<Vec<Fault>> {
    Json(world.faults().list())
}

async fn clear_faults(State(world): State<Arc<World>>) -> StatusCode {
    world.faults().clear();
    StatusCode::NO_CONTENT
}

async fn advance(State(world): State<Arc<World>>, Json(advance): Json<Advance>) -> Response {
    if advance.advance_s > MOST_ADVANCE_S {
        let error = format!("advance_s must be at most {MOST_ADVANCE_S}");
        return (
            StatusCode::UNPROCESSABLE_ENTITY,
            Json(json!({ "error": error })),
        )
            .into_response();
    }
    world
        .clock()
        .advance(Duration::from_secs(advance.advance_s));
    Json(json!({ "now": world.now(), "offset_s": world.clock().offset_s() })).into_response()
}

async fn state(State(world): State<Arc<World>>, Query(since): Query<Since>) -> Json<Value> {
    let (aws, jenkins, kubernetes) = {
        let state = world.lock();
        (
            state.aws.observe(),
            state.jenkins.observe(),
            state.kubernetes.observe(),
        )
    };
    Json(json!({
        "now": world.now(),
        "offset_s": world.clock().offset_s(),
        "url": world.url(),
        "kubernetes_url": world.kubernetes_url(),
        "faults": world.faults().list(),
        "aws": aws,
        "jenkins": jenkins,
        "kubernetes": kubernetes,
        "calls": world.calls(since.calls_after),
    }))
}
