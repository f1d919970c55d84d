//! What a list says of one entry, behind `#EXTINF:`. Attributes are found wherever they stand, in
//! whatever quotes; what is none of them is the name.

use super::entities::decoded;
use super::kinds::Signs;
use super::one_line::one_line;
use crate::domain::catalogue::content::GUIDE_SHIFT_MINUTES_MAX;
use crate::domain::values::address;
use crate::ops::imports::kinds::Entry;

/// Longest name, id and group of a channel, in characters.
pub const NAME_CHARS_MAX: usize = 255;
/// Longest addresses, in characters.
pub const URL_CHARS_MAX: usize = 8_192;
/// Most days that an archive reaches back.
const ARCHIVE_DAYS_MAX: u32 = 3_660;

/// An entry before its address is known.
#[derive(Debug, Clone, Default)]
pub struct Described {
    pub entry: Entry,
    /// All its groups, as written.
    pub groups: String,
    pub signs: Signs,
    /// What cannot be taken of it.
    pub odd: Vec<String>,
}

/// What the head of a list says of all entries that do not say it themselves.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usual {
    pub archive_days: Option<u32>,
    pub shift_minutes: Option<i32>,
}

/// Names of attributes that count also where no quote stands behind them.
const KNOWN: &[&str] = &[
    "tvg-",
    "group-title",
    "group",
    "catchup",
    "timeshift",
    "radio",
    "censored",
    "parent-code",
    "channel-number",
    "ch-number",
    "channel-id",
    "audio-track",
    "aspect-ratio",
    "logo",
    "cuid",
    "media",
    "type",
    "url-tvg",
    "x-tvg-url",
];

/// What stands behind `#EXTINF:`: a duration, attributes, a comma and the name.
pub fn described(rest: &str, usual: Usual) -> Described {
    let mut found = Described::default();
    let rest = rest.trim_start();
    let end = rest.find(|c: char| c == ',' || c.is_whitespace());
    let (length, rest) = rest
        .split_at_checked(end.unwrap_or(rest.len()))
        .unwrap_or_default();
    let seconds = length.split('.').next().unwrap_or_default();
    found.signs.duration = seconds.parse().ok().filter(|seconds| *seconds > 0);
    let rest = found.read(rest);
    let minutes = found.signs.duration.map(|seconds| seconds.div_ceil(60));
    found.entry.duration_minutes = minutes;
    let name = found.name_in(rest);
    found.entry.name = one_line(&decoded(&name), NAME_CHARS_MAX);
    let entry = &mut found.entry;
    entry.shift_minutes = entry.shift_minutes.or(usual.shift_minutes);
    entry.archive_days = entry.archive_days.or(usual.archive_days);
    found
}

/// What the head of a list says.
pub fn head(rest: &str) -> (Usual, Vec<String>) {
    let mut found = Described::default();
    found.read(rest);
    let usual = Usual {
        archive_days: found.entry.archive_days,
        shift_minutes: found.entry.shift_minutes,
    };
    (usual, found.odd)
}

