//! The run: its steps by region, in the order they go, with what each waits for or did.

use control::{
    changes::ChangeDetail,
    runs::{RunView, StepView},
};
use domain::{RegionName, StepKind, StepState};
use leptos::prelude::*;

use super::history::{calls, sessions, tried};
use crate::{
    Html, Visit, html,
    parts::{Tone, mark, status},
    time,
    words::external,
};

pub(super) fn run(visit: &Visit, change: &ChangeDetail) -> Html {
    let Some(run) = &change.run else {
        return Html::EMPTY;
    };
    let took = match run.finished_at {
        Some(end) => {
            html! { "took "{time::took(run.started_at, end)}", ended "{time::ago(visit.now, end)} }
        }
        None => html! { "for "{time::age(visit.now, run.started_at)} },
    };
    let regions: Vec<_> = regions(run)
        .into_iter()
        .map(|region| steps(visit, change, run, region))
        .collect();
    html! {
        <section class="card" aria-labelledby="h-run">
            <div class="card-head"><h2 id="h-run">"The run"</h2><span class="row">{status(run.state)}<span class="muted small">{took}</span></span></div>
            <div class="card-body run">{regions}</div>
        </section>
    }
}

/// The regions in the order in which the run visits them.
fn regions(run: &RunView) -> Vec<&RegionName> {
    let mut names: Vec<&RegionName> = vec![];
    for step in &run.steps {
        if !names.contains(&&step.region) {
            names.push(&step.region);
        }
    }
    names
}

fn steps(visit: &Visit, change: &ChangeDetail, run: &RunView, region: &RegionName) -> Html {
    let side = change
        .evidence
        .targets
        .iter()
        .find(|t| t.region == *region)
        .map(|t| format!("{} side, {}", t.side, t.cluster));
    let steps: Vec<_> = run
        .steps
        .iter()
        .filter(|s| s.region == *region)
        .map(|s| step(visit, s))
        .collect();
    html! {
        <div class="run-region">
            <h3>{region.as_str()}" "<span class="muted small">{side}</span></h3>
            <ol class="steps">{steps}</ol>
        </div>
    }
}

fn step(visit: &Visit, step: &StepView) -> Html {
    let lasted = match (step.started_at, step.finished_at) {
        (Some(from), Some(to)) => {
            Some(html! { <span class="muted small">{time::took(from, to)}</span> })
        }
        // How long ago it was begun says nothing of a step that waits for its time; when that is stands below.
        (Some(_), None) if step.state == StepState::Due => None,
        (Some(from), None) => {
            Some(html! { <span class="muted small">"for "{time::age(visit.now, from)}</span> })
        }
        _ => None,
    };
    let note = step
        .note
        .clone()
        .or_else(|| waits_for(step.state).map(str::to_owned));
    let watches = watches(step);
    let again = if watches {
        "The canary is looked at again "
    } else {
        "Taken up again "
    };
    let due = step.due_at.filter(|due| *due > visit.now);
    let due = due.map(
        |due| html! { <p class="step-note muted small">{again}{time::ago(visit.now, due)}"."</p> },
    );
    let state = if watches {
        mark("eye", "Watching", Tone::Live)
    } else {
        status(step.state)
    };
    let lease = step.lease.as_ref().map(|lease| html! { <p class="step-note muted small">"Held by "<code>{lease.worker.as_str()}</code>", lease "{lease.epoch}", until "{time::ago(visit.now, lease.expires_at)}" unless renewed."</p> });
    let note = note.map(|note| html! { <p class="step-note user-text" dir="auto">{note}</p> });
    let tries =
        (step.attempts > 1).then(|| html! { <span class="chip">{step.attempts}" attempts"</span> });
    let build = step
        .build_url
        .as_deref()
        .map(|url| external(url, "Jenkins build"));
    html! {
        <li class="step" data-step=step.id.to_string() data-region=step.region.as_str()>
            <div class="row"><span class="step-title">{step.kind.title()}</span>{state}{lasted}{tries}{build}</div>
            {note}{due}{lease}{tried(visit, step)}{calls(visit, step)}{sessions(visit, step)}
        </li>
    }
}

/// Between two readings nobody holds the step, and still the canary is watched.
fn watches(step: &StepView) -> bool {
    let begun = step.started_at.is_some() && step.state == StepState::Due;
    begun && StepKind::OF_A_WAVE.contains(&step.kind)
}

/// No wait without saying what for.
fn waits_for(state: StepState) -> Option<&'static str> {
    match state {
        StepState::Waiting => Some("Waits for the steps before it."),
        StepState::Due => Some("Waits for a worker to take it."),
        StepState::Skipped => Some("Never begun, because the run ended before."),
        _ => None,
    }
}
