//! The audit log: what happened, newest first, with filters. Appended to by [`crate::ChangeTx`] alone.

pub(crate) mod rows;

use domain::{
    Caller, ChangeId, Event, EventId, EventKind, Outcome, RecordedKind, Refusal, RequestId,
    SubjectRef,
    policy::{ExportAudit, Read, Room},
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{Control, Page, Result, page::limit};

/// Which events. Absent filters match all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    pub kind: Option<EventKind>,
    pub login: Option<String>,
    pub subject_kind: Option<String>,
    pub subject_id: Option<String>,
    pub change: Option<ChangeId>,
    pub outcome: Option<Outcome>,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub cursor: Option<String>,
    pub limit: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditRow {
    pub id: EventId,
    pub at: Timestamp,
    pub kind: RecordedKind,
    pub outcome: Outcome,
    /// person, token, job, portal, or anonymous.
    pub door: String,
    pub login: Option<String>,
    pub subject: SubjectRef,
    pub change: Option<ChangeId>,
    pub request_id: RequestId,
    pub ip: Option<String>,
    pub policy_version: String,
    pub data: Value,
}

/// The most rows one export holds; a larger one is asked for in parts by time.
pub const EXPORT_ROWS: i64 = 100_000;
/// How many rows of an export are read at a time.
const EXPORT_CHUNK: i64 = 1_000;

impl Control {
    /// Newest first. Looking is itself an event: who looked for what.
    pub async fn audit_events(&self, caller: &Caller, query: AuditQuery) -> Result<Page<AuditRow>> {
        self.permit(caller, Read, Room::Audit).await?;
        let limit = limit(query.limit)?;
        let mut page = rows::page(self.pool(), &query, limit).await?;
        let question = asked(&query).to_string();
        page.total = Some(self.audit_count(&query, &question).await?.unsigned_abs());
        self.note_audit_read(caller, &query, question).await?;
        Ok(page)
    }

    /// How many match, counted at most a second ago.
    async fn audit_count(&self, query: &AuditQuery, question: &String) -> Result<i64> {
        if let Some(counted) = self.memory().audit_counted.get(question) {
            return Ok(counted);
        }
        let counted = rows::count(self.pool(), query).await?;
        self.memory().audit_counted.put(question.clone(), counted);
        Ok(counted)
    }

    /// Looking into the log is an event; the same person with the same question is one within a minute.
    async fn note_audit_read(
        &self,
        caller: &Caller,
        query: &AuditQuery,
        question: String,
    ) -> Result<()> {
        let key = (caller.person.id, question);
        if self.memory().audit_read.get(&key).is_none() {
            let event = Event::new(EventKind::AuditRead, SubjectRef::new("audit", "events"));
            self.record(caller, event.with(asked(query))).await?;
            self.memory().audit_read.put(key, ());
        }
        Ok(())
    }

    pub async fn audit_event(&self, caller: &Caller, id: EventId) -> Result<AuditRow> {
        self.permit(caller, Read, Room::Audit).await?;
        let found = rows::by_id(self.pool(), id).await?;
        let row = found.ok_or_else(|| Refusal::not_found("audit event with this id"))?;
        let event = Event::new(EventKind::AuditRead, SubjectRef::new("audit", id));
        self.record(caller, event).await?;
        Ok(row)
    }

    /// Rows of an export, newest first, handed out in chunks so that memory stays small.
    pub async fn audit_export(
        &self,
        caller: &Caller,
        query: AuditQuery,
        format: &str,
    ) -> Result<Export> {
        self.permit(caller, ExportAudit, Room::Audit).await?;
        let data = json!({"format": format, "query": asked(&query)});
        let event =
            Event::new(EventKind::AuditExported, SubjectRef::new("audit", "export")).with(data);
        self.record(caller, event).await?;
        Ok(Export {
            control: self.clone(),
            query,
            left: EXPORT_ROWS,
            done: false,
        })
    }
}

/// An export under way.
#[derive(Debug)]
pub struct Export {
    control: Control,
    query: AuditQuery,
    left: i64,
    done: bool,
}

impl Export {
    /// The next rows; empty at the end.
    pub async fn next(&mut self) -> Result<Vec<AuditRow>> {
        if self.done || self.left <= 0 {
            return Ok(vec![]);
        }
        let page = rows::page(
            self.control.pool(),
            &self.query,
            EXPORT_CHUNK.min(self.left),
        )
        .await?;
        self.left -= EXPORT_CHUNK;
        self.done = page.next_cursor.is_none();
        self.query.cursor = page.next_cursor;
        Ok(page.items)
    }
}

fn asked(query: &AuditQuery) -> Value {
    json!({
        "kind": query.kind, "login": query.login, "subject_kind": query.subject_kind, "subject_id": query.subject_id,
        "change": query.change, "outcome": query.outcome, "from": query.from, "until": query.until,
    })
}
