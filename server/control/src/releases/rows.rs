//! SQL of releases.

use domain::{GitCommit, ImageDigest, Login, PersonId, ServiceId, ServiceName, Version};
use jiff_sqlx::ToSqlx;
use sqlx::{FromRow, PgConnection, PgPool};

use super::ReleaseRow;
use crate::{ChangeTx, Cursor, Page, Result, error::corrupt};

#[derive(FromRow)]
struct Row {
    id: uuid::Uuid,
    service: String,
    version: String,
    commit: String,
    digest: String,
    build_url: Option<String>,
    registered_by: String,
    created_at: jiff_sqlx::Timestamp,
}

impl TryFrom<Row> for ReleaseRow {
    type Error = crate::Error;
    fn try_from(row: Row) -> Result<Self> {
        let bad = |column: &'static str, why: domain::names::Unacceptable| {
            corrupt("release", column, row.id, why)
        };
        Ok(Self {
            id: row.id.into(),
            service: ServiceName::parse(row.service).map_err(|e| bad("service", e))?,
            version: Version::parse(row.version).map_err(|e| bad("version", e))?,
            commit: GitCommit::parse(row.commit).map_err(|e| bad("commit", e))?,
            digest: ImageDigest::parse(row.digest).map_err(|e| bad("digest", e))?,
            build_url: row.build_url,
            registered_by: Login::parse(row.registered_by).map_err(|e| bad("registered_by", e))?,
            created_at: row.created_at.to_jiff(),
        })
    }
}

pub(super) async fn page(
    pool: &PgPool,
    service: ServiceId,
    cursor: Option<String>,
    limit: i64,
) -> Result<Page<ReleaseRow>> {
    let of = format!("releases {service}");
    let before = match cursor {
        Some(text) => Cursor::decode(&text, 1, &of)?.0[0]
            .parse::<uuid::Uuid>()
            .map(Some)
            .map_err(|_| Cursor::broken())?,
        None => None,
    };
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT r.id, s.name AS service, r.version, r.commit, r.digest, r.build_url, p.login AS registered_by, r.created_at
         FROM release r JOIN service s ON s.id = r.service_id JOIN person p ON p.id = r.registered_by
         WHERE r.service_id = $1 AND ($2::uuid IS NULL OR r.id < $2)
         ORDER BY r.id DESC LIMIT $3",
    )
    .bind(service.0)
    .bind(before)
    .bind(limit + 1)
    .fetch_all(pool)
    .await?;
    let items = rows
        .into_iter()
        .map(TryInto::try_into)
        .collect::<Result<Vec<ReleaseRow>>>()?;
    Ok(Page::cut(items, limit, &of, |r| vec![r.id.to_string()]))
}

pub(crate) async fn by_version(
    conn: &mut PgConnection,
    service: ServiceId,
    version: &Version,
) -> Result<Option<ReleaseRow>> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT r.id, s.name AS service, r.version, r.commit, r.digest, r.build_url, p.login AS registered_by, r.created_at
         FROM release r JOIN service s ON s.id = r.service_id JOIN person p ON p.id = r.registered_by
         WHERE r.service_id = $1 AND r.version = $2",
    )
    .bind(service.0)
    .bind(version.as_str())
    .fetch_optional(conn)
    .await?;
    row.map(TryInto::try_into).transpose()
}

/// False when the version is there already.
pub(super) async fn insert(
    tx: &mut ChangeTx,
    service: ServiceId,
    row: &ReleaseRow,
    by: PersonId,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO release (id, service_id, version, commit, digest, build_url, registered_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (service_id, version) DO NOTHING",
    )
    .bind(row.id.0)
    .bind(service.0)
    .bind(row.version.as_str())
    .bind(row.commit.as_str())
    .bind(row.digest.as_str())
    .bind(&row.build_url)
    .bind(by.0)
    .bind(row.created_at.to_sqlx())
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}
