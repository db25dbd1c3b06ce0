//! Leavers, and how long a standing holds: who is shut out is out at once, and groups that nobody has read
//! for long give no rights.

use std::{collections::BTreeSet, time::Duration};

use domain::{
    Caller, CallerKind, ChangeState, JobRole, PersonState, Reason, RefusalCode, RequestId, Scope,
    StartMode, Verdict,
};
use jiff::SignedDuration;
use portolan_control::{
    changes::NewChange,
    people::PeopleQuery,
    tokens::{NewToken, TokenRow},
};
use secrecy::SecretString;
use sqlx::PgPool;
use uuid::Uuid;

use crate::harness::{Portal, RULES, deploy, settings};

fn because() -> Reason {
    Reason::parse("left the company").expect("reason")
}

async fn token_for(
    portal: &Portal,
    caller: &Caller,
    days: i64,
) -> portolan_control::Result<(TokenRow, SecretString)> {
    let new = NewToken {
        name: "script".into(),
        scopes: BTreeSet::from(Scope::ALL),
        expires_at: portal.control.now() + SignedDuration::from_hours(24 * days),
    };
    portal.control.create_token(caller, new).await
}

async fn comes(portal: &Portal, secret: &SecretString) -> portolan_control::Result<Caller> {
    let id = RequestId(Uuid::now_v7());
    portal.control.token_caller(secret, id, None).await
}

async fn count(portal: &Portal, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql)
        .fetch_one(&portal.pool)
        .await
        .expect("a number")
}

