//! Extended M3U: what a list of channels says, line by line. Attributes as players read them.

use std::io::BufRead as _;

use super::source::Text;
use super::{CHANNELS_MAX, Notes, one_line, shown, wrong};
use crate::ops::OpError;

/// Longest line, in bytes.
pub const LINE_BYTES_MAX: usize = 64 * 1024;
/// Longest name, id and group of a channel, and longest addresses, in characters.
const NAME_CHARS_MAX: usize = 255;
const URL_CHARS_MAX: usize = 2_048;
/// Most days that an archive reaches back.
const ARCHIVE_DAYS_MAX: u32 = 3_660;

/// A channel as a list has it. What is `None` or empty the list does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    pub line: u64,
    pub name: String,
    pub tvg_id: String,
    pub tvg_name: String,
    pub logo: String,
    pub number: Option<u32>,
    pub group: String,
    pub radio: Option<bool>,
    pub archive_days: Option<u32>,
    pub censored: Option<bool>,
    pub url: String,
}

/// What a list holds, and what of it cannot be taken.
#[derive(Debug, Default)]
pub struct List {
    pub entries: Vec<Entry>,
    pub problems: Notes,
}

/// Reads a whole list.
pub fn read(text: &mut Text) -> Result<List, OpError> {
    let mut list = List::default();
    let mut entry: Option<Entry> = None;
    // `#EXTGRP` holds until an empty one, or until an entry names a group itself.
    let mut group = String::new();
    let mut is_list = false;
    let mut bytes = Vec::new();
    loop {
        let at = text.line();
        text.begin_piece();
        bytes.clear();
        let read = text.read_until(b'\n', &mut bytes);
        let count_read = read.map_err(|error| wrong(format!("line {at}"), error.to_string()))?;
        if count_read == 0 {
            break;
        }
        let line = String::from_utf8_lossy(&bytes);
        let line = line.trim();
        if let Some(rest) = after(line, "#EXTINF:") {
            if let Some(entry) = &entry {
                let problem =
                    || format!("line {}: {} has no address", entry.line, shown(&entry.name));
                list.problems.add(problem);
            }
            is_list = true;
            entry = Some(Entry {
                line: at,
                ..described(rest)
            });
        } else if let Some(rest) = after(line, "#EXTGRP:") {
            group = first_group(rest);
        } else if after(line, "#EXTM3U").is_some() {
            is_list = true;
        } else if after(line, "#EXT-X-TARGETDURATION").is_some()
            || after(line, "#EXT-X-STREAM-INF").is_some()
        {
            let problem = "this is the playlist of one stream, not a list of channels".to_owned();
            return Err(wrong(format!("line {at}"), problem));
        } else if !line.is_empty() && !line.starts_with('#') {
            if !is_list {
                return Err(wrong(
                    format!("line {at}"),
                    "this is no M3U list".to_owned(),
                ));
            }
            match entry.take() {
                Some(mut entry) => {
                    if entry.group.is_empty() {
                        entry.group.clone_from(&group);
                    } else {
                        group.clear();
                    }
                    list.take(entry, line)?;
                }
                None => list
                    .problems
                    .add(|| format!("line {at}: an address without a name")),
            }
        }
    }
    if let Some(entry) = entry {
        let problem = || format!("line {}: {} has no address", entry.line, shown(&entry.name));
        list.problems.add(problem);
    }
    if !is_list {
        return Err(wrong("line 1".to_owned(), "this is no M3U list".to_owned()));
    }
    Ok(list)
}

impl List {
    fn take(&mut self, mut entry: Entry, address: &str) -> Result<(), OpError> {
        let line = entry.line;
        // What follows the bar is for one player.
        let url = address.split('|').next().unwrap_or_default().trim();
        if entry.name.is_empty() {
            entry.name.clone_from(&entry.tvg_name);
        }
        if entry.name.is_empty() {
            self.problems
                .add(|| format!("line {line}: a channel without a name"));
            return Ok(());
        }
        if url.is_empty() || url.chars().count() > URL_CHARS_MAX {
            let name = shown(&entry.name);
            self.problems
                .add(|| format!("line {line}: {name} has an address of no use"));
            return Ok(());
        }
        url.clone_into(&mut entry.url);
        if self.entries.len() >= CHANNELS_MAX {
            let problem = format!("more than {CHANNELS_MAX} channels");
            return Err(wrong(format!("line {line}"), problem));
        }
        self.entries.push(entry);
        Ok(())
    }
}

