//! SQL of the changes that fell in a stretch of the calendar.

use std::collections::HashSet;

use domain::{
    EnvironmentName, ScheduleId, ServiceName, Version, policy::Visibility, schedule::Span,
};
use jiff_sqlx::ToSqlx;
use sqlx::{FromRow, PgPool};

use crate::{Result, error::corrupt, schedule::DayChange};

#[derive(FromRow)]
struct Row {
    id: uuid::Uuid,
    state: String,
    service: String,
    version: String,
    environment: String,
    at: jiff_sqlx::Timestamp,
    overridden: bool,
}

impl TryFrom<Row> for DayChange {
    type Error = crate::Error;
    fn try_from(row: Row) -> Result<Self> {
        let bad = |column: &'static str, why: String| corrupt("change", column, row.id, why);
        Ok(Self {
            id: row.id.into(),
            state: row.state.parse().map_err(|e| bad("state", e))?,
            service: ServiceName::parse(row.service).map_err(|e| bad("service", e.0))?,
            version: Version::parse(row.version).map_err(|e| bad("version", e.0))?,
            environment: EnvironmentName::parse(row.environment)
                .map_err(|e| bad("environment", e.0))?,
            at: row.at.to_jiff(),
            overridden: row.overridden,
        })
    }
}

/// The teams to look at; none for all.
fn teams(visible: &Visibility) -> Option<Vec<String>> {
    match visible {
        Visibility::All => None,
        Visibility::Teams(teams) => Some(teams.iter().map(ToString::to_string).collect()),
    }
}

/// What began within the stretch, oldest first.
pub(in crate::schedule) async fn started(
    pool: &PgPool,
    within: Span,
    visible: &Visibility,
    most: i64,
) -> Result<Vec<DayChange>> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT c.id, c.state, c.service, c.version, c.environment, r.started_at AS at,
                EXISTS (SELECT FROM change_override o WHERE o.change_id = c.id AND o.confirmed_at <= r.started_at AND o.expires_at > r.started_at) AS overridden
         FROM run r JOIN change c ON c.id = r.change_id
         WHERE r.started_at >= $1 AND r.started_at < $2 AND ($3::text[] IS NULL OR c.team = ANY($3)) ORDER BY r.started_at LIMIT $4",
    )
    .bind(within.from.to_sqlx())
    .bind(within.until.to_sqlx())
    .bind(teams(visible))
    .bind(most)
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// What an entry held, or an override let past it, newest first.
pub(in crate::schedule) async fn held(
    pool: &PgPool,
    id: ScheduleId,
    visible: &Visibility,
    most: i64,
) -> Result<Vec<DayChange>> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT c.id, c.state, c.service, c.version, c.environment, min(h.at) AS at, bool_or(h.overridden) AS overridden
         FROM (SELECT change_id, at, false AS overridden FROM change_hold WHERE entry_id = $1
               UNION ALL SELECT change_id, confirmed_at, true FROM change_override WHERE entries @> ARRAY[$1] AND confirmed_at IS NOT NULL) h
         JOIN change c ON c.id = h.change_id WHERE $2::text[] IS NULL OR c.team = ANY($2)
         GROUP BY c.id ORDER BY c.id DESC LIMIT $3",
    )
    .bind(id.0)
    .bind(teams(visible))
    .bind(most)
    .fetch_all(pool)
    .await?;
    let found = rows
        .into_iter()
        .map(TryInto::try_into)
        .collect::<Result<Vec<DayChange>>>()?;
    debug_assert_eq!(
        found.iter().map(|c| c.id).collect::<HashSet<_>>().len(),
        found.len()
    );
    Ok(found)
}
