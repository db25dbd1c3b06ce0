//! Faults on purpose: slow, throttled, failing or vanished services and regions.
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The connection is closed in good order, without an answer.
    Refuse,
    /// The TCP connection is reset (RST).
    Reset,
    /// The service answers its own internal error (HTTP 500).
    Error,
    /// The service answers its own throttling error.
    Throttle,
    /// The answer comes `ms` later.
    Latency,
}

impl Kind {
    /// As `/_world/faults` and the journal write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Reset => "reset",
            Self::Error => "error",
            Self::Throttle => "throttle",
            Self::Latency => "latency",
        }
    }
}

/// A fault: hits every call that matches `region` and `service` (absent = all), with probability `p` (absent = 1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// AWS region; a fault with a region does not touch Jenkins, which has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Signing name (`sts`, `eks`, `ecr`, …), `kubernetes`, `jenkins` or `pod-identity`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// What goes wrong.
    pub kind: Kind,
    /// Milliseconds, for `latency`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// Probability, above 0 and at most 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// Calls left to hit; the fault ends itself after them (absent = until deleted).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
}

impl Fault {
    /// A fault of this kind on everything; narrow it with struct update syntax.
    pub fn new(kind: Kind) -> Self {
        Self {
            region: None,
            service: None,
            kind,
            ms: None,
            p: None,
            times: None,
        }
    }

    /// The whole region gone: every connection that asks for it is reset.
    pub fn region_gone(region: &str) -> Self {
        Self {
            region: Some(region.to_owned()),
            ..Self::new(Kind::Reset)
        }
    }

    /// Why this fault makes no sense, if it does not.
    pub fn mistake(&self) -> Option<&'static str> {
        match (self.kind, self.ms, self.p) {
            (_, _, Some(p)) if !(p > 0.0 && p <= 1.0) => Some("p must be above 0 and at most 1"),
            (Kind::Latency, None, _) => Some("latency needs ms"),
            (Kind::Latency, Some(ms), _) if ms > 600_000 => Some("ms must be at most 600000"),
            (Kind::Latency, ..) => None,
            (_, Some(_), _) => Some("ms is for latency only"),
            _ => None,
        }
    }

    fn matches(&self, target: &Target) -> bool {
        let same = |want: &Option<String>, have: Option<&str>| {
            want.as_deref().is_none_or(|want| have == Some(want))
        };
        same(&self.region, target.region.as_deref()) && same(&self.service, Some(&target.service))
    }
}

/// What a request is aimed at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Signing name, or `jenkins`, `kubernetes`, `pod-identity`.
    pub service: String,
    /// Region, where the service has one.
    pub region: Option<String>,
}

/// What the faults in force do to one call.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Hit {
    /// Wait this long first.
    pub delay: Duration,
    /// Then this instead of an answer.
    pub kind: Option<Kind>,
}

/// The faults in force.
#[derive(Debug, Default)]
pub struct Faults {
    all: Mutex<Vec<Fault>>,
    added: watch::Sender<()>,
}

impl Faults {
    /// Adds a fault.
    pub fn add(&self, fault: Fault) {
        self.with(|all| all.push(fault));
        self.added.send_replace(());
    }

    /// Ends all faults.
    pub fn clear(&self) {
        self.with(Vec::clear);
    }

    /// The faults in force.
    pub fn list(&self) -> Vec<Fault> {
        self.with(|all| all.clone())
    }

    /// Decides one call: delays add up, the first other fault that strikes wins.
    pub fn hit(&self, target: &Target) -> Hit {
        self.with(|all| {
            let mut hit = Hit::default();
            for fault in all.iter_mut().filter(|fault| fault.matches(target)) {
                if hit.kind.is_some() && fault.kind != Kind::Latency
                    || !rand::random_bool(fault.p.unwrap_or(1.0))
                {
                    continue;
                }
                match fault.kind {
                    Kind::Latency => {
                        hit.delay += Duration::from_millis(fault.ms.unwrap_or_default());
                    }
                    kind => hit.kind = Some(kind),
                }
                if let Some(left) = &mut fault.times {
                    *left = left.saturating_sub(1);
                }
            }
            all.retain(|fault| fault.times != Some(0));
            hit
        })
    }

    /// How a lasting fault cuts a connection that is already open (a watch, a followed log), if one does.
    pub fn severs(&self, target: &Target) -> Option<Kind> {
        let cuts = |fault: &&Fault| {
            let lasting = fault.times.is_none() && fault.p.is_none_or(|p| p >= 1.0);
            lasting && matches!(fault.kind, Kind::Reset | Kind::Refuse) && fault.matches(target)
        };
        self.with(|all| all.iter().find(cuts).map(|fault| fault.kind))
    }

    /// Told of every fault that is added.
    pub fn watch(&self) -> watch::Receiver<()> {
        self.added.subscribe()
    }

    fn with<T>(&self, work: impl FnOnce(&mut Vec<Fault>) -> T) -> T {
        work(&mut self.all.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(service: &str, region: Option<&str>) -> Target {
        Target {
            service: service.into(),
            region: region.map(Into::into),
        }
    }

    #[test]
    fn a_vanished_region_takes_its_services_with_it_and_nothing_else() {
        let faults = Faults::default();
        faults.add(Fault::region_gone("eu-west-1"));
        assert_eq!(
            faults.hit(&target("eks", Some("eu-west-1"))).kind,
            Some(Kind::Reset)
        );
        assert_eq!(
            faults.hit(&target("kubernetes", Some("eu-west-1"))).kind,
            Some(Kind::Reset)
        );
        assert_eq!(faults.hit(&target("eks", Some("eu-central-1"))).kind, None);
        assert_eq!(faults.hit(&target("jenkins", None)).kind, None);
    }

    #[test]
    fn delays_add_up_and_counted_faults_end() {
        let faults = Faults::default();
        faults.add(Fault {
            ms: Some(5),
            ..Fault::new(Kind::Latency)
        });
        faults.add(Fault {
            ms: Some(7),
            ..Fault::new(Kind::Latency)
        });
        faults.add(Fault {
            times: Some(1),
            ..Fault::new(Kind::Throttle)
        });
        let first = faults.hit(&target("sts", Some("eu-west-1")));
        assert_eq!(
            (first.delay, first.kind),
            (Duration::from_millis(12), Some(Kind::Throttle))
        );
        assert_eq!(faults.hit(&target("sts", Some("eu-west-1"))).kind, None);
        assert_eq!(faults.list().len(), 2);
    }

    #[test]
    fn senseless_faults_are_named() {
        assert!(
            Fault {
                p: Some(0.0),
                ..Fault::new(Kind::Error)
            }
            .mistake()
            .is_some()
        );
        assert!(
            Fault {
                p: Some(f64::NAN),
                ..Fault::new(Kind::Error)
            }
            .mistake()
            .is_some()
        );
        assert!(Fault::new(Kind::Latency).mistake().is_some());
        assert!(
            Fault {
                ms: Some(1),
                ..Fault::new(Kind::Reset)
            }
            .mistake()
            .is_some()
        );
        assert!(Fault::region_gone("eu-west-1").mistake().is_none());
    }
}
