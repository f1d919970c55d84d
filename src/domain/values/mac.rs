//! MAC addresses: six octets by which a set-top box is known.

use std::fmt;

/// The address of a set-top box. Parsed once, where it comes in; devices of other kinds have any
/// text for one, which is none of these.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac([u8; 6]);

impl Mac {
    /// Six octets in any common notation: `00:1A:79:00:39:5E`, with hyphens, or with nothing
    /// between them, in upper or lower case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let (separator, step) = match bytes {
            [_, _, between @ (b':' | b'-'), ..] if bytes.len() == 17 => (Some(between), 3),
            _ if bytes.len() == 12 => (None, 2),
            _ => return None,
        };
        let mut octets = [0; 6];
        for (octet, pair) in octets.iter_mut().zip(bytes.chunks(step)) {
            let (high, low) = match (pair, separator) {
                ([high, low], _) => (*high, *low),
                ([high, low, after], Some(between)) if after == between => (*high, *low),
                _ => return None,
            };
            let value = |digit: u8| char::from(digit).to_digit(16);
            *octet = u8::try_from(value(high)? * 16 + value(low)?).ok()?;
        }
        Some(Self(octets))
    }

    /// The same with nothing between its octets, as a login or contract number may be written.
    #[must_use]
    pub fn bare(self) -> String {
        data_encoding::HEXUPPER.encode(&self.0)
    }

    /// Whether a text is a MAC address that could as well be a login or a contract number: twelve
    /// hexadecimal digits with nothing between them.
    #[must_use]
    pub fn reads_as_number(text: &str) -> bool {
        let text = text.trim();
        text.len() == 12 && Self::parse(text).is_some()
    }
}

/// The usual spelling, `00:1A:79:00:39:5E`.
impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, octet) in self.0.iter().enumerate() {
            let before = if position == 0 { "" } else { ":" };
            write!(f, "{before}{octet:02X}")?;
        }
        Ok(())
    }
}

/// As the text that it is.
impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::Mac;
    use proptest::prelude::*;

    #[test]
    fn macs_meet_in_one_spelling() {
        for text in ["00:1a:79:00:39:5e", "00-1A-79-00-39-5E", "001a7900395E"] {
            let mac = Mac::parse(text).unwrap();
            assert_eq!(mac.to_string(), "00:1A:79:00:39:5E");
            assert_eq!(mac.bare(), "001A7900395E");
            assert_eq!(format!("{mac:?}"), "\"00:1A:79:00:39:5E\"");
        }
        for text in [
            "82:90:A8:59:D2:B1:C0:76",
            "F3:1F:6:D3:CE:97",
            "",
            "ada",
            "00:1a:79:00:39:5g",
            "00:1a-79:00-39:5e",
            "00:1:a79:00:39:5e",
            "001:a7:90:03:95:e",
            "00:1a:79:00:39:5\u{e9}",
            "00:1a:79:00:395e:",
            "+01a79+0395e",
        ] {
            assert_eq!(Mac::parse(text), None, "{text}");
        }
    }

    #[test]
    fn twelve_hexadecimal_digits_are_a_mac_or_a_number() {
        assert!(Mac::reads_as_number("001a7900395e"));
        assert!(Mac::reads_as_number(" 001A7900395E "));
        assert!(
            !Mac::reads_as_number("00:1a:79:00:39:5e"),
            "that is a MAC only"
        );
        assert!(!Mac::reads_as_number("001a7900395g") && !Mac::reads_as_number("123"));
    }

    proptest! {
        #[test]
        fn fuzz_macs_never_panic_and_parse_back(text in "[-:0-9a-fA-F]{12,17}|\\PC{0,20}") {
            if let Some(mac) = Mac::parse(&text) {
                prop_assert_eq!(Mac::parse(&mac.to_string()), Some(mac));
                let digits = text.replace([':', '-'], "");
                prop_assert_eq!(mac.bare(), digits.to_ascii_uppercase());
            }
        }
    }
}
