//! Orders: opened, activated, canceled, paused, ended. Dates only; what a cycle costs, and what is
//! done when it is due, is [`super::cycle`].

use serde::{Deserialize, Serialize};

use crate::domain::catalogue::kinds::{Billing, OrderStatus, OrderType, ServiceStatus};
use crate::domain::customers::service::{Origin, Service};
use crate::domain::values::calendar::{Term, Zone, has_passed};
use crate::domain::values::id::{CustomerId, OrderId, ProductOfferId, ProductSpecId, RunId};
use crate::domain::values::open_object::OpenObject;
use crate::domain::values::time::Timestamp;

/// How an order stands with the money. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// Nothing stands in its way.
    Settled,
    /// Waits for its first payment; nothing of it was invoiced yet.
    Waiting,
    /// Not paid since `since`; its services go on until `freeze_at`.
    Overdue {
        since: Timestamp,
        freeze_at: Timestamp,
        /// When the customer is reminded next.
        remind_at: Option<Timestamp>,
        reminders_sent: u32,
    },
    /// Its services are frozen for want of money.
    Frozen {
        since: Timestamp,
        /// When a customer without any other active service is suspended; `None`: that is over.
        suspend_at: Option<Timestamp>,
    },
    /// Stopped on request; the rest of the paid time is kept.
    Paused { since: Timestamp },
    /// Could not be worked; left alone until somebody changes the order.
    Parked { since: Timestamp },
    /// Its time is over and everything that follows from that was done.
    Ended,
    /// Its time is over, and it is not paid since `since`: what is owed is asked for on.
    Owing {
        since: Timestamp,
        /// When the customer is reminded next.
        remind_at: Option<Timestamp>,
        reminders_sent: u32,
        /// When a customer without any active service is suspended; `None`: that is over.
        suspend_at: Option<Timestamp>,
    },
}

/// What is next to be done about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// The grace is over.
    Freeze,
    /// A reminder is to be sent.
    Reminder,
    /// Its next cycle begins.
    Cycle,
    /// Its time is over.
    End,
    /// Its customer may have to be suspended.
    Suspension,
}

/// A time in which an order stood still. The cycles that were begun before it and were not over end
/// that much later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Cycles begun by then.
    pub cycles: u32,
    /// How long it was, in microseconds.
    pub micros: i64,
    /// When those cycles are over.
    pub ends_at: Timestamp,
}

/// The guard holds the run that would have billed this order: its cycle waits, its services stay
/// open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub run: RunId,
    /// Until when its services stay open, and the longest that its cycle waits.
    pub until: Timestamp,
    /// Whether everything about it waits, and not its next bill alone.
    pub whole: bool,
}

/// Most pauses that an order remembers: one for every cycle that is paid ahead.
pub const PAUSES_MAX: usize = 64;

/// This customer has this product, until when, renewed how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub id: OrderId,
    pub foreign_id: Option<String>,
    pub customer: CustomerId,
    pub product: ProductSpecId,
    /// None: billed elsewhere, without charges.
    pub offer: Option<ProductOfferId>,
    pub term: Term,
    pub order_type: OrderType,
    /// Who collects.
    pub billing: Billing,
    /// The price it began with, see [`crate::domain::catalogue::charge::in_force`].
    pub price_version: u32,
    /// Cycles in all; 0: no end.
    pub cycles_total: u32,
    /// Cycles begun so far, the running one included. Of an order that waits for its first payment:
    /// 1, the cycle that it will pay.
    pub cycles_paid: u32,
    pub status: OrderStatus,
    pub standing: Standing,
    /// Start of cycle `anchor_cycle`, from which all later ones are counted.
    pub anchor_at: Timestamp,
    pub anchor_cycle: u32,
    /// Start of the next unpaid cycle.
    pub next_cycle_at: Option<Timestamp>,
    /// End of the last paid cycle, and of time that was given away after it.
    pub expires_at: Option<Timestamp>,
    /// Those that moved cycles which are not over.
    pub pauses: Vec<Pause>,
    /// Whether it was frozen in the middle of its paid time: what is left of that runs from when
    /// the money is there.
    pub time_kept: bool,
    /// Set while the guard holds the run that would bill it.
    pub held: Option<Hold>,
    /// What takes its place when it expires.
    pub fallback_product: Option<ProductSpecId>,
    pub external_refs: Vec<OpenObject>,
    /// Whether who placed it makes its services: then we make none.
    pub served_by_caller: bool,
    pub created_at: Timestamp,
    pub activated_at: Option<Timestamp>,
    pub updated_at: Timestamp,
}

