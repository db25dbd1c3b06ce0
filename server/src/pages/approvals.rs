//! The inbox, and deciding on several changes at once.

use app::approvals::Outcome;
use axum::{extract::State, response::Response};
use control::{Control, Error};
use domain::{Caller, ChangeId, EvidenceDigest, Refusal, RefusalCode, Verdict};

use super::{Pages, answer, changes, form::Fields, visit::Visiting};
use crate::edge::Refused;

/// As many as one page of the inbox has.
const AT_ONCE: usize = 20;

pub(super) async fn inbox(State(pages): State<Pages>, Visiting(visit): Visiting) -> Response {
    let made = app::approvals::approvals(pages.app.control(), &visit, &[], None).await;
    answer::show(&pages, &visit, made)
}

/// `POST /approvals`: each change on its own, with its own outcome.
pub(super) async fn decide_several(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Fields(fields): Fields,
) -> Result<Response, Refused> {
    let (control, caller) = (pages.app.control(), visit.caller()?);
    let verdict = changes::verdict(&fields)?;
    let chosen: Vec<(ChangeId, EvidenceDigest)> = fields
        .all("change")
        .map(|text| {
            let (id, digest) = text.split_once(':').unwrap_or((text, ""));
            Ok((changes::change_id(id)?, changes::digest(digest)?))
        })
        .collect::<control::Result<_>>()?;
    if chosen.is_empty() || chosen.len() > AT_ONCE {
        return Err(Refusal::new(
            RefusalCode::Invalid,
            format!("Select 1 to {AT_ONCE} changes, then approve or reject them together."),
        )
        .into());
    }
    let mut outcomes = vec![];
    for (id, digest) in chosen {
        outcomes.push(one(control, caller, verdict, id, digest, fields.raw("comment")).await?);
    }
    // What was written is given back only where it is still needed.
    let kept = outcomes
        .iter()
        .any(|o| o.result.is_err())
        .then_some(&fields);
    let made = app::approvals::approvals(control, &visit, &outcomes, kept).await;
    Ok(answer::show(&pages, &visit, made))
}

async fn one(
    control: &Control,
    caller: &Caller,
    verdict: Verdict,
    id: ChangeId,
    digest: EvidenceDigest,
    comment: &str,
) -> control::Result<Outcome> {
    let result = control
        .decide(caller, id, verdict, digest, comment.to_owned())
        .await;
    let row = match &result {
        Ok(change) => Some(change.row.clone()),
        Err(_) => control
            .change(caller, id)
            .await
            .ok()
            .map(|change| change.row),
    };
    let name = row.map_or_else(
        || format!("Change {id}"),
        |row| {
            format!(
                "{} {} {} to {}",
                app::words::kind(row.kind),
                row.service,
                row.version,
                row.environment
            )
        },
    );
    let result = match result {
        Ok(_) => Ok(()),
        Err(Error::Refused(refusal)) => Err(refusal),
        // The rest of the list must still be decided; the log has what went wrong with this one.
        Err(error) => {
            tracing::error!(%error, change = %id, "a fault while deciding on several");
            Err(error.refusal())
        }
    };
    Ok(Outcome {
        change: id,
        name,
        result,
    })
}