/// Approved by the manager, to be started by hand.
async fn approved(portal: &Portal, developer: &Caller, manager: &Caller) -> domain::ChangeId {
    let change = portal
        .control
        .request_change(developer, deploy("1.0.0", "production"))
        .await
        .expect("requested");
    let (id, digest) = (change.row.id, change.row.evidence_digest);
    let change = portal
        .control
        .decide(manager, id, Verdict::Approve, digest, String::new())
        .await
        .expect("approved");
    assert_eq!(change.row.state, ChangeState::Approved);
    id
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn whoever_is_disabled_is_out_at_once_and_their_word_is_void(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (developer, manager) = portal.shop().await;
    let admin = portal
        .person("admin2", &[JobRole::Administrator], &[], false)
        .await;
    let operator = portal
        .person("operator", &[JobRole::Operator], &[], true)
        .await;
    let (_, secret) = token_for(&portal, &manager, 1).await.expect("token");
    sqlx::query(
        "INSERT INTO session (id, id_hash, person_id, auth_time, created_at, last_seen_at, expires_at)
         VALUES ($1, $2, $3, now(), now(), now(), now() + interval '1 hour')",
    )
    .bind(Uuid::now_v7())
    .bind([7_u8; 32].as_slice())
    .bind(manager.person.id.0)
    .execute(&portal.pool)
    .await
    .expect("session");
    let id = approved(&portal, &developer, &manager).await;

    let disabled = portal
        .control
        .disable_person(&admin, manager.person.id, because())
        .await
        .expect("disabled");
    assert_eq!(disabled.state, PersonState::Disabled);
    assert_eq!(count(&portal, "SELECT count(*) FROM session").await, 0);
    let refused = comes(&portal, &secret).await.expect_err("token ended");
    assert_eq!(refused.code(), RefusalCode::NotSignedIn);
    let again = portal
        .control
        .disable_person(&admin, manager.person.id, because())
        .await
        .expect_err("already");
    assert_eq!(again.code(), RefusalCode::Conflict);

    let refused = portal
        .control
        .start(&operator, id)
        .await
        .expect_err("no quorum");
    let said = refused.refusal().detail;
    assert!(said.contains("manager is disabled"), "{said}");
    let change = portal.control.change(&operator, id).await.expect("reads");
    assert_eq!(change.row.state, ChangeState::AwaitingApproval);
    assert!(
        change
            .state_reason
            .as_deref()
            .is_some_and(|why| why.contains("manager is disabled")),
        "{:?}",
        change.state_reason
    );

    // Back again: but what was said before stays void, and the token stays ended.
    portal
        .control
        .enable_person(&admin, manager.person.id, because())
        .await
        .expect("enabled");
    let change = portal.control.change(&operator, id).await.expect("reads");
    assert_eq!(change.requirements[0].missing, 1, "the old word counts");
    assert!(comes(&portal, &secret).await.is_err());
    let events: Vec<(String, String)> = sqlx::query_as(
        "SELECT kind, person_login FROM audit_event WHERE subject_id = $1 AND outcome = 'success' ORDER BY id",
    )
    .bind(manager.person.id.to_string())
    .fetch_all(&portal.pool)
    .await
    .expect("events");
    let by = |kind: &str| (kind.to_owned(), "admin2".to_owned());
    assert_eq!(events, [by("person.disabled"), by("person.enabled")]);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn nothing_starts_on_behalf_of_a_leaver_and_it_says_why(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (developer, manager) = portal.shop().await;
    let admin = portal
        .person("admin2", &[JobRole::Administrator], &[], false)
        .await;
    let operator = portal
        .person("operator", &[JobRole::Operator], &[], true)
        .await;
    let by_hand = approved(&portal, &developer, &manager).await;
    let by_itself = NewChange {
        start_mode: StartMode::OnApproval,
        ..deploy("1.0.0", "dev")
    };
    let by_itself = portal
        .control
        .request_change(&developer, by_itself)
        .await
        .expect("requested")
        .row
        .id;
    portal
        .control
        .disable_person(&admin, developer.person.id, because())
        .await
        .expect("disabled");
    let refused = portal
        .control
        .start(&operator, by_hand)
        .await
        .expect_err("nobody to run it for");
    assert_eq!(refused.code(), RefusalCode::Stale);
    let stop = tokio_util::sync::CancellationToken::new();
    let worker = tokio::spawn({
        let (control, stop) = (portal.control.clone(), stop.clone());
        async move { control.work_until(stop).await }
    });
    for id in [by_hand, by_itself] {
        let change = loop {
            let change = portal.control.change(&operator, id).await.expect("reads");
            if change.row.state != ChangeState::Approved {
                break change;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert_eq!(change.row.state, ChangeState::Stale);
        let why = change.state_reason.unwrap_or_default();
        assert!(why.contains("developer no longer has access"), "{why}");
    }
    stop.cancel();
    worker.await.expect("stops");
    assert_eq!(count(&portal, "SELECT count(*) FROM run").await, 0);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn only_administrators_disable_never_themselves_and_others_learn_nothing(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (developer, manager) = portal.shop().await;
    let admin = portal
        .person("admin2", &[JobRole::Administrator], &[], false)
        .await;
    let auditor = portal
        .person("auditor", &[JobRole::Auditor], &[], false)
        .await;
    let control = &portal.control;
    for (who, whom, code) in [
        (&admin, &admin, RefusalCode::Forbidden),
        (&auditor, &developer, RefusalCode::Forbidden),
        (&manager, &developer, RefusalCode::NotFound),
        (&developer, &manager, RefusalCode::NotFound),
    ] {
        for enable in [false, true] {
            let id = whom.person.id;
            let answer = if enable {
                control.enable_person(who, id, because()).await
            } else {
                control.disable_person(who, id, because()).await
            };
            let login = &who.person.login;
            assert_eq!(answer.expect_err("refused").code(), code, "{login}");
        }
    }
    assert_eq!(
        count(
            &portal,
            "SELECT count(*) FROM person WHERE disabled_at IS NOT NULL"
        )
        .await,
        0
    );
    let first = PeopleQuery {
        limit: Some(3),
        ..PeopleQuery::default()
    };
    let page = control.people(&auditor, first.clone()).await.expect("list");
    let rest = PeopleQuery {
        cursor: page.next_cursor.clone(),
        ..first.clone()
    };
    let rest = control.people(&admin, rest).await.expect("list");
    let logins: Vec<_> = page.items.iter().chain(&rest.items).collect();
    let logins: Vec<_> = logins.iter().map(|p| p.login.as_str()).collect();
    assert_eq!(
        logins,
        ["admin2", "administrator", "auditor", "developer", "manager"]
    );
    let refused = control.people(&manager, first).await.expect_err("not his");
    assert_eq!(refused.code(), RefusalCode::Forbidden);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn groups_that_were_not_read_for_long_give_no_rights(pool: PgPool) {
    let mut settings = settings();
    settings.times.standing = Duration::from_secs(3600);
    let portal = Portal::with(pool, RULES, settings).await;
    let (developer, manager) = portal.shop().await;
    let (_, secret) = token_for(&portal, &developer, 1).await.expect("token");
    let id = approved(&portal, &developer, &manager).await;
    comes(&portal, &secret).await.expect("fresh");
    portal.clock.advance(SignedDuration::from_mins(61));
    let refused = comes(&portal, &secret).await.expect_err("lapsed").refusal();
    assert_eq!(refused.code, RefusalCode::NotSignedIn);
    let said = "Sign in at the portal once so that your groups are read again";
    assert!(refused.detail.contains(said), "{}", refused.detail);
    // The requester signs in again; the approver does not.
    let now = portal.control.now().to_string();
    sqlx::query("UPDATE person SET signed_in_at = $1::timestamptz WHERE login <> 'manager'")
        .bind(&now)
        .execute(&portal.pool)
        .await
        .expect("signed in");
    comes(&portal, &secret).await.expect("read again");
    let mut operator = portal
        .person("operator", &[JobRole::Operator], &[], true)
        .await;
    if let CallerKind::Person { authentication, .. } = &mut operator.kind {
        authentication.auth_time = portal.control.now();
    }
    let refused = portal
        .control
        .start(&operator, id)
        .await
        .expect_err("lapsed");
    let said = refused.refusal().detail;
    assert!(
        said.contains("manager has not signed in for so long"),
        "{said}"
    );
    let lapsed = PeopleQuery {
        state: Some(PersonState::Lapsed),
        ..PeopleQuery::default()
    };
    let admin = portal
        .person("admin2", &[JobRole::Administrator], &[], false)
        .await;
    let listed = portal.control.people(&admin, lapsed).await.expect("list");
    assert!(listed.items.iter().any(|p| p.login.as_str() == "manager"));
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_token_made_with_a_token_never_outlives_it(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (developer, _) = portal.shop().await;
    let (parent_row, parent) = token_for(&portal, &developer, 2).await.expect("parent");
    let parent = comes(&portal, &parent).await.expect("parent");
    let refused = token_for(&portal, &parent, 3).await.expect_err("longer");
    assert!(
        refused.refusal().fields.contains_key("expires_at"),
        "{refused}"
    );
    let (_, child) = token_for(&portal, &parent, 1).await.expect("child");
    let by_child = comes(&portal, &child).await.expect("child");
    let new = NewToken {
        name: "grandchild".into(),
        scopes: BTreeSet::from([Scope::Read]),
        expires_at: portal.control.now() + SignedDuration::from_hours(1),
    };
    let (_, grandchild) = portal
        .control
        .create_token(&by_child, new)
        .await
        .expect("grandchild");
    let (_, other) = token_for(&portal, &developer, 1).await.expect("another");
    portal
        .control
        .revoke_token(&developer, parent_row.id)
        .await
        .expect("revoked");
    for ended in [&child, &grandchild] {
        assert!(comes(&portal, ended).await.is_err(), "it lives on");
    }
    comes(&portal, &other).await.expect("no child of it");
    let refused = token_for(&portal, &by_child, 1).await;
    assert!(refused.is_err(), "a token of a revoked one");
}

/// Who has lost all job roles still sees what tokens are theirs, and ends them.
#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn without_job_roles_ones_own_tokens_can_still_be_ended(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (mut developer, _) = portal.shop().await;
    let (row, secret) = token_for(&portal, &developer, 1).await.expect("token");
    developer.person.job_roles.clear();
    let listed = portal.control.tokens(&developer).await.expect("listed");
    assert_eq!(listed.len(), 1);
    let refused = token_for(&portal, &developer, 1)
        .await
        .expect_err("no new one");
    assert_eq!(refused.code(), RefusalCode::Forbidden);
    portal
        .control
        .revoke_token(&developer, row.id)
        .await
        .expect("revoked");
    assert!(comes(&portal, &secret).await.is_err());
}