/// What follows a directive, which is written in capitals or not.
fn after<'t>(line: &'t str, directive: &str) -> Option<&'t str> {
    let (front, rest) = line.split_at_checked(directive.len())?;
    front.eq_ignore_ascii_case(directive).then_some(rest)
}

fn first_group(groups: &str) -> String {
    let mut groups = groups
        .split(';')
        .map(|group| one_line(group, NAME_CHARS_MAX));
    groups.find(|group| !group.is_empty()).unwrap_or_default()
}

/// What stands behind `#EXTINF:`: a duration, attributes, a comma and the name.
fn described(rest: &str) -> Entry {
    let mut entry = Entry::default();
    let end = |c: char| c == ',' || c.is_whitespace();
    let mut rest = rest.trim_start().trim_start_matches(|c| !end(c));
    let (mut days, mut timeshift) = (None, None);
    loop {
        rest = rest.trim_start();
        if let Some(name) = rest.strip_prefix(',') {
            entry.name = one_line(name, NAME_CHARS_MAX);
            break;
        }
        if rest.is_empty() {
            break;
        }
        let Some((name, value, after)) = attribute(rest) else {
            // A word that is no attribute: what is left of a value with quotes in it.
            rest = rest.trim_start_matches(|c| !end(c));
            continue;
        };
        rest = after;
        let short = || one_line(value, NAME_CHARS_MAX);
        match name.to_ascii_lowercase().as_str() {
            // Cut, it would be another one's.
            "tvg-id" if value.chars().count() <= NAME_CHARS_MAX => entry.tvg_id = short(),
            "tvg-name" => entry.tvg_name = short(),
            "tvg-logo" if value.chars().count() <= URL_CHARS_MAX => {
                value.trim().clone_into(&mut entry.logo);
            }
            "tvg-chno" => entry.number = whole(value).filter(|number| *number > 0),
            "group-title" => entry.group = first_group(value),
            "radio" => entry.radio = yes_or_no(value),
            "catchup-days" | "tvg-rec" => days = days.or(whole(value)),
            "timeshift" => timeshift = whole(value),
            "censored" => entry.censored = entry.censored.or(yes_or_no(value)),
            "parent-code" if !value.trim().is_empty() => entry.censored = Some(true),
            _ => {}
        }
    }
    let days = days.or(timeshift);
    entry.archive_days = days.map(|days| days.min(ARCHIVE_DAYS_MAX));
    entry
}

/// The attribute at the front: name, value and what follows. `None` where there is none.
fn attribute(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.split_once('=')?;
    let odd = |c: char| c == ',' || c == '"' || c.is_whitespace();
    if name.is_empty() || name.contains(odd) {
        return None;
    }
    let quote = rest.chars().next().filter(|first| "\"'".contains(*first));
    if let Some(quote) = quote
        && let Some((value, after)) = rest.get(1..)?.split_once(quote)
    {
        return Some((name, value, after));
    }
    let rest = rest.trim_start_matches('"');
    let end = rest.find(|c: char| c == ',' || c.is_whitespace());
    let (value, after) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
    Some((name, value, after))
}

fn whole(value: &str) -> Option<u32> {
    value.trim().parse().ok()
}

