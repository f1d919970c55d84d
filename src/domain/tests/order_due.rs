//! What is next to be done about an order, and what its state means at an instant.

use super::{at, frozen, hold, monthly, monthly_with, overdue, owing, parked, paused};
use crate::domain::billing::order::{Due, Order, Standing, follow, service_status};
use crate::domain::catalogue::kinds::{Billing, OrderStatus, OrderType, ServiceStatus};
use crate::domain::customers::service::{Origin, Service};
use crate::domain::values::id::{ChannelId, CustomerId, OrderId, ServiceId};

type Change = fn(&mut Order);

fn due(change: Change) -> Option<(Due, String)> {
    let (when, due) = monthly_with(change).due()?;
    let text = when.to_rfc3339_millis();
    Some((due, text.get(..10)?.to_owned()))
}

/// A name, what is changed, and what is due on which day.
type Row = (&'static str, Change, Option<(Due, &'static str)>);

fn check(rows: &[Row]) {
    for (name, change, expected) in rows {
        let expected = expected.map(|(due, day)| (due, day.to_owned()));
        assert_eq!(due(*change), expected, "{name}");
    }
}

#[test]
fn an_order_that_runs_renews_or_ends() {
    use Due::{Cycle, End};
    check(&[
        ("renews", |_| {}, Some((Cycle, "2026-02-01"))),
        (
            "renews within given time",
            |o| o.expires_at = Some(at("2026-03-01")),
            Some((Cycle, "2026-02-01")),
        ),
        (
            "ends before its next cycle",
            |o| o.expires_at = Some(at("2026-01-20")),
            Some((End, "2026-01-20")),
        ),
        (
            "billed elsewhere",
            |o| o.billing = Billing::External,
            Some((End, "2026-02-01")),
        ),
        (
            "all cycles begun",
            |o| o.cycles_total = 1,
            Some((End, "2026-02-01")),
        ),
        (
            "once",
            |o| o.order_type = OrderType::OneTime,
            Some((End, "2026-02-01")),
        ),
        (
            "canceled",
            |o| o.status = OrderStatus::Canceled,
            Some((End, "2026-02-01")),
        ),
        (
            "without end",
            |o| (o.expires_at, o.next_cycle_at) = (None, None),
            None,
        ),
        ("parked", |o| o.standing = parked("2026-01-05"), None),
        ("inactive", |o| o.status = OrderStatus::Inactive, None),
        ("expired", |o| o.status = OrderStatus::Expired, None),
        ("deleted", |o| o.status = OrderStatus::Deleted, None),
    ]);
    let canceled = |standing| {
        monthly_with(|order| {
            order.status = OrderStatus::Canceled;
            order.standing = standing;
        })
        .due()
    };
    for standing in [Standing::Ended, Standing::Waiting, parked("2026-01-05")] {
        assert_eq!(canceled(standing), None, "{standing:?}");
    }
}

#[test]
fn an_overdue_order_is_reminded_frozen_and_billed_on_if_it_is_postpaid() {
    use Due::{Cycle, End, Freeze, Reminder};
    check(&[
        (
            "the cycle that is not paid is not tried again",
            |o| o.standing = overdue("2026-02-01", "2026-02-15", None),
            Some((Freeze, "2026-02-15")),
        ),
        (
            "the reminder before the freeze",
            |o| o.standing = overdue("2026-02-01", "2026-02-15", Some("2026-02-08")),
            Some((Reminder, "2026-02-08")),
        ),
        (
            "postpaid, its next cycle in the grace",
            |o| {
                o.billing = Billing::Postpaid;
                o.standing = overdue("2026-01-25", "2026-02-08", None);
            },
            Some((Cycle, "2026-02-01")),
        ),
        (
            "an end that was set before the cycle",
            |o| {
                o.standing = overdue("2026-01-10", "2026-02-15", None);
                o.expires_at = Some(at("2026-01-20"));
            },
            Some((End, "2026-01-20")),
        ),
        (
            "canceled, it ends within its grace",
            |o| {
                o.status = OrderStatus::Canceled;
                o.standing = overdue("2026-02-01", "2026-04-01", None);
                o.expires_at = Some(at("2026-03-01"));
            },
            Some((End, "2026-03-01")),
        ),
        (
            "without a further cycle it ends too",
            |o| {
                o.billing = Billing::Postpaid;
                o.cycles_total = 1;
                o.standing = overdue("2026-01-25", "2026-02-08", None);
            },
            Some((End, "2026-02-01")),
        ),
    ]);
}

