//! What every answer carries, and that no request, however odd, breaks the portal.

use std::collections::BTreeSet;

use reqwest::Method;
use sqlx::PgPool;

use crate::{
    harness::{Browser, World},
    routes,
};

fn directives(policy: &str) -> Vec<(String, BTreeSet<String>)> {
    policy
        .split(';')
        .map(|part| {
            let mut words = part.split_whitespace().map(str::to_owned);
            (words.next().unwrap_or_default(), words.collect())
        })
        .collect()
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn pages_allow_what_they_need_and_no_more(pool: PgPool) {
    let world = World::start(pool).await;
    let mut browser = world.signed_in("developer").await;
    let mut nonces = BTreeSet::new();
    for path in ["/", "/services", "/no-such-page", "/changes/not-an-id"] {
        let answer = browser.get(path).await;
        let policy = answer.header("content-security-policy");
        let all = directives(policy);
        let of = |name: &str| {
            all.iter()
                .find(|(n, _)| n == name)
                .map_or_else(|| panic!("{name} in {policy}"), |(_, v)| v.clone())
        };
        let set = |words: &[&str]| {
            words
                .iter()
                .map(|w| (*w).to_owned())
                .collect::<BTreeSet<_>>()
        };
        for (name, values) in [
            ("default-src", vec!["'none'"]),
            ("style-src", vec!["'self'"]),
            ("img-src", vec!["'self'", "data:"]),
            ("connect-src", vec!["'self'"]),
            ("font-src", vec!["'self'"]),
            ("form-action", vec!["'self'", world.op.issuer()]),
            ("frame-ancestors", vec!["'none'"]),
            ("base-uri", vec!["'none'"]),
            ("object-src", vec!["'none'"]),
        ] {
            assert_eq!(of(name), set(&values), "{name} of {path}");
        }
        let scripts = of("script-src");
        let nonce = scripts
            .iter()
            .find_map(|s| s.strip_prefix("'nonce-"))
            .expect("a nonce")
            .trim_end_matches('\'')
            .to_owned();
        assert_eq!(
            scripts,
            set(&["'self'", "'wasm-unsafe-eval'", &format!("'nonce-{nonce}'")]),
            "{path}"
        );
        assert!(
            !policy.contains("unsafe-inline") && !policy.contains('*'),
            "{policy}"
        );
        assert!(
            nonce.len() >= 22 && nonces.insert(nonce.clone()),
            "a new nonce for every answer"
        );
        if answer.text.contains("<script") {
            assert!(answer.text.contains(&nonce), "{path} uses its nonce");
        }
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{name} of {path}");
        }
        assert!(answer.header("permissions-policy").contains("camera=()"));
        assert_eq!(
            answer.header("strict-transport-security"),
            "",
            "there is no TLS on this machine"
        );
        assert!(
            !answer.text.contains(" style=\"") && !answer.text.contains(" onclick="),
            "{path} would break its own policy"
        );
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn over_tls_everything_is_closed_further(pool: PgPool) {
    let world = World::with(
        pool,
        &[("PORTOLAN_PUBLIC_URL", "https://portolan.example.com")],
    )
    .await;
    let answer = world.browser().get("/auth/login").await;
    assert!(
        answer
            .header("strict-transport-security")
            .contains("max-age=63072000")
    );
    let cookie = &answer.set_cookies()[0];
    assert!(
        cookie.starts_with("__Host-portolan-login-")
            && cookie.contains("; Secure")
            && cookie.contains("Path=/;"),
        "{cookie}"
    );
    assert!(!cookie.contains("Domain"), "{cookie}");
    let state = crate::harness::op::Leaving::of(&answer).query["state"].clone();
    assert!(!state.is_empty());
    let mut planted = world.browser();
    planted
        .cookies
        .insert("portolan".into(), "AAAAAAAAAAAAAAAAAAAAAA".into());
    assert!(
        planted
            .get("/services")
            .await
            .location()
            .starts_with("/auth/login"),
        "the name without the prefix counts for nothing"
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_request_is_known_by_its_id(pool: PgPool) {
    let world = World::start(pool).await;
    let given = "01900000-0000-7000-8000-00000000abcd";
    let mut browser = world.browser();
    let answer = browser
        .send(Method::GET, "/api/v1/me", &[("x-request-id", given)], None)
        .await;
    assert_eq!(
        (
            answer.header("x-request-id"),
            answer.json()["request_id"].as_str()
        ),
        (given, Some(given))
    );
    let mut made = BTreeSet::new();
    for odd in ["", "1", "<script>", "00000000-0000-0000-0000-000000000000"] {
        let answer = browser
            .send(Method::GET, "/api/v1/me", &[("x-request-id", odd)], None)
            .await;
        let id = answer.header("x-request-id").to_owned();
        assert_eq!(
            uuid::Uuid::parse_str(&id).expect("an id").get_version_num(),
            7
        );
        assert!(made.insert(id));
    }
    let failed = browser
        .send(
            Method::GET,
            "/auth/callback?state=x&code=y",
            &[("x-request-id", given)],
            None,
        )
        .await;
    assert_eq!(failed.status, 403);
    assert!(
        failed.text.contains(given),
        "the page says which request it was"
    );
    assert_eq!(
        world.events("session.sign_in_refused").await[0]["request_id"],
        given,
        "and so does the log"
    );
}

/// What there is not, and methods there are not: a problem for programs, a page for people.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn errors_have_the_form_that_is_asked_for(pool: PgPool) {
    let world = World::start(pool).await;
    let mut browser = world.signed_in("developer").await;
    for path in [
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/",
        "/api/v1/no-such-thing",
        "/api/v2/changes",
    ] {
        let answer = browser.get(path).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (404, "not_found"),
            "{path}"
        );
    }
    let page = browser.get("/no/such/page").await;
    assert_eq!(page.status, 404);
    assert!(
        page.header("content-type").starts_with("text/html"),
        "{}",
        page.header("content-type")
    );
    for (method, path) in [
        ("PUT", "/api/v1/changes"),
        ("PATCH", "/api/v1/me"),
        ("DELETE", "/api/v1/services/cart"),
    ] {
        let answer = browser
            .call(method, path.trim_start_matches("/api/v1"), None)
            .await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (405, "method_not_allowed"),
            "{method} {path}"
        );
        assert!(
            answer.header("allow").contains("GET"),
            "{method} {path}: {}",
            answer.header("allow")
        );
    }
    let problem = browser.get("/api/v1/changes/none").await.json();
    for field in ["type", "title", "status", "detail", "code", "request_id"] {
        assert!(!problem[field].is_null(), "{field} in {problem}");
    }
    let head = browser
        .send(Method::HEAD, "/api/v1/no-such-thing", &[], None)
        .await;
    assert_eq!((head.status, head.text.as_str()), (404, ""));
}

/// Broken encodings, NUL bytes and worse, in every part of every address: refused, never a fault of ours.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn nothing_odd_is_our_fault(pool: PgPool) {
    let world = World::start(pool).await.with_shop().await;
    let browser = world.signed_in("administrator").await;
    let odd = [
        "%00",
        "%ff",
        "%c3%28",
        "..%2f..%2fetc%2fpasswd",
        "%27%3B--",
        "%3Cscript%3E",
        "a".repeat(3_000).leak(),
        "%F0%9F%92%A9",
        "%25",
        "{id}",
        "\"",
        "%0d%0aX-Evil:%201",
        "AAA\u{fffd}",
    ];
    let mut asked = 0;
    for (method, path) in routes::of_the_router(&world.state) {
        if method != "GET" || path.contains("__private") || path.ends_with("/events") {
            continue;
        }
        for text in odd {
            let place = path.replace("{name}", text).replace("{id}", text);
            for address in [
                place.clone(),
                format!("{path}?q={text}"),
                format!("{path}?cursor={text}&limit={text}"),
                format!("{path}?{text}"),
                format!("{path}?kind={text}&login={text}&state={text}&service={text}"),
            ] {
                let address = address
                    .replace("{name}", "cart")
                    .replace("{id}", "01900000-0000-7000-8000-000000000000");
                let answer = browser.clone().send(Method::GET, &address, &[], None).await;
                assert!(
                    answer.status < 500,
                    "{address}: {} {}",
                    answer.status,
                    answer.text
                );
                asked += 1;
            }
        }
    }
    assert!(asked > 1_000, "{asked}");
    let bodies: [&[u8]; 10] = [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\"x\"",
        b"{\"a\":\"\\u0000\"}",
        b"\xff\xfe",
        b"{\"reason\":\"\\ud800\"}",
        b"{\"kind\":{\"$ne\":null}}",
        b"\x00",
    ];
    let (token, origin) = (browser.csrf(), world.url.clone());
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client");
    for route in routes::of_the_router(&world.state)
        .into_iter()
        .filter(routes::is_unsafe)
    {
        if route.1.contains("out") {
            continue;
        }
        let path = route
            .1
            .replace("{name}", "cart")
            .replace("{id}", "01900000-0000-7000-8000-000000000000");
        for body in bodies {
            for kind in [
                "application/json",
                "application/x-www-form-urlencoded",
                "multipart/form-data",
                "text/plain",
                "",
            ] {
                let method = Method::from_bytes(route.0.as_bytes()).expect("a method");
                let answer = client
                    .request(method, format!("{origin}{path}"))
                    .header(
                        "cookie",
                        format!("portolan={}", browser.session_cookie().expect("a session")),
                    )
                    .header("origin", &origin)
                    .header("x-csrf-token", &token)
                    .header("content-type", kind)
                    .body(body.to_vec())
                    .send()
                    .await
                    .expect("an answer");
                let status = answer.status().as_u16();
                assert!(
                    status < 500 || route.1.ends_with("redeem") && status == 502,
                    "{route:?} {kind} {body:?}: {status} {}",
                    answer.text().await.unwrap_or_default()
                );
            }
        }
    }
}

