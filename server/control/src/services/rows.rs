//! SQL of services and of what runs where.

pub(super) mod history;

use domain::{ServiceId, ServiceName, SystemName, TeamName, TierName};
use futures::Stream;
use serde_json::Value;
use sqlx::{FromRow, PgExecutor, PgPool};

use crate::{Result, catalog::Link, error::corrupt};

/// A service as the catalogue has it.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) id: ServiceId,
    pub(crate) name: ServiceName,
    pub(crate) team: TeamName,
    pub(crate) system: Option<SystemName>,
    pub(crate) tier: Option<TierName>,
    pub(crate) repository: Option<String>,
    pub(crate) pipeline: Option<String>,
    pub(crate) image: Option<String>,
    pub(crate) links: Vec<Link>,
    pub(crate) source: String,
    pub(crate) source_file: String,
    pub(crate) source_line: i32,
    pub(crate) orphaned: bool,
}

#[derive(FromRow)]
struct StoredRow {
    id: uuid::Uuid,
    name: String,
    team: String,
    system: Option<String>,
    tier: Option<String>,
    repository: Option<String>,
    pipeline: Option<String>,
    image: Option<String>,
    links: Value,
    source: String,
    source_file: String,
    source_line: i32,
    orphaned: bool,
}

pub(crate) async fn by_name(db: impl PgExecutor<'_>, name: &ServiceName) -> Result<Option<Stored>> {
    let row: Option<StoredRow> = sqlx::query_as(
        "SELECT id, name, team, system, tier, repository, pipeline, image, links, source, source_file, source_line,
                orphaned_at IS NOT NULL AS orphaned
         FROM service WHERE name = $1",
    )
    .bind(name.as_str())
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let bad = |column: &'static str, why: String| corrupt("service", column, row.id, why);
    Ok(Some(Stored {
        id: row.id.into(),
        name: ServiceName::parse(row.name).map_err(|e| bad("name", e.to_string()))?,
        team: TeamName::parse(row.team).map_err(|e| bad("team", e.to_string()))?,
        // A catalogue may name systems as it likes; what is no name here is matched by no rule.
        system: row.system.and_then(|text| SystemName::parse(text).ok()),
        tier: row.tier.and_then(|text| TierName::parse(text).ok()),
        repository: row.repository,
        pipeline: row.pipeline,
        image: row.image,
        links: serde_json::from_value(row.links).map_err(|e| bad("links", e.to_string()))?,
        source: row.source,
        source_file: row.source_file,
        source_line: row.source_line,
        orphaned: row.orphaned,
    }))
}

#[derive(FromRow)]
pub(super) struct ListRow {
    pub(super) id: uuid::Uuid,
    pub(super) name: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) team: String,
    pub(super) system: Option<String>,
    pub(super) lifecycle: String,
    pub(super) tags: Vec<String>,
    pub(super) orphaned_at: Option<jiff_sqlx::Timestamp>,
    pub(super) updated_at: jiff_sqlx::Timestamp,
}

#[derive(FromRow)]
pub(super) struct CellRow {
    pub(super) service_id: uuid::Uuid,
    pub(super) environment: String,
    pub(super) region: String,
    #[sqlx(flatten)]
    pub(super) deployed: DeployedRow,
    pub(super) doubted_by: Option<uuid::Uuid>,
    pub(super) doubted_since: Option<jiff_sqlx::Timestamp>,
}

/// All there, or none of it.
#[derive(FromRow)]
pub(super) struct DeployedRow {
    pub(super) version: Option<String>,
    pub(super) digest: Option<String>,
    pub(super) change_id: Option<uuid::Uuid>,
    pub(super) since: Option<jiff_sqlx::Timestamp>,
    pub(super) verified_at: Option<jiff_sqlx::Timestamp>,
}

#[derive(FromRow)]
pub(super) struct PlaceRow {
    pub(super) environment: String,
    pub(super) region: String,
    pub(super) side: String,
}

pub(super) async fn version(pool: &PgPool) -> Result<i64> {
    Ok(sqlx::query_scalar("SELECT version FROM catalog_version")
        .fetch_one(pool)
        .await?)
}

/// Row by row: the copy that is made of them is smaller than all of them at once.
pub(super) fn all(pool: &PgPool) -> impl Stream<Item = sqlx::Result<ListRow>> {
    sqlx::query_as(
        "SELECT id, name, title, left(description, 240) AS description, team, system, lifecycle, tags, orphaned_at, updated_at
         FROM service",
    )
    .fetch(pool)
}

pub(super) fn cells(pool: &PgPool) -> impl Stream<Item = sqlx::Result<CellRow>> {
    sqlx::query_as(
        "SELECT coalesce(d.service_id, u.service_id) AS service_id, coalesce(d.environment, u.environment) AS environment,
             coalesce(d.region, u.region) AS region, r.version, r.digest, d.change_id, d.since, d.verified_at,
             u.change_id AS doubted_by, u.since AS doubted_since
         FROM deployment d FULL JOIN deployment_doubt u
                 ON u.service_id = d.service_id AND u.environment = d.environment AND u.region = d.region
             LEFT JOIN release r ON r.id = d.release_id",
    )
    .fetch(pool)
}

/// Every environment and region, in the order of columns.
pub(super) async fn places(pool: &PgPool) -> Result<Vec<PlaceRow>> {
    Ok(sqlx::query_as(
        "SELECT r.environment, r.region, r.side FROM environment_region r JOIN environment e ON e.name = r.environment
         WHERE e.retired_at IS NULL ORDER BY e.position, e.name, r.side DESC",
    )
    .fetch_all(pool)
    .await?)
}
