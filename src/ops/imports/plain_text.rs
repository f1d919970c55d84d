//! Texts of a guide as plain text: without HTML, and joined to lists.

use super::one_line::one_line;
use crate::domain::catalogue::guide::DESCRIPTION_CHARS_MAX;

/// How far behind a `<` its `>` may be, in text with HTML in it.
const TAG_BYTES_MAX: usize = 1_000;

/// Elements of HTML that texts are known to have; the first ones break the line.
pub(super) const BREAKS: &[&str] = &["br", "p", "div", "li", "tr", "hr", "h1", "h2", "h3", "h4"];
pub(super) const HTML: &[&str] = &[
    "a", "b", "big", "center", "em", "font", "i", "img", "ol", "s", "small", "span", "strong",
    "sub", "sup", "table", "tbody", "td", "th", "u", "ul",
];

/// Adds one more to a list in words; one that does not fit whole is left out.
pub(super) fn join(list: &mut String, text: &str, chars_max: usize) {
    let one = one_line(text, chars_max);
    if one.is_empty() || list.split(", ").any(|held| held == one) {
        return;
    }
    if list.is_empty() {
        *list = one;
    } else if list.chars().count().saturating_add(one.chars().count()) < chars_max.saturating_sub(1)
    {
        list.push_str(", ");
        list.push_str(&one);
    }
}

/// A description as text: without HTML, its lines without spaces at their ends.
pub(super) fn plain(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        bare.push_str(before);
        rest = match tag(after) {
            Some((breaks, after)) => {
                bare.push_str(if breaks { "\n" } else { "" });
                after
            }
            None => {
                bare.push('<');
                after
            }
        };
    }
    bare.push_str(rest);
    let bare = bare.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines = String::with_capacity(bare.len());
    for line in bare.lines() {
        let line = one_line(line, DESCRIPTION_CHARS_MAX);
        if !line.is_empty() {
            if !lines.is_empty() {
                lines.push('\n');
            }
            lines.push_str(&line);
        }
    }
    match lines.char_indices().nth(DESCRIPTION_CHARS_MAX) {
        Some((end, _)) => lines.get(..end).unwrap_or_default().trim_end().to_owned(),
        None => lines,
    }
}

/// What follows the tag whose `<` was just read, and whether the tag breaks the line. `None`: it is
/// none.
fn tag(after: &str) -> Option<(bool, &str)> {
    let first = after.chars().next()?;
    if !first.is_ascii_alphabetic() && !matches!(first, '/' | '!') {
        return None;
    }
    let end = after
        .bytes()
        .take(TAG_BYTES_MAX)
        .position(|byte| byte == b'>')?;
    let (inside, rest) = after.split_at_checked(end)?;
    let name = inside.trim_start_matches('/');
    let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
    let breaks = BREAKS.iter().any(|word| name.eq_ignore_ascii_case(word));
    Some((breaks, rest.get(1..)?))
}
