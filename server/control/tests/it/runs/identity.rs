//! Where the portal's own credentials come from: the pod's agent, and nowhere else.

use std::process::Stdio;

use domain::{
    ChangeId, ChangeKind, EnvironmentName, Evidence, GitCommit, ImageDigest, JobRole, Login,
    Person, PersonId, RegionName, ServiceName, StepId, Target, TeamName, Version, evidence::Side,
};
use portolan_control::{
    Outside,
    outside::{
        PortalIdentity,
        aws::{Errand, Need},
    },
};
use sandbox::{Options, Sandbox};
use uuid::Uuid;

use crate::harness::settings;

const NAME: &str = "runs::identity::only_the_pods_agent_gives_the_portal_its_rights";

fn evidence() -> Evidence {
    Evidence {
        schema: Evidence::SCHEMA,
        kind: ChangeKind::Deploy,
        requester: Login::parse("developer").expect("login"),
        service: ServiceName::parse("cart").expect("service"),
        team: TeamName::parse("checkout").expect("team"),
        system: None,
        tier: None,
        version: Version::parse("1.1.0").expect("version"),
        commit: GitCommit::parse("0123abc").expect("commit"),
        repository: "shop/cart".into(),
        digest: ImageDigest::parse(format!("sha256:{}", "a".repeat(64))).expect("digest"),
        environment: EnvironmentName::parse("dev").expect("environment"),
        protected: false,
        pipeline: "shop/deploy-cart".into(),
        targets: vec![Target {
            region: RegionName::parse("eu-west-1").expect("region"),
            side: Side::Active,
            account: "200000000002".into(),
            cluster: "shop-dev".into(),
            namespace: "shop".into(),
            current: None,
            becomes: None,
        }],
        rollback_of: None,
        wave: None,
        through: domain::evidence::Through::default(),
        rule_version: "r".into(),
        policy_version: "p".into(),
    }
}

/// In a process whose environment says where the agent is, or does not. Prints what came of it.
async fn in_that_process(endpoint: &str) {
    let mut settings = settings();
    settings.aws.endpoint = Some(endpoint.parse().expect("url"));
    let identity = PortalIdentity::Environment;
    let outside = Outside::new(&settings.aws, &settings.jenkins, identity).expect("outside");
    let evidence = evidence();
    let (_, digest) = evidence.seal().expect("seals");
    let errand = Errand {
        person: &Person {
            id: PersonId(Uuid::now_v7()),
            login: evidence.requester.clone(),
            name: "Developer".into(),
            job_roles: [JobRole::Developer].into(),
            teams: [evidence.team.clone()].into(),
        },
        change: ChangeId(Uuid::now_v7()),
        step: StepId(Uuid::now_v7()),
        evidence: &evidence,
        digest,
        target: &evidence.targets[0],
        stepped_up: false,
        need: Need::CheckCluster,
    };
    match outside.roles.assume(errand).await {
        Ok(session) => {
            let cluster = outside.clusters.describe(&session, "shop-dev").await;
            println!("CAME TO {}", cluster.expect("described").status);
        }
        Err(failure) => println!("CAME TO {:?}: {failure}", failure.kind),
    }
}

#[tokio::test]
async fn only_the_pods_agent_gives_the_portal_its_rights() {
    if let Ok(endpoint) = std::env::var("PORTOLAN_TEST_WORLD") {
        return in_that_process(&endpoint).await;
    }
    let sandbox = Sandbox::start(Options::default()).await.expect("sandbox");
    let token = std::env::temp_dir().join(format!("portolan-token-{}", Uuid::now_v7()));
    std::fs::write(&token, "pod-identity-token-portolan").expect("a token file");
    let run = async |agent: bool| {
        let mut child = tokio::process::Command::new(std::env::current_exe().expect("this test"));
        child
            .args([NAME, "--exact", "--nocapture"])
            .env_clear()
            .env("PORTOLAN_TEST_WORLD", sandbox.url())
            // Somebody's permanent keys lie around. They are not to be used.
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env(
                "AWS_SECRET_ACCESS_KEY",
                "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            )
            .stdin(Stdio::null());
        if agent {
            let uri = format!("{}/pod-identity/v1/credentials", sandbox.url());
            child
                .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri)
                .env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &token);
        }
        let output = child.output().await.expect("runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = text.lines().find_map(|line| line.split_once("CAME TO "));
        line.map(|(_, what)| what.to_owned()).unwrap_or(text)
    };
    assert_eq!(run(true).await, "ACTIVE");
    let assumed = sandbox.world().calls(0);
    let assumed = assumed
        .iter()
        .find(|c| c.operation == "AssumeRole")
        .expect("a call");
    let by = assumed.caller.as_deref().unwrap_or_default();
    assert!(
        by.contains("100000000001") && by.contains("portolan-portal"),
        "{by}"
    );

    let without = run(false).await;
    assert!(without.contains("did not get through"), "{without}");
    let calls = sandbox.world().calls(0);
    assert!(
        calls
            .iter()
            .all(|c| c.access_key_id.as_deref() != Some("AKIAIOSFODNN7EXAMPLE"))
    );
    std::fs::remove_file(token).expect("removed");
}
