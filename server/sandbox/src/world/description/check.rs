//! What a world must agree with itself on; one function, because it is one list of demands.
use std::collections::BTreeSet;

use super::super::reader::Mistakes;
use super::{Description, Role};
use crate::aws::iam::{Malformed, Policy};

/// What no single field can tell: references, duplicates, policies.
pub(super) fn world(world: &Description, mistakes: &mut Mistakes) {
    let accounts: BTreeSet<_> = world
        .accounts
        .iter()
        .map(|account| account.id.as_str())
        .collect();
    for account in &world.accounts {
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
    for role in &world.roles {
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
    for user in &world.users {
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
    for cluster in &world.clusters {
        known(
            format!("clusters[{}].account", cluster.name),
            &cluster.account,
            mistakes,
        );
        if !world.regions.contains(&cluster.region) {
            mistakes.push(format!(
                "clusters[{}].regions: no region {:?}",
                cluster.name, cluster.region
            ));
        }
    }
    for account in &world.registry.accounts {
        known("registry.accounts".to_owned(), account, mistakes);
    }
    for access in &world.access {
        if !world.roles.iter().any(|role| role.name == access.role) {
            mistakes.push(format!("access.role: no role {:?}", access.role));
        }
    }
    if let Some(pod) = &world.pod_identity
        && !world.roles.iter().any(|role| role.arn() == pod.role_arn)
    {
        mistakes.push(format!("pod_identity.role_arn: no role {:?}", pod.role_arn));
    }
    for service in &world.services {
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
            if !world.regions.contains(region) {
                mistakes.push(format!("{place}.only_in: no region {region:?}"));
            }
        }
    }
    duplicates(
        "accounts",
        world.accounts.iter().map(|a| a.id.clone()),
        mistakes,
    );
    duplicates("roles", world.roles.iter().map(Role::arn), mistakes);
    duplicates(
        "users",
        world.users.iter().map(|u| u.access_key_id.clone()),
        mistakes,
    );
    duplicates(
        "clusters",
        world
            .clusters
            .iter()
            .map(|c| format!("{} {} {}", c.account, c.region, c.name)),
        mistakes,
    );
    duplicates(
        "services",
        world.services.iter().map(|s| s.name.clone()),
        mistakes,
    );
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
