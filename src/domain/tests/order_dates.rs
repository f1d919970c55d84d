//! Where an order's cycles begin and end, and what moves them.

use proptest::prelude::*;

use super::{DAY, at, frozen, hold, monthly, monthly_with, overdue, parked, paused, term};
use crate::domain::billing::order::{Order, PAUSES_MAX, Pause, Standing, dates, missed};
use crate::domain::catalogue::kinds::{Billing, OrderType};
use crate::domain::values::calendar::{Period, Zone};

fn pause(cycles: u32, micros: i64, ends_at: &str) -> Pause {
    Pause {
        cycles,
        micros,
        ends_at: at(ends_at),
    }
}

#[test]
fn a_recurring_order_ends_with_its_last_paid_cycle_where_the_next_begins() {
    for (total, paid, end, next) in [
        (0, 1, "2026-02-28", Some("2026-02-28")),
        (0, 2, "2026-03-31", Some("2026-03-31")),
        (3, 2, "2026-03-31", Some("2026-03-31")),
        (3, 3, "2026-04-30", None),
        (3, 4, "2026-05-31", None),
        (1, 1, "2026-02-28", None),
    ] {
        let month = term(1, Period::Month);
        let (zone, kind) = (Zone::utc(), OrderType::Recurring);
        let found = dates(&zone, at("2026-01-31"), month, kind, total, paid);
        assert_eq!(found.expires_at, Some(at(end)), "{paid} of {total}");
        assert_eq!(found.next_cycle_at, next.map(at), "{paid} of {total}");
    }
}

#[test]
fn a_one_time_order_ends_after_one_term_and_has_no_next_cycle() {
    let (zone, kind) = (Zone::utc(), OrderType::OneTime);
    let found = dates(&zone, at("2026-01-01"), term(3, Period::Day), kind, 0, 5);
    assert_eq!(found.expires_at, Some(at("2026-01-04")));
    assert_eq!(found.next_cycle_at, None);
    let endless = dates(&zone, at("2026-01-01"), term(0, Period::Day), kind, 0, 1);
    assert_eq!((endless.expires_at, endless.next_cycle_at), (None, None));
}

#[test]
fn an_order_has_more_cycles_until_all_of_them_have_begun() {
    let more = |kind, total, paid| {
        monthly_with(|order| {
            order.order_type = kind;
            order.cycles_total = total;
            order.cycles_paid = paid;
        })
        .has_more_cycles()
    };
    assert!(
        more(OrderType::Recurring, 0, 1),
        "no number of them is no end"
    );
    assert!(more(OrderType::Recurring, 3, 2));
    assert!(!more(OrderType::Recurring, 3, 3));
    assert!(!more(OrderType::Recurring, 3, 4));
    assert!(!more(OrderType::OneTime, 0, 1));
    assert!(!more(OrderType::OneTime, 3, 1));
}

#[test]
fn cycles_count_from_the_anchor() {
    let order = monthly_with(|order| {
        order.anchor_at = at("2026-04-10");
        order.anchor_cycle = 3;
    });
    let start = |cycle| order.cycle_start(&Zone::utc(), cycle);
    assert_eq!(start(2), None, "before the anchor nothing is known");
    assert_eq!(start(3), Some(at("2026-04-10")));
    assert_eq!(start(5), Some(at("2026-06-10")));
}

#[test]
fn an_anchor_is_the_start_of_the_next_cycle_and_ends_a_hold() {
    let mut order = monthly_with(|order| {
        order.cycles_paid = 4;
        order.held = Some(hold("2026-03-01", false));
    });
    order.anchor(at("2026-05-05"));
    assert_eq!(order.next_cycle_at, Some(at("2026-05-05")));
    assert_eq!((order.anchor_at, order.anchor_cycle), (at("2026-05-05"), 4));
    assert_eq!(order.held, None);
    assert_eq!(order.expires_at, monthly().expires_at);
}

#[test]
fn the_next_cycle_after_a_freeze_begins_with_the_money_but_not_in_given_time() {
    let next = |next_cycle_at: Option<&str>, paid_at| {
        let mut order = monthly_with(|order| order.next_cycle_at = next_cycle_at.map(at));
        order.anchor_again(at(paid_at));
        order.next_cycle_at
    };
    assert_eq!(
        next(Some("2026-02-01"), "2026-02-10"),
        Some(at("2026-02-10"))
    );
    assert_eq!(
        next(Some("2026-02-01"), "2026-01-20"),
        Some(at("2026-02-01"))
    );
    assert_eq!(next(None, "2026-02-10"), Some(at("2026-02-10")));
}

