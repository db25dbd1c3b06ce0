//! SQL of environments. There are a handful, so they are always read as a whole.

use domain::{EnvironmentName, RegionName, evidence::Side};
use jiff_sqlx::ToSqlx;
use sqlx::{FromRow, PgExecutor};

use super::{EnvironmentRegion, EnvironmentRow};
use crate::{ChangeTx, Result, error::corrupt};

#[derive(FromRow)]
struct Row {
    name: String,
    title: String,
    protected: bool,
    account: String,
    namespace: String,
    region_pair: Option<String>,
    regions: Vec<String>,
    sides: Vec<String>,
    clusters: Vec<String>,
    retired_at: Option<jiff_sqlx::Timestamp>,
}

/// In order of promotion, the retired ones last.
pub(super) async fn all(db: impl PgExecutor<'_>) -> Result<Vec<EnvironmentRow>> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT e.name, e.title, e.protected, e.account, e.namespace, e.region_pair, e.retired_at,
                array_agg(r.region ORDER BY r.side DESC) AS regions,
                array_agg(r.side ORDER BY r.side DESC) AS sides,
                array_agg(r.cluster ORDER BY r.side DESC) AS clusters
         FROM environment e JOIN environment_region r ON r.environment = e.name
         GROUP BY e.name ORDER BY e.retired_at IS NOT NULL, e.position, e.name",
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

impl TryFrom<Row> for EnvironmentRow {
    type Error = crate::Error;
    fn try_from(row: Row) -> Result<Self> {
        let bad =
            |column: &'static str, why: String| corrupt("environment", column, &row.name, why);
        let name =
            EnvironmentName::parse(row.name.clone()).map_err(|e| bad("name", e.to_string()))?;
        let mut regions = vec![];
        for ((region, side), cluster) in row.regions.iter().zip(&row.sides).zip(&row.clusters) {
            regions.push(EnvironmentRegion {
                region: RegionName::parse(region.clone())
                    .map_err(|e| bad("region", e.to_string()))?,
                side: match side.as_str() {
                    "active" => Side::Active,
                    "passive" => Side::Passive,
                    other => return Err(bad("side", other.to_owned())),
                },
                cluster: cluster.clone(),
            });
        }
        Ok(Self {
            name,
            title: row.title,
            protected: row.protected,
            account: row.account,
            namespace: row.namespace,
            region_pair: row.region_pair,
            regions,
            retired_at: row.retired_at.map(|at| at.to_jiff()),
        })
    }
}

pub(super) async fn upsert(tx: &mut ChangeTx, row: &EnvironmentRow, position: usize) -> Result<()> {
    let now = tx.now().to_sqlx();
    sqlx::query(
        "INSERT INTO environment (name, title, protected, account, namespace, region_pair, position, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (name) DO UPDATE SET title = $2, protected = $3, account = $4, namespace = $5,
             region_pair = $6, position = $7, updated_at = $8, retired_at = NULL",
    )
    .bind(row.name.as_str())
    .bind(&row.title)
    .bind(row.protected)
    .bind(&row.account)
    .bind(&row.namespace)
    .bind(&row.region_pair)
    .bind(i32::try_from(position).unwrap_or(i32::MAX))
    .bind(now)
    .execute(tx.conn())
    .await?;
    sqlx::query("DELETE FROM environment_region WHERE environment = $1")
        .bind(row.name.as_str())
        .execute(tx.conn())
        .await?;
    for region in &row.regions {
        sqlx::query("INSERT INTO environment_region (environment, region, side, cluster) VALUES ($1, $2, $3, $4)")
            .bind(row.name.as_str())
            .bind(region.region.as_str())
            .bind(region.side.to_string())
            .bind(&region.cluster)
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

pub(super) async fn retire(tx: &mut ChangeTx, name: &EnvironmentName) -> Result<()> {
    let now = tx.now().to_sqlx();
    sqlx::query("UPDATE environment SET retired_at = $2, updated_at = $2 WHERE name = $1 AND retired_at IS NULL")
        .bind(name.as_str())
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}
