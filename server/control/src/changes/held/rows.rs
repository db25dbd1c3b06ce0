//! SQL of what the calendar holds.

use domain::{ChangeId, schedule::MayStart};
use jiff_sqlx::ToSqlx;
use sqlx::{FromRow, PgPool};

use crate::{ChangeTx, Result};

/// Changes that are alike for the calendar and are held by the same.
#[derive(Debug, FromRow)]
pub(in crate::changes) struct Group {
    pub(in crate::changes) facts: String,
    pub(in crate::changes) held_by: String,
}

pub(super) async fn groups(pool: &PgPool) -> Result<Vec<Group>> {
    Ok(sqlx::query_as(
        "SELECT DISTINCT held_facts AS facts, held_by FROM change WHERE held_by IS NOT NULL AND state = 'approved'",
    )
    .fetch_all(pool)
    .await?)
}

/// False when the same held it before.
pub(super) async fn hold(
    tx: &mut ChangeTx,
    id: ChangeId,
    by: &str,
    facts: &str,
    why: &str,
) -> Result<bool> {
    let now = tx.now().to_sqlx();
    let done = sqlx::query(
        "UPDATE change SET held_by = $2, held_facts = $3, state_reason = $4, updated_at = $5, version_no = version_no + 1
         WHERE id = $1 AND (held_by IS DISTINCT FROM $2 OR held_facts IS DISTINCT FROM $3)",
    )
    .bind(id.0)
    .bind(by)
    .bind(facts)
    .bind(why)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// It is looked at anew by whoever starts changes.
pub(super) async fn release(tx: &mut ChangeTx, id: ChangeId) -> Result<()> {
    let now = tx.now().to_sqlx();
    sqlx::query(
        "UPDATE change SET held_by = NULL, held_facts = NULL, state_reason = NULL, updated_at = $2, version_no = version_no + 1
         WHERE id = $1 AND held_by IS NOT NULL",
    )
    .bind(id.0)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Lets some of a group go (`by` is none) or tells them anew what holds them; which they were.
pub(super) async fn move_group(
    tx: &mut ChangeTx,
    group: &Group,
    by: Option<&str>,
    why: Option<&str>,
    most: i64,
) -> Result<Vec<ChangeId>> {
    let now = tx.now().to_sqlx();
    let ids: Vec<uuid::Uuid> = sqlx::query_scalar(
        "UPDATE change SET held_by = $3, held_facts = CASE WHEN $3 IS NOT NULL THEN held_facts END, state_reason = $4,
             updated_at = $5, version_no = version_no + 1
         WHERE id IN (SELECT id FROM change WHERE held_facts = $1 AND held_by = $2 AND state = 'approved'
                      ORDER BY id LIMIT $6 FOR UPDATE SKIP LOCKED)
         RETURNING id",
    )
    .bind(&group.facts)
    .bind(&group.held_by)
    .bind(by)
    .bind(why)
    .bind(now)
    .bind(most)
    .fetch_all(tx.conn())
    .await?;
    Ok(ids.into_iter().map(Into::into).collect())
}

/// Notes for ever which entries held the change.
pub(super) async fn note(tx: &mut ChangeTx, id: ChangeId, decision: &MayStart) -> Result<()> {
    let entries: Vec<_> = decision.holding().map(|m| m.entry.id.0).collect();
    let now = tx.now().to_sqlx();
    sqlx::query("INSERT INTO change_hold (change_id, entry_id, at) SELECT $1, e, $3 FROM unnest($2::uuid[]) AS e ON CONFLICT DO NOTHING")
        .bind(id.0)
        .bind(&entries)
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}
