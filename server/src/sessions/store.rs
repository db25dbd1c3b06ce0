//! The rows behind session cookies; the only SQL outside of `control`.
//!
//! A row here is a visitor. Whose session it is, is not this store's business: `control` ties it
//! to a person in one transaction with the audit event. Saving never brings back a row that was
//! removed, or signing out everywhere would not.

use std::fmt;

use async_trait::async_trait;
use control::Control;
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use serde_json::Value;
use sqlx::PgPool;
use tower_sessions::{
    SessionStore,
    cookie::time::OffsetDateTime,
    session::{Id, Record},
    session_store::{Error, Result},
};
use uuid::Uuid;

use super::hash;
use crate::AppState;

#[derive(Clone)]
pub struct Store {
    pool: PgPool,
    control: Control,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    pub(super) fn new(state: &AppState) -> Self {
        Self {
            pool: state.pool().clone(),
            control: state.control().clone(),
        }
    }

    fn after(&self, time: std::time::Duration) -> Timestamp {
        let time = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
        self.control
            .now()
            .checked_add(time)
            .unwrap_or(Timestamp::MAX)
    }

    fn idle_since(&self) -> Timestamp {
        let idle = SignedDuration::try_from(self.control.settings().times.session_idle)
            .unwrap_or(SignedDuration::MAX);
        self.control
            .now()
            .checked_sub(idle)
            .unwrap_or(Timestamp::MIN)
    }
}

fn backend(error: sqlx::Error) -> Error {
    Error::Backend(error.to_string())
}

fn data(record: &Record) -> Value {
    Value::Object(record.data.clone().into_iter().collect())
}

#[async_trait]
impl SessionStore for Store {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let now = self.control.now();
        let expires_at = self.after(self.control.settings().times.session_absolute);
        loop {
            let done = sqlx::query(
                "INSERT INTO session (id, id_hash, data, created_at, last_seen_at, expires_at)
                 VALUES ($1, $2, $3, $4, $4, $5) ON CONFLICT (id_hash) DO NOTHING",
            )
            .bind(Uuid::now_v7())
            .bind(hash(&record.id).as_slice())
            .bind(data(record))
            .bind(now.to_sqlx())
            .bind(expires_at.to_sqlx())
            .execute(&self.pool)
            .await
            .map_err(backend)?;
            if done.rows_affected() == 1 {
                return Ok(());
            }
            record.id = Id::default();
        }
    }

    async fn save(&self, record: &Record) -> Result<()> {
        // No row: the session ended while this request was under way, and stays ended.
        sqlx::query("UPDATE session SET data = $2 WHERE id_hash = $1")
            .bind(hash(&record.id).as_slice())
            .bind(data(record))
            .execute(&self.pool)
            .await
            .map_err(backend)?;
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let found: Option<(Value, jiff_sqlx::Timestamp)> = sqlx::query_as(
            "SELECT data, expires_at FROM session WHERE id_hash = $1 AND expires_at > $2 AND last_seen_at > $3",
        )
        .bind(hash(id).as_slice())
        .bind(self.control.now().to_sqlx())
        .bind(self.idle_since().to_sqlx())
        .fetch_optional(&self.pool)
        .await
        .map_err(backend)?;
        let Some((Value::Object(data), expires_at)) = found else {
            return Ok(None);
        };
        let expiry_date = OffsetDateTime::from_unix_timestamp(expires_at.to_jiff().as_second())
            .map_err(|e| Error::Decode(e.to_string()))?;
        Ok(Some(Record {
            id: *id,
            data: data.into_iter().collect(),
            expiry_date,
        }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        sqlx::query("DELETE FROM session WHERE id_hash = $1")
            .bind(hash(id).as_slice())
            .execute(&self.pool)
            .await
            .map_err(backend)?;
        Ok(())
    }
}
