//! Going back: what each region would go back to and who must agree, then why, and the request itself.

use control::{Control, Result, changes::RollbackPreview};
use domain::{ChangeId, Refusal};
use leptos::prelude::*;

use crate::{
    Document, Html, Params, Visit, changes, html,
    parts::{self, Field, Tone, deploy_diff, icon, mark, note},
};

/// `posted` are the fields of a request that was refused with `refusal`.
///
/// # Errors
/// Not found where the caller may not know of the change.
pub async fn rollback(
    control: &Control,
    visit: &Visit,
    id: &str,
    posted: Option<&Params>,
    refusal: Option<Refusal>,
) -> Result<Document> {
    let caller = visit.caller()?;
    let id: ChangeId = id
        .parse()
        .map_err(|_| Refusal::not_found("change with this id"))?;
    let change = control.change(caller, id).await?;
    let (preview, refusal) = match control.preview_rollback(caller, id).await {
        Ok(preview) => (Some(preview), refusal),
        Err(control::Error::Refused(why)) => (None, refusal.or(Some(why))),
        Err(error) => return Err(error),
    };
    let title = format!(
        "Roll back {} in {}",
        change.row.service, change.row.environment
    );
    let undone = format!("{} {}", change.row.service, change.row.version);
    let document = view(
        visit,
        &title,
        (id, &undone),
        preview.as_ref(),
        posted,
        refusal.as_ref(),
    );
    Ok(match &refusal {
        Some(refusal) => document.with_status(refusal.code.status()),
        None => document,
    })
}

/// `undone` is the change that would be undone, and what it is called.
pub fn view(
    visit: &Visit,
    title: &str,
    undone: (ChangeId, &str),
    preview: Option<&RollbackPreview>,
    posted: Option<&Params>,
    refusal: Option<&Refusal>,
) -> Document {
    let (id, name) = undone;
    let path = format!("/changes/{id}");
    let sub = html! { <span>"Undoes "<a class="link" href=path.clone()>{name}</a></span> };
    let back = html! { <a class="btn btn-sm" href=path.clone()>{icon("rocket")}"The change"</a> };
    let main = html! {
        {parts::heading(&[("/changes", "Changes"), (path.as_str(), name)], title, sub, back)}
        {refusal.map(parts::refusal)}
        {preview.map(|preview| look(visit, preview, posted, refusal))}
    };
    Document::new(title, main)
}

fn look(
    visit: &Visit,
    rollback: &RollbackPreview,
    posted: Option<&Params>,
    refusal: Option<&Refusal>,
) -> Html {
    let preview = &rollback.preview;
    let evidence = &preview.evidence;
    let protected = evidence
        .protected
        .then(|| mark("lock", "Protected", Tone::Quiet));
    let left: Vec<&str> = rollback
        .left
        .iter()
        .map(domain::RegionName::as_str)
        .collect();
    let left = (!left.is_empty()).then(|| note("info", "warn", html! { <p>{left.join(", ")}" keeps what it has: the portal has verified nothing else there before."</p> }));
    html! {
        <section class="card" aria-labelledby="h-look">
            <div class="card-head"><h2 id="h-look">"1. What goes back to what"</h2><span class="row">{protected}{changes::fingerprint(&preview.digest)}</span></div>
            <div class="card-body">
                {left}
                {deploy_diff(evidence)}
                <p class="hint">"Each region goes back to the release that was verified there before, in this order. What was rolled back from is never gone back to."</p>
                {changes::wave_plan(evidence)}
            </div>
        </section>
        <section class="card" aria-labelledby="h-who">
            <div class="card-head"><h2 id="h-who">"2. Who must agree"</h2></div>
            <div class="card-body">{fewer(rollback.approvals)}{changes::requirements(&preview.requirements)}</div>
        </section>
        {send(visit, rollback, posted, refusal)}
    }
}

/// Says where the rules ask for less than for a deployment.
fn fewer((back, forth): (u32, u32)) -> Html {
    let people = |n: u32| match n {
        0 => "nobody's approval".to_owned(),
        1 => "one approval".to_owned(),
        n => format!("{n} approvals"),
    };
    if back < forth {
        return html! { <p>"The rules ask for less when going back: "{people(back)}" here, "{people(forth)}" for a deployment."</p> };
    }
    html! { <p class="muted">"By the rules going back here needs "{people(back)}"; a deployment needs "{people(forth)}"."</p> }
}

fn send(
    visit: &Visit,
    rollback: &RollbackPreview,
    posted: Option<&Params>,
    refusal: Option<&Refusal>,
) -> Html {
    let raw = |name: &str| posted.map_or("", |fields| fields.raw(name));
    let mode = match raw("start_mode") {
        "" => "on_approval",
        other => other,
    };
    let button = match &rollback.preview.may_request {
        Ok(()) => {
            html! { <div><button class="btn btn-primary" type="submit">{icon("history")}"Request this rollback"</button></div> }
        }
        Err(refusal) => html! {
            <div><button class="btn btn-primary" type="submit" disabled aria-describedby="why-send">{icon("history")}"Request this rollback"</button></div>
            {parts::why("why-send", refusal)}
        },
    };
    html! {
        <form class="card" method="post" action=format!("/changes/{}/rollback", rollback.of) aria-labelledby="h-send">
            <div class="card-head"><h2 id="h-send">"3. Ask for it"</h2></div>
            <div class="card-body">
                {visit.once_fields()}
                {Field::new("reason", "Why").hint("What is wrong with what runs now? Approvers and auditors read it.").refused(refusal).area(raw("reason"), 3, true)}
                {Field::new("start_mode", "When it may start").refused(refusal).radios(&[
                    ("on_approval", "As soon as everybody needed has agreed", "The portal starts the run by itself."),
                    ("manual", "When somebody starts it", "It waits for “Start now” after the approvals."),
                ], mode)}
                {button}
            </div>
        </form>
    }
}
