//! The write transaction. It commits together with at least one event, which is
//! the audit record, or not at all.

use domain::{Caller, Event, RequestId};
use jiff::Timestamp;
use sqlx::{PgConnection, Postgres, Transaction};

use crate::{Control, Result, audit};

/// Who a transaction is written for.
#[derive(Clone, Debug)]
pub enum Actor {
    Caller(Box<Caller>),
    /// Somebody who has not signed in: a refused sign-in, a bad token, a ticket.
    Anonymous {
        request_id: RequestId,
        ip: Option<String>,
    },
    /// The portal itself, where nobody asks: configuration applied at start, time that ran out.
    Portal {
        request_id: RequestId,
    },
}

impl From<&Caller> for Actor {
    fn from(caller: &Caller) -> Self {
        Self::Caller(Box::new(caller.clone()))
    }
}

/// A write under way. Dropped without [`ChangeTx::commit`], nothing has happened.
#[derive(Debug)]
#[must_use = "nothing is written until it is committed with an event"]
pub struct ChangeTx {
    tx: Transaction<'static, Postgres>,
    actor: Actor,
    now: Timestamp,
    policy_version: String,
}

impl Control {
    pub async fn begin(&self, actor: impl Into<Actor>) -> Result<ChangeTx> {
        Ok(ChangeTx {
            tx: self.pool().begin().await?,
            actor: actor.into(),
            now: self.now(),
            policy_version: self.policies().version().to_owned(),
        })
    }

    /// A transaction that nobody asked for.
    pub(crate) async fn begin_as_portal(&self) -> Result<ChangeTx> {
        self.begin(Actor::Portal {
            request_id: crate::new_id(),
        })
        .await
    }

    /// Records one event that has no other effect in the database.
    pub async fn record(&self, actor: impl Into<Actor>, event: Event) -> Result<()> {
        self.begin(actor).await?.commit(event, vec![]).await
    }
}

impl ChangeTx {
    /// The time of this transaction: one for all its rows.
    pub fn now(&self) -> Timestamp {
        self.now
    }
    pub fn actor(&self) -> &Actor {
        &self.actor
    }
    /// For `rows.rs` files.
    pub(crate) fn conn(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// Writes the events and commits.
    pub async fn commit(mut self, event: Event, more: Vec<Event>) -> Result<()> {
        audit::rows::append(
            &mut self.tx,
            &self.actor,
            self.now,
            &self.policy_version,
            std::iter::once(event).chain(more),
        )
        .await?;
        self.tx.commit().await?;
        Ok(())
    }
}
