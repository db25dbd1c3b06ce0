//! Working out exactly what will be done, from what the portal knows: never from what a client says.

use std::sync::Arc;

use domain::{
    ChangeId, ChangeKind, EnvironmentName, Evidence, Login, Refusal, RefusalCode, ReleaseId,
    RuleSet, ServiceId, ServiceName, Target, Version,
    evidence::{Running, Side, Through},
    rollback::{Ran, previous},
};

use super::rows;
use crate::{Control, Result, environments::EnvironmentRow, releases, services};

/// Evidence with the rows it was made of.
pub(super) struct Planned {
    pub(super) evidence: Evidence,
    pub(super) service_id: ServiceId,
    pub(super) release_id: ReleaseId,
    /// The rules it names.
    pub(super) rules: Arc<RuleSet>,
}

/// A service and an environment that a change can be about.
struct Ground {
    service: services::rows::Stored,
    place: EnvironmentRow,
    running: Vec<(String, Running)>,
    rules: Arc<RuleSet>,
}

impl Control {
    /// What a deployment would do now.
    ///
    /// # Errors
    /// Refused, naming the field, when there is no such release, the service has no pipeline or image, …
    pub(super) async fn plan(
        &self,
        conn: &mut sqlx::PgConnection,
        requester: &Login,
        service: &ServiceName,
        version: &Version,
        environment: &EnvironmentName,
    ) -> Result<Planned> {
        let ground = self.ground(conn, service, environment).await?;
        let targets = targets(&ground.place, &ground.running);
        self.evidence(
            conn,
            ChangeKind::Deploy,
            requester,
            &ground,
            version,
            targets,
            None,
        )
        .await
    }

    /// What undoing a change would do now: each of its regions goes back to the release that was good there before.
    ///
    /// # Errors
    /// Refused where nothing was good before.
    pub(super) async fn plan_rollback(
        &self,
        conn: &mut sqlx::PgConnection,
        requester: &Login,
        of: &rows::Stored,
    ) -> Result<Planned> {
        let (service, environment) = (&of.change.service, &of.change.environment);
        let ground = self.ground(conn, service, environment).await?;
        let history = rows::history::verified(conn, ground.service.id, environment).await?;
        let mut all = targets(&ground.place, &ground.running);
        all.retain_mut(|target| {
            let touched = of
                .evidence
                .targets
                .iter()
                .find(|t| t.region == target.region);
            let Some(touched) = touched else { return false };
            let here: Vec<Ran> = history
                .iter()
                .filter(|(region, _)| *region == target.region)
                .map(|(_, ran)| ran.clone())
                .collect();
            target.becomes = previous(&here, &of.evidence.becomes(touched).digest);
            target.becomes.is_some()
        });
        let serving = all
            .iter()
            .find(|t| t.side == Side::Active)
            .or_else(|| all.first());
        let Some(version) = serving.and_then(|t| Some(t.becomes.as_ref()?.version.clone())) else {
            return Err(Refusal::new(
                RefusalCode::Conflict,
                format!("There is nothing to go back to: before {} the portal has verified no other release of {service} in {environment}.", of.change.version),
            )
            .into());
        };
        let of = Some(of.change.id);
        self.evidence(
            conn,
            ChangeKind::Rollback,
            requester,
            &ground,
            &version,
            all,
            of,
        )
        .await
    }

    /// What a change that exists would do now.
    pub(super) async fn plan_again(
        &self,
        conn: &mut sqlx::PgConnection,
        stored: &rows::Stored,
    ) -> Result<Planned> {
        let change = &stored.change;
        if let Some(of) = stored.evidence.rollback_of {
            let Some(of) = rows::by_id(conn, of).await? else {
                return Err(Refusal::not_found("change that this one undoes").into());
            };
            return self.plan_rollback(conn, &change.requester_login, &of).await;
        }
        let (service, version) = (&change.service, &change.version);
        self.plan(
            conn,
            &change.requester_login,
            service,
            version,
            &change.environment,
        )
        .await
    }

    /// What the configuration says of where things are done.
    fn through(&self) -> Through {
        let settings = self.settings();
        let aws = &settings.aws;
        Through {
            jenkins: settings.jenkins.url.to_string(),
            portal: settings.public_url.to_string(),
            job_role_arn: aws.job_role_arn.clone(),
            external_id: aws.external_id.clone(),
            registry: aws.registry.clone(),
            aws: aws.endpoint.as_ref().map(ToString::to_string),
        }
    }

    async fn ground(
        &self,
        conn: &mut sqlx::PgConnection,
        service: &ServiceName,
        environment: &EnvironmentName,
    ) -> Result<Ground> {
        let rules = self.current_rules(conn).await?;
        let Some(found) = services::rows::by_name(&mut *conn, service).await? else {
            return Err(Refusal::field("service", "there is no such service").into());
        };
        if found.orphaned {
            return Err(Refusal::field("service", "this service is orphaned: its entity has vanished from the catalogue. Import it again first.").into());
        }
        let running = rows::deployed(conn, found.id, environment).await?;
        let place = self
            .environment_row(&mut *conn, environment)
            .await
            .map_err(|error| match error {
                crate::Error::Refused(_) => {
                    Refusal::field("environment", "there is no such environment").into()
                }
                fault @ crate::Error::Fault(_) => fault,
            })?;
        if place.retired_at.is_some() {
            return Err(Refusal::field(
                "environment",
                format!(
                    "{} is retired: the configuration no longer has it",
                    place.name
                ),
            )
            .into());
        }
        Ok(Ground {
            service: found,
            place,
            running,
            rules,
        })
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "all that differs between the kinds"
    )]
    async fn evidence(
        &self,
        conn: &mut sqlx::PgConnection,
        kind: ChangeKind,
        requester: &Login,
        ground: &Ground,
        version: &Version,
        targets: Vec<Target>,
        rollback_of: Option<ChangeId>,
    ) -> Result<Planned> {
        let (found, place) = (&ground.service, &ground.place);
        let service = &found.name;
        let Some(release) = releases::rows::by_version(conn, found.id, version).await? else {
            return Err(Refusal::field("version", format!("{service} has no release {version}. CI registers releases; pick one that exists.")).into());
        };
        let lacks = |annotation: &str| {
            Refusal::new(
                RefusalCode::Conflict,
                format!(
                    "{service} cannot be deployed: its catalog-info.yaml lacks the annotation {annotation}."
                ),
            )
        };
        let mut evidence = Evidence {
            schema: Evidence::SCHEMA,
            kind,
            requester: requester.clone(),
            service: found.name.clone(),
            team: found.team.clone(),
            system: found.system.clone(),
            tier: found.tier.clone(),
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
            targets,
            rollback_of,
            wave: None,
            through: self.through(),
            rule_version: ground.rules.version().to_owned(),
            policy_version: self.policies().version().to_owned(),
        };
        evidence.wave = ground.rules.wave(&evidence);
        Ok(Planned {
            evidence,
            service_id: found.id,
            release_id: release.id,
            rules: ground.rules.clone(),
        })
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
            becomes: None,
        })
        .collect()
}
