//! The AWS side of the world: roles, users, sessions, clusters, images.
use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::iam::{Policies, Policy, Principal};
use super::identity::Identity;
use crate::world::description::{self, Description};

/// Ended sessions are remembered this long, so that their use is told apart from the use of a made-up key.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// Fewer credentials than this are never purged.
const PURGE: usize = 10_000;

/// Characters of a session token that carries neither policies nor tags.
const TOKEN_BASE: usize = 720;
/// Longest session token, characters; AWS publishes no figure, this is what fits everywhere a token must travel.
pub(crate) const TOKEN_MOST: usize = 4096;

/// An IAM role.
#[derive(Debug)]
pub(crate) struct Role {
    pub(crate) account: String,
    pub(crate) name: String,
    pub(crate) arn: String,
    /// `AROA…`
    pub(crate) id: String,
    pub(crate) trust: Policy,
    pub(crate) policies: Vec<Policy>,
    pub(crate) boundary: Option<Policy>,
    pub(crate) max_session_s: u32,
}

/// What an access key is good for.
#[derive(Debug, Clone)]
pub(crate) struct Credential {
    pub(crate) identity: Identity,
    pub(crate) secret: String,
    /// Absent for a user's long-term key.
    pub(crate) token: Option<String>,
    pub(crate) issued: Timestamp,
    pub(crate) session_policies: Option<Vec<Policy>>,
    /// Transitive session tags, by lower-case key.
    pub(crate) transitive: BTreeSet<String>,
}

/// What a new session is made of.
#[derive(Debug, Default)]
pub(crate) struct NewSession {
    pub(crate) name: String,
    pub(crate) source_identity: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) transitive: BTreeSet<String>,
    pub(crate) policies: Option<Vec<Policy>>,
    pub(crate) seconds: u32,
    /// Bytes of policies and tags that the session token has to carry.
    pub(crate) packed_bytes: usize,
}

/// An image in one registry.
#[derive(Debug, Clone)]
pub struct Image {
    /// `sha256:…`
    pub digest: String,
    /// Tags, none for an untagged image.
    pub tags: Vec<String>,
    /// When it came.
    pub pushed: Timestamp,
}

/// Account, region, repository name.
type RepositoryKey = (String, String, String);

/// What changes while the world runs.
#[derive(Debug)]
pub struct State {
    pub(crate) roles: BTreeMap<String, Role>,
    credentials: BTreeMap<String, Credential>,
    user_policies: BTreeMap<String, Vec<Policy>>,
    clusters: Vec<description::Cluster>,
    pub(crate) repositories: BTreeMap<RepositoryKey, Vec<Image>>,
    pub(crate) created: Timestamp,
    /// What CloudWatch knows, for a test to put to and to clear.
    pub metrics: super::cloudwatch::Metrics,
    /// Number of credentials at which the ended ones are looked for; doubling keeps that cheap however many there are.
    purge_at: usize,
}

