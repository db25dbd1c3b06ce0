//! A canary of a share of the replicas: in each region, before all of it, and what decides behind it.

use domain::{ChangeState, StepKind, StepState};
use portolan_control::changes::{ChangeDetail, attention::Choice};
use sandbox::world::description::image_digest;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{CANARY, REST, Stage, decide, errors_of, operator, rules, standing, state_of, wave};

/// Five replicas of the cart in staging, and a wave of a quarter of them.
pub(super) async fn stage(pool: PgPool, of: Value) -> Stage {
    let mut wave = json!({"canary": {"share": 25}, "bake": "2s"});
    for (key, value) in of.as_object().into_iter().flatten() {
        wave[key] = value.clone();
    }
    let stage = Stage::under(pool, rules(&wave), |_| ()).await;
    stage.clusters(json!({"cluster": "shop-staging", "scale": "cart", "replicas": 5}));
    errors(&stage, CANARY, 0.0);
    stage
}

/// The errors of one region are `value`, and those of the other none.
pub(super) fn errors(stage: &Stage, region: &str, value: f64) {
    stage.sandbox.world().lock().aws.metrics.clear();
    for one in [CANARY, REST] {
        let value = if one == region { value } else { 0.0 };
        errors_of(stage, "cart", "shop-staging", one, value);
    }
}

/// The Deployment of the cluster in a region, as the world sees it.
pub(super) fn deployment(stage: &Stage, region: &str, name: &str) -> Option<Value> {
    let all = stage.sandbox.world().lock().kubernetes.observe();
    let mut clusters = all.as_array().into_iter().flatten();
    let cluster = clusters.find(|c| c["name"] == "shop-staging" && c["region"] == region)?;
    let mut deployments = cluster["deployments"].as_array().into_iter().flatten();
    deployments.find(|d| d["name"] == name).cloned()
}

/// How many pods of a canary are asked for there, if there is one, and whether it has the version's image.
pub(super) fn canary(stage: &Stage, region: &str) -> Option<(i64, bool)> {
    let canary = deployment(stage, region, "cart-canary")?;
    let pods = canary["replicas"].as_i64().expect("a number");
    Some((pods, runs(&canary, "1.1.0")))
}

pub(super) fn runs(deployment: &Value, version: &str) -> bool {
    let image = deployment["image"].as_str().expect("an image");
    image.ends_with(&image_digest("cart", version))
}

fn stable(stage: &Stage, region: &str) -> Value {
    deployment(stage, region, "cart").expect("there is a cart")
}

pub(super) async fn watched(stage: &Stage, id: domain::ChangeId, region: &str) -> ChangeDetail {
    let kind = StepKind::Bake;
    stage
        .until(id, |change| {
            let begun = |w: &portolan_control::runs::WaveView| {
                w.region.as_str() == region && w.began_at.is_some()
            };
            let run = change.run.as_ref();
            state_of(change, region, kind).is_some()
                && run.is_some_and(|r| r.waves.iter().any(begun))
        })
        .await
}

