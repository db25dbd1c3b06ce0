//! The queue in front of a target. One change of a service runs in an environment at a time; the others wait, in the
//! order in which they were asked for, and say for whom and behind how many.

mod rows;

use domain::{Caller, ChangeId, ChangeState, Evidence, Login, RegionName, Version, policy::Read};
use serde::Serialize;

use super::{ChangeRow, rows as changes};
use crate::{Control, Result};

/// Places are counted to here; further back is "more than".
pub const COUNTED: i64 = 1_000;

/// What an approved change waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Queued {
    /// 1 is next. None for a change that somebody must start, which stands in no queue.
    pub place: Option<i64>,
    /// What holds the target now. None while it is free, or where the caller may not know of it.
    pub holder: Option<Holder>,
    /// Somebody holds it, whether the caller may know who or not.
    pub held: bool,
    /// What of the calendar holds it, in a sentence, as of the last look a moment ago.
    pub calendar: Option<String>,
    /// Once the holder has succeeded, this change is out of date: it was asked for over something else. False where that was
    /// not looked at.
    pub outdated: bool,
}

/// The change that runs, or needs attention, in the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Holder {
    pub id: ChangeId,
    pub state: ChangeState,
    pub version: Version,
    pub requester: Login,
    /// What it brings to each of its regions.
    pub brings: Vec<(RegionName, Version)>,
}

impl Queued {
    /// In a sentence: what it waits for.
    pub fn words(&self) -> String {
        if let Some(waits) = &self.calendar {
            return waits.clone();
        }
        let held = match &self.holder {
            Some(holder) if holder.state == ChangeState::NeedsAttention => {
                format!("the change to {}, which needs attention", holder.version)
            }
            Some(holder) => format!("the change to {}, which runs", holder.version),
            None if self.held => "another change of the same service and environment".to_owned(),
            None => "a worker".to_owned(),
        };
        let then = if self.outdated {
            " Once that has succeeded, this change is out of date and has to be asked for again."
        } else {
            ""
        };
        match self.place {
            None | Some(1) => format!("Waits for {held}.{then}"),
            Some(2) => format!("Waits for {held}, and for one change before it.{then}"),
            Some(n) if n > COUNTED => {
                format!(
                    "Waits for {held}, and for more than {} changes before it.{then}",
                    COUNTED - 1
                )
            }
            Some(n) => format!(
                "Waits for {held}, and for {} changes before it.{then}",
                n - 1
            ),
        }
    }
}

/// Whether what was asked for over what ran then is out of date once the holder has brought what it brings.
pub(super) fn outdates(evidence: &Evidence, holder: &Holder) -> bool {
    evidence.targets.iter().any(|target| {
        let mut brought = holder.brings.iter().filter(|(r, _)| *r == target.region);
        let current = target.current.as_ref().map(|current| &current.version);
        brought.any(|(_, version)| Some(version) != current)
    })
}

fn brings(evidence: &Evidence) -> Vec<(RegionName, Version)> {
    let each = evidence.targets.iter();
    each.map(|target| (target.region.clone(), evidence.becomes(target).version))
        .collect()
}

impl Control {
    /// Says of each approved change what it waits for.
    pub(super) async fn queue(&self, caller: &Caller, page: &mut [ChangeRow]) -> Result<()> {
        let waiting: Vec<_> = page
            .iter()
            .filter(|row| row.state == ChangeState::Approved)
            .map(|row| row.id.0)
            .collect();
        if waiting.is_empty() {
            return Ok(());
        }
        let places = rows::places(self.pool(), &waiting).await?;
        let holders: Vec<_> = places.values().filter_map(|place| place.holder).collect();
        let mut conn = self.pool().acquire().await?;
        let holders = changes::by_ids(&mut conn, &holders).await?;
        drop(conn);
        for row in page {
            let Some(place) = places.get(&row.id) else {
                continue;
            };
            let holder = holders
                .iter()
                .find(|stored| Some(stored.change.id.0) == place.holder)
                .filter(|stored| {
                    let known = self
                        .policies()
                        .may(caller, Read, &stored.change, self.now());
                    known.is_ok()
                });
            row.queued = Some(Queued {
                place: place.ahead.map(|ahead| ahead + 1),
                held: place.holder.is_some(),
                calendar: row.state_reason.clone(),
                outdated: false,
                holder: holder.map(|stored| Holder {
                    id: stored.change.id,
                    state: stored.change.state,
                    version: stored.change.version.clone(),
                    requester: stored.change.requester_login.clone(),
                    brings: brings(&stored.evidence),
                }),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_say_for_whom_and_behind_how_many() {
        let queued = |place, held| {
            Queued {
                place,
                holder: None,
                held,
                calendar: None,
                outdated: false,
            }
            .words()
        };
        assert_eq!(queued(Some(1), false), "Waits for a worker.");
        let other = "another change of the same service and environment";
        assert_eq!(queued(None, true), format!("Waits for {other}."));
        assert_eq!(
            queued(Some(2), true),
            format!("Waits for {other}, and for one change before it.")
        );
        assert_eq!(
            queued(Some(4), true),
            format!("Waits for {other}, and for 3 changes before it.")
        );
        assert!(queued(Some(COUNTED + 1), true).contains("more than 999"));
    }
}
