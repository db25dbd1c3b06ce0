//! Rollouts over time: progress, an image that is not there, a crashing service, rolling back, scaling.
use std::time::Duration;

use anyhow::{Context as _, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use super::kubernetes_rig::*;

const PODS: &str = "/api/v1/namespaces/shop/pods?labelSelector=app%3Dcart";

fn progressing(deployment: &Value) -> &Value {
    deployment["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|condition| condition["type"] == "Progressing")
        .unwrap_or(&Value::Null)
}

fn complete(deployment: &Value) -> bool {
    let status = &deployment["status"];
    status["observedGeneration"] == deployment["metadata"]["generation"]
        && [
            &status["replicas"],
            &status["updatedReplicas"],
            &status["availableReplicas"],
        ]
        .iter()
        .all(|count| **count == deployment["spec"]["replicas"])
}

#[tokio::test]
async fn a_rollout_takes_its_steps() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    let who = session(&rig.sandbox, "developer", ACCOUNT).await?;
    let token = rig.token_of(&who)?;
    // Minutes a pod: nothing moves but by the clock, and every step can be looked at.
    rig.world(json!({"rollout_ms": 400_000, "progress_deadline_s": 100_000}))
        .await?;
    let (status, patched) = rig
        .patch(&token, STRATEGIC, &set_image(&image("cart", "1.1.0")))
        .await?;
    ensure!(
        status == 200 && patched["metadata"]["generation"] == 2,
        "{patched}"
    );
    ensure!(
        patched["status"]["observedGeneration"] == 1,
        "the controller has not looked yet"
    );
    let step = async |seconds: u64| -> anyhow::Result<(Value, Value)> {
        rig.sandbox
            .world()
            .clock()
            .advance(Duration::from_secs(seconds));
        let token = rig.token_of(&who)?;
        Ok((rig.json(CART, &token).await?, rig.json(PODS, &token).await?))
    };
    let (deployment, pods) = step(45).await?;
    ensure!(
        deployment["status"]["observedGeneration"] == 2 && !complete(&deployment),
        "{}",
        deployment["status"]
    );
    let phases = |pods: &Value| -> Vec<String> {
        pods["items"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|pod| pod["status"]["phase"].as_str())
            .map(str::to_owned)
            .collect()
    };
    let mut now = phases(&pods);
    now.sort();
    ensure!(
        now == ["Pending", "Running", "Running"],
        "one more than desired, none missing: {now:?}"
    );
    let (deployment, pods) = step(445).await?;
    ensure!(
        deployment["status"]["updatedReplicas"] == 2 && !complete(&deployment),
        "{}",
        deployment["status"]
    );
    let going = pods["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|pod| pod["metadata"]["deletionTimestamp"].is_string())
        .count();
    ensure!(going == 1, "one old pod goes for one new that is ready");
    let (deployment, _) = step(440).await?;
    ensure!(complete(&deployment), "{}", deployment["status"]);
    ensure!(
        progressing(&deployment)["reason"] == "NewReplicaSetAvailable",
        "{}",
        progressing(&deployment)
    );
    let (_, pods) = step(120).await?;
    let ids: Vec<&Value> = pods["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|pod| &pod["status"]["containerStatuses"][0]["imageID"])
        .collect();
    ensure!(
        ids.len() == 2 && ids.iter().all(|id| **id == image("cart", "1.1.0")),
        "{ids:?}"
    );
    Ok(())
}

#[tokio::test]
async fn an_image_that_is_not_in_the_registry_never_runs() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    let who = session(&rig.sandbox, "developer", ACCOUNT).await?;
    let token = rig.token_of(&who)?;
    let passive = image("cart", "2.0.0").replace("eu-west-1", "eu-central-1");
    for missing in [
        passive,
        image("cart", "9.9.9"),
        "docker.io/library/nginx:1".to_owned(),
    ] {
        rig.patch(&token, STRATEGIC, &set_image(&missing)).await?;
        let waiting = |pods: &Value| {
            pods["items"].as_array().into_iter().flatten().any(|pod| {
                let status = &pod["status"]["containerStatuses"][0];
                status["state"]["waiting"]["reason"] == "ImagePullBackOff"
                    && status["image"] == missing
            })
        };
        rig.until(PODS, &token, waiting).await?;
    }
    let stuck = rig.json(CART, &token).await?;
    ensure!(
        !complete(&stuck) && stuck["status"]["availableReplicas"] == 2,
        "the old pods serve on: {}",
        stuck["status"]
    );
    let events = rig
        .json(
            "/api/v1/namespaces/shop/events?fieldSelector=reason%3DFailed",
            &token,
        )
        .await?;
    ensure!(events["items"][0]["type"] == "Warning", "{events}");
    rig.sandbox
        .world()
        .clock()
        .advance(Duration::from_secs(601));
    let token = rig.token_of(&who)?;
    let late = rig
        .until(CART, &token, |d| {
            progressing(d)["reason"] == "ProgressDeadlineExceeded"
        })
        .await?;
    ensure!(
        progressing(&late)["status"] == "False",
        "{}",
        progressing(&late)
    );
    // The way out is an image that exists.
    rig.patch(&token, STRATEGIC, &set_image(&image("cart", "1.0.0")))
        .await?;
    let back = rig.until(CART, &token, complete).await?;
    ensure!(
        progressing(&back)["reason"] == "NewReplicaSetAvailable",
        "{}",
        progressing(&back)
    );
    let revision = &back["metadata"]["annotations"]["deployment.kubernetes.io/revision"];
    ensure!(
        *revision == "5",
        "going back is a revision of its own: {revision}"
    );
    Ok(())
}

#[tokio::test]
async fn a_crashing_service_is_never_available() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    let token = rig.token("developer").await?;
    rig.world(json!({"crash": "cart", "cluster": CLUSTER, "region": REGION}))
        .await?;
    let crashed = |pods: &Value| {
        let statuses: Vec<&Value> = pods["items"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|pod| &pod["status"]["containerStatuses"][0])
            .collect();
        statuses.len() == 2
            && statuses.iter().all(|s| {
                s["state"]["waiting"]["reason"] == "CrashLoopBackOff"
                    && s["restartCount"].as_i64() > Some(0)
            })
    };
    rig.until(PODS, &token, crashed).await?;
    let down = rig.json(CART, &token).await?;
    ensure!(
        down["status"].get("availableReplicas").is_none()
            && down["status"]["unavailableReplicas"] == 2,
        "{}",
        down["status"]
    );
    rig.world(json!({"recover": "cart"})).await?;
    rig.until(CART, &token, |d| d["status"]["availableReplicas"] == 2)
        .await?;
    let refused = rig.world(json!({"crash": "none"})).await;
    ensure!(
        refused.is_err_and(|error| error.to_string().contains("no service none")),
        "unknown service"
    );
    Ok(())
}

#[tokio::test]
async fn scaling_up_and_down() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    let token = rig.token("operator").await?;
    for replicas in [5, 1, 0, 2] {
        let path = format!("{CART}/scale");
        let mut scale = rig.json(&path, &token).await?;
        scale["spec"]["replicas"] = json!(replicas);
        let answer = rig
            .call(&Method::PUT, &path, &token)
            .json(&scale)
            .send()
            .await?;
        ensure!(answer.status() == 200, "{}", answer.text().await?);
        if replicas == 0 {
            rig.until(PODS, &token, |pods| pods["items"] == json!([]))
                .await?;
        } else {
            rig.until(CART, &token, complete).await?;
            rig.until(PODS, &token, |pods| {
                pods["items"].as_array().map(Vec::len) == Some(replicas)
            })
            .await?;
        }
        let late = rig
            .call(&Method::PUT, &path, &token)
            .json(&scale)
            .send()
            .await?;
        ensure!(late.status() == 409, "{}", late.status());
    }
    let scale = rig.json(&format!("{CART}/scale"), &token).await?;
    ensure!(scale["status"]["selector"] == "app=cart", "{scale}");
    scale["metadata"]["uid"].as_str().context("uid")?;
    Ok(())
}
