//! SQL of sessions, sign-ins under way and used logout tokens. The session store of the server
//! makes and removes the rows of visitors; what ties a row to a person is here.

use domain::{Person, PersonId, SessionId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{FromRow, PgPool};

use super::{BackchannelLogout, Hash, LoginAttempt, SessionRow, SignIn};
use crate::{ChangeTx, Error, Result, people::rows::PersonRow};

// Not printable: it holds the secrets of a sign-in.
#[derive(FromRow)]
struct AttemptRow {
    state: String,
    nonce: String,
    pkce_verifier: String,
    return_to: String,
    step_up_of: Option<uuid::Uuid>,
}

pub(super) async fn insert_attempt(
    pool: &PgPool,
    id: Hash,
    attempt: &LoginAttempt,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO login_attempt (id_hash, state, nonce, pkce_verifier, return_to, step_up_of, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(id.as_slice())
    .bind(&attempt.state)
    .bind(&attempt.nonce)
    .bind(&attempt.pkce_verifier)
    .bind(&attempt.return_to)
    .bind(attempt.step_up_of.map(|p| p.0))
    .bind(now.to_sqlx())
    .bind(expires_at.to_sqlx())
    .execute(pool)
    .await?;
    Ok(())
}

pub(super) async fn take_attempt(
    pool: &PgPool,
    id: Hash,
    now: Timestamp,
) -> Result<Option<LoginAttempt>> {
    let row: Option<AttemptRow> = sqlx::query_as(
        "WITH taken AS (DELETE FROM login_attempt WHERE id_hash = $1
                        RETURNING state, nonce, pkce_verifier, return_to, step_up_of, expires_at)
         SELECT state, nonce, pkce_verifier, return_to, step_up_of FROM taken WHERE expires_at > $2",
    )
    .bind(id.as_slice())
    .bind(now.to_sqlx())
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| LoginAttempt {
        state: row.state,
        nonce: row.nonce,
        pkce_verifier: row.pkce_verifier,
        return_to: row.return_to,
        step_up_of: row.step_up_of.map(PersonId),
    }))
}

#[derive(Debug, FromRow)]
struct BoundRow {
    session_id: uuid::Uuid,
    auth_time: jiff_sqlx::Timestamp,
    mfa: bool,
    last_seen_at: jiff_sqlx::Timestamp,
    #[sqlx(flatten)]
    person: PersonRow,
}

#[derive(Debug)]
pub(super) struct Bound {
    pub(super) session: SessionId,
    pub(super) person: Person,
    pub(super) auth_time: Timestamp,
    pub(super) mfa: bool,
    pub(super) last_seen_at: Timestamp,
}

pub(super) async fn bound(
    pool: &PgPool,
    id: Hash,
    now: Timestamp,
    idle_since: Timestamp,
) -> Result<Option<Bound>> {
    let row: Option<BoundRow> = sqlx::query_as(
        "SELECT s.id AS session_id, s.auth_time, s.mfa, s.last_seen_at,
                p.id AS person_id, p.login, p.name, p.job_roles, p.teams
         FROM session s JOIN person p ON p.id = s.person_id
         WHERE s.id_hash = $1 AND s.expires_at > $2 AND s.last_seen_at > $3
           AND s.auth_time IS NOT NULL AND p.disabled_at IS NULL",
    )
    .bind(id.as_slice())
    .bind(now.to_sqlx())
    .bind(idle_since.to_sqlx())
    .fetch_optional(pool)
    .await?;
    row.map(|row| {
        Ok(Bound {
            session: row.session_id.into(),
            person: row.person.try_into()?,
            auth_time: row.auth_time.to_jiff(),
            mfa: row.mfa,
            last_seen_at: row.last_seen_at.to_jiff(),
        })
    })
    .transpose()
}

/// Not an error when it touches nothing: the session may have ended a moment ago.
pub(super) async fn touch(pool: &PgPool, id: Hash, now: Timestamp) -> Result<()> {
    sqlx::query("UPDATE session SET last_seen_at = $2 WHERE id_hash = $1 AND last_seen_at < $2")
        .bind(id.as_slice())
        .bind(now.to_sqlx())
        .execute(pool)
        .await?;
    Ok(())
}

