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
use crate::aws::{Datum, Named};

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
        .route("/_world/metrics", post(put_metrics).delete(clear_metrics))
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

/// A metric as scripts put it, without a signature.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Put {
    account: String,
    region: String,
    namespace: String,
    metric: String,
    #[serde(default)]
    dimensions: std::collections::BTreeMap<String, String>,
    value: f64,
    /// How long ago it was, and for how long it has been so since then: a value for each second.
    #[serde(default)]
    ago_s: u32,
    #[serde(default)]
    seconds: u32,
}

/// A day of seconds.
const MOST_SECONDS: u32 = 86_400;

async fn put_metrics(State(world): State<Arc<World>>, Json(put): Json<Put>) -> Response {
    if put.seconds > MOST_SECONDS || put.ago_s > MOST_SECONDS || !put.value.is_finite() {
        let error = format!("ago_s and seconds must be at most {MOST_SECONDS}, value a number");
        return (
            StatusCode::UNPROCESSABLE_ENTITY,
            Json(json!({ "error": error })),
        )
            .into_response();
    }
    let now = world.now().as_second();
    let mut state = world.lock();
    for second in 0..put.seconds.max(1) {
        let named = Named {
            namespace: put.namespace.clone(),
            metric: put.metric.clone(),
            dimensions: put.dimensions.clone(),
        };
        let datum = Datum {
            at: now - i64::from(put.ago_s) + i64::from(second),
            value: put.value,
            count: 1.0,
        };
        let place = (put.account.clone(), put.region.clone());
        state.aws.metrics.put(place, named, datum);
    }
    StatusCode::NO_CONTENT.into_response()
}

async fn clear_metrics(State(world): State<Arc<World>>) -> StatusCode {
    world.lock().aws.metrics.clear();
    StatusCode::NO_CONTENT
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
