//! Takes off what a source is packed in: gzip, xz and zip, seen by the first bytes whatever the
//! name, and one in the other. Works as a stream, in bounded memory.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::Crc;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder};
use lzma_rust2::XzReader;

use super::incoming::{Counted, Reader};

/// How often a source may be packed: gzip within gzip is met, and once more does no harm.
const LAYERS_MAX: usize = 3;
/// Bytes that are read of a packed source at once.
const BLOCK_BYTES: usize = 64 * 1024;
/// Most memory that unpacking xz may take, in KiB: what `xz -9` asks for, and a little more.
const XZ_MEMORY_KIB_MAX: u32 = 80 * 1024;
/// Bytes that tell how something is packed.
const FRONT_BYTES: u64 = 8;

/// What is not unpacked here: its name, its first bytes, and what unpacks it.
const OTHERS: &[(&str, &[u8], &str)] = &[
    ("bzip2", b"BZh", "bunzip2"),
    ("zstd", b"\x28\xb5\x2f\xfd", "unzstd"),
    ("7-Zip", b"7z\xbc\xaf\x27\x1c", "7z e"),
    ("RAR", b"Rar!\x1a\x07", "unrar e"),
    ("compress", b"\x1f\x9d", "uncompress"),
    ("LZ4", b"\x04\x22\x4d\x18", "unlz4"),
    ("lzip", b"LZIP", "lzip -d"),
];

/// The bytes of a source without what they are packed in.
pub fn unpacked(reader: Counted) -> io::Result<Reader> {
    let mut reader: Reader = Box::new(reader);
    for _ in 0..=LAYERS_MAX {
        let mut front = Vec::new();
        (&mut reader).take(FRONT_BYTES).read_to_end(&mut front)?;
        let whole = Cursor::new(front.clone()).chain(reader);
        if front.starts_with(b"\x1f\x8b") {
            let packed = BufReader::with_capacity(BLOCK_BYTES, whole);
            reader = Box::new(MultiGzDecoder::new(packed));
        } else if front.starts_with(b"\xfd7zXZ\0") {
            let packed = BufReader::with_capacity(BLOCK_BYTES, whole);
            let memory = XZ_MEMORY_KIB_MAX;
            reader = Box::new(XzReader::new_mem_limit(packed, true, memory));
        } else if front.starts_with(b"PK\x03\x04") {
            let packed = BufReader::with_capacity(BLOCK_BYTES, whole);
            reader = Box::new(Zipped::open(packed)?);
        } else if let Some((name, _, tool)) =
            OTHERS.iter().find(|(_, magic, _)| front.starts_with(magic))
        {
            return Err(wrong(format!(
                "is packed with {name}; unpack it with `{tool}` first, or take gzip, xz or zip"
            )));
        } else {
            return Ok(Box::new(whole));
        }
    }
    Err(wrong(format!("is packed more than {LAYERS_MAX} times")))
}

fn wrong(problem: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}

/// The one file of a zip archive, read as it comes.
struct Zipped<R: BufRead> {
    content: Content<R>,
    crc: Crc,
    /// What the archive says its sum is; `None`: it says so behind the content.
    wanted: Option<u32>,
}

enum Content<R: BufRead> {
    Deflated(Box<DeflateDecoder<R>>),
    Stored(io::Take<R>),
    Ended,
}

/// What stands before a file in an archive.
struct Header {
    flags: u16,
    method: u16,
    crc: u32,
    packed_bytes: u32,
    is_file: bool,
}

const LOCAL: [u8; 4] = *b"PK\x03\x04";
const DESCRIPTOR: [u8; 4] = *b"PK\x07\x08";
const ENCRYPTED: u16 = 1;
const SIZES_BEHIND: u16 = 8;
/// Folders and what macOS adds, before the file itself.
const SKIPPED_MAX: usize = 16;