#[test]
fn cycles_that_are_behind_are_given_away_and_the_running_one_is_next() {
    let mut order = monthly();
    order.skip_to_running(&Zone::utc(), at("2026-04-10"));
    assert_eq!(order.next_cycle_at, Some(at("2026-04-01")));
    assert_eq!(order.expires_at, Some(at("2026-04-01")));
    assert_eq!(order.cycles_paid, 1, "nothing was billed");

    let mut later = monthly_with(|order| order.expires_at = Some(at("2026-07-01")));
    later.skip_to_running(&Zone::utc(), at("2026-04-10"));
    assert_eq!(later.expires_at, Some(at("2026-07-01")));

    // With one cycle due nothing is behind.
    let held = monthly_with(|order| order.held = Some(hold("2026-03-01", false)));
    for now in ["2026-01-10", "2026-02-10"] {
        let mut same = held.clone();
        same.skip_to_running(&Zone::utc(), at(now));
        assert_eq!(same, held, "{now}");
    }
}

#[test]
fn days_that_were_not_paid_come_off_the_first_cycle_half_of_it_at_most() {
    let end = |days: i64, change: fn(&mut Order)| {
        let mut order = monthly_with(|order| {
            order.expires_at = Some(at("2026-01-31"));
            order.next_cycle_at = Some(at("2026-02-05"));
            order.held = Some(hold("2026-03-01", false));
            change(order);
        });
        order.begin_earlier(days * DAY);
        (order.expires_at, order.next_cycle_at, order.held.is_some())
    };
    let both = |day: &str| (Some(at(day)), Some(at(day)), false);
    assert_eq!(end(3, |_| {}), both("2026-01-28"));
    assert_eq!(end(15, |_| {}), both("2026-01-16"));
    assert_eq!(end(20, |_| {}), both("2026-01-16"));
    let same = (Some(at("2026-01-31")), Some(at("2026-02-05")), true);
    assert_eq!(end(0, |_| {}), same);
    assert_eq!(end(-3, |_| {}), same);
    assert_eq!(end(3, |order| order.billing = Billing::External), same);
    let once = end(3, |order| order.order_type = OrderType::OneTime);
    assert_eq!(once, (Some(at("2026-01-28")), same.1, true));
}

#[test]
fn an_order_that_renews_again_does_so_where_it_ends() {
    let renewed = |change: fn(&mut Order)| {
        let mut order = monthly_with(|order| {
            order.next_cycle_at = None;
            change(order);
        });
        order.renew_at_end(&Zone::utc());
        (order.next_cycle_at, order.expires_at, order.anchor_at)
    };
    let began = at("2026-01-01");
    let day = |text: &str| Some(at(text));
    let paid = (day("2026-02-01"), day("2026-02-01"), began);
    assert_eq!(renewed(|_| {}), paid);
    assert_eq!(
        renewed(|order| order.expires_at = Some(at("2026-01-20"))),
        paid
    );
    // Time that was given away is not billed: cycles count from its end.
    let given = renewed(|order| order.expires_at = Some(at("2026-03-05")));
    assert_eq!(
        given,
        (day("2026-03-05"), day("2026-03-05"), at("2026-03-05"))
    );
    let elsewhere = renewed(|order| {
        order.billing = Billing::External;
        order.expires_at = Some(at("2026-01-20"));
    });
    assert_eq!(elsewhere, (day("2026-01-20"), day("2026-01-20"), began));
    let over = renewed(|order| order.cycles_total = 1);
    assert_eq!(over, (None, day("2026-02-01"), began));
}

#[test]
fn a_pause_keeps_the_rest_of_the_paid_time() {
    let mut order = monthly_with(|order| order.held = Some(hold("2026-03-01", true)));
    order.pauses = vec![pause(1, 5, "2026-01-10"), pause(1, 7, "2026-01-12")];
    order.pause(at("2026-01-10"));
    assert!(order.stands_still());
    assert_eq!(order.standing, paused("2026-01-10"));
    assert_eq!((order.next_cycle_at, order.held), (None, None));
    assert_eq!(order.expires_at, Some(at("2026-02-01")));
    // What a pause moved is forgotten once it is over.
    assert_eq!(order.pauses, [pause(1, 7, "2026-01-12")]);
}

#[test]
fn what_was_frozen_in_its_paid_time_ends_later_by_the_days_of_the_freeze() {
    let thawed = |since: &str, now: &str| {
        let mut order = monthly_with(|order| {
            order.standing = frozen(since, None);
            order.time_kept = true;
            order.next_cycle_at = None;
        });
        order.pauses = vec![pause(1, DAY, "2026-01-05"), pause(2, DAY, "2026-03-01")];
        order.cycles_paid = 2;
        order.thaw(at(since), at(now));
        order
    };
    let order = thawed("2026-01-11", "2026-01-21");
    assert_eq!(order.expires_at, Some(at("2026-02-11")));
    assert_eq!(order.next_cycle_at, Some(at("2026-02-11")));
    assert!(!order.time_kept);
    // Of the pauses those that were over are gone, and two in one cycle are one.
    assert_eq!(order.pauses, [pause(2, 11 * DAY, "2026-03-11")]);
    let at_once = thawed("2026-01-05", "2026-01-05");
    assert_eq!(at_once.expires_at, Some(at("2026-02-01")));
    assert_eq!(at_once.next_cycle_at, None);
    assert_eq!(at_once.pauses, [pause(2, DAY, "2026-03-01")]);
}

