//! SQL of the audit log.

use domain::{Event, EventId, EventKind, Outcome, SubjectRef, canonical};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use serde_json::{Value, json};
use sqlx::{FromRow, PgConnection, PgPool};

use super::{AuditQuery, AuditRow};
use crate::{Actor, Cursor, Page, Result, error::corrupt, new_id};

/// Adds the events and marks them for the sequencer. No sequence number, no lock, no NOTIFY:
/// each of those would make every write of the portal wait for every other.
pub(crate) async fn append(
    conn: &mut PgConnection,
    actor: &Actor,
    now: Timestamp,
    policy_version: &str,
    events: impl Iterator<Item = Event>,
) -> Result<()> {
    for event in events {
        let id: EventId = new_id();
        let (door, person, credential, request_id, ip) = match actor {
            Actor::Caller(caller) => {
                let credential = match &caller.kind {
                    domain::CallerKind::Person { session, .. } => Some(session.0),
                    domain::CallerKind::Token { token, .. } => Some(token.0),
                    domain::CallerKind::Job { step } => step.map(|s| s.0),
                };
                (
                    caller.kind.as_str(),
                    Some(&caller.person),
                    credential,
                    caller.request_id,
                    caller.ip.as_ref(),
                )
            }
            Actor::Anonymous { request_id, ip } => {
                ("anonymous", None, None, *request_id, ip.as_ref())
            }
            Actor::Portal { request_id } => ("portal", None, None, *request_id, None),
        };
        let record = canonical::to_string(&json!({
            "schema": 1,
            "id": id, "at": now, "kind": event.kind, "outcome": event.outcome,
            "door": door, "person": person.map(|p| p.id), "login": person.map(|p| &p.login),
            "credential": credential, "subject": event.subject, "change": event.change,
            "request_id": request_id, "ip": ip, "policy_version": policy_version,
            "data": event.data,
        }))?;
        sqlx::query(
            "WITH added AS (
                 INSERT INTO audit_event (id, at, kind, outcome, door, person_id, person_login, credential_id,
                     subject_kind, subject_id, change_id, request_id, ip, policy_version, record)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) RETURNING id)
             INSERT INTO audit_pending SELECT id FROM added",
        )
        .bind(id.0)
        .bind(now.to_sqlx())
        .bind(event.kind.as_str())
        .bind(event.outcome.as_str())
        .bind(door)
        .bind(person.map(|p| p.id.0))
        .bind(person.map(|p| p.login.as_str()))
        .bind(credential)
        .bind(&event.subject.kind)
        .bind(event.subject.id.chars().take(200).collect::<String>())
        .bind(event.change.map(|c| c.0))
        .bind(request_id.0)
        .bind(ip)
        .bind(policy_version)
        .bind(&record)
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

#[derive(FromRow)]
struct Row {
    id: uuid::Uuid,
    at: jiff_sqlx::Timestamp,
    kind: String,
    outcome: String,
    door: String,
    person_login: Option<String>,
    subject_kind: String,
    subject_id: String,
    change_id: Option<uuid::Uuid>,
    request_id: uuid::Uuid,
    ip: Option<String>,
    policy_version: String,
    record: String,
}

impl TryFrom<Row> for AuditRow {
    type Error = crate::Error;
    fn try_from(row: Row) -> Result<Self> {
        let bad = |column: &'static str, why: String| corrupt("audit_event", column, row.id, why);
        let record: Value =
            serde_json::from_str(&row.record).map_err(|e| bad("record", e.to_string()))?;
        Ok(Self {
            id: row.id.into(),
            at: row.at.to_jiff(),
            kind: row.kind.parse().map_err(|e| bad("kind", e))?,
            outcome: row.outcome.parse().map_err(|e| bad("outcome", e))?,
            door: row.door,
            login: row.person_login,
            subject: SubjectRef {
                kind: row.subject_kind,
                id: row.subject_id,
            },
            change: row.change_id.map(Into::into),
            request_id: row.request_id.into(),
            ip: row.ip,
            policy_version: row.policy_version,
            data: record.get("data").cloned().unwrap_or_default(),
        })
    }
}

/// The condition both statements share; ids are UUIDv7, so a bound of time is a bound of ids.
macro_rules! matching {
    ($select:literal, $end:literal) => {
        concat!(
            $select,
            " FROM audit_event WHERE ($1::text IS NULL OR kind = $1) AND ($2::text IS NULL OR person_login = $2)
              AND ($3::text IS NULL OR subject_kind = $3) AND ($4::text IS NULL OR subject_id = $4)
              AND ($5::uuid IS NULL OR change_id = $5) AND ($6::text IS NULL OR outcome = $6)
              AND ($7::uuid IS NULL OR id >= $7) AND ($8::uuid IS NULL OR id < $8)",
            $end
        )
    };
}

/// The smallest UUIDv7 of a moment.
fn first_id(at: Timestamp) -> uuid::Uuid {
    let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}

pub(super) async fn page(pool: &PgPool, query: &AuditQuery, limit: i64) -> Result<Page<AuditRow>> {
    let before = match &query.cursor {
        Some(text) => Some(
            Cursor::decode(text, 1)?.0[0]
                .parse::<uuid::Uuid>()
                .map_err(|_| Cursor::broken())?,
        ),
        None => None,
    };
    let until = query.until.map(first_id);
    let before = match (before, until) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    let rows: Vec<Row> = sqlx::query_as(matching!(
        "SELECT id, at, kind, outcome, door, person_login, subject_kind, subject_id, change_id, request_id, ip, policy_version, record",
        " ORDER BY id DESC LIMIT $9"
    ))
    .bind(query.kind.map(EventKind::as_str))
    .bind(&query.login)
    .bind(&query.subject_kind)
    .bind(&query.subject_id)
    .bind(query.change.map(|c| c.0))
    .bind(query.outcome.map(Outcome::as_str))
    .bind(query.from.map(first_id))
    .bind(before)
    .bind(limit + 1)
    .fetch_all(pool)
    .await?;
    let items = rows
        .into_iter()
        .map(TryInto::try_into)
        .collect::<Result<Vec<AuditRow>>>()?;
    Ok(Page::cut(items, limit, |r| vec![r.id.to_string()]))
}

/// How many match, up to 10,001.
pub(super) async fn count(pool: &PgPool, query: &AuditQuery) -> Result<i64> {
    Ok(sqlx::query_scalar(matching!(
        "SELECT count(*) FROM (SELECT 1",
        " LIMIT 10001) AS counted"
    ))
    .bind(query.kind.map(EventKind::as_str))
    .bind(&query.login)
    .bind(&query.subject_kind)
    .bind(&query.subject_id)
    .bind(query.change.map(|c| c.0))
    .bind(query.outcome.map(Outcome::as_str))
    .bind(query.from.map(first_id))
    .bind(query.until.map(first_id))
    .fetch_one(pool)
    .await?)
}

pub(super) async fn by_id(pool: &PgPool, id: EventId) -> Result<Option<AuditRow>> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT id, at, kind, outcome, door, person_login, subject_kind, subject_id, change_id, request_id, ip, policy_version, record
         FROM audit_event WHERE id = $1",
    )
    .bind(id.0)
    .fetch_optional(pool)
    .await?;
    row.map(TryInto::try_into).transpose()
}
