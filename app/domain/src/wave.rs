//! Waves: a change goes to one region or to a share of the replicas first, waits there, and goes on only where metrics
//! say that it may.
//!
//! A [`Wave`] is data of the rules file. What the matching ones come to for one change is its [`Plan`], part of the
//! evidence: whoever approves has seen how long it waits and what is measured. Several waves that match are satisfied
//! together: the longest wait, the smallest share, and every threshold of each, so that adding one never makes a change
//! easier.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

mod check;
mod limit;
mod share;

pub use check::mistakes;
pub use limit::{Limit, Span};
pub use share::{Canary, Percent, Shares, Stop};

use crate::{
    Evidence, RegionName, Target,
    rule::{Facts, Matches},
    run::words,
};

words! {
    /// On which side of its value a metric has to stay.
    Compare {
        AtMost = "at_most",
        AtLeast = "at_least",
    }
}

words! {
    /// What it means that a metric has no data when the wait is over.
    NoData {
        Halt = "halt",
        Pass = "pass",
    }
}

words! {
    /// What one reading says of its threshold.
    Reach {
        Within = "within",
        Breached = "breached",
        NoData = "no_data",
    }
}

/// One metric that decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    pub name: String,
    pub namespace: String,
    pub metric: String,
    /// Values may name [`PLACEHOLDERS`].
    #[serde(default)]
    pub dimensions: BTreeMap<String, String>,
    pub statistic: String,
    pub period: Span,
    pub compare: Compare,
    pub value: Limit,
    #[serde(default = "halt")]
    pub no_data: NoData,
}

fn halt() -> NoData {
    NoData::Halt
}

/// A wave, as the rules file says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wave {
    pub name: String,
    #[serde(rename = "match", default)]
    pub matches: Matches,
    pub canary: Canary,
    /// How long the canary is watched before anything else is touched.
    pub bake: Span,
    /// How often the metrics are read meanwhile; a tenth of the bake, of ten seconds at least, when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Span>,
    #[serde(default)]
    pub thresholds: Vec<Threshold>,
}

impl Wave {
    /// How often the metrics are read.
    pub fn every(&self) -> Span {
        let tenth = Span::seconds((self.bake.as_secs() / 10).max(10));
        self.every.unwrap_or(tenth).min(self.bake)
    }
}

/// What the value of a dimension may name.
pub const PLACEHOLDERS: [&str; 5] = ["service", "environment", "region", "cluster", "namespace"];

/// One metric that decides about one change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The wave that asks for it.
    pub wave: String,
    pub name: String,
    pub namespace: String,
    pub metric: String,
    /// With everything filled in.
    pub dimensions: BTreeMap<String, String>,
    pub statistic: String,
    pub period_s: u64,
    pub compare: Compare,
    pub value: Limit,
    pub no_data: NoData,
}

/// What the waves that match come to for one change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Names of the waves.
    pub waves: Vec<String>,
    /// Goes first, and is where the metrics are read.
    pub region: RegionName,
    pub bake_s: u64,
    pub every_s: u64,
    /// Of the region that goes first.
    pub checks: Vec<Check>,
    /// In each region a share of its replicas goes before the rest; none: all of the first region is the canary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Shares>,
}

/// What was read of one metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// The worst of the periods; none where there was no data.
    pub value: Option<f64>,
    pub reach: Reach,
}

impl Plan {
    /// None where no wave matches. Where a change goes to one region only, no region could come before another: there
    /// only waves of a share count.
    pub fn of<'a>(waves: impl IntoIterator<Item = &'a Wave>, evidence: &Evidence) -> Option<Self> {
        let facts = Facts::of(evidence);
        let mut targets: Vec<_> = evidence.targets.iter().collect();
        targets.sort_by_key(|target| target.side);
        let (first, rest) = targets.split_first()?;
        let all: Vec<&Wave> = waves
            .into_iter()
            .filter(|wave| wave.matches.matches(&facts))
            .filter(|wave| !rest.is_empty() || wave.canary.share().is_some())
            .collect();
        let bake = all.iter().map(|wave| wave.bake).max()?;
        let every = all.iter().map(|wave| wave.every()).min()?;
        let percent = all.iter().filter_map(|wave| wave.canary.share()).min();
        let stop = |target: &&Target| Stop {
            region: target.region.clone(),
            checks: checks(&all, evidence, target),
        };
        Some(Self {
            waves: all.iter().map(|wave| wave.name.clone()).collect(),
            region: first.region.clone(),
            bake_s: bake.as_secs(),
            every_s: every.as_secs(),
            checks: checks(&all, evidence, first),
            share: percent.map(|percent| Shares {
                percent,
                region_too: all.iter().any(|wave| wave.canary == Canary::Region),
                then: rest.iter().map(stop).collect(),
            }),
        })
    }

    /// The same plan with what decides in this region; none where nothing is watched there.
    pub fn at(&self, region: &RegionName) -> Option<Self> {
        if self.region == *region {
            return Some(self.clone());
        }
        let stops = &self.share.as_ref()?.then;
        let stop = stops.iter().find(|stop| stop.region == *region)?.clone();
        Some(Self {
            region: stop.region,
            checks: stop.checks,
            ..self.clone()
        })
    }

    /// Why the run stops, if these readings, in the order of the checks, say so. While the canary is watched missing
    /// data decides nothing, for it may come late; at the end each threshold says what it means.
    pub fn halts(&self, readings: &[Reading], at_the_end: bool) -> Option<String> {
        let wrong: Vec<String> = self
            .checks
            .iter()
            .zip(readings)
            .filter_map(|(check, reading)| match reading.reach {
                Reach::Breached => Some(check.breached(reading.value)),
                Reach::NoData if at_the_end && check.no_data == NoData::Halt => Some(format!(
                    "{} has no data of the time since it was deployed.",
                    check.named()
                )),
                Reach::Within | Reach::NoData => None,
            })
            .collect();
        // Fewer readings than checks is no reading at all.
        if readings.len() < self.checks.len() {
            return Some("Not every metric was read.".to_owned());
        }
        (!wrong.is_empty()).then(|| wrong.join(" "))
    }
}

