//! How fast runs go on, and what waiting costs: the real engine, a real Postgres and the stand-in world, in one process.
//!
//! ```sh
//! DATABASE_URL=postgres://… cargo run --release -p portolan-control --example runs_speed
//! ```
//!
//! Makes a database of its own and drops it. Prints one JSON object: step to step with a thousand runs at once, what ten
//! thousand waiting changes cost, a claim with few and with many finished runs and its plan, and how soon another worker goes
//! on after one was killed. `RUNS`, `WAITING`, `FINISHED` and `SLOW_MS` make it smaller or larger.

#[expect(dead_code, reason = "the tests' own; a part of it is used here")]
#[path = "../tests/it/harness.rs"]
mod harness;
#[expect(dead_code, reason = "the tests' own; a part of it is used here")]
#[path = "../tests/it/runs/stage.rs"]
mod stage;

use std::time::Duration;

use domain::ChangeId;
use portolan_control::{MIGRATOR, runs::CLAIM};
use sandbox::world::faults::{Fault, Kind};
use serde_json::{Value, json};
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use stage::Stage;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

fn slow(ms: u64) -> Fault {
    Fault {
        ms: Some(ms),
        ..Fault::new(Kind::Latency)
    }
}

/// Milliseconds at a share of the sorted.
fn at(sorted: &[f64], share: f64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index"
    )]
    let index = ((sorted.len().saturating_sub(1)) as f64 * share).round() as usize;
    sorted.get(index).copied().unwrap_or(f64::NAN)
}

fn spread(mut all: Vec<f64>) -> Value {
    all.sort_by(f64::total_cmp);
    json!({"n": all.len(), "p50_ms": at(&all, 0.5), "p99_ms": at(&all, 0.99), "max_ms": at(&all, 1.0)})
}

/// Seconds of processor time that processes whose command begins so have used.
fn cpu(of: impl Fn(&str, u32) -> bool) -> f64 {
    let mut ticks = 0u64;
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
            continue;
        };
        let Some((head, rest)) = stat.rsplit_once(") ") else {
            continue;
        };
        let name = head.split_once('(').map_or("", |(_, name)| name);
        if of(name, pid) {
            let fields: Vec<u64> = rest
                .split(' ')
                .map(|field| field.parse().unwrap_or(0))
                .collect();
            ticks += fields.get(11).unwrap_or(&0) + fields.get(12).unwrap_or(&0);
        }
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "ticks of a hundredth of a second"
    )]
    let seconds = ticks as f64 / 100.0;
    seconds
}

async fn started(stage: &Stage) -> ChangeId {
    let id = stage.approved("cart", "1.1.0", "dev").await;
    stage
        .portal
        .control
        .start(&stage.developer, id)
        .await
        .expect("starts");
    id
}

async fn run(stage: &Stage, sql: &'static str) {
    sqlx::query(sql)
        .execute(&stage.portal.pool)
        .await
        .expect(sql);
}

/// A thousand runs of five reads each, every read slow outside, so that all are under way at once.
async fn step_to_step(stage: &Stage, runs: usize, slow_ms: u64) -> Value {
    let id = started(stage).await;
    // Reads only: what a build costs Jenkins is not the question.
    run(stage, "UPDATE step SET kind = CASE WHEN position % 2 = 0 THEN 'check_cluster' ELSE 'check_image' END").await;
    stage.copies(id, runs - 1).await;
    // They did not all begin in the same instant.
    run(
        stage,
        "UPDATE step SET due_at = now() + random() * interval '5 seconds' WHERE state = 'due'",
    )
    .await;
    stage.fault(slow(slow_ms));
    let began = Instant::now();
    let worker = stage.worker();
    let mut most = 0i64;
    loop {
        sleep(Duration::from_millis(500)).await;
        most = most.max(
            stage
                .count("SELECT count(*) FROM step WHERE state = 'running'")
                .await,
        );
        if stage
            .count("SELECT count(*) FROM step WHERE state IN ('due', 'running')")
            .await
            == 0
        {
            break;
        }
        assert!(
            began.elapsed() < Duration::from_mins(15),
            "the runs do not end"
        );
    }
    worker.stop().await;
    stage.sandbox.world().faults().clear();
    let gaps: Vec<f64> = sqlx::query_scalar(
        "SELECT (extract(epoch FROM a.started_at - b.ended_at) * 1000)::float8
         FROM step s JOIN step p ON p.run_id = s.run_id AND p.position = s.position - 1
         JOIN attempt a ON a.step_id = s.id AND a.epoch = 1 JOIN attempt b ON b.step_id = p.id AND b.outcome = 'succeeded'",
    )
    .fetch_all(&stage.portal.pool)
    .await
    .expect("gaps");
    let succeeded = stage
        .count("SELECT count(*) FROM run WHERE state = 'succeeded'")
        .await;
    json!({"runs": runs, "succeeded": succeeded, "at_once": most, "took_s": began.elapsed().as_secs_f64(), "gap": spread(gaps)})
}

