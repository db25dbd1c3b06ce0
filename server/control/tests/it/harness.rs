//! A portal without its HTTP edge: people, a small catalogue, and time that tests turn.

use domain::{
    Authentication, Caller, CallerKind, EnvironmentName, GitCommit, ImageDigest, JobRole, Login,
    Person, PersonId, Reason, RequestId, RuleSet, ServiceName, SessionId, StartMode, TeamName,
    Version, policy::PolicySet,
};
use portolan_control::{
    Clock, Control, Outside, Settings,
    changes::NewChange,
    outside::PortalIdentity,
    releases::NewRelease,
    settings::{AwsSettings, EnvironmentSetting, JenkinsSettings, RegionPair, Times},
};
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use uuid::Uuid;

pub const CATALOG: &str = include_str!("catalog.yaml");

pub const RULES: &str = r#"[
    {"name": "dev", "match": {"environment": "dev"}, "require": []},
    {"name": "staging", "match": {"environment": "staging"}, "require": [{"count": 1, "of": "owning_team"}]},
    {"name": "protected", "match": {"protected": true}, "require": [{"count": 1, "of": {"job_role": "manager"}, "step_up": true}]}
]"#;

pub struct Portal {
    pub control: Control,
    pub clock: Clock,
    pub pool: PgPool,
}

pub fn policies() -> PolicySet {
    let schema = include_str!("../../../policy/portolan.cedarschema");
    let shipped = include_str!("../../../policy/portolan.cedar");
    PolicySet::parse(schema, &[("portolan.cedar".into(), shipped.into())])
        .expect("shipped policies")
}

pub fn rules(json: &str) -> RuleSet {
    RuleSet::new(serde_json::from_str(json).expect("rules")).expect("valid rules")
}

pub fn settings() -> Settings {
    let region = |r: &str| domain::RegionName::parse(r).expect("region");
    let environment = |name: &str, protected, pair: bool| EnvironmentSetting {
        name: EnvironmentName::parse(name).expect("environment"),
        title: name.to_owned(),
        protected,
        account: if protected {
            "300000000003"
        } else {
            "200000000002"
        }
        .into(),
        namespace: "shop".into(),
        region_pair: pair.then(|| "europe".into()),
        promote_from: None,
        clusters: if pair {
            vec!["eu-west-1", "eu-central-1"]
        } else {
            vec!["eu-west-1"]
        }
        .into_iter()
        .map(|r| (region(r), format!("shop-{name}")))
        .collect(),
    };
    Settings {
        public_url: "http://127.0.0.1:9".parse().expect("url"),
        region_pairs: vec![RegionPair {
            name: "europe".into(),
            active: region("eu-west-1"),
            passive: region("eu-central-1"),
        }],
        environments: vec![
            environment("dev", false, false),
            environment("staging", false, true),
            environment("production", true, true),
        ],
        catalog_folder: None,
        aws: AwsSettings {
            // Nobody listens there: these tests never leave the database.
            endpoint: Some("http://127.0.0.1:9".parse().expect("url")),
            job_role_arn: "arn:aws:iam::{account}:role/portolan-job-{job_role}".into(),
            external_id: "portolan-{account}".into(),
            registry: "{account}.dkr.ecr.{region}.amazonaws.com".into(),
        },
        jenkins: JenkinsSettings {
            url: "http://127.0.0.1:9/jenkins".parse().expect("url"),
            user: "portolan".into(),
            token: "token".into(),
        },
        times: Times::default(),
    }
}

impl Portal {
    pub async fn new(pool: PgPool) -> Self {
        Self::with(pool, RULES, settings()).await
    }

    pub async fn with(pool: PgPool, rule_text: &str, settings: Settings) -> Self {
        let clock = Clock::system();
        let outside = Outside::new(
            &settings.aws,
            &settings.jenkins,
            PortalIdentity::Environment,
        )
        .expect("outside");
        let control = Control::new(
            pool.clone(),
            policies(),
            rules(rule_text),
            settings,
            clock.clone(),
            outside,
        );
        control
            .apply_configured_environments()
            .await
            .expect("environments");
        Self {
            control,
            clock,
            pool,
        }
    }

