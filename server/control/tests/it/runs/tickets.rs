//! A pipeline's ticket: good once, for its run, while the run goes on; and every other use is told.

use domain::{RefusalCode, RequestId};
use futures::future::join_all;
use portolan_control::Control;
use sandbox::{
    jenkins::Behaviour,
    world::faults::{Fault, Kind},
};
use sqlx::PgPool;
use uuid::Uuid;

use super::stage::{Stage, steps};

/// A run that hangs in its pipeline, and the ticket that this pipeline was given.
async fn hanging(stage: &Stage) -> (domain::ChangeId, String) {
    stage.behave(Behaviour::Hang);
    let id = stage.approved("cart", "1.1.0", "dev").await;
    let worker = stage.worker();
    stage
        .until(id, |c| steps(c).iter().any(|s| s.contains("Build 1 runs")))
        .await;
    worker.stop().await;
    let world = stage.sandbox.world().lock();
    let build = world.jenkins.build("shop/deploy-cart", 1).expect("a build");
    let ticket = build
        .parameters
        .iter()
        .find(|p| p.name == "PORTOLAN_TICKET")
        .expect("a ticket");
    (id, ticket.value.clone())
}

async fn redeem(control: &Control, ticket: &str) -> Result<String, (RefusalCode, String)> {
    control
        .redeem(
            ticket.to_owned().into(),
            RequestId(Uuid::now_v7()),
            Some("192.0.2.7".into()),
        )
        .await
        .map(|given| given.access_key_id)
        .map_err(|error| (error.code(), error.refusal().detail))
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn of_twenty_at_once_one_gets_the_session(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let (id, ticket) = hanging(&stage).await;
    let all = join_all((0..20).map(|_| redeem(&stage.portal.control, &ticket))).await;
    let keys: Vec<_> = all.iter().filter_map(|r| r.as_ref().ok()).collect();
    assert_eq!(keys.len(), 1, "{all:?}");
    for refused in all.iter().filter_map(|r| r.as_ref().err()) {
        assert_eq!(refused.0, RefusalCode::TicketRefused);
    }
    let kinds = stage.portal.kinds(id).await;
    let told = |kind: &str| kinds.iter().filter(|k| *k == kind).count();
    assert_eq!((told("ticket.redeemed"), told("ticket.refused")), (1, 19));
    let noted: (String, String, String) = sqlx::query_as(
        "SELECT access_key_id, purpose, session_policy::text FROM aws_session WHERE purpose = 'pipeline'",
    )
    .fetch_one(&stage.portal.pool)
    .await
    .expect("written down");
    assert_eq!(&noted.0, keys[0]);
    assert!(
        noted.2.contains("cluster/shop-dev") && !noted.2.contains("ecr"),
        "{}",
        noted.2
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn every_bad_ticket_gets_the_same_words(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let (id, ticket) = hanging(&stage).await;
    let control = &stage.portal.control;
    let mut words = vec![];
    words.push(redeem(control, "ptk_nobody").await.expect_err("unknown"));
    words.push(redeem(control, "").await.expect_err("empty"));
    let set = async |column: &'static str| {
        let sql = format!("UPDATE ticket SET {column}");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .execute(&stage.portal.pool)
            .await
            .expect("update");
    };
    set("expires_at = now() - interval '1 second'").await;
    words.push(redeem(control, &ticket).await.expect_err("expired"));
    set("expires_at = now() + interval '1 hour', revoked_at = now()").await;
    words.push(redeem(control, &ticket).await.expect_err("revoked"));
    set("revoked_at = NULL").await;
    sqlx::query("UPDATE person SET disabled_at = now() WHERE login = 'developer'")
        .execute(&stage.portal.pool)
        .await
        .expect("update");
    words.push(
        redeem(control, &ticket)
            .await
            .expect_err("a person without access"),
    );
    sqlx::query("UPDATE person SET disabled_at = NULL")
        .execute(&stage.portal.pool)
        .await
        .expect("update");
    control
        .cancel(&stage.developer, id, "no".into())
        .await
        .expect("asked");
    words.push(redeem(control, &ticket).await.expect_err("being cancelled"));
    words.dedup();
    assert_eq!(words.len(), 1, "{words:?}");
    let told: Vec<String> = sqlx::query_scalar(
        "SELECT record::jsonb #>> '{data,why}' FROM audit_event WHERE kind = 'ticket.refused' ORDER BY id",
    )
    .fetch_all(&stage.portal.pool)
    .await
    .expect("events");
    assert_eq!(
        told,
        [
            "unknown",
            "unknown",
            "expired",
            "revoked",
            "requester without access",
            "run over or being cancelled"
        ]
    );
    assert_eq!(
        stage
            .count("SELECT count(*) FROM ticket WHERE redeemed_at IS NOT NULL")
            .await,
        0
    );
    assert!(
        stage
            .calls()
            .iter()
            .all(|c| c.detail.to_string().find("pipeline").is_none())
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn when_aws_says_no_the_ticket_stays_spent(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let (id, ticket) = hanging(&stage).await;
    stage.fault(Fault {
        service: Some("sts".into()),
        ..Fault::new(Kind::Error)
    });
    let failed = redeem(&stage.portal.control, &ticket)
        .await
        .expect_err("no session");
    assert_eq!(failed.0, RefusalCode::Outside);
    assert!(failed.1.contains("The ticket is spent"), "{}", failed.1);
    stage.sandbox.world().faults().clear();
    let again = redeem(&stage.portal.control, &ticket)
        .await
        .expect_err("spent");
    assert_eq!(again.0, RefusalCode::TicketRefused);
    let kinds = stage.portal.kinds(id).await;
    assert!(kinds.iter().any(|k| k == "aws.role_refused"), "{kinds:?}");
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn the_secret_is_nowhere_but_with_the_pipeline(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let (_, ticket) = hanging(&stage).await;
    redeem(&stage.portal.control, &ticket).await.expect("good");
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
            .fetch_all(&stage.portal.pool)
            .await
            .expect("tables");
    assert!(tables.len() > 10);
    for table in tables {
        let sql = format!("SELECT count(*) FROM {table} AS t WHERE t::text LIKE '%' || $1 || '%'");
        let found: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .bind(&ticket)
            .fetch_one(&stage.portal.pool)
            .await
            .expect("looks");
        assert_eq!(found, 0, "{table}");
    }
    let given = format!("{:?}", stage.portal.control.outside());
    assert!(!given.contains(&ticket) && !given.contains("jenkins-api-token"));
}
