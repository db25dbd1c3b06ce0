//! SQL of the queue: one statement for a page of changes, on the index of what waits.

use std::collections::HashMap;

use domain::ChangeId;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use super::COUNTED;
use crate::Result;

pub(super) struct Place {
    /// How many start before it; none where somebody has to start it.
    pub(super) ahead: Option<i64>,
    pub(super) holder: Option<Uuid>,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    ahead: Option<i64>,
    holder: Option<Uuid>,
}

pub(super) async fn places(pool: &PgPool, changes: &[Uuid]) -> Result<HashMap<ChangeId, Place>> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT c.id,
             CASE WHEN c.start_mode = 'on_approval' THEN
                 (SELECT count(*) FROM (SELECT 1 FROM change w WHERE w.service = c.service AND w.environment = c.environment
                      AND w.state = 'approved' AND w.start_mode = 'on_approval' AND w.id < c.id LIMIT $2) AS before) END AS ahead,
             (SELECT h.id FROM change h WHERE h.service = c.service AND h.environment = c.environment
                  AND h.state IN ('running', 'needs_attention')) AS holder
         FROM change c WHERE c.id = ANY($1) AND c.state = 'approved'",
    )
    .bind(changes)
    .bind(COUNTED)
    .fetch_all(pool)
    .await?;
    let places = rows.into_iter().map(|row| {
        let place = Place {
            ahead: row.ahead,
            holder: row.holder,
        };
        (ChangeId(row.id), place)
    });
    Ok(places.collect())
}
