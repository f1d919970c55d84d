//! What a customer goes through is remembered, and nothing else.

use serde_json::{Value, json};

use super::{FULL, add_device, ask, minute};
use crate::alphaott::given::{self};
use crate::support::Client;
use crate::support::fixture::a_shop;

async fn actions(api: &Client) -> Vec<Value> {
    let answer = ask(api, FULL, &json!({"perPage": 100})).await.expect(200);
    given::list(answer["data"]["customerActivityPagination"]["items"].clone())
}

#[tokio::test]
async fn what_a_customer_goes_through_is_remembered() {
    let shop = a_shop().await;
    let api = &shop.api;
    let (customer, device) = (
        format!("/customers/{}", shop.customer),
        shop.of_customer("devices/d"),
    );
    add_device(api, &shop.customer, "d").await;
    api.put(&device, json!({"status": "BROKEN"}))
        .await
        .expect(200);
    given::assert_removed(&api.delete(&device).await);
    let order = shop.place(json!({"createCustomerServices": true})).await;
    shop.change(&order, json!({"status": "CANCELED"})).await;
    let password = json!({"password": "Correct-Horse-9"});
    api.put(shop.of_customer("password"), password)
        .await
        .expect(200);
    api.send("POST", shop.of_customer("password/reset"), None, &[])
        .await
        .expect(200);
    api.put(customer, json!({"status": "SUSPENDED_BY_CUSTOMER"}))
        .await
        .expect(200);

    let remembered = actions(api).await;
    let names: Vec<_> = remembered
        .iter()
        .map(|item| item["action"].clone())
        .collect();
    let expected = [
        "DEVICE_ADDED",
        "DEVICE_STATUS_CHANGED",
        "DEVICE_REMOVED",
        "ORDER_PLACED",
        "ORDER_STATUS_CHANGED",
        "PASSWORD_CHANGED",
        "PASSWORD_RESET",
        "STATUS_CHANGED",
    ];
    assert_eq!(json!(names), json!(expected));
    for (n, item) in remembered.iter().enumerate() {
        assert_eq!(item["customer"], shop.customer);
        assert_eq!(item["ip"], "127.0.0.1");
        assert_eq!(item["date"], minute(0));
        assert_eq!(
            item["device"],
            if n < 3 { json!("d") } else { Value::Null },
            "{item}"
        );
        assert!(item["details"].is_object(), "{item}");
        assert!(!item.to_string().contains("Correct-Horse"), "{item}");
    }
}

#[tokio::test]
async fn what_changes_nothing_for_a_customer_is_not_remembered() {
    let shop = a_shop().await;
    let api = &shop.api;
    let customer = format!("/customers/{}", shop.customer);
    for path in [
        "/customers",
        "/product-specs",
        &customer,
        &shop.of_customer("devices"),
        &shop.of_customer("services"),
        &shop.of_customer("orders"),
        &shop.of_customer("account/balance"),
    ] {
        api.get(path).await.expect(200);
        assert_eq!(shop.bx.anonymous().get(path).await.status, 401);
    }
    shop.bx
        .client_of("auditor")
        .await
        .get(&customer)
        .await
        .expect(200);
    api.put(&customer, json!({"status": "ACTIVE"}))
        .await
        .expect(200);
    api.put(&customer, json!({"firstName": "Roy"}))
        .await
        .expect(200);
    // What was refused did not happen.
    assert_eq!(
        api.put(&customer, json!({"status": "GONE"})).await.status,
        400
    );
    assert_eq!(
        api.put(shop.of_customer("password"), json!({"password": ""}))
            .await
            .status,
        400
    );
    let devices = shop.of_customer("devices");
    assert_eq!(
        api.post(devices, json!({"type": "FRIDGE"})).await.status,
        400
    );
    let orders = shop.of_customer("orders");
    assert_eq!(
        api.post(orders, json!({"offer": "nothing"})).await.status,
        404
    );
    assert_eq!(actions(api).await, Vec::<Value>::new());
}
