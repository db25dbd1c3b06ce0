//! What a step knows so far. Kept in the database, so that whoever takes the step over goes on from there.

use serde::{Deserialize, Serialize};

use crate::outside::jenkins::Force;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Progress {
    /// What our build carries, so that it is found again.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub mark: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_item: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build: Option<u64>,
    /// For people; nothing is fetched from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build_url: Option<String>,
    /// Where the next piece of the build's log begins, as Jenkins counts.
    #[serde(skip_serializing_if = "is_zero")]
    pub log_next: u64,
    /// The beginning of a line whose end has not come yet.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub log_rest: String,
    /// How hard the build has been asked to stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopping: Option<Force>,
    /// It is being stopped because it took too long, not because somebody cancelled.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub overdue: bool,
}

impl Progress {
    /// At the first claim, and when a person has sent the step to look again: nothing is being stopped yet.
    pub(super) fn fresh(self) -> Self {
        Self {
            stopping: None,
            overdue: false,
            ..self
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_older_or_newer_portal_wrote_is_read() {
        let empty: Progress = serde_json::from_str("{}").expect("reads");
        assert_eq!(empty, Progress::default());
        let newer: Progress =
            serde_json::from_str(r#"{"build": 7, "stopping": "term", "canary": true}"#)
                .expect("reads");
        assert_eq!((newer.build, newer.stopping), (Some(7), Some(Force::Term)));
        assert_eq!(
            serde_json::to_string(&empty).expect("writes"),
            "{}",
            "nothing known, nothing kept"
        );
    }
}
