//! A change from the wish to its end, as scripts see it.

use domain::canonical::sha256;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{Shop, send, wish};

fn hex(bytes: [u8; 32]) -> String {
    bytes.map(|b| format!("{b:02x}")).concat()
}

fn path(change: &Value, rest: &str) -> String {
    format!("/changes/{}{rest}", change["id"].as_str().expect("an id"))
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn from_the_wish_to_the_run(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let (developer, second) = (shop.as_("developer"), shop.as_("developer2"));
    let asked = developer.post("/changes", &wish("staging")).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    let change = asked.json();
    let at = format!("/api/v1{}", path(&change, ""));
    assert_eq!(asked.header("location"), at);
    assert_eq!(change["state"], "awaiting_approval");
    assert_eq!(
        change["requirements"][0]["candidates"][0]["login"],
        "developer2"
    );
    assert_eq!(change["may"]["approve"]["allowed"], false);
    assert_eq!(developer.read(&path(&change, "")).await, change);

    let evidence = developer.get(&path(&change, "/evidence")).await;
    let digest = change["evidence_digest"].as_str().expect("a digest");
    assert_eq!(
        hex(sha256(&evidence.text)),
        digest,
        "the digest is of these very bytes"
    );
    assert_eq!(evidence.header("etag"), format!("\"{digest}\""));
    assert_eq!(evidence.json(), change["evidence"]);

    let explained = second.read(&path(&change, "/explain")).await;
    assert_eq!(
        explained["rules"],
        json!(["staging needs one of the owning team"])
    );
    assert_eq!(
        explained["may"]["approve"],
        json!({"allowed": true, "code": null, "detail": null})
    );

    let decide = |digest: &str| json!({"decision": "approve", "evidence_digest": digest, "comment": "checked"});
    let approvals = path(&change, "/approvals");
    let answer = second.post(&approvals, &decide(&"0".repeat(64))).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (409, "digest_mismatch")
    );
    let answer = developer.post(&approvals, &decide(digest)).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (403, "forbidden"),
        "never one's own"
    );
    let approved = second.made(&approvals, &decide(digest), 201).await;
    assert_eq!(
        (&approved["state"], &approved["approvals"][0]["comment"]),
        (&json!("approved"), &json!("checked"))
    );

    // Neither a body nor its media type has to be sent.
    let started = send(developer.request("POST", &path(&change, "/start"))).await;
    assert_eq!(started.status, 202, "{}", started.text);
    let runs = developer.read(&path(&change, "/runs")).await;
    assert_eq!(runs["items"][0]["steps"].as_array().map(Vec::len), Some(10));
    assert_eq!(
        developer.read(&path(&change, "/log")).await,
        json!({"items": [], "last": 0})
    );
    let answer = developer.post(&path(&change, "/start"), &json!({})).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (409, "wrong_state")
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn lists_and_their_filters(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let developer = shop.as_("developer");
    let (dev, staging) = (shop.change("dev").await, shop.change("staging").await);
    let ids = |list: &Value| -> Vec<Value> {
        list["items"]
            .as_array()
            .expect("items")
            .iter()
            .map(|c| c["id"].clone())
            .collect()
    };
    for (query, wanted) in [
        ("", vec![&staging, &dev]),
        ("?state=approved", vec![&dev]),
        ("?state=approved,awaiting_approval", vec![&staging, &dev]),
        (
            "?state=approved&state=awaiting_approval&limit=1",
            vec![&staging],
        ),
        ("?kind=rollback", vec![]),
        (
            "?service=cart&environment=staging&requester=developer",
            vec![&staging],
        ),
        ("?awaiting=me", vec![]),
    ] {
        let found = developer.read(&format!("/changes{query}")).await;
        let wanted: Vec<Value> = wanted.into_iter().map(|c| c["id"].clone()).collect();
        assert_eq!(ids(&found), wanted, "{query}");
    }
    let awaiting = shop.as_("developer2").read("/changes?awaiting=me").await;
    assert_eq!(ids(&awaiting), [staging["id"].clone()]);
    let first = developer.read("/changes?limit=1").await;
    let rest = developer
        .read(&format!(
            "/changes?cursor={}",
            first["next_cursor"].as_str().expect("more")
        ))
        .await;
    assert_eq!(ids(&rest), [dev["id"].clone()]);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn cancelled_and_asked_for_again(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let developer = shop.as_("developer");
    let change = shop.change("production").await;
    let answer = developer
        .post(&path(&change, "/retry"), &json!({"reason": "again"}))
        .await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (409, "wrong_state")
    );
    let ended = developer
        .made(
            &path(&change, "/cancel"),
            &json!({"reason": "not today"}),
            200,
        )
        .await;
    assert_eq!(
        (&ended["state"], &ended["state_reason"]),
        (
            &json!("cancelled"),
            &json!("Cancelled by developer: not today")
        )
    );
    let again = developer
        .made(&path(&change, "/retry"), &json!({"reason": "today"}), 202)
        .await;
    assert_eq!(
        (&again["retry_of"], &again["state"]),
        (&change["id"], &json!("awaiting_approval"))
    );
    assert_ne!(again["id"], change["id"]);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_second_factor_cannot_come_from_a_token(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let change = shop.change("production").await;
    let word = json!({"decision": "approve", "evidence_digest": change["evidence_digest"]});
    let mut manager = shop.world.signed_in("manager").await;
    let approvals = path(&change, "/approvals");
    let answer = manager.call("POST", &approvals, Some(&word)).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (403, "step_up_required")
    );
    let mut manager = shop.world.stepped_up("manager").await;
    let answer = manager.call("POST", &approvals, Some(&word)).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let me = manager.call("GET", "/me", None).await.json();
    assert_eq!(
        (&me["authentication"]["stepped_up"], &me["scopes"]),
        (&json!(true), &Value::Null)
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn what_one_may_not_know_of_is_not_there(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let change = shop.change("staging").await;
    let wish_of_another = json!({"name": "script", "expires_at": super::in_days(&shop.world, 30)});
    let mut browser = shop.world.signed_in("catalog-developer").await;
    let token = browser
        .call("POST", "/tokens", Some(&wish_of_another))
        .await
        .json()["token"]
        .as_str()
        .map(str::to_owned);
    let stranger = super::Script::new(&shop.world, token);
    for rest in ["", "/evidence", "/explain", "/runs", "/log", "/events"] {
        let known = stranger.get(&path(&change, rest)).await;
        let unknown = stranger
            .get(&format!("/changes/{}{rest}", uuid::Uuid::now_v7()))
            .await;
        assert_eq!(
            (known.status, known.code().as_str()),
            (404, "not_found"),
            "{rest}"
        );
        assert_eq!(known.json()["detail"], unknown.json()["detail"], "{rest}");
    }
    for (rest, body) in [
        (
            "/approvals",
            json!({"decision": "approve", "evidence_digest": change["evidence_digest"]}),
        ),
        ("/start", json!({})),
        ("/cancel", json!({"reason": "x"})),
        ("/retry", json!({"reason": "x"})),
    ] {
        assert_eq!(
            stranger.post(&path(&change, rest), &body).await.status,
            404,
            "{rest}"
        );
    }
    let answer = stranger.post("/changes", &wish("dev")).await;
    assert_eq!(
        (
            answer.status,
            answer.json()["errors"]["service"].as_str().is_some()
        ),
        (422, true)
    );
}
