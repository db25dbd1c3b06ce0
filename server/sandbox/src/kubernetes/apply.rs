//! What a deployment pipeline does to its cluster, at once and without its script, ticket or session: for tests that are
//! about something else. It can do no more than `jobs/deploy.mjs` does.

use serde_json::{Value, json};

use super::State;
use super::address::Kind;
use super::cluster::Cluster;
use super::lifecycle::Cascade;
use super::objects::{self, count, text};

const LABEL: &str = "portolan.dev/canary-of";

impl State {
    /// Applies what the parameters of a build ask for. The error says what is not there.
    pub fn apply(&mut self, parameter: &dyn Fn(&str) -> String, now: i64) -> Result<(), String> {
        let (name, region) = (parameter("CLUSTER"), parameter("REGION"));
        let cluster = self
            .clusters
            .iter_mut()
            .find(|cluster| cluster.name == name && cluster.region == region)
            .ok_or_else(|| format!("no cluster {name} in {region}"))?;
        let service = parameter("SERVICE");
        let namespace = cluster.namespace.clone();
        let stable = cluster
            .store
            .get(Kind::Deployment, &namespace, &service)
            .cloned()
            .ok_or_else(|| format!("no Deployment {service}"))?;
        let (digest, run) = (parameter("DIGEST"), parameter("PORTOLAN_RUN_ID"));
        let with = |mut object: Value| {
            let image = text(&object, "/spec/template/spec/containers/0/image");
            let repository = image.split('@').next().unwrap_or_default();
            let image = json!(format!("{repository}@{digest}"));
            object["spec"]["template"]["spec"]["containers"][0]["image"] = image;
            object["metadata"]["annotations"]["portolan.dev/run"] = json!(run);
            object
        };
        cluster.remove(&format!("{service}-canary"), Cascade::Background, now);
        match parameter("CANARY_SHARE").parse::<i64>() {
            Ok(share) => canary(cluster, with(stable), &service, share, now),
            Err(_) => {
                let mut object = with(stable);
                let generation = count(&object, "/metadata/generation") + 1;
                object["metadata"]["generation"] = json!(generation);
                cluster.put_deployment(object, now);
            }
        }
        Ok(())
    }
}

fn canary(cluster: &mut Cluster, mut object: Value, service: &str, share: i64, now: i64) {
    let pods = (share * count(&object, "/spec/replicas") + 99) / 100;
    object["metadata"]["name"] = json!(format!("{service}-canary"));
    object["metadata"]["labels"] = json!({LABEL: service});
    object["spec"]["replicas"] = json!(pods.max(1));
    object["spec"]["selector"]["matchLabels"][LABEL] = json!(service);
    object["spec"]["template"]["metadata"]["labels"][LABEL] = json!(service);
    objects::fresh(&mut object, now);
    cluster.put_deployment(object, now);
}
