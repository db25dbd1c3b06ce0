//! Working out exactly what will be done, from what the portal knows: never from what a client says.

use domain::{
    ChangeKind, EnvironmentName, Evidence, Login, Refusal, RefusalCode, ReleaseId, ServiceId,
    ServiceName, Target, Version, evidence::Running, rule::Facts,
};

use crate::{Control, Result, environments::EnvironmentRow, releases, services};

/// Evidence with the rows it was made of.
pub(super) struct Planned {
    pub(super) evidence: Evidence,
    pub(super) service_id: ServiceId,
    pub(super) release_id: ReleaseId,
}

impl Control {
    /// What a change would do now.
    ///
    /// # Errors
    /// Refused, naming the field, when there is no such release, the service has no pipeline or image, …
    pub(super) async fn plan(
        &self,
        conn: &mut sqlx::PgConnection,
        kind: ChangeKind,
        requester: &Login,
        service: &ServiceName,
        version: &Version,
        environment: &EnvironmentName,
    ) -> Result<Planned> {
        let Some(found) = services::rows::by_name(&mut *conn, service).await? else {
            return Err(Refusal::field("service", "there is no such service").into());
        };
        if found.orphaned {
            return Err(Refusal::field("service", "this service is orphaned: its entity has vanished from the catalogue. Import it again first.").into());
        }
        let Some(release) = releases::rows::by_version(conn, found.id, version).await? else {
            return Err(Refusal::field("version", format!("{service} has no release {version}. CI registers releases; pick one that exists.")).into());
        };
        let running = super::rows::deployed(conn, found.id, environment).await?;
        let place = self
            .environment_row(&mut *conn, environment)
            .await
            .map_err(|error| match error {
                crate::Error::Refused(_) => {
                    Refusal::field("environment", "there is no such environment").into()
                }
                fault @ crate::Error::Fault(_) => fault,
            })?;
        let lacks = |annotation: &str| {
            Refusal::new(
                RefusalCode::Conflict,
                format!(
                    "{service} cannot be deployed: its catalog-info.yaml lacks the annotation {annotation}."
                ),
            )
        };
        let evidence = Evidence {
            schema: Evidence::SCHEMA,
            kind,
            requester: requester.clone(),
            service: found.name.clone(),
            team: found.team.clone(),
            version: release.version.clone(),
            commit: release.commit.clone(),
            repository: found
                .image
                .clone()
                .ok_or_else(|| lacks("portolan/ecr-repository"))?,
            digest: release.digest.clone(),
            environment: place.name.clone(),
            protected: place.protected,
            pipeline: found
                .pipeline
                .clone()
                .ok_or_else(|| lacks("jenkins.io/job-full-name"))?,
            targets: targets(&place, &running),
            rule_version: self.rules().version().to_owned(),
            policy_version: self.policies().version().to_owned(),
        };
        Ok(Planned {
            evidence,
            service_id: found.id,
            release_id: release.id,
        })
    }
}

/// What rules look at.
pub(super) fn facts(evidence: &Evidence) -> Facts<'_> {
    Facts {
        kind: evidence.kind,
        environment: &evidence.environment,
        protected: evidence.protected,
        team: &evidence.team,
        service: &evidence.service,
    }
}

fn targets(place: &EnvironmentRow, running: &[(String, Running)]) -> Vec<Target> {
    place
        .regions
        .iter()
        .map(|r| Target {
            region: r.region.clone(),
            side: r.side,
            account: place.account.clone(),
            cluster: r.cluster.clone(),
            namespace: place.namespace.clone(),
            current: running
                .iter()
                .find(|(region, _)| region == r.region.as_str())
                .map(|(_, now)| now.clone()),
        })
        .collect()
}
