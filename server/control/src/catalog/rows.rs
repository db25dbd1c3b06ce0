//! SQL of imports. One statement for all services: ten thousand take seconds, not minutes.

use std::collections::HashMap;

use domain::{PersonId, ServiceId};
use jiff_sqlx::ToSqlx;
use sqlx::{PgPool, Row};

use super::{ImportReport, parse::Parsed};
use crate::{ChangeTx, Result, error::corrupt, new_id};

pub(super) struct Counts {
    pub(super) imported: i32,
    pub(super) unchanged: i32,
    /// By name.
    pub(super) orphaned: Vec<String>,
}

/// A service as it was before an import.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Stored {
    name: String,
    pub(super) team: String,
    pub(super) source: String,
    pub(super) orphaned: bool,
}

/// What an import lets go of where a sound file no longer has it.
#[derive(Debug)]
pub(super) struct Kept {
    /// Files with a mistake may still mean to have what they had.
    troubled: Vec<String>,
    /// Services that are in the source, stored or refused.
    services: Vec<String>,
    incomplete: bool,
}

impl Kept {
    pub(super) fn of(parsed: &Parsed) -> Self {
        Self {
            troubled: parsed.problems.iter().map(|p| p.file.clone()).collect(),
            services: parsed.services.iter().map(|s| s.name.to_string()).collect(),
            incomplete: parsed.incomplete,
        }
    }
}

/// "portolan's imports", for the advisory lock.
const LOCK: i64 = 0x706f_7274_696d_7031;

/// Until the commit, nobody else imports: whose a name is stays as it was read.
pub(super) async fn lock(tx: &mut ChangeTx) -> Result<()> {
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Those of the services that there are.
pub(super) async fn stored(tx: &mut ChangeTx, names: &[String]) -> Result<HashMap<String, Stored>> {
    let rows: Vec<Stored> = sqlx::query_as(
        "SELECT name, team, source, orphaned_at IS NOT NULL AS orphaned FROM service WHERE name = ANY($1)",
    )
    .bind(names)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.name.clone(), row))
        .collect())
}

/// (kind, name) → source of all other entities that are no orphans.
pub(super) async fn stored_others(tx: &mut ChangeTx) -> Result<HashMap<(String, String), String>> {
    let rows: Vec<(String, String, String)> =
        sqlx::query_as("SELECT kind, name, source FROM catalog_entity WHERE orphaned_at IS NULL")
            .fetch_all(tx.conn())
            .await?;
    Ok(rows
        .into_iter()
        .map(|(kind, name, source)| ((kind, name), source))
        .collect())
}

pub(super) async fn upsert_services(
    tx: &mut ChangeTx,
    source: &str,
    parsed: &Parsed,
    kept: &Kept,
) -> Result<Counts> {
    let now = tx.now().to_sqlx();
    let all = &parsed.services;
    let ids: Vec<uuid::Uuid> = all.iter().map(|_| new_id::<ServiceId>().0).collect();
    let texts =
        |f: fn(&super::parse::ServiceEntity) -> String| all.iter().map(f).collect::<Vec<_>>();
    let options = |f: fn(&super::parse::ServiceEntity) -> Option<String>| {
        all.iter().map(f).collect::<Vec<_>>()
    };
    let lists: Vec<serde_json::Value> = all
        .iter()
        .map(|s| serde_json::json!({"tags": s.tags, "links": s.links, "tier": s.tier}))
        .collect();
    let lines: Vec<i32> = all
        .iter()
        .map(|s| i32::try_from(s.line).unwrap_or(i32::MAX))
        .collect();
    // A row that is as it was is left alone, so that `updated_at` says when it really changed.
    let touched = sqlx::query(
        "INSERT INTO service AS s (id, name, title, description, team, system, lifecycle, repository, pipeline, image,
             tags, links, tier, source, source_file, source_line, created_at, updated_at)
         SELECT id, name, title, description, team, system, lifecycle, repository, pipeline, image,
             ARRAY(SELECT jsonb_array_elements_text(lists -> 'tags')), lists -> 'links', lists ->> 'tier', $14, file, line, $15, $15
         FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
             $9::text[], $10::text[], $11::jsonb[], $12::text[], $13::int[])
             AS new (id, name, title, description, team, system, lifecycle, repository, pipeline, image, lists, file, line)
         ON CONFLICT (name) DO UPDATE SET title = EXCLUDED.title, description = EXCLUDED.description,
             team = EXCLUDED.team, system = EXCLUDED.system, lifecycle = EXCLUDED.lifecycle,
             repository = EXCLUDED.repository, pipeline = EXCLUDED.pipeline, image = EXCLUDED.image,
             tags = EXCLUDED.tags, links = EXCLUDED.links, tier = EXCLUDED.tier, source = EXCLUDED.source,
             source_file = EXCLUDED.source_file, source_line = EXCLUDED.source_line, orphaned_at = NULL, updated_at = $15
         WHERE (s.title, s.description, s.team, s.system, s.lifecycle, s.repository, s.pipeline, s.image, s.tags, s.links, s.tier,
                s.source, s.source_file, s.source_line, s.orphaned_at)
             IS DISTINCT FROM (EXCLUDED.title, EXCLUDED.description, EXCLUDED.team, EXCLUDED.system, EXCLUDED.lifecycle,
                EXCLUDED.repository, EXCLUDED.pipeline, EXCLUDED.image, EXCLUDED.tags, EXCLUDED.links, EXCLUDED.tier,
                EXCLUDED.source, EXCLUDED.source_file, EXCLUDED.source_line, NULL)",
    )
    .bind(&ids)
    .bind(texts(|s| s.name.to_string()))
    .bind(texts(|s| s.title.clone()))
    .bind(texts(|s| s.description.clone()))
    .bind(texts(|s| s.team.to_string()))
    .bind(options(|s| s.system.clone()))
    .bind(texts(|s| s.lifecycle.clone()))
    .bind(options(|s| s.repository.clone()))
    .bind(options(|s| s.pipeline.clone()))
    .bind(options(|s| s.image.clone()))
    .bind(&lists)
    .bind(texts(|s| s.file.clone()))
    .bind(&lines)
    .bind(source)
    .bind(now)
    .execute(tx.conn())
    .await?
    .rows_affected();
    let mut orphaned: Vec<String> = sqlx::query_scalar(
        "UPDATE service SET orphaned_at = $3, updated_at = $3
         WHERE (source = $1 OR (source LIKE 'folder:%' AND $1 LIKE 'folder:%'))
             AND orphaned_at IS NULL AND NOT (name = ANY($2)) AND NOT $4 AND NOT (source_file = ANY($5)) RETURNING name",
    )
    .bind(source)
    .bind(&kept.services)
    .bind(now)
    .bind(kept.incomplete)
    .bind(&kept.troubled)
    .fetch_all(tx.conn())
    .await?;
    orphaned.sort();
    let imported = i32::try_from(touched).unwrap_or(i32::MAX);
    Ok(Counts {
        imported,
        unchanged: i32::try_from(all.len()).unwrap_or(i32::MAX) - imported,
        orphaned,
    })
}

