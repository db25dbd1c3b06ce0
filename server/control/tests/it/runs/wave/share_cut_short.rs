//! A canary of a share that does not get to its end: no canary is verified that is none, and none is left without a word.

use domain::{ChangeKind, ChangeState, StepKind, StepState, Verdict};
use portolan_control::changes::attention::Choice;
use sandbox::{
    jenkins::Behaviour,
    world::faults::{Fault, Kind},
};
use serde_json::json;
use sqlx::PgPool;
use tokio::time::Duration;
use tracing::{Dispatch, instrument::WithSubscriber as _};

use super::{
    CANARY, REST, Stage, decide, errors_of, operator, reason,
    share::{canary, deployment, errors, runs, stage, told, watched},
    standing, state_of,
};
use crate::runs::points::At;

const TAKEN_AWAY: &str = "the next deployment takes it away";

async fn deployed(stage: &Stage, version: &str) {
    errors(stage, CANARY, 0.0);
    let change = stage.run(version, "staging").await;
    assert_eq!(
        change.row.state,
        ChangeState::Succeeded,
        "{}",
        standing(&change)
    );
    for region in [CANARY, REST] {
        assert_eq!(canary(stage, region), None, "{region}");
        let cart = deployment(stage, region, "cart").expect("a cart");
        assert!(runs(&cart, version), "{cart}");
    }
    assert_eq!(
        stage.count("SELECT count(*) FROM deployment_doubt").await,
        0
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn what_is_abandoned_stands_until_the_next_deployment(pool: PgPool) {
    let stage = stage(pool, json!({})).await;
    errors(&stage, REST, 0.5);
    let id = stage.run("1.1.0", "staging").await.row.id;
    let operator = operator(&stage, "operator").await;
    assert_eq!(
        decide(&stage, &operator, id, Choice::Abandon).await,
        Ok(ChangeState::Cancelled)
    );
    let why = stage.change(id).await.state_reason.expect("why");
    assert!(
        why.contains("eu-central-1: 1.1.0 is deployed and verified.")
            && why.contains("eu-west-1: a canary of 1.1.0 stands beside what ran before, and nothing else was changed")
            && why.contains(TAKEN_AWAY),
        "{why}"
    );
    assert_eq!(
        canary(&stage, REST),
        Some((2, true)),
        "nobody has taken it away yet"
    );
    let doubts = "SELECT count(*) FROM deployment_doubt WHERE region = 'eu-west-1'";
    assert_eq!(stage.count(doubts).await, 1, "two versions run there");
    deployed(&stage, "1.2.0").await;
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_rollback_takes_it_away(pool: PgPool) {
    let stage = stage(pool, json!({})).await;
    deployed(&stage, "1.0.0").await;
    errors(&stage, CANARY, 0.5);
    let id = stage.run("1.1.0", "staging").await.row.id;
    assert_eq!(canary(&stage, CANARY), Some((2, true)));
    let control = &stage.portal.control;
    let found = control
        .attention_of(&stage.developer, id)
        .await
        .expect("reads");
    let attempt = found.parked.expect("parked").attempt;
    let back = control.roll_back_halted(&stage.developer, id, attempt, reason("it is bad"));
    let back = back.await.expect("asked for");
    assert_eq!(
        (back.row.kind, &back.evidence.wave),
        (ChangeKind::Rollback, &None)
    );
    let digest = back.row.evidence_digest;
    control
        .decide(
            &stage.colleague,
            back.row.id,
            Verdict::Approve,
            digest,
            String::new(),
        )
        .await
        .expect("approved");
    let _worker = stage.worker();
    let back = stage.ended(back.row.id).await;
    assert_eq!(
        back.row.state,
        ChangeState::Succeeded,
        "{}",
        standing(&back)
    );
    for region in [CANARY, REST] {
        assert_eq!(canary(&stage, region), None);
        let cart = deployment(&stage, region, "cart").expect("a cart");
        assert!(runs(&cart, "1.0.0"), "{cart}");
    }
    assert_eq!(
        stage.count("SELECT count(*) FROM deployment_doubt").await,
        0
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_cancel_while_it_comes_up_says_what_may_be_left(pool: PgPool) {
    let stage = stage(pool, json!({})).await;
    stage.clusters(json!({"rollout_ms": 60_000}));
    let id = stage.approved("cart", "1.1.0", "staging").await;
    let worker = stage.worker();
    // Until its pods come up, which takes their minute.
    while canary(&stage, CANARY).is_none() {
        assert!(!stage.change(id).await.row.state.is_final());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let asked = stage
        .portal
        .control
        .cancel(&stage.developer, id, "not today".to_owned());
    asked.await.expect("asked");
    let change = stage.ended(id).await;
    worker.stop().await;
    assert_eq!(
        change.row.state,
        ChangeState::Cancelled,
        "{}",
        standing(&change)
    );
    assert_eq!(
        state_of(&change, CANARY, StepKind::FollowCanary),
        Some(StepState::Cancelled)
    );
    let why = change.state_reason.expect("why");
    assert!(
        why.contains(
            "eu-central-1: the pipeline was at work on a canary of 1.1.0 and did not finish"
        ) && why.contains(TAKEN_AWAY)
            && why.contains("eu-west-1: nothing was changed."),
        "{why}"
    );
    assert_eq!(stage.running("cart"), 0);
    let log = stage
        .portal
        .control
        .log(&stage.developer, id, 0, 1_000)
        .await
        .expect("reads");
    assert!(
        log.iter().any(|line| line
            .text
            .contains("The canary cart-canary was made and stays")),
        "{log:?}"
    );
    assert!(canary(&stage, CANARY).is_some(), "left, as it was said");
    stage.clusters(json!({"rollout_ms": 50}));
    deployed(&stage, "1.2.0").await;
}

/// A pipeline of a job that is told of the share and does not care.
#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_pipeline_that_brings_up_no_canary_is_found_out(pool: PgPool) {
    let stage = stage(pool, json!({})).await;
    stage.behave(Behaviour::Succeed);
    let change = stage.run("1.1.0", "staging").await;
    assert_eq!(
        change.row.state,
        ChangeState::Failed,
        "{}",
        standing(&change)
    );
    let why = change.state_reason.expect("why");
    assert!(why.contains("it brought up no canary"), "{why}");
    assert_eq!(told(&stage), ["25"]);
}

/// Its pods never get ready: the share does not stand, and the rest is not begun.
#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_share_that_does_not_come_up_is_where_it_ends(pool: PgPool) {
    let stage = stage(pool, json!({})).await;
    stage.clusters(json!({"progress_deadline_s": 1}));
    stage.behave(Behaviour::Apply);
    let id = stage.approved("cart", "1.1.0", "staging").await;
    let worker = stage.worker();
    stage.clusters(json!({"rollout_ms": 60_000}));
    let change = stage.ended(id).await;
    worker.stop().await;
    assert_eq!(
        change.row.state,
        ChangeState::Failed,
        "{}",
        standing(&change)
    );
    assert_eq!(
        state_of(&change, CANARY, StepKind::VerifyCanary),
        Some(StepState::Failed)
    );
    assert_eq!(told(&stage), ["25"]);
    assert!(runs(
        &deployment(&stage, CANARY, "cart").expect("a cart"),
        "1.0.0"
    ));
}

/// The switch of the last look: every pod runs the image, and the change does not succeed while its canary is there.
#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn all_of_a_region_is_not_done_while_a_canary_is_left(pool: PgPool) {
    let stage = stage(pool, json!({})).await;
    deployed(&stage, "1.1.0").await;
    // The same release again, so that nothing but the canary is to do, by a pipeline that forgets to take it away.
    stage.behave(Behaviour::Apply);
    let id = stage.approved("cart", "1.1.0", "staging").await;
    let worker = stage.worker();
    watched(&stage, id, CANARY).await;
    stage.behave(Behaviour::Succeed);
    stage
        .until(id, |change| {
            let steps = change.run.iter().flat_map(|run| &run.steps);
            let mut notes = steps.filter_map(|step| step.note.as_deref());
            notes.any(|note| note.contains("its canary cart-canary with 2 pods was not taken away"))
        })
        .await;
    assert_eq!(
        state_of(&stage.change(id).await, CANARY, StepKind::VerifyRollout),
        Some(StepState::Running)
    );
    // Taken away by somebody, it is done.
    let mut gone = std::collections::BTreeMap::from([("CANARY_SHARE", String::new())]);
    for (name, value) in [
        ("CLUSTER", "shop-staging"),
        ("REGION", CANARY),
        ("SERVICE", "cart"),
        (
            "DIGEST",
            &sandbox::world::description::image_digest("cart", "1.1.0"),
        ),
    ] {
        gone.insert(name, value.to_owned());
    }
    let now = stage.sandbox.world().now().as_millisecond();
    stage
        .sandbox
        .world()
        .lock()
        .kubernetes
        .apply(&|name| gone.get(name).cloned().unwrap_or_default(), now)
        .expect("taken away");
    stage
        .until(id, |change| {
            state_of(change, CANARY, StepKind::VerifyRollout) == Some(StepState::Succeeded)
        })
        .await;
    worker.stop().await;
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_job_that_does_not_know_of_shares_is_not_started(pool: PgPool) {
    let stage = stage(pool, json!({})).await;
    {
        let mut world = stage.sandbox.world().lock();
        let job = world
            .jenkins
            .jobs
            .get_mut("shop/deploy-cart")
            .expect("a job");
        job.definitions.retain(|d| d.name != "CANARY_SHARE");
    }
    let change = stage.run("1.1.0", "staging").await;
    assert_eq!(change.row.state, ChangeState::Failed);
    let why = change.state_reason.expect("why");
    assert!(
        why.contains("does not declare the parameters CANARY_SHARE"),
        "{why}"
    );
    assert_eq!(stage.builds("cart"), 0);
    // Where nobody asks for a canary, nobody needs a job that knows of them.
    let whole = stage.run("1.1.0", "dev").await;
    assert_eq!(whole.row.state, ChangeState::Succeeded, "{whole:?}");
}

/// The canary's build took its credentials in this region, which says nothing of the build that comes after it.
#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_rest_that_was_never_asked_for_is_not_taken_for_the_canary(pool: PgPool) {
    let of = json!({"match": {"environment": "dev", "service": "cart"}});
    let stage = stage(pool, of).await;
    errors_of(&stage, "cart", "shop-dev", REST, 0.0);
    let id = stage.approved("cart", "1.1.0", "dev").await;
    let started = stage.portal.control.start(&stage.developer, id).await;
    started.expect("starts");
    // Between the second intention and its call the connection to Jenkins breaks, once.
    let world = std::sync::Arc::clone(stage.sandbox.world());
    let cut = Dispatch::new(At::then("trigger.intended", 2, move || {
        world.faults().add(Fault {
            service: Some("jenkins".into()),
            times: Some(1),
            ..Fault::new(Kind::Reset)
        });
    }));
    let change = stage.work_alone(id).with_subscriber(cut).await;
    assert_eq!(
        change.row.state,
        ChangeState::Succeeded,
        "{}",
        standing(&change)
    );
    assert_eq!(told(&stage), ["25", ""]);
    let tickets = "SELECT count(*) FROM ticket";
    assert_eq!(
        stage.count(tickets).await,
        3,
        "the second build got a new one"
    );
}
