//! What a window, freeze or stop is about.

use serde::{Deserialize, Serialize};

use super::{Class, Facts};
use crate::{ChangeKind, EnvironmentName, RegionName, ServiceName, SystemName, TeamName};

/// The scope: every part that is said must fit; what is absent is all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reach {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<TeamName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<SystemName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<EnvironmentName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<RegionName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<ChangeKind>,
}

impl Reach {
    pub fn takes_in(&self, class: Class, facts: &Facts) -> bool {
        fn fits<T: PartialEq>(said: Option<&T>, is: &T) -> bool {
            said.is_none_or(|said| said == is)
        }
        let own_class = matches!(facts.kind, ChangeKind::Failover | ChangeKind::Failback);
        let kind = match self.kind {
            Some(kind) => kind == facts.kind,
            None => class == Class::Stop || !own_class,
        };
        kind && fits(self.service.as_ref(), &facts.service)
            && fits(self.team.as_ref(), &facts.team)
            && (self.system.is_none() || self.system == facts.system)
            && fits(self.environment.as_ref(), &facts.environment)
            && self
                .region
                .as_ref()
                .is_none_or(|region| facts.regions.contains(region))
    }

    /// "service cart in production", "everything".
    pub fn words(&self) -> String {
        let mut what = vec![];
        if let Some(service) = &self.service {
            what.push(format!("service {service}"));
        }
        if let Some(team) = &self.team {
            what.push(format!("team {team}"));
        }
        if let Some(system) = &self.system {
            what.push(format!("system {system}"));
        }
        let mut words = if what.is_empty() {
            "everything".to_owned()
        } else {
            what.join(", ")
        };
        if let Some(environment) = &self.environment {
            words.push_str(&format!(" in {environment}"));
        }
        if let Some(region) = &self.region {
            words.push_str(&format!(" in region {region}"));
        }
        if let Some(kind) = self.kind {
            words.push_str(&format!(", only {kind}"));
        }
        words
    }
}
