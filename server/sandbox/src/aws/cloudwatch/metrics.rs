//! The metrics of every account and region, and what a statistic makes of them.
use std::collections::BTreeMap;

/// Account and region.
pub(crate) type Place = (String, String);

/// Data points kept of one metric; older ones go first.
const KEPT: usize = 50_000;

/// A metric: namespace, name and dimensions. Another dimension is another metric.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// Such as `Shop`.
    pub namespace: String,
    /// Such as `Errors`.
    pub metric: String,
    /// Name to value.
    pub dimensions: BTreeMap<String, String>,
}

/// A value that was put.
#[derive(Debug, Clone, Copy)]
pub struct Datum {
    /// Seconds since 1970; of a metric of standard resolution, its minute.
    pub at: i64,
    /// What was measured.
    pub value: f64,
    /// How often.
    pub count: f64,
}

/// All that was put.
#[derive(Debug, Default)]
pub struct Metrics {
    data: BTreeMap<Place, BTreeMap<Named, Vec<Datum>>>,
}

impl Metrics {
    /// Adds a value.
    pub fn put(&mut self, place: Place, named: Named, datum: Datum) {
        let data = self
            .data
            .entry(place)
            .or_default()
            .entry(named)
            .or_default();
        if data.len() == KEPT {
            data.remove(0);
        }
        data.push(datum);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.data.clear();
    }

    /// How many metrics there are, for `GET /_world/state`.
    pub(crate) fn count(&self) -> usize {
        self.data.values().map(BTreeMap::len).sum()
    }

    /// The statistic over each period of `from..to` that has data, oldest first. Seconds; a period begins at a multiple
    /// of its length.
    pub(crate) fn statistic(
        &self,
        place: &Place,
        named: &Named,
        statistic: &str,
        period: i64,
        (from, to): (i64, i64),
    ) -> Vec<(i64, f64)> {
        let data = self.data.get(place).and_then(|all| all.get(named));
        let mut periods: BTreeMap<i64, Vec<Datum>> = BTreeMap::new();
        for datum in data.into_iter().flatten() {
            let at = datum.at.div_euclid(period) * period;
            if at >= from.div_euclid(period) * period && at < to {
                periods.entry(at).or_default().push(*datum);
            }
        }
        let of = |(at, data): (i64, Vec<Datum>)| (at, reduce(statistic, data));
        periods.into_iter().map(of).collect()
    }
}

fn reduce(statistic: &str, mut data: Vec<Datum>) -> f64 {
    let count: f64 = data.iter().map(|d| d.count).sum();
    let sum: f64 = data.iter().map(|d| d.value * d.count).sum();
    data.sort_by(|a, b| a.value.total_cmp(&b.value));
    let (least, most) = (data[0].value, data[data.len() - 1].value);
    match statistic {
        "SampleCount" => count,
        "Sum" => sum,
        "Average" => sum / count,
        "Minimum" => least,
        "Maximum" => most,
        percentile => {
            let rank: f64 = percentile.trim_start_matches('p').parse().unwrap_or(100.0);
            let mut left = count * rank / 100.0;
            let at = data.iter().find(|datum| {
                left -= datum.count;
                left <= 0.0
            });
            at.map_or(most, |datum| datum.value)
        }
    }
}