/// Numbers for operators: nothing in them names a person, a service or an address that somebody typed.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn metrics_name_nobody(pool: PgPool) {
    let world = World::start(pool).await.with_shop().await;
    let mut browser = world.signed_in("developer").await;
    browser.get("/services/cart").await;
    browser.get("/services/metric-canary").await;
    browser.get("/path-canary").await;
    let metrics = Browser::new(&world.url).get("/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(
        metrics.text.contains(
            "portolan_http_requests_total{method=\"GET\",route=\"/services/{name}\",status=\"200\"}"
        ),
        "{}",
        metrics.text
    );
    // A histogram: what several replicas counted can be added up.
    let bucket = "portolan_http_request_seconds_bucket{method=\"GET\",route=\"/services/{name}\",status=\"200\",le=\"+Inf\"}";
    assert!(metrics.text.contains(bucket), "{}", metrics.text);
    for name in ["cart", "developer", "canary", "checkout"] {
        assert!(!metrics.text.contains(name), "{name} in {}", metrics.text);
    }
}

/// With an address of their own they are not told where people come in.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn metrics_can_be_kept_from_the_public(pool: PgPool) {
    let world = World::with(pool, &[("PORTOLAN_METRICS_LISTEN", "127.0.0.1:0")]).await;
    assert_eq!(world.browser().get("/metrics").await.status, 404);
    assert_eq!(world.browser().get("/healthz").await.status, 200);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let router = portolan_server::serve::apart(&world.state);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let metrics = Browser::new(&url).get("/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.text.contains("portolan_"), "{}", metrics.text);
    assert_eq!(Browser::new(&url).get("/services").await.status, 404);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn answers_are_compressed_but_not_streams(pool: PgPool) {
    let world = World::start(pool).await;
    let mut browser = world.signed_in("developer").await;
    let page = browser
        .send(Method::GET, "/services", &[("accept-encoding", "br")], None)
        .await;
    assert_eq!(page.header("content-encoding"), "br");
    assert!(
        page.header("vary")
            .to_lowercase()
            .contains("accept-encoding")
    );
    let plain = browser.get("/services").await;
    assert_eq!(plain.header("content-encoding"), "");
}
