//! The description of a world: what a TOML file may say, and what it must agree with.
//!
//! A file with mistakes is refused as a whole, every mistake named.
use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context as _;

use super::reader::{Mistakes, Reader};
use crate::aws::iam::{Malformed, Policy};

/// The shop: ten and more services, three environments, two regions (the local stack's world).
const SHOP: &str = include_str!("../../worlds/shop.toml");

/// A whole world.
#[derive(Debug, Clone)]
pub struct Description {
    /// AWS regions that exist.
    pub regions: Vec<String>,
    /// AWS accounts that exist.
    pub accounts: Vec<Account>,
    /// IAM roles, one per account that has it.
    pub roles: Vec<Role>,
    /// IAM users with a long-term access key (none in the shop).
    pub users: Vec<User>,
    /// The role that EKS Pod Identity hands to the portal.
    pub pod_identity: Option<PodIdentity>,
    /// EKS clusters, one per region.
    pub clusters: Vec<Cluster>,
    /// EKS access entries: what a role may do in every cluster of its account.
    pub access: Vec<Access>,
    /// Container registry.
    pub registry: Registry,
    /// Microservices; each is deployed to every cluster unless `deployed` is false.
    pub services: Vec<Service>,
    /// The Jenkins controller.
    pub jenkins: Jenkins,
}

/// An AWS account.
#[derive(Debug, Clone)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// A name for people.
    pub name: String,
}

/// An IAM role.
#[derive(Debug, Clone)]
pub struct Role {
    /// Account it is in.
    pub account: String,
    /// Name without path.
    pub name: String,
    /// Trust policy, JSON.
    pub trust: String,
    /// Identity policies, JSON.
    pub policies: Vec<String>,
    /// Permissions boundary, JSON.
    pub permissions_boundary: Option<String>,
    /// Longest session, seconds.
    pub max_session_s: u32,
}

/// An IAM user.
#[derive(Debug, Clone)]
pub struct User {
    /// Account it is in.
    pub account: String,
    /// Name.
    pub name: String,
    /// Long-term access key id (`AKIA…`).
    pub access_key_id: String,
    /// Its secret; a made-up one, this is no real account.
    pub secret_access_key: String,
    /// Identity policies, JSON.
    pub policies: Vec<String>,
}

/// The Pod Identity association of the portal.
#[derive(Debug, Clone)]
pub struct PodIdentity {
    /// Value of the `Authorization` header.
    pub token: String,
    /// Role handed out.
    pub role_arn: String,
    /// Length of its sessions, seconds.
    pub session_s: u32,
}

/// An EKS cluster in one region.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Name.
    pub name: String,
    /// Environment it serves.
    pub environment: String,
    /// Account.
    pub account: String,
    /// Region.
    pub region: String,
    /// Kubernetes namespace of the services.
    pub namespace: String,
    /// Kubernetes version.
    pub version: String,
    /// EKS status (`ACTIVE`, `UPDATING`, `FAILED`, …).
    pub status: String,
}

/// How much an access entry allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Read everything but secrets in the cluster's namespace.
    View,
    /// Read and write in the cluster's namespace.
    Edit,
}

/// An EKS access entry.
#[derive(Debug, Clone)]
pub struct Access {
    /// Role name, in the cluster's own account.
    pub role: String,
    /// What it may do.
    pub level: Level,
}

/// The container registries.
#[derive(Debug, Clone)]
pub struct Registry {
    /// First part of each repository name: `<prefix>/<service>`.
    pub prefix: String,
    /// Accounts that hold the images.
    pub accounts: Vec<String>,
}

/// A microservice.
#[derive(Debug, Clone)]
pub struct Service {
    /// Name of the service, its Deployment, its container.
    pub name: String,
    /// Owning team.
    pub team: String,
    /// Pods per cluster.
    pub replicas: u32,
    /// Version running at seed.
    pub running: String,
    /// Versions in the registry.
    pub versions: Vec<Version>,
    /// Whether clusters run it at seed.
    pub deployed: bool,
}

/// A version of a service in the registry.
#[derive(Debug, Clone)]
pub struct Version {
    /// Tag of the image.
    pub version: String,
    /// Regions whose registry has it.
    pub regions: Vec<String>,
}

/// The Jenkins controller.
#[derive(Debug, Clone)]
pub struct Jenkins {
    /// The one user.
    pub user: String,
    /// Its API token.
    pub token: String,
    /// Folder of the jobs.
    pub folder: String,
    /// Job name = prefix + service.
    pub job_prefix: String,
}

/// The digest of the image of a version: SHA-256 of the text `<service>:<version>`.
pub fn image_digest(service: &str, version: &str) -> String {
    use sha2::Digest as _;
    format!(
        "sha256:{}",
        hex::encode(sha2::Sha256::digest(format!("{service}:{version}")))
    )
}

impl Description {
    /// The shop seed that ships with the sandbox.
    pub fn shop() -> Self {
        Self::parse(SHOP).expect("the shipped world is valid: a test parses it")
    }

