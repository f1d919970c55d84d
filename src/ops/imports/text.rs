//! What is imported, as UTF-8 text that comes piece by piece: unpacked, decoded and within bounds.
//! A file of any size takes no more memory than its longest piece.

use std::io::{self, Read as _};

use encoding_rs::{Decoder, Encoding, UTF_8};

use super::charset::{self, Charset, DECLARATION_BYTES_MAX, SEEN_BYTES, bare_utf16, recognised};
use super::incoming::{Counted, Reader};
use super::report::{Progress, long};
use super::unpack::unpacked;

/// Largest source, in bytes after unpacking.
pub const SOURCE_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;
/// Bytes that are read and decoded at once.
const BLOCK_BYTES: usize = 64 * 1024;

/// How the bytes of a source become letters, as far as is known.
enum Decoding {
    /// UTF-8 until a byte proves otherwise.
    Unproven {
        named: Option<&'static Encoding>,
    },
    /// UTF-8, in which bytes that are none are letters of another charset.
    Strays(&'static Encoding),
    Other(Box<Decoder>),
}

/// The text of a source: a window that its reader widens at the end and takes from at the front.
/// Counts lines, and refuses sources that are too long.
pub struct Text {
    reader: Reader,
    /// Read and not decoded yet.
    raw: Vec<u8>,
    decoding: Decoding,
    /// Decoded; `at`: how far it is taken.
    letters: String,
    at: usize,
    total: u64,
    begun: bool,
    ended: bool,
    line: u64,
    /// Letters beyond ASCII that were good UTF-8, and bytes that were not.
    good: usize,
    strays: u64,
    asked: Option<&'static Encoding>,
}

impl Text {
    /// Opens a source, which may be packed whatever it is called. `asked`: the charset that whoever
    /// imports names.
    pub fn open(
        reader: Reader,
        asked: Option<&'static Encoding>,
        progress: Progress,
    ) -> io::Result<Self> {
        Ok(Self {
            reader: unpacked(Counted::new(reader, progress))?,
            raw: Vec::new(),
            decoding: Decoding::Unproven { named: None },
            letters: String::new(),
            at: 0,
            total: 0,
            begun: false,
            ended: false,
            line: 1,
            good: 0,
            strays: 0,
            asked,
        })
    }

    /// What is decoded and not taken yet.
    pub fn window(&self) -> &str {
        self.letters.get(self.at..).unwrap_or_default()
    }

    /// Widens the window; `false`: there is no more.
    pub fn widen(&mut self) -> io::Result<bool> {
        self.letters.drain(..self.at);
        self.at = 0;
        let before = self.letters.len();
        while self.letters.len() == before {
            if self.ended && self.raw.is_empty() {
                return Ok(false);
            }
            if !self.ended {
                self.read_block()?;
            }
            if !self.begun {
                // Enough to see the declaration, however small the pieces are.
                while !self.ended && self.raw.len() < DECLARATION_BYTES_MAX {
                    self.read_block()?;
                }
                self.begin();
            }
            self.decode()?;
        }
        Ok(true)
    }

    /// Takes so many bytes from the front of the window.
    pub fn take(&mut self, bytes: usize) {
        let taken = self.window().as_bytes().get(..bytes).unwrap_or_default();
        let lines = taken.split(|byte| *byte == b'\n').count().saturating_sub(1);
        self.line = self.line.saturating_add(long(lines));
        self.at = self.at.saturating_add(bytes).min(self.letters.len());
    }

    /// Number of the line at the front of the window.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// What is to be said of the charset, once everything is read; nothing of plain UTF-8.
    pub fn remark(&self) -> Option<String> {
        let how = if self.asked.is_some() {
            "as asked for"
        } else {
            "recognised by its bytes; if names look wrong, say which it is with --charset"
        };
        match &self.decoding {
            Decoding::Other(decoder) => {
                Some(format!("{} ({how})", charset::shown(decoder.encoding())))
            }
            Decoding::Strays(encoding) if self.strays > 0 => Some(format!(
                "UTF-8, but for {} bytes that are none and were read as {}",
                self.strays,
                charset::shown(encoding)
            )),
            Decoding::Strays(_) | Decoding::Unproven { .. } => None,
        }
    }

