//! Workers that are killed, at every point: one build, one use of the ticket, and the change reaches its end.

use std::sync::{Arc, atomic::AtomicUsize};

use domain::{ChangeId, ChangeState};
use portolan_control::runs::Worker;
use sqlx::PgPool;
use tokio::time::{Duration, sleep};
use tracing::{Dispatch, instrument::WithSubscriber as _};

use super::{
    points::{At, CutAfter},
    stage::{Stage, steps},
};

/// Works step by step in one task until the change no longer runs, so that a kill ends all of it.
async fn first_worker(stage: &Stage, id: ChangeId) {
    let control = stage.another();
    let worker = Worker::new("first");
    while stage.change(id).await.row.state == ChangeState::Running {
        if !control.work_once(&worker).await.expect("claims") {
            sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn started(stage: &Stage, version: &str) -> ChangeId {
    let id = stage.approved("cart", version, "dev").await;
    let start = stage.portal.control.start(&stage.developer, id).await;
    start.expect("starts");
    id
}

/// What must hold however often a worker was lost.
async fn as_if_nothing_had_happened(stage: &Stage, id: ChangeId, builds_before: usize, how: &str) {
    stage.leases_end().await;
    let change = stage.work_alone(id).await;
    let all = steps(&change).join("\n");
    let why = change.state_reason.as_deref().unwrap_or_default();
    assert_eq!(
        change.row.state,
        ChangeState::Succeeded,
        "{how}: {why}\n{all}"
    );
    assert_eq!(stage.builds("cart"), builds_before + 1, "{how}: builds");
    let (redeemed, events, verified): (i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM ticket t JOIN step s ON s.id = t.step_id JOIN run r ON r.id = s.run_id
                 WHERE r.change_id = $1 AND t.redeemed_at IS NOT NULL),
                (SELECT count(*) FROM audit_event WHERE change_id = $1 AND kind = 'ticket.redeemed'),
                (SELECT count(*) FROM audit_event WHERE change_id = $1 AND kind = 'step.succeeded')",
    )
    .bind(id.0)
    .fetch_one(&stage.portal.pool)
    .await
    .expect("counts");
    assert_eq!(
        (redeemed, events, verified),
        (1, 1, 5),
        "{how}: tickets used, told, steps done"
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn killed_at_every_point(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let mut points = vec![];
    for (point, times) in [
        ("claimed", 5),
        ("session.recorded", 3),
        ("trigger.intended", 1),
        ("trigger.called", 1),
        ("trigger.settled", 1),
        ("follow.polled", 2),
        ("done", 5),
        ("acknowledged", 5),
    ] {
        points.extend((1..=times).map(|nth| (point, nth)));
    }
    for (i, (point, nth)) in points.into_iter().enumerate() {
        let id = started(&stage, ["1.1.0", "1.2.0"][i % 2]).await;
        let before = stage.builds("cart");
        let kill = Dispatch::new(At::die(point, nth));
        let (lost, ()) = tokio::join!(
            std::panic::AssertUnwindSafe(first_worker(&stage, id).with_subscriber(kill)).caught(),
            async {}
        );
        let how = format!("killed at {point}, time {nth}");
        // The last acknowledgement is after the end: there the worker may finish first.
        assert!(lost || point == "acknowledged", "{how}: never got there");
        as_if_nothing_had_happened(&stage, id, before, &how).await;
    }
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn killed_between_any_two_waits(pool: PgPool) {
    let stage = Stage::new(pool).await;
    // How many waits a whole run has, to spread the kills over all of it.
    let id = started(&stage, "1.1.0").await;
    let polls = Arc::new(AtomicUsize::new(0));
    CutAfter::new(first_worker(&stage, id), usize::MAX, Arc::clone(&polls)).await;
    let whole = polls.load(std::sync::atomic::Ordering::SeqCst);
    assert!(whole > 100, "{whole}");
    for i in 0..24 {
        let id = started(&stage, ["1.2.0", "1.1.0"][i % 2]).await;
        let before = stage.builds("cart");
        let at = 2 + whole * i / 24;
        let cut = CutAfter::new(first_worker(&stage, id), at, Arc::default()).await;
        let how = format!("cut after {at} of about {whole} waits ({})", cut.is_some());
        as_if_nothing_had_happened(&stage, id, before, &how).await;
    }
}

/// What stands where after workers gave up: step, run, change.
async fn given_up_on(stage: &Stage, id: ChangeId, spoil: &'static str) -> [String; 3] {
    sqlx::query(spoil)
        .bind(id.0)
        .execute(&stage.portal.pool)
        .await
        .expect("spoilt");
    let _worker = stage.worker();
    let give_up = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        let (step, run, change): (String, String, String) = sqlx::query_as(
            "SELECT s.state, r.state, c.state FROM step s JOIN run r ON r.id = s.run_id JOIN change c ON c.id = r.change_id
             WHERE c.id = $1 AND s.position = 0",
        )
        .bind(id.0)
        .fetch_one(&stage.portal.pool)
        .await
        .expect("states");
        if step == "needs_attention" || tokio::time::Instant::now() > give_up {
            return [step, run, change];
        }
        sleep(Duration::from_millis(20)).await;
    }
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_step_that_cannot_be_read_waits_for_a_person_and_holds_up_nobody(pool: PgPool) {
    let stage = Stage::new(pool).await;
    for spoil in [
        "UPDATE step SET attempts = 21, progress = '5' FROM run WHERE run.id = run_id AND change_id = $1 AND position = 0",
        "UPDATE step SET attempts = 21, kind = 'dance' FROM run WHERE run.id = run_id AND change_id = $1 AND position = 0",
        "UPDATE step SET attempts = 21, region = 'ap-south-1' FROM run WHERE run.id = run_id AND change_id = $1 AND position = 0",
        "WITH spoilt AS (UPDATE change SET requirements = '5' WHERE id = $1)
         UPDATE step SET attempts = 21 FROM run WHERE run.id = run_id AND change_id = $1 AND position = 0",
    ] {
        let id = started(&stage, "1.1.0").await;
        let states = given_up_on(&stage, id, spoil).await;
        assert_eq!(states, ["needs_attention"; 3], "{spoil}");
        let kinds = stage.portal.kinds(id).await;
        assert!(kinds.iter().any(|k| k == "change.needs_attention"), "{kinds:?}");
        // Off the way: only one change at a time may run there.
        sqlx::query("UPDATE change SET state = 'failed' WHERE id = $1")
            .bind(id.0)
            .execute(&stage.portal.pool)
            .await
            .expect("over");
    }
    let other = stage.approved("checkout", "1.1.0", "dev").await;
    let _worker = stage.worker();
    assert_eq!(stage.ended(other).await.row.state, ChangeState::Succeeded);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn steps_are_claimed_though_nothing_can_be_started(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let id = started(&stage, "1.1.0").await;
    sqlx::query("ALTER TABLE change RENAME start_mode TO lost")
        .execute(&stage.portal.pool)
        .await
        .expect("from here on looking for what is ready fails");
    let tired = "UPDATE step SET attempts = 30 FROM run WHERE run.id = run_id AND change_id = $1 AND position = 0";
    let states = given_up_on(&stage, id, tired).await;
    assert_eq!(states, ["needs_attention"; 3]);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_step_that_kills_its_workers_is_stopped_and_holds_up_nobody(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let id = started(&stage, "1.1.0").await;
    for death in 1..=3 {
        let kill = Dispatch::new(At::die("claimed", 1));
        let control = stage.another();
        let worker = Worker::new("doomed");
        let work = control.work_once(&worker).with_subscriber(kill);
        assert!(
            std::panic::AssertUnwindSafe(work).caught().await,
            "death {death}"
        );
        stage.leases_end().await;
    }
    let other = stage.approved("checkout", "1.1.0", "dev").await;
    let _worker = stage.worker();
    let poisoned = stage.ended(id).await;
    assert_eq!(poisoned.row.state, ChangeState::Failed);
    let why = poisoned.state_reason.expect("why");
    assert!(why.contains("again and again"), "{why}");
    assert_eq!(stage.ended(other).await.row.state, ChangeState::Succeeded);
    let lost = stage
        .count("SELECT count(*) FROM attempt WHERE outcome = 'lost'")
        .await;
    assert_eq!(lost, 3);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn after_kill_9_another_goes_on_when_the_lease_ends(pool: PgPool) {
    let stage = Stage::with(pool, |settings| {
        settings.times.lease = Duration::from_secs(2);
    })
    .await;
    stage.behave(sandbox::jenkins::Behaviour::Hang);
    let id = stage.approved("cart", "1.1.0", "dev").await;
    let first = stage.worker();
    stage
        .until(id, |c| steps(c).iter().any(|s| s.contains("Build 1 runs")))
        .await;
    first.kill();
    let killed = tokio::time::Instant::now();
    let _second = stage.worker();
    let taken_up = stage
        .until(id, |c| {
            let mut steps = c.run.iter().flat_map(|r| &r.steps);
            steps.any(|s| s.attempts == 2)
        })
        .await;
    assert!(
        killed.elapsed() < Duration::from_secs(8),
        "{:?}",
        killed.elapsed()
    );
    assert_eq!(taken_up.row.state, ChangeState::Running);
    assert_eq!(stage.builds("cart"), 1);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_worker_that_is_told_to_stop_gives_back_what_it_holds(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage.behave(sandbox::jenkins::Behaviour::Hang);
    let id = stage.approved("cart", "1.1.0", "dev").await;
    let first = stage.worker();
    stage
        .until(id, |c| steps(c).iter().any(|s| s.contains("Build 1 runs")))
        .await;
    first.stop().await;
    assert_eq!(
        stage.count("SELECT count(*) FROM step WHERE state = 'due' AND due_at <= now() AND lease_owner IS NULL AND deaths = 0").await,
        1
    );
    assert_eq!(
        stage
            .count("SELECT count(*) FROM attempt WHERE outcome = 'lost'")
            .await,
        0
    );
}

/// Whether a future ended by unwinding.
trait Caught {
    fn caught(self) -> impl Future<Output = bool>;
}

impl<F: Future> Caught for std::panic::AssertUnwindSafe<F> {
    async fn caught(self) -> bool {
        futures::FutureExt::catch_unwind(self).await.is_err()
    }
}
