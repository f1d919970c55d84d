//! What counts as monthly recurring revenue, and how it is told to have moved.

use proptest::prelude::*;

use super::{at, frozen, monthly_with, overdue, term, units};
use crate::domain::billing::order::{Order, Standing};
use crate::domain::billing::recurring::{CustomerRevenue, RevenueDay, monthly};
use crate::domain::catalogue::charge::{Charge, Price};
use crate::domain::catalogue::kinds::{Billing, OrderStatus, OrderType};
use crate::domain::values::calendar::{LocalDate, Period, Zone};
use crate::domain::values::id::CustomerId;
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency, TaxRate};

fn dollars(minor: i64) -> Amount {
    Amount {
        minor: Minor::of(minor),
        currency: Currency::USD,
    }
}

fn charge(kind: OrderType, minor: i64) -> Charge {
    Charge {
        kind,
        title: String::new(),
        amount: dollars(minor),
        tax_rate: TaxRate::parse("20").unwrap(),
        dated_rates: Vec::new(),
        tax_included: true,
        refundable: false,
    }
}

/// 12.00 a cycle with 2.00 tax in it, and 30.00 once.
fn prices(order: &Order) -> Vec<Price> {
    vec![Price {
        version: 1,
        since: at("2026-01-01"),
        for_running: true,
        term: order.term,
        charges: vec![
            charge(OrderType::Recurring, 1_200),
            charge(OrderType::OneTime, 3_000),
        ],
    }]
}

fn counted(order: &Order) -> Option<i128> {
    let found = monthly(order, &prices(order), &Zone::utc(), at("2026-01-15"));
    found.map(|amount| units(amount.minor))
}

#[test]
fn a_price_counts_without_tax_by_the_month() {
    for (count, period, cents) in [
        (1, Period::Month, 1_000),
        (3, Period::Month, 333),
        (1, Period::Quarter, 333),
        (1, Period::Year, 83),
        (2, Period::Year, 42),
        (30, Period::Day, 1_014),
        (365, Period::Day, 83),
    ] {
        let order = monthly_with(|order| order.term = term(count, period));
        assert_eq!(counted(&order), Some(cents), "{count} {period:?}");
    }
    let endless = monthly_with(|order| order.term = term(0, Period::Month));
    assert_eq!(counted(&endless), None);
}

#[test]
fn an_order_counts_as_long_as_it_runs() {
    let runs = |change: fn(&mut Order)| counted(&monthly_with(change)).is_some();
    assert!(runs(|_| {}));
    assert!(runs(
        |order| order.standing = overdue("2026-01-10", "2026-01-20", None)
    ));
    // Canceled, and paid until February.
    assert!(runs(|order| order.status = OrderStatus::Canceled));
    assert!(!runs(|order| order.order_type = OrderType::OneTime));
    assert!(!runs(|order| order.billing = Billing::External));
    assert!(!runs(|order| order.standing = Standing::Waiting));
    assert!(!runs(|order| {
        order.status = OrderStatus::Inactive;
        order.standing = frozen("2026-01-10", None);
    }));
    assert!(!runs(|order| order.status = OrderStatus::Deleted));
    assert!(!runs(|order| {
        order.expires_at = Some(at("2026-01-15"));
        order.next_cycle_at = None;
    }));
}

#[test]
fn what_costs_nothing_is_nobodys_revenue() {
    let order = monthly_with(|_| {});
    let mut prices = prices(&order);
    prices[0].charges = vec![charge(OrderType::OneTime, 3_000)];
    let found = |prices: &[Price]| monthly(&order, prices, &Zone::utc(), at("2026-01-15"));
    assert_eq!(found(&prices), None);
    prices[0].charges = vec![charge(OrderType::Recurring, -100)];
    assert_eq!(found(&prices), None);
    assert_eq!(found(&[]), None);
}

fn of(customer: u64, minor: i64) -> CustomerRevenue {
    let mut revenue = CustomerRevenue::none(CustomerId(customer));
    if minor != 0 {
        revenue.add(dollars(minor));
    }
    revenue
}

fn day(days: i32, before: Option<&RevenueDay>) -> RevenueDay {
    RevenueDay::begin(LocalDate::of_days(days), at("2026-01-15"), before)
}

#[test]
fn what_was_there_at_the_first_count_is_no_news() {
    let mut first = day(1, None);
    first.take(&of(1, 0), &of(1, 700));
    let movement = &first.movements[0];
    assert_eq!(units(movement.starting), 700);
    assert_eq!((units(movement.new), movement.joined), (0, 0));
    assert_eq!((units(movement.ending()), movement.paying()), (700, 1));
    let mut next = day(2, Some(&first));
    next.take(&of(1, 700), &of(1, 0));
    next.take(&of(2, 0), &of(2, 900));
    let movement = &next.movements[0];
    assert_eq!(
        (
            units(movement.starting),
            units(movement.new),
            units(movement.churn)
        ),
        (700, 900, 700)
    );
    assert_eq!(
        (movement.joined, movement.left, movement.paying()),
        (1, 1, 1)
    );
}

proptest! {
    /// Whatever people do from day to day: each count begins where the one before it ended, its
    /// parts come to its end, and that is the sum of what all bring.
    #[test]
    fn fuzz_movements_add_up(days in proptest::collection::vec([0..900i64, 0..900, 0..3], 1..9)) {
        let mut last: Option<RevenueDay> = None;
        let mut held = [0i64; 3];
        for (number, brings) in (1i32..).zip(days) {
            let mut count = day(number, last.as_ref());
            for (customer, (was, is)) in (1u64..).zip(held.iter().zip(&brings)) {
                count.take(&of(customer, *was), &of(customer, *is));
            }
            held = brings;
            let sum: i64 = held.iter().sum();
            let paying = held.iter().filter(|minor| **minor > 0).count();
            let before = last.as_ref().and_then(|last| last.movements.first());
            match count.movements.first() {
                None => prop_assert_eq!(sum, 0),
                Some(movement) => {
                    prop_assert_eq!(units(movement.ending()), i128::from(sum));
                    prop_assert_eq!(movement.paying(), paying as u64);
                    let (up, down) = (movement.new + movement.expansion, movement.churn);
                    prop_assert!(units(up) >= 0 && units(down) >= 0);
                    prop_assert!(units(movement.contraction) >= 0);
                    if let Some(before) = before {
                        prop_assert_eq!(movement.starting, before.ending());
                    }
                }
            }
            last = Some(count);
        }
    }
}
