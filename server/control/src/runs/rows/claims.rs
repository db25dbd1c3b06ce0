//! Claiming, renewing, giving back. Times are the database's: `due_at` of a held step is the end of its lease,
//! so that one short index answers what can be claimed.

use std::time::Duration;

use domain::{AttemptId, ChangeId, RegionName, RunId, StepKind};
use sqlx::{FromRow, PgConnection, PgExecutor, PgPool};
use tokio::time::Instant;

use crate::{
    ChangeTx, Result,
    error::corrupt,
    new_id,
    runs::{lease::Lease, progress::Progress},
};

/// A step that this worker now holds.
#[derive(Debug)]
pub(in crate::runs) struct Claim {
    pub lease: Lease,
    pub run: RunId,
    pub change: ChangeId,
    /// Every approval that the run rests on was given with a fresh second factor.
    pub stepped_up: bool,
    pub position: i32,
    /// This one included, and without those that ended with their worker's stop.
    pub attempts: i32,
    /// Nobody has tried it before, or nobody since a person looked.
    pub first: bool,
    /// Workers lost on it since it last got on.
    pub deaths: i32,
    /// A row that cannot be read is claimed all the same: otherwise nobody would ever end it.
    pub known: Result<Known>,
    /// How long ago it was first claimed, or first claimed since a person looked.
    pub age: Duration,
}

/// What the step's own row says of it.
#[derive(Debug)]
pub(in crate::runs) struct Known {
    pub region: RegionName,
    pub kind: StepKind,
    pub progress: Progress,
}

#[derive(FromRow)]
struct Row {
    id: uuid::Uuid,
    run_id: uuid::Uuid,
    change_id: uuid::Uuid,
    stepped_up: bool,
    position: i32,
    region: String,
    kind: String,
    attempts: i32,
    restarts: i32,
    deaths: i32,
    progress: serde_json::Value,
    lease_epoch: i64,
    age: f64,
}

/// The statement of a claim, of a worker's name, the seconds of a lease and the id of an attempt: for whoever measures it.
pub const CLAIM: &str = "WITH due AS (
         SELECT id, lease_owner IS NOT NULL AS died FROM step
         WHERE state IN ('due', 'running') AND due_at <= now()
         ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED),
     lost AS (
         UPDATE attempt a SET ended_at = now(), outcome = 'lost' FROM due
         WHERE a.step_id = due.id AND a.ended_at IS NULL),
     taken AS (
         UPDATE step s SET state = 'running', lease_owner = $1, lease_epoch = s.lease_epoch + 1,
             lease_expires_at = now() + make_interval(secs => $2), due_at = now() + make_interval(secs => $2),
             attempts = s.attempts + 1,
             -- No attempt yet: never claimed, or a person has sent it to look again, which starts the clock anew.
             deaths = CASE WHEN s.attempts = 0 THEN 0 WHEN due.died THEN s.deaths + 1 ELSE s.deaths END,
             started_at = CASE WHEN s.attempts = 0 THEN now() ELSE coalesce(s.started_at, now()) END
         FROM due WHERE s.id = due.id
         RETURNING s.id, s.run_id, s.position, s.region, s.kind, s.attempts, s.restarts, s.deaths, s.progress, s.lease_epoch,
             extract(epoch FROM now() - s.started_at)::float8 AS age),
     begun AS (
         INSERT INTO attempt (id, step_id, epoch, worker, started_at) SELECT $3, id, lease_epoch, $1, now() FROM taken)
     SELECT taken.*, run.change_id, run.stepped_up FROM taken JOIN run ON run.id = taken.run_id";

/// Takes the step that has been due longest, if there is one nobody holds.
pub(in crate::runs) async fn claim(
    database: impl PgExecutor<'_>,
    worker: &str,
    length: Duration,
) -> Result<Option<Claim>> {
    let asked = Instant::now();
    let row: Option<Row> = sqlx::query_as(CLAIM)
        .bind(worker)
        .bind(length.as_secs_f64())
        .bind(new_id::<AttemptId>().0)
        .fetch_optional(database)
        .await?;
    Ok(row.map(|row| Claim {
        lease: Lease::new(row.id.into(), row.lease_epoch, asked, length),
        run: row.run_id.into(),
        change: row.change_id.into(),
        stepped_up: row.stepped_up,
        position: row.position,
        attempts: row.attempts - row.restarts,
        first: row.attempts == 1,
        deaths: row.deaths,
        age: Duration::try_from_secs_f64(row.age).unwrap_or_default(),
        known: known(row),
    }))
}

fn known(row: Row) -> Result<Known> {
    let bad = |column: &'static str, why: String| corrupt("step", column, row.id, why);
    Ok(Known {
        region: RegionName::parse(row.region).map_err(|e| bad("region", e.to_string()))?,
        kind: row.kind.parse().map_err(|e| bad("kind", e))?,
        progress: serde_json::from_value(row.progress)
            .map_err(|e| bad("progress", e.to_string()))?,
    })
}

