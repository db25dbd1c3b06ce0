//! One cluster: its objects, and the due times at which its controllers act. A change sets timers; [`Cluster::advance`]
//! plays them in order up to now, so a rollout takes its time on the world's clock and a jump of the clock plays all of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::address::Kind;
use super::objects;
use super::store::Store;

/// Something a controller will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Timer {
    /// The Deployment controller looks at a Deployment.
    Sync(String),
    /// The kubelet pulls the images of a pod and starts it.
    Start(String),
    /// A terminating pod is gone.
    Gone(String),
    /// A rollout that has not progressed since this long is reported.
    Deadline(String, i64),
    /// An event is too old.
    Forget(String),
}

/// One cluster.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) store: Store,
    /// Services whose containers exit right after they start.
    pub(crate) crashing: BTreeSet<String>,
    /// From Pending to Running, milliseconds.
    pub(crate) rollout_ms: i64,
    /// Overrides every Deployment's `progressDeadlineSeconds`.
    pub(crate) deadline_s: Option<i64>,
    timers: BTreeMap<(i64, u64), Timer>,
    serial: u64,
}

/// Events live for an hour.
const EVENT_LIFE_MS: i64 = 3_600_000;

impl Cluster {
    /// A cluster without workloads.
    pub(crate) fn new(account: &str, region: &str, name: &str, namespace: &str) -> Self {
        Self {
            account: account.to_owned(),
            region: region.to_owned(),
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            store: Store::default(),
            crashing: BTreeSet::new(),
            rollout_ms: 400,
            deadline_s: None,
            timers: BTreeMap::new(),
            serial: 0,
        }
    }

    /// A number that no object of this cluster has had.
    pub(crate) fn serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// Sets a timer.
    pub(crate) fn after(&mut self, at: i64, timer: Timer) {
        let serial = self.serial();
        self.timers.insert((at, serial), timer);
    }

    /// A Deployment has changed: the controller notices a little later.
    pub(crate) fn touched(&mut self, deployment: &str, now: i64) {
        self.after(
            now + self.rollout_ms / 10,
            Timer::Sync(deployment.to_owned()),
        );
    }

    /// Plays everything that is due. `resolve` tells which digest an image stands for.
    pub(crate) fn advance(&mut self, now: i64, resolve: &dyn Fn(&str) -> Option<String>) {
        while let Some((&(at, serial), _)) = self.timers.first_key_value() {
            if at > now {
                return;
            }
            let Some(timer) = self.timers.remove(&(at, serial)) else {
                return;
            };
            match timer {
                Timer::Sync(name) => self.sync(&name, at),
                Timer::Start(pod) => self.start(&pod, at, resolve),
                Timer::Gone(pod) => self.gone(&pod, at),
                Timer::Deadline(name, generation) => self.deadline(&name, generation, at),
                Timer::Forget(event) => {
                    let namespace = self.namespace.clone();
                    self.store.remove(Kind::Event, &namespace, &event);
                }
            }
        }
    }

    /// Applies a Deployment from outside.
    pub(crate) fn put_deployment(&mut self, deployment: Value, now: i64) -> Value {
        let name = objects::text(&deployment, "/metadata/name").to_owned();
        let stored = self.store.put(Kind::Deployment, deployment);
        self.touched(&name, now);
        stored
    }

    /// Writes an event.
    pub(crate) fn event(
        &mut self,
        about: &Value,
        reason: &str,
        message: &str,
        component: &str,
        now: i64,
    ) {
        let serial = self.serial();
        let event = objects::event(about, reason, message, component, serial, now);
        let name = objects::text(&event, "/metadata/name").to_owned();
        self.store.put(Kind::Event, event);
        self.after(now + EVENT_LIFE_MS, Timer::Forget(name));
    }

    /// Pods of a Deployment, or of one of its `ReplicaSets`.
    pub(crate) fn pods_of(&self, owner: &str) -> Vec<Value> {
        let mine = |pod: &&Value| {
            let set = objects::text(pod, "/metadata/ownerReferences/0/name");
            set == owner
                || set
                    .rsplit_once('-')
                    .is_some_and(|(deployment, _)| deployment == owner)
        };
        self.store
            .list(Kind::Pod, &self.namespace)
            .filter(mine)
            .cloned()
            .collect()
    }
}
