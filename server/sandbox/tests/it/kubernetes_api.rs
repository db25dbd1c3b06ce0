//! The API of a cluster, call by call: who may, what is refused in which words, lists, patches.
use std::time::Duration;

use anyhow::{Context as _, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use super::kubernetes_rig::*;

#[tokio::test]
async fn tokens_are_judged_strictly() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    let who = session(&rig.sandbox, "developer", ACCOUNT).await?;
    let (now, good) = (rig.now(), presigned(&who, REGION, CLUSTER, rig.now())?);
    let elsewhere = session(&rig.sandbox, "developer", "300000000003").await?;
    let ago = |s: u64| now.checked_sub(Duration::from_secs(s)).context("time");
    let cases = [
        ("good", token(&good), 200),
        (
            "another region of the partition",
            token(&presigned(&who, "eu-central-1", CLUSTER, now)?),
            200,
        ),
        (
            "14 minutes old",
            token(&presigned(&who, REGION, CLUSTER, ago(840)?)?),
            200,
        ),
        ("no prefix", good.clone(), 401),
        ("padding", format!("{}=", token(&good)), 401),
        (
            "another cluster",
            token(&presigned(&who, REGION, "shop-dev", now)?),
            401,
        ),
        (
            "another account",
            token(&presigned(&elsewhere, REGION, CLUSTER, now)?),
            401,
        ),
        (
            "16 minutes old",
            token(&presigned(&who, REGION, CLUSTER, ago(960)?)?),
            401,
        ),
        ("http", token(&good.replace("https://", "http://")), 401),
        (
            "another host",
            token(&good.replace("sts.eu-west-1.amazonaws.com", "sts.eu-west-1.example.com")),
            401,
        ),
        (
            "the global host",
            token(&good.replace("sts.eu-west-1.amazonaws.com", "sts.amazonaws.com")),
            401,
        ),
        ("a path", token(&good.replace(".com/?", ".com/x?")), 401),
        ("one name too many", token(&format!("{good}&Extra=1")), 401),
        (
            "a name twice",
            token(&format!("{good}&Version=2011-06-15")),
            401,
        ),
        (
            "another action",
            token(&good.replace("GetCallerIdentity", "GetSessionToken")),
            401,
        ),
        (
            "a broken signature",
            token(&good.replace("X-Amz-Signature=", "X-Amz-Signature=0")),
            401,
        ),
        (
            "too long",
            token(&format!("{good}&{}", "x".repeat(4_096))),
            401,
        ),
        ("garbage", "k8s-aws-v1.%%%".to_owned(), 401),
    ];
    for (name, token, status) in cases {
        let answer = rig.call(&Method::GET, CART, &token).send().await?;
        ensure!(answer.status() == status, "{name}: {}", answer.status());
        if status == 401 {
            let body: Value = answer.json().await?;
            let expected = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "message": "Unauthorized", "reason": "Unauthorized", "code": 401});
            ensure!(body == expected, "{name}: {body}");
        }
    }
    let fresh = token(&good);
    rig.sandbox
        .world()
        .clock()
        .advance(Duration::from_secs(901));
    ensure!(
        rig.call(&Method::GET, CART, &fresh).send().await?.status() == 401,
        "15 minutes by the world's clock"
    );
    Ok(())
}

