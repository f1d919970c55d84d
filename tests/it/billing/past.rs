//! Orders that ran elsewhere before: what lies behind is history, and is billed on request only.

use serde_json::{Value, json};

use super::{DAY, Till, charge};
use crate::alphaott::given;
use crate::support::Answer;
use crate::support::fixture::a_till_selling;

/// Opens an order whatever comes of it.
async fn open(till: &Till, extra: Value) -> Answer {
    let body = json!({"offer": till.shop.offer, "createCustomerServices": true});
    let path = till.shop.of_customer("orders");
    till.shop.api.post(path, given::merged(body, extra)).await
}

fn daily() -> Value {
    json!({"duration": 1, "period": "DAY", "billing": "POSTPAID"})
}

/// A shop whose offer has a charge for the beginning.
async fn with_entry_fee() -> Till {
    let fee =
        json!({"type": "ONE_TIME", "title": "Installation", "amount": "50.00", "currency": "USD"});
    a_till_selling(json!({"billing": "POSTPAID", "charges": [charge("10.00"), fee]})).await
}

/// A slip of the pen bills no years, in whatever member it stands: nothing is made.
#[tokio::test]
async fn no_date_in_the_past_bills_years() {
    let till = a_till_selling(daily()).await;
    let refused = [
        json!({"created": "1971-01-01T00:00:00Z"}),
        json!({"created": "2025-12-01T00:00:00Z", "type": "ONE_TIME"}),
        json!({"paidUntil": "1971-01-01T00:00:00Z"}),
        json!({"created": "1970-06-01T00:00:00Z", "paidUntil": "1971-01-01T00:00:00Z"}),
        json!({"created": "1971-01-01T00:00:00Z", "nextBillingCycle": "1971-01-02T00:00:00Z"}),
        json!({"created": "2025-11-01T00:00:00Z", "nextBillingCycle": "2025-12-20T00:00:00Z"}),
        json!({"paidUntil": "2025-12-20T00:00:00Z"}),
    ];
    for wish in refused {
        let answer = open(&till, wish.clone()).await;
        assert_eq!(answer.status, 409, "{wish} {}", answer.text);
        assert!(answer.text.contains("paidUntil"), "{}", answer.text);
    }
    let both =
        json!({"paidUntil": "2026-02-10T00:00:00Z", "nextBillingCycle": "2026-02-11T00:00:00Z"});
    open(&till, both)
        .await
        .expect_error(409, "ConflictError", "nextBillingCycle");
    assert_eq!(till.invoices().await.len(), 0);
    let path = till.shop.of_customer("orders");
    assert_eq!(
        given::list(till.shop.api.get(path).await.expect(200)).len(),
        0
    );
    till.prove();
}

/// Neither does a change of an order whose beginning is history.
#[tokio::test]
async fn no_later_change_bills_years() {
    let till = a_till_selling(daily()).await;
    let created = json!({"created": "1971-01-01T00:00:00Z", "paidUntil": "2026-02-03T10:00:00Z"});
    let order = till.order_of(created).await;
    let path = till
        .shop
        .of_customer(&format!("orders/{}", crate::alphaott::id_of(&order)));
    let early = json!({"nextBillingCycle": "1972-01-01T00:00:00Z"});
    let refused = till.shop.api.put(path, early).await;
    refused.expect_error(409, "ConflictError", "paidUntil");
    till.shop.bx.advance(DAY).await;
    assert_eq!(till.invoices().await.len(), 0);
    till.prove();
}

/// 409 names both ways to say it.
#[tokio::test]
async fn what_is_refused_says_what_to_do() {
    let till = a_till_selling(json!({"billing": "POSTPAID"})).await;
    let refused = open(&till, json!({"created": "2025-12-30T10:00:00Z"})).await;
    refused.expect_error(
        409,
        "ConflictError",
        "give paidUntil, or nextBillingCycle together with created",
    );
}

/// Paid elsewhere until a day to come: nothing is billed before, and the fee for the beginning
/// never.
#[tokio::test]
async fn what_was_paid_elsewhere_is_billed_from_then_on() {
    for member in ["paidUntil", "nextBillingCycle"] {
        let till = with_entry_fee().await;
        let wish = json!({"created": "2025-09-10T10:00:00Z", member: "2026-02-10T10:00:00Z",
                          "numberOfBillingCycles": 7});
        let order = till.order_of(wish).await;
        assert_eq!(
            till.state(&order).await,
            "ACTTIVE 2026-02-10 2026-02-10",
            "{member}"
        );
        assert_eq!(order["created"], "2025-09-10T10:00:00.000Z");
        assert_eq!(till.services().await, "ACTIVE");
        assert_eq!(till.invoices().await.len(), 0);
        till.shop.bx.advance(11 * DAY).await;
        assert_eq!(till.invoices().await, ["1 INVOICE 5 10.00"]);
        assert_eq!(till.state(&order).await, "ACTTIVE 2026-03-10 2026-03-10");
        // Five of seven cycles were elsewhere.
        till.pay("100").await;
        till.shop.bx.advance(80 * DAY).await;
        assert_eq!(till.invoices().await.len(), 2, "{member}");
        assert_eq!(till.state(&order).await, "EXPIRED - 2026-04-10");
        till.prove();
    }
}

