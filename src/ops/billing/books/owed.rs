//! What is owed: of an order that asks for money, of one that has ended, and again because money
//! that was paid is taken back.

use std::collections::BTreeMap;

use crate::domain::billing::cycle;
use crate::domain::billing::invoice::{Invoice, OpenInvoice};
use crate::domain::billing::order::{Order, Standing};
use crate::domain::catalogue::kinds::{Billing, OrderStatus};
use crate::domain::values::id::{CustomerId, InvoiceId, OrderId};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::Amount;
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::store::Read;

use super::credit::Net;
use super::ledger::Books;
use super::write::Post;

impl<R: Read> Books<'_, R> {
    /// Whether an order waits for money, or an invoice of it is open.
    pub(in crate::ops) fn asks_for_money(&self, order: &Order) -> Result<bool, OpError> {
        // Of a prepaid order what was owed before is in the way of its next cycle anyway.
        let brought = order.billing == Billing::Postpaid
            && order.status == OrderStatus::Active
            && self.debt_of(order.customer)?.is_some();
        let owes = self.owes(order.customer, |id| id == order.id)?;
        Ok(order.waits_for_money() || brought || owes)
    }

    /// How an order stands that a command ends, cancels or removes, where what is owed of it goes
    /// on being asked for; `None` where it stands as the command left it.
    pub(super) fn still_owed(
        &mut self,
        before: &Order,
        after: &Order,
        at: Timestamp,
    ) -> Result<Option<Standing>, OpError> {
        let done = matches!(after.standing, Standing::Settled | Standing::Ended);
        let dunned = before.waits_for_money();
        let ends = before.status != after.status
            && matches!(after.status, OrderStatus::Expired | OrderStatus::Deleted);
        let canceled = dunned && after.status == OrderStatus::Canceled;
        let over = before.standing != after.standing && after.standing == Standing::Ended;
        if !done || !(ends || canceled || over) || before.billing == Billing::External {
            return Ok(None);
        }
        let all = dunned || after.status == OrderStatus::Deleted;
        let owed = if all {
            self.owes(before.customer, |id| id == before.id)?
        } else {
            self.is_asked_for(before)?
        };
        if !owed || self.customer(before.customer)?.is_deleted() {
            return Ok(None);
        }
        if canceled && !over && after.expires_at.is_none_or(|end| end > at) {
            return Ok(Some(before.standing));
        }
        let priced = self.priced(before)?;
        let terms = priced.terms(&self.company);
        let since_now = || cycle::owing(&cycle::overdue(before, &terms, at), &terms);
        Ok(cycle::owing(before, &terms).or_else(since_now))
    }

    /// Whether the customer of an order was given something on credit that is not paid: days of
    /// grace, or what was invoiced.
    pub(in crate::ops) fn is_in_debt(&self, order: &Order, at: Timestamp) -> Result<bool, OpError> {
        Ok(match order.standing {
            Standing::Overdue { .. } | Standing::Owing { .. } => true,
            Standing::Frozen { .. } => {
                order.unpaid_micros(at) > 0 || self.owes(order.customer, |_| true)?
            }
            _ => false,
        })
    }

    /// Whether something that was billed for an order is not paid.
    pub(in crate::ops) fn is_unpaid(&self, order: &Order) -> Result<bool, OpError> {
        self.owes(order.customer, |of| of == order.id)
    }

    /// Puts an order that took the place of one that was not paid where that one stood on its
    /// ladder, if it is not paid at once either.
    pub(in crate::ops) fn keep_ladder(
        &mut self,
        debt: &Order,
        id: OrderId,
        at: Timestamp,
    ) -> Result<(), OpError> {
        let order = self.order(id)?;
        if order.billing == Billing::External || !self.owes(order.customer, |of| of == id)? {
            return Ok(());
        }
        let mut after = order.clone();
        if let Standing::Overdue { since, .. } | Standing::Owing { since, .. } = debt.standing {
            self.unpaid_since(id, since);
        }
        match debt.standing {
            Standing::Overdue { .. } => after.standing = debt.standing,
            Standing::Owing { since, .. } => {
                let priced = self.priced(&order)?;
                after = cycle::overdue(&order, &priced.terms(&self.company), since);
            }
            Standing::Frozen { suspend_at, .. } => {
                after.status = OrderStatus::Inactive;
                after.time_kept = true;
                after.standing = Standing::Frozen {
                    since: at,
                    suspend_at: suspend_at.or(Some(at)),
                };
            }
            _ => {}
        }
        after.updated_at = at;
        self.put_order(&order, after, at)
    }

    /// Lets what was invoiced of an order just now count as unpaid since then.
    fn unpaid_since(&mut self, id: OrderId, at: Timestamp) {
        for post in &mut self.changes.posts {
            if let Post::Invoice { draft, since, .. } = post
                && draft.order == id
            {
                *since = at;
            }
        }
    }

    /// Whether an order that goes on after a pause is overdue from then on: money of it went back
    /// meanwhile.
    pub(super) fn owed_on(&self, before: &Order, after: &Order) -> Result<bool, OpError> {
        let resumed = matches!(before.standing, Standing::Paused { .. })
            && after.standing == Standing::Settled
            && matches!(after.status, OrderStatus::Active | OrderStatus::Canceled);
        if !resumed {
            return Ok(false);
        }
        self.is_asked_for(after)
    }

    /// Whether an invoice of it is open that is dunned: any of a postpaid order; of a prepaid one,
    /// which is taken at its word where staff opened it unpaid, one that was paid.
    fn is_asked_for(&self, order: &Order) -> Result<bool, OpError> {
        for open in self.open_of(order.customer)? {
            if open.order != order.id {
                continue;
            }
            let invoice: Invoice = crate::ops::get(self.read, open.id)?;
            if order.billing == Billing::Postpaid || open.since > invoice.issued_at {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Lets the ladder of an order that is not wholly paid count from what is unpaid longest.
    pub(super) fn count_anew(&mut self, order: &Order, at: Timestamp) -> Result<(), OpError> {
        let open = self.open_of(order.customer)?.into_iter();
        let mut unpaid: Vec<Timestamp> = open
            .filter(|open| open.order == order.id)
            .map(|open| open.since)
            .collect();
        if order.billing == Billing::Prepaid {
            unpaid.extend(order.next_cycle_at.filter(|next| *next <= at));
        }
        let Some(oldest) = unpaid.into_iter().min() else {
            return Ok(());
        };
        let priced = self.priced(order)?;
        let after = cycle::owed_since(order, &priced.terms(&self.company), oldest, at);
        self.put_order(order, after, at)
    }

    /// Money that a customer paid is taken back: what it paid for is owed again. The invoices of
    /// `first` before others, the newest first; their orders are dunned for them.
    pub(in crate::ops) fn owe_again(
        &mut self,
        customer: CustomerId,
        amount: Amount,
        first: Option<OrderId>,
        at: Timestamp,
    ) -> Result<(), OpError> {
        let currency = amount.currency;
        let owed = self.balance(customer, currency)?.minor.below_zero();
        let open: BTreeMap<InvoiceId, OpenInvoice> = self
            .open_of(customer)?
            .into_iter()
            .filter(|open| open.currency == currency)
            .map(|open| (open.id, open))
            .collect();
        let invoiced: Minor = open.values().map(|open| open.open_minor).sum();
        let asked = invoiced + self.debt_in(customer, currency)?.minor;
        let mut missing = amount.with((owed - asked).min(amount.minor));
        let mut nets = self.nets(customer, currency)?;
        nets.sort_by_key(|net| first.is_some_and(|first| first != net.invoice.order));
        for net in nets {
            if missing.minor <= 0 {
                break;
            }
            missing = self.open_again(&net, open.get(&net.invoice.id), missing, at)?;
        }
        self.bring_again(customer, missing, at)
    }

    /// Opens an invoice again by at most `missing` of what was paid of it. Answers what is missing
    /// still.
    fn open_again(
        &mut self,
        net: &Net,
        held: Option<&OpenInvoice>,
        missing: Amount,
        at: Timestamp,
    ) -> Result<Amount, OpError> {
        let invoice = &net.invoice;
        let open_minor = held.map_or(Minor::ZERO, |open| open.open_minor);
        let paid = net.total_minor() - open_minor;
        let again = paid.min(missing.minor);
        if again <= 0 {
            return Ok(missing);
        }
        let open = OpenInvoice {
            id: invoice.id,
            customer: invoice.customer,
            order: invoice.order,
            open_minor: open_minor + again,
            currency: invoice.currency,
            since: held.map_or(at, |open| open.since),
            due_at: invoice.due_at.unwrap_or(at),
        };
        self.changes.open.insert(open.id, open);
        let order = self.order(invoice.order)?;
        if order.billing != Billing::External {
            let priced = self.priced(&order)?;
            let after = cycle::owed_again(&order, &priced.terms(&self.company), at);
            self.put_order(&order, after, at)?;
        }
        Ok(missing.with(missing.minor - again))
    }
}
