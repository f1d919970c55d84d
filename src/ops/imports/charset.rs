//! How bytes are letters: as whoever imports says, as a mark at the front says, or as the bytes
//! themselves show. A label inside the source is believed only where the bytes do not prove it
//! wrong.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// A charset that is known.
pub type Known = &'static Encoding;

/// How far into a document its XML declaration reaches.
pub const DECLARATION_BYTES_MAX: usize = 256;
/// How much is looked at to recognise a charset, from the first byte on that is no UTF-8.
pub const SEEN_BYTES: usize = 256 * 1024;

/// What a source turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8; letters that are none are read one by one as what they seem to be.
    Utf8 { strays: &'static Encoding },
    /// Another one, from here on to the end.
    Other(&'static Encoding),
}

/// The charset of that name: `windows-1251`, `cp1251`, `latin2`, `koi8-r` and others that the web
/// knows.
pub fn by_name(name: &str) -> Option<&'static Encoding> {
    let name = name.trim().to_ascii_lowercase().replace('_', "-");
    if let Some(known) = Encoding::for_label(name.as_bytes()) {
        return Some(known);
    }
    let bare: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let number = bare.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let name = match (number, bare.as_str()) {
        (_, "utf16") => "utf-16".to_owned(),
        (_, "latin9") => "iso-8859-15".to_owned(),
        (_, "latin10") => "iso-8859-16".to_owned(),
        (_, "koi8") => "koi8-r".to_owned(),
        ("866", _) => "ibm866".to_owned(),
        ("936", _) => "gbk".to_owned(),
        ("932", _) => "shift_jis".to_owned(),
        ("949", _) => "euc-kr".to_owned(),
        ("950", _) => "big5".to_owned(),
        (digits, _) if digits.len() == 4 && digits.starts_with("125") => {
            format!("windows-{digits}")
        }
        (digits, _) if digits.starts_with("8859") => {
            format!("iso-8859-{}", digits.get(4..).unwrap_or_default())
        }
        _ => bare.clone(),
    };
    Encoding::for_label(name.as_bytes())
}

/// UTF-16 without a mark: every second byte of its first letters is nothing.
pub fn bare_utf16(front: &[u8]) -> Option<&'static Encoding> {
    match front.get(..4)? {
        [first, 0, third, 0] if *first > 0 && *third > 0 => Some(UTF_16LE),
        [0, second, 0, fourth] if *second > 0 && *fourth > 0 => Some(UTF_16BE),
        _ => None,
    }
}

/// What the XML declaration at the front names.
pub fn declared(front: &[u8]) -> Option<&'static Encoding> {
    let front = front.get(..front.len().min(DECLARATION_BYTES_MAX))?;
    let front = String::from_utf8_lossy(front);
    let (declaration, _) = front.trim_start().strip_prefix("<?xml")?.split_once("?>")?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value
        .chars()
        .next()
        .filter(|quote| "\"'".contains(*quote))?;
    by_name(value.get(1..)?.split(quote).next()?)
}

/// Recognises the charset of bytes of which one is no UTF-8. `letters_before`: how many letters
/// beyond ASCII were good UTF-8 up to there.
pub fn recognised(
    seen: &[u8],
    letters_before: usize,
    declared: Option<&'static Encoding>,
) -> Charset {
    let (mut good, mut bad) = (letters_before, 0usize);
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    for line in seen.split_inclusive(|byte| *byte == b'\n') {
        let (letters, strays) = counted(line);
        good = good.saturating_add(letters);
        bad = bad.saturating_add(strays);
        if strays > 0 {
            detector.feed(line, false);
        }
    }
    detector.feed(&[], true);
    let guess = detector.guess(None, Utf8Detection::Deny);
    if good > 0 && good >= bad {
        // Read letter by letter, so one byte must be one letter.
        let strays = if guess.is_single_byte() {
            guess
        } else {
            WINDOWS_1252
        };
        return Charset::Utf8 { strays };
    }
    // What is called Western European may be anything: it is what programs write that do not know.
    let is_vague = |named: &Encoding| named == WINDOWS_1252 && is_cyrillic_or_greek(guess);
    match declared {
        Some(named) if !is_vague(named) => Charset::Other(named),
        _ => Charset::Other(guess),
    }
}

