//! One change of a service at a time in an environment; the others know their place.

use domain::ChangeState;
use portolan_control::changes::{ChangeQuery, queue::Queued};
use sandbox::jenkins::Behaviour;
use sqlx::PgPool;

use super::stage::{Stage, steps};

async fn queued(stage: &Stage, id: domain::ChangeId) -> Option<Queued> {
    stage.change(id).await.row.queued
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn the_waiting_know_their_place_and_go_in_order(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage.behave(Behaviour::Hang);
    let first = stage.approved("cart", "1.1.0", "dev").await;
    let worker = stage.worker();
    stage
        .until(first, |c| {
            steps(c).iter().any(|s| s.contains("Build 1 runs"))
        })
        .await;
    let second = stage.approved("cart", "1.2.0", "dev").await;
    let third = stage.approved("cart", "1.1.0", "dev").await;
    // Elsewhere nothing is held.
    let other = stage.approved("checkout", "1.1.0", "dev").await;
    stage
        .until(other, |c| c.row.state == ChangeState::Running)
        .await;

    let place = queued(&stage, second).await.expect("waits");
    let holder = place.holder.clone().expect("held");
    assert_eq!((place.place, holder.id), (Some(1), first));
    assert_eq!(holder.state, ChangeState::Running);
    let place = queued(&stage, third).await.expect("waits");
    assert_eq!(place.place, Some(2));
    assert_eq!(
        place.words(),
        "Waits for the change to 1.1.0, which runs, and for one change before it. \
         Once that has succeeded, this change is out of date and has to be asked for again."
    );
    assert_eq!(
        queued(&stage, first).await,
        None,
        "what runs waits for nobody"
    );
    let list = stage
        .portal
        .control
        .changes(&stage.developer, ChangeQuery::default())
        .await
        .expect("lists");
    let places: Vec<_> = list
        .items
        .iter()
        .map(|row| (row.id, row.queued.as_ref().and_then(|q| q.place)))
        .collect();
    assert_eq!(
        places[1..],
        [(third, Some(2)), (second, Some(1)), (first, None)]
    );

    stage.behave(Behaviour::Deploy);
    let cancelled = stage
        .portal
        .control
        .cancel(&stage.developer, first, "make way".into());
    cancelled.await.expect("asked");
    assert_eq!(stage.ended(first).await.row.state, ChangeState::Cancelled);
    let ended = |id| stage.until(id, |c| c.row.state.is_final());
    assert_eq!(ended(second).await.row.state, ChangeState::Succeeded);
    // The third was planned against what ran before the second: whichever way it ends, it ended after it.
    ended(third).await;
    let order: Vec<uuid::Uuid> =
        sqlx::query_scalar("SELECT change_id FROM audit_event WHERE kind IN ('change.started', 'change.stale') AND change_id = ANY($1) ORDER BY id")
            .bind(vec![first.0, second.0, third.0])
            .fetch_all(&stage.portal.pool)
            .await
            .expect("order");
    assert_eq!(order, [first.0, second.0, third.0]);
    drop(worker);
}
