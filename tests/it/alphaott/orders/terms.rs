//! Until when an order lasts: cycles, clamped days, the operator's calendar.

use serde_json::json;

use super::{DAY, shop_in};
use crate::alphaott::given::absent;
use crate::support::fixture::a_shop;

#[tokio::test]
async fn a_one_time_order_ends_one_cycle_after_its_start() {
    // Reference 5.4: "One cycle = `duration` x `period`, UTC calendar arithmetic with end-of-month
    // clamping; QUARTER = 3 months. `ONE_TIME`: `expires = created + cycle`, no `nextBillingCycle`"
    let shop = a_shop().await;
    for (duration, period, expires) in [
        (json!(1), "DAY", "2026-02-01"),
        (json!(28), "DAY", "2026-02-28"),
        (json!(30), "DAY", "2026-03-02"),
        (json!(1), "MONTH", "2026-02-28"),
        (json!(2), "MONTH", "2026-03-31"),
        (json!(3), "MONTH", "2026-04-30"),
        (json!(25), "MONTH", "2028-02-29"),
        // A part of a period counts as a whole one: nobody loses time that was paid for.
        (json!(1.5), "MONTH", "2026-03-31"),
        (json!(0.5), "MONTH", "2026-02-28"),
        (json!(1), "QUARTER", "2026-04-30"),
        (json!(2), "QUARTER", "2026-07-31"),
        (json!(1), "YEAR", "2027-01-31"),
        (json!(10), "YEAR", "2036-01-31"),
    ] {
        let terms = json!({"type": "ONE_TIME", "duration": duration, "period": period});
        let order = shop.place(terms).await;
        let expected = format!("{expires}T10:00:00.000Z");
        assert_eq!(order["expires"], expected, "{duration} {period}");
        assert_eq!(order["duration"], duration);
        assert!(absent(&order, "nextBillingCycle"), "{duration} {period}");
    }
}

#[tokio::test]
async fn a_leap_day_is_clamped_in_common_years() {
    let shop = a_shop().await;
    for (years, expires) in [(3, "2027-02-28"), (4, "2028-02-29")] {
        let terms = json!({"created": "2024-02-29T10:00:00Z", "duration": years, "period": "YEAR"});
        let order = shop.place(terms).await;
        assert_eq!(order["expires"], format!("{expires}T10:00:00.000Z"));
        assert_eq!(order["status"], "ACTTIVE");
    }
}

#[tokio::test]
async fn a_recurring_order_is_billed_again_when_its_paid_cycle_ends() {
    // Reference 5.4: "`nextBillingCycle = created + cycle`; `expires` = end of the paid cycle"
    let shop = a_shop().await;
    for (period, next) in [
        ("DAY", "2026-02-01"),
        ("MONTH", "2026-02-28"),
        ("QUARTER", "2026-04-30"),
        ("YEAR", "2027-01-31"),
    ] {
        let order = shop
            .place(json!({"type": "RECURRING", "period": period}))
            .await;
        let expected = format!("{next}T10:00:00.000Z");
        assert_eq!(order["nextBillingCycle"], expected, "{period}");
        assert_eq!(order["expires"], expected, "{period}");
    }
}

#[tokio::test]
async fn a_recurring_order_of_one_cycle_ends_with_it() {
    // Reference 5.4: `numberOfBillingCycles` "0 = unlimited, else total cycles, after which the
    // order becomes EXPIRED"
    let shop = a_shop().await;
    let order = shop
        .place(json!({"type": "RECURRING", "numberOfBillingCycles": 1}))
        .await;
    assert_eq!(order["numberOfBillingCycles"], 1);
    assert_eq!(order["expires"], "2026-02-28T10:00:00.000Z");
    assert!(
        absent(&order, "nextBillingCycle"),
        "no cycle follows the only one"
    );
    shop.bx.advance(29 * DAY).await;
    let ended = shop.order(&order).await;
    assert_eq!(ended["status"], "EXPIRED");
    assert_eq!(ended["expires"], "2026-02-28T10:00:00.000Z");
}

#[tokio::test]
async fn a_duration_of_zero_has_no_end() {
    // Reference 5.4: "`duration` 0 (the sample's placeholder) = no fixed end"
    let shop = a_shop().await;
    for kind in ["ONE_TIME", "RECURRING"] {
        let order = shop.place(json!({"type": kind, "duration": 0})).await;
        assert_eq!(order["duration"], 0);
        assert!(absent(&order, "expires"), "{kind}");
        assert!(absent(&order, "nextBillingCycle"), "{kind}");
    }
}

#[tokio::test]
async fn the_calendar_is_the_operators() {
    // 10:00 UTC is 11:00 in Berlin; from 29 March 2026 on 11:00 there is 09:00 UTC.
    let shop = shop_in("Europe/Berlin").await;
    for (duration, period, expires) in [
        (1, "MONTH", "2026-02-28T10:00:00.000Z"),
        (2, "MONTH", "2026-03-31T09:00:00.000Z"),
        (57, "DAY", "2026-03-29T09:00:00.000Z"),
        (56, "DAY", "2026-03-28T10:00:00.000Z"),
        (1, "QUARTER", "2026-04-30T09:00:00.000Z"),
        (10, "MONTH", "2026-11-30T10:00:00.000Z"),
        (1, "YEAR", "2027-01-31T10:00:00.000Z"),
    ] {
        for kind in ["ONE_TIME", "RECURRING"] {
            let terms = json!({"type": kind, "duration": duration, "period": period});
            let order = shop.place(terms).await;
            assert_eq!(order["expires"], expires, "{duration} {period} {kind}");
        }
    }
}

#[tokio::test]
async fn the_day_of_the_month_is_the_operators_too() {
    // 23:30 UTC on 28 February is 1 March in Berlin and Kolkata, and still February in New York.
    for (time_zone, expires) in [
        ("UTC", "2026-03-28T23:30:00.000Z"),
        ("Europe/Berlin", "2026-03-31T22:30:00.000Z"),
        ("Asia/Kolkata", "2026-03-31T23:30:00.000Z"),
        ("America/New_York", "2026-03-28T22:30:00.000Z"),
    ] {
        let shop = shop_in(time_zone).await;
        shop.bx.advance(28 * DAY + 13 * 3600 + 1800).await;
        assert_eq!(
            shop.place(json!({})).await["expires"],
            expires,
            "{time_zone}"
        );
    }
}

/// A term that leaves the calendar is refused, not taken for one without an end.
#[tokio::test]
async fn an_order_beyond_the_calendar_is_refused() {
    let shop = a_shop().await;
    let body = json!({ "offer": shop.offer, "created": "9999-12-31T00:00:00.000Z" });
    let answer = shop.api.post(shop.of_customer("orders"), body).await;
    answer.expect_error(409, "ConflictError", "9999");
}
