//! The document as a web page: complete in itself, without scripts and without anything to fetch.
//!
//! Must not know where it is served, or under which headers: a strict content policy has to allow
//! the one inline style.

use super::document::Paper;

const STYLE: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/assets/templates/paper.css"
));

/// The document as a complete HTML page, for the screen by day and night and for the printer.
#[must_use]
pub fn html(paper: &Paper) -> String {
    let seller = paper.seller.first().map_or("", String::as_str);
    let title = [paper.heading().as_str(), seller]
        .into_iter()
        .filter(|word| !word.is_empty())
        .map(escape)
        .collect::<Vec<_>>()
        .join(" – ");
    format!(
        r#"<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>
{STYLE}</style>
</head>
<body>
<main>
{head}{lines}{totals}{notes}</main>
</body>
</html>
"#,
        lang = paper.frame.lang,
        head = head(paper),
        lines = lines(paper),
        totals = totals(paper),
        notes = notes(paper),
    )
}

fn head(paper: &Paper) -> String {
    let details = paper.details();
    format!(
        r#"<header class="pair">
<div>
<h1 dir="auto">{title}</h1>
<p class="number" dir="auto">{number}</p>
</div>
{seller}</header>
<div class="pair">
<section aria-labelledby="buyer">
<h2 id="buyer">{addressed}</h2>
{buyer}</section>
<dl>
{details}</dl>
</div>
"#,
        title = escape(&paper.title),
        addressed = escape(paper.addressed),
        number = escape(&paper.number),
        seller = address(&paper.seller),
        buyer = address(&paper.buyer),
        details = details
            .iter()
            .map(|(k, v)| pair("", k, v))
            .collect::<String>(),
    )
}

fn address(lines: &[String]) -> String {
    let mut out = "<address>\n".to_owned();
    for line in lines {
        out.push_str(&format!("<p dir=\"auto\">{}</p>\n", escape(line)));
    }
    out.push_str("</address>\n");
    out
}

/// A name with its value, inside a `dl`.
fn pair(attributes: &str, name: &str, value: &str) -> String {
    format!(
        "<div{attributes}><dt>{}</dt><dd><bdi>{}</bdi></dd></div>\n",
        escape(name),
        escape(value)
    )
}

fn lines(paper: &Paper) -> String {
    let called = escape(paper.frame.lines);
    let mut out = format!(
        "<div class=\"lines\" role=\"region\" aria-label=\"{called}\" tabindex=\"0\">\n\
         <table>\n<caption>{called}</caption>\n<thead>\n<tr>"
    );
    for column in paper.columns {
        out.push_str(&format!("<th scope=\"col\">{}</th>", escape(column)));
    }
    out.push_str("</tr>\n</thead>\n<tbody>\n");
    for line in &paper.lines {
        let title = escape(&line.title);
        out.push_str(&format!("<tr><th scope=\"row\"><bdi>{title}</bdi></th>"));
        for number in &line.numbers {
            out.push_str(&format!("<td><bdi>{}</bdi></td>", escape(number)));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
    out
}

fn totals(paper: &Paper) -> String {
    let mut out = "<dl class=\"totals\">\n".to_owned();
    for (name, amount) in &paper.totals {
        out.push_str(&pair("", name, amount));
    }
    let (name, amount) = &paper.total;
    out.push_str(&pair(" class=\"total\"", name, amount));
    out.push_str("</dl>\n");
    out
}

fn notes(paper: &Paper) -> String {
    if paper.notes.is_empty() {
        return String::new();
    }
    let mut out = format!(
        "<section class=\"notes\" aria-labelledby=\"notes\">\n\
         <h2 id=\"notes\" class=\"hidden\">{}</h2>\n",
        escape(paper.frame.notes)
    );
    for note in &paper.notes {
        out.push_str(&format!("<p dir=\"auto\">{}</p>\n", escape(note)));
    }
    out.push_str("</section>\n");
    out
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
        let page = html(&paper);
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
        let page = html(&paper);
        assert!(!page.contains("<script") && !page.contains("alert('"));
        assert_eq!(page.matches("</title>").count(), 1);
        assert_eq!(page.matches("</style>").count(), 1);
        assert_eq!(page.matches("&lt;script&gt;alert(&#39;1&#39;)").count(), 23);
        assert!(!page.contains('\0'));
    }

    #[test]
    fn it_fetches_nothing_and_runs_nothing() {
        let page = html(&paper(3));
        for word in [
            "http:", "https:", "src=", "href=", "url(", "@import", "<script",
        ] {
            assert!(!page.contains(word), "{word}");
        }
        assert!(page.contains("prefers-color-scheme") && page.contains("@media print"));
        assert!(html(&Paper::default()).ends_with("</html>\n"));
    }

    #[test]
    fn control_characters_are_spaces() {
        assert_eq!(escape("a\u{0}b\u{85}c\nd"), "a b c\nd");
    }
}
