//! What money that comes in does about an order.

use super::cycles::{free, late, postpaid};
use super::{DAY, at, charge, frozen, monthly, monthly_with, overdue, owing, sold, usd};
use crate::domain::billing::cycle::{Settled, Step, again, renewed_again, reopen};
use crate::domain::billing::order::{Order, Standing};
use crate::domain::catalogue::kinds::OrderStatus;
use crate::domain::values::minor::Minor;
use crate::domain::values::time::Timestamp;

/// What money does for an order of which nothing is owed, so much being there.
fn paid(order: &Order, balance: i64, now: &str) -> Option<Settled> {
    reopen(order, &sold().terms(), |_| balance.into(), false, at(now))
}

/// A prepaid order that was due on 1 February and was frozen after so many days of grace, paid on a
/// day: when its cycle begins and ends, and when the next one does.
fn paid_after_freeze(grace: i64, paid_on: &str) -> (String, String, String) {
    let order = monthly_with(|order| {
        order.status = OrderStatus::Inactive;
        order.standing = frozen("2026-02-01", None);
    });
    let sold = sold();
    let unpaid = grace * DAY;
    let (begun, bill) = again(&order, &sold.terms(), unpaid, at(paid_on)).unwrap();
    let after = renewed_again(&begun, &bill, &sold.zone, at(paid_on));
    assert_eq!(after.next_cycle_at, after.expires_at);
    let third = after
        .cycle_start(&sold.zone, after.cycles_paid + 1)
        .unwrap();
    let day = |instant: Timestamp| instant.to_rfc3339_millis().get(..10).unwrap().to_owned();
    (day(bill.from), day(after.expires_at.unwrap()), day(third))
}

#[test]
fn days_of_grace_are_a_part_of_the_cycle_that_begins_after_a_freeze() {
    let days = |from: &str, to: &str, next: &str| (from.to_owned(), to.to_owned(), next.to_owned());
    let none = paid_after_freeze(0, "2026-02-10");
    assert_eq!(none, days("2026-02-10", "2026-03-10", "2026-04-10"));
    let later = paid_after_freeze(0, "2026-03-05");
    assert_eq!(
        later,
        days("2026-03-05", "2026-04-05", "2026-05-05"),
        "a whole term"
    );
    // As long as the cycle that was due, 28 days, and a week of them was served.
    let week = paid_after_freeze(7, "2026-02-20");
    assert_eq!(week, days("2026-02-13", "2026-03-13", "2026-04-13"));
    let march = paid_after_freeze(7, "2026-03-20");
    assert_eq!(march, days("2026-03-13", "2026-04-10", "2026-05-10"));
    // Paid at the moment of the freeze, the dates are those without one.
    let at_once = paid_after_freeze(7, "2026-02-08");
    assert_eq!(at_once, days("2026-02-01", "2026-03-01", "2026-04-01"));
    // Half of it at most.
    let long = paid_after_freeze(20, "2026-03-01");
    assert_eq!(long, days("2026-02-15", "2026-03-15", "2026-04-15"));
    let last = monthly_with(|order| order.cycles_total = 1);
    assert_eq!(again(&last, &sold().terms(), 0, at("2026-02-10")), None);
}

#[test]
fn the_last_cycle_after_a_freeze_has_no_next() {
    let order = monthly_with(|order| {
        order.status = OrderStatus::Inactive;
        order.standing = frozen("2026-02-08", None);
        order.cycles_total = 2;
    });
    let sold = sold();
    let (begun, bill) = again(&order, &sold.terms(), DAY, at("2026-02-20")).unwrap();
    let after = renewed_again(&begun, &bill, &sold.zone, at("2026-02-20"));
    assert_eq!((after.next_cycle_at, after.expires_at), (None, bill.to));
}

#[test]
fn money_opens_nothing_of_which_an_invoice_is_open() {
    let order = postpaid(|order| order.standing = late());
    let terms = sold();
    assert_eq!(
        reopen(
            &order,
            &terms.terms(),
            |_| Minor::of(9_999),
            true,
            at("2026-02-03")
        ),
        None
    );
    let paid = reopen(
        &order,
        &terms.terms(),
        |_| Minor::ZERO,
        false,
        at("2026-02-03"),
    )
    .unwrap();
    assert_eq!(paid.step, Step::Reopened);
    assert_eq!(
        (paid.order.status, paid.order.standing),
        (OrderStatus::Active, Standing::Settled)
    );
    assert_eq!(
        paid.order.expires_at,
        Some(at("2026-02-01")),
        "its dates stay"
    );
    assert_eq!(paid.order.next_cycle_at, Some(at("2026-02-01")));
}

#[test]
fn money_renews_a_prepaid_order_that_is_overdue_if_it_is_enough() {
    let order = monthly_with(|order| order.standing = late());
    assert_eq!(paid(&order, 1_199, "2026-02-03"), None);
    for day in ["2026-02-01", "2026-02-03"] {
        let found = paid(&order, 1_200, day).unwrap();
        assert!(matches!(found.step, Step::Renewed(_)), "{day}");
        assert_eq!(
            found.order.expires_at,
            Some(at("2026-03-01")),
            "as if paid in time"
        );
    }
    let free = reopen(
        &order,
        &free().terms(),
        |_| Minor::of(-1),
        false,
        at("2026-02-03"),
    )
    .unwrap();
    assert!(matches!(free.step, Step::Renewed(_)));
    let mut nothing = sold();
    nothing.prices[0].charges = vec![charge(usd(0))];
    assert!(
        reopen(
            &order,
            &nothing.terms(),
            |_| Minor::of(-1),
            false,
            at("2026-02-03")
        )
        .is_some()
    );
}

