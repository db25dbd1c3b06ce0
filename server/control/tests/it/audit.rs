//! The log is read whole, whatever a newer or older build of the portal has written.

use domain::{CallerKind, ChangeState, JobRole, RefusalCode, Scope, TokenId, Verdict};
use portolan_control::audit::AuditQuery;
use sqlx::PgPool;
use uuid::Uuid;

use crate::harness::{Portal, deploy};

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn an_event_of_a_kind_this_build_does_not_know_is_shown_as_the_text_it_is(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (developer, _) = portal.shop().await;
    let auditor = portal
        .person("auditor", &[JobRole::Auditor], &[], false)
        .await;
    let change = portal
        .control
        .request_change(&developer, deploy("1.0.0", "staging"))
        .await
        .expect("requested");
    sqlx::query(
        "INSERT INTO audit_event (id, at, kind, outcome, door, subject_kind, subject_id, change_id, request_id, policy_version, record)
         VALUES ($1, now(), 'change.teleported', 'success', 'portal', 'change', $2, $3, $1, 'p', '{\"data\":{}}')",
    )
    .bind(Uuid::now_v7())
    .bind(change.row.id.to_string())
    .bind(change.row.id.0)
    .execute(&portal.pool)
    .await
    .expect("event");
    let page = portal
        .control
        .audit_events(&auditor, AuditQuery::default())
        .await
        .expect("the log is read");
    assert!(
        page.items
            .iter()
            .any(|e| e.kind.as_str() == "change.teleported")
    );
    let change = portal
        .control
        .change(&developer, change.row.id)
        .await
        .expect("the change is read");
    let told = change.timeline.last().expect("an entry");
    assert_eq!(told.kind.as_str(), "change.teleported");
    assert_eq!(change.row.state, ChangeState::AwaitingApproval);
}

/// Whoever was refused something about a change is in that change's own log.
#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn refusals_about_a_change_are_told_with_it(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (developer, manager) = portal.shop().await;
    let colleague = portal
        .person("developer2", &[JobRole::Developer], &["checkout"], false)
        .await;
    let stranger = portal
        .person("stranger", &[JobRole::Developer], &["catalog"], false)
        .await;
    let two = r#"[{"name": "two", "match": {}, "require": [{"count": 2, "of": "owning_team"}]}]"#;
    let portal = Portal::with(portal.pool, two, crate::harness::settings()).await;
    let change = portal
        .control
        .request_change(&developer, deploy("1.0.0", "staging"))
        .await
        .expect("requested");
    let (id, digest) = (change.row.id, change.row.evidence_digest);
    let control = &portal.control;
    let word = async |who, digest| {
        control
            .decide(who, id, Verdict::Approve, digest, String::new())
            .await
    };
    let other = domain::EvidenceDigest([1; 32]);
    let wrong = word(&colleague, other).await.expect_err("another digest");
    assert_eq!(wrong.code(), RefusalCode::DigestMismatch);
    word(&colleague, digest).await.expect("counts");
    let twice = word(&colleague, digest).await.expect_err("one each");
    assert_eq!(twice.code(), RefusalCode::AlreadyDecided);
    let own = word(&developer, digest).await.expect_err("their own");
    assert_eq!(own.code(), RefusalCode::Forbidden);
    assert!(control.change(&stranger, id).await.is_err());
    let change = control.change(&manager, id).await.expect("reads");
    let denied: Vec<_> = change
        .timeline
        .iter()
        .filter(|e| e.outcome == domain::Outcome::Denied)
        .map(|e| (e.login.as_ref().expect("who").as_str(), &e.data["code"]))
        .map(|(who, code)| format!("{who} {}", code.as_str().unwrap_or_default()))
        .collect();
    assert_eq!(
        denied,
        [
            "developer2 digest_mismatch",
            "developer2 already_decided",
            "developer forbidden"
        ],
        "who may not even see it is no part of its story"
    );
}

/// A token that may not read learns of no change whether it is there.
#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_token_that_may_not_read_gets_one_answer(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (developer, _) = portal.shop().await;
    let change = portal
        .control
        .request_change(&developer, deploy("1.0.0", "staging"))
        .await
        .expect("requested");
    let mut script = developer.clone();
    script.kind = CallerKind::Token {
        token: TokenId(Uuid::now_v7()),
        scopes: [Scope::ChangesWrite, Scope::ApprovalsWrite].into(),
    };
    let mut answers = vec![];
    for id in [change.row.id, domain::ChangeId(Uuid::now_v7())] {
        let cancelled = portal.control.cancel(&script, id, "no".into()).await;
        let started = portal.control.start(&script, id).await;
        let digest = change.row.evidence_digest;
        let decided = portal
            .control
            .decide(&script, id, Verdict::Approve, digest, String::new())
            .await;
        answers.push([cancelled, started, decided].map(|a| a.expect_err("refused").refusal()));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0][0].code, RefusalCode::ScopeMissing);
}
