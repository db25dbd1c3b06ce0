//! Canaries: secrets of the configuration and of people must never come back, whoever asks for what.

use sqlx::PgPool;

use crate::{
    harness::{World, shop::OWN},
    routes,
};

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn no_answer_holds_a_secret(pool: PgPool) {
    let world = World::with(
        pool,
        &[("PORTOLAN_JENKINS__TOKEN", "jenkins-token-tell-tale")],
    )
    .await
    .with_shop()
    .await;
    let (token, _) = world.token("developer", &["read"]).await;
    let change = world.waiting(OWN, "staging").await;
    let id = change["id"].as_str().expect("an id");
    let mut asked = 0;
    for login in [
        "developer",
        "manager",
        "operator",
        "auditor",
        "administrator",
        "outsider",
    ] {
        let mut browser = world.stepped_up(login).await;
        let cookie = browser.session_cookie().expect("a session").clone();
        let secrets = [
            "tell-tale",
            token.as_str(),
            cookie.as_str(),
            "eyJhbGciOi",
            "role%3Dportolan",
            "postgres://",
        ];
        for (method, path) in routes::of_the_router(&world.state) {
            if method != "GET" || path.contains("__private") || path.ends_with("/events") {
                continue;
            }
            let path = path.replace("{name}", OWN).replace("{id}", id);
            let path = if path.ends_with("/audit/export") {
                format!("{path}?format=jsonl")
            } else {
                path
            };
            let answer = browser.clone().get(&path).await;
            let headers: String = answer
                .headers
                .iter()
                .flat_map(|(n, v)| {
                    [
                        n.as_str().to_owned(),
                        String::from_utf8_lossy(v.as_bytes()).into_owned(),
                    ]
                })
                .collect::<Vec<_>>()
                .join("\n");
            for secret in secrets {
                // The browser's own cookie may be set again, to itself.
                let in_headers = headers.contains(secret) && secret != cookie;
                assert!(
                    !answer.text.contains(secret) && !in_headers,
                    "{secret} in {login}'s {path}"
                );
            }
            asked += 1;
        }
        browser.get("/").await;
    }
    assert!(asked > 200, "{asked}");
}

/// The audit log tells much; no secret.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_log_and_the_tables_hold_no_secret(pool: PgPool) {
    let world = World::start(pool).await;
    let (token, _) = world.token("developer", &["read"]).await;
    let browser = world.signed_in("developer").await;
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
            .fetch_all(&world.pool)
            .await
            .expect("tables");
    assert!(tables.len() > 20);
    for table in tables {
        let all: Option<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "SELECT string_agg(t::text, ' ') FROM \"{table}\" t"
        )))
        .fetch_one(&world.pool)
        .await
        .expect("rows");
        let all = all.unwrap_or_default();
        for secret in [
            token.as_str(),
            browser.session_cookie().expect("a session"),
            "eyJhbGciOi",
            "tell-tale",
        ] {
            assert!(!all.contains(secret), "{secret} in {table}");
        }
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_portals_role_cannot_alter_the_log(pool: PgPool) {
    let world = World::start(pool.clone()).await;
    world.signed_in("developer").await;
    let url = crate::harness::database_url(&pool);
    let own = sqlx::PgPool::connect(&url)
        .await
        .expect("connected as the portal");
    for sql in [
        "UPDATE audit_event SET outcome = 'success'",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event CASCADE",
        "DROP TABLE audit_event",
        "ALTER TABLE audit_event DISABLE TRIGGER ALL",
        "INSERT INTO person (id, issuer, subject, login, name, created_at, signed_in_at) SELECT id, issuer, subject || 'x', login || 'x', name, created_at, signed_in_at FROM person; DELETE FROM person",
    ] {
        assert!(sqlx::raw_sql(sql).execute(&own).await.is_err(), "{sql}");
    }
    // The owner could, were it not for the trigger.
    assert!(
        sqlx::query("DELETE FROM audit_event")
            .execute(&pool)
            .await
            .is_err()
    );
    assert!(world.count("SELECT count(*) FROM audit_event").await > 0);
}
