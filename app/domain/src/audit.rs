//! What happened. An event is written in the transaction of its effect and is the audit record.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ChangeId, Refusal, run::words};

words! {
    /// Every kind of event there is. The name is what auditors filter by; never renamed, only added.
    EventKind {
        SignedIn = "session.signed_in",
        SignInRefused = "session.sign_in_refused",
        SteppedUp = "session.stepped_up",
        SignedOut = "session.signed_out",
        SignedOutEverywhere = "session.signed_out_everywhere",
        BackchannelLogout = "session.backchannel_logout",
        BackchannelLogoutRefused = "session.backchannel_logout_refused",
        TokenCreated = "token.created",
        TokenRevoked = "token.revoked",
        TokenUsed = "token.used",
        TokenRefused = "token.refused",
        PersonDisabled = "person.disabled",
        PersonEnabled = "person.enabled",
        CatalogImported = "catalog.imported",
        ReleaseRegistered = "release.registered",
        ChangeRequested = "change.requested",
        ChangePlanned = "change.planned",
        ChangeApproved = "change.approved",
        ChangeRejected = "change.rejected",
        ChangeReady = "change.ready",
        ChangeStarted = "change.started",
        ChangeQuorumLost = "change.quorum_lost",
        ChangeStale = "change.stale",
        ChangeExpired = "change.expired",
        ChangeCancelRequested = "change.cancel_requested",
        ChangeCancelled = "change.cancelled",
        ChangeSucceeded = "change.succeeded",
        ChangeFailed = "change.failed",
        ChangeNeedsAttention = "change.needs_attention",
        ChangeResumed = "change.resumed",
        ChangeMarkedDone = "change.marked_done",
        ChangeAbandoned = "change.abandoned",
        AttentionLooked = "attention.looked",
        ChangeScheduled = "change.scheduled",
        ChangePromotionOverridden = "change.promotion_overridden",
        ChangeHeld = "change.held",
        ChangeReleased = "change.released",
        OverrideAsked = "override.asked",
        OverrideConfirmed = "override.confirmed",
        FreezeCreated = "freeze.created",
        FreezeEnded = "freeze.ended",
        WindowCreated = "window.created",
        WindowEnded = "window.ended",
        StopCreated = "stop.created",
        StopEnded = "stop.ended",
        WaveBegun = "wave.begun",
        WaveRead = "wave.read",
        WavePassed = "wave.passed",
        WaveHalted = "wave.halted",
        WaveContinued = "wave.continued",
        StepSucceeded = "step.succeeded",
        StepFailed = "step.failed",
        StepRetried = "step.retried",
        StepCancelled = "step.cancelled",
        CallIntended = "call.intended",
        CallSettled = "call.settled",
        RoleAssumed = "aws.role_assumed",
        RoleRefused = "aws.role_refused",
        TicketIssued = "ticket.issued",
        TicketRedeemed = "ticket.redeemed",
        TicketRefused = "ticket.refused",
        ActionDenied = "policy.denied",
        CrossSiteRefused = "request.cross_site_refused",
        RateLimited = "request.rate_limited",
        AuditRead = "audit.read",
        AuditExported = "audit.exported",
        DelegationMade = "delegation.made",
        DelegationEnded = "delegation.ended",
        RulesChanged = "rules.changed",
        RulesRefused = "rules.refused",
        EnvironmentConfigured = "environment.configured",
        EnvironmentRetired = "environment.retired",
        ThemeChosen = "preference.theme_chosen",
    }
}

/// The kind of an event as it is read back. One that this build does not know, for a newer one wrote it, is the
/// text it is: the log is read whole whatever stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordedKind {
    Known(EventKind),
    Other(String),
}

impl RecordedKind {
    pub fn read(text: String) -> Self {
        text.parse().map_or(Self::Other(text), Self::Known)
    }
    pub fn known(&self) -> Option<EventKind> {
        match self {
            Self::Known(kind) => Some(*kind),
            Self::Other(_) => None,
        }
    }
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(kind) => kind.as_str(),
            Self::Other(text) => text,
        }
    }
}

impl PartialEq<EventKind> for RecordedKind {
    fn eq(&self, other: &EventKind) -> bool {
        self.known() == Some(*other)
    }
}

impl From<EventKind> for RecordedKind {
    fn from(kind: EventKind) -> Self {
        Self::Known(kind)
    }
}

impl std::fmt::Display for RecordedKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for RecordedKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

words! {
    Outcome {
        Success = "success",
        Denied = "denied",
        Failure = "failure",
    }
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectRef {
    /// `change`, `service`, `release`, `token`, `session`, `person`, `ticket`, `catalog`, `audit`, `route`.
    pub kind: String,
    pub id: String,
}

impl SubjectRef {
    pub fn new(kind: &str, id: impl std::fmt::Display) -> Self {
        Self {
            kind: kind.to_owned(),
            id: id.to_string(),
        }
    }
}

/// One thing that happened. Who did it comes from the Caller of the transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "an event that is not committed never happened"]
pub struct Event {
    pub kind: EventKind,
    pub outcome: Outcome,
    pub subject: SubjectRef,
    pub change: Option<ChangeId>,
    /// Details as JSON; never a secret.
    pub data: Value,
}

impl Event {
    pub fn new(kind: EventKind, subject: SubjectRef) -> Self {
        Self {
            kind,
            outcome: Outcome::Success,
            subject,
            change: None,
            data: Value::Null,
        }
    }

    pub fn on_change(kind: EventKind, change: ChangeId) -> Self {
        Self::new(kind, SubjectRef::new("change", change)).of_change(change)
    }

    /// A refusal, as an event.
    pub fn denied(kind: EventKind, subject: SubjectRef, refusal: &Refusal) -> Self {
        Self::new(kind, subject)
            .outcome(Outcome::Denied)
            .with(serde_json::json!({
                "code": refusal.code, "detail": refusal.detail, "fields": refusal.fields,
            }))
    }

    pub fn of_change(mut self, change: ChangeId) -> Self {
        self.change = Some(change);
        self
    }
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }
    pub fn with(mut self, data: Value) -> Self {
        self.data = data;
        self
    }
}
