//! Whether the database is there, is of this version, and holds the portal to its rights.

mod rows;

use crate::{Control, MIGRATOR, Result};

/// What is to be known of the database before people are let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Migrations of this build that the database has not seen.
    pub pending: usize,
    /// Migrations of the database that this build does not know: it is older than its database.
    pub unknown: usize,
    /// The role of the connection could alter or remove audit events.
    pub may_rewrite_audit: bool,
    pub role: String,
    pub version: String,
}

impl Health {
    /// In words, what keeps the portal from serving; `None` when nothing does.
    pub fn obstacle(&self) -> Option<String> {
        (self.pending > 0).then(|| {
            format!(
                "{} migrations are missing; run `portolan migrate`",
                self.pending
            )
        })
    }
}

impl Control {
    pub async fn health(&self) -> Result<Health> {
        let facts = rows::facts(self.pool()).await?;
        let ours: Vec<i64> = MIGRATOR.iter().map(|m| m.version).collect();
        let theirs = if facts.migrated {
            rows::migrations(self.pool()).await?
        } else {
            vec![]
        };
        Ok(Health {
            pending: ours.iter().filter(|v| !theirs.contains(v)).count(),
            unknown: theirs.iter().filter(|v| !ours.contains(v)).count(),
            may_rewrite_audit: facts.may_rewrite_audit,
            role: facts.role,
            version: facts.version,
        })
    }
}
