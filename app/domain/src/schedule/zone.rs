//! An IANA time zone, and from its wall clock to an instant.

use jiff::{
    SignedDuration, Timestamp,
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone},
};

use crate::names::Unacceptable;

/// A time zone by its IANA name, as the database built into the portal knows it: the same on every machine.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone {
    name: String,
    tz: TimeZone,
}

impl Zone {
    /// # Errors
    /// Not a name of the time-zone database.
    pub fn parse(name: &str) -> Result<Self, Unacceptable> {
        let known = (name.len() <= 64)
            .then(|| TimeZone::get(name))
            .and_then(Result::ok);
        let tz = known.ok_or_else(|| {
            Unacceptable("a time zone is an IANA name such as Europe/Berlin or UTC".to_owned())
        })?;
        let name = tz.iana_name().unwrap_or("UTC").to_owned();
        Ok(Self { name, tz })
    }

    pub fn utc() -> Self {
        Self {
            name: "UTC".to_owned(),
            tz: TimeZone::UTC,
        }
    }

    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// What the wall clock shows.
    pub fn wall(&self, at: Timestamp) -> DateTime {
        self.tz.to_datetime(at)
    }

    /// `2027-01-04 09:00`, by the wall clock.
    pub fn written(&self, at: Timestamp) -> String {
        self.wall(at).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// The first instant at which the wall clock shows this time or a later one of the same day. A time that is
    /// left out becomes the first instant after the gap; of a time that comes twice it is the first.
    ///
    /// None outside of the years that can be told.
    pub fn first_instant(&self, wall: DateTime) -> Option<Timestamp> {
        match self.tz.to_ambiguous_timestamp(wall).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(wall).ok(),
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(wall).ok(),
            AmbiguousOffset::Gap { before, .. } => {
                // By the offset before, the time lies within the gap's length after the change of clocks.
                let beyond = before.to_timestamp(wall).ok()?;
                let just_after = beyond.checked_add(SignedDuration::from_nanos(1)).ok()?;
                Some(self.tz.preceding(just_after).next()?.timestamp())
            }
        }
    }
}

impl std::fmt::Debug for Zone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.name)
    }
}

impl std::fmt::Display for Zone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}