impl State {
    /// The state that the description asks for.
    pub fn seed(description: &Description, now: Timestamp) -> anyhow::Result<Self> {
        let created = Timestamp::from_second(now.as_second())?;
        let mut state = Self {
            roles: BTreeMap::new(),
            credentials: BTreeMap::new(),
            user_policies: BTreeMap::new(),
            clusters: description.clusters.clone(),
            repositories: BTreeMap::new(),
            created,
            metrics: super::cloudwatch::Metrics::default(),
            purge_at: PURGE,
        };
        for role in &description.roles {
            let arn = role.arn();
            let parse = |policy: &String| Policy::parse(policy);
            let role = Role {
                account: role.account.clone(),
                name: role.name.clone(),
                id: format!("AROA{}", stable_id(&arn, 17)),
                trust: Policy::parse_trust(&role.trust).with_context(|| arn.clone())?,
                policies: role
                    .policies
                    .iter()
                    .map(parse)
                    .collect::<Result<_, _>>()
                    .with_context(|| arn.clone())?,
                boundary: role
                    .permissions_boundary
                    .as_ref()
                    .map(parse)
                    .transpose()
                    .with_context(|| arn.clone())?,
                max_session_s: role.max_session_s,
                arn: arn.clone(),
            };
            state.roles.insert(arn, role);
        }
        for user in &description.users {
            let arn = format!("arn:aws:iam::{}:user/{}", user.account, user.name);
            let policies = user
                .policies
                .iter()
                .map(|policy| Policy::parse(policy))
                .collect::<Result<_, _>>();
            state
                .user_policies
                .insert(arn.clone(), policies.with_context(|| arn.clone())?);
            let identity = Identity {
                account: user.account.clone(),
                user_id: format!("AIDA{}", stable_id(&arn, 17)),
                arn,
                role_arn: None,
                role_name: None,
                session_name: None,
                source_identity: None,
                tags: BTreeMap::new(),
                access_key_id: user.access_key_id.clone(),
                expires: None,
            };
            let credential = Credential {
                identity,
                secret: user.secret_access_key.clone(),
                token: None,
                issued: created,
                session_policies: None,
                transitive: BTreeSet::new(),
            };
            state
                .credentials
                .insert(user.access_key_id.clone(), credential);
        }
        for account in &description.registry.accounts {
            for service in &description.services {
                // The repository exists in every region; an image may not have been replicated to it.
                let name = format!("{}/{}", description.registry.prefix, service.name);
                for region in &description.regions {
                    let images = service
                        .versions
                        .iter()
                        .filter(|version| version.regions.contains(region));
                    let images = images.map(|version| Image {
                        digest: description::image_digest(&service.name, &version.version),
                        tags: vec![version.version.clone()],
                        pushed: created,
                    });
                    state.repositories.insert(
                        (account.clone(), region.clone(), name.clone()),
                        images.collect(),
                    );
                }
            }
        }
        Ok(state)
    }

    /// Everything observable, for `GET /_world/state`. No secret, no session token.
    pub fn observe(&self) -> Value {
        let sessions = self
            .credentials
            .values()
            .filter(|credential| credential.token.is_some());
        let repositories: BTreeMap<_, _> = self
            .repositories
            .iter()
            .map(|((account, region, name), images)| {
                let tags: Vec<_> = images.iter().flat_map(|image| &image.tags).collect();
                (format!("{account}/{region}/{name}"), tags)
            })
            .take(1_000)
            .collect();
        let clusters: Vec<_> = self
            .clusters
            .iter()
            .map(|c| json!({ "name": c.name, "account": c.account, "region": c.region, "environment": c.environment, "status": c.status }))
            .collect();
        json!({
            "roles": self.roles.keys().collect::<Vec<_>>(),
            "sessions": sessions.map(|credential| &credential.identity).collect::<Vec<_>>(),
            "clusters": clusters,
            "metrics": self.metrics.count(),
            "repositories_total": self.repositories.len(),
            "repositories": repositories,
        })
    }

    /// The credential behind an access key.
    pub(crate) fn credential(&self, access_key_id: &str) -> Option<&Credential> {
        self.credentials.get(access_key_id)
    }

