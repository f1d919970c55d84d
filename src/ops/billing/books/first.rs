//! The first cycle of an order: what it costs, by which version of the price, and its bill where it
//! was paid for before it began.

use crate::domain::billing::cycle;
use crate::domain::billing::cycle::{Bill, Terms};
use crate::domain::billing::order::Order;
use crate::domain::catalogue::charge::{up_to, version_in_force};
use crate::domain::values::id::OrderId;
use crate::domain::values::money::Amount;
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::store::Read;

use super::ledger::{Agreed, Books};
use super::set_aside::SetAside;

impl<R: Read> Books<'_, R> {
    /// Invoices the cycle that follows what another system was paid for, covered or not.
    pub(in crate::ops) fn begin_next(
        &mut self,
        order: &Order,
        at: Timestamp,
    ) -> Result<(), OpError> {
        let Some(bill) = self.next_bill(order)? else {
            return Ok(());
        };
        let after = cycle::renewed(order, &bill, at);
        self.bill_now(order, after, &bill, at)
    }

    /// What the first cycle of an order costs.
    pub(in crate::ops) fn first_bill(
        &mut self,
        order: &Order,
        at: Timestamp,
    ) -> Result<Bill, OpError> {
        let priced = self.priced(order)?;
        let terms = priced.terms(&self.company);
        let terms = Terms {
            billed_on: Some(terms.zone.date(at)),
            ..terms
        };
        Ok(first_bill(order, &terms))
    }

    /// As [`Books::first_bill`], as it was shown, whatever was changed since.
    pub(in crate::ops) fn first_bill_as(
        &mut self,
        order: &Order,
        shown: Agreed,
        at: Timestamp,
    ) -> Result<Bill, OpError> {
        let priced = self.priced(order)?;
        let terms = priced.terms(&self.company);
        let terms = Terms {
            prices: up_to(&priced.prices, shown.version),
            billed_on: Some(terms.zone.date(at)),
            seen_on: shown.at.map(|at| terms.zone.date(at)),
            ..terms
        };
        let mut order = order.clone();
        order.price_version = shown.version;
        Ok(first_bill(&order, &terms))
    }

    /// The version of the price by which [`Books::first_bill`] bills an order.
    pub(in crate::ops) fn price_version(&mut self, order: &Order) -> Result<u32, OpError> {
        let priced = self.priced(order)?;
        let (begun_with, at) = (order.price_version, first_start(order));
        Ok(version_in_force(&priced.prices, begun_with, at))
    }

    /// Sets money aside for the bill of one order.
    pub(in crate::ops) fn set_aside(&mut self, order: OrderId, left: Amount) {
        self.set_aside = Some(SetAside { order, left });
    }

    /// As [`Books::begin`], by this bill, paid with what was set aside.
    /// Answers what is left of that; `None` where nothing was.
    pub(in crate::ops) fn begin_paid(
        &mut self,
        order: &Order,
        bill: &Bill,
        at: Timestamp,
    ) -> Result<Option<Amount>, OpError> {
        self.bill_now(order, order.clone(), bill, at)?;
        Ok(self.set_aside.take().map(|aside| aside.left))
    }
}

/// When the first cycle starts.
fn first_start(order: &Order) -> Timestamp {
    match order.anchor_cycle {
        0 => order.anchor_at,
        _ => order.activated_at.unwrap_or(order.created_at),
    }
}

fn first_bill(order: &Order, terms: &Terms<'_>) -> Bill {
    let mut bill = cycle::bill(order, terms, 0, first_start(order));
    // Dates that somebody gave the order win, where they can.
    let given = order.next_cycle_at.or(order.expires_at);
    bill.to = given.filter(|to| *to > bill.from).or(bill.to);
    bill
}
