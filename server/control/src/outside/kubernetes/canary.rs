//! The pods of a canary: a Deployment of its own beside the service's, with the same pods but for the image and one label.
//!
//! `<service>-canary` carries the label [`CANARY_OF`], and so do its selector and its pods, on top of all labels that the
//! service's pods have. So a Service, a `NetworkPolicy` or a `PodDisruptionBudget` that selects the service's pods selects
//! those of the canary too, which is what makes it one. That the service's own selector fits them as well does no harm:
//! each pod is owned by its own controller, and no controller takes a pod that another owns.

use domain::{ImageDigest, wave::Percent};
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Pod};
use kube::{
    Api, ResourceExt as _,
    api::ListParams,
    core::{Expression, Selector},
};

use super::{
    Namespace,
    rollout::{Rollout, asked, judge, of, other},
};
use crate::outside::Failure;

/// Whose canary a Deployment and its pods are. The pipeline sets it, and takes away nothing that lacks it.
const CANARY_OF: &str = "portolan.dev/canary-of";

pub(super) fn is_canary(pod: &Pod) -> bool {
    pod.labels().contains_key(CANARY_OF)
}

fn name_of(service: &str) -> String {
    format!("{service}-canary")
}

fn canaries_of(service: &str) -> Selector {
    Expression::Equal(CANARY_OF.to_owned(), service.to_owned()).into()
}

fn live(pods: &[Pod]) -> usize {
    pods.iter()
        .filter(|pod| pod.metadata.deletion_timestamp.is_none())
        .count()
}

impl Namespace {
    /// How far the service's canary is with this image. `ran_other`: the portal had verified that the service ran another
    /// image; if all of it is asked to run this one, it was given more than a share.
    pub async fn canary(
        &self,
        service: &str,
        digest: &ImageDigest,
        share: Percent,
        ran_other: bool,
    ) -> Result<Rollout, Failure> {
        let deployments: Api<Deployment> = Api::namespaced(self.client.clone(), &self.name);
        let stable = deployments
            .get(service)
            .await
            .map_err(|e| self.failure(&e, "get", &format!("deployments/{service}")))?;
        let name = name_of(service);
        let canary = deployments
            .get_opt(&name)
            .await
            .map_err(|e| self.failure(&e, "get", &format!("deployments/{name}")))?;
        let pods = self.pods(&name, &canaries_of(service)).await?;
        Ok(stands(
            service,
            &stable,
            canary.as_ref(),
            &pods,
            digest,
            share,
            ran_other,
        ))
    }

    /// What is left of a canary, in words.
    pub(super) async fn left_behind(&self, service: &str) -> Result<Option<String>, Failure> {
        let selector = canaries_of(service);
        let deployments: Api<Deployment> = Api::namespaced(self.client.clone(), &self.name);
        let left = deployments
            .list(&ListParams::default().labels_from(&selector))
            .await
            .map_err(|e| self.failure(&e, "list", "deployments"))?;
        let pods = live(&self.pods(&name_of(service), &selector).await?);
        let names: Vec<String> = left.items.iter().map(|left| left.name_any()).collect();
        Ok(match (names.as_slice(), pods) {
            ([], 0) => None,
            ([], pods) => Some(format!(
                "every pod of {service} runs the image, but {pods} of its canary are still there"
            )),
            (names, pods) => Some(format!(
                "every pod of {service} runs the image, but its canary {} with {pods} pods was not taken away",
                names.join(", ")
            )),
        })
    }
}

