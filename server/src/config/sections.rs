//! The sections of the configuration, each read whole before anything is given up.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use control::settings::{AwsSettings, JenkinsSettings, Settings, Times};
use domain::{JobRole, policy::PolicySet};
use secrecy::ExposeSecret;
use sqlx::postgres::PgConnectOptions;

use super::{
    Config, Database, Limits, LogFormat, Oidc, Worker, places,
    reader::{Reader, address, duration, is_loopback, parsed, path, text, within},
};

/// Accepted when nothing else is configured: asymmetric, and verified by openidconnect.
const ALGORITHMS: [&str; 6] = ["EdDSA", "ES256", "ES384", "RS256", "RS384", "PS256"];

pub(super) fn all(r: &mut Reader<'_>, site_root: PathBuf) -> Option<Config> {
    let listen = r.or(
        "listen",
        SocketAddr::from(([127, 0, 0, 1], 3000)),
        "an address and port such as 127.0.0.1:3000",
        parsed,
    );
    let public_url = r.required(
        "public_url",
        "the address people reach the portal at, such as https://portolan.example.com",
        |t| {
            let url = address(t)?;
            if url.path() == "/" {
                Ok(url)
            } else {
                Err("it has a path; the portal lives at the root of its host".to_owned())
            }
        },
    );
    let proxies = r.or(
        "proxies",
        0,
        "how many proxies of yours stand in front, 0 to 5",
        within(0, 5, parsed),
    );
    let log = r.or(
        "log",
        LogFormat::Text,
        "\"text\" or \"json\"",
        |t| match t {
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            _ => Err("unknown".to_owned()),
        },
    );
    let site_root = r.or(
        "site_root",
        site_root,
        "the folder that cargo-leptos built",
        path,
    );
    let catalog_folder = r.optional(
        "catalog_folder",
        "a folder of catalog-info.yaml files",
        folder,
    );
    let database = r.section("database", database);
    let oidc = r.section("oidc", oidc);
    let worker = r.section("worker", |r| {
        Some(Worker {
            embedded: r.or("embedded", true, "true or false", parsed)?,
        })
    });
    let limits = r.section("limits", limits);
    let times = r.section("times", times);
    let aws = r.section("aws", aws);
    let jenkins = r.section("jenkins", |r| {
        let url = r.required("url", "Jenkins' address, with its context path", address);
        let user = r.required("user", "the Jenkins user the portal is", text);
        let token = r.required_secret("token", "that user's API token");
        Some(JenkinsSettings {
            url: url?,
            user: user?,
            token: token?,
        })
    });
    let region_pairs = places::region_pairs(r);
    let (environments, names) = places::environments(r, region_pairs.as_deref());
    let rules = places::rules(r, &names);
    let policies = r.section("policy", policies);
    Some(Config {
        listen: listen?,
        proxies: proxies?,
        log: log?,
        site_root: site_root?,
        database: database?,
        oidc: oidc?,
        worker: worker?,
        limits: limits?,
        rules: rules?,
        policies: policies?,
        settings: Settings {
            public_url: public_url?,
            region_pairs: region_pairs?,
            environments: environments?,
            catalog_folder,
            aws: aws?,
            jenkins: jenkins?,
            times: times?,
        },
    })
}

fn folder(text: &str) -> Result<PathBuf, String> {
    let path = path(text)?;
    if path.is_dir() {
        Ok(path)
    } else {
        Err("there is no such folder".to_owned())
    }
}

fn database(r: &mut Reader<'_>) -> Option<Database> {
    let what = "postgres://role:password@host:port/database";
    let url = r.required_secret("url", what);
    let owner_url = r.secret("owner_url", what);
    for (key, secret) in [
        ("url", url.as_ref()),
        ("owner_url", owner_url.as_ref().and_then(Option::as_ref)),
    ] {
        if secret.is_some_and(|s| !is_postgres(s.expose_secret())) {
            // Not the reason: it would quote the address, and with it the password.
            r.wrong(key, format!("is no Postgres address; write {what}"));
        }
    }
    let connections = r.or(
        "connections",
        16,
        "how many connections to keep, 2 to 200",
        within(2, 200, parsed),
    );
    Some(Database {
        url: url?,
        owner_url: owner_url?,
        connections: connections?,
    })
}

