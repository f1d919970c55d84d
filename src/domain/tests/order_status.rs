//! What becomes of an order that somebody activates, cancels, switches off or ends.

use super::{DAY, at, frozen, hold, monthly, monthly_with, overdue, owing, paused};
use crate::domain::billing::order::{Order, Standing};
use crate::domain::catalogue::kinds::{Billing, OrderStatus, OrderType};
use crate::domain::values::calendar::Zone;
use crate::domain::values::time::Timestamp;

const OPENED: &str = "2026-01-10";

/// [`monthly`] with a change, and then another status on 10 January.
fn moved(status: OrderStatus, change: impl FnOnce(&mut Order)) -> Order {
    moved_on(OPENED, status, change)
}

fn moved_on(day: &str, status: OrderStatus, change: impl FnOnce(&mut Order)) -> Order {
    let mut order = monthly_with(change);
    order.set_status(status, &Zone::utc(), at(day));
    order
}

/// Not paid yet.
fn waiting(order: &mut Order) {
    order.status = OrderStatus::Inactive;
    order.standing = Standing::Waiting;
    order.activated_at = None;
}

fn ends(order: &Order) -> (Option<Timestamp>, Option<Timestamp>) {
    (order.expires_at, order.next_cycle_at)
}

fn both(day: &str) -> (Option<Timestamp>, Option<Timestamp>) {
    (Some(at(day)), Some(at(day)))
}

#[test]
fn the_first_time_it_is_active_its_term_begins() {
    let order = moved(OrderStatus::Active, |order| {
        waiting(order);
        order.anchor_cycle = 7;
    });
    assert_eq!(order.status, OrderStatus::Active);
    assert_eq!(order.standing, Standing::Settled);
    assert_eq!(order.activated_at, Some(at(OPENED)));
    assert_eq!((order.anchor_at, order.anchor_cycle), (at(OPENED), 0));
    assert_eq!(ends(&order), both("2026-02-10"));

    // Taken back before it began.
    let taken_back = moved(OrderStatus::Active, |order| {
        waiting(order);
        order.status = OrderStatus::Canceled;
        order.standing = Standing::Waiting;
    });
    assert_eq!(ends(&taken_back), both("2026-02-10"));
    let expired = moved(OrderStatus::Active, |order| {
        order.status = OrderStatus::Expired;
        order.activated_at = None;
    });
    assert_eq!(ends(&expired), both("2026-02-01"), "it did not wait");
}

#[test]
fn an_order_that_was_paid_elsewhere_keeps_its_dates_when_it_begins_here() {
    let begun = |day: &str, kind, billing| {
        let order = moved_on(day, OrderStatus::Active, |order| {
            waiting(order);
            order.standing = Standing::Settled;
            order.order_type = kind;
            order.billing = billing;
            order.set_dates(&Zone::utc());
        });
        order.expires_at
    };
    let (once, cycles) = (OrderType::OneTime, OrderType::Recurring);
    let (prepaid, end) = (Billing::Prepaid, Some(at("2026-02-01")));
    assert_eq!(begun(OPENED, cycles, prepaid), end);
    assert_eq!(begun("2026-03-10", cycles, prepaid), end);
    assert_eq!(begun(OPENED, once, prepaid), end);
    // What is paid once, and was over before it began here, is sold anew.
    let anew = Some(at("2026-04-10"));
    assert_eq!(begun("2026-03-10", once, prepaid), anew);
    assert_eq!(begun("2026-03-10", once, Billing::External), end);
}

#[test]
fn an_order_that_was_active_before_keeps_its_dates() {
    let order = moved(OrderStatus::Active, |order| {
        order.status = OrderStatus::Inactive;
    });
    assert_eq!(ends(&order), both("2026-02-01"));
    assert_eq!(order.activated_at, Some(at("2026-01-01")));
    let over = moved_on("2026-03-10", OrderStatus::Active, |order| {
        order.status = OrderStatus::Inactive;
    });
    assert_eq!(ends(&over), both("2026-02-01"));
}

