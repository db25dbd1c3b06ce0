//! SQL of overrides.

use domain::{Caller, ChangeId, EvidenceDigest, Login, schedule::Override};
use jiff_sqlx::ToSqlx;
use sqlx::{FromRow, PgConnection};

use crate::{ChangeTx, Error, Result, error::corrupt};

#[derive(FromRow)]
struct Row {
    id: uuid::Uuid,
    evidence_digest: Vec<u8>,
    entries: Vec<uuid::Uuid>,
    reason: String,
    asked_by: uuid::Uuid,
    asked_login: String,
    asked_at: jiff_sqlx::Timestamp,
    expires_at: jiff_sqlx::Timestamp,
    confirmed_login: Option<String>,
    confirmed_at: Option<jiff_sqlx::Timestamp>,
}

impl TryFrom<Row> for Override {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        let bad =
            |column: &'static str, why: String| corrupt("change_override", column, row.id, why);
        let digest: [u8; 32] = row
            .evidence_digest
            .as_slice()
            .try_into()
            .map_err(|_| bad("evidence_digest", "not 32 bytes".into()))?;
        Ok(Self {
            id: row.id.into(),
            evidence_digest: EvidenceDigest(digest),
            entries: row.entries.into_iter().map(Into::into).collect(),
            reason: row.reason,
            asked_by: row.asked_by.into(),
            asked_login: Login::parse(row.asked_login).map_err(|e| bad("asked_login", e.0))?,
            asked_at: row.asked_at.to_jiff(),
            expires_at: row.expires_at.to_jiff(),
            confirmed_login: row
                .confirmed_login
                .map(Login::parse)
                .transpose()
                .map_err(|e| bad("confirmed_login", e.0))?,
            confirmed_at: row.confirmed_at.map(|t| t.to_jiff()),
        })
    }
}

/// Oldest first.
pub(in crate::changes) async fn of_change(
    conn: &mut PgConnection,
    id: ChangeId,
) -> Result<Vec<Override>> {
    let rows: Vec<Row> =
        sqlx::query_as("SELECT * FROM change_override WHERE change_id = $1 ORDER BY id")
            .bind(id.0)
            .fetch_all(conn)
            .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

pub(super) async fn insert(tx: &mut ChangeTx, change: ChangeId, asked: &Override) -> Result<()> {
    let entries: Vec<_> = asked.entries.iter().map(|id| id.0).collect();
    sqlx::query(
        "INSERT INTO change_override (id, change_id, evidence_digest, entries, reason, asked_by, asked_login, asked_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(asked.id.0)
    .bind(change.0)
    .bind(&asked.evidence_digest.0[..])
    .bind(&entries)
    .bind(&asked.reason)
    .bind(asked.asked_by.0)
    .bind(asked.asked_login.as_str())
    .bind(asked.asked_at.to_sqlx())
    .bind(asked.expires_at.to_sqlx())
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn confirm(tx: &mut ChangeTx, asked: &Override, by: &Caller) -> Result<()> {
    let now = tx.now().to_sqlx();
    sqlx::query(
        "UPDATE change_override SET confirmed_by = $2, confirmed_login = $3, confirmed_at = $4 WHERE id = $1",
    )
    .bind(asked.id.0)
    .bind(by.person.id.0)
    .bind(by.person.login.as_str())
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}