impl<R: BufRead> Zipped<R> {
    fn open(mut packed: R) -> io::Result<Self> {
        for _ in 0..SKIPPED_MAX {
            let mut signature = [0; 4];
            packed.read_exact(&mut signature)?;
            if signature != LOCAL {
                return Err(wrong("is a zip archive without a file in it".to_owned()));
            }
            let header = Header::read(&mut packed)?;
            if header.flags & ENCRYPTED != 0 {
                return Err(wrong(
                    "is a zip archive with a password; unpack it first".to_owned(),
                ));
            }
            let is_sized = header.flags & SIZES_BEHIND == 0;
            if header.is_file {
                let wanted = is_sized.then_some(header.crc);
                let size = u64::from(header.packed_bytes);
                let content = match header.method {
                    8 => Content::Deflated(Box::new(DeflateDecoder::new(packed))),
                    0 if is_sized => Content::Stored(packed.take(size)),
                    _ => {
                        let problem = "is a zip archive of an unusual kind; unpack it first";
                        return Err(wrong(problem.to_owned()));
                    }
                };
                return Ok(Self {
                    content,
                    crc: Crc::new(),
                    wanted,
                });
            }
            if !is_sized {
                let problem = "is a zip archive with folders in it; unpack it first";
                return Err(wrong(problem.to_owned()));
            }
            let mut skipped = (&mut packed).take(u64::from(header.packed_bytes));
            io::copy(&mut skipped, &mut io::sink())?;
        }
        let problem = "is a zip archive of many folders; unpack it first";
        Err(wrong(problem.to_owned()))
    }

