//! The HTTP side on one page: where a request can go and which layers it passes.

mod listener;
mod site;

use std::{net::SocketAddr, path::Path, time::Duration};

use anyhow::Context as _;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use control::{Clock, outside::PortalIdentity};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
};

use domain::RefusalCode;

use crate::{
    AppState, Config, api,
    edge::{self, Refused},
    pages, sessions, signin,
};

/// Everything the portal answers.
///
/// A request passes the layers from the last line of each block to its first: what is written
/// lower is further out.
pub fn router(state: &AppState) -> Router {
    let with = || state.clone();
    let pages = pages::Pages::of(with());
    // For whom it matters who asks.
    let asked = Router::new()
        .nest(
            "/api/v1",
            api::router().layer(middleware::from_fn_with_state(with(), edge::keyed::once)),
        )
        .merge(signin::router())
        .with_state(with())
        .merge(pages::router(pages.clone()))
        .layer(middleware::from_fn_with_state(with(), edge::limits::writes))
        .layer(middleware::from_fn_with_state(with(), edge::csrf::protect))
        .layer(middleware::from_fn_with_state(
            pages.clone(),
            pages::found_out,
        ))
        .layer(middleware::from_fn_with_state(with(), edge::caller::find))
        .layer(sessions::layer(state))
        .layer(middleware::from_fn_with_state(
            with(),
            edge::request::to_the_end,
        ));
    let mut open = Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready));
    if !state.metrics_apart() {
        open = open.route("/metrics", get(edge::metrics::show));
    }
    asked
        .merge(open.with_state(with()))
        .fallback_service(site::service(state, pages))
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn(edge::metrics::measure))
        .layer(middleware::from_fn_with_state(
            with(),
            edge::request::time_out,
        ))
        .layer(middleware::from_fn(edge::body::limit))
        .layer(middleware::from_fn(edge::request::catch_panic))
        .layer(middleware::from_fn(edge::refused::render))
        .layer(edge::compression::layer())
        .layer(middleware::from_fn_with_state(
            with(),
            edge::headers::secure,
        ))
        .layer(middleware::from_fn(edge::request::log))
        .layer(middleware::from_fn_with_state(
            with(),
            edge::request::identify,
        ))
}

/// What `metrics_listen` answers, of a worker too: nothing for people, so none of the layers above.
pub fn apart(state: &AppState) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/metrics", get(edge::metrics::show))
        .with_state(state.clone())
}

/// Opens `metrics_listen`, where there is one, and serves it until the state is told to stop.
async fn tell_metrics(address: Option<SocketAddr>, state: &AppState) -> anyhow::Result<()> {
    let Some(address) = address else {
        return Ok(());
    };
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address} (metrics_listen)"))?;
    tracing::info!(address = %listener.local_addr()?, "telling metrics");
    let (router, stopped) = (apart(state), state.stopped());
    tokio::spawn(async move { listener::serve(listener, router, stopped).await });
    Ok(())
}

async fn wrong_method() -> Refused {
    Refused::code(
        RefusalCode::MethodNotAllowed,
        "This address exists, but not with this method.",
    )
}

/// Ready when the database answers and is of this build's version.
async fn ready(State(state): State<AppState>) -> Response {
    match state.control().health().await {
        Ok(health) => match health.obstacle() {
            None => "ready".into_response(),
            Some(why) => (StatusCode::SERVICE_UNAVAILABLE, why).into_response(),
        },
        Err(error) => {
            tracing::error!(%error, "not ready");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "the database does not answer",
            )
                .into_response()
        }
    }
}

/// `portolan serve`: until SIGTERM or SIGINT.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let (address, embedded) = (config.listen, config.worker.embedded);
    let metrics = config.metrics_listen;
    let state = AppState::build(config, Clock::system(), PortalIdentity::of_this_process()).await?;
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))?;
    tell_metrics(metrics, &state).await?;
    state.prepare().await?;
    tracing::info!(%address, public = %state.public_url(), embedded, "serving");
    stop_on_signal(state.clone())?;
    tokio::spawn(sweep(state.clone()));
    let worker = embedded.then(|| {
        let state = state.clone();
        tokio::spawn(async move { state.worker().work_until(state.stopped()).await })
    });
    let serving = std::pin::pin!(on(listener, &state));
    match worker {
        None => serving.await,
        Some(worker) => beside(worker, serving, &state).await?,
    }
    Ok(())
}

/// Serves while the worker works. One that ends before it is told to would leave a portal that looks well and starts nothing:
/// the process ends then, and is started anew.
async fn beside(
    mut worker: JoinHandle<()>,
    mut serving: std::pin::Pin<&mut impl Future<Output = ()>>,
    state: &AppState,
) -> anyhow::Result<()> {
    let ended = tokio::select! {
        () = &mut serving => return worker.await.context("the worker ended badly"),
        ended = &mut worker => ended,
    };
    let early = !state.stopped().is_cancelled();
    state.stop();
    serving.await;
    ended.context("the worker ended badly")?;
    anyhow::ensure!(!early, "the worker ended before it was told to");
    Ok(())
}

/// Serves on a listener that is open already, until the state is told to stop.
pub async fn on(listener: TcpListener, state: &AppState) {
    tokio::spawn(edge::metrics::fold(state.clone()));
    listener::serve(listener, router(state), state.stopped()).await;
    // What somebody asked for who is gone by now.
    state.deeds().close();
    if tokio::time::timeout(GRACE, state.deeds().wait())
        .await
        .is_err()
    {
        tracing::warn!("some requests did not end in time and are cut off");
    }
}

/// Removes what has expired, now and then.
async fn sweep(state: AppState) {
    let (mut tick, stopped) = (tokio::time::interval(SWEEP), state.stopped());
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = stopped.cancelled() => return,
        }
        if let Err(error) = state.control().sweep_expired().await {
            tracing::warn!(%error, "what has expired could not be removed");
        }
    }
}

/// `portolan work`: runs only, until SIGTERM or SIGINT.
pub async fn work(config: Config) -> anyhow::Result<()> {
    let metrics = config.metrics_listen;
    let state = AppState::build(config, Clock::system(), PortalIdentity::of_this_process()).await?;
    tell_metrics(metrics, &state).await?;
    state.prepare().await?;
    stop_on_signal(state.clone())?;
    state.worker().work_until(state.stopped()).await;
    Ok(())
}

fn stop_on_signal(state: AppState) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
        tracing::info!("stopping");
        state.stop();
    });
    Ok(())
}

/// Whether the files for the browser have been built.
pub fn check_site(root: &Path) -> anyhow::Result<String> {
    let folder = root.join("pkg");
    let files = std::fs::read_dir(&folder)
        .with_context(|| {
            format!(
                "{} cannot be read; build with `make build`",
                folder.display()
            )
        })?
        .count();
    anyhow::ensure!(
        files > 0,
        "{} is empty; build with `make build`",
        folder.display()
    );
    Ok(format!("{files} files in {}", folder.display()))
}

/// How long open requests may take to end once the process was told to stop.
pub(crate) const GRACE: Duration = Duration::from_secs(10);

const SWEEP: Duration = Duration::from_secs(300);
