//! Somebody who is disabled while their change runs: from then on nothing is begun and nothing is asked in their name.

use std::time::Duration;

use domain::{ChangeId, ChangeState, Reason, StepKind, StepState};
use portolan_control::changes::ChangeDetail;
use sandbox::world::faults::{Fault, Kind};
use serde_json::json;
use sqlx::PgPool;
use tokio::time::sleep;

use super::stage::{Stage, state_of, steps};
use crate::harness::service;

fn slow(service: &str) -> Fault {
    Fault {
        service: Some(service.into()),
        ms: Some(1_000),
        ..Fault::new(Kind::Latency)
    }
}

/// As an administrator would.
async fn disable(stage: &Stage) {
    let administrator = stage
        .portal
        .person(
            "administrator2",
            &[domain::JobRole::Administrator],
            &[],
            false,
        )
        .await;
    let reason = Reason::parse("has left").expect("reason");
    let id = stage.developer.person.id;
    stage
        .portal
        .control
        .disable_person(&administrator, id, reason)
        .await
        .expect("disabled");
}

async fn ended(stage: &Stage, id: ChangeId) -> ChangeDetail {
    for _ in 0..3_000 {
        let control = &stage.portal.control;
        let change = control.change(&stage.manager, id).await.expect("reads");
        if change.row.state != ChangeState::Running {
            return change;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("it never ended");
}

fn assumed(stage: &Stage) -> usize {
    let calls = stage.calls();
    calls.iter().filter(|c| c.operation == "AssumeRole").count()
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn while_the_pipeline_is_about_to_be_started_no_build_begins(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage.fault(slow("jenkins"));
    let id = stage.approved("cart", "1.1.0", "dev").await;
    let _worker = stage.worker();
    stage
        .until(id, |c| {
            state_of(c, "eu-west-1", StepKind::TriggerPipeline) == Some(StepState::Running)
        })
        .await;
    disable(&stage).await;
    let change = ended(&stage, id).await;
    assert_eq!(change.row.state, ChangeState::Failed);
    let why = change.state_reason.clone().expect("why");
    assert!(
        why.contains("developer is disabled since 20")
            && why.contains("; nothing was begun in eu-west-1."),
        "{why}"
    );
    stage.sandbox.world().faults().clear();
    assert_eq!(stage.builds("cart"), 0, "{}", steps(&change).join("\n"));
    assert_eq!(stage.count("SELECT count(*) FROM ticket").await, 0);
    let told = stage
        .count(
            "SELECT count(*) FROM audit_event WHERE kind = 'step.failed' AND record LIKE '%developer is disabled since%'",
        )
        .await;
    assert_eq!(told, 1);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_session_that_came_too_late_is_not_used(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage.fault(slow("sts"));
    let id = stage.approved("cart", "1.1.0", "dev").await;
    let _worker = stage.worker();
    stage
        .until(id, |c| {
            state_of(c, "eu-west-1", StepKind::CheckCluster) == Some(StepState::Running)
        })
        .await;
    sleep(Duration::from_millis(200)).await;
    disable(&stage).await;
    let change = ended(&stage, id).await;
    let why = change.state_reason.clone().expect("why");
    assert!(why.contains("developer is disabled since 20"), "{why}");
    let calls = stage.calls();
    assert!(
        calls
            .iter()
            .all(|c| c.service != "eks" && c.service != "ecr"),
        "{calls:?}"
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn while_the_first_region_is_deployed_the_second_is_never_begun(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage.clusters(json!({"rollout_ms": 1_500}));
    let id = stage.approved("cart", "1.1.0", "staging").await;
    let _worker = stage.worker();
    let redeemed = "SELECT count(*) FROM aws_session WHERE purpose = 'pipeline'";
    for _ in 0..3_000 {
        if stage.count(redeemed).await > 0 {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    disable(&stage).await;
    let before = assumed(&stage);
    let change = ended(&stage, id).await;
    assert_eq!(change.row.state, ChangeState::Failed);
    assert_eq!(assumed(&stage), before, "no AssumeRole after the disabling");
    assert_eq!(stage.builds("cart"), 1);
    let why = change.state_reason.clone().expect("why");
    assert!(why.contains("developer is disabled since 20"), "{why}");
    assert!(why.contains("eu-west-1: nothing was changed."), "{why}");
    // What the pipeline had begun was never verified.
    let control = &stage.portal.control;
    let cart = control.service(&stage.manager, &service("cart")).await;
    let cart = cart.expect("service").row;
    let doubts: Vec<_> = cart
        .cells
        .iter()
        .filter(|cell| cell.doubt.is_some())
        .map(|cell| (cell.environment.as_str(), cell.region.as_str()))
        .collect();
    assert_eq!(doubts, [("staging", "eu-central-1")]);
}
