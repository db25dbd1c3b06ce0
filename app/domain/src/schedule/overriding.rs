//! An override: one change excepted from the freezes and windows that hold it, on the word of two people.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Change, Event, EventKind, EvidenceDigest, Login, OverrideId, PersonId, Reason, Refusal,
    RefusalCode, ScheduleId,
    policy::{Allowed, OverrideFreeze},
};

/// An override holds for no longer than this from the moment it is asked for.
pub const MAX_OVERRIDE: SignedDuration = SignedDuration::from_hours(24);

/// An override as it was asked for and, perhaps, confirmed. Kept for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    pub id: OverrideId,
    /// Of the evidence both people saw.
    pub evidence_digest: EvidenceDigest,
    /// The freezes that held the change when it was asked for, and the windows it was outside of; later ones hold it
    /// again.
    pub entries: Vec<ScheduleId>,
    pub reason: String,
    pub asked_by: PersonId,
    pub asked_login: Login,
    pub asked_at: Timestamp,
    pub expires_at: Timestamp,
    /// None while it waits for the second person, and counts for nothing.
    pub confirmed_login: Option<Login>,
    pub confirmed_at: Option<Timestamp>,
}

impl Override {
    /// Whether it excepts a change with this digest now.
    pub fn counts(&self, digest: EvidenceDigest, now: Timestamp) -> bool {
        self.confirmed_at.is_some() && self.evidence_digest == digest && now < self.expires_at
    }

    /// Whether a second person may still confirm it.
    pub fn waits(&self, now: Timestamp) -> bool {
        self.confirmed_at.is_none() && now < self.expires_at
    }
}

impl Allowed<OverrideFreeze, Change> {
    /// Whether it may be asked for now. `entries` are the freezes and windows that hold the change.
    pub fn ask(
        self,
        digest: EvidenceDigest,
        entries: &[ScheduleId],
        reason: &Reason,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(Change, Event), Refusal> {
        let change = seen(self.into_subject(), digest)?;
        if entries.is_empty() {
            return Err(nothing_to_override());
        }
        if expires_at <= now || expires_at.duration_since(now) > MAX_OVERRIDE {
            return Err(Refusal::field(
                "expires_at",
                "after now, and within 24 hours",
            ));
        }
        let event = Event::on_change(EventKind::OverrideAsked, change.id).with(json!({
            "evidence_digest": digest, "entries": entries, "reason": reason, "expires_at": expires_at,
        }));
        Ok((change, event))
    }

    /// Whether this person may be the second. Neither the one who asked for the override nor the one who asked for the change.
    pub fn confirm(
        self,
        asked: &Override,
        digest: EvidenceDigest,
        now: Timestamp,
    ) -> Result<(Change, Event), Refusal> {
        let me = self.by().person.id;
        let change = seen(self.into_subject(), digest)?;
        if asked.asked_by == me {
            return Err(Refusal::new(
                RefusalCode::Forbidden,
                "You asked for this override. A second person has to confirm it.",
            ));
        }
        if change.requester == me {
            return Err(Refusal::new(
                RefusalCode::Forbidden,
                "You asked for this change. Somebody else has to confirm its override.",
            ));
        }
        if !asked.waits(now) || asked.evidence_digest != digest {
            return Err(Refusal::new(
                RefusalCode::WrongState,
                "This override has expired, is confirmed already, or is about other evidence.",
            ));
        }
        let event = Event::on_change(EventKind::OverrideConfirmed, change.id).with(json!({
            "override": asked.id, "evidence_digest": digest, "entries": asked.entries, "reason": asked.reason,
            "asked_by": asked.asked_login, "expires_at": asked.expires_at,
        }));
        Ok((change, event))
    }
}

/// Nothing that an override could pass holds the change.
pub fn nothing_to_override() -> Refusal {
    Refusal::new(
        RefusalCode::WrongState,
        "Neither a freeze nor a window holds this change now, so there is nothing to override.",
    )
}

/// The change, if it can still start and the digest is the one it carries.
fn seen(change: Change, digest: EvidenceDigest) -> Result<Change, Refusal> {
    use crate::ChangeState as S;
    if !matches!(
        change.state,
        S::AwaitingApproval | S::Approved | S::Scheduled
    ) {
        return Err(Refusal::new(
            RefusalCode::WrongState,
            format!(
                "This change {}; an override would be of no use.",
                change.state.told()
            ),
        ));
    }
    if change.evidence_digest != digest {
        return Err(Refusal::new(
            RefusalCode::DigestMismatch,
            format!(
                "You looked at evidence {}, but this change carries {}. Look at it again.",
                digest.short(),
                change.evidence_digest.short()
            ),
        ));
    }
    Ok(change)
}
