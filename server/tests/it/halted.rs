//! Changes that a wave has halted: what their pages show without scripts, and what a form on them decides.

use sqlx::PgPool;

use crate::harness::{
    World,
    shop::{OWN, id},
};

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_form_lets_it_go_on_or_rolls_it_back(pool: PgPool) {
    let world = World::start(pool.clone()).await.with_shop().await;
    let halted = world.halted(OWN).await;
    let (it, attempt) = (id(&halted), halted["attempt"].as_str().expect("an attempt"));
    let change: uuid::Uuid = it.parse().expect("an id");
    sqlx::query(
        "WITH run AS (SELECT id FROM run WHERE change_id = $1),
         baked AS (INSERT INTO bake (step_id, began_at, ends_at) SELECT step.id, now() - interval '10 min', now() FROM step, run
             WHERE run_id = run.id AND position = 3)
         INSERT INTO wave_reading (id, step_id, epoch, position, wave, name, metric, allowed, value, reach, from_at, to_at, request_id, at)
         SELECT gen_random_uuid(), s.id, 1, 0, 'a wave', 'errors', 'Average of Shop Errors', 'at most 0.01', 0.25, 'breached',
             now() - interval '9 min', now(), 'request-of-cloudwatch', now() FROM step s, run WHERE s.run_id = run.id AND s.kind = 'analyse'",
    )
    .bind(change)
    .execute(&pool)
    .await
    .expect("measured");
    sqlx::query("UPDATE step SET kind = 'bake' FROM run WHERE run.id = run_id AND change_id = $1 AND position = 3")
        .bind(change)
        .execute(&pool)
        .await
        .expect("watched");

    let mut developer = world.signed_in("developer").await;
    let mut operator = world.signed_in("operator").await;
    for page in [format!("/attention/{it}"), format!("/changes/{it}")] {
        let shown = operator.get(&page).await;
        assert_eq!(shown.status, 200, "{page}");
        for said in [
            "Average of Shop Errors",
            "0.25",
            "at most 0.01",
            "Breached",
            "request-of-cloudwatch",
        ] {
            assert!(shown.text.contains(said), "{page} does not say {said}");
        }
    }
    let shown = operator.get(&format!("/attention/{it}")).await;
    assert!(shown.text.contains("halted the run"));
    let run = operator
        .call("GET", &format!("/changes/{it}/runs"), None)
        .await
        .json();
    let reading = &run["items"][0]["waves"][0]["readings"][0];
    assert_eq!(
        (&reading["value"], &reading["reach"]),
        (&serde_json::json!(0.25), &serde_json::json!("breached"))
    );

    let fields = |choice| {
        [
            ("choice", choice),
            ("attempt", attempt),
            ("reason", "looked at it"),
        ]
    };
    // Whoever may not decide is told so, and nothing moves.
    let refused = developer
        .post_form(&format!("/attention/{it}"), &fields("go_on"))
        .await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    let back = operator
        .post_form(&format!("/attention/{it}"), &fields("roll_back"))
        .await;
    assert_eq!(back.status, 403, "{}", back.text);
    assert_eq!(state(&pool, change).await, "needs_attention");
    let gone_on = operator
        .post_form(&format!("/attention/{it}"), &fields("go_on"))
        .await;
    assert_eq!(gone_on.status, 303, "{}", gone_on.text);
    assert_eq!(state(&pool, change).await, "running");

    world.nothing_runs().await;
    let halted = world.halted(OWN).await;
    let (it, attempt) = (id(&halted), halted["attempt"].as_str().expect("an attempt"));
    let fields = [
        ("choice", "roll_back"),
        ("attempt", attempt),
        ("reason", "it is bad"),
    ];
    let back = developer
        .post_form(&format!("/attention/{it}"), &fields)
        .await;
    assert_eq!(back.status, 303, "{}", back.text);
    assert_eq!(state(&pool, it.parse().expect("an id")).await, "cancelled");
    let kind: String = sqlx::query_scalar("SELECT kind FROM change ORDER BY id DESC LIMIT 1")
        .fetch_one(&pool)
        .await
        .expect("the newest");
    assert_eq!(kind, "rollback");
}

async fn state(pool: &PgPool, change: uuid::Uuid) -> String {
    sqlx::query_scalar("SELECT state FROM change WHERE id = $1")
        .bind(change)
        .fetch_one(pool)
        .await
        .expect("a state")
}