/// Judges a canary beside what it is the canary of.
fn stands(
    service: &str,
    stable: &Deployment,
    canary: Option<&Deployment>,
    pods: &[Pod],
    digest: &ImageDigest,
    share: Percent,
    ran_other: bool,
) -> Rollout {
    let name = name_of(service);
    let image = asked(service, stable);
    if ran_other && image.is_some_and(|image| of(image, digest)) {
        return Rollout::Stuck(format!(
            "The pipeline was asked for a canary of {share}, and all of {service} is asked to run the image. The job may not know the parameter CANARY_SHARE."
        ));
    }
    let Some(canary) = canary else {
        return Rollout::Stuck(format!(
            "The pipeline ended well, but there is no Deployment {name}: it brought up no canary."
        ));
    };
    if canary.labels().get(CANARY_OF).map(String::as_str) != Some(service) {
        return Rollout::Stuck(format!(
            "The Deployment {name} is no canary of {service}: it lacks the label {CANARY_OF}={service}."
        ));
    }
    let replicas = |of: &Deployment| {
        of.spec
            .as_ref()
            .map_or(0, |spec| spec.replicas.unwrap_or(1))
    };
    let all = u32::try_from(replicas(stable)).unwrap_or_default();
    if all == 0 {
        return Rollout::Stuck(format!(
            "The Deployment {service} is scaled to none, and there is no share of that."
        ));
    }
    let (is, should) = (replicas(canary), share.pods(all));
    // Fewer are no harm: what scales the service may have made it larger since the pipeline counted.
    if !u32::try_from(is).is_ok_and(|is| (1..=should).contains(&is)) {
        return Rollout::Stuck(format!(
            "The canary {name} asks for {is} pods; {share} of {all}, rounded up, are {should}."
        ));
    }
    match judge(service, canary, pods, digest) {
        Rollout::Other { image } => Rollout::Stuck(other(&name, &image)),
        judged => judged,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn digest(c: char) -> ImageDigest {
        ImageDigest::parse(format!("sha256:{}", c.to_string().repeat(64))).expect("digest")
    }

    fn deployment(name: &str, image: char, replicas: i32) -> Value {
        let image = format!(
            "1.dkr.ecr.eu-west-1.amazonaws.com/shop/cart@{}",
            digest(image)
        );
        json!({
            "metadata": {"name": name, "generation": 1, "labels": {CANARY_OF: "cart"}},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "cart"}},
                "template": {"spec": {"containers": [{"name": "cart", "image": image}]}}},
            "status": {"observedGeneration": 1, "replicas": replicas, "updatedReplicas": replicas, "availableReplicas": replicas},
        })
    }

    fn pod(of: char) -> Pod {
        let image = format!("shop/cart@{}", digest(of));
        serde_json::from_value(json!({
            "metadata": {"name": "cart-canary-x", "labels": {"app": "cart", CANARY_OF: "cart"}},
            "status": {"conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": [{"name": "cart", "image": "x", "imageID": image, "ready": true, "restartCount": 0}]},
        }))
        .expect("a Pod")
    }

    /// Five replicas run `a`; a quarter of them, which is two, should run `b`.
    fn judged(change: impl Fn(&mut Value, &mut Value), pods: &[Pod]) -> Rollout {
        let (mut stable, mut canary) = (
            deployment("cart", 'a', 5),
            deployment("cart-canary", 'b', 2),
        );
        change(&mut stable, &mut canary);
        let read =
            |value: Value| serde_json::from_value::<Deployment>(value).expect("a Deployment");
        let canary = (!canary.is_null()).then(|| read(canary));
        let share = Percent::new(25).expect("a share");
        let b = digest('b');
        stands(
            "cart",
            &read(stable),
            canary.as_ref(),
            pods,
            &b,
            share,
            true,
        )
    }

    #[test]
    fn a_canary_stands_where_its_share_of_pods_runs_the_image() {
        let whole = [pod('b'), pod('b')];
        assert_eq!(judged(|_, _| (), &whole), Rollout::Done { pods: 2 });
        let grown = |stable: &mut Value, _: &mut Value| stable["spec"]["replicas"] = json!(9);
        assert_eq!(judged(grown, &whole), Rollout::Done { pods: 2 });
        for pods in [&whole[..1], &[pod('b'), pod('a')], &[]] {
            assert!(matches!(judged(|_, _| (), pods), Rollout::Underway(_)));
        }
        assert!(is_canary(&whole[0]) && !is_canary(&Pod::default()));
    }

    #[test]
    fn what_is_no_canary_is_said() {
        type Change = fn(&mut Value, &mut Value);
        let whole = [pod('b'), pod('b')];
        let cases: [(Change, &str); 7] = [
            (|_, canary| *canary = Value::Null, "brought up no canary"),
            (
                |_, canary| canary["metadata"]["labels"] = json!({}),
                "lacks the label",
            ),
            (
                |_, canary| canary["metadata"]["labels"][CANARY_OF] = json!("payment"),
                "no canary of cart",
            ),
            (
                |stable, _| stable["spec"]["replicas"] = json!(4),
                "asks for 2 pods; 25 % of 4, rounded up, are 1",
            ),
            (
                |stable, _| stable["spec"]["replicas"] = json!(0),
                "scaled to none",
            ),
            (
                |stable, _| *stable = deployment("cart", 'b', 5),
                "all of cart is asked to run the image",
            ),
            (
                |_, canary| *canary = deployment("cart-canary", 'c', 2),
                "The Deployment cart-canary asks for",
            ),
        ];
        for (change, why) in cases {
            match judged(change, &whole) {
                Rollout::Stuck(said) => assert!(said.contains(why), "{said}"),
                other => panic!("{why}: {other:?}"),
            }
        }
    }
}