#[test]
fn an_order_remembers_so_many_pauses_and_no_more() {
    let pauses = |held: u32| {
        let mut order = monthly();
        order.cycles_paid = 1_000;
        order.pauses = (0..held).map(|n| pause(n, 1, "2026-03-01")).collect();
        order.thaw(at("2026-01-11"), at("2026-01-21"));
        let first = order.pauses.first().map(|pause| pause.cycles);
        (order.pauses.len(), first)
    };
    let most = u32::try_from(PAUSES_MAX).unwrap();
    assert_eq!(pauses(most - 1), (PAUSES_MAX, Some(0)));
    assert_eq!(pauses(most), (PAUSES_MAX, Some(1)), "the oldest goes");
}

#[test]
fn cycles_that_were_billed_before_a_pause_end_later() {
    let order = monthly_with(|order| {
        order.pauses = vec![pause(1, 5, "2026-03-01"), pause(2, 7, "2026-03-01")];
    });
    assert_eq!(order.shift_micros(0), 12);
    assert_eq!(order.shift_micros(1), 7);
    assert_eq!(order.shift_micros(2), 0);
}

#[test]
fn missed_cycles_are_those_that_have_begun() {
    let after = |now: &str, change: fn(&mut Order)| {
        let found = missed(&monthly_with(change), &Zone::utc(), at(now));
        (found.cycles, found.micros / DAY)
    };
    assert_eq!(after("2026-01-31", |_| {}), (0, 0));
    assert_eq!(after("2026-02-01", |_| {}), (1, 28));
    assert_eq!(after("2026-02-28 23:59:59", |_| {}), (1, 28));
    assert_eq!(after("2026-03-01", |_| {}), (2, 28 + 31));
    assert_eq!(after("2026-04-10", |_| {}), (3, 28 + 31 + 30));
    assert_eq!(after("2027-02-01", |_| {}), (13, 365 + 28));
    // Those that follow the last are none.
    assert_eq!(after("2027-02-01", |order| order.cycles_total = 3), (2, 59));
    assert_eq!(after("2027-02-01", |order| order.cycles_total = 1), (0, 0));
    assert_eq!(
        after("2027-02-01", |o| o.order_type = OrderType::OneTime),
        (0, 0)
    );
    assert_eq!(
        after("2027-02-01", |order| order.next_cycle_at = None),
        (0, 0)
    );
}

proptest! {
    #[test]
    fn missed_cycles_are_counted_right_however_many(days in 0..4_000i64, total in 0..60u32) {
        let (zone, order) = (Zone::utc(), monthly_with(|order| order.cycles_total = total));
        let now = at("2026-01-01").saturating_add_micros(days * DAY);
        let last = if total == 0 { 1_000 } else { total };
        let begun = (1..last).filter(|n| order.cycle_start(&zone, *n).unwrap() <= now);
        prop_assert_eq!(missed(&order, &zone, now).cycles as usize, begun.count());
    }
}

#[test]
fn services_run_to_the_end_of_what_is_paid_of_the_grace_and_of_a_hold() {
    let until = |change: fn(&mut Order)| monthly_with(change).services_expire_at();
    let day = |text: &str| Some(at(text));
    assert_eq!(until(|_| {}), day("2026-02-01"));
    assert_eq!(
        until(|o| o.standing = overdue("2026-02-01", "2026-02-08", None)),
        day("2026-02-08")
    );
    assert_eq!(
        until(|o| o.standing = overdue("2026-01-05", "2026-01-08", None)),
        day("2026-02-01")
    );
    assert_eq!(
        until(|o| o.standing = frozen("2026-02-08", None)),
        day("2026-02-01")
    );
    assert_eq!(
        until(|order| order.held = Some(hold("2026-02-05", false))),
        day("2026-02-05")
    );
    assert_eq!(
        until(|order| order.held = Some(hold("2026-01-05", false))),
        day("2026-02-01")
    );
    assert_eq!(until(|order| order.expires_at = None), None);
}

#[test]
fn days_of_grace_were_served_without_being_paid() {
    let days = |billing, standing| {
        let order = monthly_with(|order| {
            order.billing = billing;
            order.standing = standing;
        });
        order.unpaid_micros(at("2026-02-09")) / DAY
    };
    let late = overdue("2026-02-01", "2026-02-15", None);
    assert_eq!(days(Billing::Prepaid, late), 8);
    assert_eq!(days(Billing::Prepaid, frozen("2026-02-04", None)), 3);
    // Frozen before its paid time was over: nothing of it was unpaid.
    assert_eq!(days(Billing::Prepaid, frozen("2026-01-20", None)), 0);
    assert_eq!(days(Billing::Postpaid, late), 0);
    for standing in [
        Standing::Settled,
        paused("2026-01-01"),
        parked("2026-01-01"),
    ] {
        assert_eq!(days(Billing::Prepaid, standing), 0, "{standing:?}");
    }
}