#[test]
fn a_frozen_order_suspends_and_ends_unless_its_time_is_kept() {
    use Due::{End, Reminder, Suspension};
    check(&[
        (
            "a cycle to come, no end",
            |o| {
                o.status = OrderStatus::Inactive;
                o.standing = frozen("2026-02-01", None);
            },
            None,
        ),
        (
            "a suspension",
            |o| {
                o.status = OrderStatus::Inactive;
                o.standing = frozen("2026-01-10", Some("2026-01-20"));
            },
            Some((Suspension, "2026-01-20")),
        ),
        (
            "no cycle to come",
            |o| {
                o.status = OrderStatus::Inactive;
                o.next_cycle_at = None;
                o.standing = frozen("2026-01-10", Some("2026-03-20"));
            },
            Some((End, "2026-02-01")),
        ),
        (
            "time that is kept does not pass",
            |o| {
                o.status = OrderStatus::Inactive;
                o.next_cycle_at = None;
                o.time_kept = true;
                o.standing = frozen("2026-01-10", Some("2026-03-20"));
            },
            Some((Suspension, "2026-03-20")),
        ),
        (
            "an end that was set before the cycle",
            |o| {
                o.status = OrderStatus::Inactive;
                o.expires_at = Some(at("2026-01-20"));
                o.standing = frozen("2026-01-10", None);
            },
            Some((End, "2026-01-20")),
        ),
        (
            "what is over and owed is reminded",
            |o| {
                o.status = OrderStatus::Expired;
                o.standing = owing("2026-01-10", Some("2026-01-17"), Some("2026-01-24"));
            },
            Some((Reminder, "2026-01-17")),
        ),
        (
            "and suspends",
            |o| {
                o.status = OrderStatus::Deleted;
                o.standing = owing("2026-01-10", None, Some("2026-01-24"));
            },
            Some((Suspension, "2026-01-24")),
        ),
    ]);
}

#[test]
fn a_held_order_is_billed_when_the_hold_ends() {
    use Due::{Cycle, End, Freeze};
    check(&[
        (
            "its cycle waits",
            |o| o.held = Some(hold("2026-02-08", false)),
            Some((Cycle, "2026-02-08")),
        ),
        (
            "its end does not",
            |o| {
                o.cycles_total = 1;
                o.held = Some(hold("2026-02-08", false));
            },
            Some((End, "2026-02-01")),
        ),
        (
            "unless all of it waits",
            |o| {
                o.cycles_total = 1;
                o.held = Some(hold("2026-02-08", true));
            },
            Some((End, "2026-02-08")),
        ),
        (
            "a hold that is over delays nothing",
            |o| {
                o.standing = overdue("2026-02-01", "2026-02-15", None);
                o.held = Some(hold("2026-02-08", true));
            },
            Some((Freeze, "2026-02-15")),
        ),
    ]);
}

#[test]
fn a_cycle_is_unbilled_where_it_is_due_and_nobody_stopped_it() {
    let since = |change: Change| monthly_with(change).unbilled_since(at("2026-02-01"));
    let due = Some(at("2026-02-01"));
    assert_eq!(since(|_| {}), due);
    assert_eq!(monthly().unbilled_since(at("2026-01-31")), None);
    assert_eq!(since(|o| o.expires_at = Some(at("2026-03-01"))), due);
    assert_eq!(since(|o| o.expires_at = None), due);
    assert_eq!(
        since(|o| o.expires_at = Some(at("2026-01-20"))),
        None,
        "it ends before"
    );
    let late = overdue("2026-01-20", "2026-03-01", None);
    let overdue = |billing| {
        monthly_with(|order| {
            order.billing = billing;
            order.standing = late;
        })
        .unbilled_since(at("2026-02-01"))
    };
    assert_eq!(overdue(Billing::Prepaid), None, "it waits for money");
    assert_eq!(
        overdue(Billing::Postpaid),
        due,
        "a postpaid order is billed on"
    );
    assert_eq!(since(|o| o.billing = Billing::Postpaid), due);
    assert_eq!(since(|o| o.billing = Billing::External), None);
    assert_eq!(since(|o| o.standing = parked("2026-01-20")), None);
    assert_eq!(since(|o| o.cycles_total = 1), None);
    assert_eq!(since(|o| o.status = OrderStatus::Canceled), None);
    assert_eq!(since(|o| o.status = OrderStatus::Inactive), None);
    assert_eq!(since(|o| o.next_cycle_at = None), None);
}

