//! Who must agree, who has, who still can.

use control::{
    changes::{ApprovalView, ChangeDetail, RequirementView},
    people::PersonRef,
};
use domain::ChangeState;
use leptos::prelude::*;

use crate::{
    Html, Visit, html,
    parts::{self, Tone, mark, person, status},
    time,
};

pub(super) fn agreement(visit: &Visit, change: &ChangeDetail) -> Html {
    let words: Vec<_> = change
        .approvals
        .iter()
        .map(|approval| word(visit, approval))
        .collect();
    let words = (!words.is_empty()).then(|| html! { <ul class="words">{words}</ul> });
    let until = (change.row.state == ChangeState::AwaitingApproval).then(|| {
        html! { <p class="hint">"Without approval it expires "{time::ago(visit.now, change.row.expires_at)}"."</p> }
    });
    html! {
        <section class="card" aria-labelledby="h-agree">
            <div class="card-head"><h2 id="h-agree">"Who agrees"</h2></div>
            <div class="card-body">{requirements(&change.requirements)}{words}{until}</div>
        </section>
    }
}

/// What the rules ask for, one by one.
pub fn requirements(all: &[RequirementView]) -> Html {
    if all.is_empty() {
        return html! { <p>{mark("check", "No rule asks for anybody's approval", Tone::Good)}</p> };
    }
    let all: Vec<_> = all.iter().map(requirement).collect();
    html! { <ul class="needs">{all}</ul> }
}

fn requirement(view: &RequirementView) -> Html {
    let state = if view.missing == 0 {
        mark("circle-check", "Given", Tone::Good)
    } else {
        mark(
            "hourglass",
            if view.missing == 1 {
                "One missing"
            } else {
                "Several missing"
            },
            Tone::Wait,
        )
    };
    let given = (!view.given.is_empty())
        .then(|| html! { <p class="small">"Given by "{people(&view.given)}</p> });
    let can = (view.missing > 0).then(|| {
        if view.candidates.is_empty() {
            html! { <p class="small warn-text">"Nobody who has signed in so far could give it."</p> }
        } else {
            html! { <p class="small"><span class="muted">"Can still give it: "</span>{people(&view.candidates)}</p> }
        }
    });
    let factor = view.step_up.then_some(", each with a fresh second factor");
    html! {
        <li>
            <div class="row"><strong>{sentence(&view.words)}</strong>{state}</div>
            <p class="small muted">"Rule “"{view.rule.as_str()}"”"{factor}</p>
            {given}{can}
        </li>
    }
}

fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

fn people(list: &[PersonRef]) -> Html {
    let names: Vec<_> = list
        .iter()
        .enumerate()
        .map(
            |(at, p)| html! { {(at > 0).then_some(", ")}{person(p.login.as_str(), Some(&p.name))} },
        )
        .collect();
    html! { <span>{names}</span> }
}

fn word(visit: &Visit, approval: &ApprovalView) -> Html {
    let comment = (!approval.comment.trim().is_empty())
        .then(|| html! { <blockquote class="user-text" dir="auto">{approval.comment.as_str()}</blockquote> });
    let behind = approval
        .on_behalf_of
        .as_ref()
        .map(|p| html! { <span>" for "{parts::person(p.login.as_str(), Some(&p.name))}</span> });
    let factor = approval
        .stepped_up
        .then(|| html! { <span class="muted small">" with a second factor"</span> });
    html! {
        <li>
            <div class="row">{status(approval.verdict)}" by "{parts::person(approval.person.login.as_str(), Some(&approval.person.name))}{behind}{factor}<span class="muted small">{time::ago(visit.now, approval.at)}</span></div>
            {comment}
        </li>
    }
}
