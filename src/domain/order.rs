//! Orders: opened, activated, canceled, ended. Dates only; what a cycle costs is another page.

use serde::{Deserialize, Serialize};

use super::access::{Origin, Service};
use super::calendar::{Term, Zone, has_passed};
use super::catalogue::{OrderType, ServiceStatus};
use super::id::{CustomerId, OrderId, ProductOfferId, ProductSpecId};
use super::open::OpenObject;
use super::time::Timestamp;

/// State of an order. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderStatus {
    Active,
    /// Not yet paid, or no longer.
    Inactive,
    Expired,
    /// No further renewal; runs to its end.
    Canceled,
    Deleted,
}

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
    /// Cycles in all; 0: no end.
    pub cycles_total: u32,
    /// Cycles paid so far, the running one included.
    pub cycles_paid: u32,
    pub status: OrderStatus,
    /// Start of cycle 0, from which all others are counted.
    pub anchor_at: Timestamp,
    /// Start of the next unpaid cycle.
    pub next_cycle_at: Option<Timestamp>,
    /// End of the last paid cycle.
    pub expires_at: Option<Timestamp>,
    /// What takes its place when it expires.
    pub fallback_product: Option<ProductSpecId>,
    pub external_refs: Vec<OpenObject>,
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
    /// What the status means at `now`: active past its end reads as expired.
    #[must_use]
    pub fn status_at(&self, now: Timestamp) -> OrderStatus {
        if self.status == OrderStatus::Active && has_passed(self.expires_at, now) {
            OrderStatus::Expired
        } else {
            self.status
        }
    }

    /// Moves to `status`. An order that becomes active for the first time later than it was opened
    /// starts its term then, unless somebody gave it dates of its own; one that is active again
    /// after it was canceled renews again.
    pub fn set_status(&mut self, status: OrderStatus, zone: &Zone, now: Timestamp) {
        let before = std::mem::replace(&mut self.status, status);
        match status {
            OrderStatus::Active => {
                let first = self.activated_at.is_none();
                self.activated_at = self.activated_at.or(Some(now));
                if first && before == OrderStatus::Inactive && self.has_own_term(zone) {
                    self.anchor_at = now;
                    self.set_dates(zone);
                }
                let renews = self.order_type == OrderType::Recurring
                    && (self.cycles_total == 0 || self.cycles_paid < self.cycles_total);
                if before == OrderStatus::Canceled && renews && self.next_cycle_at.is_none() {
                    self.next_cycle_at = self.expires_at;
                }
            }
            OrderStatus::Canceled => self.next_cycle_at = None,
            OrderStatus::Inactive | OrderStatus::Expired | OrderStatus::Deleted => {}
        }
    }

    /// Whether its dates are those that its term makes.
    fn has_own_term(&self, zone: &Zone) -> bool {
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

    /// Computes end and next cycle from the anchor.
    pub fn set_dates(&mut self, zone: &Zone) {
        let dates = self.computed(zone);
        self.expires_at = dates.expires_at;
        self.next_cycle_at = dates.next_cycle_at;
    }
}

/// What an order's status means for the services it made; `None`: they keep theirs (a canceled
/// order's services run to their end).
#[must_use]
pub fn service_status(order: OrderStatus) -> Option<ServiceStatus> {
    match order {
        OrderStatus::Active => Some(ServiceStatus::Active),
        OrderStatus::Inactive => Some(ServiceStatus::Inactive),
        OrderStatus::Expired => Some(ServiceStatus::Expired),
        OrderStatus::Canceled => None,
        OrderStatus::Deleted => Some(ServiceStatus::Deleted),
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
    let status = service_status(order.status).unwrap_or(service.status);
    if status == service.status && service.expires_at == order.expires_at {
        return false;
    }
    service.expires_at = order.expires_at;
    service.set_status(status, now);
    true
}
