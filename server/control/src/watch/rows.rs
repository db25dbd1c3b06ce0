//! SQL of the small question.

use domain::{ChangeId, Person, TeamName};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::{FromRow, PgPool};

use super::Moment;
use crate::{Result, error::corrupt, people::rows::PersonRow};

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

/// The person a session that has not ended belongs to. A disabled person is none.
pub(super) async fn person_of_session(
    pool: &PgPool,
    session: uuid::Uuid,
    now: Timestamp,
    idle_since: Timestamp,
) -> Result<Option<Person>> {
    let row: Option<PersonRow> = sqlx::query_as(
        "SELECT p.id AS person_id, p.login, p.name, p.job_roles, p.teams
         FROM session s JOIN person p ON p.id = s.person_id
         WHERE s.id = $1 AND s.expires_at > $2 AND s.last_seen_at > $3 AND p.disabled_at IS NULL",
    )
    .bind(session)
    .bind(now.to_sqlx())
    .bind(idle_since.to_sqlx())
    .fetch_optional(pool)
    .await?;
    row.map(TryInto::try_into).transpose()
}

/// The owner of a token that is still good. A disabled person is none.
pub(super) async fn person_of_token(
    pool: &PgPool,
    token: uuid::Uuid,
    now: Timestamp,
    standing_since: Timestamp,
) -> Result<Option<Person>> {
    let row: Option<PersonRow> = sqlx::query_as(
        "SELECT p.id AS person_id, p.login, p.name, p.job_roles, p.teams
         FROM api_token t JOIN person p ON p.id = t.person_id
         WHERE t.id = $1 AND t.expires_at > $2 AND t.revoked_at IS NULL AND p.disabled_at IS NULL
           AND p.signed_in_at > $3",
    )
    .bind(token)
    .bind(now.to_sqlx())
    .bind(standing_since.to_sqlx())
    .fetch_optional(pool)
    .await?;
    row.map(TryInto::try_into).transpose()
}
