//! What is imported, as UTF-8 text that comes piece by piece: unpacked, decoded and within bounds. A file of
//! any size takes no more memory than its longest piece.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use encoding_rs::{Decoder, Encoding, UTF_8, WINDOWS_1252};
use flate2::bufread::MultiGzDecoder;
use tokio::sync::mpsc;
use tokio_util::bytes::Bytes;

use super::{Progress, Step};

/// Where bytes come from, read away from the async threads.
pub type Reader = Box<dyn Read + Send>;

/// Largest source, in bytes after unpacking.
pub const SOURCE_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;
/// Bytes that are read and decoded at once.
const BLOCK_BYTES: usize = 64 * 1024;
/// After how many bytes progress is told again.
const TOLD_BYTES: u64 = 4 * 1024 * 1024;
/// How far into a document its XML declaration reaches.
const DECLARATION_BYTES_MAX: usize = 256;
/// Pieces of a stream that wait to be read.
const WAITING_MAX: usize = 16;

/// A stream of bytes from the async side, for one who reads in a thread of their own.
pub struct Incoming {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    piece: Bytes,
    ended: bool,
}

/// The other end of [`Incoming`]. One that goes away without [`Feed::end`] cuts the stream short, which is an error.
pub struct Feed(mpsc::Sender<io::Result<Bytes>>);

impl Incoming {
    #[must_use]
    pub fn new() -> (Feed, Self) {
        let (feed, pieces) = mpsc::channel(WAITING_MAX);
        let incoming = Self {
            pieces,
            piece: Bytes::new(),
            ended: false,
        };
        (Feed(feed), incoming)
    }
}

impl Feed {
    /// `false`: nobody reads any more.
    pub async fn give(&self, piece: io::Result<Bytes>) -> bool {
        // An empty piece is the end.
        if matches!(&piece, Ok(bytes) if bytes.is_empty()) {
            return true;
        }
        self.0.send(piece).await.is_ok()
    }

    pub async fn end(self) {
        let _ = self.0.send(Ok(Bytes::new())).await;
    }
}

impl Read for Incoming {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty() && !self.ended {
            self.piece = match self.pieces.blocking_recv() {
                Some(piece) => piece?,
                None => return Err(io::Error::other("was cut short")),
            };
            self.ended = self.piece.is_empty();
        }
        let count = self.piece.len().min(into.len());
        let taken = self.piece.split_to(count);
        into.get_mut(..count)
            .unwrap_or_default()
            .copy_from_slice(&taken);
        Ok(count)
    }
}

/// Tells how much was read.
struct Counted {
    reader: Reader,
    progress: Progress,
    read: u64,
    told: u64,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(into)?;
        self.read = self.read.saturating_add(long(count));
        if self.read.saturating_sub(self.told) >= TOLD_BYTES || count == 0 {
            self.told = self.read;
            (self.progress)(Step::Read { bytes: self.read });
        }
        Ok(count)
    }
}

/// How bytes are letters.
enum Charset {
    /// Until a byte proves otherwise. What is no UTF-8 is of the encoding that the document names: from
    /// there on all of it, or where it names none, that byte only.
    Utf8 {
        named: Option<&'static Encoding>,
    },
    Other(Box<Decoder>),
}

/// The text of a source. Counts lines, and refuses pieces and sources that are too long.
pub struct Text {
    reader: Reader,
    /// Read and not decoded yet.
    raw: Vec<u8>,
    charset: Charset,
    /// Decoded; `at`: how far it is taken.
    letters: String,
    at: usize,
    total: u64,
    begun: bool,
    ended: bool,
    line: u64,
    piece: usize,
    piece_max: usize,
}

