//! SQL of stored answers.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{FromRow, PgPool};

use super::{Answer, KeyedRequest};
use crate::{Result, error::corrupt};

#[derive(Debug, FromRow)]
struct Row {
    route: String,
    request_hash: Vec<u8>,
    status: Option<i16>,
    content_type: Option<String>,
    location: Option<String>,
    body: Option<Vec<u8>>,
    created_at: jiff_sqlx::Timestamp,
}

#[derive(Debug)]
pub(super) struct Stored {
    pub(super) route: String,
    pub(super) hash: Vec<u8>,
    pub(super) answer: Option<Answer>,
    pub(super) created_at: Timestamp,
}

/// True when the key was free, or its answer is too old to count.
pub(super) async fn insert(
    pool: &PgPool,
    request: &KeyedRequest,
    now: Timestamp,
    kept_since: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO idempotency (person_id, key, route, request_hash, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (person_id, key) DO UPDATE SET route = excluded.route, request_hash = excluded.request_hash,
             status = NULL, content_type = NULL, location = NULL, body = NULL, created_at = excluded.created_at
         WHERE idempotency.created_at < $6",
    )
    .bind(request.person.0)
    .bind(&request.key)
    .bind(&request.route)
    .bind(request.hash.as_slice())
    .bind(now.to_sqlx())
    .bind(kept_since.to_sqlx())
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn find(pool: &PgPool, request: &KeyedRequest) -> Result<Option<Stored>> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT route, request_hash, status, content_type, location, body, created_at FROM idempotency WHERE person_id = $1 AND key = $2",
    )
    .bind(request.person.0)
    .bind(&request.key)
    .fetch_optional(pool)
    .await?;
    row.map(|row| {
        let answer = match row.status {
            None => None,
            Some(status) => Some(Answer {
                status: u16::try_from(status)
                    .map_err(|e| corrupt("idempotency", "status", &request.key, e))?,
                content_type: row.content_type.unwrap_or_default(),
                location: row.location,
                body: row.body.unwrap_or_default(),
            }),
        };
        Ok(Stored {
            route: row.route,
            hash: row.request_hash,
            answer,
            created_at: row.created_at.to_jiff(),
        })
    })
    .transpose()
}

pub(super) async fn finish(pool: &PgPool, request: &KeyedRequest, answer: &Answer) -> Result<()> {
    let done = sqlx::query(
        "UPDATE idempotency SET status = $3, content_type = $4, body = $5, location = $6 WHERE person_id = $1 AND key = $2 AND status IS NULL",
    )
    .bind(request.person.0)
    .bind(&request.key)
    .bind(i16::try_from(answer.status).unwrap_or(i16::MAX))
    .bind(&answer.content_type)
    .bind(&answer.body)
    .bind(&answer.location)
    .execute(pool)
    .await?;
    if done.rows_affected() != 1 {
        // The request has been done all the same; only a repetition of it would not be recognised.
        tracing::warn!(
            route = request.route,
            "the answer to a keyed request could not be kept"
        );
    }
    Ok(())
}

pub(super) async fn abandon(pool: &PgPool, request: &KeyedRequest) -> Result<()> {
    sqlx::query("DELETE FROM idempotency WHERE person_id = $1 AND key = $2 AND status IS NULL")
        .bind(request.person.0)
        .bind(&request.key)
        .execute(pool)
        .await?;
    Ok(())
}

pub(super) async fn sweep(pool: &PgPool, kept_since: Timestamp) -> Result<()> {
    sqlx::query("DELETE FROM idempotency WHERE created_at < $1")
        .bind(kept_since.to_sqlx())
        .execute(pool)
        .await?;
    Ok(())
}
