//! One change in full: what, where, why, who agrees, how it runs, what happened, and what can
//! be done now.

use control::{
    Control, Result,
    changes::{ChangeDetail, ChangeRow},
    runs::LogLine,
};
use domain::{ChangeId, ChangeState, Refusal, StartMode, StepKind, StepState};
use leptos::prelude::*;

use super::{
    actions::actions, agreement::agreement, evidence::evidence, explain, log, run::run,
    timeline::timeline, wave::wave,
};
use crate::{
    Document, Html, Notice, Params, Visit,
    calendar::standing,
    html,
    parts::{self, Tone, icon, mark, note, person, status},
    time, words,
};

/// Lines of the log's end that stand on the page itself.
const TAIL: i64 = 500;

/// What a form sent that was refused: shown again with its reasons, so that nothing is lost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Posted<'a> {
    /// `decide`, `cancel`, …; empty when nothing was sent.
    pub action: &'a str,
    pub fields: Option<&'a Params>,
    pub refusal: Option<&'a Refusal>,
}

impl<'a> Posted<'a> {
    pub(super) fn value(&self, name: &str) -> &'a str {
        self.fields.map_or("", |fields| fields.raw(name))
    }
}

/// # Errors
/// Not found where the caller may not know of it.
pub async fn detail(
    control: &Control,
    visit: &Visit,
    id: &str,
    posted: Posted<'_>,
) -> Result<Document> {
    let caller = visit.caller()?;
    let id: ChangeId = id
        .parse()
        .map_err(|_| Refusal::not_found("change with this id"))?;
    let change = control.change(caller, id).await?;
    let tail = if change.run.is_some() {
        let end = control.watch(caller, id).await?.last_line;
        control.log(caller, id, (end - TAIL).max(0), TAIL).await?
    } else {
        vec![]
    };
    let document = view(visit, &change, &tail, posted);
    Ok(match posted.refusal {
        Some(refusal) => document.with_status(refusal.code.status()),
        None => document,
    })
}

pub fn view<'a>(
    visit: &'a Visit,
    change: &ChangeDetail,
    tail: &[LogLine],
    mut posted: Posted<'a>,
) -> Document {
    // Back from the second factor, the comment stands in the address.
    if posted.fields.is_none() {
        posted.fields = Some(&visit.params);
    }
    let row = &change.row;
    let title = format!(
        "{} {} {} to {}",
        words::kind(row.kind),
        row.service,
        row.version,
        row.environment
    );
    let refused = posted.refusal.map(parts::refusal);
    let main = html! {
        {refused}
        <div class="stack" id="r-head" data-live-region>{head(visit, change, &title)}</div>
        // What is to be done, then what one can do about it, then how it goes: on a phone nobody scrolls past the log to approve.
        <div class="columns change-columns">
            <div class="stack-lg">{why(change)}{evidence(change)}</div>
            <div class="stack-lg side-column" id="r-side" data-live-region>
                {actions(visit, change, &posted)}
                {agreement(visit, change)}
                {explain::explain(change)}
                {standing::card(visit, change, posted.refusal.filter(|_| posted.action == "override").map(|r| (r, posted.fields)))}
            </div>
            <div class="stack-lg">
                <div class="stack-lg" id="r-run" data-live-region>{run(visit, change)}{wave(visit, change)}</div>
                {log::panel(visit, change, tail)}
                <div id="r-timeline" data-live-region>{timeline(visit, change)}</div>
            </div>
        </div>
    };
    let document = Document::new(title, main);
    // Below there is no more of what will be done and what it waits for.
    if visit.notice == Some(Notice::Requested) && !waits(row.state) {
        document.without_notice()
    } else {
        document
    }
}

/// Whether nothing of it has begun, or ended.
fn waits(state: ChangeState) -> bool {
    matches!(
        state,
        ChangeState::Requested
            | ChangeState::Planning
            | ChangeState::AwaitingApproval
            | ChangeState::Approved
            | ChangeState::Scheduled
    )
}

fn head(visit: &Visit, change: &ChangeDetail, title: &str) -> Html {
    let row = &change.row;
    let protected = row
        .protected
        .then(|| mark("lock", "Protected", Tone::Quiet));
    let stopping = (change.cancel_requested && !row.state.is_final())
        .then(|| mark("circle-slash", "Being stopped", Tone::Warn));
    let sub = html! {
        {status(row.state)}{stopping}{protected}
        <span>"asked for by "{person(row.requester.as_str(), None)}" "{time::ago(visit.now, row.created_at)}</span>
        <span>"last moved "{time::ago(visit.now, row.updated_at)}</span>
        <span>"Team "{row.team.as_str()}</span>
    };
    html! {
        {parts::heading(&[("/changes", "Changes")], title, sub, html! { <a class="btn btn-sm" href=format!("/services/{}", row.service)>{icon("box")}"Service"</a> })}
        {standing(visit, change)}{would_void(change)}{explain::waits(visit, &change.timed)}{held(change)}
    }
}

/// What a start would come upon, told before somebody presses it.
fn would_void(change: &ChangeDetail) -> Html {
    let Some(why) = change.would_void.as_deref() else {
        return Html::EMPTY;
    };
    note(
        "triangle-alert",
        "warn",
        html! { <p class="panel-title">"Started now, it would not run"</p><p class="user-text">{why}</p><p>"It would be out of date then, and to be asked for or approved again."</p> },
    )
}