/// Most orders one customer may have, deleted ones included.
pub const ORDERS_PER_CUSTOMER_MAX: usize = 5_000;

/// The dates of an order with `cycles_paid` cycles paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dates {
    pub expires_at: Option<Timestamp>,
    pub next_cycle_at: Option<Timestamp>,
}

/// Term arithmetic (`domain` notes, "orders and their cycles"): ONE_TIME ends one cycle after the
/// anchor and has no next; RECURRING ends with its last paid cycle, where the next begins unless
/// all `cycles_total` are paid. A term of 0 has no end.
#[must_use]
pub fn dates(
    zone: &Zone,
    anchor: Timestamp,
    term: Term,
    order_type: OrderType,
    cycles_total: u32,
    cycles_paid: u32,
) -> Dates {
    match order_type {
        OrderType::OneTime => Dates {
            expires_at: zone.cycle_start(anchor, term, 1),
            next_cycle_at: None,
        },
        OrderType::Recurring => {
            let end = zone.cycle_start(anchor, term, cycles_paid);
            let all_paid = cycles_total > 0 && cycles_paid >= cycles_total;
            Dates {
                expires_at: end,
                next_cycle_at: end.filter(|_| !all_paid),
            }
        }
    }
}

impl Order {
    /// What is next to be done about it, and when. `None`: nothing until somebody changes it.
    #[must_use]
    pub fn due(&self) -> Option<(Timestamp, Due)> {
        let due = self.next_step();
        match self.held {
            Some(hold) if hold.whole => due.map(|(at, due)| (at.max(hold.until), due)),
            _ => due,
        }
    }

    /// When its next cycle is to be billed: not while a run that would do so is held.
    fn bills_at(&self, cycle: Timestamp) -> Timestamp {
        self.held.map_or(cycle, |hold| cycle.max(hold.until))
    }

    /// Since when a cycle of it has to be billed that nobody stopped; `None` where none has at
    /// `now`.
    #[must_use]
    pub fn unbilled_since(&self, now: Timestamp) -> Option<Timestamp> {
        let waits_for_money =
            self.billing == Billing::Prepaid && matches!(self.standing, Standing::Overdue { .. });
        let bills = self.status == OrderStatus::Active
            && self.billing != Billing::External
            && !matches!(self.standing, Standing::Parked { .. })
            && !waits_for_money
            && self.has_more_cycles();
        let cycle = self.next_cycle_at.filter(|at| bills && *at <= now)?;
        let ends_before = self.expires_at.is_some_and(|end| end < cycle);
        (!ends_before).then_some(cycle)
    }

