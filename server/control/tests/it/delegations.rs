//! Somebody stands in for somebody else: dated, scoped, never lent on, never for one's own change.

use domain::{ChangeState, JobRole, Login, Reason, RefusalCode, TeamName, Verdict};
use jiff::SignedDuration;
use portolan_control::{Error, delegations::NewDelegation};
use sqlx::PgPool;

use crate::harness::{Portal, deploy, settings};

/// Two of team checkout must agree: its manager has the one place that nobody else of it can fill.
const TWO: &str = r#"[
    {"name": "two", "match": {}, "require": [{"count": 1, "of": {"team": "checkout"}}]}
]"#;

fn from_now(portal: &Portal, to: &str, hours: i64) -> NewDelegation {
    let now = portal.control.now();
    NewDelegation {
        to: Login::parse(to).expect("login"),
        team: None,
        environment: None,
        from: now,
        until: now + SignedDuration::from_hours(hours),
        reason: Reason::parse("holidays").expect("reason"),
    }
}

fn code(refused: Result<impl std::fmt::Debug, Error>) -> RefusalCode {
    refused.expect_err("refused").code()
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_stand_in_fills_the_others_place_and_shows_for_whom(pool: PgPool) {
    let portal = Portal::with(pool, TWO, settings()).await;
    let (developer, manager) = portal.shop().await;
    let other = portal
        .person("manager2", &[JobRole::Manager], &["catalog"], true)
        .await;
    let third = portal
        .person("manager3", &[JobRole::Manager], &["catalog"], true)
        .await;
    let control = &portal.control;
    let ask = || async {
        control
            .request_change(&developer, deploy("1.1.0", "staging"))
            .await
            .expect("asked")
    };
    let approve = |by: domain::Caller, change: portolan_control::changes::ChangeDetail| async move {
        let digest = change.row.evidence_digest;
        control
            .decide(&by, change.row.id, Verdict::Approve, digest, String::new())
            .await
    };

    // Of another team: without standing in, their word fills no place.
    assert_eq!(
        code(approve(other.clone(), ask().await).await),
        RefusalCode::Forbidden
    );
    let made = control
        .delegate(&manager, from_now(&portal, "manager2", 48))
        .await
        .expect("made");
    let change = ask().await;
    assert!(
        control
            .change(&other, change.row.id)
            .await
            .expect("reads")
            .buttons
            .approve
            .is_ok()
    );
    let done = approve(other.clone(), change).await.expect("approved");
    assert_eq!(done.row.state, ChangeState::Approved);
    let word = &done.approvals[0];
    assert_eq!(word.person.login.as_str(), "manager2");
    assert_eq!(
        word.on_behalf_of.as_ref().expect("for whom").login.as_str(),
        "manager"
    );

    // Never lent on: who stands in for the stand-in has nothing of the first.
    control
        .delegate(&other, from_now(&portal, "manager3", 48))
        .await
        .expect("made");
    assert_eq!(
        code(approve(third.clone(), ask().await).await),
        RefusalCode::Forbidden
    );

    // Ended by the one who stands in; then it gives nothing, and what was approved stands.
    let waits = ask().await;
    control
        .end_delegation(&other, made.id)
        .await
        .expect("ended");
    assert_eq!(
        code(control.end_delegation(&manager, made.id).await),
        RefusalCode::WrongState
    );
    assert_eq!(
        code(approve(other.clone(), waits).await),
        RefusalCode::Forbidden
    );
    let started = control
        .start(&developer, done.row.id)
        .await
        .expect("it still counts");
    assert_eq!(started.row.state, ChangeState::Running);
    // Over by time.
    control
        .delegate(&manager, from_now(&portal, "manager3", 1))
        .await
        .expect("made");
    portal.clock.advance(SignedDuration::from_hours(2));
    assert_eq!(
        code(approve(third, ask().await).await),
        RefusalCode::Forbidden
    );
    let events: i64 =
        sqlx::query_scalar("SELECT count(*) FROM audit_event WHERE kind LIKE 'delegation.%'")
            .fetch_one(&portal.pool)
            .await
            .expect("events");
    assert_eq!(events, 4);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn its_scope_its_dates_and_who_may_stand_in(pool: PgPool) {
    let portal = Portal::with(pool, TWO, settings()).await;
    let (developer, manager) = portal.shop().await;
    let other = portal
        .person("manager2", &[JobRole::Manager], &["catalog"], true)
        .await;
    portal
        .person("auditor", &[JobRole::Auditor], &[], true)
        .await;
    portal
        .person(
            "catalog-developer",
            &[JobRole::Developer],
            &["catalog"],
            true,
        )
        .await;
    portal.person("outsider", &[], &[], true).await;
    let control = &portal.control;
    for to in ["auditor", "outsider", "manager"] {
        let refused = control.delegate(&manager, from_now(&portal, to, 1)).await;
        assert_eq!(code(refused), RefusalCode::Forbidden, "{to}");
    }
    // A developer of another team could approve nothing of team checkout by policy.
    let narrow = NewDelegation {
        team: TeamName::parse("checkout").ok(),
        ..from_now(&portal, "catalog-developer", 1)
    };
    assert_eq!(
        code(control.delegate(&manager, narrow).await),
        RefusalCode::Invalid
    );
    // Of the team, and could yet not be a manager in production: neither of everything nor there.
    portal
        .person("developer2", &[JobRole::Developer], &["checkout"], true)
        .await;
    let colleague = |environment: Option<&str>, team: Option<&str>| NewDelegation {
        environment: environment.and_then(|name| domain::EnvironmentName::parse(name).ok()),
        team: team.and_then(|name| TeamName::parse(name).ok()),
        ..from_now(&portal, "developer2", 1)
    };
    for useless in [
        colleague(None, None),
        colleague(Some("production"), Some("checkout")),
        colleague(Some("staging"), None),
    ] {
        let refused = control
            .delegate(&manager, useless)
            .await
            .expect_err("useless")
            .refusal();
        assert_eq!(refused.code, RefusalCode::Invalid);
        let (_, why) = refused.fields.iter().next().expect("a field");
        assert!(
            why.starts_with("developer2 could not approve a deployment of "),
            "{why}"
        );
    }
    control
        .delegate(&manager, colleague(Some("staging"), Some("checkout")))
        .await
        .expect("that a developer of the team can have");
    // Whose fault it is.
    let refused = control
        .delegate(&manager, from_now(&portal, "outsider", 1))
        .await
        .expect_err("refused");
    assert_eq!(
        refused.refusal().detail,
        "outsider could not approve themselves, so cannot stand in for you."
    );
    for hours in [-1, 93 * 24] {
        assert_eq!(
            code(
                control
                    .delegate(&manager, from_now(&portal, "manager2", hours))
                    .await
            ),
            RefusalCode::Invalid
        );
    }
    // In production only: nothing in staging.
    let places = NewDelegation {
        environment: domain::EnvironmentName::parse("production").ok(),
        ..from_now(&portal, "manager2", 1)
    };
    control.delegate(&manager, places).await.expect("made");
    let change = control
        .request_change(&developer, deploy("1.1.0", "staging"))
        .await
        .expect("asked");
    let (id, digest) = (change.row.id, change.row.evidence_digest);
    assert_eq!(
        code(
            control
                .decide(&other, id, Verdict::Approve, digest, String::new())
                .await
        ),
        RefusalCode::Forbidden
    );
    // Not for what the one behind asked for: a manager who is a developer too.
    let both = portal
        .person(
            "lead",
            &[JobRole::Manager, JobRole::Developer],
            &["checkout"],
            true,
        )
        .await;
    control
        .delegate(&both, from_now(&portal, "manager2", 1))
        .await
        .expect("made");
    let own = control
        .request_change(&both, deploy("1.0.0", "staging"))
        .await
        .expect("asked");
    let refused = control
        .decide(
            &other,
            own.row.id,
            Verdict::Approve,
            own.row.evidence_digest,
            String::new(),
        )
        .await;
    assert_eq!(
        code(refused),
        RefusalCode::Forbidden,
        "nobody stands in for the requester"
    );
    // Others see nothing of it; those it is about do.
    let count = async |who| {
        let page = control.delegations(who, None, None).await;
        page.expect("lists").items.len()
    };
    assert_eq!((count(&other).await, count(&developer).await), (2, 0));
    // By key: two pages of one make the list, and a place in it means nothing elsewhere.
    let first = control.delegations(&other, None, Some(1)).await;
    let first = first.expect("a page");
    let next = first.next_cursor.clone().expect("more");
    let second = control
        .delegations(&other, Some(next.clone()), Some(1))
        .await
        .expect("the next");
    assert!(second.next_cursor.is_none());
    assert!(first.items[0].id > second.items[0].id, "newest first");
    for wrong in [format!("{next}AAAA"), "AAAA".to_owned()] {
        let refused = control.delegations(&other, Some(wrong), None).await;
        assert_eq!(code(refused), RefusalCode::Invalid);
    }
    let too_many = control.delegations(&other, None, Some(101)).await;
    assert_eq!(code(too_many), RefusalCode::Invalid);
}
