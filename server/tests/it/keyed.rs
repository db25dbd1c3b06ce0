//! `Idempotency-Key`.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::harness::{
    Answer, Browser, World,
    shop::{OWN, release, wish},
};

/// A POST with a key, as a script sends it.
async fn post(world: &World, token: &str, path: &str, key: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("idempotency-key", key),
        ("content-type", "application/json"),
    ];
    Browser::new(&world.url)
        .send(
            Method::POST,
            &format!("/api/v1{path}"),
            &headers,
            Some(body.to_string()),
        )
        .await
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_same_again_is_the_same_answer_and_done_once(pool: PgPool) {
    let world = World::start(pool).await.with_shop().await;
    let (token, _) = world.token("developer", &["read", "changes:write"]).await;
    let first = post(&world, &token, "/changes", "key-1", &wish(OWN, "staging")).await;
    let again = post(&world, &token, "/changes", "key-1", &wish(OWN, "staging")).await;
    assert_eq!((first.status, again.status), (202, 202), "{}", again.text);
    assert_eq!(first.text, again.text);
    assert!(first.location().starts_with("/api/v1/changes/"));
    assert_eq!(first.location(), again.location());
    assert_eq!(
        (
            first.header("idempotency-replayed"),
            again.header("idempotency-replayed")
        ),
        ("", "true")
    );
    assert_eq!(again.header("content-type"), "application/json");
    assert_eq!(world.count("SELECT count(*) FROM change").await, 1);
    assert_eq!(world.events("change.requested").await.len(), 1);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn another_request_with_the_same_key_is_refused(pool: PgPool) {
    let world = World::start(pool).await.with_shop().await;
    let (token, _) = world
        .token("developer", &["read", "changes:write", "releases:write"])
        .await;
    assert_eq!(
        post(&world, &token, "/changes", "key-1", &wish(OWN, "staging"))
            .await
            .status,
        202
    );
    let body = post(&world, &token, "/changes", "key-1", &wish(OWN, "dev")).await;
    assert_eq!((body.status, body.code().as_str()), (409, "conflict"));
    let path = post(
        &world,
        &token,
        "/services/cart/releases",
        "key-1",
        &wish(OWN, "staging"),
    )
    .await;
    assert_eq!((path.status, path.code().as_str()), (409, "conflict"));
    let query = post(
        &world,
        &token,
        "/changes?x=1",
        "key-1",
        &wish(OWN, "staging"),
    )
    .await;
    assert_eq!((query.status, query.code().as_str()), (409, "conflict"));
    assert_eq!(world.count("SELECT count(*) FROM change").await, 1);
}

/// A key is one person's: another's request under it is another request.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn keys_are_each_persons_own(pool: PgPool) {
    let world = World::start(pool).await.with_shop().await;
    for login in ["developer", "developer2"] {
        let (token, _) = world.token(login, &["read", "changes:write"]).await;
        let answer = post(&world, &token, "/changes", "key-1", &wish(OWN, "staging")).await;
        assert_eq!(
            (answer.status, answer.header("idempotency-replayed")),
            (202, "")
        );
    }
    assert_eq!(world.count("SELECT count(*) FROM change").await, 2);
}

/// Twenty at once: one is done, the others wait or get its answer.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn at_the_same_moment(pool: PgPool) {
    let world = World::start(pool).await.with_shop().await;
    let (token, _) = world.token("developer", &["read", "changes:write"]).await;
    let wished = wish(OWN, "staging");
    let all = futures::future::join_all(
        (0..20).map(|_| post(&world, &token, "/changes", "key-1", &wished)),
    )
    .await;
    for answer in &all {
        match answer.status {
            202 => {}
            409 => assert!(!answer.header("retry-after").is_empty(), "{}", answer.text),
            other => panic!("{other}: {}", answer.text),
        }
    }
    assert!(all.iter().any(|a| a.status == 202));
    assert_eq!(world.count("SELECT count(*) FROM change").await, 1);
}

