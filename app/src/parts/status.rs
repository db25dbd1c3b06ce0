//! How a state looks: a glyph, a word and a colour, never the colour alone.

use domain::{ChangeState, Outcome, RunState, StepState, Verdict};

use super::icon::write_icon;
use crate::html::Html;

/// What a state means for whoever looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Good,
    Bad,
    /// Somebody must look.
    Warn,
    /// Something happens right now.
    Live,
    /// Somebody must do something, or time must pass.
    Wait,
    /// Over, without success or failure.
    Quiet,
}

impl Tone {
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Warn => "warn",
            Self::Live => "live",
            Self::Wait => "wait",
            Self::Quiet => "quiet",
        }
    }
}

/// Glyph, word and colour of one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub icon: &'static str,
    pub word: &'static str,
    pub tone: Tone,
}

const fn look(icon: &'static str, word: &'static str, tone: Tone) -> Look {
    Look { icon, word, tone }
}

/// A state that can be shown as a badge.
pub trait Stateful: Copy {
    fn look(self) -> Look;
}

impl Stateful for ChangeState {
    fn look(self) -> Look {
        match self {
            Self::Requested => look("circle-dashed", "Requested", Tone::Wait),
            Self::Planning => look("circle-dashed", "Planning", Tone::Live),
            Self::AwaitingApproval => look("hourglass", "Awaiting approval", Tone::Wait),
            Self::Approved => look("shield-check", "Approved", Tone::Live),
            Self::Scheduled => look("calendar-clock", "Scheduled", Tone::Wait),
            Self::Running => look("circle-play", "Running", Tone::Live),
            Self::Succeeded => look("circle-check", "Succeeded", Tone::Good),
            Self::Failed => look("circle-x", "Failed", Tone::Bad),
            Self::Cancelled => look("circle-slash", "Cancelled", Tone::Quiet),
            Self::Rejected => look("ban", "Rejected", Tone::Bad),
            Self::Expired => look("clock", "Expired", Tone::Quiet),
            Self::Stale => look("history", "Stale", Tone::Warn),
            Self::NeedsAttention => look("triangle-alert", "Needs attention", Tone::Warn),
        }
    }
}

impl Stateful for RunState {
    fn look(self) -> Look {
        match self {
            Self::Running => ChangeState::Running.look(),
            Self::Succeeded => ChangeState::Succeeded.look(),
            Self::Failed => ChangeState::Failed.look(),
            Self::Cancelled => ChangeState::Cancelled.look(),
            Self::NeedsAttention => ChangeState::NeedsAttention.look(),
        }
    }
}

impl Stateful for StepState {
    fn look(self) -> Look {
        match self {
            Self::Waiting => look("circle-dashed", "Waiting", Tone::Quiet),
            Self::Due => look("clock", "Due", Tone::Wait),
            Self::Running => look("circle-play", "Running", Tone::Live),
            Self::Succeeded => look("circle-check", "Succeeded", Tone::Good),
            Self::Failed => look("circle-x", "Failed", Tone::Bad),
            Self::Cancelled => look("circle-slash", "Stopped", Tone::Quiet),
            Self::Skipped => look("skip-forward", "Not begun", Tone::Quiet),
            Self::NeedsAttention => look("triangle-alert", "Needs attention", Tone::Warn),
        }
    }
}

impl Stateful for Outcome {
    fn look(self) -> Look {
        match self {
            Self::Success => look("circle-check", "Success", Tone::Good),
            Self::Denied => look("ban", "Denied", Tone::Warn),
            Self::Failure => look("circle-x", "Failure", Tone::Bad),
        }
    }
}

impl Stateful for Verdict {
    fn look(self) -> Look {
        match self {
            Self::Approve => look("circle-check", "Approved", Tone::Good),
            Self::Reject => look("ban", "Rejected", Tone::Bad),
        }
    }
}

/// The badge of a state.
pub fn status(state: impl Stateful) -> Html {
    badge(state.look())
}

pub fn badge(look: Look) -> Html {
    let mut out = String::with_capacity(160);
    write_badge(&mut out, look);
    Html::assembled(out)
}

pub(crate) fn write_badge(out: &mut String, look: Look) {
    out.push_str("<span class=\"status ");
    out.push_str(look.tone.class());
    out.push_str("\">");
    write_icon(out, look.icon);
    out.push_str(look.word);
    out.push_str("</span>");
}

/// A badge that is not a state: `protected`, `active`.
pub fn mark(icon: &'static str, word: &'static str, tone: Tone) -> Html {
    badge(look(icon, word, tone))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn distinct<S: Stateful>(states: &[S]) {
        let looks: Vec<_> = states.iter().map(|s| s.look()).collect();
        let words: BTreeSet<_> = looks.iter().map(|l| l.word).collect();
        assert_eq!(words.len(), looks.len(), "two states with one word");
        // Without colour the glyph still tells them apart, but for steps on the same road.
        let glyphs: BTreeSet<_> = looks.iter().map(|l| l.icon).collect();
        assert!(glyphs.len() + 1 >= looks.len(), "{looks:?}");
        for look in looks {
            let html = badge(look);
            assert!(html.as_str().contains(look.word) && html.as_str().contains(look.icon));
        }
    }

    #[test]
    fn states_differ_without_colour() {
        distinct(ChangeState::ALL);
        distinct(StepState::ALL);
        distinct(RunState::ALL);
        distinct(Outcome::ALL);
        let sprite = include_str!("../../../public/icons.svg");
        for state in ChangeState::ALL {
            assert!(sprite.contains(&format!("id=\"{}\"", state.look().icon)));
        }
        for state in StepState::ALL {
            assert!(sprite.contains(&format!("id=\"{}\"", state.look().icon)));
        }
    }
}
