//! Not before a time, not before other changes, not before the environment that comes first: asked for with a change,
//! checked when everybody has agreed and again at its start. What waits is `scheduled` and goes on by itself.

pub(super) mod rows;

use domain::{
    Caller, ChangeId, ChangeKind, ChangeState, Event, EventKind, Evidence, EvidenceDigest, Login,
    Reason, Refusal, RefusalCode,
    hold::{self, Hold, Prerequisites},
    policy::OverridePromotion,
    schedule::Facts,
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;
use sqlx::PgConnection;

use super::{Buttons, ChangeDetail, Timing, request::Wish, rows as changes, rows::Stored};
use crate::{ChangeTx, Control, Error, Result};

/// So far ahead a start may be asked for.
const AHEAD: SignedDuration = SignedDuration::from_hours(90 * 24);
/// So many changes one may follow.
const MOST: usize = 20;
/// So many are let go at a time.
const AT_ONCE: i64 = 200;

/// What a change was asked to wait for, and what of it holds it now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Timed {
    pub start_at: Option<Timestamp>,
    pub after: Vec<(ChangeId, ChangeState)>,
    /// What holds it now. Empty where it has started or ended.
    pub holds: Vec<Hold>,
    /// Somebody let its release go where it had not run before.
    pub promotion: Option<PromotionOverride>,
}

/// For ever on the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PromotionOverride {
    pub by: Login,
    pub reason: String,
    pub at: Timestamp,
}

impl Control {
    /// What was asked for, as far as it can be kept.
    ///
    /// # Errors
    /// Refused beside the field that says what cannot be.
    pub(super) async fn checked_timing(&self, caller: &Caller, timing: &Timing) -> Result<()> {
        let now = self.now();
        if let Some(at) = timing.start_at {
            if at <= now {
                return Err(Refusal::field("start_at", "this moment has passed; leave it empty to start as soon as everybody has agreed").into());
            }
            if now.checked_add(AHEAD).is_ok_and(|latest| at > latest) {
                return Err(Refusal::field("start_at", "at most 90 days ahead").into());
            }
        }
        if timing.after.len() > MOST {
            return Err(Refusal::field("after", format!("at most {MOST} changes")).into());
        }
        for (i, id) in timing.after.iter().enumerate() {
            if timing.after[..i].contains(id) {
                return Err(Refusal::field("after", format!("{id} stands twice")).into());
            }
            let found = self
                .readable_change(caller, *id)
                .await
                .map_err(|error| match error {
                    Error::Refused(_) => Error::from(Refusal::field(
                        "after",
                        format!("there is no change {id}, or you may not see it"),
                    )),
                    fault @ Error::Fault(_) => fault,
                })?;
            let state = found.change.state;
            if (Hold::After { change: *id, state }).is_broken() {
                return Err(Refusal::field("after", format!("change {id} is {state} and will never succeed, so this one would never start")).into());
            }
        }
        Ok(())
    }

    /// Puts the start of a change that was asked for the next window there.
    pub(super) async fn in_the_next_window(
        &self,
        evidence: &Evidence,
        mut new: Wish,
    ) -> Result<Wish> {
        if !new.timing.next_window {
            return Ok(new);
        }
        let facts = Facts {
            kind: evidence.kind,
            service: evidence.service.clone(),
            team: evidence.team.clone(),
            system: evidence.system.clone(),
            environment: evidence.environment.clone(),
            regions: evidence.targets.iter().map(|t| t.region.clone()).collect(),
        };
        let mut conn = self.pool().acquire().await?;
        let calendar = self.calendar(&mut conn).await?;
        drop(conn);
        let now = self.now();
        let decision = calendar.may_start(&facts, EvidenceDigest([0; 32]), &[], now);
        let Some(next) = decision.next else {
            return Err(Refusal::field("start_at", "no moment is foreseeable at which it could start: a stop has no end, or no window opens").into());
        };
        if next > now {
            new.timing.start_at = new.timing.start_at.max(Some(next));
        }
        Ok(new)
    }

    /// The environment that comes before, where the release of this evidence has not succeeded there.
    pub(super) async fn not_promoted(
        &self,
        conn: &mut PgConnection,
        evidence: &Evidence,
    ) -> Result<Option<domain::EnvironmentName>> {
        if evidence.kind != ChangeKind::Deploy {
            // A rollback goes back to what has run here.
            return Ok(None);
        }
        let setting = self.settings().environment(&evidence.environment);
        let Some(from) = setting.and_then(|setting| setting.promote_from.clone()) else {
            return Ok(None);
        };
        let ran = rows::succeeded_in(conn, &evidence.service, &from, &evidence.digest).await?;
        Ok((!ran).then_some(from))
    }

    /// All that this change waits for besides approvals, queue and calendar.
    pub(super) async fn prerequisites(
        &self,
        conn: &mut PgConnection,
        stored: &Stored,
    ) -> Result<(Prerequisites, Option<PromotionOverride>)> {
        let id = stored.change.id;
        let start_at = rows::start_at(&mut *conn, id).await?;
        let after = rows::after(&mut *conn, id).await?;
        let digest = stored.change.evidence_digest;
        let overridden = rows::promotion_override(&mut *conn, id, digest).await?;
        let not_promoted_from = match overridden {
            Some(_) => None,
            None => self.not_promoted(conn, &stored.evidence).await?,
        };
        Ok((
            Prerequisites {
                start_at,
                after,
                not_promoted_from,
            },
            overridden,
        ))
    }