    /// Makes a session of a role; its credential is stored.
    pub(crate) fn issue(
        &mut self,
        role_arn: &str,
        new: NewSession,
        now: Timestamp,
    ) -> Option<Credential> {
        let role = self.roles.get(role_arn)?;
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let access_key_id = format!(
            "ASIA{}",
            random_text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)
        );
        let identity = Identity {
            account: role.account.clone(),
            arn: format!(
                "arn:aws:sts::{}:assumed-role/{}/{}",
                role.account, role.name, new.name
            ),
            user_id: format!("{}:{}", role.id, new.name),
            role_arn: Some(role.arn.clone()),
            role_name: Some(role.name.clone()),
            session_name: Some(new.name),
            source_identity: new.source_identity,
            tags: new.tags,
            access_key_id: access_key_id.clone(),
            expires: now
                .saturating_add(SignedDuration::from_secs(i64::from(new.seconds)))
                .ok(),
        };
        let credential = Credential {
            identity,
            secret: random_text(BASE64, 40),
            // As long as real ones are, so that limits on what carries them are felt.
            token: Some(format!(
                "IQoJb3JpZ2luX2Vj{}",
                random_text(BASE64, TOKEN_BASE + new.packed_bytes * 4 / 3)
            )),
            issued: now,
            session_policies: new.policies,
            transitive: new.transitive,
        };
        if self.credentials.len() >= self.purge_at {
            self.credentials.retain(|_, old| {
                old.identity
                    .expires
                    .is_none_or(|expires| now.duration_since(expires) < REMEMBERED)
            });
            self.purge_at = (self.credentials.len() * 2).max(PURGE);
        }
        self.credentials.insert(access_key_id, credential.clone());
        Some(credential)
    }

    /// The policies that bind a caller.
    pub(crate) fn policies<'a>(&'a self, caller: &'a Credential) -> Policies<'a> {
        match caller
            .identity
            .role_arn
            .as_ref()
            .and_then(|arn| self.roles.get(arn))
        {
            Some(role) => Policies {
                identity: &role.policies,
                boundary: role.boundary.as_ref(),
                session: caller.session_policies.as_deref(),
                trust: None,
            },
            None => Policies {
                identity: self
                    .user_policies
                    .get(&caller.identity.arn)
                    .map_or(&[], Vec::as_slice),
                ..Policies::default()
            },
        }
    }

    /// The cluster of that account, region and name.
    pub fn cluster(
        &self,
        account: &str,
        region: &str,
        name: &str,
    ) -> Option<&description::Cluster> {
        self.clusters
            .iter()
            .find(|c| c.account == account && c.region == region && c.name == name)
    }

    /// The cluster, for a test to alter.
    pub fn cluster_mut(
        &mut self,
        account: &str,
        region: &str,
        name: &str,
    ) -> Option<&mut description::Cluster> {
        self.clusters
            .iter_mut()
            .find(|c| c.account == account && c.region == region && c.name == name)
    }

    /// Names of the clusters of that account and region, sorted.
    pub(crate) fn cluster_names(&self, account: &str, region: &str) -> Vec<&str> {
        let here = self
            .clusters
            .iter()
            .filter(|c| c.account == account && c.region == region);
        let mut names: Vec<_> = here.map(|c| c.name.as_str()).collect();
        names.sort_unstable();
        names
    }

    /// The images of a repository, for a test to push to or to remove from; `None` if there is no such repository.
    pub fn images_mut(
        &mut self,
        account: &str,
        region: &str,
        repository: &str,
    ) -> Option<&mut Vec<Image>> {
        self.repositories
            .get_mut(&(account.to_owned(), region.to_owned(), repository.to_owned()))
    }
}

impl Credential {
    /// The caller as IAM sees it.
    pub(crate) fn principal(&self) -> Principal {
        Principal {
            arn: self.identity.arn.clone(),
            account: self.identity.account.clone(),
            role_arn: self.identity.role_arn.clone(),
        }
    }

    /// Whether the session has ended.
    pub(crate) fn ended(&self, now: Timestamp) -> bool {
        self.identity.expires.is_some_and(|expires| now >= expires)
    }
}

const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn random_text(alphabet: &[u8], length: usize) -> String {
    (0..length)
        .map(|_| char::from(alphabet[rand::random_range(0..alphabet.len())]))
        .collect()
}

/// An id that stays the same from start to start, as a role's does.
fn stable_id(of: &str, length: usize) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    Sha256::digest(of)
        .iter()
        .take(length)
        .map(|byte| char::from(alphabet[usize::from(*byte) % alphabet.len()]))
        .collect()
}
