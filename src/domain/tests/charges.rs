//! What a cycle costs: charges, their tax, and which version of a price holds.

use super::{at, charge, day, money, once, percent, price, term, units, usd};
use crate::domain::catalogue::charge::{
    Charge, Line, Mixed, Price, TaxDays, currency, in_force, lines, total_minor, up_to,
    version_in_force,
};
use crate::domain::catalogue::kinds::OrderType;
use crate::domain::values::calendar::Period;

/// The line of a charge that is taxed on one day and was seen on another.
fn line(charge: Charge, taxed: &str, seen: &str) -> Line {
    let days = TaxDays {
        taxed: day(taxed),
        seen: day(seen),
    };
    let found = lines(&[charge], "Basic", OrderType::Recurring, 0, days);
    assert_eq!(found.len(), 1);
    found.into_iter().next().unwrap()
}

fn sums(charge: Charge, taxed: &str, seen: &str) -> (i128, i128) {
    let line = line(charge, taxed, seen);
    assert_eq!(line.gross_minor(), line.net_minor + line.tax_minor);
    (units(line.net_minor), units(line.tax_minor))
}

fn on_top(minor: i64) -> Charge {
    Charge {
        tax_included: false,
        ..charge(usd(minor))
    }
}

fn dated(charge: Charge) -> Charge {
    let dated_rates = vec![
        (day("2026-07-01"), percent("21")),
        (day("2027-01-01"), percent("25")),
    ];
    Charge {
        dated_rates,
        ..charge
    }
}

#[test]
fn tax_is_in_the_price_or_on_top_of_it() {
    let (today, same) = ("2026-01-01", "2026-01-01");
    assert_eq!(sums(charge(usd(1_200)), today, same), (1_000, 200));
    assert_eq!(sums(on_top(1_000), today, same), (1_000, 200));
    assert_eq!(
        sums(charge(usd(-600)), today, same),
        (-500, -100),
        "a discount"
    );
}

#[test]
fn a_dated_rate_holds_from_its_very_day_until_the_next() {
    for (taxed, rate) in [
        ("2026-06-30", "20"),
        ("2026-07-01", "21"),
        ("2026-12-31", "21"),
        ("2027-01-01", "25"),
        ("2028-01-01", "25"),
    ] {
        let found = line(dated(on_top(1_000)), taxed, taxed);
        assert_eq!(found.rate, percent(rate), "{taxed}");
    }
}

#[test]
fn what_the_payer_saw_stays_and_the_tax_in_it_is_of_the_day_that_counts() {
    let (seen, taxed) = ("2026-06-30", "2026-07-01");
    // 12.00 was seen; 12.00 x 21 / 121 is 2.08.
    assert_eq!(sums(dated(on_top(1_000)), taxed, seen), (992, 208));
    assert_eq!(sums(dated(charge(usd(1_200))), taxed, seen), (992, 208));
    // Seen and taxed on one day, tax is simply on top.
    assert_eq!(sums(dated(on_top(1_000)), taxed, taxed), (1_000, 210));
    assert_eq!(
        TaxDays::of(day(taxed)),
        TaxDays {
            taxed: day(taxed),
            seen: day(taxed)
        }
    );
}

#[test]
fn a_line_has_the_title_of_its_charge_or_of_the_offer() {
    let named = Charge {
        title: "Installation".to_owned(),
        ..charge(usd(100))
    };
    assert_eq!(
        line(named, "2026-01-01", "2026-01-01").title,
        "Installation"
    );
    assert_eq!(
        line(charge(usd(100)), "2026-01-01", "2026-01-01").title,
        "Basic"
    );
}

#[test]
fn an_installation_is_not_given_back_by_the_day() {
    let by_day = |charge: Charge, order_type| {
        let days = TaxDays::of(day("2026-01-01"));
        let found = lines(&[charge], "Basic", order_type, 0, days);
        found.first().map(|line| line.by_day)
    };
    let refundable = Charge {
        refundable: true,
        ..once(usd(100))
    };
    assert_eq!(by_day(once(usd(100)), OrderType::Recurring), Some(false));
    assert_eq!(by_day(refundable, OrderType::Recurring), Some(true));
    assert_eq!(by_day(charge(usd(100)), OrderType::Recurring), Some(true));
    assert_eq!(by_day(once(usd(100)), OrderType::OneTime), Some(true));
    assert_eq!(by_day(charge(usd(100)), OrderType::OneTime), Some(true));
}

