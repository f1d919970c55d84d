//! One typeface of a document: how wide its characters are, where a text breaks into lines, and
//! the part of the typeface that goes into the file.
//!
//! Every character gets a number of its own, also one that the typeface lacks: that one is drawn
//! as a box, yet copied and searched as what it is. Must not know what a text is about, or where
//! on a page it stands.

use std::collections::BTreeMap;

use miniz_oxide::deflate::compress_to_vec_zlib;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Filter, Finish as _, Name, Pdf, Ref, Str};
use subsetter::GlyphRemapper;

use super::document::PaperError;

/// How hard streams are compressed: the middle between fast and small.
pub(super) const COMPRESSION: u8 = 6;

const IDENTITY: SystemInfo<'static> = SystemInfo {
    registry: Str(b"Adobe"),
    ordering: Str(b"Identity"),
    supplement: 0,
};

/// A typeface and the characters it has been asked for.
pub(super) struct Face {
    name: &'static str,
    data: &'static [u8],
    font: ttf_parser::Face<'static>,
    /// What the file calls each character.
    codes: BTreeMap<char, u16>,
    /// The characters in the order of their codes.
    used: Vec<Used>,
}

struct Used {
    character: char,
    glyph: u16,
    /// In ems.
    width: f32,
}

impl Face {
    pub(super) fn new(name: &'static str, data: &'static [u8]) -> Result<Self, PaperError> {
        let font = ttf_parser::Face::parse(data, 0).map_err(|error| PaperError::Typeface {
            name,
            reason: error.to_string(),
        })?;
        let mut face = Self {
            name,
            data,
            font,
            codes: BTreeMap::new(),
            used: Vec::new(),
        };
        // Code 0 is the box, also for the character after the 65,535th.
        face.code(char::REPLACEMENT_CHARACTER);
        Ok(face)
    }

    /// How wide a text is, in ems.
    pub(super) fn width(&self, text: &str) -> f32 {
        text.chars()
            .filter_map(visible)
            .map(|c| self.look(c).1)
            .sum()
    }

    /// A text as the codes that the file uses for it.
    pub(super) fn encode(&mut self, text: &str) -> Vec<u8> {
        text.chars()
            .filter_map(visible)
            .flat_map(|character| self.code(character).to_be_bytes())
            .collect()
    }

    /// A text in lines of at most so many ems. Breaks between words; inside a word where the word
    /// alone is too long.
    pub(super) fn wrap(&self, text: &str, most: f32) -> Vec<String> {
        let space = self.width(" ");
        let mut lines = Vec::new();
        for paragraph in text.lines() {
            let (mut line, mut used) = (String::new(), 0.0);
            for word in paragraph.split([' ', '\t']).filter(|word| !word.is_empty()) {
                let width = self.width(word);
                if !line.is_empty() && used + space + width <= most {
                    line.push(' ');
                    line.push_str(word);
                    used += space + width;
                    continue;
                }
                if !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                    used = 0.0;
                }
                for character in word.chars() {
                    let width = visible(character).map_or(0.0, |c| self.look(c).1);
                    if used + width > most && !line.is_empty() {
                        lines.push(std::mem::take(&mut line));
                        used = 0.0;
                    }
                    line.push(character);
                    used += width;
                }
            }
            lines.push(line);
        }
        lines
    }

    /// A text of at most so many ems: whole, or its beginning with an ellipsis.
    pub(super) fn cut(&self, text: &str, most: f32) -> String {
        let mut rest = most - self.width("…");
        let (mut end, mut whole) = (0, 0.0);
        for (index, character) in text.char_indices() {
            let width = visible(character).map_or(0.0, |c| self.look(c).1);
            whole += width;
            if whole > most + 0.001 {
                return text.get(..end).unwrap_or_default().to_owned() + "…";
            }
            rest -= width;
            if rest >= 0.0 {
                end = index + character.len_utf8();
            }
        }
        text.to_owned()
    }

    /// Glyph and width in ems; the box where the typeface has no such character.
    fn look(&self, character: char) -> (u16, f32) {
        let found = self.font.glyph_index(character);
        let spare = || {
            character
                .is_whitespace()
                .then(|| self.font.glyph_index(' '))
        };
        let glyph = found.or_else(|| spare().flatten()).unwrap_or_default();
        let advance = self.font.glyph_hor_advance(glyph).unwrap_or(0);
        (glyph.0, f32::from(advance) * self.em())
    }

    fn code(&mut self, character: char) -> u16 {
        if let Some(&code) = self.codes.get(&character) {
            return code;
        }
        let Ok(code) = u16::try_from(self.used.len()) else {
            return 0;
        };
        let (glyph, width) = self.look(character);
        self.codes.insert(character, code);
        self.used.push(Used {
            character,
            glyph,
            width,
        });
        code
    }

    /// A unit of the typeface in ems.
    fn em(&self) -> f32 {
        f32::from(self.font.units_per_em()).recip()
    }

    /// Writes the typeface, as far as it is used, as the object `id`; `next` gives more objects.
    pub(super) fn embed(
        &self,
        pdf: &mut Pdf,
        id: Ref,
        mut next: impl FnMut() -> Ref,
    ) -> Result<(), PaperError> {
        let mut kept = GlyphRemapper::new();
        let glyphs: Vec<u8> = self
            .used
            .iter()
            .flat_map(|used| kept.remap(used.glyph).to_be_bytes())
            .collect();
        let subset = subsetter::subset(self.data, 0, &kept).map_err(|e| PaperError::Typeface {
            name: self.name,
            reason: e.to_string(),
        })?;
        let (cid, descriptor, file, glyph_map, texts) = (next(), next(), next(), next(), next());
        let name = format!("{}+{}", self.tag(), self.name);
        let name = Name(name.as_bytes());

        pdf.type0_font(id)
            .base_font(name)
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(cid)
            .to_unicode(texts);
        let mut font = pdf.cid_font(cid);
        font.subtype(CidFontType::Type2)
            .base_font(name)
            .system_info(IDENTITY)
            .font_descriptor(descriptor)
            .cid_to_gid_map_stream(glyph_map)
            .default_width(0.0);
        font.widths()
            .consecutive(0, self.used.iter().map(|used| used.width * 1_000.0));
        font.finish();
        self.describe(pdf, descriptor, name, file);

        let length = i32::try_from(subset.len()).unwrap_or(i32::MAX);
        pdf.stream(file, &compress_to_vec_zlib(&subset, COMPRESSION))
            .filter(Filter::FlateDecode)
            .pair(Name(b"Length1"), length);
        pdf.stream(glyph_map, &compress_to_vec_zlib(&glyphs, COMPRESSION))
            .filter(Filter::FlateDecode);
        pdf.stream(texts, &compress_to_vec_zlib(&self.texts(), COMPRESSION))
            .filter(Filter::FlateDecode);
        Ok(())
    }

    fn describe(&self, pdf: &mut Pdf, id: Ref, name: Name, file: Ref) {
        let scale = |units: i16| f32::from(units) * self.em() * 1_000.0;
        let bounds = self.font.global_bounding_box();
        let bounds = pdf_writer::Rect::new(
            scale(bounds.x_min),
            scale(bounds.y_min),
            scale(bounds.x_max),
            scale(bounds.y_max),
        );
        let capitals = self.font.capital_height();
        pdf.font_descriptor(id)
            .name(name)
            .flags(FontFlags::SYMBOLIC)
            .bbox(bounds)
            .italic_angle(0.0)
            .ascent(scale(self.font.ascender()))
            .descent(scale(self.font.descender()))
            .cap_height(scale(capitals.unwrap_or(self.font.ascender())))
            .stem_v(if self.font.is_bold() { 140.0 } else { 80.0 })
            .font_file2(file);
    }

    /// Which code means which character: for search, copying and screen readers.
    fn texts(&self) -> Vec<u8> {
        let mut map = UnicodeCmap::new(Name(b"Texts"), IDENTITY);
        for (code, used) in (0_u16..).zip(&self.used) {
            map.pair(code, used.character);
        }
        map.finish().into_vec()
    }

    /// Six letters that tell one excerpt of a typeface from another (an FNV-1a hash).
    fn tag(&self) -> String {
        let mut hash = self.used.iter().fold(0xcbf2_9ce4_8422_2325, |hash, used| {
            (hash ^ u64::from(u32::from(used.character))).wrapping_mul(0x0100_0000_01b3)
        });
        (0..6)
            .map(|_| {
                let letter = u8::try_from(hash % 26).unwrap_or(0);
                hash /= 26;
                char::from(b'A' + letter)
            })
            .collect()
    }
}

