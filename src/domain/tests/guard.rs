//! Which prices the guard accepts.

use super::{charge, money, monthly, monthly_with, once, price, sold, term, usd};
use crate::domain::billing::guard::{RunGuard, price_change, price_jumped};
use crate::domain::catalogue::charge::Price;
use crate::domain::values::calendar::Period;
use crate::domain::values::id::ProductOfferId;

fn costs(version: u32, minor: i64) -> Price {
    price(version, "2026-01-15", vec![charge(usd(minor))])
}

#[test]
fn prices_are_accepted_up_to_a_version_and_never_back() {
    let (one, other) = (ProductOfferId(4), ProductOfferId(5));
    let mut guard = RunGuard::default();
    assert_eq!(guard.accepted(one), None);
    assert!(guard.accept(one, 3));
    assert!(guard.accept(other, 7));
    assert_eq!(
        (guard.accepted(one), guard.accepted(other)),
        (Some(3), Some(7))
    );
    assert!(!guard.accept(one, 3), "that is no news");
    assert!(!guard.accept(one, 2));
    assert_eq!(guard.accepted(one), Some(3));
    assert!(guard.accept(one, 4));
    assert_eq!(
        (guard.accepted(one), guard.accepted(other)),
        (Some(4), Some(7))
    );
    assert_eq!(guard.prices.len(), 2);
}

#[test]
fn the_next_bill_is_compared_with_the_price_that_was_accepted_last() {
    let change = |later: Price, accepted, began_with| {
        let mut sold = sold();
        sold.prices.push(later);
        let order = monthly_with(|order| order.price_version = began_with);
        price_change(&order, &sold.terms(), accepted, 50)
    };
    let doubled = || costs(2, 2_400);
    assert_eq!(change(doubled(), 1, 1), Some((usd(1_200), usd(2_400))));
    assert_eq!(change(doubled(), 0, 1), Some((usd(1_200), usd(2_400))));
    let was_free = change(doubled(), 0, 0);
    assert_eq!(
        was_free,
        Some((usd(0), usd(2_400))),
        "it began before there was a price"
    );
    assert_eq!(change(doubled(), 2, 1), None, "a person accepted it");
    assert_eq!(change(doubled(), 1, 2), None, "it began at that price");
    assert_eq!(change(costs(2, 1_800), 1, 1), None, "half as much again");
    assert_eq!(
        change(costs(2, 1_801), 1, 1),
        Some((usd(1_200), usd(1_801)))
    );
    assert_eq!(change(costs(2, 599), 1, 1), Some((usd(1_200), usd(599))));
    let nothing = price(2, "2026-01-15", Vec::new());
    assert_eq!(change(nothing, 1, 1), Some((usd(1_200), usd(0))));
    // An order keeps its price in its own currency, whatever the later one is.
    let euro = price(2, "2026-01-15", vec![charge(money(9_000, "EUR"))]);
    assert_eq!(change(euro, 1, 1), None);
    let last = monthly_with(|order| order.cycles_total = 1);
    let mut sold = sold();
    sold.prices.push(doubled());
    assert_eq!(price_change(&last, &sold.terms(), 1, 50), None);
    assert_eq!(price_change(&monthly(), &sold.terms(), 1, 100), None);
}

#[test]
fn a_price_of_another_currency_is_doubtful_whatever_it_is() {
    let mut sold = sold();
    sold.prices[0].charges.clear();
    sold.prices
        .push(price(2, "2026-01-15", vec![charge(money(1, "EUR"))]));
    let found = price_change(&monthly(), &sold.terms(), 1, 50);
    assert_eq!(found, Some((money(0, "EUR"), money(1, "EUR"))));
}

#[test]
fn a_price_jumps_where_running_orders_take_it_and_it_differs_by_more() {
    let jumped = |later: Price| price_jumped(&[costs(1, 1_000), later], 1, 50);
    assert!(!jumped(costs(2, 1_500)));
    assert!(jumped(costs(2, 1_501)));
    assert!(jumped(costs(2, 499)));
    let for_new = Price {
        for_running: false,
        ..costs(2, 9_000)
    };
    assert!(!jumped(for_new));
    let yearly = Price {
        term: term(1, Period::Year),
        ..costs(2, 9_000)
    };
    assert!(!jumped(yearly));
    let euro = price(2, "2026-01-15", vec![charge(money(1_000, "EUR"))]);
    assert!(jumped(euro), "the same number in another currency");
    // What is charged once is no price of a cycle.
    let installed = price(2, "2026-01-15", vec![charge(usd(1_000)), once(usd(9_000))]);
    assert!(!jumped(installed));
    assert!(
        !price_jumped(&[costs(1, 1_000), costs(2, 9_000)], 2, 50),
        "it was accepted"
    );
    assert!(!price_jumped(&[], 1, 50));
    let unknown = [costs(3, 1_000), costs(4, 9_000)];
    assert!(
        price_jumped(&unknown, 1, 50),
        "compared with the first that is known"
    );
}
