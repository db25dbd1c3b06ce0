//! SQL of imports. One statement for all services: ten thousand take seconds, not minutes.

use domain::{PersonId, ServiceId};
use jiff_sqlx::ToSqlx;
use sqlx::{PgPool, Row};

use super::{ImportReport, parse::Parsed};
use crate::{ChangeTx, Result, error::corrupt, new_id};

pub(super) struct Counts {
    pub(super) imported: i32,
    pub(super) unchanged: i32,
    pub(super) orphaned: i32,
}

pub(super) async fn upsert(tx: &mut ChangeTx, source: &str, parsed: &Parsed) -> Result<Counts> {
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
    let names: Vec<String> = texts(|s| s.name.to_string());
    // A file with a mistake in it may still mean to have what it had; only a sound one lets go.
    let troubled: Vec<String> = parsed.problems.iter().map(|p| p.file.clone()).collect();
    let orphaned = sqlx::query(
        "UPDATE service SET orphaned_at = $3, updated_at = $3
         WHERE source = $1 AND orphaned_at IS NULL AND NOT (name = ANY($2)) AND NOT $4 AND NOT (source_file = ANY($5))",
    )
    .bind(source)
    .bind(&names)
    .bind(now)
    .bind(parsed.incomplete)
    .bind(&troubled)
    .execute(tx.conn())
    .await?
    .rows_affected();
    upsert_others(tx, source, parsed).await?;
    let imported = i32::try_from(touched).unwrap_or(i32::MAX);
    Ok(Counts {
        imported,
        unchanged: i32::try_from(all.len()).unwrap_or(i32::MAX) - imported,
        orphaned: i32::try_from(orphaned).unwrap_or(i32::MAX),
    })
}

async fn upsert_others(tx: &mut ChangeTx, source: &str, parsed: &Parsed) -> Result<()> {
    let now = tx.now().to_sqlx();
    let all = &parsed.others;
    let troubled: Vec<String> = parsed.problems.iter().map(|p| p.file.clone()).collect();
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
         WHERE source = $1 AND orphaned_at IS NULL AND NOT (kind || '/' || name = ANY($2)) AND NOT $4 AND NOT (source_file = ANY($5))",
    )
    .bind(source)
    .bind(&keys)
    .bind(now)
    .bind(parsed.incomplete)
    .bind(&troubled)
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
