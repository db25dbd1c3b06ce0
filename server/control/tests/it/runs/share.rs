//! Several workers on one database.

use domain::{ChangeState, StepKind, StepState};
use sandbox::{
    jenkins::Behaviour,
    world::faults::{Fault, Kind},
};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::time::{Duration, sleep};

use super::stage::{Stage, state_of, steps};

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn three_workers_share_five_changes_and_double_nothing(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let mut ids = vec![];
    for (name, environment) in [
        ("cart", "dev"),
        ("cart", "staging"),
        ("cart", "production"),
        ("checkout", "dev"),
        ("checkout", "staging"),
    ] {
        ids.push(stage.approved(name, "1.1.0", environment).await);
    }
    let _workers = [stage.worker(), stage.worker(), stage.worker()];
    for id in ids {
        let change = stage.ended(id).await;
        assert_eq!(
            change.row.state,
            ChangeState::Succeeded,
            "{:?}\n{}",
            change.state_reason,
            steps(&change).join("\n")
        );
    }
    assert_eq!((stage.builds("cart"), stage.builds("checkout")), (5, 3));
    assert_eq!(stage.count("SELECT count(*) FROM deployment").await, 8);
    assert_eq!(
        stage
            .count("SELECT count(*) FROM run WHERE state = 'succeeded'")
            .await,
        5
    );
    let doubled = "SELECT count(*) FROM (SELECT subject_id FROM audit_event WHERE kind = 'step.succeeded' GROUP BY 1 HAVING count(*) > 1) AS twice";
    assert_eq!(stage.count(doubled).await, 0);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_region_that_is_gone_stops_only_what_needs_it(pool: PgPool) {
    let stage = Stage::with(pool, |settings| {
        settings.times.follow = std::time::Duration::from_millis(10);
    })
    .await;
    stage.fault(Fault::region_gone("eu-central-1"));
    let both = stage.approved("cart", "1.1.0", "staging").await;
    let one = stage.approved("checkout", "1.1.0", "dev").await;
    let _worker = stage.worker();
    assert_eq!(stage.ended(one).await.row.state, ChangeState::Succeeded);
    let failed = stage.ended(both).await;
    assert_eq!(failed.row.state, ChangeState::Failed);
    let why = failed.state_reason.expect("why");
    assert!(
        why.contains("sts:AssumeRole in eu-central-1") && why.contains("out of reach"),
        "{why}"
    );
    assert!(why.contains("tried 8 times"), "{why}");
}

/// The database lets nobody in and throws everybody out, for a while.
async fn outage(elsewhere: &PgPool, database: &str, lasts: Duration) {
    let allow = |yes: bool| {
        let sql = format!("ALTER DATABASE \"{database}\" ALLOW_CONNECTIONS {yes}");
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(elsewhere)
    };
    allow(false).await.expect("closed");
    sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1")
        .bind(database)
        .execute(elsewhere)
        .await
        .expect("out");
    sleep(lasts).await;
    allow(true).await.expect("open");
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_database_that_goes_away_delays_and_doubles_nothing(pool: PgPool) {
    let stage = Stage::with(pool, |settings| {
        settings.times.lease = Duration::from_millis(1_500);
    })
    .await;
    let first = stage.run("1.1.0", "dev").await;
    assert_eq!(first.row.state, ChangeState::Succeeded);
    // The pods run it already, so that the pipeline need not ask the portal for anything while the database is away.
    stage.behave(Behaviour::Succeed);
    let options = stage.portal.pool.connect_options().as_ref().clone();
    let database = options.get_database().expect("a name").to_owned();
    let elsewhere = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(options.database("postgres"))
        .await
        .expect("another database");
    let worker = stage.worker();
    for (version, kind) in [
        ("1.1.0", StepKind::CheckCluster),
        ("1.1.0", StepKind::TriggerPipeline),
        ("1.1.0", StepKind::FollowPipeline),
        ("1.1.0", StepKind::VerifyRollout),
    ] {
        let (before, attempts) = (
            stage.builds("cart"),
            stage.count("SELECT count(*) FROM attempt").await,
        );
        // Slow enough to be met in the middle.
        let service = match kind {
            StepKind::CheckCluster => "eks",
            StepKind::VerifyRollout => "kubernetes",
            _ => "jenkins",
        };
        stage.fault(Fault {
            service: Some(service.into()),
            ms: Some(150),
            ..Fault::new(Kind::Latency)
        });
        let id = stage.approved("cart", version, "dev").await;
        stage
            .until(id, |c| {
                state_of(c, "eu-west-1", kind) == Some(StepState::Running)
            })
            .await;
        outage(&elsewhere, &database, Duration::from_secs(1)).await;
        stage.sandbox.world().faults().clear();
        let change = stage.ended(id).await;
        let all = steps(&change).join("\n");
        assert_eq!(change.row.state, ChangeState::Succeeded, "{kind}\n{all}");
        assert_eq!(stage.builds("cart"), before + 1, "{kind}");
        let now = stage.count("SELECT count(*) FROM attempt").await;
        assert!(now > attempts + 5, "{kind}: the outage hit nothing");
        let done = stage.portal.kinds(id).await;
        let done = done.iter().filter(|kind| *kind == "step.succeeded").count();
        assert_eq!(done, 5, "{kind}");
    }
    drop(worker);
}
