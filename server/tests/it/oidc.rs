//! An identity provider that lies, and answers that were stolen, mixed up or played back: each is refused,
//! leaves no session, and is one event in the audit log.

mod answers;
mod tokens;

use sqlx::PgPool;

use crate::harness::{Answer, Browser, Op, World};

/// Signs in with a provider that lies as told, and sees it refused.
async fn lie(pool: PgPool, twist: impl FnOnce(&Op)) {
    let world = World::start(pool).await;
    twist(&world.op);
    let mut browser = world.browser();
    let answer = world.op.sign_in(&mut browser, "developer").await;
    refused(&world, &answer, &mut browser).await;
}

/// Refused with words, without a session, with one event.
async fn refused(world: &World, answer: &Answer, browser: &mut Browser) {
    assert!(
        matches!(answer.status, 403 | 502),
        "{} {}",
        answer.status,
        answer.text
    );
    assert_eq!(world.bound_sessions().await, 0, "no session is anybody's");
    assert_eq!(
        world.count("SELECT count(*) FROM session").await,
        0,
        "no session is there at all"
    );
    assert!(!browser.is_signed_in().await);
    assert_eq!(
        world.kinds().await,
        ["session.sign_in_refused"],
        "one event"
    );
    let event = &world.events("session.sign_in_refused").await[0];
    assert_eq!(event["outcome"], "denied");
    assert_eq!(event["door"], "anonymous");
    let detail = event["data"]["detail"].as_str().expect("words");
    assert!(!detail.is_empty());
    // What was wrong is for people; what was sent is nobody's.
    for canary in [
        "eyJ",
        "code-1",
        "access-token-tell-tale",
        "client-secret-tell-tale",
    ] {
        assert!(
            !event.to_string().contains(canary) && !answer.text.contains(canary),
            "{canary}"
        );
    }
}
