//! Regions and region pairs, and which environments are in them.

use axum::{Json, extract::State};
use control::regions::RegionRow;
use domain::{EnvironmentName, RegionName, evidence};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    answer::{List, Listing},
    asking::Plain,
    words,
};
use crate::{AppState, edge::SignedIn};

/// Which side of its pair a region is. A region on its own is active.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Side {
    Passive,
    Active,
}

impl From<evidence::Side> for Side {
    fn from(side: evidence::Side) -> Self {
        match side {
            evidence::Side::Passive => Self::Passive,
            evidence::Side::Active => Self::Active,
        }
    }
}

/// An AWS region that services run in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Region {
    #[schema(value_type = words::RegionName)]
    name: RegionName,
    /// The pair it belongs to; null for a region on its own.
    #[schema(example = "europe")]
    region_pair: Option<String>,
    side: Side,
    /// The other region of the pair.
    #[schema(value_type = Option<words::RegionName>)]
    other: Option<RegionName>,
    /// The environments that have a cluster here, in order of promotion.
    #[schema(value_type = Vec<words::EnvironmentName>)]
    environments: Vec<EnvironmentName>,
}

impl From<RegionRow> for Region {
    fn from(row: RegionRow) -> Self {
        Self {
            name: row.name,
            region_pair: row.region_pair,
            side: row.side.into(),
            other: row.other,
            environments: row.environments,
        }
    }
}

/// All regions, pair by pair
#[utoipa::path(get, path = "/regions", operation_id = "list_regions", tag = "places",
    responses((status = 200, body = List<Region>, description = "All regions.")))]
pub(super) async fn list(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
) -> Listing<Region> {
    Ok(Json(List::whole(state.control().regions(&caller).await?)))
}