    /// The sum is right, and no other file follows.
    fn end(&mut self) -> io::Result<()> {
        let ended = std::mem::replace(&mut self.content, Content::Ended);
        let mut packed = match ended {
            Content::Deflated(decoder) => decoder.into_inner(),
            Content::Stored(stored) if stored.limit() > 0 => {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
            Content::Stored(stored) => stored.into_inner(),
            Content::Ended => return Ok(()),
        };
        let mut word = || -> io::Result<[u8; 4]> {
            let mut word = [0; 4];
            packed.read_exact(&mut word)?;
            Ok(word)
        };
        let wanted = match self.wanted {
            Some(wanted) => wanted,
            None => {
                let first = word()?;
                let crc = if first == DESCRIPTOR { word()? } else { first };
                // Both sizes.
                word()?;
                word()?;
                u32::from_le_bytes(crc)
            }
        };
        if wanted != self.crc.sum() {
            return Err(wrong("is a damaged zip archive".to_owned()));
        }
        if word()? == LOCAL {
            let problem = "is a zip archive with more than one file; unpack it, and import one";
            return Err(wrong(problem.to_owned()));
        }
        Ok(())
    }
}

impl Header {
    fn read(packed: &mut impl Read) -> io::Result<Self> {
        let mut bytes = [0; 26];
        packed.read_exact(&mut bytes)?;
        let two = |at: usize| {
            let pair = bytes.get(at..at.saturating_add(2));
            let pair = pair.and_then(|pair| pair.try_into().ok());
            u16::from_le_bytes(pair.unwrap_or_default())
        };
        let four = |at: usize| {
            let word = bytes.get(at..at.saturating_add(4));
            let word = word.and_then(|word| word.try_into().ok());
            u32::from_le_bytes(word.unwrap_or_default())
        };
        let mut name = vec![0; usize::from(two(22))];
        packed.read_exact(&mut name)?;
        io::copy(&mut packed.take(u64::from(two(24))), &mut io::sink())?;
        let is_shadow = name.starts_with(b"__MACOSX/") || name.ends_with(b".DS_Store");
        Ok(Self {
            flags: two(2),
            method: two(4),
            crc: four(10),
            packed_bytes: four(14),
            is_file: !name.ends_with(b"/") && !is_shadow,
        })
    }
}

impl<R: BufRead> Read for Zipped<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.content {
            Content::Deflated(decoder) => decoder.read(into)?,
            Content::Stored(stored) => stored.read(into)?,
            Content::Ended => return Ok(0),
        };
        self.crc.update(into.get(..count).unwrap_or_default());
        if count == 0 && !into.is_empty() {
            self.end()?;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::unpacked;
    use crate::ops::imports::incoming::Counted;
    use flate2::{Compression, Crc, write::DeflateEncoder, write::GzEncoder};
    use proptest::prelude::*;
    use std::io::{Cursor, Read as _, Write as _};
    use std::sync::Arc;

    fn text(bytes: &[u8]) -> Result<String, String> {
        let reader = Counted::new(Box::new(Cursor::new(bytes.to_vec())), Arc::new(|_| {}));
        let mut text = String::new();
        let mut reader = unpacked(reader).map_err(|error| error.to_string())?;
        let read = reader.read_to_string(&mut text);
        read.map_err(|error| error.to_string())?;
        Ok(text)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    }

    /// One file of an archive; `is_streamed`: its sizes stand behind it.
    fn zipped(name: &str, content: &[u8], is_streamed: bool) -> Vec<u8> {
        let mut deflated = DeflateEncoder::new(Vec::new(), Compression::fast());
        deflated.write_all(content).unwrap();
        let deflated = deflated.finish().unwrap();
        let mut crc = Crc::new();
        crc.update(content);
        let (sum, size) = (crc.sum(), u32::try_from(deflated.len()).unwrap());
        let facts = [sum, size, u32::try_from(content.len()).unwrap()];
        let facts: Vec<u8> = facts.iter().flat_map(|fact| fact.to_le_bytes()).collect();
        let mut file = b"PK\x03\x04\x14\0".to_vec();
        file.extend(if is_streamed { 8u16 } else { 0 }.to_le_bytes());
        file.extend(8u16.to_le_bytes());
        file.extend([0; 4]);
        file.extend(if is_streamed {
            vec![0; 12]
        } else {
            facts.clone()
        });
        file.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        file.extend([0; 2]);
        file.extend(name.as_bytes());
        file.extend(deflated);
        if is_streamed {
            file.extend(b"PK\x07\x08");
            file.extend(facts);
        }
        file
    }

    const END: &[u8] = b"PK\x01\x02 the folder of the archive";

    #[test]
    fn packed_is_seen_by_its_bytes() {
        assert_eq!(text(b"plain").unwrap(), "plain");
        let two = [gzip(b"one "), gzip(b"two")].concat();
        assert_eq!(text(&two).unwrap(), "one two");
        assert_eq!(text(&gzip(&gzip(b"twice"))).unwrap(), "twice");
        // `printf 'packed with xz\n' | xz`
        let xz = data_encoding::BASE64
            .decode(
                b"/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQAOcGFja2VkIHdpdGggeHoKAAC5cjJP3SGc\
                  fwABJw/fGvxqH7bzfQEAAAAABFla",
            )
            .unwrap();
        assert_eq!(text(&xz).unwrap(), "packed with xz\n");
        for is_streamed in [true, false] {
            let file = zipped("list.m3u", b"in a zip", is_streamed);
            assert_eq!(text(&[&file, END].concat()).unwrap(), "in a zip");
        }
        let folder = [
            zipped("d/", b"", false),
            zipped("d/a", b"deep", true),
            END.to_vec(),
        ];
        assert_eq!(text(&folder.concat()).unwrap(), "deep");
    }

    #[test]
    fn what_is_cut_or_cannot_be_unpacked_is_refused_in_words() {
        let four = gzip(&gzip(&gzip(&gzip(b"x"))));
        let mut damaged = [&zipped("a", b"content", false), END].concat();
        damaged[14] ^= 1;
        let two = [
            zipped("a", b"1", true),
            zipped("b", b"2", true),
            END.to_vec(),
        ]
        .concat();
        let mut cut = gzip(b"a text that is cut");
        cut.truncate(20);
        for (bytes, told) in [
            (four, "more than 3 times"),
            (two, "more than one file"),
            (damaged, "damaged"),
            (b"BZh91AY".to_vec(), "bunzip2"),
            (b"Rar!\x1a\x07\x01".to_vec(), "RAR"),
            (cut, ""),
        ] {
            let error = text(&bytes).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }

    proptest! {
        #[test]
        fn fuzz_any_archive_is_text_or_an_error(
            magic in prop::sample::select(vec![
                &b"PK\x03\x04"[..], b"\x1f\x8b\x08\0", b"\xfd7zXZ\0\0\x04",
            ]),
            bytes in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let _ = text(&[magic, &bytes].concat());
        }
    }
}
