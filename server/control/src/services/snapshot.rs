//! The copy of the catalogue that lists are answered from: compact, shared, and never older than its version.

use std::{
    collections::{HashMap, HashSet},
    pin::pin,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use domain::{
    EnvironmentName, ImageDigest, RegionName, ServiceName, TeamName, Version, evidence::Side,
    policy::Visibility,
};
use futures::TryStreamExt as _;
use jiff::Timestamp;
use sqlx::PgPool;

use super::{
    Cell, Doubt, ServiceRow,
    list::{Facets, MatchKey},
    rows,
    search::Index,
};
use crate::{Result, error::corrupt};

/// The current copy, replaced as a whole.
#[derive(Debug, Default)]
pub(crate) struct Snapshots {
    current: RwLock<Option<Arc<Snapshot>>>,
    /// Held while a new copy is read, so that a crowd of requests reads it once.
    reading: tokio::sync::Mutex<()>,
}

/// One service, with everything repeated (teams, places) kept once outside of it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: uuid::Uuid,
    pub(super) name: Box<str>,
    pub(super) title: Box<str>,
    pub(super) description: Box<str>,
    pub(super) team: Arc<str>,
    pub(super) system: Option<Arc<str>>,
    pub(super) lifecycle: Arc<str>,
    pub(super) tags: Box<[Arc<str>]>,
    pub(super) updated: Timestamp,
    pub(super) orphaned: Option<Timestamp>,
}

#[derive(Debug)]
struct Deployed {
    /// Which entry and which place it is of.
    entry: u32,
    place: u16,
    verified: Option<Verified>,
    doubt: Option<Box<(uuid::Uuid, Timestamp)>>,
}

/// What was last verified to run. Of all copies in memory this is the most frequent one: a service has as many as places.
#[derive(Debug)]
struct Verified {
    brought: Arc<Brought>,
    since: Moment,
    at: Moment,
}

/// What one change brought to a region, most often the same to each.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Brought {
    version: Arc<str>,
    /// Of the image: SHA-256.
    digest: [u8; 32],
    change: uuid::Uuid,
}

/// Microseconds, which is as precise as the database is: half the size of a timestamp.
#[derive(Clone, Copy, Debug)]
struct Moment(i64);

impl Moment {
    fn of(at: Timestamp) -> Self {
        Self(at.as_microsecond())
    }

    /// It was made of one, and is therefore within its range.
    fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).unwrap_or_default()
    }
}

impl Deployed {
    /// What runs, as far as that is known.
    fn known(&self) -> Option<&Verified> {
        self.verified.as_ref().filter(|_| self.doubt.is_none())
    }
}

#[derive(Debug)]
struct Place {
    environment: EnvironmentName,
    region: RegionName,
    side: Side,
}

#[derive(Debug)]
pub(super) struct Snapshot {
    version: i64,
    /// By name.
    pub(super) entries: Vec<Entry>,
    pub(super) index: Index,
    /// What runs where, by entry.
    cells: Vec<Deployed>,
    places: Vec<Place>,
    /// What a filter matched, in order: the same filter on the same copy is the same answer.
    pub(super) matches: Mutex<HashMap<MatchKey, Arc<[u32]>>>,
    pub(super) facets: Mutex<HashMap<Visibility, Arc<Facets>>>,
}

impl Snapshots {
    pub(super) async fn current(&self, pool: &PgPool) -> Result<Arc<Snapshot>> {
        let version = rows::version(pool).await?;
        if let Some(copy) = self.at(version) {
            return Ok(copy);
        }
        let _one_reader = self.reading.lock().await;
        if let Some(copy) = self.at(version) {
            return Ok(copy);
        }
        let copy = Arc::new(Snapshot::read(pool).await?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(copy.clone());
        Ok(copy)
    }

    fn at(&self, version: i64) -> Option<Arc<Snapshot>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current
            .as_ref()
            .filter(|copy| copy.version >= version)
            .cloned()
    }
}

/// Keeps one copy of each text that many rows share.
#[derive(Default)]
struct Shared(HashMap<String, Arc<str>>);

impl Shared {
    fn one(&mut self, text: String) -> Arc<str> {
        if let Some(known) = self.0.get(&text) {
            return known.clone();
        }
        let shared: Arc<str> = text.as_str().into();
        self.0.insert(text, shared.clone());
        shared
    }
}

