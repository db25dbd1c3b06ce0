//! What every handler shares.

use std::{fmt, sync::Arc, time::Duration};

use anyhow::Context as _;
use control::{Clock, Control, Outside, outside::PortalIdentity};
use leptos::config::LeptosOptions;
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::ExposeSecret;
use sqlx::{
    Connection as _, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::timeout;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use url::Url;

use crate::{
    Config,
    config::{Limits, is_loopback},
    edge,
    signin::Provider,
};

/// Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    inner: Arc<Inner>,
}

struct Inner {
    control: Control,
    /// The same with connections of its own.
    worker: Control,
    pool: PgPool,
    public_url: Url,
    origin: String,
    limits: Limits,
    provider: Provider,
    proxies: usize,
    leptos: LeptosOptions,
    metrics: PrometheusHandle,
    /// They are asked for at an address of their own.
    metrics_apart: bool,
    /// Cancelled when the process is to end.
    stop: CancellationToken,
    /// What is done to its end, whether somebody waits for it or not.
    deeds: TaskTracker,
}

impl fmt::Debug for AppState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppState")
            .field("origin", &self.inner.origin)
            .finish_non_exhaustive()
    }
}

impl AppState {
    /// Connects and puts the parts together. `clock` is the system's but in tests,
    /// `identity` who the portal itself is at AWS.
    pub async fn build(
        config: Config,
        clock: Clock,
        identity: PortalIdentity,
    ) -> anyhow::Result<Self> {
        let for_pages = pool(config.database.connections)
            .connect_with(options(&config, "portolan")?)
            .await
            .context("cannot connect to the database as the portal's own role")?;
        // Connects when it is first used: not every process works.
        let for_runs = pool_of_worker(&config)?;
        let (aws, jenkins) = (&config.settings.aws, &config.settings.jenkins);
        let outside = Outside::new(aws, jenkins, identity).map_err(|e| anyhow::anyhow!("{e}"))?;
        let control = Control::new(
            for_pages.clone(),
            config.policies,
            config.rules,
            config.settings.clone(),
            clock,
            outside,
        );
        control.rules_from(config.rules_source);
        let public_url = config.settings.public_url;
        let inner = Inner {
            worker: control.over(for_runs),
            control,
            pool: for_pages,
            origin: public_url.origin().ascii_serialization(),
            public_url,
            limits: config.limits,
            provider: Provider::new(config.oidc)?,
            proxies: config.proxies,
            leptos: leptos_options(&config.site_root),
            metrics: edge::metrics::handle(),
            metrics_apart: config.metrics_listen.is_some(),
            stop: CancellationToken::new(),
            deeds: TaskTracker::new(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// What has to be done once before anything else: the database is of this version, and knows the
    /// configured environments.
    pub async fn prepare(&self) -> anyhow::Result<()> {
        let fault = |e: control::Error| anyhow::anyhow!("{e}");
        let health = self.control().health().await.map_err(fault)?;
        if let Some(obstacle) = health.obstacle() {
            anyhow::bail!("the database is not ready: {obstacle}");
        }
        if health.may_rewrite_audit {
            tracing::warn!(
                role = health.role,
                "this database role may alter the audit log; use the role `portolan`"
            );
        }
        self.control()
            .apply_configured_environments()
            .await
            .map_err(fault)?;
        self.control()
            .apply_configured_rules()
            .await
            .map_err(fault)?;
        let (control, stopped) = (self.control().clone(), self.stopped());
        tokio::spawn(async move { control.follow_rules(stopped).await });
        Ok(())
    }

    pub fn control(&self) -> &Control {
        &self.inner.control
    }
    /// For executing runs: over connections that pages cannot take away.
    pub fn worker(&self) -> &Control {
        &self.inner.worker
    }
    /// For the session store, the one place of this crate that speaks SQL.
    pub(crate) fn pool(&self) -> &PgPool {
        &self.inner.pool
    }
    pub fn public_url(&self) -> &Url {
        &self.inner.public_url
    }
    /// Scheme, host and port, as browsers send it.
    pub fn origin(&self) -> &str {
        &self.inner.origin
    }
    /// Whether people reach the portal over TLS. Plain http is accepted by the configuration on loopback only.
    pub fn is_tls(&self) -> bool {
        self.inner.public_url.scheme() == "https" || !is_loopback(&self.inner.public_url)
    }
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }
    pub(crate) fn provider(&self) -> &Provider {
        &self.inner.provider
    }
    /// Origins that forms may lead to, for the content security policy.
    pub(crate) fn form_targets(&self) -> String {
        self.inner.provider.form_targets()
    }
    pub fn proxies(&self) -> usize {
        self.inner.proxies
    }
    /// How the browser's files are called; for rendering pages.
    pub fn leptos(&self) -> &LeptosOptions {
        &self.inner.leptos
    }
    pub(crate) fn metrics(&self) -> &PrometheusHandle {
        &self.inner.metrics
    }
    /// Whether metrics have an address of their own, and are not told where people come in.
    pub(crate) fn metrics_apart(&self) -> bool {
        self.inner.metrics_apart
    }
    /// Ends streams and the worker.
    pub fn stop(&self) {
        self.inner.stop.cancel();
    }
    pub fn deeds(&self) -> &TaskTracker {
        &self.inner.deeds
    }
    pub fn stopped(&self) -> CancellationToken {
        self.inner.stop.clone()
    }
}

fn options(config: &Config, name: &str) -> anyhow::Result<PgConnectOptions> {
    let url = config.database.url.expose_secret();
    let options: PgConnectOptions = url
        .parse()
        .map_err(|_| anyhow::anyhow!("database.url is no address"))?;
    // A statement that takes this long is a mistake; better refused than the pool exhausted.
    Ok(options.application_name(name).options([
        ("statement_timeout", "30s"),
        ("idle_in_transaction_session_timeout", "60s"),
    ]))
}

/// After this a connection is asked whether it lives before it is used.
const RESTED: Duration = Duration::from_secs(1);
/// So long a connection of the worker that is given back may take to say that it lives. A statement cut off in the middle
/// ends before, by the database's own limit.
const SILENCE: Duration = Duration::from_secs(35);

fn pool_of_worker(config: &Config) -> anyhow::Result<PgPool> {
    let options = options(config, "portolan-worker")?;
    let pool = pool(config.database.worker_connections).after_release(|connection, _| {
        // What was given up in the middle of a statement that nobody answers is closed; the pool itself would wait for hours.
        Box::pin(async move {
            match timeout(SILENCE, connection.ping()).await {
                Ok(alive) => alive.map(|()| true),
                Err(_) => Err(sqlx::Error::PoolTimedOut),
            }
        })
    });
    Ok(pool.connect_lazy_with(options))
}

fn pool(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(10))
        // Asking a connection whether it lives costs as much as a statement: only one that has rested a while may have died.
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for >= RESTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}

fn leptos_options(site_root: &std::path::Path) -> LeptosOptions {
    // cargo-leptos leaves the hashes beside the binary; without that file the names carry none.
    let hashed = std::env::current_exe()
        .ok()
        .and_then(|exe| exe.parent().map(|dir| dir.join("hash.txt").is_file()))
        .unwrap_or(false);
    LeptosOptions::builder()
        .output_name("portolan")
        .site_root(site_root.display().to_string())
        .site_pkg_dir("pkg")
        .hash_files(hashed)
        .build()
}
