//! Region pairs, environments and rules: configuration whose parts refer to each other.

use std::collections::{BTreeMap, BTreeSet};

use control::{
    rules::Source,
    settings::{EnvironmentSetting, RegionPair},
};
use domain::{
    EnvironmentName, RegionName, RuleSet,
    policy::PolicySet,
    rule::check::{Place, World},
};

use super::{
    reader::Reader,
    values::{parsed, path, text},
};

const REGION: &str = "an AWS region such as eu-west-1";

fn region(text: &str) -> Result<RegionName, String> {
    RegionName::parse(text).map_err(|e| e.to_string())
}

pub(super) fn region_pairs(r: &mut Reader<'_>) -> Option<Vec<RegionPair>> {
    let pairs = r.tables("region_pairs", |r| {
        let name = r.required("name", "a name for the pair", text);
        let active = r.required("active", REGION, region);
        let passive = r.required("passive", REGION, region);
        if active.is_some() && active == passive {
            r.wrong("passive", "is the active region too; write the other one");
        }
        Some(RegionPair {
            name: name?,
            active: active?,
            passive: passive?,
        })
    })?;
    if pairs.is_empty() {
        r.wrong(
            "region_pairs",
            "is missing; write [[region_pairs]] with name, active and passive",
        );
    }
    for (i, pair) in pairs.iter().enumerate() {
        if pairs[..i].iter().any(|earlier| earlier.name == pair.name) {
            r.wrong(
                "region_pairs",
                format!("'{}' stands twice; names are unique", pair.name),
            );
        }
    }
    Some(pairs)
}

pub(super) fn environments(
    r: &mut Reader<'_>,
    pairs: Option<&[RegionPair]>,
) -> Option<Vec<EnvironmentSetting>> {
    let found = r.tables("environments", |r| environment(r, pairs))?;
    distinct(r, found)
}

fn distinct(
    r: &Reader<'_>,
    environments: Vec<EnvironmentSetting>,
) -> Option<Vec<EnvironmentSetting>> {
    if environments.is_empty() {
        r.wrong("environments", "is missing; write [[environments]] with name, title, protected, account, namespace and clusters");
    }
    for (i, one) in environments.iter().enumerate() {
        if environments[..i]
            .iter()
            .any(|earlier| earlier.name == one.name)
        {
            r.wrong(
                "environments",
                format!("'{}' stands twice; names are unique", one.name),
            );
        }
        if let Some(from) = &one.promote_from
            && !environments[..i]
                .iter()
                .any(|earlier| earlier.name == *from)
        {
            // Only what stands before: so there is no circle of environments that wait for each other.
            r.wrong(
                "environments",
                format!(
                    "'{}' has promote_from = \"{from}\", which is no environment before it",
                    one.name
                ),
            );
        }
    }
    Some(environments)
}

fn environment(r: &mut Reader<'_>, pairs: Option<&[RegionPair]>) -> Option<EnvironmentSetting> {
    let name = r.required("name", "a name such as staging", |t| {
        EnvironmentName::parse(t).map_err(|e| e.to_string())
    });
    let title = r.required("title", "a title for people", text);
    // Not defaulted: forgetting it would leave a production unprotected.
    let protected = r.required("protected", "true or false", parsed);
    let account = r.required(
        "account",
        "an AWS account of twelve digits, in quotes",
        |t| {
            if t.len() == 12 && t.bytes().all(|b| b.is_ascii_digit()) {
                Ok(t.to_owned())
            } else {
                Err("it has not twelve digits".to_owned())
            }
        },
    );
    let namespace = r.required(
        "namespace",
        "the Kubernetes namespace of the services",
        text,
    );
    let pair = r.optional("region_pair", "the name of a region pair", text);
    let promote_from = r.optional("promote_from", "the name of the environment before", |t| {
        EnvironmentName::parse(t).map_err(|e| e.to_string())
    });
    let clusters = r.section("clusters", |r| clusters(r));
    if let (Some(pairs), Some(clusters)) = (pairs, &clusters) {
        check_regions(r, pairs, pair.as_deref(), clusters);
    }
    Some(EnvironmentSetting {
        name: name?,
        title: title?,
        protected: protected?,
        account: account?,
        namespace: namespace?,
        region_pair: pair,
        promote_from,
        clusters: clusters?,
    })
}

fn clusters(r: &mut Reader<'_>) -> Option<BTreeMap<RegionName, String>> {
    let mut all = Some(BTreeMap::new());
    for (key, cluster) in r.pairs("the name of an EKS cluster")? {
        match (region(&key), &mut all) {
            (Ok(region), Some(all)) => {
                all.insert(region, cluster);
            }
            (Ok(_), None) => {}
            (Err(why), _) => {
                r.wrong(&key, format!("is no region ({why}); write {REGION}"));
                all = None;
            }
        }
    }
    all
}

/// One region of a known pair, or both of the pair the environment names.
fn check_regions(
    r: &Reader<'_>,
    pairs: &[RegionPair],
    pair: Option<&str>,
    clusters: &BTreeMap<RegionName, String>,
) {
    let here: BTreeSet<_> = clusters.keys().collect();
    if let Some(wanted) = pair {
        let Some(pair) = pairs.iter().find(|p| p.name == wanted) else {
            let known: Vec<_> = pairs.iter().map(|p| p.name.as_str()).collect();
            r.wrong(
                "region_pair",
                format!(
                    "'{wanted}' is no region pair; they are {}",
                    known.join(", ")
                ),
            );
            return;
        };
        if here != BTreeSet::from([&pair.active, &pair.passive]) {
            r.wrong("clusters", format!("does not name both regions of '{wanted}'; write clusters = {{ {} = \"…\", {} = \"…\" }}", pair.active, pair.passive));
        }
        return;
    }
    let known: BTreeSet<_> = pairs.iter().flat_map(|p| [&p.active, &p.passive]).collect();
    for region in here.difference(&known) {
        r.wrong(
            "clusters",
            format!("'{region}' is in no region pair; add it to one or correct it"),
        );
    }
    if here.len() != 1 {
        r.wrong(
            "clusters",
            format!(
                "names {} regions without region_pair; name one region, or the pair",
                here.len()
            ),
        );
    }
}

/// The rules, the file they are in, and what they may refer to.
pub(super) fn rules(
    r: &mut Reader<'_>,
    environments: Option<&[EnvironmentSetting]>,
    policies: Option<&PolicySet>,
) -> Option<(RuleSet, Source)> {
    let file = r.required("rules_file", "the path of a rules file", path)?;
    let place = |e: &EnvironmentSetting| Place {
        environment: e.name.clone(),
        protected: e.protected,
        regions: e.clusters.keys().cloned().collect(),
    };
    let world = World {
        places: environments.unwrap_or_default().iter().map(place).collect(),
        approvers: policies.map(PolicySet::approvers).unwrap_or_default(),
        ..World::default()
    };
    let bytes = match std::fs::read(&file) {
        Ok(bytes) => bytes,
        Err(why) => {
            let wrong = format!(
                "cannot read {}: {why}; write the path of a readable file",
                file.display()
            );
            r.wrong("rules_file", wrong);
            return None;
        }
    };
    match control::rules::file::read(&bytes, &world) {
        Ok(rules) => Some((rules, Source { file, world })),
        Err(all) => {
            for one in all {
                let line = one.line.map_or_else(String::new, |line| format!(":{line}"));
                r.wrong_in(format!("{}{line}", file.display()), one.wrong);
            }
            None
        }
    }
}
