//! Sessions of the requester, recorded before they are used: the join key to CloudTrail is there whatever happens next.

use domain::{Event, EventKind, Outcome as EventOutcome, SubjectRef};
use serde_json::json;

use super::{
    engine::{Outcome, Work},
    lease::{Halt, held},
    rows,
};
use crate::{
    ChangeTx, Control, Result, changes,
    outside::{
        Failure,
        aws::{AwsSession, Errand, Need, SessionRecord},
    },
};

/// A session, or what the step comes to without one.
pub(super) type Given = std::result::Result<AwsSession, Outcome>;

impl Control {
    /// Asks whether the requester still stands before AWS is asked, and again before the session is used.
    pub(super) async fn session_for(&self, work: &Work, need: Need) -> Result<Given, Halt> {
        if let Some(why) = self.requester_lost_now(work).await? {
            return Ok(Err(work.without(&why)));
        }
        let assumed = self
            .outside()
            .roles
            .assume(Errand {
                person: &work.caller.person,
                change: work.stored.change.id,
                step: work.lease.step,
                evidence: &work.stored.evidence,
                digest: work.stored.change.evidence_digest,
                target: &work.target,
                stepped_up: work.stepped_up,
                need,
            })
            .await;
        let change = work.stored.change.id;
        match assumed {
            Ok(session) => {
                let mut tx = self.begin(&work.caller).await?;
                changes::rows::touch(&mut tx, change).await?;
                held(rows::claims::fence(tx.conn(), &work.lease).await?)?;
                let lost = self.requester_lost_for(&mut tx, work).await?;
                record(&mut tx, session.record()).await?;
                tx.commit(assumed_event(session.record()).of_change(change), vec![])
                    .await?;
                tracing::debug!(step = %work.lease.step, need = need.as_str(), at = "session.recorded");
                Ok(match lost {
                    None => Ok(session),
                    Some(why) => Err(work.without(&why)),
                })
            }
            Err(failure) => {
                if !failure.is_retriable() {
                    let mut tx = self.begin(&work.caller).await?;
                    changes::rows::touch(&mut tx, change).await?;
                    held(rows::claims::fence(tx.conn(), &work.lease).await?)?;
                    let subject = SubjectRef::new("step", work.lease.step);
                    tx.commit(
                        refused_event(subject, need, &failure).of_change(change),
                        vec![],
                    )
                    .await?;
                }
                Ok(Err(
                    work.after_failure(&failure, self.settings().times.follow)
                ))
            }
        }
    }
}

/// Writes the session down.
pub(crate) async fn record(tx: &mut ChangeTx, record: &SessionRecord) -> Result<()> {
    rows::claims::insert_session(tx, record).await
}

pub(crate) fn assumed_event(record: &SessionRecord) -> Event {
    Event::new(EventKind::RoleAssumed, SubjectRef::new("step", record.step)).with(json!({
        "purpose": record.purpose,
        "role_arn": record.role_arn,
        "session_name": record.session_name,
        "source_identity": record.login,
        "access_key_id": record.access_key_id,
        "mfa": record.mfa,
        "region": record.region,
        "evidence_digest": record.evidence_digest,
        "session_policy": record.session_policy,
        "packed_percent": record.packed_percent,
        "request_id": record.request_id,
        "expires_at": record.expires_at,
    }))
}

pub(crate) fn refused_event(subject: SubjectRef, need: Need, failure: &Failure) -> Event {
    Event::new(EventKind::RoleRefused, subject)
        .outcome(EventOutcome::Failure)
        .with(json!({
            "purpose": need.as_str(),
            "call": failure.call,
            "why": failure.words,
            "request_id": failure.request_id,
        }))
}
