//! The world's hand on the clusters, `/_world/kubernetes`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::State;
use super::address::Kind;
use super::cluster::{Cluster, Timer};
use super::objects::{count, text};

/// A change; what is absent stays. Without account, region or cluster it is about all of them.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    pub account: Option<String>,
    pub region: Option<String>,
    pub cluster: Option<String>,
    /// From Pending to Running, milliseconds, for every pod.
    pub rollout_ms: Option<u32>,
    /// The containers of this service exit right after they start.
    pub crash: Option<String>,
    /// They do so no longer.
    pub recover: Option<String>,
    /// This service gets `replicas`, as an autoscaler would give it.
    pub scale: Option<String>,
    pub replicas: Option<u32>,
    /// Instead of each Deployment's `progressDeadlineSeconds`; 0 ends the override.
    pub progress_deadline_s: Option<u32>,
    /// Forgets past changes: watches from before are too old.
    #[serde(default)]
    pub compact: bool,
}

impl State {
    /// Applies a change. The error says what it is about that does not exist.
    pub fn switch(&mut self, patch: &Patch, now: i64) -> Result<(), String> {
        let fits = |wanted: &Option<String>, have: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == have)
        };
        let mut clusters: Vec<&mut Cluster> = self
            .clusters
            .iter_mut()
            .filter(|c| {
                fits(&patch.account, &c.account)
                    && fits(&patch.region, &c.region)
                    && fits(&patch.cluster, &c.name)
            })
            .collect();
        if clusters.is_empty() {
            return Err("no such cluster".to_owned());
        }
        for service in patch.crash.iter().chain(&patch.recover).chain(&patch.scale) {
            let known = |cluster: &&mut Cluster| {
                cluster
                    .store
                    .get(Kind::Deployment, &cluster.namespace, service)
                    .is_some()
            };
            if !clusters.iter().any(known) {
                return Err(format!("no service {service}"));
            }
        }
        for cluster in &mut clusters {
            if let Some(ms) = patch.rollout_ms {
                cluster.rollout_ms = i64::from(ms);
            }
            if let Some(seconds) = patch.progress_deadline_s {
                cluster.deadline_s = Some(i64::from(seconds)).filter(|seconds| *seconds > 0);
            }
            if let Some(service) = &patch.crash {
                cluster.crashing.insert(service.clone());
                restart(cluster, service, now);
            }
            if let Some(service) = &patch.recover {
                cluster.crashing.remove(service);
                restart(cluster, service, now);
            }
            if let (Some(service), Some(replicas)) = (&patch.scale, patch.replicas) {
                scale(cluster, service, replicas, now);
            }
            if patch.compact {
                cluster.store.compact();
            }
        }
        Ok(())
    }

    /// For `/_world/state`: the Deployments of every cluster in numbers.
    pub fn observe(&self) -> Value {
        self.clusters
            .iter()
            .map(|cluster| {
                let deployments: Value = cluster
                    .store
                    .list(Kind::Deployment, &cluster.namespace)
                    .map(|object| {
                        json!({
                            "name": text(object, "/metadata/name"),
                            "image": text(object, "/spec/template/spec/containers/0/image"),
                            "run": object["metadata"]["annotations"]["portolan.dev/run"],
                            "replicas": count(object, "/spec/replicas"),
                            "available": count(object, "/status/availableReplicas"),
                            "updated": count(object, "/status/updatedReplicas"),
                        })
                    })
                    .collect();
                json!({
                    "account": cluster.account, "region": cluster.region, "name": cluster.name,
                    "rollout_ms": cluster.rollout_ms, "crashing": cluster.crashing, "deployments": deployments,
                })
            })
            .collect()
    }
}

fn scale(cluster: &mut Cluster, service: &str, replicas: u32, now: i64) {
    let namespace = cluster.namespace.clone();
    let found = cluster.store.get(Kind::Deployment, &namespace, service);
    let Some(mut object) = found.cloned() else {
        return;
    };
    object["spec"]["replicas"] = json!(replicas);
    object["metadata"]["generation"] = json!(count(&object, "/metadata/generation") + 1);
    cluster.put_deployment(object, now);
}

fn restart(cluster: &mut Cluster, service: &str, now: i64) {
    for pod in cluster.pods_of(service) {
        cluster.after(now, Timer::Start(text(&pod, "/metadata/name").to_owned()));
    }
}
