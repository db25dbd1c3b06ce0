//! Changes: asked for, listed, looked at, moved on.

pub(super) mod detail;
pub(super) mod events;
pub(super) mod evidence;
mod filters;
pub(super) mod moves;
pub(super) mod overriding;
pub(super) mod run;
pub(super) mod timing;

use axum::{
    Json,
    extract::State,
    http::{HeaderName, StatusCode, header::LOCATION},
    response::Response,
};
use control::changes::{ChangeDetail, ChangeRow, NewChange};
use domain::{
    ChangeId, ChangeKind, ChangeState, EnvironmentName, EvidenceDigest, Login, Reason, ServiceName,
    StartMode, TeamName, Version,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::{detail::ChangeInFull, filters::ChangeFilters};
use super::{
    answer::{Known, List, Listing},
    asking::{Filters, Named, Plain, Sent},
    checked, words,
};
use crate::{
    AppState,
    edge::{Refused, SignedIn},
};

/// A change in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Change {
    #[schema(value_type = words::Id)]
    id: ChangeId,
    #[schema(value_type = words::ChangeKind)]
    kind: ChangeKind,
    #[schema(value_type = words::ChangeState)]
    state: ChangeState,
    /// Why it is in that state, where that needs words.
    state_reason: Option<String>,
    /// A running change that is being stopped.
    cancel_requested: bool,
    /// Why it was asked for.
    reason: String,
    #[schema(value_type = words::Login)]
    requester: Login,
    #[schema(value_type = words::ServiceName)]
    service: ServiceName,
    #[schema(value_type = words::TeamName)]
    team: TeamName,
    #[schema(value_type = words::Version)]
    version: Version,
    #[schema(value_type = words::EnvironmentName)]
    environment: EnvironmentName,
    /// The environment is protected.
    protected: bool,
    /// What approvals are bound to.
    #[schema(value_type = words::EvidenceDigest)]
    evidence_digest: EvidenceDigest,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// Not approved and started by then, it expires.
    expires_at: Timestamp,
    /// What an approved change waits for; null for any other.
    queued: Option<Queued>,
}

/// What an approved change waits for.
#[derive(Debug, Serialize, ToSchema)]
struct Queued {
    /// 1 starts next; null where somebody has to start it. Counted up to 1,001.
    #[schema(minimum = 1)]
    place: Option<i64>,
    /// Another change of the same service and environment is under way.
    held: bool,
    /// Which one; null where there is none, or where the caller may not know of it.
    holder: Option<Holder>,
    /// In words.
    words: String,
}

/// The change that holds a service's place in an environment.
#[derive(Debug, Serialize, ToSchema)]
struct Holder {
    #[schema(value_type = words::Id)]
    id: ChangeId,
    #[schema(value_type = words::ChangeState)]
    state: ChangeState,
    #[schema(value_type = words::Version)]
    version: Version,
    #[schema(value_type = words::Login)]
    requester: Login,
}

impl From<control::changes::queue::Queued> for Queued {
    fn from(queued: control::changes::queue::Queued) -> Self {
        Self {
            words: queued.words(),
            place: queued.place,
            held: queued.held,
            holder: queued.holder.map(|holder| Holder {
                id: holder.id,
                state: holder.state,
                version: holder.version,
                requester: holder.requester,
            }),
        }
    }
}

impl From<ChangeRow> for Change {
    fn from(row: ChangeRow) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            state: row.state,
            state_reason: row.state_reason,
            cancel_requested: row.cancel_requested,
            reason: row.reason,
            requester: row.requester,
            service: row.service,
            team: row.team,
            version: row.version,
            environment: row.environment,
            protected: row.protected,
            evidence_digest: row.evidence_digest,
            created_at: row.created_at,
            updated_at: row.updated_at,
            expires_at: row.expires_at,
            queued: row.queued.map(Into::into),
        }
    }
}

/// What a person asks for.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewChange)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    #[schema(value_type = words::RequestableKind)]
    kind: ChangeKind,
    #[schema(value_type = words::ServiceName)]
    service: ServiceName,
    /// A registered release of the service.
    #[schema(value_type = words::Version)]
    version: Version,
    #[schema(value_type = words::EnvironmentName)]
    environment: EnvironmentName,
    #[schema(value_type = words::Reason)]
    reason: Reason,
    /// `on_approval` when nothing is said.
    #[schema(value_type = Option<words::StartMode>)]
    start_mode: Option<StartMode>,
    /// Not before this moment; at most 90 days ahead.
    #[schema(value_type = Option<String>, format = DateTime)]
    start_at: Option<checked::Time>,
    /// Not before these changes have succeeded; at most 20.
    #[serde(default)]
    #[schema(value_type = Vec<words::Id>, required = false)]
    after: Vec<ChangeId>,
    /// Not before the next moment that the calendar leaves free, as it stands now.
    #[serde(default)]
    next_window: bool,
}

impl From<Wish> for NewChange {
    fn from(sent: Wish) -> Self {
        Self {
            kind: sent.kind,
            service: sent.service,
            version: sent.version,
            environment: sent.environment,
            reason: sent.reason,
            start_mode: sent.start_mode.unwrap_or(StartMode::OnApproval),
            retry_of: None,
            timing: control::changes::Timing {
                start_at: sent.start_at.map(|at| at.0),
                after: sent.after,
                next_window: sent.next_window,
            },
        }
    }
}

/// Changes the caller may see, newest first
#[utoipa::path(get, path = "/changes", operation_id = "list_changes", tag = "changes", params(ChangeFilters),
    responses((status = 200, body = List<Change>, description = "One page of changes.")))]
pub(super) async fn list(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Filters(filters): Filters<ChangeFilters>,
) -> Listing<Change> {
    Ok(Json(List::of(
        state.control().changes(&caller, filters.into()).await?,
    )))
}

/// Ask for a change
///
/// The portal works out what exactly would be done, the evidence, and who must agree to it.
#[utoipa::path(post, path = "/changes", operation_id = "request_change", tag = "changes", request_body = Wish,
    responses((status = 202, body = ChangeInFull, description = "The change, which waits for approvals or is ready.",
        headers(("Location" = String, description = "Where it is.")))))]
pub(super) async fn request(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Sent(sent): Sent<Wish>,
) -> Result<Made, Refused> {
    let made = state.control().request_change(&caller, sent.into()).await?;
    Ok(accepted(made))
}

/// A change that was made, or goes on, with its address.
pub(super) type Made = (StatusCode, [(HeaderName, String); 1], Json<ChangeInFull>);

pub(super) fn accepted(change: ChangeDetail) -> Made {
    let at = format!("/api/v1/changes/{}", change.row.id);
    (StatusCode::ACCEPTED, [(LOCATION, at)], Json(change.into()))
}

/// One change in full
#[utoipa::path(get, path = "/changes/{id}", operation_id = "get_change", tag = "changes",
    params(("id" = words::Id, Path, description = "The change.")),
    responses((status = 200, body = ChangeInFull, description = "The change.")))]
pub(super) async fn show(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Named(id): Named<ChangeId>,
    known: Known,
) -> Result<Response, Refused> {
    known.answer(&ChangeInFull::from(
        state.control().change(&caller, id).await?,
    ))
}
