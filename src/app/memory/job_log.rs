//! What the box does by itself: how often each job ran, how its last turn went, and when it wants
//! to run next. The figures begin anew at a restart.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::domain::values::time::Timestamp;

/// Longest text that is kept of an error, in characters.
const ERROR_CHARS_MAX: usize = 300;

/// The jobs of this box, in the order in which they were started.
#[derive(Debug, Default)]
pub struct JobLog(Mutex<Vec<JobRecord>>);

/// What is known of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRecord {
    pub name: &'static str,
    pub state: JobState,
    /// Turns that came to an end.
    pub turns: u64,
    pub last: Option<LastTurn>,
    pub errors: u64,
    pub last_error: Option<LastError>,
}

/// What a job does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    Working {
        since: Timestamp,
    },
    /// Looks again then, or earlier if it is woken; `None`: only when it is woken.
    Waiting {
        next: Option<Timestamp>,
    },
    /// A panic ended it: it does nothing until the box starts again.
    Dead,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastTurn {
    pub start: Timestamp,
    pub took: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastError {
    pub at: Timestamp,
    pub text: String,
}

impl JobLog {
    /// A job is there, and waits for its first turn.
    pub fn started(&self, name: &'static str, next: Option<Timestamp>) {
        self.lock().push(JobRecord {
            name,
            state: JobState::Waiting { next },
            turns: 0,
            last: None,
            errors: 0,
            last_error: None,
        });
    }

    /// A turn begins.
    pub fn begins(&self, name: &str, since: Timestamp) {
        self.change(name, |job| job.state = JobState::Working { since });
    }

    /// A turn came to its end.
    pub fn ends(&self, name: &str, turn: LastTurn, next: Option<Timestamp>) {
        self.change(name, |job| {
            job.state = JobState::Waiting { next };
            job.turns = job.turns.saturating_add(1);
            job.last = Some(turn);
        });
    }

    /// Something went wrong, within a turn or in a task of the job.
    pub fn failed(&self, name: &str, at: Timestamp, text: &str) {
        self.change(name, |job| {
            job.errors = job.errors.saturating_add(1);
            let text = text.chars().take(ERROR_CHARS_MAX).collect();
            job.last_error = Some(LastError { at, text });
        });
    }

    /// A panic ended a job.
    pub fn died(&self, name: &str) {
        self.change(name, |job| job.state = JobState::Dead);
    }

    #[must_use]
    pub fn all(&self) -> Vec<JobRecord> {
        self.lock().clone()
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut JobRecord)) {
        if let Some(job) = self.lock().iter_mut().find(|job| job.name == name) {
            change(job);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<JobRecord>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
