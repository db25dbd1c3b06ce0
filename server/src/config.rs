//! The configuration: `portolan.toml` and `PORTOLAN_*` variables, one struct, read once.
//!
//! A portal with a mistake in its configuration does not start; it names every
//! mistake, where it stands and what to write there.

mod outside;
mod places;
mod reader;
mod sections;
mod values;
mod variables;

use std::{fmt, net::SocketAddr, path::PathBuf, time::Duration};

use control::Settings;
use domain::{JobRole, RuleSet, policy::PolicySet};
use figment::{
    Figment,
    providers::{Format, Toml},
};
use secrecy::SecretString;
use url::Url;

pub use reader::Mistake;
pub(crate) use values::is_loopback;

/// Everything that is configured. Secrets are [`SecretString`]s and cannot be printed.
#[derive(Debug)]
pub struct Config {
    pub listen: SocketAddr,
    /// Where `/metrics` is, which tells how much is done and refused; None: at `listen`, for everybody who reaches that.
    pub metrics_listen: Option<SocketAddr>,
    /// How many proxies of ours stand in front and add to `x-forwarded-for`; 0 means none is believed.
    pub proxies: usize,
    pub log: LogFormat,
    /// Where cargo-leptos put what the browser loads.
    pub site_root: PathBuf,
    pub database: Database,
    pub oidc: Oidc,
    pub worker: Worker,
    pub limits: Limits,
    pub rules: RuleSet,
    /// Where the rules are read anew from.
    pub rules_source: control::rules::Source,
    pub policies: PolicySet,
    /// What the use cases need to know.
    pub settings: Settings,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug)]
pub struct Database {
    /// The portal's own role.
    pub url: SecretString,
    /// The owner of the schema; only `migrate` needs it.
    pub owner_url: Option<SecretString>,
    /// Most connections that pages and the API share.
    pub connections: u32,
    /// Those of the worker besides; one of them only claims.
    pub worker_connections: u32,
}

/// The identity provider and how its claims become a person.
#[derive(Clone, Debug)]
pub struct Oidc {
    /// Compared letter for letter with what the provider says of itself.
    pub issuer: Url,
    /// As written: `Url` would add a slash to a bare host.
    pub issuer_text: String,
    pub client_id: String,
    pub client_secret: SecretString,
    pub scopes: Vec<String>,
    pub login_claim: String,
    pub groups_claim: String,
    pub mfa_acr: Vec<String>,
    pub mfa_amr: Vec<String>,
    /// Asked for at step-up.
    pub step_up_acr: Option<String>,
    /// `team-{team}`: groups of this form become teams.
    pub team_groups: String,
    pub job_roles: Vec<(JobRole, Vec<String>)>,
    /// Signature algorithms that are accepted; never `none`, never a shared secret.
    pub algorithms: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worker {
    /// Whether `portolan serve` also executes runs.
    pub embedded: bool,
}

/// How often what may be done. Each is a number per minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Sign-ins begun from one address.
    pub sign_in: u32,
    /// Answers of the identity provider brought back from one address.
    pub callback: u32,
    /// Tickets redeemed from one address.
    pub redeem: u32,
    /// Tokens that were not valid, from one address.
    pub failed_token: u32,
    /// Unsafe requests of one person.
    pub writes: u32,
    /// Requests of other sites that are each recorded; more of them are refused without.
    pub cross_site: u32,
    /// Longest time one request may take.
    pub request_timeout: Duration,
}

/// All mistakes of a configuration.
#[derive(Debug)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let many = if self.0.len() == 1 {
            "a mistake"
        } else {
            "mistakes"
        };
        writeln!(f, "the configuration has {many}:")?;
        for mistake in &self.0 {
            writeln!(f, "  {mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

impl Config {
    /// Reads `text`, the content of `file`, with `variables` over it.
    ///
    /// # Errors
    /// Every mistake found, never only the first.
    pub fn read(
        file: &str,
        text: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Mistakes> {
        let variables: Vec<_> = variables.into_iter().collect();
        let site_root = variables
            .iter()
            .find(|(name, _)| name == "LEPTOS_SITE_ROOT")
            .map_or_else(
                || PathBuf::from("target/site"),
                |(_, path)| PathBuf::from(path),
            );
        let figment = Figment::from(Toml::string(text)).merge(variables::Variables::new(variables));
        let values = figment
            .extract::<figment::value::Dict>()
            .map_err(|errors| {
                let wrong = |e: figment::Error| Mistake {
                    place: file.to_owned(),
                    wrong: format!("is no TOML: {e}"),
                };
                Mistakes(errors.into_iter().map(wrong).collect())
            })?;
        let mut reader = reader::Reader::new(file, &figment, values);
        let config = sections::all(&mut reader, site_root);
        reader.finish();
        let mut mistakes = reader.mistakes();
        match config {
            Some(config) if mistakes.is_empty() => Ok(config),
            _ => {
                mistakes.sort();
                mistakes.dedup();
                Err(Mistakes(mistakes))
            }
        }
    }

    /// Reads the file at `path` and the process's variables.
    pub fn load(path: &std::path::Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| {
            anyhow::anyhow!("cannot read the configuration {}: {e}", path.display())
        })?;
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            // A value that is no text is left out here and named as missing where it is needed.
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Ok(Self::read(&path.display().to_string(), &text, variables)?)
    }
}