impl Text {
    /// Opens a source, which may be packed with gzip whatever it is called. Pieces of more than
    /// `piece_bytes_max` are refused.
    pub fn open(reader: Reader, piece_bytes_max: usize, progress: Progress) -> io::Result<Self> {
        let mut reader = Counted {
            reader,
            progress,
            read: 0,
            told: 0,
        };
        let mut front = Vec::new();
        (&mut reader).take(6).read_to_end(&mut front)?;
        let packing = [
            ("xz", &b"\xfd7zXZ\0"[..]),
            ("zip", b"PK\x03\x04"),
            ("bzip2", b"BZh"),
            ("zstd", b"\x28\xb5\x2f\xfd"),
        ];
        if let Some((name, _)) = packing.iter().find(|(_, magic)| front.starts_with(magic)) {
            return Err(wrong(format!(
                "is packed with {name}; unpack it, or take gzip"
            )));
        }
        let packed = front.starts_with(b"\x1f\x8b");
        let whole = Cursor::new(front).chain(reader);
        let reader: Reader = if packed {
            Box::new(MultiGzDecoder::new(BufReader::with_capacity(
                BLOCK_BYTES,
                whole,
            )))
        } else {
            Box::new(whole)
        };
        Ok(Self {
            reader,
            raw: Vec::new(),
            charset: Charset::Utf8 { named: None },
            letters: String::new(),
            at: 0,
            total: 0,
            begun: false,
            ended: false,
            line: 1,
            piece: 0,
            piece_max: piece_bytes_max,
        })
    }

    /// A new piece begins here.
    pub fn begin_piece(&mut self) {
        self.piece = 0;
    }

    /// Number of the line that is read now.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Decodes the next block.
    fn load(&mut self) -> io::Result<()> {
        self.letters.clear();
        self.at = 0;
        while self.letters.is_empty() && !self.ended {
            self.read_block()?;
            if !self.begun {
                // Enough to see the declaration, however small the pieces are.
                while !self.ended && self.raw.len() < DECLARATION_BYTES_MAX {
                    self.read_block()?;
                }
                self.begin();
            }
            self.decode();
        }
        Ok(())
    }

    fn read_block(&mut self) -> io::Result<()> {
        let before = self.raw.len();
        let block = (&mut self.reader).take(long(BLOCK_BYTES));
        let mut block = block;
        self.raw.reserve(BLOCK_BYTES);
        let read = block.read_to_end(&mut self.raw);
        let count = self.raw.len().saturating_sub(before);
        self.total = self.total.saturating_add(long(count));
        read?;
        if self.total > SOURCE_BYTES_MAX {
            return Err(wrong(format!("is longer than {SOURCE_BYTES_MAX} bytes")));
        }
        self.ended = count == 0;
        Ok(())
    }

    /// Looks for the encoding at the front of the source.
    fn begin(&mut self) {
        self.begun = true;
        if let Some((encoding, length)) = Encoding::for_bom(&self.raw) {
            self.raw.drain(..length);
            if encoding != UTF_8 {
                self.charset =
                    Charset::Other(Box::new(encoding.new_decoder_without_bom_handling()));
            }
            return;
        }
        let named = named_encoding(&self.raw).filter(|named| *named != UTF_8);
        self.charset = Charset::Utf8 { named };
    }

    fn decode(&mut self) {
        let raw = std::mem::take(&mut self.raw);
        let mut rest = raw.as_slice();
        while let Charset::Utf8 { named } = self.charset {
            let error = match std::str::from_utf8(rest) {
                Ok(text) => {
                    self.letters.push_str(text);
                    return;
                }
                Err(error) => error,
            };
            let (good, bad) = rest
                .split_at_checked(error.valid_up_to())
                .unwrap_or_default();
            self.letters
                .push_str(std::str::from_utf8(good).unwrap_or_default());
            let length = match error.error_len() {
                Some(length) => length,
                None if self.ended => bad.len(),
                None => {
                    // A letter that goes on in the next block.
                    self.raw = bad.to_vec();
                    return;
                }
            };
            rest = bad;
            match named {
                Some(encoding) => {
                    self.charset =
                        Charset::Other(Box::new(encoding.new_decoder_without_bom_handling()));
                }
                None => {
                    let (odd, after) = bad.split_at_checked(length).unwrap_or_default();
                    let (text, _) = WINDOWS_1252.decode_without_bom_handling(odd);
                    self.letters.push_str(&text);
                    rest = after;
                }
            }
        }
        if let Charset::Other(decoder) = &mut self.charset {
            let room = decoder.max_utf8_buffer_length(rest.len());
            self.letters.reserve(room.unwrap_or(BLOCK_BYTES));
            // There is room for all of it.
            let _ = decoder.decode_to_string(rest, &mut self.letters, self.ended);
        }
    }
}

