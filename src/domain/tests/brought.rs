//! Orders that were running before they came to us: the past is billed on request only.

use super::{DAY, at, monthly_with, overdue};
use crate::domain::billing::history::{
    Begins, billed_at_once, is_history, not_ahead, paid_elsewhere, running_only, unless_over,
};
use crate::domain::billing::order::{Order, Standing};
use crate::domain::catalogue::kinds::{Billing, OrderStatus, OrderType};
use crate::domain::refusal::{OrderRefusal, Refusal};
use crate::domain::values::calendar::Zone;

const NOW: &str = "2026-01-10";

/// By the month since 15 October, as it is opened on 10 January.
fn old(change: impl FnOnce(&mut Order)) -> Order {
    monthly_with(|order| {
        order.created_at = at("2025-10-15");
        order.anchor_at = at("2025-10-15");
        order.set_dates(&Zone::utc());
        order.standing = Standing::Waiting;
        change(order);
    })
}

fn paid(order: &mut Order, until: &str, end: Option<&str>) -> Begins {
    paid_elsewhere(order, &Zone::utc(), at(until), end.map(at), at(NOW))
}

#[test]
fn history_is_what_was_made_more_than_an_hour_ago() {
    let now = at("2026-01-10 12:00:00");
    assert!(!is_history(now, now));
    assert!(!is_history(at("2026-01-10 12:30:00"), now));
    assert!(!is_history(at("2026-01-10 11:00:00"), now));
    assert!(is_history(at("2026-01-10 10:59:59"), now));
}

#[test]
fn the_first_cycle_that_we_bill_begins_where_the_other_system_was_paid_until() {
    for (until, cycles, begins) in [
        ("2026-01-15", 3, Begins::Later),
        ("2026-01-16", 4, Begins::Later),
        ("2026-01-10", 3, Begins::Next),
        ("2026-01-05", 3, Begins::Next),
        ("2025-10-20", 1, Begins::Next),
    ] {
        // Whatever else the order says of its cycles, it is counted from its beginning.
        let mut order = old(|order| {
            order.anchor_cycle = 2;
            order.anchor_at = at("2025-12-01");
            order.next_cycle_at = None;
        });
        assert_eq!(paid(&mut order, until, None), begins, "{until}");
        assert_eq!(order.cycles_paid, cycles, "{until}");
        assert_eq!(order.next_cycle_at, Some(at(until)));
        assert_eq!(order.expires_at, Some(at(until)));
        assert_eq!((order.anchor_at, order.anchor_cycle), (at(until), cycles));
        assert_eq!(order.standing, Standing::Settled);
    }
}

#[test]
fn an_end_that_the_caller_says_stays_but_not_before_what_was_paid() {
    let end = |said| {
        let mut order = old(|_| {});
        paid(&mut order, "2026-01-15", Some(said));
        order.expires_at
    };
    assert_eq!(end("2026-03-01"), Some(at("2026-03-01")));
    assert_eq!(end("2026-01-01"), Some(at("2026-01-15")));
}

#[test]
fn cycles_that_were_paid_elsewhere_count_among_all() {
    let mut order = old(|order| order.cycles_total = 3);
    assert_eq!(paid(&mut order, "2026-01-15", None), Begins::Later);
    assert_eq!((order.cycles_paid, order.next_cycle_at), (3, None));
    let mut over = old(|order| order.cycles_total = 2);
    assert_eq!(paid(&mut over, "2026-01-05", None), Begins::Later);
    assert_eq!((over.cycles_paid, over.next_cycle_at), (2, None));
    let mut more = old(|order| order.cycles_total = 4);
    assert_eq!(paid(&mut more, "2026-01-05", None), Begins::Next);
}

#[test]
fn an_order_that_nobody_was_paid_for_begins_with_its_first_cycle() {
    for until in ["2025-10-15", "2025-10-01"] {
        let mut order = old(|_| {});
        assert_eq!(paid(&mut order, until, None), Begins::First, "{until}");
        assert_eq!(order.anchor_at, at(until));
        assert_eq!(order.cycles_paid, 1);
    }
    let mut longer = old(|_| {});
    paid(&mut longer, "2025-10-15", Some("2026-05-01"));
    assert_eq!(longer.expires_at, Some(at("2026-05-01")));
}

#[test]
fn what_is_paid_once_or_elsewhere_ends_when_that_is_over() {
    let mut once = old(|order| order.order_type = OrderType::OneTime);
    once.set_dates(&Zone::utc());
    assert_eq!(paid(&mut once, "2026-01-05", None), Begins::Later);
    assert_eq!(
        (once.expires_at, once.next_cycle_at),
        (Some(at("2026-01-05")), None)
    );
    let mut elsewhere = old(|order| order.billing = Billing::External);
    assert_eq!(
        paid(&mut elsewhere, "2026-01-05", Some("2026-02-01")),
        Begins::Later
    );
    assert_eq!(elsewhere.expires_at, Some(at("2026-02-01")));
    assert_eq!(elsewhere.next_cycle_at, Some(at("2026-01-05")));
    assert_eq!(elsewhere.standing, Standing::Settled);
    let mut expired = old(|order| order.status = OrderStatus::Expired);
    paid(&mut expired, "2026-01-05", None);
    assert_eq!(expired.standing, Standing::Ended);
}

