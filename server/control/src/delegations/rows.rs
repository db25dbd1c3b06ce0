//! SQL of delegations.

use domain::{DelegationId, EnvironmentName, Login, Person, PersonId, TeamName};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{AssertSqlSafe, FromRow, PgConnection, PgExecutor, PgPool};

use super::{Delegation, NewDelegation};
use crate::{
    ChangeTx, Page, Result,
    error::corrupt,
    page::Cursor,
    people::{PersonRef, rows::PersonRow},
};

#[derive(FromRow)]
struct Row {
    id: uuid::Uuid,
    by_id: uuid::Uuid,
    by_login: String,
    by_name: String,
    to_id: uuid::Uuid,
    to_login: String,
    to_name: String,
    team: Option<String>,
    environment: Option<String>,
    from_at: jiff_sqlx::Timestamp,
    until_at: jiff_sqlx::Timestamp,
    reason: String,
    made_at: jiff_sqlx::Timestamp,
    ended_at: Option<jiff_sqlx::Timestamp>,
    ended_by: Option<String>,
}

/// What is read of one, and of whom: everybody, or those of one person, on either side.
const FOUND: &str =
    "SELECT d.id, f.id AS by_id, f.login AS by_login, f.name AS by_name, t.id AS to_id, t.login AS to_login,
            t.name AS to_name, d.team, d.environment, d.from_at, d.until_at, d.reason, d.made_at, d.ended_at,
            e.login AS ended_by
     FROM delegation d JOIN person f ON f.id = d.from_person JOIN person t ON t.id = d.to_person
     LEFT JOIN person e ON e.id = d.ended_by
     WHERE ($1::uuid IS NULL OR d.from_person = $1 OR d.to_person = $1)";
const LIST: &str = "delegations";

/// Newest first; of one person, or of all.
pub(super) async fn page(
    pool: &PgPool,
    of: Option<PersonId>,
    cursor: Option<&str>,
    limit: i64,
) -> Result<Page<Delegation>> {
    let after = match cursor {
        None => None,
        Some(text) => {
            let Cursor(keys) = Cursor::decode(text, 1, LIST)?;
            Some(
                keys[0]
                    .parse::<uuid::Uuid>()
                    .map_err(|_| Cursor::broken())?,
            )
        }
    };
    let sql = format!("{FOUND} AND ($2::uuid IS NULL OR d.id < $2) ORDER BY d.id DESC LIMIT $3");
    let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(of.map(|id| id.0))
        .bind(after)
        .bind(limit + 1)
        .fetch_all(pool)
        .await?;
    let all = rows
        .into_iter()
        .map(TryInto::try_into)
        .collect::<Result<Vec<Delegation>>>()?;
    Ok(Page::cut(all, limit, LIST, |one| vec![one.id.to_string()]))
}

pub(super) async fn by_id(
    pool: &PgPool,
    of: Option<PersonId>,
    id: DelegationId,
) -> Result<Option<Delegation>> {
    let row: Option<Row> = sqlx::query_as(AssertSqlSafe(format!("{FOUND} AND d.id = $2")))
        .bind(of.map(|id| id.0))
        .bind(id.0)
        .fetch_optional(pool)
        .await?;
    row.map(TryInto::try_into).transpose()
}

impl TryFrom<Row> for Delegation {
    type Error = crate::Error;
    fn try_from(row: Row) -> Result<Self> {
        let id = row.id;
        let bad = |column: &'static str, why: String| corrupt("delegation", column, id, why);
        let person = |id: uuid::Uuid, login: String, name: String| {
            let login = Login::parse(login).map_err(|e| bad("login", e.to_string()))?;
            Ok::<_, crate::Error>(PersonRef {
                id: id.into(),
                login,
                name,
            })
        };
        let team = row.team.map(TeamName::parse).transpose();
        let environment = row.environment.map(EnvironmentName::parse).transpose();
        Ok(Self {
            id: id.into(),
            by: person(row.by_id, row.by_login, row.by_name)?,
            to: person(row.to_id, row.to_login, row.to_name)?,
            team: team.map_err(|e| bad("team", e.to_string()))?,
            environment: environment.map_err(|e| bad("environment", e.to_string()))?,
            from: row.from_at.to_jiff(),
            until: row.until_at.to_jiff(),
            reason: row.reason,
            made_at: row.made_at.to_jiff(),
            ended_at: row.ended_at.map(jiff_sqlx::Timestamp::to_jiff),
            ended_by: row
                .ended_by
                .map(|login| Login::parse(login).map_err(|e| bad("ended_by", e.to_string())))
                .transpose()?,
        })
    }
}

