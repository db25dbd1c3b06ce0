//! The execution of a change: its steps, the AWS sessions they used, its log.

use axum::{Json, extract::State};
use control::runs::{
    AttemptView, AwsSessionView, CallView, LeaseView, LogLine, ReadingView, RunView, StepView,
    WaveView,
};
use domain::{ChangeId, RegionName, RunId, RunState, StepId, StepKind, StepState, wave::Reach};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    AppState,
    api::{
        answer::{List, Listing},
        asking::{Filters, Named, Plain},
        checked, words,
    },
    edge::{Refused, SignedIn},
};

/// The execution of a change.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Run {
    #[schema(value_type = words::Id)]
    id: RunId,
    #[schema(value_type = words::RunState)]
    state: RunState,
    started_at: Timestamp,
    finished_at: Option<Timestamp>,
    /// In order: all of one region, the passive one first, before any of the next.
    steps: Vec<Step>,
    /// Where it stops behind its canaries, in the order of the run; empty where it does not.
    waves: Vec<RunWave>,
}

/// A run's stop between a canary and what comes after it.
#[derive(Debug, Serialize, ToSchema)]
struct RunWave {
    #[schema(value_type = words::RegionName)]
    region: RegionName,
    /// The canary is a share of the region's replicas, and not all of them.
    of_share: bool,
    /// Since when the canary is watched; null before it stands.
    began_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    /// When its metrics are read next; null unless it is watched.
    next_at: Option<Timestamp>,
    /// Oldest first; the newest five hundred of each step.
    readings: Vec<Reading>,
}

/// One metric as it was read once.
#[derive(Debug, Serialize, ToSchema)]
struct Reading {
    at: Timestamp,
    /// The step that read it: `bake` or `analyse`.
    #[schema(value_type = words::StepKind)]
    kind: StepKind,
    wave: String,
    name: String,
    #[schema(example = "Average of Shop Errors")]
    metric: String,
    #[schema(example = "at most 0.01")]
    allowed: String,
    /// The worst of the periods; null where there was no data.
    value: Option<f64>,
    reach: ReadingReach,
    /// The whole periods that were looked at; null where none was over.
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    /// CloudWatch's id of the call.
    request_id: Option<String>,
}

/// What a reading says of its threshold.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ReadingReach {
    Within,
    Breached,
    NoData,
}

/// One step of a run.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Step {
    #[schema(value_type = words::Id)]
    id: StepId,
    #[schema(minimum = 0)]
    position: i32,
    #[schema(value_type = words::RegionName)]
    region: RegionName,
    #[schema(value_type = words::StepKind)]
    kind: StepKind,
    #[schema(value_type = words::StepState)]
    state: StepState,
    /// What it waits for, or why it failed.
    note: Option<String>,
    /// How often a worker took it up.
    #[schema(minimum = 0)]
    attempts: i32,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    /// The Jenkins build.
    build_url: Option<String>,
    /// When it may be taken up (again); null unless it waits for that.
    due_at: Option<Timestamp>,
    /// Who holds it now.
    lease: Option<Lease>,
    /// Every time a worker took it up, oldest first; the newest hundred.
    tried: Vec<Attempt>,
    /// The calls with an effect that it committed to before they were made.
    calls: Vec<Call>,
    /// The AWS sessions it used.
    aws: Vec<AwsSession>,
}

/// A worker's hold on a step.
#[derive(Debug, Serialize, ToSchema)]
struct Lease {
    worker: String,
    /// Counts up with every claim; whoever comes with an older one writes nothing.
    #[schema(minimum = 1)]
    epoch: i64,
    /// Not renewed by then, another worker takes the step.
    expires_at: Timestamp,
}

/// One time that a worker took a step up.
#[derive(Debug, Serialize, ToSchema)]
struct Attempt {
    #[schema(minimum = 1)]
    epoch: i64,
    worker: String,
    started_at: Timestamp,
    ended_at: Option<Timestamp>,
    /// Null while it goes on; `lost` when its worker was.
    #[schema(example = "succeeded")]
    outcome: Option<String>,
    detail: Option<String>,
}

/// A call that changes something outside.
#[derive(Debug, Serialize, ToSchema)]
struct Call {
    #[schema(example = "jenkins:build")]
    call: String,
    /// What it carries, and is found again by, outside.
    mark: String,
    /// `intended`, `done`, `refused` or `unknown`.
    #[schema(example = "done")]
    state: String,
    made_at: Timestamp,
    settled_at: Option<Timestamp>,
}

/// An STS session of the person who asked for the change: the join key to CloudTrail, never a secret.
#[derive(Debug, Serialize, ToSchema)]
struct AwsSession {
    /// What for.
    purpose: String,
    #[schema(example = "arn:aws:iam::200000000002:role/portolan-job-developer")]
    role_arn: String,
    session_name: String,
    /// The person.
    #[schema(example = "developer")]
    source_identity: String,
    access_key_id: String,
    /// AWS's id of the `AssumeRole` call.
    request_id: Option<String>,
    made_at: Timestamp,
    expires_at: Timestamp,
}

/// One line of the log. It comes from scripts: show it as text.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Line {
    /// Counts up along the run; numbers may be missing.
    #[schema(minimum = 1)]
    seq: i64,
    /// When the portal read it.
    at: Timestamp,
    #[schema(value_type = words::Id)]
    step: StepId,
    text: String,
}