/// Paid elsewhere until some days ago: the cycle that began there is billed at once, covered or
/// not.
#[tokio::test]
async fn what_was_paid_until_some_days_ago_is_billed_from_then_on() {
    for billing in ["PREPAID", "POSTPAID"] {
        let till = a_till_selling(json!({"billing": billing})).await;
        let order = till
            .order_of(
                json!({"created": "2025-06-15T10:00:00Z", "paidUntil": "2026-01-15T10:00:00Z"}),
            )
            .await;
        assert_eq!(till.invoices().await, ["1 INVOICE 7 10.00"]);
        assert_eq!(till.state(&order).await, "ACTTIVE 2026-02-15 2026-02-15");
        assert_eq!(till.services().await, "ACTIVE");
        assert_eq!(till.balance().await, "-10.00");
        till.prove();
    }
}

/// Created some days ago and nothing said: the cycle that runs, from its beginning, with its fee.
#[tokio::test]
async fn the_running_cycle_alone_is_billed() {
    let till = with_entry_fee().await;
    let order = till
        .order_of(json!({"created": "2026-01-10T10:00:00Z"}))
        .await;
    assert_eq!(till.invoices().await, ["1 INVOICE 0 60.00"]);
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-02-10 2026-02-10");
    // The day on which the second one begins: that one, and no other.
    let order = till
        .order_of(json!({"created": "2025-12-31T10:00:00Z"}))
        .await;
    assert_eq!(till.invoices().await.len(), 2);
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-02-28 2026-02-28");
    till.prove();
}

/// History that is over, waits or was canceled bills nothing, whenever it was.
#[tokio::test]
async fn history_that_does_not_run_bills_nothing() {
    let till = a_till_selling(json!({"billing": "POSTPAID"})).await;
    for status in ["EXPIRED", "CANCELED", "INACTIVE"] {
        let wish = json!({"created": "1990-01-01T00:00:00Z", "status": status});
        till.order_of(wish).await;
    }
    till.shop.bx.advance(40 * DAY).await;
    assert_eq!(till.invoices().await.len(), 0);
    till.prove();
}

/// What is paid once and was paid elsewhere is never billed, and ends when it says.
#[tokio::test]
async fn what_is_paid_once_elsewhere_ends_then() {
    let till = a_till_selling(json!({"type": "ONE_TIME"})).await;
    let wish = json!({"created": "2025-03-01T10:00:00Z", "paidUntil": "2026-03-01T10:00:00Z"});
    let order = till.order_of(wish).await;
    assert_eq!(till.state(&order).await, "ACTTIVE - 2026-03-01");
    till.shop.bx.advance(40 * DAY).await;
    assert_eq!(till.state(&order).await, "EXPIRED - 2026-03-01");
    assert_eq!(till.invoices().await.len(), 0);
}

/// Time that nobody pays here is a gift: whoever may not give it may not say that it was paid
/// elsewhere.
#[tokio::test]
async fn what_was_paid_elsewhere_is_for_those_who_may_give_time() {
    let till = a_till_selling(json!({"billing": "POSTPAID"})).await;
    let cashier = till.shop.bx.token("cashier").await;
    let cashier = till.shop.bx.with_header(&format!("JWT {cashier}"));
    let path = till.shop.of_customer("orders");
    let wish = json!({"offer": till.shop.offer, "paidUntil": "2026-02-20T10:00:00Z"});
    assert_eq!(cashier.post(path, wish).await.status, 403);
}

/// An order of the test clock's box bills what its dates say, once the clock is moved.
#[tokio::test]
async fn a_few_missed_days_are_billed_at_once() {
    let till = a_till_selling(daily()).await;
    till.order_of(json!({"paidUntil": "2026-01-11T10:00:00Z"}))
        .await;
    assert_eq!(till.invoices().await.len(), 21);
    till.prove();
}

/// History that waits and was paid until a day that is behind: switched on, it begins now, with one
/// cycle.
#[tokio::test]
async fn history_that_is_switched_on_begins_now_with_one_cycle() {
    for billing in ["PREPAID", "POSTPAID"] {
        for (period, end) in [("MONTH", "2026-02-28"), ("DAY", "2026-02-01")] {
            for member in ["paidUntil", "nextBillingCycle"] {
                let till = a_till_selling(json!({"billing": billing, "period": period})).await;
                let wish = json!({"created": "2016-01-01T00:00:00Z", "status": "INACTIVE",
                                  member: "2026-01-10T00:00:00Z"});
                let order = till.order_of(wish).await;
                let what = format!("{billing} {period} {member}");
                assert_eq!(till.invoices().await.len(), 0, "{what}");
                till.shop.change(&order, json!({"status": "ACTTIVE"})).await;
                let expected = format!("ACTTIVE {end} {end}");
                assert_eq!(till.state(&order).await, expected, "{what}");
                let invoices = till.invoices().await;
                assert_eq!(invoices.len(), 1, "{what} {invoices:?}");
                assert_eq!(till.balance().await, "-10.00", "{what}");
                assert_eq!(till.services().await, "ACTIVE", "{what}");
                till.prove();
            }
        }
    }
}

