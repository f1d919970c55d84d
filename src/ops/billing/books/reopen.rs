//! What money that came in does: it pays open invoices, and orders that wait for it run again. And
//! who is suspended for want of it, and who no longer.

use std::collections::BTreeSet;

use crate::domain::billing::cycle;
use crate::domain::billing::cycle::{Bill, Terms};
use crate::domain::billing::invoice::OpenInvoice;
use crate::domain::billing::order::{Due, Order, Standing};
use crate::domain::catalogue::charge::{Line, up_to, version_in_force};
use crate::domain::catalogue::kinds::{Billing, OrderStatus, ServiceStatus};
use crate::domain::customers::{Customer, CustomerStatus};
use crate::domain::event::ActivityAction;
use crate::domain::values::id::{CustomerId, OrderId};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, TaxRate};
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::store::key::owned_by;
use crate::store::{Read, Table};

use super::write::{Fallback, Happened, Post};
use crate::ops::billing::books::ledger::{Agreed, Books, INVOICE, OWED_BEFORE, held};
use crate::ops::billing::books::priced::Priced;

impl<R: Read> Books<'_, R> {
    /// Lets money that was just posted to a customer pay open invoices, oldest first, those of
    /// `first` before all others; then whatever waits for money is tried again, `first` before all
    /// others.
    pub(in crate::ops) fn use_money(
        &mut self,
        customer: CustomerId,
        amount: Amount,
        first: Option<OrderId>,
        at: Timestamp,
    ) -> Result<(), OpError> {
        // What lay on the balance before can pay as well.
        let balance = self.balance(customer, amount.currency)?;
        let usable = amount.with(amount.minor.max(balance.minor));
        self.pay_open(customer, usable, first)?;
        self.reopen_for(customer, first, at)
    }

    pub(super) fn pay_open(
        &mut self,
        customer: CustomerId,
        amount: Amount,
        first: Option<OrderId>,
    ) -> Result<(), OpError> {
        let mut left = amount;
        let mut open = self.open_of(customer)?;
        open.sort_by_key(|open| (first != Some(open.order), open.id));
        let mut older_paid = false;
        for mut open in open {
            // What was brought along is older than any invoice.
            if !older_paid && first != Some(open.order) {
                older_paid = true;
                left = self.pay_debt(customer, left)?;
            }
            if left.minor <= 0 {
                break;
            }
            if open.currency != left.currency {
                continue;
            }
            let paid = open.open_minor.min(left.minor);
            left.minor -= paid;
            open.open_minor -= paid;
            self.changes.open.insert(open.id, open);
        }
        if !older_paid {
            self.pay_debt(customer, left)?;
        }
        Ok(())
    }

    /// The customer's open invoices, oldest first.
    pub(super) fn open_of(&self, customer: CustomerId) -> Result<Vec<OpenInvoice>, OpError> {
        let held: Vec<OpenInvoice> = self
            .read
            .listed(Table::OpenInvoicesByCustomer, &owned_by(customer))?;
        let present = |open: OpenInvoice| match self.changes.open.get(&open.id) {
            Some(changed) => changed.clone(),
            None => open,
        };
        let open = held.into_iter().map(present);
        Ok(open.filter(|open| open.open_minor > 0).collect())
    }

    /// Whether an invoice that fits is open, also one that is not written yet.
    pub(super) fn owes(
        &self,
        customer: CustomerId,
        fits: impl Fn(OrderId) -> bool,
    ) -> Result<bool, OpError> {
        let posted = self.changes.posts.iter().any(|post| {
            matches!(post, Post::Invoice { draft, open_minor, .. }
                if draft.customer == customer && fits(draft.order) && *open_minor > 0)
        });
        let open = self.open_of(customer)?;
        Ok(posted || open.iter().any(|open| fits(open.order)))
    }

    /// Tries what waits for money again.
    pub(in crate::ops) fn reopen(
        &mut self,
        customer: CustomerId,
        at: Timestamp,
    ) -> Result<(), OpError> {
        self.reopen_for(customer, None, at)
    }

    /// The order that the money is meant for comes first, then those that still run, then the
    /// frozen ones; each kind oldest first.
    fn reopen_for(
        &mut self,
        customer: CustomerId,
        first: Option<OrderId>,
        at: Timestamp,
    ) -> Result<(), OpError> {
        let mut waiting = self.orders_of(customer)?;
        waiting.retain(Order::waits_for_money);
        waiting.sort_by_key(|order| {
            let frozen = matches!(order.standing, Standing::Frozen { .. });
            (first != Some(order.id), frozen, order.id)
        });
        let mut any = false;
        for order in waiting {
            // It may have ended with one before it.
            let order = self.order(order.id)?;
            let priced = self.priced(&order)?;
            let balances = self.balances(customer, &priced)?;
            let owes = self.owes(customer, |id| id == order.id)?;
            let terms = self.terms_to_reopen(&order, &priced, at);
            let settled = cycle::reopen(&order, &terms, |c| held(&balances, c), owes, at);
            let Some(settled) = settled else {
                // What was paid of it is not what it is overdue with any more.
                self.count_anew(&order, at)?;
                continue;
            };
            self.apply(&order, settled, at)?;
            self.catch_up(order.id, at)?;
            let after = self.order(order.id)?;
            let still = cycle::overdue_still(&order, &after, &priced.terms(&self.company), at);
            self.put_order(&after, still, at)?;
            if first == Some(order.id) {
                self.end_duplicate_orders(order.id, at)?;
            }
            any |= after.runs_at(at);
        }
        self.lift_customer(customer, any, at)
    }

    /// Lets a debt that is given up, which was just posted, pay open invoices, oldest first. It is
    /// no payment: what is frozen for want of it ends.
    pub(in crate::ops) fn give_up(
        &mut self,
        customer: CustomerId,
        amount: Amount,
        at: Timestamp,
    ) -> Result<(), OpError> {
        let owing: BTreeSet<OrderId> = self.open_of(customer)?.iter().map(|of| of.order).collect();
        self.pay_open(customer, amount, None)?;
        for before in self.orders_of(customer)? {
            let frozen = matches!(before.standing, Standing::Frozen { .. });
            let given_up =
                owing.contains(&before.id) && !self.owes(customer, |id| id == before.id)?;
            if frozen && given_up {
                let mut ended = before.clone();
                // One that was canceled stays so: it says why it ended.
                if before.status != OrderStatus::Canceled {
                    ended.set_status(OrderStatus::Expired, &self.company.zone, at);
                }
                ended.standing = Standing::Ended;
                ended.time_kept = false;
                ended.next_cycle_at = None;
                ended.expires_at = before.expires_at.map(|end| end.min(at));
                ended.updated_at = at;
                self.put_order(&before, ended, at)?;
            }
        }
        self.reopen(customer, at)
    }

    /// Ends other frozen orders of the same product: nobody wants it twice, and they would take
    /// later money. Time that was billed is not lost by that: an order that keeps some goes on when
    /// that is paid, and one that is billed until a later day is canceled, so that it runs until
    /// then once it is paid.
    pub(in crate::ops) fn end_duplicate_orders(
        &mut self,
        id: OrderId,
        at: Timestamp,
    ) -> Result<(), OpError> {
        let paid = self.order(id)?;
        if paid.status != OrderStatus::Active {
            return Ok(());
        }
        for before in self.orders_of(paid.customer)? {
            let twin = before.id != id
                && before.product == paid.product
                && matches!(before.standing, Standing::Frozen { .. });
            if !twin || before.time_kept {
                continue;
            }
            let mut after = before.clone();
            let billed_on = before.billing == Billing::Postpaid
                && before.expires_at.is_some_and(|end| end > at);
            if billed_on {
                after.set_status(OrderStatus::Canceled, &self.company.zone, at);
            } else {
                after.set_status(OrderStatus::Expired, &self.company.zone, at);
                after.expires_at = Some(before.expires_at.unwrap_or(at).min(at));
            }
            after.next_cycle_at = None;
            after.updated_at = at;
            self.put_order(&before, after, at)?;
        }
        Ok(())
    }

    /// Lets an order run again by the price that its payer was shown, whatever was changed since.
    pub(in crate::ops) fn agree(&mut self, order: OrderId, agreed: Agreed) {
        self.agreed = Some((order, agreed));
    }

    fn terms_to_reopen<'t>(
        &'t self,
        order: &Order,
        priced: &'t Priced,
        at: Timestamp,
    ) -> Terms<'t> {
        let terms = priced.terms(&self.company);
        let terms = Terms {
            billed_on: Some(terms.zone.date(at)),
            ..terms
        };
        match self.agreed {
            Some((id, agreed)) if id == order.id => Terms {
                prices: up_to(terms.prices, agreed.version),
                seen_on: agreed.at.map(|at| terms.zone.date(at)),
                ..terms
            },
            _ => terms,
        }
    }

    /// The version of the price by which [`Books::reopen`] bills an order at `at`.
    pub(in crate::ops) fn price_version_to_reopen(
        &mut self,
        order: &Order,
        at: Timestamp,
    ) -> Result<u32, OpError> {
        let priced = self.priced(order)?;
        let mut from = order.next_cycle_at;
        if order.status == OrderStatus::Inactive {
            let terms = priced.terms(&self.company);
            let again = cycle::again(order, &terms, order.unpaid_micros(at), at);
            from = again.map(|(_, bill)| bill.from);
        }
        let from = from.unwrap_or(at);
        Ok(version_in_force(&priced.prices, order.price_version, from))
    }

    /// What has to be paid so that an order that is overdue or frozen runs again: what [`reopen`]
    /// will ask for; else what is owed of it. `None` where nothing is asked for.
    ///
    /// [`reopen`]: Books::reopen
    pub(in crate::ops) fn bill_to_reopen(
        &mut self,
        order: &Order,
        at: Timestamp,
    ) -> Result<Option<Bill>, OpError> {
        if !self.asks_for_money(order)? {
            return Ok(None);
        }
        let line = |title: String, net_minor: Minor| Line {
            title,
            rate: TaxRate::ZERO,
            net_minor,
            tax_minor: Minor::ZERO,
            by_day: false,
        };
        // One that lost money of its running cycle asks for that, not for the next one.
        let running = order.lost_its_money() && order.next_cycle_at.is_none_or(|next| next > at);
        let prepaid = order.billing == Billing::Prepaid
            && order.waits_for_money()
            && !running
            && !order.time_kept
            && matches!(order.status, OrderStatus::Active | OrderStatus::Inactive);
        let priced = self.priced(order)?;
        let terms = self.terms_to_reopen(order, &priced, at);
        let bill = match order.status {
            OrderStatus::Inactive => {
                let again = cycle::again(order, &terms, order.unpaid_micros(at), at);
                again.map(|(_, bill)| bill)
            }
            _ => cycle::next_bill(order, &terms),
        };
        if let Some(mut bill) = bill.filter(|_| prepaid) {
            if let Some(total) = bill.charged() {
                let owed = self
                    .balance(order.customer, total.currency)?
                    .minor
                    .below_zero();
                if owed > 0 {
                    bill.lines.push(line(OWED_BEFORE.to_owned(), owed));
                }
            }
            return Ok(Some(bill));
        }
        let mut open = self.open_of(order.customer)?;
        let currency = open.iter().find(|open| open.order == order.id);
        let currency = currency.map(|open| open.currency);
        open.retain(|open| open.order == order.id && Some(open.currency) == currency);
        let mut lines: Vec<Line> = open
            .iter()
            .map(|open| line(format!("{INVOICE}{}", open.id.0), open.open_minor))
            .collect();
        let debt = self.debt_of(order.customer)?;
        let currency = currency.or(debt.as_ref().map(|debt| debt.currency));
        if let Some(debt) = debt.filter(|debt| Some(debt.currency) == currency) {
            lines.insert(0, line(OWED_BEFORE.to_owned(), debt.open_minor));
        }
        Ok(Some(Bill {
            cycle: order.cycles_paid,
            from: at,
            to: order.expires_at.filter(|end| *end > at),
            lines,
            currency,
        }))
    }

    pub(super) fn orders_of(&self, customer: CustomerId) -> Result<Vec<Order>, OpError> {
        let numbers = self
            .read
            .numbers(Table::OrdersByCustomer, &owned_by(customer))?;
        let orders = numbers
            .into_iter()
            .map(|number| self.order(OrderId(number)));
        orders.collect()
    }

    /// A customer whom billing suspended is active again once something of theirs runs, or once
    /// nothing of theirs is unpaid. Every command that changes an order ends with this.
    pub(in crate::ops) fn lift_suspension(
        &mut self,
        order: OrderId,
        at: Timestamp,
    ) -> Result<(), OpError> {
        let order = self.order(order)?;
        self.lift_customer(order.customer, order.runs_at(at), at)
    }

    /// As [`Books::lift_suspension`]. `runs`: something of theirs runs.
    pub(super) fn lift_customer(
        &mut self,
        customer: CustomerId,
        runs: bool,
        at: Timestamp,
    ) -> Result<(), OpError> {
        let before = self.customer(customer)?;
        if before.status != CustomerStatus::SuspendedByBilling {
            return Ok(());
        }
        let unpaid = || -> Result<bool, OpError> {
            let waiting = self.orders_of(customer)?.iter().any(Order::waits_for_money);
            let brought = self.debt_of(customer)?.is_some();
            Ok(waiting || brought || self.owes(customer, |_| true)?)
        };
        if runs || !unpaid()? {
            self.set_customer_status(before, CustomerStatus::Active, at);
        }
        Ok(())
    }

    /// Suspends a customer who has no active service left.
    pub(super) fn suspend(&mut self, customer: CustomerId, at: Timestamp) -> Result<(), OpError> {
        let before = self.customer(customer)?;
        if before.status != CustomerStatus::Active {
            return Ok(());
        }
        // The plan that takes the place of one that ended begins when the books are written.
        let falls_back = |of: &Fallback| of.customer == customer;
        if self.changes.fallbacks.iter().any(falls_back) {
            return Ok(());
        }
        if self
            .active_until
            .get(&customer)
            .is_some_and(|end| *end > at)
        {
            return Ok(());
        }
        let services = self.services_of(customer)?;
        let mut statuses = services.iter().map(|service| service.status_at(at));
        if statuses.any(|status| status == ServiceStatus::Active) {
            return Ok(());
        }
        // One whose next cycle is due as well is not given up before that was tried: if it is not
        // paid either, its own ladder comes here again.
        let tried_next = |order: &Order| {
            order.status == OrderStatus::Active
                && !self.let_go.contains(&order.id)
                && matches!(order.due(), Some((due_at, Due::Cycle)) if due_at <= at)
        };
        if self.orders_of(customer)?.iter().any(tried_next) {
            return Ok(());
        }
        self.set_customer_status(before, CustomerStatus::SuspendedByBilling, at);
        self.changes.counts.suspended = self.changes.counts.suspended.saturating_add(1);
        Ok(())
    }

    fn set_customer_status(&mut self, before: Customer, status: CustomerStatus, at: Timestamp) {
        self.changes.happened.push(Happened {
            customer: before.id,
            at,
            action: ActivityAction::StatusChanged,
            details: vec![
                ("from".to_owned(), format!("{:?}", before.status)),
                ("to".to_owned(), format!("{status:?}")),
            ],
        });
        let mut after = before;
        after.set_status(status, at);
        after.updated_at = at;
        self.changes.customers.insert(after.id, after);
    }
}
