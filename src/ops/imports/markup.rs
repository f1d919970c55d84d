//! Markup in pieces, as guides of real life have it: XML, and what is nearly XML. A `<` that begins
//! no tag is text, a quote that does not end does not swallow the rest, and nothing is refused for
//! its shape.

use std::io;

use super::entities::decoded;
use super::text::Text;

/// Longest tag; what is longer is text.
const TAG_BYTES_MAX: usize = 64 * 1024;
/// Longest run of text without a tag, in bytes.
pub const RUN_BYTES_MAX: usize = 1024 * 1024;
/// Most letters that decide what a `<` begins.
const OPENING_BYTES: usize = 16;

/// What was met. Its letters are [`Markup::letters`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// A start tag, its name and attributes without `<` and `>`.
    Start { is_whole: bool },
    /// An end tag: its name.
    End,
    /// Text as written, with entities.
    Text,
    /// Text that has no entities.
    Plain,
    /// A `<` that begins nothing, which is text.
    Stray,
}

/// Reads pieces.
pub struct Markup {
    text: Text,
    letters: String,
    /// Where the piece begins.
    line: u64,
    in_plain: bool,
    run: usize,
}

impl Markup {
    pub fn new(text: Text) -> Self {
        Self {
            text,
            letters: String::new(),
            line: 1,
            in_plain: false,
            run: 0,
        }
    }

    /// The letters of the last piece.
    pub fn letters(&self) -> &str {
        &self.letters
    }

    /// Number of the line in which the last piece begins.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// What is to be said of the source's letters.
    pub fn remark(&self) -> Option<String> {
        self.text.remark()
    }

    /// The next piece; `None`: that was all.
    pub fn next(&mut self) -> io::Result<Option<Piece>> {
        loop {
            self.letters.clear();
            self.line = self.text.line();
            if self.text.window().is_empty() && !self.text.widen()? {
                return Ok(None);
            }
            if self.in_plain {
                return self.plain();
            }
            let window = self.text.window();
            match window.find('<') {
                Some(0) => {
                    self.run = 0;
                    if let Some(piece) = self.opening()? {
                        return Ok(Some(piece));
                    }
                }
                Some(end) => return self.run_of(end, Piece::Text),
                None => return self.run_of(window.len(), Piece::Text),
            }
        }
    }

    /// Takes so much text.
    fn run_of(&mut self, bytes: usize, piece: Piece) -> io::Result<Option<Piece>> {
        let letters = self.text.window().get(..bytes).unwrap_or_default();
        self.letters.push_str(letters);
        self.text.take(bytes);
        self.run = self.run.saturating_add(bytes);
        if self.run > RUN_BYTES_MAX {
            let problem = format!("is longer than {RUN_BYTES_MAX} bytes in one piece");
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        }
        Ok(Some(piece))
    }

    /// What the `<` at the front begins; `None`: something that says nothing, which is taken.
    fn opening(&mut self) -> io::Result<Option<Piece>> {
        while self.text.window().len() < OPENING_BYTES && self.text.widen()? {}
        let window = self.text.window();
        let second = window.chars().nth(1).unwrap_or(' ');
        let is_name = |c: char| c.is_alphabetic() || c == '_';
        if window.starts_with("<!--") {
            self.text.take(4);
            self.skip_to("-->")?;
            Ok(None)
        } else if window.starts_with("<![CDATA[") {
            self.text.take(9);
            self.in_plain = true;
            Ok(None)
        } else if window.starts_with("<?") {
            self.skip_to("?>")?;
            Ok(None)
        } else if window
            .get(..9)
            .is_some_and(|front| front.eq_ignore_ascii_case("<!doctype"))
        {
            self.skip_document_type()?;
            Ok(None)
        } else if is_name(second) || (second == '/' && window.chars().nth(2).is_some_and(is_name)) {
            self.tag()
        } else {
            self.run_of(1, Piece::Stray)
        }
    }

    /// Takes everything up to an end and the end itself.
    fn skip_to(&mut self, end: &str) -> io::Result<()> {
        loop {
            let window = self.text.window();
            if let Some(at) = window.find(end) {
                self.text.take(at.saturating_add(end.len()));
                return Ok(());
            }
            // The end may lie across two blocks.
            let mut kept = window.len().saturating_sub(end.len());
            while !window.is_char_boundary(kept) {
                kept = kept.saturating_sub(1);
            }
            self.text.take(kept);
            if !self.text.widen()? {
                self.text.take(self.text.window().len());
                return Ok(());
            }
        }
    }

