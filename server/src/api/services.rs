//! Services: what there is, whose it is, and which version runs where.

mod filters;

use axum::{Json, extract::State, response::Response};
use control::services::{Cell, Link, ServiceDetail, ServiceRow};
use domain::{
    ChangeId, EnvironmentName, ImageDigest, RegionName, ServiceId, ServiceName, TeamName, Version,
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use self::filters::ServiceFilters;
use super::{
    answer::{Known, List, Listing},
    asking::{Filters, Named, Plain},
    environments::Environment,
    refusal::Permission,
    regions::Side,
    words,
};
use crate::{
    AppState,
    edge::{Refused, SignedIn},
};

/// A service in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Service {
    #[schema(value_type = words::Id)]
    id: ServiceId,
    #[schema(value_type = words::ServiceName)]
    name: ServiceName,
    title: String,
    description: String,
    #[schema(value_type = words::TeamName)]
    team: TeamName,
    #[schema(example = "shop")]
    system: Option<String>,
    #[schema(example = "production")]
    lifecycle: String,
    tags: Vec<String>,
    /// When an import of its source no longer had it; null while it has.
    orphaned_at: Option<Timestamp>,
    updated_at: Timestamp,
    /// What runs where: one for each environment and region, in order of promotion, the passive region first.
    cells: Vec<ServiceCell>,
}

/// What runs of a service in one region of one environment, as the portal last verified it.
#[derive(Debug, Serialize, ToSchema)]
struct ServiceCell {
    #[schema(value_type = words::EnvironmentName)]
    environment: EnvironmentName,
    #[schema(value_type = words::RegionName)]
    region: RegionName,
    side: Side,
    /// Null where the portal never deployed it, and where it is not known what runs (see `doubt`).
    #[schema(value_type = Option<words::Version>)]
    version: Option<Version>,
    #[schema(value_type = Option<words::ImageDigest>)]
    digest: Option<ImageDigest>,
    /// Since when this version runs.
    since: Option<Timestamp>,
    verified_at: Option<Timestamp>,
    /// The change that brought it.
    #[schema(value_type = Option<words::Id>)]
    change: Option<ChangeId>,
    /// The same image in every region of the environment. False where what runs in one of them is in doubt.
    parity: bool,
    /// Set where it is not known what runs; the other fields are null then.
    doubt: Option<CellDoubt>,
}

/// Why it is not known what runs: a change was cancelled, failed or waits for a person after its pipeline could act, and
/// nothing was verified there since. The next verified deployment ends it.
#[derive(Debug, Serialize, ToSchema)]
struct CellDoubt {
    since: Timestamp,
    /// The change that brought it.
    #[schema(value_type = words::Id)]
    change: ChangeId,
    /// What had been verified before.
    #[schema(value_type = Option<words::Version>)]
    last_verified: Option<Version>,
}

/// A service with all the catalogue says of it.
#[derive(Debug, Serialize, ToSchema)]
struct ServiceInFull {
    #[serde(flatten)]
    service: Service,
    /// Where its code is.
    repository: Option<String>,
    /// Jenkins job that deploys it.
    #[schema(example = "shop/deploy-cart")]
    pipeline: Option<String>,
    /// ECR repository of its images.
    #[schema(example = "shop/cart")]
    image: Option<String>,
    links: Vec<ServiceLink>,
    /// Which import it comes from, and where it stands there.
    source: String,
    source_file: String,
    #[schema(minimum = 0)]
    source_line: i32,
    environments: Vec<Environment>,
    /// Whether the caller may ask for a deployment of it anywhere.
    may_request: Permission,
    /// Whether the caller may register releases of it.
    may_register: Permission,
}

/// A link shown with a service.
#[derive(Debug, Serialize, ToSchema)]
struct ServiceLink {
    title: String,
    url: String,
}

impl From<ServiceRow> for Service {
    fn from(row: ServiceRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            title: row.title,
            description: row.description,
            team: row.team,
            system: row.system,
            lifecycle: row.lifecycle,
            tags: row.tags,
            orphaned_at: row.orphaned_at,
            updated_at: row.updated_at,
            cells: row.cells.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Cell> for ServiceCell {
    fn from(cell: Cell) -> Self {
        Self {
            environment: cell.environment,
            region: cell.region,
            side: cell.side.into(),
            version: cell.version,
            digest: cell.digest,
            since: cell.since,
            verified_at: cell.verified_at,
            change: cell.change,
            parity: cell.parity,
            doubt: cell.doubt.map(|doubt| CellDoubt {
                since: doubt.since,
                change: doubt.change,
                last_verified: doubt.last_verified,
            }),
        }
    }
}

impl From<ServiceDetail> for ServiceInFull {
    fn from(detail: ServiceDetail) -> Self {
        Self {
            service: detail.row.into(),
            repository: detail.repository,
            pipeline: detail.pipeline,
            image: detail.image,
            links: detail.links.into_iter().map(Into::into).collect(),
            source: detail.source,
            source_file: detail.source_file,
            source_line: detail.source_line,
            environments: detail.environments.into_iter().map(Into::into).collect(),
            may_request: detail.may_request.into(),
            may_register: detail.may_register.into(),
        }
    }
}

impl From<Link> for ServiceLink {
    fn from(link: Link) -> Self {
        Self {
            title: link.title,
            url: link.url,
        }
    }
}

/// Services the caller may see
#[utoipa::path(get, path = "/services", operation_id = "list_services", tag = "catalogue", params(ServiceFilters),
    responses((status = 200, body = List<Service>, description = "One page of services.")))]
pub(super) async fn list(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Filters(filters): Filters<ServiceFilters>,
) -> Listing<Service> {
    Ok(Json(List::of(
        state.control().services(&caller, filters.into()).await?,
    )))
}

/// One service
#[utoipa::path(get, path = "/services/{name}", operation_id = "get_service", tag = "catalogue",
    params(("name" = words::ServiceName, Path, description = "The service.")),
    responses((status = 200, body = ServiceInFull, description = "The service.")))]
pub(super) async fn show(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Named(name): Named<ServiceName>,
    known: Known,
) -> Result<Response, Refused> {
    known.answer(&ServiceInFull::from(
        state.control().service(&caller, &name).await?,
    ))
}
