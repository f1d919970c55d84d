//! The time of day. The only file that may read it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::domain::time::Timestamp;

/// Real time, or a clock that stands still until it is moved.
#[derive(Debug, Clone)]
pub enum Clock {
    System,
    Test(Arc<AtomicI64>),
}

/// A stopwatch for measuring how long something took; says nothing about the time of day.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Clock {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn test(start: Timestamp) -> Self {
        Self::Test(Arc::new(AtomicI64::new(start.micros())))
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        let micros = match self {
            Self::System => system_micros(),
            Self::Test(micros) => micros.load(Ordering::SeqCst),
        };
        Timestamp::from_micros(micros).unwrap_or(Timestamp::MIN)
    }

    #[must_use]
    pub fn is_test(&self) -> bool {
        matches!(self, Self::Test(_))
    }

    /// Moves a test clock forward; `false` if it is none or `to` lies before its time.
    #[must_use]
    pub fn move_to(&self, to: Timestamp) -> bool {
        match self {
            Self::System => false,
            Self::Test(micros) => micros.fetch_max(to.micros(), Ordering::SeqCst) <= to.micros(),
        }
    }
}

impl Stopwatch {
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the home of time")]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    #[must_use]
    pub fn elapsed(&self) -> std::time::Duration {
        self.0.elapsed()
    }
}

#[expect(clippy::disallowed_methods, reason = "the home of time")]
fn system_micros() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since
        .ok()
        .and_then(|since| i64::try_from(since.as_micros()).ok())
        .unwrap_or(0)
}
