//! SQL of API tokens.

use std::collections::BTreeSet;

use domain::{Person, PersonId, Scope, TokenId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{FromRow, PgPool};

use super::TokenRow;
use crate::{ChangeTx, Result, error::corrupt, people::rows::PersonRow};

#[derive(Debug, FromRow)]
struct Row {
    id: uuid::Uuid,
    name: String,
    hint: String,
    scopes: Vec<String>,
    created_at: jiff_sqlx::Timestamp,
    expires_at: jiff_sqlx::Timestamp,
    last_used_at: Option<jiff_sqlx::Timestamp>,
}

impl TryFrom<Row> for TokenRow {
    type Error = crate::Error;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: row.id.into(),
            scopes: scopes(row.id, &row.scopes)?,
            name: row.name,
            hint: row.hint,
            created_at: row.created_at.to_jiff(),
            expires_at: row.expires_at.to_jiff(),
            last_used_at: row.last_used_at.map(|t| t.to_jiff()),
        })
    }
}

fn scopes(id: uuid::Uuid, texts: &[String]) -> Result<BTreeSet<Scope>> {
    texts
        .iter()
        .map(|text| {
            text.parse()
                .map_err(|e| corrupt("api_token", "scopes", id, e))
        })
        .collect()
}

pub(super) async fn active_count(tx: &mut ChangeTx, person: PersonId) -> Result<i64> {
    let now = tx.now();
    Ok(sqlx::query_scalar(
        "SELECT count(*) FROM api_token WHERE person_id = $1 AND revoked_at IS NULL AND expires_at > $2",
    )
    .bind(person.0)
    .bind(now.to_sqlx())
    .fetch_one(tx.conn())
    .await?)
}