#[tokio::test]
async fn roles_may_what_their_groups_may() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    let scale = format!("{CART}/scale");
    let pods = "/api/v1/namespaces/shop/pods";
    let watched = format!("{SHOP}/deployments?watch=true&timeoutSeconds=0");
    // role, method, path, status, how the message ends
    let cases = [
        ("developer", "GET", CART, 200, ""),
        ("developer", "PATCH", CART, 200, ""),
        ("developer", "GET", pods, 200, ""),
        ("developer", "GET", watched.as_str(), 200, ""),
        (
            "developer",
            "GET",
            scale.as_str(),
            403,
            "cannot get resource \"deployments/scale\" in API group \"apps\" in the namespace \"shop\"",
        ),
        (
            "auditor",
            "DELETE",
            CART,
            403,
            "cannot delete resource \"deployments\" in API group \"apps\" in the namespace \"shop\"",
        ),
        (
            "developer",
            "GET",
            "/api/v1/namespaces/kube-system/pods",
            403,
            "cannot list resource \"pods\" in API group \"\" in the namespace \"kube-system\"",
        ),
        (
            "developer",
            "GET",
            "/apis/apps/v1/deployments",
            403,
            "cannot list resource \"deployments\" in API group \"apps\" at the cluster scope",
        ),
        (
            "developer",
            "GET",
            "/api/v1/namespaces/shop/secrets",
            403,
            "cannot list resource \"secrets\" in API group \"\" in the namespace \"shop\"",
        ),
        (
            "developer",
            "GET",
            "/metrics",
            403,
            "cannot get path \"/metrics\"",
        ),
        ("operator", "PATCH", scale.as_str(), 200, ""),
        ("operator", "PATCH", CART, 200, ""),
        ("auditor", "GET", CART, 200, ""),
        ("auditor", "GET", pods, 200, ""),
        (
            "auditor",
            "PATCH",
            CART,
            403,
            "cannot patch resource \"deployments\" in API group \"apps\" in the namespace \"shop\"",
        ),
        (
            "auditor",
            "GET",
            watched.as_str(),
            403,
            "cannot watch resource \"deployments\" in API group \"apps\" in the namespace \"shop\"",
        ),
        ("manager", "GET", CART, 200, ""),
        (
            "manager",
            "PATCH",
            scale.as_str(),
            403,
            "cannot patch resource \"deployments/scale\" in API group \"apps\" in the namespace \"shop\"",
        ),
    ];
    for (role, method, path, status, ending) in cases {
        let token = rig.token(role).await?;
        let body = if path == scale {
            r#"{"spec":{"replicas":2}}"#
        } else {
            "{}"
        };
        let request = rig
            .call(&method.parse()?, path, &token)
            .header("content-type", MERGE)
            .body(body);
        let answer = request.send().await?;
        ensure!(
            answer.status() == status,
            "{role} {method} {path}: {}",
            answer.text().await?
        );
        if status == 403 {
            let body: Value = answer.json().await?;
            let user = format!("arn:aws:sts::{ACCOUNT}:assumed-role/portolan-job-{role}/step-1");
            let message = body["message"].as_str().unwrap_or_default();
            ensure!(
                message.contains(&format!("forbidden: User \"{user}\" ")),
                "{message}"
            );
            ensure!(
                message.ends_with(ending) && body["reason"] == "Forbidden",
                "{message}"
            );
            if path == CART {
                ensure!(
                    message.starts_with("deployments.apps \"cart\" is forbidden"),
                    "{message}"
                );
            }
        }
    }
    let nobody = rig
        .https
        .get(format!("{}{CART}", rig.endpoint))
        .send()
        .await?;
    let body: Value = nobody.json().await?;
    ensure!(
        body["code"] == 403
            && body["message"]
                .as_str()
                .is_some_and(|m| m.contains("system:anonymous")),
        "{body}"
    );
    let call = rig
        .sandbox
        .world()
        .calls(0)
        .into_iter()
        .find(|call| call.operation == "patch deployments" && call.outcome == "ok");
    let call = call.context("journal")?;
    ensure!(
        call.source_identity.as_deref() == Some("developer")
            && call.session_name.as_deref() == Some("step-1"),
        "{call:?}"
    );
    Ok(())
}

#[tokio::test]
async fn lists_select_and_page() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    let token = rig.token("developer").await?;
    let names = |list: &Value| -> Vec<String> {
        list["items"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|i| i["metadata"]["name"].as_str())
            .map(str::to_owned)
            .collect()
    };
    let all = rig.json(&format!("{SHOP}/deployments"), &token).await?;
    ensure!(
        all["kind"] == "DeploymentList" && all["items"][0].get("kind").is_none(),
        "{}",
        all["kind"]
    );
    let mut paged = Vec::new();
    let mut next = String::new();
    loop {
        let page = rig
            .json(
                &format!("{SHOP}/deployments?limit=5&continue={next}"),
                &token,
            )
            .await?;
        paged.extend(names(&page));
        next = page["metadata"]["continue"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        if next.is_empty() {
            break;
        }
        ensure!(
            page["items"].as_array().map(Vec::len) == Some(5),
            "a full page"
        );
    }
    ensure!(paged == names(&all) && paged.len() >= 12, "{paged:?}");
    for (path, count) in [
        ("deployments?labelSelector=app%3Dcart", 1),
        (
            "deployments?labelSelector=portolan.dev/team+in+(checkout)",
            3,
        ),
        (
            "deployments?fieldSelector=metadata.name!%3Dcart",
            paged.len() - 1,
        ),
        ("replicasets?labelSelector=app%3Dcart", 1),
    ] {
        let list = rig.json(&format!("{SHOP}/{path}"), &token).await?;
        ensure!(names(&list).len() == count, "{path}: {:?}", names(&list));
    }
    let running = rig.json("/api/v1/namespaces/shop/pods?labelSelector=app%3Dcart&fieldSelector=status.phase%3DRunning", &token).await?;
    ensure!(names(&running).len() == 2, "{running}");
    let id = &running["items"][0]["status"]["containerStatuses"][0]["imageID"];
    ensure!(*id == image("cart", "1.0.0"), "{id}");
    // path, status, reason
    for (path, status, reason) in [
        (
            "/api/v1/namespaces/shop/pods?fieldSelector=spec.colour%3Dred",
            400,
            "BadRequest",
        ),
        (
            "/api/v1/namespaces/shop/pods?continue=nonsense",
            400,
            "BadRequest",
        ),
        ("/api/v1/namespaces/shop/pods/none", 404, "NotFound"),
        (
            "/api/v1/namespaces/shop/pods?watch=true&resourceVersion=abc",
            400,
            "BadRequest",
        ),
    ] {
        let answer = rig.call(&Method::GET, path, &token).send().await?;
        ensure!(answer.status() == status, "{path}: {}", answer.status());
        let body: Value = answer.json().await?;
        ensure!(
            body["reason"] == reason && body["kind"] == "Status",
            "{body}"
        );
    }
    let first = rig
        .json(&format!("{SHOP}/deployments?limit=1"), &token)
        .await?;
    rig.world(json!({"compact": true})).await?;
    let next = first["metadata"]["continue"].as_str().unwrap_or_default();
    let gone = rig
        .call(
            &Method::GET,
            &format!("{SHOP}/deployments?limit=1&continue={next}"),
            &token,
        )
        .send()
        .await?;
    ensure!(gone.status() == 410, "{}", gone.status());
    Ok(())
}

