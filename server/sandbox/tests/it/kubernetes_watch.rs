//! Watches, and the list of everything that is served.
use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};
use portolan_sandbox::kubernetes::SERVED;
use reqwest::Method;
use serde_json::{Value, json};

use super::kubernetes_lifecycle::canary;
use super::kubernetes_rig::*;

/// Reads a watch that ends by itself.
async fn watched(rig: &Rig, path: &str, token: &str) -> anyhow::Result<Vec<Value>> {
    let text = rig
        .call(&Method::GET, path, token)
        .send()
        .await?
        .text()
        .await?;
    text.lines()
        .map(|line| serde_json::from_str(line).context("a line of JSON"))
        .collect()
}

#[tokio::test]
async fn watches() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    let token = rig.token("developer").await?;
    let list = rig.json(&format!("{SHOP}/deployments"), &token).await?;
    let version = list["metadata"]["resourceVersion"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    rig.patch(
        &token,
        MERGE,
        &json!({"metadata": {"labels": {"tier": "gold"}}}),
    )
    .await?;
    rig.patch(
        &token,
        MERGE,
        &json!({"metadata": {"labels": {"tier": null}}}),
    )
    .await?;
    let base = format!("{SHOP}/deployments?watch=true&timeoutSeconds=1&resourceVersion={version}");
    for (extra, expected) in [
        ("", vec!["MODIFIED", "MODIFIED"]),
        ("&labelSelector=tier%3Dgold", vec!["ADDED", "DELETED"]),
        ("&fieldSelector=metadata.name%3Dad", vec![]),
        (
            "&fieldSelector=metadata.name%3Dad&allowWatchBookmarks=true",
            vec!["BOOKMARK"],
        ),
    ] {
        let events = watched(&rig, &format!("{base}{extra}"), &token).await?;
        let types: Vec<&str> = events
            .iter()
            .filter_map(|event| event["type"].as_str())
            .collect();
        ensure!(types == expected, "{extra}: {types:?}");
    }
    let whole = watched(
        &rig,
        &format!("{SHOP}/deployments?watch=1&timeoutSeconds=0"),
        &token,
    )
    .await?;
    ensure!(
        whole.len() >= 12 && whole.iter().all(|event| event["type"] == "ADDED"),
        "{}",
        whole.len()
    );
    rig.world(json!({"compact": true})).await?;
    let old = watched(&rig, &base, &token).await?;
    ensure!(
        old.len() == 1 && old[0]["type"] == "ERROR" && old[0]["object"]["code"] == 410,
        "{old:?}"
    );
    ensure!(old[0]["object"]["reason"] == "Expired", "{old:?}");
    Ok(())
}

#[tokio::test]
async fn everything_that_is_served_answers() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    let token = rig.token("operator").await?;
    let first = |list: Value| {
        list["items"][0]["metadata"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let core = "/api/v1/namespaces/shop";
    let mut seen = BTreeSet::new();
    for (verb, group, resource) in SERVED {
        let base = if group.is_empty() { core } else { SHOP };
        let path = match (verb, resource) {
            (_, "version") => "/version".to_owned(),
            (_, "namespaces") => core.to_owned(),
            (_, "deployments/scale") => format!("{CART}/scale"),
            ("list" | "create", _) => format!("{base}/{resource}"),
            ("delete", _) => format!("{base}/{resource}/cart-canary"),
            ("watch", _) => format!("{base}/{resource}?watch=true&timeoutSeconds=0"),
            _ => format!(
                "{base}/{resource}/{}",
                first(rig.json(&format!("{base}/{resource}"), &token).await?)
            ),
        };
        let method = match verb {
            "patch" => Method::PATCH,
            "update" => Method::PUT,
            "create" => Method::POST,
            "delete" => Method::DELETE,
            _ => Method::GET,
        };
        let mut request = rig.call(&method, &path, &token);
        if verb == "patch" {
            request = request.header("content-type", MERGE).body("{}");
        } else if verb == "update" {
            request = request.json(&rig.json(&path, &token).await?);
        } else if verb == "create" {
            request = request.json(&canary(&rig, &token).await?);
        }
        let answer = request.send().await?;
        ensure!(
            answer.status() == if verb == "create" { 201 } else { 200 },
            "{verb} {group} {resource}: {}",
            answer.text().await?
        );
        seen.insert((verb, group, resource));
    }
    ensure!(seen.len() == SERVED.len(), "an entry is there twice");
    Ok(())
}
