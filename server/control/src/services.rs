//! Services as people look for them: lists with search, filters, sorting and a count, and one in detail.
//!
//! Lists are answered from a copy of the catalogue in memory, made anew when the
//! catalogue's version in the database has moved; one small statement asks for it.

mod list;
pub(crate) mod rows;
mod search;
mod snapshot;
mod undoable;

use domain::{
    Caller, ChangeId, EnvironmentName, ImageDigest, Refusal, RegionName, ServiceId, ServiceName,
    TeamName, Version,
    evidence::Side,
    policy::{Draft, Read, RegisterRelease, RequestChange, ServiceSubject},
};
use jiff::Timestamp;
use serde::Serialize;

pub use crate::catalog::Link;
pub use list::{Facets, ServiceList, ServiceQuery, ServiceSort};
pub(crate) use snapshot::Snapshots;

use crate::{Control, Result, environments::EnvironmentRow};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceRow {
    pub id: ServiceId,
    pub name: ServiceName,
    pub title: String,
    pub description: String,
    pub team: TeamName,
    pub system: Option<String>,
    pub lifecycle: String,
    pub tags: Vec<String>,
    /// When an import of its source no longer had it.
    pub orphaned_at: Option<Timestamp>,
    pub updated_at: Timestamp,
    /// One for each environment and region, in order of promotion, passive region first.
    pub cells: Vec<Cell>,
}

/// What runs of a service in one region of one environment, as the portal last verified it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cell {
    pub environment: EnvironmentName,
    pub region: RegionName,
    pub side: Side,
    pub version: Option<Version>,
    pub digest: Option<ImageDigest>,
    pub since: Option<Timestamp>,
    pub verified_at: Option<Timestamp>,
    pub change: Option<ChangeId>,
    /// The same image in every region of the environment. Never where what runs in one of them is in doubt.
    pub parity: bool,
    /// What runs is not known, so that all of the above is absent.
    pub doubt: Option<Doubt>,
}

/// Why it is not known what runs somewhere: a change ended, or waits for a person, after its pipeline could act, and
/// nothing was verified since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Doubt {
    pub since: Timestamp,
    pub change: ChangeId,
    /// What had been verified before.
    pub last_verified: Option<Version>,
}

/// A service with all the catalogue says of it.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceDetail {
    #[serde(flatten)]
    pub row: ServiceRow,
    pub repository: Option<String>,
    pub pipeline: Option<String>,
    pub image: Option<String>,
    pub links: Vec<Link>,
    pub source: String,
    pub source_file: String,
    pub source_line: i32,
    pub environments: Vec<EnvironmentRow>,
    /// Whether the caller may ask for a deployment to any environment; if not, why.
    #[serde(skip)]
    pub may_request: Result<(), Refusal>,
    #[serde(skip)]
    pub may_register: Result<(), Refusal>,
}

impl Control {
    pub async fn service(&self, caller: &Caller, name: &ServiceName) -> Result<ServiceDetail> {
        let found = self.readable_service(caller, name).await?;
        let snapshot = self.snapshots().current(self.pool()).await?;
        let Some(row) = snapshot.row_of(name) else {
            return Err(Refusal::not_found("service of that name").into());
        };
        let environments = self.environments(caller).await?;
        let now = self.now();
        let subject = ServiceSubject {
            name: found.name.clone(),
            team: found.team.clone(),
        };
        let may_register = self.policies().may(caller, RegisterRelease, &subject, now);
        let mut may_request = Err(Refusal::not_found("environment to deploy to"));
        for environment in &environments {
            let draft = Draft {
                kind: domain::ChangeKind::Deploy,
                service: found.name.clone(),
                team: found.team.clone(),
                environment: environment.name.clone(),
                protected: environment.protected,
            };
            may_request = self.policies().may(caller, RequestChange, &draft, now);
            if may_request.is_ok() {
                break;
            }
        }
        Ok(ServiceDetail {
            row,
            repository: found.repository,
            pipeline: found.pipeline,
            image: found.image,
            links: found.links,
            source: found.source,
            source_file: found.source_file,
            source_line: found.source_line,
            environments,
            may_request,
            may_register,
        })
    }

    /// The stored service, if the caller may know of it.
    pub(crate) async fn readable_service(
        &self,
        caller: &Caller,
        name: &ServiceName,
    ) -> Result<rows::Stored> {
        let Some(found) = rows::by_name(self.pool(), name).await? else {
            // A token without the scope is told so, whether or not the service exists.
            if !caller.holds(domain::Scope::Read) {
                let nobody = ServiceSubject {
                    name: name.clone(),
                    team: TeamName::parse("none").map_err(crate::Error::fault)?,
                };
                self.policies().may(caller, Read, &nobody, self.now())?;
            }
            return Err(Refusal::not_found("service of that name").into());
        };
        let subject = ServiceSubject {
            name: found.name.clone(),
            team: found.team.clone(),
        };
        self.allow_read(caller, subject, "service of that name")
            .await?;
        Ok(found)
    }
}
