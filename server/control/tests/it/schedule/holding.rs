use domain::{
    ChangeKind, JobRole, Reason, RefusalCode, ServiceName, StartMode,
    schedule::{Class, Reach, Recurrence, When},
};
use jiff::SignedDuration;
use portolan_control::schedule::{NewEntry, ScheduleQuery};
use sqlx::PgPool;

use super::{Stage, approve, environment, waits};
use crate::harness::deploy;

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn what_a_freeze_holds_waits_in_the_open_and_starts_by_itself(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let freeze = stage.freeze(-1, 5).await;
    let change = stage.ask(StartMode::OnApproval).await;
    assert!(
        change
            .may_start
            .as_ref()
            .expect("it may still start")
            .is_held(),
        "told when it is asked for"
    );
    stage.work(1_500).await;
    let held = stage.look(&change).await;
    assert!(waits(&held) && !stage.has_started(&change).await);
    let why = held.state_reason.expect("a reason");
    assert!(
        why.starts_with(
            "Waits for the end of the freeze “year end” on everything, made by operator, until "
        ),
        "{why}"
    );
    assert!(why.ends_with("Europe/Berlin."), "{why}");
    assert_eq!(
        held.row.queued.expect("queued").words(),
        why,
        "lists say the same"
    );
    assert_eq!(
        stage.count(&change, "change.held").await,
        1,
        "told once, however often it was looked at"
    );
    let explained = stage
        .portal
        .control
        .explain(&stage.developer, change.row.id)
        .await
        .expect("explained");
    assert_eq!(
        explained.may_start,
        stage
            .look(&change)
            .await
            .may_start
            .map(|d| domain::schedule::MayStart {
                at: explained.may_start.as_ref().expect("open").at,
                ..d
            })
    );
    assert_eq!(
        explained.buttons.start.expect_err("held").code,
        RefusalCode::Held
    );
    stage.end(&freeze).await;
    stage.work(1_500).await;
    assert!(stage.has_started(&change).await);
    assert_eq!(stage.count(&change, "change.released").await, 1);
    let fell = stage
        .portal
        .control
        .held_by(&stage.developer, freeze.id)
        .await
        .expect("list");
    assert_eq!(
        fell.iter().map(|c| c.id).collect::<Vec<_>>(),
        [change.row.id]
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_freeze_that_ends_by_time_lets_go_by_itself_and_an_expired_change_is_not_started(
    pool: PgPool,
) {
    let stage = Stage::new(pool).await;
    stage.freeze(-1, 5).await;
    let change = stage.ask(StartMode::OnApproval).await;
    stage.work(1_200).await;
    assert!(!stage.has_started(&change).await);
    stage.turn(6);
    stage.work(1_800).await;
    assert!(stage.has_started(&change).await);

    stage.freeze(-1, 24 * 9).await;
    let late = stage
        .portal
        .control
        .request_change(&stage.developer, domain_wish("1.1.0"))
        .await
        .expect("requested");
    stage.work(1_200).await;
    stage.turn(24 * 8);
    stage.work(6_000).await;
    stage.turn(24 * 2);
    stage.work(1_500).await;
    assert!(!stage.has_started(&late).await);
    assert_eq!(
        stage.look(&late).await.row.state,
        domain::ChangeState::Expired
    );
}

fn domain_wish(version: &str) -> portolan_control::changes::NewChange {
    portolan_control::changes::NewChange {
        start_mode: StartMode::OnApproval,
        ..deploy(version, "dev")
    }
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_freeze_begun_while_a_change_waits_lets_people_approve_and_nobody_start(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let change = stage
        .portal
        .control
        .request_change(&stage.developer, deploy("1.0.0", "production"))
        .await
        .expect("requested");
    let freeze = stage.freeze(0, 5).await;
    let approved = approve(&stage, &stage.manager, &change).await;
    assert!(waits(&approved));
    assert_eq!(
        approved.may_start.expect("decision").overridable(),
        [freeze.id]
    );
    let refused = stage
        .portal
        .control
        .start(&stage.operator, change.row.id)
        .await
        .expect_err("held");
    assert_eq!(refused.code(), RefusalCode::Held);
    assert_eq!(
        stage.count(&change, "policy.denied").await,
        1,
        "the attempt is in the log"
    );
    stage.end(&freeze).await;
    stage
        .portal
        .control
        .start(&stage.operator, change.row.id)
        .await
        .expect("started");
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn what_runs_goes_on_whatever_begins(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let window = stage.wish(Class::Window, stage.span(-1, 1));
    stage
        .portal
        .control
        .make_entry(&stage.operator, window)
        .await
        .expect("a window");
    let change = stage.ask(StartMode::Manual).await;
    let run = stage
        .portal
        .control
        .start(&stage.developer, change.row.id)
        .await
        .expect("open")
        .run
        .expect("a run");
    stage.turn(2);
    stage.freeze(-1, 5).await;
    stage.stop(Reach::default(), None).await;
    let after = stage.look(&change).await;
    assert_eq!(
        after.run.map(|r| (r.id, r.state)),
        Some((run.id, domain::RunState::Running))
    );
    assert!(after.may_start.is_none() && !after.cancel_requested);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_window_holds_until_it_opens(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let window = stage.wish(Class::Window, stage.span(3, 5));
    stage
        .portal
        .control
        .make_entry(&stage.operator, window)
        .await
        .expect("a window");
    let change = stage.ask(StartMode::OnApproval).await;
    stage.work(1_200).await;
    assert!(!stage.has_started(&change).await);
    assert!(
        stage
            .look(&change)
            .await
            .state_reason
            .expect("why")
            .contains("to open at")
    );
    stage.turn(4);
    stage.work(1_800).await;
    assert!(stage.has_started(&change).await);
}

/// A clock that was an hour or a day wrong for a while leaves nothing behind: neither a start too early nor a window missed.
#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn clocks_that_jump_there_and_back_change_no_outcome(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage.freeze(-2, 4).await;
    let window = stage.wish(Class::Window, stage.span(4, 6));
    stage
        .portal
        .control
        .make_entry(&stage.operator, window)
        .await
        .expect("a window");
    let change = stage.ask(StartMode::OnApproval).await;
    for hours in [1, -1, -1, 1, 48, -48] {
        stage.turn(hours);
        stage.work(1_300).await;
        assert!(
            !stage.has_started(&change).await,
            "after a jump of {hours} h"
        );
    }
    // At last the time has really come, though the clock had shown a later one.
    stage.turn(5);
    stage.work(1_800).await;
    assert!(stage.has_started(&change).await);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_stop_lets_nothing_start_until_it_ends_by_hand_or_by_time(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let control = &stage.portal.control;
    let other = stage.stop(environment("staging"), None).await;
    let change = stage.ask(StartMode::Manual).await;
    assert!(
        !change.may_start.as_ref().expect("decision").is_held(),
        "a stop of another environment"
    );
    let until = stage.now() + SignedDuration::from_hours(1);
    let stop = stage.stop(environment("dev"), Some(until)).await;
    assert_eq!(
        control
            .start(&stage.developer, change.row.id)
            .await
            .expect_err("stopped")
            .code(),
        RefusalCode::Held
    );
    // One switch for each.
    let again = NewEntry {
        reach: environment("dev"),
        ..stage.wish(Class::Stop, When::Open { until: None })
    };
    assert_eq!(
        control
            .make_entry(&stage.operator, again.clone())
            .await
            .expect_err("twice")
            .code(),
        RefusalCode::Conflict
    );
    stage.turn(2);
    stage.work(1_200).await;
    let ended = control
        .schedule_entry(&stage.operator, Some(Class::Stop), stop.id)
        .await
        .expect("kept")
        .ended
        .expect("ended");
    assert_eq!((ended.at, ended.by), (until, None));
    let events: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM audit_event WHERE kind = 'stop.ended' AND subject_id = $1",
    )
    .bind(stop.id.to_string())
    .fetch_one(&stage.portal.pool)
    .await
    .expect("count");
    assert_eq!(events, 1);
    control
        .make_entry(&stage.operator, again)
        .await
        .expect("a new one in its place");
    stage.end(&other).await;
    let twice = control
        .end_entry(&stage.operator, None, other.id, None)
        .await
        .expect_err("ended");
    assert_eq!(twice.code(), RefusalCode::Conflict);
}

/// Whoever has made a stop can rely on it: a start that is under way is waited for, and the next one sees it.
#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn nothing_starts_after_a_stop_was_made(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let mut changes = vec![];
    for service in ["cart", "checkout", "payment"] {
        let mut wish = deploy("1.0.0", "dev");
        wish.service = ServiceName::parse(service).expect("name");
        if service != "cart" {
            let made = stage
                .portal
                .control
                .register_release(
                    &stage.developer,
                    &wish.service,
                    crate::harness::release(service, "1.0.0"),
                )
                .await;
            if made.is_err() {
                continue;
            }
        }
        if let Ok(change) = stage
            .portal
            .control
            .request_change(&stage.developer, wish)
            .await
        {
            changes.push(change.row.id);
        }
    }
    let starts: Vec<_> = changes
        .iter()
        .map(|id| {
            let (control, me, id) = (stage.portal.control.clone(), stage.developer.clone(), *id);
            tokio::spawn(async move { control.start(&me, id).await.is_ok() })
        })
        .collect();
    stage.stop(Reach::default(), None).await;
    let at_the_stop: i64 = sqlx::query_scalar("SELECT count(*) FROM run")
        .fetch_one(&stage.portal.pool)
        .await
        .expect("count");
    for start in starts {
        start.await.expect("no panic");
    }
    let in_the_end: i64 = sqlx::query_scalar("SELECT count(*) FROM run")
        .fetch_one(&stage.portal.pool)
        .await
        .expect("count");
    assert_eq!(at_the_stop, in_the_end);
    // The lock itself: while a start holds it shared, no stop is made.
    let mut start = stage.portal.pool.begin().await.expect("tx");
    sqlx::query("SELECT pg_advisory_xact_lock_shared($1)")
        .bind(0x706f_7274_6361_6c31_i64)
        .execute(&mut *start)
        .await
        .expect("shared");
    let wish = NewEntry {
        reach: environment("dev"),
        ..stage.wish(Class::Stop, When::Open { until: None })
    };
    let making = stage
        .portal
        .control
        .make_entry(&stage.operator, wish.clone());
    assert!(
        tokio::time::timeout(std::time::Duration::from_millis(300), making)
            .await
            .is_err()
    );
    start.rollback().await.expect("over");
    stage
        .portal
        .control
        .make_entry(&stage.operator, wish)
        .await
        .expect("made");
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn what_cannot_be_meant_is_refused_beside_its_field(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let control = &stage.portal.control;
    let scoped = |reach| NewEntry {
        reach,
        ..stage.wish(Class::Freeze, stage.span(0, 5))
    };
    let reach = |json: &str| serde_json::from_str::<Reach>(json).expect("scope");
    let stopped = |json: &str| NewEntry {
        reach: reach(json),
        ..stage.wish(Class::Stop, When::Open { until: None })
    };
    for (wish, field) in [
        (scoped(reach(r#"{"service":"no-such"}"#)), "scope.service"),
        (scoped(reach(r#"{"team":"no-such"}"#)), "scope.team"),
        (scoped(reach(r#"{"system":"no-such"}"#)), "scope.system"),
        (
            scoped(reach(r#"{"environment":"no-such"}"#)),
            "scope.environment",
        ),
        (scoped(reach(r#"{"region":"mars-west-1"}"#)), "scope.region"),
        (stage.wish(Class::Freeze, stage.span(-5, -1)), "until"),
        (stage.wish(Class::Freeze, stage.span(5, 5)), "until"),
        (stage.wish(Class::Freeze, stage.span(0, 367 * 24)), "until"),
        (stage.wish(Class::Stop, stage.span(0, 5)), "until"),
        (
            stage.wish(Class::Freeze, When::Open { until: None }),
            "until",
        ),
        (stopped(r#"{"service":"cart"}"#), "scope"),
        (
            stopped(r#"{"environment":"dev","region":"eu-west-1"}"#),
            "scope",
        ),
    ] {
        let refusal = control
            .make_entry(&stage.operator, wish)
            .await
            .expect_err(field)
            .refusal();
        assert!(refusal.fields.contains_key(field), "{field}: {refusal}");
    }
    let auditor = stage
        .portal
        .person("auditor", &[JobRole::Auditor], &[], true)
        .await;
    for who in [&stage.developer, &auditor] {
        for class in [Class::Freeze, Class::Window, Class::Stop] {
            let when = if class == Class::Stop {
                When::Open { until: None }
            } else {
                stage.span(0, 5)
            };
            assert_eq!(
                control
                    .make_entry(who, stage.wish(class, when))
                    .await
                    .expect_err("no right")
                    .code(),
                RefusalCode::Forbidden
            );
        }
    }
    let all = control
        .schedule(&auditor, ScheduleQuery::default())
        .await
        .expect("read");
    assert!(all.items.is_empty(), "{all:?}");
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn entries_come_back_as_they_were_made_and_the_database_lets_nobody_alter_them(pool: PgPool) {
    let stage = Stage::new(pool.clone()).await;
    let start = "2027-01-04T22:30:00".parse().expect("wall time");
    let rule =
        Recurrence::new("FREQ=WEEKLY;BYDAY=FR;UNTIL=20271231T225959Z", start, 7_200).expect("rule");
    let reach = Reach {
        kind: Some(ChangeKind::Failover),
        ..environment("production")
    };
    let wish = NewEntry {
        reach,
        ..stage.wish(Class::Freeze, When::Recurring(rule))
    };
    let made = stage
        .portal
        .control
        .make_entry(&stage.operator, wish)
        .await
        .expect("made");
    let read = stage
        .portal
        .control
        .schedule_entry(&stage.developer, Some(Class::Freeze), made.id)
        .await
        .expect("read");
    assert_eq!(read, made);
    assert!(
        stage
            .portal
            .control
            .schedule_entry(&stage.developer, Some(Class::Window), made.id)
            .await
            .is_err()
    );
    let mut portal = pool.acquire().await.expect("connection");
    sqlx::query("SET ROLE portolan")
        .execute(&mut *portal)
        .await
        .expect("the portal's role");
    for sql in [
        "UPDATE schedule_entry SET reason = 'other'",
        "UPDATE schedule_entry SET until_at = now()",
        "DELETE FROM schedule_entry",
        "TRUNCATE schedule_entry CASCADE",
    ] {
        assert!(
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .execute(&mut *portal)
                .await
                .is_err(),
            "{sql}"
        );
    }
    sqlx::query("RESET ROLE")
        .execute(&mut *portal)
        .await
        .expect("reset");
    drop(portal);
    let why = Some(Reason::parse("over").expect("reason"));
    stage
        .portal
        .control
        .end_entry(&stage.operator, Some(Class::Freeze), made.id, why)
        .await
        .expect("ended");
    let again = sqlx::query("UPDATE schedule_entry SET ended_at = NULL")
        .execute(&pool)
        .await;
    assert!(again.is_err(), "what has ended stays so, for the owner too");
    let kept = stage
        .portal
        .control
        .schedule(
            &stage.developer,
            ScheduleQuery {
                in_force: false,
                ..ScheduleQuery::default()
            },
        )
        .await
        .expect("list");
    assert_eq!(kept.items.len(), 1);
    assert_eq!(
        kept.items[0]
            .ended
            .as_ref()
            .and_then(|e| e.reason.clone())
            .as_deref(),
        Some("over")
    );
}
