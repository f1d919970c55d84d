//! Orders that are not paid, and the money that re-opens them.

use serde_json::json;

use super::DAY;
use crate::support::fixture::{a_till, a_till_selling};

#[tokio::test]
async fn without_money_a_prepaid_order_is_frozen_and_its_customer_suspended() {
    let till = a_till().await;
    till.pay("10").await;
    let order = till.order().await;
    till.days(28).await;
    assert_eq!(till.state(&order).await, "INACTIVE 2026-02-28 2026-02-28");
    assert_eq!(till.services().await, "FROZEN");
    assert_eq!(till.customer_status().await, "SUSPENDED_BY_BILLING");
    assert_eq!(
        till.invoices().await.len(),
        1,
        "what is not given is not billed"
    );
    assert_eq!(till.balance().await, "0.00");

    // Too little changes nothing; enough re-opens all of it, from that day on.
    till.days(10).await;
    till.pay("9.99").await;
    assert_eq!(till.services().await, "FROZEN");
    till.pay("0.01").await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-04-10 2026-04-10");
    assert_eq!(till.services().await, "ACTIVE");
    assert_eq!(till.customer_status().await, "ACTIVE");
    assert_eq!(till.balance().await, "0.00");
    assert_eq!(
        till.invoices().await,
        ["1 INVOICE 0 10.00", "2 INVOICE 1 10.00"]
    );
    till.prove();
}

#[tokio::test]
async fn in_the_grace_services_go_on_and_the_cycle_counts_from_its_day() {
    let till = a_till_selling(json!({"dunning": {"grace_days": 5, "reminder_days": [1, 3]}})).await;
    let order = till.order().await;
    till.days(30).await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-02-28 2026-02-28");
    assert_eq!(till.services().await, "ACTIVE");
    assert_eq!(till.customer_status().await, "ACTIVE");
    // The first cycle was opened by staff and is owed; both are paid with this.
    till.pay("20").await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-03-31 2026-03-31");
    assert_eq!(till.balance().await, "0.00");
    till.days(35).await;
    till.shop.bx.advance(DAY).await;
    assert_eq!(till.services().await, "FROZEN");
    till.prove();
}

#[tokio::test]
async fn a_postpaid_order_is_billed_then_dunned_then_frozen() {
    let till = a_till_selling(json!({
        "billing": "POSTPAID",
        "dunning": {"grace_days": 40, "suspend_days": 10},
    }))
    .await;
    let order = till.order().await;
    assert_eq!(till.balance().await, "-10.00");
    till.days(30).await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-03-31 2026-03-31");
    assert_eq!(till.balance().await, "-20.00");
    assert_eq!(till.services().await, "ACTIVE");
    till.days(10).await;
    assert_eq!(till.state(&order).await, "INACTIVE 2026-03-31 2026-03-31");
    assert_eq!(till.services().await, "FROZEN");
    assert_eq!(till.customer_status().await, "ACTIVE");
    till.days(10).await;
    assert_eq!(till.customer_status().await, "SUSPENDED_BY_BILLING");
    till.days(30).await;
    assert_eq!(
        till.balance().await,
        "-20.00",
        "frozen, nothing more is billed"
    );
    till.pay("15").await;
    assert_eq!(till.services().await, "FROZEN");
    till.pay("5").await;
    // The paid time was over: a cycle begins with the payment, and is owed.
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-05-21 2026-05-21");
    assert_eq!(till.services().await, "ACTIVE");
    assert_eq!(till.customer_status().await, "ACTIVE");
    assert_eq!(till.balance().await, "-10.00");
    till.prove();
}

/// A customer with something else that runs is not suspended.
#[tokio::test]
async fn who_still_has_something_is_not_suspended() {
    let till = a_till().await;
    till.pay("10").await;
    let year = super::monthly(
        &till.shop,
        json!({"type": "ONE_TIME", "period": "YEAR", "charges": []}),
    )
    .await;
    till.order_of(json!({"offer": year})).await;
    till.order().await;
    till.days(30).await;
    assert_eq!(till.services().await, "ACTIVE FROZEN");
    assert_eq!(till.customer_status().await, "ACTIVE");
}

