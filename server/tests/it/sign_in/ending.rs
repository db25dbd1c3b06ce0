//! Signing out: here, everywhere, and by disabling a person.

use sqlx::PgPool;

use crate::harness::World;

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn here(pool: PgPool) {
    let world = World::start(pool).await;
    let mut browser = world.signed_in("developer").await;
    let mut elsewhere = world.signed_in("developer").await;
    let stolen = browser.clone();
    let answer = browser.post_form("/auth/logout", &[]).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let location = answer.location();
    assert!(
        location.starts_with(&format!("{}/end?", world.op.issuer())),
        "{location}"
    );
    assert!(location.contains("client_id=portolan"), "{location}");
    assert!(
        location.contains("id_token_hint=eyJ"),
        "the sealed token was opened: {location}"
    );
    assert!(
        location.contains("post_logout_redirect_uri=http"),
        "{location}"
    );
    assert_eq!(browser.session_cookie(), None);
    assert!(
        !stolen.clone().is_signed_in().await,
        "the session is over, not only its cookie"
    );
    assert!(elsewhere.is_signed_in().await);
    assert_eq!(world.events("session.signed_out").await.len(), 1);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn everywhere(pool: PgPool) {
    let world = World::start(pool).await;
    let mut all = vec![];
    for _ in 0..3 {
        all.push(world.signed_in("developer").await);
    }
    let mut other = world.signed_in("manager").await;
    let answer = all[0].post_form("/auth/logout-everywhere", &[]).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    for browser in &mut all {
        assert!(!browser.is_signed_in().await);
    }
    assert!(other.is_signed_in().await);
    let events = world.events("session.signed_out_everywhere").await;
    assert_eq!(events[0]["data"]["sessions"], 3);
}

/// A person who is disabled is out at once, on every door, and cannot come back.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn by_being_disabled(pool: PgPool) {
    let world = World::start(pool).await;
    let mut browser = world.signed_in("developer").await;
    sqlx::query("UPDATE person SET disabled_at = now()")
        .execute(&world.pool)
        .await
        .expect("disabled");
    assert!(!browser.is_signed_in().await);
    let answer = world.op.sign_in(&mut world.browser(), "developer").await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    assert_eq!(world.events("session.sign_in_refused").await.len(), 1);
}

/// What is saved while a session ends does not bring it back.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_request_under_way_does_not_revive_a_session(pool: PgPool) {
    let world = World::start(pool).await;
    let browser = world.signed_in("developer").await;
    let mut other = world.signed_in("developer").await;
    other.post_form("/auth/logout-everywhere", &[]).await;
    // A flash message, say, or any other use of the session.
    let mut late = browser.clone();
    late.post_form(
        "/preferences/theme",
        &[("theme", "dark"), ("return_to", "/")],
    )
    .await;
    assert_eq!(world.bound_sessions().await, 0);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn who_is_not_signed_in_is_just_sent_home(pool: PgPool) {
    let world = World::start(pool).await;
    let answer = world.browser().post_form("/auth/logout", &[]).await;
    assert_eq!((answer.status, answer.location()), (303, "/"));
    assert!(world.kinds().await.is_empty());
}
