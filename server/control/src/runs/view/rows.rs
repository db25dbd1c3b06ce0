//! SQL of runs as they are shown: five statements whatever the number of steps, and two more where it stops for a wave.

use std::collections::HashMap;

use domain::{ChangeId, RegionName, StepKind, StepState};
use sqlx::{FromRow, PgPool};

use super::{
    AttemptView, AwsSessionView, CallView, LeaseView, ReadingView, RunView, StepView, WaveView,
};
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
    due_at: jiff_sqlx::Timestamp,
    lease_owner: Option<String>,
    lease_epoch: i64,
    lease_expires_at: Option<jiff_sqlx::Timestamp>,
}

#[derive(FromRow)]
struct AttemptRow {
    step_id: uuid::Uuid,
    epoch: i64,
    worker: String,
    started_at: jiff_sqlx::Timestamp,
    ended_at: Option<jiff_sqlx::Timestamp>,
    outcome: Option<String>,
    detail: Option<String>,
}

#[derive(FromRow)]
struct CallRow {
    step_id: uuid::Uuid,
    call: String,
    token: String,
    state: String,
    made_at: jiff_sqlx::Timestamp,
    settled_at: Option<jiff_sqlx::Timestamp>,
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

#[derive(FromRow)]
struct ReadingRow {
    id: uuid::Uuid,
    at: jiff_sqlx::Timestamp,
    kind: String,
    wave: String,
    name: String,
    metric: String,
    allowed: String,
    value: Option<f64>,
    reach: String,
    from_at: Option<jiff_sqlx::Timestamp>,
    to_at: Option<jiff_sqlx::Timestamp>,
    request_id: Option<String>,
}

pub(super) async fn of_change(pool: &PgPool, change: ChangeId) -> Result<Option<RunView>> {
    let run: Option<RunRow> =
        sqlx::query_as("SELECT id, state, started_at, finished_at FROM run WHERE change_id = $1")
            .bind(change.0)
            .fetch_optional(pool)
            .await?;
    let Some(run) = run else { return Ok(None) };
    let steps: Vec<StepRow> = sqlx::query_as(
        "SELECT id, position, region, kind, state, note, attempts, started_at, finished_at, progress ->> 'build_url' AS build_url,
             due_at, lease_owner, lease_epoch, lease_expires_at
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
    let mut tried = attempts(pool, run.id).await?;
    let mut calls = calls(pool, run.id).await?;
    let steps = steps
        .into_iter()
        .map(|row| {
            let bad = |column: &'static str, why: String| corrupt("step", column, row.id, why);
            let state: StepState = row.state.parse().map_err(|e| bad("state", e))?;
            let lease = row.lease_owner.zip(row.lease_expires_at);
            Ok(StepView {
                id: row.id.into(),
                position: row.position,
                region: RegionName::parse(row.region).map_err(|e| bad("region", e.to_string()))?,
                kind: row.kind.parse().map_err(|e| bad("kind", e))?,
                state,
                note: row.note,
                attempts: row.attempts,
                started_at: row.started_at.map(jiff_sqlx::Timestamp::to_jiff),
                finished_at: row.finished_at.map(jiff_sqlx::Timestamp::to_jiff),
                build_url: row.build_url,
                due_at: (state == StepState::Due).then(|| row.due_at.to_jiff()),
                lease: lease.map(|(worker, expires_at)| LeaseView {
                    worker,
                    epoch: row.lease_epoch,
                    expires_at: expires_at.to_jiff(),
                }),
                tried: tried.remove(&row.id).unwrap_or_default(),
                calls: calls.remove(&row.id).unwrap_or_default(),
                aws: of_step.remove(&row.id).unwrap_or_default(),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let bakes = steps.iter().find(|step| step.kind == StepKind::Bake);
    let wave = match bakes {
        Some(step) => Some(wave(pool, run.id, step).await?),
        None => None,
    };
    Ok(Some(RunView {
        id: run.id.into(),
        state: run
            .state
            .parse()
            .map_err(|e: String| corrupt("run", "state", run.id, e))?,
        started_at: run.started_at.to_jiff(),
        finished_at: run.finished_at.map(jiff_sqlx::Timestamp::to_jiff),
        steps,
        wave,
    }))
}

async fn wave(pool: &PgPool, run: uuid::Uuid, bake: &StepView) -> Result<WaveView> {
    let times: Option<(jiff_sqlx::Timestamp, jiff_sqlx::Timestamp)> =
        sqlx::query_as("SELECT began_at, ends_at FROM bake WHERE run_id = $1")
            .bind(run)
            .fetch_optional(pool)
            .await?;
    let rows: Vec<ReadingRow> = sqlx::query_as(
        "SELECT w.*, s.kind FROM step s JOIN LATERAL (
             SELECT id, at, wave, name, metric, allowed, value, reach, from_at, to_at, request_id, position FROM wave_reading
             WHERE step_id = s.id ORDER BY id DESC LIMIT 500) w ON true
         WHERE s.run_id = $1 ORDER BY w.id",
    )
    .bind(run)
    .fetch_all(pool)
    .await?;
    let readings = rows.into_iter().map(|row| {
        let bad = |column: &'static str, why: String| corrupt("wave_reading", column, row.id, why);
        Ok(ReadingView {
            at: row.at.to_jiff(),
            kind: row.kind.parse().map_err(|e| bad("kind", e))?,
            wave: row.wave,
            name: row.name,
            metric: row.metric,
            allowed: row.allowed,
            value: row.value,
            reach: row.reach.parse().map_err(|e| bad("reach", e))?,
            window: row
                .from_at
                .zip(row.to_at)
                .map(|(from, to)| (from.to_jiff(), to.to_jiff())),
            request_id: row.request_id,
        })
    });
    let watched = times.is_some().then_some(bake.due_at).flatten();
    Ok(WaveView {
        region: bake.region.clone(),
        began_at: times.map(|(began, _)| began.to_jiff()),
        ends_at: times.map(|(_, ends)| ends.to_jiff()),
        next_at: watched,
        readings: readings.collect::<Result<_>>()?,
    })
}

async fn attempts(pool: &PgPool, run: uuid::Uuid) -> Result<HashMap<uuid::Uuid, Vec<AttemptView>>> {
    let rows: Vec<AttemptRow> = sqlx::query_as(
        "SELECT a.step_id, a.epoch, a.worker, a.started_at, a.ended_at, a.outcome, a.detail FROM step s
         JOIN LATERAL (SELECT * FROM attempt WHERE step_id = s.id ORDER BY epoch DESC LIMIT 100) a ON true
         WHERE s.run_id = $1 ORDER BY a.step_id, a.epoch",
    )
    .bind(run)
    .fetch_all(pool)
    .await?;
    let mut of_step: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows {
        of_step.entry(row.step_id).or_default().push(AttemptView {
            epoch: row.epoch,
            worker: row.worker,
            started_at: row.started_at.to_jiff(),
            ended_at: row.ended_at.map(jiff_sqlx::Timestamp::to_jiff),
            outcome: row.outcome,
            detail: row.detail,
        });
    }
    Ok(of_step)
}

async fn calls(pool: &PgPool, run: uuid::Uuid) -> Result<HashMap<uuid::Uuid, Vec<CallView>>> {
    let rows: Vec<CallRow> = sqlx::query_as(
        "SELECT i.step_id, i.call, i.token, i.state, i.made_at, i.settled_at
         FROM intent i JOIN step s ON s.id = i.step_id WHERE s.run_id = $1 ORDER BY i.id",
    )
    .bind(run)
    .fetch_all(pool)
    .await?;
    let mut of_step: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows {
        of_step.entry(row.step_id).or_default().push(CallView {
            call: row.call,
            mark: row.token,
            state: row.state,
            made_at: row.made_at.to_jiff(),
            settled_at: row.settled_at.map(jiff_sqlx::Timestamp::to_jiff),
        });
    }
    Ok(of_step)
}
