//! The operator's own company: name, currency, calendar.

use serde::{Deserialize, Serialize};

use crate::domain::values::money::Currency;

/// What the law wants an invoice to say of its seller, and how invoices are named and paid.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letterhead {
    /// Line by line, without the name.
    pub address: Vec<String>,
    pub tax_id: String,
    /// Where to pay to, line by line.
    pub bank: Vec<String>,
    /// Stands in front of the number of every invoice.
    pub invoice_prefix: String,
}

/// Most lines of an address or a bank account, and most characters of a line.
pub const LETTERHEAD_LINES_MAX: usize = 6;
pub const LETTERHEAD_LINE_CHARS_MAX: usize = 120;
/// Most characters of what stands in front of a number.
pub const INVOICE_PREFIX_CHARS_MAX: usize = 16;
/// Most days that a customer has to pay an invoice.
pub const PAYMENT_DAYS_MAX: u32 = 365;

/// The lines of a text, without those that are empty; `None` where they are too many or too long.
#[must_use]
pub fn letterhead_lines(text: &str) -> Option<Vec<String>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    let fits = lines.len() <= LETTERHEAD_LINES_MAX
        && lines.iter().all(|line| {
            line.chars().count() <= LETTERHEAD_LINE_CHARS_MAX && !line.chars().any(char::is_control)
        });
    fits.then_some(lines)
}

/// Whether a text may stand in front of the numbers of invoices.
#[must_use]
pub fn is_invoice_prefix(text: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '/' | '.' | '_');
    text.chars().count() <= INVOICE_PREFIX_CHARS_MAX && text.chars().all(plain)
}

/// What the apply document says of the provider; it stands above the settings file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    pub name: String,
    pub currency: Currency,
    /// IANA name.
    pub time_zone: String,
    /// What is not given here stands in the settings.
    pub address: Option<String>,
    pub tax_id: Option<String>,
    pub bank: Option<String>,
    pub invoice_prefix: Option<String>,
    pub payment_days: Option<u32>,
}
