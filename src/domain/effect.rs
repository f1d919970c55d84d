//! What a command comes to: the records that it touched, before and after, as plain data.

use crate::domain::billing::invoice::Invoice;
use crate::domain::billing::journal::Account;
use crate::domain::billing::order::{Order, Standing};
use crate::domain::billing::payment::{Payment, VoucherBatch};
use crate::domain::customers::Customer;
use crate::domain::customers::service::Service;
use crate::domain::messages::template::TemplateKind;
use crate::domain::partners::PartnerTransaction;
use crate::domain::values::id::{CustomerId, OrderId};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency};

/// A record before a command and after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved<R> {
    /// `None`: the command makes it.
    pub before: Option<R>,
    pub after: R,
}

/// A record with a title that people know it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Titled<R> {
    pub title: String,
    pub moved: Moved<R>,
}

/// An invoice or credit note that is made, or of which more or less is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Billed {
    pub invoice: Invoice,
    /// What is open of it in minor units; `before` is `None` where the command makes it.
    pub open: Moved<Minor>,
}

/// What a customer has with us in one currency; negative: owes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    pub customer: CustomerId,
    pub currency: Currency,
    pub before_minor: Minor,
    pub after_minor: Minor,
}

/// What a partner is owed, or will be, in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    pub account: Account,
    pub currency: Currency,
    pub before_minor: Minor,
    pub after_minor: Minor,
}

/// An order that waits for money once the command is done, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    pub order: OrderId,
    /// Whether the command makes the order.
    pub is_new: bool,
    pub title: String,
    pub standing: Standing,
    pub amount: Amount,
}

/// All that a command comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effect {
    pub customers: Vec<Moved<Customer>>,
    pub orders: Vec<Titled<Order>>,
    pub services: Vec<Titled<Service>>,
    pub invoices: Vec<Billed>,
    /// Payments and refunds.
    pub payments: Vec<Moved<Payment>>,
    pub balances: Vec<Balance>,
    pub missing: Vec<Missing>,
    pub batches: Vec<Moved<VoucherBatch>>,
    /// Charges and refunds of partners.
    pub transactions: Vec<Moved<PartnerTransaction>>,
    pub owed: Vec<Owed>,
    /// How many boxes are told something, and how many things in all.
    pub boxes_told: usize,
    pub box_events: usize,
    /// Letters that will be written, in order.
    pub letters: Vec<TemplateKind>,
}
