//! Ports to the outside, named for our need; one real adapter each.
//!
//! | port | need |
//! |---|---|
//! | [`aws::Roles`] | become the person for one step |
//! | [`aws::Clusters`], [`aws::Images`] | is the cluster there, is the image there |
//! | [`kubernetes::Workloads`] | what the pods of a service really run |
//! | [`metrics::Metrics`] | what a metric has been since a moment |
//! | [`jenkins::Pipelines`] | start a pipeline exactly once, follow it, stop it |
//!
//! Every call answers with a [`Failure`] that says who tried what on what, and
//! whether trying again could help.

pub mod aws;
pub mod failure;
pub mod jenkins;
pub mod kubernetes;
pub mod metrics;

use std::sync::Once;

use crate::{
    Result,
    settings::{AwsSettings, JenkinsSettings},
};

pub use aws::{Clusters, Images, PortalIdentity, Roles};
pub use failure::{Failure, FailureKind};
pub use jenkins::Pipelines;
pub use kubernetes::Workloads;
pub use metrics::Metrics;

/// All of them.
#[derive(Clone, Debug)]
pub struct Outside {
    pub roles: Roles,
    pub clusters: Clusters,
    pub images: Images,
    pub metrics: Metrics,
    pub workloads: Workloads,
    pub pipelines: Pipelines,
}

impl Outside {
    /// # Errors
    /// When an HTTP client cannot be made from the settings.
    pub fn new(
        aws: &AwsSettings,
        jenkins: &JenkinsSettings,
        identity: PortalIdentity,
    ) -> Result<Self> {
        install_tls();
        Ok(Self {
            roles: Roles::new(aws, identity),
            clusters: Clusters,
            images: Images,
            metrics: Metrics::cloudwatch(),
            workloads: Workloads,
            pipelines: Pipelines::new(jenkins)?,
        })
    }
}

/// One TLS provider in the whole process: AWS, Jenkins, Kubernetes and Postgres share it.
pub fn install_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error says that somebody installed one already, which serves as well.
        if rustls::crypto::aws_lc_rs::default_provider()
            .install_default()
            .is_err()
        {
            tracing::debug!("a TLS provider was installed before");
        }
    });
}
