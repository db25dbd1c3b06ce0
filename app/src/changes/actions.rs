//! What can be done with a change now. A button that cannot be pressed says why; one that
//! asks for a second factor leads there and back.

use control::changes::ChangeDetail;
use domain::{ChangeState, Refusal, RefusalCode};
use leptos::prelude::*;

use super::detail::Posted;
use crate::{
    Html, Params, Visit, html,
    parts::{self, Field, icon, note},
};

pub(super) fn actions(visit: &Visit, change: &ChangeDetail, posted: &Posted<'_>) -> Html {
    let mut pieces: Vec<Html> = vec![];
    let buttons = &change.buttons;
    if change.row.state == ChangeState::AwaitingApproval {
        pieces.push(decide(visit, change, posted));
    }
    if let Some(start) = start(visit, change) {
        pieces.push(start);
    }
    if let Some(promote) = promote(visit, change, posted) {
        pieces.push(promote);
    }
    if let Some(back) = roll_back(change) {
        pieces.push(back);
    }
    let asks = [
        (
            "resume",
            &buttons.resume,
            "Look again",
            "rotate-ccw",
            "What did you find?",
            "The parked step looks at the outside world again and goes on from what it sees.",
        ),
        (
            "retry",
            &buttons.retry,
            "Ask for it again",
            "rotate-ccw",
            "Why again?",
            "A new change with new evidence. Approvals of this one do not carry over.",
        ),
        (
            "cancel",
            &buttons.cancel,
            "Cancel this change",
            "circle-slash",
            "Why?",
            cancel_effect(change),
        ),
    ];
    for (name, may, label, glyph, question, effect) in asks {
        match may {
            // The same as looking again, which stands above.
            _ if name == "retry" && change.row.state == ChangeState::NeedsAttention => {}
            Ok(()) => pieces.push(ask(
                visit, change, posted, name, label, glyph, question, effect,
            )),
            // Not for this state at all: a button would only be noise.
            Err(refusal) if refusal.code == RefusalCode::WrongState => {}
            Err(refusal) => pieces.push(refused(label, glyph, name, refusal)),
        }
    }
    if pieces.is_empty() {
        let words = if change.row.state.is_final() {
            "This change has ended. Nothing more can be done with it."
        } else {
            "There is nothing to do here right now."
        };
        pieces.push(html! { <p class="muted">{words}</p> });
    }
    html! {
        <section class="card" aria-labelledby="h-actions">
            <div class="card-head"><h2 id="h-actions">"What you can do"</h2></div>
            <div class="card-body actions">{pieces}</div>
        </section>
    }
}

/// Letting a release go where it has not run before: a right of its own.
fn promote(visit: &Visit, change: &ChangeDetail, posted: &Posted<'_>) -> Option<Html> {
    match &change.buttons.override_promotion {
        Ok(()) => {}
        Err(refusal) if refusal.code == RefusalCode::WrongState => return None,
        Err(refusal) if refusal.code == RefusalCode::StepUpRequired => {
            return Some(step_up_link(&format!("/changes/{}", change.row.id), ""));
        }
        Err(refusal) => {
            return Some(refused(
                "Override the order of promotion",
                "shield-alert",
                "promotion",
                refusal,
            ));
        }
    }
    let refusal = posted
        .refusal
        .filter(|_| posted.action == "promotion-override");
    let value = if refusal.is_some() {
        posted.value("reason")
    } else {
        ""
    };
    let wrong = refusal.and_then(|r| r.fields.get("reason")).map(|w| html! { <p class="wrong" id="promotion-wrong">{icon("circle-x")}<span>{w.as_str()}</span></p> });
    let mut text = String::from("\n");
    crate::html::escape(&mut text, value);
    Some(html! {
        <details class="ask" open=refusal.is_some()>
            <summary class="btn" id="ask-promotion">{icon("shield-alert")}"Override the order of promotion…"</summary>
            <form class="stack" method="post" action=format!("/changes/{}/promotion-override", change.row.id)>
                {visit.csrf_field()}
                <input type="hidden" name="evidence_digest" value=change.row.evidence_digest.to_string() />
                <p class="hint">"Its release has not succeeded in the environment before. Your name and reason stand on this change for ever."</p>
                <div class="field">
                    <label class="field-label" for="promotion-reason">"Why must it go now?"</label>
                    <textarea class="textarea" id="promotion-reason" name="reason" rows="2" required maxlength="2000" dir="auto" inner_html=text></textarea>
                    {wrong}
                </div>
                <div><button class="btn btn-danger" type="submit">"Override"</button></div>
            </form>
        </details>
    })
}

