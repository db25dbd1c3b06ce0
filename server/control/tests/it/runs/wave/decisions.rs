//! What people decide behind a halted canary, and what stops it otherwise: a cancel, another rule.

use domain::{
    Caller, ChangeId, ChangeKind, ChangeState, JobRole, RefusalCode, StepKind, StepState,
};
use portolan_control::changes::attention::{Choice, Settlement};
use serde_json::json;
use sqlx::PgPool;

use super::{
    CANARY, Stage, errors, halted, operator, reason, rules, stage, standing, state_of, untouched,
};
use crate::harness::Recorded as _;

pub(super) async fn decide(
    stage: &Stage,
    caller: &Caller,
    id: ChangeId,
    choice: Choice,
) -> Result<ChangeState, RefusalCode> {
    let found = stage
        .portal
        .control
        .attention_of(caller, id)
        .await
        .expect("reads");
    let settlement = Settlement {
        choice,
        attempt: found.parked.expect("parked").attempt,
        reason: reason("looked at the dashboards"),
        reference: None,
    };
    let done = stage
        .portal
        .control
        .settle_attention(caller, id, settlement);
    done.await
        .map(|change| change.row.state)
        .map_err(|error| error.code())
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn somebody_else_than_the_requester_lets_it_go_on(pool: PgPool) {
    let stage = stage(pool, json!({"bake": "10m", "every": "3s"})).await;
    // Asked for by somebody who may decide on what others asked for.
    let roles = &[JobRole::Developer, JobRole::Operator];
    let both = stage
        .portal
        .person("both", roles, &["checkout"], false)
        .await;
    let other = operator(&stage, "operator").await;
    let id = halted(&stage).await.row.id;
    sqlx::query("UPDATE change SET requester_id = $2 WHERE id = $1")
        .bind(id.0)
        .bind(both.person.id.0)
        .execute(&stage.portal.pool)
        .await
        .expect("asked for by both");
    for (caller, code) in [
        (&both, RefusalCode::Forbidden),
        (&stage.developer, RefusalCode::Forbidden),
        (&stage.manager, RefusalCode::Forbidden),
    ] {
        let refused = decide(&stage, caller, id, Choice::GoOn).await;
        assert_eq!(refused, Err(code), "{}", caller.person.login);
    }
    assert_eq!(
        decide(&stage, &other, id, Choice::Done).await,
        Err(RefusalCode::Invalid)
    );
    let found = stage
        .portal
        .control
        .attention_of(&other, id)
        .await
        .expect("reads");
    assert!(found.choices.go_on.is_ok() && found.choices.done.is_err());

    sqlx::query("UPDATE change SET requester_id = $2 WHERE id = $1")
        .bind(id.0)
        .bind(stage.developer.person.id.0)
        .execute(&stage.portal.pool)
        .await
        .expect("as it was");
    assert_eq!(
        decide(&stage, &other, id, Choice::GoOn).await,
        Ok(ChangeState::Running)
    );
    let change = stage.work_alone(id).await;
    assert_eq!(
        change.row.state,
        ChangeState::Succeeded,
        "{}",
        standing(&change)
    );
    assert_eq!(stage.builds("cart"), 2);
    assert_eq!(
        state_of(&change, CANARY, StepKind::Analyse),
        Some(StepState::Skipped)
    );
    let (by, why): (String, String) = sqlx::query_as(
        "SELECT person_login, record::jsonb -> 'data' ->> 'reason' FROM audit_event WHERE change_id = $1 AND kind = 'wave.continued'",
    )
    .bind(id.0)
    .fetch_one(&stage.portal.pool)
    .await
    .expect("on record");
    assert_eq!(
        (by.as_str(), why.as_str()),
        ("operator", "looked at the dashboards")
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn rolling_back_is_one_decision(pool: PgPool) {
    let stage = stage(pool, json!({"bake": "2s"})).await;
    assert_eq!(
        stage.run("1.0.0", "staging").await.row.state,
        ChangeState::Succeeded
    );
    let built = stage.builds("cart");
    errors(&stage, 0.5);
    let change = stage.run("1.1.0", "staging").await;
    assert_eq!(
        change.row.state,
        ChangeState::NeedsAttention,
        "{}",
        standing(&change)
    );
    let (control, id) = (&stage.portal.control, change.row.id);
    let found = control
        .attention_of(&stage.developer, id)
        .await
        .expect("reads");
    assert_eq!(found.choices.roll_back, Ok(()));
    let attempt = found.parked.expect("parked").attempt;
    let operator = operator(&stage, "operator").await;
    let refused = control
        .roll_back_halted(&operator, id, attempt, reason("it is bad"))
        .await;
    assert_eq!(
        refused.expect_err("asks for no change").code(),
        RefusalCode::Forbidden
    );
    assert_eq!(
        stage.change(id).await.row.state,
        ChangeState::NeedsAttention,
        "nothing half done"
    );
    let back = control.roll_back_halted(&stage.developer, id, attempt, reason("it is bad"));
    let back = back.await.expect("asked for");
    assert_eq!(back.row.kind, ChangeKind::Rollback);
    assert_eq!(stage.change(id).await.row.state, ChangeState::Cancelled);
    let digest = back.row.evidence_digest;
    let verdict = domain::Verdict::Approve;
    control
        .decide(
            &stage.colleague,
            back.row.id,
            verdict,
            digest,
            String::new(),
        )
        .await
        .expect("approved");
    let _worker = stage.worker();
    let back = stage.ended(back.row.id).await;
    assert_eq!(
        back.row.state,
        ChangeState::Succeeded,
        "{}",
        standing(&back)
    );
    assert!(
        back.run.expect("a run").waves.is_empty(),
        "the wave is about deployments"
    );
    assert_eq!(stage.builds("cart"), built + 3);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_cancel_does_not_wait_for_the_canary(pool: PgPool) {
    let stage = stage(pool, json!({"bake": "10m", "every": "5m"})).await;
    let id = stage.approved("cart", "1.1.0", "staging").await;
    let _worker = stage.worker();
    stage
        .until(id, |change| {
            change
                .run
                .as_ref()
                .is_some_and(|run| run.waves.iter().any(|w| w.next_at.is_some()))
        })
        .await;
    let cancelled = stage
        .portal
        .control
        .cancel(&stage.developer, id, "not today".to_owned());
    cancelled.await.expect("cancelled");
    let change = stage.ended(id).await;
    assert_eq!(
        change.row.state,
        ChangeState::Cancelled,
        "{}",
        standing(&change)
    );
    untouched(&stage, &change).await;
    let why = change.state_reason.expect("why");
    assert!(
        why.contains("eu-central-1: 1.1.0 is deployed and verified.")
            && why.contains("eu-west-1: nothing was changed."),
        "{why}"
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn another_wave_than_was_approved_is_another_change(pool: PgPool) {
    let stage = stage(pool, json!({"bake": "10m", "every": "3s"})).await;
    let id = stage.approved("cart", "1.1.0", "staging").await;
    // Another process takes over rules with a shorter watch.
    let shorter = rules(&json!({"bake": "2s"}));
    sqlx::query(
        "INSERT INTO rule_set (version, rules, waves, changed_at) VALUES ($1, $2, $3, now())",
    )
    .bind(shorter.version())
    .bind(serde_json::to_value(shorter.rules()).expect("json"))
    .bind(serde_json::to_value(shorter.waves()).expect("json"))
    .execute(&stage.portal.pool)
    .await
    .expect("in force");
    let refused = stage.portal.control.start(&stage.developer, id).await;
    assert_eq!(refused.expect_err("stale").code(), RefusalCode::Stale);
    let change = stage.change(id).await;
    assert!(change.differs_in("wave.bake_s") && change.differs_in("rule_version"));
    let why = change.state_reason.expect("why");
    assert!(why.contains("the waves have changed"), "{why}");
}
