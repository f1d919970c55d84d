//! What a billing run does about an order.

use super::{
    Sold, at, charge, day, frozen, hold, money, monthly, monthly_with, once, overdue, owing,
    paused, percent, price, sold, units, usd,
};
use crate::domain::billing::cycle::{
    Bill, Settled, Step, bill, bill_anew, next_bill, overdue_still, owed_again, owed_since,
    renewed, settle,
};
use crate::domain::billing::order::{Order, Standing};
use crate::domain::catalogue::kinds::{Billing, OrderStatus};
use crate::domain::values::minor::Minor;

/// What a run does about an order on a day, its customer having so much.
fn run(order: &Order, balance: i64, now: &str) -> Option<Settled> {
    settle(order, &sold().terms(), |_| balance.into(), at(now))
}

pub fn free() -> Sold {
    Sold {
        prices: Vec::new(),
        ..sold()
    }
}

pub fn postpaid(change: impl FnOnce(&mut Order)) -> Order {
    monthly_with(|order| {
        order.billing = Billing::Postpaid;
        change(order);
    })
}

/// Overdue with its cycle of 1 February.
pub fn late() -> Standing {
    overdue("2026-02-01", "2026-02-15", Some("2026-02-02"))
}

fn bill_to(to: Option<&str>) -> Bill {
    let mut bill = next_bill(&monthly(), &sold().terms()).unwrap();
    bill.to = to.map(at);
    bill
}

#[test]
fn a_bill_is_for_the_cycle_that_follows() {
    let bill = next_bill(&monthly(), &sold().terms()).unwrap();
    assert_eq!((bill.cycle, units(bill.total_minor())), (1, 1_200));
    assert_eq!(
        (bill.from, bill.to),
        (at("2026-02-01"), Some(at("2026-03-01")))
    );
    assert!(!bill.is_free() && !bill.is_backward());
    let last = monthly_with(|order| order.cycles_total = 1);
    assert_eq!(next_bill(&last, &sold().terms()), None);
}

#[test]
fn a_cycle_that_costs_nothing_or_less_is_free() {
    let of = |charges| {
        let sold = Sold {
            prices: vec![price(1, "2025-01-01", charges)],
            ..sold()
        };
        next_bill(&monthly(), &sold.terms()).unwrap()
    };
    let discounted = of(vec![charge(usd(1_000)), charge(usd(-1_500))]);
    assert_eq!(
        (units(discounted.total_minor()), discounted.is_free()),
        (0, true)
    );
    let nothing = of(Vec::new());
    assert_eq!((units(nothing.total_minor()), nothing.is_free()), (0, true));
    let cent = of(vec![charge(usd(1))]);
    assert_eq!((units(cent.total_minor()), cent.is_free()), (1, false));
}

#[test]
fn a_bill_that_ends_before_it_begins_is_backward() {
    assert!(bill_to(Some("2026-01-31")).is_backward());
    assert!(bill_to(Some("2026-02-01")).is_backward());
    assert!(!bill_to(Some("2026-02-02")).is_backward());
    assert!(!bill_to(None).is_backward());
}

#[test]
fn a_cycle_is_taxed_on_the_day_it_begins_or_is_billed_whichever_is_earlier() {
    let mut dated = charge(usd(1_000));
    dated.tax_included = false;
    dated.dated_rates = vec![(day("2026-02-01"), percent("21"))];
    let sold = Sold {
        prices: vec![price(1, "2025-01-01", vec![dated])],
        ..sold()
    };
    let rate = |billed_on: Option<&str>, seen_on: Option<&str>| {
        let mut terms = sold.terms();
        terms.billed_on = billed_on.map(day);
        terms.seen_on = seen_on.map(day);
        let bill = next_bill(&monthly(), &terms).unwrap();
        (bill.lines[0].rate, units(bill.total_minor()))
    };
    assert_eq!(rate(None, None), (percent("21"), 1_210));
    assert_eq!(rate(Some("2026-01-31"), None), (percent("20"), 1_200));
    assert_eq!(rate(Some("2026-02-05"), None), (percent("21"), 1_210));
    // Seen before the new rate: the gross stays, the tax in it is of the day that counts.
    assert_eq!(rate(None, Some("2026-01-31")), (percent("21"), 1_200));
}

#[test]
fn the_first_cycle_under_another_offer_has_its_one_time_charges() {
    let sold = Sold {
        prices: vec![price(
            1,
            "2025-01-01",
            vec![charge(usd(1_200)), once(usd(500))],
        )],
        ..sold()
    };
    let from = at("2026-02-01");
    assert_eq!(
        bill(&monthly(), &sold.terms(), 1, from).total_minor(),
        1_200
    );
    let anew = bill_anew(&monthly(), &sold.terms(), 1, from);
    assert_eq!((anew.cycle, units(anew.total_minor())), (1, 1_700));
}

