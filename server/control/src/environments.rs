//! The places services run in. Declared in configuration; kept in the database, where changes refer to them.

mod rows;

use std::sync::Arc;

use domain::{
    Caller, EnvironmentName, Event, EventKind, Refusal, RegionName, SubjectRef,
    evidence::Side,
    policy::{Read, Room},
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use crate::{Control, Result, settings::EnvironmentSetting};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EnvironmentRow {
    pub name: EnvironmentName,
    pub title: String,
    pub protected: bool,
    pub account: String,
    pub namespace: String,
    pub region_pair: Option<String>,
    /// Passive first: the order a deployment goes.
    pub regions: Vec<EnvironmentRegion>,
    /// Since when the configuration no longer has it: nothing is deployed there any more.
    pub retired_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EnvironmentRegion {
    pub region: RegionName,
    pub side: Side,
    pub cluster: String,
}

impl Control {
    /// Those in use, in order of promotion.
    pub async fn environments(&self, caller: &Caller) -> Result<Vec<EnvironmentRow>> {
        let mut all = self.environments_ever(caller).await?;
        all.retain(|row| row.retired_at.is_none());
        Ok(all)
    }

    /// Those in use, then the retired ones.
    pub async fn environments_ever(&self, caller: &Caller) -> Result<Vec<EnvironmentRow>> {
        self.permit(caller, Read, Room::Environments).await?;
        rows::all(self.pool()).await
    }

    /// The names of all, for lists to be narrowed by. At most a second old.
    pub async fn environment_names(&self, caller: &Caller) -> Result<Arc<[EnvironmentName]>> {
        self.policies()
            .may(caller, Read, &Room::Environments, self.now())?;
        if let Some(names) = self.memory().environment_names.get(&()) {
            return Ok(names);
        }
        let all = rows::all(self.pool()).await?;
        let names: Arc<[_]> = all.into_iter().map(|row| row.name).collect();
        self.memory().environment_names.put((), names.clone());
        Ok(names)
    }

    pub async fn environment(
        &self,
        caller: &Caller,
        name: &EnvironmentName,
    ) -> Result<EnvironmentRow> {
        self.allow_read(caller, Room::Environments, "environment of that name")
            .await?;
        self.environment_row(self.pool(), name).await
    }

    /// # Errors
    /// Refused as a wrong field: the caller named it in a request.
    pub(crate) async fn environment_row(
        &self,
        db: impl sqlx::PgExecutor<'_>,
        name: &EnvironmentName,
    ) -> Result<EnvironmentRow> {
        let all = rows::all(db).await?;
        all.into_iter()
            .find(|e| e.name == *name)
            .ok_or_else(|| Refusal::not_found(format!("environment '{name}'")).into())
    }

    /// Writes the configured environments to the database, and retires those that are no longer configured; each that
    /// differs is an event.
    pub async fn apply_configured_environments(&self) -> Result<()> {
        let before = rows::all(self.pool()).await?;
        for (position, setting) in (0..).zip(&self.settings().environments) {
            let row = self.configured(setting);
            let was = before.iter().enumerate().find(|(_, e)| e.name == row.name);
            if was.is_some_and(|(at, was)| at == position && *was == row) {
                continue;
            }
            let mut tx = self.begin_as_portal().await?;
            rows::upsert(&mut tx, &row, position).await?;
            crate::catalog::rows::bump_version(&mut tx).await?;
            let event = Event::new(
                EventKind::EnvironmentConfigured,
                SubjectRef::new("environment", &row.name),
            )
            .with(json!({"was": was.map(|(_, was)| was), "is": row}));
            tx.commit(event, vec![]).await?;
        }
        for row in before.iter().filter(|row| row.retired_at.is_none()) {
            if self.settings().environment(&row.name).is_none() {
                self.retire_environment(row).await?;
            }
        }
        Ok(())
    }

    async fn retire_environment(&self, row: &EnvironmentRow) -> Result<()> {
        let mut tx = self.begin_as_portal().await?;
        rows::retire(&mut tx, &row.name).await?;
        crate::catalog::rows::bump_version(&mut tx).await?;
        let subject = SubjectRef::new("environment", &row.name);
        let event = Event::new(EventKind::EnvironmentRetired, subject).with(json!({"was": row}));
        tx.commit(event, vec![]).await
    }

    fn configured(&self, setting: &EnvironmentSetting) -> EnvironmentRow {
        let pair = self
            .settings()
            .region_pairs
            .iter()
            .find(|p| Some(&p.name) == setting.region_pair.as_ref());
        let mut regions: Vec<_> = setting
            .clusters
            .iter()
            .map(|(region, cluster)| EnvironmentRegion {
                region: region.clone(),
                // A region on its own serves, so it is the active one.
                side: if pair.is_some_and(|p| p.passive == *region) {
                    Side::Passive
                } else {
                    Side::Active
                },
                cluster: cluster.clone(),
            })
            .collect();
        regions.sort_by_key(|r| r.side);
        EnvironmentRow {
            name: setting.name.clone(),
            title: setting.title.clone(),
            protected: setting.protected,
            account: setting.account.clone(),
            namespace: setting.namespace.clone(),
            region_pair: setting.region_pair.clone(),
            regions,
            retired_at: None,
        }
    }
}
