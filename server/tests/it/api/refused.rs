//! Addresses, methods, strangers, tickets and catalogues that are refused.

use serde_json::json;
use sqlx::PgPool;

use super::{Shop, bad_input::problem, send};

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn addresses_methods_and_strangers(pool: PgPool) {
    let shop = Shop::open(pool).await;
    for path in [
        "/",
        "/nothing",
        "/services/cart/nothing",
        "/changes/x/y/z",
        "/changes/1",
        "/tokens/1/2",
    ] {
        problem(
            &shop.as_("developer").get(path).await,
            404,
            "not_found",
            path,
        );
    }
    for (method, path, allowed) in [
        ("DELETE", "/services", "GET,HEAD"),
        ("PUT", "/changes", "GET,HEAD,POST"),
        ("PATCH", "/me", "GET,HEAD"),
        ("GET", "/tickets/redeem", "POST"),
        ("BREW", "/rules", "GET,HEAD"),
    ] {
        let answer = send(shop.as_("developer").request(method, path)).await;
        problem(&answer, 405, "method_not_allowed", path);
        assert_eq!(answer.header("allow"), allowed, "{method} {path}");
    }
    let nobody = shop.as_("nobody");
    for path in [
        "/me",
        "/services",
        "/changes/1",
        "/audit/export?format=csv",
        "/tokens",
    ] {
        let answer = nobody.get(path).await;
        problem(&answer, 401, "not_signed_in", path);
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
    }
    for body in ["{}", "{", "{\"colour\":1}"] {
        let request = nobody
            .request("POST", "/changes")
            .header("content-type", "application/json")
            .body(body);
        problem(&send(request).await, 401, "not_signed_in", body);
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_ticket_that_is_not_good_is_refused_in_the_same_words(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let nobody = shop.as_("nobody");
    let mut words = std::collections::BTreeSet::new();
    for ticket in [
        "",
        "x",
        "ptk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "' OR 1=1 --",
    ] {
        let answer = nobody
            .post("/tickets/redeem", &json!({"ticket": ticket}))
            .await;
        problem(&answer, 403, "ticket_refused", ticket);
        words.insert(answer.json()["detail"].as_str().expect("words").to_owned());
    }
    assert_eq!(words.len(), 1);
    let answer = nobody.post("/tickets/redeem", &json!({"ticket": 1})).await;
    assert!(problem(&answer, 422, "invalid", "a number")["ticket"].is_string());
    assert_eq!(shop.world.events("ticket.refused").await.len(), 4);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn catalogues(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let administrator = shop.as_("administrator");
    let import = |query: &str, kind: &str, body: Vec<u8>| {
        send(
            administrator
                .request("POST", &format!("/services/import{query}"))
                .header("content-type", kind)
                .body(body),
        )
    };
    for (query, field) in [
        ("?source=a:b", "source"),
        ("?file=", "file"),
        ("?folder=/etc", "folder"),
    ] {
        let answer = import(query, "application/yaml", b"a: b".to_vec()).await;
        assert!(
            problem(&answer, 422, "invalid", query)[field].is_string(),
            "{query}"
        );
    }
    let answer = import("?source=x", "application/json", b"{}".to_vec()).await;
    assert!(problem(&answer, 422, "invalid", "JSON and a source")["source"].is_string());
    problem(
        &import("", "application/json", b"{\"folder\":\"/etc\"}".to_vec()).await,
        422,
        "invalid",
        "a folder",
    );
    problem(
        &import("", "application/yaml", b"\xff\xfe".to_vec()).await,
        400,
        "malformed",
        "no UTF-8",
    );
    problem(
        &import("", "text/html", b"<a>".to_vec()).await,
        415,
        "unsupported_media_type",
        "HTML",
    );
    problem(
        &import("", "application/yaml", vec![b'a'; 13 * 1024 * 1024]).await,
        413,
        "too_large",
        "13 MiB",
    );
    let answer = shop
        .as_("developer")
        .post("/services/import", &json!({}))
        .await;
    problem(&answer, 403, "forbidden", "a developer");
}
