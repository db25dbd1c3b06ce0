//! Changes that need a person: what they see, the three ways on, and two people at once.

use std::sync::Arc;

use domain::{AttemptId, Caller, ChangeId, ChangeState, JobRole, Reason, RefusalCode};
use portolan_control::changes::attention::{AttentionDetail, Choice, Settlement};
use sandbox::{
    jenkins::{Answers, Patch},
    world::faults::{Fault, Kind},
};
use sqlx::PgPool;
use tokio::time::Duration;
use tracing::{Dispatch, instrument::WithSubscriber as _};

use super::{
    points::At,
    stage::{Stage, steps},
};

fn answers(answers: Answers) -> Patch {
    Patch {
        answers: Some(answers),
        ..Patch::default()
    }
}

async fn stage(pool: PgPool) -> Stage {
    Stage::with(pool, |settings| {
        settings.times.follow = Duration::from_millis(10);
    })
    .await
}

async fn operator(stage: &Stage) -> Caller {
    let roles = &[JobRole::Operator];
    stage.portal.person("operator", roles, &[], false).await
}

/// A change whose build was started without an answer: whether it was, Jenkins does not say for a while.
async fn parked(stage: &Stage, version: &str) -> ChangeId {
    let world = Arc::clone(stage.sandbox.world());
    let id = stage.approved("cart", version, "dev").await;
    let start = stage.portal.control.start(&stage.developer, id).await;
    start.expect("starts");
    stage.jenkins(Patch {
        drop_trigger_replies: Some(1),
        ..Patch::default()
    });
    let silent = Dispatch::new(At::then("trigger.called", 1, move || {
        let mut world = world.lock();
        world
            .jenkins
            .switch(answers(Answers::Html))
            .expect("a switch");
    }));
    let change = stage.work_alone(id).with_subscriber(silent).await;
    assert_eq!(
        change.row.state,
        ChangeState::NeedsAttention,
        "{}",
        steps(&change).join("\n")
    );
    stage.jenkins(answers(Answers::Normal));
    id
}

async fn looked_at(stage: &Stage, caller: &Caller, id: ChangeId) -> AttentionDetail {
    let found = stage.portal.control.attention_of(caller, id).await;
    found.expect("reads")
}

fn settlement(choice: Choice, attempt: AttemptId) -> Settlement {
    let text = |text: &str| Reason::parse(text).expect("a reason");
    Settlement {
        choice,
        attempt,
        reason: text("looked at it"),
        reference: (choice == Choice::Done).then(|| text("https://jenkins.example/job/1")),
    }
}

