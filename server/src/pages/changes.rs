//! Changes: the list, one in full, and what is done with one.

use app::{Notice, Params, Visit, changes::Posted};
use axum::{
    extract::{Path, State},
    response::Response,
};
use control::Result as Made;
use domain::{ChangeId, EvidenceDigest, Reason, Refusal, RefusalCode, Verdict};

use super::{Pages, answer, form::Fields, once::once, visit::Visiting};
use crate::edge::Refused;

pub(super) async fn list(State(pages): State<Pages>, Visiting(visit): Visiting) -> Response {
    let made = app::changes::list(pages.app.control(), &visit).await;
    answer::show(&pages, &visit, made)
}

pub(super) async fn detail(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Path(id): Path<String>,
) -> Response {
    let made = app::changes::detail(pages.app.control(), &visit, &id, Posted::default()).await;
    answer::show(&pages, &visit, made)
}

pub(super) async fn log(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Path(id): Path<String>,
) -> Response {
    let made = app::changes::log(pages.app.control(), &visit, &id).await;
    answer::show(&pages, &visit, made)
}

/// `POST /changes/{id}/decide`
pub(super) async fn decide(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Path(id): Path<String>,
    Fields(fields): Fields,
) -> Result<Response, Refused> {
    let (control, caller) = (pages.app.control(), visit.caller()?);
    let made = async {
        let id = change_id(&id)?;
        let (verdict, digest) = (verdict(&fields)?, digest(fields.raw("evidence_digest"))?);
        let comment = fields.raw("comment").to_owned();
        control.decide(caller, id, verdict, digest, comment).await?;
        Ok(verdict)
    };
    match made.await {
        Ok(verdict) => {
            let to = match fields.raw("back_to") {
                "inbox" => "/approvals".to_owned(),
                _ => format!("/changes/{id}"),
            };
            Ok(answer::done(&pages, &to, told(verdict)))
        }
        Err(error) => again(&pages, &visit, &id, "decide", &fields, error).await,
    }
}

/// `POST /changes/{id}/start`
pub(super) async fn start(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Path(id): Path<String>,
    Fields(fields): Fields,
) -> Result<Response, Refused> {
    let (control, caller) = (pages.app.control(), visit.caller()?);
    let made = async { control.start(caller, change_id(&id)?).await };
    match made.await {
        Ok(_) => Ok(answer::done(
            &pages,
            &format!("/changes/{id}"),
            Notice::Started,
        )),
        Err(error) => again(&pages, &visit, &id, "start", &fields, error).await,
    }
}

/// `POST /changes/{id}/cancel`
pub(super) async fn cancel(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Path(id): Path<String>,
    Fields(fields): Fields,
) -> Result<Response, Refused> {
    let (control, caller) = (pages.app.control(), visit.caller()?);
    let made = async {
        let reason = reason(&fields)?;
        control
            .cancel(caller, change_id(&id)?, reason.to_string())
            .await
    };
    match made.await {
        Ok(change) => {
            let notice = if change.row.state.is_final() {
                Notice::Cancelled
            } else {
                Notice::CancelAsked
            };
            Ok(answer::done(&pages, &format!("/changes/{id}"), notice))
        }
        Err(error) => again(&pages, &visit, &id, "cancel", &fields, error).await,
    }
}

/// `POST /changes/{id}/resume`
pub(super) async fn resume(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Path(id): Path<String>,
    Fields(fields): Fields,
) -> Result<Response, Refused> {
    let (control, caller) = (pages.app.control(), visit.caller()?);
    let made = async {
        let reason = reason(&fields)?;
        control
            .resume(caller, change_id(&id)?, reason.to_string())
            .await
    };
    match made.await {
        Ok(_) => Ok(answer::done(
            &pages,
            &format!("/changes/{id}"),
            Notice::Resumed,
        )),
        Err(error) => again(&pages, &visit, &id, "resume", &fields, error).await,
    }
}

/// `POST /changes/{id}/retry`
pub(super) async fn retry(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Path(id): Path<String>,
    Fields(fields): Fields,
) -> Result<Response, Refused> {
    let (control, caller) = (pages.app.control(), visit.caller()?);
    let work = async {
        let change = control
            .retry(caller, change_id(&id)?, reason(&fields)?)
            .await?;
        Ok(format!("/changes/{}", change.row.id))
    };
    let route = format!("/changes/{id}/retry");
    match once(control, caller, &route, &fields, work).await {
        Ok(to) => Ok(answer::done(&pages, &to, Notice::Retried)),
        Err(error) => again(&pages, &visit, &id, "retry", &fields, error).await,
    }
}

/// `POST /changes/{id}/promotion-override`
pub(super) async fn override_promotion(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Path(id): Path<String>,
    Fields(fields): Fields,
) -> Result<Response, Refused> {
    let (control, caller) = (pages.app.control(), visit.caller()?);
    let made = async {
        let digest = digest(fields.raw("evidence_digest"))?;
        control
            .override_promotion(caller, change_id(&id)?, digest, reason(&fields)?)
            .await
    };
    match made.await {
        Ok(_) => Ok(answer::done(
            &pages,
            &format!("/changes/{id}"),
            Notice::PromotionOverridden,
        )),
        Err(error) => again(&pages, &visit, &id, "promotion-override", &fields, error).await,
    }
}

/// The change's page again, with what was refused and all that was written.
async fn again(
    pages: &Pages,
    visit: &Visit,
    id: &str,
    action: &str,
    fields: &Params,
    error: control::Error,
) -> Result<Response, Refused> {
    let refusal = answer::for_form(error)?;
    let posted = Posted {
        action,
        fields: Some(fields),
        refusal: Some(&refusal),
    };
    // What the page leads back to, such as its colours, is the change and not the form's address.
    let visit = Visit {
        path: format!("/changes/{id}"),
        ..visit.clone()
    };
    let made = app::changes::detail(pages.app.control(), &visit, id, posted).await;
    Ok(answer::show(pages, &visit, made))
}

pub(super) fn change_id(text: &str) -> Made<ChangeId> {
    text.parse()
        .map_err(|_| Refusal::not_found("change with this id").into())
}

pub(super) fn verdict(fields: &Params) -> Made<Verdict> {
    match fields.raw("decision") {
        "approve" => Ok(Verdict::Approve),
        "reject" => Ok(Verdict::Reject),
        _ => Err(Refusal::field("decision", "approve or reject").into()),
    }
}

pub(super) fn digest(text: &str) -> Made<EvidenceDigest> {
    text.parse().map_err(|why: String| {
        Refusal::new(
            RefusalCode::Invalid,
            "Reload the page and decide on what it shows.",
        )
        .and_field("evidence_digest", why)
        .into()
    })
}

fn reason(fields: &Params) -> Made<Reason> {
    Reason::parse(fields.raw("reason"))
        .map_err(|wrong| Refusal::field("reason", wrong.to_string()).into())
}

pub(super) fn told(verdict: Verdict) -> Notice {
    match verdict {
        Verdict::Approve => Notice::Approved,
        Verdict::Reject => Notice::Rejected,
    }
}
