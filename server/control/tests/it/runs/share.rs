//! Several workers on one database.

use domain::ChangeState;
use sandbox::world::faults::Fault;
use sqlx::PgPool;

use super::stage::{Stage, steps};

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
