//! Lists of customers: order, pages, filters and extra fields.

use serde_json::json;

use crate::alphaott::{customer, customer_with, id_of, ids_of, service_spec};
use crate::support::fixture::a_box;

#[tokio::test]
async fn the_list_is_a_bare_array_in_order_of_creation() {
    let api = a_box().await.api();
    // §2.2: the sample is one object, but "Return an array".
    assert_eq!(api.get("/customers").await.expect(200), json!([]));
    let ids = [
        customer(&api).await,
        customer(&api).await,
        customer(&api).await,
    ];
    let listed = api.get("/customers").await.expect(200);
    assert_eq!(ids_of(&listed), ids);
    // A change does not move it.
    let change = json!({ "firstName": "Zoë" });
    api.put(format!("/customers/{}", ids[0]), change)
        .await
        .expect(200);
    assert_eq!(ids_of(&api.get("/customers").await.expect(200)), ids);
}

#[tokio::test]
async fn pages_walk_the_whole_list_once() {
    let api = a_box().await.api();
    let mut made = Vec::new();
    for number in 0..120 {
        made.push(customer_with(&api, json!({ "firstName": format!("{number}") })).await);
    }
    // §1.4: "limit integer, 1..100, default 50; offset integer >= 0, default 0".
    assert_eq!(ids_of(&api.get("/customers").await.expect(200)), made[..50]);
    assert_eq!(
        ids_of(&api.get("/customers?limit=100").await.expect(200)),
        made[..100]
    );
    assert_eq!(
        ids_of(&api.get("/customers?offset=110").await.expect(200)),
        made[110..]
    );
    for limit in [1, 7, 50, 100] {
        let mut walked = Vec::new();
        loop {
            let path = format!("/customers?limit={limit}&offset={}", walked.len());
            let page = ids_of(&api.get(path).await.expect(200));
            assert!(page.len() <= limit);
            if page.is_empty() {
                break;
            }
            walked.extend(page);
        }
        assert_eq!(walked, made);
    }
    let beyond = api.get("/customers?offset=1000000000").await.expect(200);
    assert_eq!(beyond, json!([]));
    // What is left out does not count.
    api.delete(format!("/customers/{}", made.remove(3)))
        .await
        .expect(204);
    let page = api.get("/customers?limit=4&offset=2").await.expect(200);
    assert_eq!(ids_of(&page), made[2..6]);
}

#[tokio::test]
async fn a_status_filter_has_three_spellings() {
    let api = a_box().await.api();
    let mut made = Vec::new();
    for status in [
        "ACTIVE",
        "INACTIVE",
        "SUSPENDED_BY_BILLING",
        "AWAITING_AUTHORIZATION",
    ] {
        made.push(customer_with(&api, json!({ "status": status })).await);
    }
    // §1.4: "repeated keys status=A&status=B. Accept also status[]=A and A,B".
    for query in [
        "status=INACTIVE&status=SUSPENDED_BY_BILLING",
        "status[]=INACTIVE&status[]=SUSPENDED_BY_BILLING",
        "status%5B%5D=SUSPENDED_BY_BILLING&status%5B%5D=INACTIVE",
        "status=INACTIVE,SUSPENDED_BY_BILLING",
        "status=SUSPENDED_BY_BILLING%2CINACTIVE",
        "status=INACTIVE&status[]=SUSPENDED_BY_BILLING",
        "status=INACTIVE,INACTIVE&status=SUSPENDED_BY_BILLING",
    ] {
        let listed = api.get(format!("/customers?{query}")).await.expect(200);
        assert_eq!(ids_of(&listed), made[1..3], "{query}");
    }
    let listed = api
        .get("/customers?status=AWAITING_AUTHORIZATION")
        .await
        .expect(200);
    assert_eq!(ids_of(&listed), made[3..]);
    let none = api
        .get("/customers?status=SUSPENDED_BY_CUSTOMER")
        .await
        .expect(200);
    assert_eq!(none, json!([]));
    let page = api
        .get("/customers?status=ACTIVE,INACTIVE&limit=1&offset=1")
        .await
        .expect(200);
    assert_eq!(ids_of(&page), made[1..2]);
}