    /// Takes a document type with all that it declares.
    fn skip_document_type(&mut self) -> io::Result<()> {
        let (mut depth, mut quote) = (0usize, None);
        let mut taken = 0usize;
        loop {
            let mut end = None;
            for (at, byte) in self.text.window().bytes().enumerate() {
                match (quote, byte) {
                    (Some(open), _) => quote = Some(open).filter(|open| *open != byte),
                    (None, b'"' | b'\'') => quote = Some(byte),
                    (None, b'[') => depth = depth.saturating_add(1),
                    (None, b']') => depth = depth.saturating_sub(1),
                    (None, b'>') if depth == 0 => {
                        end = Some(at);
                        break;
                    }
                    _ => {}
                }
            }
            if let Some(at) = end {
                self.text.take(at.saturating_add(1));
                return Ok(());
            }
            let length = self.text.window().len();
            taken = taken.saturating_add(length);
            self.text.take(length);
            if taken > RUN_BYTES_MAX {
                let problem = format!("a document type is longer than {RUN_BYTES_MAX} bytes");
                return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
            }
            if !self.text.widen()? {
                return Ok(());
            }
        }
    }

    /// The tag at the front, or the `<` that begins none.
    fn tag(&mut self) -> io::Result<Option<Piece>> {
        loop {
            let window = self.text.window();
            let length = window.len();
            match end_of_tag(window.get(1..).unwrap_or_default()) {
                End::At(end) if end <= TAG_BYTES_MAX => {
                    let inside = window.get(1..end.saturating_add(1)).unwrap_or_default();
                    let (inside, piece) = match inside.strip_prefix('/') {
                        Some(name) => (name.trim(), Piece::End),
                        None => match inside.strip_suffix('/') {
                            Some(inside) => (inside, Piece::Start { is_whole: true }),
                            None => (inside, Piece::Start { is_whole: false }),
                        },
                    };
                    self.letters.push_str(inside);
                    self.text.take(end.saturating_add(2));
                    return Ok(Some(piece));
                }
                End::Unknown if length <= TAG_BYTES_MAX && self.text.widen()? => {}
                _ => return self.run_of(1, Piece::Stray),
            }
        }
    }

    /// Text that has no entities, up to its `]]>`. One that does not end, ends with the programme.
    fn plain(&mut self) -> io::Result<Option<Piece>> {
        const END: &str = "]]>";
        const ENDS: [&str; 4] = [END, "</programme>", "</channel>", "<programme "];
        let longest = ENDS.iter().map(|end| end.len()).max().unwrap_or_default();
        while self.text.window().len() < longest && self.text.widen()? {}
        let window = self.text.window();
        let found = ENDS
            .iter()
            .filter_map(|end| Some((window.find(end)?, *end)))
            .min();
        match found {
            Some((at, end)) => {
                self.in_plain = false;
                let piece = self.run_of(at, Piece::Plain)?;
                self.run = 0;
                if end == END {
                    self.text.take(END.len());
                }
                Ok(piece)
            }
            None => {
                let mut end = window.len().saturating_sub(longest);
                while !window.is_char_boundary(end) {
                    end = end.saturating_sub(1);
                }
                if end == 0 {
                    end = window.len();
                }
                self.run_of(end, Piece::Plain)
            }
        }
    }
}

/// Where a tag ends.
#[derive(Debug, PartialEq, Eq)]
enum End {
    At(usize),
    /// Not in what is there.
    Unknown,
    Never,
}

/// Finds the `>` of a tag whose `<` was taken. Quotes count; where they do not end before the next
/// `<`, which no value may hold, they do not.
fn end_of_tag(inside: &str) -> End {
    let mut quote = None;
    for (at, byte) in inside.bytes().enumerate() {
        match (quote, byte) {
            (_, b'<') => {
                let front = inside.get(..at).unwrap_or_default();
                return match (quote, front.find('>')) {
                    (Some(_), Some(end)) => End::At(end),
                    _ => End::Never,
                };
            }
            (Some(open), _) => quote = Some(open).filter(|open| *open != byte),
            // A quote that is no value's is an apostrophe.
            (None, b'"' | b'\'') if follows_equals(inside, at) => quote = Some(byte),
            (None, b'>') => return End::At(at),
            _ => {}
        }
    }
    End::Unknown
}