#[tokio::test]
async fn patches() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    let token = rig.token("developer").await?;
    let seen = rig.json(CART, &token).await?;
    let version = seen["metadata"]["resourceVersion"].clone();
    let containers = "spec.template.spec.containers";
    // content type, patch, status, words in the message
    let cases = [
        (
            STRATEGIC,
            json!({"metadata": {"annotations": {"a": "1"}}}),
            200,
            "",
        ),
        (
            MERGE,
            json!({"metadata": {"annotations": {"a": "2"}}}),
            200,
            "",
        ),
        (
            JSON_PATCH,
            json!([{"op": "replace", "path": "/metadata/annotations/a", "value": "3"}]),
            200,
            "",
        ),
        ("application/json", json!({}), 415, "accepted media types"),
        (
            "application/apply-patch+yaml",
            json!({}),
            415,
            "accepted media types",
        ),
        (
            MERGE,
            json!({"metadata": {"resourceVersion": version}}),
            409,
            "Operation cannot be fulfilled on deployments.apps \"cart\": the object has been modified",
        ),
        (MERGE, json!([1]), 400, "unmarshal"),
        (
            STRATEGIC,
            json!({"spec": {"template": {"spec": {"containers": [{"image": "x"}]}}}}),
            400,
            "merge key",
        ),
        (
            JSON_PATCH,
            json!([{"op": "test", "path": "/metadata/name", "value": "other"}]),
            422,
            "failed",
        ),
        (
            MERGE,
            json!({"metadata": {"name": "other"}}),
            422,
            "metadata.name",
        ),
        (
            MERGE,
            json!({"spec": {"replicas": -1}}),
            422,
            "spec.replicas",
        ),
        (
            MERGE,
            json!({"spec": {"selector": {"matchLabels": {"app": "x"}}}}),
            422,
            "spec.selector",
        ),
        (
            MERGE,
            json!({"spec": {"template": {"metadata": {"labels": {"app": "x"}}}}}),
            422,
            "does not match template",
        ),
        (
            MERGE,
            json!({"spec": {"template": {"spec": {"containers": []}}}}),
            422,
            containers,
        ),
        (STRATEGIC, set_image(""), 422, containers),
    ];
    for (kind, patch, status, words) in cases {
        let (got, body) = rig.patch(&token, kind, &patch).await?;
        ensure!(got == status, "{kind} {patch}: {got} {body}");
        if status != 200 {
            ensure!(
                body["kind"] == "Status"
                    && body["message"].as_str().is_some_and(|m| m.contains(words)),
                "{patch}: {body}"
            );
        }
    }
    let now = rig.json(CART, &token).await?;
    ensure!(now["metadata"]["annotations"]["a"] == "3", "{now}");
    ensure!(
        now["metadata"]["generation"] == seen["metadata"]["generation"],
        "annotations are no new generation"
    );
    ensure!(
        now["metadata"]["resourceVersion"] != seen["metadata"]["resourceVersion"],
        "but a new version"
    );
    // The status is the server's own, and a patch that changes nothing is no change.
    let (_, same) = rig
        .patch(&token, MERGE, &json!({"status": {"replicas": 99}}))
        .await?;
    ensure!(same["status"] == now["status"], "{same}");
    ensure!(
        same["metadata"]["resourceVersion"] == now["metadata"]["resourceVersion"],
        "{same}"
    );
    let trial = rig
        .call(&Method::PATCH, &format!("{CART}?dryRun=All"), &token)
        .header("content-type", MERGE)
        .body(r#"{"spec":{"replicas":5}}"#);
    let trial: Value = trial.send().await?.json().await?;
    ensure!(
        trial["spec"]["replicas"] == 5 && rig.json(CART, &token).await?["spec"]["replicas"] == 2,
        "dry run"
    );
    Ok(())
}
