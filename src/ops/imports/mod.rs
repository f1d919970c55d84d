//! Lists and guides of others, brought in: channels from M3U lists, programmes from XMLTV guides.
//!
//! Sources are read as streams and in bounds. Importing the same again changes nothing.

mod channels;
mod charset;
mod entities;
mod entry;
mod films;
mod incoming;
mod kinds;
mod m3u;
mod markup;
mod matching;
mod plain_text;
mod plan;
mod programmes;
mod spill;
mod text;
mod times;
mod undo;
mod unpack;
mod writing;
mod xmltv;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::app::Ctx;
use crate::domain::boxes::event::BoxEventKind;
use crate::domain::staff::Permission;
use crate::ops::boxes::events;
use crate::ops::{OpError, bulk};

pub use channels::import_m3u;
pub use incoming::{Feed, Incoming, Reader};
pub use m3u::Left;
pub use programmes::import_xmltv;
pub use undo::undo;

pub use crate::outbound::fetch::Asking;

/// Most channels of one list or guide, and most films of a list.
pub const CHANNELS_MAX: usize = 50_000;
pub const FILMS_MAX: usize = 250_000;
/// Most lines of each kind in a report; the others are counted.
const NOTES_MAX: usize = 100;
/// Longest text in a line of a report, in characters.
const NOTE_CHARS_MAX: usize = 100;
/// Longest name of a source, in characters.
pub const SOURCE_CHARS_MAX: usize = 1_000;

/// How to import.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Say what would happen and change nothing.
    pub dry_run: bool,
    /// What the source is called from one import to the next; empty: nothing is remembered of it.
    pub source: String,
    /// The charset of the source; `None`: it is recognised.
    pub charset: Option<String>,
    /// Of a list: its channels, and no films.
    pub live_only: bool,
    /// Of a list: what is in one of these groups; all, where there are none.
    pub groups: Vec<String>,
    /// Of a list: what an earlier import of the source made and this one does not have is removed.
    pub remove_missing: bool,
}

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
    fn count(&self) -> usize {
        self.lines.len().saturating_add(self.more)
    }

    fn add(&mut self, line: impl FnOnce() -> String) {
        if self.lines.len() < NOTES_MAX {
            self.lines.push(line());
        } else {
            self.more = self.more.saturating_add(1);
        }
    }
}

/// One more.
fn count(counter: &mut usize) {
    *counter = counter.saturating_add(1);
}

/// Opens a source at an address. It is there to be read while the future that comes with it runs.
pub async fn fetch(
    ctx: &Ctx,
    url: &str,
    asking: &Asking,
) -> Result<(Reader, impl Future<Output = ()> + Send), OpError> {
    ctx.require(Permission::CatalogueWrite)?;
    let opened = ctx.app.outbound.fetch.open(url, asking).await;
    let mut download = opened.map_err(|problem| OpError::Elsewhere { problem })?;
    let (feed, incoming) = Incoming::new();
    let fill = async move {
        loop {
            let piece = match download.piece().await {
                Ok(Some(piece)) => Ok(piece),
                Ok(None) => return feed.end().await,
                Err(reason) => Err(std::io::Error::other(reason)),
            };
            let is_last = piece.is_err();
            if !feed.give(piece).await || is_last {
                return;
            }
        }
    };
    Ok((Box::new(incoming), fill))
}

/// The charset that was asked for.
fn asked_charset(options: &Options) -> Result<Option<charset::Known>, OpError> {
    let Some(name) = &options.charset else {
        return Ok(None);
    };
    let known = charset::by_name(name);
    known.map(Some).ok_or_else(|| {
        let problem = format!(
            "{} is no charset that is known; say one such as utf-8, windows-1251, windows-1252, \
             iso-8859-2, koi8-r or utf-16",
            shown(name)
        );
        wrong("--charset".to_owned(), problem)
    })
}

/// Tells every box that channels or the guide are others now: once for a whole import.
async fn tell_boxes(ctx: &Ctx, kind: BoxEventKind) -> Result<(), OpError> {
    bulk::write(ctx, move |ctx, tx| events::queue_for_all(ctx, tx, kind)).await
}

fn long(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// What does not fit, and where.
fn wrong(path: String, problem: String) -> OpError {
    OpError::Document { path, problem }
}

/// Work that reads, away from the async threads.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, OpError> + Send + 'static,
) -> Result<T, OpError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(OpError::Failed(error.to_string())))
}

/// A text in one line: runs of spaces, line breaks and what cannot be shown become one space.
fn one_line(text: &str, chars_max: usize) -> String {
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    let mut line = String::with_capacity(text.len().min(chars_max));
    let mut chars = 0usize;
    for word in text.split(|c: char| shown(c).is_whitespace()) {
        if word.is_empty() {
            continue;
        }
        let gap = usize::from(!line.is_empty());
        if chars.saturating_add(gap) >= chars_max {
            break;
        }
        if gap > 0 {
            line.push(' ');
        }
        chars = chars.saturating_add(gap);
        let room = chars_max.saturating_sub(chars);
        let before = line.len();
        line.extend(word.chars().take(room));
        let added = line.get(before..).unwrap_or_default().chars().count();
        chars = chars.saturating_add(added);
    }
    line
}

/// A text for a line of a report.
fn shown(text: &str) -> String {
    one_line(text, NOTE_CHARS_MAX)
}

/// A name as it is compared: case, spaces at the ends and `_` for a space do not count.
fn folded(name: &str) -> String {
    let name = name.to_lowercase().replace('_', " ");
    one_line(&name, usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::{folded, one_line};
    use proptest::prelude::*;

    #[test]
    fn names_are_compared_without_case_and_spaces() {
        assert_eq!(folded("  Das_ERSTE \t HD "), "das erste hd");
        assert_eq!(folded("ПЕРВЫЙ"), "первый");
    }

    proptest! {
        #[test]
        fn a_line_is_one_and_within_its_bound(
            text in "\\PC{0,40}|[ \n\r\t\0a]{0,40}",
            max in 0..30usize,
        ) {
            let line = one_line(&text, max);
            prop_assert!(line.chars().count() <= max);
            prop_assert!(!line.contains(['\n', '\r', '\0']));
            prop_assert_eq!(line.trim(), line.as_str());
            prop_assert_eq!(one_line(&line, max), line);
        }
    }
}
