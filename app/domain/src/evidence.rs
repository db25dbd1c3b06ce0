//! Exactly what will be done. Computed by the portal, never sent by a client;
//! an approval binds to its digest and to nothing else.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    ChangeId, ChangeKind, EnvironmentName, GitCommit, ImageDigest, Login, RegionName, ServiceName,
    SystemName, TeamName, TierName, Version, canonical, wave,
};

/// Which side of the pair a target is, at the time the evidence was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Passive,
    Active,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passive => "passive",
            Self::Active => "active",
        })
    }
}

/// A version as it runs, or ran, somewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    pub version: Version,
    pub digest: ImageDigest,
}

/// One region the change touches. Their order in [`Evidence::targets`] is the order of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    pub region: RegionName,
    pub side: Side,
    pub account: String,
    pub cluster: String,
    pub namespace: String,
    /// What the portal last verified there; `None` where nothing was ever deployed by it.
    pub current: Option<Running>,
    /// What will run there, where that is this region's own: a rollback goes back to what each region ran before.
    /// `None`: the change's one release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub becomes: Option<Becoming>,
}

/// The release that one region goes back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Becoming {
    pub version: Version,
    pub digest: ImageDigest,
    pub commit: GitCommit,
}

/// What the configuration says of where things are done: another Jenkins, another role or another portal is another
/// change than the one that was approved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Through {
    /// Where the pipelines run.
    pub jenkins: String,
    /// Where a pipeline redeems its ticket.
    pub portal: String,
    /// The role a person's sessions are of, with `{account}` and `{job_role}`.
    pub job_role_arn: String,
    pub external_id: String,
    /// The registry of the images, with `{account}` and `{region}`.
    pub registry: String,
    /// Another address for every AWS service; none for AWS itself.
    pub aws: Option<String>,
}

/// Exactly what will be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Form of this record; a change of its meaning is a new number.
    pub schema: u32,
    pub kind: ChangeKind,
    pub requester: Login,
    pub service: ServiceName,
    pub team: TeamName,
    /// The service's system and tier in the catalogue; rules match on them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<SystemName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<TierName>,
    pub version: Version,
    pub commit: GitCommit,
    /// ECR repository name, without registry.
    pub repository: String,
    pub digest: ImageDigest,
    pub environment: EnvironmentName,
    pub protected: bool,
    /// Jenkins job that deploys, as `folder/job`.
    pub pipeline: String,
    pub targets: Vec<Target>,
    /// The change that a rollback undoes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_of: Option<ChangeId>,
    /// Where it stops after its first region, and what decides whether it goes on; none: it goes on at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wave: Option<wave::Plan>,
    /// By which addresses and roles it is done; empty in evidence of schema 1, which therefore never equals today's.
    #[serde(default)]
    pub through: Through,
    /// Which rules were in force.
    pub rule_version: String,
    /// Policy set in force.
    pub policy_version: String,
}

impl Evidence {
    pub const SCHEMA: u32 = 3;

    /// What will run in this region.
    pub fn becomes(&self, target: &Target) -> Becoming {
        target.becomes.clone().unwrap_or_else(|| Becoming {
            version: self.version.clone(),
            digest: self.digest.clone(),
            commit: self.commit.clone(),
        })
    }

    /// How much of each region goes before the rest of it; none: no share does.
    pub fn share(&self) -> Option<wave::Percent> {
        let shares = self.wave.as_ref()?.share.as_ref()?;
        Some(shares.percent)
    }

    /// The canonical bytes and their digest.
    ///
    /// # Errors
    /// Never for a value of this type; the signature keeps the door open for fields that could fail.
    pub fn seal(&self) -> Result<(String, EvidenceDigest), serde_json::Error> {
        let text = canonical::to_string(self)?;
        let digest = EvidenceDigest(canonical::sha256(&text));
        Ok((text, digest))
    }

    /// What differs between this and `now`: path → (was, is). Empty when they are equal.
    pub fn differences(&self, now: &Self) -> BTreeMap<String, (String, String)> {
        let mut out = BTreeMap::new();
        if let (Ok(was), Ok(is)) = (serde_json::to_value(self), serde_json::to_value(now)) {
            compare("", &was, &is, &mut out);
        }
        out
    }

