//! Customers whom billing suspended, and what makes them active again.

use serde_json::json;

use super::pages::Page;
use super::{Till, charge, monthly};
use crate::alphaott::id_of;
use crate::support::fixture::{a_till, a_till_selling};

/// A month was paid, nothing came after it: frozen and suspended.
async fn suspended() -> (Till, serde_json::Value) {
    let till = a_till().set(|config| config.payments.sandbox = true).await;
    till.pay("10").await;
    let order = till.order().await;
    till.days(30).await;
    assert_eq!(till.services().await, "FROZEN");
    assert_eq!(till.customer_status().await, "SUSPENDED_BY_BILLING");
    (till, order)
}

async fn other_offer(till: &Till) -> String {
    monthly(&till.shop, json!({"charges": [charge("30.00")]})).await
}

#[tokio::test]
async fn whoever_buys_anew_watches_again() {
    // On a page.
    let (mut till, _) = suspended().await;
    till.shop.offer = other_offer(&till).await;
    let page = Page::of(till).await;
    let paid = page.submit("30.00", "sandbox&card=4242424242424242").await;
    assert_eq!(paid.status, 303, "{}", paid.text);
    assert_eq!(page.till.services().await, "ACTIVE EXPIRED");
    assert_eq!(page.till.customer_status().await, "ACTIVE");
    page.till.prove();

    // By a change of plan.
    let (till, order) = suspended().await;
    let better = other_offer(&till).await;
    till.act(&order, "change", json!({"offer": better}))
        .await
        .expect(201);
    assert_eq!(till.customer_status().await, "ACTIVE");

    // By an order that staff open, or switch on again.
    let (till, _) = suspended().await;
    let better = other_offer(&till).await;
    till.order_of(json!({"offer": better})).await;
    assert_eq!(till.customer_status().await, "ACTIVE");
    let (till, order) = suspended().await;
    till.shop.change(&order, json!({"status": "ACTTIVE"})).await;
    assert_eq!(till.services().await, "ACTIVE");
    assert_eq!(till.customer_status().await, "ACTIVE");
    till.prove();
}

/// Nobody stays suspended who owes nothing and waits for nothing.
#[tokio::test]
async fn whoever_owes_nothing_is_not_suspended() {
    let (till, order) = suspended().await;
    let path = till.shop.of_customer(&format!("orders/{}", id_of(&order)));
    till.shop.api.delete(path).await;
    assert_eq!(till.customer_status().await, "ACTIVE");
    till.pay("10").await;
    assert_eq!(till.balance().await, "10.00");

    // The order is gone, its invoice is not: money is still to come.
    let postpaid = json!({"billing": "POSTPAID", "dunning": {"grace_days": 5}});
    let till = a_till_selling(postpaid).await;
    let order = till.order().await;
    till.days(6).await;
    till.act(&order, "end", json!({})).await.expect(200);
    assert_eq!(till.customer_status().await, "SUSPENDED_BY_BILLING");
    till.pay("9").await;
    assert_eq!(till.customer_status().await, "SUSPENDED_BY_BILLING");
    till.pay("1").await;
    assert_eq!(till.customer_status().await, "ACTIVE");
    till.prove();
}

/// What somebody else switched off stays off, whatever runs.
#[tokio::test]
async fn billing_lifts_only_what_billing_did() {
    for status in ["SUSPENDED_BY_CUSTOMER", "INACTIVE"] {
        let (till, order) = suspended().await;
        let path = format!("/customers/{}", till.shop.customer);
        let off = json!({"status": status});
        till.shop.api.put(&path, off).await.expect(200);
        till.shop.change(&order, json!({"status": "ACTTIVE"})).await;
        till.order().await;
        till.pay("100").await;
        assert_eq!(till.customer_status().await, status);
    }
}
