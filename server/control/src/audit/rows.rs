//! SQL of the audit log.

use domain::{Event, EventId, canonical};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use serde_json::json;
use sqlx::PgConnection;

use crate::{Actor, Result, new_id};

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
        .bind(&event.subject.id)
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
