//! The Kubernetes API stand-in: every EKS cluster of the world under `/clusters/<account>/<region>/<name>`, with EKS
//! tokens, access entries, RBAC, patches, watches, and rollouts that take their time.
mod address;
mod admission;
mod apply;
mod cluster;
mod controller;
mod images;
mod kubelet;
mod lifecycle;
mod objects;
mod patch;
mod rbac;
mod selector;
mod server;
mod status;
mod store;
mod switches;
mod token;
mod watch;

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::State as Shared;
use axum::extract::rejection::JsonRejection;
use axum::http::request::Parts;
use axum::http::{Request, Response, StatusCode};
use axum::response::IntoResponse as _;
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use serde_json::{Value, json};

pub use address::{Kind, SERVED};
pub use switches::Patch;

use crate::aws;
use crate::edge::target::plain;
use crate::world::World;
use crate::world::description::{Description, image_digest};
use crate::world::journal::Call;
use address::Address;
use cluster::Cluster;
use server::{Answer, Asked};
use status::Refusal;

/// etcd takes no larger request.
const LARGEST_BODY: usize = 3 * 1024 * 1024;
/// How often the controllers look at the clock.
const BEAT: Duration = Duration::from_millis(25);
/// The workloads of the seed are this old, so that their rollout is long over.
const SEED_AGE_MS: i64 = 86_400_000;

/// Which cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) name: String,
}

/// The objects of every cluster.
#[derive(Debug)]
pub struct State {
    clusters: Vec<Cluster>,
}

impl State {
    /// Every cluster with its services deployed and running.
    pub fn seed(description: &Description, now: Timestamp) -> anyhow::Result<Self> {
        let born = now.as_millisecond() - SEED_AGE_MS;
        let clusters = description
            .clusters
            .iter()
            .map(|seed| {
                let mut cluster =
                    Cluster::new(&seed.account, &seed.region, &seed.name, &seed.namespace);
                for service in description
                    .services
                    .iter()
                    .filter(|service| service.deployed)
                {
                    let digest = image_digest(&service.name, &service.running);
                    let registry =
                        format!("{}.dkr.ecr.{}.amazonaws.com", seed.account, seed.region);
                    let workload = objects::Workload {
                        namespace: &seed.namespace,
                        service: &service.name,
                        team: &service.team,
                        replicas: service.replicas,
                        image: format!(
                            "{registry}/{}/{}@{digest}",
                            description.registry.prefix, service.name
                        ),
                    };
                    cluster.put_deployment(objects::deployment(&workload, born), born);
                }
                cluster.advance(now.as_millisecond(), &images::cached);
                cluster
            })
            .collect();
        Ok(Self { clusters })
    }

    pub(crate) fn cluster(&self, key: &Key) -> Option<&Cluster> {
        self.clusters
            .iter()
            .find(|c| c.name == key.name && c.region == key.region && c.account == key.account)
    }

    fn cluster_mut(&mut self, key: &Key) -> Option<&mut Cluster> {
        self.clusters
            .iter_mut()
            .find(|c| c.name == key.name && c.region == key.region && c.account == key.account)
    }

    fn advance(&mut self, aws: &aws::State, now: i64) {
        for cluster in &mut self.clusters {
            cluster.advance(now, &|image| images::resolve(aws, image));
        }
    }
}

/// The routes, full paths. Also starts the controllers.
pub fn router(world: &Arc<World>) -> Router {
    let (weak, stop) = (Arc::downgrade(world), world.stopped().clone());
    tokio::spawn(async move {
        tokio::select! {
            () = drive(weak) => {}
            () = stop.cancelled() => {}
        }
    });
    Router::new().fallback(answer).with_state(Arc::clone(world))
}

async fn drive(world: Weak<World>) {
    let mut beat = tokio::time::interval(BEAT);
    loop {
        beat.tick().await;
        let Some(world) = world.upgrade() else { return };
        let now = world.now().as_millisecond();
        let mut state = world.lock();
        let crate::world::State {
            aws, kubernetes, ..
        } = &mut *state;
        kubernetes.advance(aws, now);
    }
}

/// The world's hand on the clusters: `/_world/kubernetes`.
pub fn control(world: &Arc<World>) -> Router {
    Router::new()
        .route("/_world/kubernetes", get(observe).post(switch))
        .with_state(Arc::clone(world))
}

