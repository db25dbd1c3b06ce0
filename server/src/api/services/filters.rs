//! Which services a list shows, and in which order.

use control::services::{ServiceQuery, ServiceSort};
use domain::TeamName;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::api::{checked, words};

/// What to list; absent filters match all.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct ServiceFilters {
    /// Words that all occur in name, title, description or tags.
    #[param(value_type = Option<words::Search>)]
    q: Option<checked::Search>,
    #[param(value_type = Option<words::TeamName>)]
    team: Option<TeamName>,
    #[param(value_type = Option<words::Label>)]
    system: Option<checked::Label>,
    #[param(value_type = Option<words::Label>)]
    lifecycle: Option<checked::Label>,
    /// `true`: only those that their source no longer has; `false`: only the others.
    orphaned: Option<bool>,
    /// `name` when nothing is said.
    #[param(inline)]
    sort: Option<ServiceOrder>,
    /// `asc` when nothing is said.
    #[param(inline)]
    order: Option<Direction>,
    #[param(value_type = Option<words::Cursor>)]
    cursor: Option<String>,
    /// How many at most; 20 when nothing is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// What services are sorted by.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ServiceOrder {
    #[default]
    Name,
    Team,
    Updated,
}

/// Which way.
#[derive(Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Direction {
    #[default]
    Asc,
    Desc,
}

impl From<ServiceFilters> for ServiceQuery {
    fn from(filters: ServiceFilters) -> Self {
        Self {
            q: filters.q.map(|q| q.0),
            team: filters.team,
            system: filters.system.map(|s| s.0),
            lifecycle: filters.lifecycle.map(|l| l.0),
            orphaned: filters.orphaned,
            sort: match filters.sort.unwrap_or_default() {
                ServiceOrder::Name => ServiceSort::Name,
                ServiceOrder::Team => ServiceSort::Team,
                ServiceOrder::Updated => ServiceSort::Updated,
            },
            descending: filters.order.unwrap_or_default() == Direction::Desc,
            cursor: filters.cursor,
            limit: filters.limit,
        }
    }
}
