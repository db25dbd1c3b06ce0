//! Waves: the stop behind the canary, what its metrics decide, and what people decide where they do not.

mod decisions;
mod share;
mod share_cut_short;

use std::time::Duration;

use domain::{
    Caller, ChangeState, JobRole, Reason, RuleSet, StepKind, StepState, rule::check::World,
    wave::Reach,
};
use portolan_control::{
    changes::{
        ChangeDetail,
        attention::{Choice, ParkedFor},
    },
    runs::WaveView,
};
use sandbox::{
    aws::{Datum, Named},
    world::faults::{Fault, Kind},
};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::time::sleep;

use super::stage::{Stage, state_of, steps};
use crate::harness::RULES;
use decisions::decide;

const CANARY: &str = "eu-central-1";
const REST: &str = "eu-west-1";

/// The usual rules, and a wave for the cart in staging that is quick; `of` are other fields of it.
pub(super) fn rules(of: &Value) -> RuleSet {
    rules_with(std::slice::from_ref(of))
}

/// The same with several waves.
pub(super) fn rules_with(waves: &[Value]) -> RuleSet {
    let wave = |of: &Value| {
        let mut wave = json!({
            "name": "canary of the cart", "match": {"kind": "deploy", "environment": "staging", "service": "cart"},
            "canary": "region", "bake": "4s", "every": "1s", "thresholds": [errors_threshold()],
        });
        for (key, value) in of.as_object().into_iter().flatten() {
            wave[key] = value.clone();
        }
        wave
    };
    let waves: Value = waves.iter().map(wave).collect();
    let usual = serde_json::from_str(RULES).expect("rules");
    let waves = serde_json::from_value(waves).expect("waves");
    RuleSet::with_waves(usual, waves, &World::default()).expect("good rules")
}

fn errors_threshold() -> Value {
    json!({
        "name": "errors", "namespace": "Shop", "metric": "Errors", "statistic": "Average", "period": "1s",
        "dimensions": {"Service": "{service}", "Cluster": "{cluster}"}, "compare": "at_most", "value": 0.01,
    })
}

/// From half a minute ago on the canary's errors are `value`, for some minutes, and nothing else is measured.
pub(super) fn errors(stage: &Stage, value: f64) {
    stage.sandbox.world().lock().aws.metrics.clear();
    errors_of(stage, "cart", "shop-staging", CANARY, value);
}

