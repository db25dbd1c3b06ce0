//! Watches: one JSON object a line, for as long as the caller listens.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use futures::Stream;
use serde_json::{Value, json};
use tokio::sync::watch::Receiver;
use tokio::time::Instant;

use super::Key;
use super::server::Watch;
use super::status::Refusal;
use super::store::{Change, Store};
use crate::world::World;

struct Streaming {
    world: Arc<World>,
    key: Key,
    watch: Watch,
    /// Everything up to here has been sent.
    sent: u64,
    ready: VecDeque<Value>,
    changed: Receiver<u64>,
    ends: Instant,
    over: bool,
}

/// The body of a watch.
pub(crate) fn body(world: &Arc<World>, key: Key, namespace: &str, watch: Watch) -> Option<Body> {
    let state = world.lock();
    let store = &state.kubernetes.cluster(&key)?.store;
    let changed = store.subscribe();
    let mut ready = VecDeque::new();
    let sent = watch.from.unwrap_or_else(|| {
        let present = store
            .list(watch.kind, namespace)
            .filter(|object| watch.selector.matches(object));
        ready.extend(present.map(|object| json!({"type": "ADDED", "object": object})));
        store.version()
    });
    drop(state);
    let ends = Instant::now() + Duration::from_secs(watch.timeout_s.min(86_400));
    let streaming = Streaming {
        world: Arc::clone(world),
        key,
        watch,
        sent,
        ready,
        changed,
        ends,
        over: false,
    };
    Some(Body::from_stream(lines(streaming)))
}

fn lines(streaming: Streaming) -> impl Stream<Item = Result<String, std::convert::Infallible>> {
    futures::stream::unfold(streaming, |mut streaming| async move {
        loop {
            if let Some(event) = streaming.ready.pop_front() {
                return Some((Ok(format!("{event}\n")), streaming));
            }
            if streaming.over {
                return None;
            }
            streaming.collect();
            if streaming.ready.is_empty() && !streaming.over {
                tokio::select! {
                    changed = streaming.changed.changed() => streaming.over = changed.is_err(),
                    () = tokio::time::sleep_until(streaming.ends) => streaming.end(),
                    () = streaming.world.stopped().cancelled() => return None,
                }
            }
        }
    })
}

impl Streaming {
    fn end(&mut self) {
        self.over = true;
        if self.watch.bookmarks {
            let kind = self.watch.kind;
            self.ready.push_back(json!({"type": "BOOKMARK", "object": {
                "kind": kind.name(), "apiVersion": kind.api_version(),
                "metadata": {"resourceVersion": self.sent.to_string(), "creationTimestamp": null},
                "spec": {"template": {"metadata": {}, "spec": {"containers": null}}, "selector": null, "containers": null}, "status": {},
            }}));
        }
    }

    fn collect(&mut self) {
        let state = self.world.lock();
        let Some(cluster) = state.kubernetes.cluster(&self.key) else {
            self.over = true;
            return;
        };
        let store: &Store = &cluster.store;
        if self.sent < store.oldest() {
            // Once a watch is accepted, even this arrives as an event of it.
            let refusal = Refusal::expired(format!(
                "too old resource version: {} ({})",
                self.sent,
                store.oldest()
            ));
            self.ready
                .push_back(json!({"type": "ERROR", "object": refusal.json()}));
            self.over = true;
            return;
        }
        for change in store
            .since(self.sent)
            .filter(|change| change.kind == self.watch.kind)
        {
            if let Some(what) = seen(&self.watch, change) {
                self.ready
                    .push_back(json!({"type": what, "object": change.object}));
            }
        }
        self.sent = self.sent.max(store.version());
    }
}

/// What a change is to this watch: an object that no longer fits its selector is deleted, one that now fits is added.
fn seen(watch: &Watch, change: &Change) -> Option<&'static str> {
    let now = change.what != "DELETED" && watch.selector.matches(&change.object);
    let before = change
        .before
        .as_ref()
        .is_some_and(|object| watch.selector.matches(object));
    match (before, now) {
        (true, true) => Some("MODIFIED"),
        (true, false) => Some("DELETED"),
        (false, true) => Some("ADDED"),
        (false, false) => None,
    }
}
