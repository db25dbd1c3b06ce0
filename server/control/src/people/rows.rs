//! SQL of people.

use std::collections::BTreeSet;

use domain::{JobRole, Login, Person, PersonId, TeamName};
use sqlx::{FromRow, PgConnection, PgPool};

use crate::{Error, Result, error::corrupt};

/// The columns a [`Person`] is made of. Select them as `p.id AS person_id, p.login, p.name, p.job_roles, p.teams`.
#[derive(Debug, FromRow)]
pub(crate) struct PersonRow {
    pub(crate) person_id: uuid::Uuid,
    pub(crate) login: String,
    pub(crate) name: String,
    pub(crate) job_roles: Vec<String>,
    pub(crate) teams: Vec<String>,
}

impl TryFrom<PersonRow> for Person {
    type Error = Error;
    fn try_from(row: PersonRow) -> Result<Self> {
        let bad = |column: &'static str, why: String| corrupt("person", column, row.person_id, why);
        let mut job_roles = BTreeSet::new();
        for role in &row.job_roles {
            job_roles.insert(role.parse::<JobRole>().map_err(|e| bad("job_roles", e))?);
        }
        let mut teams = BTreeSet::new();
        for team in &row.teams {
            teams.insert(TeamName::parse(team.clone()).map_err(|e| bad("teams", e.to_string()))?);
        }
        Ok(Self {
            id: row.person_id.into(),
            login: Login::parse(row.login.clone()).map_err(|e| bad("login", e.to_string()))?,
            name: row.name,
            job_roles,
            teams,
        })
    }
}

/// The person as they stand now. A disabled person is none.
pub(crate) async fn active(conn: &mut PgConnection, id: PersonId) -> Result<Option<Person>> {
    let row: Option<PersonRow> = sqlx::query_as(
        "SELECT p.id AS person_id, p.login, p.name, p.job_roles, p.teams
         FROM person p WHERE p.id = $1 AND p.disabled_at IS NULL",
    )
    .bind(id.0)
    .fetch_optional(conn)
    .await?;
    row.map(TryInto::try_into).transpose()
}

/// Everybody who is not disabled and has a job role: those who could ever decide. Newest sign-in first.
pub(crate) async fn entitled(pool: &PgPool, limit: i64) -> Result<Vec<Person>> {
    let rows: Vec<PersonRow> = sqlx::query_as(
        "SELECT p.id AS person_id, p.login, p.name, p.job_roles, p.teams
         FROM person p WHERE p.disabled_at IS NULL AND cardinality(p.job_roles) > 0
         ORDER BY p.signed_in_at DESC LIMIT $1",
    )
    .bind(limit)
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}
