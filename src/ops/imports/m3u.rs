//! Extended M3U: what a list says, line by line, as players read it; and which of it is wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::entities::decoded;
use super::kinds::{Kind, kind_of};
use super::one_line::{folded, shown};
use super::options::{CHANNELS_MAX, FILMS_MAX};
use super::report::{Left, Notes, count, wrong};
use super::text::Text;
use crate::domain::values::address;
use crate::ops::OpError;
use crate::ops::imports::entry::{Described, URL_CHARS_MAX, Usual, described, first_group, head};
use crate::ops::imports::kinds::Entry;

/// Longest line, in bytes: some have pictures in them.
pub const LINE_BYTES_MAX: usize = 1024 * 1024;
/// Most groups that are remembered, to name them where one is asked for that is not there.
const GROUPS_MAX: usize = 10_000;

/// What of a list is wanted.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// Channels, and no films.
    pub live_only: bool,
    /// What is in one of these groups; all, where there are none.
    pub groups: Vec<String>,
}

/// What a list holds of what is wanted, and what of it cannot be taken.
#[derive(Debug, Default)]
pub struct List {
    pub channels: Vec<Entry>,
    pub films: Vec<Entry>,
    pub left: Left,
    pub problems: Notes,
    /// Groups that were asked for and are not there.
    pub missing_groups: Vec<String>,
    /// Some of those that are.
    pub groups: Vec<String>,
    pub charset: Option<String>,
}

/// Reads a whole list.
pub fn read(text: &mut Text, choice: &Choice) -> Result<List, OpError> {
    let mut reading = Reading::new(choice);
    let mut line = String::new();
    let mut is_mac = None;
    loop {
        let at = text.line().saturating_add(reading.bare_returns);
        let read = next_line(text, &mut line, &mut is_mac);
        let read = read.map_err(|error| wrong(format!("line {at}"), error.to_string()))?;
        if !read {
            break;
        }
        if is_mac == Some(true) {
            reading.bare_returns = reading.bare_returns.saturating_add(1);
        }
        reading.line(at, line.trim())?;
    }
    let mut list = reading.end()?;
    list.charset = text.remark();
    Ok(list)
}

