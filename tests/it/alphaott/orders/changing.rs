//! Changing an order: its four members, cancellation, and an end that was given.

use serde_json::json;

use super::DAY;
use crate::alphaott::given::{absent, assert_judges_the_body, merged};
use crate::alphaott::id_of;
use crate::support::fixture::a_shop;

#[tokio::test]
async fn a_canceled_order_runs_to_its_end() {
    let shop = a_shop().await;
    let order = shop
        .place(json!({"type": "RECURRING", "createCustomerServices": true}))
        .await;
    shop.change(&order, json!({"status": "CANCELED"})).await;
    for (days, status) in [(27, "ACTIVE"), (2, "EXPIRED")] {
        shop.bx.advance(days * DAY).await;
        for service in shop.services().await {
            assert_eq!(service["status"], status);
            assert_eq!(service["expires"], "2026-02-28T10:00:00.000Z");
        }
    }
    assert_ne!(shop.order(&order).await["status"], "ACTTIVE");
}

#[tokio::test]
async fn a_new_date_of_an_order_is_copied_to_its_services() {
    // Reference section 6, row 22: "`expires` change is copied to them"
    let shop = a_shop().await;
    let order = shop.place(json!({"createCustomerServices": true})).await;
    let sent = json!({"expires": "2026-06-01T02:00:00.5+02:00"});
    let changed = shop.change(&order, sent).await;
    assert_eq!(changed["expires"], "2026-06-01T00:00:00.500Z");
    for service in shop.services().await {
        assert_eq!(service["expires"], "2026-06-01T00:00:00.500Z");
    }
    let cleared = shop.change(&order, json!({"expires": null})).await;
    assert!(absent(&cleared, "expires"));
    assert!(shop.services().await.iter().all(|s| absent(s, "expires")));
}

#[tokio::test]
async fn only_four_members_of_an_order_can_be_changed() {
    // Reference 2.7, 35: "only `status`, `expires`, `nextBillingCycle`, `numberOfBillingCycles`"
    let shop = a_shop().await;
    let order = shop.place(json!({"type": "RECURRING"})).await;
    shop.bx.advance(60).await;
    let ignored = json!({
        "_id": "other", "duration": 7, "period": "YEAR", "type": "ONE_TIME", "offer": "nothing",
        "customer": "nobody", "created": "2001-01-01T00:00:00Z", "createCustomerServices": true,
        "updated": "2001-01-01T00:00:00Z", "externalRefs": [{"type": "a", "id": "b"}],
    });
    let mut after = shop.change(&order, ignored).await;
    after["updated"] = order["updated"].clone();
    assert_eq!(after, order);
    assert!(shop.services().await.is_empty());

    let four = json!({"status": "INACTIVE", "expires": "2026-05-01T00:00:00.000Z",
                      "nextBillingCycle": "2026-04-30T00:00:00.000Z", "numberOfBillingCycles": 6});
    let changed = shop.change(&order, four.clone()).await;
    let updated = json!({"updated": "2026-01-31T10:01:00.000Z"});
    assert_eq!(changed, merged(merged(order.clone(), four), updated));
    assert_eq!(shop.order(&order).await, changed);

    let path = shop.of_customer(&format!("orders/{}", id_of(&order)));
    let patched = shop
        .api
        .patch(path, json!({"nextBillingCycle": null}))
        .await
        .expect(200);
    assert!(absent(&patched, "nextBillingCycle"));
    assert_eq!(patched["status"], "INACTIVE");
}

#[tokio::test]
async fn a_change_of_an_order_is_refused_by_the_name_of_its_field() {
    let shop = a_shop().await;
    let order = shop.place(json!({})).await;
    let path = shop.of_customer(&format!("orders/{}", id_of(&order)));
    for (field, value) in [
        ("status", json!("CANCELLED")),
        ("status", json!(1)),
        ("expires", json!("2026-13-01T00:00:00Z")),
        ("expires", json!("2026-03-01")),
        ("expires", json!("1969-12-31T23:59:59.999Z")),
        ("nextBillingCycle", json!(1_769_853_600)),
        ("numberOfBillingCycles", json!(-1)),
        ("numberOfBillingCycles", json!(2.5)),
        ("numberOfBillingCycles", json!("3")),
    ] {
        let answer = shop.api.put(&path, json!({field: value})).await;
        answer.expect_error(400, "BadRequestError", field);
    }
    // null for a word or a number is nothing said.
    let nothing = json!({"status": null, "numberOfBillingCycles": null});
    assert_eq!(shop.api.put(&path, nothing).await.expect(200), order);
    // Reference 2.7, 35: "body required"
    assert_eq!(shop.api.send("PUT", &path, None, &[]).await.status, 400);
    assert_judges_the_body(&shop.api, "PUT", &path).await;
    assert_eq!(shop.order(&order).await, order);
}

/// Dates that the caller set outlive the activation; computed ones begin with it.
#[tokio::test]
async fn an_end_that_was_given_outlives_activation() {
    let shop = a_shop().await;
    let waiting = json!({
        "status": "INACTIVE", "expires": "2027-06-01T00:00:00.000Z", "createCustomerServices": true
    });
    let order = shop.place(waiting).await;
    let order = shop.change(&order, json!({ "status": "ACTTIVE" })).await;
    assert_eq!(order["expires"], "2027-06-01T00:00:00.000Z");
    for service in shop.services().await {
        assert_eq!(service["status"], "ACTIVE");
        assert_eq!(service["expires"], "2027-06-01T00:00:00.000Z");
    }
}

/// An order that is past its end reads EXPIRED; sent back whole with a later end, it runs again.
#[tokio::test]
async fn an_expired_order_sent_back_with_a_later_end_runs_again() {
    let shop = a_shop().await;
    let order = shop.place(json!({ "createCustomerServices": true })).await;
    shop.bx.advance(40 * 86_400).await;
    let mut order = shop.order(&order).await;
    assert_eq!(order["status"], "EXPIRED");
    order["expires"] = json!("2027-06-01T00:00:00.000Z");
    let order = shop.change(&order.clone(), order).await;
    assert_eq!(order["status"], "ACTTIVE");
    assert!(
        shop.services()
            .await
            .iter()
            .all(|service| service["status"] == "ACTIVE")
    );
}

/// A canceled order runs to its end; one without an end has come to it.
#[tokio::test]
async fn canceling_what_has_no_end_ends_it() {
    let shop = a_shop().await;
    let order = shop
        .place(json!({ "duration": 0, "createCustomerServices": true }))
        .await;
    assert!(order.get("expires").is_none(), "{order}");
    let order = shop.change(&order, json!({ "status": "CANCELED" })).await;
    assert_eq!(order["expires"], crate::support::NOW);
    assert!(
        shop.services()
            .await
            .iter()
            .all(|service| service["status"] == "EXPIRED")
    );
}
