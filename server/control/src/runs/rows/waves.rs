//! How long a canary is watched, and what was read of its metrics.

use domain::{
    RunId, StepId,
    wave::{Check, Plan, Reading},
};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{
    ChangeTx, Result,
    runs::{engine::Work, lease::Lease},
};

/// When the canary of a run began to be watched, until when it is, and what time it is now: all of it the database's.
#[derive(Clone, Copy, Debug)]
pub(in crate::runs) struct Times {
    pub began: Timestamp,
    pub ends: Timestamp,
    pub now: Timestamp,
}

/// One metric as it was read.
#[derive(Clone, Debug)]
pub(in crate::runs) struct Measured {
    pub check: Check,
    pub reading: Reading,
    pub window: Option<(Timestamp, Timestamp)>,
    pub request_id: Option<String>,
}

#[derive(FromRow)]
struct Row {
    began_at: jiff_sqlx::Timestamp,
    ends_at: jiff_sqlx::Timestamp,
    now: jiff_sqlx::Timestamp,
}

/// The wait at this place of the run.
pub(in crate::runs) async fn times(
    conn: &mut PgConnection,
    run: RunId,
    position: i32,
) -> Result<Option<Times>> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT b.began_at, b.ends_at, clock_timestamp() AS now FROM bake b JOIN step s ON s.id = b.step_id
         WHERE s.run_id = $1 AND s.position = $2",
    )
    .bind(run.0)
    .bind(position)
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Times {
        began: row.began_at.to_jiff(),
        ends: row.ends_at.to_jiff(),
        now: row.now.to_jiff(),
    }))
}

/// From now on the canary is watched. The caller holds the fence; nobody begins twice.
pub(in crate::runs) async fn begin(tx: &mut ChangeTx, step: StepId, plan: &Plan) -> Result<()> {
    sqlx::query(
        "INSERT INTO bake (step_id, began_at, ends_at)
         SELECT $1, at, at + make_interval(secs => $2) FROM (SELECT clock_timestamp() AS at) AS clock",
    )
    .bind(step.0)
    .bind(std::time::Duration::from_secs(plan.bake_s).as_secs_f64())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes down what this attempt has read.
pub(in crate::runs) async fn keep(tx: &mut ChangeTx, work: &Work) -> Result<()> {
    for (position, one) in (0i32..).zip(&work.measured) {
        sqlx::query(
            "INSERT INTO wave_reading (id, step_id, epoch, position, wave, name, metric, allowed, value, reach, from_at, to_at, request_id, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, now())",
        )
        .bind(Uuid::now_v7())
        .bind(work.lease.step.0)
        .bind(work.lease.epoch)
        .bind(position)
        .bind(&one.check.wave)
        .bind(&one.check.name)
        .bind(one.check.measures())
        .bind(one.check.allowed())
        .bind(one.reading.value)
        .bind(one.reading.reach.as_str())
        .bind(one.window.map(|(from, _)| from.to_sqlx()))
        .bind(one.window.map(|(_, to)| to.to_sqlx()))
        .bind(&one.request_id)
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

/// Why the step waits for somebody: its wave halted.
pub(in crate::runs) async fn park(tx: &mut ChangeTx, lease: &Lease) -> Result<()> {
    sqlx::query("UPDATE step SET parked_for = 'wave_halted' WHERE id = $1 AND lease_epoch = $2")
        .bind(lease.step.0)
        .bind(lease.epoch)
        .execute(tx.conn())
        .await?;
    Ok(())
}
