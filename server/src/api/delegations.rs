//! Who stands in for whom.

use axum::{Json, extract::State, http::StatusCode};
use control::delegations::{Delegation as Kept, NewDelegation};
use domain::{DelegationId, EnvironmentName, Login, Reason, TeamName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    answer::{List, Listing},
    asking::{Filters, Named, Plain, Sent},
    changes::detail::Someone,
    checked, words,
};
use crate::{
    AppState,
    edge::{Refused, SignedIn},
};

/// Somebody stands in for somebody else, for a while.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Delegation {
    #[schema(value_type = words::Id)]
    id: DelegationId,
    /// Who is stood in for.
    by: Someone,
    /// Who stands in.
    to: Someone,
    /// Only for changes of this team; null: of all.
    #[schema(value_type = Option<words::TeamName>)]
    team: Option<TeamName>,
    /// Only in this environment; null: in all.
    #[schema(value_type = Option<words::EnvironmentName>)]
    environment: Option<EnvironmentName>,
    from: Timestamp,
    until: Timestamp,
    reason: String,
    made_at: Timestamp,
    /// Ended early, and by whom.
    ended_at: Option<Timestamp>,
    #[schema(value_type = Option<words::Login>)]
    ended_by: Option<Login>,
}

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Part {
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// Where to go on: `next_cursor` of the page before.
    #[param(value_type = Option<words::Cursor>)]
    cursor: Option<String>,
}

/// Whom to let stand in, for what and for how long.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewDelegation)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// Who stands in. They must be allowed to approve there themselves.
    #[schema(value_type = words::Login)]
    to: Login,
    #[schema(value_type = Option<words::TeamName>)]
    team: Option<TeamName>,
    #[schema(value_type = Option<words::EnvironmentName>)]
    environment: Option<EnvironmentName>,
    #[schema(value_type = String, format = DateTime)]
    from: checked::Time,
    /// At most 92 days later.
    #[schema(value_type = String, format = DateTime)]
    until: checked::Time,
    #[schema(value_type = words::Reason)]
    reason: Reason,
}

impl From<Kept> for Delegation {
    fn from(kept: Kept) -> Self {
        Self {
            id: kept.id,
            by: kept.by.into(),
            to: kept.to.into(),
            team: kept.team,
            environment: kept.environment,
            from: kept.from,
            until: kept.until,
            reason: kept.reason,
            made_at: kept.made_at,
            ended_at: kept.ended_at,
            ended_by: kept.ended_by,
        }
    }
}

/// Who stands in for whom, newest first
///
/// One's own, either way; auditors and administrators see all.
#[utoipa::path(get, path = "/delegations", operation_id = "list_delegations", tag = "people", params(Part),
    responses((status = 200, body = List<Delegation>, description = "A page of them; ended ones are kept.")))]
pub(super) async fn list(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Filters(part): Filters<Part>,
) -> Listing<Delegation> {
    let (control, Part { limit, cursor }) = (state.control(), part);
    Ok(Json(List::of(
        control.delegations(&caller, cursor, limit).await?,
    )))
}

/// Let somebody stand in for oneself
///
/// Their approval then takes the place that a rule keeps for the caller, unless the caller gives their own word. Never for
/// a change that either of the two asked for, and never lent on.
#[utoipa::path(post, path = "/delegations", operation_id = "delegate", tag = "people", request_body = Wish,
    responses((status = 201, body = Delegation, description = "It is in force from its time on.")))]
pub(super) async fn make(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Sent(sent): Sent<Wish>,
) -> Result<(StatusCode, Json<Delegation>), Refused> {
    let new = NewDelegation {
        to: sent.to,
        team: sent.team,
        environment: sent.environment,
        from: sent.from.0,
        until: sent.until.0,
        reason: sent.reason,
    };
    let made = state.control().delegate(&caller, new).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// End it early
///
/// Either of the two may. What was approved until then stands.
#[utoipa::path(delete, path = "/delegations/{id}", operation_id = "end_delegation", tag = "people",
    params(("id" = words::Id, Path, description = "The delegation.")),
    responses((status = 200, body = Delegation, description = "It has ended.")))]
pub(super) async fn end(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Named(id): Named<DelegationId>,
) -> Result<Json<Delegation>, Refused> {
    Ok(Json(
        state.control().end_delegation(&caller, id).await?.into(),
    ))
}
