//! SQL of people.

use std::{collections::BTreeSet, time::Duration};

use domain::{JobRole, Login, Person, PersonId, TeamName};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::{FromRow, PgConnection, PgPool};

use super::{KnownPerson, PeopleQuery};
use crate::{ChangeTx, Cursor, Error, Page, Result, error::corrupt};

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

/// The person with whether their last sign-in is older than `since`. A disabled person is none.
pub(crate) async fn standing(
    conn: &mut PgConnection,
    id: PersonId,
    since: Timestamp,
) -> Result<Option<(Person, bool)>> {
    #[derive(FromRow)]
    struct Row {
        lapsed: bool,
        #[sqlx(flatten)]
        person: PersonRow,
    }
    let row: Option<Row> = sqlx::query_as(
        "SELECT p.signed_in_at <= $2 AS lapsed, p.id AS person_id, p.login, p.name, p.job_roles, p.teams
         FROM person p WHERE p.id = $1 AND p.disabled_at IS NULL",
    )
    .bind(id.0)
    .bind(since.to_sqlx())
    .fetch_optional(conn)
    .await?;
    row.map(|row| Ok((row.person.try_into()?, row.lapsed)))
        .transpose()
}

/// Holds the person as they are until the end of the transaction; false when they are disabled.
pub(crate) async fn hold_active(tx: &mut ChangeTx, id: PersonId) -> Result<bool> {
    let row: Option<i32> =
        sqlx::query_scalar("SELECT 1 FROM person WHERE id = $1 AND disabled_at IS NULL FOR SHARE")
            .bind(id.0)
            .fetch_optional(tx.conn())
            .await?;
    Ok(row.is_some())
}

/// Why nothing may be done in a person's name any more, as the beginning of a sentence; none while they stand. By the
/// database's clock: one process' clock may jump.
pub(crate) async fn lost(
    conn: &mut PgConnection,
    id: PersonId,
    login: &Login,
    standing: Duration,
) -> Result<Option<String>> {
    #[derive(FromRow)]
    struct Row {
        disabled_at: Option<jiff_sqlx::Timestamp>,
        bare: bool,
        lapsed: bool,
    }
    let row: Option<Row> = sqlx::query_as(
        "SELECT disabled_at, cardinality(job_roles) = 0 AS bare, signed_in_at <= now() - make_interval(secs => $2) AS lapsed
         FROM person WHERE id = $1",
    )
    .bind(id.0)
    .bind(standing.as_secs_f64())
    .fetch_optional(conn)
    .await?;
    Ok(match row {
        None => Some(format!("{login} is not known any more")),
        Some(row) => match row.disabled_at {
            Some(at) => {
                let at = at.to_jiff().strftime("%Y-%m-%d %H:%M UTC");
                Some(format!("{login} is disabled since {at}"))
            }
            None if row.bare => Some(format!("{login} has no job role any more")),
            None if row.lapsed => Some(format!(
                "{login} has not signed in for so long that their groups may have changed"
            )),
            None => None,
        },
    })
}

#[derive(FromRow)]
struct FoundRow {
    disabled: bool,
    #[sqlx(flatten)]
    person: PersonRow,
}

#[derive(Debug)]
pub(super) struct Found {
    pub(super) person: Person,
    pub(super) disabled: bool,
}

/// Locks the person: a sign-in under way is over before, or is refused after.
pub(super) async fn for_update(tx: &mut ChangeTx, id: PersonId) -> Result<Option<Found>> {
    let row: Option<FoundRow> = sqlx::query_as(
        "SELECT p.disabled_at IS NOT NULL AS disabled, p.id AS person_id, p.login, p.name, p.job_roles, p.teams
         FROM person p WHERE p.id = $1 FOR UPDATE",
    )
    .bind(id.0)
    .fetch_optional(tx.conn())
    .await?;
    row.map(|row| {
        Ok(Found {
            person: row.person.try_into()?,
            disabled: row.disabled,
        })
    })
    .transpose()
}