#[test]
fn an_order_past_its_end_reads_as_expired() {
    let elsewhere = monthly_with(|order| order.billing = Billing::External);
    assert_eq!(elsewhere.status_at(at("2026-01-31")), OrderStatus::Active);
    assert_eq!(elsewhere.status_at(at("2026-02-01")), OrderStatus::Expired);
    // One that renews is worked by the next run.
    assert_eq!(monthly().status_at(at("2026-02-02")), OrderStatus::Active);
    let frozen = monthly_with(|order| {
        order.status = OrderStatus::Inactive;
        order.standing = frozen("2026-01-10", None);
        order.next_cycle_at = None;
    });
    assert_eq!(frozen.status_at(at("2026-03-01")), OrderStatus::Inactive);
}

#[test]
fn active_orders_run_and_canceled_ones_until_they_are_over() {
    let runs = |status, standing, now: &str| {
        monthly_with(|order| {
            order.status = status;
            order.standing = standing;
            order.next_cycle_at = None;
        })
        .runs_at(at(now))
    };
    let settled = Standing::Settled;
    assert!(runs(OrderStatus::Active, settled, "2026-01-31"));
    assert!(!runs(OrderStatus::Active, settled, "2026-02-01"));
    assert!(runs(OrderStatus::Canceled, settled, "2026-01-31"));
    assert!(!runs(OrderStatus::Canceled, settled, "2026-02-01"));
    for standing in [
        Standing::Ended,
        Standing::Waiting,
        owing("2026-01-01", None, None),
        frozen("2026-01-01", None),
    ] {
        assert!(
            !runs(OrderStatus::Canceled, standing, "2026-01-31"),
            "{standing:?}"
        );
    }
    for status in [
        OrderStatus::Inactive,
        OrderStatus::Expired,
        OrderStatus::Deleted,
    ] {
        assert!(!runs(status, settled, "2026-01-31"), "{status:?}");
    }
}

#[test]
fn what_stands_still_is_frozen_or_paused() {
    let still = |status, standing| {
        monthly_with(|order| {
            order.status = status;
            order.standing = standing;
        })
        .stands_still()
    };
    assert!(still(OrderStatus::Inactive, frozen("2026-01-01", None)));
    assert!(still(OrderStatus::Inactive, paused("2026-01-01")));
    assert!(!still(OrderStatus::Inactive, Standing::Settled));
    assert!(!still(OrderStatus::Canceled, frozen("2026-01-01", None)));
}

#[test]
fn money_is_asked_for_what_is_overdue_frozen_or_owed() {
    for (standing, asks) in [
        (overdue("2026-01-01", "2026-01-02", None), true),
        (frozen("2026-01-01", None), true),
        (owing("2026-01-01", None, None), true),
        (Standing::Settled, false),
        (Standing::Waiting, false),
        (paused("2026-01-01"), false),
        (Standing::Ended, false),
    ] {
        let order = monthly_with(|order| order.standing = standing);
        assert_eq!(order.waits_for_money(), asks, "{standing:?}");
    }
}

#[test]
fn money_of_a_paid_cycle_went_back_where_its_time_is_not_over() {
    let lost = |standing, kept| {
        monthly_with(|order| {
            order.standing = standing;
            order.time_kept = kept;
        })
    };
    assert!(lost(overdue("2026-01-10", "2026-02-10", None), false).lost_its_money());
    assert!(!lost(overdue("2026-02-01", "2026-02-10", None), false).lost_its_money());
    assert!(!lost(overdue("2026-02-05", "2026-02-10", None), false).lost_its_money());
    assert!(lost(frozen("2026-01-10", None), true).lost_its_money());
    assert!(!lost(frozen("2026-01-10", None), false).lost_its_money());
    assert!(!lost(Standing::Settled, true).lost_its_money());
    let mut final_cycle = lost(overdue("2026-01-10", "2026-02-10", None), false);
    final_cycle.next_cycle_at = None;
    assert!(final_cycle.lost_its_money(), "nothing is to come");
    let mut postpaid = lost(frozen("2026-01-10", None), true);
    postpaid.billing = Billing::Postpaid;
    assert!(!postpaid.lost_its_money());
}

