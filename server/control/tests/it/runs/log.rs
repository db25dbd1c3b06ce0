//! The copy of a build's log.

use domain::{RefusalCode, StepKind, StepState};
use portolan_control::runs::LogLine;
use sandbox::jenkins::{Answers, Behaviour, Patch};
use sqlx::PgPool;

use super::stage::{Stage, state_of};

async fn whole(stage: &Stage, id: domain::ChangeId) -> Vec<LogLine> {
    let mut all: Vec<LogLine> = vec![];
    loop {
        let after = all.last().map_or(0, |line| line.seq);
        let control = &stage.portal.control;
        let more = control
            .log(&stage.developer, id, after, 5_000)
            .await
            .expect("log");
        if more.is_empty() {
            return all;
        }
        all.extend(more);
    }
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn twenty_thousand_lines_are_complete_and_in_order(pool: PgPool) {
    let stage = Stage::with(pool, |settings| {
        settings.times.rollout = std::time::Duration::from_millis(1);
    })
    .await;
    stage.jenkins(Patch {
        behaviour: Some(Behaviour::Lines { lines: 20_000 }),
        // As cores do since spring 2025: the live log skips lines.
        lossy_log: Some(true),
        ..Patch::default()
    });
    let change = stage.run("1.1.0", "dev").await;
    let log = whole(&stage, change.row.id).await;
    assert!(log.windows(2).all(|two| two[0].seq < two[1].seq));
    let lines: Vec<_> = log
        .iter()
        .map(|l| l.text.as_str())
        .filter(|t| t.starts_with("line "))
        .collect();
    assert_eq!(lines.len(), 20_000);
    for (i, line) in lines.iter().enumerate() {
        assert_eq!(*line, format!("line {} of 20000: äöü <b>&amp;", i + 1));
    }
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn half_a_log_is_kept_and_said_to_be_half(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage.jenkins(Patch {
        answers: Some(Answers::HalfLog),
        ..Patch::default()
    });
    let id = stage.approved("cart", "1.1.0", "staging").await;
    let _worker = stage.worker();
    stage
        .until(id, |change| {
            state_of(change, "eu-central-1", StepKind::FollowPipeline) == Some(StepState::Succeeded)
        })
        .await;
    stage.jenkins(Patch {
        answers: Some(Answers::Normal),
        ..Patch::default()
    });
    let change = stage.ended(id).await;
    assert_eq!(
        change.row.state,
        domain::ChangeState::Succeeded,
        "the log is not the deployment"
    );
    let log = whole(&stage, id).await;
    let steps = &change.run.as_ref().expect("a run").steps;
    let of = |position: usize| {
        let step = steps[position].id;
        log.iter()
            .filter(|line| line.step == step)
            .map(|line| line.text.as_str())
            .collect::<Vec<_>>()
    };
    let (half, all) = (of(3), of(8));
    let last = half.last().expect("a line");
    assert!(last.contains("did not give the whole log"), "{half:?}");
    assert!(half.len() > 3, "what came is kept: {half:?}");
    assert!(half[0].starts_with("Started by"), "{half:?}");
    assert!(half.len() < all.len(), "{half:?}\n{all:?}");
    assert!(
        all.iter()
            .any(|line| line.contains("Done: every pod of cart runs 1.1.0")),
        "the other region's log is whole: {all:?}"
    );
    assert!(!all.iter().any(|line| line.contains("[portolan]")));
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn only_who_may_see_the_change_reads_its_log(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let change = stage.run("1.1.0", "dev").await;
    let stranger = stage
        .portal
        .person(
            "catalog-developer",
            &[domain::JobRole::Developer],
            &["catalog"],
            false,
        )
        .await;
    let refused = stage
        .portal
        .control
        .log(&stranger, change.row.id, 0, 10)
        .await;
    assert_eq!(refused.expect_err("hidden").code(), RefusalCode::NotFound);
}