#[test]
fn one_time_charges_are_due_with_the_first_cycle_only() {
    let charges = [charge(usd(1_000)), once(usd(500))];
    let total = |order_type, cycle| {
        let days = TaxDays::of(day("2026-01-01"));
        units(total_minor(&lines(
            &charges, "Basic", order_type, cycle, days,
        )))
    };
    assert_eq!(total(OrderType::Recurring, 0), 1_500);
    assert_eq!(total(OrderType::Recurring, 1), 1_000);
    assert_eq!(total(OrderType::OneTime, 0), 1_500);
    assert_eq!(
        total(OrderType::OneTime, 1),
        1_500,
        "one cycle, with which all are due"
    );
    assert_eq!(total_minor(&[]), 0);
}

#[test]
fn orders_that_run_take_a_later_price_that_is_for_them() {
    let costs = |minor: i64| vec![charge(usd(minor))];
    let for_new = |price| Price {
        for_running: false,
        ..price
    };
    let prices = [
        price(1, "2026-01-01", costs(1_000)),
        price(2, "2026-03-01", costs(1_200)),
        for_new(price(3, "2026-04-01", costs(1_500))),
    ];
    for (began_with, cycle, version) in [
        (1, "2026-02-28", 1),
        (1, "2026-03-01", 2),
        (1, "2026-05-01", 2),
        (2, "2026-02-28", 2),
        (3, "2026-05-01", 3),
        (0, "2026-02-28", 1),
    ] {
        let name = format!("{began_with} on {cycle}");
        assert_eq!(
            version_in_force(&prices, began_with, at(cycle)),
            version,
            "{name}"
        );
        let held = prices
            .iter()
            .find(|price| price.version == version)
            .unwrap();
        assert_eq!(
            in_force(&prices, began_with, at(cycle)),
            held.charges,
            "{name}"
        );
    }
    assert_eq!(version_in_force(&[], 7, at("2026-01-01")), 7);
    assert!(in_force(&[], 7, at("2026-01-01")).is_empty());
}

#[test]
fn an_order_keeps_its_price_where_the_later_one_has_another_currency_or_term() {
    let first = price(1, "2026-01-01", vec![charge(usd(1_000))]);
    let version = |later: Price| version_in_force(&[first.clone(), later], 1, at("2026-06-01"));
    let later = |charges| price(2, "2026-03-01", charges);
    assert_eq!(version(later(vec![charge(usd(2_000))])), 2);
    assert_eq!(version(later(vec![charge(money(2_000, "EUR"))])), 1);
    assert_eq!(
        version(later(Vec::new())),
        2,
        "what is free is in any currency"
    );
    let yearly = Price {
        term: term(1, Period::Year),
        ..later(vec![charge(usd(2_000))])
    };
    assert_eq!(version(yearly), 1);
    // Of several later ones the last in its own currency.
    let prices = [
        first.clone(),
        later(vec![charge(usd(2_000))]),
        price(3, "2026-04-01", vec![charge(money(3_000, "EUR"))]),
    ];
    assert_eq!(version_in_force(&prices, 1, at("2026-06-01")), 2);
}

#[test]
fn whoever_saw_a_price_knew_those_before_it_too() {
    let prices = [1, 2, 5].map(|version| price(version, "2026-01-01", Vec::new()));
    for (version, known) in [(0, 0), (1, 1), (2, 2), (4, 2), (5, 3), (9, 3)] {
        assert_eq!(up_to(&prices, version).len(), known, "{version}");
    }
}

#[test]
fn charges_of_an_offer_have_one_currency() {
    assert_eq!(currency(&[]), Ok(None));
    let dollars = [charge(usd(1)), once(usd(2)), charge(usd(3))];
    assert_eq!(currency(&dollars), Ok(Some(usd(0).currency)));
    assert_eq!(
        currency(&[charge(usd(1)), charge(money(1, "EUR"))]),
        Err(Mixed)
    );
}
