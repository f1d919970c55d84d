//! Credit notes: for what was billed and is not used, for money that was spent and is given back.
//! However many an invoice has, together they never give back more than it.

use std::collections::BTreeMap;

use crate::domain::billing::invoice::{Invoice, InvoiceKind, days_unused, less, share, unused};
use crate::domain::billing::order::{Order, Standing};
use crate::domain::catalogue::charge::{Line, total_minor};
use crate::domain::refusal::MoneyRefusal;
use crate::domain::values::id::{CustomerId, InvoiceId, OrderId};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency};
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::store::key::{cycle_of, owned_by};
use crate::store::{Read, Table};

use super::ledger::Books;
use super::write::Post;

/// An invoice, and what its credit notes leave of it.
pub(super) struct Net {
    pub invoice: Invoice,
    /// Line by line.
    pub left: Vec<Line>,
    /// How much of the end of its time credit notes gave back, in microseconds.
    pub given_back_micros: i64,
}

impl Net {
    fn of(invoice: Invoice, notes: &[Invoice]) -> Self {
        let mut left = invoice.lines.clone();
        let mut given_back_micros = 0i64;
        for note in notes {
            left = less(&left, &note.lines);
            // Each took the end off what the ones before it left, wherever pauses had moved that
            // to.
            let to = note.to.unwrap_or(note.from);
            let micros = to.micros().saturating_sub(note.from.micros()).max(0);
            given_back_micros = given_back_micros.saturating_add(micros);
        }
        Self {
            invoice,
            left,
            given_back_micros,
        }
    }

    /// In minor units.
    pub(super) fn total_minor(&self) -> Minor {
        total_minor(&self.left)
    }
}

/// From when the time of an order is given back.
#[derive(Debug, Clone, Copy)]
enum Stop {
    /// The day on which it stops counts as used.
    Within(Timestamp),
    /// Another cycle is billed for the days from then on: that day belongs to it.
    Before(Timestamp),
}

impl Stop {
    fn at(self) -> Timestamp {
        match self {
            Self::Within(at) | Self::Before(at) => at,
        }
    }
}

/// Why a credit note is issued.
struct Reason<'w> {
    /// From when the time is given back, and its end; none where it is only money.
    from: Timestamp,
    to: Option<Timestamp>,
    words: &'w str,
}

