//! The use cases of Portolan, Postgres and the adapters to the outside.
//!
//! [`Control`] is the one way in. Each noun has two files: `<noun>.rs` (use
//! cases) and `<noun>/rows.rs` (all its SQL). Whatever writes takes a
//! [`ChangeTx`], and a `ChangeTx` commits only together with an audit event.

pub mod audit;
pub mod catalog;
pub mod changes;
pub mod clock;
mod decide;
pub mod delegations;
pub mod environments;
pub mod error;
pub mod health;
pub mod idempotency;
pub mod limits;
pub mod outside;
pub mod page;
pub mod people;
pub mod regions;
pub mod releases;
mod remembered;
pub mod rules;
pub mod runs;
pub mod schedule;
pub mod services;
pub mod sessions;
pub mod settings;
pub mod tickets;
pub mod tokens;
pub mod tx;
pub mod watch;

use std::{sync::Arc, time::Duration};

use domain::{
    RuleSet,
    policy::{PolicySet, Visibility},
};
use jiff::Timestamp;
use sqlx::PgPool;
use tokio::sync::Notify;

pub use clock::Clock;
pub use error::{Error, Result};
pub use outside::Outside;
pub use page::{Cursor, Page};
pub use settings::Settings;
pub use tx::{Actor, ChangeTx};

/// All migrations, embedded, forward only.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// Everything a use case needs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Control {
    inner: Arc<Inner>,
    pool: PgPool,
}

#[derive(Debug)]
struct Inner {
    policies: PolicySet,
    rules: rules::Shelf,
    settings: Settings,
    clock: Clock,
    outside: Outside,
    /// Rung when there is work for a worker of this process; others poll.
    work: Notify,
    services: services::Snapshots,
    memory: Memory,
}

/// Short-lived answers, none of which decides anything but a number or a list's filter.
#[derive(Debug)]
struct Memory {
    /// What a person may see follows from their standing and the policies, which are fixed for this process.
    visible: remembered::Remembered<changes::Standing, Visibility>,
    calendar: schedule::Kept,
    changes_counted: remembered::Remembered<String, i64>,
    audit_counted: remembered::Remembered<String, i64>,
    environment_names: remembered::Remembered<(), Arc<[domain::EnvironmentName]>>,
    /// Who has looked at which part of the audit log within the last minute.
    audit_read: remembered::Remembered<(domain::PersonId, String), ()>,
}

impl Default for Memory {
    fn default() -> Self {
        let second = Duration::from_secs(1);
        Self {
            visible: remembered::Remembered::new(Duration::from_secs(300), 2_000),
            calendar: schedule::Kept::default(),
            changes_counted: remembered::Remembered::new(second, 500),
            audit_counted: remembered::Remembered::new(second, 500),
            environment_names: remembered::Remembered::new(second, 1),
            audit_read: remembered::Remembered::new(Duration::from_secs(60), 2_000),
        }
    }
}

impl Control {
    pub fn new(
        pool: PgPool,
        policies: PolicySet,
        rules: RuleSet,
        settings: Settings,
        clock: Clock,
        outside: Outside,
    ) -> Self {
        let (work, services) = (Notify::new(), services::Snapshots::default());
        Self {
            pool,
            inner: Arc::new(Inner {
                policies,
                rules: rules::Shelf::new(rules),
                settings,
                clock,
                outside,
                work,
                services,
                memory: Memory::default(),
            }),
        }
    }

    /// The same over other connections: for the worker, whose leases must not wait for a crowd of readers.
    #[must_use]
    pub fn over(&self, pool: PgPool) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            pool,
        }
    }

    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }
    pub fn policies(&self) -> &PolicySet {
        &self.inner.policies
    }
    pub(crate) fn shelf(&self) -> &rules::Shelf {
        &self.inner.rules
    }
    pub fn outside(&self) -> &Outside {
        &self.inner.outside
    }
    /// For reads. Writes go through [`Control::begin`].
    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }
    pub(crate) fn work(&self) -> &Notify {
        &self.inner.work
    }
    fn memory(&self) -> &Memory {
        &self.inner.memory
    }
    pub(crate) fn snapshots(&self) -> &services::Snapshots {
        &self.inner.services
    }

    /// Whether the database answers; for readiness.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query("SELECT 1").execute(self.pool()).await?;
        Ok(())
    }
}

/// A new id; UUIDv7, so that ids sort by time.
pub(crate) fn new_id<T: From<uuid::Uuid>>() -> T {
    T::from(uuid::Uuid::now_v7())
}
