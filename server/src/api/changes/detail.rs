//! A change in full.

use control::{
    changes::{ApprovalView, Buttons, ChangeDetail, RequirementView, TimelineEntry},
    people::PersonRef,
};
use domain::{
    ApprovalId, ChangeId, Evidence as Sealed, Login, Outcome, PersonId, RecordedKind, StartMode,
    Verdict as Word,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{Change, evidence::Evidence, run::Run};
use crate::api::{
    refusal::Permission,
    rules::Of,
    schedule::{OverrideView, Standing},
    words,
};

/// A change with all there is to know of it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct ChangeInFull {
    #[serde(flatten)]
    change: Change,
    #[schema(value_type = words::StartMode)]
    start_mode: StartMode,
    /// The change this one asks for again.
    #[schema(value_type = Option<words::Id>)]
    retry_of: Option<ChangeId>,
    /// Counts up whenever the change or its run moves.
    #[schema(minimum = 1)]
    version_no: i64,
    /// Exactly what will be done. `/changes/{id}/evidence` has the bytes that the digest is of.
    #[schema(value_type = Evidence)]
    evidence: Sealed,
    requirements: Vec<Requirement>,
    approvals: Vec<Approval>,
    /// Null until it has started.
    run: Option<Run>,
    /// What happened to it, oldest first.
    timeline: Vec<Happened>,
    /// What the calendar says of its start; null once it has started or ended.
    schedule: Option<Standing>,
    /// Every override there ever was, oldest first.
    overrides: Vec<OverrideView>,
    /// What else it waits for.
    timing: super::timing::Timing,
    /// What the caller may do now.
    may: Permissions,
    /// Started now it would not run: its approvals would be void, for this. `may.start` says whether the caller may do that.
    would_void: Option<String>,
}

/// One thing the rules ask for, and how far it is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Requirement {
    /// The rule it comes from.
    rule: String,
    #[schema(minimum = 1)]
    count: u32,
    of: Of,
    /// In words.
    #[schema(example = "one of team checkout")]
    words: String,
    /// Each approver must have shown a second factor within 300 seconds.
    step_up: bool,
    given: Vec<Someone>,
    /// How many more are needed.
    #[schema(minimum = 0)]
    missing: u32,
    /// Who still can, as far as they have ever signed in; at most twenty.
    candidates: Vec<Someone>,
}

/// A person, as lists name them.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Someone {
    #[schema(value_type = words::Id)]
    id: PersonId,
    #[schema(value_type = words::Login)]
    login: Login,
    name: String,
}

/// A person's word on the evidence.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::api) enum Verdict {
    Approve,
    Reject,
}

/// One person's word; it is never altered.
#[derive(Debug, Serialize, ToSchema)]
struct Approval {
    #[schema(value_type = words::Id)]
    id: ApprovalId,
    person: Someone,
    /// Whom they stood in for.
    on_behalf_of: Option<Someone>,
    verdict: Verdict,
    comment: String,
    /// A fresh second factor was verified.
    stepped_up: bool,
    at: Timestamp,
}

/// One event of the change.
#[derive(Debug, Serialize, ToSchema)]
struct Happened {
    at: Timestamp,
    /// One of `EventKind`; an event that a newer build wrote keeps its own word.
    #[schema(value_type = String, example = "change.approved")]
    kind: RecordedKind,
    #[schema(value_type = words::Outcome)]
    outcome: Outcome,
    /// Who did it; null when it was nobody but time.
    #[schema(value_type = Option<words::Login>)]
    login: Option<Login>,
    /// Details.
    data: Value,
}

/// What the caller may do to a change now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Permissions {
    approve: Permission,
    reject: Permission,
    start: Permission,
    cancel: Permission,
    resume: Permission,
    retry: Permission,
    ask_override: Permission,
    confirm_override: Permission,
    /// Let its release go where it has not run in the environment before.
    override_promotion: Permission,
    /// Ask for a change that undoes this one.
    rollback: Permission,
}

impl From<ChangeDetail> for ChangeInFull {
    fn from(detail: ChangeDetail) -> Self {
        Self {
            change: detail.row.into(),
            start_mode: detail.start_mode,
            retry_of: detail.retry_of,
            version_no: detail.version_no,
            evidence: detail.evidence,
            requirements: detail.requirements.into_iter().map(Into::into).collect(),
            approvals: detail.approvals.into_iter().map(Into::into).collect(),
            run: detail.run.map(Into::into),
            timeline: detail.timeline.into_iter().map(Into::into).collect(),
            schedule: detail.may_start.map(Into::into),
            overrides: detail.overrides.into_iter().map(Into::into).collect(),
            timing: detail.timed.into(),
            may: detail.buttons.into(),
            would_void: detail.would_void,
        }
    }
}

impl From<RequirementView> for Requirement {
    fn from(view: RequirementView) -> Self {
        Self {
            rule: view.rule,
            count: view.count,
            of: view.of.into(),
            words: view.words,
            step_up: view.step_up,
            given: view.given.into_iter().map(Into::into).collect(),
            missing: view.missing,
            candidates: view.candidates.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<PersonRef> for Someone {
    fn from(person: PersonRef) -> Self {
        Self {
            id: person.id,
            login: person.login,
            name: person.name,
        }
    }
}

impl From<Word> for Verdict {
    fn from(word: Word) -> Self {
        match word {
            Word::Approve => Self::Approve,
            Word::Reject => Self::Reject,
        }
    }
}

impl From<Verdict> for Word {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Approve => Self::Approve,
            Verdict::Reject => Self::Reject,
        }
    }
}

impl From<ApprovalView> for Approval {
    fn from(view: ApprovalView) -> Self {
        Self {
            id: view.id,
            person: view.person.into(),
            on_behalf_of: view.on_behalf_of.map(Into::into),
            verdict: view.verdict.into(),
            comment: view.comment,
            stepped_up: view.stepped_up,
            at: view.at,
        }
    }
}

impl From<TimelineEntry> for Happened {
    fn from(entry: TimelineEntry) -> Self {
        Self {
            at: entry.at,
            kind: entry.kind,
            outcome: entry.outcome,
            login: entry.login,
            data: entry.data,
        }
    }
}

impl From<Buttons> for Permissions {
    fn from(buttons: Buttons) -> Self {
        Self {
            approve: buttons.approve.into(),
            reject: buttons.reject.into(),
            start: buttons.start.into(),
            cancel: buttons.cancel.into(),
            resume: buttons.resume.into(),
            retry: buttons.retry.into(),
            ask_override: buttons.ask_override.into(),
            confirm_override: buttons.confirm_override.into(),
            override_promotion: buttons.override_promotion.into(),
            rollback: buttons.rollback.into(),
        }
    }
}
