//! Signing in, stepping up, signing out, as it should be.

mod ending;
mod steps;
mod unsent;

use serde_json::json;
use sqlx::{PgPool, Row as _};

use crate::harness::{Op, World, keys::Key, op::Leaving};

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn groups_become_job_roles_and_teams(pool: PgPool) {
    let world = World::start(pool).await;
    for (login, roles, teams) in [
        ("developer", vec!["developer"], vec!["checkout"]),
        ("manager2", vec!["manager"], vec!["catalog"]),
        ("operator", vec!["operator"], vec!["platform"]),
        // In no group: nobody's rights, but a person.
        ("outsider", vec![], vec![]),
    ] {
        world.signed_in(login).await;
        let row = sqlx::query("SELECT job_roles, teams FROM person WHERE login = $1")
            .bind(login)
            .fetch_one(&world.pool)
            .await
            .expect("a person");
        assert_eq!(
            (row.get::<Vec<String>, _>(0), row.get::<Vec<String>, _>(1)),
            (
                roles.iter().map(ToString::to_string).collect(),
                teams.iter().map(ToString::to_string).collect()
            ),
            "{login}"
        );
    }
}

/// Rights are those of the last sign-in, and a claim that is not there is no group at all.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn groups_that_are_gone_take_their_rights_along(pool: PgPool) {
    let world = World::start(pool).await;
    world.signed_in("developer").await;
    world.op.claims(|c| drop(c.remove("groups")));
    world.signed_in("developer").await;
    let rights = world
        .count("SELECT (cardinality(job_roles) + cardinality(teams))::bigint FROM person")
        .await;
    assert_eq!(rights, 0);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn with_a_key_of_edwards(pool: PgPool) {
    let world = World::start(pool).await;
    world.op.rotate(Key::ed_dsa(), "ed-1");
    world.signed_in("developer").await;
}

/// The provider has new keys: they are looked for, once, and the sign-in goes on.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn keys_are_rotated(pool: PgPool) {
    let world = World::start(pool).await;
    world.signed_in("developer").await;
    assert_eq!(world.op.asked("keys"), 1);
    world.op.rotate(Key::es256(), "key-2");
    world.signed_in("developer").await;
    assert_eq!(world.op.asked("keys"), 2);
    // Tokens with made-up key names must not make us ask the provider again and again.
    world.op.script(|s| {
        s.header = Some(Box::new(|h| {
            drop(h.insert("kid".into(), json!(rand::random::<u32>().to_string())))
        }))
    });
    for _ in 0..5 {
        let mut browser = world.browser();
        assert_eq!(
            world.op.sign_in(&mut browser, "developer").await.status,
            403
        );
    }
    assert_eq!(world.op.asked("keys"), 2, "asked no more within the pause");
}

/// A cookie that somebody planted before the sign-in never becomes anybody's session.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_planted_cookie_stays_worthless(pool: PgPool) {
    let world = World::start(pool).await;
    let planted = "AAAAAAAAAAAAAAAAAAAAAA";
    let mut victim = world.browser();
    victim.cookies.insert("portolan".into(), planted.into());
    let answer = world.op.sign_in(&mut victim, "developer").await;
    assert_eq!(answer.status, 303);
    assert_ne!(victim.session_cookie().expect("a session"), planted);
    let mut attacker = world.browser();
    attacker.cookies.insert("portolan".into(), planted.into());
    assert!(!attacker.is_signed_in().await);
    assert!(victim.is_signed_in().await);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn every_sign_in_has_an_id_of_its_own_and_ends_the_old_one(pool: PgPool) {
    let world = World::start(pool).await;
    let mut browser = world.signed_in("developer").await;
    let old = browser.clone();
    world.op.sign_in(&mut browser, "developer").await;
    assert_ne!(browser.session_cookie(), old.session_cookie());
    assert!(browser.is_signed_in().await);
    assert!(!old.clone().is_signed_in().await);
    assert_eq!(world.bound_sessions().await, 1);
}

