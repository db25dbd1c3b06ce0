//! Regions and pairs as configured, with what runs in them; and the rules in force. Read-only.

use domain::{
    Caller, EnvironmentName, RegionName,
    evidence::Side,
    policy::{Read, Room},
};

use crate::{Control, Result};

/// An AWS region that services run in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionRow {
    pub name: RegionName,
    pub region_pair: Option<String>,
    /// A region on its own serves, so it is the active one.
    pub side: Side,
    /// The other region of the pair.
    pub other: Option<RegionName>,
    /// Those with a cluster here, in order of promotion.
    pub environments: Vec<EnvironmentName>,
}

impl Control {
    /// Pairs first, in the order of the configuration, the active region before the passive one.
    pub async fn regions(&self, caller: &Caller) -> Result<Vec<RegionRow>> {
        self.permit(caller, Read, Room::Regions).await?;
        let environments = self.environments(caller).await?;
        let mut rows: Vec<RegionRow> = vec![];
        for pair in &self.settings().region_pairs {
            for (name, side, other) in [
                (&pair.active, Side::Active, &pair.passive),
                (&pair.passive, Side::Passive, &pair.active),
            ] {
                rows.push(RegionRow {
                    name: name.clone(),
                    region_pair: Some(pair.name.clone()),
                    side,
                    other: Some(other.clone()),
                    environments: vec![],
                });
            }
        }
        for environment in environments {
            for region in environment.regions {
                let at = rows.iter().position(|row| row.name == region.region);
                let at = at.unwrap_or_else(|| {
                    rows.push(RegionRow {
                        name: region.region.clone(),
                        region_pair: None,
                        side: Side::Active,
                        other: None,
                        environments: vec![],
                    });
                    rows.len() - 1
                });
                rows[at].environments.push(environment.name.clone());
            }
        }
        Ok(rows)
    }
}
