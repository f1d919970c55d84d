//! Words and numbers as people type them when they look for somebody: in any case, without accents,
//! in Latin or Cyrillic letters, with or without what stands between digits.
//!
//! What is folded is kept in an index: another folding needs a new layout of the file.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Longest folded word, in letters; what is longer is found by its beginning.
pub const WORD_CHARS_MAX: usize = 20;
/// Most words of one text.
pub const WORDS_MAX: usize = 8;
/// Fewest digits by which a number is found.
pub const DIGITS_MIN: usize = 4;
/// Most digits of a number that are kept.
const DIGITS_MAX: usize = 15;

/// The words of a text, folded, in their order, each once.
#[must_use]
pub fn folded_words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for letter in text.nfkd().flat_map(char::to_lowercase) {
        if is_combining_mark(letter) || is_inside(letter) {
            continue;
        }
        let Some(word) = words.last_mut() else { break };
        if letter.is_alphanumeric() {
            push(word, letter);
        } else if !word.is_empty() {
            if words.len() == WORDS_MAX {
                break;
            }
            words.push(String::new());
        }
    }
    let mut seen: Vec<String> = Vec::new();
    for word in words {
        let word: String = word.chars().take(WORD_CHARS_MAX).collect();
        if !word.is_empty() && !seen.contains(&word) {
            seen.push(word);
        }
    }
    seen
}

/// Marks that stand inside a word.
fn is_inside(letter: char) -> bool {
    matches!(letter, '\'' | '`' | '\u{2bc}' | '\u{2018}' | '\u{2019}')
}

/// Adds a letter as it is compared: those of one sound are one, in one alphabet.
fn push(word: &mut String, letter: char) {
    let plain = match letter {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ħ' => "h",
        // Greek at the end of a word.
        'ς' => "σ",
        'а' => "a",
        'б' => "b",
        'в' => "v",
        'г' | 'ґ' => "g",
        'д' | 'ђ' | 'đ' | 'ð' => "d",
        'е' | 'э' | 'є' | 'ё' => "e",
        'ж' => "zh",
        'з' => "z",
        'и' | 'і' | 'ї' | 'й' | 'ы' | 'ј' | 'y' | 'ı' => "i",
        'к' | 'ќ' => "k",
        'л' | 'ł' => "l",
        'м' => "m",
        'н' => "n",
        'о' | 'ø' => "o",
        'п' => "p",
        'р' => "r",
        'с' => "s",
        'т' => "t",
        'у' | 'ў' => "u",
        'ф' => "f",
        'х' => "kh",
        'ц' => "ts",
        'ч' | 'ћ' => "ch",
        'ш' => "sh",
        'щ' => "shch",
        'ю' => "iu",
        'я' => "ia",
        'љ' => "lj",
        'њ' => "nj",
        'џ' => "dz",
        'ь' | 'ъ' => "",
        other => {
            word.push(other);
            return;
        }
    };
    word.push_str(plain);
}

/// The digits of a phone number from its end, so that the end of it is the beginning of a key:
/// without what opens a trunk or a foreign line. `None`: there are too few.
#[must_use]
pub fn digits_from_end(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    let kept = digits.chars().rev().take(DIGITS_MAX);
    Some(kept.collect::<String>()).filter(|kept| kept.len() >= DIGITS_MIN)
}

/// What a typed number may be the end of, from its end: a leading zero may open a trunk line, or
/// stand in the middle of the whole. None of a text that is not written as phone numbers are.
#[must_use]
pub fn typed_ends(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_digit() || " +-./()\u{a0}".contains(c);
    if !text.chars().all(is_part) {
        return Vec::new();
    }
    let digits = text.chars().rev().filter(char::is_ascii_digit);
    let as_typed: String = digits.take(DIGITS_MAX).collect();
    let mut ends: Vec<String> = digits_from_end(text).into_iter().collect();
    if as_typed.len() >= DIGITS_MIN && !ends.contains(&as_typed) {
        ends.push(as_typed);
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::{WORD_CHARS_MAX, WORDS_MAX, digits_from_end, folded_words, typed_ends};
    use proptest::prelude::*;

    #[test]
    fn words_meet_in_one_form() {
        for (one, other) in [
            ("Mia Moss", "MIA moss"),
            ("Žofia Šťastná", "zofia stastna"),
            ("Jürgen Groß", "jurgen gross"),
            ("Łukasz Ødegård", "lukasz odegard"),
            ("O'Brien-Smith", "obrien smith"),
            ("O’Brien, Smith", "obrien smith"),
            ("Ёлкин", "елкин"),
            ("Юрий", "Юрии"),
            ("Михаил", "Mikhail"),
            ("Yana", "Яна"),
            ("Їжак", "Йжак"),
            // Composed and decomposed.
            ("Zo\u{eb}", "Zoe\u{308}"),
            ("Андрей", "Андреи\u{306}"),
        ] {
            assert_eq!(folded_words(one), folded_words(other), "{one}, {other}");
        }
        assert_eq!(
            folded_words("Anna-Maria 2nd (Anna)"),
            ["anna", "maria", "2nd"]
        );
        assert!(folded_words(" -, '").is_empty());
        assert_ne!(folded_words("Mia"), folded_words("Mio"));
    }

    #[test]
    fn numbers_meet_at_their_end() {
        let kept = "654321509124";
        for text in ["+421 905 123 456", "00421905123456", "(421) 905-123.456"] {
            assert_eq!(digits_from_end(text).as_deref(), Some(kept), "{text}");
            assert!(typed_ends(text).iter().any(|end| end == kept), "{text}");
        }
        for text in ["0905 123 456", "123456", "3456"] {
            let end = digits_from_end(text).unwrap();
            assert!(kept.starts_with(&end), "{text}");
        }
        for text in ["", "345", "00034", "call me"] {
            assert_eq!(digits_from_end(text), None, "{text}");
        }
        assert_eq!(typed_ends("0 111"), ["1110"]);
        assert!(typed_ends("flat 3456").is_empty() && typed_ends("345").is_empty());
    }

    proptest! {
        #[test]
        fn fuzz_folding_is_bounded_and_stands_still(text in "\\PC{0,120}") {
            let words = folded_words(&text);
            prop_assert!(words.len() <= WORDS_MAX);
            for word in &words {
                prop_assert!(word.chars().count() <= WORD_CHARS_MAX && !word.contains('\0'));
                prop_assert_eq!(&folded_words(word)[..], std::slice::from_ref(word));
            }
            prop_assert!(typed_ends(&text).len() <= 2);
        }
    }
}
