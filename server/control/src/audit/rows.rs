//! SQL of the audit log.

use domain::{Event, EventId, RecordedKind, SubjectRef, canonical};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use serde_json::{Value, json};
use sqlx::{FromRow, PgConnection, PgPool, Postgres, QueryBuilder};

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
            kind: RecordedKind::read(row.kind),
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

/// The smallest UUIDv7 of a moment.
fn first_id(at: Timestamp) -> uuid::Uuid {
    let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}

/// Adds the conditions of a query, only those that are asked for (see `changes/rows/list.rs`). Ids are UUIDv7, so a bound of
/// time is a bound of ids.
fn push_filter(sql: &mut QueryBuilder<Postgres>, query: &AuditQuery) {
    sql.push(" FROM audit_event WHERE true");
    let equal = [
        (" AND kind = ", query.kind.map(|k| k.as_str().to_owned())),
        (" AND person_login = ", query.login.clone()),
        (" AND subject_kind = ", query.subject_kind.clone()),
        (" AND subject_id = ", query.subject_id.clone()),
    ];
    for (condition, value) in equal {
        if let Some(value) = value {
            sql.push(condition).push_bind(value);
        }
    }
    if let Some(outcome) = query.outcome {
        // Three texts, not a parameter: the index of what did not succeed serves only who names it.
        sql.push(" AND outcome = '")
            .push(outcome.as_str())
            .push("'");
    }
    if let Some(change) = query.change {
        sql.push(" AND change_id = ").push_bind(change.0);
    }
    if let Some(from) = query.from {
        sql.push(" AND id >= ").push_bind(first_id(from));
    }
    if let Some(until) = query.until {
        sql.push(" AND id < ").push_bind(first_id(until));
    }
}

pub(super) async fn page(pool: &PgPool, query: &AuditQuery, limit: i64) -> Result<Page<AuditRow>> {
    let asked = AuditQuery {
        cursor: None,
        limit: None,
        ..query.clone()
    };
    let of = format!("{asked:?}");
    let mut sql = QueryBuilder::new(
        "SELECT id, at, kind, outcome, door, person_login, subject_kind, subject_id, change_id, request_id, ip, policy_version, record",
    );
    push_filter(&mut sql, query);
    if let Some(text) = &query.cursor {
        let before = Cursor::decode(text, 1, &of)?.0[0]
            .parse::<uuid::Uuid>()
            .map_err(|_| Cursor::broken())?;
        sql.push(" AND id < ").push_bind(before);
    }
    sql.push(" ORDER BY id DESC LIMIT ").push_bind(limit + 1);
    let rows: Vec<Row> = sql.build_query_as().fetch_all(pool).await?;
    let items = rows
        .into_iter()
        .map(TryInto::try_into)
        .collect::<Result<Vec<_>>>()?;
    Ok(Page::cut(items, limit, &of, |r| vec![r.id.to_string()]))
}

/// How many match, up to 10,001.
pub(super) async fn count(pool: &PgPool, query: &AuditQuery) -> Result<i64> {
    let mut sql = QueryBuilder::new("SELECT count(*) FROM (SELECT 1");
    push_filter(&mut sql, query);
    sql.push(" LIMIT 10001) AS counted");
    Ok(sql.build_query_scalar().fetch_one(pool).await?)
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