/// What the database holds of a session opens nothing: no cookie, no token, no secret.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_database_holds_no_secret_of_a_session(pool: PgPool) {
    let world = World::start(pool).await;
    world.op.script(|s| {
        s.tokens = Some(Box::new(|t| {
            t["refresh_token"] = json!("refresh-token-tell-tale")
        }))
    });
    let browser = world.signed_in("developer").await;
    let cookie = browser.session_cookie().expect("a session");
    let all: String = sqlx::query_scalar("SELECT string_agg(s::text, ' ') || (SELECT coalesce(string_agg(e::text, ' '), '') FROM audit_event e) FROM session s")
        .fetch_one(&world.pool)
        .await
        .expect("rows");
    let hex_of_cookie = hex::encode(cookie.as_bytes());
    for secret in [
        cookie.as_str(),
        &hex_of_cookie,
        "eyJhbGciOi",
        "refresh-token-tell-tale",
        "access-token-tell-tale",
        "client-secret-tell-tale",
    ] {
        assert!(!all.contains(secret), "{secret} is in {all}");
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn cookies_are_as_closed_as_they_can_be(pool: PgPool) {
    let world = World::start(pool).await;
    let mut browser = world.browser();
    let leaving = browser.get("/auth/login").await;
    let login = &leaving.set_cookies()[0];
    assert!(login.starts_with("portolan-login-"), "{login}");
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"] {
        assert!(login.contains(attribute), "{attribute} in {login}");
    }
    let answer = browser
        .get(&world.op.back(&Leaving::of(&leaving), "developer"))
        .await;
    let cookies = answer.set_cookies();
    let session = cookies
        .iter()
        .find(|c| c.starts_with("portolan="))
        .expect("a session cookie");
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(session.contains(attribute), "{attribute} in {session}");
    }
    // Ends with the browser; our own timeouts are kept where nobody can change them.
    assert!(
        !session.contains("Max-Age") && !session.contains("Expires") && !session.contains("Domain"),
        "{session}"
    );
    assert!(
        cookies
            .iter()
            .any(|c| c.starts_with("portolan-login-") && c.contains("Max-Age=0")),
        "{cookies:?}"
    );
}

/// Who somebody is, is issuer and subject: not their e-mail address, which others may claim.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_same_address_is_not_the_same_person(pool: PgPool) {
    let world = World::start(pool).await;
    world
        .op
        .claims(|c| drop(c.insert("email".into(), json!("boss@shop.example"))));
    world.signed_in("developer").await;
    world.signed_in("manager").await;
    assert_eq!(world.count("SELECT count(*) FROM person").await, 2);
}

/// The sign-in name is the `SourceIdentity` in CloudTrail, so it means one person.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_sign_in_name_is_taken_once(pool: PgPool) {
    let world = World::start(pool).await;
    world.signed_in("developer").await;
    world
        .op
        .claims(|c| drop(c.insert("preferred_username".into(), json!("Developer"))));
    let mut other = world.browser();
    let answer = world.op.sign_in(&mut other, "developer2").await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    assert!(!other.is_signed_in().await);
    assert_eq!(world.count("SELECT count(*) FROM person").await, 1);
    assert_eq!(
        world.kinds().await,
        ["session.signed_in", "session.sign_in_refused"]
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_provider_is_down_and_comes_back(pool: PgPool) {
    let op = Op::start().await;
    op.stop();
    let issuer = op.issuer().to_owned();
    tokio::task::yield_now().await;
    let world = World::over(pool, op, control::Clock::system(), &[]).await;
    let answer = world.browser().get("/auth/login").await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert_eq!(
        world.browser().get("/readyz").await.text,
        "ready",
        "the portal itself is there"
    );

    let address = issuer.trim_start_matches("http://").to_owned();
    let listener = loop {
        if let Ok(listener) = tokio::net::TcpListener::bind(&address).await {
            break listener;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    let back = Op::on(listener);
    back.let_portal(&world.url);
    for _ in 0..100 {
        let mut browser = world.browser();
        if browser.get("/auth/login").await.status == 303 {
            assert_eq!(back.sign_in(&mut browser, "developer").await.status, 303);
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("it did not come back");
}
