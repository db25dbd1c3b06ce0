//! The inbox: what waits for this person's word, with the evidence in view; one at a time or several at once.

use control::{
    Control, Result,
    changes::{ChangeDetail, ChangeQuery},
};
use domain::{ChangeId, Refusal, RefusalCode};
use leptos::prelude::*;

use crate::{
    Document, Html, Params, Visit, changes, html, islands,
    parts::{self, Field, Tone, deploy_diff, icon, mark, person},
    time, words,
};

/// Changes in full on one page: each is read with all its evidence.
const PAGE: i64 = 20;

/// The changes that were selected before a second factor was asked for, with commas between.
const SELECTED: &str = "selected";

/// What became of one change of a form that decided on several.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub change: ChangeId,
    /// "Deploy cart 1.2.0 to production".
    pub name: String,
    pub result: std::result::Result<(), Refusal>,
}

/// `outcomes` and `fields` are of a form that has just been sent, if any was. What was written before a second factor was
/// asked for comes back in the address.
///
/// # Errors
/// A caller who may not read changes, or a fault.
pub async fn approvals(
    control: &Control,
    visit: &Visit,
    outcomes: &[Outcome],
    fields: Option<&Params>,
) -> Result<Document> {
    let caller = visit.caller()?;
    let query = ChangeQuery {
        awaiting_me: true,
        cursor: visit.params.owned("cursor"),
        limit: Some(PAGE),
        ..ChangeQuery::default()
    };
    let page = control.changes(caller, query).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for row in &page.items {
        match control.change(caller, row.id).await {
            Ok(change) => items.push(change),
            // Gone from the inbox between the list and now.
            Err(control::Error::Refused(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(view(
        visit,
        &items,
        page.total,
        page.next_cursor.as_deref(),
        outcomes,
        fields,
    ))
}

pub fn view(
    visit: &Visit,
    items: &[ChangeDetail],
    total: Option<u64>,
    next: Option<&str>,
    outcomes: &[Outcome],
    fields: Option<&Params>,
) -> Document {
    let count = match total.unwrap_or(0) {
        0 => "Nothing waits for you".to_owned(),
        1 => "1 change waits for your word".to_owned(),
        n => format!("{n} changes wait for your word"),
    };
    let body = if items.is_empty() {
        parts::empty(
            "inbox",
            "Nothing waits for you",
            "Changes appear here when a rule asks for somebody of your job role or team and you have not given your word yet.",
            Some((
                "/changes?state=awaiting_approval",
                "All changes that wait for approval",
            )),
        )
    } else {
        let cards: Vec<_> = items
            .iter()
            .map(|change| card(visit, change, was_selected(visit, outcomes, change.row.id)))
            .collect();
        html! {
            {bulk(visit, items, fields)}
            <div class="inbox">{cards}</div>
            {parts::pager(&visit.params, "/approvals", "cursor", items.len(), total, next)}
            {islands::render(|| view! { <frontend::InboxKeys /> })}
        }
    };
    let keys = html! { <span class="keys-hint"><kbd class="kbd kbd-sm">"j"</kbd>" "<kbd class="kbd kbd-sm">"k"</kbd>" to move, "<kbd class="kbd kbd-sm">"x"</kbd>" to select, "<kbd class="kbd kbd-sm">"a"</kbd>" "<kbd class="kbd kbd-sm">"r"</kbd>" to approve or reject"</span> };
    let main = html! {
        {parts::heading(&[], "Approvals", html! { <span role="status">{count}</span>{keys} }, Html::EMPTY)}
        {results(outcomes, fields)}
        {body}
    };
    Document::new("Approvals", main)
}

/// What became of each change of the form that was sent.
fn results(outcomes: &[Outcome], fields: Option<&Params>) -> Html {
    if outcomes.is_empty() {
        return Html::EMPTY;
    }
    let lines: Vec<_> = outcomes.iter().map(|outcome| {
        let link = html! { <a class="link" href=format!("/changes/{}", outcome.change)>{outcome.name.as_str()}</a> };
        match &outcome.result {
            Ok(()) => html! { <li class="row">{mark("circle-check", "Recorded", Tone::Good)}{link}</li> },
            Err(refusal) => html! { <li><div class="row">{mark("circle-x", "Not recorded", Tone::Bad)}{link}</div><p class="small user-text">{refusal.detail.as_str()}</p></li> },
        }
    }).collect();
    let unconfirmed: Vec<String> = outcomes
        .iter()
        .filter(|o| {
            let refused = o.result.as_ref().err();
            refused.is_some_and(|r| r.code == RefusalCode::StepUpRequired)
        })
        .map(|o| o.change.to_string())
        .collect();
    let comment = fields.map_or("", |f| f.raw("comment"));
    let step_up = (!unconfirmed.is_empty()).then(|| html! { <p><a class="btn btn-primary btn-sm" href=step_up_address(comment, &unconfirmed)>{icon("lock")}"Confirm with a second factor"</a></p> });
    html! {
        <section class="card" aria-labelledby="h-results" role="alert">
            <div class="card-head"><h2 id="h-results">"What became of it"</h2></div>
            <div class="card-body"><ul class="stack-sm">{lines}</ul>{step_up}</div>
        </section>
    }
}

/// To the second factor and back, with what was written and selected.
fn step_up_address(comment: &str, selected: &[String]) -> String {
    let kept = [("comment", comment), (SELECTED, &selected.join(","))];
    let back = Params::default().link("/approvals", &kept);
    Params::default().link("/auth/step-up", &[("return_to", &back)])
}

/// Whether a change was selected before: in the form that was sent, or in the address that somebody came back to.
fn was_selected(visit: &Visit, outcomes: &[Outcome], id: ChangeId) -> bool {
    let id_text = id.to_string();
    let mut back = visit.params.get(SELECTED).unwrap_or("").split(',');
    let refused = |o: &Outcome| o.change == id && o.result.is_err();
    outcomes.iter().any(refused) || back.any(|one| one == id_text)
}

fn bulk(visit: &Visit, items: &[ChangeDetail], fields: Option<&Params>) -> Html {
    let fields = fields.or(visit.params.get(SELECTED).map(|_| &visit.params));
    let comment = fields.map_or("", |f| f.raw("comment"));
    let protected = items.iter().any(|c| {
        c.buttons
            .approve
            .as_ref()
            .is_err_and(|r| r.code == RefusalCode::StepUpRequired)
    });
    let step_up = protected.then(|| html! {
        <div class="panel live">{icon("shield-alert")}<div class="stack-sm"><p>"Some of these are for a protected environment. Confirm with a second factor first; that counts for five minutes."</p>
        <a class="btn btn-primary btn-sm" href=step_up_address(comment, &[]) id="step-up">{icon("lock")}"Confirm with a second factor"</a></div></div>
    });
    html! {
        {step_up}
        <details class="card ask bulk" open=fields.is_some()>
            <summary class="card-head"><h2>"Several at once"</h2><span class="muted small" id="bulk-count">"Select changes below"</span></summary>
            <form class="card-body" method="post" action="/approvals" id="bulk">
                {visit.csrf_field()}
                <label class="row" hidden><input class="checkbox checkbox-sm" type="checkbox" id="select-all" />"Select all on this page"</label>
                {Field::new("comment", "Comment for all of them").area(comment, 2, false)}
                <div class="row">
                    <button class="btn btn-primary" type="submit" name="decision" value="approve">{icon("shield-check")}"Approve the selected"</button>
                    <button class="btn btn-danger" type="submit" name="decision" value="reject">{icon("ban")}"Reject the selected"</button>
                </div>
                <p class="hint">"Each is decided on its own, for the evidence shown here; what cannot be recorded is named afterwards."</p>
            </form>
        </details>
    }
}

fn card(visit: &Visit, change: &ChangeDetail, selected: bool) -> Html {
    let row = &change.row;
    let name = format!(
        "{} {} {} to {}",
        words::kind(row.kind),
        row.service,
        row.version,
        row.environment
    );
    let id = format!("i-{}", row.id);
    let protected = row
        .protected
        .then(|| mark("lock", "Protected", Tone::Quiet));
    let may = &change.buttons.approve;
    let approve = match may {
        Ok(()) => {
            html! { <button class="btn btn-primary btn-sm" type="submit" name="decision" value="approve" aria-label=format!("Approve: {name}")>{icon("shield-check")}"Approve"</button> }
        }
        Err(refusal) => {
            let why = format!("why-{}", row.id);
            html! {
                <button class="btn btn-sm" type="submit" name="decision" value="approve" disabled aria-describedby=why.clone() aria-label=format!("Approve: {name}")>{icon("shield-check")}"Approve"</button>
                {parts::why(&why, refusal)}
            }
        }
    };
    let reject = change.buttons.reject.is_ok().then(|| html! { <button class="btn btn-danger btn-sm" type="submit" name="decision" value="reject" aria-label=format!("Reject: {name}")>{icon("ban")}"Reject"</button> });
    let comment = format!("comment-{}", row.id);
    html! {
        <article class="card item" data-item tabindex="-1" aria-labelledby=id.clone()>
            <div class="card-head">
                <div class="row">
                    <input class="checkbox checkbox-sm" type="checkbox" form="bulk" name="change" value=format!("{}:{}", row.id, row.evidence_digest) checked=selected data-select aria-label=format!("Select: {name}") />
                    <h2 id=id.clone()><a class="link-quiet" href=format!("/changes/{}", row.id)>{name.clone()}</a></h2>
                    {protected}
                </div>
                <span class="muted small">{person(row.requester.as_str(), None)}" asked "{time::ago(visit.now, row.created_at)}"; expires "{time::ago(visit.now, row.expires_at)}</span>
            </div>
            <div class="card-body">
                <p class="user-text reason" dir="auto">{row.reason.as_str()}</p>
                {deploy_diff(&change.evidence)}
                <div class="two-one">
                    <div class="stack">{changes::fingerprint(&row.evidence_digest)}{changes::requirements(&change.requirements)}</div>
                    <form class="stack-sm" method="post" action=format!("/changes/{}/decide", row.id)>
                        {visit.csrf_field()}
                        <input type="hidden" name="evidence_digest" value=row.evidence_digest.to_string() />
                        <input type="hidden" name="back_to" value="inbox" />
                        <div class="field"><label class="field-label" for=comment.clone()>"Comment"</label>
                        <textarea class="textarea" id=comment name="comment" rows="2" maxlength="2000" dir="auto"></textarea></div>
                        <div class="row">{approve}{reject}</div>
                    </form>
                </div>
            </div>
        </article>
    }
}
