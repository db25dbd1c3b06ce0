//! Moving a change on: approvals, start, cancel, retry.

use axum::{Json, extract::State, http::StatusCode};
use domain::{ChangeId, EvidenceDigest, Reason, StartMode};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    Made, accepted,
    detail::{ChangeInFull, Verdict},
};
use crate::{
    AppState,
    api::{
        asking::{Named, Perhaps, Plain, Sent},
        words,
    },
    edge::{Refused, SignedIn},
};

type Moved = Result<Json<ChangeInFull>, Refused>;

/// A person's word on what they have seen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Decision {
    decision: Verdict,
    /// Of the evidence that was looked at; another one than the change's is refused.
    #[schema(value_type = words::EvidenceDigest)]
    evidence_digest: EvidenceDigest,
    #[schema(value_type = Option<words::Comment>)]
    comment: Option<String>,
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Because {
    #[schema(value_type = words::Reason)]
    pub(in crate::api) reason: Reason,
}

/// Nothing more needs to be said.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Nothing {}

/// Approve or reject
///
/// One rejection ends the change; the last approval that is needed makes it ready.
#[utoipa::path(post, path = "/changes/{id}/approvals", operation_id = "decide_change", tag = "changes",
    params(("id" = words::Id, Path, description = "The change.")), request_body = Decision,
    responses((status = 201, body = ChangeInFull, description = "The change as it stands now.")))]
pub(in crate::api) async fn decide(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Named(id): Named<ChangeId>,
    Sent(sent): Sent<Decision>,
) -> Result<(StatusCode, Json<ChangeInFull>), Refused> {
    let (verdict, digest) = (sent.decision.into(), sent.evidence_digest);
    let comment = sent.comment.unwrap_or_default();
    let change = state
        .control()
        .decide(&caller, id, verdict, digest, comment)
        .await?;
    Ok((StatusCode::CREATED, Json(change.into())))
}

/// Start an approved change
///
/// Every approval and the evidence are checked again; what differs makes the change stale.
#[utoipa::path(post, path = "/changes/{id}/start", operation_id = "start_change", tag = "changes",
    params(("id" = words::Id, Path, description = "The change.")), request_body = Nothing,
    responses((status = 202, body = ChangeInFull, description = "It runs.")))]
pub(in crate::api) async fn start(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Named(id): Named<ChangeId>,
    Perhaps(Nothing {}): Perhaps<Nothing>,
) -> Result<(StatusCode, Json<ChangeInFull>), Refused> {
    let change = state.control().start(&caller, id).await?;
    Ok((StatusCode::ACCEPTED, Json(change.into())))
}

/// Cancel a change
///
/// One that runs is asked to stop, and says at its end what was and was not done; so is one that needs attention while a
/// build of it still runs.
#[utoipa::path(post, path = "/changes/{id}/cancel", operation_id = "cancel_change", tag = "changes",
    params(("id" = words::Id, Path, description = "The change.")), request_body = Because,
    responses((status = 200, body = ChangeInFull, description = "The change as it stands now.")))]
pub(in crate::api) async fn cancel(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Named(id): Named<ChangeId>,
    Sent(sent): Sent<Because>,
) -> Moved {
    Ok(Json(
        state
            .control()
            .cancel(&caller, id, sent.reason.to_string())
            .await?
            .into(),
    ))
}

/// Ask again for a change that ended without success, or send one that needs attention to look again
///
/// Asking again makes a new change with new evidence; resuming goes on with this one.
#[utoipa::path(post, path = "/changes/{id}/retry", operation_id = "retry_change", tag = "changes",
    params(("id" = words::Id, Path, description = "The change.")), request_body = Because,
    responses((status = 202, body = ChangeInFull, description = "The new change, or the one that goes on.",
        headers(("Location" = String, description = "Where it is.")))))]
pub(in crate::api) async fn retry(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Named(id): Named<ChangeId>,
    Sent(sent): Sent<Because>,
) -> Result<Made, Refused> {
    let change = state.control().retry(&caller, id, sent.reason).await?;
    Ok(accepted(change))
}

/// Going back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Back {
    #[schema(value_type = words::Reason)]
    reason: Reason,
    /// `on_approval` when nothing is said.
    #[schema(value_type = Option<words::StartMode>)]
    start_mode: Option<StartMode>,
}

/// Undo what a change has done
///
/// A new change of kind `rollback`: each region goes back to the release that was verified there before, which may be
/// another one in each. The rules may ask for fewer approvals than a deployment needs.
#[utoipa::path(post, path = "/changes/{id}/rollback", operation_id = "roll_back_change", tag = "changes",
    params(("id" = words::Id, Path, description = "The change to undo.")), request_body = Back,
    responses((status = 202, body = ChangeInFull, description = "The new change.",
        headers(("Location" = String, description = "Where it is.")))))]
pub(in crate::api) async fn roll_back(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Named(id): Named<ChangeId>,
    Sent(sent): Sent<Back>,
) -> Result<Made, Refused> {
    let mode = sent.start_mode.unwrap_or(StartMode::OnApproval);
    let change = state
        .control()
        .request_rollback(&caller, id, sent.reason, mode)
        .await?;
    Ok(accepted(change))
}
