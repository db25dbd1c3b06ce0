//! A run as pages and the API show it.

mod rows;

use domain::{ChangeId, RegionName, RunId, RunState, StepId, StepKind, StepState};
use jiff::Timestamp;
use serde::Serialize;

use crate::{Control, Result};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunView {
    pub id: RunId,
    pub state: RunState,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    pub steps: Vec<StepView>,
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
    pub aws: Vec<AwsSessionView>,
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