impl Described {
    /// Takes attributes from the front, also behind commas. Answers what is left: the name.
    fn read<'t>(&mut self, text: &'t str) -> &'t str {
        let mut rest = text;
        // The comma behind which the name stands, unless attributes follow it.
        let mut name = None;
        let (mut days, mut timeshift) = (None, None);
        loop {
            rest = rest.trim_start();
            if let Some(after) = rest.strip_prefix(',') {
                name = Some(after);
                rest = after.trim_start();
                if !begins_attribute(rest, true) {
                    break;
                }
                continue;
            }
            if rest.is_empty() {
                break;
            }
            match attribute(rest) {
                Some((key, value, after)) if name.is_none() || begins_attribute(rest, true) => {
                    rest = after;
                    name = name.and(Some(after));
                    self.take(key, &value, &mut days, &mut timeshift);
                }
                // The name, behind attributes that stood behind the comma.
                _ if name.is_some() => break,
                // A word that is no attribute: what is left of a value with quotes in it.
                _ => rest = rest.trim_start_matches(|c: char| c != ',' && !c.is_whitespace()),
            }
        }
        let days: Option<u32> = days.or(timeshift);
        if let Some(days) = days {
            self.entry.archive_days = Some(days.min(ARCHIVE_DAYS_MAX));
        }
        name.unwrap_or(rest)
    }

    /// The name, without attributes that stand in it.
    fn name_in(&mut self, text: &str) -> String {
        let text = text.trim();
        let starts = text.char_indices().filter(|(at, _)| {
            let before = text.get(..*at).unwrap_or_default();
            before.ends_with(char::is_whitespace)
        });
        let found = starts
            .map(|(at, _)| at)
            .find(|at| begins_known(text.get(*at..).unwrap_or_default()));
        let Some(at) = found else {
            return text.to_owned();
        };
        let (front, attributes) = text.split_at_checked(at).unwrap_or_default();
        let behind = self.read(attributes).trim();
        let front = front.trim().trim_end_matches(',').trim_end();
        if front.is_empty() {
            behind.to_owned()
        } else {
            front.to_owned()
        }
    }

    fn take(
        &mut self,
        key: &str,
        value: &str,
        days: &mut Option<u32>,
        timeshift: &mut Option<u32>,
    ) {
        let value = decoded(value);
        let value = value.trim();
        let short = || one_line(value, NAME_CHARS_MAX);
        let entry = &mut self.entry;
        match key.to_ascii_lowercase().as_str() {
            // Cut, it would be another one's.
            "tvg-id" if value.chars().count() <= NAME_CHARS_MAX => entry.tvg_id = short(),
            "tvg-name" => entry.tvg_name = short(),
            "tvg-logo" | "logo"
                if entry.logo.is_empty() && value.chars().count() <= URL_CHARS_MAX =>
            {
                if address::is_of_picture(value) {
                    value.clone_into(&mut entry.logo);
                } else {
                    self.odd
                        .push(format!("its logo {}", address::PICTURE_WORDS));
                }
            }
            "tvg-chno" | "tvg-ch" | "tvg-ch-no" | "tvg-num" | "tvg-number" | "tvg-lcn"
            | "channel-number" | "ch-number" | "channel-num" | "chno" | "lcn"
                if entry.number.is_none() && !value.is_empty() =>
            {
                entry.number = channel_number(value);
                if entry.number.is_none() {
                    self.odd.push(format!("{value:?} is no channel number"));
                }
            }
            "group-title" | "group" | "tvg-group" if entry.group.is_empty() => {
                value.clone_into(&mut self.groups);
                entry.group = first_group(value);
            }
            "radio" => entry.radio = yes_or_no(value),
            "catchup-days" | "tvg-rec" | "catchup-length" | "archive-days" => {
                *days = days.or_else(|| whole(value));
            }
            "timeshift" => *timeshift = whole(value),
            "catchup" if is_none(value) => *days = Some(0),
            "tvg-shift" | "tvg-timeshift" | "epg-shift" if !value.is_empty() => {
                entry.shift_minutes = shift(value);
                if entry.shift_minutes.is_none() {
                    let problem = format!("{value:?} is no shift of the guide in hours");
                    self.odd.push(problem);
                }
            }
            "censored" | "adult" | "is-adult" => {
                entry.censored = entry.censored.or_else(|| yes_or_no(value));
            }
            "parent-code" if !value.is_empty() => entry.censored = Some(true),
            "tvg-type" | "type" | "stream-type" | "content-type" => {
                self.signs.named = value.to_lowercase().replace([' ', '-', '_'], "");
            }
            "media" => self.signs.is_media = yes_or_no(value) == Some(true),
            _ => {}
        }
        self.signs.has_archive |= days.or(*timeshift).is_some_and(|days| days > 0);
    }
}

/// The first of several groups.
pub fn first_group(groups: &str) -> String {
    let mut groups = groups
        .split(';')
        .map(|group| one_line(group, NAME_CHARS_MAX));
    groups.find(|group| !group.is_empty()).unwrap_or_default()
}

