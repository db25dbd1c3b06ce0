//! The same request sent again is not done again.

use serde_json::json;
use sqlx::PgPool;

use super::{Script, Shop, in_days, send, wish};
use crate::harness::Answer;

async fn keyed(script: &Script, path: &str, key: &str, body: &serde_json::Value) -> Answer {
    send(
        script
            .request("POST", path)
            .header("idempotency-key", key)
            .json(body),
    )
    .await
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn once_for_each_key(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let developer = shop.as_("developer");
    let first = keyed(developer, "/changes", "k1", &wish("dev")).await;
    assert_eq!(
        (first.status, first.header("idempotency-replayed")),
        (202, "")
    );
    let again = keyed(developer, "/changes", "k1", &wish("dev")).await;
    assert_eq!(
        (again.status, again.header("idempotency-replayed")),
        (202, "true")
    );
    assert_eq!(
        (again.text, again.headers.get("content-type")),
        (first.text, first.headers.get("content-type"))
    );
    assert_eq!(developer.read("/changes").await["total"], 1);

    let other = keyed(developer, "/changes", "k1", &wish("staging")).await;
    assert_eq!((other.status, other.code().as_str()), (409, "conflict"));
    // The key is a person's own.
    let another = keyed(shop.as_("developer2"), "/changes", "k1", &wish("dev")).await;
    assert_eq!(
        (another.status, another.header("idempotency-replayed")),
        (202, "")
    );
    for bad in ["", " ", &"k".repeat(201)] {
        let answer = keyed(developer, "/changes", bad, &wish("dev")).await;
        assert!(
            answer.json()["errors"]["Idempotency-Key"].is_string(),
            "{bad:?}: {}",
            answer.text
        );
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_refusal_is_not_kept(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let developer = shop.as_("developer");
    let mut body = wish("dev");
    body["version"] = json!("3.0.0");
    assert_eq!(keyed(developer, "/changes", "k", &body).await.status, 422);
    developer
        .made("/services/cart/releases", &super::release("3.0.0"), 201)
        .await;
    assert_eq!(keyed(developer, "/changes", "k", &body).await.status, 202);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_crowd_with_one_key_makes_one(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let developer = shop.as_("developer");
    let body = wish("dev");
    let all = (0..20).map(|_| keyed(developer, "/changes", "crowd", &body));
    let answers = futures::future::join_all(all).await;
    for answer in &answers {
        assert!([202, 409].contains(&answer.status), "{}", answer.text);
        if answer.status == 409 {
            assert_eq!(answer.header("retry-after"), "1");
        }
    }
    assert!(answers.iter().any(|a| a.status == 202));
    assert_eq!(developer.read("/changes").await["total"], 1);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_secret_is_neither_kept_nor_shown_again(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let developer = shop.as_("developer");
    let wish = json!({"name": "ci", "expires_at": in_days(&shop.world, 1)});
    let first = keyed(developer, "/tokens", "t", &wish).await.json();
    let again = keyed(developer, "/tokens", "t", &wish).await;
    assert_eq!((again.status, &again.json()["id"]), (201, &first["id"]));
    assert!(again.json().get("token").is_none(), "{}", again.text);
    let secret = first["token"].as_str().expect("the secret");
    let kept: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT body FROM idempotency WHERE body IS NOT NULL")
            .fetch_all(&shop.world.pool)
            .await
            .expect("answers");
    assert!(!kept.is_empty());
    assert!(
        kept.iter()
            .all(|body| !String::from_utf8_lossy(body).contains(secret))
    );
}