fn yes_or_no(value: &str) -> Option<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Some(true),
        "false" | "0" | "no" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, List, described, read};
    use crate::ops::OpError;
    use crate::ops::imports::source::Text;
    use proptest::prelude::*;
    use std::io::Cursor;
    use std::sync::Arc;

    fn list(text: &str) -> Result<List, OpError> {
        let reader = Box::new(Cursor::new(text.as_bytes().to_vec()));
        read(&mut Text::open(reader, super::LINE_BYTES_MAX, Arc::new(|_| {})).unwrap())
    }

    fn entries(text: &str) -> Vec<Entry> {
        list(text).unwrap().entries
    }

    #[test]
    fn attributes_are_read() {
        let entry = described(
            "-1 tvg-id=\"one.de\" tvg-name=\"The One\" tvg-logo=\"http://l/1.png\" tvg-chno=\"7\" \
             group-title=\"News;World\" radio=\"true\" catchup-days=\"3\" timeshift=\"9\" censored=\"1\",One, the first",
        );
        assert_eq!(entry.name, "One, the first");
        assert_eq!(
            (entry.tvg_id.as_str(), entry.tvg_name.as_str()),
            ("one.de", "The One")
        );
        assert_eq!(
            (entry.logo.as_str(), entry.number),
            ("http://l/1.png", Some(7))
        );
        assert_eq!((entry.group.as_str(), entry.radio), ("News", Some(true)));
        assert_eq!((entry.archive_days, entry.censored), (Some(3), Some(true)));
    }

    #[test]
    fn what_is_not_said_is_not_made_up() {
        let entry = described("-1,One");
        assert_eq!(
            entry,
            Entry {
                name: "One".to_owned(),
                ..Entry::default()
            }
        );
        let entry = described("0 tvg-chno=\"5.1\" radio=\"perhaps\" tvg-id= group-title='',One");
        assert_eq!(
            entry,
            Entry {
                name: "One".to_owned(),
                ..Entry::default()
            }
        );
    }

    #[test]
    fn commas_and_quotes_in_values_do_no_harm() {
        assert_eq!(described("-1 tvg-name=\"a, b\",One").name, "One");
        let entry = described("-1 tvg-name=\"The \"Best\" TV\" tvg-id=\"best\",Best");
        assert_eq!(
            (entry.name.as_str(), entry.tvg_id.as_str()),
            ("Best", "best")
        );
        assert_eq!(described("-1 tvg-name=\"open,One").name, "One");
        assert_eq!(described("-1 tvg-id=one,One").tvg_id, "one");
    }

    #[test]
    fn groups_stick_until_an_empty_one_and_lines_end_anyhow() {
        let text = "\u{feff}#EXTM3U\r\n#EXTINF:-1,A\r\n#EXTGRP:News\r\nhttp://h/a|User-Agent=x\r\n\r\n\
            #EXTINF:-1,B\rhttp\r\nhttp://h/b\r\n#EXTINF:-1 group-title=\"Kids\",C\n#EXTVLCOPT:x=y\nudp://@239.0.0.1:1\n\
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
    fn what_is_no_list_is_refused() {
        for (text, word) in [
            ("<html>404</html>", "line 1"),
            ("", "no M3U"),
            (
                "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6.0,\na.ts",
                "line 2",
            ),
        ] {
            let error = list(text).map(|_| ()).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
        let long = format!("#EXTM3U\n#EXTINF:-1,A\nhttp://h/{}\n", "a".repeat(200_000));
        let error = list(&long).map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with("line 3: "), "{error}");
    }

    #[test]
    fn odd_entries_are_named() {
        let list =
            list("#EXTM3U\nhttp://h/x\n#EXTINF:-1,\nhttp://h/y\n#EXTINF:-1,Z\n#EXTINF:-1,W\n")
                .unwrap();
        assert!(list.entries.is_empty());
        let lines: Vec<_> = list
            .problems
            .lines
            .iter()
            .map(|line| line.split(':').next().unwrap())
            .collect();
        assert_eq!(lines, ["line 2", "line 3", "line 5", "line 6"]);
    }

    proptest! {
        #[test]
        fn fuzz_lists_never_panic(text in "(#EXTM3U\n)?((#EXTINF:|#EXTGRP:|http:|[ -~é\t]{0,12}|tvg-id=|\"|,|\n){0,40})") {
            let _ = list(&text);
        }
    }
}
