//! Answers that come back by the wrong browser, twice, mixed up, too late, or from elsewhere.

use jiff::SignedDuration;
use sqlx::PgPool;

use super::refused;
use crate::harness::{Op, World, op::Leaving};

/// Leaves for the provider and comes back with what `back` makes of it.
async fn comes_back(pool: PgPool, back: impl FnOnce(&Op, &Leaving) -> String) {
    let world = World::start(pool).await;
    let mut browser = world.browser();
    let leaving = Leaving::of(&browser.get("/auth/login").await);
    let answer = browser.get(&back(&world.op, &leaving)).await;
    refused(&world, &answer, &mut browser).await;
}

macro_rules! refused_answers {
    ($($name:ident: $back:expr;)*) => {$(
        #[sqlx::test(migrator = "control::MIGRATOR")]
        async fn $name(pool: PgPool) {
            comes_back(pool, $back).await;
        }
    )*};
}

refused_answers! {
    no_issuer_in_the_answer: |op: &Op, l: &Leaving| {
        let code = op.code(l, "developer");
        op.callback(&[("code", &code), ("state", l.get("state"))])
    };
    another_issuer_in_the_answer: |op: &Op, l: &Leaving| {
        let code = op.code(l, "developer");
        op.callback(&[("code", &code), ("state", l.get("state")), ("iss", "https://evil.test")])
    };
    no_state: |op: &Op, l: &Leaving| {
        let code = op.code(l, "developer");
        op.callback(&[("code", &code), ("iss", op.issuer())])
    };
    another_state: |op: &Op, l: &Leaving| {
        let code = op.code(l, "developer");
        op.callback(&[("code", &code), ("state", "another"), ("iss", op.issuer())])
    };
    the_state_twice: |op: &Op, l: &Leaving| {
        let code = op.code(l, "developer");
        op.callback(&[("code", &code), ("state", l.get("state")), ("state", l.get("state")), ("iss", op.issuer())])
    };
    no_code: |op: &Op, l: &Leaving| op.callback(&[("state", l.get("state")), ("iss", op.issuer())]);
    a_code_nobody_gave: |op: &Op, l: &Leaving| op.callback(&[("code", "guessed"), ("state", l.get("state")), ("iss", op.issuer())]);
    the_person_did_not_want_to: |op: &Op, l: &Leaving| {
        op.callback(&[("error", "access_denied"), ("state", l.get("state")), ("iss", op.issuer())])
    };
    an_error_that_is_a_script: |op: &Op, l: &Leaving| {
        op.callback(&[("error", "<script>alert(1)</script>"), ("state", l.get("state")), ("iss", op.issuer())])
    };
}

/// A victim follows a link with the attacker's code: their browser has no cookie of that sign-in.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn in_another_browser(pool: PgPool) {
    let world = World::start(pool).await;
    let leaving = Leaving::of(&world.browser().get("/auth/login").await);
    let mut victim = world.browser();
    let answer = victim.get(&world.op.back(&leaving, "developer")).await;
    refused(&world, &answer, &mut victim).await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn eleven_minutes_later(pool: PgPool) {
    let world = World::start(pool).await;
    let mut browser = world.browser();
    let leaving = Leaving::of(&browser.get("/auth/login").await);
    let back = world.op.back(&leaving, "developer");
    world.clock.advance(SignedDuration::from_mins(11));
    let answer = browser.get(&back).await;
    refused(&world, &answer, &mut browser).await;
}

/// Two sign-ins in one browser, their answers exchanged: the code of one with the state of the other.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_codes_of_two_sign_ins_exchanged(pool: PgPool) {
    let world = World::start(pool).await;
    let mut browser = world.browser();
    let first = Leaving::of(&browser.get("/auth/login").await);
    let second = Leaving::of(&browser.get("/auth/login").await);
    let code = world.op.code(&first, "developer");
    let mixed = world.op.callback(&[
        ("code", &code),
        ("state", second.get("state")),
        ("iss", world.op.issuer()),
    ]);
    let answer = browser.get(&mixed).await;
    refused(&world, &answer, &mut browser).await;
}

/// The same with a provider that forgets to check PKCE: the nonce still tells.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn exchanged_at_a_careless_provider(pool: PgPool) {
    let world = World::start(pool).await;
    world.op.script(|s| s.careless = true);
    let mut browser = world.browser();
    let first = Leaving::of(&browser.get("/auth/login").await);
    let second = Leaving::of(&browser.get("/auth/login").await);
    let code = world.op.code(&first, "developer");
    let mixed = world.op.callback(&[
        ("code", &code),
        ("state", second.get("state")),
        ("iss", world.op.issuer()),
    ]);
    let answer = browser.get(&mixed).await;
    refused(&world, &answer, &mut browser).await;
}

/// The whole answer played back, in the same browser, at a provider that takes a code twice.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn played_back(pool: PgPool) {
    let world = World::start(pool).await;
    world.op.script(|s| s.careless = true);
    let mut browser = world.browser();
    let leaving = Leaving::of(&browser.get("/auth/login").await);
    let cookies = browser.cookies.clone();
    let back = world.op.back(&leaving, "developer");
    assert_eq!(browser.get(&back).await.status, 303);
    let mut thief = world.browser();
    thief.cookies = cookies;
    let answer = thief.get(&back).await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    assert!(!thief.is_signed_in().await);
    assert_eq!(world.bound_sessions().await, 1, "the first one");
    assert_eq!(
        world.kinds().await,
        ["session.signed_in", "session.sign_in_refused"]
    );
}

/// The provider describes itself as somebody else: nobody is even sent there.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_description_of_another_issuer(pool: PgPool) {
    let world = World::start(pool).await;
    world
        .op
        .script(|s| s.metadata = Some(Box::new(|m| m["issuer"] = "https://evil.test".into())));
    let answer = world.browser().get("/auth/login").await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert_eq!(answer.location(), "");
    assert_eq!(world.bound_sessions().await, 0);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn endpoints_without_tls_elsewhere(pool: PgPool) {
    let world = World::start(pool).await;
    world.op.script(|s| {
        s.metadata = Some(Box::new(|m| {
            m["token_endpoint"] = "http://elsewhere.test/token".into()
        }))
    });
    let answer = world.browser().get("/auth/login").await;
    assert_eq!((answer.status, answer.location()), (503, ""));
    assert_eq!(world.bound_sessions().await, 0);
}
