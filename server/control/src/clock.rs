//! The time, as a parameter: the system's in production, one that tests turn.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};

/// Where `now` comes from.
#[derive(Clone, Default)]
pub struct Clock {
    /// Microseconds added to the system's clock; only tests move it.
    ahead: Arc<AtomicI64>,
}

impl Clock {
    pub fn system() -> Self {
        Self::default()
    }

    /// Microsecond precision, which is what Postgres keeps: a time read back equals the time written.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that time comes from"
    )]
    pub fn now(&self) -> Timestamp {
        let micros = Timestamp::now().as_microsecond() + self.ahead.load(Ordering::Relaxed);
        Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
    }

    /// Moves this clock and its clones; for tests.
    pub fn advance(&self, by: SignedDuration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.ahead.fetch_add(micros, Ordering::Relaxed);
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}
