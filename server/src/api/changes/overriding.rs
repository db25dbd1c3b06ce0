//! Overriding freezes and windows for one change: asked for by one person, confirmed by another.

use axum::{Json, extract::State, http::StatusCode};
use domain::{ChangeId, EvidenceDigest, Reason};
use serde::Deserialize;
use utoipa::ToSchema;

use super::detail::ChangeInFull;
use crate::{
    AppState,
    api::{
        asking::{Named, Plain, Sent},
        checked, words,
    },
    edge::{Refused, SignedIn},
};

/// Why this change cannot wait, and for how long the exception holds.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct OverrideWish {
    #[schema(value_type = words::EvidenceDigest)]
    evidence_digest: EvidenceDigest,
    #[schema(value_type = words::Reason)]
    reason: Reason,
    /// Within 24 hours.
    #[schema(value_type = String, format = DateTime)]
    expires_at: checked::Time,
}

/// What was looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Confirmation {
    #[schema(value_type = words::EvidenceDigest)]
    evidence_digest: EvidenceDigest,
}

/// Ask for an override of the freezes and windows that hold a change now
///
/// It counts for nothing until a second person confirms it. A freeze or window made later holds the change again; stops are not overridden.
#[utoipa::path(post, path = "/changes/{id}/override", operation_id = "ask_override", tag = "changes",
    params(("id" = words::Id, Path, description = "The change.")), request_body = OverrideWish,
    responses((status = 201, body = ChangeInFull, description = "The change as it stands now.")))]
pub(in crate::api) async fn ask(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Named(id): Named<ChangeId>,
    Sent(sent): Sent<OverrideWish>,
) -> Result<(StatusCode, Json<ChangeInFull>), Refused> {
    let change = state
        .control()
        .ask_override(
            &caller,
            id,
            sent.evidence_digest,
            sent.reason,
            sent.expires_at.0,
        )
        .await?;
    Ok((StatusCode::CREATED, Json(change.into())))
}

/// Confirm an override, as the second person
///
/// Neither who asked for the override nor who asked for the change.
#[utoipa::path(post, path = "/changes/{id}/override/confirm", operation_id = "confirm_override", tag = "changes",
    params(("id" = words::Id, Path, description = "The change.")), request_body = Confirmation,
    responses((status = 200, body = ChangeInFull, description = "The change as it stands now.")))]
pub(in crate::api) async fn confirm(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Named(id): Named<ChangeId>,
    Sent(sent): Sent<Confirmation>,
) -> Result<Json<ChangeInFull>, Refused> {
    let change = state
        .control()
        .confirm_override(&caller, id, sent.evidence_digest)
        .await?;
    Ok(Json(change.into()))
}
