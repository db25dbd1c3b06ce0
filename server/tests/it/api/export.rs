//! The audit log as a file.

use serde_json::Value;
use sqlx::PgPool;

use super::Shop;

/// Somebody's name, and the subject of an event, as an attacker would choose them.
async fn plant(shop: &Shop) {
    sqlx::query(
        "INSERT INTO audit_event (id, at, kind, outcome, door, person_login, subject_kind, subject_id, request_id, policy_version, record)
         SELECT gen_random_uuid(), at, kind, 'denied', door, '@SUM(A1:A9)', 'person', '=HYPERLINK(\"http://evil\")', request_id,
             policy_version, record FROM audit_event WHERE kind = 'release.registered' LIMIT 1",
    )
    .execute(&shop.world.pool)
    .await
    .expect("planted");
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn no_cell_is_a_formula(pool: PgPool) {
    let shop = Shop::open(pool).await;
    plant(&shop).await;
    let answer = shop
        .as_("auditor")
        .get("/audit/export?format=csv&kind=release.registered")
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.header("content-type").starts_with("text/csv"));
    assert!(
        answer
            .header("content-disposition")
            .contains("portolan-audit.csv")
    );
    let lines: Vec<&str> = answer.text.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 4, "a line of names, two releases, one planted");
    assert!(lines[0].starts_with("id,at,kind,"));
    assert!(
        answer
            .text
            .contains(",\"'=HYPERLINK(\"\"http://evil\"\")\","),
        "{}",
        answer.text
    );
    assert!(
        answer.text.contains(",\"'@SUM(A1:A9)\","),
        "{}",
        answer.text
    );
    for cell in lines[1..].iter().flat_map(|line| line.split("\",\"")) {
        assert!(
            !cell
                .trim_start_matches('"')
                .starts_with(['=', '+', '-', '@']),
            "{cell}"
        );
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn lines_of_json_are_the_events(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let auditor = shop.as_("auditor");
    let answer = auditor
        .get("/audit/export?format=jsonl&kind=release.registered")
        .await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "application/jsonl")
    );
    let rows: Vec<Value> = answer
        .text
        .lines()
        .map(|line| serde_json::from_str(line).expect("json"))
        .collect();
    let listed = auditor.read("/audit/events?kind=release.registered").await;
    assert_eq!(Value::from(rows), listed["items"]);
    let empty = auditor
        .get("/audit/export?format=jsonl&until=2020-01-01T00:00:00Z")
        .await;
    assert_eq!((empty.status, empty.text.as_str()), (200, ""));
    assert_eq!(shop.world.events("audit.exported").await.len(), 2);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_long_log_comes_whole(pool: PgPool) {
    let shop = Shop::open(pool).await;
    sqlx::query(
        "INSERT INTO audit_event (id, at, kind, outcome, door, subject_kind, subject_id, request_id, policy_version, record)
         SELECT gen_random_uuid(), at, 'token.used', outcome, door, subject_kind, n::text, request_id, policy_version, record
         FROM (SELECT * FROM audit_event LIMIT 1) AS one, generate_series(1, 2500) AS n",
    )
    .execute(&shop.world.pool)
    .await
    .expect("planted");
    let answer = shop
        .as_("auditor")
        .get("/audit/export?format=jsonl&kind=token.used&subject_kind=environment")
        .await;
    let ids: std::collections::BTreeSet<String> = answer
        .text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("json")["subject"]["id"].to_string())
        .collect();
    assert_eq!(ids.len(), 2_500, "each once, over three reads");
}
