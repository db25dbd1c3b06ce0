//! Why it may or may not go on: rules and policies by name, and what it waits for besides people and the calendar.

use control::changes::{ChangeDetail, Timed};
use domain::hold::Hold;
use leptos::prelude::*;

use crate::{
    Html, Visit, html,
    parts::{Tone, icon, mark},
    time,
};

pub(super) fn explain(change: &ChangeDetail) -> Html {
    let rules: Vec<_> = change
        .matched
        .rules
        .iter()
        .map(|rule| {
            let needs = if rule.needs.is_empty() {
                "nobody".to_owned()
            } else {
                rule.needs.join(", and ")
            };
            html! { <li><strong>"“"{rule.name.as_str()}"”"</strong><p class="small muted">"About "{rule.about.as_str()}". Needs "{needs}"."</p></li> }
        })
        .collect();
    let rules = if rules.is_empty() {
        html! { <p>"No rule in force is about this change."</p> }
    } else {
        html! { <ul class="needs">{rules}</ul> }
    };
    let changed = (change.matched.changed && !change.row.state.is_final()).then(|| html! {
        <p class="warn-text small">"Other rules are in force now ("<code>{change.matched.version.as_str()}</code>") than those it was asked for under ("<code>{change.evidence.rule_version.as_str()}</code>"): at its start it will go stale."</p>
    });
    let answers: Vec<_> = change
        .answers
        .iter()
        .map(|answer| {
            let verdict = match &answer.verdict {
                Ok(()) => mark("check", "You may", Tone::Good),
                Err(refusal) => mark("ban", refusal.code.title(), Tone::Quiet),
            };
            let ids: Vec<_> = answer
                .policies
                .iter()
                .map(|policy| html! { <li><code class="user-text">{policy.id.as_str()}</code>{if policy.forbids { " forbids" } else { " permits" }}</li> })
                .collect();
            let ids = if ids.is_empty() {
                html! { <p class="small muted">"No policy permits it."</p> }
            } else {
                html! { <ul class="small">{ids}</ul> }
            };
            html! { <li><div class="row"><strong>{answer.action.replace('_', " ")}</strong>{verdict}</div>{ids}</li> }
        })
        .collect();
    html! {
        <section class="card" aria-labelledby="h-explain">
            <div class="card-head"><h2 id="h-explain">"Why it may go on or not"</h2><a class="link small" href=format!("/api/v1/changes/{}/explain", change.row.id)>"As JSON"</a></div>
            <div class="card-body">
                {changed}
                <details class="more"><summary>{format!("Rules that match: {}", change.matched.rules.len())}</summary>{rules}</details>
                <details class="more"><summary>"Policies that decide what you may do"</summary><ul class="needs">{answers}</ul></details>
            </div>
        </section>
    }
}

/// What holds it now besides people and the calendar, and who let it pass an environment.
pub(super) fn waits(visit: &Visit, timed: &Timed) -> Html {
    let holds: Vec<_> = timed
        .holds
        .iter()
        .map(|hold| match hold {
            Hold::Time { until } => html! { <li>"Not before "{time::stamp(*until)}"."</li> },
            Hold::After { change, state } => {
                let broken = hold.is_broken().then(|| html! { <p class="warn-text small">"It will never succeed. Cancel this change, or ask for it again without it."</p> });
                html! { <li>"After "<a class="link" href=format!("/changes/{change}")>"this change"</a>" has succeeded, which is "{state.as_str().replace('_', " ")}"."{broken}</li> }
            }
            Hold::Promotion { from } => html! { <li>"Its release has not succeeded in "<strong>{from.as_str()}</strong>" yet."</li> },
        })
        .collect();
    let holds = (!holds.is_empty()).then(|| html! {
        <div class="panel wait" id="holds">{icon("hourglass")}<div class="stack-sm"><p class="panel-title">"It waits"</p><ul class="stack-sm">{holds}</ul></div></div>
    });
    let passed = timed.promotion.as_ref().map(|it| html! {
        <div class="panel warn" id="promotion-override">{icon("shield-alert")}<div class="stack-sm">
            <p class="panel-title">"The order of promotion was overridden"</p>
            <p>"By "{it.by.as_str()}" "{time::ago(visit.now, it.at)}": "<span class="user-text" dir="auto">{it.reason.as_str()}</span></p>
        </div></div>
    });
    html! { {holds}{passed} }
}