pub(super) async fn insert(
    tx: &mut ChangeTx,
    person: PersonId,
    parent: Option<TokenId>,
    row: &TokenRow,
    hash: [u8; 32],
) -> Result<()> {
    let scopes: Vec<_> = row.scopes.iter().map(|s| s.as_str()).collect();
    sqlx::query(
        "INSERT INTO api_token (id, person_id, parent_id, name, hash, hint, scopes, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(row.id.0)
    .bind(person.0)
    .bind(parent.map(|id| id.0))
    .bind(&row.name)
    .bind(hash.as_slice())
    .bind(&row.hint)
    .bind(&scopes)
    .bind(row.created_at.to_sqlx())
    .bind(row.expires_at.to_sqlx())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Not revoked, newest first. Expired ones too, so that people see why something stopped working.
pub(super) async fn of_person(pool: &PgPool, person: PersonId) -> Result<Vec<TokenRow>> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, name, hint, scopes, created_at, expires_at, last_used_at FROM api_token
         WHERE person_id = $1 AND revoked_at IS NULL ORDER BY created_at DESC, id DESC LIMIT 200",
    )
    .bind(person.0)
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

pub(super) async fn owner(pool: &PgPool, id: TokenId) -> Result<Option<PersonId>> {
    let owner: Option<uuid::Uuid> =
        sqlx::query_scalar("SELECT person_id FROM api_token WHERE id = $1")
            .bind(id.0)
            .fetch_optional(pool)
            .await?;
    Ok(owner.map(PersonId))
}

/// When a token ends that is still good; it stays good until the end of this transaction.
pub(super) async fn hold(tx: &mut ChangeTx, id: TokenId) -> Result<Option<Timestamp>> {
    let ends: Option<jiff_sqlx::Timestamp> = sqlx::query_scalar(
        "SELECT expires_at FROM api_token WHERE id = $1 AND revoked_at IS NULL FOR SHARE",
    )
    .bind(id.0)
    .fetch_optional(tx.conn())
    .await?;
    Ok(ends.map(|ends| ends.to_jiff()))
}

/// Ends what was made with tokens of this person that have ended, generation by generation: whoever makes one at
/// this moment holds its parent, so that the next look finds it. How many there were.
pub(super) async fn revoke_orphans(tx: &mut ChangeTx, owner: PersonId) -> Result<u64> {
    let now = tx.now().to_sqlx();
    let mut all = 0;
    loop {
        let done = sqlx::query(
            "UPDATE api_token c SET revoked_at = $2 FROM api_token p
             WHERE c.person_id = $1 AND c.revoked_at IS NULL AND p.id = c.parent_id AND p.revoked_at IS NOT NULL",
        )
        .bind(owner.0)
        .bind(now)
        .execute(tx.conn())
        .await?;
        if done.rows_affected() == 0 {
            return Ok(all);
        }
        all += done.rows_affected();
    }
}

/// Ends all tokens of a person. How many there were.
pub(crate) async fn revoke_of_person(tx: &mut ChangeTx, person: PersonId) -> Result<u64> {
    let now = tx.now().to_sqlx();
    let done = sqlx::query(
        "UPDATE api_token SET revoked_at = $2 WHERE person_id = $1 AND revoked_at IS NULL",
    )
    .bind(person.0)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

/// False when there is no such token, or it was revoked before.
pub(super) async fn revoke(tx: &mut ChangeTx, id: TokenId, owner: PersonId) -> Result<bool> {
    let now = tx.now();
    let done = sqlx::query(
        "UPDATE api_token SET revoked_at = $3 WHERE id = $1 AND person_id = $2 AND revoked_at IS NULL",
    )
    .bind(id.0)
    .bind(owner.0)
    .bind(now.to_sqlx())
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

#[derive(Debug, FromRow)]
struct FoundRow {
    id: uuid::Uuid,
    scopes: Vec<String>,
    expires_at: jiff_sqlx::Timestamp,
    last_used_at: Option<jiff_sqlx::Timestamp>,
    revoked: bool,
    person_disabled: bool,
    signed_in_at: jiff_sqlx::Timestamp,
    #[sqlx(flatten)]
    person: PersonRow,
}

#[derive(Debug)]
pub(super) struct Found {
    pub(super) id: TokenId,
    pub(super) scopes: BTreeSet<Scope>,
    pub(super) expires_at: Timestamp,
    pub(super) last_used_at: Option<Timestamp>,
    pub(super) revoked: bool,
    pub(super) person_disabled: bool,
    /// When the owner last signed in, which is when their job roles and teams were read.
    pub(super) signed_in_at: Timestamp,
    pub(super) person: Person,
}

pub(super) async fn by_hash(pool: &PgPool, hash: [u8; 32]) -> Result<Option<Found>> {
    let row: Option<FoundRow> = sqlx::query_as(
        "SELECT t.id, t.scopes, t.expires_at, t.last_used_at, t.revoked_at IS NOT NULL AS revoked,
                p.disabled_at IS NOT NULL AS person_disabled, p.signed_in_at,
                p.id AS person_id, p.login, p.name, p.job_roles, p.teams
         FROM api_token t JOIN person p ON p.id = t.person_id WHERE t.hash = $1",
    )
    .bind(hash.as_slice())
    .fetch_optional(pool)
    .await?;
    row.map(|row| {
        Ok(Found {
            id: row.id.into(),
            scopes: scopes(row.id, &row.scopes)?,
            expires_at: row.expires_at.to_jiff(),
            last_used_at: row.last_used_at.map(|t| t.to_jiff()),
            revoked: row.revoked,
            person_disabled: row.person_disabled,
            signed_in_at: row.signed_in_at.to_jiff(),
            person: row.person.try_into()?,
        })
    })
    .transpose()
}

/// True for one of several requests that use the token first in an hour.
pub(super) async fn used_first_since(
    tx: &mut ChangeTx,
    id: TokenId,
    began: Timestamp,
) -> Result<bool> {
    let now = tx.now();
    let done = sqlx::query(
        "UPDATE api_token SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $3)",
    )
    .bind(id.0)
    .bind(now.to_sqlx())
    .bind(began.to_sqlx())
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn touch(pool: &PgPool, id: TokenId, now: Timestamp) -> Result<()> {
    sqlx::query("UPDATE api_token SET last_used_at = $2 WHERE id = $1 AND last_used_at < $2")
        .bind(id.0)
        .bind(now.to_sqlx())
        .execute(pool)
        .await?;
    Ok(())
}
