//! What the portal says to run after a run that was cut short.

use std::time::Duration;

use domain::{ChangeId, ChangeState, StepKind, StepState, Version};
use portolan_control::services::Cell;
use serde_json::json;
use sqlx::PgPool;
use tokio::time::sleep;

use super::stage::{Stage, state_of, steps};
use crate::harness::service;

async fn cells(stage: &Stage) -> Vec<Cell> {
    let control = &stage.portal.control;
    let cart = control.service(&stage.developer, &service("cart")).await;
    let mut cells = cart.expect("service").row.cells;
    cells.retain(|cell| cell.environment.as_str() == "staging");
    cells
}

fn version(text: &str) -> Option<Version> {
    Some(Version::parse(text).expect("version"))
}

/// Until the pipeline of the change has the credentials that it acts with.
async fn at_work(stage: &Stage, before: i64) {
    for _ in 0..3_000 {
        let sessions = "SELECT count(*) FROM aws_session WHERE purpose = 'pipeline'";
        if stage.count(sessions).await > before {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("no pipeline took its credentials");
}

async fn cancel(stage: &Stage, id: ChangeId) {
    let control = &stage.portal.control;
    let asked = control.cancel(&stage.developer, id, "no".into()).await;
    asked.expect("asked");
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_deployment_cut_short_leaves_a_doubt_until_the_next_is_verified(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let first = stage.run("1.0.0", "staging").await;
    assert_eq!(first.row.state, ChangeState::Succeeded);
    for cell in cells(&stage).await {
        assert!(cell.parity && cell.version == version("1.0.0"), "{cell:?}");
    }

    stage.clusters(json!({"rollout_ms": 60_000}));
    let id = stage.approved("cart", "1.1.0", "staging").await;
    let worker = stage.worker();
    at_work(&stage, 2).await;
    cancel(&stage, id).await;
    let change = stage.ended(id).await;
    assert_eq!(change.row.state, ChangeState::Cancelled);
    let why = change.state_reason.clone().expect("why");
    assert!(why.contains("either version may be running"), "{why}");

    let [central, west] = &cells(&stage).await[..] else {
        panic!("two regions")
    };
    let doubt = central.doubt.as_ref().expect("a doubt");
    assert_eq!(
        (doubt.change, &doubt.last_verified),
        (id, &version("1.0.0"))
    );
    assert_eq!((&central.version, &central.digest), (&None, &None));
    assert_eq!((central.verified_at, central.change), (None, None));
    assert!(!central.parity && !west.parity, "nobody can say they agree");
    assert_eq!((&west.version, &west.doubt), (&version("1.0.0"), &None));

    // What is asked for next does not take the old version for what runs.
    stage.clusters(json!({"rollout_ms": 50}));
    let next = stage.approved("cart", "1.2.0", "staging").await;
    let change = stage.ended(next).await;
    drop(worker);
    let current: Vec<_> = change
        .evidence
        .targets
        .iter()
        .map(|target| {
            target
                .current
                .as_ref()
                .map(|running| running.version.clone())
        })
        .collect();
    assert_eq!(current, [None, version("1.0.0")]);
    assert_eq!(
        change.row.state,
        ChangeState::Succeeded,
        "{}",
        steps(&change).join("\n")
    );
    for cell in cells(&stage).await {
        assert!(cell.parity && cell.doubt.is_none(), "{cell:?}");
        assert_eq!(cell.version, version("1.2.0"));
    }
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_first_deployment_cut_short_is_not_called_none(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage.clusters(json!({"rollout_ms": 60_000}));
    let id = stage.approved("cart", "1.1.0", "staging").await;
    let _worker = stage.worker();
    at_work(&stage, 0).await;
    cancel(&stage, id).await;
    stage.ended(id).await;
    let cells = cells(&stage).await;
    let doubt = cells[0].doubt.as_ref().expect("a doubt");
    assert_eq!((doubt.change, &doubt.last_verified), (id, &None));
    assert_eq!(cells[1].doubt, None, "nothing was begun there");
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_build_that_ended_well_before_it_could_be_stopped_is_looked_at_once(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage.clusters(json!({"rollout_ms": 1_500}));
    let id = stage.approved("cart", "1.1.0", "staging").await;
    let worker = stage.worker();
    at_work(&stage, 0).await;
    worker.stop().await;
    for _ in 0..3_000 {
        if stage.running("cart") == 0 {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    cancel(&stage, id).await;
    let _worker = stage.worker();
    let change = stage.ended(id).await;
    assert_eq!(change.row.state, ChangeState::Cancelled);
    assert_eq!(
        state_of(&change, "eu-central-1", StepKind::VerifyRollout),
        Some(StepState::Succeeded),
        "{}",
        steps(&change).join("\n")
    );
    let why = change.state_reason.clone().expect("why");
    assert!(
        why.contains("eu-central-1: 1.1.0 is deployed and verified."),
        "{why}"
    );
    assert_eq!(stage.builds("cart"), 1, "the second region is not begun");
    let cells = cells(&stage).await;
    assert_eq!(
        (&cells[0].version, &cells[0].doubt),
        (&version("1.1.0"), &None)
    );
}
