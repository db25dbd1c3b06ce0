//! A thousand frozen workers that wake after they have lost their leases write nothing.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
};

use domain::ChangeState;
use portolan_control::runs::Worker;
use sqlx::PgPool;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Duration, Instant, sleep},
};
use tracing::{Dispatch, instrument::WithSubscriber as _};

use super::{points::At, stage::Stage};

const WORKERS: usize = 1_000;

/// A worker that is not polled any more once it has passed a point, until it is thawed: what `SIGSTOP` does to a process.
async fn stopped<T>(
    work: impl Future<Output = T>,
    reached: Arc<AtomicBool>,
    mut thaw: watch::Receiver<bool>,
) -> T {
    let mut work = std::pin::pin!(work);
    let early = poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if reached.load(Ordering::SeqCst) => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    })
    .await;
    match early {
        Some(done) => done,
        None => {
            thaw.wait_for(|thawed| *thawed)
                .await
                .expect("thawed one day");
            work.await
        }
    }
}

/// So many workers, each stopped with its session in hand, right before it asks with it.
fn frozen(
    stage: &Stage,
    name: &'static str,
    thaw: &watch::Receiver<bool>,
) -> Vec<JoinHandle<portolan_control::Result<bool>>> {
    (0..WORKERS)
        .map(|n| {
            let control = stage.portal.control.clone();
            let reached = Arc::new(AtomicBool::new(false));
            let mark = Arc::clone(&reached);
            let at = At::then("session.recorded", 1, move || {
                mark.store(true, Ordering::SeqCst);
            });
            let work = async move {
                control
                    .work_once(&Worker::new(&format!("{name}-{n}")))
                    .await
            };
            let work = work.with_subscriber(Dispatch::new(at));
            tokio::spawn(stopped(work, reached, thaw.clone()))
        })
        .collect()
}

async fn all_hold(stage: &Stage, epoch: i64) {
    let give_up = Instant::now() + Duration::from_mins(2);
    loop {
        let held: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM step s WHERE lease_epoch = $1 AND state = 'running'
               AND (SELECT count(*) FROM aws_session a WHERE a.step_id = s.id) = $1",
        )
        .bind(epoch)
        .fetch_one(&stage.portal.pool)
        .await
        .expect("a number");
        if held == i64::try_from(WORKERS).expect("a number") {
            return;
        }
        assert!(Instant::now() < give_up, "{held} are held");
        sleep(Duration::from_millis(50)).await;
    }
}

async fn written(stage: &Stage) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT 'step ' || row_to_json(t)::text FROM step t UNION ALL SELECT 'change ' || row_to_json(t)::text FROM change t
         UNION ALL SELECT 'run ' || row_to_json(t)::text FROM run t UNION ALL SELECT 'attempt ' || row_to_json(t)::text FROM attempt t
         UNION ALL SELECT 'session ' || row_to_json(t)::text FROM aws_session t UNION ALL SELECT 'intent ' || row_to_json(t)::text FROM intent t
         UNION ALL SELECT 'event ' || id::text FROM audit_event ORDER BY 1",
    )
    .fetch_all(&stage.portal.pool)
    .await
    .expect("rows")
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_thousand_workers_that_wake_late_write_nothing(pool: PgPool) {
    let stage = Stage::with(pool, |settings| {
        // Nobody renews, and so nobody learns before it writes that its lease is gone.
        settings.times.lease = Duration::from_mins(10);
    })
    .await;
    let id = stage.approved("cart", "1.1.0", "dev").await;
    let start = stage.portal.control.start(&stage.developer, id).await;
    start.expect("starts");
    stage.copies(id, WORKERS - 1).await;

    let (wake, late_ones) = watch::channel(false);
    let (_never, others) = watch::channel(false);
    let late = frozen(&stage, "frozen", &late_ones);
    all_hold(&stage, 1).await;
    stage.leases_end().await;
    // Others take over, and stop in turn, so that every step is held when the first come back.
    let holders = frozen(&stage, "holder", &others);
    all_hold(&stage, 2).await;
    let as_it_was = written(&stage).await;
    let lost = as_it_was
        .iter()
        .filter(|row| row.starts_with("attempt") && row.contains("\"lost\""))
        .count();
    assert_eq!(lost, WORKERS, "all had really begun");
    wake.send_replace(true);
    for worker in late {
        assert!(
            worker.await.expect("no panic").expect("no fault"),
            "it had a step"
        );
    }
    assert!(
        written(&stage).await == as_it_was,
        "somebody wrote something"
    );
    for holder in holders {
        holder.abort();
    }
    // One of them, to the end.
    sqlx::query(
        "UPDATE step SET state = 'failed' FROM run WHERE run.id = run_id AND change_id <> $1",
    )
    .bind(id.0)
    .execute(&stage.portal.pool)
    .await
    .expect("the others are over");
    stage.leases_end().await;
    let change = stage.work_alone(id).await;
    assert_eq!(change.row.state, ChangeState::Succeeded);
}