    /// The same for people, one clause for each thing that differs; the paths stand in the record.
    pub fn differences_in_words(&self, now: &Self) -> Vec<String> {
        let mut all = vec![];
        let mut say = |words: String| {
            if !all.contains(&words) {
                all.push(words);
            }
        };
        for path in self.differences(now).into_keys() {
            let mut parts = path.split('.');
            let (first, second) = (parts.next().unwrap_or_default(), parts.next());
            let at = second.and_then(|n| n.parse::<usize>().ok());
            let sides = at.and_then(|n| Some((self.targets.get(n)?, now.targets.get(n)?)));
            let what = match (first, parts.next(), sides) {
                ("targets", _, Some((was, is)))
                    if was.region != is.region || was.side != is.side =>
                {
                    "the regions, or which of them is active, have changed"
                }
                ("targets", Some("current"), Some((was, is))) => {
                    say(moved(was, is));
                    continue;
                }
                ("targets", Some("becomes"), Some((was, _))) => {
                    say(format!(
                        "there is another release to go back to in {}",
                        was.region
                    ));
                    continue;
                }
                ("targets", _, Some((was, _))) => {
                    say(format!(
                        "where and how it runs in {} has changed",
                        was.region
                    ));
                    continue;
                }
                ("targets", ..) => "it is about other regions",
                ("rule_version", ..) => "the rules have changed",
                ("policy_version", ..) => "the policies have changed",
                ("wave", ..) => "the waves have changed",
                ("through", ..) => "the addresses and roles it is done by have changed",
                ("team", ..) => "another team owns the service",
                ("digest" | "commit" | "version", ..) => "the release has changed",
                ("system" | "tier" | "pipeline" | "repository", ..) => {
                    "the service's entry in the catalogue has changed"
                }
                ("protected", ..) => "whether the environment is protected has changed",
                ("requester", ..) => "the requester signs in by another name",
                (other, ..) => {
                    say(format!("{} has changed", other.replace('_', " ")));
                    continue;
                }
            };
            say(what.to_owned());
        }
        all
    }
}

/// What runs in a region, then and now.
fn moved(was: &Target, is: &Target) -> String {
    let version = |of: &Target| of.current.as_ref().map(|current| current.version.clone());
    let region = &was.region;
    match (version(was), version(is)) {
        (Some(then), Some(now)) if then != now => {
            format!("{region} ran {then} then and runs {now} now")
        }
        (None, Some(now)) => format!("{region} runs {now} now, and nothing that is known then"),
        (Some(then), None) => {
            format!("{region} ran {then} then, and what runs there now is not known")
        }
        _ => format!("{region} runs another image of the same version now"),
    }
}

fn compare(path: &str, was: &Value, is: &Value, out: &mut BTreeMap<String, (String, String)>) {
    let join = |key: &str| {
        if path.is_empty() {
            key.to_owned()
        } else {
            format!("{path}.{key}")
        }
    };
    match (was, is) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|k| !a.contains_key(*k))) {
                let null = Value::Null;
                compare(
                    &join(key),
                    a.get(key).unwrap_or(&null),
                    b.get(key).unwrap_or(&null),
                    out,
                );
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (i, (x, y)) in a.iter().zip(b).enumerate() {
                compare(&join(&i.to_string()), x, y, out);
            }
        }
        (a, b) if a != b => {
            out.insert(path.to_owned(), (plain(a), plain(b)));
        }
        _ => {}
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "nothing".to_owned(),
        other => other.to_string(),
    }
}

/// SHA-256 of the evidence's canonical JSON. Shown and sent as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EvidenceDigest(pub [u8; 32]);

impl EvidenceDigest {
    /// The first twelve digits, enough for a person to compare at a glance.
    pub fn short(&self) -> String {
        hex::encode(&self.0[..6])
    }
}