/// The way back: one click to a form that shows what would go back to what.
fn roll_back(change: &ChangeDetail) -> Option<Html> {
    let href = format!("/changes/{}/rollback", change.row.id);
    // What failed, or waits for somebody, is mended first of all; what succeeded only turned out bad later.
    let class = if change.row.state == ChangeState::Succeeded {
        "btn"
    } else {
        "btn btn-primary"
    };
    match &change.buttons.rollback {
        Ok(()) => Some(html! {
            <div class="stack-sm">
                <div><a class=class href=href id="roll-back">{icon("history")}"Roll back"</a></div>
                <p class="hint">"Shows first what each region would go back to. A new change; the rules may ask for fewer approvals."</p>
            </div>
        }),
        Err(refusal) if refusal.code == RefusalCode::WrongState => None,
        Err(refusal) => Some(refused("Roll back", "history", "rollback", refusal)),
    }
}

fn cancel_effect(change: &ChangeDetail) -> &'static str {
    match change.row.state {
        ChangeState::Running => {
            "The step under way is stopped. What was done in a region stays; the page will say what was and what was not."
        }
        ChangeState::NeedsAttention => {
            "A build of it that still runs is stopped first. What was done in a region stays; the page will say what was and what was not."
        }
        _ => "It ends here. Nothing has run, so nothing has to be undone.",
    }
}

fn decide(visit: &Visit, change: &ChangeDetail, posted: &Posted<'_>) -> Html {
    let (approve, reject) = (&change.buttons.approve, &change.buttons.reject);
    if approve
        .as_ref()
        .is_err_and(|r| r.code == RefusalCode::AlreadyDecided)
    {
        return note(
            "circle-check",
            "good",
            html! { <p>"You have given your word on this change."</p> },
        );
    }
    if let (Err(refusal), Err(_)) = (approve, reject) {
        return html! {
            {refused("Approve", "shield-check", "approve", refusal)}
        };
    }
    let comment = posted.value("comment");
    let step_up = approve
        .as_ref()
        .err()
        .filter(|r| r.code == RefusalCode::StepUpRequired);
    let link = step_up.map(|_| step_up_link(&format!("/changes/{}", change.row.id), comment));
    let approve_button = match approve {
        Ok(()) => {
            html! { <button class="btn btn-primary" type="submit" name="decision" value="approve">{icon("shield-check")}"Approve"</button> }
        }
        Err(refusal) => html! {
            <button class="btn" type="submit" name="decision" value="approve" disabled aria-describedby="why-approve">{icon("shield-check")}"Approve"</button>
            {parts::why("why-approve", refusal)}
        },
    };
    let reject_button = match reject {
        Ok(()) => {
            html! { <button class="btn btn-danger" type="submit" name="decision" value="reject">{icon("ban")}"Reject"</button> }
        }
        Err(refusal) => html! {
            <button class="btn" type="submit" name="decision" value="reject" disabled aria-describedby="why-reject">{icon("ban")}"Reject"</button>
            {parts::why("why-reject", refusal)}
        },
    };
    html! {
        <form class="stack" method="post" action=format!("/changes/{}/decide", change.row.id) id="decide">
            {visit.csrf_field()}
            <input type="hidden" name="evidence_digest" value=change.row.evidence_digest.to_string() />
            {link}
            {Field::new("comment", "Comment").hint("Kept with your word for ever. Needed when you reject.").refused(posted.refusal).area(comment, 2, false)}
            <div class="row">{approve_button}{reject_button}</div>
            <p class="hint">"Your word counts for evidence "{parts::evidence_digest(&change.row.evidence_digest)}" and nothing else."</p>
        </form>
    }
}

