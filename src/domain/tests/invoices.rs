//! Invoices and credit notes: sums, postings, and what is given back.

use proptest::prelude::*;

use super::{at, percent, units, usd};
use crate::domain::billing::invoice::{
    Invoice, InvoiceKind, RateSum, days_unused, less, share, unused,
};
use crate::domain::catalogue::charge::{Line, total_minor};
use crate::domain::provider::Letterhead;
use crate::domain::values::calendar::Zone;
use crate::domain::values::id::{CustomerId, InvoiceId, OrderId};
use crate::domain::values::minor::Minor;

pub fn line(title: &str, rate: &str, net: i64, tax: i64) -> Line {
    Line {
        title: title.to_owned(),
        rate: percent(rate),
        net_minor: net.into(),
        tax_minor: tax.into(),
        by_day: true,
    }
}

pub fn invoice(lines: Vec<Line>) -> Invoice {
    Invoice {
        id: InvoiceId(42),
        kind: InvoiceKind::Invoice,
        customer: CustomerId(2),
        order: OrderId(1),
        cycle: Some(0),
        issued_at: at("2026-01-01"),
        from: at("2026-01-01"),
        to: Some(at("2026-02-01")),
        currency: usd(0).currency,
        lines,
        seller: String::new(),
        buyer: Vec::new(),
        letterhead: Letterhead {
            invoice_prefix: "NL-".to_owned(),
            ..Letterhead::default()
        },
        due_at: None,
        product: String::new(),
        contract: String::new(),
    }
}

fn mixed() -> Vec<Line> {
    vec![
        line("TV", "20", 1_000, 200),
        line("Books", "7.5", 100, 8),
        line("Box", "20", 500, 100),
        line("Old", "0", 50, 0),
    ]
}

#[test]
fn an_invoice_is_the_sum_of_its_lines() {
    let invoice = invoice(mixed());
    assert_eq!(invoice.printed_number(), "NL-42");
    assert_eq!(invoice.total(), usd(1_958));
    assert_eq!(invoice.tax(), usd(308));
}

#[test]
fn net_and_tax_are_said_by_rate_the_lowest_first() {
    let sum = |rate, net: i64, tax: i64| RateSum {
        rate: percent(rate),
        net_minor: net.into(),
        tax_minor: tax.into(),
    };
    let expected = [sum("0", 50, 0), sum("7.5", 100, 8), sum("20", 1_500, 300)];
    assert_eq!(invoice(mixed()).taxes(), expected);
}

#[test]
fn the_customer_pays_for_revenue_and_the_tax_of_each_rate() {
    let posted = |lines| {
        let postings = invoice(lines).postings();
        let sum: Minor = postings.iter().map(|posting| posting.credit_minor).sum();
        assert_eq!(sum, 0, "it balances");
        let text = |posting: &crate::domain::billing::journal::Posting| {
            format!("{} {}", posting.account, posting.credit_minor)
        };
        postings.iter().map(text).collect::<Vec<_>>()
    };
    let billed = posted(vec![line("TV", "20", 1_000, 200)]);
    assert_eq!(billed, ["customer:2 -1200", "revenue 1000", "tax:20 200"]);
    let many = posted(mixed());
    assert_eq!(
        many,
        [
            "customer:2 -1958",
            "revenue 1650",
            "tax:20 300",
            "tax:7.5 8"
        ]
    );
    let credited = posted(vec![line("TV", "20", -1_000, -200)]);
    assert_eq!(
        credited,
        ["customer:2 1200", "revenue -1000", "tax:20 -200"]
    );
}

#[test]
fn the_day_on_which_a_cycle_stops_counts_as_used() {
    let left = |stopped: &str| {
        let (begins, ends) = (at("2026-01-01"), at("2026-02-01"));
        days_unused(&Zone::utc(), begins, ends, at(stopped))
    };
    assert_eq!(left("2025-12-31 23:59:59"), None, "it has not begun");
    assert_eq!(left("2026-01-01"), Some(30));
    assert_eq!(left("2026-01-21 15:00:00"), Some(10));
    assert_eq!(left("2026-01-31"), Some(0));
    assert_eq!(left("2026-02-10"), Some(0));
}

