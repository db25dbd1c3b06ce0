//! A run as pages and the API show it.

mod rows;

use domain::{ChangeId, RegionName, RunId, RunState, StepId, StepKind, StepState, wave::Reach};
use jiff::Timestamp;
use serde::Serialize;

use crate::{Control, Result};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunView {
    pub id: RunId,
    pub state: RunState,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    pub steps: Vec<StepView>,
    /// Where it stops behind its canaries, in the order of the run; none where it does not.
    pub waves: Vec<WaveView>,
}

/// A run's stop between a canary and what comes after it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WaveView {
    /// Where the canary is.
    pub region: RegionName,
    /// It is a share of the region's replicas, and not all of them.
    pub of_share: bool,
    /// Since when it is watched, and until when; none before it stands.
    pub began_at: Option<Timestamp>,
    pub ends_at: Option<Timestamp>,
    /// When its metrics are read next, while it is watched.
    pub next_at: Option<Timestamp>,
    /// What was read, oldest first; the newest five hundred.
    pub readings: Vec<ReadingView>,
}

/// One metric as it was read once.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReadingView {
    pub at: Timestamp,
    /// While it was watched, or at the end of that.
    pub kind: StepKind,
    pub wave: String,
    pub name: String,
    /// Such as `Average of Shop Errors`.
    pub metric: String,
    /// Such as `at most 0.01`.
    pub allowed: String,
    /// The worst of the periods; none where there was no data.
    pub value: Option<f64>,
    pub reach: Reach,
    /// The whole periods that were looked at.
    pub window: Option<(Timestamp, Timestamp)>,
    /// CloudWatch's id of the call.
    pub request_id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepView {
    pub id: StepId,
    pub position: i32,
    pub region: RegionName,
    pub kind: StepKind,
    pub state: StepState,
    /// What it waits for, or why it failed, in words.
    pub note: Option<String>,
    pub attempts: i32,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    pub build_url: Option<String>,
    /// When it may be taken up (again); of a step that waits for that.
    pub due_at: Option<Timestamp>,
    /// Who holds it now.
    pub lease: Option<LeaseView>,
    /// Every time a worker took it up, oldest first; the newest hundred.
    pub tried: Vec<AttemptView>,
    /// The calls with an effect that it committed to.
    pub calls: Vec<CallView>,
    pub aws: Vec<AwsSessionView>,
}

/// A worker's hold on a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeaseView {
    pub worker: String,
    /// Counts up with every claim; whoever comes with an older one writes nothing.
    pub epoch: i64,
    /// Not renewed by then, another worker takes the step.
    pub expires_at: Timestamp,
}

/// One time that a worker took the step up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttemptView {
    pub epoch: i64,
    pub worker: String,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// `succeeded`, `again`, `failed`, `cancelled`, `needs_attention`, `lost`; none while it goes on.
    pub outcome: Option<String>,
    pub detail: Option<String>,
}

/// An outside call that was written down before it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallView {
    /// Such as `jenkins:build`.
    pub call: String,
    /// The mark it is found again by, outside.
    pub mark: String,
    /// `intended` (made or not, nobody knows yet), `done`, `refused`, `unknown`.
    pub state: String,
    pub made_at: Timestamp,
    pub settled_at: Option<Timestamp>,
}

/// An STS session that was used: the join key to CloudTrail, no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AwsSessionView {
    pub purpose: String,
    pub role_arn: String,
    pub session_name: String,
    pub source_identity: String,
    pub access_key_id: String,
    pub request_id: Option<String>,
    pub made_at: Timestamp,
    pub expires_at: Timestamp,
}

impl Control {
    /// The run of a change, if it ever started. The caller has been asked whether they may see the change.
    pub(crate) async fn run_view(&self, change: ChangeId) -> Result<Option<RunView>> {
        rows::of_change(self.pool(), change).await
    }
}
