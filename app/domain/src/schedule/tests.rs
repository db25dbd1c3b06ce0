//! Days of daylight saving, overlaps, windows, overrides; and what must hold of every calendar there can be.

mod calendars;
mod properties;
mod recurring;

use jiff::Timestamp;

use super::*;
use crate::{
    ChangeKind, EnvironmentName, EvidenceDigest, Login, RegionName, ScheduleId, ServiceName,
    SystemName, TeamName,
};

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

pub(super) const DIGEST: EvidenceDigest = EvidenceDigest([1; 32]);

pub(super) fn entry(n: u128, class: Class, reach: Reach, when: When) -> Entry {
    Entry {
        id: ScheduleId(uuid::Uuid::from_u128(n)),
        class,
        reach,
        when,
        zone: Zone::parse("Europe/Berlin").expect("zone"),
        reason: format!("reason {n}"),
        author: Login::parse("operator").expect("login"),
        created_at: at("2026-01-01T00:00:00Z"),
        ended: None,
    }
}

pub(super) fn once(from: &str, until: &str) -> When {
    When::Once(Span {
        from: at(from),
        until: at(until),
    })
}

pub(super) fn facts() -> Facts {
    Facts {
        kind: ChangeKind::Deploy,
        service: ServiceName::parse("cart").expect("name"),
        team: TeamName::parse("checkout").expect("name"),
        system: Some(SystemName::parse("shop").expect("name")),
        environment: EnvironmentName::parse("production").expect("name"),
        regions: ["eu-central-1", "eu-west-1"]
            .map(|r| RegionName::parse(r).expect("name"))
            .to_vec(),
    }
}

/// The decision over these entries at this moment, without overrides.
pub(super) fn decide(entries: Vec<Entry>, now: &str) -> MayStart {
    Calendar::new(entries, at(now)).may_start(&facts(), DIGEST, &[], at(now))
}
