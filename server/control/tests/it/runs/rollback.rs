//! Going back: each region to what was good there before, executed like a deployment.

use domain::{Caller, ChangeKind, ChangeState, JobRole, Reason, RefusalCode, StartMode, Verdict};
use portolan_control::changes::ChangeDetail;
use sandbox::world::faults::{Fault, Kind};
use sqlx::PgPool;

use super::stage::{Stage, steps};
use crate::harness::service;

async fn back(stage: &Stage, of: domain::ChangeId) -> ChangeDetail {
    let reason = Reason::parse("it is slow").expect("reason");
    let control = &stage.portal.control;
    let change = control
        .request_rollback(&stage.developer, of, reason, StartMode::OnApproval)
        .await
        .expect("requested");
    assert_eq!(change.row.kind, ChangeKind::Rollback);
    let digest = change.row.evidence_digest;
    control
        .decide(
            &stage.colleague,
            change.row.id,
            Verdict::Approve,
            digest,
            String::new(),
        )
        .await
        .expect("approved");
    stage.ended(change.row.id).await
}

async fn runs(stage: &Stage) -> Vec<(String, String)> {
    sqlx::query_as(
        "SELECT d.region, r.version FROM deployment d JOIN release r ON r.id = d.release_id
         WHERE d.environment = 'staging' ORDER BY d.region",
    )
    .fetch_all(&stage.portal.pool)
    .await
    .expect("deployments")
}

/// What the service's page offers this caller to undo.
async fn offered(stage: &Stage, caller: &Caller) -> Vec<(domain::ChangeId, String)> {
    let control = &stage.portal.control;
    let cart = control.service(caller, &service("cart")).await;
    let undoable = control.undoable(caller, &cart.expect("service")).await;
    let undoable = undoable.expect("undoable").into_iter();
    undoable
        .map(|(id, region)| (id, region.to_string()))
        .collect()
}

