//! XMLTV: what a guide says, element by element as it comes in (xmltv.dtd).
//!
//! Of a document type nothing is used: entities are the five of XML and numbers, others stay as they are
//! written. So nothing is fetched for a document, and no text grows by being read.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use time::{Date, Month, Time};

use super::source::Text;
use super::{one_line, shown, wrong};
use crate::domain::guide::{
    CATEGORY_CHARS_MAX, DESCRIPTION_CHARS_MAX, PEOPLE_CHARS_MAX, TITLE_CHARS_MAX,
};
use crate::domain::time::Timestamp;
use crate::ops::OpError;

/// Longest tag, comment or run of text that is read at once, in bytes.
pub const PIECE_BYTES_MAX: usize = 1024 * 1024;
/// Longest text of an element, in bytes.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// How deep elements may lie in each other.
const DEPTH_MAX: usize = 32;
/// Longest name and id of a channel, in characters, and most names of one.
const NAME_CHARS_MAX: usize = 255;
const NAMES_MAX: usize = 32;
/// How far behind a `<` its `>` may be, and behind an `&` its `;`, in text with HTML in it.
const TAG_BYTES_MAX: usize = 1_000;
const ENTITY_BYTES_MAX: usize = 12;

/// An element of a guide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element {
    Channel { id: String, names: Vec<String> },
    Programme(Box<Listing>),
}

/// A programme as the guide has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Where it begins in the source.
    pub line: u64,
    pub channel: String,
    /// As written.
    pub start: String,
    pub stop: String,
    pub title: String,
    pub description: String,
    pub category: String,
    pub director: String,
    pub actors: String,
}

/// A text that is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    DisplayName,
    Title,
    Description,
    Category,
    Director,
    Actor,
}

/// Reads a guide element by element.
pub struct Guide {
    reader: Reader<Text>,
    buffer: Vec<u8>,
    /// How many elements are open.
    depth: usize,
    element: Option<Element>,
    in_credits: bool,
    /// The text that is read, and how deep its element lies.
    field: Option<(Field, usize)>,
    text: String,
    /// Something in that element that is no text of it, and how deep it lies.
    aside: Option<usize>,
    rooted: bool,
}

