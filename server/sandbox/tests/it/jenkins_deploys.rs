//! End to end: a triggered build redeems its ticket at a portal, asks EKS, patches the Deployment and waits for the pods.
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::ensure;
use aws_credential_types::Credentials;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use portolan_sandbox::world::description::image_digest;
use serde_json::{Value, json};

use super::jenkins_rig::{self, JOB};
use super::kubernetes_rig::{self, ACCOUNT, CART, CLUSTER, REGION, session};

type Form<'a> = &'a [(&'a str, &'a str)];
type Tickets = Arc<Mutex<BTreeMap<String, Credentials>>>;

/// A portal that can do nothing but redeem tickets, each once.
async fn portal(tickets: Tickets) -> anyhow::Result<String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let app = Router::new()
        .route("/api/v1/tickets/redeem", post(redeem))
        .with_state(tickets);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(url)
}

async fn redeem(
    State(tickets): State<Tickets>,
    Json(body): Json<Value>,
) -> (StatusCode, Json<Value>) {
    let ticket = body["ticket"].as_str().unwrap_or_default();
    let held = tickets
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .remove(ticket);
    if let Some(who) = held {
        let answer = json!({"Version": 1, "AccessKeyId": who.access_key_id(), "SecretAccessKey": who.secret_access_key(),
                "SessionToken": who.session_token(), "Expiration": "2099-01-01T00:00:00Z"});
        (StatusCode::OK, Json(answer))
    } else {
        let problem = json!({"title": "The ticket was already redeemed", "code": "ticket_spent", "status": 409});
        (StatusCode::CONFLICT, Json(problem))
    }
}

struct World {
    jenkins: jenkins_rig::Rig,
    portal: String,
    tickets: Tickets,
}

impl World {
    async fn new() -> anyhow::Result<Self> {
        let jenkins = jenkins_rig::Rig::new().await?;
        jenkins
            .world(json!({"behaviour": {"kind": "deploy"}}))
            .await?;
        let tickets = Tickets::default();
        let portal = portal(Arc::clone(&tickets)).await?;
        Ok(Self {
            jenkins,
            portal,
            tickets,
        })
    }

    /// Runs one build with a ticket for a role; `changes` replace parameters.
    async fn deploy(
        &self,
        run: &str,
        role: &str,
        version: &str,
        changes: &[(&str, &str)],
    ) -> anyhow::Result<(Value, String)> {
        let who = session(&self.jenkins.sandbox, role, ACCOUNT).await?;
        self.tickets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(format!("ticket-{run}"), who);
        let (ticket, digest) = (format!("ticket-{run}"), image_digest("cart", version));
        let mut form = BTreeMap::from([
            ("PORTOLAN_RUN_ID", run),
            ("PORTOLAN_TICKET", &ticket),
            ("PORTOLAN_URL", &self.portal),
            ("SERVICE", "cart"),
            ("VERSION", version),
            ("DIGEST", &digest),
            ("ENVIRONMENT", "staging"),
            ("REGION", REGION),
            ("CLUSTER", CLUSTER),
            ("NAMESPACE", "shop"),
            ("CANARY_SHARE", ""),
        ]);
        form.extend(changes.iter().copied());
        let form: Vec<(&str, &str)> = form.into_iter().collect();
        let (number, build) = self.jenkins.whole(&form).await?;
        Ok((build, self.jenkins.console(number).await?))
    }
}

