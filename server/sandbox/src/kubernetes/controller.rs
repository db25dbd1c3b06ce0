//! The Deployment controller: rolling updates within surge and unavailability, `ReplicaSets`, status and conditions.

use serde_json::{Value, json};

use super::address::Kind;
use super::cluster::{Cluster, Timer};
use super::objects::{self, count, text, time};

const COMPONENT: &str = "deployment-controller";

/// The pods of a Deployment, counted.
#[derive(Debug, Default)]
struct Tally {
    new: Vec<Value>,
    old: Vec<Value>,
}

fn ready(pod: &Value) -> bool {
    let conditions = pod.pointer("/status/conditions").and_then(Value::as_array);
    conditions
        .into_iter()
        .flatten()
        .any(|c| text(c, "/type") == "Ready" && text(c, "/status") == "True")
}

fn size(pods: &[Value]) -> i64 {
    i64::try_from(pods.len()).unwrap_or(i64::MAX)
}

fn ready_in(pods: &[Value]) -> i64 {
    i64::try_from(pods.iter().filter(|pod| ready(pod)).count()).unwrap_or(i64::MAX)
}

/// `25%` or a number of the desired pods; surge rounds up, unavailability down.
fn share(value: &Value, desired: i64, up: bool) -> i64 {
    match value {
        Value::String(text) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or(25);
            let product = desired * percent;
            if up {
                (product + 99) / 100
            } else {
                product / 100
            }
        }
        number => number.as_i64().unwrap_or(1),
    }
}

impl Cluster {
    /// One look at a Deployment: moves its rollout on by what is allowed now and writes its status.
    pub(crate) fn sync(&mut self, name: &str, now: i64) {
        let namespace = self.namespace.clone();
        let Some(deployment) = self.store.get(Kind::Deployment, &namespace, name).cloned() else {
            return;
        };
        if deployment["metadata"].get("deletionTimestamp").is_some() {
            return self.collect(name);
        }
        let hash = objects::template_hash(&deployment["spec"]["template"]);
        let set = format!("{name}-{hash}");
        let generation = count(&deployment, "/metadata/generation");
        let fresh = count(&deployment, "/status/observedGeneration") < generation;
        if deployment["spec"]["paused"] != json!(true) {
            let made = self.ensure_set(&deployment, &set, &hash, now);
            self.move_on(&deployment, &set, now);
            if fresh || made {
                let seconds = self
                    .deadline_s
                    .unwrap_or_else(|| count(&deployment, "/spec/progressDeadlineSeconds"));
                self.after(
                    now + seconds * 1_000,
                    Timer::Deadline(name.to_owned(), generation),
                );
            }
        }
        self.count_sets(name, now);
        self.write_status(name, &set, now);
    }

    /// Makes the `ReplicaSet` of the present template, or gives an old one the newest revision again.
    fn ensure_set(&mut self, deployment: &Value, set: &str, hash: &str, now: i64) -> bool {
        let namespace = self.namespace.clone();
        let revision_of = |object: &Value| {
            object["metadata"]["annotations"]["deployment.kubernetes.io/revision"]
                .as_str()
                .and_then(|revision| revision.parse::<i64>().ok())
                .unwrap_or_default()
        };
        let sets = self.sets_of(text(deployment, "/metadata/name"));
        let newest = sets.iter().map(revision_of).max().unwrap_or_default();
        let existing = sets
            .iter()
            .find(|candidate| text(candidate, "/metadata/name") == set);
        let revision = match existing {
            Some(existing) if revision_of(existing) == newest => newest,
            _ => newest + 1,
        };
        match existing {
            Some(_) => self
                .store
                .alter(Kind::ReplicaSet, &namespace, set, |object| {
                    object["metadata"]["annotations"]["deployment.kubernetes.io/revision"] =
                        json!(revision.to_string());
                }),
            None => {
                self.store.put(
                    Kind::ReplicaSet,
                    objects::replica_set(deployment, hash, revision, now),
                );
            }
        }
        self.store.alter(
            Kind::Deployment,
            &namespace,
            text(deployment, "/metadata/name"),
            |object| {
                object["metadata"]["annotations"]["deployment.kubernetes.io/revision"] =
                    json!(revision.to_string());
            },
        );
        revision != newest
    }

    pub(crate) fn sets_of(&self, deployment: &str) -> Vec<Value> {
        self.store
            .list(Kind::ReplicaSet, &self.namespace)
            .filter(|set| text(set, "/metadata/ownerReferences/0/name") == deployment)
            .cloned()
            .collect()
    }