/// What an operator switched off by hand, money does not switch on.
#[tokio::test]
async fn money_does_not_undo_what_staff_did() {
    let till = a_till().await;
    let order = till.order().await;
    till.shop
        .change(&order, json!({"status": "INACTIVE"}))
        .await;
    till.pay("100").await;
    assert_eq!(till.shop.order(&order).await["status"], "INACTIVE");
    let path = format!("/customers/{}", till.shop.customer);
    let off = json!({"status": "SUSPENDED_BY_CUSTOMER"});
    till.shop.api.put(&path, off).await.expect(200);
    till.pay("100").await;
    assert_eq!(till.customer_status().await, "SUSPENDED_BY_CUSTOMER");
}

/// Staff switch a frozen order on again: it is taken at its word and owed.
#[tokio::test]
async fn staff_may_switch_a_frozen_order_on() {
    let till = a_till().await;
    till.pay("10").await;
    let order = till.order().await;
    till.days(30).await;
    till.shop.change(&order, json!({"status": "ACTTIVE"})).await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-04-02 2026-04-02");
    assert_eq!(till.services().await, "ACTIVE");
    assert_eq!(till.balance().await, "-10.00");
    till.prove();
}

/// A date in the future from outside lifts the dunning without money.
#[tokio::test]
async fn a_date_from_outside_lifts_the_dunning() {
    let till = a_till_selling(json!({"dunning": {"grace_days": 5}})).await;
    till.pay("10").await;
    let order = till.order().await;
    till.days(30).await;
    let later =
        json!({"nextBillingCycle": "2026-05-01T00:00:00Z", "expires": "2026-05-01T00:00:00Z"});
    till.shop.change(&order, later).await;
    till.days(30).await;
    assert_eq!(till.state(&order).await, "ACTTIVE 2026-05-01 2026-05-01");
    assert_eq!(till.services().await, "ACTIVE");
    assert_eq!(till.invoices().await.len(), 1);
}

/// The same key, the same payment: answered as the first time, booked once.
#[tokio::test]
async fn a_payment_is_booked_once() {
    let till = a_till().await;
    let body = json!({"amount": "5", "method": "bank", "reference": "TX-1"}).to_string();
    let headers = [
        ("Idempotency-Key", "k-1"),
        ("Content-Type", "application/json"),
    ];
    let path = till.of_customer("payments");
    let mut ids = Vec::new();
    for _ in 0..3 {
        let sent = till
            .shop
            .api
            .send("POST", &path, Some(body.clone().into_bytes()), &headers)
            .await;
        ids.push(sent.expect(201)["id"].clone());
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(till.balance().await, "5.00");
    // The bank's own name for it counts too, without any key.
    let again = json!({"amount": "5", "method": "bank", "reference": "TX-1"});
    till.shop.api.post(&path, again).await.expect(201);
    assert_eq!(till.balance().await, "5.00");
    let other = json!({"amount": "6", "method": "bank", "reference": "TX-1"});
    assert_eq!(till.shop.api.post(&path, other).await.status, 409);
    let transactions = till
        .shop
        .api
        .get(till.shop.of_customer("transactions"))
        .await;
    let transactions = crate::alphaott::given::list(transactions.expect(200));
    assert_eq!(transactions.len(), 1);
    assert_eq!(transactions[0]["type"], "PAYMENT");
    assert_eq!(transactions[0]["externalRefs"][0]["id"], "TX-1");
}

#[tokio::test]
async fn a_refund_gives_back_no_more_than_was_paid() {
    let till = a_till().await;
    let paid = till.pay("20").await;
    let path = till.console(&format!("payments/{}/refunds", paid["id"]));
    let back = |amount: &str| json!({"amount": amount});
    till.shop.api.post(&path, back("5")).await.expect(201);
    assert_eq!(till.shop.api.post(&path, back("15.01")).await.status, 409);
    till.shop.api.post(&path, back("15")).await.expect(201);
    assert_eq!(till.balance().await, "0.00");
    let refunds = till.shop.of_customer("transactions?type=REFUND");
    let refunds = crate::alphaott::given::list(till.shop.api.get(refunds).await.expect(200));
    assert_eq!(refunds.len(), 2);
    till.prove();
}
