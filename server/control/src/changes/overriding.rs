//! Overriding freezes and windows: asked for by one person with the right to, confirmed by another.

pub(super) mod rows;

use domain::{
    Caller, ChangeId, EvidenceDigest, OverrideId, Reason, Refusal, RefusalCode,
    policy::OverrideFreeze,
    schedule::{MayStart, Override, nothing_to_override},
};
use jiff::Timestamp;

use super::{ChangeDetail, held, rows::Stored};
use crate::{Control, Result, new_id};

impl Control {
    /// Asks for the change to be excepted from the freezes and windows that hold it now. Counts for nothing until somebody else confirms it.
    pub async fn ask_override(
        &self,
        caller: &Caller,
        id: ChangeId,
        digest: EvidenceDigest,
        reason: Reason,
        expires_at: Timestamp,
    ) -> Result<ChangeDetail> {
        let tx = self.begin(caller).await?;
        let (tx, stored) = self.locked_change(caller, tx, id).await?;
        let (mut tx, allowed) = self
            .allow_in(tx, caller, OverrideFreeze, stored.change.clone())
            .await?;
        let now = tx.now();
        let (decision, overrides) = self.may_start(tx.conn(), &stored, now).await?;
        let (_, event) = allowed.ask(digest, &decision.overridable(), &reason, expires_at, now)?;
        if overrides.iter().any(|o| o.waits(now)) {
            return Err(waiting_already().into());
        }
        let asked = Override {
            id: new_id::<OverrideId>(),
            evidence_digest: digest,
            entries: decision.overridable(),
            reason: reason.to_string(),
            asked_by: caller.person.id,
            asked_login: caller.person.login.clone(),
            asked_at: now,
            expires_at,
            confirmed_login: None,
            confirmed_at: None,
        };
        rows::insert(&mut tx, id, &asked).await?;
        super::rows::touch(&mut tx, id).await?;
        tx.commit(event, vec![]).await?;
        self.change(caller, id).await
    }

    /// The second person's word. From here on what it names does not hold the change, until it expires.
    pub async fn confirm_override(
        &self,
        caller: &Caller,
        id: ChangeId,
        digest: EvidenceDigest,
    ) -> Result<ChangeDetail> {
        let tx = self.begin(caller).await?;
        let (tx, stored) = self.locked_change(caller, tx, id).await?;
        let (mut tx, allowed) = self
            .allow_in(tx, caller, OverrideFreeze, stored.change.clone())
            .await?;
        let now = tx.now();
        let overrides = rows::of_change(tx.conn(), id).await?;
        let Some(asked) = overrides.into_iter().rev().find(|o| o.waits(now)) else {
            return Err(nothing_waits().into());
        };
        match allowed.confirm(&asked, digest, now) {
            Ok((_, event)) => {
                rows::confirm(&mut tx, &asked, caller).await?;
                held::release_one(&mut tx, id).await?;
                super::rows::touch(&mut tx, id).await?;
                tx.commit(event, vec![]).await?;
            }
            Err(refusal) => {
                drop(tx);
                return Err(self.refused(caller, id, refusal).await?);
            }
        }
        self.work().notify_waiters();
        self.change(caller, id).await
    }

    /// Whether the caller may ask for an override now.
    pub(super) fn may_ask_override(
        &self,
        caller: &Caller,
        stored: &Stored,
        decision: &MayStart,
        overrides: &[Override],
    ) -> Result<(), Refusal> {
        if decision.overridable().is_empty() {
            return Err(nothing_to_override());
        }
        if overrides.iter().any(|o| o.waits(decision.at)) {
            return Err(waiting_already());
        }
        self.policies()
            .may(caller, OverrideFreeze, &stored.change, decision.at)
    }

    /// Whether the caller may be the second person now.
    pub(super) fn may_confirm_override(
        &self,
        caller: &Caller,
        stored: &Stored,
        decision: &MayStart,
        overrides: &[Override],
    ) -> Result<(), Refusal> {
        let asked = overrides
            .iter()
            .rev()
            .find(|o| o.waits(decision.at))
            .ok_or_else(nothing_waits)?;
        let change = stored.change.clone();
        let allowed = self
            .policies()
            .decide(caller, OverrideFreeze, change, decision.at)?;
        allowed
            .confirm(asked, stored.change.evidence_digest, decision.at)
            .map(|_| ())
    }
}

fn waiting_already() -> Refusal {
    Refusal::new(
        RefusalCode::WrongState,
        "An override waits to be confirmed already.",
    )
}

fn nothing_waits() -> Refusal {
    Refusal::new(
        RefusalCode::WrongState,
        "No override waits to be confirmed; perhaps it has expired. Ask for it anew.",
    )
}