#[test]
fn dates_of_its_own_stay_unless_they_are_over() {
    let own = |expires: &str, next: Option<&str>, billing| {
        let order = moved(OrderStatus::Active, |order| {
            waiting(order);
            order.billing = billing;
            order.expires_at = Some(at(expires));
            order.next_cycle_at = next.map(at);
        });
        ends(&order)
    };
    let ahead = own("2026-03-05", Some("2026-02-20"), Billing::Prepaid);
    assert_eq!(ahead, (Some(at("2026-03-05")), Some(at("2026-02-20"))));
    // One that begins when its own dates are over has a whole term from then on.
    let past = own("2026-01-05", None, Billing::Prepaid);
    assert_eq!(past, both("2026-02-10"));
    let cycle = own("2026-03-05", Some("2026-01-05"), Billing::Prepaid);
    assert_eq!(cycle, both("2026-02-10"));
    // Those of another system are its own, whatever they are.
    let elsewhere = own("2026-01-05", None, Billing::External);
    assert_eq!(elsewhere, (Some(at("2026-01-05")), None));
}

#[test]
fn a_paused_order_goes_on_with_what_was_left() {
    let order = moved_on("2026-01-21", OrderStatus::Active, |order| {
        order.pause(at("2026-01-11"));
    });
    assert_eq!(ends(&order), both("2026-02-11"));
    assert_eq!(order.shift_micros(0), 10 * DAY);
    assert_eq!(
        order.shift_micros(1),
        0,
        "cycles to come are counted from the new end"
    );
    assert_eq!(order.standing, Standing::Settled);
}

#[test]
fn a_frozen_order_goes_on_with_time_that_was_kept_and_with_no_other() {
    let switched_on = |kept| {
        moved_on("2026-01-21", OrderStatus::Active, |order| {
            order.status = OrderStatus::Inactive;
            order.standing = frozen("2026-01-11", None);
            order.time_kept = kept;
        })
    };
    let kept = switched_on(true);
    assert_eq!(ends(&kept), both("2026-02-11"));
    assert!(!kept.time_kept);
    let lost = switched_on(false);
    assert_eq!(ends(&lost), both("2026-02-01"));
    assert_eq!(lost.standing, Standing::Settled);
}

#[test]
fn an_order_that_is_no_longer_canceled_renews_again() {
    let back = |change: fn(&mut Order)| {
        moved(OrderStatus::Active, |order| {
            order.status = OrderStatus::Canceled;
            order.next_cycle_at = None;
            change(order);
        })
    };
    assert_eq!(ends(&back(|_| {})), both("2026-02-01"));
    let no_cycle = (Some(at("2026-02-01")), None);
    assert_eq!(
        ends(&back(|order| order.standing = Standing::Ended)),
        no_cycle
    );
    let owed = back(|order| order.standing = owing("2026-01-05", None, None));
    assert_eq!(ends(&owed), no_cycle, "what is over begins anew");
    let over = back(|order| order.expires_at = Some(at("2026-01-05")));
    assert_eq!(over.next_cycle_at, None);
    let expired = back(|order| order.status = OrderStatus::Expired);
    assert_eq!(ends(&expired), no_cycle);
    // A next cycle that it has stays where it is.
    let own = back(|order| {
        order.next_cycle_at = Some(at("2026-01-25"));
    });
    assert_eq!(own.next_cycle_at, Some(at("2026-01-25")));
}

#[test]
fn active_again_while_it_is_overdue_pays_nothing() {
    let late = overdue("2026-01-05", "2026-01-20", None);
    let order = moved(OrderStatus::Active, |order| {
        order.standing = late;
        order.held = Some(hold("2026-03-01", false));
    });
    assert_eq!(order.standing, late);
    assert!(order.held.is_some(), "nor does it end a hold");
    let switched_on = moved(OrderStatus::Active, |order| {
        order.status = OrderStatus::Inactive;
        order.standing = late;
    });
    assert_eq!(switched_on.standing, Standing::Settled);
}

