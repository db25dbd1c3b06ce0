//! Asking for a change, and looking at what it would do before asking.

use domain::{
    Caller, Change, ChangeId, ChangeKind, ChangeState, EnvironmentName, Event, EventKind, Evidence,
    EvidenceDigest, Reason, Refusal, RefusalCode, Requirement, RuleSet, ServiceName, StartMode,
    Version,
    agreement::Agreement,
    policy::{Draft, RequestChange, ServiceSubject},
    rule::Facts,
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;

use super::{ChangeDetail, RequirementView, evidence::Planned, rollback::only_rollback, rows};
use crate::{ChangeTx, Control, Error, Result, new_id};

/// What a person asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewChange {
    pub kind: ChangeKind,
    pub service: ServiceName,
    pub version: Version,
    pub environment: EnvironmentName,
    pub reason: Reason,
    pub start_mode: StartMode,
    pub retry_of: Option<ChangeId>,
    pub timing: Timing,
}

/// When it may start, besides approvals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// Not before this moment.
    pub start_at: Option<Timestamp>,
    /// Not before these have succeeded.
    pub after: Vec<ChangeId>,
    /// Not before the next moment that the calendar leaves free, as it stands when the change is asked for.
    pub next_window: bool,
}

/// What people add to what the portal works out.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) reason: Reason,
    pub(super) start_mode: StartMode,
    pub(super) retry_of: Option<ChangeId>,
    pub(super) timing: Timing,
}

/// What would be done and who would have to agree, before anything is asked for.
#[derive(Clone, Debug, Serialize)]
pub struct Preview {
    pub evidence: Evidence,
    pub digest: EvidenceDigest,
    pub requirements: Vec<RequirementView>,
    /// What the calendar would say of its start if it were ready now.
    #[serde(skip)]
    pub may_start: domain::schedule::MayStart,
    /// Its release has to succeed there first, and has not.
    pub not_promoted_from: Option<EnvironmentName>,
    /// Err: why the caller may not ask for it.
    #[serde(skip)]
    pub may_request: Result<(), Refusal>,
}

impl Control {
    pub async fn preview(
        &self,
        caller: &Caller,
        service: &ServiceName,
        version: &Version,
        environment: &EnvironmentName,
    ) -> Result<Preview> {
        self.readable_service(caller, service).await?;
        let mut conn = self.pool().acquire().await?;
        let planned = self
            .plan(
                &mut conn,
                &caller.person.login,
                service,
                version,
                environment,
            )
            .await?;
        drop(conn);
        self.preview_of(caller, planned).await
    }

    /// What a planned change would need.
    pub(super) async fn preview_of(&self, caller: &Caller, planned: Planned) -> Result<Preview> {
        let needed = requirements(&planned.rules, &planned.evidence)?;
        let evidence = planned.evidence;
        let (_, digest) = evidence.seal()?;
        let change = super::view::probe(&evidence, caller.person.id, self.now());
        let agreement = Agreement::of(&change, &needed, &[], |_| Ok(()));
        let requirements = self.requirement_views(&change, &[], &agreement).await?;
        let may_request = self
            .policies()
            .may(caller, RequestChange, &draft(&evidence), self.now());
        let mut conn = self.pool().acquire().await?;
        let calendar = self.calendar(&mut conn).await?;
        drop(conn);
        let may_start = calendar.may_start(&super::held::facts(&evidence), digest, &[], self.now());
        let mut conn = self.pool().acquire().await?;
        let not_promoted_from = self.not_promoted(&mut conn, &evidence).await?;
        drop(conn);
        Ok(Preview {
            evidence,
            digest,
            requirements,
            may_start,
            not_promoted_from,
            may_request,
        })
    }

    /// Records the wish with its evidence. It then waits for people, or is ready at once where no rule asks for anybody.
    pub async fn request_change(&self, caller: &Caller, new: NewChange) -> Result<ChangeDetail> {
        if new.kind != ChangeKind::Deploy {
            return Err(Refusal::field(
                "kind",
                format!(
                    "'{}' cannot be requested here; this portal deploys, and rolls back what was deployed (POST /changes/{{id}}/rollback)",
                    new.kind
                ),
            )
            .into());
        }
        let found = match self.readable_service(caller, &new.service).await {
            // The service is a field of this request: say so beside it.
            Err(Error::Refused(r)) if r.code == RefusalCode::NotFound => {
                return Err(Refusal::field(
                    "service",
                    "there is no such service, or you may not see it",
                )
                .into());
            }
            other => other?,
        };
        debug_assert_eq!(
            ServiceSubject {
                name: found.name.clone(),
                team: found.team.clone()
            }
            .name,
            new.service
        );
        let mut conn = self.pool().acquire().await?;
        let planned = self
            .plan(
                &mut conn,
                &caller.person.login,
                &new.service,
                &new.version,
                &new.environment,
            )
            .await?;
        drop(conn);
        let wish = Wish {
            reason: new.reason,
            start_mode: new.start_mode,
            retry_of: new.retry_of,
            timing: new.timing,
        };
        self.submit(caller, planned, wish).await
    }

