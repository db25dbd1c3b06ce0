//! From TOML tables to a world; mistakes are collected, not stopped at.
use super::super::reader::Reader;
use super::{
    Access, Account, Cluster, Description, Jenkins, Level, PodIdentity, Registry, Role, Service,
    User, Version,
};

/// The whole file.
pub(super) fn world(reader: &mut Reader<'_>) -> Description {
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
    Description {
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
