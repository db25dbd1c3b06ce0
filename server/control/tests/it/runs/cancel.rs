//! Cancelling a run at each of its steps: what runs is stopped, what waits never begins, and the change says what was done.

use domain::{ChangeId, ChangeState, StepKind, StepState};
use portolan_control::changes::ChangeDetail;
use sandbox::{
    jenkins::{Behaviour, Patch},
    world::faults::{Fault, Kind},
};
use serde_json::json;
use sqlx::PgPool;

use super::stage::{Stage, state_of, steps};

fn slow(service: &str) -> Fault {
    Fault {
        service: Some(service.into()),
        ms: Some(700),
        ..Fault::new(Kind::Latency)
    }
}

async fn cancelled_during(stage: &Stage, id: ChangeId, kind: StepKind) -> ChangeDetail {
    let _worker = stage.worker();
    stage
        .until(id, |c| {
            state_of(c, "eu-central-1", kind) == Some(StepState::Running)
        })
        .await;
    if kind == StepKind::FollowPipeline {
        // Where the build really runs.
        stage
            .until(id, |c| steps(c).iter().any(|s| s.contains("Build 1 runs")))
            .await;
    }
    stage
        .portal
        .control
        .cancel(&stage.developer, id, "changed my mind".into())
        .await
        .expect("asked");
    let change = stage.ended(id).await;
    assert_eq!(
        change.row.state,
        ChangeState::Cancelled,
        "{kind}: {}",
        steps(&change).join("\n")
    );
    let states: Vec<_> = change
        .run
        .iter()
        .flat_map(|r| &r.steps)
        .map(|s| s.state)
        .collect();
    assert!(states.iter().all(|s| s.is_final()), "{kind}: {states:?}");
    assert!(
        states[5..].iter().all(|s| *s == StepState::Skipped),
        "{kind}: {states:?}"
    );
    assert_eq!(stage.running("cart"), 0, "{kind}");
    let open = stage
        .count("SELECT count(*) FROM ticket WHERE redeemed_at IS NULL AND revoked_at IS NULL")
        .await;
    assert_eq!(open, 0, "{kind}: tickets");
    let why = change.state_reason.clone().expect("why");
    assert!(
        why.contains("eu-west-1: nothing was changed."),
        "{kind}: {why}"
    );
    let told = stage.portal.kinds(id).await;
    assert_eq!(
        told.last().map(String::as_str),
        Some("change.cancelled"),
        "{kind}"
    );
    change
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn while_the_cluster_is_checked(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage.fault(slow("eks"));
    let id = stage.approved("cart", "1.1.0", "staging").await;
    let change = cancelled_during(&stage, id, StepKind::CheckCluster).await;
    assert!(
        change
            .state_reason
            .expect("why")
            .contains("eu-central-1: nothing was changed.")
    );
    assert_eq!(stage.builds("cart"), 0);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn while_the_image_is_checked(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage.fault(slow("ecr"));
    let id = stage.approved("cart", "1.1.0", "staging").await;
    let change = cancelled_during(&stage, id, StepKind::CheckImage).await;
    assert!(
        change
            .state_reason
            .expect("why")
            .contains("eu-central-1: nothing was changed.")
    );
    assert_eq!(stage.builds("cart"), 0);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn while_the_pipeline_is_triggered(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage.behave(Behaviour::Hang);
    stage.fault(slow("jenkins"));
    let id = stage.approved("cart", "1.1.0", "staging").await;
    let change = cancelled_during(&stage, id, StepKind::TriggerPipeline).await;
    let why = change.state_reason.expect("why");
    assert!(!why.contains("deployed"), "{why}");
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn while_the_answer_to_the_trigger_is_lost(pool: PgPool) {
    // Long enough between the attempts to be seen on a busy machine.
    let stage = Stage::with(pool, |settings| {
        settings.times.follow = std::time::Duration::from_millis(500);
    })
    .await;
    stage.jenkins(Patch {
        behaviour: Some(Behaviour::Hang),
        drop_trigger_replies: Some(1),
        ..Patch::default()
    });
    let id = stage.approved("cart", "1.1.0", "staging").await;
    let worker = stage.worker();
    stage
        .until(id, |c| {
            let mut all = c.run.iter().flat_map(|r| &r.steps);
            // Due a second time: before its first attempt nothing has been lost yet.
            all.any(|s| {
                s.kind == StepKind::TriggerPipeline && s.state == StepState::Due && s.attempts > 0
            })
        })
        .await;
    let cancel = stage
        .portal
        .control
        .cancel(&stage.developer, id, "no".into())
        .await;
    cancel.expect("asked");
    let change = stage.ended(id).await;
    drop(worker);
    assert_eq!(
        change.row.state,
        ChangeState::Cancelled,
        "{}",
        steps(&change).join("\n")
    );
    assert_eq!(
        (stage.builds("cart"), stage.running("cart")),
        (1, 0),
        "the build nobody told of was found and stopped"
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn while_the_build_runs(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage.behave(Behaviour::Hang);
    let id = stage.approved("cart", "1.1.0", "staging").await;
    let change = cancelled_during(&stage, id, StepKind::FollowPipeline).await;
    assert_eq!(
        state_of(&change, "eu-central-1", StepKind::FollowPipeline),
        Some(StepState::Cancelled),
        "{}",
        steps(&change).join("\n")
    );
    let why = change.state_reason.expect("why");
    assert!(why.contains("never took its credentials"), "{why}");
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn while_it_waits_in_the_queue(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage.jenkins(Patch {
        executors: Some(0),
        ..Patch::default()
    });
    let id = stage.approved("cart", "1.1.0", "staging").await;
    let _worker = stage.worker();
    stage
        .until(id, |c| {
            steps(c).iter().any(|s| s.contains("Waits in Jenkins"))
        })
        .await;
    let cancel = stage
        .portal
        .control
        .cancel(&stage.developer, id, "no".into())
        .await;
    cancel.expect("asked");
    let change = stage.ended(id).await;
    assert_eq!(
        change.row.state,
        ChangeState::Cancelled,
        "{}",
        steps(&change).join("\n")
    );
    stage.jenkins(Patch {
        executors: Some(4),
        ..Patch::default()
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(stage.builds("cart"), 0, "it was taken out of the queue");
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn while_the_rollout_is_verified(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let id = stage.approved("cart", "1.1.0", "staging").await;
    stage.fault(Fault {
        region: Some("eu-central-1".into()),
        ms: Some(150),
        service: Some("kubernetes".into()),
        ..Fault::new(Kind::Latency)
    });
    stage.clusters(json!({"rollout_ms": 400}));
    let change = cancelled_during(&stage, id, StepKind::VerifyRollout).await;
    let why = change.state_reason.expect("why");
    assert!(
        why.contains("was not verified") || why.contains("is deployed and verified"),
        "{why}"
    );
    assert_eq!(stage.builds("cart"), 1);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn with_one_region_done_it_says_so(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let id = stage.approved("cart", "1.1.0", "staging").await;
    stage.fault(Fault {
        region: Some("eu-west-1".into()),
        ..slow("eks")
    });
    let _worker = stage.worker();
    stage
        .until(id, |c| {
            state_of(c, "eu-west-1", StepKind::CheckCluster) == Some(StepState::Running)
        })
        .await;
    let cancel = stage
        .portal
        .control
        .cancel(&stage.developer, id, "enough".into())
        .await;
    cancel.expect("asked");
    let change = stage.ended(id).await;
    assert_eq!(change.row.state, ChangeState::Cancelled);
    let why = change.state_reason.expect("why");
    assert!(
        why.contains("eu-central-1: 1.1.0 is deployed and verified."),
        "{why}"
    );
    assert!(why.contains("eu-west-1: nothing was changed."), "{why}");
    assert_eq!(
        stage
            .count("SELECT count(*) FROM deployment WHERE region = 'eu-central-1'")
            .await,
        1
    );
}
