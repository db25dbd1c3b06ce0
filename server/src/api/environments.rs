//! Environments: the places services run.

use axum::{Json, extract::State, response::Response};
use control::environments::{EnvironmentRegion, EnvironmentRow};
use domain::{EnvironmentName, RegionName};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    answer::{Known, List, Listing},
    asking::{Named, Plain},
    regions::Side,
    words,
};
use crate::{
    AppState,
    edge::{Refused, SignedIn},
};

/// A place services run.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Environment {
    #[schema(value_type = words::EnvironmentName)]
    name: EnvironmentName,
    #[schema(example = "Production")]
    title: String,
    /// Approving or starting anything here needs a fresh second factor.
    protected: bool,
    /// AWS account, twelve digits.
    #[schema(pattern = r"^[0-9]{12}$", example = "300000000003")]
    account: String,
    /// Kubernetes namespace of the services.
    #[schema(example = "shop")]
    namespace: String,
    /// The pair its regions belong to; null for an environment in one region.
    #[schema(example = "europe")]
    region_pair: Option<String>,
    /// In the order a deployment goes: the passive region first.
    regions: Vec<Place>,
    /// Since when it is no longer configured and nothing can be deployed there; null while it is in use.
    retired_at: Option<Timestamp>,
}

/// One region of an environment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EnvironmentRegion)]
pub(super) struct Place {
    #[schema(value_type = words::RegionName)]
    region: RegionName,
    side: Side,
    /// EKS cluster.
    #[schema(example = "shop-production")]
    cluster: String,
}

impl From<EnvironmentRow> for Environment {
    fn from(row: EnvironmentRow) -> Self {
        Self {
            name: row.name,
            title: row.title,
            protected: row.protected,
            account: row.account,
            namespace: row.namespace,
            region_pair: row.region_pair,
            regions: row.regions.into_iter().map(Into::into).collect(),
            retired_at: row.retired_at,
        }
    }
}

impl From<EnvironmentRegion> for Place {
    fn from(row: EnvironmentRegion) -> Self {
        Self {
            region: row.region,
            side: row.side.into(),
            cluster: row.cluster,
        }
    }
}

/// All environments, in order of promotion, the retired ones last
#[utoipa::path(get, path = "/environments", operation_id = "list_environments", tag = "places",
    responses((status = 200, body = List<Environment>, description = "All environments.")))]
pub(super) async fn list(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
) -> Listing<Environment> {
    Ok(Json(List::whole(
        state.control().environments_ever(&caller).await?,
    )))
}

/// One environment
#[utoipa::path(get, path = "/environments/{name}", operation_id = "get_environment", tag = "places",
    params(("name" = words::EnvironmentName, Path, description = "The environment.")),
    responses((status = 200, body = Environment, description = "The environment.")))]
pub(super) async fn show(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Named(name): Named<EnvironmentName>,
    known: Known,
) -> Result<Response, Refused> {
    known.answer(&Environment::from(
        state.control().environment(&caller, &name).await?,
    ))
}