/// What a character is drawn as: control characters as a space, marks that only steer as nothing.
fn visible(character: char) -> Option<char> {
    match character {
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' => None,
        c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => Some(' '),
        c => Some(c),
    }
}

#[cfg(test)]
mod tests {
    use super::super::canvas::REGULAR;
    use super::Face;

    fn face() -> Face {
        Face::new("Roboto-Regular", REGULAR).unwrap()
    }

    #[test]
    fn lines_stay_within_their_width_and_lose_nothing() {
        let face = face();
        let text = "Sport and film, Verylongwordwithoutanyplacetobreakit, всё и сразу";
        let lines = face.wrap(text, 8.0);
        assert!(lines.len() >= 4, "{lines:?}");
        assert!(
            lines.iter().all(|line| face.width(line) <= 8.0),
            "{lines:?}"
        );
        let letters = |text: &str| text.replace(' ', "");
        assert_eq!(letters(&lines.concat()), letters(text));
        assert_eq!(face.wrap("one\ntwo", 100.0), ["one", "two"]);
        // A width that nothing fits into still ends.
        assert_eq!(face.wrap("abc", 0.0), ["a", "b", "c"]);
        assert!(face.wrap("", 1.0).is_empty());
    }

    #[test]
    fn what_is_cut_says_so() {
        let face = face();
        assert_eq!(face.cut("short", 100.0), "short");
        assert_eq!(face.cut("short", face.width("short")), "short");
        let cut = face.cut("всё и сразу, and more", 6.0);
        assert!(cut.starts_with("всё") && cut.ends_with('…'), "{cut}");
        assert!(face.width(&cut) <= 6.0);
        assert_eq!(face.cut("anything", 0.0), "…");
    }

    #[test]
    fn it_has_latin_greek_and_cyrillic() {
        let face = face();
        for character in "AzÄőŁşțéΩάЖђїҚ€£₴₽–—…’№×−".chars() {
            assert_ne!(face.look(character).0, 0, "{character}");
        }
        assert_eq!(face.look('ش').0, 0);
    }

    #[test]
    fn each_character_has_its_own_code_also_one_without_a_glyph() {
        let mut face = face();
        assert_eq!(face.encode("abش世a"), [0, 1, 0, 2, 0, 3, 0, 4, 0, 1]);
        assert_eq!(face.encode("\u{202e}\u{200b}"), [0_u8; 0]);
        assert_eq!(face.encode("\t"), face.encode(" "));
    }
}
