//! API tokens: their scopes, their owner's rights, their end, and what the log says of them.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::harness::{
    Answer, Browser, World,
    op::now,
    shop::{OWN, make_token, wish},
};

async fn call(
    world: &World,
    token: &str,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Answer {
    let bearer = format!("Bearer {token}");
    let mut headers = vec![("authorization", bearer.as_str())];
    if body.is_some() {
        headers.push(("content-type", "application/json"));
    }
    Browser::new(&world.url)
        .send(
            method,
            &format!("/api/v1{path}"),
            &headers,
            body.map(ToString::to_string),
        )
        .await
}

async fn get(world: &World, token: &str, path: &str) -> Answer {
    call(world, token, Method::GET, path, None).await
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_token_is_its_owner_within_its_scopes(pool: PgPool) {
    let world = World::start(pool).await.with_shop().await;
    let (read, _) = world.token("developer", &["read"]).await;
    let me = get(&world, &read, "/me").await.json();
    assert_eq!(
        (&me["login"], &me["door"], &me["scopes"]),
        (&json!("developer"), &json!("token"), &json!(["read"]))
    );
    assert_eq!(get(&world, &read, "/services/cart").await.status, 200);
    assert_eq!(
        get(&world, &read, "/services/search").await.status,
        404,
        "not the owner's to see"
    );
    let refused = call(
        &world,
        &read,
        Method::POST,
        "/changes",
        Some(&wish(OWN, "staging")),
    )
    .await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (403, "scope_missing")
    );
    assert!(refused.text.contains("changes:write"), "{}", refused.text);

    let (write, _) = world.token("auditor", &["read", "changes:write"]).await;
    let refused = call(
        &world,
        &write,
        Method::POST,
        "/changes",
        Some(&wish(OWN, "staging")),
    )
    .await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (403, "forbidden"),
        "a scope gives no right that the owner lacks"
    );
}

