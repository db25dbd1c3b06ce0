use domain::{
    EvidenceDigest, JobRole, Reason, RefusalCode, StartMode, TeamName,
    schedule::{Class, Effect},
};
use jiff::SignedDuration;
use portolan_control::{Result, changes::ChangeDetail};
use sqlx::PgPool;

use super::{Caller, Stage};

async fn ask(stage: &Stage, who: &Caller, change: &ChangeDetail) -> Result<ChangeDetail> {
    let (until, why) = (
        stage.now() + SignedDuration::from_hours(2),
        Reason::parse("the hotfix cannot wait").expect("reason"),
    );
    stage
        .portal
        .control
        .ask_override(who, change.row.id, change.row.evidence_digest, why, until)
        .await
}

async fn confirm(stage: &Stage, who: &Caller, change: &ChangeDetail) -> Result<ChangeDetail> {
    stage
        .portal
        .control
        .confirm_override(who, change.row.id, change.row.evidence_digest)
        .await
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn it_takes_two_with_the_right_and_shows_for_ever(pool: PgPool) {
    let stage = Stage::new(pool.clone()).await;
    let control = &stage.portal.control;
    let early = stage.ask(StartMode::OnApproval).await;
    assert_eq!(
        ask(&stage, &stage.manager, &early)
            .await
            .expect_err("nothing holds it")
            .code(),
        RefusalCode::WrongState
    );
    let freeze = stage.freeze(-1, 5).await;
    stage.work(1_200).await;
    assert_eq!(
        ask(&stage, &stage.developer, &early)
            .await
            .expect_err("no right")
            .code(),
        RefusalCode::Forbidden
    );
    let other = control
        .ask_override(
            &stage.manager,
            early.row.id,
            EvidenceDigest([9; 32]),
            Reason::parse("x").expect("r"),
            stage.now() + SignedDuration::from_hours(1),
        )
        .await;
    assert_eq!(
        other.expect_err("another digest").code(),
        RefusalCode::DigestMismatch
    );
    for hours in [-1, 25] {
        let wrong = control
            .ask_override(
                &stage.manager,
                early.row.id,
                early.row.evidence_digest,
                Reason::parse("x").expect("r"),
                stage.now() + SignedDuration::from_hours(hours),
            )
            .await;
        assert!(
            wrong
                .expect_err("too long or over")
                .refusal()
                .fields
                .contains_key("expires_at")
        );
    }
    let asked = ask(&stage, &stage.manager, &early).await.expect("asked");
    assert_eq!(asked.overrides[0].entries, [freeze.id]);
    assert!(
        asked.may_start.expect("decision").is_held(),
        "one person's word lets nothing through"
    );
    stage.work(1_200).await;
    assert!(!stage.has_started(&early).await);
    assert_eq!(
        confirm(&stage, &stage.manager, &early)
            .await
            .expect_err("the same person")
            .code(),
        RefusalCode::Forbidden
    );
    // Even with the right: not who asked for the change.
    let mut requester = stage.developer.clone();
    requester.person.job_roles.insert(JobRole::Operator);
    requester
        .person
        .teams
        .insert(TeamName::parse("platform").expect("team"));
    assert_eq!(
        confirm(&stage, &requester, &early)
            .await
            .expect_err("the requester")
            .code(),
        RefusalCode::Forbidden
    );
    confirm(&stage, &stage.operator, &early)
        .await
        .expect("the second person");
    assert_eq!(
        confirm(&stage, &stage.operator, &early)
            .await
            .expect_err("twice")
            .code(),
        RefusalCode::WrongState
    );
    stage.work(1_800).await;
    assert!(stage.has_started(&early).await);
    let shown = stage.look(&early).await;
    assert_eq!(
        shown.overrides[0]
            .confirmed_login
            .as_ref()
            .map(ToString::to_string)
            .as_deref(),
        Some("operator")
    );
    let kinds = stage.portal.kinds(early.row.id).await;
    for kind in ["override.asked", "override.confirmed"] {
        assert_eq!(kinds.iter().filter(|k| *k == kind).count(), 1, "{kinds:?}");
    }
    let started = shown
        .timeline
        .iter()
        .find(|e| e.kind == domain::EventKind::ChangeStarted)
        .expect("the start");
    assert_eq!(started.data["override"]["confirmed_by"], "operator");
    assert_eq!(
        started.data["override"]["entries"][0],
        freeze.id.to_string()
    );
    let passed = control
        .held_by(&stage.developer, freeze.id)
        .await
        .expect("list");
    assert!(passed.iter().any(|c| c.id == early.row.id && c.overridden));
    // The database holds the same: two people, neither of them who asked for the change, confirmed once.
    for sql in [
        "UPDATE change_override SET confirmed_by = asked_by",
        "UPDATE change_override SET confirmed_at = now()",
    ] {
        assert!(
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .execute(&pool)
                .await
                .is_err(),
            "{sql}"
        );
    }
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn it_names_its_freezes_expires_and_never_passes_a_stop(pool: PgPool) {
    let stage = Stage::new(pool.clone()).await;
    stage.freeze(-1, 30).await;
    let change = stage.ask(StartMode::Manual).await;
    ask(&stage, &stage.manager, &change).await.expect("asked");
    let free = confirm(&stage, &stage.operator, &change)
        .await
        .expect("confirmed");
    assert!(!free.may_start.expect("decision").is_held());
    // A freeze made later holds again.
    let later = stage.freeze(-1, 30).await;
    assert!(
        stage
            .look(&change)
            .await
            .may_start
            .expect("decision")
            .is_held()
    );
    stage.end(&later).await;
    let stop = stage.stop(domain::schedule::Reach::default(), None).await;
    let stopped = stage
        .portal
        .control
        .start(&stage.developer, change.row.id)
        .await
        .expect_err("stopped");
    assert_eq!(stopped.code(), RefusalCode::Held);
    assert_eq!(
        ask(&stage, &stage.manager, &change)
            .await
            .expect_err("not a freeze")
            .code(),
        RefusalCode::WrongState
    );
    stage.end(&stop).await;
    stage.turn(3);
    let expired = stage
        .portal
        .control
        .start(&stage.developer, change.row.id)
        .await
        .expect_err("expired");
    assert_eq!(expired.code(), RefusalCode::Held);
    // Four eyes in the database, with the code out of the way.
    ask(&stage, &stage.manager, &change)
        .await
        .expect("asked anew");
    let direct = "UPDATE change_override SET confirmed_by = (SELECT requester_id FROM change WHERE id = change_id), confirmed_login = 'developer', confirmed_at = now() WHERE confirmed_at IS NULL";
    assert!(
        sqlx::query(sqlx::AssertSqlSafe(direct))
            .execute(&pool)
            .await
            .is_err()
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn it_lets_a_change_start_outside_its_window(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let control = &stage.portal.control;
    let window = stage.wish(Class::Window, stage.span(24, 26));
    let made = |wish| control.make_entry(&stage.operator, wish);
    let window = made(window).await.expect("a window");
    let change = stage.ask(StartMode::Manual).await;
    let held = stage.look(&change).await;
    assert!(
        held.buttons.ask_override.is_err(),
        "the requester has no right to"
    );
    let seen = control.change(&stage.manager, change.row.id).await;
    assert!(seen.expect("seen").buttons.ask_override.is_ok());
    let asked = ask(&stage, &stage.manager, &change).await.expect("asked");
    assert_eq!(asked.overrides[0].entries, [window.id]);
    let early = control.start(&stage.developer, change.row.id).await;
    assert_eq!(
        early.expect_err("one person's word").code(),
        RefusalCode::Held
    );
    let free = confirm(&stage, &stage.operator, &change)
        .await
        .expect("confirmed");
    let decision = free.may_start.expect("decision");
    assert!(!decision.is_held());
    assert_eq!(decision.matches[0].effect, Effect::Overridden);
    // One that is made later restricts it again.
    let later = stage.wish(Class::Window, stage.span(30, 31));
    let later = made(later).await.expect("another");
    let again = control.start(&stage.developer, change.row.id).await;
    assert_eq!(again.expect_err("outside of it").code(), RefusalCode::Held);
    stage.end(&later).await;
    let started = control.start(&stage.developer, change.row.id).await;
    let started = started.expect("starts").timeline;
    let event = started
        .iter()
        .find(|e| e.kind == domain::EventKind::ChangeStarted)
        .expect("the start");
    assert_eq!(event.data["override"]["entries"][0], window.id.to_string());
    let passed = control.held_by(&stage.developer, window.id).await;
    assert!(passed.expect("list").iter().any(|c| c.overridden));
}