fn follows_equals(inside: &str, at: usize) -> bool {
    let front = inside.get(..at).unwrap_or_default();
    front.trim_end().ends_with('=')
}

/// The name in a tag, without the short name of its space.
pub fn name_of(tag: &str) -> &str {
    let end = tag.find(|c: char| c.is_whitespace() || c == '/');
    let name = tag.get(..end.unwrap_or(tag.len())).unwrap_or_default();
    name.rsplit(':').next().unwrap_or_default()
}

/// The value of an attribute of a tag; empty where there is none.
pub fn value_of(tag: &str, wanted: &str) -> String {
    let mut rest = tag.get(name_end(tag)..).unwrap_or_default();
    while let Some((name, value)) = rest.split_once('=') {
        let name = name.trim().rsplit(char::is_whitespace).next();
        let value = value.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, after) = match quote {
            Some(quote) => {
                let value = value.get(1..).unwrap_or_default();
                value.split_once(quote).unwrap_or((value, ""))
            }
            None => value.split_once(char::is_whitespace).unwrap_or((value, "")),
        };
        if name.is_some_and(|name| name.eq_ignore_ascii_case(wanted)) {
            return decoded(value).into_owned();
        }
        rest = after;
    }
    String::new()
}

fn name_end(tag: &str) -> usize {
    tag.find(char::is_whitespace).unwrap_or(tag.len())
}

#[cfg(test)]
mod tests {
    use super::{End, Markup, Piece, end_of_tag, name_of, value_of};
    use crate::ops::imports::text::Text;
    use proptest::prelude::*;
    use std::io::Cursor;
    use std::sync::Arc;

    fn pieces(text: &str) -> Vec<String> {
        let reader = Box::new(Cursor::new(text.as_bytes().to_vec()));
        let mut markup = Markup::new(Text::open(reader, None, Arc::new(|_| {})).unwrap());
        let mut told = Vec::new();
        while let Some(piece) = markup.next().unwrap() {
            let letters = markup.letters();
            told.push(match piece {
                Piece::Start { is_whole: false } => format!("<{letters}>"),
                Piece::Start { is_whole: true } => format!("<{letters}/>"),
                Piece::End => format!("</{letters}>"),
                Piece::Text => letters.to_owned(),
                Piece::Plain => format!("[{letters}]"),
                Piece::Stray => "stray".to_owned(),
            });
        }
        told
    }

    #[test]
    fn markup_comes_in_pieces() {
        let told = pieces(
            "<?xml version='1.0'?><!DOCTYPE tv [<!ENTITY a \"]>\">]><tv><!-- <no> -->\
             <a b='>'/>x &amp; y</a ><![CDATA[<b>]]></tv>",
        );
        let wanted = ["<tv>", "<a b='>'/>", "x &amp; y", "</a>", "[<b>]", "</tv>"];
        assert_eq!(told, wanted);
    }

    #[test]
    fn what_begins_no_tag_is_text() {
        for (text, wanted) in [
            ("3 < 5</t>", vec!["3 ", "stray", " 5", "</t>"]),
            ("a<b</t>", vec!["a", "stray", "b", "</t>"]),
            ("I <3 you", vec!["I ", "stray", "3 you"]),
            ("<a t=\"x><b>", vec!["<a t=\"x>", "<b>"]),
            ("x<", vec!["x", "stray"]),
            ("<![CDATA[open</programme>", vec!["[open]", "</programme>"]),
            ("<下>", vec!["<下>"]),
        ] {
            assert_eq!(pieces(text), wanted, "{text}");
        }
        assert_eq!(end_of_tag("a b='it"), End::Unknown);
        assert_eq!(end_of_tag("It's > so"), End::At(5));
    }

    #[test]
    fn tags_have_a_name_and_values() {
        let tag = "x:programme start='1' channel = \"a&amp;b\" stop=2 clump='0/1'";
        assert_eq!(name_of(tag), "programme");
        let told = ["start", "channel", "STOP", "none"].map(|name| value_of(tag, name));
        assert_eq!(told, ["1", "a&b", "2", ""]);
    }

    proptest! {
        #[test]
        fn fuzz_no_letter_of_plain_text_is_lost(text in "[a-z <>&;\"'/!\\[\\]-]{0,60}") {
            let told = pieces(&text);
            prop_assert!(told.len() <= text.len() + 1);
        }
    }
}
