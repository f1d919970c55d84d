//! An order that was sold has its services, whoever lets it begin; only who said that they make
//! them themselves gets none from us.

use serde_json::{Value, json};

use super::{Till, monthly};
use crate::alphaott::given;
use crate::support::fixture::{a_page, a_till};

const LATER: &str = "sandbox&card=4000000000000077";

async fn switch_on(till: &Till, order: &str) {
    let path = till.shop.of_customer(&format!("orders/{order}"));
    let on = json!({"status": "ACTTIVE"});
    till.shop.api.put(path, on).await.expect(200);
}

/// Who makes the services of an order, as the console tells it.
async fn services_by(till: &Till, order: &Value) -> String {
    let paused = till.act(order, "pause", json!({})).await.expect(200);
    paused["services_by"].as_str().expect("a word").to_owned()
}

#[tokio::test]
async fn an_order_of_a_page_that_staff_switch_on_has_its_services() {
    let page = a_page().await;
    assert!(page.till.shop.services().await.is_empty());
    switch_on(&page.till, "000000000000000000000001").await;
    assert_eq!(page.till.services().await, "ACTIVE");
    assert_eq!(page.till.shop.services().await.len(), 2);
    // Switched off and on again, or paid after all: no second set.
    let order = page
        .till
        .shop
        .of_customer("orders/000000000000000000000001");
    let off = json!({"status": "INACTIVE"});
    page.till.shop.api.put(&order, off).await.expect(200);
    switch_on(&page.till, "000000000000000000000001").await;
    assert_eq!(page.till.shop.services().await.len(), 2);
    page.till.prove();
}

#[tokio::test]
async fn money_that_comes_after_staff_switched_it_on_makes_no_second_set() {
    let page = a_page().await;
    page.submit("10.00", LATER).await;
    switch_on(&page.till, "000000000000000000000001").await;
    page.till.shop.bx.advance(60).await;
    assert_eq!(page.till.shop.services().await.len(), 2);
    assert_eq!(page.till.balance().await, "0.00");
    page.till.prove();
}

#[tokio::test]
async fn who_makes_services_themselves_gets_none() {
    for said in [json!({}), json!({"createCustomerServices": false})] {
        let till = a_till().await;
        let waiting = given::merged(json!({"status": "INACTIVE"}), said);
        let order = till.shop.place(waiting).await;
        till.shop.change(&order, json!({"status": "ACTTIVE"})).await;
        assert!(till.shop.services().await.is_empty());
        assert_eq!(services_by(&till, &order).await, "CALLER");
        till.prove();
    }
    let till = a_till().await;
    let waiting = json!({"status": "INACTIVE", "createCustomerServices": true});
    let order = till.shop.place(waiting).await;
    till.shop.change(&order, json!({"status": "ACTTIVE"})).await;
    assert_eq!(till.services().await, "ACTIVE");
    assert_eq!(till.shop.services().await.len(), 2);
    assert_eq!(services_by(&till, &order).await, "BOXOFFICE");
    till.prove();
}

/// A change of plan in the console is a sale by us.
#[tokio::test]
async fn a_plan_that_the_console_changes_to_has_its_services() {
    let till = a_till().await;
    till.pay("20").await;
    let order = till.shop.place(json!({})).await;
    let other = monthly(&till.shop, json!({})).await;
    till.act(&order, "change", json!({"offer": other}))
        .await
        .expect(201);
    assert_eq!(till.services().await, "ACTIVE");
    till.prove();
}