#[test]
fn a_canceled_order_renews_no_more_and_runs_to_its_end() {
    let order = moved(OrderStatus::Canceled, |order| {
        order.held = Some(hold("2026-03-01", false));
    });
    assert_eq!(ends(&order), (Some(at("2026-02-01")), None));
    assert_eq!((order.standing, order.held), (Standing::Settled, None));
    assert!(order.runs_at(at("2026-01-31")));
    // The rest of a paused one runs from now.
    let paused = moved_on("2026-01-21", OrderStatus::Canceled, |order| {
        order.pause(at("2026-01-11"));
    });
    assert_eq!(ends(&paused), (Some(at("2026-02-11")), None));
    assert_eq!(paused.standing, Standing::Settled);
    let over = moved(OrderStatus::Canceled, |order| {
        order.status = OrderStatus::Expired;
        order.standing = Standing::Ended;
    });
    assert_eq!(over.standing, Standing::Ended);
}

#[test]
fn canceling_pays_no_debt() {
    let late = overdue("2026-02-01", "2026-02-15", None);
    let canceled = |billing, standing, kept| {
        moved_on("2026-02-05", OrderStatus::Canceled, |order| {
            order.billing = billing;
            order.standing = standing;
            order.time_kept = kept;
        })
    };
    let postpaid = canceled(Billing::Postpaid, late, false);
    assert_eq!((postpaid.standing, postpaid.time_kept), (late, false));
    // A prepaid order owes nothing for a cycle that did not begin.
    assert_eq!(
        canceled(Billing::Prepaid, late, false).standing,
        Standing::Settled
    );
    let cold = frozen("2026-02-03", None);
    assert_eq!(
        canceled(Billing::Prepaid, cold, false).standing,
        Standing::Settled
    );
    assert_eq!(
        canceled(Billing::Postpaid, Standing::Settled, false).standing,
        Standing::Settled
    );
    // The money of its running cycle went back: that is owed, and its time stands still.
    let returned = canceled(Billing::Prepaid, cold, true);
    assert_eq!((returned.standing, returned.time_kept), (cold, true));
    let waits = moved(OrderStatus::Canceled, waiting);
    assert_eq!(waits.standing, Standing::Waiting, "it gets nothing by it");
}

#[test]
fn switched_off_it_stands_as_if_nothing_were_owed_but_frozen_stays_frozen() {
    let late = overdue("2026-01-05", "2026-01-20", None);
    let off = moved(OrderStatus::Inactive, |order| {
        order.standing = late;
        order.held = Some(hold("2026-03-01", true));
    });
    assert_eq!((off.standing, off.held), (Standing::Settled, None));
    let cold = frozen("2026-01-05", None);
    let still = moved(OrderStatus::Inactive, |order| {
        order.status = OrderStatus::Inactive;
        order.standing = cold;
    });
    assert_eq!(still.standing, cold);
    let stopped = moved(OrderStatus::Inactive, |order| order.pause(at("2026-01-05")));
    assert_eq!(stopped.standing, paused("2026-01-05"));
}

#[test]
fn what_never_began_has_its_first_cycle_before_it_still() {
    for status in [OrderStatus::Expired, OrderStatus::Deleted] {
        assert_eq!(moved(status, waiting).standing, Standing::Waiting);
        let late = moved(status, |o| {
            o.standing = overdue("2026-01-05", "2026-01-20", None);
        });
        assert_eq!(late.standing, Standing::Settled, "{status:?}");
    }
}

#[test]
fn an_order_has_its_own_term_where_both_dates_are_those_of_its_cycles() {
    let own = |change: fn(&mut Order)| monthly_with(change).has_own_term(&Zone::utc());
    assert!(own(|_| {}));
    assert!(!own(|order| order.expires_at = Some(at("2026-02-02"))));
    assert!(!own(|order| order.next_cycle_at = Some(at("2026-02-02"))));
    assert!(!own(|order| order.next_cycle_at = None));
    let mut order = monthly_with(|order| (order.expires_at, order.next_cycle_at) = (None, None));
    order.set_dates(&Zone::utc());
    assert_eq!(ends(&order), both("2026-02-01"));
}

#[test]
fn an_order_without_an_end_has_none_after_a_pause_either() {
    let order = moved_on("2026-01-21", OrderStatus::Active, |order| {
        order.pause(at("2026-01-11"));
        order.expires_at = None;
    });
    assert_eq!((ends(&order), order.pauses.len()), ((None, None), 0));
    assert_eq!(monthly().pauses.len(), 0);
}