/// The id of a session that is nobody's yet.
pub(super) async fn unbound(pool: &PgPool, id: Hash) -> Result<Option<SessionId>> {
    let id: Option<uuid::Uuid> =
        sqlx::query_scalar("SELECT id FROM session WHERE id_hash = $1 AND person_id IS NULL")
            .bind(id.as_slice())
            .fetch_optional(pool)
            .await?;
    Ok(id.map(SessionId))
}

#[derive(Debug)]
pub(super) struct Known {
    pub(super) id: PersonId,
    pub(super) disabled: bool,
}

/// The person of this identity, if they were here before.
pub(super) async fn identity(pool: &PgPool, issuer: &str, subject: &str) -> Result<Option<Known>> {
    let row: Option<(uuid::Uuid, bool)> = sqlx::query_as(
        "SELECT id, disabled_at IS NOT NULL FROM person WHERE issuer = $1 AND subject = $2",
    )
    .bind(issuer)
    .bind(subject)
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|(id, disabled)| Known {
        id: id.into(),
        disabled,
    }))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Upserted {
    Done,
    /// Another person has this sign-in name.
    LoginTaken,
    /// The same identity was inserted or disabled meanwhile.
    Raced,
}

pub(super) async fn upsert_person(
    tx: &mut ChangeTx,
    new: &SignIn,
    person: &Person,
) -> Result<Upserted> {
    let now = tx.now();
    let job_roles: Vec<_> = person.job_roles.iter().map(|r| r.as_str()).collect();
    let teams: Vec<_> = person.teams.iter().map(domain::TeamName::as_str).collect();
    let done = sqlx::query(
        "INSERT INTO person (id, issuer, subject, login, name, email, job_roles, teams, created_at, signed_in_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
         ON CONFLICT (issuer, subject) DO UPDATE SET login = excluded.login, name = excluded.name, email = excluded.email,
             job_roles = excluded.job_roles, teams = excluded.teams, signed_in_at = excluded.signed_in_at
         WHERE person.id = excluded.id AND person.disabled_at IS NULL",
    )
    .bind(person.id.0)
    .bind(&new.issuer)
    .bind(&new.subject)
    .bind(person.login.as_str())
    .bind(&person.name)
    .bind(&new.email)
    .bind(&job_roles)
    .bind(&teams)
    .bind(now.to_sqlx())
    .execute(tx.conn())
    .await;
    match done {
        Ok(done) if done.rows_affected() == 1 => Ok(Upserted::Done),
        Ok(_) => Ok(Upserted::Raced),
        Err(sqlx::Error::Database(error)) if error.constraint() == Some("person_login") => {
            Ok(Upserted::LoginTaken)
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn bind(tx: &mut ChangeTx, new: &SignIn, person: PersonId) -> Result<()> {
    let now = tx.now();
    let done = sqlx::query(
        "UPDATE session SET person_id = $2, auth_time = $3, mfa = $4, idp_sid = $5, id_token = $6, last_seen_at = $7,
             ip = $8, user_agent = $9
         WHERE id_hash = $1 AND person_id IS NULL",
    )
    .bind(new.session.as_slice())
    .bind(person.0)
    .bind(new.authentication.auth_time.to_sqlx())
    .bind(new.authentication.mfa)
    .bind(&new.idp_sid)
    .bind(&new.id_token)
    .bind(now.to_sqlx())
    .bind(&new.ip)
    .bind(&new.user_agent)
    .execute(tx.conn())
    .await?;
    if done.rows_affected() != 1 {
        return Err(Error::fault(anyhow::anyhow!("the session to bind is gone")));
    }
    Ok(())
}

#[derive(Debug, FromRow)]
struct ListedRow {
    id: uuid::Uuid,
    user_agent: Option<String>,
    ip: Option<String>,
    mfa: bool,
    auth_time: jiff_sqlx::Timestamp,
    last_seen_at: jiff_sqlx::Timestamp,
    expires_at: jiff_sqlx::Timestamp,
}

/// What is open, the last used first.
pub(super) async fn of_person(
    pool: &PgPool,
    person: PersonId,
    now: Timestamp,
    idle_since: Timestamp,
) -> Result<Vec<SessionRow>> {
    let rows: Vec<ListedRow> = sqlx::query_as(
        "SELECT id, user_agent, ip, mfa, auth_time, last_seen_at, expires_at FROM session
         WHERE person_id = $1 AND expires_at > $2 AND last_seen_at > $3 AND auth_time IS NOT NULL
         ORDER BY last_seen_at DESC, id LIMIT 100",
    )
    .bind(person.0)
    .bind(now.to_sqlx())
    .bind(idle_since.to_sqlx())
    .fetch_all(pool)
    .await?;
    let rows = rows.into_iter().map(|row| SessionRow {
        id: row.id.into(),
        user_agent: row.user_agent,
        ip: row.ip,
        mfa: row.mfa,
        auth_time: row.auth_time.to_jiff(),
        last_seen_at: row.last_seen_at.to_jiff(),
        expires_at: row.expires_at.to_jiff(),
    });
    Ok(rows.collect())
}

/// False when it is nobody's, another person's, or has ended already.
pub(super) async fn delete_one_of_person(
    tx: &mut ChangeTx,
    person: PersonId,
    session: SessionId,
) -> Result<bool> {
    let done = sqlx::query("DELETE FROM session WHERE id = $1 AND person_id = $2")
        .bind(session.0)
        .bind(person.0)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes one session and answers its sealed ID token.
pub(super) async fn delete(tx: &mut ChangeTx, id: Hash) -> Result<Option<String>> {
    let token: Option<Option<String>> =
        sqlx::query_scalar("DELETE FROM session WHERE id_hash = $1 RETURNING id_token")
            .bind(id.as_slice())
            .fetch_optional(tx.conn())
            .await?;
    Ok(token.flatten())
}

pub(crate) async fn delete_of_person(tx: &mut ChangeTx, person: PersonId) -> Result<u64> {
    let done = sqlx::query("DELETE FROM session WHERE person_id = $1")
        .bind(person.0)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected())
}

/// False when this token was used before.
pub(super) async fn use_logout_token(
    tx: &mut ChangeTx,
    logout: &BackchannelLogout,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO logout_token (issuer, jti, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    )
    .bind(&logout.issuer)
    .bind(&logout.jti)
    .bind(logout.expires_at.to_sqlx())
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// With a `sid` that session; else all of the subject. With both, the session must be the subject's.
pub(super) async fn delete_of_idp(tx: &mut ChangeTx, logout: &BackchannelLogout) -> Result<u64> {
    let done = sqlx::query(
        "DELETE FROM session s USING person p
         WHERE p.id = s.person_id AND p.issuer = $1
           AND ($2::text IS NULL OR s.idp_sid = $2) AND ($3::text IS NULL OR p.subject = $3)
           AND ($2::text IS NOT NULL OR $3::text IS NOT NULL)",
    )
    .bind(&logout.issuer)
    .bind(&logout.sid)
    .bind(&logout.subject)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

pub(super) async fn sweep(pool: &PgPool, now: Timestamp, idle_since: Timestamp) -> Result<()> {
    sqlx::query("DELETE FROM session WHERE expires_at <= $1 OR last_seen_at <= $2")
        .bind(now.to_sqlx())
        .bind(idle_since.to_sqlx())
        .execute(pool)
        .await?;
    sqlx::query("DELETE FROM login_attempt WHERE expires_at <= $1")
        .bind(now.to_sqlx())
        .execute(pool)
        .await?;
    sqlx::query("DELETE FROM logout_token WHERE expires_at <= $1")
        .bind(now.to_sqlx())
        .execute(pool)
        .await?;
    Ok(())
}
