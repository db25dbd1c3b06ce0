//! Becoming the person: the one place that calls `sts:AssumeRole`, and the one place that
//! knows the portal's own credentials.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use aws_config::{
    ecs::EcsCredentialsProvider, meta::credentials::CredentialsProviderChain,
    provider_config::ProviderConfig, web_identity_token::WebIdentityTokenCredentialsProvider,
};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_sts::{operation::assume_role::AssumeRoleOutput, types::Tag};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::{region::Region, request_id::RequestId};
use domain::{ChangeId, Evidence, EvidenceDigest, JobRole, Person, RegionName, StepId, Target};
use jiff::Timestamp;

use super::{
    answer::Attempted,
    policy::{Need, session_policy},
    session::{self, AwsSession, SessionRecord},
};
use crate::{
    outside::{Failure, FailureKind},
    settings::AwsSettings,
};

/// How long a session lasts, in seconds: the least that STS gives.
const SESSION_SECONDS: i32 = 900;
/// The session tag that trust policies of protected accounts demand: AWS' own key of a second factor is never in
/// a session that a role hands on, so the portal says what it has verified.
const MFA_TAG: &str = "portolan:mfa";
/// STS refuses at 100 percent; from here on somebody should look.
const PACKED_ALARM: i32 = 80;

/// Who the portal itself is. It may do nothing but assume job roles.
#[derive(Clone)]
pub enum PortalIdentity {
    /// What the surroundings of this process give: EKS Pod Identity, or a web identity (IRSA).
    /// Keys in the environment, profiles and instance roles are not looked at: they would be
    /// somebody else's rights.
    Environment,
    /// A provider of its own, for a portal that runs elsewhere.
    Provider(SharedCredentialsProvider),
}

impl PortalIdentity {
    pub fn of_this_process() -> Self {
        Self::Environment
    }

    /// Credentials to ask STS of `region` with. A web identity is exchanged in that same region, so that
    /// what is done in one region needs nothing of another.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one adapter that knows the portal's own credentials"
    )]
    fn provider(&self, region: &RegionName, http: &SharedHttpClient) -> SharedCredentialsProvider {
        match self {
            Self::Provider(provider) => provider.clone(),
            Self::Environment => {
                let plain = ProviderConfig::without_region()
                    .with_region(Some(Region::new(region.to_string())))
                    .with_http_client(http.clone())
                    .with_timeout_config(super::timeouts());
                let pod = EcsCredentialsProvider::builder().configure(&plain).build();
                let web = WebIdentityTokenCredentialsProvider::builder()
                    .configure(&plain)
                    .build();
                SharedCredentialsProvider::new(
                    CredentialsProviderChain::first_try("PodIdentity", pod)
                        .or_else("WebIdentity", web),
                )
            }
        }
    }
}

impl fmt::Debug for PortalIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Environment => "Environment",
            Self::Provider(_) => "Provider",
        })
    }
}

/// What a session is wanted for. All of it goes into the session or its record.
#[derive(Clone, Copy, Debug)]
pub struct Errand<'a> {
    pub person: &'a Person,
    pub change: ChangeId,
    pub step: StepId,
    pub evidence: &'a Evidence,
    pub digest: EvidenceDigest,
    pub target: &'a Target,
    /// Every approval that the run rests on was given with a fresh second factor.
    pub stepped_up: bool,
    pub need: Need,
}

impl Errand<'_> {
    /// Whether AWS is told of a second factor: only for a protected place, where it was demanded and verified.
    fn tells_mfa(&self) -> bool {
        self.evidence.protected && self.stepped_up
    }
}

/// Sessions of people.
#[derive(Clone)]
pub struct Roles {
    identity: PortalIdentity,
    http: SharedHttpClient,
    settings: Arc<AwsSettings>,
    /// One client a region: each keeps the portal's own credentials until they end.
    clients: Arc<Mutex<HashMap<RegionName, aws_sdk_sts::Client>>>,
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roles").finish_non_exhaustive()
    }
}

impl Roles {
    pub fn new(settings: &AwsSettings, identity: PortalIdentity) -> Self {
        Self {
            identity,
            http: http(),
            settings: Arc::new(settings.clone()),
            clients: Arc::default(),
        }
    }

    /// The job role that a person's sessions are of: the one meant for deploying where they have
    /// several, so that a session holds what the change needs and no more.
    pub fn job_role(person: &Person) -> Option<JobRole> {
        use JobRole as R;
        [
            R::Developer,
            R::Operator,
            R::Administrator,
            R::Manager,
            R::Auditor,
        ]
        .into_iter()
        .find(|role| person.has_role(*role))
    }