    /// Reads a file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is not a world", path.display()))
    }

    /// Reads a text; the error names every mistake, one a line.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let table: toml::Table = toml::from_str(text).context("not TOML")?;
        let mut mistakes = Mistakes::new();
        let mut reader = Reader::new(table, "", &mut mistakes);
        let mut world = Self::from_reader(&mut reader);
        reader.finish();
        world.check(&mut mistakes);
        anyhow::ensure!(
            mistakes.is_empty(),
            "{} mistakes:\n  {}",
            mistakes.len(),
            mistakes.join("\n  ")
        );
        world.access.dedup_by(|a, b| a.role == b.role);
        Ok(world)
    }

    fn from_reader(reader: &mut Reader<'_>) -> Self {
        let regions = reader.texts("regions");
        let accounts = reader.each("accounts", |r| Account {
            id: r.text("id"),
            name: r.text("name"),
        });
        let roles = reader
            .each("roles", read_roles)
            .into_iter()
            .flatten()
            .collect();
        let users = reader.each("users", read_user);
        let pod_identity = reader.maybe_one("pod_identity", |r| PodIdentity {
            token: r.text("token"),
            role_arn: r.text("role_arn"),
            session_s: r.number("session_s", 3600, 900..=43_200),
        });
        let clusters = reader
            .each("clusters", read_clusters)
            .into_iter()
            .flatten()
            .collect();
        let access = reader.each("access", |r| Access {
            role: r.text("role"),
            level: match r.text("level").as_str() {
                "edit" => Level::Edit,
                "view" | "" => Level::View,
                other => {
                    r.mistake("level", format_args!("must be view or edit, not {other:?}"));
                    Level::View
                }
            },
        });
        let registry = reader
            .maybe_one("registry", |r| Registry {
                prefix: r.text("prefix"),
                accounts: r.texts("accounts"),
            })
            .unwrap_or_else(|| Registry {
                prefix: "shop".into(),
                accounts: Vec::new(),
            });
        let mut services = reader.each("services", |r| read_service(r, &regions));
        if let Some(generated) = reader.maybe_one("generate", |r| generate(r, &regions)) {
            services.extend(generated);
        }
        let jenkins = reader
            .maybe_one("jenkins", |r| Jenkins {
                user: r.text("user"),
                token: r.text("token"),
                folder: r.text("folder"),
                job_prefix: r.text("job_prefix"),
            })
            .unwrap_or_else(|| Jenkins {
                user: "portolan".into(),
                token: "jenkins-api-token-portolan".into(),
                folder: "shop".into(),
                job_prefix: "deploy-".into(),
            });
        Self {
            regions,
            accounts,
            roles,
            users,
            pod_identity,
            clusters,
            access,
            registry,
            services,
            jenkins,
        }
    }

    /// What no single field can tell: references, duplicates, policies.
    fn check(&self, mistakes: &mut Mistakes) {
        let accounts: BTreeSet<_> = self
            .accounts
            .iter()
            .map(|account| account.id.as_str())
            .collect();
        for account in &self.accounts {
            if account.id.len() != 12 || !account.id.bytes().all(|b| b.is_ascii_digit()) {
                mistakes.push(format!(
                    "accounts[{}].id: must be twelve digits, not {:?}",
                    account.name, account.id
                ));
            }
        }
        let known = |place: String, account: &str, mistakes: &mut Mistakes| {
            if !account.is_empty() && !accounts.contains(account) {
                mistakes.push(format!("{place}: no account {account:?}"));
            }
        };
        for role in &self.roles {
            let place = format!("roles[{}]", role.name);
            known(format!("{place}.accounts"), &role.account, mistakes);
            let policies = role
                .policies
                .iter()
                .map(|policy| ("policies", policy))
                .chain(
                    role.permissions_boundary
                        .iter()
                        .map(|b| ("permissions_boundary", b)),
                );
            for (field, policy) in policies {
                check_policy(&format!("{place}.{field}"), Policy::parse(policy), mistakes);
            }
            check_policy(
                &format!("{place}.trust"),
                Policy::parse_trust(&role.trust),
                mistakes,
            );
        }
        for user in &self.users {
            known(
                format!("users[{}].account", user.name),
                &user.account,
                mistakes,
            );
            for policy in &user.policies {
                check_policy(
                    &format!("users[{}].policies", user.name),
                    Policy::parse(policy),
                    mistakes,
                );
            }
        }
        for cluster in &self.clusters {
            known(
                format!("clusters[{}].account", cluster.name),
                &cluster.account,
                mistakes,
            );
            if !self.regions.contains(&cluster.region) {
                mistakes.push(format!(
                    "clusters[{}].regions: no region {:?}",
                    cluster.name, cluster.region
                ));
            }
        }
        for account in &self.registry.accounts {
            known("registry.accounts".to_owned(), account, mistakes);
        }
        for access in &self.access {
            if !self.roles.iter().any(|role| role.name == access.role) {
                mistakes.push(format!("access.role: no role {:?}", access.role));
            }
        }
        if let Some(pod) = &self.pod_identity
            && !self.roles.iter().any(|role| role.arn() == pod.role_arn)
        {
            mistakes.push(format!("pod_identity.role_arn: no role {:?}", pod.role_arn));
        }
        for service in &self.services {
            let place = format!("services[{}]", service.name);
            if !service
                .versions
                .iter()
                .any(|version| version.version == service.running)
            {
                mistakes.push(format!(
                    "{place}.running: {:?} is not among its versions",
                    service.running
                ));
            }
            for region in service.versions.iter().flat_map(|version| &version.regions) {
                if !self.regions.contains(region) {
                    mistakes.push(format!("{place}.only_in: no region {region:?}"));
                }
            }
        }
        duplicates(
            "accounts",
            self.accounts.iter().map(|a| a.id.clone()),
            mistakes,
        );
        duplicates("roles", self.roles.iter().map(Role::arn), mistakes);
        duplicates(
            "users",
            self.users.iter().map(|u| u.access_key_id.clone()),
            mistakes,
        );
        duplicates(
            "clusters",
            self.clusters
                .iter()
                .map(|c| format!("{} {} {}", c.account, c.region, c.name)),
            mistakes,
        );
        duplicates(
            "services",
            self.services.iter().map(|s| s.name.clone()),
            mistakes,
        );
    }
}