fn is_held(change: &ChangeDetail) -> bool {
    change.may_start.as_ref().is_some_and(|d| d.is_held())
}

/// What of the calendar holds it.
fn held(change: &ChangeDetail) -> Html {
    if is_held(change) {
        standing::waits(change)
    } else {
        Html::EMPTY
    }
}

/// What the change waits for, or why it ended: the first thing to know.
fn standing(visit: &Visit, change: &ChangeDetail) -> Html {
    let row = &change.row;
    let reason = change.state_reason.clone();
    let told = |glyph: &str, tone: &'static str, words: &str| {
        let reason = reason
            .as_deref()
            .map(|r| html! { <p class="user-text" dir="auto">{r}</p> });
        note(
            glyph,
            tone,
            html! { <p class="panel-title">{words}</p>{reason} },
        )
    };
    match row.state {
        ChangeState::AwaitingApproval => {
            let missing: Vec<&str> = change
                .requirements
                .iter()
                .filter(|r| r.missing > 0)
                .map(|r| r.words.as_str())
                .collect();
            note(
                "hourglass",
                "wait",
                html! { <p>"Waits for "<strong>{missing.join(", and for ")}</strong>"; expires "{time::ago(visit.now, row.expires_at)}"."</p> },
            )
        }
        // Told below: nothing of it starts before that is over.
        ChangeState::Approved | ChangeState::Scheduled if is_held(change) => Html::EMPTY,
        ChangeState::Approved if row.queued.as_ref().is_some_and(|q| q.held) => queued(row),
        ChangeState::Approved if change.start_mode == StartMode::OnApproval => note(
            "clock",
            "live",
            html! { <p>"Everybody needed has agreed. Waits for a worker to start it, which takes a moment."</p> },
        ),
        // Below it says what it waits for.
        ChangeState::Scheduled if !change.timed.holds.is_empty() => Html::EMPTY,
        ChangeState::Approved | ChangeState::Scheduled => note(
            "clock",
            "wait",
            html! { <p>"Everybody needed has agreed. Waits for somebody to press “Start now”; expires "{time::ago(visit.now, row.expires_at)}"."</p> },
        ),
        ChangeState::Stale => told(
            "history",
            "warn",
            "What it was asked for with no longer holds, so it did not run and never will. Ask for it again.",
        ),
        ChangeState::NeedsAttention => {
            let look = html! { <p><a class="btn btn-sm" href=format!("/attention/{}", row.id) id="look">{icon("search")}"Look and decide"</a></p> };
            let words = if halted(change) {
                "The run halted behind its canary: somebody decides whether the rest follows."
            } else {
                "Somebody must look: what happened outside cannot be decided by the portal alone."
            };
            let told = told("triangle-alert", "warn", words);
            html! { {told}{look} }
        }
        ChangeState::Failed => told("circle-x", "bad", "The change failed."),
        ChangeState::Cancelled => told("circle-slash", "quiet", "The change was cancelled."),
        ChangeState::Rejected => told("ban", "bad", "The change was rejected."),
        ChangeState::Expired => told("clock", "quiet", "Nobody approved and started it in time."),
        _ => reason
            .as_deref()
            .map_or(Html::EMPTY, |_| told("info", "quiet", "About this state")),
    }
}

/// What waits for somebody is the stop behind the canary.
fn halted(change: &ChangeDetail) -> bool {
    let steps = change.run.iter().flat_map(|run| &run.steps);
    let mut parked = steps.filter(|step| step.state == StepState::NeedsAttention);
    parked.any(|step| StepKind::OF_A_WAVE.contains(&step.kind))
}

/// Everybody has agreed, and something else is under way there.
fn queued(row: &ChangeRow) -> Html {
    let Some(queued) = &row.queued else {
        return Html::EMPTY;
    };
    let holder = queued.holder.as_ref().map(|holder| {
        html! { <p class="small"><a class="link" href=format!("/changes/{}", holder.id)>{holder.version.as_str()}", asked for by "{holder.requester.as_str()}</a>" "{status(holder.state)}</p> }
    });
    let place = queued
        .place
        .map(|place| html! { " It is number "{place}" in the queue." });
    note(
        "hourglass",
        "wait",
        html! { <p>"Everybody needed has agreed. "{queued.words()}{place}</p>{holder} },
    )
}

fn why(change: &ChangeDetail) -> Html {
    let retry = change.retry_of.map(|old| html! { <p class="small muted">"Asked for again after "<a class="link" href=format!("/changes/{old}")>"an earlier change"</a>"."</p> });
    let undoes = change.evidence.rollback_of.map(|old| html! { <p class="small muted">"Undoes "<a class="link" href=format!("/changes/{old}")>"an earlier change"</a>"."</p> });
    let start = match change.start_mode {
        StartMode::OnApproval => "Starts by itself when everybody needed has agreed.",
        StartMode::Manual => "Starts when somebody presses “Start now”.",
    };
    html! {
        <section class="card" aria-labelledby="h-why">
            <div class="card-head"><h2 id="h-why">"Why"</h2><span class="muted small">{start}</span></div>
            <div class="card-body"><p class="user-text reason" dir="auto">{change.row.reason.as_str()}</p>{retry}{undoes}</div>
        </section>
    }
}
