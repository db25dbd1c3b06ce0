//! Rate limits. Counted in the database, so that a crash or a second portal resets none.
//!
//! Counters are housekeeping, not effects anybody would audit: they are the reason
//! why this file writes outside of a `ChangeTx`. That a limit was hit is an event.

mod rows;

use std::time::Duration;

use domain::{Event, EventKind, Outcome, Refusal, RefusalCode, SubjectRef};
use jiff::Timestamp;
use serde_json::json;

use crate::{Actor, Control, Result};

/// How often one thing may be done in a window of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What is limited: the first part of the bucket's name and the subject of the event.
    pub name: &'static str,
    pub count: u32,
    pub window: Duration,
}

impl Limit {
    pub const fn per_minute(name: &'static str, count: u32) -> Self {
        Self {
            name,
            count,
            window: Duration::from_secs(60),
        }
    }
}

/// Too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limited {
    /// When to come back.
    pub retry_after: Duration,
    pub refusal: Refusal,
}

impl Control {
    /// Counts one use by `whom`. The first use too many of a window is an audit event;
    /// the ones after it are only counted, or the limit would be a way to flood the log.
    pub async fn count_use(
        &self,
        limit: Limit,
        whom: &str,
        actor: Actor,
    ) -> Result<Option<Limited>> {
        let now = self.now();
        let start = window_start(now, limit.window);
        let bucket = format!("{}:{}", limit.name, shortened(whom));
        let count = rows::add(self.pool(), &bucket, start).await?;
        if count <= i64::from(limit.count) {
            return Ok(None);
        }
        let left = (start.as_second() + seconds(limit.window) - now.as_second()).max(1);
        let refusal = Refusal::new(
            RefusalCode::RateLimited,
            format!(
                "Too many requests of this kind: at most {} in {} s. Try again in {left} s.",
                limit.count,
                seconds(limit.window)
            ),
        );
        if count == i64::from(limit.count) + 1 {
            let event = Event::new(EventKind::RateLimited, SubjectRef::new("route", limit.name))
                .outcome(Outcome::Denied)
                .with(json!({"limit": limit.count, "window_s": seconds(limit.window), "whom": shortened(whom)}));
            self.record(actor, event).await?;
        }
        Ok(Some(Limited {
            retry_after: Duration::from_secs(left.unsigned_abs()),
            refusal,
        }))
    }

    /// Whether `whom` has used up the limit, without counting this as a use.
    pub async fn is_used_up(&self, limit: Limit, whom: &str) -> Result<bool> {
        let start = window_start(self.now(), limit.window);
        let bucket = format!("{}:{}", limit.name, shortened(whom));
        Ok(rows::count(self.pool(), &bucket, start).await? >= i64::from(limit.count))
    }

    pub(crate) async fn sweep_limits(&self) -> Result<()> {
        rows::sweep(self.pool(), self.now()).await
    }
}

fn seconds(window: Duration) -> i64 {
    i64::try_from(window.as_secs()).unwrap_or(i64::MAX).max(1)
}

fn window_start(now: Timestamp, window: Duration) -> Timestamp {
    let length = seconds(window);
    let second = now.as_second().div_euclid(length) * length;
    Timestamp::from_second(second).unwrap_or(now)
}

/// A bucket's name is ours, but an address in it may come from a header.
fn shortened(whom: &str) -> String {
    whom.chars().filter(|c| !c.is_control()).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_begin_at_whole_multiples() {
        let at = |s| Timestamp::from_second(s).expect("in range");
        let minute = Duration::from_secs(60);
        assert_eq!(window_start(at(119), minute), at(60));
        assert_eq!(window_start(at(120), minute), at(120));
        assert_eq!(window_start(at(-1), minute), at(-60));
    }
}
