//! The audit log: what happened, newest first, and exports of it.

mod export;

pub(super) use export::{__path_export, export};

use axum::{Json, extract::State, response::Response};
use control::audit::{AuditQuery, AuditRow};
use domain::{ChangeId, EventId, EventKind, Login, Outcome, RecordedKind, RequestId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{
    answer::{Known, List, Listing},
    asking::{Filters, Named, Plain},
    checked, words,
};
use crate::{
    AppState,
    edge::{Refused, SignedIn},
};

/// One thing that happened.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditEvent {
    #[schema(value_type = words::Id)]
    id: EventId,
    at: Timestamp,
    /// One of `EventKind`; an event that a newer build wrote keeps its own word.
    #[schema(value_type = String, example = "change.approved")]
    kind: RecordedKind,
    #[schema(value_type = words::Outcome)]
    outcome: Outcome,
    /// `person`, `token`, `job`, `portal` or `anonymous`.
    #[schema(example = "person")]
    door: String,
    /// Null when nobody was signed in, or nobody asked.
    #[schema(example = "developer")]
    login: Option<String>,
    subject: AuditSubject,
    #[schema(value_type = Option<words::Id>)]
    change: Option<ChangeId>,
    #[schema(value_type = String, format = Uuid)]
    request_id: RequestId,
    /// The address the request came from.
    ip: Option<String>,
    /// Policies in force at the time.
    policy_version: String,
    /// Details; never a secret.
    data: Value,
}

/// What an event is about.
#[derive(Debug, Serialize, ToSchema)]
struct AuditSubject {
    #[schema(example = "change")]
    kind: String,
    id: String,
}

impl From<AuditRow> for AuditEvent {
    fn from(row: AuditRow) -> Self {
        Self {
            id: row.id,
            at: row.at,
            kind: row.kind,
            outcome: row.outcome,
            door: row.door,
            login: row.login,
            subject: AuditSubject {
                kind: row.subject.kind,
                id: row.subject.id,
            },
            change: row.change,
            request_id: row.request_id,
            ip: row.ip,
            policy_version: row.policy_version,
            data: row.data,
        }
    }
}

macro_rules! filters {
    ($(#[$meta:meta])* $name:ident { $($(#[$extra:meta])* $field:ident: $type:ty,)* } $query:expr) => {
        $(#[$meta])*
        #[derive(Debug, Deserialize, IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub(in crate::api) struct $name {
            #[param(value_type = Option<words::EventKind>)]
            kind: Option<EventKind>,
            /// Of this person.
            #[param(value_type = Option<words::Login>)]
            login: Option<Login>,
            /// About this kind of thing, such as `change` or `token`.
            #[param(value_type = Option<words::Label>)]
            subject_kind: Option<checked::Label>,
            #[param(value_type = Option<words::Label>)]
            subject_id: Option<checked::Label>,
            #[param(value_type = Option<words::Id>)]
            change: Option<ChangeId>,
            #[param(value_type = Option<words::Outcome>)]
            outcome: Option<Outcome>,
            /// At this time or later.
            #[param(value_type = Option<String>, format = DateTime)]
            from: Option<checked::Time>,
            /// Before this time.
            #[param(value_type = Option<String>, format = DateTime)]
            until: Option<checked::Time>,
            $($(#[$extra])* $field: $type,)*
        }

        impl From<$name> for AuditQuery {
            fn from(filters: $name) -> Self {
                let more: fn(&$name) -> (Option<String>, Option<i64>) = $query;
                let (cursor, limit) = more(&filters);
                Self {
                    kind: filters.kind,
                    login: filters.login.map(Into::into),
                    subject_kind: filters.subject_kind.map(|k| k.0),
                    subject_id: filters.subject_id.map(|i| i.0),
                    change: filters.change,
                    outcome: filters.outcome,
                    from: filters.from.map(|t| t.0),
                    until: filters.until.map(|t| t.0),
                    cursor,
                    limit,
                }
            }
        }
    };
}
use filters;

filters! {
    /// Which events; absent filters match all.
    EventFilters {
        #[param(value_type = Option<words::Cursor>)]
        cursor: Option<String>,
        /// How many at most; 20 when nothing is said.
        #[param(minimum = 1, maximum = 100)]
        limit: Option<i64>,
    }
    |filters| (filters.cursor.clone(), filters.limit)
}

/// Events, newest first
///
/// Reading the log is an event itself.
#[utoipa::path(get, path = "/audit/events", operation_id = "list_audit_events", tag = "audit", params(EventFilters),
    responses((status = 200, body = List<AuditEvent>, description = "One page of events.")))]
pub(super) async fn list(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Filters(filters): Filters<EventFilters>,
) -> Listing<AuditEvent> {
    Ok(Json(List::of(
        state
            .control()
            .audit_events(&caller, filters.into())
            .await?,
    )))
}

/// One event
#[utoipa::path(get, path = "/audit/events/{id}", operation_id = "get_audit_event", tag = "audit",
    params(("id" = words::Id, Path, description = "The event.")),
    responses((status = 200, body = AuditEvent, description = "The event.")))]
pub(super) async fn show(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Named(id): Named<EventId>,
    known: Known,
) -> Result<Response, Refused> {
    known.answer(&AuditEvent::from(
        state.control().audit_event(&caller, id).await?,
    ))
}
