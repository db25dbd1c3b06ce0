//! The queue: where items are, cancelling, executors, and forgetting.
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::jenkins_rig::{JOB, Rig, TOKEN, USER, item_of};

fn class(item: &Value) -> &str {
    item["_class"]
        .as_str()
        .and_then(|class| class.rsplit('$').next())
        .unwrap_or_default()
}

#[tokio::test]
async fn an_item_waits_leaves_and_is_forgotten() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    rig.world(json!({"quiet_period_ms": 60_000})).await?;
    let id = item_of(&rig.trigger(JOB, &[("PORTOLAN_RUN_ID", "r1")]).await?)?;
    let path = format!("/queue/item/{id}/api/json");
    let item = rig.json(&path).await?;
    ensure!(
        class(&item) == "WaitingItem" && item["timestamp"].is_i64(),
        "{item}"
    );
    ensure!(
        item["why"]
            .as_str()
            .is_some_and(|why| why.starts_with("In the quiet period. Expires in ")),
        "{item}"
    );
    ensure!(item["task"]["name"] == "deploy-cart", "{item}");
    ensure!(item["task"]["url"] == rig.url(&format!("{JOB}/")), "{item}");
    let queue = rig
        .json("/queue/api/json?tree=items[id,params,task[url]]")
        .await?;
    ensure!(
        queue["items"][0]["id"] == id && queue["items"][0].get("why").is_none(),
        "{queue}"
    );
    // The world's clock moves the quiet period too.
    rig.sandbox.world().clock().advance(Duration::from_secs(61));
    let left = rig
        .until(&path, |item| item["executable"].is_object())
        .await?;
    ensure!(
        class(&left) == "LeftItem" && left["cancelled"] == false,
        "{left}"
    );
    ensure!(
        rig.json("/queue/api/json").await?["items"] == json!([]),
        "queue is empty"
    );
    let number = left["executable"]["number"].as_u64().context("number")?;
    let build = rig.json(&format!("{JOB}/{number}/api/json")).await?;
    ensure!(build["queueId"] == id, "{build}");
    rig.sandbox
        .world()
        .clock()
        .advance(Duration::from_secs(301));
    tokio::time::sleep(Duration::from_millis(100)).await;
    ensure!(
        rig.get(&path).send().await?.status() == 404,
        "forgotten after five minutes"
    );
    Ok(())
}

#[tokio::test]
async fn cancelling() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    rig.world(json!({"quiet_period_ms": 60_000})).await?;
    let waiting = item_of(&rig.trigger(JOB, &[("PORTOLAN_RUN_ID", "waits")]).await?)?;
    let (gone, _) = {
        rig.world(json!({"quiet_period_ms": 0})).await?;
        rig.begin(&[("PORTOLAN_RUN_ID", "runs")]).await?
    };
    let cancel = |id: u64, user: &'static str, token: &'static str| {
        rig.http
            .post(rig.url("/queue/cancelItem"))
            .basic_auth(user, Some(token))
            .form(&[("id", id.to_string())])
            .send()
    };
    ensure!(
        cancel(waiting, "reader", "jenkins-api-token-reader")
            .await?
            .status()
            == 422,
        "no permission"
    );
    ensure!(
        cancel(waiting, USER, TOKEN).await?.status() == 204,
        "cancelled"
    );
    let item = rig.json(&format!("/queue/item/{waiting}/api/json")).await?;
    ensure!(
        item["cancelled"] == true && item["executable"].is_null(),
        "{item}"
    );
    let late = cancel(gone, USER, TOKEN).await?;
    ensure!(
        late.status() == 500 && late.text().await?.contains("Could not cancel"),
        "left already"
    );
    ensure!(cancel(999, USER, TOKEN).await?.status() == 404, "unknown");
    Ok(())
}

#[tokio::test]
async fn executors_and_exclusive_jobs() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    rig.world(json!({"behaviour": {"kind": "hang"}, "executors": 1}))
        .await?;
    let (_, number) = rig.begin(&[("PORTOLAN_RUN_ID", "a")]).await?;
    let second = item_of(&rig.trigger(JOB, &[("PORTOLAN_RUN_ID", "b")]).await?)?;
    let path = format!("/queue/item/{second}/api/json");
    let item = rig
        .until(&path, |item| class(item) == "BuildableItem")
        .await?;
    ensure!(
        item["why"] == "Waiting for next available executor" && item["buildable"] == true,
        "{item}"
    );
    rig.world(json!({"executors": 4, "job": "shop/deploy-cart", "exclusive": true}))
        .await?;
    let item = rig
        .until(&path, |item| class(item) == "BlockedItem")
        .await?;
    ensure!(
        item["why"]
            .as_str()
            .is_some_and(|why| why.starts_with("Build #1 is already in progress")),
        "{item}"
    );
    rig.post(&format!("{JOB}/{number}/stop")).send().await?;
    rig.until(&path, |item| item["executable"].is_object())
        .await?;
    Ok(())
}

#[tokio::test]
async fn trees_are_applied() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    for run in ["a", "b", "c"] {
        rig.whole(&[("PORTOLAN_RUN_ID", run)]).await?;
    }
    let job = rig
        .json(&format!("{JOB}/api/json?tree=builds[number]{{0,2}},name"))
        .await?;
    let run = "org.jenkinsci.plugins.workflow.job.WorkflowRun";
    let expected = json!({
        "_class": "org.jenkinsci.plugins.workflow.job.WorkflowJob",
        "name": "deploy-cart",
        "builds": [{"_class": run, "number": 3}, {"_class": run, "number": 2}],
    });
    ensure!(job == expected, "{job}");
    let whole = rig.json(&format!("{JOB}/api/json")).await?;
    ensure!(
        whole.get("allBuilds").is_none() && whole["builds"][0].get("result").is_none(),
        "{whole}"
    );
    ensure!(
        whole["lastSuccessfulBuild"]["number"] == 3 && whole["nextBuildNumber"] == 4,
        "{whole}"
    );
    let all = rig
        .json(&format!("{JOB}/api/json?tree=allBuilds[result]"))
        .await?;
    ensure!(
        all["allBuilds"].as_array().map(Vec::len) == Some(3),
        "{all}"
    );
    let folder = rig.json("/job/shop/api/json?tree=jobs[name,color]").await?;
    ensure!(
        folder["jobs"]
            .as_array()
            .is_some_and(|jobs| jobs.len() >= 12),
        "{folder}"
    );
    let bad = rig
        .get(&format!("{JOB}/api/json?tree=builds["))
        .send()
        .await?;
    ensure!(
        bad.status() == 500 && bad.text().await?.contains("Malformed tree expression"),
        "malformed"
    );
    Ok(())
}
