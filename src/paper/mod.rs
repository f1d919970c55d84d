//! An invoice, a credit note or a statement on paper: as an HTML page and as a PDF.
//!
//! Takes words only. Must not know where they come from: no money, no tax, no calendar, no store,
//! no clock; whoever fills a [`Paper`] has already formatted every amount and every day. The same
//! paper always gives the same bytes.

mod canvas;
mod face;
mod html;
mod pdf;

pub use html::html;
pub use pdf::pdf;

/// Most lines that one document may have.
pub const LINES_MAX: usize = 10_000;

/// The words that every document has, in its language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// The language, as HTML names it.
    pub lang: &'static str,
    pub issued: &'static str,
    pub corrects: &'static str,
    /// `Page` and `of` in `Page 1 of 2`.
    pub page: &'static str,
    pub of: &'static str,
    /// What the lines are called, for those who do not see them.
    pub lines: &'static str,
    pub notes: &'static str,
}

impl Default for Frame {
    fn default() -> Self {
        Self {
            lang: "en",
            issued: "Issued",
            corrects: "Corrects",
            page: "Page",
            of: "of",
            lines: "Lines",
            notes: "Notes",
        }
    }
}

/// Everything a document says, in the words in which it says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paper {
    pub frame: Frame,
    /// What it is: `Invoice`, `Credit note` or `Statement`.
    pub title: String,
    /// Its number.
    pub number: String,
    /// The day it was issued.
    pub issued: String,
    /// The number of the document that it corrects.
    pub corrects: Option<String>,
    /// Who sells: the name, then the lines of the address.
    pub seller: Vec<String>,
    /// What stands over whom it is for: `Billed to`.
    pub addressed: &'static str,
    /// Whom it is for: the name, then the lines of the address.
    pub buyer: Vec<String>,
    /// What else belongs at the top, such as `("Period", "31 Jan 2026 – 28 Feb 2026")`.
    pub facts: Vec<(String, String)>,
    /// What stands over the columns of the lines.
    pub columns: [&'static str; 5],
    /// What is charged or credited.
    pub lines: Vec<PaperLine>,
    /// What leads to the total: the net, the tax per rate.
    pub totals: Vec<(String, String)>,
    /// The total, with what it is called.
    pub total: (String, String),
    /// Paragraphs at the end.
    pub notes: Vec<String>,
}

/// One line of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaperLine {
    /// What it is for.
    pub title: String,
    /// What stands in the columns after the first.
    pub numbers: [String; 4],
}

/// Why there is no PDF.
#[derive(Debug, thiserror::Error)]
pub enum PaperError {
    /// More lines than a document may have.
    #[error("{0} lines: a document has at most {LINES_MAX}")]
    TooManyLines(usize),
    /// A typeface of the program's own is damaged: a mistake in the build.
    #[error("typeface {name}: {reason}")]
    Typeface {
        /// Which one.
        name: &'static str,
        /// What its reader said.
        reason: String,
    },
}

impl Paper {
    /// The title with the number: `Invoice 2026-0042`.
    fn heading(&self) -> String {
        format!("{} {}", self.title, self.number).trim().to_owned()
    }

    /// All that stands beside the buyer, the day of issue first.
    fn details(&self) -> Vec<(&str, &str)> {
        let issued = Some((self.frame.issued, self.issued.as_str()));
        let corrected = self.corrects.as_deref();
        let corrects = corrected.map(|number| (self.frame.corrects, number));
        let facts = self.facts.iter().map(|(k, v)| (k.as_str(), v.as_str()));
        issued.into_iter().chain(corrects).chain(facts).collect()
    }
}

#[cfg(test)]
mod sample {
    use crate::paper::{Frame, Paper, PaperLine};

    /// A document with as many lines as asked for.
    pub(super) fn paper(lines: usize) -> Paper {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        Paper {
            title: "Invoice".to_owned(),
            number: "2026-000042".to_owned(),
            issued: "1 Mar 2026".to_owned(),
            corrects: None,
            seller: [
                "Northern Light TV Ltd",
                "12 Harbour Street",
                "Tallinn 10111",
            ]
            .map(str::to_owned)
            .to_vec(),
            addressed: "Billed to",
            columns: ["Description", "Net", "Tax rate", "Tax", "Gross"],
            frame: Frame::default(),
            buyer: ["Σοφία Παπαδοπούλου", "Οδός Ερμού 5", "Αθήνα"]
                .map(str::to_owned)
                .to_vec(),
            facts: vec![
                pair("Period", "31 Jan 2026 – 28 Feb 2026"),
                pair("Customer", "C-1007"),
            ],
            lines: (1..=lines)
                .map(|n| PaperLine {
                    title: format!("Family package, box {n}, 31 Jan – 28 Feb 2026"),
                    numbers: ["10.00 USD", "20 %", "2.00 USD", "12.00 USD"].map(str::to_owned),
                })
                .collect(),
            totals: vec![pair("Net", "10.00 USD"), pair("Tax 20 %", "2.00 USD")],
            total: pair("Total", "12.00 USD"),
            notes: vec!["Thank you for watching with us.".to_owned()],
        }
    }
}