impl Guide {
    pub fn new(text: Text) -> Self {
        let mut reader = Reader::from_reader(text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        // `Tom & Jerry`, as many guides write it.
        config.allow_dangling_amp = true;
        Self {
            reader,
            buffer: Vec::new(),
            depth: 0,
            element: None,
            in_credits: false,
            field: None,
            text: String::new(),
            aside: None,
            rooted: false,
        }
    }

    /// The next channel or programme; `None` at the end of the guide.
    pub fn next(&mut self) -> Result<Option<Element>, OpError> {
        loop {
            self.reader.get_mut().begin_piece();
            let mut buffer = std::mem::take(&mut self.buffer);
            buffer.clear();
            let event = self.reader.read_event_into(&mut buffer);
            let done = match event {
                Ok(Event::Eof) => {
                    self.end()?;
                    return Ok(None);
                }
                Ok(event) => self.take(&event)?,
                Err(quick_xml::Error::Io(error)) => return Err(self.wrong(&error.to_string())),
                Err(error) => return Err(self.wrong(&error.to_string())),
            };
            self.buffer = buffer;
            if done.is_some() {
                return Ok(done);
            }
        }
    }

    fn end(&mut self) -> Result<(), OpError> {
        if !self.rooted {
            return Err(self.wrong("this is no XMLTV guide"));
        }
        if self.depth > 0 {
            return Err(self.wrong("the guide ends in the middle"));
        }
        Ok(())
    }

    /// What does not fit, and where: line and element.
    fn wrong(&mut self, problem: &str) -> OpError {
        let line = self.reader.get_mut().line();
        let element = match (&self.field, &self.element) {
            (Some((field, _)), _) => format!(", in <{}>", field.name()),
            (None, Some(Element::Programme(_))) => ", in <programme>".to_owned(),
            (None, Some(Element::Channel { .. })) => ", in <channel>".to_owned(),
            (None, None) => String::new(),
        };
        wrong(format!("line {line}{element}"), problem.to_owned())
    }

    /// Takes an event; answers the element that it ends.
    fn take(&mut self, event: &Event<'_>) -> Result<Option<Element>, OpError> {
        match event {
            Event::Start(start) => self.open(start)?,
            Event::End(_) => return Ok(self.close()),
            Event::Text(text) => self.add(text)?,
            Event::CData(text) => self.add(text)?,
            Event::GeneralRef(name) => match entity(name) {
                Some(letter) => self.add(letter.encode_utf8(&mut [0; 4]))?,
                None => self.add(&format!("&{};", &**name))?,
            },
            // A document type, a comment and the like say nothing.
            _ => {}
        }
        Ok(None)
    }

    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), OpError> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > DEPTH_MAX {
            return Err(self.wrong(&format!("elements lie deeper than {DEPTH_MAX}")));
        }
        let name = start.local_name();
        let name = name.as_ref();
        match self.depth {
            1 if name != "tv" => {
                let problem = format!("this is no XMLTV guide: it begins with <{}>", shown(name));
                return Err(self.wrong(&problem));
            }
            1 => self.rooted = true,
            2 => self.begin(name, start),
            depth => self.begin_field(name, depth),
        }
        Ok(())
    }

    /// A child of the root begins.
    fn begin(&mut self, name: &str, start: &BytesStart<'_>) {
        let value = |wanted: &str| {
            let mut attributes = start.attributes();
            let attributes = attributes.with_checks(false).flatten();
            let mut found = attributes.filter(|attribute| attribute.key.as_ref() == wanted);
            let value = found
                .next()
                .map(|attribute| resolved(&attribute.value).into_owned());
            value.unwrap_or_default()
        };
        let id = |wanted: &str| one_line(&value(wanted), NAME_CHARS_MAX);
        self.element = match name {
            "channel" => Some(Element::Channel {
                id: id("id"),
                names: Vec::new(),
            }),
            "programme" => Some(Element::Programme(Box::new(Listing {
                line: self.reader.get_mut().line(),
                channel: id("channel"),
                start: value("start"),
                stop: value("stop"),
                ..Listing::default()
            }))),
            _ => None,
        };
    }

    fn begin_field(&mut self, name: &str, depth: usize) {
        if self.field.is_some() {
            // Addresses in the text of a person are not their name; other elements in a text are HTML.
            if matches!(name, "image" | "url") && self.aside.is_none() {
                self.aside = Some(depth);
            }
            return;
        }
        let field = match (&self.element, depth, name) {
            (Some(Element::Channel { .. }), 3, "display-name") => Field::DisplayName,
            (Some(Element::Programme(_)), 3, "title") => Field::Title,
            (Some(Element::Programme(_)), 3, "desc") => Field::Description,
            (Some(Element::Programme(_)), 3, "category") => Field::Category,
            (Some(Element::Programme(_)), 3, "credits") => {
                self.in_credits = true;
                return;
            }
            (Some(Element::Programme(_)), 4, "director") if self.in_credits => Field::Director,
            (Some(Element::Programme(_)), 4, "actor") if self.in_credits => Field::Actor,
            _ => return,
        };
        self.field = Some((field, depth));
        self.text.clear();
    }

    fn add(&mut self, text: &str) -> Result<(), OpError> {
        if self.field.is_none() || self.aside.is_some() {
            return Ok(());
        }
        if self.text.len().saturating_add(text.len()) > TEXT_BYTES_MAX {
            return Err(self.wrong(&format!("a text of more than {TEXT_BYTES_MAX} bytes")));
        }
        self.text.push_str(text);
        Ok(())
    }

    fn close(&mut self) -> Option<Element> {
        let depth = self.depth;
        self.depth = depth.saturating_sub(1);
        if self.aside == Some(depth) {
            self.aside = None;
        }
        if let Some((field, _)) = self.field.filter(|(_, at)| *at == depth) {
            self.field = None;
            self.keep(field);
        }
        match depth {
            2 => self.element.take(),
            3 => {
                self.in_credits = false;
                None
            }
            _ => None,
        }
    }

    /// Puts a text that was read where it belongs.
    fn keep(&mut self, field: Field) {
        let text = &self.text;
        match &mut self.element {
            Some(Element::Channel { names, .. }) => {
                let name = one_line(text, NAME_CHARS_MAX);
                if !name.is_empty() && names.len() < NAMES_MAX {
                    names.push(name);
                }
            }
            Some(Element::Programme(listing)) => match field {
                // The first one is in the language of the guide.
                Field::Title if listing.title.is_empty() => {
                    listing.title = one_line(text, TITLE_CHARS_MAX);
                }
                Field::Description if listing.description.is_empty() => {
                    listing.description = plain(text);
                }
                Field::Category => join(&mut listing.category, text, CATEGORY_CHARS_MAX),
                Field::Director => join(&mut listing.director, text, PEOPLE_CHARS_MAX),
                Field::Actor => join(&mut listing.actors, text, PEOPLE_CHARS_MAX),
                Field::Title | Field::Description | Field::DisplayName => {}
            },
            None => {}
        }
    }
}

