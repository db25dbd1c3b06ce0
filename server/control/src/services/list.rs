//! Lists of services: filters, order, count and pages over the copy in memory.

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError},
};

use domain::{Caller, TeamName, policy::Visibility};
use serde::Serialize;

use super::{ServiceRow, snapshot::Snapshot};
use crate::{Control, Cursor, Page, Result, page::limit};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ServiceSort {
    #[default]
    Name,
    Team,
    Updated,
}

/// What to list. Absent filters match all; `orphaned: None` leaves orphans in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceQuery {
    /// Words that all occur in name, title, description or tags.
    pub q: Option<String>,
    pub team: Option<TeamName>,
    pub system: Option<String>,
    pub lifecycle: Option<String>,
    pub orphaned: Option<bool>,
    pub sort: ServiceSort,
    pub descending: bool,
    pub cursor: Option<String>,
    pub limit: Option<i64>,
}

/// The values there are to filter by, of the services the caller may see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Facets {
    pub teams: Vec<String>,
    pub systems: Vec<String>,
    pub lifecycles: Vec<String>,
}

/// Everything that decides which entries match and in which order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct MatchKey {
    visible: Visibility,
    words: Vec<String>,
    team: Option<TeamName>,
    system: Option<String>,
    lifecycle: Option<String>,
    orphaned: Option<bool>,
    sort: ServiceSort,
    descending: bool,
}

impl MatchKey {
    /// What a cursor belongs to; who asks is left out, for a person's teams may change between two pages.
    fn list(&self) -> String {
        let Self {
            visible: _,
            words,
            team,
            system,
            lifecycle,
            orphaned,
            sort,
            descending,
        } = self;
        format!(
            "services {words:?} {team:?} {system:?} {lifecycle:?} {orphaned:?} {sort:?} {descending}"
        )
    }
}

/// How many filters a copy remembers the matches of.
const REMEMBERED: usize = 64;

/// The services as they are at one moment, for one caller: a page of them and what they can be filtered by go together.
#[derive(Debug)]
pub struct ServiceList {
    visible: Visibility,
    snapshot: Arc<Snapshot>,
}

impl Control {
    pub async fn service_list(&self, caller: &Caller) -> Result<ServiceList> {
        Ok(ServiceList {
            visible: self.visible(caller)?,
            snapshot: self.snapshots().current(self.pool()).await?,
        })
    }

    pub async fn services(&self, caller: &Caller, query: ServiceQuery) -> Result<Page<ServiceRow>> {
        self.service_list(caller).await?.page(query)
    }
}

impl ServiceList {
    /// # Errors
    /// Refused when the limit or the cursor is none.
    pub fn page(&self, query: ServiceQuery) -> Result<Page<ServiceRow>> {
        let limit = usize::try_from(limit(query.limit)?).unwrap_or(0);
        let snapshot = &self.snapshot;
        let words = query.q.unwrap_or_default().to_lowercase();
        let key = MatchKey {
            visible: self.visible.clone(),
            words: words
                .split_whitespace()
                .take(10)
                .map(str::to_owned)
                .collect(),
            team: query.team,
            system: query.system,
            lifecycle: query.lifecycle,
            orphaned: query.orphaned,
            sort: query.sort,
            descending: query.descending,
        };
        let matches = snapshot.matching(&key);
        let of = key.list();
        let from = match &query.cursor {
            Some(text) => snapshot.after(&key, &matches, &Cursor::decode(text, 2, &of)?),
            None => 0,
        };
        let shown = &matches[from..matches.len().min(from + limit)];
        let items = shown
            .iter()
            .map(|at| snapshot.row(*at as usize))
            .collect::<Result<Vec<_>>>()?;
        let more = from + shown.len() < matches.len();
        let next_cursor = shown.last().filter(|_| more).map(|at| {
            let entry = &snapshot.entries[*at as usize];
            Cursor(vec![
                snapshot.sort_text(key.sort, *at),
                entry.name.to_string(),
            ])
            .encode(&of)
        });
        Ok(Page {
            items,
            next_cursor,
            total: Some(matches.len() as u64),
        })
    }

    /// What there is to filter by.
    pub fn facets(&self) -> Arc<Facets> {
        self.snapshot.facets(&self.visible)
    }
}

fn sees(visible: &Visibility, team: &str) -> bool {
    match visible {
        Visibility::All => true,
        Visibility::Teams(teams) => teams.iter().any(|t| t.as_str() == team),
    }
}

impl Snapshot {
    fn facets(&self, visible: &Visibility) -> Arc<Facets> {
        let mut known = self.facets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(facets) = known.get(visible) {
            return facets.clone();
        }
        let (mut teams, mut systems, mut lifecycles) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for entry in self.entries.iter().filter(|e| sees(visible, &e.team)) {
            teams.insert(&*entry.team);
            systems.extend(entry.system.as_deref());
            lifecycles.insert(&*entry.lifecycle);
        }
        let list = |set: BTreeSet<&str>| set.into_iter().map(str::to_owned).collect();
        let facets = Arc::new(Facets {
            teams: list(teams),
            systems: list(systems),
            lifecycles: list(lifecycles),
        });
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(visible.clone(), facets.clone());
        facets
    }

    fn matching(&self, key: &MatchKey) -> Arc<[u32]> {
        let remembered = self.matches.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = remembered.get(key) {
            return known.clone();
        }
        drop(remembered);
        let worded = self.index.holding(&key.words);
        let matches = |at: &u32| {
            let e = &self.entries[*at as usize];
            worded[*at as usize]
                && sees(&key.visible, &e.team)
                && key.team.as_ref().is_none_or(|t| t.as_str() == &*e.team)
                && key
                    .system
                    .as_ref()
                    .is_none_or(|s| Some(s.as_str()) == e.system.as_deref())
                && key.lifecycle.as_ref().is_none_or(|l| **l == *e.lifecycle)
                && key.orphaned.is_none_or(|o| o == e.orphaned.is_some())
        };
        let order = match key.sort {
            ServiceSort::Name => &self.index.by_name,
            ServiceSort::Team => &self.index.by_team,
            ServiceSort::Updated => &self.index.by_updated,
        };
        let mut found: Vec<u32> = order.iter().copied().filter(matches).collect();
        if key.descending {
            found.reverse();
        }
        let found: Arc<[u32]> = found.into();
        let mut remembered = self.matches.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        remembered.insert(key.clone(), found.clone());
        found
    }

    /// The sort key as text that orders as the key does.
    fn sort_text(&self, sort: ServiceSort, at: u32) -> String {
        let entry = &self.entries[at as usize];
        match sort {
            ServiceSort::Name => String::new(),
            ServiceSort::Team => entry.team.to_string(),
            ServiceSort::Updated => format!("{:020}", entry.updated.as_microsecond()),
        }
    }

    /// Where the entries after the cursor begin; holds also when that entry is gone by now.
    fn after(&self, key: &MatchKey, matches: &[u32], cursor: &Cursor) -> usize {
        let last = (cursor.0[0].as_str(), cursor.0[1].as_str());
        matches.partition_point(|at| {
            let sort = self.sort_text(key.sort, *at);
            let here = (sort.as_str(), &*self.entries[*at as usize].name);
            if key.descending {
                here >= last
            } else {
                here <= last
            }
        })
    }
}
