//! Not before a time, not before other changes, not before the environment that comes first.

use domain::{
    ChangeId, ChangeState, EnvironmentName, JobRole, Reason, RefusalCode, StartMode, Verdict,
    hold::Hold,
};
use jiff::SignedDuration;
use portolan_control::changes::{ChangeDetail, NewChange, Timing};
use sqlx::PgPool;

use crate::harness::{Portal, RULES, deploy, settings};

fn soon(new: NewChange, timing: Timing) -> NewChange {
    NewChange {
        start_mode: StartMode::OnApproval,
        timing,
        ..new
    }
}

async fn ask(portal: &Portal, by: &domain::Caller, new: NewChange) -> ChangeDetail {
    portal
        .control
        .request_change(by, new)
        .await
        .expect("requested")
}

/// What a worker's rounds would do, until nothing moves.
async fn rounds(portal: &Portal) {
    let stop = tokio_util::sync::CancellationToken::new();
    let (control, own) = (portal.control.clone(), stop.clone());
    let work = tokio::spawn(async move { control.work_until(own).await });
    tokio::time::sleep(std::time::Duration::from_millis(2_600)).await;
    stop.cancel();
    work.await.expect("worked");
}

async fn state(portal: &Portal, id: ChangeId) -> ChangeState {
    let state: String = sqlx::query_scalar("SELECT state FROM change WHERE id = $1")
        .bind(id.0)
        .fetch_one(&portal.pool)
        .await
        .expect("state");
    state.parse().expect("a state")
}

