//! What is owed: of an order that asks for money, of one that has ended, and again because money that
//! was paid is taken back.

use std::collections::BTreeMap;

use crate::domain::catalogue::Billing;
use crate::domain::cycle;
use crate::domain::id::{CustomerId, InvoiceId, OrderId};
use crate::domain::invoice::{Invoice, InvoiceKind, OpenInvoice};
use crate::domain::money::Amount;
use crate::domain::order::{Order, Standing};
use crate::domain::time::Timestamp;
use crate::ops::OpError;
use crate::store::key::owned_by;
use crate::store::{Read, Table};

use super::Books;

impl<R: Read> Books<'_, R> {
    /// Whether an order waits for money, or an invoice of it is open.
    pub(in crate::ops) fn asks_for_money(&self, order: &Order) -> Result<bool, OpError> {
        Ok(order.waits_for_money() || self.owes(order.customer, |id| id == order.id)?)
    }

    /// How an order stands once it has ended, if something of it is owed then.
    pub(in crate::ops) fn owing(&mut self, order: &Order) -> Result<Option<Standing>, OpError> {
        let priced = self.priced(order)?;
        Ok(cycle::owing(order, &priced.terms(&self.company)))
    }

    /// Money that a customer paid is taken back: what it paid for is owed again. The invoices of
    /// `first` before others, the newest first; postpaid orders are dunned for them.
    pub(in crate::ops) fn owe_again(
        &mut self,
        customer: CustomerId,
        amount: Amount,
        first: Option<OrderId>,
        at: Timestamp,
    ) -> Result<(), OpError> {
        let currency = amount.currency;
        let owed = self.balance(customer, currency)?.min(0).saturating_neg();
        let open: BTreeMap<InvoiceId, i64> = self
            .open_of(customer)?
            .into_iter()
            .filter(|open| open.currency == currency)
            .map(|open| (open.id, open.open_minor))
            .collect();
        let asked: i64 = open.values().sum();
        let mut missing = owed.saturating_sub(asked).min(amount.minor);
        let numbers = self
            .read
            .numbers(Table::InvoicesByCustomer, &owned_by(customer))?;
        let mut credited: BTreeMap<InvoiceId, i64> = BTreeMap::new();
        let mut others = Vec::new();
        for number in numbers.into_iter().rev() {
            if missing <= 0 {
                break;
            }
            let invoice: Invoice = crate::ops::get(self.read, InvoiceId(number))?;
            match invoice.kind {
                // A credit note is younger than its invoice.
                InvoiceKind::CreditNote { of } => {
                    credited.insert(of, invoice.total().minor);
                }
                InvoiceKind::Invoice if invoice.currency != currency => {}
                InvoiceKind::Invoice => {
                    let credit = credited.get(&invoice.id).copied().unwrap_or(0);
                    let open = open.get(&invoice.id).copied().unwrap_or(0);
                    let whole = invoice.total().minor.saturating_add(credit);
                    let paid = whole.saturating_sub(open);
                    if first.is_some_and(|first| first != invoice.order) {
                        others.push((invoice, open, paid));
                    } else {
                        missing = self.open_again(&invoice, open, paid, missing, at)?;
                    }
                }
            }
        }
        for (invoice, open, paid) in others {
            missing = self.open_again(&invoice, open, paid, missing, at)?;
        }
        Ok(())
    }

    /// Opens an invoice again by at most `missing` of what was `paid` of it. Answers what is missing still.
    fn open_again(
        &mut self,
        invoice: &Invoice,
        open_minor: i64,
        paid: i64,
        missing: i64,
        at: Timestamp,
    ) -> Result<i64, OpError> {
        let again = paid.min(missing);
        if again <= 0 {
            return Ok(missing);
        }
        let open = OpenInvoice {
            id: invoice.id,
            customer: invoice.customer,
            order: invoice.order,
            open_minor: open_minor.saturating_add(again),
            currency: invoice.currency,
            since: at,
        };
        self.changes.open.insert(open.id, open);
        let order = self.order(invoice.order)?;
        if order.billing == Billing::Postpaid {
            let priced = self.priced(&order)?;
            let after = cycle::owed_again(&order, &priced.terms(&self.company), at);
            self.put_order(&order, after, at)?;
        }
        Ok(missing.saturating_sub(again))
    }
}