/// To the second factor and back, with what was written.
pub(crate) fn step_up_link(back: &str, comment: &str) -> Html {
    let mut back = Params::default().link(back, &[("comment", comment)]);
    back.push_str("#decide");
    let href = Params::default().link("/auth/step-up", &[("return_to", &back)]);
    html! {
        <div class="panel live">
            {icon("shield-alert")}
            <div class="stack-sm">
                <p>"This environment is protected. Confirm with a second factor; that counts for five minutes."</p>
                <a class="btn btn-primary btn-sm" href=href id="step-up">{icon("lock")}"Confirm with a second factor"</a>
            </div>
        </div>
    }
}

fn start(visit: &Visit, change: &ChangeDetail) -> Option<Html> {
    let action = format!("/changes/{}/start", change.row.id);
    match &change.buttons.start {
        Ok(()) => Some(html! {
            <form class="stack-sm" method="post" action=action>
                {visit.csrf_field()}
                <button class="btn btn-primary" type="submit">{icon("circle-play")}"Start now"</button>
                <p class="hint">"Approvals and evidence are checked again at this moment."</p>
            </form>
        }),
        Err(refusal) if refusal.code == RefusalCode::WrongState => None,
        Err(refusal) if refusal.code == RefusalCode::StepUpRequired => {
            Some(step_up_link(&format!("/changes/{}", change.row.id), ""))
        }
        Err(refusal) => Some(refused("Start now", "circle-play", "start", refusal)),
    }
}

/// An action that wants a reason: opened first, confirmed by its own button.
#[expect(
    clippy::too_many_arguments,
    reason = "one row of a table, called from one place"
)]
fn ask(
    visit: &Visit,
    change: &ChangeDetail,
    posted: &Posted<'_>,
    name: &'static str,
    label: &'static str,
    glyph: &str,
    question: &str,
    effect: &str,
) -> Html {
    let refusal = posted.refusal.filter(|_| posted.action == name);
    let value = if posted.action == name {
        posted.value("reason")
    } else {
        ""
    };
    let class = if name == "cancel" {
        "btn btn-danger"
    } else {
        "btn btn-primary"
    };
    let field = format!("{name}-reason");
    let wrong = refusal.and_then(|r| r.fields.get("reason")).map(|w| html! { <p class="wrong" id=format!("{field}-wrong")>{icon("circle-x")}<span>{w.as_str()}</span></p> });
    let mut text = String::from("\n");
    crate::html::escape(&mut text, value);
    html! {
        <details class="ask" open=refusal.is_some()>
            <summary class="btn" id=format!("ask-{name}")>{icon(glyph)}{label}"…"</summary>
            <form class="stack" method="post" action=format!("/changes/{}/{name}", change.row.id)>
                {visit.once_fields()}
                <p class="hint">{effect}</p>
                <div class="field">
                    <label class="field-label" for=field.clone()>{question}</label>
                    <textarea class="textarea" id=field name="reason" rows="2" required maxlength="2000" dir="auto" inner_html=text></textarea>
                    {wrong}
                </div>
                <div><button class=class type="submit">{label}</button></div>
            </form>
        </details>
    }
}

fn refused(label: &str, glyph: &str, name: &str, refusal: &Refusal) -> Html {
    let id = format!("why-{name}");
    html! {
        <div class="stack-sm">
            <div><button class="btn" type="button" disabled aria-describedby=id.clone()>{icon(glyph)}{label}</button></div>
            {parts::why(&id, refusal)}
        </div>
    }
}
