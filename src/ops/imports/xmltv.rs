//! XMLTV: what a guide says, element by element as it comes in (xmltv.dtd).
//!
//! Guides of real life are not always XML. What breaks one programme costs that programme, or is
//! read as the text that it was meant to be; only what is no guide at all is refused. Nothing is
//! fetched for a document.

use super::entities::decoded;
use super::markup::{Markup, Piece, name_of, value_of};
use super::one_line::{one_line, shown};
use super::plain_text::{BREAKS, HTML, join, plain};
use super::report::{Notes, wrong};
use super::text::Text;
use crate::domain::catalogue::guide::{CATEGORY_CHARS_MAX, PEOPLE_CHARS_MAX, TITLE_CHARS_MAX};
use crate::ops::OpError;

/// Longest text of an element, in bytes; the rest of it is left out.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Longest name and id of a channel, in characters, and most names of one.
const NAME_CHARS_MAX: usize = 255;
const NAMES_MAX: usize = 32;

/// What may stand in a programme or channel: where one of them begins, the text before it is over.
const CHILDREN: &[&str] = &[
    "title",
    "sub-title",
    "desc",
    "credits",
    "date",
    "category",
    "keyword",
    "language",
    "orig-language",
    "length",
    "icon",
    "country",
    "episode-num",
    "video",
    "audio",
    "previously-shown",
    "premiere",
    "last-chance",
    "new",
    "subtitles",
    "rating",
    "star-rating",
    "review",
    "display-name",
    "director",
    "actor",
    "writer",
    "adapter",
    "producer",
    "composer",
    "editor",
    "presenter",
    "commentator",
    "guest",
];

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

/// What else there is to say of a guide.
#[derive(Debug, Default)]
pub struct Findings {
    /// What was read although it was not written well.
    pub mended: Notes,
    /// What could not be read.
    pub lost: Notes,
    /// It ends in the middle.
    pub is_cut: bool,
    /// Of its letters.
    pub charset: Option<String>,
}

/// Reads a guide element by element.
pub struct Guide {
    markup: Markup,
    element: Option<Element>,
    in_credits: bool,
    field: Option<Field>,
    text: String,
    /// Something in a text that is none of it.
    aside: Option<String>,
    is_rooted: bool,
    is_closed: bool,
    findings: Findings,
}

impl Guide {
    pub fn new(text: Text) -> Self {
        Self {
            markup: Markup::new(text),
            element: None,
            in_credits: false,
            field: None,
            text: String::new(),
            aside: None,
            is_rooted: false,
            is_closed: false,
            findings: Findings::default(),
        }
    }

    /// The next channel or programme; `None` at the end of the guide.
    pub fn next(&mut self) -> Result<Option<Element>, OpError> {
        loop {
            let piece = match self.markup.next() {
                Ok(Some(piece)) => piece,
                Ok(None) => {
                    self.end()?;
                    return Ok(None);
                }
                Err(error) => return Err(self.wrong(&error.to_string())),
            };
            let done = match piece {
                Piece::Start { is_whole } => self.open(is_whole)?,
                Piece::End => self.close(),
                Piece::Text | Piece::Plain => {
                    if !self.is_rooted && !self.markup.letters().trim().is_empty() {
                        return Err(self.wrong("this is no XMLTV guide"));
                    }
                    self.add();
                    None
                }
                Piece::Stray => {
                    if self.field.is_some() {
                        self.mend("a `<` that begins nothing is read as text");
                    }
                    self.add();
                    None
                }
            };
            if done.is_some() {
                return Ok(done);
            }
        }
    }

    /// What there is to say beside the elements, once all are read.
    pub fn findings(self) -> Findings {
        Findings {
            charset: self.markup.remark(),
            ..self.findings
        }
    }

    fn end(&mut self) -> Result<(), OpError> {
        if !self.is_rooted {
            return Err(self.wrong("this is no XMLTV guide"));
        }
        if let Some(element) = self.element.take() {
            let problem = || format!("{}: the guide ends in the middle of it", named(&element));
            self.findings.lost.add(problem);
            self.findings.is_cut = true;
        }
        self.findings.is_cut |= !self.is_closed;
        Ok(())
    }

    /// What does not fit, and where: line and element.
    fn wrong(&self, problem: &str) -> OpError {
        let line = self.markup.line();
        let element = match (self.field, &self.element) {
            (Some(field), _) => format!(", in <{}>", field.name()),
            (None, Some(Element::Programme(_))) => ", in <programme>".to_owned(),
            (None, Some(Element::Channel { .. })) => ", in <channel>".to_owned(),
            (None, None) => String::new(),
        };
        wrong(format!("line {line}{element}"), problem.to_owned())
    }

