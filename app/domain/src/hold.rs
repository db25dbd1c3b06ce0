//! Why a change that everybody has agreed to cannot start yet: the time it was asked for, what it is to follow, and where
//! its release has to have run before. What the calendar holds is [`crate::schedule`]'s.

use jiff::Timestamp;
use serde::Serialize;

use crate::{ChangeId, ChangeState, EnvironmentName, Refusal, RefusalCode};

/// One reason. Several hold independently of each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Hold {
    /// It was asked for not to start before.
    Time { until: Timestamp },
    /// It is to follow this change, which has not succeeded.
    After {
        change: ChangeId,
        state: ChangeState,
    },
    /// Its release has not run there, and nobody has overridden that.
    Promotion { from: EnvironmentName },
}

/// What such holds look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prerequisites {
    pub start_at: Option<Timestamp>,
    /// The changes it is to follow, each as it stands now.
    pub after: Vec<(ChangeId, ChangeState)>,
    /// The environment that its release has to have succeeded in, and has not.
    pub not_promoted_from: Option<EnvironmentName>,
}

impl Prerequisites {
    /// Everything that holds the change at `now`; empty: nothing of this does.
    pub fn holds(&self, now: Timestamp) -> Vec<Hold> {
        let mut all = vec![];
        if let Some(until) = self.start_at.filter(|at| now < *at) {
            all.push(Hold::Time { until });
        }
        let open = self
            .after
            .iter()
            .filter(|(_, state)| *state != ChangeState::Succeeded);
        all.extend(open.map(|(change, state)| Hold::After {
            change: *change,
            state: *state,
        }));
        if let Some(from) = &self.not_promoted_from {
            all.push(Hold::Promotion { from: from.clone() });
        }
        all
    }
}

impl Hold {
    /// Whether nothing but a person can lift it: what it is to follow has ended otherwise.
    pub fn is_broken(&self) -> bool {
        matches!(self, Self::After { state, .. } if state.is_final() && *state != ChangeState::Succeeded)
    }

    /// What it waits for, to stand after "waits for".
    pub fn words(&self) -> String {
        match self {
            Self::Time { until } => format!("{}", until.strftime("%Y-%m-%d %H:%M UTC")),
            Self::After { change, state } if self.is_broken() => format!(
                "change {change}, which {} and will never succeed: cancel this one, or ask for it again without it",
                state.told()
            ),
            Self::After { change, state } => {
                format!("change {change} to succeed, which {}", state.told())
            }
            Self::Promotion { from } => format!(
                "its release to succeed in {from} first, or for somebody who may to override that"
            ),
        }
    }
}

/// # Errors
/// Refused with all of them, where there are any.
pub fn verdict(holds: &[Hold]) -> Result<(), Refusal> {
    match waits_for(holds) {
        None => Ok(()),
        Some(what) => Err(Refusal::new(RefusalCode::Held, what)),
    }
}

/// In a sentence.
pub fn waits_for(holds: &[Hold]) -> Option<String> {
    let all: Vec<String> = holds.iter().map(Hold::words).collect();
    (!all.is_empty()).then(|| format!("This change waits for {}.", all.join(", and for ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn each_holds_for_itself_and_all_are_named() {
        let change = |n| ChangeId(uuid::Uuid::from_u128(n));
        let all = Prerequisites {
            start_at: Some(at(100)),
            after: vec![
                (change(1), ChangeState::Succeeded),
                (change(2), ChangeState::Running),
                (change(3), ChangeState::Failed),
            ],
            not_promoted_from: EnvironmentName::parse("staging").ok(),
        };
        let holds = all.holds(at(99));
        assert_eq!(holds.len(), 4);
        assert_eq!(holds.iter().filter(|h| h.is_broken()).count(), 1);
        let said = verdict(&holds).expect_err("held").detail;
        for word in ["UTC", "which is running", "will never succeed", "staging"] {
            assert!(said.contains(word), "{said}");
        }
        assert_eq!(
            all.holds(at(100)).len(),
            3,
            "the moment itself is late enough"
        );
        let none = Prerequisites {
            after: vec![(change(1), ChangeState::Succeeded)],
            ..Prerequisites::default()
        };
        assert!(verdict(&none.holds(at(0))).is_ok());
    }
}
