//! Credit for what was billed and is not used.

use crate::domain::id::InvoiceId;
use crate::domain::invoice::{Invoice, InvoiceKind, unused};
use crate::domain::money::Amount;
use crate::domain::order::{Order, Standing};
use crate::domain::time::Timestamp;
use crate::ops::OpError;
use crate::store::key::cycle_of;
use crate::store::{Read, Table};

use super::Books;

impl<R: Read> Books<'_, R> {
    /// Gives back what is not used of the cycles that were billed and are not over: a credit note
    /// for each. Pays open invoices, but does not try orders again: the caller changes one.
    pub(in crate::ops) fn credit_unused(
        &mut self,
        order: &Order,
        at: Timestamp,
    ) -> Result<(), OpError> {
        let zone = self.company.zone.clone();
        // Days on which an order was paused were not used.
        let stopped_at = match order.standing {
            Standing::Paused { since } => since,
            _ => at,
        };
        let today = zone.date(stopped_at);
        for cycle in (0..order.cycles_paid).rev() {
            let key = cycle_of(order.id, cycle);
            let Some(billed) = self.read.get_by::<Invoice>(Table::InvoicesByCycle, &key)? else {
                // It was free.
                let end = order.cycle_start(&zone, cycle.saturating_add(1));
                if end.is_some_and(|end| end > stopped_at) {
                    continue;
                }
                break;
            };
            let Some(to) = billed.to else { break };
            // A pause moved the end of the last cycle.
            let last = cycle.saturating_add(1) == order.cycles_paid;
            let end = order.expires_at.filter(|_| last).unwrap_or(to);
            if end <= stopped_at {
                break;
            }
            let all = zone.date(billed.from).days_until(zone.date(to));
            let begun = i32::from(billed.from <= stopped_at);
            let left = today.days_until(zone.date(end)).saturating_sub(begun);
            let lines = unused(&billed.lines, all, left);
            if lines.is_empty() {
                continue;
            }
            let note = Invoice {
                id: InvoiceId(0),
                kind: InvoiceKind::CreditNote { of: billed.id },
                cycle: None,
                issued_at: at,
                from: stopped_at,
                to: Some(end),
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
        }
        Ok(())
    }
}