#[test]
fn who_pays_in_the_grace_keeps_the_day_of_the_month() {
    let order = monthly_with(|order| {
        order.anchor_at = at("2025-12-31");
        order.set_dates(&sold().zone);
        order.standing = overdue("2026-01-31", "2026-02-14", None);
    });
    let after = paid(&order, 1_200, "2026-02-03").unwrap().order;
    assert_eq!(after.next_cycle_at, Some(at("2026-02-28")));
    let third = after.cycle_start(&sold().zone, after.cycles_paid + 1);
    assert_eq!(third, Some(at("2026-03-31")));
}

#[test]
fn money_that_was_sent_back_and_comes_again_is_billed_to_nobody() {
    // The cycle that lost its money is not over, and the next one is to come.
    let order = monthly_with(|order| order.standing = overdue("2026-01-10", "2026-01-24", None));
    let found = paid(&order, 0, "2026-01-20").unwrap();
    assert_eq!(found.step, Step::Reopened);
    assert_eq!(found.order.expires_at, Some(at("2026-02-01")));
    // Frozen meanwhile, its time stood still.
    let frozen = monthly_with(|order| {
        order.status = OrderStatus::Inactive;
        order.standing = frozen("2026-01-24", None);
        order.time_kept = true;
    });
    let found = paid(&frozen, 0, "2026-01-27").unwrap();
    assert_eq!(found.step, Step::Reopened);
    assert_eq!(found.order.expires_at, Some(at("2026-02-04")));
    assert_eq!(found.order.next_cycle_at, Some(at("2026-02-04")));
    assert!(!found.order.time_kept);
}

#[test]
fn a_prepaid_order_that_was_frozen_begins_with_the_money() {
    let order = monthly_with(|order| {
        order.status = OrderStatus::Inactive;
        order.standing = frozen("2026-02-08", None);
    });
    let found = paid(&order, 1_200, "2026-02-20").unwrap();
    let Step::Renewed(bill) = &found.step else {
        panic!("{:?}", found.step)
    };
    assert_eq!(
        bill.from,
        at("2026-02-13"),
        "the seven days of grace come first"
    );
    assert_eq!(found.order.status, OrderStatus::Active);
    assert_eq!(found.order.expires_at, Some(at("2026-03-13")));
    assert_eq!(paid(&order, 1_199, "2026-02-20"), None);
}

#[test]
fn a_postpaid_order_that_was_frozen_past_its_time_begins_with_the_money() {
    let cold = |change: fn(&mut Order)| {
        let order = postpaid(|order| {
            order.status = OrderStatus::Inactive;
            order.standing = frozen("2026-01-20", None);
            change(order);
        });
        let after = paid(&order, 0, "2026-02-20").unwrap().order;
        (after.status, after.next_cycle_at, after.expires_at)
    };
    let active = OrderStatus::Active;
    let paid_on = Some(at("2026-02-20"));
    assert_eq!(cold(|_| {}), (active, paid_on, paid_on));
    let same_day = cold(|order| order.expires_at = Some(at("2026-02-20")));
    assert_eq!(same_day, (active, paid_on, paid_on));
    let ahead = cold(|order| {
        order.expires_at = Some(at("2026-03-01"));
        order.next_cycle_at = Some(at("2026-03-01"));
    });
    assert_eq!(
        ahead,
        (active, Some(at("2026-03-01")), Some(at("2026-03-01")))
    );
    let last = cold(|order| {
        order.cycles_total = 1;
        order.next_cycle_at = None;
    });
    assert_eq!(last, (active, None, Some(at("2026-02-01"))));
}

#[test]
fn a_canceled_order_that_is_paid_runs_to_its_end() {
    let canceled = |standing, kept| {
        let order = postpaid(|order| {
            order.status = OrderStatus::Canceled;
            order.standing = standing;
            order.time_kept = kept;
        });
        let found = paid(&order, 0, "2026-01-27").unwrap();
        assert_eq!(found.step, Step::Reopened);
        let after = found.order;
        assert_eq!(
            (after.status, after.next_cycle_at),
            (OrderStatus::Canceled, None)
        );
        assert_eq!(after.standing, Standing::Settled);
        after.expires_at
    };
    let end = Some(at("2026-02-01"));
    assert_eq!(
        canceled(overdue("2026-01-10", "2026-01-24", None), false),
        end
    );
    assert_eq!(
        canceled(frozen("2026-01-24", None), true),
        Some(at("2026-02-04"))
    );
}

#[test]
fn a_debt_that_is_paid_after_the_end_begins_nothing() {
    for status in [
        OrderStatus::Expired,
        OrderStatus::Canceled,
        OrderStatus::Deleted,
    ] {
        let order = postpaid(|order| {
            order.status = status;
            order.standing = owing("2026-01-10", None, None);
        });
        let found = paid(&order, 0, "2026-02-03").unwrap();
        assert_eq!((found.step, found.order.status), (Step::Reopened, status));
        assert_eq!(found.order.standing, Standing::Ended);
    }
    for order in [
        monthly(),
        monthly_with(|order| order.status = OrderStatus::Expired),
    ] {
        assert_eq!(
            paid(&order, 9_999, "2026-02-03"),
            None,
            "it waits for nothing"
        );
    }
}
