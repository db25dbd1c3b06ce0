//! The road of a change up to its run: evidence, approvals, the grant; `starting` has the start.

mod starting;

use std::collections::BTreeSet;

use domain::{
    Caller, CallerKind, ChangeState, EvidenceDigest, JobRole, RefusalCode, Scope, StartMode,
    TokenId, Verdict,
};
use jiff::SignedDuration;
use portolan_control::changes::{ChangeDetail, ChangeQuery};
use sqlx::PgPool;
use uuid::Uuid;

use crate::harness::{Portal, deploy, rules, service};

async fn approve(
    portal: &Portal,
    who: &Caller,
    change: &ChangeDetail,
) -> Result<ChangeDetail, portolan_control::Error> {
    portal
        .control
        .decide(
            who,
            change.row.id,
            Verdict::Approve,
            change.row.evidence_digest,
            String::new(),
        )
        .await
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn dev_needs_nobody_staging_the_team_production_a_manager_with_a_second_factor(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (developer, manager) = portal.shop().await;
    let colleague = portal
        .person("developer2", &[JobRole::Developer], &["checkout"], true)
        .await;
    let dev = portal
        .control
        .request_change(&developer, deploy("1.0.0", "dev"))
        .await
        .expect("dev");
    assert_eq!(dev.row.state, ChangeState::Approved);

    let staging = portal
        .control
        .request_change(&developer, deploy("1.0.0", "staging"))
        .await
        .expect("staging");
    assert_eq!(staging.row.state, ChangeState::AwaitingApproval);
    let own = approve(&portal, &developer, &staging)
        .await
        .expect_err("own change");
    assert_eq!(own.code(), RefusalCode::Forbidden);
    let staging = approve(&portal, &colleague, &staging)
        .await
        .expect("colleague");
    assert_eq!(staging.row.state, ChangeState::Approved);

    let production = portal
        .control
        .request_change(&developer, deploy("1.0.0", "production"))
        .await
        .expect("production");
    let mut weak = manager.clone();
    if let CallerKind::Person { authentication, .. } = &mut weak.kind {
        authentication.mfa = false;
    }
    assert_eq!(
        approve(&portal, &weak, &production)
            .await
            .expect_err("no factor")
            .code(),
        RefusalCode::StepUpRequired
    );
    assert_eq!(
        approve(&portal, &colleague, &production)
            .await
            .expect_err("no manager")
            .code(),
        RefusalCode::Forbidden
    );
    let mut script = manager.clone();
    script.kind = CallerKind::Token {
        token: TokenId(Uuid::now_v7()),
        scopes: Scope::ALL.into(),
    };
    assert_eq!(
        approve(&portal, &script, &production)
            .await
            .expect_err("token")
            .code(),
        RefusalCode::StepUpRequired
    );
    let production = approve(&portal, &manager, &production)
        .await
        .expect("manager");
    assert_eq!(production.row.state, ChangeState::Approved);
    assert_eq!(
        portal
            .kinds(production.row.id)
            .await
            .last()
            .map(String::as_str),
        Some("change.ready")
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn an_approval_binds_to_one_digest_and_counts_once(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (developer, manager) = portal.shop().await;
    let change = portal
        .control
        .request_change(&developer, deploy("1.0.0", "production"))
        .await
        .expect("requested");
    let other = EvidenceDigest([7; 32]);
    let wrong = portal
        .control
        .decide(
            &manager,
            change.row.id,
            Verdict::Approve,
            other,
            String::new(),
        )
        .await
        .expect_err("digest");
    assert_eq!(wrong.code(), RefusalCode::DigestMismatch);
    approve(&portal, &manager, &change).await.expect("first");
    assert_eq!(
        approve(&portal, &manager, &change)
            .await
            .expect_err("second")
            .code(),
        RefusalCode::WrongState
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_rejection_needs_a_reason_and_ends_the_change(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (developer, manager) = portal.shop().await;
    let change = portal
        .control
        .request_change(&developer, deploy("1.0.0", "production"))
        .await
        .expect("requested");
    let (id, digest) = (change.row.id, change.row.evidence_digest);
    let mute = portal
        .control
        .decide(&manager, id, Verdict::Reject, digest, "  ".into())
        .await
        .expect_err("no reason");
    assert!(mute.refusal().fields.contains_key("comment"));
    let rejected = portal
        .control
        .decide(&manager, id, Verdict::Reject, digest, "not today".into())
        .await
        .expect("rejected");
    assert_eq!(rejected.row.state, ChangeState::Rejected);
    assert!(
        rejected.buttons.retry.is_err(),
        "a manager does not ask for deployments"
    );
    let again = portal
        .control
        .retry(
            &developer,
            id,
            domain::Reason::parse("fixed").expect("reason"),
        )
        .await
        .expect("asked again");
    assert_eq!(again.retry_of, Some(id));
    assert_ne!(again.row.id, id);
    // Who looked and may not is in the audit log, and no part of the story of the change.
    let stranger = portal
        .person("stranger", &[JobRole::Developer], &["catalog"], false)
        .await;
    portal
        .control
        .change(&stranger, id)
        .await
        .expect_err("not theirs");
    let looks: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM audit_event WHERE change_id = $1 AND person_login = 'stranger'",
    )
    .bind(id.0)
    .fetch_one(&portal.pool)
    .await
    .expect("count");
    assert_eq!(looks, 1);
    let told = portal.control.change(&developer, id).await.expect("seen");
    assert!(
        told.timeline
            .iter()
            .all(|one| one.login.as_ref().is_none_or(|l| l.as_str() != "stranger"))
    );
    let why = told.buttons.retry.expect_err("one is under way");
    assert_eq!(why.code, RefusalCode::Conflict, "{why}");
    let reason = || domain::Reason::parse("fixed").expect("reason");
    let twice = portal.control.retry(&developer, id, reason()).await;
    let refusal = twice.expect_err("one is under way").refusal();
    assert_eq!(refusal.code, RefusalCode::Conflict);
    assert!(
        refusal.detail.contains(&again.row.id.to_string()),
        "{refusal}"
    );
    portal
        .control
        .cancel(&developer, again.row.id, "not today".into())
        .await
        .expect("cancelled");
    portal
        .control
        .retry(&developer, id, reason())
        .await
        .expect("it has ended");
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn unapproved_changes_expire_and_waiting_ones_can_be_cancelled(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (developer, manager) = portal.shop().await;
    let change = portal
        .control
        .request_change(&developer, deploy("1.0.0", "production"))
        .await
        .expect("requested");
    let cancelled = portal
        .control
        .cancel(&developer, change.row.id, "not needed".into())
        .await
        .expect("cancelled");
    assert_eq!(cancelled.row.state, ChangeState::Cancelled);
    let other = portal
        .control
        .request_change(&developer, deploy("1.0.0", "production"))
        .await
        .expect("requested");
    portal.clock.advance(SignedDuration::from_hours(8 * 24));
    let mut manager = manager;
    if let CallerKind::Person { authentication, .. } = &mut manager.kind {
        authentication.auth_time = portal.control.now();
    }
    assert_eq!(
        approve(&portal, &manager, &other)
            .await
            .expect_err("too late")
            .code(),
        RefusalCode::WrongState
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn what_is_asked_for_must_exist_and_the_field_is_named(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (developer, _) = portal.shop().await;
    let mut foreign = deploy("1.0.0", "dev");
    foreign.service = service("search");
    for (new, field) in [
        (deploy("9.9.9", "dev"), "version"),
        (deploy("1.0.0", "moon"), "environment"),
        (foreign, "service"),
    ] {
        let refused = portal
            .control
            .request_change(&developer, new)
            .await
            .expect_err(field)
            .refusal();
        assert_eq!(
            refused.fields.keys().collect::<Vec<_>>(),
            [field],
            "{refused}"
        );
    }
    let outsider = portal.person("outsider", &[], &[], false).await;
    let nothing = portal
        .control
        .changes(&outsider, ChangeQuery::default())
        .await
        .expect("lists");
    assert_eq!(nothing.items.len(), 0);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_change_no_rule_speaks_of_is_refused(pool: PgPool) {
    let portal = Portal::with(
        pool,
        r#"[{"name": "dev", "match": {"environment": "dev"}, "require": []}]"#,
        crate::harness::settings(),
    )
    .await;
    let (developer, _) = portal.shop().await;
    let refused = portal
        .control
        .request_change(&developer, deploy("1.0.0", "staging"))
        .await
        .expect_err("no rule");
    assert!(refused.to_string().contains("No rule"), "{refused}");
    assert_ne!(
        rules(crate::harness::RULES).version(),
        portal.control.rules().version()
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn the_inbox_holds_what_one_can_decide(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (developer, mut manager) = portal.shop().await;
    let colleague = portal
        .person("developer2", &[JobRole::Developer], &["checkout"], false)
        .await;
    let production = portal
        .control
        .request_change(&developer, deploy("1.0.0", "production"))
        .await
        .expect("production");
    let staging = portal
        .control
        .request_change(&developer, deploy("1.0.0", "staging"))
        .await
        .expect("staging");
    if let CallerKind::Person { authentication, .. } = &mut manager.kind {
        authentication.mfa = false;
    }
    let awaiting = |who: Caller| async {
        let who = who;
        let query = ChangeQuery {
            awaiting_me: true,
            ..ChangeQuery::default()
        };
        portal
            .control
            .changes(&who, query)
            .await
            .expect("inbox")
            .items
            .into_iter()
            .map(|c| c.id)
            .collect::<BTreeSet<_>>()
    };
    assert!(
        awaiting(developer.clone()).await.is_empty(),
        "never one's own"
    );
    assert_eq!(awaiting(colleague).await, [staging.row.id].into());
    // Also without a fresh second factor: the page then asks for it. As a member of the team this manager counts for staging too.
    assert_eq!(
        awaiting(manager).await,
        [production.row.id, staging.row.id].into()
    );
    let mut automatic = deploy("1.0.0", "dev");
    automatic.start_mode = StartMode::OnApproval;
    portal
        .control
        .request_change(&developer, automatic)
        .await
        .expect("dev");
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn the_database_too_refuses_ones_own_approval(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (developer, _) = portal.shop().await;
    let change = portal
        .control
        .request_change(&developer, deploy("1.0.0", "production"))
        .await
        .expect("requested");
    let refused = sqlx::query(
        "INSERT INTO approval (id, change_id, person_id, verdict, evidence_digest, comment, stepped_up, door, at)
         VALUES ($1, $2, $3, 'approve', $4, '', true, 'person', now())",
    )
    .bind(Uuid::now_v7())
    .bind(change.row.id.0)
    .bind(developer.person.id.0)
    .bind(&change.row.evidence_digest.0[..])
    .execute(&portal.pool)
    .await
    .expect_err("the trigger");
    assert!(refused.to_string().contains("never approves"), "{refused}");
}