async fn observe(Shared(world): Shared<Arc<World>>) -> Json<Value> {
    Json(world.lock().kubernetes.observe())
}

async fn switch(
    Shared(world): Shared<Arc<World>>,
    patch: Result<Json<Patch>, JsonRejection>,
) -> Response<Body> {
    let done = match patch {
        Ok(Json(patch)) => world
            .lock()
            .kubernetes
            .switch(&patch, world.now().as_millisecond()),
        Err(error) => Err(error.body_text()),
    };
    match done {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            Json(json!({"error": error})),
        )
            .into_response(),
    }
}

async fn answer(Shared(world): Shared<Arc<World>>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Some((key, path)) = cluster_of(parts.uri.path()) else {
        return plain(404, "text/plain", "no cluster is served here\n");
    };
    let Some(version) = world
        .description()
        .clusters
        .iter()
        .find(|c| c.account == key.account && c.region == key.region && c.name == key.name)
        .map(|cluster| cluster.version.clone())
    else {
        return plain(404, "text/plain", "no cluster is served here\n");
    };
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return refused(&Refusal::too_large());
    };
    let query = serde_urlencoded::from_str::<BTreeMap<String, String>>(
        parts.uri.query().unwrap_or_default(),
    );
    let content_type = parts
        .headers
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let asked = Asked {
        method: parts.method.as_str().to_owned(),
        address: Address::parse(&path),
        query: query.unwrap_or_default(),
        content_type: content_type.to_owned(),
        body: body.to_vec(),
    };
    let mut call = Call {
        service: "kubernetes".to_owned(),
        region: Some(key.region.clone()),
        operation: format!("{} {}", asked.verb(), asked.address.whole_resource()),
        detail: json!({"cluster": key.name, "account": key.account, "path": path}),
        ..Call::default()
    };
    let outcome = act(&world, &key, &parts, &asked, &version, &mut call);
    call.outcome = match &outcome {
        Ok(_) => "ok".to_owned(),
        Err(refusal) => refusal.reason.to_owned(),
    };
    if outcome.is_err() || !matches!(asked.verb(), "get" | "list" | "watch") {
        world.record(call);
    }
    match outcome {
        Ok(Answer::Json(value)) => plain(200, "application/json", value.to_string()),
        Ok(Answer::Created(value)) => plain(201, "application/json", value.to_string()),
        Ok(Answer::Watch(wanted)) => {
            let namespace = asked.address.namespace.unwrap_or_default();
            match watch::body(&world, key, &namespace, wanted) {
                Some(body) => plain(200, "application/json", body),
                None => refused(&Refusal::no_such_path()),
            }
        }
        Err(refusal) => refused(&refusal),
    }
}

fn act(
    world: &World,
    key: &Key,
    parts: &Parts,
    asked: &Asked,
    version: &str,
    call: &mut Call,
) -> Result<Answer, Refusal> {
    let (user, identity) = token::user(world, key, &parts.headers)?;
    call.caller = Some(user.name.clone());
    if let Some(identity) = identity {
        call.session_name = identity.session_name;
        call.source_identity = identity.source_identity;
        call.access_key_id = Some(identity.access_key_id);
    }
    let now = world.now().as_millisecond();
    let mut state = world.lock();
    let crate::world::State {
        aws, kubernetes, ..
    } = &mut *state;
    kubernetes.advance(aws, now);
    let cluster = kubernetes
        .cluster_mut(key)
        .ok_or_else(Refusal::no_such_path)?;
    server::serve(cluster, &user, asked, version, now)
}

fn refused(refusal: &Refusal) -> Response<Body> {
    plain(refusal.code, "application/json", refusal.json().to_string())
}

/// Takes `/clusters/<account>/<region>/<name>` off a path.
fn cluster_of(path: &str) -> Option<(Key, String)> {
    let mut parts = path.strip_prefix("/clusters/")?.splitn(4, '/');
    let key = Key {
        account: parts.next()?.to_owned(),
        region: parts.next()?.to_owned(),
        name: parts.next()?.to_owned(),
    };
    Some((key, format!("/{}", parts.next().unwrap_or_default())))
}