async fn read_entries(pool: &PgPool, shared: &mut Shared) -> Result<Vec<Entry>> {
    let mut entries = vec![];
    let mut rows = pin!(rows::all(pool));
    while let Some(row) = rows.try_next().await? {
        entries.push(Entry {
            id: row.id,
            name: row.name.into(),
            title: row.title.into(),
            description: row.description.into(),
            team: shared.one(row.team),
            system: row.system.map(|s| shared.one(s)),
            lifecycle: shared.one(row.lifecycle),
            tags: row.tags.into_iter().map(|t| shared.one(t)).collect(),
            updated: row.updated_at.to_jiff(),
            orphaned: row.orphaned_at.map(|t| t.to_jiff()),
        });
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    entries.shrink_to_fit();
    Ok(entries)
}

async fn read_cells(
    pool: &PgPool,
    shared: &mut Shared,
    entries: &[Entry],
    place_of: &HashMap<(String, String), u16>,
) -> Result<Vec<Deployed>> {
    let entry_of: HashMap<uuid::Uuid, u32> = entries.iter().map(|e| e.id).zip(0u32..).collect();
    let mut cells = vec![];
    let mut brought = HashSet::new();
    let mut rows = pin!(rows::cells(pool));
    while let Some(row) = rows.try_next().await? {
        // An environment that is no longer configured has no column; a service that came after the entries were read
        // comes with the next copy.
        let (Some(place), Some(entry)) = (
            place_of.get(&(row.environment, row.region)),
            entry_of.get(&row.service_id),
        ) else {
            continue;
        };
        cells.push(Deployed {
            entry: *entry,
            place: *place,
            verified: verified(row.deployed, row.service_id, shared, &mut brought)?,
            doubt: row
                .doubted_by
                .zip(row.doubted_since)
                .map(|(by, since)| Box::new((by, since.to_jiff()))),
        });
    }
    cells.sort_by_key(|cell| cell.entry);
    cells.shrink_to_fit();
    Ok(cells)
}

fn verified(
    row: rows::DeployedRow,
    service: uuid::Uuid,
    shared: &mut Shared,
    all: &mut HashSet<Arc<Brought>>,
) -> Result<Option<Verified>> {
    let (Some(version), Some(hex), Some(change), Some(since), Some(at)) = (
        row.version,
        row.digest,
        row.change_id,
        row.since,
        row.verified_at,
    ) else {
        return Ok(None);
    };
    let mut digest = [0; 32];
    let hex = hex.strip_prefix("sha256:").unwrap_or_default();
    hex::decode_to_slice(hex, &mut digest).map_err(|e| corrupt("release", "digest", service, e))?;
    let brought = Brought {
        version: shared.one(version),
        digest,
        change,
    };
    let brought = match all.get(&brought) {
        Some(known) => known.clone(),
        None => {
            let new = Arc::new(brought);
            all.insert(new.clone());
            new
        }
    };
    Ok(Some(Verified {
        brought,
        since: Moment::of(since.to_jiff()),
        at: Moment::of(at.to_jiff()),
    }))
}

fn index_of(entries: &[Entry]) -> Index {
    let mut index = Index::default();
    for entry in entries {
        let tags = entry.tags.iter().map(|tag| &**tag);
        index.push(
            [&*entry.name, &*entry.title, &*entry.description]
                .into_iter()
                .chain(tags),
        );
    }
    index.finish();
    index.by_name = (0u32..).take(entries.len()).collect();
    // Both sorts keep the order by name among equals.
    index.by_team = index.by_name.clone();
    index
        .by_team
        .sort_by(|a, b| entries[*a as usize].team.cmp(&entries[*b as usize].team));
    index.by_updated = index.by_name.clone();
    index
        .by_updated
        .sort_by_key(|at| entries[*at as usize].updated);
    index
}

impl Snapshot {
    async fn read(pool: &PgPool) -> Result<Self> {
        // The version first: what changes while we read leaves a copy that is known to be old.
        let version = rows::version(pool).await?;
        let mut places = vec![];
        let mut place_of = HashMap::new();
        for (n, row) in (0u16..).zip(rows::places(pool).await?) {
            place_of.insert((row.environment.clone(), row.region.clone()), n);
            let bad = |why: domain::names::Unacceptable| {
                corrupt("environment_region", "environment", &row.environment, why)
            };
            places.push(Place {
                environment: EnvironmentName::parse(row.environment.clone()).map_err(bad)?,
                region: RegionName::parse(row.region.clone()).map_err(bad)?,
                side: if row.side == "active" {
                    Side::Active
                } else {
                    Side::Passive
                },
            });
        }
        let mut shared = Shared::default();
        let entries = read_entries(pool, &mut shared).await?;
        let cells = read_cells(pool, &mut shared, &entries, &place_of).await?;
        Ok(Self {
            version,
            index: index_of(&entries),
            entries,
            cells,
            places,
            matches: Mutex::default(),
            facets: Mutex::default(),
        })
    }

    pub(super) fn row_of(&self, name: &ServiceName) -> Option<ServiceRow> {
        let at = self
            .entries
            .binary_search_by(|e| (*e.name).cmp(name.as_str()))
            .ok()?;
        self.row(at).ok()
    }

    /// What runs of the entry.
    fn deployed(&self, at: usize) -> &[Deployed] {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        let from = self.cells.partition_point(|cell| cell.entry < at);
        let len = self.cells[from..].partition_point(|cell| cell.entry == at);
        &self.cells[from..from + len]
    }

    /// The entry in full, with a cell for each place.
    pub(super) fn row(&self, at: usize) -> Result<ServiceRow> {
        let entry = &self.entries[at];
        let deployed = self.deployed(at);
        let bad = |column: &'static str, why: domain::names::Unacceptable| {
            corrupt("service", column, entry.id, why)
        };
        let mut cells = Vec::with_capacity(self.places.len());
        for (n, place) in (0u16..).zip(&self.places) {
            let place_here = deployed.iter().find(|c| c.place == n);
            let here = place_here.and_then(Deployed::known);
            let version = |of: Option<&Verified>| {
                of.map(|c| Version::parse(&*c.brought.version))
                    .transpose()
                    .map_err(|e| bad("version", e))
            };
            let doubt = match place_here.and_then(|c| c.doubt.as_deref().map(|doubt| (c, doubt))) {
                None => None,
                Some((cell, (change, since))) => Some(Doubt {
                    since: *since,
                    change: (*change).into(),
                    last_verified: version(cell.verified.as_ref())?,
                }),
            };
            cells.push(Cell {
                environment: place.environment.clone(),
                region: place.region.clone(),
                side: place.side,
                version: version(here)?,
                digest: here
                    .map(|c| {
                        ImageDigest::parse(format!("sha256:{}", hex::encode(c.brought.digest)))
                    })
                    .transpose()
                    .map_err(|e| bad("digest", e))?,
                since: here.map(|c| c.since.timestamp()),
                verified_at: here.map(|c| c.at.timestamp()),
                change: here.map(|c| c.brought.change.into()),
                parity: self.parity(deployed, &place.environment),
                doubt,
            });
        }
        Ok(ServiceRow {
            id: entry.id.into(),
            name: ServiceName::parse(&*entry.name).map_err(|e| bad("name", e))?,
            title: entry.title.to_string(),
            description: entry.description.to_string(),
            team: TeamName::parse(&*entry.team).map_err(|e| bad("team", e))?,
            system: entry.system.as_deref().map(str::to_owned),
            lifecycle: entry.lifecycle.to_string(),
            tags: entry.tags.iter().map(|t| t.to_string()).collect(),
            orphaned_at: entry.orphaned,
            updated_at: entry.updated,
            cells,
        })
    }

    /// Whether the regions run the same image. Where one of them is in doubt, nobody can say that they do.
    fn parity(&self, deployed: &[Deployed], environment: &EnvironmentName) -> bool {
        let mut all = (0u16..)
            .zip(&self.places)
            .filter(|(_, p)| p.environment == *environment)
            .map(|(n, _)| deployed.iter().find(|c| c.place == n));
        let digest =
            |cell: Option<&Deployed>| cell.and_then(Deployed::known).map(|v| v.brought.digest);
        let Some(first) = all.next() else { return true };
        std::iter::once(first)
            .chain(all)
            .all(|cell| cell.is_none_or(|c| c.doubt.is_none()) && digest(cell) == digest(first))
    }
}