async fn settle(
    stage: &Stage,
    caller: &Caller,
    id: ChangeId,
    settlement: Settlement,
) -> Result<ChangeState, RefusalCode> {
    let settled = stage
        .portal
        .control
        .settle_attention(caller, id, settlement);
    settled
        .await
        .map(|change| change.row.state)
        .map_err(|error| error.code())
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn what_the_outside_says_is_asked_when_somebody_looks(pool: PgPool) {
    let stage = stage(pool).await;
    let operator = operator(&stage).await;
    let id = parked(&stage, "1.1.0").await;
    let list = stage.portal.control.attention(&operator, None, None).await;
    let list = list.expect("lists").items;
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].change.id, id);

    let found = looked_at(&stage, &operator, id).await;
    let parked = found.parked.clone().expect("parked");
    assert!(parked.why.contains("not known"), "{}", parked.why);
    let says: Vec<String> = found
        .looks
        .iter()
        .map(|look| format!("{}: {:?}", look.what, look.says))
        .collect();
    assert!(
        says[0].contains("Jenkins job shop/deploy-cart: Ok(\"Build 1"),
        "{says:?}"
    );
    assert!(
        says[1].starts_with("Cluster shop-dev in eu-west-1: "),
        "{says:?}"
    );
    assert!(found.looks[1].request_id.is_some(), "{says:?}");
    // It is the person's own session, and on record.
    let (identity, role): (String, String) =
        sqlx::query_as("SELECT source_identity, role_arn FROM aws_session WHERE step_id = $1 AND purpose = 'verify_rollout'")
            .bind(parked.step.0)
            .fetch_one(&stage.portal.pool)
            .await
            .expect("a session");
    assert_eq!(identity, "operator");
    assert!(role.ends_with("portolan-job-operator"), "{role}");
    let kinds = stage.portal.kinds(id).await;
    assert!(kinds.iter().any(|k| k == "attention.looked"), "{kinds:?}");

    // What cannot be learned says so.
    stage.jenkins(answers(Answers::Nothing));
    stage.fault(Fault {
        service: Some("sts".into()),
        ..Fault::new(Kind::Reset)
    });
    let found = looked_at(&stage, &operator, id).await;
    assert!(
        found.looks.iter().all(|look| look.says.is_err()),
        "{:?}",
        found.looks
    );
    assert!(found.choices.done.is_ok() && found.choices.retry.is_ok());
    // Whoever can decide nothing on it causes no look.
    let found = looked_at(&stage, &stage.manager, id).await;
    assert_eq!(found.looks, []);
    assert!(found.choices.done.is_err() && found.choices.retry.is_err());
    assert!(found.choices.abandon.is_ok(), "managers may cancel");
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn what_is_marked_as_done_is_verified_before_it_counts(pool: PgPool) {
    let stage = stage(pool).await;
    let operator = operator(&stage).await;
    // The build that was started deploys; the operator has seen that.
    let id = parked(&stage, "1.1.0").await;
    let attempt = looked_at(&stage, &operator, id)
        .await
        .parked
        .expect("parked")
        .attempt;
    let mut bare = settlement(Choice::Done, attempt);
    bare.reference = None;
    assert_eq!(
        settle(&stage, &operator, id, bare).await,
        Err(RefusalCode::Invalid)
    );
    let done = settle(&stage, &operator, id, settlement(Choice::Done, attempt)).await;
    assert_eq!(done, Ok(ChangeState::Running));
    let change = stage.work_alone(id).await;
    assert_eq!(
        change.row.state,
        ChangeState::Succeeded,
        "{}",
        steps(&change).join("\n")
    );
    assert_eq!(stage.builds("cart"), 1);
    let kinds = stage.portal.kinds(id).await;
    assert!(kinds.iter().any(|k| k == "change.marked_done"), "{kinds:?}");

    // On a word that is not true nothing succeeds: another image runs than the one that was approved.
    stage.behave(sandbox::jenkins::Behaviour::Succeed);
    let id = parked(&stage, "1.2.0").await;
    let attempt = looked_at(&stage, &operator, id)
        .await
        .parked
        .expect("parked")
        .attempt;
    let done = settle(&stage, &operator, id, settlement(Choice::Done, attempt)).await;
    assert_eq!(done, Ok(ChangeState::Running));
    let change = stage.work_alone(id).await;
    assert_eq!(change.row.state, ChangeState::Failed);
    let why = change.state_reason.expect("why");
    assert!(why.contains("was not verified"), "{why}");
    // A build that turns up later gets nothing.
    let open = "SELECT count(*) FROM ticket WHERE redeemed_at IS NULL AND revoked_at IS NULL";
    assert_eq!(stage.count(open).await, 0);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn looking_again_finds_the_build_and_makes_no_other(pool: PgPool) {
    let stage = stage(pool).await;
    let operator = operator(&stage).await;
    let id = parked(&stage, "1.1.0").await;
    let attempt = looked_at(&stage, &operator, id)
        .await
        .parked
        .expect("parked")
        .attempt;
    let retry = settle(&stage, &operator, id, settlement(Choice::Retry, attempt)).await;
    assert_eq!(retry, Ok(ChangeState::Running));
    let change = stage.work_alone(id).await;
    assert_eq!(change.row.state, ChangeState::Succeeded);
    assert_eq!(stage.builds("cart"), 1);
    let found = looked_at(&stage, &operator, id).await;
    assert!(found.parked.is_none() && found.looks.is_empty());
    assert_eq!(found.settled.len(), 1);
    assert_eq!(found.settled[0].choice, Choice::Retry);
    // Decided once, for ever.
    let late = settle(&stage, &operator, id, settlement(Choice::Abandon, attempt)).await;
    assert_eq!(late, Err(RefusalCode::WrongState));
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn what_is_abandoned_ends_and_says_what_was_done(pool: PgPool) {
    let stage = stage(pool).await;
    let operator = operator(&stage).await;
    stage.behave(sandbox::jenkins::Behaviour::Succeed);
    let id = parked(&stage, "1.1.0").await;
    build_ends(&stage).await;
    let attempt = looked_at(&stage, &operator, id)
        .await
        .parked
        .expect("parked")
        .attempt;
    let gone = settle(&stage, &operator, id, settlement(Choice::Abandon, attempt)).await;
    assert_eq!(gone, Ok(ChangeState::Cancelled));
    let change = stage.change(id).await;
    let why = change.state_reason.clone().expect("why");
    assert!(
        why.starts_with("Abandoned by operator: looked at it"),
        "{why}"
    );
    assert!(why.contains("eu-west-1: "), "{why}");
    let states = change
        .run
        .iter()
        .flat_map(|run| &run.steps)
        .map(|step| step.state);
    assert!(states.into_iter().all(domain::StepState::is_final));
    let kinds = stage.portal.kinds(id).await;
    assert!(kinds.iter().any(|k| k == "change.abandoned"), "{kinds:?}");
}

/// Its build is over, whatever it came to.
async fn build_ends(stage: &Stage) {
    while stage.running("cart") > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn abandoned(
    stage: &Stage,
    caller: &Caller,
    id: ChangeId,
) -> Result<ChangeState, RefusalCode> {
    let seen = looked_at(stage, caller, id).await.parked.expect("parked");
    settle(stage, caller, id, settlement(Choice::Abandon, seen.attempt)).await
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_build_that_still_runs_is_stopped_before_an_abandoned_change_ends(pool: PgPool) {
    let stage = stage(pool).await;
    let operator = operator(&stage).await;
    stage.behave(sandbox::jenkins::Behaviour::Hang);
    for (version, by_cancel) in [("1.1.0", false), ("1.2.0", true)] {
        let id = parked(&stage, version).await;
        let control = &stage.portal.control;
        if by_cancel {
            let cancelled = control.cancel(&operator, id, "not this one".into()).await;
            assert_eq!(cancelled.expect("asked").row.state, ChangeState::Running);
        } else {
            let gone = abandoned(&stage, &operator, id).await;
            assert_eq!(gone, Ok(ChangeState::Running));
        }
        let stopping = stage.change(id).await;
        assert!(stopping.cancel_requested);
        let why = stopping.state_reason.expect("why");
        assert!(why.contains("It is stopped first"), "{why}");
        let change = stage.work_alone(id).await;
        assert_eq!(
            change.row.state,
            ChangeState::Cancelled,
            "{}",
            steps(&change).join("\n")
        );
        assert_eq!(stage.running("cart"), 0);
        let why = change.state_reason.expect("why");
        assert!(why.contains("eu-west-1: "), "{why}");
        let kinds = stage.portal.kinds(id).await;
        for kind in ["change.cancel_requested", "change.cancelled"] {
            let told = kinds.iter().filter(|k| *k == kind).count();
            assert_eq!(told, 1, "{kind}: {kinds:?}");
        }
        let asked = "SELECT count(*) FROM audit_event WHERE kind = 'call.intended' AND record::jsonb #>> '{data,call}' = 'jenkins:stop'";
        assert!(stage.count(asked).await > 0);
    }
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_build_that_cannot_be_stopped_holds_nobody_up_and_is_never_passed_over(pool: PgPool) {
    let stage = stage(pool).await;
    let operator = operator(&stage).await;
    stage.behave(sandbox::jenkins::Behaviour::Hang);
    // Nobody can say whether it runs.
    let id = parked(&stage, "1.1.0").await;
    stage.jenkins(answers(Answers::Html));
    assert_eq!(
        abandoned(&stage, &operator, id).await,
        Ok(ChangeState::Cancelled)
    );
    let why = stage.change(id).await.state_reason.expect("why");
    assert!(
        why.contains("is not known, and it was not stopped"),
        "{why}"
    );
    // It runs, and Jenkins stops listening before it is asked to stop it.
    stage.jenkins(answers(Answers::Normal));
    let id = parked(&stage, "1.2.0").await;
    assert_eq!(
        abandoned(&stage, &operator, id).await,
        Ok(ChangeState::Running)
    );
    stage.jenkins(answers(Answers::Html));
    let change = stage.work_alone(id).await;
    assert_eq!(change.row.state, ChangeState::NeedsAttention);
    stage.jenkins(answers(Answers::Normal));
    // Once is enough: what did not stop is left to people.
    assert_eq!(
        abandoned(&stage, &operator, id).await,
        Ok(ChangeState::Cancelled)
    );
    let why = stage.change(id).await.state_reason.expect("why");
    assert!(why.contains("nobody stops it now"), "{why}");
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn of_many_decisions_at_once_one_counts(pool: PgPool) {
    let stage = stage(pool).await;
    let operator = operator(&stage).await;
    let id = parked(&stage, "1.1.0").await;
    let attempt = looked_at(&stage, &operator, id)
        .await
        .parked
        .expect("parked")
        .attempt;
    let all = (0..12).map(|n| {
        let choice = Choice::ALL[n % 3];
        settle(&stage, &operator, id, settlement(choice, attempt))
    });
    let all = futures::future::join_all(all).await;
    let taken = all.iter().filter(|one| one.is_ok()).count();
    assert_eq!(taken, 1, "{all:?}");
    assert!(
        all.iter()
            .filter_map(|one| one.as_ref().err())
            .all(|code| *code == RefusalCode::WrongState),
        "{all:?}"
    );
    assert_eq!(stage.count("SELECT count(*) FROM attention").await, 1);
    let told = "SELECT count(*) FROM audit_event WHERE kind IN ('change.marked_done', 'change.abandoned', 'change.resumed')";
    assert_eq!(stage.count(told).await, 1);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_decision_on_what_was_parked_before_is_refused(pool: PgPool) {
    let stage = stage(pool).await;
    let operator = operator(&stage).await;
    let id = parked(&stage, "1.1.0").await;
    let seen = looked_at(&stage, &operator, id)
        .await
        .parked
        .expect("parked")
        .attempt;
    let retry = settle(&stage, &operator, id, settlement(Choice::Retry, seen)).await;
    assert_eq!(retry, Ok(ChangeState::Running));
    // Jenkins is silent again, and the step is parked anew.
    stage.jenkins(answers(Answers::Html));
    let change = stage.work_alone(id).await;
    assert_eq!(change.row.state, ChangeState::NeedsAttention);
    let late = settle(&stage, &operator, id, settlement(Choice::Abandon, seen)).await;
    assert_eq!(late, Err(RefusalCode::Conflict));
    let now = looked_at(&stage, &operator, id)
        .await
        .parked
        .expect("parked")
        .attempt;
    assert_ne!(seen, now);
    let gone = settle(&stage, &operator, id, settlement(Choice::Abandon, now)).await;
    assert_eq!(gone, Ok(ChangeState::Cancelled));
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn those_who_may_not_decide_are_refused_on_record(pool: PgPool) {
    let stage = stage(pool).await;
    let operator = operator(&stage).await;
    let id = parked(&stage, "1.1.0").await;
    let attempt = looked_at(&stage, &operator, id)
        .await
        .parked
        .expect("parked")
        .attempt;
    for (caller, choice) in [
        (&stage.developer, Choice::Done),
        (&stage.developer, Choice::Retry),
        (&stage.manager, Choice::Done),
    ] {
        let refused = settle(&stage, caller, id, settlement(choice, attempt)).await;
        assert_eq!(refused, Err(RefusalCode::Forbidden), "{choice:?}");
    }
    // Not even an operator vouches for what they asked for themselves.
    sqlx::query("UPDATE change SET requester_id = $2 WHERE id = $1")
        .bind(id.0)
        .bind(operator.person.id.0)
        .execute(&stage.portal.pool)
        .await
        .expect("asked for by the operator");
    let refused = settle(&stage, &operator, id, settlement(Choice::Done, attempt)).await;
    assert_eq!(refused, Err(RefusalCode::Forbidden));
    let denied = "SELECT count(*) FROM audit_event WHERE kind = 'policy.denied'";
    assert_eq!(stage.count(denied).await, 4);
    assert_eq!(
        stage.change(id).await.row.state,
        ChangeState::NeedsAttention
    );
}
