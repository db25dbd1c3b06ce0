//! The identity provider ends sessions; nobody else can.

use reqwest::Method;
use serde_json::{Map, Value, json};
use sqlx::PgPool;

use crate::harness::{
    Answer, World,
    keys::{Key, Signing},
    op::{CLIENT_SECRET, now},
};

async fn send(world: &World, token: &str) -> Answer {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("logout_token", token)
        .finish();
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    world
        .browser()
        .send(
            Method::POST,
            "/auth/backchannel-logout",
            &headers,
            Some(form),
        )
        .await
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn ends_the_session_it_names(pool: PgPool) {
    let world = World::start(pool).await;
    let mut developer = world.signed_in("developer").await;
    let mut manager = world.signed_in("manager").await;
    let token = world
        .op
        .logout_token(json!({"sid": "sid-developer"}), |_, _, _| {});
    let answer = send(&world, &token).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(!developer.is_signed_in().await);
    assert!(manager.is_signed_in().await);
    let event = &world.events("session.backchannel_logout").await[0];
    assert_eq!(
        (&event["data"]["sessions"], &event["data"]["sid"]),
        (&json!(1), &json!("sid-developer"))
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn ends_all_sessions_of_the_person_it_names(pool: PgPool) {
    let world = World::start(pool).await;
    let mut one = world.signed_in("developer").await;
    let mut two = world.signed_in("developer").await;
    let token = world
        .op
        .logout_token(json!({"sub": "developer"}), |_, _, _| {});
    assert_eq!(send(&world, &token).await.status, 200);
    assert!(!one.is_signed_in().await && !two.is_signed_in().await);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn works_after_the_keys_were_rotated(pool: PgPool) {
    let world = World::start(pool).await;
    let mut developer = world.signed_in("developer").await;
    world.op.rotate(Key::ed_dsa(), "ed-2");
    let token = world
        .op
        .logout_token(json!({"sub": "developer"}), |_, _, _| {});
    assert_eq!(send(&world, &token).await.status, 200);
    assert!(!developer.is_signed_in().await);
}

/// Each counts once: played back a day later it must not end a new session.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn played_back(pool: PgPool) {
    let world = World::start(pool).await;
    let token = world
        .op
        .logout_token(json!({"sub": "developer"}), |_, _, _| {});
    assert_eq!(send(&world, &token).await.status, 200);
    let mut browser = world.signed_in("developer").await;
    assert_eq!(send(&world, &token).await.status, 400);
    assert!(browser.is_signed_in().await);
    assert_eq!(
        world
            .events("session.backchannel_logout_refused")
            .await
            .len(),
        1
    );
}

type Twist = fn(&mut Map<String, Value>, &mut Map<String, Value>, &mut Signing);

/// Refused, with one event, and the session goes on.
async fn refused(pool: PgPool, claims: Value, twist: Twist) {
    let world = World::start(pool).await;
    let mut browser = world.signed_in("developer").await;
    let token = world.op.logout_token(claims, twist);
    let answer = send(&world, &token).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert_eq!(answer.json()["error"], "invalid_request");
    assert!(browser.is_signed_in().await);
    assert_eq!(
        world.kinds().await,
        ["session.signed_in", "session.backchannel_logout_refused"]
    );
}

macro_rules! refused {
    ($($name:ident: $twist:expr;)*) => {$(
        #[sqlx::test(migrator = "control::MIGRATOR")]
        async fn $name(pool: PgPool) {
            refused(pool, json!({"sub": "developer"}), $twist).await;
        }
    )*};
}

refused! {
    without_a_signature: |_, _, s| *s = Signing::None;
    signed_with_the_client_secret: |_, _, s| *s = Signing::Hmac(CLIENT_SECRET.as_bytes().to_vec());
    signed_by_a_stranger: |_, _, s| *s = Signing::Stranger;
    a_corrupt_signature: |_, _, s| *s = Signing::Corrupt;
    a_key_nobody_published: |h, _, _| drop(h.insert("kid".into(), json!("unknown")));
    an_id_token_instead: |h, _, _| drop(h.insert("typ".into(), json!("JWT")));
    without_a_type: |h, _, _| drop(h.remove("typ"));
    a_critical_extension: |h, _, _| drop(h.insert("crit".into(), json!(["b64"])));
    another_issuer: |_, c, _| drop(c.insert("iss".into(), json!("https://evil.test")));
    another_audience: |_, c, _| drop(c.insert("aud".into(), json!("another-client")));
    a_further_audience: |_, c, _| drop(c.insert("aud".into(), json!(["portolan", "evil"])));
    no_audience: |_, c, _| drop(c.remove("aud"));
    with_a_nonce: |_, c, _| drop(c.insert("nonce".into(), json!("n")));
    no_event: |_, c, _| drop(c.remove("events"));
    another_event: |_, c, _| drop(c.insert("events".into(), json!({"http://example.com/other": {}})));
    three_minutes_old: |_, c, _| drop(c.insert("iat".into(), (now() - 180).into()));
    of_the_future: |_, c, _| drop(c.insert("iat".into(), (now() + 600).into()));
    expired: |_, c, _| drop(c.insert("exp".into(), (now() - 120).into()));
    no_time: |_, c, _| drop(c.remove("iat"));
    no_id: |_, c, _| drop(c.remove("jti"));
    names_nobody: |_, c, _| drop(c.remove("sub"));
    names_a_blank: |_, c, _| drop(c.insert("sub".into(), json!("  ")));
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn rubbish(pool: PgPool) {
    let world = World::start(pool).await;
    for token in [
        "",
        "a",
        "a.b",
        "a.b.c",
        "....",
        "\u{0}",
        "eyJhbGciOiJub25lIn0.e30.",
    ] {
        assert_eq!(send(&world, token).await.status, 400, "{token:?}");
    }
    assert_eq!(
        world
            .events("session.backchannel_logout_refused")
            .await
            .len(),
        7
    );
}
