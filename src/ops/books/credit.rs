//! Credit for what was billed and is not used.

use crate::domain::id::{CustomerId, InvoiceId};
use crate::domain::invoice::{Invoice, InvoiceKind, days_unused, unused};
use crate::domain::money::Amount;
use crate::domain::order::{Order, Standing};
use crate::domain::time::Timestamp;
use crate::ops::OpError;
use crate::store::key::{cycle_of, owned_by};
use crate::store::{Read, Table};

use super::Books;

impl<R: Read> Books<'_, R> {
    /// Gives back what is not used of the cycles that were billed and are not over: a credit note
    /// for each, unless it had one. Pays open invoices, but does not try orders again: the caller
    /// changes one. Answers whether anything was given back.
    pub(in crate::ops) fn credit_unused(
        &mut self,
        order: &Order,
        at: Timestamp,
    ) -> Result<bool, OpError> {
        let zone = self.company.zone.clone();
        // Days on which an order is paused are not used.
        let stopped_at = match order.standing {
            Standing::Paused { since } => since,
            _ => at,
        };
        let mut any = false;
        for cycle in (0..order.cycles_paid).rev() {
            let key = cycle_of(order.id, cycle);
            let Some(billed) = self.read.get_by::<Invoice>(Table::InvoicesByCycle, &key)? else {
                // It was free.
                continue;
            };
            let Some(to) = billed.to else { break };
            // The end of the order says nothing here: somebody may have given time away.
            let shift = order.shift_micros(cycle);
            let (begins, ends) = (
                billed.from.saturating_add_micros(shift),
                to.saturating_add_micros(shift),
            );
            if ends <= stopped_at {
                break;
            }
            let days = days_unused(&zone, begins, ends, stopped_at);
            let all = zone.date(billed.from).days_until(zone.date(to));
            let lines = unused(&billed.lines, all, days.unwrap_or(all));
            if lines.is_empty() || self.is_credited(order.customer, billed.id)? {
                continue;
            }
            let note = Invoice {
                id: InvoiceId(0),
                kind: InvoiceKind::CreditNote { of: billed.id },
                cycle: None,
                issued_at: at,
                from: begins.max(stopped_at),
                to: Some(ends),
                lines,
                ..billed
            };
            let given = note.total();
            self.balance(order.customer, given.currency)?;
            let mailed = self.mails && self.customer(order.customer)?.email.is_some();
            self.post_invoice(note, 0, mailed);
            let back = Amount {
                minor: given.minor.saturating_neg(),
                currency: given.currency,
            };
            self.pay_open(order.customer, back, None)?;
            any = true;
        }
        Ok(any)
    }

    /// Whether an invoice has a credit note. Days that are left of a cycle only become fewer, so
    /// the first one gave back all that a later one could.
    fn is_credited(&self, customer: CustomerId, invoice: InvoiceId) -> Result<bool, OpError> {
        let front = owned_by(customer);
        let numbers = self.read.numbers(Table::InvoicesByCustomer, &front)?;
        for number in numbers.into_iter().filter(|number| *number > invoice.0) {
            let later = self.read.get::<Invoice>(&InvoiceId(number))?;
            if later.is_some_and(|of| of.kind == InvoiceKind::CreditNote { of: invoice }) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
