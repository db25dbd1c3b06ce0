//! SQL of runs as they are shown: three statements whatever the number of steps.

use std::collections::HashMap;

use domain::{ChangeId, RegionName};
use sqlx::{FromRow, PgPool};

use super::{AwsSessionView, RunView, StepView};
use crate::{Result, error::corrupt};

#[derive(FromRow)]
struct RunRow {
    id: uuid::Uuid,
    state: String,
    started_at: jiff_sqlx::Timestamp,
    finished_at: Option<jiff_sqlx::Timestamp>,
}

#[derive(FromRow)]
struct StepRow {
    id: uuid::Uuid,
    position: i32,
    region: String,
    kind: String,
    state: String,
    note: Option<String>,
    attempts: i32,
    started_at: Option<jiff_sqlx::Timestamp>,
    finished_at: Option<jiff_sqlx::Timestamp>,
    build_url: Option<String>,
}

#[derive(FromRow)]
struct SessionRow {
    step_id: uuid::Uuid,
    purpose: String,
    role_arn: String,
    session_name: String,
    source_identity: String,
    access_key_id: String,
    request_id: Option<String>,
    made_at: jiff_sqlx::Timestamp,
    expires_at: jiff_sqlx::Timestamp,
}

pub(super) async fn of_change(pool: &PgPool, change: ChangeId) -> Result<Option<RunView>> {
    let run: Option<RunRow> =
        sqlx::query_as("SELECT id, state, started_at, finished_at FROM run WHERE change_id = $1")
            .bind(change.0)
            .fetch_optional(pool)
            .await?;
    let Some(run) = run else { return Ok(None) };
    let steps: Vec<StepRow> = sqlx::query_as(
        "SELECT id, position, region, kind, state, note, attempts, started_at, finished_at, progress ->> 'build_url' AS build_url
         FROM step WHERE run_id = $1 ORDER BY position",
    )
    .bind(run.id)
    .fetch_all(pool)
    .await?;
    let sessions: Vec<SessionRow> = sqlx::query_as(
        "SELECT a.step_id, a.purpose, a.role_arn, a.session_name, a.source_identity, a.access_key_id, a.request_id, a.made_at, a.expires_at
         FROM aws_session a JOIN step s ON s.id = a.step_id WHERE s.run_id = $1 ORDER BY a.id",
    )
    .bind(run.id)
    .fetch_all(pool)
    .await?;
    let mut of_step: HashMap<uuid::Uuid, Vec<AwsSessionView>> = HashMap::new();
    for row in sessions {
        of_step
            .entry(row.step_id)
            .or_default()
            .push(AwsSessionView {
                purpose: row.purpose,
                role_arn: row.role_arn,
                session_name: row.session_name,
                source_identity: row.source_identity,
                access_key_id: row.access_key_id,
                request_id: row.request_id,
                made_at: row.made_at.to_jiff(),
                expires_at: row.expires_at.to_jiff(),
            });
    }
    let steps = steps
        .into_iter()
        .map(|row| {
            let bad = |column: &'static str, why: String| corrupt("step", column, row.id, why);
            Ok(StepView {
                id: row.id.into(),
                position: row.position,
                region: RegionName::parse(row.region).map_err(|e| bad("region", e.to_string()))?,
                kind: row.kind.parse().map_err(|e| bad("kind", e))?,
                state: row.state.parse().map_err(|e| bad("state", e))?,
                note: row.note,
                attempts: row.attempts,
                started_at: row.started_at.map(jiff_sqlx::Timestamp::to_jiff),
                finished_at: row.finished_at.map(jiff_sqlx::Timestamp::to_jiff),
                build_url: row.build_url,
                aws: of_step.remove(&row.id).unwrap_or_default(),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Some(RunView {
        id: run.id.into(),
        state: run
            .state
            .parse()
            .map_err(|e: String| corrupt("run", "state", run.id, e))?,
        started_at: run.started_at.to_jiff(),
        finished_at: run.finished_at.map(jiff_sqlx::Timestamp::to_jiff),
        steps,
    }))
}