/// What each build of the cart was told of its share, in their order.
pub(super) fn told(stage: &Stage) -> Vec<String> {
    let world = stage.sandbox.world().lock();
    let builds = (1..100).map_while(|n| world.jenkins.build("shop/deploy-cart", n));
    builds
        .map(|build| {
            let mut all = build.parameters.iter();
            let share = all.find(|p| p.name == "CANARY_SHARE").expect("declared");
            share.value.clone()
        })
        .collect()
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_share_goes_before_the_rest_of_each_region(pool: PgPool) {
    let stage = stage(pool, json!({"bake": "3s"})).await;
    let id = stage.approved("cart", "1.1.0", "staging").await;
    let share = stage.change(id).await.evidence.share();
    assert_eq!(share.map(domain::wave::Percent::get), Some(25));
    let worker = stage.worker();

    let change = watched(&stage, id, CANARY).await;
    assert_eq!(
        canary(&stage, CANARY),
        Some((2, true)),
        "a quarter of five, rounded up"
    );
    assert_eq!(canary(&stage, REST), None);
    for region in [CANARY, REST] {
        let stable = stable(&stage, region);
        assert!(runs(&stable, "1.0.0"), "{stable}");
        assert_eq!(
            (&stable["replicas"], &stable["available"]),
            (&json!(5), &json!(5))
        );
    }
    let note = change.run.as_ref().expect("a run").steps[4]
        .note
        .clone()
        .expect("says");
    assert!(
        note.contains("The canary stands: 2 pods (asked for 25 % of the replicas, rounded up) run"),
        "{note}"
    );
    let deployed = stage.count("SELECT count(*) FROM deployment").await;
    assert_eq!(deployed, 0, "a share is no deployment");

    watched(&stage, id, REST).await;
    assert_eq!(
        canary(&stage, CANARY),
        None,
        "taken away with all of the region"
    );
    assert!(runs(&stable(&stage, CANARY), "1.1.0"));
    assert_eq!(canary(&stage, REST), Some((2, true)));
    assert!(runs(&stable(&stage, REST), "1.0.0"));

    let change = stage.ended(id).await;
    worker.stop().await;
    assert_eq!(
        change.row.state,
        ChangeState::Succeeded,
        "{}",
        standing(&change)
    );
    for region in [CANARY, REST] {
        assert_eq!(canary(&stage, region), None);
        assert!(runs(&stable(&stage, region), "1.1.0"));
    }
    assert_eq!(told(&stage), ["25", "", "25", ""]);
    let run = change.run.as_ref().expect("a run");
    let kinds: Vec<_> = run
        .steps
        .iter()
        .map(|s| (s.region.as_str(), s.kind))
        .collect();
    let planned = domain::run::steps(&change.evidence);
    let planned: Vec<_> = planned
        .iter()
        .map(|s| (s.region.as_str(), s.kind))
        .collect();
    assert_eq!((kinds.len(), &kinds), (20, &planned));
    let waves: Vec<_> = run
        .waves
        .iter()
        .map(|w| (w.region.as_str(), w.of_share))
        .collect();
    assert_eq!(waves, [(CANARY, true), (REST, true)]);
    for wave in &run.waves {
        let last = wave.readings.last().expect("read");
        assert_eq!((last.kind, last.value), (StepKind::Analyse, Some(0.0)));
        let began = wave.began_at.expect("watched");
        assert!(
            wave.readings
                .iter()
                .filter_map(|r| r.window)
                .all(|(from, _)| from >= began)
        );
    }
    // Each build is a call of its own, with a mark, a ticket and a session of its own.
    for (sql, many) in [
        (
            "SELECT count(DISTINCT token) FROM intent WHERE state = 'done'",
            4,
        ),
        (
            "SELECT count(DISTINCT step_id) FROM ticket WHERE redeemed_at IS NOT NULL",
            4,
        ),
        (
            "SELECT count(DISTINCT access_key_id) FROM aws_session WHERE purpose = 'pipeline'",
            4,
        ),
        ("SELECT count(*) FROM bake", 2),
        ("SELECT count(*) FROM deployment", 2),
        ("SELECT count(*) FROM deployment_doubt", 0),
    ] {
        assert_eq!(stage.count(sql).await, many, "{sql}");
    }
    let events = stage.portal.kinds(id).await;
    for kind in ["wave.begun", "wave.passed"] {
        assert_eq!(events.iter().filter(|k| *k == kind).count(), 2, "{kind}");
    }
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_bad_share_halts_and_somebody_lets_it_go_on(pool: PgPool) {
    let stage = stage(pool, json!({"bake": "10m", "every": "3s"})).await;
    errors(&stage, CANARY, 0.5);
    let change = stage.run("1.1.0", "staging").await;
    let id = change.row.id;
    assert_eq!(
        change.row.state,
        ChangeState::NeedsAttention,
        "{}",
        standing(&change)
    );
    assert!(
        change
            .state_reason
            .as_ref()
            .is_some_and(|why| why.contains("was 0.5"))
    );
    assert_eq!(told(&stage), ["25"], "nothing but the canary was begun");
    assert_eq!(canary(&stage, CANARY), Some((2, true)));
    assert!(runs(&stable(&stage, CANARY), "1.0.0"));
    // Two images run there: what the portal had verified is known no more.
    let doubts = stage
        .count("SELECT count(*) FROM deployment_doubt WHERE region = 'eu-central-1'")
        .await;
    assert_eq!(doubts, 1);
    // Whoever decides is told what stands there now.
    let operator = operator(&stage, "operator").await;
    let found = stage
        .portal
        .control
        .attention_of(&operator, id)
        .await
        .expect("reads");
    let cluster = found.looks.last().expect("looked at the cluster");
    let says = cluster.says.clone().expect("known");
    assert!(
        says.contains("The canary stands: 2 pods of it run the approved image"),
        "{says}"
    );

    assert_eq!(
        decide(&stage, &operator, id, Choice::GoOn).await,
        Ok(ChangeState::Running)
    );
    let _worker = stage.worker();
    watched(&stage, id, REST).await;
    // It would take ten minutes here, too.
    sqlx::query("UPDATE bake SET ends_at = clock_timestamp() + interval '4 s' WHERE ends_at > now() + interval '1 min'")
        .execute(&stage.portal.pool)
        .await
        .expect("cut short");
    let change = stage.ended(id).await;
    assert_eq!(
        change.row.state,
        ChangeState::Succeeded,
        "{}",
        standing(&change)
    );
    assert_eq!(
        state_of(&change, CANARY, StepKind::Analyse),
        Some(StepState::Skipped)
    );
    assert_eq!(
        state_of(&change, REST, StepKind::Analyse),
        Some(StepState::Succeeded)
    );
    for region in [CANARY, REST] {
        assert_eq!(canary(&stage, region), None);
        assert!(runs(&stable(&stage, region), "1.1.0"));
    }
    let doubts = stage.count("SELECT count(*) FROM deployment_doubt").await;
    assert_eq!(doubts, 0, "all of it is verified");
    assert_eq!(wave(&change).readings.len(), 1);
}

/// The second region measures for itself: what is good in the first says nothing of it.
#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_bad_share_of_the_second_region_halts_there(pool: PgPool) {
    let stage = stage(pool, json!({})).await;
    errors(&stage, REST, 0.5);
    let change = stage.run("1.1.0", "staging").await;
    assert_eq!(
        change.row.state,
        ChangeState::NeedsAttention,
        "{}",
        standing(&change)
    );
    assert_eq!(told(&stage), ["25", "", "25"]);
    assert_eq!(
        (canary(&stage, CANARY), canary(&stage, REST)),
        (None, Some((2, true)))
    );
    assert!(runs(&stable(&stage, CANARY), "1.1.0"));
    assert!(runs(&stable(&stage, REST), "1.0.0"));
}

/// One region is enough: before there were shares, no wave could stop it.
#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_single_region_has_its_share_first(pool: PgPool) {
    let of = json!({"match": {"environment": "dev", "service": "cart"}});
    let stage = stage(pool, of).await;
    errors_of(&stage, "cart", "shop-dev", REST, 0.0);
    let change = stage.run("1.1.0", "dev").await;
    assert_eq!(
        change.row.state,
        ChangeState::Succeeded,
        "{}",
        standing(&change)
    );
    assert_eq!(told(&stage), ["25", ""]);
    assert_eq!(change.run.expect("a run").steps.len(), 10);
}