#[test]
fn a_price_may_be_that_of_another_instant() {
    let sold = Sold {
        prices: vec![
            price(1, "2025-01-01", vec![charge(usd(1_200))]),
            price(2, "2026-01-15", vec![charge(money(1_500, "USD"))]),
        ],
        ..sold()
    };
    let mut terms = sold.terms();
    assert_eq!(next_bill(&monthly(), &terms).unwrap().total_minor(), 1_500);
    terms.priced_at = Some(at("2026-01-10"));
    assert_eq!(next_bill(&monthly(), &terms).unwrap().total_minor(), 1_200);
}

#[test]
fn a_renewed_order_is_one_cycle_further() {
    let held = monthly_with(|order| order.held = Some(hold("2026-02-02", false)));
    let after = renewed(&held, &bill_to(Some("2026-03-01")), at("2026-02-01"));
    assert_eq!(
        (after.status, after.standing),
        (OrderStatus::Active, Standing::Settled)
    );
    assert_eq!((after.cycles_paid, after.held), (2, None));
    assert_eq!(after.expires_at, Some(at("2026-03-01")));
    assert_eq!(after.next_cycle_at, Some(at("2026-03-01")));
    // An end that somebody set further away stays, and after the last cycle there is no next.
    let far = monthly_with(|order| {
        order.cycles_total = 2;
        order.expires_at = Some(at("2026-05-01"));
    });
    let after = renewed(&far, &bill_to(Some("2026-03-01")), at("2026-02-01"));
    assert_eq!(
        (after.expires_at, after.next_cycle_at),
        (Some(at("2026-05-01")), None)
    );
}

#[test]
fn nothing_is_done_before_its_time() {
    let early = at("2026-02-01").saturating_add_micros(-1);
    assert_eq!(
        settle(&monthly(), &sold().terms(), |_| Minor::of(1_200), early),
        None
    );
    assert!(run(&monthly(), 1_200, "2026-02-01").is_some());
    assert!(run(&monthly(), 1_200, "2026-02-03").is_some());
}

#[test]
fn a_prepaid_cycle_renews_if_the_balance_covers_it() {
    let covered = run(&monthly(), 1_200, "2026-02-01").unwrap();
    assert!(matches!(covered.step, Step::Renewed(_)));
    assert_eq!(covered.order.expires_at, Some(at("2026-03-01")));
    assert_eq!(covered.order.standing, Standing::Settled);

    let short = run(&monthly(), 1_199, "2026-02-01").unwrap();
    assert!(matches!(short.step, Step::FellOverdue(_)));
    assert_eq!(
        (short.order.status, short.order.cycles_paid),
        (OrderStatus::Active, 1)
    );
    assert_eq!(
        short.order.expires_at,
        Some(at("2026-02-01")),
        "its end stays"
    );
    assert_eq!(short.order.standing, late());
}

#[test]
fn a_free_cycle_renews_whatever_the_balance_is() {
    for order in [monthly(), postpaid(|_| {})] {
        let found = settle(
            &order,
            &free().terms(),
            |_| Minor::of(-5_000),
            at("2026-02-01"),
        )
        .unwrap();
        assert!(matches!(found.step, Step::Renewed(_)));
        assert_eq!(found.order.standing, Standing::Settled);
        let mut costs_nothing = sold();
        costs_nothing.prices[0].charges = vec![charge(usd(0))];
        let found = settle(
            &order,
            &costs_nothing.terms(),
            |_| Minor::of(-5_000),
            at("2026-02-01"),
        )
        .unwrap();
        assert_eq!(found.order.standing, Standing::Settled);
    }
}

#[test]
fn a_postpaid_cycle_renews_and_what_is_not_covered_is_owed() {
    let covered = run(&postpaid(|_| {}), 1_200, "2026-02-01").unwrap();
    assert_eq!(covered.order.standing, Standing::Settled);
    let owed = run(&postpaid(|_| {}), 1_199, "2026-02-01").unwrap();
    assert!(matches!(owed.step, Step::Renewed(_)));
    assert_eq!((owed.order.standing, owed.order.cycles_paid), (late(), 2));
    // The debt counts from the first cycle that was not paid.
    let before = overdue("2026-01-25", "2026-02-08", None);
    let again = run(&postpaid(|order| order.standing = before), 0, "2026-02-01").unwrap();
    assert_eq!(again.order.standing, before);
    let paid = run(
        &postpaid(|order| order.standing = before),
        1_200,
        "2026-02-01",
    )
    .unwrap();
    assert_eq!(paid.order.standing, before, "the older bill is open still");
}

