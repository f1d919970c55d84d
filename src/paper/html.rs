//! The document as a web page: complete in itself, without scripts and without anything to fetch.
//!
//! Must not know where it is served, or under which headers: a strict content policy has to allow
//! the one inline style.

use std::sync::LazyLock;

use serde::Serialize;

use super::document::{Paper, PaperError};
use super::template::Template;

const SOURCE: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/assets/templates/paper.html"
));
const STYLE: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/assets/templates/paper.css"
));

static TEMPLATE: LazyLock<Template> =
    LazyLock::new(|| Template::new(SOURCE, escape).with("style", STYLE));

#[derive(Serialize)]
struct Page<'p> {
    paper: &'p Paper,
    title: String,
    details: Vec<(&'p str, &'p str)>,
}

/// The document as a complete HTML page, for the screen by day and night and for the printer.
pub fn html(paper: &Paper) -> Result<String, PaperError> {
    let heading = paper.heading();
    let seller = paper.seller.first().map_or("", String::as_str);
    let words = [heading.as_str(), seller].into_iter();
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    TEMPLATE.fill(&Page {
        paper,
        title: words.join(" – "),
        details: paper.details(),
    })
}

/// A text as it may stand anywhere in a page, also between quotes.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(character),
            // No page may hold them, whatever way they are written.
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::sample::paper;
    use super::{escape, html};
    use crate::paper::document::Paper;

    #[test]
    fn everything_on_the_paper_is_on_the_page() {
        let mut paper = paper(2);
        paper.corrects = Some("2026-000041".to_owned());
        let page = html(&paper).unwrap();
        assert!(page.starts_with("<!doctype html>\n<html lang=\"en\">"));
        let mut words = vec![paper.title, paper.number, paper.issued, paper.total.1];
        words.extend(paper.corrects);
        words.extend(paper.seller);
        words.extend(paper.buyer);
        words.extend(paper.notes);
        for (key, value) in paper.facts.into_iter().chain(paper.totals) {
            words.extend([key, value]);
        }
        for line in paper.lines {
            words.push(line.title);
            words.extend(line.numbers);
        }
        for word in words {
            assert!(page.contains(&word), "{word}");
        }
    }

    #[test]
    fn nothing_given_becomes_markup() {
        let evil = "</title></style><script>alert('1')</script>\"&\0";
        let mut paper = paper(1);
        for text in [&mut paper.title, &mut paper.number, &mut paper.issued] {
            evil.clone_into(text);
        }
        paper.corrects = Some(evil.to_owned());
        paper.seller = vec![evil.to_owned(); 2];
        paper.buyer = vec![evil.to_owned(); 2];
        paper.facts = vec![(evil.to_owned(), evil.to_owned())];
        paper.totals = paper.facts.clone();
        paper.total = (evil.to_owned(), evil.to_owned());
        paper.notes = vec![evil.to_owned()];
        for line in &mut paper.lines {
            evil.clone_into(&mut line.title);
            for text in &mut line.numbers {
                evil.clone_into(text);
            }
        }
        let page = html(&paper).unwrap();
        assert!(!page.contains("<script") && !page.contains("alert('"));
        assert_eq!(page.matches("</title>").count(), 1);
        assert_eq!(page.matches("</style>").count(), 1);
        assert_eq!(page.matches("&lt;script&gt;alert(&#39;1&#39;)").count(), 23);
        assert!(!page.contains('\0'));
    }

    #[test]
    fn it_fetches_nothing_and_runs_nothing() {
        let page = html(&paper(3)).unwrap();
        for word in [
            "http:", "https:", "src=", "href=", "url(", "@import", "<script",
        ] {
            assert!(!page.contains(word), "{word}");
        }
        assert!(page.contains("prefers-color-scheme") && page.contains("@media print"));
        assert!(html(&Paper::default()).unwrap().ends_with("</html>\n"));
    }

    #[test]
    fn control_characters_are_spaces() {
        assert_eq!(escape("a\u{0}b\u{85}c\nd"), "a b c\nd");
    }
}
