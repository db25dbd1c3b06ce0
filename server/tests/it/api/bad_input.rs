//! What cannot be meant is refused as a problem that names it, and nothing is done.

use serde_json::{Value, json};
use sqlx::PgPool;

use super::{Shop, send, wish};
use crate::harness::Answer;

/// Whether this is a whole problem, and of this kind; answers what it says of its fields.
pub(super) fn problem(answer: &Answer, status: u16, code: &str, about: &str) -> Value {
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (status, code),
        "{about}: {}",
        answer.text
    );
    let problem = answer.json();
    assert_eq!(problem["status"], status, "{about}");
    assert_eq!(
        problem["type"],
        format!("urn:portolan:problem:{code}"),
        "{about}"
    );
    assert_eq!(
        problem["request_id"],
        answer.header("x-request-id"),
        "{about}"
    );
    for field in ["title", "detail"] {
        assert!(
            problem[field].as_str().is_some_and(|t| !t.is_empty()),
            "{about}: {field}"
        );
    }
    assert_eq!(answer.header("cache-control"), "no-store", "{about}");
    problem["errors"].clone()
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn queries(pool: PgPool) {
    let shop = Shop::open(pool).await;
    for (path, field) in [
        ("/services?colour=red", "colour"),
        ("/services?limit=0", "limit"),
        ("/services?limit=101", "limit"),
        ("/services?limit=ten", "limit"),
        ("/services?limit=1&limit=2", "limit"),
        ("/services?limit=99999999999999999999", "limit"),
        ("/services?team=Check+Out", "team"),
        ("/services?sort=price", "sort"),
        ("/services?orphaned=perhaps", "orphaned"),
        ("/services?cursor=%21%21", "cursor"),
        ("/services?cursor=Y2FydA", "cursor"),
        ("/services?q=a%00b", "q"),
        ("/services?system=%1b", "system"),
        ("/changes?state=open", "state"),
        ("/changes?state=", "state"),
        ("/changes?kind=explode", "kind"),
        ("/changes?requester=a%20b", "requester"),
        ("/changes?awaiting=you", "awaiting"),
        ("/changes?cursor=AAAA", "cursor"),
        ("/audit/events?kind=nothing", "kind"),
        ("/audit/events?from=yesterday", "from"),
        ("/audit/events?until=-009999-01-01T00:00:00Z", "until"),
        ("/audit/events?change=1", "change"),
        ("/audit/events?login=%27%3B--", "login"),
        ("/audit/export", "format"),
        ("/audit/export?format=ocsf", "format"),
        ("/audit/export?format=pdf", "format"),
        ("/me?verbose=1", "verbose"),
        ("/environments?x=1", "x"),
        ("/environments/dev?x=1", "x"),
        ("/openapi.json?x=1", "x"),
    ] {
        let answer = shop.as_("administrator").get(path).await;
        let errors = problem(&answer, 422, "invalid", path);
        assert!(errors[field].is_string(), "{path}: {errors}");
    }
    for path in ["/services?q=%ff", "/services?%c3%28=1", "/services/%ff"] {
        problem(
            &shop.as_("administrator").get(path).await,
            400,
            "malformed",
            path,
        );
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn bodies(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let developer = shop.as_("developer");
    let with = |field: &str, value: Value| {
        let mut body = wish("staging");
        body[field] = value;
        body
    };
    for (body, field) in [
        (with("colour", json!("red")), "colour"),
        (with("kind", json!("failover")), "kind"),
        (with("kind", json!("explode")), "kind"),
        (with("service", json!(7)), "service"),
        (with("service", json!("Cart")), "service"),
        (with("service", json!("search")), "service"),
        (with("version", json!("9.9.9")), "version"),
        (with("version", json!(["1.1.0"])), "version"),
        (with("environment", json!("moon")), "environment"),
        (with("reason", json!("  ")), "reason"),
        (with("reason", json!("x".repeat(2_001))), "reason"),
        (with("reason", json!("a\u{0}b")), "reason"),
        (with("reason", json!("a\u{1b}[31mb")), "reason"),
        (with("start_mode", json!("later")), "start_mode"),
        (
            with("retry_of", json!("01900000-0000-7000-8000-000000000000")),
            "retry_of",
        ),
        (json!({"kind": "deploy"}), "service"),
        (with("reason", json!("\u{200b}\u{feff}")), "reason"),
        (with("reason", json!("fine \u{202e}ton")), "reason"),
        (with("reason", json!("fine\u{fffe}")), "reason"),
        (with("start_at", json!("9999-12-30T23:59:59Z")), "start_at"),
        (with("start_at", json!("soon")), "start_at"),
    ] {
        let answer = developer.post("/changes", &body).await;
        let errors = problem(&answer, 422, "invalid", &body.to_string());
        assert!(errors[field].is_string(), "{body}: {errors}");
        if field == "start_at" {
            let told = errors[field].as_str().expect("words");
            assert!(told.starts_with("a time as in RFC 3339"), "{told}");
        }
    }
    // The fields in the order of our declaration are no request.
    let bare = json!(["deploy", "cart", "1.1.0", "staging", "because"]);
    let answer = developer.post("/changes", &bare).await;
    problem(&answer, 422, "invalid", "a list");
    assert!(answer.text.contains("a JSON object"), "{}", answer.text);
    assert_eq!(
        developer.read("/changes").await["total"],
        0,
        "nothing was recorded"
    );

    let in_a_day = super::in_days(&shop.world, 1);
    for (body, field) in [
        (json!({"name": "x", "expires_at": "soon"}), "expires_at"),
        (
            json!({"name": "x", "expires_at": "2020-01-01T00:00:00Z"}),
            "expires_at",
        ),
        (
            json!({"name": "x", "expires_at": super::in_days(&shop.world, 400)}),
            "expires_at",
        ),
        (json!({"name": "", "expires_at": in_a_day}), "name"),
        (json!({"name": "\u{200b}", "expires_at": in_a_day}), "name"),
        (
            json!({"name": "a\u{2066}b", "expires_at": in_a_day}),
            "name",
        ),
        (
            json!({"name": "x", "scopes": [], "expires_at": in_a_day}),
            "scopes",
        ),
        (
            json!({"name": "x", "scopes": ["all"], "expires_at": in_a_day}),
            "scopes[0]",
        ),
    ] {
        let answer = developer.post("/tokens", &body).await;
        let errors = problem(&answer, 422, "invalid", &body.to_string());
        assert!(errors[field].is_string(), "{body}: {errors}");
    }
    for address in [
        "javascript:alert(1)",
        "http://",
        "https://a b.example/",
        "ftp://example.com/x",
    ] {
        let mut body = super::release("7.0.0");
        body["build_url"] = json!(address);
        let answer = developer.post("/services/cart/releases", &body).await;
        assert!(problem(&answer, 422, "invalid", address)["build_url"].is_string());
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn what_is_no_json_or_not_said_to_be(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let developer = shop.as_("developer");
    let post = |kind: &str, body: Vec<u8>| {
        send(
            developer
                .request("POST", "/changes")
                .header("content-type", kind)
                .body(body),
        )
    };
    let deep = format!("{{\"kind\":{}", "[".repeat(100_000));
    for body in [
        "",
        "{",
        "nonsense",
        "{\"kind\":\"deploy\",}",
        "{} {}",
        deep.as_str(),
    ] {
        let answer = post("application/json", body.into()).await;
        problem(&answer, 400, "malformed", &format!("{body:.20}"));
    }
    problem(
        &post("application/json", b"{\"kind\":\"\xff\"}".to_vec()).await,
        400,
        "malformed",
        "no UTF-8",
    );
    problem(
        &post("application/json", b"[]".to_vec()).await,
        422,
        "invalid",
        "a list",
    );
    let twice = br#"{"kind":"deploy","kind":"deploy"}"#.to_vec();
    assert!(
        problem(
            &post("application/json", twice).await,
            422,
            "invalid",
            "twice"
        )["kind"]
            .is_string()
    );
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonx",
        "multipart/form-data; boundary=x",
        "",
    ] {
        problem(
            &post(kind, wish("dev").to_string().into()).await,
            415,
            "unsupported_media_type",
            kind,
        );
    }
    let answer = post(
        "Application/JSON; charset=utf-8",
        wish("dev").to_string().into(),
    )
    .await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let large = format!("{{\"kind\":\"{}\"}}", "x".repeat(2 * 1024 * 1024));
    problem(
        &post("application/json", large.into()).await,
        413,
        "too_large",
        "2 MiB",
    );
}
