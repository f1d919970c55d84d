//! What a partner is owed for a month: its charges and refunds that succeeded, each with its
//! shares, their sums, and the month once it is closed.
//!
//! Rules: `docs/marketone.md`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::domain::billing::journal::{Account, Posting, transfer};
use crate::domain::partners::{Partner, PartnerTransaction, TransactionKind};
use crate::domain::values::csv::{guarded_in_months, row};
use crate::domain::values::id::{ClosedMonthId, JournalEntryId, PartnerId};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency};
use crate::domain::values::time::Timestamp;

/// Sums in one currency, in minor units; of refunds negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    pub charges: u64,
    pub refunds: u64,
    pub charged_minor: Minor,
    pub refunded_minor: Minor,
    pub tax_minor: Minor,
    /// What the partner gets.
    pub partner_minor: Minor,
    /// What we keep.
    pub kept_minor: Minor,
}

/// What a closed month came to in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedSum {
    pub currency: Currency,
    pub sums: Sums,
    /// What moved it to what is to be paid out; none where it came to nothing.
    pub entry: Option<JournalEntryId>,
}

/// A month of a partner that is settled: nothing completes in it any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedMonth {
    pub id: ClosedMonthId,
    pub partner: PartnerId,
    /// `2026-01`, on the operator's calendar of then.
    pub month: String,
    pub from: Timestamp,
    /// The first instant that is no longer in it.
    pub until: Timestamp,
    /// By currency.
    pub sums: Vec<ClosedSum>,
    pub lines: u64,
    /// SHA-256 of the lines as CSV, each with its line end.
    pub lines_hash: [u8; 32],
    pub closed_at: Timestamp,
    /// Kind and name of who closed it.
    pub closed_by: String,
}

impl ClosedMonth {
    /// What closing does to the books: what the partner gets is to be paid out now. Of a month with
    /// more refunds than charges the opposite. Empty where nothing is to move.
    #[must_use]
    pub fn postings(&self, of: &ClosedSum) -> Vec<Posting> {
        let amount = Amount {
            minor: of.sums.partner_minor,
            currency: of.currency,
        };
        if amount.minor == 0 {
            return Vec::new();
        }
        transfer(
            Account::Partner(self.partner),
            Account::Payable(self.partner),
            amount,
        )
    }
}

/// Most products of which a month has sums of their own.
pub const PRODUCTS_MAX: usize = 1_000;

/// Adds the lines of a month up, in their order.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    pub sums: BTreeMap<Currency, Sums>,
    /// By currency and product code; `None`: charges that name none.
    pub products: BTreeMap<(Currency, Option<String>), Sums>,
    /// Of all products beyond [`PRODUCTS_MAX`].
    pub others: BTreeMap<Currency, Sums>,
    pub lines: u64,
    hash: Sha256,
}

impl Tally {
    pub fn add(&mut self, made: &PartnerTransaction) {
        let currency = made.amount.currency;
        self.sums.entry(currency).or_default().add(made);
        let product = (currency, made.product.clone());
        let known = self.products.len() < PRODUCTS_MAX || self.products.contains_key(&product);
        if known {
            self.products.entry(product).or_default().add(made);
        } else {
            self.others.entry(currency).or_default().add(made);
        }
        self.lines = self.lines.saturating_add(1);
        self.hash.update(csv_line(made));
    }

    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        self.hash.clone().finalize().into()
    }

    /// Whether a closed month has these lines and no others.
    #[must_use]
    pub fn is_of(&self, closed: &ClosedMonth) -> bool {
        let sums = closed.sums.iter().map(|of| (of.currency, of.sums));
        self.lines == closed.lines
            && self.hash() == closed.lines_hash
            && self.sums.iter().map(|(c, s)| (*c, *s)).eq(sums)
    }
}

impl Sums {
    fn add(&mut self, made: &PartnerTransaction) {
        match made.kind {
            TransactionKind::Charge => {
                self.charges = self.charges.saturating_add(1);
                self.charged_minor += made.amount.minor;
            }
            TransactionKind::Refund { .. } => {
                self.refunds = self.refunds.saturating_add(1);
                self.refunded_minor -= made.amount.minor;
            }
        }
        self.tax_minor += made.kind.signed(made.tax_minor);
        self.partner_minor += made.kind.signed(made.partner_minor);
        self.kept_minor += made.kind.signed(made.kept_minor());
    }
}

/// One month of a partner.
#[derive(Debug, Clone)]
pub struct Settlement {
    pub partner: Partner,
    pub month: String,
    pub from: Timestamp,
    /// The first instant that is no longer in it.
    pub until: Timestamp,
    /// By completion; a refund stands where it was made. Empty unless they were asked for.
    pub lines: Vec<PartnerTransaction>,
    /// Of a closed month, where they were not added up anew: those of the record, without products.
    pub tally: Tally,
    pub closed: Option<ClosedMonth>,
}

/// Above the lines of a month as CSV.
pub const CSV_HEAD: &str =
    "transaction,type,completed,product,currency,amount,tax,payable,kept\r\n";

/// A line of a month as CSV, with its line end. Closed months keep the hash of them: whoever
/// changes what stands here breaks the proof of all of them.
#[must_use]
pub fn csv_line(line: &PartnerTransaction) -> String {
    let kind = match line.kind {
        TransactionKind::Charge => "CHARGE",
        TransactionKind::Refund { .. } => "REFUND",
    };
    let money = |minor: Minor| {
        let minor = line.kind.signed(minor);
        Amount {
            minor,
            ..line.amount
        }
        .to_fixed()
    };
    let completed = line.completed_at.map(Timestamp::to_rfc3339_millis);
    let fields = [
        guarded_in_months(&line.ext_id),
        kind.to_owned(),
        completed.unwrap_or_default(),
        guarded_in_months(line.product.as_deref().unwrap_or_default()),
        line.amount.currency.as_str().to_owned(),
        money(line.amount.minor),
        money(line.tax_minor),
        money(line.partner_minor),
        money(line.kept_minor()),
    ];
    row(fields.iter().map(String::as_str))
}