    fn mend(&mut self, problem: &str) {
        let line = self.markup.line();
        let element = self.element.as_ref().map(named);
        let element = element.unwrap_or_else(|| format!("line {line}"));
        self.findings.mended.add(|| format!("{element}: {problem}"));
    }

    /// A start tag; answers the element that it ends because nothing else did.
    fn open(&mut self, is_whole: bool) -> Result<Option<Element>, OpError> {
        let name = name_of(self.markup.letters()).to_ascii_lowercase();
        if !self.is_rooted {
            if name != "tv" {
                let problem = format!("this is no XMLTV guide: it begins with <{}>", shown(&name));
                return Err(self.wrong(&problem));
            }
            self.is_rooted = true;
            self.is_closed = is_whole;
            return Ok(None);
        }
        let is_bare = !self.markup.letters().contains('=');
        match name.as_str() {
            // A guide behind another one.
            "tv" if self.field.is_none() => {
                self.is_closed = false;
                return Ok(None);
            }
            "channel" | "programme" if self.field.is_none() || !is_bare => {
                let done = self.leave();
                self.begin(&name);
                if is_whole {
                    // One without content. What was open before it goes first; it says more.
                    return Ok(done.or_else(|| self.element.take()));
                }
                return Ok(done);
            }
            _ => {}
        }
        if self.field.is_some() && !self.is_over_by(&name) {
            self.begin_in_text(&name, is_whole);
        } else if !is_whole {
            self.begin_field(&name);
        }
        Ok(None)
    }

    /// A channel or programme begins where one is open.
    fn leave(&mut self) -> Option<Element> {
        if self.element.is_some() {
            self.mend("is not closed");
        }
        self.end_field();
        self.in_credits = false;
        self.element.take()
    }

    fn begin(&mut self, name: &str) {
        let tag = self.markup.letters();
        let id = |wanted: &str| one_line(&value_of(tag, wanted), NAME_CHARS_MAX);
        self.element = Some(if name == "channel" {
            Element::Channel {
                id: id("id"),
                names: Vec::new(),
            }
        } else {
            Element::Programme(Box::new(Listing {
                line: self.markup.line(),
                channel: id("channel"),
                start: value_of(tag, "start"),
                stop: value_of(tag, "stop"),
                ..Listing::default()
            }))
        });
    }

    /// Whether a text is over because something else begins; if so, it is kept.
    fn is_over_by(&mut self, name: &str) -> bool {
        let is_over = CHILDREN.contains(&name);
        if is_over {
            let field = self.field.map_or("", Field::name);
            self.mend(&format!("<{field}> is not closed"));
            self.end_field();
        }
        is_over
    }

    /// A tag in a text: HTML, something beside the text, or text that looks like a tag.
    fn begin_in_text(&mut self, name: &str, is_whole: bool) {
        if self.aside.is_some() {
            return;
        }
        let is_person = matches!(self.field, Some(Field::Actor | Field::Director));
        if is_person && matches!(name, "image" | "url") {
            self.aside = (!is_whole).then(|| name.to_owned());
        } else if BREAKS.contains(&name) {
            self.push(" ");
        } else if !HTML.contains(&name) {
            let tag = self.markup.letters();
            let tag = format!("<{tag}{}>", if is_whole { "/" } else { "" });
            self.mend(&format!("{} is read as text", shown(&tag)));
            self.push(&tag);
        }
    }

    fn begin_field(&mut self, name: &str) {
        let field = match (&self.element, name) {
            (Some(Element::Channel { .. }), "display-name") => Field::DisplayName,
            (Some(Element::Programme(_)), "title") => Field::Title,
            (Some(Element::Programme(_)), "desc") => Field::Description,
            (Some(Element::Programme(_)), "category") => Field::Category,
            (Some(Element::Programme(_)), "credits") => {
                self.in_credits = true;
                return;
            }
            (Some(Element::Programme(_)), "director") if self.in_credits => Field::Director,
            (Some(Element::Programme(_)), "actor") if self.in_credits => Field::Actor,
            _ => return,
        };
        self.field = Some(field);
        self.text.clear();
    }

    /// The letters of a piece are text.
    fn add(&mut self) {
        if self.field.is_some() && self.aside.is_none() {
            let letters = self.markup.letters();
            if self.text.len().saturating_add(letters.len()) <= TEXT_BYTES_MAX {
                self.text.push_str(letters);
            }
        }
    }

