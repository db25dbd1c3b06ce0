//! How steps and runs end, and what follows from it.

use domain::{ChangeId, RegionName, RunId, RunState, ServiceId, StepKind, StepState};
use jiff_sqlx::ToSqlx;
use sqlx::{FromRow, PgPool};

use super::AttemptEnd;
use crate::{
    ChangeTx, Result,
    changes::rows::Stored,
    error::corrupt,
    runs::{lease::Lease, progress::Progress, summary::Fact},
};

/// Ends the step in `state`; false when the lease is lost.
pub(in crate::runs) async fn end_step(
    tx: &mut ChangeTx,
    lease: &Lease,
    state: StepState,
    progress: &Progress,
    note: Option<&str>,
) -> Result<bool> {
    // A parked step is not over.
    let finished = state.is_final().then(|| tx.now().to_sqlx());
    let done = sqlx::query(
        "UPDATE step SET state = $3, progress = $4, note = $5, finished_at = $6,
             lease_owner = NULL, lease_expires_at = NULL
         WHERE id = $1 AND lease_epoch = $2 AND state = 'running'",
    )
    .bind(lease.step.0)
    .bind(lease.epoch)
    .bind(state.as_str())
    .bind(serde_json::to_value(progress)?)
    .bind(note)
    .bind(finished)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends the step in `state` without a look at what it knows, which may be unreadable; false when the lease is lost.
pub(in crate::runs) async fn end_unread(
    tx: &mut ChangeTx,
    lease: &Lease,
    state: StepState,
    note: &str,
) -> Result<bool> {
    let finished = state.is_final().then(|| tx.now().to_sqlx());
    let done = sqlx::query(
        "UPDATE step SET state = $3, note = $4, finished_at = $5, lease_owner = NULL, lease_expires_at = NULL
         WHERE id = $1 AND lease_epoch = $2 AND state = 'running'",
    )
    .bind(lease.step.0)
    .bind(lease.epoch)
    .bind(state.as_str())
    .bind(note)
    .bind(finished)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Parks a change that cannot be read, if it runs.
pub(in crate::runs) async fn park_unread(
    tx: &mut ChangeTx,
    change: ChangeId,
    why: &str,
) -> Result<()> {
    let now = tx.now().to_sqlx();
    sqlx::query(
        "UPDATE change SET state = 'needs_attention', state_reason = $2, version_no = version_no + 1, updated_at = $3
         WHERE id = $1 AND state = 'running'",
    )
    .bind(change.0)
    .bind(why)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(in crate::runs) async fn end_attempt(
    conn: &mut sqlx::PgConnection,
    lease: &Lease,
    end: AttemptEnd,
    detail: Option<&str>,
) -> Result<()> {
    sqlx::query(
        "UPDATE attempt SET ended_at = now(), outcome = $3, detail = $4
         WHERE step_id = $1 AND epoch = $2 AND ended_at IS NULL",
    )
    .bind(lease.step.0)
    .bind(lease.epoch)
    .bind(end.as_str())
    .bind(detail)
    .execute(conn)
    .await?;
    Ok(())
}

/// Makes the step after `position` due, with what it should know; false when there is none.
pub(in crate::runs) async fn make_next_due(
    tx: &mut ChangeTx,
    run: RunId,
    position: i32,
    knows: &Progress,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE step SET state = 'due', due_at = now(), progress = $3
         WHERE run_id = $1 AND position = $2 AND state = 'waiting'",
    )
    .bind(run.0)
    .bind(position + 1)
    .bind(serde_json::to_value(knows)?)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends the run: steps that never began are skipped, and no ticket of it is good any more.
pub(in crate::runs) async fn end_run(tx: &mut ChangeTx, run: RunId, state: RunState) -> Result<()> {
    let now = tx.now().to_sqlx();
    sqlx::query(
        "UPDATE step SET state = 'skipped', finished_at = $2 WHERE run_id = $1 AND state IN ('waiting', 'due')",
    )
    .bind(run.0)
    .bind(now)
    .execute(tx.conn())
    .await?;
    crate::tickets::rows::revoke_of_run(tx, run).await?;
    let done = sqlx::query("UPDATE run SET state = $2, finished_at = $3 WHERE id = $1")
        .bind(run.0)
        .bind(state.as_str())
        .bind(now)
        .execute(tx.conn())
        .await?;
    one(done.rows_affected(), run)
}

/// The run waits for a person. Its tickets stay good: what was approved may still happen, once.
pub(in crate::runs) async fn park_run(tx: &mut ChangeTx, run: RunId) -> Result<()> {
    let done = sqlx::query("UPDATE run SET state = 'needs_attention' WHERE id = $1")
        .bind(run.0)
        .execute(tx.conn())
        .await?;
    one(done.rows_affected(), run)
}

fn one(rows: u64, run: RunId) -> Result<()> {
    if rows == 1 {
        Ok(())
    } else {
        Err(corrupt("run", "id", run, "no row to update"))
    }
}

/// What was verified to run in a region. `since` stays when it is the release that ran there before.
pub(in crate::runs) async fn deployed(
    tx: &mut ChangeTx,
    stored: &Stored,
    region: &RegionName,
) -> Result<()> {
    let now = tx.now().to_sqlx();
    // A rollback takes each region back to its own release.
    let target = stored.evidence.targets.iter().find(|t| t.region == *region);
    let version = target
        .and_then(|t| t.becomes.as_ref())
        .map(|own| own.version.clone());
    sqlx::query(
        "INSERT INTO deployment (service_id, environment, region, release_id, change_id, since, verified_at)
         VALUES ($1, $2, $3, coalesce((SELECT id FROM release WHERE service_id = $1 AND version = $7), $4), $5, $6, $6)
         ON CONFLICT (service_id, environment, region) DO UPDATE SET
             since = CASE WHEN deployment.release_id = EXCLUDED.release_id THEN deployment.since ELSE EXCLUDED.since END,
             release_id = EXCLUDED.release_id, change_id = EXCLUDED.change_id, verified_at = EXCLUDED.verified_at",
    )
    .bind(stored.service_id.0)
    .bind(stored.change.environment.as_str())
    .bind(region.as_str())
    .bind(stored.release_id.0)
    .bind(stored.change.id.0)
    .bind(now)
    .bind(version.as_ref().map(domain::Version::as_str))
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "DELETE FROM deployment_doubt WHERE service_id = $1 AND environment = $2 AND region = $3",
    )
    .bind(stored.service_id.0)
    .bind(stored.change.environment.as_str())
    .bind(region.as_str())
    .execute(tx.conn())
    .await?;
    crate::catalog::rows::bump_version(tx).await
}

/// In each region where the pipeline of a change could act, or somebody said that it did, and nothing was verified after
/// it, what runs is not known from now on. To be asked after its steps were ended. A doubt that is there stays as it is.
pub(in crate::runs) async fn doubt(tx: &mut ChangeTx, change: ChangeId) -> Result<()> {
    let now = tx.now().to_sqlx();
    let done = sqlx::query(
        "INSERT INTO deployment_doubt (service_id, environment, region, change_id, since)
         SELECT c.service_id, c.environment, s.region, c.id, $2
         FROM change c JOIN run r ON r.change_id = c.id JOIN step s ON s.run_id = r.id
         WHERE c.id = $1
         GROUP BY c.service_id, c.environment, s.region, c.id
         HAVING NOT bool_or(s.kind = 'verify_rollout' AND s.state = 'succeeded')
            AND bool_or(EXISTS (SELECT FROM ticket t WHERE t.step_id = s.id AND t.redeemed_at IS NOT NULL)
                     OR EXISTS (SELECT FROM attention d WHERE d.step_id = s.id AND d.choice = 'done'))
         ON CONFLICT DO NOTHING",
    )
    .bind(change.0)
    .bind(now)
    .execute(tx.conn())
    .await?;
    if done.rows_affected() > 0 {
        crate::catalog::rows::bump_version(tx).await?;
    }
    Ok(())
}

/// The version whose image this is, if a release of the service has it.
pub(in crate::runs) async fn version_of(
    pool: &PgPool,
    service: ServiceId,
    digest: &str,
) -> Result<Option<String>> {
    Ok(sqlx::query_scalar(
        "SELECT version FROM release WHERE service_id = $1 AND digest = $2 ORDER BY id DESC LIMIT 1",
    )
    .bind(service.0)
    .bind(digest)
    .fetch_optional(pool)
    .await?)
}

#[derive(FromRow)]
struct FactRow {
    id: uuid::Uuid,
    region: String,
    kind: String,
    state: String,
    redeemed: bool,
    intended: bool,
    vouched: bool,
}

/// What each step of a change's run came to, for the words at its end.
pub(in crate::runs) async fn facts(tx: &mut ChangeTx, change: ChangeId) -> Result<Vec<Fact>> {
    let rows: Vec<FactRow> = sqlx::query_as(
        "SELECT s.id, s.region, s.kind, s.state,
             EXISTS (SELECT FROM ticket t WHERE t.step_id = s.id AND t.redeemed_at IS NOT NULL) AS redeemed,
             EXISTS (SELECT FROM intent i WHERE i.step_id = s.id AND i.state IN ('intended', 'done', 'unknown')) AS intended,
             EXISTS (SELECT FROM attention d WHERE d.step_id = s.id AND d.choice = 'done') AS vouched
         FROM step s JOIN run r ON r.id = s.run_id WHERE r.change_id = $1 ORDER BY s.position",
    )
    .bind(change.0)
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|row| {
            let bad = |column: &'static str, why: String| corrupt("step", column, row.id, why);
            Ok(Fact {
                region: RegionName::parse(row.region).map_err(|e| bad("region", e.to_string()))?,
                kind: row.kind.parse::<StepKind>().map_err(|e| bad("kind", e))?,
                state: row
                    .state
                    .parse::<StepState>()
                    .map_err(|e| bad("state", e))?,
                redeemed: row.redeemed,
                intended: row.intended,
                vouched: row.vouched,
            })
        })
        .collect()
}
