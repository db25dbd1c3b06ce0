//! What needs attention: the list, one change with what the outside says now, and what is decided on it.

use std::sync::atomic::{AtomicBool, Ordering};

use app::{Notice, Params, attention::Posted};
use axum::{
    extract::{Path, State},
    response::Response,
};
use control::{
    Result as Made,
    changes::attention::{Choice, Settlement},
};
use domain::{AttemptId, Reason, Refusal};

use super::{Pages, answer, changes::change_id, form::Fields, once::once, visit::Visiting};
use crate::edge::Refused;

/// The choice that is two: abandon it, and ask for what undoes it.
const ROLL_BACK: &str = "roll_back";

pub(super) async fn list(State(pages): State<Pages>, Visiting(visit): Visiting) -> Response {
    let made = app::attention::list(pages.app.control(), &visit).await;
    answer::show(&pages, &visit, made)
}

pub(super) async fn detail(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Path(id): Path<String>,
) -> Response {
    let made = app::attention::detail(pages.app.control(), &visit, &id, Posted::default()).await;
    answer::show(&pages, &visit, made)
}

/// `POST /attention/{id}`
pub(super) async fn decide(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Path(id): Path<String>,
    Fields(fields): Fields,
) -> Result<Response, Refused> {
    let (control, caller) = (pages.app.control(), visit.caller()?);
    let stopping = AtomicBool::new(false);
    let work = async {
        let id = change_id(&id)?;
        if fields.raw("choice") == ROLL_BACK {
            let (attempt, reason) = (attempt(&fields)?, text(&fields, "reason")?);
            let back = control
                .roll_back_halted(caller, id, attempt, reason)
                .await?;
            return Ok(format!("/changes/{}", back.row.id));
        }
        let now = control
            .settle_attention(caller, id, settlement(&fields)?)
            .await?;
        stopping.store(!now.row.state.is_final(), Ordering::Relaxed);
        Ok(format!("/changes/{id}"))
    };
    let route = format!("/attention/{id}");
    match once(control, caller, &route, &fields, work).await {
        Ok(to) => {
            let notice = match Choice::parse(fields.raw("choice")) {
                Some(Choice::Done) => Notice::MarkedDone,
                // A build of it still runs.
                Some(Choice::Abandon) if stopping.load(Ordering::Relaxed) => Notice::CancelAsked,
                Some(Choice::Abandon) => Notice::Abandoned,
                None if fields.raw("choice") == ROLL_BACK => Notice::Requested,
                Some(Choice::GoOn) => Notice::LetGoOn,
                Some(Choice::Retry) | None => Notice::Resumed,
            };
            Ok(answer::done(&pages, &to, notice))
        }
        Err(error) => {
            let refusal = answer::for_form(error)?;
            let posted = Posted {
                fields: Some(&fields),
                refusal: Some(&refusal),
            };
            let made = app::attention::detail(control, &visit, &id, posted).await;
            Ok(answer::show(&pages, &visit, made))
        }
    }
}

fn settlement(fields: &Params) -> Made<Settlement> {
    let choice = Choice::parse(fields.raw("choice"))
        .ok_or_else(|| Refusal::field("choice", "done, go_on, retry, abandon or roll_back"))?;
    Ok(Settlement {
        choice,
        attempt: attempt(fields)?,
        reason: text(fields, "reason")?,
        reference: match choice {
            Choice::Done => Some(text(fields, "reference")?),
            Choice::GoOn | Choice::Retry | Choice::Abandon => None,
        },
    })
}

fn text(fields: &Params, name: &'static str) -> Result<Reason, Refusal> {
    Reason::parse(fields.raw(name)).map_err(|wrong| Refusal::field(name, wrong.to_string()))
}

fn attempt(fields: &Params) -> Result<AttemptId, Refusal> {
    fields
        .raw("attempt")
        .parse()
        .map_err(|_| Refusal::field("attempt", "reload the page and decide on what it shows"))
}