    fn push(&mut self, letters: &str) {
        if self.text.len().saturating_add(letters.len()) <= TEXT_BYTES_MAX {
            self.text.push_str(letters);
        }
    }

    /// An end tag; answers the element that it ends.
    fn close(&mut self) -> Option<Element> {
        let name = name_of(self.markup.letters()).to_ascii_lowercase();
        if self.aside.as_deref() == Some(name.as_str()) {
            self.aside = None;
            return None;
        }
        match name.as_str() {
            "tv" => {
                self.is_closed = true;
                return self.leave();
            }
            "channel" | "programme" => {
                if let Some(field) = self.field {
                    self.mend(&format!("<{}> is not closed", field.name()));
                }
                self.end_field();
                self.in_credits = false;
                return self.element.take();
            }
            "credits" => {
                self.end_field();
                self.in_credits = false;
            }
            _ => match self.field {
                Some(field) if field.name() == name => self.end_field(),
                Some(_) if BREAKS.contains(&name.as_str()) => self.push(" "),
                _ => {}
            },
        }
        None
    }

    /// Puts the text that was read where it belongs.
    fn end_field(&mut self) {
        self.aside = None;
        let Some(field) = self.field.take() else {
            return;
        };
        let text = decoded(&self.text);
        match &mut self.element {
            Some(Element::Channel { names, .. }) => {
                let name = one_line(&text, NAME_CHARS_MAX);
                if !name.is_empty() && names.len() < NAMES_MAX {
                    names.push(name);
                }
            }
            Some(Element::Programme(listing)) => match field {
                // The first one is in the language of the guide.
                Field::Title if listing.title.is_empty() => {
                    listing.title = one_line(&text, TITLE_CHARS_MAX);
                }
                Field::Description if listing.description.is_empty() => {
                    listing.description = plain(&text);
                }
                Field::Category => join(&mut listing.category, &text, CATEGORY_CHARS_MAX),
                Field::Director => join(&mut listing.director, &text, PEOPLE_CHARS_MAX),
                Field::Actor => join(&mut listing.actors, &text, PEOPLE_CHARS_MAX),
                Field::Title | Field::Description | Field::DisplayName => {}
            },
            None => {}
        }
    }
}