    fn read_block(&mut self) -> io::Result<()> {
        let before = self.raw.len();
        self.raw.reserve(BLOCK_BYTES);
        let block = (&mut self.reader).take(long(BLOCK_BYTES));
        let mut block = block;
        let read = block.read_to_end(&mut self.raw);
        let count = self.raw.len().saturating_sub(before);
        self.total = self.total.saturating_add(long(count));
        read?;
        if self.total > SOURCE_BYTES_MAX {
            let problem = format!("is longer than {SOURCE_BYTES_MAX} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        }
        self.ended = count == 0;
        Ok(())
    }

    /// Looks for the charset at the front of the source.
    fn begin(&mut self) {
        self.begun = true;
        let other = |encoding: &'static Encoding| {
            Decoding::Other(Box::new(encoding.new_decoder_without_bom_handling()))
        };
        if let Some((encoding, length)) = Encoding::for_bom(&self.raw) {
            self.raw.drain(..length);
            if encoding != UTF_8 {
                self.decoding = other(encoding);
            }
            return;
        }
        if let Some(asked) = self.asked {
            if asked != UTF_8 {
                self.decoding = other(asked);
            }
            return;
        }
        if let Some(encoding) = bare_utf16(&self.raw) {
            self.decoding = other(encoding);
            return;
        }
        let named = charset::declared(&self.raw).filter(|named| *named != UTF_8);
        self.decoding = Decoding::Unproven { named };
    }

    /// Decodes what was read, but for a letter that goes on in the next block.
    fn decode(&mut self) -> io::Result<()> {
        loop {
            if let Decoding::Other(decoder) = &mut self.decoding {
                let room = decoder.max_utf8_buffer_length(self.raw.len());
                self.letters.reserve(room.unwrap_or(BLOCK_BYTES));
                // There is room for all of it.
                let _ = decoder.decode_to_string(&self.raw, &mut self.letters, self.ended);
                self.raw.clear();
                return Ok(());
            }
            let Some(bad) = self.take_utf8() else {
                return Ok(());
            };
            match self.decoding {
                Decoding::Unproven { named } => {
                    while !self.ended && self.raw.len() < SEEN_BYTES {
                        self.read_block()?;
                    }
                    let front = self.raw.get(..self.raw.len().min(SEEN_BYTES));
                    let seen = recognised(front.unwrap_or_default(), self.good, named);
                    self.decoding = match seen {
                        Charset::Utf8 { strays } => Decoding::Strays(strays),
                        Charset::Other(encoding) => {
                            Decoding::Other(Box::new(encoding.new_decoder_without_bom_handling()))
                        }
                    };
                }
                Decoding::Strays(encoding) => {
                    let odd = self.raw.get(..bad).unwrap_or_default();
                    let (text, _) = encoding.decode_without_bom_handling(odd);
                    self.letters.push_str(&text);
                    self.raw.drain(..bad);
                    self.strays = self.strays.saturating_add(1);
                }
                Decoding::Other(_) => {}
            }
        }
    }

    /// Takes what is good UTF-8. Answers how many bytes behind it are none; `None`: all is taken.
    fn take_utf8(&mut self) -> Option<usize> {
        let (valid, bad) = match std::str::from_utf8(&self.raw) {
            Ok(text) => (text.len(), Some(0)),
            Err(error) => (error.valid_up_to(), error.error_len()),
        };
        let good = self.raw.get(..valid).unwrap_or_default();
        if matches!(self.decoding, Decoding::Unproven { .. }) {
            let letters = good.iter().filter(|byte| **byte >= 0xc0).count();
            self.good = self.good.saturating_add(letters);
        }
        self.letters
            .push_str(std::str::from_utf8(good).unwrap_or_default());
        self.raw.drain(..valid);
        match bad {
            Some(0) => None,
            // A letter that goes on in the next block.
            None if !self.ended => None,
            None => Some(self.raw.len()),
            bad => bad,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Text;
    use encoding_rs::{Encoding, KOI8_U, UTF_16BE, WINDOWS_1250, WINDOWS_1251};
    use proptest::prelude::*;
    use std::io::Cursor;
    use std::sync::Arc;

    fn open(bytes: &[u8], asked: Option<&'static Encoding>) -> std::io::Result<Text> {
        let reader = Box::new(Cursor::new(bytes.to_vec()));
        Text::open(reader, asked, Arc::new(|_| {}))
    }

    fn read(bytes: &[u8], asked: Option<&'static Encoding>) -> std::io::Result<(String, String)> {
        let mut text = open(bytes, asked)?;
        while text.widen()? {}
        let remark = text.remark().unwrap_or_default();
        Ok((text.window().to_owned(), remark))
    }

    fn text(bytes: &[u8]) -> String {
        read(bytes, None).unwrap().0
    }

    #[test]
    fn letters_are_recognised() {
        assert_eq!(text(b"plain"), "plain");
        assert_eq!(text("\u{feff}Кино".as_bytes()), "Кино");
        assert_eq!(text(b"\xff\xfeO\0n\0e\0"), "One");
        assert_eq!(text(b"O\0n\0e\0!\0"), "One!");
        assert_eq!(text(b"\0O\0n\0e\0!"), "One!");
        assert_eq!(text(b"caf\xe9 \xc3\xa9"), "café é");
        let russian = b"<?xml version='1.0' encoding='windows-1251'?>\xca\xe8\xed\xee";
        assert!(text(russian).ends_with("Кино"));
        // A wrong label does not spoil what is UTF-8, also where one byte is bad.
        let wrong = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>Кино";
        assert!(text(wrong.as_bytes()).ends_with("Кино"));
        let wrong = [wrong.as_bytes(), b" \xff", "Сериал".as_bytes()].concat();
        assert!(text(&wrong).ends_with("Сериал"));
        let japanese = b"<?xml version=\"1.0\" encoding=\"Shift_JIS\"?>\x93\xfa\x96\x7b";
        assert!(text(japanese).ends_with("日本"));
    }

    #[test]
    fn charsets_are_recognised_and_said() {
        let russian = "#EXTINF:0 group-title=\"Новости\",Первый канал, погода и спорт\n".repeat(3);
        let polish =
            "#EXTINF:0 group-title=\"Wiadomości\",Śląska telewizja, źródło, żółty\n".repeat(3);
        for (letters, encoding) in [
            (&russian, WINDOWS_1251),
            (&russian, KOI8_U),
            (&polish, WINDOWS_1250),
        ] {
            let (bytes, ..) = encoding.encode(letters);
            let (told, remark) = read(&bytes, None).unwrap();
            assert_eq!(&told, letters, "{}", encoding.name());
            assert!(remark.starts_with(encoding.name()), "{remark}");
            let (told, remark) = read(&bytes, Some(encoding)).unwrap();
            assert_eq!(&told, letters);
            assert!(remark.ends_with("(as asked for)"), "{remark}");
        }
        assert_eq!(read(russian.as_bytes(), None).unwrap().1, "");
        let (bytes, _) = (russian.encode_utf16().flat_map(u16::to_be_bytes), UTF_16BE);
        let told = read(&bytes.collect::<Vec<u8>>(), None).unwrap().0;
        // Its first letters are Latin, which is how it is seen.
        assert_eq!(told, russian);
    }

    #[test]
    fn letters_may_lie_across_blocks() {
        let long = "é".repeat(100_000);
        assert_eq!(text(format!("x{long}").as_bytes()), format!("x{long}"));
    }

    #[test]
    fn lines_are_counted_as_they_are_taken() {
        let mut text = open(b"one\ntwo\nthree", None).unwrap();
        assert!(text.widen().unwrap());
        assert_eq!((text.line(), text.window()), (1, "one\ntwo\nthree"));
        text.take(5);
        assert_eq!((text.line(), text.window()), (2, "wo\nthree"));
        assert!(!text.widen().unwrap());
    }

    proptest! {
        #[test]
        fn fuzz_any_bytes_are_text(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes, None);
        }

        #[test]
        fn what_is_utf8_stays(text_in in "[a-zа-яé日本 \n]{0,200}") {
            prop_assert_eq!(text(text_in.as_bytes()), text_in);
        }
    }
}