impl Field {
    fn name(self) -> &'static str {
        match self {
            Self::DisplayName => "display-name",
            Self::Title => "title",
            Self::Description => "desc",
            Self::Category => "category",
            Self::Director => "director",
            Self::Actor => "actor",
        }
    }
}

/// Adds one more to a list in words; one that does not fit whole is left out.
fn join(list: &mut String, text: &str, chars_max: usize) {
    let one = one_line(text, chars_max);
    if one.is_empty() || list.split(", ").any(|held| held == one) {
        return;
    }
    if list.is_empty() {
        *list = one;
    } else if list.chars().count().saturating_add(one.chars().count()) < chars_max.saturating_sub(1)
    {
        list.push_str(", ");
        list.push_str(&one);
    }
}

/// The letter that an entity stands for: one of XML's five, or a number.
fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => {}
    }
    let digits = name.strip_prefix('#')?;
    let number = match digits.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => digits.parse().ok()?,
    };
    char::from_u32(number)
}

/// The value of an attribute.
fn resolved(value: &str) -> Cow<'_, str> {
    if !value.contains('&') {
        return Cow::Borrowed(value);
    }
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('&') {
        text.push_str(before);
        rest = match named(after).and_then(|(name, rest)| Some((entity(name)?, rest))) {
            Some((letter, rest)) => {
                text.push(letter);
                rest
            }
            None => {
                text.push('&');
                after
            }
        };
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// The name of an entity up to its `;`, and what follows.
fn named(text: &str) -> Option<(&str, &str)> {
    let end = text
        .bytes()
        .take(ENTITY_BYTES_MAX)
        .position(|byte| byte == b';')?;
    let (name, rest) = text.split_at_checked(end)?;
    Some((name, rest.get(1..)?))
}

/// A description as text: without HTML, its lines without spaces at their ends.
fn plain(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, found) = rest.split_at_checked(at).unwrap_or((rest, ""));
        bare.push_str(before);
        let after = found.get(1..).unwrap_or_default();
        rest = after;
        if found.starts_with('<') {
            match tag(after) {
                Some((breaks, after)) => {
                    bare.push_str(if breaks { "\n" } else { "" });
                    rest = after;
                }
                None => bare.push('<'),
            }
        } else if let Some((name, after)) = named(after)
            && let Some(letter) = entity(name).or_else(|| html_entity(name))
        {
            bare.push(letter);
            rest = after;
        } else {
            bare.push('&');
        }
    }
    bare.push_str(rest);
    let bare = bare.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines = String::with_capacity(bare.len());
    for line in bare.lines() {
        let line = one_line(line, DESCRIPTION_CHARS_MAX);
        if !line.is_empty() {
            if !lines.is_empty() {
                lines.push('\n');
            }
            lines.push_str(&line);
        }
    }
    match lines.char_indices().nth(DESCRIPTION_CHARS_MAX) {
        Some((end, _)) => lines.get(..end).unwrap_or_default().trim_end().to_owned(),
        None => lines,
    }
}

