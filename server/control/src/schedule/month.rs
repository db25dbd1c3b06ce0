//! A stretch of the calendar with the changes that fell in it, and what one entry held and let through.

use domain::{
    Caller, ChangeId, ChangeState, EnvironmentName, ScheduleId, ServiceName, Version,
    policy::{Read, Room},
    schedule::{Entry, Span},
};
use jiff::Timestamp;
use serde::Serialize;

use crate::{Control, Result};

/// So many entries and changes are shown of one stretch.
const MOST: i64 = 500;

/// A stretch of time with all that was or will be in force, and what started.
#[derive(Clone, Debug)]
pub struct Month {
    /// Each with the times at which it was or will be in force.
    pub entries: Vec<(Entry, Vec<Span>)>,
    /// Runs that began in it, oldest first, as far as the caller may see them.
    pub changes: Vec<DayChange>,
}

/// A change as the calendar shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DayChange {
    pub id: ChangeId,
    pub state: ChangeState,
    pub service: ServiceName,
    pub version: Version,
    pub environment: EnvironmentName,
    /// When its run began, or when it was held.
    pub at: Timestamp,
    /// It passed a freeze by an override.
    pub overridden: bool,
}

impl Control {
    pub async fn month(&self, caller: &Caller, within: Span) -> Result<Month> {
        self.policies()
            .may(caller, Read, &Room::Schedule, self.now())?;
        let visible = self.visible(caller)?;
        let entries = super::rows::meeting(self.pool(), within, &visible, MOST).await?;
        let entries = entries
            .into_iter()
            .map(|entry| {
                let spans = entry.effective(within);
                (entry, spans)
            })
            .filter(|(_, spans)| !spans.is_empty())
            .collect();
        Ok(Month {
            entries,
            changes: super::rows::days::started(self.pool(), within, &visible, MOST).await?,
        })
    }

    /// The changes that an entry held, newest first; with those that an override let through.
    pub async fn held_by(&self, caller: &Caller, id: ScheduleId) -> Result<Vec<DayChange>> {
        self.policies()
            .may(caller, Read, &Room::Schedule, self.now())?;
        super::rows::days::held(self.pool(), id, &self.visible(caller)?, 100).await
    }
}
