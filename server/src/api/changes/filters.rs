//! Which changes a list shows.

use control::changes::ChangeQuery;
use domain::{ChangeKind, ChangeState, EnvironmentName, Login, ServiceName};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::api::{asking::Listed, words};

/// Which changes; absent filters match all.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct ChangeFilters {
    /// Any of these states: repeated, or with commas between them.
    #[serde(default)]
    #[param(value_type = Option<Vec<words::ChangeState>>, style = Form, explode, min_items = 1)]
    state: Listed<ChangeState>,
    #[param(value_type = Option<words::ChangeKind>)]
    kind: Option<ChangeKind>,
    #[param(value_type = Option<words::ServiceName>)]
    service: Option<ServiceName>,
    #[param(value_type = Option<words::EnvironmentName>)]
    environment: Option<EnvironmentName>,
    #[param(value_type = Option<words::Login>)]
    requester: Option<Login>,
    /// `me`: only what waits for an approval that the caller can still give.
    #[param(inline)]
    awaiting: Option<Awaiting>,
    #[param(value_type = Option<words::Cursor>)]
    cursor: Option<String>,
    /// How many at most; 20 when nothing is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// Whose word is awaited.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Awaiting {
    Me,
}

impl From<ChangeFilters> for ChangeQuery {
    fn from(filters: ChangeFilters) -> Self {
        Self {
            states: filters.state.0,
            kind: filters.kind,
            service: filters.service,
            environment: filters.environment,
            requester: filters.requester,
            awaiting_me: matches!(filters.awaiting, Some(Awaiting::Me)),
            cursor: filters.cursor,
            limit: filters.limit,
        }
    }
}
