//! Who ends what somebody else made, and who may know of it.

use domain::{
    Caller, JobRole, Reason, RefusalCode, ServiceName, StartMode, TeamName, Verdict,
    schedule::{Class, Entry, Reach, Span},
};
use jiff::SignedDuration;
use portolan_control::{Result, changes::ChangeQuery, schedule::ScheduleQuery};
use sqlx::PgPool;

use super::{Stage, environment};
use crate::harness::deploy;

async fn end(stage: &Stage, who: &Caller, entry: &Entry) -> Result<Entry> {
    let why = Some(Reason::parse("it is over").expect("reason"));
    let control = &stage.portal.control;
    control.end_entry(who, None, entry.id, why).await
}

async fn freeze(stage: &Stage, who: &Caller, reach: Reach) -> Entry {
    let wish = portolan_control::schedule::NewEntry {
        reach,
        ..stage.wish(Class::Freeze, stage.span(-1, 5))
    };
    let control = &stage.portal.control;
    control.make_entry(who, wish).await.expect("a freeze")
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn what_another_made_for_a_protected_place_takes_an_operator_with_a_second_factor(
    pool: PgPool,
) {
    let stage = Stage::new(pool).await;
    let portal = &stage.portal;
    let plain = portal
        .person("operator2", &[JobRole::Operator], &["platform"], false)
        .await;
    let other = portal
        .person("manager2", &[JobRole::Manager], &["catalog"], true)
        .await;
    for reach in [Reach::default(), environment("production")] {
        let entry = freeze(&stage, &stage.operator, reach).await;
        let code = |refused: Result<Entry>| refused.expect_err("refused").code();
        assert_eq!(
            code(end(&stage, &other, &entry).await),
            RefusalCode::Forbidden,
            "another manager"
        );
        assert_eq!(
            code(end(&stage, &plain, &entry).await),
            RefusalCode::StepUpRequired
        );
        end(&stage, &stage.operator, &entry)
            .await
            .expect("its author");
    }
    let entry = freeze(&stage, &plain, Reach::default()).await;
    end(&stage, &stage.operator, &entry)
        .await
        .expect("an operator with a second factor");
    let entry = freeze(&stage, &other, Reach::default()).await;
    end(&stage, &other, &entry).await.expect("one's own");
    let entry = freeze(&stage, &stage.operator, environment("dev")).await;
    end(&stage, &plain, &entry)
        .await
        .expect("no protected place");
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn what_is_about_one_service_is_known_to_those_who_see_it(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let control = &stage.portal.control;
    let foreign = stage
        .portal
        .person(
            "catalog-developer",
            &[JobRole::Developer],
            &["catalog"],
            false,
        )
        .await;
    let cart = ServiceName::parse("cart").expect("name");
    let narrow = [
        Reach {
            service: Some(cart),
            ..Reach::default()
        },
        Reach {
            team: Some(TeamName::parse("checkout").expect("name")),
            ..Reach::default()
        },
    ];
    let within = Span {
        from: stage.now() - SignedDuration::from_hours(24),
        until: stage.now() + SignedDuration::from_hours(24),
    };
    for reach in narrow {
        let entry = freeze(&stage, &stage.operator, reach).await;
        let mine = &stage.developer;
        for (who, sees) in [(&foreign, false), (mine, true), (&stage.manager, true)] {
            let found = control.schedule_entry(who, None, entry.id).await;
            match found {
                Ok(_) => assert!(sees, "{}", who.person.login),
                Err(error) => {
                    assert_eq!(error.code(), RefusalCode::NotFound);
                    assert!(!sees, "{}", who.person.login);
                }
            }
            let list = control.schedule(who, ScheduleQuery::default()).await;
            let listed = list.expect("a list").items.iter().any(|e| e.id == entry.id);
            assert_eq!(listed, sees, "{}", who.person.login);
            let month = control.month(who, within).await.expect("a month");
            let shown = month.entries.iter().any(|(e, _)| e.id == entry.id);
            assert_eq!(shown, sees, "{}", who.person.login);
        }
    }
    let wide = freeze(&stage, &stage.operator, Reach::default()).await;
    control
        .schedule_entry(&foreign, None, wide.id)
        .await
        .expect("everybody's");
}

/// The inbox, the buttons and the enforcer agree on whose word a change waits for.
#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn who_is_not_asked_is_neither_told_to_confirm_nor_able_to_reject(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let control = &stage.portal.control;
    let plain = stage
        .portal
        .person("operator2", &[JobRole::Operator], &["platform"], false)
        .await;
    let wish = portolan_control::changes::NewChange {
        start_mode: StartMode::Manual,
        ..deploy("1.0.0", "production")
    };
    let change = control
        .request_change(&stage.developer, wish)
        .await
        .expect("requested");
    for operator in [&plain, &stage.operator] {
        let seen = control.change(operator, change.row.id).await.expect("seen");
        for refused in [seen.buttons.approve, seen.buttons.reject] {
            assert_eq!(refused.expect_err("not asked").code, RefusalCode::Forbidden);
        }
        let query = ChangeQuery {
            awaiting_me: true,
            ..ChangeQuery::default()
        };
        let inbox = control.changes(operator, query).await.expect("a list");
        assert!(inbox.items.is_empty(), "{}", operator.person.login);
        let word = control
            .decide(
                operator,
                change.row.id,
                Verdict::Reject,
                change.row.evidence_digest,
                "no".into(),
            )
            .await;
        assert_eq!(word.expect_err("not asked").code(), RefusalCode::Forbidden);
    }
    let manager = control
        .change(&stage.manager, change.row.id)
        .await
        .expect("seen");
    assert_eq!(manager.buttons.approve, Ok(()));
    assert_eq!(manager.buttons.reject, Ok(()));
}
