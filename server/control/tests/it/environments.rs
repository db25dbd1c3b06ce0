//! Environments as the configuration has them: changed in place, retired, taken back.

use domain::{ChangeState, EnvironmentName, JobRole, RefusalCode, Verdict};
use portolan_control::Settings;
use sqlx::PgPool;

use crate::harness::{Portal, RULES, Recorded as _, deploy, settings};

fn name(name: &str) -> EnvironmentName {
    EnvironmentName::parse(name).expect("environment")
}

fn without(gone: &str) -> Settings {
    let mut settings = settings();
    settings.environments.retain(|e| e.name != name(gone));
    settings
}

async fn configured(portal: &Portal) -> Vec<(String, String)> {
    sqlx::query_as(
        "SELECT kind, subject_id FROM audit_event WHERE subject_kind = 'environment' ORDER BY id",
    )
    .fetch_all(&portal.pool)
    .await
    .expect("events")
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn what_is_no_longer_configured_is_retired_and_nothing_starts_there(pool: PgPool) {
    let portal = Portal::new(pool.clone()).await;
    let (developer, _) = portal.shop().await;
    let colleague = portal
        .person("developer2", &[JobRole::Developer], &["checkout"], false)
        .await;
    let change = portal
        .control
        .request_change(&developer, deploy("1.0.0", "staging"))
        .await
        .expect("requested");
    let (id, digest) = (change.row.id, change.row.evidence_digest);
    portal
        .control
        .decide(&colleague, id, Verdict::Approve, digest, String::new())
        .await
        .expect("approved");
    let before = configured(&portal).await.len();

    let portal = Portal::with(pool.clone(), RULES, without("staging")).await;
    let events = configured(&portal).await.split_off(before);
    assert_eq!(
        events
            .first()
            .map(|(kind, of)| (kind.as_str(), of.as_str())),
        // Production moves up a place.
        Some(("environment.configured", "production"))
    );
    assert_eq!(events[1], ("environment.retired".into(), "staging".into()));
    let used = portal.control.environments(&developer).await.expect("read");
    let used: Vec<_> = used.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(used, ["dev", "production"]);
    let ever = portal
        .control
        .environments_ever(&developer)
        .await
        .expect("read");
    assert!(ever[2].name == name("staging") && ever[2].retired_at.is_some());
    let refused = portal
        .control
        .request_change(&developer, deploy("1.1.0", "staging"))
        .await
        .expect_err("retired");
    assert!(
        refused.refusal().fields["environment"].contains("retired"),
        "{refused}"
    );
    let refused = portal
        .control
        .start(&developer, id)
        .await
        .expect_err("retired");
    assert_eq!(refused.code(), RefusalCode::Stale);
    let change = portal.control.change(&developer, id).await.expect("reads");
    assert_eq!(change.row.state, ChangeState::Stale);
    let why = change.state_reason.unwrap_or_default();
    assert!(why.contains("staging is retired"), "{why}");

    // Started again without a change: no event. Configured again: back in use.
    let before = configured(&portal).await.len();
    Portal::with(pool.clone(), RULES, without("staging")).await;
    assert_eq!(configured(&portal).await.len(), before);
    let portal = Portal::with(pool, RULES, settings()).await;
    let used = portal.control.environments(&developer).await.expect("read");
    let used: Vec<_> = used.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(used, ["dev", "staging", "production"]);
}

/// Whatever stands at an environment's place in the list, it is compared with what it was itself.
#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn each_is_compared_with_itself(pool: PgPool) {
    let portal = Portal::new(pool.clone()).await;
    let before = configured(&portal).await.len();
    let mut more = settings();
    let mut qa = more.environments[0].clone();
    qa.name = name("qa");
    more.environments.push(qa);
    let portal = Portal::with(pool, RULES, more).await;
    let events = configured(&portal).await.split_off(before);
    assert_eq!(
        events,
        [("environment.configured".to_owned(), "qa".to_owned())]
    );
}

/// One thing in the configuration that is another.
type Alter = fn(&mut Settings);

/// Another Jenkins, role or portal than the one that was approved.
#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_change_approved_for_other_addresses_is_stale(pool: PgPool) {
    let portal = Portal::new(pool.clone()).await;
    let (developer, _) = portal.shop().await;
    let others: [(&str, Alter); 3] = [
        ("through.jenkins", |s| {
            s.jenkins.url = "http://127.0.0.1:10/jenkins".parse().expect("url");
        }),
        ("through.job_role_arn", |s| {
            s.aws.job_role_arn = "arn:aws:iam::{account}:role/other-{job_role}".into();
        }),
        ("through.portal", |s| {
            s.public_url = "http://127.0.0.1:10".parse().expect("url");
        }),
    ];
    for (field, alter) in others {
        let change = portal
            .control
            .request_change(&developer, deploy("1.0.0", "dev"))
            .await
            .expect("requested");
        let mut altered = settings();
        alter(&mut altered);
        let now = Portal::with(pool.clone(), RULES, altered).await;
        let refused = now
            .control
            .start(&developer, change.row.id)
            .await
            .expect_err(field);
        assert_eq!(refused.code(), RefusalCode::Stale, "{field}");
        let said = refused.refusal().detail;
        assert!(said.contains("addresses and roles"), "{said}");
        let told = now.control.change(&developer, change.row.id).await;
        assert!(told.expect("reads").differs_in(field), "{field}");
    }
}