/// What was refused did nothing, so the same key may be used when the reason is gone.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_refusal_is_not_kept(pool: PgPool) {
    let world = World::start(pool).await.with_shop().await;
    let (token, _) = world
        .token("developer", &["read", "changes:write", "releases:write"])
        .await;
    let mut wished = wish(OWN, "staging");
    wished["version"] = json!("9.9.9");
    assert_eq!(
        post(&world, &token, "/changes", "key-1", &wished)
            .await
            .status,
        422
    );
    assert_eq!(
        post(
            &world,
            &token,
            "/services/cart/releases",
            "key-2",
            &release(OWN, "9.9.9")
        )
        .await
        .status,
        201
    );
    assert_eq!(
        post(&world, &token, "/changes", "key-1", &wished)
            .await
            .status,
        202
    );
}

/// The process died before it could answer: whether it took effect is not known, so it is not done again.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn cut_short_by_a_crash(pool: PgPool) {
    let world = World::start(pool).await.with_shop().await;
    let (token, _) = world.token("developer", &["read", "changes:write"]).await;
    assert_eq!(
        post(&world, &token, "/changes", "key-1", &wish(OWN, "staging"))
            .await
            .status,
        202
    );
    sqlx::query("UPDATE idempotency SET status = NULL, body = NULL")
        .execute(&world.pool)
        .await
        .expect("as if it had died");
    let soon = post(&world, &token, "/changes", "key-1", &wish(OWN, "staging")).await;
    assert_eq!(
        (soon.status, soon.header("retry-after")),
        (409, "1"),
        "{}",
        soon.text
    );
    world.clock.advance(SignedDuration::from_mins(3));
    let later = post(&world, &token, "/changes", "key-1", &wish(OWN, "staging")).await;
    assert_eq!(
        (later.status, later.header("retry-after")),
        (409, ""),
        "{}",
        later.text
    );
    assert!(later.text.contains("cut short"), "{}", later.text);
    assert_eq!(world.count("SELECT count(*) FROM change").await, 1);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_day_later_a_key_is_new(pool: PgPool) {
    let world = World::start(pool).await.with_shop().await;
    let (token, _) = world.token("developer", &["read", "changes:write"]).await;
    assert_eq!(
        post(&world, &token, "/changes", "key-1", &wish(OWN, "staging"))
            .await
            .status,
        202
    );
    world.clock.advance(SignedDuration::from_hours(23));
    assert_eq!(
        post(&world, &token, "/changes", "key-1", &wish(OWN, "staging"))
            .await
            .header("idempotency-replayed"),
        "true"
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_key_is_visible_ascii(pool: PgPool) {
    let world = World::start(pool).await.with_shop().await;
    let (token, _) = world.token("developer", &["read", "changes:write"]).await;
    for bad in ["", "a b", &"k".repeat(201), "caf\u{e9}"] {
        let answer = post(&world, &token, "/changes", bad, &wish(OWN, "staging")).await;
        assert_eq!(answer.status, 422, "{bad}: {}", answer.text);
        assert!(
            answer.json()["errors"].get("Idempotency-Key").is_some(),
            "{}",
            answer.text
        );
    }
    assert_eq!(world.count("SELECT count(*) FROM change").await, 0);
}

/// The secret of a token is in one answer and nowhere else, not even among the answers that are kept.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_kept_answer_holds_no_secret(pool: PgPool) {
    let world = World::start(pool).await;
    let (token, _) = world.token("developer", &["read", "tokens:write"]).await;
    let tomorrow =
        jiff::Timestamp::from_second(crate::harness::op::now() + 86_400).expect("a time");
    let wished = json!({"name": "ci", "scopes": ["read"], "expires_at": tomorrow});
    let first = post(&world, &token, "/tokens", "key-1", &wished).await;
    let secret = first.json()["token"]
        .as_str()
        .expect("the secret")
        .to_owned();
    let again = post(&world, &token, "/tokens", "key-1", &wished).await;
    assert_eq!(
        (again.status, again.header("idempotency-replayed")),
        (201, "true")
    );
    assert_eq!(again.json().get("token"), None);
    assert_eq!(again.json()["id"], first.json()["id"]);
    let kept: String =
        sqlx::query_scalar("SELECT string_agg(convert_from(body, 'UTF8'), '') FROM idempotency")
            .fetch_one(&world.pool)
            .await
            .expect("bodies");
    assert!(!kept.contains(&secret), "{kept}");
}