#[test]
fn a_held_cycle_begins_when_it_would_have_begun() {
    let order = monthly_with(|order| order.held = Some(hold("2026-02-04", false)));
    assert_eq!(run(&order, 1_200, "2026-02-03"), None);
    let found = run(&order, 1_200, "2026-02-04").unwrap();
    let Step::Renewed(bill) = found.step else {
        panic!("{:?}", found.step)
    };
    assert_eq!(bill.from, at("2026-02-01"));
}

#[test]
fn a_reminder_is_followed_by_the_next() {
    let order = monthly_with(|order| order.standing = late());
    let first = run(&order, 0, "2026-02-02").unwrap();
    assert_eq!(first.step, Step::Reminded);
    let Standing::Overdue {
        remind_at,
        reminders_sent,
        since,
        ..
    } = first.order.standing
    else {
        panic!("{:?}", first.order.standing)
    };
    assert_eq!((remind_at, reminders_sent), (Some(at("2026-02-08")), 1));
    assert_eq!(since, at("2026-02-01"));
    let owed = monthly_with(|order| {
        order.status = OrderStatus::Expired;
        order.standing = owing("2026-02-01", Some("2026-02-02"), None);
    });
    let Standing::Owing { remind_at, .. } = run(&owed, 0, "2026-02-02").unwrap().order.standing
    else {
        panic!("it is owed still")
    };
    assert_eq!(remind_at, Some(at("2026-02-08")));
}

#[test]
fn after_its_grace_an_order_is_frozen() {
    let freeze = |status, next: Option<&str>, expires: Option<&str>| {
        let order = monthly_with(|order| {
            order.status = status;
            order.standing = overdue("2026-02-01", "2026-02-15", None);
            order.next_cycle_at = next.map(at);
            order.expires_at = expires.map(at);
            order.held = Some(hold("2026-02-10", false));
        });
        let found = run(&order, 0, "2026-02-15").unwrap();
        assert_eq!(found.step, Step::Froze);
        assert_eq!(
            found.order.standing,
            frozen("2026-02-15", Some("2026-02-18"))
        );
        assert_eq!(found.order.held, None);
        (found.order.status, found.order.time_kept)
    };
    let active = OrderStatus::Active;
    let inactive = OrderStatus::Inactive;
    let (february, march) = (Some("2026-02-01"), Some("2026-03-01"));
    assert_eq!(freeze(active, february, february), (inactive, false));
    assert_eq!(
        freeze(active, february, march),
        (inactive, false),
        "given time is not kept"
    );
    // Money of the running cycle went back: what is left of its time is kept.
    assert_eq!(freeze(active, march, march), (inactive, true));
    assert_eq!(freeze(active, march, None), (inactive, true));
    let canceled = freeze(OrderStatus::Canceled, None, march);
    assert_eq!(canceled, (OrderStatus::Canceled, true), "it stays canceled");
}

#[test]
fn time_that_was_over_at_the_freeze_is_not_kept() {
    let order = monthly_with(|order| {
        order.cycles_total = 1;
        order.next_cycle_at = None;
        order.status = OrderStatus::Active;
        order.standing = overdue("2026-01-20", "2026-02-01", None);
    });
    // The freeze comes before the end on the same instant.
    let found = run(&order, 0, "2026-02-01").unwrap();
    assert_eq!((found.step, found.order.time_kept), (Step::Froze, false));
}

#[test]
fn a_customer_is_suspended_once() {
    for standing in [
        frozen("2026-01-10", Some("2026-01-13")),
        owing("2026-01-10", None, Some("2026-01-13")),
    ] {
        let order = monthly_with(|order| {
            order.status = match standing {
                Standing::Frozen { .. } => OrderStatus::Inactive,
                _ => OrderStatus::Expired,
            };
            order.standing = standing;
        });
        let found = run(&order, 0, "2026-01-13").unwrap();
        assert_eq!(found.step, Step::Suspends);
        assert_eq!(run(&found.order, 0, "2026-01-31"), None, "{standing:?}");
    }
}

#[test]
fn an_order_whose_time_is_over_expires_and_a_postpaid_one_owes_on() {
    let over = |billing, status, standing| {
        let order = monthly_with(|order| {
            order.billing = billing;
            order.status = status;
            order.standing = standing;
            order.cycles_total = 1;
            order.time_kept = true;
            order.held = Some(hold("2026-01-10", false));
        });
        let found = run(&order, 0, "2026-02-01").unwrap();
        assert_eq!(found.step, Step::Expired);
        let after = found.order;
        assert_eq!(
            (after.next_cycle_at, after.time_kept, after.held),
            (None, false, None)
        );
        (after.status, after.standing)
    };
    let (active, expired) = (OrderStatus::Active, OrderStatus::Expired);
    let canceled = OrderStatus::Canceled;
    let settled = Standing::Settled;
    assert_eq!(
        over(Billing::Prepaid, active, settled),
        (expired, Standing::Ended)
    );
    assert_eq!(
        over(Billing::Prepaid, canceled, settled),
        (canceled, Standing::Ended)
    );
    let late = overdue("2026-01-25", "2026-02-08", None);
    assert_eq!(
        over(Billing::Prepaid, active, late),
        (expired, Standing::Ended)
    );
    let owed = owing("2026-01-25", None, Some("2026-02-11"));
    assert_eq!(over(Billing::Postpaid, active, late), (expired, owed));
    assert_eq!(
        over(Billing::Postpaid, active, settled),
        (expired, Standing::Ended)
    );
}

