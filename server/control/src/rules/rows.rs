//! SQL of the rules in force.

use domain::{Rule, RuleSet};
use jiff_sqlx::ToSqlx;
use sqlx::PgConnection;

use crate::{ChangeTx, Result, error::corrupt};

/// None: no process has ever put rules in force.
pub(super) async fn version(conn: &mut PgConnection) -> Result<Option<String>> {
    Ok(sqlx::query_scalar("SELECT version FROM rule_set")
        .fetch_optional(conn)
        .await?)
}

pub(super) async fn rules(conn: &mut PgConnection) -> Result<Option<RuleSet>> {
    let found: Option<serde_json::Value> = sqlx::query_scalar("SELECT rules FROM rule_set")
        .fetch_optional(conn)
        .await?;
    let Some(found) = found else { return Ok(None) };
    let bad = |why: String| corrupt("rule_set", "rules", "the rules in force", why);
    let rules: Vec<Rule> = serde_json::from_value(found).map_err(|e| bad(e.to_string()))?;
    RuleSet::new(rules)
        .map(Some)
        .map_err(|all| bad(all.join("; ")))
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
        "INSERT INTO rule_set AS r (version, rules, changed_at) VALUES ($1, $2, $3)
         ON CONFLICT (one) DO UPDATE SET version = EXCLUDED.version, rules = EXCLUDED.rules, refused = NULL,
             changed_at = EXCLUDED.changed_at
         WHERE r.version <> EXCLUDED.version",
    )
    .bind(rules.version())
    .bind(serde_json::to_value(rules.rules())?)
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
