//! The crash matrix: every kind of step, at every phase of its work, with every way of losing the worker or its word.
//! The cells are made from the lists below; whatever kind of step is added is in it.
//!
//! What must hold in each: the build is asked for at most once, each step succeeds once, nothing is lost: the change gets
//! to its end, or waits for a person with what is known, where the call is of a class that nobody can decide.

mod cell;
mod frozen;
mod points;
mod thread;
mod warp;

use std::sync::Arc;

use domain::StepKind;
use sandbox::jenkins::{Behaviour, Patch};
use sqlx::PgPool;

use super::stage::Stage;
use cell::{as_if_nothing_had_happened, ground, started};
use points::{Phase, point};
use thread::{Admin, Way, worker};
use warp::warped;

/// Every kind at every phase.
fn cells() -> impl Iterator<Item = (StepKind, Phase)> {
    StepKind::ALL
        .iter()
        .flat_map(|kind| Phase::ALL.iter().map(|phase| (*kind, *phase)))
}

/// A world in which 1.1.0 runs already, so that a cell is quick and the pipeline's script need not ask the portal. In
/// staging a wave stops every change of the cart, and its time goes by at once; in dev one brings up a share of the
/// checkout first.
async fn stage(pool: PgPool, lease_ms: u64) -> Stage {
    let stage = warped(pool, lease_ms).await;
    stage.run("1.1.0", "dev").await;
    stage.run("1.1.0", "staging").await;
    stage.behave(Behaviour::Succeed);
    stage.jenkins(Patch {
        job: Some("shop/deploy-checkout".into()),
        behaviour: Some(Behaviour::Apply),
        ..Patch::default()
    });
    stage
}

/// How many builds there are of what the kind is tried on.
fn built(stage: &Stage, kind: StepKind) -> usize {
    stage.builds(ground(kind).service)
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_worker_is_killed(pool: PgPool) {
    let stage = stage(pool, 6_000).await;
    for (kind, phase) in cells() {
        let id = started(&stage, kind).await;
        let before = built(&stage, kind);
        let how = format!("killed in {kind}, {phase:?}");
        let first = worker(&stage, id, point(kind, phase, || Way::Die));
        assert!(first.ended().await.is_err(), "{how}: never got there");
        stage.leases_end().await;
        as_if_nothing_had_happened(&stage, id, before, kind, &how).await;
    }
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn the_database_throws_everybody_out(pool: PgPool) {
    let stage = stage(pool, 1_500).await;
    let admin = Admin::new(&stage);
    for (kind, phase) in cells() {
        let id = started(&stage, kind).await;
        let before = built(&stage, kind);
        let how = format!("database lost in {kind}, {phase:?}");
        let out = admin.throws_out();
        let (point, passed) = point(kind, phase, move || Way::Do(out.clone())).counted();
        let first = worker(&stage, id, point);
        first.ended().await.expect("goes on");
        assert!(passed.reached(), "{how}: never got there");
        as_if_nothing_had_happened(&stage, id, before, kind, &how).await;
    }
}

/// Every process of it at once, and a start on what is left. `PORTOLAN_KILL` is the address that does so, since other tests
/// need their database: `make test` has a stage for this one.
#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
#[ignore = "kills the database: make test ONLY=killed"]
async fn the_database_is_killed(pool: PgPool) {
    let stage = stage(pool, 3_000).await;
    let kills = thread::kills_the_database();
    for (kind, phase) in cells() {
        let id = started(&stage, kind).await;
        let before = built(&stage, kind);
        let how = format!("database killed in {kind}, {phase:?}");
        let kill = Arc::clone(&kills);
        let (point, passed) = point(kind, phase, move || Way::Do(Arc::clone(&kill))).counted();
        let first = worker(&stage, id, point);
        first.ended().await.expect("goes on");
        assert!(passed.reached(), "{how}: never got there");
        as_if_nothing_had_happened(&stage, id, before, kind, &how).await;
    }
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_reply_is_lost(pool: PgPool) {
    let stage = stage(pool, 6_000).await;
    for (kind, phase) in cells() {
        let id = started(&stage, kind).await;
        let before = built(&stage, kind);
        let how = format!("reply lost in {kind}, {phase:?}");
        let lose = thread::loses_replies(&stage, kind, phase);
        let (point, passed) = point(kind, phase, move || Way::Do(lose.clone())).counted();
        let first = worker(&stage, id, point);
        first.ended().await.expect("goes on");
        assert!(passed.reached(), "{how}: never got there");
        as_if_nothing_had_happened(&stage, id, before, kind, &how).await;
        thread::replies_again(&stage);
    }
}