#[test]
fn unused_days_are_given_back_in_proportion() {
    let lines = [line("TV", "20", 1_000, 200)];
    let back = |all, left| {
        let credit = unused(&lines, all, left);
        let line = credit.first();
        line.map(|line| (units(line.net_minor), units(line.tax_minor)))
    };
    // 12.00 x 10 / 30.
    assert_eq!(back(30, 10), Some((-333, -67)));
    assert_eq!(back(30, 30), Some((-1_000, -200)));
    assert_eq!(back(30, 40), Some((-1_000, -200)), "never more than all");
    assert_eq!(back(30, 0), None);
    assert_eq!(back(30, -1), None);
    assert_eq!(back(0, 0), None);
    let installed = Line {
        by_day: false,
        ..line("Installation", "20", 500, 100)
    };
    assert!(unused(std::slice::from_ref(&installed), 30, 10).is_empty());
    let both = unused(&[installed, line("TV", "20", 1_000, 200)], 30, 15);
    assert_eq!(both.len(), 1);
    assert_eq!(
        (both[0].title.as_str(), units(total_minor(&both))),
        ("TV", -600)
    );
}

#[test]
fn a_share_keeps_title_and_rate_and_rounds_the_whole() {
    let lines = [line("A", "20", 100, 20), line("B", "7.5", 93, 7)];
    let third = share(&lines, 1, 3);
    // 2.20 / 3 is 0.73, of which 0.09 is tax; the rest of rounding goes to the most tax.
    assert_eq!(total_minor(&third), -73);
    assert_eq!(third.iter().map(|line| line.tax_minor).sum::<Minor>(), -9);
    let shown: Vec<(&str, i128, i128)> = third
        .iter()
        .map(|line| {
            (
                line.title.as_str(),
                units(line.net_minor),
                units(line.tax_minor),
            )
        })
        .collect();
    assert_eq!(shown, [("A", -33, -7), ("B", -31, -2)]);
    assert_eq!(third[0].rate, percent("20"));
    for (part, whole) in [(0, 3), (-1, 3), (1, 0), (1, -3)] {
        assert!(share(&lines, part, whole).is_empty(), "{part} of {whole}");
    }
    assert!(
        share(&[line("A", "20", 1, 0)], 1, 3).is_empty(),
        "less than half a cent"
    );
}

#[test]
fn what_a_credit_note_leaves_is_taken_line_by_line() {
    let lines = [
        line("TV", "20", 1_000, 200),
        line("TV", "7.5", 100, 8),
        Line {
            by_day: false,
            ..line("TV", "20", 500, 100)
        },
        line("Box", "20", 300, 60),
    ];
    let after = |note: &[Line]| {
        let left = less(&lines, note);
        left.iter()
            .map(|line| units(line.gross_minor()))
            .collect::<Vec<_>>()
    };
    assert_eq!(after(&[]), [1_200, 108, 600, 360]);
    assert_eq!(after(&[line("TV", "20", -500, -100)]), [600, 108, 600, 360]);
    // Found by rate, by whether it is for a time, and by title.
    assert_eq!(after(&[line("TV", "7.5", -50, -4)]), [1_200, 54, 600, 360]);
    let whole = Line {
        by_day: false,
        ..line("TV", "20", -250, -50)
    };
    assert_eq!(after(&[whole]), [1_200, 108, 300, 360]);
    assert_eq!(after(&[line("Box", "20", -300, -60)]), [1_200, 108, 600, 0]);
    let all: Vec<Line> = lines.iter().map(negated).collect();
    assert_eq!(after(&all), [0, 0, 0, 0]);
    assert_eq!(after(&[line("Radio", "20", -1, 0)]), [1_200, 108, 600, 360]);
}

fn negated(line: &Line) -> Line {
    Line {
        net_minor: -line.net_minor,
        tax_minor: -line.tax_minor,
        ..line.clone()
    }
}

proptest! {
    #[test]
    fn a_share_of_an_invoice_is_the_share_of_its_total(
        nets in prop::collection::vec((0..100_000i64, 0..3usize), 1..6),
        (part, whole) in (1..400i64).prop_flat_map(|whole| (1..=whole, Just(whole))),
    ) {
        let rates = [("0", 0), ("7.5", 75), ("20", 200)];
        let lines: Vec<Line> = nets
            .iter()
            .map(|(net, rate)| line("TV", rates[*rate].0, *net, net * rates[*rate].1 / 1_000))
            .collect();
        let credit = share(&lines, part, whole);
        let (two, whole_of) = (2 * i128::from(part), i128::from(whole));
        let exact = |minor: Minor| (units(minor) * two + whole_of) / (2 * whole_of);
        let tax: Minor = lines.iter().map(|line| line.tax_minor).sum();
        let given: Minor = credit.iter().map(|line| line.tax_minor).sum();
        prop_assert_eq!(units(-total_minor(&credit)), exact(total_minor(&lines)));
        if !credit.is_empty() {
            prop_assert_eq!(units(-given), exact(tax));
        }
    }
}
