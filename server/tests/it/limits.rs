//! Limits: on number, which survive a restart, and on size and time.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;
use sqlx::PgPool;

use crate::harness::{Browser, Op, World, op::Leaving};

/// A crash must not give an attacker a fresh set of tries.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_restart_resets_no_limit(pool: PgPool) {
    let limits = [("PORTOLAN_LIMITS__SIGN_IN", "3")];
    let clock = control::Clock::system();
    let op = Op::start().await;
    let world = World::over(pool.clone(), op.clone(), clock.clone(), &limits).await;
    steady(&world);
    for _ in 0..3 {
        assert_eq!(world.browser().get("/auth/login").await.status, 303);
    }
    let over = world.browser().get("/auth/login").await;
    assert_eq!(over.status, 429, "{}", over.text);
    let after: u64 = over.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&after), "{after}");
    drop(world);

    let again = World::over(pool, op, clock, &limits).await;
    assert_eq!(
        again.browser().get("/auth/login").await.status,
        429,
        "after a restart"
    );
    assert_eq!(
        again.events("request.rate_limited").await.len(),
        1,
        "recorded once a window, counted always"
    );
    again.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(
        again.browser().get("/auth/login").await.status,
        303,
        "a minute later"
    );
}

/// Waits for a minute to begin, if this one is about to end: the windows are whole minutes.
fn steady(world: &World) {
    let second = world.state.control().now().as_second() % 60;
    if second > 40 {
        world.clock.advance(SignedDuration::from_secs(60 - second));
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn tokens_cannot_be_guessed_at_leisure(pool: PgPool) {
    let world = World::with(pool, &[("PORTOLAN_LIMITS__FAILED_TOKEN", "3")]).await;
    steady(&world);
    let (right, _) = world.token("developer", &["read"]).await;
    let me = async |token: &str| {
        let bearer = format!("Bearer {token}");
        Browser::new(&world.url)
            .send(
                Method::GET,
                "/api/v1/me",
                &[("authorization", &bearer)],
                None,
            )
            .await
    };
    for _ in 0..3 {
        let answer = me("ptl_000000000000000000000000000000000").await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "not_signed_in")
        );
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    let over = me("ptl_000000000000000000000000000000000").await;
    assert_eq!((over.status, over.code().as_str()), (429, "rate_limited"));
    assert_eq!(
        me(&right).await.status,
        429,
        "from that address nothing is tried any more"
    );
    assert_eq!(world.events("token.refused").await.len(), 3);
    assert_eq!(world.events("request.rate_limited").await.len(), 1);
    world.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(me(&right).await.status, 200);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn one_person_cannot_write_without_end(pool: PgPool) {
    let world = World::with(pool, &[("PORTOLAN_LIMITS__WRITES", "3")]).await;
    steady(&world);
    let mut developer = world.signed_in("developer").await;
    let mut manager = world.signed_in("manager").await;
    let theme = [("theme", "dark")];
    for _ in 0..3 {
        assert_eq!(
            developer
                .post_form("/preferences/theme", &theme)
                .await
                .status,
            303
        );
    }
    assert_eq!(
        developer
            .post_form("/preferences/theme", &theme)
            .await
            .status,
        429
    );
    let api = developer.call("POST", "/changes", Some(&json!({}))).await;
    assert_eq!((api.status, api.code().as_str()), (429, "rate_limited"));
    assert_eq!(
        developer.get("/services").await.status,
        200,
        "reading goes on"
    );
    assert_eq!(
        manager.post_form("/preferences/theme", &theme).await.status,
        303,
        "others are not concerned"
    );
}

/// A page of another site can make a browser send thousands of requests: refused all, recorded some.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn another_site_cannot_flood_the_log(pool: PgPool) {
    let world = World::with(pool, &[("PORTOLAN_LIMITS__CROSS_SITE", "3")]).await;
    steady(&world);
    let mut victim = world.signed_in("developer").await;
    for expected in [403, 403, 403, 429, 429] {
        let headers = [("sec-fetch-site", "cross-site")];
        let answer = victim
            .send(Method::POST, "/preferences/theme", &headers, None)
            .await;
        assert_eq!(answer.status, expected, "{}", answer.text);
    }
    assert_eq!(world.events("request.cross_site_refused").await.len(), 3);
    assert_eq!(world.events("request.rate_limited").await.len(), 1);
    let own = victim
        .post_form("/preferences/theme", &[("theme", "dark")])
        .await;
    assert_eq!(own.status, 303, "the victim's own pages go on working");
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn tickets_and_answers_have_limits_too(pool: PgPool) {
    let world = World::with(
        pool,
        &[
            ("PORTOLAN_LIMITS__REDEEM", "2"),
            ("PORTOLAN_LIMITS__CALLBACK", "2"),
        ],
    )
    .await;
    steady(&world);
    let headers = [("content-type", "application/json")];
    for expected in [403, 403, 429] {
        let body = json!({"ticket": "ptk_guess"}).to_string();
        let answer = world
            .browser()
            .send(Method::POST, "/api/v1/tickets/redeem", &headers, Some(body))
            .await;
        assert_eq!(answer.status, expected, "{}", answer.text);
    }
    for expected in [403, 403, 429] {
        assert_eq!(
            world
                .browser()
                .get("/auth/callback?state=x&code=y")
                .await
                .status,
            expected
        );
    }
    let leaving = Leaving::of(&world.browser().get("/auth/login").await);
    assert!(
        !leaving.get("state").is_empty(),
        "beginning a sign-in has a limit of its own"
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn bodies_have_a_size(pool: PgPool) {
    const MIB: usize = 1024 * 1024;
    let world = World::start(pool).await;
    let mut administrator = world.signed_in("administrator").await;
    let (token, origin) = (administrator.csrf(), world.url.clone());
    let headers = [
        ("content-type", "application/json"),
        ("origin", origin.as_str()),
        ("x-csrf-token", token.as_str()),
    ];
    for (path, size) in [
        ("/api/v1/changes", MIB + 1),
        ("/api/v1/tokens", 5 * MIB),
        ("/api/v1/tickets/redeem", 2 * MIB),
        ("/api/v1/services/import", 13 * MIB),
    ] {
        let answer = administrator
            .send(Method::POST, path, &headers, Some(" ".repeat(size)))
            .await;
        assert_eq!(answer.status, 413, "{path} {size}: {}", answer.text);
        assert_eq!(answer.code(), "too_large");
        let most = if path.ends_with("import") {
            "12 MiB"
        } else {
            "1 MiB"
        };
        assert!(answer.text.contains(most), "{}", answer.text);
    }
    // A catalogue may be larger than anything else; it is another matter that this one is a comment.
    let yaml = [
        ("content-type", "application/yaml"),
        ("origin", origin.as_str()),
        ("x-csrf-token", token.as_str()),
    ];
    let answer = administrator
        .send(
            Method::POST,
            "/api/v1/services/import",
            &yaml,
            Some(format!("#{}", "x".repeat(7 * MIB))),
        )
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let form = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", origin.as_str()),
        ("x-csrf-token", token.as_str()),
    ];
    let answer = administrator
        .send(
            Method::POST,
            "/preferences/theme",
            &form,
            Some(format!("theme={}", "x".repeat(2 * MIB))),
        )
        .await;
    assert_eq!(answer.status, 413);
}

/// What does not say how large it is, is cut off when it turns out to be.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_body_that_does_not_say_its_size(pool: PgPool) {
    let world = World::start(pool).await;
    let chunks =
        futures::stream::iter((0..40).map(|_| Ok::<_, std::io::Error>("x".repeat(64 * 1024))));
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let answer = client
        .post(format!("{}/api/v1/tickets/redeem", world.url))
        .header("content-type", "application/json")
        .body(reqwest::Body::wrap_stream(chunks))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 413);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
}

/// A head that never ends holds a connection, not for ever.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_request_that_never_comes(pool: PgPool) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let world = World::start(pool).await;
    let address = world.url.trim_start_matches("http://").to_owned();
    let mut slow = tokio::net::TcpStream::connect(address)
        .await
        .expect("connected");
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        .await
        .expect("written");
    let mut answer = vec![];
    let ended = tokio::time::timeout(
        std::time::Duration::from_secs(20),
        slow.read_to_end(&mut answer),
    )
    .await;
    assert!(ended.is_ok(), "the portal hung up");
}

/// Whoever asks may invent methods; what is counted by method must not grow with that.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn invented_methods_are_counted_as_one(pool: PgPool) {
    let world = World::start(pool).await;
    let mut browser = world.browser();
    for n in 0..5 {
        let method = Method::from_bytes(format!("INVENTED{n}").as_bytes()).expect("a method");
        let answer = browser.send(method, "/healthz", &[], None).await;
        assert_eq!(answer.status, 405);
    }
    let told = browser.get("/metrics").await.text;
    assert!(told.contains(r#"method="other""#), "{told}");
    assert!(!told.contains("INVENTED"), "{told}");
}
