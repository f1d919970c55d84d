//! Names that people take for one another: another letter case, letters of another alphabet that
//! look the same, blanks and marks that show nowhere.

use unicode_normalization::UnicodeNormalization as _;
use unicode_security::confusable_detection::skeleton;

/// What a name looks like: two names with the same look are one to whoever reads them.
#[must_use]
pub fn look(name: &str) -> String {
    // Compatibility forms first (full width, ligatures), then what shows nowhere goes; lookalikes
    // fall together in lower and in upper case, so case is folded before and after.
    let shown: String = name.nfkc().filter(|letter| !is_unseen(*letter)).collect();
    let folded = shown.to_lowercase();
    let alike: String = skeleton(&folded).collect();
    // The usual stand-ins for letters, as far as they were not one letter by now.
    let mut look = String::with_capacity(alike.len());
    for letter in alike.to_lowercase().chars() {
        match letter {
            '0' => look.push('o'),
            '1' | '|' | 'i' | 'ı' => look.push('l'),
            letter => look.push(letter),
        }
    }
    look
}

/// Whether a letter shows nowhere, or as a gap.
fn is_unseen(letter: char) -> bool {
    letter.is_whitespace()
        || letter.is_control()
        || matches!(letter,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether a name has marks that show nowhere, or blanks where nobody sees them.
#[must_use]
pub fn hides_something(name: &str) -> bool {
    name.trim() != name
        || name
            .chars()
            .any(|letter| is_unseen(letter) && letter != ' ')
        || name.contains("  ")
}

#[cfg(test)]
mod tests {
    use super::{hides_something, look};
    use proptest::prelude::*;

    #[test]
    fn names_that_look_alike_have_one_look() {
        for (one, other) in [
            ("owner", "OWNER"),
            ("owner", "оwner"),
            ("owner", "οwner"),
            ("owner", "owner "),
            ("owner", " owner"),
            ("owner", "ow\u{200b}ner"),
            ("owner", "ow\u{ad}ner"),
            ("owner", "own\u{202e}er"),
            ("owner", "ｏｗｎｅｒ"),
            ("owner", "0wner"),
            ("olive", "OLІVE"),
            ("olive", "oIive"),
            ("paul", "pau1"),
            ("paul", "РАUL"),
            ("ann marie", "ann\u{a0}marie"),
            ("müller", "mu\u{308}ller"),
            ("ﬁona", "fiona"),
            ("Анна", "анна"),
        ] {
            assert_eq!(look(one), look(other), "{one} {other}");
        }
        for (one, other) in [
            ("owner", "owners"),
            ("ann", "anna"),
            ("müller", "muller"),
            ("a2", "a3"),
        ] {
            assert_ne!(look(one), look(other), "{one} {other}");
        }
    }

    #[test]
    fn what_nobody_sees_is_noticed() {
        for name in [" a", "a ", "a\u{200b}b", "a\u{a0}b", "a  b", "\u{feff}a"] {
            assert!(hides_something(name), "{name:?}");
        }
        for name in ["a", "a b", "Ünal", "Анна К"] {
            assert!(!hides_something(name), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn fuzz_a_look_is_the_look_of_any_letter_case(name in "\\PC{0,20}") {
            let _ = hides_something(&name);
            let ascii: String = name.chars().filter(char::is_ascii).collect();
            prop_assert_eq!(look(&ascii), look(&ascii.to_uppercase()));
            prop_assert_eq!(look(&ascii), look(&ascii.to_lowercase()));
        }
    }
}
