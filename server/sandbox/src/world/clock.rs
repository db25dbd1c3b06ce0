//! A clock that tests can advance: expiry of sessions and tokens is judged by it, never by the machine's own time.
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// Real time plus an offset that only grows.
#[derive(Debug)]
pub struct Clock {
    offset: watch::Sender<SignedDuration>,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            offset: watch::Sender::new(SignedDuration::ZERO),
        }
    }
}

impl Clock {
    /// The world's time.
    #[expect(
        clippy::disallowed_methods,
        reason = "the world has a clock of its own"
    )]
    pub fn now(&self) -> Timestamp {
        Timestamp::now()
            .saturating_add(*self.offset.borrow())
            .unwrap_or(Timestamp::MAX)
    }

    /// Seconds that the world is ahead of real time.
    pub fn offset_s(&self) -> i64 {
        self.offset.borrow().as_secs()
    }

    /// Moves the world's time forward.
    pub fn advance(&self, by: Duration) {
        let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        self.offset
            .send_modify(|offset| *offset = offset.saturating_add(by));
    }

    /// Returns once the world's time is at least `until`, also when a test advances the clock past it.
    pub async fn sleep_until(&self, until: Timestamp) {
        let mut moved = self.offset.subscribe();
        loop {
            let Ok(left) = Duration::try_from(until.duration_since(self.now())) else {
                return;
            };
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                _ = moved.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_clock_is_advanced_past_it() {
        let clock = std::sync::Arc::new(Clock::default());
        let until = clock
            .now()
            .saturating_add(SignedDuration::from_hours(1))
            .expect("in range");
        let sleeper = tokio::spawn({
            let clock = std::sync::Arc::clone(&clock);
            async move { clock.sleep_until(until).await }
        });
        clock.advance(Duration::from_mins(30));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(1801));
        tokio::time::timeout(Duration::from_secs(5), sleeper)
            .await
            .expect("woken")
            .expect("no panic");
        assert_eq!(clock.offset_s(), 3601);
    }
}
