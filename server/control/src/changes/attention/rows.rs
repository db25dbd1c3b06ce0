//! SQL of parked steps and of what people decided about them.

use std::collections::HashMap;

use domain::{
    AttemptId, Caller, ChangeId, Login, Reason, RegionName, RunState, StepKind, StepState,
};
use jiff_sqlx::ToSqlx as _;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use super::{Choice, Parked, ParkedFor, Settled, Settlement};
use crate::{ChangeTx, Result, error::corrupt};

#[derive(FromRow)]
struct Row {
    change_id: Uuid,
    run_id: Uuid,
    stepped_up: bool,
    id: Uuid,
    position: i32,
    region: String,
    kind: String,
    note: Option<String>,
    parked_for: Option<String>,
    progress: serde_json::Value,
    attempt_id: Uuid,
    since: jiff_sqlx::Timestamp,
    mark: Option<String>,
}

impl TryFrom<Row> for (ChangeId, Parked) {
    type Error = crate::Error;
    fn try_from(row: Row) -> Result<Self> {
        let region = RegionName::parse(row.region)
            .map_err(|e| corrupt("step", "region", row.id, e.to_string()))?;
        let number = |key: &str| row.progress.get(key).and_then(serde_json::Value::as_u64);
        let parked = Parked {
            run: row.run_id.into(),
            step: row.id.into(),
            position: row.position,
            region,
            kind: row.kind.parse::<StepKind>().ok(),
            attempt: AttemptId(row.attempt_id),
            since: row.since.to_jiff(),
            parked_for: match row.parked_for.as_deref() {
                None => ParkedFor::Undecided,
                Some("wave_halted") => ParkedFor::WaveHalted,
                Some(other) => return Err(corrupt("step", "parked_for", row.id, other)),
            },
            why: row.note.unwrap_or_default(),
            mark: row.mark,
            queue_item: number("queue_item"),
            build: number("build"),
            stepped_up: row.stepped_up,
        };
        Ok((row.change_id.into(), parked))
    }
}

/// The parked step of a change with the attempt that parked it, and the mark of the build it is about: where a share of the region
/// goes first, the region has two.
const PARKED: &str = "SELECT r.change_id, s.run_id, r.stepped_up, s.id, s.position, s.region, s.kind, s.note, s.parked_for, s.progress,
        a.id AS attempt_id, coalesce(a.ended_at, a.started_at) AS since,
        (SELECT i.token FROM intent i JOIN step o ON o.id = i.step_id
             WHERE o.run_id = s.run_id AND o.region = s.region AND o.position <= s.position AND o.kind = CASE
                 WHEN s.kind IN ('trigger_canary', 'follow_canary', 'verify_canary') THEN 'trigger_canary'
                 WHEN s.kind IN ('trigger_pipeline', 'follow_pipeline', 'verify_rollout') THEN 'trigger_pipeline'
                 ELSE o.kind END
             ORDER BY o.position DESC, i.id DESC LIMIT 1) AS mark
    FROM run r JOIN step s ON s.run_id = r.id AND s.state = 'needs_attention'
    JOIN LATERAL (SELECT id, started_at, ended_at FROM attempt WHERE step_id = s.id ORDER BY epoch DESC LIMIT 1) a ON true
    WHERE r.change_id = ANY($1) ORDER BY s.position";

