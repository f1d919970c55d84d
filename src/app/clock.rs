//! The time of day. The only file that may read it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::domain::values::time::Timestamp;

/// Real time, or a clock that stands still until it is moved.
#[derive(Debug, Clone)]
pub enum Clock {
    System,
    Test(Arc<AtomicI64>),
    /// The time of day, wrong by so many microseconds: for tests of what runs by itself.
    Shifted(Arc<AtomicI64>),
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
            Self::Shifted(micros) => system_micros().saturating_add(micros.load(Ordering::SeqCst)),
        };
        Timestamp::from_micros(micros).unwrap_or(Timestamp::MIN)
    }

    #[must_use]
    pub fn is_test(&self) -> bool {
        matches!(self, Self::Test(_))
    }

    /// The time of day, which [`Clock::shift`] makes wrong.
    #[must_use]
    pub fn shifted() -> Self {
        Self::Shifted(Arc::new(AtomicI64::new(0)))
    }

    /// Makes a shifted clock wrong by so many seconds more.
    pub fn shift(&self, seconds: i64) {
        if let Self::Shifted(micros) = self {
            micros.fetch_add(seconds.saturating_mul(1_000_000), Ordering::SeqCst);
        }
    }

    /// Moves a test clock forward; `false` if it is none or `to` lies before its time.
    #[must_use]
    pub fn move_to(&self, to: Timestamp) -> bool {
        match self {
            Self::System | Self::Shifted(_) => false,
            Self::Test(micros) => micros.fetch_max(to.micros(), Ordering::SeqCst) <= to.micros(),
        }
    }
}

/// Notices a clock that jumps while the box runs, by a stopwatch that does not.
#[derive(Debug)]
pub struct JumpWatch {
    watch: Stopwatch,
    /// When the stopwatch and the clock were last known to go together.
    held: Option<(Duration, Timestamp)>,
}

impl JumpWatch {
    #[must_use]
    pub fn start() -> Self {
        Self {
            watch: Stopwatch::start(),
            held: None,
        }
    }

    /// By how many seconds the clock jumped, if that is more than `most`: until it is back, or is
    /// trusted.
    pub fn jumped(&mut self, now: Timestamp, most_seconds: i64) -> Option<i64> {
        let elapsed = self.watch.elapsed();
        let Some((then, at)) = self.held else {
            self.held = Some((elapsed, now));
            return None;
        };
        let passed = i64::try_from(elapsed.saturating_sub(then).as_micros()).unwrap_or(i64::MAX);
        let expected = at.saturating_add_micros(passed);
        let seconds = now.seconds().saturating_sub(expected.seconds());
        if seconds.abs() > most_seconds {
            return Some(seconds);
        }
        self.held = Some((elapsed, now));
        None
    }

    /// The clock is right as it is.
    pub fn trust(&mut self, now: Timestamp) {
        self.held = Some((self.watch.elapsed(), now));
    }
}

impl Stopwatch {
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the home of time")]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    #[must_use]
    pub fn elapsed(&self) -> Duration {
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
