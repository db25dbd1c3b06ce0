//! What the pods of a service really run, as the Kubernetes API of an EKS cluster says.

mod canary;
mod rollout;
mod token;

use std::time::Duration;

use domain::ImageDigest;
use http::{HeaderValue, header::AUTHORIZATION};
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Pod};
use kube::{
    Api, Client, Config,
    api::ListParams,
    client::{Body, ClientBuilder},
    core::Selector,
};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use tower::util::MapRequestLayer;

use super::{
    Failure, FailureKind,
    aws::{AwsSession, Cluster},
};

pub use rollout::{Rollout, judge, other};

/// More pods of one service than this are not read.
const PODS: u32 = 1_000;

/// The workloads of any cluster, reached with a session of a person.
#[derive(Clone, Copy, Debug)]
pub struct Workloads;

/// One namespace of one cluster, as one session sees it.
#[derive(Clone)]
pub struct Namespace {
    client: Client,
    who: String,
    cluster: String,
    name: String,
}

impl std::fmt::Debug for Namespace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Namespace({} of {})", self.name, self.cluster)
    }
}

impl Workloads {
    /// # Errors
    /// When the cluster has no usable address or CA.
    pub fn open(
        &self,
        session: &AwsSession,
        cluster: &Cluster,
        namespace: &str,
    ) -> Result<Namespace, Failure> {
        let unusable = |what: &str, why: &dyn std::fmt::Display| {
            Failure::new(
                FailureKind::Unreadable,
                "kubernetes",
                format!(
                    "EKS gave no usable {what} of the cluster {}: {why}",
                    cluster.name
                ),
            )
        };
        let url: http::Uri = cluster
            .endpoint
            .parse()
            .map_err(|e| unusable("address", &e))?;
        if url.scheme_str() != Some("https") {
            return Err(unusable("address", &"it is not https"));
        }
        let roots = CertificateDer::pem_slice_iter(&cluster.ca_pem)
            .map(|der| der.map(|der| der.to_vec()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| unusable("CA", &e))?;
        if roots.is_empty() {
            return Err(unusable("CA", &"there is no certificate in it"));
        }
        let mut config = Config::new(url);
        namespace.clone_into(&mut config.default_namespace);
        config.root_cert = Some(roots);
        config.connect_timeout = Some(Duration::from_secs(5));
        config.read_timeout = Some(Duration::from_secs(20));
        config.reset_reader_on_write = true;
        config.write_timeout = Some(Duration::from_secs(10));
        // The step that asks decides when to ask again.
        config.default_retry = false;

        let signer = token::Signer::new(session, &cluster.name);
        signer.header().map_err(|e| unusable("token", &e))?;
        // Signed anew for each request: a token lives 15 minutes, and signing costs microseconds.
        let authorize = MapRequestLayer::new(move |mut request: http::Request<Body>| {
            if let Ok(value) = signer.header() {
                request.headers_mut().insert(AUTHORIZATION, value);
            }
            request
        });
        let client = ClientBuilder::try_from(config)
            .map_err(|e| unusable("address", &e))?
            .with_layer(&authorize)
            .build();
        Ok(Namespace {
            client,
            who: session.who(),
            cluster: format!("{} in {}", cluster.name, session.record().region),
            name: namespace.to_owned(),
        })
    }
}

impl Namespace {
    /// How far the service's Deployment is with this image. Not done while anything of a canary is there.
    pub async fn rollout(&self, service: &str, digest: &ImageDigest) -> Result<Rollout, Failure> {
        let deployments: Api<Deployment> = Api::namespaced(self.client.clone(), &self.name);
        let deployment = deployments
            .get(service)
            .await
            .map_err(|e| self.failure(&e, "get", &format!("deployments/{service}")))?;
        let selector = deployment
            .spec
            .as_ref()
            .map(|spec| spec.selector.clone())
            .unwrap_or_default();
        let selector = Selector::try_from(selector).map_err(|e| {
            Failure::new(
                FailureKind::Unreadable,
                "list pods",
                format!(
                    "The Deployment {service} of {} has a selector that cannot be read: {e}",
                    self.cluster
                ),
            )
        })?;
        let mut pods = self.pods(service, &selector).await?;
        // The labels of a canary's pods are those of all others and one more.
        pods.retain(|pod| !canary::is_canary(pod));
        Ok(match judge(service, &deployment, &pods, digest) {
            done @ Rollout::Done { .. } => match self.left_behind(service).await? {
                Some(left) => Rollout::Underway(left),
                None => done,
            },
            other => other,
        })
    }

    async fn pods(&self, service: &str, selector: &Selector) -> Result<Vec<Pod>, Failure> {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &self.name);
        let pods = pods
            .list(&ListParams::default().labels_from(selector).limit(PODS))
            .await
            .map_err(|e| self.failure(&e, "list", "pods"))?;
        if pods.metadata.continue_.is_some_and(|more| !more.is_empty()) {
            return Err(Failure::new(
                FailureKind::Refused,
                "list pods",
                format!(
                    "{service} has more than {PODS} pods in {}; that many are not looked through.",
                    self.cluster
                ),
            ));
        }
        Ok(pods.items)
    }

    fn failure(&self, error: &kube::Error, verb: &str, what: &str) -> Failure {
        let call = format!("{verb} {what}");
        let Self {
            who, cluster, name, ..
        } = self;
        let (kind, words) = match error {
            kube::Error::Api(status) => {
                let said = &status.message;
                match status.code {
                    401 => (
                        FailureKind::Denied,
                        format!(
                            "The cluster {cluster} does not know {who}: it has no access entry for this role, or the session has ended. It says: {said}"
                        ),
                    ),
                    403 => (
                        FailureKind::Denied,
                        format!(
                            "{who}, may not {call} in the namespace {name} of the cluster {cluster}. It says: {said}"
                        ),
                    ),
                    404 => (
                        FailureKind::Missing,
                        format!(
                            "There is no {what} in the namespace {name} of the cluster {cluster}."
                        ),
                    ),
                    429 | 500.. => (
                        FailureKind::Busy,
                        format!(
                            "The Kubernetes API of {cluster} is busy or failing ({}): {said}",
                            status.code
                        ),
                    ),
                    code => (
                        FailureKind::Refused,
                        format!(
                            "The Kubernetes API of {cluster} refused to {call} ({code}): {said}"
                        ),
                    ),
                }
            }
            kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => (
                FailureKind::Unreadable,
                format!("The Kubernetes API of {cluster} answered something that cannot be read."),
            ),
            _ => (
                FailureKind::NoAnswer,
                format!("The Kubernetes API of {cluster} does not answer."),
            ),
        };
        // Its text may hold a whole page; the words above say what matters.
        Failure::new(kind, call, words).with_raw(error.to_string().as_bytes())
    }
}

/// The bearer token as a header value that no log prints.
fn bearer(token: &str) -> Result<HeaderValue, http::header::InvalidHeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}"))?;
    value.set_sensitive(true);
    Ok(value)
}
