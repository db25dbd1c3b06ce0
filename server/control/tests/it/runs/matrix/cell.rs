//! One cell: a change that starts, and what must hold at its end.

use domain::{ChangeId, ChangeState, StepKind};

use super::super::stage::{Stage, steps};

/// What is deployed where, so that the run has the kind of step, and as little as may be besides.
pub(super) struct Ground {
    pub(super) service: &'static str,
    environment: &'static str,
    builds: usize,
    steps: usize,
}

/// One region; or two and a wave between them, where the kind is of a wave; or one with a canary of a share of it.
pub(super) fn ground(kind: StepKind) -> Ground {
    let (service, environment, builds, steps) = if StepKind::OF_A_WAVE.contains(&kind) {
        ("cart", "staging", 2, 12)
    } else if StepKind::OF_A_CANARY.contains(&kind) {
        ("checkout", "dev", 2, 10)
    } else {
        ("cart", "dev", 1, 5)
    };
    Ground {
        service,
        environment,
        builds,
        steps,
    }
}

pub(super) async fn started(stage: &Stage, kind: StepKind) -> ChangeId {
    let ground = ground(kind);
    let id = stage
        .approved(ground.service, "1.1.0", ground.environment)
        .await;
    let start = stage.portal.control.start(&stage.developer, id).await;
    start.expect("starts");
    id
}

/// What must hold however the worker was lost.
pub(super) async fn as_if_nothing_had_happened(
    stage: &Stage,
    id: ChangeId,
    builds_before: usize,
    kind: StepKind,
    how: &str,
) {
    let change = stage.work_alone(id).await;
    let all = steps(&change).join("\n");
    let why = change.state_reason.as_deref().unwrap_or_default();
    let Ground {
        service,
        builds,
        steps: done,
        ..
    } = ground(kind);
    let built = stage.builds(service) - builds_before;
    assert!(built <= builds, "{how}: {built} builds\n{all}");
    let intents: Vec<(String, i64)> = sqlx::query_as(
        "SELECT i.state, count(*) FROM intent i JOIN step s ON s.id = i.step_id JOIN run r ON r.id = s.run_id
         WHERE r.change_id = $1 GROUP BY 1",
    )
    .bind(id.0)
    .fetch_all(&stage.portal.pool)
    .await
    .expect("intents");
    if change.row.state == ChangeState::NeedsAttention {
        // Only where nobody can decide, between the intent and the answer, and with what is known.
        let undecided = ["AfterIntent", "AfterCall"]
            .iter()
            .any(|phase| how.ends_with(phase));
        assert!(kind.is_pipeline() && undecided, "{how}: {why}\n{all}");
        assert_eq!(intents, [("unknown".to_owned(), 1)], "{how}");
        assert!(why.contains("PORTOLAN_RUN_ID"), "{how}: {why}");
        return;
    }
    assert_eq!(
        change.row.state,
        ChangeState::Succeeded,
        "{how}: {why}\n{all}"
    );
    assert_eq!(built, builds, "{how}: builds");
    let all_done = i64::try_from(builds).expect("few");
    assert_eq!(intents, [("done".to_owned(), all_done)], "{how}");
    let twice: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM (SELECT subject_id FROM audit_event WHERE change_id = $1 AND kind = 'step.succeeded'
             GROUP BY 1 HAVING count(*) > 1) AS twice",
    )
    .bind(id.0)
    .fetch_one(&stage.portal.pool)
    .await
    .expect("a number");
    assert_eq!(twice, 0, "{how}: steps that succeeded twice");
    let kinds = stage.portal.kinds(id).await;
    let of = |wanted: &str| kinds.iter().filter(|kind| *kind == wanted).count();
    assert_eq!(
        (
            of("step.succeeded"),
            of("change.succeeded"),
            of("change.started")
        ),
        (done, 1, 1),
        "{how}: {kinds:?}"
    );
    let open: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM attempt a JOIN step s ON s.id = a.step_id JOIN run r ON r.id = s.run_id
         WHERE r.change_id = $1 AND a.ended_at IS NULL",
    )
    .bind(id.0)
    .fetch_one(&stage.portal.pool)
    .await
    .expect("a number");
    assert_eq!(open, 0, "{how}: attempts without an end");
}
