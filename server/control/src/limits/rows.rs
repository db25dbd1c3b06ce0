//! SQL of the rate limits.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use sqlx::PgPool;

use crate::Result;

/// Longer than any window.
const KEPT: SignedDuration = SignedDuration::from_hours(2);

/// Adds one and answers how many there are now.
pub(super) async fn add(pool: &PgPool, bucket: &str, start: Timestamp) -> Result<i64> {
    let count: i32 = sqlx::query_scalar(
        "INSERT INTO rate_limit (bucket, window_start, count) VALUES ($1, $2, 1)
         ON CONFLICT (bucket, window_start) DO UPDATE SET count = least(rate_limit.count + 1, 2000000000)
         RETURNING count",
    )
    .bind(bucket)
    .bind(start.to_sqlx())
    .fetch_one(pool)
    .await?;
    Ok(count.into())
}

pub(super) async fn count(pool: &PgPool, bucket: &str, start: Timestamp) -> Result<i64> {
    let count: Option<i32> =
        sqlx::query_scalar("SELECT count FROM rate_limit WHERE bucket = $1 AND window_start = $2")
            .bind(bucket)
            .bind(start.to_sqlx())
            .fetch_optional(pool)
            .await?;
    Ok(count.unwrap_or(0).into())
}

pub(super) async fn sweep(pool: &PgPool, now: Timestamp) -> Result<()> {
    sqlx::query("DELETE FROM rate_limit WHERE window_start < $1")
        .bind((now - KEPT).to_sqlx())
        .execute(pool)
        .await?;
    Ok(())
}
