//! A worker that is frozen for twice its lease, wakes while another holds the step, and must write nothing.

use std::{
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use domain::{ChangeId, StepKind};
use sqlx::PgPool;
use tokio::time::sleep;

use super::{
    super::stage::Stage,
    as_if_nothing_had_happened, built, cells,
    points::{Phase, point},
    stage, started,
    thread::{Way, doing},
};

const LEASE: Duration = Duration::from_millis(700);

/// A place where a thread stops until it is let go.
struct Gate {
    arrived: mpsc::Receiver<()>,
    go: mpsc::Sender<()>,
}

impl Gate {
    fn new() -> (Self, Arc<dyn Fn() + Send + Sync>) {
        let (arrive, arrived) = mpsc::channel();
        let (go, gone) = mpsc::channel();
        let ends = Mutex::new((arrive, gone));
        let stop = Arc::new(move || {
            let ends = ends.lock().expect("unpoisoned");
            ends.0.send(()).expect("somebody waits");
            // Let go, or forgotten when the test has failed.
            let _ = ends.1.recv();
        });
        (Self { arrived, go }, stop)
    }

    async fn arrived(&self, how: &str) {
        for _ in 0..6_000 {
            if self.arrived.try_recv().is_ok() {
                return;
            }
            sleep(Duration::from_millis(5)).await;
        }
        panic!("{how}: nobody came to the gate");
    }

    fn open(&self) {
        self.go.send(()).expect("somebody waits");
    }
}

/// All that workers write of a change, row by row.
async fn written(stage: &Stage, id: ChangeId) -> Vec<String> {
    sqlx::query_scalar(
        "WITH s AS (SELECT step.* FROM step JOIN run ON run.id = run_id WHERE change_id = $1)
         SELECT 'step ' || row_to_json(s)::text FROM s
         UNION ALL SELECT 'run ' || row_to_json(r)::text FROM run r WHERE change_id = $1
         UNION ALL SELECT 'change ' || row_to_json(c)::text FROM change c WHERE id = $1
         UNION ALL SELECT 'attempt ' || row_to_json(a)::text FROM attempt a WHERE step_id IN (SELECT id FROM s)
         UNION ALL SELECT 'intent ' || row_to_json(i)::text FROM intent i WHERE step_id IN (SELECT id FROM s)
         UNION ALL SELECT 'reading ' || row_to_json(m)::text FROM wave_reading m WHERE step_id IN (SELECT id FROM s)
         UNION ALL SELECT 'bake ' || row_to_json(b)::text FROM bake b WHERE step_id IN (SELECT id FROM s)
         UNION ALL SELECT 'session ' || row_to_json(w)::text FROM aws_session w WHERE step_id IN (SELECT id FROM s)
         UNION ALL SELECT 'ticket ' || row_to_json(t)::text FROM ticket t WHERE step_id IN (SELECT id FROM s)
         UNION ALL SELECT 'line ' || row_to_json(l)::text FROM run_log l WHERE step_id IN (SELECT id FROM s)
         UNION ALL SELECT 'event ' || id::text || kind FROM audit_event WHERE change_id = $1
         ORDER BY 1",
    )
    .bind(id.0)
    .fetch_all(&stage.portal.pool)
    .await
    .expect("rows")
}

/// Freezes a worker, lets another take the step, wakes the first; then what the first wrote, by the rows that differ.
async fn wakes_late(stage: &Stage, kind: StepKind, phase: Phase, whole: bool) -> Vec<String> {
    let id = started(stage, kind).await;
    let before = built(stage, kind);
    let how = format!("frozen in {kind}, {phase:?}");
    let (ice, freeze) = Gate::new();
    // Until the attempt in which it freezes: it ends when that attempt does.
    let position = StepKind::OF_A_REGION.iter().position(|k| *k == kind);
    let of_canary = StepKind::OF_A_CANARY.iter().position(|k| *k == kind);
    // After the two reads that every region begins with.
    let position = of_canary.map(|n| n + 2).or(position);
    let attempts = match (kind, phase) {
        // It begins the wait in its first attempt, reads in its second and ends in its third.
        (StepKind::Bake, Phase::AfterIntent | Phase::AfterCall) => 7,
        (StepKind::Bake, _) => 6,
        (StepKind::Analyse, _) => 9,
        _ => position.expect("a kind") + 1,
    };
    let first = doing(
        stage,
        id,
        "frozen",
        point(kind, phase, move || Way::Do(freeze.clone())),
        attempts,
    );
    ice.arrived(&how).await;
    sleep(2 * LEASE).await;
    let (held, hold) = Gate::new();
    let second = doing(
        stage,
        id,
        "holder",
        point(kind, Phase::BeforeIntent, move || Way::Do(hold.clone())),
        if whole { usize::MAX } else { 1 },
    );
    held.arrived(&how).await;
    let as_it_was = written(stage, id).await;
    ice.open();
    first.ended().await.expect("no panic");
    let now = written(stage, id).await;
    held.open();
    second.ended().await.expect("no panic");
    if whole {
        as_if_nothing_had_happened(stage, id, before, kind, &how).await;
    }
    now.into_iter()
        .filter(|row| !as_it_was.contains(row))
        .collect()
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_worker_is_frozen_for_twice_its_lease(pool: PgPool) {
    let stage = stage(pool, u64::try_from(LEASE.as_millis()).expect("short")).await;
    for (kind, phase) in cells() {
        let wrote = wakes_late(&stage, kind, phase, true).await;
        assert_eq!(wrote, Vec::<String>::new(), "{kind}, {phase:?}");
    }
}

/// The switch: with an epoch that does not count up, every fence lets everybody through. The same look at the same rows
/// finds what the late worker wrote, for every kind of step at every phase.
#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn without_the_fence_the_frozen_worker_writes(pool: PgPool) {
    let stage = stage(pool, u64::try_from(LEASE.as_millis()).expect("short")).await;
    sqlx::raw_sql(
        "ALTER TABLE attempt DROP CONSTRAINT attempt_step_id_epoch_key;
         CREATE FUNCTION no_fence() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN NEW.lease_epoch := 1; RETURN NEW; END $$;
         CREATE TRIGGER no_fence BEFORE UPDATE ON step FOR EACH ROW EXECUTE FUNCTION no_fence();",
    )
    .execute(&stage.portal.pool)
    .await
    .expect("the fence is off");
    for (kind, phase) in cells() {
        let wrote = wakes_late(&stage, kind, phase, false).await;
        // Before a build is asked for the worker's own clock says that its lease is over: a second fence, which stands.
        let clock =
            kind.starts_build() && matches!(phase, Phase::BeforeIntent | Phase::AfterIntent);
        assert_eq!(
            wrote.iter().any(|row| row.starts_with("step ")),
            !clock,
            "{kind}, {phase:?}: {wrote:?}"
        );
        sqlx::query(
            "UPDATE change SET state = 'failed' WHERE state IN ('running', 'needs_attention')",
        )
        .execute(&stage.portal.pool)
        .await
        .expect("out of the way");
        sqlx::query("UPDATE step SET state = 'failed' WHERE state IN ('running', 'due')")
            .execute(&stage.portal.pool)
            .await
            .expect("out of the way");
    }
}
