//! Conformance with the client that Portolan uses: `kube`, over its own TLS stack, with the CA from `DescribeCluster`.
use anyhow::{Context as _, ensure};
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::api::{ListParams, Patch, PatchParams, WatchEvent, WatchParams};
use kube::{Api, Client, Config};
use serde_json::json;

use super::kubernetes_rig::*;

async fn client(rig: &Rig, role: &str) -> anyhow::Result<Client> {
    // The process may already have one, from another test.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut config = Config::new(rig.endpoint.parse()?);
    config.root_cert = Some(vec![pem_to_der(&rig.ca)?]);
    "shop".clone_into(&mut config.default_namespace);
    config.auth_info.token = Some(rig.token(role).await?.into());
    Ok(Client::try_from(config)?)
}

fn pem_to_der(pem: &[u8]) -> anyhow::Result<Vec<u8>> {
    use base64::Engine as _;
    let text: String = std::str::from_utf8(pem)?
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    Ok(base64::engine::general_purpose::STANDARD.decode(text)?)
}

#[tokio::test]
async fn get_list_patch_and_watch() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    let client = client(&rig, "developer").await?;
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), "shop");
    let pods: Api<Pod> = Api::namespaced(client.clone(), "shop");
    let cart = deployments.get("cart").await?;
    let version = cart
        .metadata
        .resource_version
        .clone()
        .context("no version")?;
    ensure!(
        cart.status
            .as_ref()
            .and_then(|status| status.available_replicas)
            == Some(2),
        "{cart:?}"
    );
    ensure!(
        deployments
            .list(&ListParams::default().limit(3))
            .await?
            .items
            .len()
            == 3,
        "a page"
    );
    ensure!(deployments.get_opt("none").await?.is_none(), "404 is none");

    let watch = WatchParams::default()
        .fields("metadata.name=cart")
        .timeout(20);
    let mut events = deployments.watch(&watch, &version).await?.boxed();
    let wanted = image("cart", "1.1.0");
    let patch = set_image(&wanted);
    let patched = deployments
        .patch("cart", &PatchParams::default(), &Patch::Strategic(&patch))
        .await?;
    ensure!(
        patched.metadata.generation == cart.metadata.generation.map(|generation| generation + 1),
        "generation"
    );

    let mut done = false;
    while let Some(event) = events.try_next().await? {
        let WatchEvent::Modified(now) = event else {
            anyhow::bail!("{event:?}")
        };
        let status = now.status.unwrap_or_default();
        if status.observed_generation == patched.metadata.generation
            && status.updated_replicas == Some(2)
            && status.replicas == Some(2)
            && status.available_replicas == Some(2)
        {
            done = true;
            break;
        }
    }
    ensure!(done, "the watch ended before the rollout");
    let list = pods
        .list(
            &ListParams::default()
                .labels("app=cart")
                .fields("status.phase=Running"),
        )
        .await?;
    let ids: Vec<String> = list
        .items
        .iter()
        .filter(|pod| pod.metadata.deletion_timestamp.is_none())
        .flat_map(|pod| {
            pod.status
                .iter()
                .flat_map(|status| status.container_statuses.iter().flatten())
        })
        .map(|status| status.image_id.clone())
        .collect();
    ensure!(ids == vec![wanted.clone(), wanted], "{ids:?}");
    let sets: Api<ReplicaSet> = Api::namespaced(client.clone(), "shop");
    ensure!(
        sets.list(&ListParams::default().labels("app=cart"))
            .await?
            .items
            .len()
            == 2,
        "old and new"
    );
    let happened: Api<Event> = Api::namespaced(client, "shop");
    let about = ListParams::default().fields("involvedObject.name=cart,reason=ScalingReplicaSet");
    ensure!(!happened.list(&about).await?.items.is_empty(), "events");
    Ok(())
}

#[tokio::test]
async fn other_patches_and_refusals() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    let deployments: Api<Deployment> = Api::namespaced(client(&rig, "operator").await?, "shop");
    let merge = json!({"metadata": {"annotations": {"portolan.dev/run": "r1"}}});
    deployments
        .patch("cart", &PatchParams::default(), &Patch::Merge(&merge))
        .await?;
    let steps =
        json!([{"op": "test", "path": "/metadata/annotations/portolan.dev~1run", "value": "r1"}]);
    let (status, _) = rig
        .patch(&rig.token("operator").await?, JSON_PATCH, &steps)
        .await?;
    ensure!(status == 200, "{status}");
    let scale = deployments
        .patch_scale(
            "cart",
            &PatchParams::default(),
            &Patch::Merge(json!({"spec": {"replicas": 3}})),
        )
        .await?;
    ensure!(
        scale.spec.and_then(|spec| spec.replicas) == Some(3),
        "scaled"
    );
    ensure!(
        deployments
            .get_scale("cart")
            .await?
            .spec
            .and_then(|spec| spec.replicas)
            == Some(3),
        "stays"
    );
    let outdated = json!({"metadata": {"resourceVersion": "1"}});
    let refused = deployments
        .patch("cart", &PatchParams::default(), &Patch::Merge(&outdated))
        .await;
    ensure!(
        matches!(&refused, Err(kube::Error::Api(status)) if status.code == 409 && status.reason == "Conflict"),
        "{refused:?}"
    );

    let looker: Api<Deployment> = Api::namespaced(client(&rig, "auditor").await?, "shop");
    let refused = looker
        .patch("cart", &PatchParams::default(), &Patch::Merge(&merge))
        .await;
    let Err(kube::Error::Api(status)) = refused else {
        anyhow::bail!("not refused")
    };
    ensure!(
        status.code == 403
            && status
                .message
                .starts_with("deployments.apps \"cart\" is forbidden: User \"arn:aws:sts::"),
        "{status:?}"
    );
    Ok(())
}
