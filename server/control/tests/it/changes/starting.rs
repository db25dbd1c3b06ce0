//! What is looked at again when a change starts, and that it starts once.

use domain::{CallerKind, ChangeState, JobRole, RefusalCode, StartMode};
use sqlx::PgPool;

use super::approve;
use crate::harness::{Portal, deploy, service};

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn what_changed_since_the_approval_makes_it_stale(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (developer, manager) = portal.shop().await;
    let change = portal
        .control
        .request_change(&developer, deploy("1.1.0", "production"))
        .await
        .expect("requested");
    approve(&portal, &manager, &change).await.expect("approved");
    sqlx::query("UPDATE service SET pipeline = 'shop/other' WHERE name = 'cart'")
        .execute(&portal.pool)
        .await
        .expect("update");
    let mut developer = developer;
    if let CallerKind::Person { authentication, .. } = &mut developer.kind {
        authentication.mfa = true;
    }
    let refused = portal
        .control
        .start(&developer, change.row.id)
        .await
        .expect_err("stale");
    assert_eq!(refused.code(), RefusalCode::Stale);
    let seen = portal
        .control
        .change(&developer, change.row.id)
        .await
        .expect("reads");
    assert_eq!(seen.row.state, ChangeState::Stale);
    assert!(
        seen.state_reason
            .as_deref()
            .is_some_and(|w| w.contains("entry in the catalogue")),
        "{:?}",
        seen.state_reason
    );
    let runs: i64 = sqlx::query_scalar("SELECT count(*) FROM run")
        .fetch_one(&portal.pool)
        .await
        .expect("count");
    assert_eq!(runs, 0);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn an_approver_who_lost_the_right_loses_the_quorum(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (developer, _) = portal.shop().await;
    let colleague = portal
        .person("developer2", &[JobRole::Developer], &["checkout"], false)
        .await;
    let third = portal
        .person("developer3", &[JobRole::Developer], &["checkout"], false)
        .await;
    let change = portal
        .control
        .request_change(&developer, deploy("1.0.0", "staging"))
        .await
        .expect("requested");
    approve(&portal, &colleague, &change)
        .await
        .expect("approved");
    sqlx::query("UPDATE person SET teams = '{}' WHERE login = 'developer2'")
        .execute(&portal.pool)
        .await
        .expect("leaves");
    let refused = portal
        .control
        .start(&developer, change.row.id)
        .await
        .expect_err("quorum lost");
    assert!(refused.to_string().contains("developer2"), "{refused}");
    let waiting = portal
        .control
        .change(&developer, change.row.id)
        .await
        .expect("reads");
    assert_eq!(waiting.row.state, ChangeState::AwaitingApproval);
    approve(&portal, &third, &waiting)
        .await
        .expect("somebody else");
    let started = portal
        .control
        .start(&developer, change.row.id)
        .await
        .expect("starts");
    assert_eq!(started.row.state, ChangeState::Running);
    assert_eq!(started.run.expect("a run").steps.len(), 10);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn fifty_starts_make_one_run(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (developer, _) = portal.shop().await;
    let change = portal
        .control
        .request_change(&developer, deploy("1.0.0", "dev"))
        .await
        .expect("requested");
    let starts: Vec<_> = (0..50)
        .map(|_| {
            let (control, developer, id) =
                (portal.control.clone(), developer.clone(), change.row.id);
            tokio::spawn(async move { control.start(&developer, id).await })
        })
        .collect();
    let mut won = 0;
    for start in starts {
        match start.await.expect("no panic") {
            Ok(_) => won += 1,
            Err(error) => assert_eq!(error.code(), RefusalCode::WrongState, "{error}"),
        }
    }
    assert_eq!(won, 1);
    let runs: i64 = sqlx::query_scalar("SELECT count(*) FROM run")
        .fetch_one(&portal.pool)
        .await
        .expect("count");
    assert_eq!(runs, 1);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn one_runs_at_a_time_and_the_next_is_told_why(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (developer, _) = portal.shop().await;
    let first = portal
        .control
        .request_change(&developer, deploy("1.0.0", "dev"))
        .await
        .expect("first");
    let second = portal
        .control
        .request_change(&developer, deploy("1.1.0", "dev"))
        .await
        .expect("second");
    portal
        .control
        .start(&developer, first.row.id)
        .await
        .expect("starts");
    let waits = portal
        .control
        .start(&developer, second.row.id)
        .await
        .expect_err("one at a time");
    assert!(
        waits.to_string().contains(&first.row.id.to_string()),
        "{waits}"
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_lost_quorum_can_be_found_again_by_somebody_else(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (developer, _) = portal.shop().await;
    let colleague = portal
        .person("developer2", &[JobRole::Developer], &["checkout"], false)
        .await;
    let third = portal
        .person("developer3", &[JobRole::Developer], &["checkout"], false)
        .await;
    let change = portal
        .control
        .request_change(&developer, deploy("1.0.0", "staging"))
        .await
        .expect("requested");
    approve(&portal, &colleague, &change)
        .await
        .expect("approved");
    // Still in the team, but by policy an auditor decides nothing.
    sqlx::query("UPDATE person SET job_roles = '{auditor}' WHERE login = 'developer2'")
        .execute(&portal.pool)
        .await
        .expect("another job");
    portal
        .control
        .start(&developer, change.row.id)
        .await
        .expect_err("quorum lost");
    let seen = portal
        .control
        .change(&third, change.row.id)
        .await
        .expect("reads");
    assert_eq!(seen.requirements[0].missing, 1);
    assert!(seen.requirements[0].given.is_empty());
    assert!(seen.buttons.approve.is_ok(), "{:?}", seen.buttons.approve);
    approve(&portal, &third, &seen).await.expect("counts");
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn one_unreadable_change_does_not_hold_up_the_others(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (developer, _) = portal.shop().await;
    let other = portal
        .person("developer2", &[JobRole::Developer], &["checkout"], false)
        .await;
    let mut automatic = deploy("1.0.0", "dev");
    automatic.start_mode = StartMode::OnApproval;
    let mut broken = automatic.clone();
    broken.service = service("checkout");
    portal
        .control
        .register_release(
            &developer,
            &service("checkout"),
            crate::harness::release("checkout", "1.0.0"),
        )
        .await
        .expect("release");
    let first = portal
        .control
        .request_change(&other, broken)
        .await
        .expect("first");
    sqlx::query("UPDATE person SET job_roles = '{wizard}' WHERE login = 'developer2'")
        .execute(&portal.pool)
        .await
        .expect("a role nobody knows");
    let second = portal
        .control
        .request_change(&developer, automatic)
        .await
        .expect("second");
    let stop = tokio_util::sync::CancellationToken::new();
    let working = {
        let (control, stop) = (portal.control.clone(), stop.clone());
        tokio::spawn(async move { control.work_until(stop).await })
    };
    let mut state = String::new();
    for _ in 0..300 {
        state = sqlx::query_scalar("SELECT state FROM change WHERE id = $1")
            .bind(second.row.id.0)
            .fetch_one(&portal.pool)
            .await
            .expect("state");
        if state != "approved" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    stop.cancel();
    working.await.expect("the worker ends");
    assert_ne!(state, "approved", "held up by {}", first.row.id);
}
