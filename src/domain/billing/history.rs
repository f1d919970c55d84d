//! Orders that were running before they came to us: what another system was paid for, and with
//! which cycle we begin to bill. The past is billed on request only.

use super::order::{Missed, Order, Standing, missed};
use crate::domain::catalogue::kinds::{Billing, OrderStatus, OrderType};
use crate::domain::refusal::{OrderRefusal, Refusal};
use crate::domain::values::calendar::{Zone, has_passed};
use crate::domain::values::time::Timestamp;

/// How much earlier than now an order must have been created to be history: clocks of two systems
/// differ.
const HISTORY_SECONDS: i64 = 3_600;
/// How much later than now an order may be created: next month's, but no slip of the pen.
const AHEAD_SECONDS: i64 = 35 * 86_400;

/// What of a new order is billed at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begins {
    /// Its first cycle.
    First,
    /// The cycle that follows what another system was paid for.
    Next,
    /// Nothing: it is paid elsewhere until a day that is still to come.
    Later,
    /// Nothing: its end lies behind already.
    Over,
}

impl Order {
    /// Whether its first bill is before it: it waits for its first payment, or it was paid once
    /// elsewhere for a time that was over before it began here.
    #[must_use]
    pub fn awaits_first_bill(&self, now: Timestamp) -> bool {
        let paid_once = self.is_unused_history()
            && self.order_type == OrderType::OneTime
            && self.billing != Billing::External
            && has_passed(self.expires_at, now);
        self.standing == Standing::Waiting || paid_once
    }

    /// Whether it was brought along as one that is not active, paid elsewhere, and has not begun
    /// here.
    #[must_use]
    pub fn is_unused_history(&self) -> bool {
        self.status == OrderStatus::Inactive
            && self.standing == Standing::Settled
            && self.activated_at.is_none()
    }
}

/// Whether an order that was created then was running before it came to us.
#[must_use]
pub fn is_history(created_at: Timestamp, now: Timestamp) -> bool {
    created_at < now.saturating_add_seconds(-HISTORY_SECONDS)
}

/// Refuses an order that is created on a far day to come: it would be served from now on, and paid
/// from then.
pub fn not_ahead(created_at: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    let latest = now.saturating_add_seconds(AHEAD_SECONDS);
    if created_at > latest {
        return Err(OrderRefusal::CreatedAhead { latest }.into());
    }
    Ok(())
}

/// What of a new order is billed at once whose caller says when it ends: nothing where that lies
/// behind. What is over is history, whatever of it was paid.
#[must_use]
pub fn unless_over(
    order: &mut Order,
    begins: Begins,
    end: Option<Timestamp>,
    now: Timestamp,
) -> Begins {
    let over = has_passed(end, now);
    if !over || order.status != OrderStatus::Active || order.billing == Billing::External {
        return begins;
    }
    order.expires_at = end;
    order.next_cycle_at = None;
    Begins::Over
}

/// Lets a new order begin where another system stopped being paid. `end`: what the caller says of
/// its end.
#[must_use]
pub fn paid_elsewhere(
    order: &mut Order,
    zone: &Zone,
    paid_until: Timestamp,
    end: Option<Timestamp>,
    now: Timestamp,
) -> Begins {
    let recurring = order.order_type == OrderType::Recurring;
    if order.billing == Billing::External || !recurring {
        if recurring {
            order.anchor(paid_until);
        }
        order.expires_at = end.or(Some(paid_until));
        stand(order);
        return Begins::Later;
    }
    if paid_until <= order.created_at {
        // Nobody was ever paid for it.
        order.anchor_at = paid_until;
        order.set_dates(zone);
        order.expires_at = order.expires_at.max(end);
        return Begins::First;
    }
    let before = Order {
        cycles_paid: 0,
        cycles_total: 0,
        anchor_cycle: 0,
        anchor_at: order.created_at,
        next_cycle_at: Some(order.created_at),
        ..order.clone()
    };
    let most = match order.cycles_total {
        0 => u32::MAX,
        total => total,
    };
    let paid = missed(&before, zone, paid_until.saturating_add_micros(-1));
    order.cycles_paid = paid.cycles.clamp(1, most);
    order.anchor(paid_until);
    order.expires_at = order
        .expires_at
        .map(|_| end.unwrap_or(paid_until).max(paid_until));
    if !order.has_more_cycles() {
        order.next_cycle_at = None;
    }
    stand(order);
    match order.next_cycle_at {
        Some(at) if at <= now => Begins::Next,
        _ => Begins::Later,
    }
}

/// What was paid elsewhere does not wait for its first payment.
fn stand(order: &mut Order) {
    order.standing = match order.status {
        OrderStatus::Expired => Standing::Ended,
        _ => Standing::Settled,
    };
}

/// What of a new order is billed at once of which nobody says what was paid: the cycle that runs,
/// and no other.
/// `end`: what the caller says of its end; one that is over runs no more.
pub fn running_only(
    order: &mut Order,
    zone: &Zone,
    end: Option<Timestamp>,
    now: Timestamp,
) -> Result<Begins, Refusal> {
    let over = has_passed(end, now);
    let bills = order.status == OrderStatus::Active && order.billing != Billing::External && !over;
    match order
        .cycle_start(zone, 1)
        .filter(|second| bills && *second <= now)
    {
        None => Ok(Begins::First),
        Some(second) if second == now && order.order_type == OrderType::Recurring => {
            let end = order.expires_at;
            Ok(paid_elsewhere(order, zone, second, end, now))
        }
        Some(_) => Err(OrderRefusal::PastUnpaid {
            began: order.created_at,
        }
        .into()),
    }
}

/// How much would be billed at once of an order that begins so.
#[must_use]
pub fn billed_at_once(order: &Order, begins: Begins, zone: &Zone, now: Timestamp) -> Missed {
    match begins {
        Begins::Later | Begins::Next | Begins::Over => missed(order, zone, now),
        Begins::First => {
            let before = Order {
                cycles_paid: order.cycles_paid.saturating_sub(1),
                next_cycle_at: Some(order.anchor_at),
                ..order.clone()
            };
            missed(&before, zone, now)
        }
    }
}