    fn next_step(&self) -> Option<(Timestamp, Due)> {
        let renews = self.billing != Billing::External
            && self.status != OrderStatus::Canceled
            && self.has_more_cycles();
        let cycle = self.next_cycle_at.filter(|_| renews);
        let end = self.expires_at.map(|at| (at, Due::End));
        let ends_before = |cycle: Timestamp| self.expires_at.is_some_and(|end| end < cycle);
        match (self.status, self.standing) {
            (OrderStatus::Active | OrderStatus::Canceled, Standing::Parked { .. })
            // One that never began has nothing to end.
            | (OrderStatus::Canceled, Standing::Ended | Standing::Waiting) => None,
            (
                OrderStatus::Expired | OrderStatus::Canceled | OrderStatus::Deleted,
                Standing::Owing {
                    remind_at,
                    suspend_at,
                    ..
                },
            ) => {
                let steps = [
                    suspend_at.map(|at| (at, Due::Suspension)),
                    remind_at.map(|at| (at, Due::Reminder)),
                ];
                steps.into_iter().flatten().min()
            }
            (
                OrderStatus::Active | OrderStatus::Canceled,
                Standing::Overdue {
                    freeze_at,
                    remind_at,
                    ..
                },
            ) => {
                // A postpaid order is billed on in its grace. Of a prepaid one the cycle that is
                // not paid is what it is overdue with. An end that was set before the cycle ends
                // either.
                let goes_on = match (self.billing, cycle) {
                    (_, Some(at)) if ends_before(at) => end,
                    (Billing::Prepaid, Some(_)) => None,
                    (_, Some(at)) => Some((self.bills_at(at), Due::Cycle)),
                    (_, None) => end,
                };
                let steps = [
                    Some((freeze_at, Due::Freeze)),
                    remind_at.map(|at| (at, Due::Reminder)),
                    goes_on,
                ];
                steps.into_iter().flatten().min()
            }
            (OrderStatus::Active, _) => match cycle {
                Some(at) if ends_before(at) => end,
                Some(at) => Some((self.bills_at(at), Due::Cycle)),
                None => end,
            },
            (
                OrderStatus::Inactive | OrderStatus::Canceled,
                Standing::Frozen { suspend_at, .. },
            ) => {
                // Time that is kept does not pass.
                let over = end.filter(|_| cycle.map_or(!self.time_kept, ends_before));
                let suspension = suspend_at.map(|at| (at, Due::Suspension));
                [over, suspension].into_iter().flatten().min()
            }
            (OrderStatus::Canceled, _) => end,
            (OrderStatus::Inactive | OrderStatus::Expired | OrderStatus::Deleted, _) => None,
        }
    }

    /// What the status means at `now`: active past its end reads as expired.
    #[must_use]
    pub fn status_at(&self, now: Timestamp) -> OrderStatus {
        let ended = matches!(self.due(), Some((at, Due::End)) if at <= now);
        if self.status == OrderStatus::Active && ended {
            OrderStatus::Expired
        } else {
            self.status
        }
    }

    /// Whether its services run at `now`: active, or canceled and not over.
    #[must_use]
    pub fn runs_at(&self, now: Timestamp) -> bool {
        match self.status_at(now) {
            OrderStatus::Active => true,
            OrderStatus::Canceled => {
                let stands = matches!(
                    self.standing,
                    Standing::Ended
                        | Standing::Owing { .. }
                        | Standing::Frozen { .. }
                        | Standing::Waiting
                );
                !stands && !has_passed(self.services_expire_at(), now)
            }
            OrderStatus::Inactive | OrderStatus::Expired | OrderStatus::Deleted => false,
        }
    }

    /// Whether it is stopped and may go on: frozen for want of money, or paused.
    #[must_use]
    pub fn stands_still(&self) -> bool {
        self.status == OrderStatus::Inactive
            && matches!(
                self.standing,
                Standing::Frozen { .. } | Standing::Paused { .. }
            )
    }

    /// Whether money is asked for: it would let it run on or again, or pay what is owed of it.
    #[must_use]
    pub fn waits_for_money(&self) -> bool {
        matches!(
            self.standing,
            Standing::Overdue { .. } | Standing::Frozen { .. } | Standing::Owing { .. }
        )
    }

    /// Whether a prepaid order waits for money of a cycle that was paid for once: it went back. Its
    /// paid time is not over then, and no cycle has to be billed so that it goes on.
    #[must_use]
    pub fn lost_its_money(&self) -> bool {
        self.billing == Billing::Prepaid
            && match self.standing {
                Standing::Overdue { since, .. } => self.next_cycle_at.is_none_or(|at| at > since),
                Standing::Frozen { .. } => self.time_kept,
                _ => false,
            }
    }

    /// For how long a prepaid order was served after its paid time, until it was frozen or, if it
    /// is not, until `at`; in microseconds.
    #[must_use]
    pub fn unpaid_micros(&self, at: Timestamp) -> i64 {
        let until = match self.standing {
            Standing::Overdue { .. } => at,
            Standing::Frozen { since, .. } => since,
            _ => return 0,
        };
        match self.expires_at.filter(|_| self.billing == Billing::Prepaid) {
            Some(end) => until.micros().saturating_sub(end.micros()).max(0),
            None => 0,
        }
    }