    /// A session of the person, for this step, of this evidence.
    ///
    /// # Errors
    /// Final when the person has no job role, the policy is too long or STS says no; retriable
    /// when STS is out of reach.
    pub async fn assume(&self, errand: Errand<'_>) -> Result<AwsSession, Failure> {
        const CALL: &str = "sts:AssumeRole";
        let Errand {
            person,
            evidence,
            target,
            ..
        } = errand;
        let refused = |kind, words: String| Err(Failure::new(kind, CALL, words));
        if !evidence.targets.contains(target) {
            return refused(
                FailureKind::Refused,
                format!("{} is not among what was approved", target.region),
            );
        }
        let Some(job_role) = Self::job_role(person) else {
            return refused(
                FailureKind::Denied,
                format!(
                    "{} has no job role any more, so there is no role to take on",
                    person.login
                ),
            );
        };
        let role_arn = fill(&self.settings.job_role_arn, target, job_role);
        let partition = role_arn.split(':').nth(1).unwrap_or("aws");
        let (policy, policy_text) = match session_policy(errand.need, partition, evidence, target) {
            Ok(policy) => policy,
            Err(oversized) => {
                return refused(FailureKind::Refused, oversized.to_string());
            }
        };
        let session_name = format!("step-{}", errand.step);
        let client = self.client(&target.region);
        let mut request = client
            .assume_role()
            .role_arn(&role_arn)
            .role_session_name(&session_name)
            .source_identity(person.login.as_str())
            .external_id(fill(&self.settings.external_id, target, job_role))
            .duration_seconds(SESSION_SECONDS)
            .policy(policy_text);
        let mut tags = vec![
            ("portolan:team", evidence.team.to_string()),
            ("portolan:service", evidence.service.to_string()),
            ("portolan:environment", evidence.environment.to_string()),
            ("portolan:change", errand.change.to_string()),
        ];
        if errand.tells_mfa() {
            tags.push((MFA_TAG, "true".to_owned()));
        }
        for (key, value) in tags {
            match Tag::builder().key(key).value(value).build() {
                Ok(tag) => request = request.tags(tag),
                Err(error) => return refused(FailureKind::Refused, error.to_string()),
            }
        }
        let answer = request.send().await.map_err(|error| {
            let who = format!("The portal, for {}", person.login);
            Attempted {
                who: &who,
                call: CALL,
                resource: &role_arn,
                region: target.region.as_str(),
            }
            .failure(&error)
            .map_words(|words| without_mfa(&errand, words))
        })?;

        let request_id = answer.request_id().map(str::to_owned);
        let packed_percent = packed(&answer);
        if packed_percent.is_some_and(|percent| percent >= PACKED_ALARM) {
            tracing::warn!(percent = packed_percent, step = %errand.step, "a session is nearly full: shorten its policy or tags");
        }
        let given = answer.credentials().and_then(|given| {
            let expires = Timestamp::from_second(given.expiration().secs()).ok()?;
            // Without a token these would be somebody's permanent keys, not a session.
            (!given.access_key_id().is_empty() && !given.session_token().is_empty())
                .then_some((given, expires))
        });
        // A session that does not say it is this person's is not used.
        let told = answer.source_identity();
        let (Some((given, expires_at)), Some(true)) =
            (given, told.map(|told| told == person.login.as_str()))
        else {
            return refused(
                FailureKind::Unreadable,
                format!(
                    "STS in {} answered without a session of {}",
                    target.region, person.login
                ),
            );
        };
        let credentials = Credentials::new(
            given.access_key_id(),
            given.secret_access_key(),
            Some(given.session_token().to_owned()),
            Some(expires_at.into()),
            "portolan-step",
        );
        let config = session::config(
            SharedCredentialsProvider::new(credentials.clone()),
            &target.region,
            self.http.clone(),
            self.endpoint(),
        );
        let record = SessionRecord {
            person: person.id,
            login: person.login.clone(),
            step: errand.step,
            evidence_digest: errand.digest,
            region: target.region.clone(),
            account: target.account.clone(),
            purpose: errand.need.as_str(),
            role_arn,
            session_name,
            access_key_id: given.access_key_id().to_owned(),
            mfa: errand.tells_mfa(),
            session_policy: policy,
            packed_percent,
            request_id,
            expires_at,
        };
        Ok(AwsSession {
            credentials,
            config,
            record,
        })
    }

    fn endpoint(&self) -> Option<&str> {
        self.settings
            .endpoint
            .as_ref()
            .map(|url| url.as_str().trim_end_matches('/'))
    }

    fn client(&self, region: &RegionName) -> aws_sdk_sts::Client {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let client = clients.entry(region.clone()).or_insert_with(|| {
            aws_sdk_sts::Client::new(&session::config(
                self.identity.provider(region, &self.http),
                region,
                self.http.clone(),
                self.endpoint(),
            ))
        });
        client.clone()
    }
}

/// One pool of connections for all of AWS.
fn http() -> SharedHttpClient {
    use aws_smithy_http_client::{
        Builder,
        tls::{Provider, rustls_provider::CryptoMode},
    };
    Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .build_https()
}

/// A refusal in a protected place, with what may be behind it: AWS does not explain another account's trust policy.
fn without_mfa(errand: &Errand<'_>, words: String) -> String {
    if errand.evidence.protected && !errand.tells_mfa() {
        format!(
            "{words} The approvals of this change were given without a fresh second factor, so the portal did not say {MFA_TAG} to AWS; the trust policy of a protected account demands it."
        )
    } else {
        words
    }
}

/// How full the session is: the figure of today's STS, or else the one that came before it.
#[expect(
    deprecated,
    reason = "what STS answers that does not tell the newer figure yet"
)]
fn packed(answer: &AssumeRoleOutput) -> Option<i32> {
    answer
        .session_token_utilization()
        .or(answer.packed_policy_size())
}

fn fill(template: &str, target: &Target, job_role: JobRole) -> String {
    template
        .replace("{account}", &target.account)
        .replace("{region}", target.region.as_str())
        .replace("{job_role}", job_role.as_str())
}
