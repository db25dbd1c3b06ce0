//! A Jenkins that loses answers, talks HTML or says nothing: a build is never doubled, and what cannot be known is said.

use std::sync::Arc;

use domain::{ChangeState, JobRole, StepKind, StepState};
use portolan_control::runs::Worker;
use sandbox::jenkins::{Answers, Behaviour, Patch};
use sqlx::PgPool;
use tokio::time::Duration;
use tracing::{Dispatch, instrument::WithSubscriber as _};

use super::{
    points::At,
    stage::{Stage, state_of, steps},
};

fn answers(answers: Answers) -> Patch {
    Patch {
        answers: Some(answers),
        ..Patch::default()
    }
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_lost_answer_to_the_trigger_is_looked_for_and_not_repeated(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage.jenkins(Patch {
        drop_trigger_replies: Some(1),
        ..Patch::default()
    });
    let change = stage.run("1.1.0", "dev").await;
    assert_eq!(
        change.row.state,
        ChangeState::Succeeded,
        "{}",
        steps(&change).join("\n")
    );
    assert_eq!(stage.builds("cart"), 1);
    assert_eq!(
        stage.count("SELECT count(*) FROM ticket").await,
        1,
        "the build found carries the first ticket"
    );
    let trigger = &change.run.expect("a run").steps[2];
    assert_eq!(
        (trigger.kind, trigger.attempts),
        (StepKind::TriggerPipeline, 2)
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_trigger_that_never_arrived_is_made_again_with_a_new_ticket(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let world = Arc::clone(stage.sandbox.world());
    let id = stage.approved("cart", "1.1.0", "dev").await;
    stage
        .portal
        .control
        .start(&stage.developer, id)
        .await
        .expect("starts");
    // Between the intention and the call the connection to Jenkins breaks, once.
    let cut = Dispatch::new(At::then("trigger.intended", 1, move || {
        world.faults().add(sandbox::world::faults::Fault {
            service: Some("jenkins".into()),
            times: Some(1),
            ..sandbox::world::faults::Fault::new(sandbox::world::faults::Kind::Reset)
        });
    }));
    let change = stage.work_alone(id).with_subscriber(cut).await;
    assert_eq!(
        change.row.state,
        ChangeState::Succeeded,
        "{}",
        steps(&change).join("\n")
    );
    assert_eq!(stage.builds("cart"), 1);
    assert_eq!(stage.count("SELECT count(*) FROM ticket").await, 2);
    assert_eq!(
        stage
            .count("SELECT count(*) FROM ticket WHERE redeemed_at IS NOT NULL")
            .await,
        1
    );
    assert_eq!(
        stage
            .count("SELECT count(*) FROM ticket first JOIN ticket second ON second.made_at = first.revoked_at")
            .await,
        1,
        "the first is void from the moment the second is there"
    );
    assert_eq!(
        stage.count("SELECT count(*) FROM intent").await,
        1,
        "the same intention"
    );
}

/// A change whose build has used its ticket and was then discarded, with its worker killed the `nth` time
/// that it passes `point`.
async fn discarded(stage: &Stage, point: &'static str, nth: usize) -> domain::ChangeId {
    let id = stage.approved("cart", "1.1.0", "dev").await;
    let started = stage.portal.control.start(&stage.developer, id).await;
    started.expect("starts");
    let (control, worker) = (stage.another(), Worker::new("first"));
    let work = async {
        while stage.change(id).await.row.state == ChangeState::Running {
            control.work_once(&worker).await.expect("claims");
        }
    };
    let kill = Dispatch::new(At::die(point, nth));
    let killed = std::panic::AssertUnwindSafe(work.with_subscriber(kill));
    let end = futures::FutureExt::catch_unwind(killed).await;
    assert!(end.is_err(), "never got there");
    while stage.builds("cart") == 0 || stage.running("cart") > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let spent = "SELECT count(*) FROM ticket WHERE redeemed_at IS NOT NULL";
    assert_eq!(stage.count(spent).await, 1, "the build used its ticket");
    {
        let mut world = stage.sandbox.world().lock();
        let job = world.jenkins.jobs.get_mut("shop/deploy-cart");
        job.expect("a job").builds.clear();
    }
    stage.leases_end().await;
    id
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_discarded_build_that_used_its_ticket_is_not_made_again(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let id = discarded(&stage, "trigger.called", 1).await;
    let parked = stage.work_alone(id).await;
    assert_eq!(parked.row.state, ChangeState::NeedsAttention);
    let why = parked.state_reason.expect("why");
    assert!(why.contains("took the credentials of this step"), "{why}");
    assert_eq!(stage.count("SELECT count(*) FROM ticket").await, 1);
    let asked = stage.calls();
    let asked = asked
        .iter()
        .filter(|call| call.operation.contains("buildWithParameters"));
    assert_eq!(asked.count(), 1);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_discarded_build_that_used_its_ticket_is_not_called_lost(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let id = discarded(&stage, "claimed", 4).await;
    // Jenkins forgets its queue items after five minutes, so that only the mark is left to look for.
    sqlx::query("UPDATE step SET progress = progress - 'queue_item'")
        .execute(&stage.portal.pool)
        .await
        .expect("forgotten");
    let parked = stage.work_alone(id).await;
    assert_eq!(parked.row.state, ChangeState::NeedsAttention);
    let why = parked.state_reason.expect("why");
    assert!(why.contains("took the credentials of this step"), "{why}");
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn html_before_anything_was_begun_fails_the_step_in_words(pool: PgPool) {
    let stage = Stage::with(pool, |settings| {
        settings.times.follow = Duration::from_millis(5);
    })
    .await;
    stage.jenkins(answers(Answers::Html));
    let change = stage.run("1.1.0", "dev").await;
    assert_eq!(change.row.state, ChangeState::Failed);
    let why = change.state_reason.expect("why");
    assert!(
        why.contains("Jenkins is failing or still starting: status 503"),
        "{why}"
    );
    assert!(
        why.contains("tried 8 times") && why.contains("nothing was changed"),
        "{why}"
    );
    assert!(!why.contains('<'), "no page in the words: {why}");
    assert_eq!(stage.builds("cart"), 0);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn what_html_leaves_undecided_waits_for_a_person_and_then_looks_again(pool: PgPool) {
    undecided(pool, Answers::Html).await;
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn what_silence_leaves_undecided_waits_for_a_person_and_then_looks_again(pool: PgPool) {
    undecided(pool, Answers::Nothing).await;
}

async fn undecided(pool: PgPool, silence: Answers) {
    let stage = Stage::with(pool, |settings| {
        settings.times.follow = Duration::from_millis(10);
    })
    .await;
    let world = Arc::clone(stage.sandbox.world());
    let id = stage.approved("cart", "1.1.0", "dev").await;
    stage
        .portal
        .control
        .start(&stage.developer, id)
        .await
        .expect("starts");
    stage.jenkins(Patch {
        drop_trigger_replies: Some(1),
        ..Patch::default()
    });
    // Jenkins took the build, its answer is lost, and from then on it says nothing useful.
    let silent = Dispatch::new(At::then("trigger.called", 1, move || {
        let mut world = world.lock();
        world.jenkins.switch(answers(silence)).expect("a switch");
    }));
    let parked = stage.work_alone(id).with_subscriber(silent).await;
    assert_eq!(
        parked.row.state,
        ChangeState::NeedsAttention,
        "{}",
        steps(&parked).join("\n")
    );
    let why = parked.state_reason.clone().expect("why");
    assert!(
        why.contains("Whether Jenkins started shop/deploy-cart is not known"),
        "{why}"
    );
    assert!(why.contains("PORTOLAN_RUN_ID=run-"), "{why}");

    stage.jenkins(answers(Answers::Normal));
    let operator = stage
        .portal
        .person("operator", &[JobRole::Operator], &[], false)
        .await;
    let resumed = stage
        .portal
        .control
        .resume(&operator, id, "Jenkins is back".into());
    resumed.await.expect("resumed");
    let change = stage.work_alone(id).await;
    assert_eq!(
        change.row.state,
        ChangeState::Succeeded,
        "{}",
        steps(&change).join("\n")
    );
    assert_eq!(stage.builds("cart"), 1, "found, not made again");
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_job_that_drops_our_parameters_is_not_started(pool: PgPool) {
    let stage = Stage::new(pool).await;
    {
        let mut world = stage.sandbox.world().lock();
        let job = world
            .jenkins
            .jobs
            .get_mut("shop/deploy-cart")
            .expect("a job");
        job.definitions.retain(|d| d.name != "PORTOLAN_RUN_ID");
    }
    let change = stage.run("1.1.0", "dev").await;
    assert_eq!(change.row.state, ChangeState::Failed);
    let why = change.state_reason.expect("why");
    assert!(
        why.contains("does not declare the parameters PORTOLAN_RUN_ID"),
        "{why}"
    );
    assert_eq!(stage.count("SELECT count(*) FROM intent").await, 0);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_build_that_takes_too_long_is_stopped_before_it_is_called_failed(pool: PgPool) {
    let stage = Stage::with(pool, |settings| {
        settings.times.pipeline = Duration::from_millis(1_500);
        settings.times.follow = Duration::from_millis(20);
    })
    .await;
    stage.jenkins(Patch {
        behaviour: Some(Behaviour::Stubborn),
        kill_after_ms: Some(60_000),
        ..Patch::default()
    });
    let change = stage.run("1.1.0", "dev").await;
    assert_eq!(change.row.state, ChangeState::Failed);
    let why = change.state_reason.expect("why");
    assert!(
        why.contains("was not done within 1 s and was stopped"),
        "{why}"
    );
    assert_eq!(stage.running("cart"), 0);
    let stops: Vec<_> = stage
        .calls()
        .into_iter()
        .filter(|c| {
            ["/stop", "/term", "/kill"]
                .iter()
                .any(|s| c.operation.ends_with(s))
        })
        .map(|c| c.operation)
        .collect();
    assert!(stops.len() >= 2, "asked harder each time: {stops:?}");
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_busy_jenkins_during_a_build_only_delays_the_log(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let world = Arc::clone(stage.sandbox.world());
    let id = stage.approved("cart", "1.1.0", "dev").await;
    stage
        .portal
        .control
        .start(&stage.developer, id)
        .await
        .expect("starts");
    let busy = Dispatch::new(At::then("follow.polled", 1, move || {
        let mut world = world.lock();
        world
            .jenkins
            .switch(answers(Answers::Html))
            .expect("a switch");
    }));
    let (control, worker) = (stage.another(), Worker::new("patient"));
    let back = async {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        stage.jenkins(answers(Answers::Normal));
    };
    let work = async {
        for _ in 0..4 {
            control.work_once(&worker).await.expect("claims");
        }
    };
    tokio::join!(work.with_subscriber(busy), back);
    let change = stage.work_alone(id).await;
    assert_eq!(
        change.row.state,
        ChangeState::Succeeded,
        "{}",
        steps(&change).join("\n")
    );
    assert_eq!(
        state_of(&change, "eu-west-1", StepKind::FollowPipeline),
        Some(StepState::Succeeded)
    );
}

/// A run whose Jenkins falls silent while the build goes on, for longer than anybody waits.
async fn silent_in_the_middle(stage: &Stage) -> domain::ChangeId {
    let world = Arc::clone(stage.sandbox.world());
    stage.behave(Behaviour::Hang);
    let id = stage.approved("cart", "1.1.0", "dev").await;
    let started = stage.portal.control.start(&stage.developer, id).await;
    started.expect("starts");
    let silent = Dispatch::new(At::then("follow.polled", 3, move || {
        let mut world = world.lock();
        world
            .jenkins
            .switch(answers(Answers::Nothing))
            .expect("a switch");
    }));
    let parked = stage.work_alone(id).with_subscriber(silent).await;
    assert_eq!(parked.row.state, ChangeState::NeedsAttention);
    let why = parked.state_reason.expect("why");
    assert!(why.contains("it may be going on"), "{why}");
    stage.jenkins(answers(Answers::Normal));
    id
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_build_out_of_sight_is_not_called_failed_and_goes_on_when_seen_again(pool: PgPool) {
    let stage = Stage::with(pool, |settings| {
        settings.times.follow = Duration::from_millis(3);
    })
    .await;
    let id = silent_in_the_middle(&stage).await;
    // A person takes longer than the pipeline may last; its time counts anew from their word.
    sqlx::query("UPDATE step SET started_at = started_at - interval '2 hours'")
        .execute(&stage.portal.pool)
        .await
        .expect("time passes");
    let operator = stage
        .portal
        .person("operator", &[JobRole::Operator], &[], false)
        .await;
    let resumed = stage.portal.control.resume(&operator, id, "look".into());
    resumed.await.expect("resumed");
    let _worker = stage.worker();
    let seen = stage
        .until(id, |c| steps(c).iter().any(|s| s.contains("Build 1 runs")))
        .await;
    assert_eq!(seen.row.state, ChangeState::Running);
    assert_eq!((stage.builds("cart"), stage.running("cart")), (1, 1));
    assert!(
        stage
            .calls()
            .iter()
            .all(|c| !c.operation.ends_with("/stop"))
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn cancelling_what_is_parked_voids_its_ticket(pool: PgPool) {
    let stage = Stage::with(pool, |settings| {
        settings.times.follow = Duration::from_millis(3);
    })
    .await;
    let id = silent_in_the_middle(&stage).await;
    // Still out of sight: whether its build runs cannot be learned, so nobody can stop it first.
    stage.jenkins(answers(Answers::Nothing));
    let cancelled = stage
        .portal
        .control
        .cancel(&stage.developer, id, "given up".into())
        .await
        .expect("cancelled");
    assert_eq!(cancelled.row.state, ChangeState::Cancelled);
    let why = cancelled.state_reason.expect("why");
    assert!(
        why.contains("Whether its build still runs is not known"),
        "{why}"
    );
    let open = "SELECT count(*) FROM ticket WHERE revoked_at IS NULL AND redeemed_at IS NULL";
    assert_eq!(stage.count(open).await, 0);
    let worker = Worker::new("late");
    let idle = stage
        .portal
        .control
        .work_once(&worker)
        .await
        .expect("claims");
    assert!(!idle, "nothing of it is due any more");
}