#[test]
fn who_pays_late_has_no_new_grace_for_the_next_cycle() {
    let before = monthly_with(|order| order.standing = overdue("2026-01-01", "2026-01-15", None));
    let after = |standing| monthly_with(|order| order.standing = standing);
    let late = after(overdue("2026-02-09", "2026-02-23", None));
    let sold = sold();
    let since = |before: &Order, after: &Order, now: &str| {
        overdue_still(before, after, &sold.terms(), at(now)).standing
    };
    let Standing::Overdue {
        since: counted,
        freeze_at,
        remind_at,
        reminders_sent,
    } = since(&before, &late, "2026-02-02")
    else {
        panic!("it is overdue still")
    };
    assert_eq!((counted, freeze_at), (at("2026-02-01"), at("2026-02-15")));
    // The reminder of the second day is due by now, and is not said again.
    assert_eq!((remind_at, reminders_sent), (Some(at("2026-02-08")), 1));
    assert_eq!(since(&monthly(), &late, "2026-02-09"), late.standing);
    let settled = after(Standing::Settled);
    assert_eq!(since(&before, &settled, "2026-02-09"), Standing::Settled);
}

#[test]
fn paying_the_oldest_bill_moves_the_ladder_to_the_next_and_never_back() {
    let sold = sold();
    let since = |standing, oldest: &str| {
        let order = postpaid(|order| order.standing = standing);
        owed_since(&order, &sold.terms(), at(oldest), at("2026-02-03")).standing
    };
    let first = Standing::Overdue {
        since: at("2026-01-01"),
        freeze_at: at("2026-01-20"),
        remind_at: None,
        reminders_sent: 2,
    };
    assert_eq!(
        since(first, "2026-01-01"),
        first,
        "a ladder of before the offer was changed"
    );
    assert_eq!(since(first, "2025-12-01"), first);
    let moved = Standing::Overdue {
        since: at("2026-02-01"),
        freeze_at: at("2026-02-15"),
        remind_at: Some(at("2026-02-08")),
        reminders_sent: 1,
    };
    assert_eq!(since(first, "2026-02-01"), moved);
    assert_eq!(since(Standing::Settled, "2026-02-01"), Standing::Settled);
    let Standing::Owing { suspend_at, .. } =
        since(owing("2026-01-01", None, Some("2026-01-18")), "2026-02-01")
    else {
        panic!("it is owed still")
    };
    assert_eq!(suspend_at, Some(at("2026-02-18")));
    let suspended = since(owing("2026-01-01", None, None), "2026-02-01");
    let over = matches!(
        suspended,
        Standing::Owing { suspend_at: None, since, .. } if since == at("2026-02-01")
    );
    assert!(over, "nobody is suspended twice: {suspended:?}");
}

#[test]
fn an_invoice_that_is_open_again_is_dunned_from_then_on() {
    use OrderStatus::{Active, Canceled, Deleted, Expired};
    let sold = sold();
    let again = |status, standing| {
        let order = monthly_with(|order| {
            order.status = status;
            order.standing = standing;
        });
        owed_again(&order, &sold.terms(), at("2026-02-01")).standing
    };
    let over = owing("2026-02-01", Some("2026-02-02"), Some("2026-02-18"));
    for (status, standing, expected) in [
        (Active, Standing::Settled, late()),
        (Canceled, Standing::Settled, late()),
        (Expired, Standing::Settled, over),
        (Expired, Standing::Ended, over),
        (Deleted, Standing::Settled, over),
        (Canceled, Standing::Ended, over),
        (
            Active,
            overdue("2026-01-01", "2026-03-01", None),
            overdue("2026-01-01", "2026-03-01", None),
        ),
        (
            OrderStatus::Inactive,
            paused("2026-01-05"),
            paused("2026-01-05"),
        ),
        (
            Expired,
            owing("2026-01-01", None, None),
            owing("2026-01-01", None, None),
        ),
    ] {
        assert_eq!(again(status, standing), expected, "{status:?} {standing:?}");
    }
}