/// Signs that open a value, and those that close it.
const QUOTES: &[(char, &[char])] = &[
    ('"', &['"', '\u{201d}', '\u{201c}']),
    ('\'', &['\'', '\u{2019}']),
    ('\u{201c}', &['\u{201d}', '\u{201c}', '"']),
    ('\u{201d}', &['\u{201d}', '\u{201c}', '"']),
    ('\u{201e}', &['\u{201c}', '\u{201d}', '"']),
    ('\u{2018}', &['\u{2019}', '\u{2018}', '\'']),
    ('\u{2019}', &['\u{2019}', '\u{2018}', '\'']),
    ('\u{ab}', &['\u{bb}']),
    ('`', &['`', '\'']),
];

fn key_of(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.:".contains(c))?;
    let (key, rest) = text.split_at_checked(end)?;
    let rest = rest.trim_start().strip_prefix('=')?;
    key.starts_with(|c: char| c.is_ascii_alphabetic())
        .then_some((key, rest))
}

/// Whether an attribute begins here: one that is known, or where a quote follows.
fn begins_attribute(text: &str, also_unknown: bool) -> bool {
    let Some((key, rest)) = key_of(text) else {
        return false;
    };
    let first = rest.trim_start().chars().next();
    let is_quoted = first.is_some_and(|first| QUOTES.iter().any(|(open, _)| *open == first));
    (also_unknown && is_quoted) || is_known(key)
}

fn begins_known(text: &str) -> bool {
    begins_attribute(text, false)
}

fn is_known(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    KNOWN
        .iter()
        .any(|known| key == *known || (known.ends_with('-') && key.starts_with(known)))
}

/// The attribute at the front: name, value and what follows. `None` where there is none.
fn attribute(text: &str) -> Option<(&str, String, &str)> {
    let (key, rest) = key_of(text)?;
    // Nothing at all, as in `tvg-id= group-title=""`, is no value either.
    let quoted = rest.trim_start();
    let first = quoted.chars().next();
    let quote = QUOTES.iter().find(|(open, _)| Some(*open) == first);
    if let Some((open, closing)) = quote {
        let inside = quoted.get(open.len_utf8()..)?;
        if let Some((value, after)) = enclosed(inside, closing) {
            return Some((key, value.to_owned(), after));
        }
        let value = unquoted(inside);
        return Some((key, value.0.to_owned(), value.1));
    }
    if let Some(inside) = quoted.strip_prefix("&quot;")
        && let Some((value, after)) = inside.split_once("&quot;")
    {
        return Some((key, value.to_owned(), after));
    }
    let (value, after) = unquoted(rest);
    Some((key, value.to_owned(), after))
}

fn unquoted(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| c == ',' || c.is_whitespace());
    text.split_at_checked(end.unwrap_or(text.len()))
        .unwrap_or_default()
}

/// The value up to the quote that ends it: behind that one stands a comma, another attribute, or
/// nothing. `None`: it does not end.
fn enclosed<'t>(inside: &'t str, closing: &[char]) -> Option<(&'t str, &'t str)> {
    let mut last = None;
    for (at, quote) in inside.char_indices().filter(|(_, c)| closing.contains(c)) {
        let (value, rest) = inside.split_at_checked(at)?;
        let after = rest.get(quote.len_utf8()..)?;
        let behind = after.trim_start();
        let ends = behind.is_empty() || behind.starts_with(',') || key_of(behind).is_some();
        // What looks like the next attribute in the value says that a quote is missing before it.
        if value.contains("=\"") || value.contains("='") {
            return None;
        }
        if ends {
            return Some((value, after));
        }
        last = last.or(Some((value, after)));
    }
    last
}

