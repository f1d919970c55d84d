//! The operator's calendar: terms, days, months, and dates as people write them.

use super::{DAY, at, day, term};
use crate::domain::values::calendar::{PERIODS_MAX, Period, PeriodCount, Zone, has_passed};
use crate::domain::values::time::Timestamp;

fn berlin() -> Zone {
    Zone::parse("Europe/Berlin").unwrap()
}

#[test]
fn part_of_a_period_counts_as_a_whole_one() {
    for (text, whole) in [
        ("0", 0),
        ("0.001", 1),
        ("1", 1),
        ("1.5", 2),
        ("2.0", 2),
        ("1200", 1_200),
    ] {
        let count = PeriodCount::parse(text).unwrap();
        assert_eq!(count.whole_periods(), whole, "{text}");
    }
    for text in ["", "-1", "1200.001", "1.0001", "a month"] {
        assert_eq!(PeriodCount::parse(text), None, "{text}");
    }
    assert_eq!(PeriodCount::parse("1.50").unwrap().to_decimal(), "1.5");
    assert_eq!(PeriodCount::whole(3), PeriodCount::parse("3"));
    assert!(PeriodCount::whole(PERIODS_MAX).is_some());
    assert_eq!(PeriodCount::whole(PERIODS_MAX + 1), None);
}

#[test]
fn month_ends_are_clamped_and_counted_from_the_anchor() {
    let start = |count, period, cycle| {
        Zone::utc().cycle_start(at("2024-01-31 10:00:00"), term(count, period), cycle)
    };
    for (count, period, cycle, begins) in [
        (1, Period::Month, 0, "2024-01-31 10:00:00"),
        (1, Period::Month, 1, "2024-02-29 10:00:00"),
        (1, Period::Month, 2, "2024-03-31 10:00:00"),
        (1, Period::Month, 13, "2025-02-28 10:00:00"),
        (1, Period::Quarter, 1, "2024-04-30 10:00:00"),
        (2, Period::Quarter, 1, "2024-07-31 10:00:00"),
        (1, Period::Year, 2, "2026-01-31 10:00:00"),
        (10, Period::Day, 3, "2024-03-01 10:00:00"),
    ] {
        let name = format!("{count} {period:?} {cycle}");
        assert_eq!(start(count, period, cycle), Some(at(begins)), "{name}");
    }
    assert_eq!(start(0, Period::Month, 1), None, "no end");
    assert_eq!(start(1_200, Period::Year, 7), None, "beyond the year 9999");
}

#[test]
fn cycles_keep_the_wall_clock() {
    let start = |anchor: &str, cycle| {
        let anchor = Timestamp::parse(anchor).unwrap();
        let begins = berlin().cycle_start(anchor, term(1, Period::Day), cycle);
        begins.unwrap().to_rfc3339_millis()
    };
    assert_eq!(
        start("2026-03-28T12:00:00+01:00", 1),
        "2026-03-29T10:00:00.000Z"
    );
    // 02:30 is skipped on that day: an hour later.
    assert_eq!(
        start("2026-03-28T02:30:00+01:00", 1),
        "2026-03-29T01:30:00.000Z"
    );
    assert_eq!(
        start("2026-03-28T02:30:00+01:00", 2),
        "2026-03-30T00:30:00.000Z"
    );
    // 02:30 comes twice on that day: the first. An anchor is what it is.
    assert_eq!(
        start("2026-10-24T02:30:00+02:00", 1),
        "2026-10-25T00:30:00.000Z"
    );
    assert_eq!(
        start("2026-10-25T02:30:00+01:00", 0),
        "2026-10-25T01:30:00.000Z"
    );
    assert!(Zone::parse("Nowhere/Land").is_none());
}

#[test]
fn days_after_and_before_keep_the_wall_clock() {
    let noon = Timestamp::parse("2026-03-28T12:00:00+01:00").unwrap();
    let next = Timestamp::parse("2026-03-29T12:00:00+02:00").unwrap();
    assert_eq!(berlin().days_after(noon, 1), Some(next));
    assert_eq!(berlin().days_before(next, 1), Some(noon));
    assert_eq!(berlin().days_after(noon, 0), Some(noon));
    assert_eq!(berlin().days_after(noon, 3_000_000), None);
}

#[test]
fn a_day_begins_at_midnight_of_the_operator() {
    let midnight = Timestamp::parse("2026-01-31T00:00:00+01:00").unwrap();
    assert_eq!(berlin().day_start("2026-01-31"), Some(midnight));
    assert_eq!(berlin().day_start("31.01.2026"), None);
    assert_eq!(berlin().date(midnight), day("2026-01-31"));
    assert_eq!(Zone::utc().date(midnight), day("2026-01-30"));
    assert_eq!(
        berlin().local(midnight.saturating_add_seconds(3_723)),
        "2026-01-31 01:02:03"
    );
}

#[test]
fn the_last_time_of_an_hour_is_today_or_yesterday() {
    let last = |now: &str, hour| Zone::utc().last_at_hour(at(now), hour);
    assert_eq!(
        last("2026-02-01 21:15:00", 20),
        Some(at("2026-02-01 20:00:00"))
    );
    assert_eq!(
        last("2026-02-01 20:00:00", 20),
        Some(at("2026-02-01 20:00:00"))
    );
    assert_eq!(
        last("2026-02-01 19:59:59", 20),
        Some(at("2026-01-31 20:00:00"))
    );
    assert_eq!(last("2026-02-01 19:59:59", 24), None);
}

