//! What a caller changes on an order, and what becomes of the order: its dates, its standing,
//! whether it runs.
//!
//! Rules: `docs/billing.md`. What it costs is not known here.

use crate::domain::billing::order::{Due, Order, Standing};
use crate::domain::catalogue::kinds::{Billing, OrderStatus, OrderType};
use crate::domain::refusal::{OrderRefusal, Refusal};
use crate::domain::values::calendar::{Period, PeriodCount, Term, Zone, has_passed};
use crate::domain::values::id::{CustomerId, OrderId, ProductSpecId};
use crate::domain::values::time::Timestamp;

/// What may be changed on an order; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct OrderChange {
    pub status: Option<OrderStatus>,
    pub expires_at: Option<Option<Timestamp>>,
    pub next_cycle_at: Option<Option<Timestamp>>,
    pub cycles_total: Option<u32>,
}

impl OrderChange {
    /// What is sent back as it was read says nothing.
    #[must_use]
    pub fn unless_held(self, order: &Order) -> Self {
        let moved = |asked: Option<Option<Timestamp>>, held: Option<Timestamp>| {
            asked.filter(|asked| match (asked, held) {
                (Some(asked), Some(held)) => !asked.is_as_read(held),
                (None, None) => false,
                _ => true,
            })
        };
        Self {
            status: self.status.filter(|status| *status != order.status),
            expires_at: moved(self.expires_at, order.expires_at),
            next_cycle_at: moved(self.next_cycle_at, order.next_cycle_at),
            ..self
        }
    }

    /// The start of the next cycle that a caller wants moved;
    /// `None`: it is left, or sent back as it was.
    #[must_use]
    pub fn moved_cycle(&self, before: &Order) -> Option<Timestamp> {
        let asked = self.next_cycle_at.flatten();
        asked.filter(|at| before.next_cycle_at != Some(*at))
    }
}

impl Order {
    /// The order as the caller wishes it.
    pub fn amended(
        &self,
        input: &OrderChange,
        zone: &Zone,
        now: Timestamp,
    ) -> Result<Order, Refusal> {
        let before = self;
        let mut after = before.clone();
        let ours = after.billing != Billing::External;
        after.cycles_total = input.cycles_total.unwrap_or(after.cycles_total);
        let other_total = after.cycles_total != before.cycles_total;
        if other_total && after.standing == Standing::Waiting && before.has_own_term(zone) {
            // So that it is known for its own term when it is paid.
            after.set_dates(zone);
        }
        // An order past its end reads as expired; sent back so, it is not meant to be expired for
        // good.
        let echoed =
            |status: &OrderStatus| *status != before.status && *status == before.status_at(now);
        if let Some(status) = input.status.filter(|status| !echoed(status)) {
            after.set_status(status, zone, now);
        }
        // It ended by itself and gets a later end: it runs again.
        let later = |end: Option<Timestamp>| end.is_none_or(|end| end > now);
        let over = before.status == OrderStatus::Expired
            && matches!(before.standing, Standing::Ended | Standing::Owing { .. });
        let unsaid = input.status.is_none_or(|status| status == before.status);
        if over && unsaid && input.expires_at.is_some_and(later) {
            after.set_status(OrderStatus::Active, zone, now);
        }
        if other_total && !after.has_more_cycles() && (ours || after.status == OrderStatus::Active)
        {
            after.next_cycle_at = None;
        }
        let goes_on = match after.status {
            OrderStatus::Active => true,
            OrderStatus::Inactive => {
                matches!(after.standing, Standing::Settled | Standing::Frozen { .. })
            }
            _ => false,
        };
        if other_total && goes_on && after.next_cycle_at.is_none() {
            after.renew_at_end(zone);
        }
        if let Some(expires_at) = input.expires_at {
            after.expires_at = expires_at;
            // Whoever gives time away does not mean it to be billed.
            let later = |next: Timestamp| expires_at.filter(|end| *end > next && *end > now);
            if let Some(end) = after.next_cycle_at.and_then(later)
                && ours
            {
                after.anchor(end);
            }
        }
        let moved_cycle = input.moved_cycle(before);
        if let Some(at) = moved_cycle {
            if ours && !after.has_more_cycles() {
                return Err(OrderRefusal::NoFurtherCycle.into());
            }
            after.anchor(at);
            // As an order that is opened with it: the first cycle is billed until then.
            let begins =
                before.standing == Standing::Waiting && after.status == OrderStatus::Active;
            if begins && ours && input.expires_at.is_none() && after.expires_at.is_some() {
                after.expires_at = Some(at);
            }
        }
        if input.next_cycle_at == Some(None) {
            after.next_cycle_at = None;
        }
        // It does not end before a cycle that is to begin: the time between is given away.
        let resumed = before.status != OrderStatus::Active || moved_cycle.is_some();
        if after.status == OrderStatus::Active && ours && resumed {
            let next = after.next_cycle_at.filter(|_| after.has_more_cycles());
            after.expires_at = after
                .expires_at
                .map(|end| next.map_or(end, |next| end.max(next)));
        }
        // Dates that are sent back as they were say nothing.
        let moved = moved_cycle.is_some()
            || input.next_cycle_at == Some(None)
            || input.expires_at.is_some_and(|end| end != before.expires_at);
        let ahead = !has_passed(after.next_cycle_at, now) && !has_passed(after.expires_at, now);
        if moved && ahead && matches!(after.standing, Standing::Overdue { .. }) {
            after.standing = Standing::Settled;
        }
        if matches!(after.standing, Standing::Parked { .. }) {
            after.standing = Standing::Settled;
        }
        after.end_if_canceled(now);
        after.updated_at = now;
        Ok(after)
    }

    /// A canceled order runs to its end; one that has none ends now.
    pub fn end_if_canceled(&mut self, now: Timestamp) {
        if self.status == OrderStatus::Canceled && self.expires_at.is_none() {
            self.expires_at = Some(now);
        }
    }

    /// An order for a plan that is billed elsewhere: no offer, no charges.
    #[must_use]
    pub fn of_plan(
        id: OrderId,
        customer: CustomerId,
        product: ProductSpecId,
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            foreign_id: None,
            customer,
            product,
            offer: None,
            term: Term {
                count: PeriodCount::ZERO,
                period: Period::Day,
            },
            order_type: OrderType::OneTime,
            billing: Billing::External,
            price_version: 0,
            cycles_total: 0,
            cycles_paid: 1,
            status: OrderStatus::Active,
            standing: Standing::Settled,
            anchor_at: now,
            anchor_cycle: 0,
            next_cycle_at: None,
            expires_at,
            pauses: Vec::new(),
            time_kept: false,
            held: None,
            fallback_product: None,
            external_refs: Vec::new(),
            served_by_caller: false,
            created_at: now,
            activated_at: Some(now),
            updated_at: now,
        }
    }
    /// When the order stops unless something is done, and whether it ends for good; `None`: it does
    /// not, or somebody else cares.
    #[must_use]
    pub fn stops_at(&self) -> Option<(Timestamp, bool)> {
        let runs = self.status == OrderStatus::Active && self.standing == Standing::Settled;
        match self
            .due()
            .filter(|_| runs && self.billing != Billing::External)
        {
            Some((at, Due::End)) => Some((at, true)),
            Some((at, Due::Cycle)) if self.billing == Billing::Prepaid => Some((at, false)),
            _ => None,
        }
    }
}
