//! A worker that has lost its lease writes nothing, and it is the epoch that keeps it from writing.

use domain::ChangeState;
use portolan_control::runs::Worker;
use sandbox::world::faults::{Fault, Kind};
use sqlx::PgPool;
use tokio::time::{Duration, sleep};

use super::stage::Stage;

fn slow(service: &str, ms: u64) -> Fault {
    Fault {
        service: Some(service.into()),
        ms: Some(ms),
        ..Fault::new(Kind::Latency)
    }
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_worker_that_wakes_up_late_writes_nothing(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let id = stage.approved("cart", "1.1.0", "dev").await;
    stage
        .portal
        .control
        .start(&stage.developer, id)
        .await
        .expect("starts");
    // The first worker hangs in its very first call, longer than anybody waits for it.
    stage.fault(slow("sts", 1_200));
    let late = stage.another();
    let frozen = tokio::spawn(async move { late.work_once(&Worker::new("late")).await });
    while stage
        .count("SELECT count(*) FROM step WHERE state = 'running'")
        .await
        == 0
    {
        sleep(Duration::from_millis(5)).await;
    }
    sleep(Duration::from_millis(100)).await;
    stage.sandbox.world().faults().clear();
    stage.leases_end().await;

    // A second one takes over and hangs in turn, so that the step is held by it when the first comes back.
    stage.fault(slow("eks", 2_500));
    let other = stage.another();
    let holder = tokio::spawn(async move { other.work_once(&Worker::new("holder")).await });
    while stage
        .count("SELECT count(*) FROM step WHERE lease_owner = 'holder'")
        .await
        == 0
    {
        sleep(Duration::from_millis(5)).await;
    }
    frozen.await.expect("no panic").expect("no fault");
    let (owner, epoch, note): (String, i64, Option<String>) =
        sqlx::query_as("SELECT lease_owner, lease_epoch, note FROM step WHERE state = 'running'")
            .fetch_one(&stage.portal.pool)
            .await
            .expect("held by the second");
    assert_eq!((owner.as_str(), epoch, note), ("holder", 2, None));
    // Its session was not even written down, and nothing was told of it.
    let sessions = "SELECT count(*) FROM aws_session";
    assert_eq!(stage.count(sessions).await, 1);

    // The guard is the epoch and nothing else: the same write without it would have found the row.
    let mut tx = stage.portal.pool.begin().await.expect("begin");
    let with = sqlx::query(
        "UPDATE step SET state = 'succeeded' WHERE state = 'running' AND lease_epoch = 1",
    )
    .execute(&mut *tx)
    .await
    .expect("update");
    let without = sqlx::query("UPDATE step SET state = 'succeeded' WHERE state = 'running'")
        .execute(&mut *tx)
        .await
        .expect("update");
    assert_eq!((with.rows_affected(), without.rows_affected()), (0, 1));
    tx.rollback().await.expect("rollback");

    holder.await.expect("no panic").expect("no fault");
    stage.sandbox.world().faults().clear();
    let change = stage.work_alone(id).await;
    assert_eq!(change.row.state, ChangeState::Succeeded);
    let kinds = stage.portal.kinds(id).await;
    assert_eq!(kinds.iter().filter(|k| *k == "step.succeeded").count(), 5);
    let attempts: Vec<(String, Option<String>)> = sqlx::query_as(
        "SELECT a.worker, a.outcome FROM attempt a JOIN step s ON s.id = a.step_id WHERE s.position = 0 ORDER BY a.epoch",
    )
    .fetch_all(&stage.portal.pool)
    .await
    .expect("attempts");
    assert_eq!(
        attempts,
        [
            ("late".to_owned(), Some("lost".to_owned())),
            ("holder".to_owned(), Some("succeeded".to_owned())),
        ]
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_frozen_worker_does_not_start_a_build_after_its_lease(pool: PgPool) {
    use super::points::At;
    use tracing::{Dispatch, instrument::WithSubscriber as _};

    let stage = Stage::with(pool, |settings| {
        settings.times.lease = Duration::from_millis(900);
    })
    .await;
    let id = stage.approved("cart", "1.1.0", "dev").await;
    stage
        .portal
        .control
        .start(&stage.developer, id)
        .await
        .expect("starts");
    let (control, worker) = (stage.another(), Worker::new("frozen"));
    // Frozen as SIGSTOP would: between the intention and the call, for twice its lease. No renewal runs meanwhile.
    let freeze = Dispatch::new(At::then("trigger.intended", 1, || {
        std::thread::sleep(std::time::Duration::from_millis(1_800));
    }));
    let frozen = async {
        for _ in 0..3 {
            control.work_once(&worker).await.expect("claims");
        }
    };
    frozen.with_subscriber(freeze).await;
    assert_eq!(stage.builds("cart"), 0, "it noticed by its own clock");
    let change = stage.work_alone(id).await;
    assert_eq!(
        change.row.state,
        ChangeState::Succeeded,
        "{:?}",
        change.state_reason
    );
    assert_eq!(stage.builds("cart"), 1);
    let tickets = stage
        .count("SELECT count(*) FROM ticket WHERE revoked_at IS NOT NULL")
        .await;
    assert_eq!(tickets, 1, "the ticket of the first intention is void");
}