impl Role {
    /// `arn:aws:iam::<account>:role/<name>`
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:role/{}", self.account, self.name)
    }
}

fn check_policy(place: &str, parsed: Result<Policy, Malformed>, mistakes: &mut Mistakes) {
    if let Err(error) = parsed {
        mistakes.push(format!("{place}: {error}"));
    }
}

fn duplicates(place: &str, names: impl Iterator<Item = String>, mistakes: &mut Mistakes) {
    let mut seen = BTreeSet::new();
    for name in names {
        if !name.is_empty() && !seen.insert(name.clone()) {
            mistakes.push(format!("{place}: {name:?} is there twice"));
        }
    }
}

/// One table stands for the role in each of its accounts; `<account>` in a policy is that account.
fn read_roles(r: &mut Reader<'_>) -> Vec<Role> {
    let name = r.text("name");
    let accounts = r.texts("accounts");
    let trust = r.text("trust");
    let policies = r.maybe_texts("policies").unwrap_or_default();
    let boundary = r.maybe_text("permissions_boundary");
    let max_session_s = r.number("max_session_s", 3600, 3600..=43_200);
    let here = |policy: &String, account: &str| policy.replace("<account>", account);
    accounts
        .iter()
        .map(|account| Role {
            account: account.clone(),
            name: name.clone(),
            trust: here(&trust, account),
            policies: policies
                .iter()
                .map(|policy| here(policy, account))
                .collect(),
            permissions_boundary: boundary.as_ref().map(|policy| here(policy, account)),
            max_session_s,
        })
        .collect()
}

fn read_user(r: &mut Reader<'_>) -> User {
    User {
        account: r.text("account"),
        name: r.text("name"),
        access_key_id: r.text("access_key_id"),
        secret_access_key: r.text("secret_access_key"),
        policies: r.maybe_texts("policies").unwrap_or_default(),
    }
}

fn read_clusters(r: &mut Reader<'_>) -> Vec<Cluster> {
    let cluster = Cluster {
        name: r.text("name"),
        environment: r.text("environment"),
        account: r.text("account"),
        region: String::new(),
        namespace: r.text("namespace"),
        version: r.maybe_text("version").unwrap_or_else(|| "1.33".to_owned()),
        status: r
            .maybe_text("status")
            .unwrap_or_else(|| "ACTIVE".to_owned()),
    };
    r.texts("regions")
        .into_iter()
        .map(|region| Cluster {
            region,
            ..cluster.clone()
        })
        .collect()
}

fn read_service(r: &mut Reader<'_>, regions: &[String]) -> Service {
    let versions = r.texts("versions").into_iter().map(|version| Version {
        version,
        regions: regions.to_vec(),
    });
    let mut service = Service {
        name: r.text("name"),
        team: r.text("team"),
        replicas: r.number("replicas", 2, 0..=100),
        running: r.text("running"),
        versions: versions.collect(),
        deployed: r.flag("deployed", true),
    };
    let partial = r.each("only_in", |r| Version {
        version: r.text("version"),
        regions: r.texts("regions"),
    });
    service.versions.extend(partial);
    service
}

/// `[generate]`: many services of one make, for load.
fn generate(r: &mut Reader<'_>, regions: &[String]) -> Vec<Service> {
    let count = r.number("services", 0, 0..=100_000);
    let prefix = r
        .maybe_text("prefix")
        .unwrap_or_else(|| "service".to_owned());
    let teams = r
        .maybe_texts("teams")
        .filter(|teams| !teams.is_empty())
        .unwrap_or_else(|| vec!["platform".to_owned()]);
    let replicas = r.number("replicas", 2, 0..=100);
    let deployed = r.flag("deployed", false);
    (1..=count)
        .zip(teams.iter().cycle())
        .map(|(number, team)| Service {
            name: format!("{prefix}-{number:05}"),
            team: team.clone(),
            replicas,
            running: "1.0.0".to_owned(),
            versions: vec![Version {
                version: "1.0.0".to_owned(),
                regions: regions.to_vec(),
            }],
            deployed,
        })
        .collect()
}
