//! The edge: our own accept loop, because a fault must be able to reset a TCP connection, and the road from a request to its service.
pub mod conn;
pub mod target;
pub mod tls;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use crate::world::World;
use crate::world::faults::{Kind, Target};
use crate::world::journal::Call;
use crate::{aws, jenkins, kubernetes, world};
use conn::{Abort, Conn, Cut};

/// The services behind the edge.
#[derive(Debug, Clone)]
pub struct Routes {
    control: Router,
    aws: Router,
    jenkins: Router,
    kubernetes: Router,
}

impl Routes {
    /// Builds every service over one world.
    pub fn new(world: &Arc<World>) -> Self {
        Self {
            control: world::control::router(world)
                .merge(jenkins::control(world))
                .merge(kubernetes::control(world)),
            aws: aws::router(world),
            jenkins: jenkins::router(world),
            kubernetes: kubernetes::router(world),
        }
    }
}

/// The connection ends without an answer.
#[derive(Debug)]
struct Aborted;

impl std::fmt::Display for Aborted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("aborted by a fault")
    }
}

impl std::error::Error for Aborted {}

/// Accepts connections until the world stops.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    routes: Routes,
    world: Arc<World>,
) {
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, most likely: give the others time to close theirs.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = world.stopped().cancelled() => return,
        };
        let (tls, routes, world) = (tls.clone(), routes.clone(), Arc::clone(&world));
        tokio::spawn(async move {
            let stop = world.stopped().clone();
            tokio::select! {
                () = connection(stream, tls, routes, world) => {}
                () = stop.cancelled() => {}
            }
        });
    }
}

/// What one connection's requests share.
struct Wire {
    routes: Routes,
    world: Arc<World>,
    encrypted: bool,
    abort: Abort,
    /// What the latest request was aimed at: a region that vanishes takes open streams with it.
    aim: Mutex<Option<Target>>,
}

async fn connection(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    routes: Routes,
    world: Arc<World>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let abort = Abort::default();
    let conn = Conn::new(stream, abort.clone());
    let wire = Arc::new(Wire {
        routes,
        world,
        encrypted: tls.is_some(),
        abort,
        aim: Mutex::default(),
    });
    let service = service_fn(|request| {
        let wire = Arc::clone(&wire);
        async move { wire.answer(request).await }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).keep_alive(true);
    let served = async {
        match tls {
            None => http.serve_connection(TokioIo::new(conn), service).await,
            Some(tls) => match tls.accept(conn).await {
                Ok(conn) => http.serve_connection(TokioIo::new(conn), service).await,
                Err(error) => {
                    tracing::debug!(%error, "no TLS");
                    Ok(())
                }
            },
        }
    };
    tokio::select! {
        ended = served => {
            if let Err(error) = ended {
                tracing::debug!(%error, "connection ended");
            }
        }
        () = wire.severed() => {}
    }
}

impl Wire {
    /// Returns once a fault cuts this connection.
    async fn severed(&self) {
        let mut added = self.world.faults().watch();
        while added.changed().await.is_ok() {
            let aim = self
                .aim
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            if let Some(kind) = aim.and_then(|aim| self.world.faults().severs(&aim)) {
                if kind == Kind::Reset {
                    self.abort.reset();
                }
                return;
            }
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, Aborted> {
        let request = request.map(Body::new);
        let service = match route(request.uri().path(), self.encrypted) {
            Route::Control => {
                return Ok(infallible(
                    self.routes.control.clone().oneshot(request).await,
                ));
            }
            Route::Aws => self.routes.aws.clone(),
            Route::Jenkins => self.routes.jenkins.clone(),
            Route::Kubernetes => self.routes.kubernetes.clone(),
        };
        let target = target::of(&request, self.encrypted);
        *self.aim.lock().unwrap_or_else(PoisonError::into_inner) = Some(target.clone());
        let hit = self.world.faults().hit(&target);
        if !hit.delay.is_zero() {
            tokio::time::sleep(hit.delay).await;
        }
        let Some(kind) = hit.kind else {
            let response = infallible(service.oneshot(request).await);
            return match response.extensions().get::<Cut>() {
                None => Ok(response),
                Some(Cut::Close) => Err(Aborted),
                Some(Cut::Reset) => {
                    self.abort.reset();
                    Err(Aborted)
                }
            };
        };
        self.world.record(Call {
            service: target.service.clone(),
            region: target.region.clone(),
            operation: target::operation(&request),
            outcome: format!("fault:{}", kind.word()),
            ..Call::default()
        });
        match kind {
            Kind::Refuse => Err(Aborted),
            Kind::Reset => {
                self.abort.reset();
                Err(Aborted)
            }
            _ => Ok(faulted(&target, request.headers(), kind)),
        }
    }
}

enum Route {
    Control,
    Aws,
    Jenkins,
    Kubernetes,
}

fn route(path: &str, encrypted: bool) -> Route {
    let under = |prefix: &str| {
        path.strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    match () {
        () if encrypted => Route::Kubernetes,
        () if under("/_world") => Route::Control,
        () if under("/jenkins") => Route::Jenkins,
        () => Route::Aws,
    }
}

fn infallible<T>(result: Result<T, std::convert::Infallible>) -> T {
    match result {
        Ok(value) => value,
        Err(never) => match never {},
    }
}

/// The error of a failing or throttling service, in that service's own shape.
fn faulted(target: &Target, headers: &HeaderMap, kind: Kind) -> Response<Body> {
    let throttled = kind == Kind::Throttle;
    match target.service.as_str() {
        "jenkins" => target::plain(
            if throttled { 503 } else { 500 },
            "text/html;charset=utf-8",
            "<html><body><h1>Oops!</h1></body></html>",
        ),
        "kubernetes" => {
            let (code, reason, message) = if throttled {
                (
                    429,
                    "TooManyRequests",
                    "the server has received too many requests and has asked us to try again later",
                )
            } else {
                (
                    500,
                    "InternalError",
                    "Internal error occurred: fault injected",
                )
            };
            let status = serde_json::json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "reason": reason, "message": message, "code": code,
            });
            target::plain(code, "application/json", status.to_string())
        }
        service => aws::faulted(service, headers, throttled),
    }
}