pub(super) async fn disable(tx: &mut ChangeTx, id: PersonId) -> Result<()> {
    let now = tx.now().to_sqlx();
    sqlx::query("UPDATE person SET disabled_at = $2, void_until = $2 WHERE id = $1")
        .bind(id.0)
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// False when somebody else has the sign-in name by now.
pub(super) async fn enable(tx: &mut ChangeTx, id: PersonId) -> Result<bool> {
    let done = sqlx::query("UPDATE person SET disabled_at = NULL WHERE id = $1")
        .bind(id.0)
        .execute(tx.conn())
        .await;
    match done {
        Ok(_) => Ok(true),
        Err(sqlx::Error::Database(error)) if error.constraint() == Some("person_login") => {
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(FromRow)]
struct KnownRow {
    state: String,
    signed_in_at: jiff_sqlx::Timestamp,
    disabled_at: Option<jiff_sqlx::Timestamp>,
    #[sqlx(flatten)]
    person: PersonRow,
}

impl TryFrom<KnownRow> for KnownPerson {
    type Error = Error;
    fn try_from(row: KnownRow) -> Result<Self> {
        let person: Person = row.person.try_into()?;
        Ok(Self {
            state: row
                .state
                .parse()
                .map_err(|e| corrupt("person", "state", person.id, e))?,
            id: person.id,
            login: person.login,
            name: person.name,
            job_roles: person.job_roles.into_iter().collect(),
            teams: person.teams.into_iter().collect(),
            signed_in_at: row.signed_in_at.to_jiff(),
            disabled_at: row.disabled_at.map(|at| at.to_jiff()),
        })
    }
}

/// Who there is, with their state; `$1` is since when a sign-in counts.
macro_rules! known {
    ($end:literal) => {
        concat!(
            "SELECT * FROM (
                 SELECT p.id AS person_id, p.login, p.name, p.job_roles, p.teams, p.signed_in_at, p.disabled_at,
                     CASE WHEN p.disabled_at IS NOT NULL THEN 'disabled' WHEN p.signed_in_at <= $1 THEN 'lapsed'
                          ELSE 'active' END AS state
                 FROM person p) AS known",
            $end
        )
    };
}

pub(super) async fn by_id(
    pool: &PgPool,
    id: PersonId,
    since: Timestamp,
) -> Result<Option<KnownPerson>> {
    let row: Option<KnownRow> = sqlx::query_as(known!(" WHERE person_id = $2"))
        .bind(since.to_sqlx())
        .bind(id.0)
        .fetch_optional(pool)
        .await?;
    row.map(TryInto::try_into).transpose()
}

pub(super) async fn page(
    pool: &PgPool,
    query: &PeopleQuery,
    since: Timestamp,
    limit: i64,
) -> Result<Page<KnownPerson>> {
    let of = format!("people {:?}", query.state);
    let (login, id) = match &query.cursor {
        Some(text) => {
            let keys = Cursor::decode(text, 2, &of)?.0;
            let id: uuid::Uuid = keys[1].parse().map_err(|_| Cursor::broken())?;
            (Some(keys[0].clone()), Some(id))
        }
        None => (None, None),
    };
    let rows: Vec<KnownRow> = sqlx::query_as(known!(
        " WHERE ($2::text IS NULL OR state = $2) AND ($3::text IS NULL OR (lower(login), person_id) > ($3, $4))
          ORDER BY lower(login), person_id LIMIT $5"
    ))
    .bind(since.to_sqlx())
    .bind(query.state.map(domain::PersonState::as_str))
    .bind(login)
    .bind(id)
    .bind(limit + 1)
    .fetch_all(pool)
    .await?;
    let items = rows
        .into_iter()
        .map(TryInto::try_into)
        .collect::<Result<Vec<KnownPerson>>>()?;
    Ok(Page::cut(items, limit, &of, |p| {
        vec![p.login.as_str().to_lowercase(), p.id.to_string()]
    }))
}
