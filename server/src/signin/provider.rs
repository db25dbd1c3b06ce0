//! The identity provider as it describes itself: its endpoints and keys, kept for an hour.
//!
//! The portal starts without it and says so at sign-in; who is signed in already stays so.

use std::{
    fmt,
    sync::{Arc, RwLock},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use domain::{Refusal, RefusalCode};
use openidconnect::core::CoreJsonWebKeySet;
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use super::http;
use crate::config::{Oidc, is_loopback};

const FRESH: Duration = Duration::from_secs(3600);
/// A token signed with a key we do not know makes us look for new keys, but not more often than this.
const KEYS_PAUSE: Duration = Duration::from_secs(30);
/// After a failure nobody asks again for this long; whoever signs in meanwhile is told at once.
const FAILED_PAUSE: Duration = Duration::from_secs(2);

/// What the provider says of itself; what we do not use is not read.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Metadata {
    pub(super) issuer: String,
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: Url,
    jwks_uri: Url,
    pub(super) end_session_endpoint: Option<Url>,
    /// RFC 9207: the answer names its issuer.
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    pub(super) claims_parameter_supported: bool,
    #[serde(default)]
    pub(super) token_endpoint_auth_methods_supported: Vec<String>,
}

/// Metadata and keys of one moment.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) metadata: Metadata,
    pub(super) keys: CoreJsonWebKeySet,
    at: Instant,
}

#[derive(Debug, Default)]
struct Cache {
    known: Option<Arc<Known>>,
    failed: Option<Instant>,
    looked_for_keys: Option<Instant>,
}

/// The configured identity provider.
pub struct Provider {
    oidc: Oidc,
    client: reqwest::Client,
    /// Locked while asking, so that many sign-ins at once ask once.
    cache: Mutex<Cache>,
    /// Origins that forms of ours may lead to.
    origins: RwLock<String>,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("issuer", &self.oidc.issuer_text)
            .finish_non_exhaustive()
    }
}

impl Provider {
    pub(crate) fn new(oidc: Oidc) -> anyhow::Result<Self> {
        let origins = RwLock::new(format!(" {}", oidc.issuer.origin().ascii_serialization()));
        Ok(Self {
            oidc,
            client: http::client()?,
            cache: Mutex::default(),
            origins,
        })
    }

    pub(super) fn oidc(&self) -> &Oidc {
        &self.oidc
    }

    pub(super) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// For the content security policy: a blank and an origin, as often as there are origins.
    pub(crate) fn form_targets(&self) -> String {
        self.origins.read().map(|o| o.clone()).unwrap_or_default()
    }

    /// The provider's description, asked for anew when it is old.
    pub(super) async fn known(&self) -> Result<Arc<Known>, Refusal> {
        let mut cache = self.cache.lock().await;
        if let Some(known) = cache.known.as_ref().filter(|k| k.at.elapsed() < FRESH) {
            return Ok(Arc::clone(known));
        }
        if cache.failed.is_some_and(|at| at.elapsed() < FAILED_PAUSE) {
            return cache.known.clone().ok_or_else(unavailable);
        }
        match self.ask().await {
            Ok(known) => {
                let known = Arc::new(known);
                (cache.known, cache.failed) = (Some(Arc::clone(&known)), None);
                Ok(known)
            }
            Err(error) => {
                cache.failed = Some(Instant::now());
                tracing::warn!(
                    issuer = self.oidc.issuer_text,
                    error = format!("{error:#}"),
                    "the identity provider cannot be asked"
                );
                // An old description still works as long as its keys do.
                cache.known.clone().ok_or_else(unavailable)
            }
        }
    }

    /// Asks it now; for `doctor`.
    pub(crate) async fn check(&self) -> anyhow::Result<String> {
        let known = self.ask().await?;
        let (issuer, keys) = (&known.metadata.issuer, known.keys.keys().len());
        anyhow::ensure!(
            keys > 0,
            "{issuer} publishes no keys, so nobody could sign in"
        );
        Ok(format!("{issuer}, {keys} keys"))
    }

    /// Looks for new keys, because one was used that `than` does not hold. `None` when asked too often or in vain.
    pub(super) async fn newer(&self, than: &Arc<Known>) -> Option<Arc<Known>> {
        let mut cache = self.cache.lock().await;
        if let Some(known) = cache.known.as_ref().filter(|k| k.at > than.at) {
            return Some(Arc::clone(known));
        }
        if cache
            .looked_for_keys
            .is_some_and(|at| at.elapsed() < KEYS_PAUSE)
        {
            return None;
        }
        cache.looked_for_keys = Some(Instant::now());
        match self.ask().await {
            Ok(known) => {
                let known = Arc::new(known);
                cache.known = Some(Arc::clone(&known));
                Some(known)
            }
            Err(error) => {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "no new keys of the identity provider"
                );
                None
            }
        }
    }

    async fn ask(&self) -> anyhow::Result<Known> {
        let issuer = &self.oidc.issuer_text;
        let url = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        let metadata: Metadata = http::get(&self.client, &url).await?;
        anyhow::ensure!(
            metadata.issuer == *issuer,
            "{url} describes another issuer, {}",
            metadata.issuer
        );
        let endpoints = [
            &metadata.authorization_endpoint,
            &metadata.token_endpoint,
            &metadata.jwks_uri,
        ];
        for endpoint in endpoints.into_iter().chain(&metadata.end_session_endpoint) {
            let safe = endpoint.scheme() == "https"
                || (endpoint.scheme() == "http" && is_loopback(endpoint));
            anyhow::ensure!(
                safe && endpoint.username().is_empty() && endpoint.password().is_none(),
                "{url} names an endpoint that is not https"
            );
        }
        let keys: CoreJsonWebKeySet = http::get(&self.client, metadata.jwks_uri.as_str())
            .await
            .context("its keys")?;
        self.note_origins(&metadata);
        Ok(Known {
            metadata,
            keys,
            at: Instant::now(),
        })
    }

    fn note_origins(&self, metadata: &Metadata) {
        let ends = metadata.end_session_endpoint.as_ref();
        let mut all: Vec<String> = [
            Some(&self.oidc.issuer),
            Some(&metadata.authorization_endpoint),
            ends,
        ]
        .into_iter()
        .flatten()
        .map(|url| format!(" {}", url.origin().ascii_serialization()))
        .collect();
        all.sort();
        all.dedup();
        if let Ok(mut origins) = self.origins.write() {
            *origins = all.concat();
        }
    }
}

fn unavailable() -> Refusal {
    Refusal::new(
        RefusalCode::Unavailable,
        "The identity provider does not answer, so nobody can sign in right now. Try again in a moment; whoever is signed in stays so.",
    )
}
