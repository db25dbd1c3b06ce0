//! The identity provider and AWS: what the portal trusts and what it is trusted with.

use control::settings::AwsSettings;
use domain::JobRole;

use super::{
    Oidc,
    reader::Reader,
    values::{address, is_loopback, text},
};

/// Accepted when nothing else is configured: asymmetric, and verified by openidconnect.
const ALGORITHMS: [&str; 6] = ["EdDSA", "ES256", "ES384", "RS256", "RS384", "PS256"];

pub(super) fn oidc(r: &mut Reader<'_>) -> Option<Oidc> {
    let issuer = r.required(
        "issuer",
        "the identity provider's issuer, exactly as it names itself",
        |t| Ok((address(t)?, t.to_owned())),
    );
    let client_id = r.required(
        "client_id",
        "the portal's client id at the identity provider",
        text,
    );
    let client_secret = r.required_secret("client_secret", "the portal's client secret");
    let scopes = r.list("scopes", &["openid", "profile", "email", "groups"]);
    if scopes
        .as_ref()
        .is_some_and(|s| !s.iter().any(|one| one == "openid"))
    {
        r.wrong(
            "scopes",
            "lacks \"openid\", without which there is no ID token; add it",
        );
    }
    let login_claim = r.or(
        "login_claim",
        "preferred_username".to_owned(),
        "a claim's name",
        text,
    );
    let groups_claim = r.or("groups_claim", "groups".to_owned(), "a claim's name", text);
    let mfa_acr = r.list("mfa_acr", &[]);
    let mfa_amr = r.list("mfa_amr", &["otp", "mfa", "hwk"]);
    if mfa_acr.as_ref().is_some_and(Vec::is_empty) && mfa_amr.as_ref().is_some_and(Vec::is_empty) {
        r.wrong("mfa_acr", "and mfa_amr are both empty, so no sign-in would ever count as one with a second factor; fill one of them");
    }
    let step_up_acr = r.optional("step_up_acr", "the acr to ask for at step-up", text);
    let team_groups = r.or(
        "team_groups",
        "team-{team}".to_owned(),
        "a pattern with {team}, such as team-{team}",
        |t| {
            if t.matches("{team}").count() == 1 {
                Ok(t.to_owned())
            } else {
                Err("it holds {team} not exactly once".to_owned())
            }
        },
    );
    let job_roles = r.section("job_roles", |r| {
        let mut all = vec![];
        for role in JobRole::ALL {
            all.push((role, r.list(role.as_str(), &[])?));
        }
        if all.iter().all(|(_, groups)| groups.is_empty()) {
            r.wrong("developer", "and the other job roles name no group, so nobody would have any right; write developer = [\"group\"]");
        }
        Some(all)
    });
    let algorithms = r.list("algorithms", &ALGORITHMS);
    for name in algorithms.iter().flatten() {
        if crate::signin::algorithm(name).is_none() {
            r.wrong("algorithms", format!("'{name}' is not accepted; choose of EdDSA, ES256, ES384, RS256, RS384, RS512, PS256, PS384, PS512"));
        }
    }
    let (issuer, issuer_text) = issuer?;
    Some(Oidc {
        issuer,
        issuer_text,
        client_id: client_id?,
        client_secret: client_secret?,
        scopes: scopes?,
        login_claim: login_claim?,
        groups_claim: groups_claim?,
        mfa_acr: mfa_acr?,
        mfa_amr: mfa_amr?,
        step_up_acr,
        team_groups: team_groups?,
        job_roles: job_roles?,
        algorithms: algorithms?,
    })
}

pub(super) fn aws(r: &mut Reader<'_>) -> Option<AwsSettings> {
    let with = |holes: &'static [&'static str]| {
        move |t: &str| {
            let absent: Vec<_> = holes
                .iter()
                .filter(|hole| !t.contains(**hole))
                .copied()
                .collect();
            if absent.is_empty() {
                Ok(t.to_owned())
            } else {
                Err(format!("it lacks {}", absent.join(" and ")))
            }
        }
    };
    let endpoint = r.optional(
        "endpoint",
        "another address for every AWS service, or leave it out",
        |t| {
            let url = address(t)?;
            if is_loopback(&url) || url.scheme() == "https" {
                Ok(url)
            } else {
                Err("it is not safe".to_owned())
            }
        },
    );
    let job_role_arn = r.required(
        "job_role_arn",
        "the job roles, such as arn:aws:iam::{account}:role/portolan-job-{job_role}",
        with(&["{account}", "{job_role}"]),
    );
    let external_id = r.required(
        "external_id",
        "the external id, such as portolan-{account}",
        with(&["{account}"]),
    );
    let registry = r.or(
        "registry",
        "{account}.dkr.ecr.{region}.amazonaws.com".to_owned(),
        "the registry host, such as {account}.dkr.ecr.{region}.amazonaws.com",
        with(&["{account}", "{region}"]),
    );
    Some(AwsSettings {
        endpoint,
        job_role_arn: job_role_arn?,
        external_id: external_id?,
        registry: registry?,
    })
}
