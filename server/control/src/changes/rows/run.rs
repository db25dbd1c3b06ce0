//! What a change's moves write to its run: made at the start, hurried and ended by a cancel, sent to look again.

use domain::{ChangeId, GrantId, RunId, RunState, StepId, StepState, run::PlannedStep};
use jiff_sqlx::ToSqlx;
use sqlx::PgConnection;

use crate::{ChangeTx, Result, new_id};

/// A run that begins.
pub(in crate::changes) struct New {
    pub(in crate::changes) id: RunId,
    pub(in crate::changes) change: ChangeId,
    pub(in crate::changes) grant: GrantId,
    /// Every approval that the grant rests on was given with a fresh second factor.
    pub(in crate::changes) stepped_up: bool,
}

/// The run and its steps; the first is due at once, the others wait for the one before.
/// When a step is due is told by the database's clock here and in what follows, for claims compare with it.
pub(in crate::changes) async fn insert(
    tx: &mut ChangeTx,
    run: New,
    steps: &[PlannedStep],
) -> Result<()> {
    let now = tx.now().to_sqlx();
    sqlx::query(
        "INSERT INTO run (id, change_id, grant_id, state, stepped_up, started_at) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(run.id.0)
    .bind(run.change.0)
    .bind(run.grant.0)
    .bind(RunState::Running.as_str())
    .bind(run.stepped_up)
    .bind(now)
    .execute(tx.conn())
    .await?;
    for (position, step) in (0i32..).zip(steps) {
        let state = if position == 0 {
            StepState::Due
        } else {
            StepState::Waiting
        };
        sqlx::query("INSERT INTO step (id, run_id, position, region, kind, state) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(new_id::<StepId>().0)
            .bind(run.id.0)
            .bind(position)
            .bind(step.region.as_str())
            .bind(step.kind.as_str())
            .bind(state.as_str())
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

/// Whether the change was ever started.
pub(in crate::changes) async fn exists(conn: &mut PgConnection, change: ChangeId) -> Result<bool> {
    let found = sqlx::query_scalar("SELECT EXISTS (SELECT FROM run WHERE change_id = $1)");
    Ok(found.bind(change.0).fetch_one(conn).await?)
}

/// A step that waits for its next poll looks at once, so that a cancel is not slow.
pub(in crate::changes) async fn hurry(tx: &mut ChangeTx, change: ChangeId) -> Result<()> {
    sqlx::query(
        "UPDATE step SET due_at = now() FROM run WHERE run.id = step.run_id AND run.change_id = $1 AND step.state = 'due' AND step.due_at > now()",
    )
    .bind(change.0)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The parked step looks again, with a fresh count of attempts: a person has looked.
pub(in crate::changes) async fn unpark(tx: &mut ChangeTx, change: ChangeId) -> Result<()> {
    sqlx::query(
        "UPDATE step SET state = 'due', due_at = now(), attempts = 0, restarts = 0, note = NULL, parked_for = NULL FROM run
         WHERE run.id = step.run_id AND run.change_id = $1 AND step.state = 'needs_attention'",
    )
    .bind(change.0)
    .execute(tx.conn())
    .await?;
    sqlx::query("UPDATE run SET state = 'running' WHERE change_id = $1")
        .bind(change.0)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Ends the run of a parked change: nothing further is done, and no ticket of it is good any more.
pub(in crate::changes) async fn abandon(tx: &mut ChangeTx, change: ChangeId) -> Result<()> {
    let now = tx.now().to_sqlx();
    sqlx::query(
        "UPDATE ticket SET revoked_at = $2 FROM step, run
         WHERE step.id = ticket.step_id AND run.id = step.run_id AND run.change_id = $1
           AND ticket.redeemed_at IS NULL AND ticket.revoked_at IS NULL",
    )
    .bind(change.0)
    .bind(now)
    .execute(tx.conn())
    .await?;
    // The epoch moves too: a worker that still believes in its lease writes nothing more.
    sqlx::query(
        "UPDATE step SET state = CASE WHEN step.state = 'waiting' THEN 'skipped' ELSE 'cancelled' END,
             lease_epoch = lease_epoch + 1, lease_owner = NULL, lease_expires_at = NULL, finished_at = $2
         FROM run WHERE run.id = step.run_id AND run.change_id = $1
           AND step.state NOT IN ('succeeded', 'failed', 'cancelled', 'skipped')",
    )
    .bind(change.0)
    .bind(now)
    .execute(tx.conn())
    .await?;
    sqlx::query("UPDATE run SET state = 'cancelled', finished_at = $2 WHERE change_id = $1")
        .bind(change.0)
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}