    fn tally(&self, deployment: &str, set: &str) -> Tally {
        let mut tally = Tally::default();
        for pod in self.pods_of(deployment) {
            if pod["metadata"].get("deletionTimestamp").is_some() {
                continue;
            }
            if text(&pod, "/metadata/ownerReferences/0/name") == set {
                tally.new.push(pod);
            } else {
                tally.old.push(pod);
            }
        }
        tally
    }

    /// Creates and ends as many pods as the strategy allows now.
    fn move_on(&mut self, deployment: &Value, set: &str, now: i64) {
        let name = text(deployment, "/metadata/name");
        let desired = count(deployment, "/spec/replicas");
        let rolling = &deployment["spec"]["strategy"]["rollingUpdate"];
        let surge = share(&rolling["maxSurge"], desired, true);
        let unavailable = share(&rolling["maxUnavailable"], desired, false);
        let tally = self.tally(name, set);
        let (new, old) = (size(&tally.new), size(&tally.old));
        let grow = (desired - new).min(desired + surge - new - old).max(0);
        if grow > 0 {
            let text = format!("Scaled up replica set {set} from {new} to {}", new + grow);
            self.event(deployment, "ScalingReplicaSet", &text, COMPONENT, now);
            self.create_pods(set, grow, now);
        }
        // Pods that never came up may go at once; ready ones only while enough others are ready.
        let mut spare =
            (ready_in(&tally.new) + ready_in(&tally.old) - (desired - unavailable)).max(0);
        let excess = (new - desired).max(0);
        let surplus = tally
            .new
            .iter()
            .rev()
            .take(usize::try_from(excess).unwrap_or_default());
        let mut going: Vec<&Value> = surplus.collect();
        for pod in &tally.old {
            if !ready(pod) {
                going.push(pod);
            } else if spare > 0 {
                spare -= 1;
                going.push(pod);
            }
        }
        if !going.is_empty() {
            // What goes makes room: the controller sees its own change and looks again.
            self.touched(name, now);
        }
        for pod in going {
            let parent = text(pod, "/metadata/ownerReferences/0/name");
            let left = size(&self.pods_of(parent)) - 1;
            let words = format!(
                "Scaled down replica set {parent} from {} to {left}",
                left + 1
            );
            self.event(deployment, "ScalingReplicaSet", &words, COMPONENT, now);
            self.terminate(pod, now);
        }
    }

    fn create_pods(&mut self, set: &str, number: i64, now: i64) {
        let namespace = self.namespace.clone();
        let Some(parent) = self.store.get(Kind::ReplicaSet, &namespace, set).cloned() else {
            return;
        };
        for _ in 0..number {
            let serial = self.serial();
            let pod = self
                .store
                .put(Kind::Pod, objects::pod(&parent, serial, now));
            let name = text(&pod, "/metadata/name").to_owned();
            self.event(
                &parent,
                "SuccessfulCreate",
                &format!("Created pod: {name}"),
                "replicaset-controller",
                now,
            );
            self.after(now + self.rollout_ms, Timer::Start(name));
        }
    }

    /// Brings every `ReplicaSet`'s numbers up to date and forgets the oldest empty ones.
    fn count_sets(&mut self, deployment: &str, _now: i64) {
        let namespace = self.namespace.clone();
        for set in self.sets_of(deployment) {
            let name = text(&set, "/metadata/name").to_owned();
            let live: Vec<Value> = self
                .pods_of(&name)
                .into_iter()
                .filter(|pod| pod["metadata"].get("deletionTimestamp").is_none())
                .collect();
            let (number, up) = (size(&live), ready_in(&live));
            self.store
                .alter(Kind::ReplicaSet, &namespace, &name, |set| {
                    if count(set, "/spec/replicas") != number {
                        set["spec"]["replicas"] = json!(number);
                        let generation = count(set, "/metadata/generation") + 1;
                        set["metadata"]["generation"] = json!(generation);
                        set["status"]["observedGeneration"] = json!(generation);
                    }
                    set["status"]["replicas"] = json!(number);
                    set["status"]["readyReplicas"] = json!(up);
                    set["status"]["availableReplicas"] = json!(up);
                });
        }
    }

