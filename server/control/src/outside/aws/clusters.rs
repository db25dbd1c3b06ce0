//! `eks:DescribeCluster`.

use aws_sdk_eks::operation::describe_cluster::DescribeClusterError;
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{answer::Attempted, session::AwsSession};
use crate::outside::{Failure, FailureKind};

const CALL: &str = "eks:DescribeCluster";

/// The EKS clusters of a session's account and region.
#[derive(Clone, Copy, Debug)]
pub struct Clusters;

/// What EKS says of a cluster.
#[derive(Clone, Debug)]
pub struct Cluster {
    pub name: String,
    pub arn: String,
    /// `ACTIVE`, `CREATING`, `UPDATING`, …
    pub status: String,
    /// Kubernetes version, such as `1.33`.
    pub version: String,
    /// Address of its Kubernetes API.
    pub endpoint: String,
    /// The CA of that address, PEM.
    pub ca_pem: Vec<u8>,
}

impl Cluster {
    pub fn is_active(&self) -> bool {
        self.status == "ACTIVE"
    }
}

impl Clusters {
    pub async fn describe(&self, session: &AwsSession, name: &str) -> Result<Cluster, Failure> {
        let record = session.record();
        let region = record.region.as_str();
        let answer = aws_sdk_eks::Client::new(session.config())
            .describe_cluster()
            .name(name)
            .send()
            .await
            .map_err(|error| {
                let missing = error
                    .as_service_error()
                    .is_some_and(DescribeClusterError::is_resource_not_found_exception);
                let resource = format!("arn:aws:eks:{region}:{}:cluster/{name}", record.account);
                let mut failure = Attempted {
                    who: &session.who(),
                    call: CALL,
                    resource: &resource,
                    region,
                }
                .failure(&error);
                if missing {
                    failure.words = format!(
                        "There is no EKS cluster {name} in {region} of account {}.",
                        record.account
                    );
                }
                failure
            })?;
        let unreadable = |what: &str| {
            Failure::new(
                FailureKind::Unreadable,
                CALL,
                format!("EKS in {region} described {name} without {what}"),
            )
        };
        let cluster = answer.cluster().ok_or_else(|| unreadable("anything"))?;
        let status = cluster
            .status()
            .ok_or_else(|| unreadable("its status"))?
            .as_str()
            .to_owned();
        // A cluster that is being made has neither endpoint nor CA yet; whoever needs them finds out.
        let ca = cluster
            .certificate_authority()
            .and_then(|ca| ca.data())
            .unwrap_or_default();
        Ok(Cluster {
            name: name.to_owned(),
            arn: cluster.arn().unwrap_or_default().to_owned(),
            status,
            version: cluster.version().unwrap_or_default().to_owned(),
            endpoint: cluster.endpoint().unwrap_or_default().to_owned(),
            ca_pem: STANDARD
                .decode(ca)
                .map_err(|_| unreadable("a readable CA"))?,
        })
    }
}
