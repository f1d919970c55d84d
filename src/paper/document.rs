//! What stands on a document, in words, and why there may be no PDF of it.

use serde::Serialize;

/// Most lines that one document may have.
pub const LINES_MAX: usize = 10_000;

/// The words that every document has, in its language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PaperLine {
    /// What it is for.
    pub title: String,
    /// What stands in the columns after the first.
    pub numbers: [String; 4],
}

/// Why there is no page, or no PDF.
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
    /// A template of the program's own is wrong: a mistake in the build.
    #[error("template: {0}")]
    Template(String),
}

impl Paper {
    /// The title with the number: `Invoice 2026-0042`.
    pub(super) fn heading(&self) -> String {
        format!("{} {}", self.title, self.number).trim().to_owned()
    }

    /// All that stands beside the buyer, the day of issue first.
    pub(super) fn details(&self) -> Vec<(&str, &str)> {
        let issued = Some((self.frame.issued, self.issued.as_str()));
        let corrected = self.corrects.as_deref();
        let corrects = corrected.map(|number| (self.frame.corrects, number));
        let facts = self.facts.iter().map(|(k, v)| (k.as_str(), v.as_str()));
        issued.into_iter().chain(corrects).chain(facts).collect()
    }
}