    fn write_status(&mut self, name: &str, set: &str, now: i64) {
        let namespace = self.namespace.clone();
        let tally = self.tally(name, set);
        let (new, old) = (size(&tally.new), size(&tally.old));
        let available = ready_in(&tally.new) + ready_in(&tally.old);
        self.store
            .alter(Kind::Deployment, &namespace, name, |deployment| {
                let desired = count(deployment, "/spec/replicas");
                let generation = count(deployment, "/metadata/generation");
                let before = deployment["status"].clone();
                let unavailable = (desired.max(new + old) - available).max(0);
                let mut status = json!({"observedGeneration": generation});
                for (field, value) in [
                    ("replicas", new + old),
                    ("updatedReplicas", new),
                    ("readyReplicas", available),
                    ("availableReplicas", available),
                    ("unavailableReplicas", unavailable),
                ] {
                    // Zero is left out, as Go's omitempty does.
                    if value != 0 {
                        status[field] = json!(value);
                    }
                }
                let complete = new == desired && old == 0 && ready_in(&tally.new) >= desired;
                let moved = complete
                    || count(&before, "/observedGeneration") < generation
                    || count(&before, "/updatedReplicas") < new
                    || count(&before, "/readyReplicas") < available
                    || count(&before, "/replicas") > new + old;
                let progress = progressing(&before, set, complete, moved);
                let minimum = desired
                    - share(
                        &deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"],
                        desired,
                        false,
                    );
                let enough = available >= minimum;
                let availability = if enough {
                    (
                        "True",
                        "MinimumReplicasAvailable",
                        "Deployment has minimum availability.".to_owned(),
                    )
                } else {
                    (
                        "False",
                        "MinimumReplicasUnavailable",
                        "Deployment does not have minimum availability.".to_owned(),
                    )
                };
                status["conditions"] = json!([
                    condition(&before, "Available", availability, now),
                    condition(&before, "Progressing", progress, now),
                ]);
                deployment["status"] = status;
            });
    }

    /// The progress deadline of a rollout has come.
    pub(crate) fn deadline(&mut self, name: &str, generation: i64, now: i64) {
        let namespace = self.namespace.clone();
        self.store
            .alter(Kind::Deployment, &namespace, name, |deployment| {
                let before = deployment["status"].clone();
                let stale = count(deployment, "/metadata/generation") != generation;
                if stale || reason_of(&before, "Progressing") == "NewReplicaSetAvailable" {
                    return;
                }
                let hash = objects::template_hash(&deployment["spec"]["template"]);
                let words = format!("ReplicaSet \"{name}-{hash}\" has timed out progressing.");
                let late = condition(
                    &before,
                    "Progressing",
                    ("False", "ProgressDeadlineExceeded", words),
                    now,
                );
                if let Some(Value::Array(conditions)) = deployment.pointer_mut("/status/conditions")
                {
                    conditions.retain(|condition| text(condition, "/type") != "Progressing");
                    conditions.push(late);
                }
            });
    }
}

fn find<'a>(status: &'a Value, kind: &str) -> Option<&'a Value> {
    status["conditions"]
        .as_array()?
        .iter()
        .find(|condition| text(condition, "/type") == kind)
}

fn reason_of<'a>(status: &'a Value, kind: &str) -> &'a str {
    find(status, kind).map_or("", |condition| text(condition, "/reason"))
}

fn progressing(
    before: &Value,
    set: &str,
    complete: bool,
    moved: bool,
) -> (&'static str, &'static str, String) {
    if complete {
        (
            "True",
            "NewReplicaSetAvailable",
            format!("ReplicaSet \"{set}\" has successfully progressed."),
        )
    } else if reason_of(before, "Progressing") == "ProgressDeadlineExceeded" && !moved {
        (
            "False",
            "ProgressDeadlineExceeded",
            format!("ReplicaSet \"{set}\" has timed out progressing."),
        )
    } else {
        (
            "True",
            "ReplicaSetUpdated",
            format!("ReplicaSet \"{set}\" is progressing."),
        )
    }
}

/// A condition; its transition time moves only when its status does, its update time when anything does.
fn condition(
    before: &Value,
    kind: &str,
    (status, reason, message): (&str, &str, String),
    now: i64,
) -> Value {
    let mut condition = json!({
        "type": kind, "status": status, "reason": reason, "message": message,
        "lastUpdateTime": time(now), "lastTransitionTime": time(now),
    });
    if let Some(old) = find(before, kind) {
        if text(old, "/status") == status {
            condition["lastTransitionTime"] = old["lastTransitionTime"].clone();
        }
        if text(old, "/reason") == reason
            && text(old, "/message") == condition["message"].as_str().unwrap_or_default()
        {
            condition["lastUpdateTime"] = old["lastUpdateTime"].clone();
        }
    }
    condition
}
