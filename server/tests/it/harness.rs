//! A portal as people and programs see it.

pub mod attention;
pub mod back;
pub mod browser;
pub mod calendar;
pub mod keys;
pub mod op;
pub mod shop;

use control::{Clock, outside::PortalIdentity};
use portolan_server::{AppState, Config, serve};
use serde_json::Value;
use sqlx::{PgPool, Row as _};
use tokio::net::TcpListener;
use url::Url;

pub use browser::{Answer, Browser};
pub use op::Op;

/// The configuration of the local stack: what it says must be right, too.
pub const CONFIG: &str = include_str!("../../../local/portolan.toml");

/// A running portal. Dropped, it stops.
pub struct World {
    pub url: String,
    pub state: AppState,
    pub clock: Clock,
    pub op: Op,
    /// As the owner of the schema: tests look where the portal may not.
    pub pool: PgPool,
}

impl Drop for World {
    fn drop(&mut self) {
        self.state.stop();
    }
}

/// Variables that point the configuration at the parts of a test.
pub fn variables(url: &str, database: &str, issuer: &str) -> Vec<(String, String)> {
    let (catalogue, rules) = ("../local/catalog", "../local/rules.toml");
    [
        ("PORTOLAN_LISTEN", "127.0.0.1:0"),
        ("PORTOLAN_PUBLIC_URL", url),
        ("PORTOLAN_RULES_FILE", rules),
        ("PORTOLAN_CATALOG_FOLDER", catalogue),
        ("PORTOLAN_DATABASE__URL", database),
        ("PORTOLAN_DATABASE__CONNECTIONS", "5"),
        // Tests of the limits set their own; others are not to meet them.
        ("PORTOLAN_LIMITS__SIGN_IN", "100000"),
        ("PORTOLAN_LIMITS__CALLBACK", "100000"),
        ("PORTOLAN_LIMITS__WRITES", "100000"),
        ("PORTOLAN_LIMITS__CROSS_SITE", "100000"),
        ("PORTOLAN_OIDC__ISSUER", issuer),
        ("PORTOLAN_OIDC__CLIENT_SECRET", op::CLIENT_SECRET),
        ("PORTOLAN_JENKINS__TOKEN", "jenkins-token"),
        // Nobody listens there: what these tests do ends in the database.
        ("PORTOLAN_JENKINS__URL", "http://127.0.0.1:9/jenkins"),
        ("PORTOLAN_AWS__ENDPOINT", "http://127.0.0.1:9"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

impl World {
    pub async fn start(pool: PgPool) -> Self {
        Self::with(pool, &[]).await
    }

    /// With more variables of the configuration.
    pub async fn with(pool: PgPool, more: &[(&str, &str)]) -> Self {
        let op = Op::start().await;
        Self::over(pool, op, Clock::system(), more).await
    }

    /// Where production takes only what has succeeded in staging.
    pub async fn promoting(pool: PgPool) -> Self {
        let file = CONFIG.replace(
            "protected = true\n",
            "protected = true\npromote_from = \"staging\"\n",
        );
        let nobody = PortalIdentity::Environment;
        Self::of(&file, pool, Op::start().await, Clock::system(), nobody, &[]).await
    }

    /// As somebody at AWS: what pipelines redeem their tickets for is made by the portal.
    pub async fn as_somebody(pool: PgPool, who: PortalIdentity, more: &[(&str, &str)]) -> Self {
        Self::of(CONFIG, pool, Op::start().await, Clock::system(), who, more).await
    }

    /// Over an identity provider that is there already.
    pub async fn over(pool: PgPool, op: Op, clock: Clock, more: &[(&str, &str)]) -> Self {
        Self::of(CONFIG, pool, op, clock, PortalIdentity::Environment, more).await
    }

    async fn of(
        file: &str,
        pool: PgPool,
        op: Op,
        clock: Clock,
        who: PortalIdentity,
        more: &[(&str, &str)],
    ) -> Self {
        control::outside::install_tls();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let mut variables = variables(&url, &database_url(&pool), op.issuer());
        variables.extend(
            more.iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let config =
            Config::read("local/portolan.toml", file, variables).expect("the configuration");
        let state = AppState::build(config, clock.clone(), who)
            .await
            .expect("a portal");
        state.prepare().await.expect("prepared");
        let serving = state.clone();
        tokio::spawn(async move { serve::on(listener, &serving).await });
        op.let_portal(&url);
        Self {
            url,
            state,
            clock,
            op,
            pool,
        }
    }

    pub fn browser(&self) -> Browser {
        Browser::new(&self.url)
    }

    /// A browser in which this person is signed in.
    pub async fn signed_in(&self, login: &str) -> Browser {
        let mut browser = self.browser();
        let answer = self.op.sign_in(&mut browser, login).await;
        assert_eq!(answer.status, 303, "{login} signs in: {}", answer.text);
        browser
    }

    /// A browser with a fresh second factor.
    pub async fn stepped_up(&self, login: &str) -> Browser {
        let mut browser = self.signed_in(login).await;
        let answer = self.op.step_up(&mut browser, login).await;
        assert_eq!(answer.status, 303, "{login} steps up: {}", answer.text);
        browser
    }

    /// The records of all audit events of this kind, oldest first.
    pub async fn events(&self, kind: &str) -> Vec<Value> {
        let rows = sqlx::query("SELECT record FROM audit_event WHERE kind = $1 ORDER BY id")
            .bind(kind)
            .fetch_all(&self.pool)
            .await
            .expect("events");
        rows.iter()
            .map(|row| serde_json::from_str(row.get("record")).expect("a record"))
            .collect()
    }

    /// The kinds of all events but those of the start, oldest first.
    pub async fn kinds(&self) -> Vec<String> {
        sqlx::query_scalar(
            "SELECT kind FROM audit_event WHERE kind NOT IN ('environment.configured', 'rules.changed') ORDER BY id",
        )
        .fetch_all(&self.pool)
        .await
        .expect("kinds")
    }

    /// How many sessions belong to a person.
    pub async fn bound_sessions(&self) -> i64 {
        self.count("SELECT count(*) FROM session WHERE person_id IS NOT NULL")
            .await
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql)
            .fetch_one(&self.pool)
            .await
            .expect("a count")
    }
}

/// This test's database, entered as the role that the portal has: the tests run with its rights, not the owner's.
pub fn database_url(pool: &PgPool) -> String {
    let base = std::env::var("DATABASE_URL").expect("DATABASE_URL");
    let mut url = Url::parse(&base).expect("DATABASE_URL is an address");
    url.set_path(pool.connect_options().get_database().expect("a database"));
    url.query_pairs_mut()
        .append_pair("options", "-c role=portolan");
    url.into()
}