/// The owner's rights are those of now, not of the day the token was made.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_token_loses_what_its_owner_loses(pool: PgPool) {
    let world = World::start(pool).await.with_shop().await;
    let (token, _) = world.token("developer", &["read", "changes:write"]).await;
    assert_eq!(
        call(
            &world,
            &token,
            Method::POST,
            "/changes",
            Some(&wish(OWN, "staging"))
        )
        .await
        .status,
        202
    );
    world
        .op
        .claims(|c| drop(c.insert("groups".into(), json!([]))));
    world.signed_in("developer").await;
    let refused = call(
        &world,
        &token,
        Method::POST,
        "/changes",
        Some(&wish(OWN, "staging")),
    )
    .await;
    assert!(matches!(refused.status, 403 | 422), "{}", refused.text);
    sqlx::query("UPDATE person SET disabled_at = now() WHERE login = 'developer'")
        .execute(&world.pool)
        .await
        .expect("disabled");
    assert_eq!(get(&world, &token, "/me").await.status, 401);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_token_carries_no_second_factor(pool: PgPool) {
    let world = World::start(pool).await.with_shop().await;
    let change = world.waiting(OWN, "production").await;
    let mut manager = world.stepped_up("manager").await;
    let made = make_token(&mut manager, &["read", "approvals:write"])
        .await
        .json();
    let token = made["token"].as_str().expect("a secret");
    let word = json!({"decision": "approve", "evidence_digest": change["evidence_digest"]});
    let path = format!(
        "/changes/{}/approvals",
        change["id"].as_str().expect("an id")
    );
    let refused = call(&world, token, Method::POST, &path, Some(&word)).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (403, "step_up_required"),
        "{}",
        refused.text
    );
    assert_eq!(
        manager.call("POST", &path, Some(&word)).await.status,
        201,
        "the person with one may"
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn it_ends(pool: PgPool) {
    let world = World::start(pool).await;
    let (token, id) = world.token("developer", &["read"]).await;
    let (other, _) = world.token("developer", &["read"]).await;
    let mut browser = world.signed_in("developer").await;
    assert_eq!(
        browser
            .call("DELETE", &format!("/tokens/{id}"), None)
            .await
            .status,
        204
    );
    let refused = get(&world, &token, "/me").await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (401, "not_signed_in")
    );
    assert!(refused.text.contains("revoked"), "{}", refused.text);
    assert_eq!(
        browser
            .call("DELETE", &format!("/tokens/{id}"), None)
            .await
            .status,
        404,
        "gone is gone"
    );
    assert_eq!(get(&world, &other, "/me").await.status, 200);
    world.clock.advance(SignedDuration::from_hours(25));
    let refused = get(&world, &other, "/me").await;
    assert!(
        refused.status == 401 && refused.text.contains("expired"),
        "{}",
        refused.text
    );
    let events = world.events("token.refused").await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[0]["subject"]["id"], json!(id), "which token it was");
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn what_cannot_be_wished_for(pool: PgPool) {
    let world = World::start(pool).await;
    let mut browser = world.signed_in("developer").await;
    let at =
        |days: i64| json!(jiff::Timestamp::from_second(now() + days * 86_400).expect("a time"));
    for (wish, field) in [
        (
            json!({"name": "", "scopes": ["read"], "expires_at": at(1)}),
            "name",
        ),
        (
            json!({"name": "x".repeat(101), "scopes": ["read"], "expires_at": at(1)}),
            "name",
        ),
        (
            json!({"name": "a\nb", "scopes": ["read"], "expires_at": at(1)}),
            "name",
        ),
        (
            json!({"name": "a", "scopes": [], "expires_at": at(1)}),
            "scopes",
        ),
        (
            json!({"name": "a", "scopes": ["everything"], "expires_at": at(1)}),
            "scopes",
        ),
        (
            json!({"name": "a", "scopes": ["read"], "expires_at": at(91)}),
            "expires_at",
        ),
        (
            json!({"name": "a", "scopes": ["read"], "expires_at": at(-1)}),
            "expires_at",
        ),
        (
            json!({"name": "a", "scopes": ["read"], "expires_at": "soon"}),
            "expires_at",
        ),
        (
            json!({"name": "a", "scopes": ["read"], "expires_at": at(1), "owner": "manager"}),
            "owner",
        ),
    ] {
        let answer = browser.call("POST", "/tokens", Some(&wish)).await;
        assert_eq!(answer.status, 422, "{wish}: {}", answer.text);
        let errors = answer.json()["errors"].clone();
        assert!(
            errors
                .as_object()
                .expect("fields")
                .keys()
                .any(|k| k.starts_with(field)),
            "{field} in {errors}"
        );
    }
    let mut outsider = world.signed_in("outsider").await;
    assert_eq!(
        make_token(&mut outsider, &["read"]).await.code(),
        "forbidden",
        "who has no rights has none to give"
    );
    let (narrow, _) = world.token("developer", &["read", "tokens:write"]).await;
    let wider = json!({"name": "a", "scopes": ["read", "changes:write"], "expires_at": at(1)});
    let refused = call(&world, &narrow, Method::POST, "/tokens", Some(&wider)).await;
    assert_eq!(
        refused.status, 422,
        "a token gives away no more than it has: {}",
        refused.text
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn another_persons_token_is_not_there(pool: PgPool) {
    let world = World::start(pool).await;
    let (token, id) = world.token("developer", &["read"]).await;
    for login in ["manager", "administrator", "auditor"] {
        let mut browser = world.signed_in(login).await;
        let answer = browser.call("DELETE", &format!("/tokens/{id}"), None).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (404, "not_found"),
            "{login}"
        );
        assert!(
            !browser
                .call("GET", "/tokens", None)
                .await
                .text
                .contains(&id)
        );
    }
    assert_eq!(get(&world, &token, "/me").await.status, 200);
}

/// Reading is recorded once an hour, writing every time and with the token as its credential.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn its_use_is_in_the_log(pool: PgPool) {
    let world = World::start(pool).await.with_shop().await;
    let (token, id) = world.token("developer", &["read", "changes:write"]).await;
    let all = futures::future::join_all((0..10).map(|_| get(&world, &token, "/me"))).await;
    assert!(all.iter().all(|a| a.status == 200));
    let used = world.events("token.used").await;
    assert_eq!(used.len(), 1, "ten at once are one use of the hour");
    assert_eq!(
        (&used[0]["credential"], &used[0]["door"], &used[0]["login"]),
        (&json!(id), &json!("token"), &json!("developer"))
    );
    world.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(get(&world, &token, "/me").await.status, 200);
    assert_eq!(world.events("token.used").await.len(), 2);
    for _ in 0..2 {
        call(
            &world,
            &token,
            Method::POST,
            "/changes",
            Some(&wish(OWN, "staging")),
        )
        .await;
    }
    let requested = world.events("change.requested").await;
    assert_eq!(
        requested
            .iter()
            .filter(|e| e["credential"] == json!(id))
            .count(),
        2
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn whose_rights_count_is_never_a_guess(pool: PgPool) {
    let world = World::start(pool).await;
    let (token, _) = world.token("developer", &["read"]).await;
    let mut browser = world.signed_in("manager").await;
    let bearer = format!("Bearer {token}");
    let both = browser
        .send(
            Method::GET,
            "/api/v1/me",
            &[("authorization", &bearer)],
            None,
        )
        .await;
    assert_eq!(
        (both.status, both.code().as_str()),
        (400, "malformed"),
        "{}",
        both.text
    );
    for odd in [
        "Basic dXNlcjpwYXNz",
        "Bearer",
        "Bearer ",
        "ptl_abc",
        "bearer ptl_x",
    ] {
        let answer = Browser::new(&world.url)
            .send(Method::GET, "/api/v1/me", &[("authorization", odd)], None)
            .await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "not_signed_in"),
            "{odd}"
        );
    }
    let twice = Browser::new(&world.url)
        .send(
            Method::GET,
            "/api/v1/me",
            &[("authorization", &bearer), ("authorization", &bearer)],
            None,
        )
        .await;
    assert_eq!(twice.status, 401);
    let page = Browser::new(&world.url)
        .send(Method::GET, "/tokens", &[("authorization", &bearer)], None)
        .await;
    assert_eq!(page.status, 303, "a token opens no pages");
}