fn both(central: &str, west: &str) -> Vec<(String, String)> {
    vec![
        ("eu-central-1".into(), central.into()),
        ("eu-west-1".into(), west.into()),
    ]
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn each_region_goes_back_to_what_was_good_there(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let first = stage.run("1.0.0", "staging").await;
    assert_eq!(first.row.state, ChangeState::Succeeded);
    let control = &stage.portal.control;

    // The first deployment has nothing before it.
    let none = control
        .preview_rollback(&stage.developer, first.row.id)
        .await
        .expect_err("nothing before");
    assert_eq!(none.code(), RefusalCode::Conflict);
    let button = first.buttons.rollback.as_ref().expect_err("nothing before");
    assert!(button.detail.contains("nothing to go back to"), "{button}");
    assert_eq!(offered(&stage, &stage.developer).await, []);

    // The second one fails in the active region: the regions differ from now on.
    stage.fault(Fault {
        region: Some("eu-west-1".into()),
        service: Some("ecr".into()),
        ..Fault::new(Kind::Refuse)
    });
    let second = stage.run("1.1.0", "staging").await;
    assert_eq!(
        second.row.state,
        ChangeState::Failed,
        "{}",
        steps(&second).join("\n")
    );
    stage.sandbox.world().faults().clear();
    assert_eq!(runs(&stage).await, both("1.1.0", "1.0.0"));

    // Going back from the failed one is offered and would repair the passive region.
    assert!(second.buttons.rollback.is_ok());
    // Where it was verified; the other region has never run anything else.
    let passive = (second.row.id, "eu-central-1".to_owned());
    assert_eq!(offered(&stage, &stage.developer).await, [passive]);
    let roles = &[JobRole::Auditor];
    let auditor = stage.portal.person("auditor", roles, &[], false).await;
    assert_eq!(offered(&stage, &auditor).await, [], "who may not ask");
    let preview = control
        .preview_rollback(&stage.developer, second.row.id)
        .await
        .expect("a preview");
    let would: Vec<_> = preview
        .preview
        .evidence
        .targets
        .iter()
        .map(|t| t.becomes.clone().expect("its own").version.to_string())
        .collect();
    assert_eq!(would, ["1.0.0", "1.0.0"]);

    let third = stage.run("1.2.0", "staging").await;
    assert_eq!(
        third.row.state,
        ChangeState::Succeeded,
        "{}",
        steps(&third).join("\n")
    );
    assert_eq!(runs(&stage).await, both("1.2.0", "1.2.0"));

    // One at a time.
    let ask = || {
        let reason = Reason::parse("it is slow").expect("reason");
        control.request_rollback(&stage.developer, third.row.id, reason, StartMode::Manual)
    };
    let open = ask().await.expect("requested");
    let again = ask().await.expect_err("one is open");
    assert_eq!(again.code(), RefusalCode::Conflict);
    assert!(again.to_string().contains(&open.row.id.to_string()));
    let button = stage.change(third.row.id).await.buttons.rollback;
    assert_eq!(button.expect_err("one is open").code, RefusalCode::Conflict);
    control
        .cancel(&stage.developer, open.row.id, "another way".into())
        .await
        .expect("cancelled");

    let undone = {
        let _worker = stage.worker();
        back(&stage, third.row.id).await
    };
    assert_eq!(
        undone.row.state,
        ChangeState::Succeeded,
        "{:?}\n{}",
        undone.state_reason,
        steps(&undone).join("\n")
    );
    assert_eq!(undone.evidence.rollback_of, Some(third.row.id));
    assert_eq!(
        runs(&stage).await,
        both("1.1.0", "1.0.0"),
        "each region its own"
    );

    // And further back; what was rolled back from is never gone back to.
    let further = control
        .preview_rollback(&stage.developer, undone.row.id)
        .await
        .expect("a preview");
    let targets = &further.preview.evidence.targets;
    assert_eq!(
        targets.len(),
        1,
        "the active region has nothing further back"
    );
    assert_eq!(
        targets[0]
            .becomes
            .clone()
            .expect("its own")
            .version
            .as_str(),
        "1.0.0"
    );
    assert_eq!(
        further
            .left
            .iter()
            .map(domain::RegionName::as_str)
            .collect::<Vec<_>>(),
        ["eu-west-1"]
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn what_has_changed_since_makes_a_rollback_stale(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage.run("1.0.0", "staging").await;
    let second = stage.run("1.1.0", "staging").await;
    let control = &stage.portal.control;
    let reason = Reason::parse("it is slow").expect("reason");
    let waiting = control
        .request_rollback(&stage.developer, second.row.id, reason, StartMode::Manual)
        .await
        .expect("requested");
    let digest = waiting.row.evidence_digest;
    control
        .decide(
            &stage.colleague,
            waiting.row.id,
            Verdict::Approve,
            digest,
            String::new(),
        )
        .await
        .expect("approved");
    // A newer release is deployed in between: what it would do now is another thing.
    let third = stage.run("1.2.0", "staging").await;
    assert_eq!(
        third.row.state,
        ChangeState::Succeeded,
        "{}",
        steps(&third).join("\n")
    );
    let refused = control
        .start(&stage.developer, waiting.row.id)
        .await
        .expect_err("stale");
    assert_eq!(refused.code(), RefusalCode::Stale);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn what_never_ran_is_not_undone(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage.run("1.0.0", "staging").await;
    let id = stage.approved("cart", "1.1.0", "staging").await;
    let control = &stage.portal.control;
    let cancelled = control
        .cancel(&stage.developer, id, "not needed".into())
        .await;
    let change = cancelled.expect("cancelled");
    assert_eq!(change.row.state, ChangeState::Cancelled);
    let button = change.buttons.rollback.expect_err("never ran");
    assert_eq!(button.code, RefusalCode::WrongState);
    let reason = Reason::parse("it is slow").expect("reason");
    let refused = control
        .request_rollback(&stage.developer, id, reason, StartMode::OnApproval)
        .await
        .expect_err("never ran");
    assert_eq!(refused.code(), RefusalCode::WrongState);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_rollback_that_fails_says_what_each_region_went_to(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage.run("1.0.0", "staging").await;
    let shut = Fault {
        region: Some("eu-west-1".into()),
        service: Some("ecr".into()),
        ..Fault::new(Kind::Refuse)
    };
    // The regions differ, both go on to the same, and each is to go back to its own.
    stage.fault(shut.clone());
    stage.run("1.1.0", "staging").await;
    stage.sandbox.world().faults().clear();
    let third = stage.run("1.2.0", "staging").await;
    assert_eq!(third.row.state, ChangeState::Succeeded);
    stage.fault(shut);
    let failed = {
        let _worker = stage.worker();
        back(&stage, third.row.id).await
    };
    assert_eq!(failed.row.state, ChangeState::Failed);
    assert_eq!(failed.row.version.as_str(), "1.0.0");
    let why = failed.state_reason.expect("why");
    let said = "eu-central-1: 1.1.0 is deployed and verified.";
    assert!(why.contains(said), "{why}");
}
