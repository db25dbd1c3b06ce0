//! Which changes a rule is about.

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    ChangeKind, EnvironmentName, Evidence, RegionName, ServiceName, SystemName, TeamName, TierName,
    Version, run::words,
};

/// One or several values, any of which fits. Written as `"a"` or `["a", "b"]`; sorted, so that the order in which
/// they are written makes no other rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct AnyOf<T>(Vec<T>);

impl<T> AnyOf<T> {
    pub fn values(&self) -> &[T] {
        &self.0
    }
}

impl<T: Ord> AnyOf<T> {
    pub fn new(values: impl IntoIterator<Item = T>) -> Self {
        let mut all: Vec<T> = values.into_iter().collect();
        all.sort();
        all.dedup();
        Self(all)
    }
    pub fn includes(&self, value: &T) -> bool {
        self.0.binary_search(value).is_ok()
    }
}

impl<'de, T: Ord + Deserialize<'de>> Deserialize<'de> for AnyOf<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct OneOrMany<T>(std::marker::PhantomData<T>);
        impl<'de, T: Ord + Deserialize<'de>> serde::de::Visitor<'de> for OneOrMany<T> {
            type Value = AnyOf<T>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text or a list of texts")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<AnyOf<T>, E> {
                T::deserialize(serde::de::value::StrDeserializer::new(text))
                    .map(|one| AnyOf::new([one]))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut list: A,
            ) -> Result<AnyOf<T>, A::Error> {
                let mut all = vec![];
                while let Some(one) = list.next_element()? {
                    all.push(one);
                }
                Ok(AnyOf::new(all))
            }
        }
        from.deserialize_any(OneOrMany(std::marker::PhantomData))
    }
}

words! {
    /// How far a change moves a service: the greatest difference, over its regions, between the version that runs and
    /// the one that would. Versions are compared as `MAJOR.MINOR.PATCH`, a leading `v` aside: `major` where the first
    /// number differs, else `minor` where the second does, else `patch` where anything else does, else `none`.
    /// Backwards counts as far as forwards. Where nothing runs yet, or a version is not of that form, the size cannot
    /// be known and counts as `major`.
    Size {
        None = "none",
        Patch = "patch",
        Minor = "minor",
        Major = "major",
    }
}

impl Size {
    /// Between two versions.
    pub fn between(was: &Version, becomes: &Version) -> Self {
        if was == becomes {
            return Self::None;
        }
        match (numbers(was), numbers(becomes)) {
            (Some(a), Some(b)) if a.0 != b.0 => Self::Major,
            (Some(a), Some(b)) if a.1 != b.1 => Self::Minor,
            (Some(_), Some(_)) => Self::Patch,
            _ => Self::Major,
        }
    }

    /// Of a whole change.
    pub fn of(evidence: &Evidence) -> Self {
        let sizes = evidence.targets.iter().map(|target| {
            let becomes = &evidence.becomes(target).version;
            let was = target.current.as_ref().map(|current| &current.version);
            was.map_or(Self::Major, |was| Self::between(was, becomes))
        });
        sizes.max().unwrap_or(Self::Major)
    }
}

/// The first two of the three numbers; none where the version is of another form.
fn numbers(version: &Version) -> Option<(u64, u64)> {
    let text = version.as_str();
    let text = text.strip_prefix('v').unwrap_or(text);
    let core = text.split(['-', '+']).next()?;
    let mut parts = core.split('.').map(|part| {
        let plain = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| part.parse::<u64>().ok()).flatten()
    });
    let (major, minor, _patch) = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some((major, minor))
}

/// Which changes a rule is about. An absent field matches all; every field that is there must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Matches {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<AnyOf<ChangeKind>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<AnyOf<EnvironmentName>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protected: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<AnyOf<TeamName>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<AnyOf<ServiceName>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<AnyOf<SystemName>>,
    /// The service's `portolan/tier`. One without a tier is of none of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<AnyOf<TierName>>,
    /// Changes that touch any of these regions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<AnyOf<RegionName>>,
    /// Changes that touch at least so many regions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regions_from: Option<u32>,
    /// Changes of at least this size: a rule about `minor` is about `major` too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_from: Option<Size>,
}

/// What a rule looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts<'a> {
    pub kind: ChangeKind,
    pub environment: &'a EnvironmentName,
    pub protected: bool,
    pub team: &'a TeamName,
    pub service: &'a ServiceName,
    pub system: Option<&'a SystemName>,
    pub tier: Option<&'a TierName>,
    pub regions: Vec<&'a RegionName>,
    pub size: Size,
}

impl<'a> Facts<'a> {
    /// All of it follows from the evidence, so that approvals bind to what the rules looked at.
    pub fn of(evidence: &'a Evidence) -> Self {
        Self {
            kind: evidence.kind,
            environment: &evidence.environment,
            protected: evidence.protected,
            team: &evidence.team,
            service: &evidence.service,
            system: evidence.system.as_ref(),
            tier: evidence.tier.as_ref(),
            regions: evidence.targets.iter().map(|t| &t.region).collect(),
            size: Size::of(evidence),
        }
    }
}

impl Matches {
    pub fn matches(&self, facts: &Facts<'_>) -> bool {
        fn is<T: Ord>(want: Option<&AnyOf<T>>, have: Option<&T>) -> bool {
            want.is_none_or(|want| have.is_some_and(|have| want.includes(have)))
        }
        let touched = u32::try_from(facts.regions.len()).unwrap_or(u32::MAX);
        is(self.kind.as_ref(), Some(&facts.kind))
            && is(self.environment.as_ref(), Some(facts.environment))
            && self.protected.is_none_or(|want| want == facts.protected)
            && is(self.team.as_ref(), Some(facts.team))
            && is(self.service.as_ref(), Some(facts.service))
            && is(self.system.as_ref(), facts.system)
            && is(self.tier.as_ref(), facts.tier)
            && self
                .region
                .as_ref()
                .is_none_or(|want| facts.regions.iter().any(|r| want.includes(r)))
            && self.regions_from.is_none_or(|least| touched >= least)
            && self.size_from.is_none_or(|least| facts.size >= least)
    }

    /// In words, for a table of rules: "deploy to production of team checkout".
    pub fn words(&self) -> String {
        fn list<T: std::fmt::Display>(values: &AnyOf<T>) -> String {
            let all: Vec<String> = values.0.iter().map(ToString::to_string).collect();
            all.join(" or ")
        }
        let mut said = vec![];
        said.push(
            self.kind
                .as_ref()
                .map_or_else(|| "every change".to_owned(), list),
        );
        if let Some(environments) = &self.environment {
            said.push(format!("in {}", list(environments)));
        }
        match self.protected {
            Some(true) => said.push("in protected environments".to_owned()),
            Some(false) => said.push("in environments without protection".to_owned()),
            None => {}
        }
        if let Some(services) = &self.service {
            said.push(format!("of {}", list(services)));
        }
        if let Some(teams) = &self.team {
            said.push(format!("of team {}", list(teams)));
        }
        if let Some(systems) = &self.system {
            said.push(format!("of system {}", list(systems)));
        }
        if let Some(tiers) = &self.tier {
            said.push(format!("of tier {}", list(tiers)));
        }
        if let Some(regions) = &self.region {
            said.push(format!("that touches {}", list(regions)));
        }
        if let Some(least) = self.regions_from {
            said.push(format!("that touches {least} or more regions"));
        }
        if let Some(least) = self.size_from {
            said.push(format!("of size {least} or greater"));
        }
        said.join(" ")
    }
}