impl<R: Read> Books<'_, R> {
    /// Gives back what is not used of the cycles that were billed and are not over: a credit note
    /// for each. Each pays its own invoice and then what else is open; orders are not tried again:
    /// the caller changes one. Answers whether anything was given back.
    pub(in crate::ops) fn credit_unused(
        &mut self,
        order: &Order,
        at: Timestamp,
    ) -> Result<bool, OpError> {
        // Days on which an order stands still are not used.
        let stopped_at = match order.standing {
            Standing::Paused { since } => since,
            Standing::Frozen { since, .. } if order.time_kept => since,
            _ => at,
        };
        self.credit_from(order, Stop::Within(stopped_at), at)
    }

    /// Gives back the days that were billed and will be billed again, because the next cycle begins
    /// at `next` already. As [`Books::credit_unused`].
    pub(in crate::ops) fn credit_doubled(
        &mut self,
        order: &Order,
        next: Timestamp,
        at: Timestamp,
    ) -> Result<bool, OpError> {
        self.credit_from(order, Stop::Before(next), at)
    }

    fn credit_from(&mut self, order: &Order, stop: Stop, at: Timestamp) -> Result<bool, OpError> {
        let zone = self.company.zone.clone();
        let mut any = false;
        for cycle in (0..order.cycles_paid).rev() {
            let key = cycle_of(order.id, cycle);
            let Some(billed) = self.read.get_by::<Invoice>(Table::InvoicesByCycle, &key)? else {
                // It was free.
                continue;
            };
            let Some(to) = billed.to else { break };
            let net = self.net(billed)?;
            let from = net.invoice.from;
            let to = to.saturating_add_micros(net.given_back_micros.saturating_neg());
            // The end of the order says nothing here: somebody may have given time away.
            let shift = order.shift_micros(cycle);
            let (begins, ends) = (
                from.saturating_add_micros(shift),
                to.saturating_add_micros(shift),
            );
            if ends <= stop.at() {
                break;
            }
            let all = zone.date(from).days_until(zone.date(to));
            let days = match stop {
                Stop::Within(at) => days_unused(&zone, begins, ends, at).unwrap_or(all),
                Stop::Before(at) => zone.date(at.max(begins)).days_until(zone.date(ends)),
            };
            let lines = unused(&net.left, all, days);
            if lines.is_empty() {
                continue;
            }
            let reason = Reason {
                from: begins.max(stop.at()),
                to: Some(ends),
                words: "",
            };
            let rest = self.issue_credit(&net.invoice, lines, &reason, at)?;
            self.pay_open(order.customer, rest, None)?;
            any = true;
        }
        Ok(any)
    }

    /// Gives back by credit notes what was paid with money that goes back now: of invoices of
    /// `first` before others, the newest first. `also_open`: the payment was disputed as well, so
    /// that invoices of `first` are open again which it paid.
    /// Answers what is left of `amount`.
    pub(in crate::ops) fn credit_spent(
        &mut self,
        customer: CustomerId,
        amount: Amount,
        first: Option<OrderId>,
        also_open: bool,
        at: Timestamp,
    ) -> Result<Amount, OpError> {
        let mut left = amount;
        let mut nets = self.nets(customer, amount.currency)?;
        nets.sort_by_key(|net| first.is_some_and(|first| first != net.invoice.order));
        let open = self.open_minors(customer)?;
        let opened = |net: &Net| open.get(&net.invoice.id).copied().unwrap_or_default();
        for of_open in [false, true] {
            for net in &nets {
                let part = match of_open {
                    false => net.total_minor() - opened(net),
                    true if also_open && first == Some(net.invoice.order) => opened(net),
                    true => Minor::ZERO,
                };
                let part = part.min(left.minor);
                if part <= 0 {
                    continue;
                }
                let reason = Reason {
                    from: at,
                    to: None,
                    words: "given back",
                };
                let lines = share(&net.left, part, net.total_minor());
                self.issue_credit(&net.invoice, lines, &reason, at)?;
                left.minor -= part;
            }
        }
        Ok(left)
    }

    /// Gives back all that is left of what was billed for an order. As [`Books::credit_unused`].
    pub(in crate::ops) fn credit_whole(
        &mut self,
        order: &Order,
        at: Timestamp,
    ) -> Result<bool, OpError> {
        let mut any = false;
        for number in self
            .read
            .numbers(Table::InvoicesByCustomer, &owned_by(order.customer))?
        {
            let invoice: Invoice = crate::ops::get(self.read, InvoiceId(number))?;
            if invoice.order == order.id && invoice.kind == InvoiceKind::Invoice {
                any |= self.credit_all(invoice, "not rendered", at)?;
            }
        }
        Ok(any)
    }

    /// Gives back all of an invoice of which nothing is paid or credited; refuses any other.
    pub(in crate::ops) fn void(
        &mut self,
        invoice: Invoice,
        reason: &str,
        at: Timestamp,
    ) -> Result<(), OpError> {
        let (id, total) = (invoice.id, invoice.total().minor);
        let open = self.open_minors(invoice.customer)?.get(&id).copied();
        if invoice.kind != InvoiceKind::Invoice || total <= 0 || open != Some(total) {
            return Err(MoneyRefusal::NotVoidable { invoice: id }.into());
        }
        self.credit_all(invoice, reason, at).map(|_| ())
    }

    fn credit_all(
        &mut self,
        invoice: Invoice,
        words: &str,
        at: Timestamp,
    ) -> Result<bool, OpError> {
        let net = self.net(invoice)?;
        let whole = net.total_minor();
        if whole <= 0 {
            return Ok(false);
        }
        let reason = Reason {
            from: net.invoice.from,
            to: net.invoice.to,
            words,
        };
        let lines = share(&net.left, whole, whole);
        let rest = self.issue_credit(&net.invoice, lines, &reason, at)?;
        self.pay_open(net.invoice.customer, rest, None)?;
        Ok(true)
    }

    /// Issues a credit note; it pays its own invoice as far as that is open.
    /// Answers what is left of it.
    fn issue_credit(
        &mut self,
        billed: &Invoice,
        lines: Vec<Line>,
        reason: &Reason<'_>,
        at: Timestamp,
    ) -> Result<Amount, OpError> {
        let note = Invoice {
            id: InvoiceId(0),
            kind: InvoiceKind::CreditNote { of: billed.id },
            cycle: None,
            due_at: None,
            issued_at: at,
            from: reason.from,
            to: reason.to,
            lines,
            ..billed.clone()
        };
        let given = note.total();
        self.balance(billed.customer, given.currency)?;
        let mailed = self.mails && self.customer(billed.customer)?.email.is_some();
        self.post_invoice(note, Minor::ZERO, mailed, reason.words.to_owned());
        let mut rest = given.with(-given.minor);
        let open = self.open_of(billed.customer)?.into_iter();
        if let Some(mut own) = open.into_iter().find(|open| open.id == billed.id) {
            let paid = own.open_minor.min(rest.minor);
            rest.minor -= paid;
            own.open_minor -= paid;
            self.changes.open.insert(own.id, own);
        }
        Ok(rest)
    }

    fn net(&self, invoice: Invoice) -> Result<Net, OpError> {
        let notes = self.invoices_after(invoice.customer, invoice.id)?;
        let of = InvoiceKind::CreditNote { of: invoice.id };
        let notes: Vec<Invoice> = notes.into_iter().filter(|note| note.kind == of).collect();
        Ok(Net::of(invoice, &notes))
    }

    /// The customer's invoices in a currency as their credit notes leave them, the newest first.
    pub(super) fn nets(
        &self,
        customer: CustomerId,
        currency: Currency,
    ) -> Result<Vec<Net>, OpError> {
        let mut notes: BTreeMap<InvoiceId, Vec<Invoice>> = BTreeMap::new();
        let mut billed = Vec::new();
        for invoice in self.invoices_after(customer, InvoiceId(0))? {
            match invoice.kind {
                InvoiceKind::CreditNote { of } => notes.entry(of).or_default().push(invoice),
                InvoiceKind::Invoice if invoice.currency == currency => billed.push(invoice),
                InvoiceKind::Invoice => {}
            }
        }
        billed.sort_by_key(|invoice| std::cmp::Reverse(invoice.id));
        let net = |invoice: Invoice| {
            let notes = notes.remove(&invoice.id).unwrap_or_default();
            Net::of(invoice, &notes)
        };
        Ok(billed.into_iter().map(net).collect())
    }

    /// The customer's invoices and credit notes that are younger than this one; credit notes also
    /// that are not written yet.
    fn invoices_after(&self, customer: CustomerId, id: InvoiceId) -> Result<Vec<Invoice>, OpError> {
        let numbers = self
            .read
            .numbers(Table::InvoicesByCustomer, &owned_by(customer))?;
        let mut found = Vec::with_capacity(numbers.len());
        for number in numbers.into_iter().filter(|number| *number > id.0) {
            found.push(crate::ops::get::<Invoice>(self.read, InvoiceId(number))?);
        }
        for post in &self.changes.posts {
            if let Post::Invoice { draft, .. } = post
                && draft.customer == customer
                && draft.kind != InvoiceKind::Invoice
            {
                found.push(draft.clone());
            }
        }
        Ok(found)
    }

    /// What is open of each of the customer's invoices, in minor units.
    pub(super) fn open_minors(
        &self,
        customer: CustomerId,
    ) -> Result<BTreeMap<InvoiceId, Minor>, OpError> {
        let open = self.open_of(customer)?.into_iter();
        Ok(open.map(|open| (open.id, open.open_minor)).collect())
    }
}
