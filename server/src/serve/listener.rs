//! Accepts connections. Our own loop, since axum's has no limit on how slowly a request's head may arrive.

use std::{convert::Infallible, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::GRACE;

const HEAD: Duration = Duration::from_secs(10);

/// Serves until `stopped`; then open requests get [`GRACE`] to end.
pub(super) async fn serve(listener: TcpListener, router: Router, stopped: CancellationToken) {
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped.cancelled() => break,
            Some(_) = open.join_next(), if !open.is_empty() => continue,
        };
        match accepted {
            Ok((stream, _)) => {
                open.spawn(connection(stream, router.clone(), stopped.clone()));
            }
            Err(error) => {
                // Mostly too many open files: waiting lets some of them close.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    let end = async { while open.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, end).await.is_err() {
        tracing::warn!("some requests did not end in time and are cut off");
    }
}

async fn connection(stream: TcpStream, router: Router, stopped: CancellationToken) {
    let Ok(peer) = stream.peer_addr() else { return };
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let router = router.clone();
        async move {
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            router.oneshot(request).await as Result<_, Infallible>
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
}
