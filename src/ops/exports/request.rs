//! What is to be exported, and in which form.

use crate::domain::billing::journal::EntryCause;
use crate::domain::values::calendar::Zone;
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency};
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Journal,
    Invoices,
    Customers,
}

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Jsonl,
    Csv,
    /// Plain-text accounting, with a balance assertion for every account at the end.
    Hledger,
    /// Likewise.
    Beancount,
}

/// What is wished for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportRequest {
    pub what: What,
    pub format: Format,
    /// First and last day, such as `2026-01-31`; `None`: from the beginning, to the end.
    pub from: Option<String>,
    pub to: Option<String>,
    /// Whether plain-text accounting names customers.
    pub names: bool,
}

impl ExportRequest {
    /// All of it, without names.
    #[must_use]
    pub fn all(what: What, format: Format) -> Self {
        Self {
            what,
            format,
            from: None,
            to: None,
            names: false,
        }
    }
}

/// A time as instants: its beginning, and the first instant after it.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::ops) struct Within {
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

impl Within {
    pub(in crate::ops::exports) fn of(
        request: &ExportRequest,
        zone: &Zone,
    ) -> Result<Self, OpError> {
        let day = |text: &Option<String>, name: &str| match text {
            None => Ok(None),
            Some(text) => match zone.day_start(text) {
                Some(at) => Ok(Some(at)),
                None => Err(bad(name, "must be a day such as 2026-01-31")),
            },
        };
        let from = day(&request.from, "--from")?;
        let last = day(&request.to, "--to")?;
        if from.zip(last).is_some_and(|(from, last)| last < from) {
            return Err(bad("--to", "must not be before --from"));
        }
        let until = last.and_then(|last| zone.days_after(last, 1));
        Ok(Self { from, until })
    }

    pub(in crate::ops) fn has(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at < until)
    }
}

pub(in crate::ops::exports) fn bad(path: &str, problem: &str) -> OpError {
    OpError::Document {
        path: path.to_owned(),
        problem: problem.to_owned(),
    }
}

pub(in crate::ops) fn cause(cause: EntryCause) -> String {
    match cause {
        EntryCause::Opening => "opening".to_owned(),
        EntryCause::Invoice(id) => format!("invoice {}", id.0),
        EntryCause::CreditNote(id) => format!("credit note {}", id.0),
        EntryCause::Payment(id) => format!("payment {}", id.0),
        EntryCause::Refund(id) => format!("refund {}", id.0),
        EntryCause::Resolved(id) => format!("payment {} resolved", id.0),
        EntryCause::Adjustment => "adjustment".to_owned(),
        EntryCause::Partner(id) => format!("partner transaction {}", id.0),
        EntryCause::Settlement(id) => format!("settlement {}", id.0),
        EntryCause::VoucherSale(id) => format!("vouchers of batch {}", id.0),
    }
}

/// To the debit of the account, as plain-text accounting counts: what a customer owes is positive.
pub(in crate::ops) fn debit(credit_minor: Minor, currency: Currency) -> String {
    Amount {
        minor: -credit_minor,
        currency,
    }
    .to_fixed()
}