    /// How long its services run: to the end of what is paid, in the grace to its end, and on while
    /// the run that would bill it is held.
    #[must_use]
    pub fn services_expire_at(&self) -> Option<Timestamp> {
        let longest = match (self.status, self.standing) {
            (OrderStatus::Active, Standing::Overdue { freeze_at, .. }) => {
                self.expires_at.map(|at| at.max(freeze_at))
            }
            _ => self.expires_at,
        };
        let hold_ends = self.held.map_or(Timestamp::MIN, |hold| hold.until);
        longest.map(|at| at.max(hold_ends))
    }

    /// Start of cycle `cycle`; `None` where the term has no end, or beyond the calendar.
    #[must_use]
    pub fn cycle_start(&self, zone: &Zone, cycle: u32) -> Option<Timestamp> {
        let steps = cycle.checked_sub(self.anchor_cycle)?;
        zone.cycle_start(self.anchor_at, self.term, steps)
    }

    /// Whether a cycle follows those that were begun.
    #[must_use]
    pub fn has_more_cycles(&self) -> bool {
        self.order_type == OrderType::Recurring
            && (self.cycles_total == 0 || self.cycles_paid < self.cycles_total)
    }

    /// How much later than it was billed cycle `cycle` runs, because of pauses, in microseconds.
    #[must_use]
    pub fn shift_micros(&self, cycle: u32) -> i64 {
        let moved = self.pauses.iter().filter(|pause| pause.cycles > cycle);
        moved.fold(0i64, |sum, pause| sum.saturating_add(pause.micros))
    }

    /// Lets the next cycle, and with it all later ones, begin at `at`.
    pub fn anchor(&mut self, at: Timestamp) {
        self.anchor_at = at;
        self.anchor_cycle = self.cycles_paid;
        self.next_cycle_at = Some(at);
        self.held = None;
    }

    /// Lets the cycle that runs at `now` be the next one: those before it that were not billed are
    /// given away.
    pub fn skip_to_running(&mut self, zone: &Zone, now: Timestamp) {
        let behind = missed(self, zone, now).cycles.saturating_sub(1);
        if behind == 0 {
            return;
        }
        let running = self.cycles_paid.saturating_add(behind);
        if let Some(at) = self.cycle_start(zone, running) {
            self.anchor(at);
            // It does not end before a cycle that is to begin.
            self.expires_at = self.expires_at.map(|end| end.max(at));
        }
    }

    /// Takes days that were served without being paid off the first cycle of an order, half of it
    /// at most.
    pub fn begin_earlier(&mut self, unpaid_micros: i64) {
        let Some(end) = self
            .expires_at
            .filter(|_| self.billing != Billing::External)
        else {
            return;
        };
        let whole = end.micros().saturating_sub(self.anchor_at.micros()).max(0);
        let served = unpaid_micros.clamp(0, whole / 2);
        if served > 0 {
            let end = end.saturating_add_micros(served.saturating_neg());
            self.expires_at = Some(end);
            if self.has_more_cycles() {
                self.anchor(end);
            }
        }
    }

    /// Lets the next cycle of an order that was frozen begin at `at`: nobody pays for days without
    /// service, and not for time that was given away either.
    pub fn anchor_again(&mut self, at: Timestamp) {
        self.anchor(self.next_cycle_at.map_or(at, |next| next.max(at)));
    }

    /// Lets the next cycle begin where the order ends. What was paid is not billed again: an end
    /// that somebody set before that moves there. Time that was given away after it is not billed.
    pub fn renew_at_end(&mut self, zone: &Zone) {
        self.next_cycle_at = None;
        let Some(end) = self.expires_at.filter(|_| self.has_more_cycles()) else {
            return;
        };
        if self.billing == Billing::External {
            self.next_cycle_at = Some(end);
            return;
        }
        match self.cycle_start(zone, self.cycles_paid) {
            Some(paid_until) if end <= paid_until => {
                self.next_cycle_at = Some(paid_until);
                self.expires_at = Some(paid_until);
            }
            _ => self.anchor(end),
        }
    }

