//! The journal: double entry, append-only. A balance is the sum of postings and nothing else.
//!
//! Amounts are signed from the account's credit side: +5.00 on `customer:7` is money that
//! customer 7 has with us, -5.00 is money the customer owes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::values::id::{
    ClosedMonthId, CustomerId, InvoiceId, JournalEntryId, OrderId, PartnerId, PartnerTransactionId,
    PaymentId, VoucherBatchId,
};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency, TaxRate};
use crate::domain::values::time::Timestamp;

/// Where money is. Stored by position: append only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Account {
    /// A customer's money with us; negative: the customer owes it.
    Customer(CustomerId),
    /// What we earned, without tax.
    Revenue,
    /// Tax we collected at this rate.
    Tax(TaxRate),
    /// Money we hold, by how it came; its credit side is negative.
    Cash(String),
    /// What we owe to a partner.
    Partner(PartnerId),
    /// Money that came in and could not be matched yet.
    Suspense,
    /// The other side of balances that were brought along.
    Opening,
    /// What we owe to a partner for months that are closed: to be paid out.
    Payable(PartnerId),
    /// What the carrier took from customers and owes us; its credit side is negative.
    Carrier,
    /// Debts that were given up; its credit side is negative.
    WriteOff,
    /// What vouchers that were sold are worth until they are used.
    Vouchers,
}

impl std::fmt::Display for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Customer(id) => write!(f, "customer:{}", id.0),
            Self::Revenue => f.write_str("revenue"),
            Self::Tax(rate) => write!(f, "tax:{}", rate.to_percent()),
            Self::Cash(method) => write!(f, "cash:{method}"),
            Self::Partner(id) => write!(f, "partner:{}", id.0),
            Self::Suspense => f.write_str("suspense"),
            Self::Opening => f.write_str("opening"),
            Self::Carrier => f.write_str("carrier"),
            Self::WriteOff => f.write_str("writeoff"),
            Self::Vouchers => f.write_str("vouchers"),
            Self::Payable(id) => write!(f, "payable:{}", id.0),
        }
    }
}

/// One line of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    pub account: Account,
    /// Minor units to the credit of the account; negative: to its debit.
    pub credit_minor: Minor,
    pub currency: Currency,
}

/// Why money moved. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntryCause {
    Opening,
    Invoice(InvoiceId),
    CreditNote(InvoiceId),
    Payment(PaymentId),
    Refund(PaymentId),
    /// Money that was held in `suspense` found its place.
    Resolved(PaymentId),
    /// A member of staff said why in the memo.
    Adjustment,
    /// A charge or refund of a partner.
    Partner(PartnerTransactionId),
    /// A month of a partner was closed.
    Settlement(ClosedMonthId),
    /// Vouchers of a batch were sold, or came back unused.
    VoucherSale(VoucherBatchId),
}

/// One movement. Never changed; a mistake is corrected by another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    pub id: JournalEntryId,
    pub at: Timestamp,
    pub cause: EntryCause,
    pub order: Option<OrderId>,
    /// Empty unless the cause does not say it all.
    pub memo: String,
    pub postings: Vec<Posting>,
}

impl JournalEntry {
    /// Whether it has two postings or more that sum to zero in each currency. Nothing else may be
    /// written.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        let mut sums = BTreeMap::<Currency, Minor>::new();
        for posting in &self.postings {
            *sums.entry(posting.currency).or_default() += posting.credit_minor;
        }
        self.postings.len() >= 2 && sums.values().all(|sum| *sum == 0)
    }
}

/// The running total of an account in one currency: kept beside the journal, proven from it by
/// `check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountTotal {
    pub account: Account,
    pub currency: Currency,
    pub credit_minor: Minor,
}

/// The entry for money that a customer brought along.
#[must_use]
pub fn opening(customer: CustomerId, amount: Amount, at: Timestamp) -> JournalEntry {
    JournalEntry {
        id: JournalEntryId(0),
        at,
        cause: EntryCause::Opening,
        order: None,
        memo: String::new(),
        postings: transfer(Account::Opening, Account::Customer(customer), amount),
    }
}

/// Two postings that move `amount` from one account to another.
#[must_use]
pub fn transfer(from: Account, to: Account, amount: Amount) -> Vec<Posting> {
    let posting = |account, credit_minor| Posting {
        account,
        credit_minor,
        currency: amount.currency,
    };
    vec![posting(from, -amount.minor), posting(to, amount.minor)]
}