    /// A person in the database, signed in by browser, with a fresh second factor where `mfa`.
    pub async fn person(
        &self,
        login: &str,
        roles: &[JobRole],
        teams: &[&str],
        mfa: bool,
    ) -> Caller {
        let person = Person {
            id: PersonId(Uuid::now_v7()),
            login: Login::parse(login).expect("login"),
            name: login.to_owned(),
            job_roles: roles.iter().copied().collect(),
            teams: teams
                .iter()
                .map(|t| TeamName::parse(*t).expect("team"))
                .collect(),
        };
        let roles: Vec<_> = person.job_roles.iter().map(|r| r.as_str()).collect();
        sqlx::query(
            "INSERT INTO person (id, issuer, subject, login, name, job_roles, teams, created_at, signed_in_at)
             VALUES ($1, 'https://idp.test', $2, $2, $2, $3, $4, now(), now())",
        )
        .bind(person.id.0)
        .bind(login)
        .bind(roles)
        .bind(teams)
        .execute(&self.pool)
        .await
        .expect("person");
        Caller {
            person,
            kind: CallerKind::Person {
                session: SessionId(Uuid::now_v7()),
                authentication: Authentication {
                    auth_time: self.control.now(),
                    mfa,
                },
            },
            request_id: RequestId(Uuid::now_v7()),
            ip: None,
        }
    }

    /// Developer of team checkout, manager, administrator; catalogue imported, releases 1.0.0 and 1.1.0 of cart.
    pub async fn shop(&self) -> (Caller, Caller) {
        let admin = self
            .person("administrator", &[JobRole::Administrator], &[], false)
            .await;
        let report = self
            .control
            .import_text(&admin, "shop", "catalog.yaml", CATALOG.into())
            .await
            .expect("import");
        assert!(report.problems.is_empty(), "{:?}", report.problems);
        let developer = self
            .person("developer", &[JobRole::Developer], &["checkout"], false)
            .await;
        let manager = self
            .person("manager", &[JobRole::Manager], &["checkout"], true)
            .await;
        for version in ["1.0.0", "1.1.0"] {
            self.control
                .register_release(&developer, &service("cart"), release("cart", version))
                .await
                .expect("release");
        }
        (developer, manager)
    }

    pub async fn kinds(&self, change: domain::ChangeId) -> Vec<String> {
        sqlx::query_scalar("SELECT kind FROM audit_event WHERE change_id = $1 ORDER BY id")
            .bind(change.0)
            .fetch_all(&self.pool)
            .await
            .expect("events")
    }
}

pub fn service(name: &str) -> ServiceName {
    ServiceName::parse(name).expect("service")
}

pub fn release(service: &str, version: &str) -> NewRelease {
    let digest = hex::encode(Sha256::digest(format!("{service}:{version}")));
    NewRelease {
        version: Version::parse(version).expect("version"),
        commit: GitCommit::parse("0123abc").expect("commit"),
        digest: ImageDigest::parse(format!("sha256:{digest}")).expect("digest"),
        build_url: None,
    }
}

pub fn deploy(version: &str, environment: &str) -> NewChange {
    NewChange {
        kind: domain::ChangeKind::Deploy,
        service: service("cart"),
        version: Version::parse(version).expect("version"),
        environment: EnvironmentName::parse(environment).expect("environment"),
        reason: Reason::parse("because").expect("reason"),
        start_mode: StartMode::Manual,
        retry_of: None,
        timing: portolan_control::changes::Timing::default(),
    }
}

/// What the record of a change says.
pub trait Recorded {
    /// Whether it went stale because this of its evidence was another, by its path.
    fn differs_in(&self, path: &str) -> bool;
}

impl Recorded for portolan_control::changes::ChangeDetail {
    fn differs_in(&self, path: &str) -> bool {
        let of = |data: &serde_json::Value| data["differences"].get(path).is_some();
        self.timeline.iter().any(|entry| of(&entry.data))
    }
}
