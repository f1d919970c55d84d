//! What is given away beyond what somebody pays for.

use super::{at, charge, frozen, monthly, monthly_with, offer, overdue, owing, price, term, usd};
use crate::domain::billing::giving::{beyond_offer, beyond_paid, paid_until, reprices_running};
use crate::domain::billing::order::{Order, Standing};
use crate::domain::catalogue::charge::Price;
use crate::domain::catalogue::kinds::{Billing, OrderStatus, OrderType};
use crate::domain::values::calendar::{Period, PeriodCount, Zone};

const NOW: &str = "2026-01-01";

fn gives(change: fn(&mut Order)) -> bool {
    beyond_offer(&monthly_with(change), &offer(), &Zone::utc(), at(NOW))
}

#[test]
fn a_new_order_as_its_offer_sells_it_gives_nothing_away() {
    assert!(!gives(|_| {}));
    assert!(
        !gives(|order| order.expires_at = Some(at("2026-01-20"))),
        "less time"
    );
    assert!(!gives(|order| order.next_cycle_at = Some(at("2026-01-20"))));
}

#[test]
fn more_time_or_other_terms_are_given() {
    assert!(gives(|order| order.expires_at = Some(at("2026-02-02"))));
    assert!(gives(|order| order.expires_at = None));
    assert!(gives(|order| order.next_cycle_at = Some(at("2026-02-02"))));
    let once = |order: &mut Order| {
        order.order_type = OrderType::OneTime;
        order.next_cycle_at = None;
    };
    assert!(gives(once));
    // The next cycle of an order that nobody bills gives nothing.
    assert!(!gives(|order| {
        order.billing = Billing::External;
        order.next_cycle_at = Some(at("2026-03-01"));
    }));
    let mut limited = offer();
    limited.cycles_total = PeriodCount::whole(3).unwrap();
    let cycles = |total| {
        let order = monthly_with(|order| order.cycles_total = total);
        beyond_offer(&order, &limited, &Zone::utc(), at(NOW))
    };
    assert!(cycles(4) && cycles(0));
    assert!(!cycles(3) && !cycles(2));
}

#[test]
fn clocks_may_differ_by_a_day_and_beyond_it_an_order_is_history() {
    let made = |created: &str| {
        let order = monthly_with(|order| {
            order.created_at = at(created);
            order.anchor_at = at(created);
            order.set_dates(&Zone::utc());
        });
        beyond_offer(&order, &offer(), &Zone::utc(), at(NOW))
    };
    assert!(!made("2025-12-31") && !made("2026-01-02"));
    assert!(made("2025-12-30 23:59:59") && made("2026-01-02 00:00:01"));
}

#[test]
fn a_change_gives_what_the_same_status_alone_would_not() {
    let gives = |before: fn(&mut Order), after: fn(&mut Order)| {
        beyond_paid(&monthly_with(before), &monthly(), &monthly_with(after))
    };
    assert!(!gives(|_| {}, |_| {}));
    assert!(gives(
        |_| {},
        |order| order.expires_at = Some(at("2026-02-02"))
    ));
    assert!(!gives(
        |_| {},
        |order| order.expires_at = Some(at("2026-01-02"))
    ));
    assert!(gives(
        |_| {},
        |order| order.next_cycle_at = Some(at("2026-02-02"))
    ));
    assert!(!gives(
        |_| {},
        |order| {
            order.billing = Billing::External;
            order.next_cycle_at = Some(at("2026-02-02"));
        }
    ));
    assert!(!gives(
        |_| {},
        |order| {
            order.cycles_total = 1;
            order.next_cycle_at = Some(at("2026-02-02"));
        }
    ));
    assert!(gives(|o| o.cycles_total = 3, |o| o.cycles_total = 4));
    assert!(!gives(|o| o.cycles_total = 4, |o| o.cycles_total = 3));
}

#[test]
fn what_is_owed_does_not_run_again_for_nothing() {
    let switched_on = |status, standing, to| {
        let before = monthly_with(|order| {
            order.status = status;
            order.standing = standing;
        });
        let after = monthly_with(|order| order.status = to);
        beyond_paid(&before, &monthly(), &after)
    };
    let (inactive, active) = (OrderStatus::Inactive, OrderStatus::Active);
    assert!(switched_on(inactive, frozen("2026-01-05", None), active));
    assert!(switched_on(
        OrderStatus::Expired,
        owing("2026-01-05", None, None),
        active
    ));
    assert!(!switched_on(inactive, Standing::Settled, active));
    assert!(!switched_on(
        inactive,
        frozen("2026-01-05", None),
        OrderStatus::Canceled
    ));
    assert!(!switched_on(active, frozen("2026-01-05", None), active));
}

#[test]
fn a_customer_is_paid_until_the_last_end_of_what_is_settled_and_runs() {
    let ends = |order: Order| paid_until(&[order], at("2026-01-10"));
    let end = Some(at("2026-02-01"));
    assert_eq!(ends(monthly()), end);
    let given = |order: &mut Order| order.expires_at = Some(at("2026-03-01"));
    assert_eq!(
        ends(monthly_with(given)),
        end,
        "time given away is not paid"
    );
    let last = monthly_with(|order| {
        given(order);
        order.cycles_total = 1;
    });
    assert_eq!(ends(last), Some(at("2026-03-01")));
    let late = overdue("2026-01-05", "2026-01-20", None);
    assert_eq!(ends(monthly_with(|order| order.standing = late)), None);
    assert_eq!(
        ends(monthly_with(|o| o.status = OrderStatus::Inactive)),
        None
    );
    let two = [
        monthly(),
        monthly_with(|order| {
            order.next_cycle_at = Some(at("2026-05-01"));
            order.expires_at = Some(at("2026-05-01"));
        }),
    ];
    assert_eq!(paid_until(&two, at("2026-01-10")), Some(at("2026-05-01")));
}

#[test]
fn a_price_that_running_orders_take_is_news_where_it_differs() {
    let costs = |version, minor: i64| price(version, "2026-01-01", vec![charge(usd(minor))]);
    let for_new = |price| Price {
        for_running: false,
        ..price
    };
    let yearly = |price| Price {
        term: term(1, Period::Year),
        ..price
    };
    let before = [costs(1, 1_000)];
    let with = |added| reprices_running(&before, &[costs(1, 1_000), added]);
    assert!(with(costs(2, 1_100)));
    assert!(!with(costs(2, 1_000)), "the same price once more");
    assert!(!with(for_new(costs(2, 1_100))));
    assert!(!with(yearly(costs(2, 9_000))), "no order runs by the year");
    assert!(!reprices_running(&before, &before));
    assert!(
        reprices_running(&[], &before),
        "what was free costs something"
    );
    // It is compared with the last one of its term.
    let two = [costs(1, 1_000), yearly(costs(2, 9_000))];
    let changed = |added| reprices_running(&two, &[two[0].clone(), two[1].clone(), added]);
    assert!(!changed(costs(3, 1_000)));
    assert!(changed(costs(3, 9_000)));
}
