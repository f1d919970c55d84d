//! An invoice, a credit note or a statement on paper: as an HTML page and as a PDF.
//!
//! Takes words only. Must not know where they come from: no money, no tax, no calendar, no store,
//! no clock; whoever fills a [`Paper`] has already formatted every amount and every day. The same
//! paper always gives the same bytes.

mod canvas;
mod document;
mod face;
mod html;
mod pdf;
#[cfg(test)]
mod sample;
mod template;

pub use document::{Frame, LINES_MAX, Paper, PaperError, PaperLine};
pub use html::html;
pub use pdf::pdf;
pub use template::Template;
