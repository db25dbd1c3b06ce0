//! Changes whose step waits for a person, as a worker leaves them.

use serde_json::{Value, json};

use super::{Answer, Browser, World, shop::id};

impl World {
    /// A change of the service, to staging, whose pipeline may or may not have been started.
    pub async fn parked(&self, service: &str) -> Value {
        let mut change = self.approved(service).await;
        let attempt = uuid::Uuid::now_v7();
        sqlx::query(
            "WITH it AS (UPDATE change SET state = 'needs_attention' WHERE id = $1::uuid RETURNING id),
             used AS (UPDATE run_grant SET consumed_at = now() WHERE change_id = $1::uuid RETURNING id),
             run AS (INSERT INTO run (id, change_id, grant_id, state, started_at)
                 SELECT gen_random_uuid(), it.id, used.id, 'needs_attention', now() FROM it, used RETURNING id),
             steps AS (INSERT INTO step (id, run_id, position, region, kind, state, attempts, lease_epoch, note)
                 SELECT gen_random_uuid(), run.id, n, 'eu-central-1', kind, CASE WHEN n = 0 THEN 'needs_attention' ELSE 'waiting' END,
                     CASE WHEN n = 0 THEN 1 ELSE 0 END, CASE WHEN n = 0 THEN 1 ELSE 0 END, 'Whether Jenkins started it is not known.'
                 FROM run, unnest(ARRAY['trigger_pipeline', 'follow_pipeline', 'verify_rollout']) WITH ORDINALITY AS k (kind, m),
                     LATERAL (SELECT (m - 1)::integer AS n) AS p
                 RETURNING id, position)
             INSERT INTO attempt (id, step_id, epoch, worker, started_at, ended_at, outcome)
                 SELECT $2, id, 1, 'worker', now(), now(), 'needs_attention' FROM steps WHERE position = 0",
        )
        .bind(id(&change))
        .bind(attempt)
        .execute(&self.pool)
        .await
        .expect("parked");
        change["attempt"] = json!(attempt);
        change
    }
}

impl World {
    /// A change of the service, to staging, that its wave has halted behind its first region; before it another release
    /// was good there.
    pub async fn halted(&self, service: &str) -> Value {
        let mut change = self.undoable(service).await;
        let attempt = uuid::Uuid::now_v7();
        sqlx::query(
            "WITH it AS (UPDATE change SET state = 'needs_attention' WHERE id = $1::uuid RETURNING id),
             run AS (UPDATE run SET state = 'needs_attention', finished_at = NULL FROM it WHERE run.change_id = it.id RETURNING run.id),
             rest AS (UPDATE step SET state = 'waiting', finished_at = NULL FROM run WHERE run_id = run.id AND position > 4 RETURNING step.id),
             first AS (UPDATE step SET kind = 'analyse', state = 'needs_attention', parked_for = 'wave_halted', attempts = 1,
                     lease_epoch = 1, note = 'Too many errors.', finished_at = NULL
                 FROM run WHERE run_id = run.id AND position = 4 RETURNING step.id)
             INSERT INTO attempt (id, step_id, epoch, worker, started_at, ended_at, outcome)
                 SELECT $2, id, 1, 'worker', now(), now(), 'needs_attention' FROM first",
        )
        .bind(id(&change))
        .bind(attempt)
        .execute(&self.pool)
        .await
        .expect("halted");
        change["attempt"] = json!(attempt);
        change
    }
}

/// What this person decides about it by the API.
pub async fn settle(browser: &mut Browser, parked: &Value, choice: &str) -> Answer {
    let decision = json!({
        "choice": choice, "attempt": parked["attempt"], "reason": "a test",
        "reference": (choice == "done").then_some("https://jenkins.example/1"),
    });
    let path = format!("/changes/{}/attention", id(parked));
    browser.call("POST", &path, Some(&decision)).await
}