/// What an idle worker costs while changes wait for one that runs.
async fn waiting(stage: &Stage, many: usize) -> Value {
    stage.behave(sandbox::jenkins::Behaviour::Hang);
    let holder = stage.approved("cart", "1.1.0", "dev").await;
    sqlx::query(
        "INSERT INTO change (id, kind, state, reason, requester_id, requester_login, service_id, service, team, release_id, version,
             environment, protected, start_mode, evidence, evidence_digest, requirements, created_at, updated_at, expires_at)
         SELECT gen_random_uuid(), kind, CASE WHEN n % 2 = 0 THEN 'approved' ELSE 'awaiting_approval' END, reason, requester_id, requester_login,
             service_id, service || n % 500, team, release_id, version, environment, protected, start_mode, evidence, evidence_digest,
             requirements, created_at, updated_at, now() + interval '7 days' FROM change, generate_series(1, $2) n WHERE id = $1",
    )
    .bind(holder.0)
    .bind(i32::try_from(many).expect("a number"))
    .execute(&stage.portal.pool)
    .await
    .expect("waiting");
    // Each of their targets is held by a run.
    run(stage, "INSERT INTO change (id, kind, state, reason, requester_id, requester_login, service_id, service, team, release_id, version,
             environment, protected, start_mode, evidence, evidence_digest, requirements, created_at, updated_at, expires_at)
         SELECT DISTINCT ON (service) gen_random_uuid(), kind, 'needs_attention', reason, requester_id, requester_login, service_id, service, team,
             release_id, version, environment, protected, start_mode, evidence, evidence_digest, requirements, created_at, updated_at, expires_at
         FROM change WHERE state = 'approved' AND service <> 'cart'").await;
    run(stage, "DELETE FROM approval WHERE false").await;
    run(
        stage,
        "UPDATE change SET state = 'cancelled' WHERE state = 'approved' AND service = 'cart'",
    )
    .await;
    run(stage, "ANALYZE change").await;
    let worker = stage.worker();
    sleep(Duration::from_secs(2)).await;
    let own = std::process::id();
    let (mine, base) = (
        || cpu(|_, pid| pid == own),
        || cpu(|name, _| name.starts_with("postgres")),
    );
    let (before, base_before, from) = (mine(), base(), Instant::now());
    sleep(Duration::from_secs(20)).await;
    let took = from.elapsed().as_secs_f64();
    let (worker_share, base_share) = ((mine() - before) / took, (base() - base_before) / took);
    worker.stop().await;
    run(stage, "UPDATE change SET state = 'cancelled' WHERE state IN ('approved', 'awaiting_approval', 'needs_attention')").await;
    json!({"waiting": many, "worker_share_of_a_core": worker_share, "database_share_of_a_core": base_share})
}

/// So many steps are claimed to time one claim.
const CLAIMED: usize = 2_000;

/// The claim of a step that is due, one of many, beside so many finished runs of five steps. Nobody works.
async fn claims(stage: &Stage, finished: usize) -> Value {
    let mut conn = stage.portal.pool.acquire().await.expect("a connection");
    let have = stage
        .count("SELECT count(*) / 5 FROM step WHERE state = 'succeeded'")
        .await;
    let missing = i64::try_from(finished).expect("a number") - have;
    sqlx::raw_sql(AssertSqlSafe(format!(
        "ALTER TABLE step DROP CONSTRAINT IF EXISTS step_run_id_fkey;
         INSERT INTO step (id, run_id, position, region, kind, state, due_at)
             SELECT gen_random_uuid(), r.id, p, 'eu-west-1', 'check_image', 'succeeded', now() - interval '1 day'
             FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, {missing})) r, generate_series(0, 4) p;
         UPDATE attempt SET ended_at = now(), outcome = 'released' WHERE ended_at IS NULL;
         UPDATE step SET state = 'due', due_at = now(), lease_owner = NULL, lease_expires_at = NULL WHERE state = 'running';"
    )))
    .execute(&mut *conn)
    .await
    .expect("finished runs");
    sqlx::raw_sql("VACUUM ANALYZE step; ")
        .execute(&mut *conn)
        .await
        .expect("vacuumed");
    let lease = 3_600.0_f64;
    let plan: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!("EXPLAIN {CLAIM}")))
        .bind("claims")
        .bind(lease)
        .bind(uuid::Uuid::now_v7())
        .fetch_all(&mut *conn)
        .await
        .expect("plan");
    let mut all = vec![];
    for _ in 0..CLAIMED {
        let from = Instant::now();
        let claimed = sqlx::query(CLAIM)
            .bind("claims")
            .bind(lease)
            .bind(uuid::Uuid::now_v7())
            .fetch_optional(&mut *conn)
            .await
            .expect("claims");
        all.push(from.elapsed().as_secs_f64() * 1_000.0);
        assert!(claimed.is_some(), "{CLAIMED} are due");
    }
    json!({"finished_runs": finished, "claim": spread(all), "plan": plan})
}

