//! Whether a rollout is done, judged by what pods report, not by what was asked for.

use domain::ImageDigest;
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ContainerStatus, Pod},
};

/// How far a rollout is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rollout {
    /// Every pod runs the image and is ready.
    Done { pods: usize },
    /// On its way; in words.
    Underway(String),
    /// Will not get there by waiting; in words.
    Stuck(String),
    /// The Deployment asks for another image; which.
    Other { image: String },
}

/// What asks for another image says of itself. Who set that image, the cluster does not tell.
pub fn other(service: &str, image: &str) -> String {
    format!("The Deployment {service} asks for {image}, not for what was approved.")
}

/// The image that a Deployment asks for.
pub(super) fn asked<'a>(service: &str, deployment: &'a Deployment) -> Option<&'a str> {
    let spec = deployment.spec.as_ref()?;
    let mut containers = spec.template.spec.iter().flat_map(|pod| &pod.containers);
    let container = containers.find(|container| container.name == service)?;
    container.image.as_deref()
}

/// Judges one Deployment and its pods by the digest that must run. It is the service's own, or its canary.
pub fn judge(
    service: &str,
    deployment: &Deployment,
    pods: &[Pod],
    digest: &ImageDigest,
) -> Rollout {
    let name = deployment.metadata.name.as_deref().unwrap_or(service);
    let Some(spec) = &deployment.spec else {
        return Rollout::Stuck(format!("The Deployment {name} has no specification."));
    };
    match asked(service, deployment) {
        None => {
            return Rollout::Stuck(format!(
                "The Deployment {name} has no container named {service}."
            ));
        }
        Some(image) if !of(image, digest) => {
            return Rollout::Other {
                image: image.to_owned(),
            };
        }
        Some(_) => {}
    }
    let wanted = spec.replicas.unwrap_or(1);
    if wanted < 1 {
        return Rollout::Stuck(format!(
            "The Deployment {name} is scaled to none, so nothing runs that could be verified."
        ));
    }
    let status = deployment.status.clone().unwrap_or_default();
    if status.observed_generation < deployment.metadata.generation {
        return Rollout::Underway("the cluster has not taken up the new image yet".to_owned());
    }
    let deadline = status.conditions.iter().flatten().find(|c| {
        c.type_ == "Progressing" && c.reason.as_deref() == Some("ProgressDeadlineExceeded")
    });
    let (live, leaving): (Vec<_>, Vec<_>) = pods
        .iter()
        .partition(|pod| pod.metadata.deletion_timestamp.is_none());
    let on_it = live.iter().filter(|pod| runs(pod, service, digest)).count();
    let ready = live
        .iter()
        .filter(|pod| runs(pod, service, digest) && is_ready(pod, service))
        .count();
    let words = format!(
        "{ready} of {wanted} pods are ready on the image; {on_it} run it, {} run something else, {} are ending",
        live.len() - on_it,
        leaving.len()
    );
    if let Some(deadline) = deadline {
        let troubles = troubles(&live, service);
        let said = deadline.message.clone().unwrap_or_default();
        return Rollout::Stuck(
            format!("The rollout does not get on ({words}). {said} {troubles}")
                .trim_end()
                .to_owned(),
        );
    }
    let wanted_pods = usize::try_from(wanted).unwrap_or(usize::MAX);
    let counted = [
        status.updated_replicas,
        status.available_replicas,
        status.replicas,
    ]
    .into_iter()
    .all(|count| count == Some(wanted));
    if counted && live.len() == wanted_pods && ready == wanted_pods {
        Rollout::Done { pods: ready }
    } else {
        Rollout::Underway(words)
    }
}

pub(super) fn of(image: &str, digest: &ImageDigest) -> bool {
    image
        .rsplit_once('@')
        .is_some_and(|(_, of)| of == digest.as_str())
}

fn status<'a>(pod: &'a Pod, service: &str) -> Option<&'a ContainerStatus> {
    pod.status
        .as_ref()?
        .container_statuses
        .iter()
        .flatten()
        .find(|status| status.name == service)
}

/// What the node pulled and runs, not what the pod asked for.
fn runs(pod: &Pod, service: &str, digest: &ImageDigest) -> bool {
    status(pod, service).is_some_and(|status| of(&status.image_id, digest))
}

fn is_ready(pod: &Pod, service: &str) -> bool {
    status(pod, service).is_some_and(|status| status.ready)
        && pod
            .status
            .iter()
            .flat_map(|s| s.conditions.iter().flatten())
            .any(|c| c.type_ == "Ready" && c.status == "True")
}

