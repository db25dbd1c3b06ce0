//! Who hangs up: what was asked for is done to its end, once, and whoever sends the same form again is led to it.

use std::time::Duration;

use sqlx::PgPool;
use tokio::time::{sleep, timeout};

use crate::harness::{World, shop::OWN};

const FIELDS: [(&str, &str); 4] = [
    ("version", "1.1.0"),
    ("environment", "staging"),
    ("reason", "a double click"),
    ("once", "01a208dd-fb0c-7513-8645-dfdfcfe32a67"),
];

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_second_of_a_double_click_is_led_to_what_the_first_made(pool: PgPool) {
    let world = World::start(pool).await.with_shop().await;
    let mut browser = world.signed_in("developer").await;
    let path = format!("/services/{OWN}/deploy");
    // Holds the first where it writes the change.
    let mut held = world.pool.begin().await.expect("a transaction");
    sqlx::query("LOCK TABLE change IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut *held)
        .await
        .expect("locked");
    let mut first = browser.clone();
    let cut = timeout(Duration::from_secs(1), first.post_form(&path, &FIELDS)).await;
    assert!(cut.is_err(), "it was held");
    let second = tokio::spawn(async move { browser.post_form(&path, &FIELDS).await });
    sleep(Duration::from_millis(500)).await;
    assert!(!second.is_finished(), "it waits for the first");
    held.commit().await.expect("let go");
    let answer = second.await.expect("answered");
    assert_eq!(answer.status, 303, "{}", answer.text);
    let made: String = sqlx::query_scalar("SELECT '/changes/' || id FROM change")
        .fetch_one(&world.pool)
        .await
        .expect("one change");
    assert!(
        answer.location().starts_with(&made),
        "{}",
        answer.location()
    );
    assert_eq!(world.events("change.requested").await.len(), 1);
}

/// Nobody waits for the answer, and nobody sends it again.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn what_was_asked_for_is_done_though_nobody_waits(pool: PgPool) {
    let world = World::start(pool).await.with_shop().await;
    let mut browser = world.signed_in("developer").await;
    let mut held = world.pool.begin().await.expect("a transaction");
    sqlx::query("LOCK TABLE change IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut *held)
        .await
        .expect("locked");
    let path = format!("/services/{OWN}/deploy");
    let cut = timeout(Duration::from_secs(1), browser.post_form(&path, &FIELDS)).await;
    assert!(cut.is_err(), "it was held");
    held.commit().await.expect("let go");
    for _ in 0..600 {
        if world.count("SELECT count(*) FROM change").await == 1 {
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("it was never done");
}
