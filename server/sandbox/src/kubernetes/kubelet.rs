//! The node side of a rollout: pods start, fail to pull, crash, and go.

use serde_json::{Value, json};

use super::address::Kind;
use super::cluster::{Cluster, Timer};
use super::objects::{self, text, time};

/// A failed pull or a crash is tried again after this long.
const BACK_OFF_MS: i64 = 10_000;

/// How a container stands after a start.
enum Started {
    Running(String),
    NoImage,
    Crashed(String),
}

impl Cluster {
    /// Pulls and starts a pod.
    pub(crate) fn start(&mut self, name: &str, now: i64, resolve: &dyn Fn(&str) -> Option<String>) {
        let namespace = self.namespace.clone();
        let Some(pod) = self.store.get(Kind::Pod, &namespace, name).cloned() else {
            return;
        };
        if pod["metadata"].get("deletionTimestamp").is_some() {
            return;
        }
        let app = text(&pod, "/metadata/labels/app").to_owned();
        let crashing = self.crashing.contains(&app);
        let mut statuses = Vec::new();
        let mut trouble = None;
        for (index, container) in pod["spec"]["containers"]
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
        {
            let image = text(container, "/image").to_owned();
            let started = match resolve(&image) {
                None => Started::NoImage,
                Some(digest) if crashing => Started::Crashed(digest),
                Some(digest) => Started::Running(digest),
            };
            let restarts = pod
                .pointer(&format!("/status/containerStatuses/{index}/restartCount"))
                .and_then(Value::as_i64)
                .unwrap_or_default();
            let (status, failed) = container_after(container, &image, &started, restarts, now);
            statuses.push(status);
            self.pull_events(&pod, &image, &started, now);
            if failed {
                trouble = Some(app.clone());
            }
        }
        let ready = trouble.is_none();
        let any_image = statuses
            .iter()
            .any(|status| !text(status, "/imageID").is_empty());
        let address = format!("10.0.{}.{}", self.serial() % 250, 10 + self.serial() % 200);
        self.store.alter(Kind::Pod, &namespace, name, |pod| {
            pod["status"]["containerStatuses"] = json!(statuses);
            pod["status"]["conditions"] = objects::conditions(ready, now);
            pod["status"]["phase"] = json!(if any_image { "Running" } else { "Pending" });
            pod["status"]["podIP"] = json!(address);
        });
        if trouble.is_some() {
            self.after(now + BACK_OFF_MS, Timer::Start(name.to_owned()));
        }
        self.sync_owner(&pod, now);
    }

    fn pull_events(&mut self, pod: &Value, image: &str, started: &Started, now: i64) {
        match started {
            Started::NoImage => {
                let text = format!(
                    "Failed to pull image \"{image}\": rpc error: code = NotFound desc = failed to resolve reference \"{image}\": not found"
                );
                self.event(pod, "Failed", &text, "kubelet", now);
                self.event(
                    pod,
                    "BackOff",
                    &format!("Back-off pulling image \"{image}\""),
                    "kubelet",
                    now,
                );
            }
            Started::Crashed(_) => self.event(
                pod,
                "BackOff",
                "Back-off restarting failed container",
                "kubelet",
                now,
            ),
            Started::Running(_) => {
                self.event(
                    pod,
                    "Pulled",
                    &format!("Successfully pulled image \"{image}\""),
                    "kubelet",
                    now,
                );
                self.event(pod, "Started", "Started container", "kubelet", now);
            }
        }
    }

    /// A pod is asked to end.
    pub(crate) fn terminate(&mut self, pod: &Value, now: i64) {
        let name = text(pod, "/metadata/name").to_owned();
        let namespace = self.namespace.clone();
        self.event(pod, "Killing", "Stopping container", "kubelet", now);
        self.store.alter(Kind::Pod, &namespace, &name, |pod| {
            pod["metadata"]["deletionTimestamp"] = json!(time(now + 30_000));
            pod["metadata"]["deletionGracePeriodSeconds"] = json!(30);
        });
        self.after(now + self.rollout_ms / 4, Timer::Gone(name));
    }

    /// A terminating pod has ended.
    pub(crate) fn gone(&mut self, name: &str, now: i64) {
        let namespace = self.namespace.clone();
        if let Some(pod) = self.store.get(Kind::Pod, &namespace, name).cloned() {
            self.store.remove(Kind::Pod, &namespace, name);
            self.sync_owner(&pod, now);
        }
    }

    fn sync_owner(&mut self, pod: &Value, now: i64) {
        let set = text(pod, "/metadata/ownerReferences/0/name");
        if let Some((deployment, _)) = set.rsplit_once('-') {
            self.sync(deployment, now);
        }
    }
}

/// The status of a container after a start, and whether it failed.
fn container_after(
    container: &Value,
    image: &str,
    started: &Started,
    restarts: i64,
    now: i64,
) -> (Value, bool) {
    let repository = image.split('@').next().unwrap_or(image);
    // A colon after the last slash is a tag; one before it would be a port.
    let repository = match repository.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => before,
        _ => repository,
    };
    let id = |digest: &str| format!("{repository}@{digest}");
    match started {
        Started::Running(digest) => {
            let state = json!({"running": {"startedAt": time(now)}});
            (
                objects::container_status(container, &id(digest), &state, true, restarts),
                false,
            )
        }
        Started::NoImage => {
            let text = format!("Back-off pulling image \"{image}\"");
            let state = json!({"waiting": {"reason": "ImagePullBackOff", "message": text}});
            (
                objects::container_status(container, "", &state, false, restarts),
                true,
            )
        }
        Started::Crashed(digest) => {
            let state = json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}});
            let mut status =
                objects::container_status(container, &id(digest), &state, false, restarts + 1);
            status["lastState"] = json!({"terminated": {"exitCode": 1, "reason": "Error", "startedAt": time(now), "finishedAt": time(now)}});
            (status, true)
        }
    }
}