/// As if its run had done it.
async fn end(portal: &Portal, id: ChangeId, state: &str) {
    sqlx::query("UPDATE change SET state = $2 WHERE id = $1")
        .bind(id.0)
        .bind(state)
        .execute(&portal.pool)
        .await
        .expect("ended");
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn it_starts_at_its_time_and_not_before(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (developer, _) = portal.shop().await;
    let at = portal.control.now() + SignedDuration::from_hours(2);
    let timing = Timing {
        start_at: Some(at),
        ..Timing::default()
    };
    let change = ask(&portal, &developer, soon(deploy("1.1.0", "dev"), timing)).await;
    let id = change.row.id;
    assert_eq!(change.row.state, ChangeState::Scheduled);
    assert!(
        change.row.expires_at > at + SignedDuration::from_hours(24 * 7 - 1),
        "it has its time from then on"
    );
    assert!(matches!(change.timed.holds[..], [Hold::Time { .. }]));
    assert_eq!(
        change.buttons.start.as_ref().expect_err("too early").code,
        RefusalCode::Held
    );
    let early = portal
        .control
        .start(&developer, id)
        .await
        .expect_err("too early");
    assert_eq!(early.code(), RefusalCode::Held);
    rounds(&portal).await;
    assert_eq!(state(&portal, id).await, ChangeState::Scheduled);
    portal.clock.advance(SignedDuration::from_hours(2));
    rounds(&portal).await;
    let now = state(&portal, id).await;
    assert!(
        !matches!(now, ChangeState::Scheduled | ChangeState::Approved),
        "it went on by itself: {now}"
    );
    let told = portal.kinds(id).await;
    for kind in ["change.scheduled", "change.released", "change.started"] {
        assert!(told.iter().any(|k| k == kind), "{kind} in {told:?}");
    }
    for wrong in [
        SignedDuration::from_hours(-1),
        SignedDuration::from_hours(91 * 24),
    ] {
        let timing = Timing {
            start_at: Some(portal.control.now() + wrong),
            ..Timing::default()
        };
        let refused = portal
            .control
            .request_change(&developer, soon(deploy("1.1.0", "dev"), timing))
            .await;
        assert_eq!(
            refused.expect_err("no such time").code(),
            RefusalCode::Invalid
        );
    }
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn it_follows_others_and_says_when_it_never_will(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (developer, _) = portal.shop().await;
    let first = ask(&portal, &developer, deploy("1.0.0", "staging"))
        .await
        .row
        .id;
    let after = |id| Timing {
        after: vec![id],
        ..Timing::default()
    };
    let second = ask(
        &portal,
        &developer,
        soon(deploy("1.1.0", "dev"), after(first)),
    )
    .await;
    assert_eq!(second.row.state, ChangeState::Scheduled);
    rounds(&portal).await;
    assert_eq!(
        state(&portal, second.row.id).await,
        ChangeState::Scheduled,
        "the first has not succeeded"
    );
    end(&portal, first, "failed").await;
    rounds(&portal).await;
    let held = portal
        .control
        .change(&developer, second.row.id)
        .await
        .expect("reads");
    assert_eq!(held.row.state, ChangeState::Scheduled, "nor will it ever");
    assert!(held.timed.holds[0].is_broken());
    assert!(held.timed.holds[0].words().contains("never succeed"));
    // Asking to follow what has failed already is refused beside the field.
    let refused = portal
        .control
        .request_change(&developer, soon(deploy("1.1.0", "dev"), after(first)))
        .await;
    let domain::Refusal { fields, .. } = match refused.expect_err("never") {
        portolan_control::Error::Refused(refusal) => refusal,
        portolan_control::Error::Fault(fault) => panic!("{fault}"),
    };
    assert!(fields.contains_key("after"));
    // Nobody can follow what is not there, which leaves no way to a circle.
    let unknown = Timing {
        after: vec![uuid::Uuid::now_v7().into()],
        ..Timing::default()
    };
    let refused = portal
        .control
        .request_change(&developer, soon(deploy("1.1.0", "dev"), unknown))
        .await;
    assert_eq!(refused.expect_err("unknown").code(), RefusalCode::Invalid);
    end(&portal, first, "succeeded").await;
    rounds(&portal).await;
    assert_ne!(state(&portal, second.row.id).await, ChangeState::Scheduled);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn production_takes_what_succeeded_in_staging_or_what_somebody_else_lets_through(
    pool: PgPool,
) {
    let mut settings = settings();
    settings.environments[2].promote_from = EnvironmentName::parse("staging").ok();
    let portal = Portal::with(pool, RULES, settings).await;
    let (developer, manager) = portal.shop().await;
    let operator = portal
        .person("operator", &[JobRole::Operator], &[], true)
        .await;
    let mut ready = vec![];
    for version in ["1.0.0", "1.1.0"] {
        let change = ask(
            &portal,
            &developer,
            soon(deploy(version, "production"), Timing::default()),
        )
        .await;
        assert!(
            matches!(&change.timed.holds[..], [Hold::Promotion { from }] if from.as_str() == "staging"),
            "said when it is asked for"
        );
        let (id, digest) = (change.row.id, change.row.evidence_digest);
        portal
            .control
            .decide(&manager, id, Verdict::Approve, digest, String::new())
            .await
            .expect("approved");
        assert_eq!(state(&portal, id).await, ChangeState::Scheduled);
        ready.push((id, digest));
    }
    rounds(&portal).await;
    for (id, _) in &ready {
        assert_eq!(state(&portal, *id).await, ChangeState::Scheduled);
    }
    // 1.0.0 succeeds in staging: it goes on by itself. The other one is no nearer.
    let staged = ask(&portal, &developer, deploy("1.0.0", "staging"))
        .await
        .row
        .id;
    end(&portal, staged, "succeeded").await;
    rounds(&portal).await;
    assert_ne!(state(&portal, ready[0].0).await, ChangeState::Scheduled);
    end(&portal, ready[0].0, "failed").await;
    assert_eq!(state(&portal, ready[1].0).await, ChangeState::Scheduled);
    let (id, digest) = ready[1];
    let reason = || Reason::parse("the site is down").expect("reason");
    let own = portal
        .control
        .override_promotion(&developer, id, digest, reason())
        .await;
    assert_eq!(
        own.expect_err("never one's own").code(),
        RefusalCode::Forbidden
    );
    let other = domain::EvidenceDigest([9; 32]);
    let wrong = portal
        .control
        .override_promotion(&operator, id, other, reason())
        .await;
    assert_eq!(
        wrong.expect_err("other evidence").code(),
        RefusalCode::DigestMismatch
    );
    let shown = portal
        .control
        .override_promotion(&operator, id, digest, reason())
        .await
        .expect("overridden");
    assert_eq!(
        shown
            .timed
            .promotion
            .as_ref()
            .expect("for ever")
            .by
            .as_str(),
        "operator"
    );
    rounds(&portal).await;
    assert_ne!(state(&portal, id).await, ChangeState::Scheduled);
    let after = portal.control.change(&developer, id).await.expect("reads");
    assert_eq!(
        after.timed.promotion.expect("still").reason,
        "the site is down"
    );
    assert!(
        portal
            .kinds(id)
            .await
            .iter()
            .any(|k| k == "change.promotion_overridden")
    );
}