/// A channel's number: what stands before a point or a sub-channel's dash counts.
fn channel_number(value: &str) -> Option<u32> {
    let value = value.trim_start_matches('#').trim();
    let (number, part) = match value.split_once(['.', ',', '-']) {
        Some((number, part)) => (number, part),
        None => (value, "0"),
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = (is_number(number) && is_number(part)).then(|| number.parse().ok())??;
    (number > 0).then_some(number)
}

/// Hours with a part behind the point or comma and a sign, or hours and minutes, as minutes.
fn shift(value: &str) -> Option<i32> {
    let value = value.trim().replace('\u{2212}', "-").replace(',', ".");
    let (sign, rest) = match value.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, value.strip_prefix('+').unwrap_or(&value)),
    };
    let rest = rest.trim().trim_end_matches(['h', 'H']).trim_end();
    let is_number = |text: &str| text.len() <= 6 && text.bytes().all(|b| b.is_ascii_digit());
    let minutes = if let Some((hours, minutes)) = rest.split_once(':') {
        if !is_number(hours) || !is_number(minutes) {
            return None;
        }
        let minutes: i32 = minutes.parse().ok()?;
        hours
            .parse::<i32>()
            .ok()?
            .checked_mul(60)?
            .checked_add(minutes)?
    } else {
        let (hours, part) = rest.split_once('.').unwrap_or((rest, ""));
        if !is_number(hours) || !is_number(part) || (hours.is_empty() && part.is_empty()) {
            return None;
        }
        let whole: i32 = if hours.is_empty() {
            0
        } else {
            hours.parse().ok()?
        };
        // Three digits tell minutes apart.
        let digits: String = part.chars().chain("000".chars()).take(3).collect();
        let thousandths: i32 = digits.parse().ok()?;
        let minutes = thousandths
            .checked_mul(60)?
            .checked_add(500)?
            .checked_div(1_000)?;
        whole.checked_mul(60)?.checked_add(minutes)?
    };
    (minutes <= GUIDE_SHIFT_MINUTES_MAX).then_some(sign * minutes)
}

fn whole(value: &str) -> Option<u32> {
    value.trim().split('.').next()?.parse().ok()
}