pub(super) async fn upsert_others(
    tx: &mut ChangeTx,
    source: &str,
    parsed: &Parsed,
    kept: &Kept,
) -> Result<()> {
    let now = tx.now().to_sqlx();
    let all = &parsed.others;
    let keys: Vec<String> = all
        .iter()
        .map(|o| format!("{}/{}", o.kind, o.name))
        .collect();
    sqlx::query(
        "INSERT INTO catalog_entity (kind, name, title, description, owner, source, source_file, source_line, updated_at)
         SELECT kind, name, title, description, owner, $8, file, line, $9
         FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[])
             AS new (kind, name, title, description, owner, file, line)
         ON CONFLICT (kind, name) DO UPDATE SET title = EXCLUDED.title, description = EXCLUDED.description,
             owner = EXCLUDED.owner, source = EXCLUDED.source, source_file = EXCLUDED.source_file,
             source_line = EXCLUDED.source_line, orphaned_at = NULL, updated_at = EXCLUDED.updated_at",
    )
    .bind(all.iter().map(|o| o.kind.to_owned()).collect::<Vec<_>>())
    .bind(all.iter().map(|o| o.name.clone()).collect::<Vec<_>>())
    .bind(all.iter().map(|o| o.title.clone()).collect::<Vec<_>>())
    .bind(all.iter().map(|o| o.description.clone()).collect::<Vec<_>>())
    .bind(all.iter().map(|o| o.owner.clone()).collect::<Vec<_>>())
    .bind(all.iter().map(|o| o.file.clone()).collect::<Vec<_>>())
    .bind(all.iter().map(|o| i32::try_from(o.line).unwrap_or(i32::MAX)).collect::<Vec<_>>())
    .bind(source)
    .bind(now)
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "UPDATE catalog_entity SET orphaned_at = $3, updated_at = $3
         WHERE (source = $1 OR (source LIKE 'folder:%' AND $1 LIKE 'folder:%'))
             AND orphaned_at IS NULL AND NOT (kind || '/' || name = ANY($2)) AND NOT $4 AND NOT (source_file = ANY($5))",
    )
    .bind(source)
    .bind(&keys)
    .bind(now)
    .bind(kept.incomplete)
    .bind(&kept.troubled)
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn insert_report(
    tx: &mut ChangeTx,
    by: PersonId,
    report: &ImportReport,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO catalog_import (id, source, by_person, at, imported, unchanged, orphaned, problems)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(report.id.0)
    .bind(&report.source)
    .bind(by.0)
    .bind(report.at.to_sqlx())
    .bind(report.imported)
    .bind(report.unchanged)
    .bind(report.orphaned)
    .bind(serde_json::to_value(&report.problems)?)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Readers' copies of the catalogue are old from the commit of this transaction on.
pub(crate) async fn bump_version(tx: &mut ChangeTx) -> Result<()> {
    sqlx::query("UPDATE catalog_version SET version = version + 1")
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(super) async fn latest(pool: &PgPool) -> Result<Option<ImportReport>> {
    let row = sqlx::query("SELECT id, source, at, imported, unchanged, orphaned, problems FROM catalog_import ORDER BY id DESC LIMIT 1")
        .fetch_optional(pool)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let id: uuid::Uuid = row.try_get("id")?;
    let problems: serde_json::Value = row.try_get("problems")?;
    Ok(Some(ImportReport {
        id: id.into(),
        source: row.try_get("source")?,
        at: row.try_get::<jiff_sqlx::Timestamp, _>("at")?.to_jiff(),
        imported: row.try_get("imported")?,
        unchanged: row.try_get("unchanged")?,
        orphaned: row.try_get("orphaned")?,
        problems: serde_json::from_value(problems)
            .map_err(|e| corrupt("catalog_import", "problems", id, e))?,
    }))
}
