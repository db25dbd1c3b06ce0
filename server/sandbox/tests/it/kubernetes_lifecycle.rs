//! Making and removing Deployments: what is refused in which words, what goes with what, and what a canary is to the rest.
use std::time::Duration;

use anyhow::{Context as _, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use super::kubernetes_rig::*;

const LABEL: &str = "portolan.dev/canary-of";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/shop/deployments";
const CANARY: &str = "/apis/apps/v1/namespaces/shop/deployments/cart-canary";
const ITS_PODS: &str = "/api/v1/namespaces/shop/pods?labelSelector=portolan.dev%2Fcanary-of%3Dcart";

/// The cart's Deployment again, as a canary of three pods.
pub(crate) async fn canary(rig: &Rig, token: &str) -> anyhow::Result<Value> {
    let stable = rig.json(CART, token).await?;
    let mut spec = stable["spec"].clone();
    spec["replicas"] = json!(3);
    spec["selector"]["matchLabels"][LABEL] = json!("cart");
    spec["template"]["metadata"]["labels"][LABEL] = json!("cart");
    spec["template"]["spec"]["containers"][0]["image"] = json!(image("cart", "1.1.0"));
    Ok(json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "cart-canary", "labels": {LABEL: "cart"}}, "spec": spec,
    }))
}

async fn make(rig: &Rig, token: &str, object: &Value) -> anyhow::Result<(u16, Value)> {
    let request = rig.call(&Method::POST, DEPLOYMENTS, token).json(object);
    let answer = request.send().await?;
    Ok((answer.status().as_u16(), answer.json().await?))
}

async fn remove(rig: &Rig, token: &str, options: &Value) -> anyhow::Result<(u16, Value)> {
    let request = rig.call(&Method::DELETE, CANARY, token).json(options);
    let answer = request.send().await?;
    Ok((answer.status().as_u16(), answer.json().await?))
}

fn count(list: &Value) -> usize {
    list["items"].as_array().map_or(0, Vec::len)
}

fn ready(deployment: &Value, pods: i64) -> bool {
    deployment["status"]["availableReplicas"] == pods
}

