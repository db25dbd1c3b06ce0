//! SQL of runs as they are shown: five statements whatever the number of steps, and two more where it stops behind canaries.

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
    step_id: uuid::Uuid,
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
    let waves = if steps.iter().any(|step| step.kind == StepKind::Bake) {
        waves(pool, run.id, &steps).await?
    } else {
        vec![]
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
        waves,
    }))
}

/// Each wait with what was read by its step and by the one after it, which decides.
async fn waves(pool: &PgPool, run: uuid::Uuid, steps: &[StepView]) -> Result<Vec<WaveView>> {
    type Times = (uuid::Uuid, jiff_sqlx::Timestamp, jiff_sqlx::Timestamp);
    let times: Vec<Times> = sqlx::query_as(
        "SELECT b.step_id, b.began_at, b.ends_at FROM bake b JOIN step s ON s.id = b.step_id WHERE s.run_id = $1",
    )
    .bind(run)
    .fetch_all(pool)
    .await?;
    let rows: Vec<ReadingRow> = sqlx::query_as(
        "SELECT w.*, s.kind FROM step s JOIN LATERAL (
             SELECT id, step_id, at, wave, name, metric, allowed, value, reach, from_at, to_at, request_id, position FROM wave_reading
             WHERE step_id = s.id ORDER BY id DESC LIMIT 500) w ON true
         WHERE s.run_id = $1 ORDER BY w.id",
    )
    .bind(run)
    .fetch_all(pool)
    .await?;
    let mut read: HashMap<uuid::Uuid, Vec<ReadingView>> = HashMap::new();
    for row in rows {
        let (step, reading) = (row.step_id, reading(row)?);
        read.entry(step).or_default().push(reading);
    }
    let mut of_share = false;
    let mut waves = vec![];
    for (at, step) in steps.iter().enumerate() {
        if let Some(build) = step.kind.build_of() {
            of_share = build == StepKind::TriggerCanary;
        }
        if step.kind != StepKind::Bake {
            continue;
        }
        let watched = times.iter().find(|(of, ..)| *of == step.id.0);
        let decides = steps
            .get(at + 1)
            .filter(|next| next.kind == StepKind::Analyse);
        let mut readings = read.remove(&step.id.0).unwrap_or_default();
        readings.extend(
            decides
                .and_then(|next| read.remove(&next.id.0))
                .unwrap_or_default(),
        );
        waves.push(WaveView {
            region: step.region.clone(),
            of_share,
            began_at: watched.map(|(_, began, _)| began.to_jiff()),
            ends_at: watched.map(|(_, _, ends)| ends.to_jiff()),
            next_at: watched.and(step.due_at),
            readings,
        });
    }
    Ok(waves)
}

fn reading(row: ReadingRow) -> Result<ReadingView> {
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
