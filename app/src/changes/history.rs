//! The parts of a step's history that a person unfolds: attempts, calls with an effect, AWS sessions.

use control::runs::{AttemptView, AwsSessionView, CallView, StepView};
use leptos::prelude::*;

use crate::{
    Html, Visit, html,
    parts::{self, Narrow},
    time,
};

/// Every time a worker took the step up.
pub(crate) fn tried(visit: &Visit, step: &StepView) -> Html {
    if step.tried.is_empty() {
        return Html::EMPTY;
    }
    let rows = step.tried.iter().map(|a| attempt(visit, a)).collect();
    let head = parts::heads(&[
        "Lease",
        "Worker",
        "Took it up",
        "For",
        "Came to",
        "What it says",
    ]);
    let label = format!("Attempts: {}, {}", step.kind.title(), step.region);
    html! {
        <details class="more">
            <summary>{step.tried.len()}{if step.tried.len() == 1 { " attempt" } else { " attempts" }}</summary>
            {parts::table(&label, Narrow::Scroll, head, rows)}
        </details>
    }
}

fn attempt(visit: &Visit, attempt: &AttemptView) -> Html {
    let lasted = attempt
        .ended_at
        .map(|end| time::took(attempt.started_at, end));
    let came_to = match attempt.outcome.as_deref() {
        None => "goes on",
        Some("succeeded") => "succeeded",
        Some("again") => "to be tried again",
        Some("failed") => "failed",
        Some("cancelled") => "stopped",
        Some("needs_attention") => "waits for a person",
        Some("lost") => "the worker was lost",
        Some(_) => "an end that this portal does not know",
    };
    html! {
        <tr>
            <th scope="row">{attempt.epoch}</th>
            <td><code class="nowrap">{attempt.worker.as_str()}</code></td>
            <td>{time::ago(visit.now, attempt.started_at)}</td>
            <td class="nowrap">{lasted}</td>
            <td class="nowrap">{came_to}</td>
            <td><span class="user-text" dir="auto">{attempt.detail.clone()}</span></td>
        </tr>
    }
}

/// The calls that were written down before they were made, with the marks they are found again by.
pub(crate) fn calls(visit: &Visit, step: &StepView) -> Html {
    let calls: Vec<_> = step.calls.iter().map(|call| one(visit, call)).collect();
    if calls.is_empty() {
        return Html::EMPTY;
    }
    html! { <ul class="stack-sm small">{calls}</ul> }
}

fn one(visit: &Visit, call: &CallView) -> Html {
    let state = match call.state.as_str() {
        "intended" => "intended; whether it was made is not known yet",
        "done" => "made",
        "refused" => "refused by the other side",
        "unknown" => "made or not: not known",
        _ => "in a state that this portal does not know",
    };
    let settled = call
        .settled_at
        .map(|at| html! { ", settled "{time::ago(visit.now, at)} });
    html! { <li class="muted"><code>{call.call.as_str()}</code>", mark "<code>{call.mark.as_str()}</code>": "{state}"; intended "{time::ago(visit.now, call.made_at)}{settled}"."</li> }
}

/// The AWS sessions it used.
pub(crate) fn sessions(visit: &Visit, step: &StepView) -> Html {
    if step.aws.is_empty() {
        return Html::EMPTY;
    }
    let label = format!("AWS sessions: {}, {}", step.kind.title(), step.region);
    let rows = step.aws.iter().map(|s| session(visit, s)).collect();
    let head = parts::heads(&[
        "Purpose",
        "Role",
        "Source identity",
        "Session name",
        "Access key",
        "STS request",
        "Made",
        "Expires",
    ]);
    html! {
        <details class="more">
            <summary>{step.aws.len()}{if step.aws.len() == 1 { " AWS session" } else { " AWS sessions" }}</summary>
            {parts::table(&label, Narrow::Scroll, head, rows)}
        </details>
    }
}

fn session(visit: &Visit, session: &AwsSessionView) -> Html {
    html! {
        <tr>
            <th scope="row">{session.purpose.as_str()}</th>
            <td><code class="nowrap">{session.role_arn.as_str()}</code></td>
            <td>{session.source_identity.as_str()}</td>
            <td><code class="nowrap">{session.session_name.as_str()}</code></td>
            <td><code>{session.access_key_id.as_str()}</code></td>
            <td><code class="nowrap">{session.request_id.clone()}</code></td>
            <td>{time::ago(visit.now, session.made_at)}</td>
            <td>{time::ago(visit.now, session.expires_at)}</td>
        </tr>
    }
}