#[tokio::test]
async fn the_email_filter_is_exact_whatever_the_case() {
    let api = a_box().await.api();
    let oliver = customer_with(&api, json!({ "email": "Oliver+tv@Queen.com" })).await;
    customer_with(&api, json!({ "email": "thea@queen.com" })).await;
    // §2.2: "email exact match, case-insensitive".
    for email in [
        "Oliver%2Btv@Queen.com",
        "oliver%2btv%40queen.com",
        "OLIVER%2BTV@QUEEN.COM",
    ] {
        let listed = api
            .get(format!("/customers?email={email}"))
            .await
            .expect(200);
        assert_eq!(ids_of(&listed), std::slice::from_ref(&oliver), "{email}");
    }
    for email in ["queen.com", "thea@queen", "nobody@queen.com"] {
        let listed = api
            .get(format!("/customers?email={email}"))
            .await
            .expect(200);
        assert_eq!(listed, json!([]), "{email}");
    }
    // §1.4: "different filters AND-ed".
    let both = "/customers?email=thea@queen.com&status=INACTIVE";
    assert_eq!(api.get(both).await.expect(200), json!([]));
    let both = "/customers?email=thea@queen.com&status=INACTIVE,ACTIVE";
    assert_eq!(ids_of(&api.get(both).await.expect(200)).len(), 1);
    api.get("/customers?email=")
        .await
        .expect_error(400, "BadRequestError", "email");
    // A tombstone is not found by its address either, unless asked for.
    api.delete(format!("/customers/{oliver}")).await.expect(204);
    let gone = "/customers?email=oliver%2Btv@queen.com";
    assert_eq!(api.get(gone).await.expect(200), json!([]));
    let asked = format!("{gone}&status=DELETED,ACTIVE");
    let tombs = api.get(asked).await.expect(200);
    assert_eq!(ids_of(&tombs), std::slice::from_ref(&oliver));
}

#[tokio::test]
async fn extra_fields_bring_the_orders() {
    let api = a_box().await.api();
    let spec = service_spec(&api).await;
    let product = json!({ "title": "Base", "status": "ACTTIVE", "serviceSpecs": [spec] });
    let product = id_of(&api.post("/product-specs", product).await.expect(201));
    let offer = json!({ "title": "Monthly", "status": "ACTTIVE", "duration": 1, "period": "MONTH",
                        "type": "ONE_TIME" });
    let offer = api
        .post(format!("/product-specs/{product}/offers"), offer)
        .await
        .expect(201);
    let path = format!("/customers/{}", customer(&api).await);
    let order = json!({ "offer": id_of(&offer) });
    let order = api.post(format!("{path}/orders"), order).await.expect(201);
    customer(&api).await;
    // §2.2: "orders: only with extraFields=orders", "comma-separated, unknown names ignored".
    for query in [
        "extraFields=orders",
        "extraFields=profiles,orders",
        "extraFields=orders,x",
    ] {
        let read = api.get(format!("{path}?{query}")).await.expect(200);
        assert_eq!(read["orders"], json!([order]), "{query}");
        let listed = api.get(format!("/customers?{query}")).await.expect(200);
        assert_eq!(listed[0], read, "{query}");
        assert_eq!(listed[1]["orders"], json!([]), "{query}");
    }
    for query in ["", "?extraFields=", "?extraFields=order"] {
        assert!(
            api.get(format!("{path}{query}"))
                .await
                .expect(200)
                .get("orders")
                .is_none()
        );
        let listed = api.get(format!("/customers{query}")).await.expect(200);
        assert!(listed[0].get("orders").is_none(), "{query}");
    }
}
