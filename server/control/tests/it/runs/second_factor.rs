//! What AWS is told of a second factor: that of the approvals, where the place is protected, and nothing else.

use domain::{ChangeState, Verdict};
use serde_json::Value;
use sqlx::PgPool;

use super::stage::{Stage, steps};
use crate::harness::{Portal, deploy};

/// What the audit log says of each session: whether AWS was told of a second factor.
async fn told(pool: &PgPool) -> Vec<bool> {
    let records: Vec<String> =
        sqlx::query_scalar("SELECT record FROM audit_event WHERE kind = 'aws.role_assumed'")
            .fetch_all(pool)
            .await
            .expect("events");
    records
        .iter()
        .map(|record| serde_json::from_str::<Value>(record).expect("json")["data"]["mfa"] == true)
        .collect()
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn production_is_reached_with_the_second_factor_of_its_approval(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let change = stage.run("1.1.0", "production").await;
    assert_eq!(
        change.row.state,
        ChangeState::Succeeded,
        "{:?}\n{}",
        change.state_reason,
        steps(&change).join("\n")
    );
    let told = told(&stage.portal.pool).await;
    assert!(told.len() >= 8 && told.iter().all(|mfa| *mfa), "{told:?}");
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn elsewhere_aws_is_told_nothing_of_it(pool: PgPool) {
    let mut stage = Stage::new(pool).await;
    if let domain::CallerKind::Person { authentication, .. } = &mut stage.colleague.kind {
        authentication.mfa = true;
    }
    let change = stage.run("1.1.0", "staging").await;
    assert_eq!(change.row.state, ChangeState::Succeeded);
    let told = told(&stage.portal.pool).await;
    assert!(!told.is_empty() && told.iter().all(|mfa| !mfa), "{told:?}");
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn without_it_aws_says_no_and_the_change_says_why(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let id = stage.approved("cart", "1.1.0", "production").await;
    stage
        .portal
        .control
        .start(
            &stage
                .portal
                .person("operator", &[domain::JobRole::Operator], &[], true)
                .await,
            id,
        )
        .await
        .expect("starts");
    sqlx::query("UPDATE run SET stepped_up = false")
        .execute(&stage.portal.pool)
        .await
        .expect("update");
    let _worker = stage.worker();
    let change = stage.ended(id).await;
    assert_eq!(change.row.state, ChangeState::Failed);
    let why = change.state_reason.expect("a reason");
    for part in [
        "sts:AssumeRole",
        "arn:aws:iam::300000000003:role/portolan-job-developer",
        "given without a fresh second factor",
        "portolan:mfa",
    ] {
        assert!(why.contains(part), "{part} is not in: {why}");
    }
}

/// The start looks at the approvals themselves, whatever was demanded when they were given.
#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_run_knows_how_its_approvals_were_given(pool: PgPool) {
    const RULES: &str = r#"[
        {"name": "dev", "match": {"environment": "dev"}, "require": []},
        {"name": "protected", "match": {"protected": true}, "require": [{"count": 1, "of": {"job_role": "manager"}}]}
    ]"#;
    let portal = Portal::with(pool, RULES, crate::harness::settings()).await;
    let (developer, manager) = portal.shop().await;
    let starter = portal
        .person("operator", &[domain::JobRole::Operator], &[], true)
        .await;
    for (environment, weaken, expected) in [
        ("dev", false, false),
        ("production", true, false),
        ("production", false, true),
    ] {
        let change = portal
            .control
            .request_change(&developer, deploy("1.1.0", environment))
            .await
            .expect("requested");
        let (id, digest) = (change.row.id, change.row.evidence_digest);
        if change.row.state == ChangeState::AwaitingApproval {
            portal
                .control
                .decide(&manager, id, Verdict::Approve, digest, String::new())
                .await
                .expect("approved");
        }
        if weaken {
            sqlx::query("UPDATE approval SET stepped_up = false")
                .execute(&portal.pool)
                .await
                .expect("update");
        }
        portal.control.start(&starter, id).await.expect("starts");
        let known: bool = sqlx::query_scalar("SELECT stepped_up FROM run WHERE change_id = $1")
            .bind(id.0)
            .fetch_one(&portal.pool)
            .await
            .expect("a run");
        assert_eq!(known, expected, "{environment}, weakened: {weaken}");
        sqlx::query("UPDATE change SET state = 'failed' WHERE id = $1")
            .bind(id.0)
            .execute(&portal.pool)
            .await
            .expect("over");
    }
}