/// False when the lease is lost.
pub(in crate::runs) async fn renew(pool: &PgPool, lease: &Lease, length: Duration) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE step SET lease_expires_at = now() + make_interval(secs => $3), due_at = now() + make_interval(secs => $3)
         WHERE id = $1 AND lease_epoch = $2 AND state = 'running'",
    )
    .bind(lease.step.0)
    .bind(lease.epoch)
    .bind(length.as_secs_f64())
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Locks the step for this transaction; false when the lease is lost.
pub(in crate::runs) async fn fence(conn: &mut PgConnection, lease: &Lease) -> Result<bool> {
    let row: Option<i32> = sqlx::query_scalar(
        "SELECT 1 FROM step WHERE id = $1 AND lease_epoch = $2 AND state = 'running' FOR UPDATE",
    )
    .bind(lease.step.0)
    .bind(lease.epoch)
    .fetch_optional(conn)
    .await?;
    Ok(row.is_some())
}

/// Keeps what is known so far. Getting on is a sign of health: earlier deaths are forgotten.
/// No audit event: it is the worker's own book-keeping and says nothing of the world.
pub(in crate::runs) async fn save(
    conn: &mut PgConnection,
    lease: &Lease,
    progress: &Progress,
    note: Option<&str>,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE step SET progress = $3, note = $4, deaths = 0
         WHERE id = $1 AND lease_epoch = $2 AND state = 'running'",
    )
    .bind(lease.step.0)
    .bind(lease.epoch)
    .bind(serde_json::to_value(progress)?)
    .bind(note)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives the step back unfinished, for any worker to go on with after `after`. What is `None` stays as it is.
pub(in crate::runs) async fn give_back(
    conn: &mut PgConnection,
    lease: &Lease,
    progress: Option<&Progress>,
    note: Option<&str>,
    after: Duration,
) -> Result<bool> {
    let progress = progress.map(serde_json::to_value).transpose()?;
    let done = sqlx::query(
        "UPDATE step SET state = 'due', due_at = now() + make_interval(secs => $3), progress = coalesce($4, progress),
             note = coalesce($5, note), lease_owner = NULL, lease_expires_at = NULL
         WHERE id = $1 AND lease_epoch = $2 AND state = 'running'",
    )
    .bind(lease.step.0)
    .bind(lease.epoch)
    .bind(after.as_secs_f64())
    .bind(progress)
    .bind(note)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The step got on: what went wrong before is forgotten, and its attempts are counted anew.
pub(in crate::runs) async fn got_on(conn: &mut PgConnection, lease: &Lease) -> Result<()> {
    sqlx::query(
        "UPDATE step SET restarts = attempts, deaths = 0 WHERE id = $1 AND lease_epoch = $2",
    )
    .bind(lease.step.0)
    .bind(lease.epoch)
    .execute(conn)
    .await?;
    Ok(())
}

/// The attempt was cut short by its worker's stop, which says nothing of the step.
pub(in crate::runs) async fn forgive(conn: &mut PgConnection, lease: &Lease) -> Result<()> {
    sqlx::query("UPDATE step SET restarts = restarts + 1 WHERE id = $1 AND lease_epoch = $2")
        .bind(lease.step.0)
        .bind(lease.epoch)
        .execute(conn)
        .await?;
    Ok(())
}

/// Whether somebody has asked to cancel the change.
pub(in crate::runs) async fn cancel_requested(pool: &PgPool, change: ChangeId) -> Result<bool> {
    let asked: Option<bool> =
        sqlx::query_scalar("SELECT cancel_requested FROM change WHERE id = $1")
            .bind(change.0)
            .fetch_optional(pool)
            .await?;
    Ok(asked.unwrap_or_default())
}

/// The session a step was given: the join key to CloudTrail.
pub(crate) async fn insert_session(
    tx: &mut ChangeTx,
    record: &crate::outside::aws::SessionRecord,
) -> Result<()> {
    use jiff_sqlx::ToSqlx as _;
    let now = tx.now().to_sqlx();
    sqlx::query(
        "INSERT INTO aws_session (id, step_id, person_id, purpose, role_arn, session_name, source_identity, access_key_id,
             session_policy, packed_percent, request_id, made_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(new_id::<domain::AwsSessionId>().0)
    .bind(record.step.0)
    .bind(record.person.0)
    .bind(record.purpose)
    .bind(&record.role_arn)
    .bind(&record.session_name)
    .bind(record.login.as_str())
    .bind(&record.access_key_id)
    .bind(&record.session_policy)
    .bind(record.packed_percent)
    .bind(&record.request_id)
    .bind(now)
    .bind(record.expires_at.to_sqlx())
    .execute(tx.conn())
    .await?;
    Ok(())
}