fn is_cyrillic_or_greek(encoding: &'static Encoding) -> bool {
    let names = [
        "windows-1251",
        "KOI8-U",
        "KOI8-R",
        "IBM866",
        "ISO-8859-5",
        "windows-1253",
        "ISO-8859-7",
    ];
    names.contains(&encoding.name())
}

/// How many letters beyond ASCII are good UTF-8, and how many bytes or runs of bytes are not.
fn counted(mut bytes: &[u8]) -> (usize, usize) {
    let (mut good, mut bad) = (0usize, 0usize);
    let letters = |bytes: &[u8]| bytes.iter().filter(|byte| **byte >= 0xc0).count();
    loop {
        match std::str::from_utf8(bytes) {
            Ok(_) => return (good.saturating_add(letters(bytes)), bad),
            Err(error) => {
                let (front, rest) = bytes
                    .split_at_checked(error.valid_up_to())
                    .unwrap_or_default();
                good = good.saturating_add(letters(front));
                bad = bad.saturating_add(1);
                let length = error.error_len().unwrap_or(rest.len());
                bytes = rest.get(length..).unwrap_or_default();
            }
        }
    }
}

/// The name that people know.
pub fn shown(encoding: &'static Encoding) -> &'static str {
    if encoding == UTF_8 {
        "UTF-8"
    } else {
        encoding.name()
    }
}

#[cfg(test)]
mod tests {
    use super::{Charset, by_name, recognised};
    use encoding_rs::{Encoding, WINDOWS_1251, WINDOWS_1252};
    use proptest::prelude::*;

    #[test]
    fn charsets_have_many_names() {
        for (name, known) in [
            ("cp1251", "windows-1251"),
            ("CP-1251", "windows-1251"),
            ("1251", "windows-1251"),
            ("win1251", "windows-1251"),
            ("latin1", "windows-1252"),
            ("Latin-2", "ISO-8859-2"),
            ("ISO_8859-5", "ISO-8859-5"),
            ("koi8", "KOI8-R"),
            ("KOI8-U", "KOI8-U"),
            ("cp866", "IBM866"),
            ("utf8", "UTF-8"),
            ("UTF-16", "UTF-16LE"),
            ("cp936", "GBK"),
        ] {
            assert_eq!(by_name(name).map(Encoding::name), Some(known), "{name}");
        }
        assert_eq!(by_name("klingon"), None);
    }

    #[test]
    fn a_label_is_believed_where_the_bytes_allow_it() {
        let (russian, ..) = WINDOWS_1251.encode("Первый канал, Новости и погода для всех");
        let other = |named| recognised(&russian, 0, named);
        assert_eq!(other(None), Charset::Other(WINDOWS_1251));
        assert_eq!(other(Some(WINDOWS_1252)), Charset::Other(WINDOWS_1251));
        let (french, ..) = WINDOWS_1252.encode("L'été à la télévision française");
        let told = recognised(&french, 0, Some(WINDOWS_1252));
        assert_eq!(told, Charset::Other(WINDOWS_1252));
        // One bad byte among good letters is a bad byte.
        let one = "Первый канал \u{fffd}".as_bytes();
        let one = [one, b"\xe9"].concat();
        let told = recognised(&one, 0, Some(WINDOWS_1251));
        assert!(matches!(told, Charset::Utf8 { .. }), "{told:?}");
    }

    proptest! {
        #[test]
        fn fuzz_any_bytes_have_a_charset(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = recognised(&bytes, 0, None);
        }
    }
}