/// How an element is called in a report.
fn named(element: &Element) -> String {
    match element {
        Element::Channel { id, .. } => format!("the channel {}", shown(id)),
        Element::Programme(listing) => {
            let (line, start) = (listing.line, shown(&listing.start));
            let title = shown(&listing.title);
            let channel = shown(&listing.channel);
            format!("line {line}: {channel} {start} {title}")
                .trim_end()
                .to_owned()
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

#[cfg(test)]
mod tests {
    use super::{Element, Findings, Guide, Listing, plain};
    use crate::ops::OpError;
    use crate::ops::imports::text::Text;
    use proptest::prelude::*;
    use std::io::Cursor;
    use std::sync::Arc;

    fn read(text: &str) -> Result<(Vec<Element>, Findings), OpError> {
        let reader = Box::new(Cursor::new(text.as_bytes().to_vec()));
        let text = Text::open(reader, None, Arc::new(|_| {})).unwrap();
        let mut guide = Guide::new(text);
        let mut elements = Vec::new();
        while let Some(element) = guide.next()? {
            elements.push(element);
        }
        Ok((elements, guide.findings()))
    }

    fn elements(text: &str) -> Result<Vec<Element>, OpError> {
        Ok(read(text)?.0)
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
             <programme channel='a&amp;b' start='20260131' stop='x'>\
             <title>T &lt;1&gt; &#233;</title></programme>\
             <channel id=\"a&amp;b\"><display-name lang=\"en\">One</display-name><icon src=\"i\"/>\
             <display-name>Two</display-name></channel></tv>",
        )
        .unwrap();
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
            "<credits><director>D</director><actor role=\"x\">A<image>http://i</image></actor>\
             <actor>B</actor><writer>W</writer></credits>\
             <category>News</category><category>World</category><category>News</category>",
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
        let laughs = "<!DOCTYPE tv [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">\
            <!ENTITY x SYSTEM \"file:///etc/passwd\">]>\
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
            ("{}", "line 1: this is no XMLTV guide"),
            (
                "<html></html>",
                "line 1: this is no XMLTV guide: it begins with <html>",
            ),
        ] {
            let error = refusal(text);
            assert!(error.contains(told), "{text}: {error}");
        }
        let long = format!(
            "<tv><channel id='a'><display-name>{}",
            "x".repeat(2_000_000)
        );
        assert!(refusal(&long).contains("in <display-name>: is longer than"));
    }

    /// Titles of what is read, and how much is mended and lost.
    fn told(text: &str) -> (Vec<String>, usize, usize, bool) {
        let (elements, findings) = read(text).unwrap();
        let title = |element: Element| match element {
            Element::Programme(listing) => listing.title,
            Element::Channel { id, .. } => id,
        };
        let titles = elements.into_iter().map(title).collect();
        let (mended, lost) = (findings.mended.lines.len(), findings.lost.lines.len());
        (titles, mended, lost, findings.is_cut)
    }

    #[test]
    fn what_is_not_written_well_costs_itself_only() {
        let good = "<programme start='2' channel='c'><title>Good one</title></programme>";
        for (inner, first, mended) in [
            ("<title>A<下>（14）</title>", "A<下>（14）", 1),
            ("<title>3 < 5</title>", "3 < 5", 1),
            ("<title>a<b & c</title>", "a<b & c", 1),
            ("<title>Tom & Jerry</title>", "Tom & Jerry", 0),
            ("<title>&unknown; x</title>", "&unknown; x", 0),
            ("<title>T</title><desc>never closed", "T", 1),
            ("<title>T<desc>d</desc>", "T", 1),
            ("<title>T</title><desc></other></desc>", "T", 0),
            (
                "<title>T</title><credits><actor>A <us> B</actor></credits>",
                "T",
                1,
            ),
            ("<title>T</title><desc><![CDATA[open", "T", 1),
            ("<title lang=\"x>T</title>", "T", 0),
        ] {
            for closed in ["</programme>", ""] {
                let text =
                    format!("<tv><programme start='1' channel='c'>{inner}{closed}{good}</tv>");
                let told = told(&text);
                let wanted = vec![first.to_owned(), "Good one".to_owned()];
                let lacks = usize::from(closed.is_empty());
                assert_eq!((&told.0, told.2, told.3), (&wanted, 0, false), "{text}");
                assert!(told.1 >= mended.max(lacks), "{text}");
            }
        }
        let actor = programme("<credits><actor>A <us> B</actor></credits>");
        assert_eq!(actor.actors, "A <us> B");
    }

    #[test]
    fn a_guide_that_ends_in_the_middle_has_what_came_before() {
        let whole = "<tv><channel id='c'></channel>\
            <programme start='1' channel='c'><title>A</title></programme>\
            <programme start='2' channel='c'><title>B</title></programme></tv>";
        for end in 5..whole.len() {
            let Some(text) = whole.get(..end) else {
                continue;
            };
            let (titles, _, lost, is_cut) = told(text);
            assert!(is_cut && lost <= 1, "{text}");
            assert!(
                titles.len() + lost <= 3 && !titles.contains(&"B".to_owned()) || titles.len() == 3
            );
        }
        let (titles, _, lost, is_cut) = told(whole);
        assert_eq!((titles.len(), lost, is_cut), (3, 0, false));
        // One behind the other, as `cat` makes them.
        let twice = format!("{whole}\n<?xml version='1.0'?>{whole}");
        assert_eq!(told(&twice).0.len(), 6);
    }

    #[test]
    fn what_was_encoded_twice_is_decoded() {
        let listing = programme(
            "<title>L&amp;#039;amour est dans le pr&amp;eacute;</title>\
             <desc>L&amp;#039;&amp;eacute;mission &amp;amp; la f&ecirc;te \
             &nbsp;&mdash; &agrave; voir&hellip;</desc>\
             <category>S&eacute;rie</category>",
        );
        assert_eq!(listing.title, "L'amour est dans le pré");
        assert_eq!(listing.description, "L'émission & la fête — à voir…");
        assert_eq!(listing.category, "Série");
    }

    proptest! {
        #[test]
        fn fuzz_guides_never_panic(
            text in "(<tv>)?(<|>|/|&|;|\"|=|!|\\[|\\]|--|channel|programme|title|desc|credits|\
                     actor|CDATA|DOCTYPE|ENTITY|[ -~é]{0,4}){0,60}",
        ) {
            let _ = elements(&text);
        }

        #[test]
        fn fuzz_descriptions_never_panic(text in "(<|>|/|&|;|br|nbsp|#x|[ -~é\n]{0,5}){0,40}") {
            let told = plain(&text);
            prop_assert!(told.trim() == told);
        }
    }
}
