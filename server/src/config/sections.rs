//! The sections of the configuration, each read whole before anything is given up.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use control::settings::{JenkinsSettings, Settings, Times};
use domain::policy::PolicySet;
use secrecy::ExposeSecret;
use sqlx::postgres::PgConnectOptions;

use super::{
    Config, Database, Limits, LogFormat, Worker, outside, places,
    reader::Reader,
    values::{address, duration, parsed, path, text, within},
};

pub(super) fn all(r: &mut Reader<'_>, site_root: PathBuf) -> Option<Config> {
    let listen = r.or(
        "listen",
        SocketAddr::from(([127, 0, 0, 1], 3000)),
        "an address and port such as 127.0.0.1:3000",
        parsed,
    );
    let metrics_listen = r.optional(
        "metrics_listen",
        "an address and port such as 0.0.0.0:9464",
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
    let oidc = r.section("oidc", outside::oidc);
    let worker = r.section("worker", |r| {
        Some(Worker {
            embedded: r.or("embedded", true, "true or false", parsed)?,
        })
    });
    let limits = r.section("limits", limits);
    let times = r.section("times", times);
    let aws = r.section("aws", outside::aws);
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
    let environments = places::environments(r, region_pairs.as_deref());
    let policies = r.section("policy", policies);
    let rules = places::rules(r, environments.as_deref(), policies.as_ref());
    let (rules, rules_source) = rules?;
    Some(Config {
        listen: listen?,
        metrics_listen,
        proxies: proxies?,
        log: log?,
        site_root: site_root?,
        database: database?,
        oidc: oidc?,
        worker: worker?,
        limits: limits?,
        rules,
        rules_source,
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
    let worker_connections = r.or(
        "worker_connections",
        4,
        "how many connections the worker has besides, one of them for claiming, 2 to 50",
        within(2, 50, parsed),
    );
    Some(Database {
        url: url?,
        owner_url: owner_url?,
        connections: connections?,
        worker_connections: worker_connections?,
    })
}

fn is_postgres(url: &str) -> bool {
    let scheme = url.starts_with("postgres://") || url.starts_with("postgresql://");
    scheme && url.parse::<PgConnectOptions>().is_ok()
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
    let (writes, cross_site) = (per_minute("writes", 600), per_minute("cross_site", 60));
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
        cross_site: cross_site?,
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
    let standing = time("standing", defaults.standing, s(HOUR), s(90 * 24 * HOUR));
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
        standing: standing?,
        ticket: ticket?,
        lease: lease?,
        poll: poll?,
        follow: follow?,
        pipeline: pipeline?,
        rollout: rollout?,
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