    /// Moves to `status`. An order that becomes active for the first time later than it was opened
    /// starts its term then, unless somebody gave it dates of its own; one that is active again
    /// after it was canceled renews again. Whatever it owed, it is taken at its word.
    pub fn set_status(&mut self, status: OrderStatus, zone: &Zone, now: Timestamp) {
        let unbilled = self.awaits_first_bill(now);
        let before = std::mem::replace(&mut self.status, status);
        if status != OrderStatus::Active {
            self.held = None;
        }
        let standing = self.standing;
        let lost = self.lost_its_money();
        let time_kept = std::mem::take(&mut self.time_kept);
        match status {
            OrderStatus::Active => {
                let first = self.activated_at.is_none();
                self.activated_at = self.activated_at.or(Some(now));
                // Dates of its own that are over by then would leave nothing of what is paid.
                let over = self.billing != Billing::External
                    && (has_passed(self.expires_at, now) || has_passed(self.next_cycle_at, now));
                if first && unbilled && (over || self.has_own_term(zone)) {
                    self.anchor_at = now;
                    self.anchor_cycle = 0;
                    self.set_dates(zone);
                }
                match standing {
                    Standing::Paused { since } => self.resume(since, now),
                    Standing::Frozen { since, .. } if time_kept => self.thaw(since, now),
                    _ => {}
                }
                let is_over = matches!(standing, Standing::Ended | Standing::Owing { .. })
                    || has_passed(self.expires_at, now);
                if before == OrderStatus::Canceled && !is_over && self.next_cycle_at.is_none() {
                    self.renew_at_end(zone);
                }
                if before != OrderStatus::Active {
                    self.standing = Standing::Settled;
                }
            }
            OrderStatus::Canceled => {
                if let Standing::Paused { since } = standing {
                    self.resume(since, now);
                }
                self.next_cycle_at = None;
                let owes = lost || self.waits_for_money() && self.billing == Billing::Postpaid;
                self.time_kept = time_kept && owes;
                // What is owed stays owed; who has not paid yet gets nothing by canceling, and what
                // is over stays over.
                if !owes && standing != Standing::Waiting {
                    self.standing = match before {
                        OrderStatus::Expired => Standing::Ended,
                        _ => Standing::Settled,
                    };
                }
            }
            OrderStatus::Inactive => {
                // What never began has its first cycle before it still.
                if before != OrderStatus::Inactive && standing != Standing::Waiting {
                    self.standing = Standing::Settled;
                }
            }
            OrderStatus::Expired | OrderStatus::Deleted => {
                // What never began has its first cycle before it still.
                if standing != Standing::Waiting {
                    self.standing = Standing::Settled;
                }
            }
        }
    }

    /// Stops it on request; what is left of the paid time is kept.
    pub fn pause(&mut self, now: Timestamp) {
        self.status = OrderStatus::Inactive;
        self.standing = Standing::Paused { since: now };
        self.next_cycle_at = None;
        self.held = None;
        self.pauses.retain(|pause| pause.ends_at > now);
    }

    /// Lets it go on that was frozen in the middle of its paid time: what is left of that runs from
    /// now.
    pub fn thaw(&mut self, since: Timestamp, now: Timestamp) {
        self.time_kept = false;
        self.pauses.retain(|pause| pause.ends_at > since);
        if now > since {
            self.resume(since, now);
        }
        while self.pauses.len() > PAUSES_MAX {
            self.pauses.remove(0);
        }
    }

    /// The rest of the paid time runs from now, and cycles are counted from its end.
    fn resume(&mut self, since: Timestamp, now: Timestamp) {
        let Some(end) = self.expires_at else {
            return;
        };
        let micros = now.micros().saturating_sub(since.micros()).max(0);
        let end = end.saturating_add_micros(micros);
        self.expires_at = Some(end);
        for pause in &mut self.pauses {
            pause.ends_at = pause.ends_at.saturating_add_micros(micros);
        }
        let cycles = self.cycles_paid;
        match self.pauses.last_mut().filter(|last| last.cycles == cycles) {
            Some(last) => last.micros = last.micros.saturating_add(micros),
            None => self.pauses.push(Pause {
                cycles,
                micros,
                ends_at: end,
            }),
        }
        if self.has_more_cycles() {
            self.anchor(end);
        }
    }

