//! The description of a world: what a TOML file may say, and what it must agree with.
//!
//! A file with mistakes is refused as a whole, every mistake named.
mod check;
mod read;

use std::path::Path;

use anyhow::Context as _;

use super::reader::{Mistakes, Reader};

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
        let world = read::world(&mut reader);
        reader.finish();
        check::world(&world, &mut mistakes);
        anyhow::ensure!(
            mistakes.is_empty(),
            "{} mistakes:\n  {}",
            mistakes.len(),
            mistakes.join("\n  ")
        );
        Ok(world)
    }
}

impl Role {
    /// `arn:aws:iam::<account>:role/<name>`
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:role/{}", self.account, self.name)
    }
}
