//! Orders that are canceled while something stands in their way.

use serde_json::json;

use crate::support::fixture::{a_till, a_till_selling};

/// The rest of the paid time is the customer's, also after a pause.
#[tokio::test]
async fn canceled_from_a_pause_it_runs_to_its_end() {
    let till = a_till().await;
    till.pay("100").await;
    let order = till.order().await;
    till.days(10).await;
    till.act(&order, "pause", json!({})).await.expect(200);
    till.days(5).await;
    till.shop
        .change(&order, json!({"status": "CANCELED"}))
        .await;
    assert_eq!(till.state(&order).await, "CANCELED - 2026-03-05");
    assert_eq!(till.services().await, "ACTIVE");
    till.days(17).await;
    assert_eq!(till.services().await, "ACTIVE");
    till.days(1).await;
    assert_eq!(till.services().await, "EXPIRED");
    assert_eq!(till.invoices().await.len(), 1);
    till.prove();
}

/// What is owed stays owed; paid, the cycle runs to its end.
#[tokio::test]
async fn canceled_while_it_owes_it_opens_with_its_money() {
    let postpaid = json!({"billing": "POSTPAID", "dunning": {"grace_days": 10}});
    for (days, services) in [(5, "ACTIVE"), (11, "FROZEN")] {
        let till = a_till_selling(postpaid.clone()).await;
        let order = till.order().await;
        till.days(days).await;
        till.shop
            .change(&order, json!({"status": "CANCELED"}))
            .await;
        assert_eq!(till.state(&order).await, "CANCELED - 2026-02-28");
        assert_eq!(till.services().await, services);
        // The grace goes on.
        till.days(12 - days).await;
        assert_eq!(till.services().await, "FROZEN");
        assert_eq!(till.customer_status().await, "SUSPENDED_BY_BILLING");
        till.pay("4").await;
        assert_eq!(till.services().await, "FROZEN");
        till.pay("6").await;
        assert_eq!(till.state(&order).await, "CANCELED - 2026-02-28");
        assert_eq!(till.services().await, "ACTIVE");
        assert_eq!(till.customer_status().await, "ACTIVE");
        till.days(16).await;
        assert_eq!(till.services().await, "EXPIRED");
        assert_eq!(till.invoices().await.len(), 1);
        till.prove();
    }
}

/// Paid when its time was over, it opens nothing, and nobody stays suspended.
#[tokio::test]
async fn canceled_and_paid_too_late_nothing_is_owed() {
    let postpaid = json!({"billing": "POSTPAID", "dunning": {"grace_days": 10}});
    let till = a_till_selling(postpaid).await;
    let order = till.order().await;
    till.days(11).await;
    till.shop
        .change(&order, json!({"status": "CANCELED"}))
        .await;
    till.days(30).await;
    assert_eq!(till.services().await, "EXPIRED");
    assert_eq!(till.customer_status().await, "SUSPENDED_BY_BILLING");
    till.pay("10").await;
    assert_eq!(till.services().await, "EXPIRED");
    assert_eq!(till.customer_status().await, "ACTIVE");
    assert_eq!(till.balance().await, "0.00");
    till.prove();
}

#[tokio::test]
async fn canceled_after_its_paid_time_it_simply_ends() {
    for grace in [0, 5] {
        let till = a_till_selling(json!({"dunning": {"grace_days": grace}})).await;
        till.pay("10").await;
        let order = till.order().await;
        till.days(30).await;
        till.shop
            .change(&order, json!({"status": "CANCELED"}))
            .await;
        assert_eq!(till.state(&order).await, "CANCELED - 2026-02-28");
        assert_eq!(till.services().await, "EXPIRED");
        assert_eq!(till.customer_status().await, "ACTIVE");
        till.pay("10").await;
        assert_eq!(till.balance().await, "10.00");
        till.prove();
    }
}

/// Nothing was paid, so canceling and taking it back gives nothing for free.
#[tokio::test]
async fn canceled_before_it_was_paid_it_is_billed_when_it_begins() {
    let till = a_till().await;
    let order = till.order_of(json!({"status": "INACTIVE"})).await;
    till.shop
        .change(&order, json!({"status": "CANCELED"}))
        .await;
    assert_eq!(till.services().await, "INACTIVE");
    till.shop.change(&order, json!({"status": "ACTTIVE"})).await;
    assert_eq!(till.services().await, "ACTIVE");
    assert_eq!(till.invoices().await, ["1 INVOICE 0 10.00"]);
    till.prove();
}