/// Cycles that were paid elsewhere count among those of the order, also when it is switched on
/// later.
#[tokio::test]
async fn cycles_paid_elsewhere_count_when_history_is_switched_on() {
    let till = with_entry_fee().await;
    let wish = |cycles: u32| {
        json!({"created": "2025-01-10T10:00:00Z", "paidUntil": "2026-01-10T10:00:00Z",
               "status": "INACTIVE", "numberOfBillingCycles": cycles})
    };
    let last = till.order_of(wish(13)).await;
    till.shop.change(&last, json!({"status": "ACTTIVE"})).await;
    assert_eq!(till.state(&last).await, "ACTTIVE - 2026-02-28");
    assert_eq!(till.invoices().await, ["1 INVOICE 12 10.00"]);
    let over = till.order_of(wish(12)).await;
    till.shop.change(&over, json!({"status": "ACTTIVE"})).await;
    assert_eq!(till.state(&over).await, "EXPIRED - 2026-01-10");
    assert_eq!(till.invoices().await.len(), 1);
    till.prove();
}

/// A term that is paid once: one that never ran here is billed when it begins, whatever it was
/// before.
#[tokio::test]
async fn nothing_begins_without_a_bill_that_was_never_billed_here() {
    let once = json!({"type": "ONE_TIME", "created": "2025-03-01T10:00:00Z",
                      "paidUntil": "2026-01-01T10:00:00Z", "status": "INACTIVE"});
    let expired = json!({"status": "EXPIRED"});
    for (wish, end) in [(once, "- 2026-02-28"), (expired, "2026-02-28 2026-02-28")] {
        let till = a_till_selling(json!({"billing": "POSTPAID"})).await;
        let order = till.order_of(wish).await;
        for status in ["INACTIVE", "ACTTIVE"] {
            till.shop.change(&order, json!({"status": status})).await;
        }
        assert_eq!(till.state(&order).await, format!("ACTTIVE {end}"));
        assert_eq!(till.invoices().await, ["1 INVOICE 0 10.00"]);
        till.prove();
    }
}

/// What is over is history: nobody gets a bill for it.
#[tokio::test]
async fn history_that_is_over_is_not_billed() {
    let over = "2026-01-26T10:00:00Z";
    let wishes = [
        json!({"created": "2026-01-11T10:00:00Z", "expires": over}),
        json!({"created": "2016-01-11T10:00:00Z", "expires": "2018-01-11T10:00:00Z"}),
        json!({"created": "2025-12-02T10:00:00Z", "paidUntil": "2026-01-11T10:00:00Z",
            "expires": over}),
        json!({"created": "2025-12-02T10:00:00Z", "nextBillingCycle": "2026-01-11T10:00:00Z",
               "expires": over}),
        json!({"created": "2025-12-02T10:00:00Z", "paidUntil": "2026-01-28T10:00:00Z",
            "expires": over}),
        json!({"created": "2026-01-11T10:00:00Z", "expires": over, "status": "ACTTIVE"}),
        json!({"expires": over}),
    ];
    for offer in [
        json!({}),
        json!({"billing": "POSTPAID"}),
        json!({"type": "ONE_TIME"}),
    ] {
        let till = a_till_selling(offer.clone()).await;
        for wish in &wishes {
            let order = till.order_of(wish.clone()).await;
            let what = format!("{offer} {wish}");
            assert_eq!(order["status"], "EXPIRED", "{what}");
            assert_eq!(till.invoices().await.len(), 0, "{what}");
        }
        if offer["type"] == "ONE_TIME" {
            // Nor one that is over as it is switched on.
            let waits = till.order_of(json!({"status": "INACTIVE"})).await;
            let switched = json!({"status": "ACTTIVE", "expires": over});
            till.shop.change(&waits, switched).await;
        }
        till.days(40).await;
        assert_eq!(till.invoices().await.len(), 0, "{offer}");
        assert_eq!(till.services().await, "EXPIRED");
        till.prove();
    }
}

/// An order is served from when it is placed: its first cycle may not be years ahead.
#[tokio::test]
async fn no_order_is_created_far_ahead() {
    let till = a_till_selling(json!({"billing": "POSTPAID"})).await;
    for status in ["ACTTIVE", "INACTIVE", "CANCELED"] {
        for created in ["2026-03-08T10:00:00Z", "2027-03-07T10:00:00Z"] {
            let refused = open(&till, json!({"created": created, "status": status})).await;
            refused.expect_error(409, "ConflictError", "created: must not be later than");
        }
    }
    assert_eq!(till.invoices().await.len(), 0);
    till.order_of(json!({"created": "2026-03-01T00:00:00Z"}))
        .await;
    till.prove();
}
