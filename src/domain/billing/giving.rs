//! What is given away: time, services and terms beyond what somebody pays for. Whoever lacks the
//! right for it may still sell what the catalogue has, as the catalogue has it.

use super::order::{Order, Standing};
use crate::domain::catalogue::ProductOffer;
use crate::domain::catalogue::charge::Price;
use crate::domain::catalogue::kinds::{Billing, OrderStatus};
use crate::domain::customers::CustomerStatus;
use crate::domain::values::calendar::{Zone, has_passed};
use crate::domain::values::time::Timestamp;

/// How far the instant that an order is said to be made at may lie from now, in seconds: clocks of
/// callers differ. Beyond it the order is history that is brought along.
const CLOCKS_DIFFER_SECONDS: i64 = 86_400;

/// Whether one end is later than another; `None` is no end at all.
fn is_later(one: Option<Timestamp>, than: Option<Timestamp>) -> bool {
    match (one, than) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(one), Some(than)) => one > than,
    }
}

/// Whether there are more cycles in `one` than in `other`; 0 is no end at all.
fn has_more_cycles(one: u32, than: u32) -> bool {
    than != 0 && (one == 0 || one > than)
}

/// Whether a new order has more time, or other terms, than its offer sells.
#[must_use]
pub fn beyond_offer(order: &Order, offer: &ProductOffer, zone: &Zone, now: Timestamp) -> bool {
    let mut sold = order.clone();
    sold.term = offer.term;
    sold.order_type = offer.order_type;
    sold.anchor_at = order.created_at;
    sold.anchor_cycle = 0;
    sold.set_dates(zone);
    let apart = order.created_at.seconds().abs_diff(now.seconds());
    let bills = order.billing != Billing::External && order.has_more_cycles();
    apart > CLOCKS_DIFFER_SECONDS.unsigned_abs()
        || order.order_type != offer.order_type
        || has_more_cycles(order.cycles_total, offer.cycles_total.whole_periods())
        || is_later(order.expires_at, sold.expires_at)
        || (bills && is_later(order.next_cycle_at, sold.next_cycle_at))
}

/// Whether it is unpaid that keeps an order from running.
fn stopped_for_debt(order: &Order) -> bool {
    matches!(
        order.standing,
        Standing::Frozen { .. } | Standing::Owing { .. }
    )
}

/// Whether a change lets an order forget what is owed of it while it has time left: whoever
/// switches it on afterwards would have that time for nothing.
#[must_use]
pub fn forgets_debt(before: &Order, after: &Order, now: Timestamp) -> bool {
    stopped_for_debt(before)
        && !stopped_for_debt(after)
        && after.status != OrderStatus::Active
        && !has_passed(after.expires_at, now)
}

/// Whether a change gives an order time or credit: `plain` is what the same change of status alone
/// would make of it.
#[must_use]
pub fn beyond_paid(before: &Order, plain: &Order, after: &Order) -> bool {
    let owes = stopped_for_debt(before);
    let runs_again = before.status != OrderStatus::Active && after.status == OrderStatus::Active;
    let bills = after.billing != Billing::External && after.has_more_cycles();
    (owes && runs_again)
        || has_more_cycles(after.cycles_total, before.cycles_total)
        || is_later(after.expires_at, plain.expires_at)
        || (bills && is_later(after.next_cycle_at, plain.next_cycle_at))
}

/// Whether a change of status lets somebody off whom billing suspended. Every way out does, also
/// the one over another status: billing does not suspend anew who is not active. Who is removed
/// gets nothing by it.
#[must_use]
pub fn lifts_suspension(before: CustomerStatus, after: CustomerStatus) -> bool {
    let suspended = CustomerStatus::SuspendedByBilling;
    before == suspended && after != suspended && after != CustomerStatus::Deleted
}

/// Until when what a customer has is paid: the last end of an order that is settled and runs.
#[must_use]
pub fn paid_until(orders: &[Order], now: Timestamp) -> Option<Timestamp> {
    let settled = orders
        .iter()
        .filter(|order| order.runs_at(now) && order.standing == Standing::Settled);
    let ends = settled.filter_map(|order| {
        let next = order.next_cycle_at.filter(|_| order.has_more_cycles());
        [next, order.expires_at].into_iter().flatten().min()
    });
    ends.max()
}

/// Whether `after` has a price that orders which run take, and `before` did not have it.
#[must_use]
pub fn reprices_running(before: &[Price], after: &[Price]) -> bool {
    let known = |price: &Price| before.iter().any(|held| held.version == price.version);
    let added = after.iter().filter(|price| !known(price));
    let mut for_running = added.filter(|price| price.for_running);
    for_running.any(|price| {
        let held = before.iter().rfind(|held| held.term == price.term);
        match held {
            Some(held) => held.charges != price.charges,
            // Orders that began before there was a price run free of charge.
            None => before.is_empty(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{has_more_cycles, is_later, lifts_suspension};
    use crate::domain::customers::CustomerStatus;
    use crate::domain::values::time::Timestamp;

    #[test]
    fn no_end_is_the_latest_end() {
        let at = |micros| Timestamp::from_micros(micros);
        assert!(is_later(None, at(5)));
        assert!(is_later(at(6), at(5)));
        assert!(!is_later(at(5), at(5)));
        assert!(!is_later(at(5), None));
        assert!(!is_later(None, None));
    }

    #[test]
    fn no_number_of_cycles_is_the_most() {
        for (one, than, more) in [(0, 3, true), (4, 3, true), (3, 3, false), (2, 3, false)] {
            assert_eq!(has_more_cycles(one, than), more, "{one} {than}");
        }
        assert!(!has_more_cycles(0, 0) && !has_more_cycles(9, 0));
    }
    #[test]
    fn only_removal_leaves_a_suspension_without_lifting_it() {
        let suspended = CustomerStatus::SuspendedByBilling;
        let lifting = |before| {
            let all = CustomerStatus::ALL.into_iter();
            all.filter(move |after| lifts_suspension(before, *after))
        };
        assert_eq!(
            lifting(suspended).collect::<Vec<_>>(),
            [
                CustomerStatus::Active,
                CustomerStatus::Inactive,
                CustomerStatus::AwaitingAuthorization,
                CustomerStatus::SuspendedByCustomer,
            ]
        );
        let others = CustomerStatus::ALL.into_iter();
        assert_eq!(
            others.filter(|s| *s != suspended).flat_map(lifting).count(),
            0
        );
    }
}
