//! The objects of one cluster, each with its resource version, and the recent changes that watches continue from.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};
use tokio::sync::watch;

use super::address::Kind;

/// Changes remembered; a watch from before them is told that it is too old.
const REMEMBERED: usize = 1_000;

/// What happened to an object.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) version: u64,
    pub(crate) kind: Kind,
    /// `ADDED`, `MODIFIED`, `DELETED`.
    pub(crate) what: &'static str,
    pub(crate) object: Value,
    /// As it was before, for selectors that it has left.
    pub(crate) before: Option<Value>,
}

/// The objects of one cluster.
#[derive(Debug)]
pub(crate) struct Store {
    objects: BTreeMap<(Kind, String, String), Value>,
    version: u64,
    oldest: u64,
    history: VecDeque<Change>,
    changed: watch::Sender<u64>,
}

impl Default for Store {
    fn default() -> Self {
        // Real clusters are never near zero, and clients must treat the number as opaque.
        let version = 100_000;
        Self {
            objects: BTreeMap::new(),
            version,
            oldest: version,
            history: VecDeque::new(),
            changed: watch::Sender::new(version),
        }
    }
}

impl Store {
    /// The newest resource version.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// The oldest version that a watch can continue from.
    pub(crate) fn oldest(&self) -> u64 {
        self.oldest
    }

    /// Tells when the version moves.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// One object.
    pub(crate) fn get(&self, kind: Kind, namespace: &str, name: &str) -> Option<&Value> {
        self.objects
            .get(&(kind, namespace.to_owned(), name.to_owned()))
    }

    /// All objects of a kind in a namespace, by name.
    pub(crate) fn list(&self, kind: Kind, namespace: &str) -> impl Iterator<Item = &Value> {
        self.objects
            .range((kind, namespace.to_owned(), String::new())..)
            .take_while(move |((k, ns, _), _)| *k == kind && ns == namespace)
            .map(|(_, object)| object)
    }

    /// Puts an object. The same content again is no change. Returns the object as stored.
    pub(crate) fn put(&mut self, kind: Kind, mut object: Value) -> Value {
        let text = |pointer: &str| {
            object
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let key = (kind, text("/metadata/namespace"), text("/metadata/name"));
        let before = self.objects.get(&key).cloned();
        if let Some(before) = &before {
            object["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"].clone();
            if *before == object {
                return object;
            }
        }
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let what = if before.is_some() {
            "MODIFIED"
        } else {
            "ADDED"
        };
        self.objects.insert(key, object.clone());
        self.remember(kind, what, object.clone(), before);
        object
    }

    /// Alters an object in place.
    pub(crate) fn alter(
        &mut self,
        kind: Kind,
        namespace: &str,
        name: &str,
        work: impl FnOnce(&mut Value),
    ) {
        if let Some(mut object) = self.get(kind, namespace, name).cloned() {
            work(&mut object);
            self.put(kind, object);
        }
    }

    /// Removes an object.
    pub(crate) fn remove(&mut self, kind: Kind, namespace: &str, name: &str) {
        if let Some(mut object) =
            self.objects
                .remove(&(kind, namespace.to_owned(), name.to_owned()))
        {
            self.version += 1;
            object["metadata"]["resourceVersion"] = json!(self.version.to_string());
            self.remember(kind, "DELETED", object.clone(), Some(object));
        }
    }

    /// Changes after a version.
    pub(crate) fn since(&self, version: u64) -> impl Iterator<Item = &Change> {
        let from = self
            .history
            .partition_point(|change| change.version <= version);
        self.history.iter().skip(from)
    }

    /// Forgets all changes, as etcd's compaction does.
    pub(crate) fn compact(&mut self) {
        self.history.clear();
        self.version += 1;
        self.oldest = self.version;
    }

    fn remember(&mut self, kind: Kind, what: &'static str, object: Value, before: Option<Value>) {
        if self.history.len() == REMEMBERED
            && let Some(dropped) = self.history.pop_front()
        {
            self.oldest = dropped.version;
        }
        self.history.push_back(Change {
            version: self.version,
            kind,
            what,
            object,
            before,
        });
        self.changed.send_replace(self.version);
    }
}