impl Read for Text {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = {
            let mut ready = self.fill_buf()?;
            ready.read(into)?
        };
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Text {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.piece > self.piece_max {
            let problem = format!("is longer than {} bytes in one piece", self.piece_max);
            return Err(wrong(problem));
        }
        if self.at >= self.letters.len() {
            self.load()?;
        }
        Ok(self.letters.as_bytes().get(self.at..).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        let end = self.at.saturating_add(count);
        let taken = self
            .letters
            .as_bytes()
            .get(self.at..end)
            .unwrap_or_default();
        let lines = taken.split(|byte| *byte == b'\n').count().saturating_sub(1);
        self.line = self.line.saturating_add(long(lines));
        self.piece = self.piece.saturating_add(count);
        self.at = end;
    }
}

fn wrong(problem: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}

fn long(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// What the XML declaration at the front names as encoding.
fn named_encoding(front: &[u8]) -> Option<&'static Encoding> {
    let front = front.get(..front.len().min(DECLARATION_BYTES_MAX))?;
    let front = String::from_utf8_lossy(front);
    let (declaration, _) = front.trim_start().strip_prefix("<?xml")?.split_once("?>")?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value
        .chars()
        .next()
        .filter(|quote| "\"'".contains(*quote))?;
    let label = value.get(1..)?.split(quote).next()?;
    Encoding::for_label(label.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{Feed, Incoming, Text};
    use proptest::prelude::*;
    use std::io::{Cursor, Read as _, Write as _};
    use std::sync::Arc;

    fn open(bytes: &[u8]) -> std::io::Result<Text> {
        Text::open(
            Box::new(Cursor::new(bytes.to_vec())),
            1 << 30,
            Arc::new(|_| {}),
        )
    }

    fn text(bytes: &[u8]) -> String {
        let mut text = String::new();
        open(bytes).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    }

    #[test]
    fn encodings_are_told_apart() {
        assert_eq!(text(b"plain"), "plain");
        assert_eq!(text("\u{feff}Кино".as_bytes()), "Кино");
        assert_eq!(text(b"\xff\xfeO\0n\0e\0"), "One");
        assert_eq!(text(b"caf\xe9 \xc3\xa9"), "café é");
        let russian = b"<?xml version='1.0' encoding='windows-1251'?>\xca\xe8\xed\xee";
        assert!(text(russian).ends_with("Кино"));
        // A wrong label does not spoil what is UTF-8.
        let wrong = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>Кино";
        assert!(text(wrong.as_bytes()).ends_with("Кино"));
        let japanese = b"<?xml version=\"1.0\" encoding=\"Shift_JIS\"?>\x93\xfa\x96\x7b";
        assert!(text(japanese).ends_with("日本"));
    }

    #[test]
    fn letters_may_lie_across_blocks() {
        let long = "é".repeat(100_000);
        assert_eq!(text(format!("x{long}").as_bytes()), format!("x{long}"));
        assert_eq!(text(&packed(long.as_bytes())), long);
    }

    #[test]
    fn packed_is_seen_by_its_bytes() {
        let two = [packed(b"one "), packed(b"two")].concat();
        assert_eq!(text(&two), "one two");
        assert!(open(b"\xfd7zXZ\0rest").is_err());
        let mut cut = packed(b"a text that is cut");
        cut.truncate(20);
        let mut text = String::new();
        assert!(open(&cut).unwrap().read_to_string(&mut text).is_err());
    }

    #[test]
    fn a_stream_without_its_end_is_an_error() {
        let (feed, mut incoming) = Incoming::new();
        let Feed(sender) = feed;
        sender.blocking_send(Ok("some".into())).unwrap();
        drop(sender);
        let mut got = Vec::new();
        assert!(incoming.read_to_end(&mut got).is_err());
        assert_eq!(got, b"some");
    }

    proptest! {
        #[test]
        fn fuzz_any_bytes_are_text(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut text = String::new();
            if let Ok(mut opened) = open(&bytes) {
                let _ = opened.read_to_string(&mut text);
            }
        }

        #[test]
        fn what_is_utf8_stays(text_in in "\\PC{0,200}") {
            prop_assume!(!text_in.starts_with('\u{feff}') && !text_in.starts_with("BZh") && !text_in.starts_with("PK"));
            prop_assert_eq!(text(text_in.as_bytes()), text_in);
        }
    }
}
