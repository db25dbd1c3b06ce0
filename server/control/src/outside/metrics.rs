//! What a metric has been: the port through which a wave's thresholds are read.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    Failure,
    aws::{AwsSession, CloudWatch},
};

/// One metric over some whole periods.
#[derive(Clone, Debug)]
pub struct Asked {
    pub namespace: String,
    pub metric: String,
    pub dimensions: BTreeMap<String, String>,
    pub statistic: String,
    /// Seconds.
    pub period_s: u64,
    /// The first period begins here.
    pub from: Timestamp,
    /// The last one ends here.
    pub to: Timestamp,
}

/// What was answered.
#[derive(Clone, Debug, Default)]
pub struct Answered {
    /// For each that was asked, in that order: what it was in each period that has data.
    pub points: Vec<Vec<f64>>,
    /// The other side's id of the call.
    pub request_id: Option<String>,
}

/// Where metrics are read. Others than CloudWatch are further kinds of this.
#[derive(Clone, Copy, Debug)]
pub struct Metrics(CloudWatch);

impl Metrics {
    pub fn cloudwatch() -> Self {
        Self(CloudWatch)
    }

    /// # Errors
    /// When they cannot be read as a whole: a part of an answer is none.
    pub async fn read(&self, session: &AwsSession, asked: &[Asked]) -> Result<Answered, Failure> {
        if asked.is_empty() {
            return Ok(Answered::default());
        }
        self.0.read(session, asked).await
    }
}
