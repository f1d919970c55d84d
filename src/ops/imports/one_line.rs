//! Texts of a source as they stand in one line, and names as they are compared.

/// Longest text in a line of a report, in characters.
const NOTE_CHARS_MAX: usize = 100;

/// A text in one line: runs of spaces, line breaks and what cannot be shown become one space.
pub(super) fn one_line(text: &str, chars_max: usize) -> String {
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    let mut line = String::with_capacity(text.len().min(chars_max));
    let mut chars = 0usize;
    for word in text.split(|c: char| shown(c).is_whitespace()) {
        if word.is_empty() {
            continue;
        }
        let gap = usize::from(!line.is_empty());
        if chars.saturating_add(gap) >= chars_max {
            break;
        }
        if gap > 0 {
            line.push(' ');
        }
        chars = chars.saturating_add(gap);
        let room = chars_max.saturating_sub(chars);
        let before = line.len();
        line.extend(word.chars().take(room));
        let added = line.get(before..).unwrap_or_default().chars().count();
        chars = chars.saturating_add(added);
    }
    line
}

/// A text for a line of a report.
pub(super) fn shown(text: &str) -> String {
    one_line(text, NOTE_CHARS_MAX)
}

/// A name as it is compared: case, spaces at the ends and `_` for a space do not count.
pub(super) fn folded(name: &str) -> String {
    let name = name.to_lowercase().replace('_', " ");
    one_line(&name, usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::{folded, one_line};
    use proptest::prelude::*;

    #[test]
    fn names_are_compared_without_case_and_spaces() {
        assert_eq!(folded("  Das_ERSTE \t HD "), "das erste hd");
        assert_eq!(folded("ПЕРВЫЙ"), "первый");
    }

    proptest! {
        #[test]
        fn a_line_is_one_and_within_its_bound(
            text in "\\PC{0,40}|[ \n\r\t\0a]{0,40}",
            max in 0..30usize,
        ) {
            let line = one_line(&text, max);
            prop_assert!(line.chars().count() <= max);
            prop_assert!(!line.contains(['\n', '\r', '\0']));
            prop_assert_eq!(line.trim(), line.as_str());
            prop_assert_eq!(one_line(&line, max), line);
        }
    }
}