/// Reads a line without its end; `false`: there is none. Where the first line ends with a bare
/// carriage return, all do.
fn next_line(text: &mut Text, line: &mut String, is_mac: &mut Option<bool>) -> io::Result<bool> {
    line.clear();
    loop {
        let window = text.window();
        if is_mac.is_none() {
            let end = window.find(['\r', '\n']);
            let after = end.and_then(|end| window.as_bytes().get(end..end.saturating_add(2)));
            *is_mac = match after {
                Some([b'\r', next]) => Some(*next != b'\n'),
                Some(_) => Some(false),
                None => None,
            };
        }
        let end = match is_mac {
            Some(true) => window.find(['\r', '\n']),
            Some(false) => window.find('\n'),
            None => None,
        };
        if let Some(end) = end {
            line.push_str(window.get(..end).unwrap_or_default());
            text.take(end.saturating_add(1));
            return Ok(true);
        }
        if is_mac.is_some() || window.len() > LINE_BYTES_MAX {
            let length = window.len();
            line.push_str(window);
            text.take(length);
        }
        if line.len() > LINE_BYTES_MAX {
            let problem = format!("is longer than {LINE_BYTES_MAX} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        }
        if !text.widen()? {
            let length = text.window().len();
            line.push_str(text.window());
            text.take(length);
            return Ok(!line.is_empty());
        }
    }
}

/// A list that is being read.
struct Reading<'c> {
    choice: &'c Choice,
    wanted: BTreeSet<String>,
    list: List,
    entry: Option<Described>,
    /// `#EXTGRP` holds until an empty one, or until an entry names a group itself.
    group: String,
    usual: Usual,
    is_list: bool,
    /// Groups that there are, as they are compared and as they are written.
    seen: BTreeMap<String, String>,
    /// Lines that did not end with a line feed.
    bare_returns: u64,
}

impl<'c> Reading<'c> {
    fn new(choice: &'c Choice) -> Self {
        Self {
            choice,
            wanted: choice.groups.iter().map(|group| folded(group)).collect(),
            list: List::default(),
            entry: None,
            group: String::new(),
            usual: Usual::default(),
            is_list: false,
            seen: BTreeMap::new(),
            bare_returns: 0,
        }
    }

    fn line(&mut self, at: u64, line: &str) -> Result<(), OpError> {
        let refused = |problem: &str| Err(wrong(format!("line {at}"), problem.to_owned()));
        if let Some(rest) = after(line, "#EXTINF:") {
            self.without_address();
            self.is_list = true;
            let mut described = described(rest, self.usual);
            described.entry.line = at;
            self.entry = Some(described);
        } else if let Some(rest) = after(line, "#EXTGRP:") {
            self.group = decoded(rest).into_owned();
        } else if let Some(rest) = after(line, "#EXTM3U") {
            self.is_list = true;
            let (usual, odd) = head(rest);
            self.usual = usual;
            for odd in odd {
                self.list.problems.add(|| format!("line {at}: {odd}"));
            }
        } else if let Some(kind) = after(line, "#EXT-X-PLAYLIST-TYPE:") {
            if let Some(described) = &mut self.entry {
                described.signs.is_media |= kind.trim().eq_ignore_ascii_case("vod");
            }
        } else if after(line, "#EXT-X-TARGETDURATION").is_some()
            || after(line, "#EXT-X-STREAM-INF").is_some()
        {
            return refused("this is the playlist of one stream, not a list of channels");
        } else if !line.is_empty() && !line.starts_with('#') {
            if !self.is_list {
                let front = line.get(..5).unwrap_or_default();
                let is_page =
                    after(line, "<!DOCTYPE html").is_some() || front.eq_ignore_ascii_case("<html");
                return refused(if is_page {
                    "this is no M3U list, but a web page"
                } else {
                    "this is no M3U list"
                });
            }
            match self.entry.take() {
                Some(described) => self.address(described, line)?,
                None => self
                    .list
                    .problems
                    .add(|| format!("line {at}: an address without a name")),
            }
        }
        Ok(())
    }

    fn without_address(&mut self) {
        if let Some(Described { entry, .. }) = self.entry.take() {
            let problem = || format!("line {}: {} has no address", entry.line, shown(&entry.name));
            self.list.problems.add(problem);
        }
    }

    /// An entry is whole.
    fn address(&mut self, described: Described, address: &str) -> Result<(), OpError> {
        let Described {
            mut entry,
            mut groups,
            signs,
            odd,
        } = described;
        if entry.group.is_empty() {
            entry.group = first_group(&self.group);
            groups.clone_from(&self.group);
        } else {
            self.group.clear();
        }
        let is_wanted = self.is_wanted(&groups);
        let line = entry.line;
        // What follows the bar is for one player.
        let url = address.split('|').next().unwrap_or_default().trim();
        let url = url.replace("&amp;", "&");
        if entry.name.is_empty() {
            entry.name.clone_from(&entry.tvg_name);
        }
        if !is_wanted {
            count(&mut self.list.left.other_groups);
            return Ok(());
        }
        let problems = &mut self.list.problems;
        if entry.name.is_empty() {
            problems.add(|| format!("line {line}: a channel without a name"));
            return Ok(());
        }
        let name = shown(&entry.name);
        if url.is_empty() || url.chars().count() > URL_CHARS_MAX {
            problems.add(|| {
                format!("line {line}: the address of {name} must have 1 to {URL_CHARS_MAX} letters")
            });
            return Ok(());
        }
        if !address::is_of_stream(&url) {
            problems.add(|| {
                format!(
                    "line {line}: the address of {name} {}",
                    address::STREAM_WORDS
                )
            });
            return Ok(());
        }
        entry.url = url;
        entry.kind = kind_of(&entry, &signs);
        let left = &mut self.list.left;
        match entry.kind {
            Kind::Live => {
                for odd in odd {
                    problems.add(|| format!("line {line}: {name}: {odd}"));
                }
                push(&mut self.list.channels, entry, CHANNELS_MAX, "channels")?;
            }
            Kind::Film if self.choice.live_only => count(&mut left.films),
            Kind::Film => push(&mut self.list.films, entry, FILMS_MAX, "films")?,
            Kind::Episode => count(&mut left.episodes),
            Kind::Heading => count(&mut left.headings),
        }
        Ok(())
    }

    /// Whether one of the groups is wanted, or all are.
    fn is_wanted(&mut self, groups: &str) -> bool {
        if self.wanted.is_empty() {
            return true;
        }
        let mut is_wanted = self.wanted.contains(&folded(groups));
        for group in groups.split(';') {
            let key = folded(group);
            is_wanted |= self.wanted.contains(&key);
            if !key.is_empty() && self.seen.len() < GROUPS_MAX {
                self.seen.entry(key).or_insert_with(|| shown(group));
            }
        }
        if groups.contains(';') && self.seen.len() < GROUPS_MAX {
            self.seen.insert(folded(groups), shown(groups));
        }
        is_wanted
    }

    fn end(mut self) -> Result<List, OpError> {
        self.without_address();
        if !self.is_list {
            return Err(wrong("line 1".to_owned(), "this is no M3U list".to_owned()));
        }
        let missing = self.choice.groups.iter();
        let missing = missing.filter(|group| !self.seen.contains_key(&folded(group)));
        self.list.missing_groups = missing.cloned().collect();
        self.list.groups = self.seen.into_values().collect();
        Ok(self.list)
    }
}

fn push(list: &mut Vec<Entry>, entry: Entry, max: usize, what: &str) -> Result<(), OpError> {
    if list.len() >= max {
        let place = format!("line {}", entry.line);
        let problem = format!("more than {max} {what}; choose some with --groups");
        return Err(wrong(place, problem));
    }
    list.push(entry);
    Ok(())
}

/// What follows a directive, which is written in capitals or not.
fn after<'t>(line: &'t str, directive: &str) -> Option<&'t str> {
    let (front, rest) = line.split_at_checked(directive.len())?;
    front.eq_ignore_ascii_case(directive).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::{Choice, Entry, List, read};
    use crate::ops::OpError;
    use crate::ops::imports::report::Left;
    use crate::ops::imports::text::Text;
    use proptest::prelude::*;
    use std::io::Cursor;
    use std::sync::Arc;

    fn chosen(text: &str, choice: &Choice) -> Result<List, OpError> {
        let reader = Box::new(Cursor::new(text.as_bytes().to_vec()));
        read(
            &mut Text::open(reader, None, Arc::new(|_| {})).unwrap(),
            choice,
        )
    }

    fn list(text: &str) -> Result<List, OpError> {
        chosen(text, &Choice::default())
    }

    fn entries(text: &str) -> Vec<Entry> {
        list(text).unwrap().channels
    }

    fn names(entries: &[Entry]) -> Vec<&str> {
        entries.iter().map(|entry| entry.name.as_str()).collect()
    }

    #[test]
    fn groups_stick_until_an_empty_one_and_lines_end_anyhow() {
        let text = "\u{feff}#EXTM3U\r\n#EXTINF:-1,A\r\n#EXTGRP:News\r\n\
            http://h/a|User-Agent=x\r\n\r\n\
            #EXTINF:-1,B\rhttp\r\nhttp://h/b\r\n#EXTINF:-1 group-title=\"Kids\",C\n\
            #EXTVLCOPT:x=y\nudp://@239.0.0.1:1\n\
            #EXTINF:-1,D\nhttp://h/d";
        let entries = entries(text);
        let told: Vec<_> = entries
            .iter()
            .map(|e| (e.name.as_str(), e.group.as_str(), e.url.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("A", "News", "http://h/a"),
                ("B http", "News", "http://h/b"),
                ("C", "Kids", "udp://@239.0.0.1:1"),
                ("D", "", "http://h/d"),
            ]
        );
    }

    #[test]
    fn lines_may_end_as_they_did_on_old_machines() {
        let text = "#EXTM3U\r#EXTINF:-1,A\rhttp://h/a\r#EXTINF:-1,B\rhttp://h/b";
        let entries = entries(text);
        assert_eq!(names(&entries), ["A", "B"]);
        assert_eq!((entries[0].line, entries[1].line), (2, 4));
        assert_eq!(entries[1].url, "http://h/b");
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for (text, word) in [
            (
                "<html>404</html>",
                "line 1: this is no M3U list, but a web page",
            ),
            ("", "no M3U"),
            (
                "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6.0,\na.ts",
                "line 2",
            ),
        ] {
            let error = list(text).map(|_| ()).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
        let long = format!(
            "#EXTM3U\n#EXTINF:-1,A\nhttp://h/{}\n",
            "a".repeat(2_000_000)
        );
        let error = list(&long).map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with("line 3: "), "{error}");
    }

    #[test]
    fn odd_entries_are_named() {
        let list =
            list("#EXTM3U\nhttp://h/x\n#EXTINF:-1,\nhttp://h/y\n#EXTINF:-1,Z\n#EXTINF:-1,W\n")
                .unwrap();
        assert!(list.channels.is_empty());
        let lines: Vec<_> = list
            .problems
            .lines
            .iter()
            .map(|line| line.split(':').next().unwrap())
            .collect();
        assert_eq!(lines, ["line 2", "line 3", "line 5", "line 6"]);
        let long = format!("#EXTM3U\n#EXTINF:-1,A\nhttp://h/{}\n", "a".repeat(8_000));
        assert_eq!(entries(&long).len(), 1);
        let long = format!(
            "#EXTM3U\n#EXTINF:-1 tvg-chno=\"x\",A\nhttp://h/{}\n",
            "a".repeat(9_000)
        );
        let list = self::list(&long).unwrap();
        assert!(
            list.problems.lines[0].contains("1 to 8192 letters"),
            "{list:?}"
        );
    }

    const MIXED: &str = "#EXTM3U catchup-days=\"2\" tvg-shift=\"1\"\n\
        #EXTINF:-1 group-title=\"UK\",One\nhttp://h/1\n\
        #EXTINF:-1 group-title=\"VOD\",Blue (2021)\nhttp://h/movie/u/p/2.mkv\n\
        #EXTINF:-1 group-title=\"Series\",Long S01E01\nhttp://h/series/u/p/3.mp4\n\
        #EXTINF:-1,Marked\n#EXT-X-PLAYLIST-TYPE:VOD\nhttp://h/live/4\n\
        #EXTINF:-1 group-title=\"UK\",## UK ##\nhttp://h/5\n\
        #EXTINF:-1 group-title=\"News;Local\" catchup-days=\"0\",Two\nhttp://h/6&amp;x\n";

    #[test]
    fn channels_and_films_are_told_apart() {
        let all = list(MIXED).unwrap();
        assert_eq!(names(&all.channels), ["One", "Two"]);
        assert_eq!(names(&all.films), ["Blue (2021)", "Marked"]);
        let left = Left {
            episodes: 1,
            headings: 1,
            ..Left::default()
        };
        assert_eq!(all.left, left);
        assert_eq!(all.channels[1].url, "http://h/6&x");
        let told = all
            .channels
            .iter()
            .map(|e| (e.archive_days, e.shift_minutes));
        let told: Vec<_> = told.collect();
        assert_eq!(told, [(Some(2), Some(60)), (Some(0), Some(60))]);
        let choice = Choice {
            live_only: true,
            groups: Vec::new(),
        };
        let live = chosen(MIXED, &choice).unwrap();
        assert_eq!(
            (names(&live.channels), live.films.len()),
            (vec!["One", "Two"], 0)
        );
        assert_eq!(live.left, Left { films: 2, ..left });
    }

    #[test]
    fn groups_are_chosen_by_any_of_their_names() {
        let choice = |groups: &[&str]| Choice {
            live_only: false,
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        };
        for (groups, wanted) in [
            (&["uk "][..], vec!["One"]),
            (&["local"], vec!["Two"]),
            (&["News;Local"], vec!["Two"]),
            (&["UK", "news"], vec!["One", "Two"]),
            (&["none"], vec![]),
        ] {
            let list = chosen(MIXED, &choice(groups)).unwrap();
            assert_eq!(names(&list.channels), wanted, "{groups:?}");
            let missing = usize::from(groups.contains(&"none"));
            assert_eq!(list.missing_groups.len(), missing, "{groups:?}");
        }
        let list = chosen(MIXED, &choice(&["none"])).unwrap();
        assert_eq!(list.left.other_groups, 6);
        assert_eq!(
            list.groups,
            ["Local", "News", "News;Local", "Series", "UK", "VOD"]
        );
    }

    proptest! {
        #[test]
        fn fuzz_lists_never_panic(
            text in "(#EXTM3U\n)?((#EXTINF:|#EXTGRP:|http:|[ -~é\t]{0,12}|\
                     tvg-id=|\"|,|\n|\r){0,40})",
        ) {
            let _ = list(&text);
        }
    }
}
