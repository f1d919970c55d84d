//! Budgets, waits, and what a million invented names do to them: nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Attempt, Door, FailedAttempts, SET_ENTRIES_MAX, SETS, TOLD_PER_HOUR_MAX, TooMany};
use crate::domain::values::time::Timestamp;

/// Without the time that a test takes.
fn by_the_clock() -> FailedAttempts {
    FailedAttempts {
        running: None,
        ..FailedAttempts::default()
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(1_000_000_000_000_000 + second * 1_000_000).unwrap()
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "an attempt has an address or none"
)]
fn from(number: u32) -> Option<IpAddr> {
    Some(IpAddr::V4(Ipv4Addr::from_bits(0x0A00_0000 + number)))
}

fn staff(name: &str, address: Option<IpAddr>) -> Attempt<'_> {
    Attempt {
        door: Door::Staff,
        name: Some(name),
        address,
    }
}

/// Fails `count` times within a second; answers how many were judged.
fn fail(held: &FailedAttempts, attempt: &Attempt<'_>, count: u32, second: i64) -> u32 {
    (0..count)
        .map(|_| u32::from(held.begin(attempt, at(second)).is_ok()))
        .sum()
}

#[test]
fn ten_failures_are_free_and_then_the_wait_grows() {
    let held = by_the_clock();
    let olive = staff("olive", from(1));
    assert_eq!(fail(&held, &olive, 60, 0), 10);
    let mut second = 0;
    let mut waits = Vec::new();
    for _ in 0..12 {
        let TooMany { retry_after_s, .. } = held.begin(&olive, at(second)).unwrap_err();
        waits.push(retry_after_s);
        second += i64::from(retry_after_s);
        held.begin(&olive, at(second)).unwrap();
    }
    assert!(waits.is_sorted() && waits[0] <= 2, "{waits:?}");
    let longest = waits.last().copied().unwrap();
    assert!((60..=300).contains(&longest), "{waits:?}");
    // Never a lock: the right one gets its turn, and is not made to wait again.
    let last = held.begin(&olive, at(second)).unwrap_err().retry_after_s;
    second += i64::from(last);
    held.begin(&olive, at(second)).unwrap();
    held.succeeded(&olive, at(second));
    held.begin(&olive, at(second)).unwrap();
    assert_eq!(held.begin(&olive, at(second)).unwrap_err().retry_after_s, 1);
    assert_eq!(fail(&held, &olive, 60, second + 86_400), 10);
}

#[test]
fn upper_case_blanks_and_the_other_end_of_a_network_are_no_way_round() {
    let held = by_the_clock();
    let six = |last: u16| {
        Some(IpAddr::V6(Ipv6Addr::new(
            0x2001, 0xdb8, 1, 2, 3, 4, 5, last,
        )))
    };
    assert_eq!(fail(&held, &staff("olive", six(1)), 10, 0), 10);
    for (name, last) in [("olive", 1), ("Olive", 2), (" OLIVE ", 0xffff)] {
        assert!(held.begin(&staff(name, six(last)), at(0)).is_err());
    }
    let elsewhere = Some(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 1, 3, 0, 0, 0, 1)));
    assert!(held.begin(&staff("olive", elsewhere), at(0)).is_ok());
    let mapped = Some(IpAddr::V6(Ipv4Addr::new(10, 0, 0, 7).to_ipv6_mapped()));
    assert_eq!(fail(&held, &staff("pia", mapped), 20, 0), 10);
    let plain = Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7)));
    assert!(held.begin(&staff("pia", plain), at(0)).is_err());
}

#[test]
fn an_address_has_more_than_a_name_and_a_name_more_than_both_together() {
    let held = by_the_clock();
    let judged = (0..60u32)
        .map(|n| fail(&held, &staff("olive", from(n)), 5, 0))
        .sum::<u32>();
    assert_eq!(judged, 30, "one name from everywhere");
    let held = by_the_clock();
    let names: Vec<String> = (0..400).map(|n| format!("name {n}")).collect();
    let judged = names
        .iter()
        .map(|name| fail(&held, &staff(name, from(1)), 1, 0))
        .sum::<u32>();
    assert_eq!(judged, 100, "one address under all names");
    // Ten people behind one address who mistype keep nobody out who is behind it too.
    let held = by_the_clock();
    for name in names.iter().take(9) {
        fail(&held, &staff(name, from(1)), 10, 0);
    }
    assert!(held.begin(&staff("somebody else", from(1)), at(0)).is_ok());
}

