//! SQL of the small question.

use domain::{ChangeId, TeamName};
use sqlx::{FromRow, PgPool};

use super::Moment;
use crate::{Result, error::corrupt};

#[derive(Debug, FromRow)]
struct Row {
    state: String,
    version_no: i64,
    last_line: i64,
    team: String,
}

#[derive(Debug)]
pub(super) struct Found {
    pub(super) moment: Moment,
    pub(super) team: TeamName,
}

pub(super) async fn moment(pool: &PgPool, id: ChangeId) -> Result<Option<Found>> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT c.state, c.version_no, c.team,
                coalesce((SELECT max(l.seq) FROM run_log l JOIN run r ON r.id = l.run_id WHERE r.change_id = c.id), 0) AS last_line
         FROM change c WHERE c.id = $1",
    )
    .bind(id.0)
    .fetch_optional(pool)
    .await?;
    row.map(|row| {
        Ok(Found {
            moment: Moment {
                state: row
                    .state
                    .parse()
                    .map_err(|e| corrupt("change", "state", id, e))?,
                version_no: row.version_no,
                last_line: row.last_line,
            },
            team: TeamName::parse(row.team).map_err(|e| corrupt("change", "team", id, e))?,
        })
    })
    .transpose()
}
