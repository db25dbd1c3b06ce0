//! The Jenkins stand-in: folders and jobs, crumbs, queue, builds that run real child processes, logs, stages and questions.
//! What it does is in the order of Jenkins' own sources: the awkward parts (folding, silently dropped parameters, HTML
//! errors, a log that announces more than it sends) are the ones its clients have to survive.
mod access;
mod answer;
mod build;
mod job;
mod json;
mod log;
mod logs;
mod on_builds;
mod parameters;
mod queue;
mod request;
mod routes;
mod runner;
mod server;
mod stages;
mod state;
mod switches;
mod tree;

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State as Shared;
use axum::extract::rejection::JsonRejection;
use axum::http::{Request, Response, StatusCode};
use axum::response::IntoResponse as _;
use axum::routing::get;
use jiff::Timestamp;
use serde_json::{Value, json};

pub use access::{CRUMB_FIELD, Permission, SESSION_COOKIE, User};
pub use build::{Build, Outcome};
pub use job::{Flavour, Job};
pub use parameters::{Definition, Kind, Parameter};
pub use routes::Route;
pub use state::State;
pub use switches::{Answers, Behaviour, Patch, Switches};

use crate::world::World;
use crate::world::description::Description;
use crate::world::journal::Call;

/// No request to Jenkins is larger.
const LARGEST_BODY: usize = 2 * 1024 * 1024;

impl State {
    /// The state that the description asks for: one deployment pipeline a service.
    pub fn seed(description: &Description, _now: Timestamp) -> anyhow::Result<Self> {
        let seed = &description.jenkins;
        let names: Vec<String> = description
            .services
            .iter()
            .map(|service| format!("{}{}", seed.job_prefix, service.name))
            .collect();
        let mut state = Self::with_jobs(&seed.folder, names.iter().map(String::as_str));
        state
            .access
            .put(&seed.user, User::trusted(&seed.user, &seed.token));
        Ok(state)
    }
}

/// The routes, full paths. Also starts the executors.
pub fn router(world: &Arc<World>) -> Router {
    runner::spawn(world);
    Router::new().fallback(answer).with_state(Arc::clone(world))
}

/// The world's hand on Jenkins: `/_world/jenkins`.
pub fn control(world: &Arc<World>) -> Router {
    Router::new()
        .route(
            "/_world/jenkins",
            get(switches_now).post(switch).delete(reset),
        )
        .with_state(Arc::clone(world))
}

async fn answer(Shared(world): Shared<Arc<World>>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let asked = request::Asked::read(&parts, &body);
    let root = format!("{}/jenkins/", world.url());
    let served = server::serve(
        &mut world.lock().jenkins,
        &asked,
        &root,
        runner::now(&world),
    );
    let status = served.answer.status;
    let cut = served.answer.cut;
    if asked.post || status >= 400 || cut.is_some() {
        world.record(Call {
            service: "jenkins".to_owned(),
            operation: served.route.map_or_else(
                || format!("{} {}", parts.method, parts.uri.path()),
                Route::name,
            ),
            caller: Some(served.user),
            outcome: match cut {
                Some(_) => "cut".to_owned(),
                None if status < 400 => "ok".to_owned(),
                None => status.to_string(),
            },
            detail: json!({"job": served.place.name, "build": served.place.build}),
            ..Call::default()
        });
    }
    let mut response = served.answer.into_response();
    if let Some(cut) = cut {
        response.extensions_mut().insert(cut);
    }
    response
}

async fn switches_now(Shared(world): Shared<Arc<World>>) -> Json<Value> {
    Json(json!(world.lock().jenkins.switches))
}

async fn switch(
    Shared(world): Shared<Arc<World>>,
    patch: Result<Json<Patch>, JsonRejection>,
) -> Response<Body> {
    let refuse = |error: String| {
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            Json(json!({"error": error})),
        )
            .into_response()
    };
    let patch = match patch {
        Ok(Json(patch)) => patch,
        Err(error) => return refuse(error.body_text()),
    };
    let mut state = world.lock();
    match state.jenkins.switch(patch) {
        Ok(()) => Json(json!(state.jenkins.switches)).into_response(),
        Err(error) => refuse(error),
    }
}

async fn reset(Shared(world): Shared<Arc<World>>) -> StatusCode {
    let patch = Patch {
        disabled: Some(false),
        exclusive: Some(false),
        ..Patch::default()
    };
    let mut state = world.lock();
    state.jenkins.switches = Switches::default();
    match state.jenkins.switch(patch) {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