fn is_postgres(url: &str) -> bool {
    let scheme = url.starts_with("postgres://") || url.starts_with("postgresql://");
    scheme && url.parse::<PgConnectOptions>().is_ok()
}

fn oidc(r: &mut Reader<'_>) -> Option<Oidc> {
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

fn limits(r: &mut Reader<'_>) -> Option<Limits> {
    let mut per_minute = |key: &str, default: u32| {
        r.or(
            key,
            default,
            "a number per minute, 1 to 100000",
            within(1, 100_000, parsed),
        )
    };
    let (sign_in, callback) = (per_minute("sign_in", 60), per_minute("callback", 60));
    let (redeem, failed_token) = (per_minute("redeem", 120), per_minute("failed_token", 30));
    let writes = per_minute("writes", 600);
    let request_timeout = r.or(
        "request_timeout",
        Duration::from_secs(30),
        "a time such as 30s",
        within(Duration::from_secs(1), Duration::from_secs(300), duration),
    );
    Some(Limits {
        sign_in: sign_in?,
        callback: callback?,
        redeem: redeem?,
        failed_token: failed_token?,
        writes: writes?,
        request_timeout: request_timeout?,
    })
}

fn times(r: &mut Reader<'_>) -> Option<Times> {
    const HOUR: u64 = 3600;
    let defaults = Times::default();
    let mut time = |key: &str, default: Duration, low: Duration, high: Duration| {
        let what = format!("a time between {low:?} and {high:?}, such as 15s, 5m, 12h or 7d");
        r.or(key, default, &what, within(low, high, duration))
    };
    let (ms, s) = (Duration::from_millis, Duration::from_secs);
    let change_expires = time(
        "change_expires",
        defaults.change_expires,
        s(60),
        s(90 * 24 * HOUR),
    );
    let session_idle = time("session_idle", defaults.session_idle, s(60), s(24 * HOUR));
    let session_absolute = time(
        "session_absolute",
        defaults.session_absolute,
        s(300),
        s(7 * 24 * HOUR),
    );
    let token_max = time("token_max", defaults.token_max, s(HOUR), s(90 * 24 * HOUR));
    let ticket = time("ticket", defaults.ticket, s(60), s(24 * HOUR));
    let lease = time("lease", defaults.lease, s(1), s(600));
    let poll = time("poll", defaults.poll, ms(10), s(60));
    let follow = time("follow", defaults.follow, ms(10), s(60));
    let pipeline = time("pipeline", defaults.pipeline, s(1), s(24 * HOUR));
    let rollout = time("rollout", defaults.rollout, s(1), s(24 * HOUR));
    if session_idle > session_absolute {
        r.wrong(
            "session_idle",
            "is longer than session_absolute; make it shorter",
        );
    }
    Some(Times {
        change_expires: change_expires?,
        session_idle: session_idle?,
        session_absolute: session_absolute?,
        token_max: token_max?,
        ticket: ticket?,
        lease: lease?,
        poll: poll?,
        follow: follow?,
        pipeline: pipeline?,
        rollout: rollout?,
    })
}

fn aws(r: &mut Reader<'_>) -> Option<AwsSettings> {
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

/// The shipped policies, or every `*.cedar` file of the configured folder instead.
fn policies(r: &mut Reader<'_>) -> Option<PolicySet> {
    const SCHEMA: &str = include_str!("../../policy/portolan.cedarschema");
    const SHIPPED: &str = include_str!("../../policy/portolan.cedar");
    let folder = r.optional("folder", "a folder of *.cedar files", folder);
    let files = match folder {
        None => vec![("portolan.cedar".to_owned(), SHIPPED.to_owned())],
        Some(folder) => match cedar_files(&folder) {
            Ok(files) => files,
            Err(why) => {
                r.wrong("folder", why);
                return None;
            }
        },
    };
    match PolicySet::parse(SCHEMA, &files) {
        Ok(policies) => Some(policies),
        Err(all) => {
            for one in all {
                r.wrong("folder", one);
            }
            None
        }
    }
}

fn cedar_files(folder: &std::path::Path) -> Result<Vec<(String, String)>, String> {
    let unreadable = |why: std::io::Error| format!("cannot be read: {why}");
    let mut files = vec![];
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|e| e == "cedar") {
            let text =
                std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            files.push((path.display().to_string(), text));
        }
    }
    files.sort();
    Ok(files)
}