#[test]
fn who_was_right_from_there_is_not_starved() {
    let held = by_the_clock();
    let home = staff("owner", from(1));
    held.begin(&home, at(0)).unwrap();
    held.succeeded(&home, at(0));
    for n in 2..2_000 {
        fail(&held, &staff("owner", from(n)), 3, 10);
    }
    for n in 0..400 {
        fail(&held, &staff(&format!("neighbour {n}"), from(1)), 1, 10);
    }
    assert!(held.begin(&staff("owner", from(5_000)), at(10)).is_err());
    let admitted = held.begin(&home, at(10)).unwrap();
    assert!(admitted.known_good);
    held.succeeded(&home, at(10));
    // Guessing goes no faster for it: the next one at the same desk has to wait, but not long.
    assert_eq!(fail(&held, &home, 60, 20), 10);
    let wait = held.begin(&home, at(20)).unwrap_err().retry_after_s;
    assert!(wait <= 30, "{wait}");
    let other = Attempt {
        door: Door::BoxLogin,
        ..home
    };
    assert!(!held.begin(&other, at(20)).unwrap().known_good);
}

#[test]
fn a_million_names_push_out_nothing_that_failed_often() {
    let held = by_the_clock();
    let victim = staff("owner", from(1));
    let known = staff("pia", from(2));
    held.begin(&known, at(0)).unwrap();
    held.succeeded(&known, at(0));
    assert_eq!(fail(&held, &victim, 20, 0), 10);
    for n in 0..1_000_000u32 {
        let name = n.to_string();
        let _ = held.begin(&staff(&name, from(1_000 + n)), at(0));
    }
    assert!(held.begin(&victim, at(0)).is_err(), "forgotten");
    assert!(held.begin(&known, at(0)).unwrap().known_good, "forgotten");
    assert!(
        held.begin(&staff("fresh", from(3)), at(0)).is_ok(),
        "locked out"
    );
    let held = held.held.lock().unwrap();
    let most = usize::try_from(SETS).unwrap() * SET_ENTRIES_MAX;
    for counters in [&held.pairs, &held.names, &held.addresses] {
        let size: usize = counters.0.values().map(Vec::len).sum();
        assert!(size <= most, "{size}");
    }
    let size: usize = held.staff.0.values().map(Vec::len).sum();
    assert!(size <= most);
}

#[test]
fn good_attempts_are_not_counted_and_one_that_was_not_judged_is_none() {
    let held = by_the_clock();
    let olive = staff("olive", from(1));
    for _ in 0..300 {
        held.begin(&olive, at(5)).unwrap();
        held.succeeded(&olive, at(5));
        held.begin(&olive, at(5)).unwrap();
        held.withdrawn(&olive);
    }
    assert_eq!(fail(&held, &olive, 20, 5), 10);
}

#[test]
fn a_clock_that_is_put_back_keeps_nobody_waiting() {
    let held = by_the_clock();
    let olive = staff("olive", from(1));
    fail(&held, &olive, 30, 40_000_000);
    let wait = held
        .begin(&olive, at(0))
        .map_or_else(|no| no.retry_after_s, |_| 0);
    assert!(wait <= 300, "{wait}");
}

#[test]
fn a_burst_is_news_once_and_the_news_are_bounded() {
    let held = by_the_clock();
    let olive = staff("olive", from(1));
    fail(&held, &olive, 10, 0);
    assert!(held.begin(&olive, at(0)).unwrap_err().is_news);
    for _ in 0..100 {
        assert!(!held.begin(&olive, at(0)).unwrap_err().is_news);
    }
    let told = (0..1_000).filter(|_| held.may_tell(at(0))).count();
    assert_eq!(i64::try_from(told).unwrap(), TOLD_PER_HOUR_MAX);
    assert!(!held.may_tell(at(30)) && held.may_tell(at(3_700)));
}
