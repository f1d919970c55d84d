//! What APIs written in PHP share: forms, flags and numbers as text, lists of identifiers in a
//! path, credentials in a header, and JSON as `json_encode` writes it.
//!
//! Must not know any dialect: which fields there are and how an error is worded is the caller's.
//! The rules are those of PHP itself; where one is told in a reference, it is named
//! (stalker-rest-v1 §1.5 to §1.7, and its B-numbers where we answer better).

mod fields;
mod form;
mod json;
mod members;
mod multipart;

pub use fields::{FIELDS_MAX, LIST_MAX, TooManyFields, Value};
pub use form::Form;
pub use json::{Array, Json, Object};

use std::collections::HashSet;

use data_encoding::BASE64_NOPAD;
use percent_encoding::percent_decode_str;

/// Most identifiers in one path.
pub const IDENTIFIERS_MAX: usize = 1_000;
/// Longest credentials in a header, in bytes of base64.
pub const CREDENTIALS_BYTES_MAX: usize = 2_048;

/// A flag: false only if it is empty or exactly `0`; `false`, `off`, `0.0`, `-1` and a space are
/// true (stalker-rest-v1 §1.5).
#[must_use]
pub fn truthy(text: &str) -> bool {
    !text.is_empty() && text != "0"
}

/// The whole number that a text begins with, as `(int)` of PHP has it: `12.7` and ` 12 days` are
/// 12, `1e3` is 1000, what begins with no number is 0, and what is too large is the largest.
#[must_use]
pub fn integer_part(text: &str) -> i64 {
    let text = text.trim_start_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, rest) = digits(unsigned);
    let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), digits);
    if whole.is_empty() && fraction.is_empty() {
        return 0;
    }
    // How many digits stand before the point once the exponent has moved it.
    let places = i64::try_from(whole.len()).unwrap_or(i64::MAX);
    let places = usize::try_from(places.saturating_add(exponent(rest))).unwrap_or(0);
    // Twenty zeros more make the largest number of whatever is not zero.
    let zeros = std::iter::repeat_n(b'0', 20);
    let shown = whole.bytes().chain(fraction.bytes()).chain(zeros);
    number(text.starts_with('-'), shown.take(places))
}

fn number(negative: bool, digits: impl Iterator<Item = u8>) -> i64 {
    digits.fold(0, |value: i64, digit| {
        let (value, digit) = (value.saturating_mul(10), i64::from(digit - b'0'));
        if negative {
            value.saturating_sub(digit)
        } else {
            value.saturating_add(digit)
        }
    })
}

/// The digits that a text begins with, and what follows them.
fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit());
    text.split_at(end.unwrap_or(text.len()))
}

/// The value of `e3`, `E+3` or `e-3`; 0 if the text begins with none.
fn exponent(text: &str) -> i64 {
    let Some(text) = text.strip_prefix(['e', 'E']) else {
        return 0;
    };
    let (unsigned, _) = digits(text.strip_prefix(['-', '+']).unwrap_or(text));
    number(text.starts_with('-'), unsigned.bytes())
}

/// What the part of a path that names things names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identifiers {
    /// The path has no such part.
    Absent,
    /// It has one, and nothing in it: it must not mean everything (stalker-rest-v1 B3).
    Blank,
    /// At least one, each once (stalker-rest-v1 B17), in the order in which they came.
    Given(Vec<String>),
}

/// There are more than [`IDENTIFIERS_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyIdentifiers;

/// Reads identifiers from a segment of a path as the client sent it, still percent-encoded.
///
/// It is decoded before it is split at `,` (stalker-rest-v1 §1.6). A `+` is a plus; whoever finds
/// nothing by it tries a space (B27). That the empty segment after a closing slash is none is for
/// the caller to know.
pub fn identifiers(segment: Option<&str>) -> Result<Identifiers, TooManyIdentifiers> {
    let Some(segment) = segment else {
        return Ok(Identifiers::Absent);
    };
    let decoded = percent_decoded(segment);
    let mut seen = HashSet::new();
    // Blanks at the end are nothing, so that one of blanks is an empty one (stalker-rest-v1 §1.6,
    // B3).
    let entries = decoded
        .split(',')
        .filter(|entry| !entry.trim_end_matches(' ').is_empty());
    let mut given = Vec::new();
    for entry in entries.filter(|entry| seen.insert(*entry)) {
        if given.len() == IDENTIFIERS_MAX {
            return Err(TooManyIdentifiers);
        }
        given.push(entry.to_owned());
    }
    Ok(if given.is_empty() {
        Identifiers::Blank
    } else {
        Identifiers::Given(given)
    })
}