#[tokio::test]
async fn a_canary_stands_beside_what_runs_and_goes_with_all_it_owns() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    let token = rig.token("developer").await?;
    let (status, made) = make(&rig, &token, &canary(&rig, &token).await?).await?;
    ensure!(status == 201, "{made}");
    ensure!(
        made["metadata"]["generation"] == 1
            && made["metadata"]["uid"].is_string()
            && made["metadata"]["namespace"] == "shop"
            && made["status"] == json!({}),
        "{made}"
    );
    rig.until(CANARY, &token, |d| ready(d, 3)).await?;
    let stable = rig.json(CART, &token).await?;
    ensure!(
        stable["status"]["replicas"] == 2 && stable["metadata"]["generation"] == 1,
        "what runs is not touched: {stable}"
    );
    // A Service that selects the cart's pods has all of them; the canary's are told apart by their label and their owner.
    let all = rig
        .json(
            "/api/v1/namespaces/shop/pods?labelSelector=app%3Dcart",
            &token,
        )
        .await?;
    let its = rig.json(ITS_PODS, &token).await?;
    ensure!((count(&all), count(&its)) == (5, 3), "{all}");
    for pod in its["items"].as_array().context("pods")? {
        let id = &pod["status"]["containerStatuses"][0]["imageID"];
        ensure!(*id == image("cart", "1.1.0"), "{id}");
    }
    // Foreground: the Deployment goes after its last pod.
    rig.world(json!({"rollout_ms": 2_000})).await?;
    let (status, going) = remove(&rig, &token, &json!({"propagationPolicy": "Foreground"})).await?;
    ensure!(
        status == 200
            && going["kind"] == "Deployment"
            && going["metadata"]["deletionTimestamp"].is_string()
            && going["metadata"]["finalizers"] == json!(["foregroundDeletion"]),
        "{going}"
    );
    let its = rig.json(ITS_PODS, &token).await?;
    ensure!(
        count(&its) == 3 && its["items"][0]["metadata"]["deletionTimestamp"].is_string(),
        "{its}"
    );
    ensure!(
        rig.json(CANARY, &token).await?["kind"] == "Deployment",
        "still there"
    );
    rig.until(ITS_PODS, &token, |pods| count(pods) == 0).await?;
    for _ in 0..100 {
        let gone = rig.call(&Method::GET, CANARY, &token).send().await?;
        if gone.status() == 404 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let gone = rig.call(&Method::GET, CANARY, &token).send().await?;
    ensure!(gone.status() == 404, "{}", gone.status());
    let sets = rig
        .json(
            &format!("{SHOP}/replicasets?labelSelector=app%3Dcart"),
            &token,
        )
        .await?;
    ensure!(count(&sets) == 1, "its ReplicaSet went as well: {sets}");
    let stable = rig.json(CART, &token).await?;
    ensure!(ready(&stable, 2), "{stable}");
    let calls = rig.sandbox.world().calls(0);
    for operation in ["create deployments", "delete deployments"] {
        let call = calls
            .iter()
            .find(|call| call.operation == operation && call.outcome == "ok");
        ensure!(
            call.is_some_and(|call| call.source_identity.as_deref() == Some("developer")),
            "{operation}: {call:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn what_is_no_deployment_is_not_made() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    let token = rig.token("developer").await?;
    let good = canary(&rig, &token).await?;
    let but = |pointer: &str, value: Value| {
        let mut object = good.clone();
        if let Some((above, last)) = pointer.rsplit_once('/')
            && let Some(above) = object.pointer_mut(above)
        {
            above[last] = value;
        }
        object
    };
    let spec = "/spec/template/spec/containers";
    // object, status, reason, words
    let cases = [
        (json!([1]), 400, "BadRequest", "'Kind' is missing"),
        (
            but("/kind", json!("Pod")),
            400,
            "BadRequest",
            "cannot be handled as a Deployment",
        ),
        (
            but("/apiVersion", json!("apps/v1beta1")),
            400,
            "BadRequest",
            "apps/v1beta1",
        ),
        (
            but("/metadata/namespace", json!("default")),
            400,
            "BadRequest",
            "does not match the namespace",
        ),
        (
            but("/metadata/resourceVersion", json!("1")),
            500,
            "InternalError",
            "should not be set",
        ),
        (
            but("/metadata/name", json!("")),
            422,
            "Invalid",
            "name or generateName is required",
        ),
        (
            but("/metadata/name", json!("Cart_Canary")),
            422,
            "Invalid",
            "RFC 1123",
        ),
        (
            but("/metadata/name", json!("cart-")),
            422,
            "Invalid",
            "RFC 1123",
        ),
        (
            but("/metadata/labels", json!({LABEL: "a b"})),
            422,
            "Invalid",
            "metadata.labels",
        ),
        (
            but("/spec/selector", Value::Null),
            422,
            "Invalid",
            "spec.selector: Required",
        ),
        (
            but("/spec/selector", json!({"matchLabels": {}})),
            422,
            "Invalid",
            "empty selector",
        ),
        (
            but("/spec/selector/matchLabels/app", json!("ad")),
            422,
            "Invalid",
            "does not match template",
        ),
        (
            but(
                "/spec/selector/matchExpressions",
                json!([{"key": "app", "operator": "NotIn", "values": ["cart"]}]),
            ),
            422,
            "Invalid",
            "does not match template",
        ),
        (
            but("/spec/replicas", json!(-1)),
            422,
            "Invalid",
            "spec.replicas",
        ),
        (
            but("/spec/replicas", json!("3")),
            422,
            "Invalid",
            "spec.replicas",
        ),
        (but(spec, json!([])), 422, "Invalid", "containers: Required"),
        (
            but(&format!("{spec}/0/image"), json!("")),
            422,
            "Invalid",
            "containers[0].image",
        ),
    ];
    for (object, status, reason, words) in cases {
        let (got, body) = make(&rig, &token, &object).await?;
        ensure!(
            got == status
                && body["reason"] == reason
                && body["message"].as_str().is_some_and(|m| m.contains(words)),
            "{words}: {got} {body}"
        );
    }
    let odd = rig.call(&Method::POST, DEPLOYMENTS, &token);
    let odd = odd.header("content-type", MERGE).body(good.to_string());
    ensure!(odd.send().await?.status() == 415, "a patch is no object");
    let dry = rig.call(&Method::POST, &format!("{DEPLOYMENTS}?dryRun=All"), &token);
    ensure!(dry.json(&good).send().await?.status() == 201, "dry run");
    let none = rig.call(&Method::GET, CANARY, &token).send().await?;
    ensure!(none.status() == 404, "nothing was made: {}", none.status());
    // What is left out is filled in.
    let mut little = good.clone();
    for field in [
        "replicas",
        "strategy",
        "progressDeadlineSeconds",
        "revisionHistoryLimit",
    ] {
        little["spec"]
            .as_object_mut()
            .context("spec")?
            .remove(field);
    }
    let (status, made) = make(&rig, &token, &little).await?;
    ensure!(
        status == 201
            && made["spec"]["replicas"] == 1
            && made["spec"]["progressDeadlineSeconds"] == 600
            && made["spec"]["strategy"]["rollingUpdate"]["maxSurge"] == "25%",
        "{made}"
    );
    let (status, again) = make(&rig, &token, &good).await?;
    ensure!(
        status == 409
            && again["reason"] == "AlreadyExists"
            && again["message"] == "deployments.apps \"cart-canary\" already exists",
        "{again}"
    );
    Ok(())
}

#[tokio::test]
async fn what_is_removed_is_what_was_meant() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    let token = rig.token("developer").await?;
    let (status, none) = remove(&rig, &token, &json!({})).await?;
    ensure!(status == 404 && none["reason"] == "NotFound", "{none}");
    let object = canary(&rig, &token).await?;
    let (_, made) = make(&rig, &token, &object).await?;
    rig.until(CANARY, &token, |d| ready(d, 3)).await?;
    for (options, status, words) in [
        (
            json!({"propagationPolicy": "Sideways"}),
            422,
            "Unsupported value: \"Sideways\"",
        ),
        (
            json!({"preconditions": {"uid": "another"}}),
            409,
            "UID in precondition: another",
        ),
        (
            json!({"preconditions": {"resourceVersion": "1"}}),
            409,
            "ResourceVersion in precondition: 1",
        ),
    ] {
        let (got, body) = remove(&rig, &token, &options).await?;
        ensure!(
            got == status && body["message"].as_str().is_some_and(|m| m.contains(words)),
            "{options}: {got} {body}"
        );
    }
    // In the background: the Deployment goes at once, its pods in their time.
    let uid = &made["metadata"]["uid"];
    let (status, said) = remove(&rig, &token, &json!({"preconditions": {"uid": uid}})).await?;
    ensure!(
        status == 200 && said["status"] == "Success" && said["details"]["uid"] == *uid,
        "{said}"
    );
    let gone = rig.call(&Method::GET, CANARY, &token).send().await?;
    ensure!(gone.status() == 404, "{}", gone.status());
    rig.until(ITS_PODS, &token, |pods| count(pods) == 0).await?;
    // Orphaned: what it owned stays and is nobody's, and the cart does not take it for its own.
    make(&rig, &token, &object).await?;
    rig.until(CANARY, &token, |d| ready(d, 3)).await?;
    let (status, _) = remove(&rig, &token, &json!({"propagationPolicy": "Orphan"})).await?;
    ensure!(status == 200, "{status}");
    ensure!(
        count(&rig.json(ITS_PODS, &token).await?) == 3,
        "its pods stay"
    );
    ensure!(
        ready(&rig.json(CART, &token).await?, 2),
        "the cart has its own two"
    );
    Ok(())
}

#[tokio::test]
async fn whoever_deploys_makes_and_removes_canaries_only() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    let token = rig.token("developer").await?;
    let good = canary(&rig, &token).await?;
    let denied = |(status, body): (u16, Value)| {
        ensure!(
            status == 403
                && body["message"].as_str().is_some_and(|m| m
                    .contains("ValidatingAdmissionPolicy 'portolan-canaries'")
                    && m.contains("denied request")),
            "{status} {body}"
        );
        Ok(())
    };
    let mut other = good.clone();
    other["metadata"]["name"] = json!("miner");
    denied(make(&rig, &token, &other).await?)?;
    let mut unlabelled = good.clone();
    unlabelled["metadata"]["labels"] = json!({});
    denied(make(&rig, &token, &unlabelled).await?)?;
    // Without the label in its selector its pods would be the service's.
    let mut adopting = good.clone();
    adopting["spec"]["selector"] = json!({"matchLabels": {"app": "cart"}});
    denied(make(&rig, &token, &adopting).await?)?;
    let stable = rig.call(&Method::DELETE, CART, &token).send().await?;
    denied((stable.status().as_u16(), stable.json().await?))?;
    // Nor is anything else turned into a canary first.
    let turned = json!({"metadata": {"labels": {LABEL: "cart"}}});
    denied(rig.patch(&token, MERGE, &turned).await?)?;
    for role in ["manager", "auditor"] {
        let token = rig.token(role).await?;
        let (status, body) = make(&rig, &token, &good).await?;
        let said = body["message"].as_str().unwrap_or_default();
        ensure!(
            status == 403 && said.contains("cannot create resource \"deployments\""),
            "{role}: {body}"
        );
    }
    Ok(())
}