/// What follows the tag whose `<` was just read, and whether the tag breaks the line. `None`: it is none.
fn tag(after: &str) -> Option<(bool, &str)> {
    let first = after.chars().next()?;
    if !first.is_ascii_alphabetic() && !matches!(first, '/' | '!') {
        return None;
    }
    let end = after
        .bytes()
        .take(TAG_BYTES_MAX)
        .position(|byte| byte == b'>')?;
    let (inside, rest) = after.split_at_checked(end)?;
    let name = inside.trim_start_matches('/');
    let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
    let breaks = ["br", "p", "div", "li", "tr"];
    let breaks = breaks.iter().any(|word| name.eq_ignore_ascii_case(word));
    Some((breaks, rest.get(1..)?))
}

/// Entities of HTML that guides are known to have.
fn html_entity(name: &str) -> Option<char> {
    Some(match name {
        "nbsp" => ' ',
        "ndash" => '\u{2013}',
        "mdash" => '\u{2014}',
        "hellip" => '\u{2026}',
        "laquo" => '\u{ab}',
        "raquo" => '\u{bb}',
        "lsquo" => '\u{2018}',
        "rsquo" => '\u{2019}',
        "ldquo" => '\u{201c}',
        "rdquo" => '\u{201d}',
        _ => return None,
    })
}

/// Zones that guides name, in minutes east of Greenwich.
const ZONES: &[(&str, i64)] = &[
    ("Z", 0),
    ("UTC", 0),
    ("GMT", 0),
    ("WET", 0),
    ("WEST", 60),
    ("BST", 60),
    ("CET", 60),
    ("CEST", 120),
    ("EET", 120),
    ("EEST", 180),
    ("MSK", 180),
    ("EST", -300),
    ("EDT", -240),
    ("CST", -360),
    ("CDT", -300),
    ("MST", -420),
    ("MDT", -360),
    ("PST", -480),
    ("PDT", -420),
];

/// `YYYYMMDDhhmmss` or a leading part of it, with a zone or in UTC.
pub fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, zone) = text.split_at_checked(end)?;
    if !matches!(digits.len(), 4 | 6 | 8 | 10 | 12 | 14) {
        return None;
    }
    let part = |from: usize, to: usize, otherwise: u16| match digits.get(from..to) {
        Some(part) => part.parse::<u16>().ok(),
        None => Some(otherwise),
    };
    let small = |number: Option<u16>| number.and_then(|number| u8::try_from(number).ok());
    let year = i32::from(part(0, 4, 0)?);
    let month = Month::try_from(small(part(4, 6, 1))?).ok()?;
    let day = Date::from_calendar_date(year, month, small(part(6, 8, 1))?).ok()?;
    let hour = small(part(8, 10, 0))?;
    let (minute, second) = (small(part(10, 12, 0))?, small(part(12, 14, 0))?);
    let clock = Time::from_hms(hour, minute, second).ok()?;
    let seconds = day.with_time(clock).assume_utc().unix_timestamp();
    let east = zone_minutes(zone.trim())?.checked_mul(60)?;
    Timestamp::from_micros(seconds.checked_sub(east)?.checked_mul(1_000_000)?)
}

