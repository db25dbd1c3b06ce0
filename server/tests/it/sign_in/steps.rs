//! Step-up: a fresh second factor of the same person, verified.

use jiff::SignedDuration;
use serde_json::json;
use sqlx::PgPool;

use crate::harness::{
    World,
    op::{Leaving, now},
};

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_fresh_second_factor_is_asked_for_and_kept(pool: PgPool) {
    let world = World::start(pool).await;
    let mut browser = world.signed_in("manager").await;
    let before = browser.session_cookie().cloned();
    let leaving = Leaving::of(&browser.get("/auth/step-up?return_to=/approvals").await);
    assert_eq!(leaving.get("max_age"), "0");
    assert_eq!(leaving.get("acr_values"), "urn:portolan:mfa");
    assert!(
        leaving.get("claims").contains("\"essential\":true"),
        "{}",
        leaving.get("claims")
    );
    let old = browser.clone();
    let answer = browser.get(&world.op.back(&leaving, "manager")).await;
    assert_eq!(
        (answer.status, answer.location()),
        (303, "/approvals"),
        "{}",
        answer.text
    );
    assert_ne!(browser.session_cookie().cloned(), before, "a new id");
    assert!(!old.clone().is_signed_in().await, "the old one is dead");
    assert_eq!(
        world.kinds().await,
        ["session.signed_in", "session.stepped_up"]
    );
    assert_eq!(
        world.count("SELECT count(*) FROM session WHERE mfa").await,
        1
    );
}

/// What a step-up must not take for one. The person stays signed in as they were.
async fn refused(pool: PgPool, login: &str, twist: impl FnOnce(&World)) {
    let world = World::start(pool).await;
    let mut browser = world.signed_in("manager").await;
    twist(&world);
    let answer = world.op.step_up(&mut browser, login).await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    assert_eq!(
        world.count("SELECT count(*) FROM session WHERE mfa").await,
        0
    );
    assert_eq!(
        world.kinds().await,
        ["session.signed_in", "session.sign_in_refused"]
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn by_somebody_else(pool: PgPool) {
    refused(pool, "manager2", |_| {}).await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn without_a_second_factor(pool: PgPool) {
    refused(pool, "manager", |world| {
        world.op.claims(|c| {
            c.insert("acr".into(), json!("urn:portolan:pwd"));
            c.insert("amr".into(), json!(["pwd"]));
        });
    })
    .await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn with_a_second_factor_of_long_ago(pool: PgPool) {
    refused(pool, "manager", |world| {
        world
            .op
            .claims(|c| drop(c.insert("auth_time".into(), (now() - 400).into())))
    })
    .await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn without_saying_when(pool: PgPool) {
    refused(pool, "manager", |world| {
        world.op.claims(|c| drop(c.remove("auth_time")))
    })
    .await;
}

/// They turned back at the identity provider: where they were, as they were, and told so.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_person_may_turn_back(pool: PgPool) {
    let world = World::start(pool).await;
    let mut browser = world.signed_in("manager").await;
    let leaving = Leaving::of(&browser.get("/auth/step-up?return_to=/approvals").await);
    let back = world.op.callback(&[
        ("error", "access_denied"),
        ("state", leaving.get("state")),
        ("iss", world.op.issuer()),
    ]);
    let answer = browser.get(&back).await;
    assert_eq!((answer.status, answer.location()), (303, "/approvals"));
    let page = browser.get("/approvals").await;
    assert!(page.text.contains("Not confirmed"), "{}", page.text);
    assert!(browser.is_signed_in().await);
    assert_eq!(
        world.count("SELECT count(*) FROM session WHERE mfa").await,
        0
    );
    assert_eq!(
        world.kinds().await,
        ["session.signed_in", "session.sign_in_refused"]
    );
    let again = browser.get(&back).await;
    assert_eq!(again.status, 403, "taken once");
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn nobody_can_step_up_without_being_signed_in(pool: PgPool) {
    let world = World::start(pool).await;
    let answer = world
        .browser()
        .get("/auth/step-up?return_to=/approvals")
        .await;
    assert_eq!(answer.status, 303);
    assert!(
        answer
            .location()
            .starts_with("/auth/login?return_to=%2Fauth%2Fstep%2Dup"),
        "{}",
        answer.location()
    );
}

/// A step-up that was begun and never finished, then finished when the person has signed out.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_session_idles_out(pool: PgPool) {
    let world = World::start(pool).await;
    let mut browser = world.signed_in("manager").await;
    world.clock.advance(SignedDuration::from_mins(59));
    assert!(browser.is_signed_in().await, "used within the hour");
    world.clock.advance(SignedDuration::from_mins(59));
    assert!(browser.is_signed_in().await, "used again");
    world.clock.advance(SignedDuration::from_mins(61));
    assert!(!browser.is_signed_in().await, "idle for over an hour");
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_session_ends_however_busy_it_is(pool: PgPool) {
    let world = World::start(pool).await;
    let mut browser = world.signed_in("manager").await;
    for _ in 0..14 {
        world.clock.advance(SignedDuration::from_mins(50));
        assert!(browser.is_signed_in().await);
    }
    world.clock.advance(SignedDuration::from_mins(50));
    assert!(!browser.is_signed_in().await, "over twelve hours");
    world.state.control().sweep_expired().await.expect("swept");
    assert_eq!(world.count("SELECT count(*) FROM session").await, 0);
}