impl From<RunView> for Run {
    fn from(view: RunView) -> Self {
        Self {
            id: view.id,
            state: view.state,
            started_at: view.started_at,
            finished_at: view.finished_at,
            steps: view.steps.into_iter().map(Into::into).collect(),
            waves: view.waves.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<WaveView> for RunWave {
    fn from(view: WaveView) -> Self {
        Self {
            region: view.region,
            of_share: view.of_share,
            began_at: view.began_at,
            ends_at: view.ends_at,
            next_at: view.next_at,
            readings: view.readings.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<ReadingView> for Reading {
    fn from(view: ReadingView) -> Self {
        Self {
            at: view.at,
            kind: view.kind,
            wave: view.wave,
            name: view.name,
            metric: view.metric,
            allowed: view.allowed,
            value: view.value,
            reach: match view.reach {
                Reach::Within => ReadingReach::Within,
                Reach::Breached => ReadingReach::Breached,
                Reach::NoData => ReadingReach::NoData,
            },
            from: view.window.map(|(from, _)| from),
            to: view.window.map(|(_, to)| to),
            request_id: view.request_id,
        }
    }
}

impl From<StepView> for Step {
    fn from(view: StepView) -> Self {
        Self {
            id: view.id,
            position: view.position,
            region: view.region,
            kind: view.kind,
            state: view.state,
            note: view.note,
            attempts: view.attempts,
            started_at: view.started_at,
            finished_at: view.finished_at,
            build_url: view.build_url,
            due_at: view.due_at,
            lease: view.lease.map(Into::into),
            tried: view.tried.into_iter().map(Into::into).collect(),
            calls: view.calls.into_iter().map(Into::into).collect(),
            aws: view.aws.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<LeaseView> for Lease {
    fn from(view: LeaseView) -> Self {
        Self {
            worker: view.worker,
            epoch: view.epoch,
            expires_at: view.expires_at,
        }
    }
}

impl From<AttemptView> for Attempt {
    fn from(view: AttemptView) -> Self {
        Self {
            epoch: view.epoch,
            worker: view.worker,
            started_at: view.started_at,
            ended_at: view.ended_at,
            outcome: view.outcome,
            detail: view.detail,
        }
    }
}

impl From<CallView> for Call {
    fn from(view: CallView) -> Self {
        Self {
            call: view.call,
            mark: view.mark,
            state: view.state,
            made_at: view.made_at,
            settled_at: view.settled_at,
        }
    }
}

impl From<AwsSessionView> for AwsSession {
    fn from(view: AwsSessionView) -> Self {
        Self {
            purpose: view.purpose,
            role_arn: view.role_arn,
            session_name: view.session_name,
            source_identity: view.source_identity,
            access_key_id: view.access_key_id,
            request_id: view.request_id,
            made_at: view.made_at,
            expires_at: view.expires_at,
        }
    }
}

impl From<LogLine> for Line {
    fn from(line: LogLine) -> Self {
        Self {
            seq: line.seq,
            at: line.at,
            step: line.step,
            text: line.text,
        }
    }
}

/// Which part of a log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct LogPart {
    /// Lines after this number; 0, the beginning, when nothing is said.
    #[param(value_type = Option<i64>, minimum = 0)]
    after: Option<checked::LineNumber>,
    /// How many lines at most; 1,000 when nothing is said.
    #[param(minimum = 1, maximum = 5000)]
    limit: Option<i64>,
}

/// A part of a log.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct LogLines {
    items: Vec<Line>,
    /// The number of the last line here: what comes next is after it.
    #[schema(minimum = 0)]
    last: i64,
}

/// The runs of a change: none or one
#[utoipa::path(get, path = "/changes/{id}/runs", operation_id = "list_runs", tag = "changes",
    params(("id" = words::Id, Path, description = "The change.")),
    responses((status = 200, body = List<Run>, description = "Its run, if it has started.")))]
pub(in crate::api) async fn list(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Named(id): Named<ChangeId>,
) -> Listing<Run> {
    Ok(Json(List::whole(
        state.control().change(&caller, id).await?.run,
    )))
}

/// The log of a change's run, oldest line first
///
/// At the end of a build the copy is compared with Jenkins' whole log; lines that had been missed come with higher numbers.
#[utoipa::path(get, path = "/changes/{id}/log", operation_id = "get_log", tag = "changes",
    params(("id" = words::Id, Path, description = "The change."), LogPart),
    responses((status = 200, body = LogLines, description = "A part of the log.")))]
pub(in crate::api) async fn log(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Named(id): Named<ChangeId>,
    Filters(part): Filters<LogPart>,
) -> Result<Json<LogLines>, Refused> {
    let after = part.after.unwrap_or_default().0;
    let limit = lines(part.limit)?;
    let items: Vec<Line> = state
        .control()
        .log(&caller, id, after, limit)
        .await?
        .into_iter()
        .map(Into::into)
        .collect();
    let last = items.last().map_or(after, |line| line.seq);
    Ok(Json(LogLines { items, last }))
}

fn lines(asked: Option<i64>) -> Result<i64, Refused> {
    match asked {
        None => Ok(1_000),
        Some(n @ 1..=5_000) => Ok(n),
        Some(_) => Err(domain::Refusal::field("limit", "a whole number from 1 to 5000").into()),
    }
}