/// Why containers wait, as they say themselves; three are enough for a person.
fn troubles(pods: &[&Pod], service: &str) -> String {
    let told: Vec<_> = pods
        .iter()
        .filter_map(|pod| {
            let waiting = status(pod, service)?.state.as_ref()?.waiting.as_ref()?;
            Some(format!(
                "{}: {} {}",
                pod.metadata.name.as_deref().unwrap_or("a pod"),
                waiting.reason.as_deref().unwrap_or("waits"),
                waiting.message.as_deref().unwrap_or_default()
            ))
        })
        .take(3)
        .collect();
    told.join("; ")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn digest(c: char) -> ImageDigest {
        ImageDigest::parse(format!("sha256:{}", c.to_string().repeat(64))).expect("digest")
    }

    fn image(c: char) -> String {
        format!("1.dkr.ecr.eu-west-1.amazonaws.com/shop/cart@{}", digest(c))
    }

    fn deployment(change: impl Fn(&mut Value)) -> Deployment {
        let mut value = json!({
            "metadata": {"name": "cart", "generation": 3},
            "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "cart"}},
                "template": {"spec": {"containers": [{"name": "cart", "image": image('b')}]}}},
            "status": {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2},
        });
        change(&mut value);
        serde_json::from_value(value).expect("a Deployment")
    }

    fn pod(of: char, ready: bool, leaving: bool) -> Pod {
        let mut value = json!({
            "metadata": {"name": format!("cart-{of}")},
            "status": {"conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}],
                "containerStatuses": [{"name": "cart", "image": "x", "imageID": image(of), "ready": ready, "restartCount": 0}]},
        });
        if leaving {
            value["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        }
        serde_json::from_value(value).expect("a Pod")
    }

    #[test]
    fn only_pods_that_run_the_image_count() {
        let whole = deployment(|_| ());
        let done = |pods: &[Pod]| judge("cart", &whole, pods, &digest('b'));
        let good = || pod('b', true, false);
        assert_eq!(done(&[good(), good()]), Rollout::Done { pods: 2 });
        assert_eq!(
            done(&[good(), good(), pod('a', true, true)]),
            Rollout::Done { pods: 2 }
        );
        for pods in [
            vec![],
            vec![good()],
            vec![good(), pod('a', true, false)],
            vec![good(), pod('b', false, false)],
            vec![good(), good(), pod('a', true, false)],
            vec![good(), pod('b', true, true)],
        ] {
            assert!(matches!(done(&pods), Rollout::Underway(_)), "{pods:?}");
        }
    }

    #[test]
    fn the_controller_must_have_seen_it() {
        let pods = [pod('b', true, false), pod('b', true, false)];
        for field in [
            "observedGeneration",
            "updatedReplicas",
            "availableReplicas",
            "replicas",
        ] {
            let behind = deployment(|d| d["status"][field] = json!(1));
            assert!(
                matches!(
                    judge("cart", &behind, &pods, &digest('b')),
                    Rollout::Underway(_)
                ),
                "{field}"
            );
        }
        let silent = deployment(|d| d["status"] = Value::Null);
        assert!(matches!(
            judge("cart", &silent, &pods, &digest('b')),
            Rollout::Underway(_)
        ));
    }

    #[test]
    fn what_waiting_cannot_mend_is_said() {
        let pods = [pod('b', true, false), pod('b', true, false)];
        let stuck = |d: Deployment| match judge("cart", &d, &pods, &digest('b')) {
            Rollout::Stuck(words) => words,
            other => panic!("{other:?}"),
        };
        let another = deployment(|d| {
            d["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image('c'));
        });
        let asked = judge("cart", &another, &pods, &digest('b'));
        assert_eq!(asked, Rollout::Other { image: image('c') });
        assert!(stuck(deployment(|d| d["spec"]["replicas"] = json!(0))).contains("scaled to none"));
        let name = stuck(deployment(|d| {
            d["spec"]["template"]["spec"]["containers"][0]["name"] = json!("sidecar");
        }));
        assert!(name.contains("no container named cart"), "{name}");
        let late = stuck(deployment(|d| {
            d["status"]["conditions"] = json!([{"type": "Progressing", "status": "False",
                "reason": "ProgressDeadlineExceeded", "message": "took too long"}]);
        }));
        assert!(late.contains("took too long"), "{late}");
    }
}
