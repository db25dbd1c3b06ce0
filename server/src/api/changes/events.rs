//! A change as it happens, as server-sent events.
//!
//! The id of each event says how much of the change and of its log the viewer has then. With it as
//! `Last-Event-ID` a new stream goes on where the old one broke off: nothing is lost, no line comes twice.

mod follower;

use axum::{
    extract::State,
    http::HeaderMap,
    response::{
        IntoResponse, Response,
        sse::{KeepAlive, Sse},
    },
};
use domain::{ChangeId, Refusal};
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::IntoParams;

use self::follower::{Follower, HEARTBEAT, Place};
use crate::{
    AppState,
    api::{
        asking::{Filters, Named},
        checked, words,
    },
    edge::{Refused, SignedIn},
};

/// Where to begin.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct From {
    /// Log lines after this number; 0, the beginning, when nothing is said. `Last-Event-ID` goes before it.
    #[param(value_type = Option<i64>, minimum = 0)]
    after: Option<checked::LineNumber>,
}

/// Follow a change
///
/// | event | data | when |
/// |---|---|---|
/// | `change` | `{state, version_no}` | at first, and whenever the change or its run moves |
/// | `step` | a step of the run | at first all, then each that moved |
/// | `log` | `[{seq, at, step, text}, …]` | new lines of the log, up to 500 together, each once |
/// | `end` | `{state}` | the change is final and all of its log was sent; do not connect again |
///
/// A comment every 15 seconds keeps the connection open. The stream ends when the portal stops or the caller may
/// no longer see the change; connect again with `Last-Event-ID` to go on.
#[utoipa::path(get, path = "/changes/{id}/events", operation_id = "follow_change", tag = "changes",
    params(("id" = words::Id, Path, description = "The change."), From,
        ("Last-Event-ID" = Option<words::EventPlace>, Header, description = "The id of the last event that arrived.")),
    responses((status = 200, description = "Events.", content_type = "text/event-stream", body = String)))]
pub(in crate::api) async fn follow(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Named(id): Named<ChangeId>,
    Filters(from): Filters<From>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let place = place(&headers, from.after)?;
    // Asked before the stream begins, so that a refusal is an answer of its own.
    state.control().watch(&caller, id).await?;
    let (sender, receiver) = mpsc::channel(4);
    tokio::spawn(Follower::new(state, caller, id, place, sender).run());
    let keep_alive = KeepAlive::new().interval(HEARTBEAT).text("still here");
    let events = Sse::new(ReceiverStream::new(receiver)).keep_alive(keep_alive);
    // Proxies that buffer would make it anything but live.
    Ok(([("x-accel-buffering", "no")], events).into_response())
}

fn place(headers: &HeaderMap, after: Option<checked::LineNumber>) -> Result<Place, Refusal> {
    match headers.get("last-event-id") {
        None => Ok(Place {
            version: 0,
            seq: after.unwrap_or_default().0,
        }),
        Some(sent) => sent.to_str().ok().and_then(Place::read).ok_or_else(|| {
            Refusal::field(
                "Last-Event-ID",
                "this is no id of an event of this stream; start again without it",
            )
        }),
    }
}