/// `%XX` as the byte it means; what is no such escape stays as it is, and so does `+`.
#[must_use]
pub fn percent_decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Login and password of an `Authorization` header with HTTP Basic (stalker-rest-v1 §1.2).
///
/// The scheme is read in any letter case, padding may be missing, the password may contain `:`.
#[must_use]
pub fn basic_credentials(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.trim().split_once(' ')?;
    let encoded = encoded.trim().trim_end_matches('=');
    if !scheme.eq_ignore_ascii_case("Basic") || encoded.len() > CREDENTIALS_BYTES_MAX {
        return None;
    }
    let decoded = BASE64_NOPAD.decode(encoded.as_bytes()).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    let (login, password) = decoded.split_once(':')?;
    Some((login.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{
        CREDENTIALS_BYTES_MAX, IDENTIFIERS_MAX, Identifiers, TooManyIdentifiers, basic_credentials,
        identifiers, integer_part, truthy,
    };
    use data_encoding::BASE64;
    use proptest::prelude::*;

    #[test]
    fn only_nothing_and_zero_are_false() {
        for text in ["", "0"] {
            assert!(!truthy(text), "{text:?}");
        }
        for text in ["1", "false", "off", "0.0", "-1", " ", "00"] {
            assert!(truthy(text), "{text:?}");
        }
    }

    #[test]
    fn integers_are_what_a_text_begins_with() {
        for (text, number) in [
            ("", 0),
            ("0", 0),
            ("12", 12),
            ("-12", -12),
            ("+12", 12),
            (" \t\n\r\u{b}\u{c}12", 12),
            ("\u{a0}12", 0),
            ("12 days", 12),
            ("12.7", 12),
            ("-12.7", -12),
            (".7", 0),
            ("12.", 12),
            (".", 0),
            ("-", 0),
            ("- 12", 0),
            ("--12", 0),
            ("e3", 0),
            ("1e3", 1_000),
            ("1E+3", 1_000),
            ("1.5e3", 1_500),
            ("1.e3", 1_000),
            (".5e1", 5),
            ("-1.25e1", -12),
            ("1234e-2", 12),
            ("1e-99999999999999999999", 0),
            ("1e", 1),
            ("1e+", 1),
            ("0e99", 0),
            ("0x1A", 0),
            ("00012", 12),
            ("9223372036854775807", i64::MAX),
            ("9223372036854775808", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            ("-9223372036854775809", i64::MIN),
            ("99999999999999999999999999", i64::MAX),
            ("1e1000", i64::MAX),
            ("-1e99999999999999999999", i64::MIN),
            ("nan", 0),
        ] {
            assert_eq!(integer_part(text), number, "{text:?}");
        }
    }

    #[test]
    fn identifiers_are_decoded_before_they_are_split() {
        for (segment, given) in [
            ("1", vec!["1"]),
            ("0", vec!["0"]),
            ("1,2", vec!["1", "2"]),
            ("00%3A1A%3A79%3a00:21:40", vec!["00:1A:79:00:21:40"]),
            ("a%2Cb,c", vec!["a", "b", "c"]),
            (",1,,2,", vec!["1", "2"]),
            ("2,1,2,1", vec!["2", "1"]),
            ("a,A", vec!["a", "A"]),
            ("a+b,a%2Bb,a%20b", vec!["a+b", "a b"]),
            ("%,%4,%zz,%2", vec!["%", "%4", "%zz", "%2"]),
            ("%D0%98", vec!["И"]),
            ("%ff", vec!["\u{fffd}"]),
            (" a, ,%20%20,b ", vec![" a", "b "]),
        ] {
            let given = given.into_iter().map(str::to_owned).collect();
            let read = identifiers(Some(segment));
            assert_eq!(read, Ok(Identifiers::Given(given)), "{segment}");
        }
    }

    #[test]
    fn no_identifiers_are_not_all_of_them() {
        assert_eq!(identifiers(None), Ok(Identifiers::Absent));
        for segment in ["", ",", ",,,", "%2C", " ", "%20", "%20%20,", ", ,"] {
            let read = identifiers(Some(segment));
            assert_eq!(read, Ok(Identifiers::Blank), "{segment:?}");
        }
    }

    #[test]
    fn identifiers_are_bounded() {
        let list = |count: usize| {
            (0..count)
                .map(|n| n.to_string())
                .collect::<Vec<_>>()
                .join(",")
        };
        let many = identifiers(Some(&list(IDENTIFIERS_MAX)));
        assert!(matches!(many, Ok(Identifiers::Given(all)) if all.len() == IDENTIFIERS_MAX));
        let too_many = identifiers(Some(&list(IDENTIFIERS_MAX + 1)));
        assert_eq!(too_many, Err(TooManyIdentifiers));
        // What is left out does not count.
        assert!(identifiers(Some(&"1,,".repeat(IDENTIFIERS_MAX + 1))).is_ok());
    }

    #[test]
    fn credentials_are_login_and_password() {
        let read = |header: &str| {
            let read = basic_credentials(header);
            read.map(|(login, password)| format!("{login} {password}"))
        };
        for (header, credentials) in [
            ("Basic YWRtaW46c2VjcmV0", "admin secret"),
            ("basic YWRtaW46c2VjcmV0", "admin secret"),
            ("BASIC  YWRtaW46c2VjcmV0 ", "admin secret"),
            ("Basic YTpi", "a b"),
            ("Basic YTpiOmM6", "a b:c:"),
            ("Basic YTpiOmM=", "a b:c"),
            ("Basic YTpiOmM", "a b:c"),
            ("Basic YWI6YzE=", "ab c1"),
            ("Basic YWI6Yw==", "ab c"),
            ("Basic YWI6Yw", "ab c"),
            ("Basic Og==", " "),
            ("Basic 0Jg60Jg=", "И И"),
        ] {
            assert_eq!(read(header).as_deref(), Some(credentials), "{header}");
        }
        for header in [
            "",
            "Basic",
            "Basic ",
            "Basic YWRtaW4=",
            "Basic ####",
            "Basic /zr/",
            "Bearer YWRtaW46c2VjcmV0",
            "YWRtaW46c2VjcmV0",
        ] {
            assert_eq!(read(header), None, "{header}");
        }
        let long = |bytes| format!("Basic {}", BASE64.encode(&vec![b':'; bytes]));
        assert!(read(&long(CREDENTIALS_BYTES_MAX / 4 * 3)).is_some());
        assert!(read(&long(CREDENTIALS_BYTES_MAX / 4 * 3 + 3)).is_none());
    }

    proptest! {
        #[test]
        fn fuzz_integers_are_read_back(number in any::<i64>(), rest in "[ .a-z]?[a-z ]{0,9}") {
            prop_assume!(!rest.starts_with('e'));
            prop_assert_eq!(integer_part(&format!("{number}{rest}")), number);
        }

        #[test]
        fn fuzz_texts_never_panic(text in "\\PC{0,60}", number in "[-+ .eE0-9]{0,40}") {
            let _ = integer_part(&text);
            let _ = integer_part(&number);
            let _ = identifiers(Some(&text));
            let _ = basic_credentials(&text);
            let _ = basic_credentials(&format!("Basic {text}"));
        }

        #[test]
        fn fuzz_credentials_are_read_back(login in "[^:]{0,20}", password in "\\PC{0,20}") {
            let both = format!("{login}:{password}");
            let header = format!("Basic {}", BASE64.encode(both.as_bytes()));
            prop_assert_eq!(basic_credentials(&header), Some((login, password)));
        }

        #[test]
        fn fuzz_identifiers_are_read_back(names in proptest::collection::vec("[^,%]{1,9}", 1..9)) {
            let escaped = |name: &String| {
                name.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat()
            };
            let segment = names.iter().map(escaped).collect::<Vec<_>>().join(",");
            let plain = identifiers(Some(&names.join(",")));
            prop_assert_eq!(identifiers(Some(&segment)), plain);
        }
    }
}