#[test]
fn without_a_word_of_what_was_paid_the_running_cycle_is_billed_and_no_other() {
    let begins = |created: &str, change: fn(&mut Order)| {
        let mut order = old(|order| {
            order.created_at = at(created);
            order.anchor_at = at(created);
            order.set_dates(&Zone::utc());
            change(order);
        });
        let found = running_only(&mut order, &Zone::utc(), None, at(NOW));
        (found, order.anchor_at)
    };
    let refused = |began| {
        Err(Refusal::Order(OrderRefusal::PastUnpaid {
            began: at(began),
        }))
    };
    let december = at("2025-12-20");
    assert_eq!(begins("2025-12-20", |_| {}), (Ok(Begins::First), december));
    // One whole term ago to the instant: the cycle that begins now.
    assert_eq!(begins("2025-12-10", |_| {}), (Ok(Begins::Next), at(NOW)));
    assert_eq!(begins("2025-12-09", |_| {}).0, refused("2025-12-09"));
    let once = begins("2025-12-10", |order| order.order_type = OrderType::OneTime);
    assert_eq!(once.0, refused("2025-12-10"));
    let waits = begins("2025-10-15", |order| order.status = OrderStatus::Inactive);
    assert_eq!(waits.0, Ok(Begins::First));
    let elsewhere = begins("2025-10-15", |order| order.billing = Billing::External);
    assert_eq!(elsewhere.0, Ok(Begins::First));
}

#[test]
fn what_would_be_billed_at_once_is_counted_before_it_is() {
    let counted = |order: &Order, begins| {
        let found = billed_at_once(order, begins, &Zone::utc(), at(NOW));
        (found.cycles, found.micros / DAY)
    };
    let order = old(|_| {});
    // October, November and December, and without the first one the two that follow.
    assert_eq!(counted(&order, Begins::First), (3, 31 + 30 + 31));
    assert_eq!(counted(&order, Begins::Next), (2, 30 + 31));
    assert_eq!(counted(&order, Begins::Later), (2, 30 + 31));
    let late = old(|order| order.standing = overdue("2026-01-01", "2026-02-01", None));
    assert_eq!(counted(&late, Begins::Next), (2, 30 + 31));
}

#[test]
fn an_order_may_be_made_a_month_ahead_and_no_more() {
    assert_eq!(not_ahead(at("2026-02-14"), at(NOW)), Ok(()));
    assert_eq!(not_ahead(at("2025-02-14"), at(NOW)), Ok(()));
    let latest = at("2026-02-14");
    let refused = Err(Refusal::Order(OrderRefusal::CreatedAhead { latest }));
    assert_eq!(not_ahead(at("2026-02-14 00:00:01"), at(NOW)), refused);
}

#[test]
fn what_is_over_when_it_is_brought_along_is_not_billed() {
    let begins = |end: Option<&str>, change: fn(&mut Order)| {
        let mut order = old(change);
        unless_over(&mut order, Begins::First, end.map(at), at(NOW))
    };
    assert_eq!(begins(Some("2026-01-09"), |_| {}), Begins::Over);
    assert_eq!(begins(Some(NOW), |_| {}), Begins::Over);
    assert_eq!(begins(Some("2026-01-11"), |_| {}), Begins::First);
    assert_eq!(begins(None, |_| {}), Begins::First);
    let end = Some("2026-01-09");
    assert_eq!(
        begins(end, |order| order.status = OrderStatus::Inactive),
        Begins::First
    );
    assert_eq!(
        begins(end, |order| order.billing = Billing::External),
        Begins::First
    );
    let mut order = old(|_| {});
    let begins = unless_over(&mut order, Begins::First, end.map(at), at(NOW));
    assert_eq!(begins, Begins::Over);
    assert_eq!(
        (order.expires_at, order.next_cycle_at),
        (Some(at("2026-01-09")), None)
    );
}

#[test]
fn what_was_paid_once_elsewhere_and_is_over_awaits_a_bill_here() {
    let unused = |order: &mut Order| {
        order.status = OrderStatus::Inactive;
        order.standing = Standing::Settled;
        order.activated_at = None;
        order.order_type = OrderType::OneTime;
        order.expires_at = Some(at(NOW));
    };
    let awaits = |change: fn(&mut Order)| {
        let mut order = old(unused);
        change(&mut order);
        (order.is_unused_history(), order.awaits_first_bill(at(NOW)))
    };
    assert_eq!(awaits(|_| {}), (true, true));
    assert_eq!(
        awaits(|order| order.expires_at = Some(at("2026-01-11"))),
        (true, false)
    );
    assert_eq!(
        awaits(|order| order.order_type = OrderType::Recurring),
        (true, false)
    );
    assert_eq!(
        awaits(|order| order.billing = Billing::External),
        (true, false)
    );
    assert_eq!(
        awaits(|order| order.activated_at = Some(at("2025-11-01"))),
        (false, false)
    );
    assert_eq!(
        awaits(|order| order.status = OrderStatus::Active),
        (false, false)
    );
    assert_eq!(
        awaits(|order| order.standing = Standing::Ended),
        (false, false)
    );
    assert_eq!(
        awaits(|order| order.standing = Standing::Waiting),
        (false, true)
    );
}
