//! The shapes of Deployments, `ReplicaSets`, Pods and Events as the API server returns them.

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// What a freshly applied Deployment looks like.
#[derive(Debug)]
pub(crate) struct Workload<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) service: &'a str,
    pub(crate) team: &'a str,
    pub(crate) replicas: u32,
    pub(crate) image: String,
}

/// RFC 3339 with seconds, as Kubernetes writes times.
pub(crate) fn time(ms: i64) -> String {
    let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A random object id.
fn uid() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// A short name ending, from the alphabet that Kubernetes uses.
pub(crate) fn suffix(seed: &str, length: usize) -> String {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    Sha256::digest(seed)
        .iter()
        .take(length)
        .filter_map(|byte| ALPHABET.get(usize::from(*byte) % ALPHABET.len()))
        .map(|byte| char::from(*byte))
        .collect()
}

/// The hash of a pod template.
pub(crate) fn template_hash(template: &Value) -> String {
    suffix(&template.to_string(), 10)
}

/// A string inside an object, empty when absent.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// A count inside an object, zero when absent.
pub(crate) fn count(object: &Value, pointer: &str) -> i64 {
    object
        .pointer(pointer)
        .and_then(Value::as_i64)
        .unwrap_or_default()
}

/// A Deployment at generation 1, not yet observed.
pub(crate) fn deployment(workload: &Workload<'_>, now: i64) -> Value {
    let Workload {
        namespace,
        service,
        team,
        replicas,
        image,
    } = workload;
    let labels = json!({
        "app": service, "app.kubernetes.io/name": service, "app.kubernetes.io/part-of": "shop", "portolan.dev/team": team,
    });
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": service, "namespace": namespace, "uid": uid(), "generation": 1,
            "creationTimestamp": time(now), "labels": labels, "annotations": {},
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": service}},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "containers": [{
                        "name": service, "image": image, "imagePullPolicy": "IfNotPresent",
                        "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
                        "env": [{"name": "SERVICE", "value": service}],
                        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
                        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http", "scheme": "HTTP"}, "periodSeconds": 5},
                        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
                    }],
                    "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
                    "serviceAccountName": service, "schedulerName": "default-scheduler", "securityContext": {},
                },
            },
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
        },
        "status": {},
    })
}

fn owner(kind: &str, object: &Value) -> Value {
    json!([{
        "apiVersion": "apps/v1", "kind": kind, "name": text(object, "/metadata/name"), "uid": text(object, "/metadata/uid"),
        "controller": true, "blockOwnerDeletion": true,
    }])
}

/// What the server writes into an object that was just made.
pub(crate) fn fresh(object: &mut Value, now: i64) {
    object["metadata"]["uid"] = json!(uid());
    object["metadata"]["generation"] = json!(1);
    object["metadata"]["creationTimestamp"] = json!(time(now));
    object["status"] = json!({});
}

/// The `ReplicaSet` of a Deployment's present template.
pub(crate) fn replica_set(deployment: &Value, hash: &str, revision: i64, now: i64) -> Value {
    let name = format!("{}-{hash}", text(deployment, "/metadata/name"));
    let mut template = deployment["spec"]["template"].clone();
    template["metadata"]["labels"]["pod-template-hash"] = json!(hash);
    let mut selector = deployment["spec"]["selector"].clone();
    selector["matchLabels"]["pod-template-hash"] = json!(hash);
    json!({
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name, "namespace": deployment["metadata"]["namespace"], "uid": uid(), "generation": 1,
            "creationTimestamp": time(now), "labels": template["metadata"]["labels"],
            "annotations": {"deployment.kubernetes.io/revision": revision.to_string()},
            "ownerReferences": owner("Deployment", deployment),
        },
        "spec": {"replicas": 0, "selector": selector, "template": template},
        "status": {"replicas": 0, "observedGeneration": 1},
    })
}

/// A pod that nothing has started yet.
pub(crate) fn pod(replica_set: &Value, serial: u64, now: i64) -> Value {
    let parent = text(replica_set, "/metadata/name");
    let name = format!("{parent}-{}", suffix(&format!("{parent}/{serial}"), 5));
    let mut spec = replica_set["spec"]["template"]["spec"].clone();
    spec["nodeName"] = json!(format!(
        "ip-10-0-{}-{}.internal",
        serial % 3,
        10 + serial % 200
    ));
    let waiting: Vec<Value> = spec["containers"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|container| {
            container_status(
                container,
                "",
                &json!({"waiting": {"reason": "ContainerCreating"}}),
                false,
                0,
            )
        })
        .collect();
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name, "generateName": format!("{parent}-"), "namespace": replica_set["metadata"]["namespace"], "uid": uid(),
            "creationTimestamp": time(now), "labels": replica_set["spec"]["template"]["metadata"]["labels"],
            "ownerReferences": owner("ReplicaSet", replica_set),
        },
        "spec": spec,
        "status": {
            "phase": "Pending", "qosClass": "Burstable", "startTime": time(now), "conditions": conditions(false, now),
            "containerStatuses": waiting,
        },
    })
}

/// One entry of `containerStatuses`.
pub(crate) fn container_status(
    container: &Value,
    image_id: &str,
    state: &Value,
    ready: bool,
    restarts: i64,
) -> Value {
    json!({
        "name": container["name"], "image": container["image"], "imageID": image_id, "state": state, "lastState": {},
        "ready": ready, "started": ready, "restartCount": restarts,
    })
}

/// The conditions of a pod.
pub(crate) fn conditions(ready: bool, now: i64) -> Value {
    let state = |name: &str, yes: bool| {
        let mut condition = json!({"type": name, "status": if yes { "True" } else { "False" }, "lastProbeTime": null, "lastTransitionTime": time(now)});
        if !yes {
            condition["reason"] = json!("ContainersNotReady");
        }
        condition
    };
    json!([
        state("PodScheduled", true),
        state("Initialized", true),
        state("ContainersReady", ready),
        state("Ready", ready)
    ])
}

/// An event about an object.
pub(crate) fn event(
    about: &Value,
    reason: &str,
    message: &str,
    component: &str,
    serial: u64,
    now: i64,
) -> Value {
    let name = text(about, "/metadata/name");
    let warning = matches!(reason, "Failed" | "BackOff");
    json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": format!("{name}.{serial:016x}"), "namespace": about["metadata"]["namespace"], "uid": uid(),
            "creationTimestamp": time(now),
        },
        "involvedObject": {
            "kind": about["kind"], "apiVersion": about["apiVersion"], "name": name, "namespace": about["metadata"]["namespace"],
            "uid": about["metadata"]["uid"], "resourceVersion": about["metadata"]["resourceVersion"],
        },
        "reason": reason, "message": message, "type": if warning { "Warning" } else { "Normal" },
        "count": 1, "firstTimestamp": time(now), "lastTimestamp": time(now), "eventTime": null,
        "source": {"component": component}, "reportingComponent": component, "reportingInstance": "",
    })
}