fn zone_minutes(zone: &str) -> Option<i64> {
    if zone.is_empty() {
        return Some(0);
    }
    let sign = match zone.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => {
            let mut known = ZONES.iter();
            return known
                .find(|(name, _)| name.eq_ignore_ascii_case(zone))
                .map(|(_, minutes)| *minutes);
        }
    };
    let digits = zone.get(1..)?.replace(':', "");
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 = match digits.get(2..4) {
        Some(minutes) => minutes.parse().ok()?,
        None => 0,
    };
    (hours <= 14 && minutes < 60).then(|| sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::{Element, Guide, Listing, PIECE_BYTES_MAX, instant, plain};
    use crate::ops::OpError;
    use crate::ops::imports::source::Text;
    use proptest::prelude::*;
    use std::io::Cursor;
    use std::sync::Arc;

    fn elements(text: &str) -> Result<Vec<Element>, OpError> {
        let reader = Box::new(Cursor::new(text.as_bytes().to_vec()));
        let text = Text::open(reader, PIECE_BYTES_MAX, Arc::new(|_| {})).unwrap();
        let mut guide = Guide::new(text);
        let mut elements = Vec::new();
        while let Some(element) = guide.next()? {
            elements.push(element);
        }
        Ok(elements)
    }

    fn programme(inner: &str) -> Listing {
        let text = format!("<tv><programme start=\"1\" channel=\"c\">{inner}</programme></tv>");
        match elements(&text).unwrap().remove(0) {
            Element::Programme(listing) => *listing,
            other @ Element::Channel { .. } => panic!("{other:?}"),
        }
    }

    fn refusal(text: &str) -> String {
        elements(text).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn elements_are_read_in_any_order() {
        let found = elements(
            "<?xml version=\"1.0\"?><!DOCTYPE tv SYSTEM \"xmltv.dtd\"><tv>\
             <programme channel='a&amp;b' start='20260131' stop='x'><title>T &lt;1&gt; &#233;</title></programme>\
             <channel id=\"a&amp;b\"><display-name lang=\"en\">One</display-name><icon src=\"i\"/>\
             <display-name>Two</display-name></channel></tv>",
        ).unwrap();
        let names = ["One", "Two"].map(str::to_owned).to_vec();
        assert_eq!(
            found[1],
            Element::Channel {
                id: "a&b".to_owned(),
                names
            }
        );
        let Element::Programme(listing) = &found[0] else {
            panic!("{found:?}")
        };
        assert_eq!(
            (listing.channel.as_str(), listing.title.as_str()),
            ("a&b", "T <1> é")
        );
    }

    #[test]
    fn people_and_kinds_are_joined() {
        let listing = programme(
            "<credits><director>D</director><actor role=\"x\">A<image>http://i</image></actor><actor>B</actor>\
             <writer>W</writer></credits><category>News</category><category>World</category><category>News</category>",
        );
        assert_eq!(
            (listing.director.as_str(), listing.actors.as_str()),
            ("D", "A, B")
        );
        assert_eq!(listing.category, "News, World");
    }

    #[test]
    fn texts_are_text() {
        for (given, told) in [
            (
                "<![CDATA[A <b>bold</b> one<br/>and more]]>",
                "A bold one\nand more",
            ),
            (
                "&lt;p&gt;One&lt;/p&gt;&lt;p&gt;Two&amp;nbsp;x&lt;/p&gt;",
                "One\nTwo x",
            ),
            ("Tom & Jerry; 3 &lt; 5", "Tom & Jerry; 3 < 5"),
            ("R&amp;D &unknown; &#0;x", "R&D &unknown; x"),
            ("<i>in</i> <br/> between", "in between"),
        ] {
            assert_eq!(
                programme(&format!("<desc>{given}</desc>")).description,
                told,
                "{given}"
            );
        }
        assert_eq!(programme("<desc/><title/>").description, "");
        assert_eq!(plain(&"é".repeat(5_000)).chars().count(), 4_000);
        assert_eq!(programme("<title>a</title><title>b</title>").title, "a");
    }

    #[test]
    fn entities_of_a_document_stay_as_they_are() {
        let laughs = "<!DOCTYPE tv [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\"><!ENTITY x SYSTEM \"file:///etc/passwd\">]>\
            <tv><programme start=\"1\" channel=\"&b;\"><title>&b;&x;</title></programme></tv>";
        let found = elements(laughs).unwrap();
        let Element::Programme(listing) = &found[0] else {
            panic!("{found:?}")
        };
        assert_eq!(
            (listing.channel.as_str(), listing.title.as_str()),
            ("&b;", "&b;&x;")
        );
    }

    #[test]
    fn what_is_no_guide_is_refused_by_place() {
        for (text, told) in [
            ("", "no XMLTV guide"),
            ("{}", "no XMLTV guide"),
            (
                "<html></html>",
                "line 1: this is no XMLTV guide: it begins with <html>",
            ),
            (
                "<tv>\n<programme start='1' channel='c'>\n<title>x",
                "line 3, in <title>: the guide ends",
            ),
            ("<tv>\n</channel></tv>", "line 2"),
            ("<tv><channel id='a'", "line 1"),
        ] {
            let error = refusal(text);
            assert!(error.contains(told), "{text}: {error}");
        }
        let deep = format!("<tv>{}", "<a>".repeat(100));
        assert!(refusal(&deep).contains("deeper"));
        let long = format!(
            "<tv><channel id='a'><display-name>{}",
            "x".repeat(2_000_000)
        );
        assert!(refusal(&long).contains("in <display-name>"));
        let many = format!(
            "<tv><channel id='a'><display-name>{}",
            "x &amp; ".repeat(20_000)
        );
        assert!(refusal(&many).contains("in <display-name>: a text of more than"));
    }

    #[test]
    fn times_have_parts_and_zones() {
        let told = |text| instant(text).map(crate::domain::time::Timestamp::to_rfc3339_millis);
        for (text, at) in [
            ("20260131100000 +0100", "2026-01-31T09:00:00.000Z"),
            ("20260131100000", "2026-01-31T10:00:00.000Z"),
            ("202601311000-0530", "2026-01-31T15:30:00.000Z"),
            ("2026013110 CET", "2026-01-31T09:00:00.000Z"),
            ("20260131 +01:00", "2026-01-30T23:00:00.000Z"),
            ("202602", "2026-02-01T00:00:00.000Z"),
            ("2026", "2026-01-01T00:00:00.000Z"),
            // The hour that comes twice when summer ends.
            ("20261025023000 +0200", "2026-10-25T00:30:00.000Z"),
            ("20261025023000 +0100", "2026-10-25T01:30:00.000Z"),
        ] {
            assert_eq!(told(text).as_deref(), Some(at), "{text}");
        }
        for text in [
            "",
            "x",
            "202601311",
            "20260231",
            "20260131250000",
            "20260131 +9900",
            "20260131 XYZ",
            "0001",
            "20260131+1",
        ] {
            assert_eq!(told(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn fuzz_guides_never_panic(text in "(<tv>)?(<|>|/|&|;|\"|=|!|\\[|\\]|--|channel|programme|title|desc|credits|actor|CDATA|DOCTYPE|ENTITY|[ -~é]{0,4}){0,60}") {
            let _ = elements(&text);
        }

        #[test]
        fn fuzz_times_never_panic(text in "[0-9]{0,15}[ +-]?[0-9A-Z:]{0,6}|\\PC{0,20}") {
            let _ = instant(&text);
        }

        #[test]
        fn fuzz_descriptions_never_panic(text in "(<|>|/|&|;|br|nbsp|#x|[ -~é\n]{0,5}){0,40}") {
            let told = plain(&text);
            prop_assert!(told.trim() == told);
        }
    }
}