/// Somebody who may come in, and whose groups still hold.
pub(super) async fn by_login(
    db: impl PgExecutor<'_>,
    login: &Login,
    since: Timestamp,
) -> Result<Option<Person>> {
    let row: Option<PersonRow> = sqlx::query_as(
        "SELECT p.id AS person_id, p.login, p.name, p.job_roles, p.teams FROM person p
         WHERE lower(p.login) = lower($1) AND p.disabled_at IS NULL AND p.signed_in_at > $2",
    )
    .bind(login.as_str())
    .bind(since.to_sqlx())
    .fetch_optional(db)
    .await?;
    row.map(TryInto::try_into).transpose()
}

pub(super) async fn insert(
    tx: &mut ChangeTx,
    id: DelegationId,
    by: PersonId,
    to: PersonId,
    new: &NewDelegation,
) -> Result<()> {
    let now = tx.now().to_sqlx();
    sqlx::query(
        "INSERT INTO delegation (id, from_person, to_person, team, environment, from_at, until_at, reason, made_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(id.0)
    .bind(by.0)
    .bind(to.0)
    .bind(new.team.as_ref().map(TeamName::as_str))
    .bind(new.environment.as_ref().map(EnvironmentName::as_str))
    .bind(new.from.to_sqlx())
    .bind(new.until.to_sqlx())
    .bind(new.reason.as_str())
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// False when it has ended already.
pub(super) async fn end(tx: &mut ChangeTx, id: DelegationId, by: PersonId) -> Result<bool> {
    let now = tx.now().to_sqlx();
    let done = sqlx::query(
        "UPDATE delegation SET ended_at = $2, ended_by = $3 WHERE id = $1 AND ended_at IS NULL AND until_at > $2",
    )
    .bind(id.0)
    .bind(now)
    .bind(by.0)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Somebody who is stood in for, as they stand themselves, and for what.
#[derive(Clone, Debug)]
pub(crate) struct Behind {
    pub(crate) by: DelegationId,
    pub(crate) person: Person,
    team: Option<String>,
    environment: Option<String>,
}

impl Behind {
    pub(crate) fn covers(&self, change: &domain::Change) -> bool {
        self.team
            .as_deref()
            .is_none_or(|team| team == change.team.as_str())
            && self
                .environment
                .as_deref()
                .is_none_or(|e| e == change.environment.as_str())
    }
}

#[derive(FromRow)]
struct BehindRow {
    id: uuid::Uuid,
    team: Option<String>,
    environment: Option<String>,
    #[sqlx(flatten)]
    person: PersonRow,
}

/// Whom this person stands in for now. Nobody is stood in for who is shut out or has not signed in since.
pub(crate) async fn behind(
    conn: &mut PgConnection,
    to: PersonId,
    now: Timestamp,
    since: Timestamp,
) -> Result<Vec<Behind>> {
    let rows: Vec<BehindRow> = sqlx::query_as(
        "SELECT d.id, d.team, d.environment, p.id AS person_id, p.login, p.name, p.job_roles, p.teams
         FROM delegation d JOIN person p ON p.id = d.from_person
         WHERE d.to_person = $1 AND d.ended_at IS NULL AND d.from_at <= $2 AND d.until_at > $2
           AND p.disabled_at IS NULL AND p.signed_in_at > $3 ORDER BY d.id",
    )
    .bind(to.0)
    .bind(now.to_sqlx())
    .bind(since.to_sqlx())
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Behind {
                by: row.id.into(),
                person: row.person.try_into()?,
                team: row.team,
                environment: row.environment,
            })
        })
        .collect()
}
