//! The road of a run: both regions in order, and the failures that end it early.

use domain::{ChangeState, StepKind, StepState};
use sandbox::jenkins::Behaviour;
use sqlx::PgPool;

use super::stage::{Stage, state_of, steps};

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn two_regions_passive_first_each_as_the_person_who_asked(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let change = stage.run("1.1.0", "staging").await;
    assert_eq!(
        change.row.state,
        ChangeState::Succeeded,
        "{:?}\n{}",
        change.state_reason,
        steps(&change).join("\n")
    );
    let run = change.run.as_ref().expect("a run");
    let finished: Vec<_> = run.steps.iter().map(|step| step.finished_at).collect();
    assert!(finished.is_sorted(), "one after another");
    assert_eq!(run.steps[4].region.as_str(), "eu-central-1");
    assert_eq!(run.steps[5].region.as_str(), "eu-west-1");
    assert_eq!(stage.builds("cart"), 2);

    // Every call to AWS was made as the person, by a session of one step.
    let calls = stage.calls();
    for call in calls
        .iter()
        .filter(|c| ["eks", "ecr"].contains(&c.service.as_str()))
    {
        assert_eq!(call.outcome, "ok", "{call:?}");
        assert_eq!(call.source_identity.as_deref(), Some("developer"));
        let session = call.session_name.as_deref().expect("a session");
        let id = session.strip_prefix("step-").expect("named for its step");
        assert!(run.steps.iter().any(|step| step.id.to_string() == id));
    }
    // Those sessions are the ones the portal wrote down.
    let told: Vec<_> = run.steps.iter().flat_map(|step| &step.aws).collect();
    for call in calls.iter().filter(|c| c.service == "eks") {
        let key = call.access_key_id.as_deref().expect("a key");
        assert!(told.iter().any(|aws| aws.access_key_id == key), "{key}");
    }
    assert_eq!(
        stage
            .count("SELECT count(*) FROM ticket WHERE redeemed_at IS NOT NULL")
            .await,
        2
    );

    let row = stage
        .portal
        .control
        .service(&stage.developer, &crate::harness::service("cart"))
        .await
        .expect("service");
    let cells: Vec<_> = row
        .row
        .cells
        .iter()
        .filter(|cell| cell.environment.as_str() == "staging")
        .collect();
    assert_eq!(cells.len(), 2);
    for cell in cells {
        assert_eq!(
            cell.version.as_ref().map(domain::Version::as_str),
            Some("1.1.0")
        );
        assert!(cell.parity && cell.change == Some(change.row.id));
    }
    let log = stage
        .portal
        .control
        .log(&stage.developer, change.row.id, 0, 5_000)
        .await
        .expect("log");
    assert!(log.windows(2).all(|two| two[0].seq < two[1].seq));
    let done = log
        .iter()
        .filter(|l| l.text.contains("Done: every pod of cart runs 1.1.0"));
    assert_eq!(done.count(), 2);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn an_image_that_is_not_in_the_passive_region_stops_it_before_anything_changed(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let change = stage.run("2.0.0", "staging").await;
    assert_eq!(change.row.state, ChangeState::Failed);
    let why = change.state_reason.clone().expect("a reason");
    assert!(why.contains("not in the registry of eu-central-1"), "{why}");
    assert!(why.contains("eu-west-1: nothing was changed."), "{why}");
    assert_eq!(
        state_of(&change, "eu-central-1", StepKind::CheckImage),
        Some(StepState::Failed)
    );
    assert_eq!(
        state_of(&change, "eu-west-1", StepKind::CheckCluster),
        Some(StepState::Skipped)
    );
    assert_eq!(stage.builds("cart"), 0);
    assert_eq!(stage.count("SELECT count(*) FROM ticket").await, 0);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn what_a_role_does_not_allow_is_told_in_words(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let id = stage.approved("cart", "1.1.0", "dev").await;
    stage
        .portal
        .control
        .start(&stage.developer, id)
        .await
        .expect("starts");
    // Between the approval and the step the person becomes an auditor.
    sqlx::query("UPDATE person SET job_roles = '{auditor}' WHERE login = 'developer'")
        .execute(&stage.portal.pool)
        .await
        .expect("update");
    let _worker = stage.worker();
    let change = loop {
        let change = stage
            .portal
            .control
            .change(&stage.manager, id)
            .await
            .expect("reads");
        if change.row.state != ChangeState::Running {
            break change;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert_eq!(change.row.state, ChangeState::Failed);
    let why = change.state_reason.expect("a reason");
    for part in [
        "developer, in the role portolan-job-auditor of account 200000000002",
        "ecr:DescribeImages",
        "arn:aws:ecr:eu-west-1:200000000002:repository/shop/cart",
    ] {
        assert!(why.contains(part), "{part} is not in: {why}");
    }
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_person_without_access_any_more_stops_the_run(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let id = stage.approved("cart", "1.1.0", "dev").await;
    stage
        .portal
        .control
        .start(&stage.developer, id)
        .await
        .expect("starts");
    sqlx::query("UPDATE person SET disabled_at = now() WHERE login = 'developer'")
        .execute(&stage.portal.pool)
        .await
        .expect("update");
    let _worker = stage.worker();
    let change = loop {
        let change = stage
            .portal
            .control
            .change(&stage.manager, id)
            .await
            .expect("reads");
        if change.row.state != ChangeState::Running {
            break change;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert_eq!(change.row.state, ChangeState::Failed);
    assert!(
        change
            .state_reason
            .expect("why")
            .contains("developer is disabled since")
    );
    assert!(
        stage.calls().iter().all(|call| call.service != "sts"),
        "no call was made for them"
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_pipeline_that_fails_ends_the_run_with_its_own_words(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage.behave(Behaviour::Fail);
    let change = stage.run("1.1.0", "staging").await;
    assert_eq!(change.row.state, ChangeState::Failed);
    let why = change.state_reason.clone().expect("a reason");
    assert!(why.contains("Build 1 of shop/deploy-cart failed"), "{why}");
    assert!(
        why.contains("ERROR: the deployment failed on purpose"),
        "{why}"
    );
    assert!(
        why.contains("eu-central-1: the pipeline was started but never took its credentials"),
        "{why}"
    );
    let build = &change.run.expect("a run").steps[3];
    let url = build.build_url.as_deref().expect("a link");
    assert!(
        url.ends_with("/jenkins/job/shop/job/deploy-cart/1/"),
        "{url}"
    );
    assert_eq!(
        stage
            .count("SELECT count(*) FROM ticket WHERE revoked_at IS NULL")
            .await,
        0,
        "a ticket nobody used is void"
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_pipeline_that_says_it_deployed_and_did_not_is_found_out(pool: PgPool) {
    let stage = Stage::with(pool, |settings| {
        settings.times.rollout = std::time::Duration::from_secs(2);
    })
    .await;
    let first = stage.run("1.0.0", "dev").await;
    assert_eq!(first.row.state, ChangeState::Succeeded);
    stage.behave(Behaviour::Succeed);
    let change = stage.run("1.1.0", "dev").await;
    assert_eq!(change.row.state, ChangeState::Failed);
    let why = change.state_reason.clone().expect("a reason");
    for part in [
        "The pipeline ended well but never took its credentials, and the cluster still runs 1.0.0: it deployed nothing.",
        "eu-west-1: the pipeline ended well but never took its credentials: it deployed nothing.",
    ] {
        assert!(why.contains(part), "{part} is not in: {why}");
    }
    assert!(!why.contains("something else"), "nobody is accused: {why}");
    assert_eq!(stage.count("SELECT count(*) FROM deployment").await, 1);
    assert_eq!(
        stage.count("SELECT count(*) FROM deployment_doubt").await,
        0,
        "a pipeline without credentials changes nothing"
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn throttling_is_waited_out_and_told(pool: PgPool) {
    use sandbox::world::faults::{Fault, Kind};
    let stage = Stage::new(pool).await;
    for (service, kind) in [
        ("sts", Kind::Throttle),
        ("eks", Kind::Error),
        ("ecr", Kind::Reset),
    ] {
        stage.fault(Fault {
            service: Some(service.into()),
            // The SDK tries twice by itself.
            times: Some(4),
            ..Fault::new(kind)
        });
    }
    let change = stage.run("1.1.0", "dev").await;
    assert_eq!(
        change.row.state,
        ChangeState::Succeeded,
        "{}",
        steps(&change).join("\n")
    );
    let attempts: Vec<_> = change
        .run
        .iter()
        .flat_map(|run| &run.steps)
        .map(|step| step.attempts)
        .collect();
    assert_eq!(attempts, [5, 3, 1, 1, 1]);
    let retried = stage.portal.kinds(change.row.id).await;
    let retried = retried
        .iter()
        .filter(|kind| *kind == "step.retried")
        .count();
    assert_eq!(retried, 6);
}
