//! The HTTP side on one page: where a request can go and which layers it passes.

mod listener;
mod site;

use std::{path::Path, time::Duration};

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
};

use crate::{AppState, Config, api, edge, pages};

/// Everything the portal answers.
pub fn router(state: &AppState) -> Router {
    let plain = Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(edge::metrics::show))
        .nest("/api/v1", api::router())
        .with_state(state.clone());
    plain
        .merge(pages::router(state.clone()))
        .fallback_service(site::service(state))
        .layer(middleware::from_fn(edge::metrics::measure))
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
    let state = AppState::build(config, Clock::system(), PortalIdentity::of_this_process()).await?;
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))?;
    tracing::info!(%address, public = %state.public_url(), embedded, "serving");
    stop_on_signal(state.clone())?;
    listener::serve(listener, router(&state), state.stopped()).await;
    Ok(())
}

/// `portolan work`: runs only, until SIGTERM or SIGINT.
pub async fn work(config: Config) -> anyhow::Result<()> {
    let state = AppState::build(config, Clock::system(), PortalIdentity::of_this_process()).await?;
    stop_on_signal(state.clone())?;
    state.stopped().cancelled().await;
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
