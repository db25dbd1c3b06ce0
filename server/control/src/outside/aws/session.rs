//! The credentials of one person for one step.

use std::fmt;

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::{SdkConfig, region::Region};
use domain::{EvidenceDigest, Login, RegionName, StepId};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;

/// Credentials that STS gave for (person, step, evidence digest). There is no way to make one but
/// [`super::Roles::assume`], and no client of AWS here that takes anything else.
pub struct AwsSession {
    pub(super) credentials: Credentials,
    pub(super) config: SdkConfig,
    pub(super) record: SessionRecord,
}

/// What may be told of a session: the join key to CloudTrail, and no secret.
#[derive(Clone, Debug)]
pub struct SessionRecord {
    pub person: domain::PersonId,
    pub login: Login,
    pub step: StepId,
    pub evidence_digest: EvidenceDigest,
    pub region: RegionName,
    pub account: String,
    pub purpose: &'static str,
    pub role_arn: String,
    pub session_name: String,
    pub access_key_id: String,
    /// AWS was told of a second factor.
    pub mfa: bool,
    pub session_policy: Value,
    /// How full the session is packed, in percent of what STS takes.
    pub packed_percent: Option<i32>,
    pub request_id: Option<String>,
    pub expires_at: Timestamp,
}

impl AwsSession {
    pub fn record(&self) -> &SessionRecord {
        &self.record
    }

    /// For the pipeline, in the form it reads. The only way that the secret parts leave a session.
    pub(crate) fn reveal(&self) -> (String, SecretString, SecretString) {
        (
            self.credentials.access_key_id().to_owned(),
            self.credentials.secret_access_key().to_owned().into(),
            self.credentials
                .session_token()
                .unwrap_or_default()
                .to_owned()
                .into(),
        )
    }

    pub(in crate::outside) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    pub(super) fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// In words: `developer, in the role …`.
    pub(in crate::outside) fn who(&self) -> String {
        let name = self
            .record
            .role_arn
            .rsplit('/')
            .next()
            .unwrap_or(&self.record.role_arn);
        format!(
            "{}, in the role {name} of account {}",
            self.record.login, self.record.account
        )
    }
}

/// Without the secrets.
impl fmt::Debug for AwsSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsSession")
            .field("record", &self.record)
            .finish_non_exhaustive()
    }
}

/// A configuration of the SDK with these credentials and nothing from the surroundings.
pub(super) fn config(
    provider: SharedCredentialsProvider,
    region: &RegionName,
    http: SharedHttpClient,
    endpoint: Option<&str>,
) -> SdkConfig {
    let mut config = SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .credentials_provider(provider)
        .region(Region::new(region.to_string()))
        .http_client(http)
        .retry_config(super::retries())
        .timeout_config(super::timeouts());
    config.set_endpoint_url(endpoint.map(str::to_owned));
    config.build()
}