    pub(super) async fn timed(&self, stored: &Stored) -> Result<Timed> {
        let mut conn = self.pool().acquire().await?;
        let (found, promotion) = self.prerequisites(&mut conn, stored).await?;
        let waits = matches!(
            stored.change.state,
            ChangeState::AwaitingApproval | ChangeState::Approved | ChangeState::Scheduled
        );
        let holds = if waits {
            found.holds(self.now())
        } else {
            vec![]
        };
        Ok(Timed {
            start_at: found.start_at,
            after: found.after,
            holds,
            promotion,
        })
    }

    /// An approved change that something of this holds is put aside: it is scheduled, and says what it waits for.
    pub(super) async fn schedule_held(
        &self,
        tx: &mut ChangeTx,
        stored: &Stored,
    ) -> Result<Option<Event>> {
        let (found, _) = self.prerequisites(tx.conn(), stored).await?;
        let Some(why) = hold::waits_for(&found.holds(tx.now())) else {
            return Ok(None);
        };
        let (change, event) = stored.change.clone().schedule()?;
        changes::save(tx, &change, Some(&why)).await?;
        rows::note_promotion(tx, change.id, found.not_promoted_from.as_ref()).await?;
        Ok(Some(
            event.with(json!({"to": change.state, "waits_for": why})),
        ))
    }

    /// Lets go what nothing of this holds any more. Returns how many go on.
    pub(crate) async fn release_scheduled(&self) -> Result<usize> {
        let mut conn = self.pool().acquire().await?;
        let ids = rows::due(&mut conn, self.now(), AT_ONCE).await?;
        drop(conn);
        let mut released = 0;
        for id in ids {
            match self.release_one(id).await {
                Ok(true) => released += 1,
                Ok(false) => {}
                // One row that cannot be read must not hold up all the others.
                Err(fault) => tracing::error!(change = %id, %fault, "cannot be let go"),
            }
        }
        if released > 0 {
            self.work().notify_waiters();
        }
        Ok(released)
    }

    async fn release_one(&self, id: ChangeId) -> Result<bool> {
        let mut tx = self.begin_as_portal().await?;
        let Some(stored) = changes::for_update(&mut tx, id).await? else {
            return Ok(false);
        };
        let (found, _) = self.prerequisites(tx.conn(), &stored).await?;
        if !found.holds(tx.now()).is_empty() {
            return Ok(false);
        }
        let Ok((change, event)) = stored.change.release() else {
            return Ok(false);
        };
        changes::save(&mut tx, &change, None).await?;
        tx.commit(event, vec![]).await?;
        Ok(true)
    }

    /// Lets this change go although its release has not succeeded where it should have first. Never by its requester.
    pub async fn override_promotion(
        &self,
        caller: &Caller,
        id: ChangeId,
        digest: EvidenceDigest,
        reason: Reason,
    ) -> Result<ChangeDetail> {
        let tx = self.begin(caller).await?;
        let (tx, stored) = self.locked_change(caller, tx, id).await?;
        let (mut tx, _allowed) = self
            .allow_in(tx, caller, OverridePromotion, stored.change.clone())
            .await?;
        if stored.change.evidence_digest != digest {
            return Err(Refusal::new(
                RefusalCode::DigestMismatch,
                "You looked at other evidence than this change carries. Look at it again.",
            )
            .into());
        }
        let (found, _) = self.prerequisites(tx.conn(), &stored).await?;
        let waits = matches!(
            stored.change.state,
            ChangeState::AwaitingApproval | ChangeState::Approved | ChangeState::Scheduled
        );
        let Some(from) = found.not_promoted_from.filter(|_| waits) else {
            return Err(Refusal::new(
                RefusalCode::WrongState,
                "Nothing to override: no environment that comes first holds this change.",
            )
            .into());
        };
        rows::insert_override(&mut tx, &stored.change, caller, &reason).await?;
        let event = Event::on_change(EventKind::ChangePromotionOverridden, id).with(json!({
            "not_run_in": from, "reason": reason, "evidence_digest": digest,
        }));
        tx.commit(event, vec![]).await?;
        self.work().notify_waiters();
        self.change(caller, id).await
    }

    /// What this adds to what the caller may do.
    pub(super) fn with_timing(
        &self,
        caller: &Caller,
        stored: &Stored,
        mut buttons: Buttons,
        timed: &Timed,
    ) -> Buttons {
        buttons.override_promotion = self.may_override_promotion(caller, stored, timed);
        buttons
    }

    /// Whether the caller could, for the button.
    fn may_override_promotion(
        &self,
        caller: &Caller,
        stored: &Stored,
        timed: &Timed,
    ) -> Result<(), Refusal> {
        let held = timed
            .holds
            .iter()
            .any(|hold| matches!(hold, Hold::Promotion { .. }));
        if !held {
            return Err(Refusal::new(
                RefusalCode::WrongState,
                "No order of promotion holds it.",
            ));
        }
        self.policies()
            .may(caller, OverridePromotion, &stored.change, self.now())
    }
}

/// Keeps what was asked for beside the change that was just made.
pub(super) async fn keep(tx: &mut ChangeTx, id: ChangeId, timing: &Timing) -> Result<()> {
    rows::keep(tx, id, timing).await
}

/// The end of a change's life counts from when it may start at the earliest.
pub(super) fn counted_from(now: Timestamp, timing: &Timing) -> Timestamp {
    timing.start_at.map_or(now, |at| at.max(now))
}