pub(super) async fn parked_of(
    pool: &PgPool,
    changes: &[Uuid],
) -> Result<HashMap<ChangeId, Parked>> {
    if changes.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<Row> = sqlx::query_as(PARKED).bind(changes).fetch_all(pool).await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// The same of one change inside a transaction that has locked it: nobody else moves its steps meanwhile.
pub(super) async fn lock_parked(tx: &mut ChangeTx, change: ChangeId) -> Result<Option<Parked>> {
    let row: Option<Row> = sqlx::query_as(PARKED)
        .bind([change.0].as_slice())
        .fetch_optional(tx.conn())
        .await?;
    let found: Option<(ChangeId, Parked)> = row.map(TryInto::try_into).transpose()?;
    Ok(found.map(|(_, parked)| parked))
}

pub(super) async fn insert(
    tx: &mut ChangeTx,
    caller: &Caller,
    change: ChangeId,
    parked: &Parked,
    settlement: &Settlement,
) -> Result<()> {
    let now = tx.now().to_sqlx();
    sqlx::query(
        "INSERT INTO attention (id, change_id, step_id, attempt_id, choice, person_id, person_login, reason, reference, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(Uuid::now_v7())
    .bind(change.0)
    .bind(parked.step.0)
    .bind(parked.attempt.0)
    .bind(settlement.choice.as_str())
    .bind(caller.person.id.0)
    .bind(caller.person.login.as_str())
    .bind(settlement.reason.as_str())
    .bind(settlement.reference.as_ref().map(Reason::as_str))
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The parked step counts as done and its pipeline is not followed any more; what comes after in the region is due. The
/// epoch moves, so that a worker that still believes in an old lease writes nothing.
pub(super) async fn count_as_done(tx: &mut ChangeTx, parked: &Parked, note: &str) -> Result<()> {
    let now = tx.now().to_sqlx();
    let done = sqlx::query(
        "UPDATE step SET state = $2, note = $3, finished_at = $4, lease_epoch = lease_epoch + 1
         WHERE id = $1 AND state = 'needs_attention'",
    )
    .bind(parked.step.0)
    .bind(StepState::Succeeded.as_str())
    .bind(note)
    .bind(now)
    .execute(tx.conn())
    .await?;
    if done.rows_affected() != 1 {
        return Err(corrupt("step", "state", parked.step, "no longer parked"));
    }
    let mut next = parked.position + 1;
    let not_done = match parked.kind {
        Some(StepKind::TriggerCanary | StepKind::TriggerPipeline) => {
            Some("Not followed: somebody vouched for what the pipeline did.")
        }
        Some(StepKind::Bake) => Some("Not asked: somebody let the run go on."),
        _ => None,
    };
    if let Some(why) = not_done {
        sqlx::query(
            "UPDATE step SET state = $3, note = $5, finished_at = $4
             WHERE run_id = $1 AND position = $2 AND state = 'waiting'",
        )
        .bind(parked.run.0)
        .bind(next)
        .bind(StepState::Skipped.as_str())
        .bind(now)
        .bind(why)
        .execute(tx.conn())
        .await?;
        next += 1;
    }
    let due = sqlx::query(
        "UPDATE step SET state = $3, due_at = now() WHERE run_id = $1 AND position = $2 AND state = 'waiting'",
    )
    .bind(parked.run.0)
    .bind(next)
    .bind(StepState::Due.as_str())
    .execute(tx.conn())
    .await?;
    if due.rows_affected() != 1 {
        return Err(corrupt(
            "run",
            "id",
            parked.run,
            "nothing is left to do after it",
        ));
    }
    sqlx::query("UPDATE run SET state = $2 WHERE id = $1")
        .bind(parked.run.0)
        .bind(RunState::Running.as_str())
        .execute(tx.conn())
        .await?;
    Ok(())
}

#[derive(FromRow)]
struct SettledRow {
    id: Uuid,
    choice: String,
    person_login: String,
    reason: String,
    reference: Option<String>,
    at: jiff_sqlx::Timestamp,
}

/// What was decided about a change's steps so far, oldest first.
pub(super) async fn settled(pool: &PgPool, change: ChangeId) -> Result<Vec<Settled>> {
    let rows: Vec<SettledRow> = sqlx::query_as(
        "SELECT id, choice, person_login, reason, reference, at FROM attention WHERE change_id = $1 ORDER BY id",
    )
    .bind(change.0)
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Settled {
                choice: Choice::parse(&row.choice)
                    .ok_or_else(|| corrupt("attention", "choice", row.id, &row.choice))?,
                by: Login::parse(row.person_login)
                    .map_err(|e| corrupt("attention", "person_login", row.id, e.to_string()))?,
                reason: row.reason,
                reference: row.reference,
                at: row.at.to_jiff(),
            })
        })
        .collect()
}
