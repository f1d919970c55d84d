//! Invoices and credit notes: numbered without gaps, never changed.

use serde::{Deserialize, Serialize};

use super::journal::{Account, Posting};
use crate::domain::catalogue::charge::{Line, total_minor};
use crate::domain::provider::Letterhead;
use crate::domain::values::calendar::Zone;
use crate::domain::values::id::{CustomerId, InvoiceId, OrderId};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency, TaxRate};
use crate::domain::values::time::Timestamp;

/// Which paper it is. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum InvoiceKind {
    Invoice,
    /// Corrects an invoice; its amounts are negative.
    CreditNote {
        of: InvoiceId,
    },
}

/// What a customer was billed, or given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// Its number.
    pub id: InvoiceId,
    pub kind: InvoiceKind,
    pub customer: CustomerId,
    pub order: OrderId,
    /// Which cycle of the order, 0-based; none on credit notes.
    pub cycle: Option<u32>,
    pub issued_at: Timestamp,
    /// The time it is for.
    pub from: Timestamp,
    /// None: without end.
    pub to: Option<Timestamp>,
    pub currency: Currency,
    pub lines: Vec<Line>,
    /// Who sells, as it stood then.
    pub seller: String,
    /// Whom it is addressed to, line by line, as it stood then.
    pub buyer: Vec<String>,
    /// What else was said of who sells.
    pub letterhead: Letterhead,
    /// When it is to be paid; none on credit notes, and not known of older ones.
    pub due_at: Option<Timestamp>,
    /// What was sold, and under which contract; empty: not known.
    pub product: String,
    pub contract: String,
}

impl Invoice {
    /// Its number as it is printed: `NL-42`.
    #[must_use]
    pub fn printed_number(&self) -> String {
        format!("{}{}", self.letterhead.invoice_prefix, self.id.0)
    }

    /// Sum of all lines, tax included.
    #[must_use]
    pub fn total(&self) -> Amount {
        Amount {
            minor: total_minor(&self.lines),
            currency: self.currency,
        }
    }

    /// Tax of all lines.
    #[must_use]
    pub fn tax(&self) -> Amount {
        let taxes = self.lines.iter().map(|line| line.tax_minor);
        Amount {
            minor: taxes.sum(),
            currency: self.currency,
        }
    }

    /// Net and tax of all lines by rate, the lowest rate first.
    #[must_use]
    pub fn taxes(&self) -> Vec<RateSum> {
        let mut sums: Vec<RateSum> = Vec::with_capacity(1);
        for line in &self.lines {
            let rate = line.rate;
            let at = sums.partition_point(|sum| sum.rate < rate);
            if sums.get(at).is_none_or(|sum| sum.rate != rate) {
                let sum = RateSum {
                    rate,
                    net_minor: Minor::ZERO,
                    tax_minor: Minor::ZERO,
                };
                sums.insert(at, sum);
            }
            if let Some(sum) = sums.get_mut(at) {
                sum.net_minor += line.net_minor;
                sum.tax_minor += line.tax_minor;
            }
        }
        sums
    }

    /// What it does to the books: the customer pays for revenue and tax. A credit note's negative
    /// lines do the opposite.
    #[must_use]
    pub fn postings(&self) -> Vec<Posting> {
        let currency = self.currency;
        let posting = |account, credit_minor| Posting {
            account,
            credit_minor,
            currency,
        };
        let nets = self.lines.iter().map(|line| line.net_minor);
        let mut postings = vec![
            posting(Account::Customer(self.customer), -self.total().minor),
            posting(Account::Revenue, nets.sum()),
        ];
        for line in self.lines.iter().filter(|line| line.tax_minor != 0) {
            let account = Account::Tax(line.rate);
            match postings.iter_mut().find(|p| p.account == account) {
                Some(posting) => posting.credit_minor += line.tax_minor,
                None => postings.push(posting(account, line.tax_minor)),
            }
        }
        postings
    }
}

/// What an invoice has at one rate of tax, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateSum {
    pub rate: TaxRate,
    pub net_minor: Minor,
    pub tax_minor: Minor,
}

/// The part of an invoice that is not paid yet. Gone once it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenInvoice {
    pub id: InvoiceId,
    pub customer: CustomerId,
    pub order: OrderId,
    pub open_minor: Minor,
    pub currency: Currency,
    pub since: Timestamp,
    /// When it is to be paid; where that is not known, when it became open.
    pub due_at: Timestamp,
}

impl OpenInvoice {
    /// Whether the day on which it is to be paid is over.
    #[must_use]
    pub fn is_overdue(&self, zone: &Zone, now: Timestamp) -> bool {
        zone.date(self.due_at) < zone.date(now)
    }
}

/// How many days of a cycle that runs from `begins` to `ends` are not used if it stops at `at`: the
/// day on which it stops counts as used. `None`: all, it has not begun.
#[must_use]
pub fn days_unused(zone: &Zone, begins: Timestamp, ends: Timestamp, at: Timestamp) -> Option<i32> {
    (begins <= at).then(|| {
        let days = zone.date(at).days_until(zone.date(ends));
        days.saturating_sub(1).max(0)
    })
}

/// Lines of the credit note for `left` of the `all` days of a cycle that was billed with `lines`,
/// as far as those are for its time. Empty where nothing is left.
#[must_use]
pub fn unused(lines: &[Line], all: i32, left: i32) -> Vec<Line> {
    let left = left.clamp(0, all.max(0));
    let by_day: Vec<Line> = lines.iter().filter(|line| line.by_day).cloned().collect();
    share(&by_day, left, all)
}

/// What is left of `lines` once a credit note with the lines `note` is taken off. A credit note has
/// all lines of its invoice or those that are given back by the day, in their order.
#[must_use]
pub fn less(lines: &[Line], note: &[Line]) -> Vec<Line> {
    let mut left = lines.to_vec();
    let mut ahead = left.iter_mut();
    for credit in note {
        let is_same = |line: &&mut Line| {
            line.title == credit.title && line.rate == credit.rate && line.by_day == credit.by_day
        };
        let Some(line) = ahead.find(is_same) else {
            break;
        };
        line.net_minor += credit.net_minor;
        line.tax_minor += credit.tax_minor;
    }
    left
}

/// Lines of the credit note for `part` of `whole` of what was billed with `lines`: one for each, in
/// their order. Empty where that is nothing.
#[must_use]
pub fn share(lines: &[Line], part: impl Into<i128>, whole: impl Into<i128>) -> Vec<Line> {
    let (part, whole) = (part.into(), whole.into());
    if whole <= 0 || part <= 0 {
        return Vec::new();
    }
    let share = |minor: Minor| -minor.share(part, whole);
    // The totals are what counts: rounding line by line must not give back a cent too much.
    let taxes = lines.iter().map(|line| line.tax_minor);
    let mut gross_left = share(total_minor(lines));
    let mut tax_left = share(taxes.sum());
    if gross_left == 0 {
        return Vec::new();
    }
    let mut credits: Vec<Line> = lines
        .iter()
        .map(|line| {
            let (gross, tax) = (share(line.gross_minor()), share(line.tax_minor));
            gross_left -= gross;
            tax_left -= tax;
            Line {
                net_minor: gross - tax,
                tax_minor: tax,
                ..line.clone()
            }
        })
        .collect();
    // What rounding left over goes to the line with the most tax.
    let largest = credits.iter_mut().max_by_key(|line| line.tax_minor.abs());
    if let Some(line) = largest {
        line.tax_minor += tax_left;
        line.net_minor += gross_left - tax_left;
    }
    credits
}
