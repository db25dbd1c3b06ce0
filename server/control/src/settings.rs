//! What configuration says to the use cases. Read and checked once, by the server.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use domain::{EnvironmentName, RegionName};
use secrecy::SecretString;
use url::Url;

#[derive(Clone, Debug)]
pub struct Settings {
    /// The address people and pipelines reach the portal at.
    pub public_url: Url,
    pub region_pairs: Vec<RegionPair>,
    pub environments: Vec<EnvironmentSetting>,
    /// Folder of `catalog-info.yaml` files to import from.
    pub catalog_folder: Option<PathBuf>,
    pub aws: AwsSettings,
    pub jenkins: JenkinsSettings,
    pub times: Times,
}

/// Two regions, one active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionPair {
    pub name: String,
    pub active: RegionName,
    pub passive: RegionName,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentSetting {
    pub name: EnvironmentName,
    pub title: String,
    pub protected: bool,
    /// AWS account, twelve digits.
    pub account: String,
    /// Kubernetes namespace of the services.
    pub namespace: String,
    pub region_pair: Option<String>,
    /// A release is deployed here only once it has succeeded there, unless somebody who may overrides that.
    pub promote_from: Option<EnvironmentName>,
    /// EKS cluster by region; one region, or both of the pair.
    pub clusters: BTreeMap<RegionName, String>,
}

#[derive(Clone, Debug)]
pub struct AwsSettings {
    /// Another address for every AWS service; absent for AWS itself.
    pub endpoint: Option<Url>,
    /// `{account}` and `{job_role}` are filled in.
    pub job_role_arn: String,
    /// `{account}` is filled in.
    pub external_id: String,
    /// `{account}` and `{region}` are filled in: registry host of service images.
    pub registry: String,
}

#[derive(Clone, Debug)]
pub struct JenkinsSettings {
    pub url: Url,
    pub user: String,
    pub token: SecretString,
}

/// How long things may take or last.
#[derive(Clone, Debug)]
pub struct Times {
    /// A change that is not approved and started by then expires.
    pub change_expires: Duration,
    pub session_idle: Duration,
    pub session_absolute: Duration,
    /// Longest life of an API token.
    pub token_max: Duration,
    /// How long the groups of a person's last sign-in are taken to hold where they do not sign in themselves: for
    /// their tokens, and for their word at the start of a change.
    pub standing: Duration,
    pub ticket: Duration,
    /// A worker that does not renew its lease for this long has lost it.
    pub lease: Duration,
    /// How often an idle worker looks for due steps.
    pub poll: Duration,
    /// How often a running build's state and log are read.
    pub follow: Duration,
    /// A pipeline that is not done by then fails its step.
    pub pipeline: Duration,
    /// A rollout that is not done by then fails its step.
    pub rollout: Duration,
}

impl Default for Times {
    fn default() -> Self {
        let (seconds, hours) = (Duration::from_secs, |n: u64| Duration::from_secs(n * 3600));
        Self {
            change_expires: hours(7 * 24),
            session_idle: hours(1),
            session_absolute: hours(12),
            token_max: hours(90 * 24),
            standing: hours(30 * 24),
            ticket: hours(1),
            lease: seconds(15),
            poll: Duration::from_millis(250),
            follow: seconds(1),
            pipeline: hours(1),
            rollout: seconds(15 * 60),
        }
    }
}

impl Settings {
    pub fn environment(&self, name: &EnvironmentName) -> Option<&EnvironmentSetting> {
        self.environments.iter().find(|e| e.name == *name)
    }
}
