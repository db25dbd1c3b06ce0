//! Releases: registered by CI, immutable.

use axum::{Json, extract::State, http::StatusCode};
use control::releases::{NewRelease, ReleaseRow};
use domain::{GitCommit, ImageDigest, Login, ReleaseId, ServiceName, Version};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    answer::{List, Listing},
    asking::{Filters, Named, Plain, Sent},
    checked, words,
};
use crate::{
    AppState,
    edge::{Refused, SignedIn},
};

/// A release of a service; it never changes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Release {
    #[schema(value_type = words::Id)]
    id: ReleaseId,
    #[schema(value_type = words::ServiceName)]
    service: ServiceName,
    #[schema(value_type = words::Version)]
    version: Version,
    #[schema(value_type = words::GitCommit)]
    commit: GitCommit,
    #[schema(value_type = words::ImageDigest)]
    digest: ImageDigest,
    build_url: Option<String>,
    #[schema(value_type = words::Login)]
    registered_by: Login,
    created_at: Timestamp,
}

impl From<ReleaseRow> for Release {
    fn from(row: ReleaseRow) -> Self {
        Self {
            id: row.id,
            service: row.service,
            version: row.version,
            commit: row.commit,
            digest: row.digest,
            build_url: row.build_url,
            registered_by: row.registered_by,
            created_at: row.created_at,
        }
    }
}

/// What CI tells of a build.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewRelease)]
#[serde(deny_unknown_fields)]
pub(super) struct Build {
    #[schema(value_type = words::Version)]
    version: Version,
    #[schema(value_type = words::GitCommit)]
    commit: GitCommit,
    /// Of the image, as the registry calls it.
    #[schema(value_type = words::ImageDigest)]
    digest: ImageDigest,
    /// Where the build can be looked at.
    #[schema(value_type = Option<words::HttpUrl>)]
    build_url: Option<checked::HttpUrl>,
}

impl From<Build> for NewRelease {
    fn from(sent: Build) -> Self {
        Self {
            version: sent.version,
            commit: sent.commit,
            digest: sent.digest,
            build_url: sent.build_url.map(|url| url.0),
        }
    }
}

/// A page of a list that has no filters.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    #[param(value_type = Option<words::Cursor>)]
    cursor: Option<String>,
    /// How many at most; 20 when nothing is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// Releases of a service, newest first
#[utoipa::path(get, path = "/services/{name}/releases", operation_id = "list_releases", tag = "catalogue",
    params(("name" = words::ServiceName, Path, description = "The service."), Paging),
    responses((status = 200, body = List<Release>, description = "One page of releases.")))]
pub(super) async fn list(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Named(name): Named<ServiceName>,
    Filters(page): Filters<Paging>,
) -> Listing<Release> {
    let page = state
        .control()
        .releases(&caller, &name, page.cursor, page.limit)
        .await?;
    Ok(Json(List::of(page)))
}

/// Register a release
///
/// The same again changes nothing; the same version with another commit or image is refused.
#[utoipa::path(post, path = "/services/{name}/releases", operation_id = "register_release", tag = "catalogue",
    params(("name" = words::ServiceName, Path, description = "The service.")), request_body = Build,
    responses((status = 201, body = Release, description = "It is registered now."),
        (status = 200, body = Release, description = "It was registered already.")))]
pub(super) async fn register(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Named(name): Named<ServiceName>,
    Sent(sent): Sent<Build>,
) -> Result<(StatusCode, Json<Release>), Refused> {
    let (row, new) = state
        .control()
        .register_release(&caller, &name, sent.into())
        .await?;
    let status = if new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(row.into())))
}
