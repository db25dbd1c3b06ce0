//! The worker's connections are its own.

use std::time::Duration;

use control::runs::Worker;
use sqlx::PgPool;
use tokio::time::{sleep, timeout};

use crate::harness::World;

/// Readers that hold every connection of theirs keep no run from going on.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_crowd_of_readers_does_not_starve_the_runs(pool: PgPool) {
    let more = [("PORTOLAN_DATABASE__CONNECTIONS", "2")];
    let world = World::with(pool, &more).await;
    let browser = world.signed_in("developer").await;
    // Whoever asks who somebody is waits from here on.
    let mut blocked = world.pool.begin().await.expect("a transaction");
    sqlx::query("LOCK TABLE person IN ACCESS EXCLUSIVE MODE")
        .execute(&mut *blocked)
        .await
        .expect("locked");
    let crowd: Vec<_> = (0..6)
        .map(|_| {
            let mut browser = browser.clone();
            tokio::spawn(async move { browser.get("/services").await.status })
        })
        .collect();
    let waiting = "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND application_name = 'portolan' AND wait_event_type = 'Lock'";
    while sqlx::query_scalar::<_, i64>(waiting)
        .fetch_one(&world.pool)
        .await
        .expect("a number")
        < 2
    {
        sleep(Duration::from_millis(20)).await;
    }
    let worker = Worker::new("test");
    let round = timeout(
        Duration::from_secs(5),
        world.state.worker().work_once(&worker),
    )
    .await;
    assert!(
        !round
            .expect("the worker waits with the readers")
            .expect("claims")
    );
    blocked.rollback().await.expect("unlocked");
    for one in crowd {
        assert_eq!(one.await.expect("answered"), 200);
    }
}
