//! How far an import is, and what it did, or would do.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ops::OpError;

/// Most lines of each kind in a report; the others are counted.
const NOTES_MAX: usize = 100;

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// So many bytes of the source, as they come.
    Read { bytes: u64 },
    /// So many of the channels are in step.
    Channels { done: usize, of: usize },
    /// So many of the films are in step.
    Films { done: usize, of: usize },
    /// So much is about to be removed.
    Gone { channels: usize, films: usize },
}

/// Told from time to time, from any thread.
pub type Progress = Arc<dyn Fn(Step) + Send + Sync>;

/// What an import did, or would do, to one kind of records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub created: usize,
    pub changed: usize,
    pub left: usize,
    pub removed: usize,
}

/// Lines for people, of which only the first are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    pub lines: Vec<String>,
    /// How many more there were.
    pub more: usize,
}

/// What an import did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// `None` where the source has none of that kind.
    pub channels: Option<Counts>,
    pub films: Option<Counts>,
    pub genres: Option<Counts>,
    pub programmes: Option<Counts>,
    /// What the list has and is not taken, on purpose.
    pub left_out: Left,
    /// What was removed, and what was not because somebody needs it.
    pub removed: Notes,
    pub kept: Notes,
    /// What was not matched, on our side and on theirs.
    pub unmatched: Notes,
    pub not_theirs: Notes,
    /// Channels of ours whose guide is over.
    pub over: Notes,
    /// What was read although it was not written well.
    pub mended: Notes,
    /// What was not taken, and why.
    pub problems: Notes,
    /// The charset, where it is none that everybody expects.
    pub charset: Option<String>,
    /// What whoever imports every night must notice.
    pub warnings: Vec<String>,
}

impl Notes {
    /// How many there were.
    pub(super) fn count(&self) -> usize {
        self.lines.len().saturating_add(self.more)
    }

    pub(super) fn add(&mut self, line: impl FnOnce() -> String) {
        if self.lines.len() < NOTES_MAX {
            self.lines.push(line());
        } else {
            self.more = self.more.saturating_add(1);
        }
    }
}

/// One more.
pub(super) fn count(counter: &mut usize) {
    *counter = counter.saturating_add(1);
}

pub(super) fn long(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// What does not fit, and where.
pub(super) fn wrong(path: String, problem: String) -> OpError {
    OpError::Document { path, problem }
}

/// What is in a list and was left out on purpose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Left {
    pub films: usize,
    pub episodes: usize,
    pub headings: usize,
    pub other_groups: usize,
}