#[test]
fn months_begin_and_end_at_midnight_of_the_operator() {
    let first = Timestamp::parse("2026-02-01T00:00:00+01:00").unwrap();
    let next = Timestamp::parse("2026-03-01T00:00:00+01:00").unwrap();
    assert_eq!(berlin().month("2026-02"), Some((first, next)));
    assert_eq!(berlin().month_start(first), first);
    assert_eq!(berlin().month_start(next.saturating_add_micros(-1)), first);
    for text in ["2026-2", "2026-13", "2026-02-01", "02-2026", ""] {
        assert_eq!(berlin().month(text), None, "{text}");
    }
}

#[test]
fn a_wall_clock_is_read_in_two_spellings() {
    let read = |text: &str| {
        Zone::utc()
            .parse_local(text)
            .map(Timestamp::to_rfc3339_millis)
    };
    let midnight = Some("2026-01-31T00:00:00.000Z".to_owned());
    let morning = Some("2026-01-31T10:05:03.000Z".to_owned());
    assert_eq!(read("2026-01-31"), midnight);
    assert_eq!(read("2026/01/31"), midnight);
    assert_eq!(read("2026-01-31 10:05:03"), morning);
    for text in [
        "2026-1-31",
        "2026-01-31 10:05",
        "2026-02-30",
        "20260131",
        "",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn every_date_that_mysql_takes_is_understood() {
    let read = |text: &str| {
        let found = Zone::utc().parse_loosely(text);
        found.map(|instant| instant.map(Timestamp::to_rfc3339_millis))
    };
    for (text, meant) in [
        ("2026-01-31", "2026-01-31T00:00:00"),
        (" 2026-01-31 ", "2026-01-31T00:00:00"),
        ("2026-1-3", "2026-01-03T00:00:00"),
        ("2026/1/31 9:5:3", "2026-01-31T09:05:03"),
        ("2026.01.31", "2026-01-31T00:00:00"),
        ("2026-01-31 10.05.03", "2026-01-31T10:05:03"),
        ("20260131", "2026-01-31T00:00:00"),
        ("20260131100503", "2026-01-31T10:05:03"),
        ("20260131 10:05:03", "2026-01-31T10:05:03"),
        ("20260131T100503", "2026-01-31T10:05:03"),
        ("2026-01-31T10", "2026-01-31T10:00:00"),
        ("2026-01-31  10:05", "2026-01-31T10:05:00"),
        ("2026-01-31 10:05:03.4", "2026-01-31T10:05:03"),
        ("2026-01-31 10:05:03.5", "2026-01-31T10:05:04"),
        ("2026-12-31 23:59:59.999", "2027-01-01T00:00:00"),
        ("2026-01-31T10:05:03Z", "2026-01-31T10:05:03"),
        ("2026-01-31 10:05:03+01:00", "2026-01-31T09:05:03"),
    ] {
        assert_eq!(read(text), Some(Some(format!("{meant}.000Z"))), "{text}");
    }
    for text in [
        "",
        " ",
        "0",
        "0000-00-00",
        "0000-00-00 00:00:00",
        "00000000T000000",
        "1960-01-01",
    ] {
        assert_eq!(read(text), Some(None), "{text:?} is never");
    }
    for text in [
        "tomorrow",
        "-",
        "26-01-31",
        "2026-01",
        "2026-001-31",
        "2026-01-31-05",
        "2026-02-30",
        "2026-13-01",
        "2026-01-31 24:00:00",
        "2026-01-31 10:00:60",
        "2026-01-31 10:00:00:00",
        "2026-01-31 100:00",
        "2026-01-31 :",
        "2026-01-31 10:05.5",
        "2026-01-31 10:05:03.x",
        "20260131.5",
        "202601311005",
        "2026-1-3100000",
        "20260131100000 10:00:00",
        "2026131",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn days_are_counted_from_1970() {
    assert_eq!(day("2026-01-31").to_string(), "2026-01-31");
    assert_eq!(day("1970-01-01").weekday(), 3, "a Thursday");
    assert_eq!(day("1969-12-31").weekday(), 2);
    assert_eq!(day("2026-01-31").weekday(), 5, "a Saturday");
    assert_eq!(day("2026-01-31").days_until(day("2026-03-01")), 29);
    assert_eq!(day("2026-03-01").days_until(day("2026-01-31")), -29);
    assert_eq!(
        crate::domain::values::calendar::LocalDate::parse("2026-1-31"),
        None
    );
    assert_eq!(
        crate::domain::values::calendar::LocalDate::parse("+2026-01-31"),
        None
    );
}

#[test]
fn an_instant_has_passed_from_that_instant_on() {
    let now = at("2026-01-31");
    assert!(has_passed(Some(now), now));
    assert!(has_passed(Some(now.saturating_add_micros(-DAY)), now));
    assert!(!has_passed(Some(now.saturating_add_micros(1)), now));
    assert!(!has_passed(None, now));
}