    /// Whether its dates are those that its term makes.
    #[must_use]
    pub fn has_own_term(&self, zone: &Zone) -> bool {
        let computed = self.computed(zone);
        computed.expires_at == self.expires_at && computed.next_cycle_at == self.next_cycle_at
    }

    fn computed(&self, zone: &Zone) -> Dates {
        let (anchor, term) = (self.anchor_at, self.term);
        dates(
            zone,
            anchor,
            term,
            self.order_type,
            self.cycles_total,
            self.cycles_paid,
        )
    }

    /// Computes end and next cycle from the anchor of an order that begins with cycle 0.
    pub fn set_dates(&mut self, zone: &Zone) {
        let dates = self.computed(zone);
        self.expires_at = dates.expires_at;
        self.next_cycle_at = dates.next_cycle_at;
    }
}

/// Cycles of an order that have begun and are not billed, and how long they are together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed {
    pub cycles: u32,
    /// From the start of the first to the end of the last.
    pub micros: i64,
}

/// Counts what would be billed of an order at `now`, without working it.
#[must_use]
pub fn missed(order: &Order, zone: &Zone, now: Timestamp) -> Missed {
    const NONE: Missed = Missed {
        cycles: 0,
        micros: 0,
    };
    let Some(first) = order.next_cycle_at.filter(|at| *at <= now) else {
        return NONE;
    };
    if !order.has_more_cycles() {
        return NONE;
    }
    let most = match order.cycles_total {
        0 => u32::MAX,
        total => total.saturating_sub(order.cycles_paid),
    };
    let start = |n: u32| order.cycle_start(zone, order.cycles_paid.saturating_add(n));
    let begun = |n: u32| n < most && start(n).is_some_and(|at| at <= now);
    // `low` has begun, `high` has not.
    let (mut low, mut high) = (0u32, 1u32);
    while begun(high) {
        low = high;
        high = high.saturating_mul(2);
    }
    while high.saturating_sub(low) > 1 {
        let middle = low.midpoint(high);
        if begun(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    let end = start(high).unwrap_or(now);
    Missed {
        cycles: high,
        micros: end.micros().saturating_sub(first.micros()),
    }
}

/// What an order means for the services it made; `None`: they keep their status (a canceled
/// order's services run to their end).
#[must_use]
pub fn service_status(order: &Order) -> Option<ServiceStatus> {
    match (order.status, order.standing) {
        (OrderStatus::Active, _) => Some(ServiceStatus::Active),
        (OrderStatus::Inactive, Standing::Frozen { .. } | Standing::Paused { .. })
        | (OrderStatus::Canceled, Standing::Frozen { .. }) => Some(ServiceStatus::Frozen),
        (OrderStatus::Inactive, _) | (OrderStatus::Canceled, Standing::Waiting) => {
            Some(ServiceStatus::Inactive)
        }
        (OrderStatus::Expired, _)
        | (OrderStatus::Canceled, Standing::Ended | Standing::Owing { .. }) => {
            Some(ServiceStatus::Expired)
        }
        (OrderStatus::Canceled, _) => None,
        (OrderStatus::Deleted, _) => Some(ServiceStatus::Deleted),
    }
}

/// Brings a service in step with the order that made it; `true` if that changed anything.
/// A service that was removed stays removed.
pub fn follow(service: &mut Service, order: &Order, now: Timestamp) -> bool {
    let made_here =
        matches!(service.origin, Origin::Order(id) | Origin::Addon(id) if id == order.id);
    if !made_here || service.status == ServiceStatus::Deleted {
        return false;
    }
    let status = service_status(order).unwrap_or(match service.status {
        // What froze it is over: the order was paused and then canceled, or is paid.
        ServiceStatus::Frozen => ServiceStatus::Active,
        kept => kept,
    });
    let expires_at = order.services_expire_at();
    if status == service.status && service.expires_at == expires_at {
        return false;
    }
    service.expires_at = expires_at;
    service.set_status(status, now);
    true
}