fn is_none(value: &str) -> bool {
    matches!(
        value.to_ascii_lowercase().as_str(),
        "none" | "disabled" | "off" | "no" | "0" | "false"
    )
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
    use crate::ops::imports::entry::{Described, Usual, described, head};
    use crate::ops::imports::kinds::Entry;
    use proptest::prelude::*;

    fn entry(rest: &str) -> Entry {
        described(rest, Usual::default()).entry
    }

    fn named(name: &str) -> Entry {
        Entry {
            name: name.to_owned(),
            ..Entry::default()
        }
    }

    #[test]
    fn attributes_are_read() {
        let entry = entry(
            "-1 tvg-id=\"one.de\" tvg-name=\"The One\" tvg-logo=\"http://l/1.png\" tvg-chno=\"7\" \
             group-title=\"News;World\" radio=\"true\" catchup-days=\"3\" \
             timeshift=\"9\" censored=\"1\",One, the first",
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
        assert_eq!(entry("-1,One"), named("One"));
        assert_eq!(
            entry("0 tvg-chno=\"\" radio=\"perhaps\" tvg-id= group-title='',One"),
            named("One")
        );
    }

    #[test]
    fn commas_and_quotes_in_values_do_no_harm() {
        assert_eq!(entry("-1 tvg-name=\"a, b\",One").name, "One");
        let best = entry("-1 tvg-name=\"The \"Best\" TV\" tvg-id=\"best\",Best");
        assert_eq!(
            (
                best.name.as_str(),
                best.tvg_id.as_str(),
                best.tvg_name.as_str()
            ),
            ("Best", "best", "The \"Best\" TV")
        );
        assert_eq!(entry("-1 tvg-name=\"open,One").name, "One");
        assert_eq!(entry("-1 tvg-id=one,One").tvg_id, "one");
        let open = entry("-1 tvg-id=\"one tvg-name=\"Uno\" group-title=\"A\",One");
        assert_eq!(
            (
                open.name.as_str(),
                open.tvg_id.as_str(),
                open.tvg_name.as_str(),
                open.group.as_str()
            ),
            ("One", "one", "Uno", "A")
        );
        let close = entry("-1 tvg-id=\"1\"tvg-logo=\"http://l\"group-title=\"A\",One");
        assert_eq!((close.tvg_id.as_str(), close.group.as_str()), ("1", "A"));
    }

    #[test]
    fn attributes_are_found_wherever_they_stand() {
        let wanted = ("One, more", "one.uk", "News");
        for text in [
            "-1, tvg-ID=\"one.uk\" group-title=\"News\",One, more",
            "-1,tvg-id=\"one.uk\" group-title=\"News\" tvg-logo=\"\",One, more",
            "-1 tvg-id=\"one.uk\", group-title=\"News\", One, more",
            "-1 ,tvg-id=one.uk, group-title=News ,One, more",
            "-1,One, more tvg-id=\"one.uk\" group-title=\"News\"",
            "-1,One, more, tvg-id=\"one.uk\" group-title=\"News\"",
            "-1 tvg-id=\u{201c}one.uk\u{201d} group-title=\u{ab}News\u{bb},One, more",
            "-1 tvg-id='one.uk' group-title=\u{2018}News\u{2019},One, more",
            "-1 tvg-id=&quot;one.uk&quot; group-title=&quot;News&quot;,One, more",
            "-1 tvg-id = \"one.uk\" group-title= \"News\",One, more",
            "-1\ttvg-id=\"one.uk\"\tgroup-title=\"News\",One, more",
        ] {
            let told = entry(text);
            let told = (
                told.name.as_str(),
                told.tvg_id.as_str(),
                told.group.as_str(),
            );
            assert_eq!(told, wanted, "{text}");
        }
        for name in [
            "E=mc2, the show",
            "a=b",
            "What \"if\"?",
            "Top = 10",
            "1+1=2",
        ] {
            assert_eq!(entry(&format!("-1,{name}")), named(name), "{name}");
        }
    }

    #[test]
    fn entities_stand_for_letters() {
        let told = entry(
            "-1 tvg-id=\"a&amp;b\" group-title=\"News &amp;amp; Sport\",Caf&eacute; &quot;1&quot;",
        );
        assert_eq!(
            (
                told.name.as_str(),
                told.tvg_id.as_str(),
                told.group.as_str()
            ),
            ("Café \"1\"", "a&b", "News & Sport")
        );
    }

    fn odd(text: &str) -> (Option<u32>, Option<i32>, usize) {
        let Described { entry, odd, .. } = described(text, Usual::default());
        (entry.number, entry.shift_minutes, odd.len())
    }

    #[test]
    fn numbers_stand_in_many_attributes() {
        for (text, number) in [
            ("tvg-chno=\"7\"", Some(7)),
            ("channel-number=\"7\"", Some(7)),
            ("ch-number=\"007\"", Some(7)),
            ("tvg-chno=\"7.1\"", Some(7)),
            ("tvg-chno=\"7-2\"", Some(7)),
            ("tvg-chno=\" #7 \"", Some(7)),
            ("tvg-chno=\"\" channel-number=\"7\"", Some(7)),
        ] {
            assert_eq!(odd(&format!("-1 {text},One")), (number, None, 0), "{text}");
        }
        for text in ["0", "-1", "seven", "7a", "99999999999"] {
            let told = odd(&format!("-1 tvg-chno=\"{text}\",One"));
            assert_eq!(told, (None, None, 1), "{text}");
        }
    }

    #[test]
    fn shifts_have_fractions_and_signs() {
        for (text, minutes) in [
            ("3", 180),
            ("+3", 180),
            ("-1.5", -90),
            ("0,5", 30),
            (".25", 15),
            ("1:30", 90),
            ("-2h", -120),
            ("0", 0),
            ("5.75", 345),
            ("\u{2212}1", -60),
            ("0.333", 20),
        ] {
            let told = odd(&format!("-1 tvg-shift=\"{text}\",One"));
            assert_eq!(told, (None, Some(minutes), 0), "{text}");
        }
        for text in ["x", "300", "1.2.3", "--1", "+"] {
            let told = odd(&format!("-1 tvg-shift=\"{text}\",One"));
            assert_eq!(told, (None, None, 1), "{text}");
        }
        let (usual, odd) = head(" tvg-shift=\"-2\" catchup-days='5' x-tvg-url=\"http://g\"");
        assert!(odd.is_empty());
        let told = described("-1,One", usual).entry;
        assert_eq!(
            (told.shift_minutes, told.archive_days),
            (Some(-120), Some(5))
        );
        let told = described("-1 tvg-shift=\"0\" catchup=\"none\",One", usual).entry;
        assert_eq!((told.shift_minutes, told.archive_days), (Some(0), Some(0)));
    }

    proptest! {
        #[test]
        fn fuzz_entries_never_panic(
            text in "(-1|,|\"|'|“|”|=|tvg-id|group-title| |&quot;|[ -~é]{0,6}){0,30}",
        ) {
            let _ = described(&text, Usual::default());
        }
    }
}
