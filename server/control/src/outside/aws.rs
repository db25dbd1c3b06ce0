//! AWS, always as a person: every client here is made from an [`AwsSession`].

mod answer;
mod cloudwatch;
mod clusters;
mod images;
mod policy;
mod roles;
mod session;

use std::time::Duration;

use aws_types::sdk_config::{RetryConfig, TimeoutConfig};

pub(super) use cloudwatch::CloudWatch;
pub use clusters::{Cluster, Clusters};
pub use images::{Image, Images};
pub use policy::{Need, Oversized, session_policy};
pub use roles::{Errand, PortalIdentity, Roles};
pub use session::{AwsSession, SessionRecord};

/// Nothing waits longer for AWS than this; the step that waits tries again by its own rules.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .operation_attempt_timeout(Duration::from_secs(8))
        .operation_timeout(Duration::from_secs(15))
        .build()
}

/// One quick second try inside the SDK. Only reads and `AssumeRole` are made here, which may be repeated.
fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(2)
        .with_initial_backoff(Duration::from_millis(200))
}
