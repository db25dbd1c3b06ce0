//! The build queue: quiet period, folding of identical items, executors, and items that have left.

use std::collections::BTreeMap;

use super::parameters::{Kind, Parameter};

/// Left items are forgotten after five minutes.
const REMEMBERED_MS: i64 = 300_000;
/// Between leaving the queue and the build's existence: `executable` is null that long.
const HANDOVER_MS: i64 = 30;

/// Where an item is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the quiet period, until this moment.
    Waiting(i64),
    /// Its job forbids concurrent builds and one runs.
    Blocked,
    /// Wants an executor.
    Buildable,
    /// Taken by an executor at this moment; the build does not exist yet.
    Pending(i64),
    /// Has become a build, or was cancelled.
    Left { at: i64, build: Option<u64> },
}

/// One item.
#[derive(Debug, Clone)]
pub struct Item {
    pub id: u64,
    pub job: String,
    pub parameters: Vec<Parameter>,
    pub user: String,
    /// When it came, milliseconds since 1970.
    pub since: i64,
    pub place: Place,
}

/// Whether a job's builds may overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concurrency {
    Free,
    /// `disableConcurrentBuilds`.
    OneAtATime {
        running: bool,
    },
}

/// What cancelling came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Cancelled {
    Done,
    Unknown,
    /// Has already left the queue.
    TooLate,
}

/// The queue.
#[derive(Debug, Default)]
pub struct Queue {
    items: BTreeMap<u64, Item>,
    next: u64,
}

impl Item {
    /// Still in the queue, where folding and cancelling can reach it.
    pub fn waits(&self) -> bool {
        matches!(
            self.place,
            Place::Waiting(_) | Place::Blocked | Place::Buildable
        )
    }
}

impl Queue {
    /// Schedules a build, or folds into an identical waiting item. The flag says whether the item is new.
    pub fn schedule(
        &mut self,
        job: &str,
        parameters: Vec<Parameter>,
        user: &str,
        now: i64,
        quiet_ms: i64,
    ) -> (u64, bool) {
        let twin = self
            .items
            .values()
            .find(|item| item.waits() && item.job == job && same(&item.parameters, &parameters));
        if let Some(twin) = twin {
            return (twin.id, false);
        }
        self.next += 1;
        let id = self.next;
        let item = Item {
            id,
            job: job.to_owned(),
            parameters,
            user: user.to_owned(),
            since: now,
            place: Place::Waiting(now + quiet_ms),
        };
        self.items.insert(id, item);
        (id, true)
    }

    /// Moves items on. `free` says how many executors are idle, `concurrency` what a job allows.
    /// Returns the items whose build has to be made now.
    pub fn advance(
        &mut self,
        now: i64,
        mut free: usize,
        concurrency: impl Fn(&str) -> Concurrency,
    ) -> Vec<Item> {
        self.items.retain(
            |_, item| !matches!(item.place, Place::Left { at, .. } if at + REMEMBERED_MS <= now),
        );
        let mut begin = Vec::new();
        let mut taken: Vec<String> = self
            .items
            .values()
            .filter(|item| matches!(item.place, Place::Pending(_)))
            .map(|item| item.job.clone())
            .collect();
        free = free.saturating_sub(taken.len());
        for item in self.items.values_mut() {
            if let Place::Pending(since) = item.place {
                if since + HANDOVER_MS <= now {
                    begin.push(item.clone());
                }
                continue;
            }
            let quiet = matches!(item.place, Place::Waiting(until) if until > now);
            if quiet || !item.waits() {
                continue;
            }
            let blocked = match concurrency(&item.job) {
                Concurrency::Free => false,
                Concurrency::OneAtATime { running } => running || taken.contains(&item.job),
            };
            if blocked {
                item.place = Place::Blocked;
            } else if free == 0 {
                item.place = Place::Buildable;
            } else {
                free -= 1;
                taken.push(item.job.clone());
                item.place = Place::Pending(now);
            }
        }
        begin
    }

    /// The build of an item exists now.
    pub fn left(&mut self, id: u64, number: u64, now: i64) {
        if let Some(item) = self.items.get_mut(&id) {
            item.place = Place::Left {
                at: now,
                build: Some(number),
            };
        }
    }

    /// Cancels a waiting item.
    pub fn cancel(&mut self, id: u64, now: i64) -> Cancelled {
        match self.items.get_mut(&id) {
            None => Cancelled::Unknown,
            Some(item) if item.waits() => {
                item.place = Place::Left {
                    at: now,
                    build: None,
                };
                Cancelled::Done
            }
            Some(_) => Cancelled::TooLate,
        }
    }

    /// One item, also a left one that is still remembered.
    pub fn get(&self, id: u64) -> Option<&Item> {
        self.items.get(&id)
    }

    /// The items in the queue, newest first. Those handed to an executor are already out of it, and their build may not
    /// exist yet: for a moment an item is seen in neither place.
    pub fn waiting(&self) -> impl Iterator<Item = &Item> {
        self.items.values().rev().filter(|item| item.waits())
    }
}

/// Equal parameters in any order.
fn same(a: &[Parameter], b: &[Parameter]) -> bool {
    let sorted = |parameters: &[Parameter]| {
        let mut pairs: Vec<(String, String, bool)> = parameters
            .iter()
            .map(|p| (p.name.clone(), p.value.clone(), p.kind == Kind::Password))
            .collect();
        pairs.sort();
        pairs
    };
    sorted(a) == sorted(b)
}