#[test]
fn services_have_the_state_of_their_order() {
    use OrderStatus::{Active, Canceled, Deleted, Expired, Inactive};
    for (status, standing, services) in [
        (Active, Standing::Settled, Some(ServiceStatus::Active)),
        (
            Active,
            overdue("2026-01-01", "2026-02-01", None),
            Some(ServiceStatus::Active),
        ),
        (
            Inactive,
            frozen("2026-01-01", None),
            Some(ServiceStatus::Frozen),
        ),
        (Inactive, paused("2026-01-01"), Some(ServiceStatus::Frozen)),
        (Inactive, Standing::Settled, Some(ServiceStatus::Inactive)),
        (
            Canceled,
            frozen("2026-01-01", None),
            Some(ServiceStatus::Frozen),
        ),
        (Canceled, Standing::Waiting, Some(ServiceStatus::Inactive)),
        (Canceled, Standing::Ended, Some(ServiceStatus::Expired)),
        (
            Canceled,
            owing("2026-01-01", None, None),
            Some(ServiceStatus::Expired),
        ),
        (Canceled, Standing::Settled, None),
        (Expired, Standing::Settled, Some(ServiceStatus::Expired)),
        (Deleted, Standing::Settled, Some(ServiceStatus::Deleted)),
    ] {
        let order = monthly_with(|order| {
            order.status = status;
            order.standing = standing;
        });
        assert_eq!(service_status(&order), services, "{status:?} {standing:?}");
    }
}

/// A service of [`monthly`], in step with it.
fn service(origin: Origin) -> Service {
    let mut service =
        Service::of_channel(ServiceId(1), CustomerId(2), ChannelId(3), at("2026-01-01"));
    service.origin = origin;
    service.expires_at = monthly().expires_at;
    service
}

#[test]
fn services_follow_the_order_that_made_them_and_no_other() {
    let now = at("2026-01-20");
    let ended = monthly_with(|order| order.status = OrderStatus::Expired);
    for origin in [Origin::Order(OrderId(1)), Origin::Addon(OrderId(1))] {
        let mut held = service(origin);
        assert!(follow(&mut held, &ended, now));
        assert_eq!(
            (held.status, held.updated_at),
            (ServiceStatus::Expired, now)
        );
        assert!(
            !follow(&mut held, &ended, at("2026-01-25")),
            "nothing is new"
        );
        assert_eq!(held.updated_at, now);
    }
    for origin in [
        Origin::Order(OrderId(9)),
        Origin::Addon(OrderId(9)),
        Origin::Item,
        Origin::Direct,
    ] {
        let mut held = service(origin);
        assert!(!follow(&mut held, &ended, now), "{origin:?}");
        assert_eq!(held, service(origin));
    }
    let mut removed = service(Origin::Order(OrderId(1)));
    removed.status = ServiceStatus::Deleted;
    assert!(
        !follow(&mut removed, &monthly(), now),
        "what was removed stays so"
    );
    assert_eq!(removed.status, ServiceStatus::Deleted);
}

#[test]
fn a_service_takes_the_end_of_its_order_too() {
    let now = at("2026-01-20");
    let mut held = service(Origin::Order(OrderId(1)));
    assert!(!follow(&mut held, &monthly(), now), "it is in step");
    let longer = monthly_with(|order| order.expires_at = Some(at("2026-03-01")));
    assert!(follow(&mut held, &longer, now));
    assert_eq!(held.expires_at, Some(at("2026-03-01")));
    // Frozen and then canceled: what froze it is over.
    held.status = ServiceStatus::Frozen;
    let canceled = monthly_with(|order| {
        order.status = OrderStatus::Canceled;
        order.expires_at = Some(at("2026-03-01"));
    });
    assert!(follow(&mut held, &canceled, now));
    assert_eq!(held.status, ServiceStatus::Active);
}