/// The same of any service in any place, besides what is measured already.
pub(super) fn errors_of(stage: &Stage, service: &str, cluster: &str, region: &str, value: f64) {
    let now = stage.sandbox.world().now().as_second();
    let mut world = stage.sandbox.world().lock();
    let named = Named {
        namespace: "Shop".into(),
        metric: "Errors".into(),
        dimensions: [("Service", service), ("Cluster", cluster)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    };
    for at in now - 30..now + 600 {
        let place = ("200000000002".to_owned(), region.to_owned());
        let count = 1.0;
        world
            .aws
            .metrics
            .put(place, named.clone(), Datum { at, value, count });
    }
}

async fn stage(pool: PgPool, of: Value) -> Stage {
    let stage = Stage::under(pool, rules(&of), |_| ()).await;
    errors(&stage, 0.0);
    stage
}

async fn operator(stage: &Stage, login: &str) -> Caller {
    let roles = &[JobRole::Operator];
    stage.portal.person(login, roles, &[], false).await
}

fn reason(text: &str) -> Reason {
    Reason::parse(text).expect("a reason")
}

fn wave(change: &ChangeDetail) -> &WaveView {
    let run = change.run.as_ref().expect("a run");
    run.waves.first().expect("a wave")
}

fn standing(change: &ChangeDetail) -> String {
    format!("{:?}\n{}", change.state_reason, steps(change).join("\n"))
}

/// Nothing of the change was done in the region that comes after the canary.
async fn untouched(stage: &Stage, change: &ChangeDetail) {
    assert_eq!(stage.builds("cart"), 1, "only the canary's");
    for kind in StepKind::OF_A_REGION {
        let state = state_of(change, REST, kind);
        let begun = !matches!(state, Some(StepState::Waiting | StepState::Skipped));
        assert!(!begun, "{kind} in {REST}: {}", standing(change));
    }
    let there = stage.calls().into_iter().filter(|call| {
        call.region.as_deref() == Some(REST)
            && call
                .session_name
                .as_deref()
                .is_some_and(|s| s.starts_with("step-"))
    });
    assert_eq!(there.count(), 0, "no call of a step in {REST}");
}

/// The change whose canary is bad, halted.
async fn halted(stage: &Stage) -> ChangeDetail {
    errors(stage, 0.5);
    let change = stage.run("1.1.0", "staging").await;
    assert_eq!(
        change.row.state,
        ChangeState::NeedsAttention,
        "{}",
        standing(&change)
    );
    change
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_good_canary_lets_the_rest_follow(pool: PgPool) {
    let stage = stage(pool, json!({})).await;
    let id = stage.approved("cart", "1.1.0", "staging").await;
    let plan = stage
        .change(id)
        .await
        .evidence
        .wave
        .expect("part of the evidence");
    assert_eq!(
        (plan.region.as_str(), plan.bake_s, plan.every_s),
        (CANARY, 4, 1)
    );
    assert_eq!(plan.checks[0].dimensions["Cluster"], "shop-staging");
    let worker = stage.worker();
    let waiting = stage
        .until(id, |change| {
            change
                .run
                .as_ref()
                .is_some_and(|run| run.waves.iter().any(|w| !w.readings.is_empty()))
        })
        .await;
    // Between two readings nobody holds the step, and a row says when it is due.
    let held: Option<String> =
        sqlx::query_scalar("SELECT lease_owner FROM step WHERE kind = 'bake' AND state = 'due'")
            .fetch_one(&stage.portal.pool)
            .await
            .expect("waits");
    assert_eq!(held, None);
    let before = wave(&waiting);
    let (began, ends) = before.began_at.zip(before.ends_at).expect("watched");
    assert_eq!(
        ends.duration_since(began),
        jiff::SignedDuration::from_secs(4)
    );
    untouched(&stage, &waiting).await;

    let change = stage.ended(id).await;
    worker.stop().await;
    assert_eq!(
        change.row.state,
        ChangeState::Succeeded,
        "{}",
        standing(&change)
    );
    assert_eq!(stage.builds("cart"), 2);
    let run = change.run.as_ref().expect("a run");
    let kinds: Vec<_> = run.steps.iter().map(|step| step.kind).collect();
    assert_eq!(kinds[5..7], StepKind::OF_A_WAVE);
    assert!(run.steps[6].finished_at <= run.steps[7].started_at);
    let baked = run.steps[5].finished_at.expect("over");
    assert!(baked >= ends, "not before its time");
    let readings = &wave(&change).readings;
    assert!(readings.len() >= 2, "{readings:?}");
    assert_eq!(readings.last().map(|r| r.kind), Some(StepKind::Analyse));
    for one in readings {
        assert_eq!(
            (one.value, one.reach),
            (Some(0.0), Reach::Within),
            "{one:?}"
        );
        let (from, to) = one.window.expect("a window");
        assert!(from >= began && to > from, "{one:?}");
        let id = one.request_id.as_deref().expect("an id");
        let call = stage
            .calls()
            .into_iter()
            .find(|c| c.request_id.as_deref() == Some(id));
        let call = call.expect("CloudWatch knows it");
        assert_eq!(
            (call.service.as_str(), call.outcome.as_str()),
            ("monitoring", "ok")
        );
        assert_eq!(call.source_identity.as_deref(), Some("developer"));
        assert_eq!(call.region.as_deref(), Some(CANARY));
    }
    let events = stage.portal.kinds(id).await;
    for kind in ["wave.begun", "wave.read", "wave.passed"] {
        assert!(events.iter().any(|k| k == kind), "{kind}: {events:?}");
    }
    let narrow: Value = sqlx::query_scalar(
        "SELECT session_policy FROM aws_session WHERE purpose = 'read_metrics' LIMIT 1",
    )
    .fetch_one(&stage.portal.pool)
    .await
    .expect("a session");
    assert_eq!(narrow["Statement"][0]["Action"], "cloudwatch:GetMetricData");
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_bad_canary_halts_before_its_time_and_before_the_rest(pool: PgPool) {
    // Ten minutes: it is the reading meanwhile that halts it.
    let stage = stage(pool, json!({"bake": "10m", "every": "3s"})).await;
    let change = halted(&stage).await;
    untouched(&stage, &change).await;
    assert_eq!(
        state_of(&change, CANARY, StepKind::Bake),
        Some(StepState::NeedsAttention)
    );
    let why = change.state_reason.clone().expect("why");
    assert!(
        why.contains("“errors” (Average of Shop Errors) was 0.5, and at most 0.01 is allowed."),
        "{why}"
    );
    let readings = &wave(&change).readings;
    assert_eq!(
        (readings[0].value, readings[0].reach),
        (Some(0.5), Reach::Breached)
    );
    let operator = operator(&stage, "operator").await;
    let found = stage
        .portal
        .control
        .attention_of(&operator, change.row.id)
        .await
        .expect("reads");
    assert_eq!(
        found.parked.expect("parked").parked_for,
        ParkedFor::WaveHalted
    );
    let events = stage.portal.kinds(change.row.id).await;
    let of = |kind: &str| events.iter().filter(|k| *k == kind).count();
    assert_eq!(
        (of("wave.halted"), of("change.needs_attention")),
        (1, 1),
        "{events:?}"
    );
    // Nothing moves by itself.
    let _worker = stage.worker();
    sleep(Duration::from_millis(500)).await;
    untouched(&stage, &stage.change(change.row.id).await).await;
}

/// The switch: the same bad canary, without a wave in the rules, is followed by the rest.
#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn without_the_wave_nothing_stops(pool: PgPool) {
    let stage = stage(pool, json!({"match": {"service": "payment"}})).await;
    errors(&stage, 0.5);
    let change = stage.run("1.1.0", "staging").await;
    assert_eq!(
        change.row.state,
        ChangeState::Succeeded,
        "{}",
        standing(&change)
    );
    assert_eq!(change.evidence.wave, None);
    assert_eq!(stage.builds("cart"), 2);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn no_data_halts_at_the_end_until_it_comes(pool: PgPool) {
    let stage = stage(pool, json!({"bake": "3s"})).await;
    stage.sandbox.world().lock().aws.metrics.clear();
    let operator = operator(&stage, "operator").await;
    let change = stage.run("1.1.0", "staging").await;
    assert_eq!(
        change.row.state,
        ChangeState::NeedsAttention,
        "{}",
        standing(&change)
    );
    assert_eq!(
        state_of(&change, CANARY, StepKind::Bake),
        Some(StepState::Succeeded)
    );
    assert_eq!(
        state_of(&change, CANARY, StepKind::Analyse),
        Some(StepState::NeedsAttention)
    );
    untouched(&stage, &change).await;
    let last = wave(&change).readings.last().expect("read").clone();
    assert_eq!((last.value, last.reach), (None, Reach::NoData));
    // Looking again without any is no way on; with what came late it is.
    let id = change.row.id;
    assert_eq!(
        decide(&stage, &operator, id, Choice::Retry).await,
        Ok(ChangeState::Running)
    );
    assert_eq!(
        stage.work_alone(id).await.row.state,
        ChangeState::NeedsAttention
    );
    errors(&stage, 0.0);
    assert_eq!(
        decide(&stage, &operator, id, Choice::Retry).await,
        Ok(ChangeState::Running)
    );
    let change = stage.work_alone(id).await;
    assert_eq!(
        change.row.state,
        ChangeState::Succeeded,
        "{}",
        standing(&change)
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn no_data_passes_where_the_rules_say_so(pool: PgPool) {
    let mut threshold = errors_threshold();
    threshold["no_data"] = json!("pass");
    let stage = stage(pool, json!({"bake": "2s", "thresholds": [threshold]})).await;
    stage.sandbox.world().lock().aws.metrics.clear();
    let change = stage.run("1.1.0", "staging").await;
    assert_eq!(
        change.row.state,
        ChangeState::Succeeded,
        "{}",
        standing(&change)
    );
    assert_eq!(
        wave(&change).readings.last().map(|r| r.reach),
        Some(Reach::NoData)
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn metrics_that_cannot_be_read_halt_it(pool: PgPool) {
    let stage = Stage::under(
        pool,
        rules(&json!({"bake": "10m", "every": "3s"})),
        |settings| {
            settings.times.follow = Duration::from_millis(2);
        },
    )
    .await;
    stage.fault(Fault {
        service: Some("monitoring".into()),
        ..Fault::new(Kind::Error)
    });
    let change = stage.run("1.1.0", "staging").await;
    assert_eq!(
        change.row.state,
        ChangeState::NeedsAttention,
        "{}",
        standing(&change)
    );
    let why = change.state_reason.clone().expect("why");
    assert!(
        why.contains("could not be read") && why.contains("cloudwatch:GetMetricData"),
        "{why}"
    );
    untouched(&stage, &change).await;
    // A region that answers again is looked at again.
    stage.sandbox.world().faults().clear();
    errors(&stage, 0.5);
    let operator = operator(&stage, "operator").await;
    let again = decide(&stage, &operator, change.row.id, Choice::Retry).await;
    assert_eq!(again, Ok(ChangeState::Running));
    let change = stage.work_alone(change.row.id).await;
    assert!(change.state_reason.expect("why").contains("was 0.5"));
}
