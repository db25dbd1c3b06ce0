//! Numbers for Prometheus: counts and times by route pattern, never a name of a person or service.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::AppState;

/// Upper ends of the buckets of times, in seconds.
const SECONDS: [f64; 12] = [
    0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
const FOLD: Duration = Duration::from_secs(5);

/// The one recorder of this process, installed when first asked for.
pub(crate) fn handle() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            // Buckets, not quantiles: those of several replicas can be added up.
            let builder = PrometheusBuilder::new().set_buckets(&SECONDS);
            let recorder = builder.unwrap_or_default().build_recorder();
            let handle = recorder.handle();
            if metrics::set_global_recorder(recorder).is_err() {
                tracing::warn!(
                    "another recorder of metrics was installed before; /metrics stays empty"
                );
            }
            handle
        })
        .clone()
}

/// Folds what was measured into its buckets, now and then, until the process is told to stop: otherwise every time that was
/// ever taken is kept until somebody asks for `/metrics`, and where nobody does the memory grows with each request.
pub(crate) async fn fold(state: AppState) {
    let (mut tick, stopped) = (tokio::time::interval(FOLD), state.stopped());
    loop {
        tokio::select! {
            _ = tick.tick() => state.metrics().run_upkeep(),
            () = stopped.cancelled() => return,
        }
    }
}

/// Counts and times one request under its route's pattern.
pub async fn measure(request: Request, next: Next) -> Response {
    let began = Instant::now();
    // Whoever asks may invent methods, and each label is kept for ever.
    let method = super::request::known(request.method()).to_owned();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    let labels = [("method", method), ("route", route), ("status", status)];
    metrics::counter!("portolan_http_requests_total", &labels).increment(1);
    metrics::histogram!("portolan_http_request_seconds", &labels)
        .record(began.elapsed().as_secs_f64());
    response
}

/// `GET /metrics`.
pub async fn show(State(state): State<AppState>) -> Response {
    let handle = state.metrics();
    handle.run_upkeep();
    (
        [("content-type", "text/plain; version=0.0.4")],
        handle.render(),
    )
        .into_response()
}