/// Every threshold of every wave, filled in for one region.
fn checks(waves: &[&Wave], evidence: &Evidence, target: &Target) -> Vec<Check> {
    let fill = |text: &str| {
        let values = [
            evidence.service.as_str(),
            evidence.environment.as_str(),
            target.region.as_str(),
            &target.cluster,
            &target.namespace,
        ];
        let mut text = text.to_owned();
        for (name, value) in PLACEHOLDERS.iter().zip(values) {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    };
    let of = |wave: &Wave, threshold: &Threshold| Check {
        wave: wave.name.clone(),
        name: threshold.name.clone(),
        namespace: threshold.namespace.clone(),
        metric: threshold.metric.clone(),
        dimensions: threshold
            .dimensions
            .iter()
            .map(|(name, value)| (name.clone(), fill(value)))
            .collect(),
        statistic: threshold.statistic.clone(),
        period_s: threshold.period.as_secs(),
        compare: threshold.compare,
        value: threshold.value,
        no_data: threshold.no_data,
    };
    waves
        .iter()
        .flat_map(|wave| wave.thresholds.iter().map(|one| of(wave, one)))
        .collect()
}

impl Check {
    /// The worst of what was measured, against the threshold. What is not a number is not within.
    pub fn read(&self, points: &[f64]) -> Reading {
        let worst = points.iter().copied().reduce(|a, b| match self.compare {
            _ if a.is_nan() => a,
            _ if b.is_nan() => b,
            Compare::AtMost => a.max(b),
            Compare::AtLeast => a.min(b),
        });
        let reach = match worst {
            None => Reach::NoData,
            Some(value) if self.holds(value) => Reach::Within,
            Some(_) => Reach::Breached,
        };
        Reading {
            value: worst,
            reach,
        }
    }

    fn holds(&self, value: f64) -> bool {
        match self.compare {
            Compare::AtMost => value <= self.value.get(),
            Compare::AtLeast => value >= self.value.get(),
        }
    }

    /// The whole periods between the moment the canary stood and now. The period it came up in also holds what was
    /// before, and the one that goes on is not over. None: not one is over yet.
    pub fn window(&self, began: Timestamp, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let period = i64::try_from(self.period_s).ok().filter(|p| *p > 0)?;
        let after = i64::from(began.subsec_nanosecond() > 0);
        let from = (began.as_second() + after + period - 1).div_euclid(period) * period;
        let to = now.as_second().div_euclid(period) * period;
        if to <= from {
            return None;
        }
        Timestamp::from_second(from)
            .ok()
            .zip(Timestamp::from_second(to).ok())
    }

    /// What is measured, in words: `“errors” (Average of Shop/Errors)`.
    pub fn named(&self) -> String {
        format!("“{}” ({})", self.name, self.measures())
    }

    /// The metric itself: `Average of Shop Errors`.
    pub fn measures(&self) -> String {
        format!("{} of {} {}", self.statistic, self.namespace, self.metric)
    }

    /// What is allowed, in words: `at most 0.01`.
    pub fn allowed(&self) -> String {
        let side = match self.compare {
            Compare::AtMost => "at most",
            Compare::AtLeast => "at least",
        };
        format!("{side} {}", self.value)
    }

    fn breached(&self, value: Option<f64>) -> String {
        let value = value.map_or_else(|| "nothing".to_owned(), number);
        format!(
            "{} was {value}, and {} is allowed.",
            self.named(),
            self.allowed()
        )
    }
}

/// A measured number for people: as exact as is of use.
pub fn number(value: f64) -> String {
    if value == 0.0 || (value.abs() >= 0.001 && value.abs() < 1e9) {
        let text = format!("{value:.4}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        text.to_owned()
    } else {
        format!("{value:e}")
    }
}

#[cfg(test)]
pub(crate) mod tests;
