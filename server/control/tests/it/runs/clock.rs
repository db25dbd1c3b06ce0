//! A process' clock that jumps by an hour, either way, at any step of a run: nothing comes out otherwise. Leases, what is due,
//! tickets and how far a search reaches go by the database's time, pauses and limits by the monotonic clock.

use domain::{ChangeState, StepKind};
use jiff::SignedDuration;
use sqlx::PgPool;
use tracing::{Dispatch, instrument::WithSubscriber as _};

use super::{
    points::At,
    stage::{Stage, steps},
};

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_clock_that_jumps_changes_no_outcome(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let points = [
        ("claimed", 1),
        ("session.recorded", 1),
        ("trigger.intended", 1),
        ("trigger.called", 1),
        ("follow.polled", 1),
        ("read.called", 3),
        ("done", 4),
    ];
    let mut builds = 0;
    // Further than an hour, so that what lasts an hour would be over.
    for by in [
        SignedDuration::from_mins(61),
        -SignedDuration::from_mins(61),
    ] {
        for (i, (point, nth)) in points.into_iter().enumerate() {
            let id = stage
                .approved("cart", ["1.1.0", "1.2.0"][i % 2], "dev")
                .await;
            let start = stage.portal.control.start(&stage.developer, id).await;
            start.expect("starts");
            let clock = stage.portal.clock.clone();
            let jump = Dispatch::new(At::then(point, nth, move || clock.advance(by)));
            let change = stage.work_alone(id).with_subscriber(jump).await;
            let how = format!("{by:?} at {point}");
            assert_eq!(
                change.row.state,
                ChangeState::Succeeded,
                "{how}: {:?}\n{}",
                change.state_reason,
                steps(&change).join("\n")
            );
            builds += 1;
            assert_eq!(stage.builds("cart"), builds, "{how}");
            let tried: Vec<i32> = change
                .run
                .iter()
                .flat_map(|r| &r.steps)
                .map(|s| s.attempts)
                .collect();
            assert_eq!(
                tried,
                [1; StepKind::OF_A_REGION.len()],
                "{how}: nothing was taken up twice"
            );
            // Back where it was, for the next.
            stage.portal.clock.advance(-by);
        }
    }
}

/// With two portals whose clocks are two hours apart, a lease that one holds is no other's.
#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn clocks_that_differ_do_not_end_a_lease(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage.behave(sandbox::jenkins::Behaviour::Hang);
    let id = stage.approved("cart", "1.1.0", "dev").await;
    let worker = stage.worker();
    stage
        .until(id, |c| steps(c).iter().any(|s| s.contains("Build 1 runs")))
        .await;
    for by in [
        SignedDuration::from_hours(2),
        -SignedDuration::from_hours(4),
    ] {
        stage.portal.clock.advance(by);
        let other = stage.another();
        let took = other
            .work_once(&portolan_control::runs::Worker::new("ahead"))
            .await;
        assert!(!took.expect("claims"), "{by:?}");
    }
    drop(worker);
}