/// A worker with many steps is killed; how long until each has its next attempt. With the lease that the portal ships with.
async fn recovery(pool: PgPool, runs: usize) -> Value {
    let stage = Stage::with(pool, |settings| {
        settings.times = portolan_control::settings::Times::default();
    })
    .await;
    let id = started(&stage).await;
    stage.copies(id, runs - 1).await;
    stage.fault(slow(600_000));
    let (apart, stop) = (stage.apart(), CancellationToken::new());
    let token = stop.clone();
    let doomed = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let control = apart.control().await;
            tokio::select! {
                () = control.work_until(CancellationToken::new()) => {}
                // Dropped where it stands: nothing is given back.
                () = token.cancelled() => {}
            }
        });
        runtime.shutdown_background();
    });
    while stage
        .count("SELECT count(*) FROM step WHERE lease_epoch = 1")
        .await
        < i64::try_from(runs).expect("a number")
    {
        sleep(Duration::from_millis(100)).await;
    }
    // Long enough for renewals to spread over the lease.
    sleep(Duration::from_secs(7)).await;
    let killed: jiff_sqlx::Timestamp = sqlx::query_scalar("SELECT clock_timestamp()")
        .fetch_one(&stage.portal.pool)
        .await
        .expect("time");
    stop.cancel();
    doomed.join().expect("gone");
    let worker = stage.worker();
    while stage
        .count("SELECT count(*) FROM attempt WHERE epoch = 2")
        .await
        < i64::try_from(runs).expect("a number")
    {
        sleep(Duration::from_millis(100)).await;
    }
    let waits: Vec<f64> = sqlx::query_scalar(
        "SELECT (extract(epoch FROM started_at - $1) * 1000)::float8 FROM attempt WHERE epoch = 2",
    )
    .bind(killed)
    .fetch_all(&stage.portal.pool)
    .await
    .expect("waits");
    drop(worker);
    json!({"steps": runs, "lease_s": 15, "until_the_next_attempt": spread(waits)})
}

async fn fresh(base: &PgConnectOptions, name: &str) -> PgPool {
    let mut conn = PgConnection::connect_with(base)
        .await
        .expect("DATABASE_URL");
    let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    sqlx::raw_sql(AssertSqlSafe(drop))
        .execute(&mut conn)
        .await
        .expect("dropped");
    sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&mut conn)
        .await
        .expect("created");
    let pool = PgPoolOptions::new()
        // As many as the worker of a portal has that says nothing else.
        .max_connections(4)
        .connect_with(base.clone().database(name))
        .await
        .expect("connects");
    MIGRATOR.run(&pool).await.expect("migrated");
    pool
}

async fn gone(base: &PgConnectOptions, name: &str) {
    let mut conn = PgConnection::connect_with(base)
        .await
        .expect("DATABASE_URL");
    let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    sqlx::raw_sql(AssertSqlSafe(drop))
        .execute(&mut conn)
        .await
        .expect("dropped");
}

#[tokio::main]
async fn main() {
    let base: PgConnectOptions = std::env::var("DATABASE_URL")
        .expect("DATABASE_URL")
        .parse()
        .expect("an address");
    let (runs, many, finished) = (
        number("RUNS", 1_000),
        number("WAITING", 10_000),
        number("FINISHED", 1_000_000),
    );
    let slow_ms = number("SLOW_MS", 3_000) as u64;
    let recovered = recovery(fresh(&base, "runs_speed_recovery").await, runs.min(200)).await;
    gone(&base, "runs_speed_recovery").await;
    let pool = fresh(&base, "runs_speed").await;
    let stage = Stage::with(pool, |settings| {
        settings.times = portolan_control::settings::Times::default();
    })
    .await;
    let step = step_to_step(&stage, runs, slow_ms).await;
    let waits = waiting(&stage, many).await;
    let id = started(&stage).await;
    stage.copies(id, CLAIMED).await;
    // Once before it counts, so that both are measured warm.
    claims(&stage, finished.min(1_000)).await;
    let few = claims(&stage, finished.min(10_000)).await;
    let lots = claims(&stage, finished).await;
    drop(stage);
    gone(&base, "runs_speed").await;
    println!(
        "{}",
        json!({"step_to_step": step, "waiting": waits, "claims": [few, lots], "recovery": recovered})
    );
}