impl FromStr for EvidenceDigest {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)
            .map_err(|_| "an evidence digest is 64 hexadecimal digits".to_owned())?;
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for EvidenceDigest {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<EvidenceDigest> for String {
    fn from(digest: EvidenceDigest) -> String {
        hex::encode(digest.0)
    }
}

impl fmt::Display for EvidenceDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for EvidenceDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EvidenceDigest({self})")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn sample() -> Evidence {
        Evidence {
            wave: Some(crate::wave::tests::plan()),
            ..without_wave()
        }
    }

    pub(crate) fn without_wave() -> Evidence {
        let digest = |c: char| {
            ImageDigest::parse(format!("sha256:{}", c.to_string().repeat(64))).expect("digest")
        };
        let target = |region: &str, side| Target {
            region: RegionName::parse(region).expect("region"),
            side,
            account: "300000000003".into(),
            cluster: "shop-production".into(),
            namespace: "shop".into(),
            current: Some(Running {
                version: Version::parse("1.0.0").expect("version"),
                digest: digest('a'),
            }),
            becomes: None,
        };
        Evidence {
            schema: Evidence::SCHEMA,
            kind: ChangeKind::Deploy,
            requester: Login::parse("developer").expect("login"),
            service: ServiceName::parse("cart").expect("service"),
            team: TeamName::parse("checkout").expect("team"),
            system: SystemName::parse("shop").ok(),
            tier: TierName::parse("1").ok(),
            version: Version::parse("1.1.0").expect("version"),
            commit: GitCommit::parse("0123abc").expect("commit"),
            repository: "shop/cart".into(),
            digest: digest('b'),
            environment: EnvironmentName::parse("production").expect("environment"),
            protected: true,
            pipeline: "shop/deploy-cart".into(),
            targets: vec![
                target("eu-central-1", Side::Passive),
                target("eu-west-1", Side::Active),
            ],
            rollback_of: None,
            wave: None,
            through: Through {
                jenkins: "https://jenkins.example.com/".into(),
                portal: "https://portolan.example.com/".into(),
                job_role_arn: "arn:aws:iam::{account}:role/portolan-job-{job_role}".into(),
                external_id: "portolan-{account}".into(),
                registry: "{account}.dkr.ecr.{region}.amazonaws.com".into(),
                aws: None,
            },
            rule_version: "r1".into(),
            policy_version: "p1".into(),
        }
    }

    #[test]
    fn every_field_counts() {
        let (text, digest) = sample().seal().expect("seals");
        let value: Value = serde_json::from_str(&text).expect("json");
        let mut paths = vec![];
        leaves("", &value, &mut paths);
        assert!(paths.len() > 20, "{paths:?}");
        for path in paths {
            let mut changed = value.clone();
            *changed.pointer_mut(&path).expect("path") = Value::String("other".into());
            let other = canonical::sha256(&canonical::to_string(&changed).expect("json"));
            assert_ne!(digest.0, other, "{path} does not count");
        }
    }

    fn leaves(path: &str, value: &Value, out: &mut Vec<String>) {
        match value {
            Value::Object(map) => map
                .iter()
                .for_each(|(k, v)| leaves(&format!("{path}/{k}"), v, out)),
            Value::Array(list) => list
                .iter()
                .enumerate()
                .for_each(|(i, v)| leaves(&format!("{path}/{i}"), v, out)),
            _ => out.push(path.to_owned()),
        }
    }

    #[test]
    fn differences_are_told_in_words_once_each() {
        let mut now = sample();
        now.rule_version = "r2".into();
        now.pipeline = "shop/other".into();
        now.repository = "shop/other".into();
        for target in &mut now.targets {
            target.current = None;
        }
        now.targets[0].current = Some(Running {
            version: Version::parse("2.0.0").expect("version"),
            digest: ImageDigest::parse(format!("sha256:{}", "c".repeat(64))).expect("digest"),
        });
        assert_eq!(
            sample().differences_in_words(&now),
            [
                "the service's entry in the catalogue has changed",
                "the rules have changed",
                "eu-central-1 ran 1.0.0 then and runs 2.0.0 now",
                "eu-west-1 ran 1.0.0 then, and what runs there now is not known",
            ]
        );
        assert!(sample().differences_in_words(&sample()).is_empty());
    }

    #[test]
    fn differences_name_the_path() {
        let mut now = sample();
        assert!(sample().differences(&now).is_empty());
        now.targets[1].current = None;
        now.rule_version = "r2".into();
        let names: Vec<_> = sample().differences(&now).into_keys().collect();
        assert_eq!(names, ["rule_version", "targets.1.current"]);
    }
}