#[tokio::test]
async fn a_build_really_deploys() -> anyhow::Result<()> {
    let world = World::new().await?;
    let (build, log) = world.deploy("run-1", "developer", "1.1.0", &[]).await?;
    ensure!(build["result"] == "SUCCESS", "{log}");
    for words in [
        "Ticket redeemed: session ASIA",
        "is ACTIVE",
        "Image set to",
        "Rollout: updated",
        "every pod of cart runs 1.1.0",
    ] {
        ensure!(log.contains(words), "{words}: {log}");
    }
    ensure!(
        !log.contains("ticket-run-1"),
        "the ticket is not in the log: {log}"
    );
    let (build, log) = world.deploy("run-2", "developer", "1.1.0", &[]).await?;
    ensure!(
        build["result"] == "SUCCESS" && log.contains("already"),
        "again changes nothing: {log}"
    );
    let rig = kubernetes_rig::Rig::over(world.jenkins.sandbox).await?;
    let token = rig.token("developer").await?;
    let deployment = rig.json(CART, &token).await?;
    ensure!(
        deployment["metadata"]["annotations"]["portolan.dev/run"] == "run-2",
        "{deployment}"
    );
    ensure!(
        deployment["status"]["updatedReplicas"] == 2 && deployment["metadata"]["generation"] == 2,
        "{deployment}"
    );
    let calls = rig.sandbox.world().calls(0);
    let patch = calls
        .iter()
        .find(|call| call.operation == "patch deployments" && call.outcome == "ok");
    ensure!(
        patch.is_some_and(|call| call.source_identity.as_deref() == Some("developer")),
        "{patch:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_share_is_a_canary_that_the_next_whole_deployment_takes_away() -> anyhow::Result<()> {
    let world = World::new().await?;
    let address = format!("{}/_world/kubernetes", world.jenkins.sandbox.url());
    let switch = async |patch: Value| -> anyhow::Result<()> {
        let request = world.jenkins.http.post(&address).json(&patch);
        request.send().await?.error_for_status()?;
        Ok(())
    };
    switch(json!({"scale": "cart", "replicas": 5, "rollout_ms": 50})).await?;
    let seen = async || -> anyhow::Result<Value> {
        let all: Value = world
            .jenkins
            .http
            .get(&address)
            .send()
            .await?
            .json()
            .await?;
        let here = all
            .as_array()
            .into_iter()
            .flatten()
            .find(|cluster| cluster["name"] == CLUSTER && cluster["region"] == REGION);
        let mut of: Value = here.map_or(json!([]), |cluster| cluster["deployments"].clone());
        if let Some(all) = of.as_array_mut() {
            all.retain(|one| {
                one["name"]
                    .as_str()
                    .is_some_and(|name| name.starts_with("cart"))
            });
        }
        Ok(of)
    };
    let image = |version: &str| kubernetes_rig::image("cart", version);
    let share = |share| [("CANARY_SHARE", share)];
    // One that is twice brought up is brought up anew.
    for (run, percent, pods) in [("run-1", "50", 3), ("run-2", "25", 2)] {
        let (build, log) = world
            .deploy(run, "developer", "1.1.0", &share(percent))
            .await?;
        ensure!(build["result"] == "SUCCESS", "{log}");
        ensure!(
            log.contains(&format!("{percent} % of 5 rounded up")),
            "{log}"
        );
        let now = seen().await?;
        ensure!(
            now[0]["replicas"] == 5 && now[0]["image"] == image("1.0.0"),
            "what runs is left alone: {now}"
        );
        ensure!(
            now[1]["name"] == "cart-canary"
                && now[1]["run"] == run
                && now[1]["image"] == image("1.1.0")
                && (&now[1]["replicas"], &now[1]["available"]) == (&json!(pods), &json!(pods)),
            "{now}"
        );
    }
    let (build, log) = world.deploy("run-3", "developer", "1.1.0", &[]).await?;
    ensure!(
        build["result"] == "SUCCESS" && log.contains("The canary cart-canary is gone"),
        "{log}"
    );
    let now = seen().await?;
    ensure!(
        now.as_array().map(Vec::len) == Some(1) && now[0]["image"] == image("1.1.0"),
        "{now}"
    );
    for bad in ["0", "100", "-5", "12.5", "25%", "all"] {
        let run = format!("run-{bad}");
        let (build, log) = world
            .deploy(&run, "developer", "1.2.0", &share(bad))
            .await?;
        ensure!(
            build["result"] == "FAILURE" && log.contains("no whole number of percent from 1 to 99"),
            "{bad}: {log}"
        );
        ensure!(
            !log.contains("Ticket redeemed"),
            "{bad}: nothing was begun: {log}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn refusals_are_told_in_words() -> anyhow::Result<()> {
    let world = World::new().await?;
    let missing = image_digest("cart", "9.9.9");
    // run, role, parameters that differ, words of the log
    let cases: [(&str, &str, Form<'_>, &str); 7] = [
        (
            "spent",
            "developer",
            &[("PORTOLAN_TICKET", "spent-before")],
            "Redeem the ticket: refused with 409: The ticket was already redeemed",
        ),
        (
            "manager",
            "manager",
            &[],
            "deployments.apps \"cart\" is forbidden: User \"arn:aws:sts::200000000002:assumed-role/portolan-job-manager/step-1\" cannot patch resource",
        ),
        (
            "nowhere",
            "developer",
            &[("CLUSTER", "shop-none")],
            "Describe the cluster: refused with 404 ResourceNotFoundException",
        ),
        (
            "absent",
            "developer",
            &[("SERVICE", "none")],
            "deployments.apps \"none\" not found",
        ),
        (
            "digest",
            "developer",
            &[("DIGEST", "latest")],
            "DIGEST is no image digest",
        ),
        (
            "empty",
            "developer",
            &[("NAMESPACE", "")],
            "Parameters without a value: NAMESPACE",
        ),
        (
            "portal",
            "developer",
            &[("PORTOLAN_URL", "http://127.0.0.1:9")],
            "no answer from 127.0.0.1:9",
        ),
    ];
    for (run, role, changes, words) in cases {
        let (build, log) = world.deploy(run, role, "1.1.0", changes).await?;
        ensure!(
            build["result"] == "FAILURE" && log.contains(words),
            "{run}: {log}"
        );
        ensure!(log.contains("script returned exit code 1"), "{run}: {log}");
    }
    // An image that is not there: the script reports what the pods say.
    let address = format!("{}/_world/kubernetes", world.jenkins.sandbox.url());
    world
        .jenkins
        .http
        .post(address)
        .json(&json!({"progress_deadline_s": 2}))
        .send()
        .await?
        .error_for_status()?;
    let (build, log) = world
        .deploy("image", "developer", "1.1.0", &[("DIGEST", &missing)])
        .await?;
    ensure!(
        build["result"] == "FAILURE" && log.contains("ImagePullBackOff"),
        "{log}"
    );
    ensure!(log.contains("has timed out progressing"), "{log}");
    ensure!(
        world
            .jenkins
            .json(&format!("{JOB}/api/json?tree=color"))
            .await?["color"]
            == "red",
        "color"
    );
    Ok(())
}
