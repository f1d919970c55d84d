//! What an order does to its services: makes them, ends them, switches them.

use serde_json::json;

use super::DAY;
use crate::alphaott::given::absent;
use crate::alphaott::{ids_of, service_spec};
use crate::support::fixture::a_shop;

#[tokio::test]
async fn services_are_made_only_for_a_json_true() {
    // Reference 1.6: "`booelan` ... only JSON `true` enables"; 2.7, 33: "flag not echoed"
    for (flag, services) in [
        (json!(true), 2),
        (json!(false), 0),
        (json!(null), 0),
        (json!("true"), 0),
        (json!("1"), 0),
        (json!(1), 0),
    ] {
        let shop = a_shop().await;
        let body = json!({"offer": shop.offer, "createCustomerServices": flag});
        let answer = shop.api.post(shop.of_customer("orders"), body).await;
        let not_a_boolean = !(flag.is_boolean() || flag.is_null());
        assert!(
            answer.status == 201 || not_a_boolean && answer.status == 400,
            "{flag}"
        );
        assert!(
            !answer.text.contains("\"createCustomerServices\":"),
            "{flag}"
        );
        assert_eq!(shop.services().await.len(), services, "{flag}");
    }
    let shop = a_shop().await;
    shop.place(json!({})).await;
    assert!(shop.services().await.is_empty(), "the default is false");
}

#[tokio::test]
async fn an_order_with_services_makes_one_for_each_included_spec() {
    // Reference 5.5: "for each id in offer -> productSpec -> `serviceSpecs[]`, a Service with
    // `expires` = the order's"
    let shop = a_shop().await;
    let order = shop.place(json!({"createCustomerServices": true})).await;
    assert!(absent(&order, "createCustomerServices"));
    assert!(absent(&shop.order(&order).await, "createCustomerServices"));
    let services = shop.services().await;
    let specs: Vec<_> = services.iter().map(|s| s["serviceSpec"].clone()).collect();
    assert_eq!(json!(specs), json!(shop.included));
    let kinds: Vec<_> = services.iter().map(|s| s["serviceType"].clone()).collect();
    assert_eq!(json!(kinds), json!(["LIVE_TV", "RADIO"]));
    for service in services {
        assert_eq!(service["status"], "ACTIVE");
        assert_eq!(service["scope"], "ALL_ITEMS");
        assert_eq!(service["expires"], order["expires"]);
    }
}

#[tokio::test]
async fn an_endless_order_makes_endless_services() {
    let shop = a_shop().await;
    let order = shop
        .place(json!({"duration": 0, "createCustomerServices": true}))
        .await;
    assert!(absent(&order, "expires"));
    shop.bx.advance(400 * DAY).await;
    assert_eq!(shop.order(&order).await["status"], "ACTTIVE");
    for service in shop.services().await {
        assert_eq!(service["status"], "ACTIVE");
        assert!(absent(&service, "expires"));
    }
}

#[tokio::test]
async fn an_order_past_its_date_reads_as_expired() {
    // Reference 5.3: "`expires` in the past makes ACTIVE/ACTTIVE read as `EXPIRED`"
    let shop = a_shop().await;
    let terms = json!({"period": "DAY", "createCustomerServices": true});
    let order = shop.place(terms).await;
    shop.bx.advance(DAY - 1).await;
    assert_eq!(shop.order(&order).await["status"], "ACTTIVE");
    assert!(
        shop.services()
            .await
            .iter()
            .all(|s| s["status"] == "ACTIVE")
    );
    shop.bx.advance(2).await;
    assert_eq!(shop.order(&order).await["status"], "EXPIRED");
    assert!(
        shop.services()
            .await
            .iter()
            .all(|s| s["status"] == "EXPIRED")
    );
    for (status, shown) in [("EXPIRED", 1), ("ACTTIVE", 0)] {
        let path = shop.of_customer(&format!("orders?status={status}"));
        assert_eq!(
            ids_of(&shop.api.get(path).await.expect(200)).len(),
            shown,
            "{status}"
        );
    }
}

#[tokio::test]
async fn the_status_of_an_order_reaches_its_services() {
    // Reference section 6, row 22: "EXPIRED/INACTIVE/DELETED: services made by this order become
    // EXPIRED/INACTIVE/DELETED", "CANCELED: services run to `expires`"
    for (status, services) in [
        ("EXPIRED", "EXPIRED"),
        ("INACTIVE", "INACTIVE"),
        ("DELETED", "DELETED"),
        ("CANCELED", "ACTIVE"),
    ] {
        let shop = a_shop().await;
        let direct = service_spec(&shop.api).await;
        let body = json!({"serviceSpec": direct});
        shop.api
            .post(shop.of_customer("services"), body)
            .await
            .expect(201);
        let order = shop.place(json!({"createCustomerServices": true})).await;
        assert_eq!(
            shop.change(&order, json!({"status": status})).await["status"],
            status
        );
        for service in shop.services().await {
            let own = service["serviceSpec"] == direct;
            assert_eq!(
                service["status"],
                if own { "ACTIVE" } else { services },
                "{status}"
            );
        }
    }
}
