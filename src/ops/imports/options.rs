//! How to import, and the bounds of what is brought in.

use super::charset;
use super::one_line::shown;
use super::report::wrong;
use crate::ops::OpError;

/// Most channels of one list or guide, and most films of a list.
pub const CHANNELS_MAX: usize = 50_000;
pub const FILMS_MAX: usize = 250_000;

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

/// The charset that was asked for.
pub(super) fn asked_charset(options: &Options) -> Result<Option<charset::Known>, OpError> {
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
