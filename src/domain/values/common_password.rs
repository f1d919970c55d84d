//! Passwords that whoever guesses tries first: common ones, rows of letters, and the name itself.

/// Folded, without what people hang on to the ends. Lines of nothing but such words.
const COMMON: &str = include_str!("common_passwords.txt");

/// Rows of keys and letters along which people run a finger.
const ROWS: &[&str] = &[
    "abcdefghijklmnopqrstuvwxyz",
    "0123456789",
    "1234567890",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "qsdfghjklm",
    "zxcvbnm",
    "yxcvbnm",
    "wxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "qazwsxedcrfvtgbyhnujm",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "йцукенгшщзхъ",
    "фывапролджэ",
    "ячсмитьбю",
];

/// How many digits and signs around a common one make it no other.
const ADDED_MAX: usize = 6;

/// Why a password is one that others guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guessable {
    /// It is among the common ones.
    Common,
    /// It is the name of whoever signs in with it, or little more.
    Name,
    /// It is a row of keys, or one piece again and again.
    Pattern,
}

impl Guessable {
    /// What is wrong, to go on from "must not be".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Common => "one of the passwords that everybody tries first",
            Self::Name => "the name with little added",
            Self::Pattern => "a row of keys or a repetition",
        }
    }
}

/// Whether somebody who knows the name would guess the password soon.
#[must_use]
pub fn guessable(name: &str, password: &str) -> Option<Guessable> {
    let folded = password.trim().to_lowercase();
    let plain = unleeted(&folded);
    let is_common = |text: &str| !text.is_empty() && COMMON.lines().any(|line| line == text);
    let pieces = [&folded, &plain].map(|text| [text.as_str(), stripped(text)]);
    let core = unleeted(stripped(&folded));
    if is_common(&core) || pieces.into_iter().flatten().any(is_common) {
        return Some(Guessable::Common);
    }
    let name: String = name
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect();
    let letters: String = folded.chars().filter(|c| c.is_alphanumeric()).collect();
    let backwards: String = name.chars().rev().collect();
    for name in [&name, &backwards] {
        // A name of a letter or two stands in half of all passwords.
        let rest = letters.replace(name.as_str(), "");
        if name.chars().count() >= 3 && rest != letters && rest.chars().count() < 5 {
            return Some(Guessable::Name);
        }
    }
    is_pattern(&folded).then_some(Guessable::Pattern)
}

/// Without the digits and signs at both ends, as far as they are few: many are a password
/// themselves.
fn stripped(text: &str) -> &str {
    let core = text.trim_matches(|c: char| !c.is_alphabetic());
    let added = text.chars().count().saturating_sub(core.chars().count());
    if added <= ADDED_MAX { core } else { text }
}

/// With the letters for which people write digits and signs.
fn unleeted(text: &str) -> String {
    let letter = |c| match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    text.chars().map(letter).collect()
}

fn is_pattern(folded: &str) -> bool {
    let letters: Vec<char> = folded.chars().collect();
    let count = letters.len();
    // One piece again and again, the last time perhaps cut off.
    let repeats = |piece: usize| {
        letters
            .iter()
            .skip(piece)
            .eq(letters.iter().take(count.saturating_sub(piece)))
    };
    if (1..=count / 2).any(repeats) && count > 0 {
        return true;
    }
    // Rows, up and down, one after another: each piece of three and more is one.
    let mut at = 0;
    let mut pieces = 0usize;
    while at < count {
        let rest = letters.get(at..).unwrap_or_default();
        let longest = (3..=rest.len()).rev().find(|length| {
            let piece: String = rest.iter().take(*length).collect();
            let back: String = rest.iter().take(*length).rev().collect();
            ROWS.iter()
                .any(|row| row.contains(&piece) || row.contains(&back))
        });
        let Some(longest) = longest else {
            return false;
        };
        at = at.saturating_add(longest);
        pieces = pieces.saturating_add(1);
    }
    pieces > 0 && pieces <= 3
}

#[cfg(test)]
mod tests {
    use super::{COMMON, Guessable, guessable};
    use proptest::prelude::*;

    #[test]
    fn what_everybody_tries_first_is_named() {
        for (password, why) in [
            ("password", Guessable::Common),
            ("Password", Guessable::Common),
            ("P@ssw0rd", Guessable::Common),
            ("password1", Guessable::Common),
            ("Password2026!", Guessable::Common),
            ("P@$$w0rd2026", Guessable::Common),
            ("!!letmein!!", Guessable::Common),
            ("iloveyou", Guessable::Common),
            ("welcome123", Guessable::Common),
            ("Admin2026", Guessable::Common),
            ("boxoffice1", Guessable::Common),
            ("12345678", Guessable::Pattern),
            ("87654321", Guessable::Pattern),
            ("qwertyuiop", Guessable::Pattern),
            ("1q2w3e4r", Guessable::Pattern),
            ("qwerty123456", Guessable::Pattern),
            ("abcdefgh", Guessable::Pattern),
            ("aaaaaaaa", Guessable::Pattern),
            ("abcabcabc", Guessable::Pattern),
            ("12341234", Guessable::Pattern),
            ("olive123", Guessable::Name),
            ("Olive-2026", Guessable::Name),
            ("oliveolive", Guessable::Name),
            ("evilo999", Guessable::Name),
        ] {
            let found = guessable("Olive", password);
            assert!(found.is_some(), "{password}");
            // A repeated or common one may be several at once.
            if why != Guessable::Pattern {
                assert_eq!(found, Some(why), "{password}");
            }
        }
        for password in [
            "a long enough password",
            "correct horse battery staple",
            "another one",
            "olive trees in april",
            "tr0ub4dor&3x",
            "7hq-zz2-mm9",
            "Ferienhaus am See",
        ] {
            assert_eq!(guessable("Olive", password), None, "{password}");
        }
        assert_eq!(guessable("al", "calm winter"), None, "a short name");
    }

    #[test]
    fn the_list_is_folded_and_has_no_doubles() {
        let words: Vec<&str> = COMMON.lines().collect();
        let apart: std::collections::BTreeSet<&str> = words.iter().copied().collect();
        assert_eq!(words.len(), apart.len());
        assert!(words.len() > 300, "{}", words.len());
        for word in words {
            assert_eq!(word, word.trim().to_lowercase(), "{word}");
            assert!(!word.is_empty());
        }
    }

    proptest! {
        #[test]
        fn fuzz_random_ones_are_good_and_nothing_panics(
            name in "\\PC{0,12}", password in "\\PC{0,40}", good in "[a-z0-9]{24}",
        ) {
            let _ = guessable(&name, &password);
            prop_assert_eq!(guessable("ada", &good), None);
        }
    }
}
