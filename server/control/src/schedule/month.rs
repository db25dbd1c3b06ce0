//! A stretch of the calendar with the changes that fell in it, and what one entry held and let through.

use std::collections::HashSet;

use domain::{
    Caller, ChangeId, ChangeState, EnvironmentName, ScheduleId, ServiceName, Version,
    policy::{Read, Room, Visibility},
    schedule::{Entry, Span},
};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use serde::Serialize;
use sqlx::{FromRow, PgPool};

use crate::{Control, Result, error::corrupt};

/// So many entries and changes are shown of one stretch.
const MOST: i64 = 500;

/// A stretch of time with all that was or will be in force, and what started.
#[derive(Clone, Debug)]
pub struct Month {
    /// Each with the times at which it was or will be in force.
    pub entries: Vec<(Entry, Vec<Span>)>,
    /// Runs that began in it, oldest first, as far as the caller may see them.
    pub changes: Vec<DayChange>,
}

/// A change as the calendar shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DayChange {
    pub id: ChangeId,
    pub state: ChangeState,
    pub service: ServiceName,
    pub version: Version,
    pub environment: EnvironmentName,
    /// When its run began, or when it was held.
    pub at: Timestamp,
    /// It passed a freeze by an override.
    pub overridden: bool,
}

impl Control {
    pub async fn month(&self, caller: &Caller, within: Span) -> Result<Month> {
        self.policies()
            .may(caller, Read, &Room::Schedule, self.now())?;
        let visible = self.visible(caller)?;
        let entries = super::rows::meeting(self.pool(), within, MOST).await?;
        let entries = entries
            .into_iter()
            .map(|entry| {
                let spans = entry.effective(within);
                (entry, spans)
            })
            .filter(|(_, spans)| !spans.is_empty())
            .collect();
        Ok(Month {
            entries,
            changes: started(self.pool(), within, &visible, MOST).await?,
        })
    }

    /// The changes that an entry held, newest first; with those that an override let through.
    pub async fn held_by(&self, caller: &Caller, id: ScheduleId) -> Result<Vec<DayChange>> {
        self.policies()
            .may(caller, Read, &Room::Schedule, self.now())?;
        held(self.pool(), id, &self.visible(caller)?, 100).await
    }
}

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

async fn started(
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

async fn held(
    pool: &PgPool,
    id: ScheduleId,
    visible: &Visibility,
    most: i64,
) -> Result<Vec<DayChange>> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT c.id, c.state, c.service, c.version, c.environment, min(h.at) AS at, bool_or(h.overridden) AS overridden
         FROM (SELECT change_id, at, false AS overridden FROM change_hold WHERE entry_id = $1
               UNION ALL SELECT change_id, confirmed_at, true FROM change_override WHERE freezes @> ARRAY[$1] AND confirmed_at IS NOT NULL) h
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
