//! SQL of the rules in force.

use std::collections::BTreeSet;

use domain::{Rule, RuleSet, rule::check::World, wave::Wave};
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, PgPool};

use super::nothing::Name;
use crate::{ChangeTx, Result, error::corrupt};

/// None: no process has ever put rules in force.
pub(super) async fn version(conn: &mut PgConnection) -> Result<Option<String>> {
    Ok(sqlx::query_scalar("SELECT version FROM rule_set")
        .fetch_optional(conn)
        .await?)
}

pub(super) async fn rules(conn: &mut PgConnection) -> Result<Option<RuleSet>> {
    let found: Option<(serde_json::Value, serde_json::Value)> =
        sqlx::query_as("SELECT rules, waves FROM rule_set")
            .fetch_optional(conn)
            .await?;
    let Some((rules, waves)) = found else {
        return Ok(None);
    };
    let bad = |why: String| corrupt("rule_set", "rules", "the rules in force", why);
    let rules: Vec<Rule> = serde_json::from_value(rules).map_err(|e| bad(e.to_string()))?;
    let waves: Vec<Wave> = serde_json::from_value(waves).map_err(|e| bad(e.to_string()))?;
    RuleSet::with_waves(rules, waves, &World::default())
        .map(Some)
        .map_err(|all| {
            let all: Vec<String> = all.into_iter().map(|(_, wrong)| wrong).collect();
            bad(all.join("; "))
        })
}

/// The version in force, held until the end of the transaction: of two processes one takes over after the other.
pub(super) async fn locked(tx: &mut ChangeTx) -> Result<Option<String>> {
    Ok(
        sqlx::query_scalar("SELECT version FROM rule_set FOR UPDATE")
            .fetch_optional(tx.conn())
            .await?,
    )
}

/// True where there were none before, or others.
pub(super) async fn put(tx: &mut ChangeTx, rules: &RuleSet) -> Result<bool> {
    let now = tx.now().to_sqlx();
    let done = sqlx::query(
        "INSERT INTO rule_set AS r (version, rules, waves, changed_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (one) DO UPDATE SET version = EXCLUDED.version, rules = EXCLUDED.rules, waves = EXCLUDED.waves, refused = NULL,
             changed_at = EXCLUDED.changed_at
         WHERE r.version <> EXCLUDED.version",
    )
    .bind(rules.version())
    .bind(serde_json::to_value(rules.rules())?)
    .bind(serde_json::to_value(rules.waves())?)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that a file was refused; false where it is noted already.
pub(super) async fn refuse(tx: &mut ChangeTx, digest: [u8; 32]) -> Result<bool> {
    let done = sqlx::query("UPDATE rule_set SET refused = $1 WHERE refused IS DISTINCT FROM $1")
        .bind(&digest[..])
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// The file is good again: the next bad one is told anew.
pub(super) async fn forgive(tx: &mut ChangeTx) -> Result<bool> {
    let done = sqlx::query("UPDATE rule_set SET refused = NULL WHERE refused IS NOT NULL")
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Which of the names something in the catalogue bears, orphans aside; and whether it has any service.
pub(super) async fn borne<'a>(
    pool: &PgPool,
    names: &BTreeSet<&'a Name>,
) -> Result<(BTreeSet<&'a Name>, bool)> {
    let (kinds, texts): (Vec<&str>, Vec<&str>) = names
        .iter()
        .map(|(kind, name)| (*kind, name.as_str()))
        .unzip();
    let (found, any): (Vec<bool>, bool) = sqlx::query_as(
        "SELECT coalesce((SELECT array_agg(EXISTS (
                 SELECT FROM service s WHERE s.orphaned_at IS NULL AND CASE asked.kind
                     WHEN 'service' THEN s.name WHEN 'system' THEN s.system WHEN 'team' THEN s.team ELSE s.tier END = asked.name)
                 ORDER BY n)
             FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (kind, name, n)), '{}'),
             EXISTS (SELECT FROM service)",
    )
    .bind(&kinds)
    .bind(&texts)
    .fetch_one(pool)
    .await?;
    let known = names.iter().zip(found).filter(|(_, found)| *found);
    Ok((known.map(|(name, _)| *name).collect(), any))
}
