//! The actions that `explain` speaks of, each with what it says and with the use case that does it.

use std::fmt;

use domain::{Caller, ChangeId, EvidenceDigest, Reason, Refusal, StartMode, Verdict};
use jiff::SignedDuration;
use portolan_control::{Error, changes::Explain};

use super::world::World;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Approve,
    Reject,
    Cancel,
    Resume,
    Retry,
    Rollback,
    AskOverride,
    ConfirmOverride,
    OverridePromotion,
    Start,
}

/// The start last: it may write, even where it does not start.
pub const ACTIONS: [Action; 10] = [
    Action::Approve,
    Action::Reject,
    Action::Cancel,
    Action::Resume,
    Action::Retry,
    Action::Rollback,
    Action::AskOverride,
    Action::ConfirmOverride,
    Action::OverridePromotion,
    Action::Start,
];

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Cancel => "cancel",
            Self::Resume => "resume",
            Self::Retry => "retry",
            Self::Rollback => "roll back",
            Self::AskOverride => "ask override",
            Self::ConfirmOverride => "confirm override",
            Self::OverridePromotion => "override promotion",
            Self::Start => "start",
        })
    }
}

/// What somebody was told of a change.
pub enum Told {
    /// That there is none, or that their token lacks the scope.
    Nothing(Refusal),
    All(Box<Explain>),
}

pub async fn told(world: &World, caller: &Caller, id: ChangeId) -> Told {
    match world.portal.control.explain(caller, id).await {
        Ok(explain) => Told::All(Box::new(explain)),
        Err(Error::Refused(refusal)) => Told::Nothing(refusal),
        Err(fault) => panic!("explain failed: {fault}"),
    }
}

impl Told {
    pub fn refusal(&self, action: Action) -> Option<Refusal> {
        let explain = match self {
            Self::Nothing(refusal) => return Some(refusal.clone()),
            Self::All(explain) => explain,
        };
        let buttons = &explain.buttons;
        let button = match action {
            Action::Approve => &buttons.approve,
            Action::Reject => &buttons.reject,
            Action::Cancel => &buttons.cancel,
            Action::Resume => &buttons.resume,
            Action::Retry => &buttons.retry,
            Action::Rollback => &buttons.rollback,
            Action::AskOverride => &buttons.ask_override,
            Action::ConfirmOverride => &buttons.confirm_override,
            Action::OverridePromotion => &buttons.override_promotion,
            Action::Start => &buttons.start,
        };
        button.as_ref().err().cloned()
    }

    /// Why a start would come to nothing but the end of its approvals.
    pub fn void(&self, action: Action) -> Option<String> {
        match self {
            Self::All(explain) if action == Action::Start => explain.would_void.clone(),
            _ => None,
        }
    }
}

impl Action {
    /// How often it is chosen among what may be done: what leads further is, what ends the change is not.
    pub fn weight(self) -> u32 {
        match self {
            Self::Approve | Self::Start | Self::Resume => 8,
            Self::AskOverride | Self::ConfirmOverride | Self::OverridePromotion => 6,
            Self::Retry | Self::Rollback => 3,
            Self::Reject | Self::Cancel => 1,
        }
    }

    /// Does it, with what a person who has read the change would send.
    pub async fn attempt(self, world: &World, caller: &Caller, id: ChangeId) -> Result<(), Error> {
        let control = &world.portal.control;
        let digest: EvidenceDigest = world.digest(id).await;
        let because = || Reason::parse("because").expect("a reason");
        let done = match self {
            Self::Approve => {
                control
                    .decide(caller, id, Verdict::Approve, digest, String::new())
                    .await
            }
            Self::Reject => {
                control
                    .decide(caller, id, Verdict::Reject, digest, "no".into())
                    .await
            }
            Self::Cancel => control.cancel(caller, id, "because".into()).await,
            Self::Resume => control.resume(caller, id, "because".into()).await,
            Self::Retry => control.retry(caller, id, because()).await,
            Self::Rollback => {
                control
                    .request_rollback(caller, id, because(), StartMode::Manual)
                    .await
            }
            Self::AskOverride => {
                let until = control.now() + SignedDuration::from_hours(2);
                control
                    .ask_override(caller, id, digest, because(), until)
                    .await
            }
            Self::ConfirmOverride => control.confirm_override(caller, id, digest).await,
            Self::OverridePromotion => {
                control
                    .override_promotion(caller, id, digest, because())
                    .await
            }
            Self::Start => control.start(caller, id).await,
        };
        match done {
            Ok(_) => Ok(()),
            Err(refused @ Error::Refused(_)) => Err(refused),
            Err(fault) => panic!("{self} of {id} failed: {fault}"),
        }
    }
}
