//! When a cycle begins and an order ends: the domain's term arithmetic against what
//! `tests/oracle/terms.py` answers, which knows the rules but none of our code.

use boxoffice::domain::billing::order::{Dates, dates};
use boxoffice::domain::catalogue::kinds::OrderType;
use boxoffice::domain::values::calendar::{PERIODS_MAX, Period, PeriodCount, Term, Zone};
use boxoffice::domain::values::time::Timestamp;
use serde_json::Value;

const CASES: &str = include_str!("data/terms.jsonl");

fn number(case: &Value, key: &str) -> u32 {
    let number = case[key].as_u64().and_then(|n| n.try_into().ok());
    number.unwrap_or_else(|| panic!("{key} of {case}"))
}

fn instant(millis: &Value) -> Option<Timestamp> {
    let millis = millis.as_i64()?;
    Some(Timestamp::from_micros(millis * 1_000).expect("an instant"))
}

fn millis(at: Option<Timestamp>) -> Option<i64> {
    at.map(|at| at.micros() / 1_000)
}

fn parse(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("an instant")
}

fn text(at: Option<Timestamp>) -> String {
    at.map(Timestamp::to_rfc3339_millis).unwrap_or_default()
}

fn months(count: u32) -> Term {
    Term {
        count: PeriodCount::whole(count).expect("a count"),
        period: Period::Month,
    }
}

/// Compares one case; whether it was one that a term can express.
fn compare(case: &Value) -> bool {
    let zone = Zone::parse(case["zone"].as_str().expect("a zone")).expect("a known zone");
    let anchor = instant(&case["start_ms"]).expect("a start");
    let period = match case["period"].as_str() {
        Some("DAY") => Period::Day,
        Some("MONTH") => Period::Month,
        Some("QUARTER") => Period::Quarter,
        Some("YEAR") => Period::Year,
        _ => panic!("{case}"),
    };
    let duration = number(case, "duration");
    let Some(count) = PeriodCount::whole(duration) else {
        // Terms beyond the bound cannot be made; all but the start of theirs lies past 9999.
        assert!(duration > PERIODS_MAX && case["overflow"] == true, "{case}");
        return false;
    };
    let term = Term { count, period };
    let (k, boundaries) = (&case["k"], &case["boundary_ms"]);
    let (k, boundaries) = (k.as_array().unwrap(), boundaries.as_array().unwrap());
    assert_eq!(k.len(), boundaries.len(), "{case}");
    for (k, boundary) in k.iter().zip(boundaries) {
        let cycle = k.as_u64().and_then(|k| k.try_into().ok()).expect("a cycle");
        let start = zone.cycle_start(anchor, term, cycle);
        assert_eq!(millis(start), boundary.as_i64(), "cycle {cycle} of {case}");
    }
    let order_type = match case["type"].as_str() {
        Some("ONE_TIME") => OrderType::OneTime,
        Some("RECURRING") => OrderType::Recurring,
        _ => panic!("{case}"),
    };
    let total = number(case, "number_of_billing_cycles");
    let found = dates(
        &zone,
        anchor,
        term,
        order_type,
        total,
        number(case, "cycles"),
    );
    let expected = Dates {
        expires_at: instant(&case["expires_ms"]),
        next_cycle_at: instant(&case["next_ms"]),
    };
    assert_eq!(found, expected, "{case}");
    true
}

#[test]
fn every_case_of_the_oracle_comes_out_the_same() {
    let (mut compared, mut beyond) = (0, 0);
    for line in CASES.lines() {
        let case = serde_json::from_str(line).expect("a JSON line");
        if compare(&case) {
            compared += 1;
        } else {
            beyond += 1;
        }
    }
    assert_eq!(compared + beyond, 1_500);
    assert!(compared > 1_400, "{compared}");
}

#[test]
fn cycles_are_counted_from_the_anchor_and_not_from_the_last_date() {
    // 31 Jan, 28 Feb, 31 Mar, 30 Apr: the day of the month is not lost in February.
    let anchor = parse("2026-01-31T10:00:00Z");
    for (paid, end) in [
        (1, "2026-02-28T10:00:00.000Z"),
        (2, "2026-03-31T10:00:00.000Z"),
        (3, "2026-04-30T10:00:00.000Z"),
        (12, "2027-01-31T10:00:00.000Z"),
        (25, "2028-02-29T10:00:00.000Z"),
    ] {
        let zone = Zone::utc();
        assert_eq!(text(zone.cycle_start(anchor, months(1), paid)), end);
        let order = dates(&zone, anchor, months(1), OrderType::Recurring, 0, paid);
        assert_eq!(text(order.expires_at), end);
        assert_eq!(text(order.next_cycle_at), end);
        // One of so many cycles ends there.
        let last = dates(&zone, anchor, months(1), OrderType::Recurring, paid, paid);
        assert_eq!(
            (text(last.expires_at), last.next_cycle_at),
            (end.to_owned(), None)
        );
    }
}

#[test]
fn a_part_of_a_period_is_a_whole_one_and_none_has_no_end() {
    let anchor = parse("2026-01-31T10:00:00Z");
    for (count, end) in [
        ("0", ""),
        ("0.001", "2026-02-28T10:00:00.000Z"),
        ("1", "2026-02-28T10:00:00.000Z"),
        ("1.5", "2026-03-31T10:00:00.000Z"),
        ("2", "2026-03-31T10:00:00.000Z"),
    ] {
        let count = PeriodCount::parse(count).expect("a count");
        let term = Term {
            count,
            period: Period::Month,
        };
        assert_eq!(
            text(Zone::utc().cycle_start(anchor, term, 1)),
            end,
            "{count:?}"
        );
    }
}

#[test]
fn there_is_nothing_after_the_year_9999() {
    let anchor = parse("9999-12-31T23:59:59.999Z");
    for zone in ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"] {
        let zone = Zone::parse(zone).expect("a zone");
        assert_eq!(zone.cycle_start(anchor, months(1), 0), Some(anchor));
        for cycle in [1, 2, u32::MAX] {
            assert_eq!(zone.cycle_start(anchor, months(1), cycle), None);
            let longest = Term {
                count: PeriodCount::whole(PERIODS_MAX).unwrap(),
                period: Period::Year,
            };
            assert_eq!(
                zone.cycle_start(parse("2026-01-31T10:00:00Z"), longest, u32::MAX),
                None
            );
        }
    }
}