    /// Records what was planned as a change.
    pub(super) async fn submit(
        &self,
        caller: &Caller,
        planned: Planned,
        new: Wish,
    ) -> Result<ChangeDetail> {
        let evidence = planned.evidence;
        self.permit(caller, RequestChange, draft(&evidence)).await?;
        let requirements = requirements(&planned.rules, &evidence)?;
        let (text, digest) = evidence.seal()?;
        self.checked_timing(caller, &new.timing).await?;
        let new = self.in_the_next_window(&evidence, new).await?;
        let mut tx = self.begin(caller).await?;
        if let Some(of) = new.retry_of {
            only_retry(&mut tx, of).await?;
        }
        if let Some(of) = evidence.rollback_of {
            only_rollback(&mut tx, of).await?;
        }
        let lasts =
            SignedDuration::try_from(self.settings().times.change_expires).map_err(Error::fault)?;
        let change = Change {
            id: new_id(),
            kind: evidence.kind,
            state: ChangeState::Requested,
            requester: caller.person.id,
            requester_login: caller.person.login.clone(),
            service: evidence.service.clone(),
            team: evidence.team.clone(),
            version: evidence.version.clone(),
            environment: evidence.environment.clone(),
            protected: evidence.protected,
            evidence_digest: digest,
            start_mode: new.start_mode,
            cancel_requested: false,
            expires_at: super::timing::counted_from(tx.now(), &new.timing)
                .checked_add(lasts)
                .map_err(Error::fault)?,
        };
        let id = change.id;
        let requested = Event::on_change(EventKind::ChangeRequested, id).with(json!({
            "kind": evidence.kind, "service": evidence.service, "version": evidence.version,
            "environment": evidence.environment, "reason": new.reason, "evidence_digest": digest,
            "retry_of": new.retry_of, "rollback_of": evidence.rollback_of,
            "start_at": new.timing.start_at, "after": new.timing.after,
        }));
        let (change, planned_event) = change.plan()?;
        let mut events = vec![planned_event];
        let change = if requirements.is_empty() {
            let (change, event) = change.make_ready()?;
            events.push(event);
            change
        } else {
            let (change, event) = change.await_approval()?;
            events.push(event);
            change
        };
        let row = rows::New {
            change: &change,
            reason: &new.reason,
            service_id: planned.service_id,
            release_id: planned.release_id,
            evidence: &text,
            requirements: &requirements,
            retry_of: new.retry_of,
        };
        rows::insert(&mut tx, row).await?;
        super::timing::keep(&mut tx, id, &new.timing).await?;
        if change.state == ChangeState::Approved {
            rows::make_grant(&mut tx, new_id(), &change).await?;
            if let Some(stored) = rows::for_update(&mut tx, id).await? {
                events.extend(self.schedule_held(&mut tx, &stored).await?);
            }
        }
        tx.commit(requested, events).await?;
        self.work().notify_waiters();
        self.change(caller, id).await
    }

    /// Asks again for what failed, went stale, expired or was cancelled: a new change with new evidence.
    pub async fn retry(
        &self,
        caller: &Caller,
        id: ChangeId,
        reason: Reason,
    ) -> Result<ChangeDetail> {
        let old = self.readable_change(caller, id).await?;
        if old.change.state == ChangeState::NeedsAttention {
            return self.resume(caller, id, reason.to_string()).await;
        }
        super::view::retryable(&old.change)?;
        if let Some(of) = old.evidence.rollback_of {
            let wish = Wish {
                reason,
                start_mode: old.change.start_mode,
                retry_of: Some(id),
                timing: Timing::default(),
            };
            return self.rollback(caller, of, wish).await;
        }
        let new = NewChange {
            kind: old.change.kind,
            service: old.change.service,
            version: old.change.version,
            environment: old.change.environment,
            reason,
            start_mode: old.change.start_mode,
            retry_of: Some(id),
            timing: Timing::default(),
        };
        self.request_change(caller, new).await
    }
}

/// Locks what is asked for again, so that of two who ask at once one is told of the other.
///
/// # Errors
/// Refused while an earlier retry of it is under way.
async fn only_retry(tx: &mut ChangeTx, of: ChangeId) -> Result<()> {
    rows::for_update(tx, of).await?;
    match rows::open_retry(&mut *tx.conn(), of).await? {
        None => Ok(()),
        Some(open) => Err(asked_again(open).into()),
    }
}

/// Why it is not asked for again while `open` is under way.
pub(super) fn asked_again(open: ChangeId) -> Refusal {
    Refusal::new(
        RefusalCode::Conflict,
        format!("It was asked for again already, as change {open}, which has not ended."),
    )
}

/// What the rules ask for.
///
/// # Errors
/// Refused when no rule speaks about such a change: nobody thought of it, so nobody may do it.
pub(super) fn requirements(rules: &RuleSet, evidence: &Evidence) -> Result<Vec<Requirement>> {
    let facts = Facts::of(evidence);
    if rules.matching(&facts).is_empty() {
        return Err(Refusal::new(
            RefusalCode::Forbidden,
            format!(
                "No rule says who must agree to a {} of {} to {}; an administrator has to add one.",
                evidence.kind, evidence.service, evidence.environment
            ),
        )
        .into());
    }
    Ok(rules.requirements(&facts))
}

pub(super) fn draft(evidence: &Evidence) -> Draft {
    Draft {
        kind: evidence.kind,
        service: evidence.service.clone(),
        team: evidence.team.clone(),
        environment: evidence.environment.clone(),
        protected: evidence.protected,
    }
}
