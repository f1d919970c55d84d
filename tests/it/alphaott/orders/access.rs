//! Whose an order is, and what a request is judged by before its body.

use serde_json::json;

use crate::alphaott::given::assert_removed;
use crate::alphaott::{customer, id_of};
use crate::support::fixture::a_shop;

#[tokio::test]
async fn an_order_belongs_to_its_customer() {
    let shop = a_shop().await;
    let order = id_of(&shop.place(json!({})).await);
    let other = customer(&shop.api).await;
    for path in [
        format!("/customers/{other}/orders/{order}"),
        format!("/customers/nobody/orders/{order}"),
        shop.of_customer("orders/nothing"),
    ] {
        shop.api
            .get(&path)
            .await
            .expect_error(404, "NotFoundError", "");
        let changed = shop.api.put(&path, json!({"status": "CANCELED"})).await;
        changed.expect_error(404, "NotFoundError", "");
        shop.api
            .delete(&path)
            .await
            .expect_error(404, "NotFoundError", "");
    }
    let path = shop.of_customer(&format!("orders/{order}"));
    assert_eq!(shop.api.get(&path).await.expect(200)["status"], "ACTTIVE");
}

const OF_A_CUSTOMER: [(&str, &str); 8] = [
    ("GET", "product-specs"),
    ("GET", "product-specs/{product}/offers"),
    ("GET", "orders"),
    ("POST", "orders"),
    ("GET", "orders/some"),
    ("GET", "transactions"),
    ("GET", "account/balance"),
    ("POST", "orders/hosted-page"),
];

#[tokio::test]
async fn an_unknown_customer_is_not_found_before_the_body_is_judged() {
    let shop = a_shop().await;
    for (method, rest) in OF_A_CUSTOMER {
        let path = format!(
            "/customers/nobody/{}",
            rest.replace("{product}", &shop.product)
        );
        let body = (method == "POST").then(|| b"{\"offer\":1".to_vec());
        let answer = shop.api.send(method, path, body, &[]).await;
        answer.expect_error(404, "NotFoundError", "");
    }
    // The query is judged before the customer is looked for.
    let query = shop.api.get("/customers/nobody/orders?limit=0").await;
    query.expect_error(400, "BadRequestError", "limit");

    // A removed customer can no longer order.
    assert_removed(
        &shop
            .api
            .delete(format!("/customers/{}", shop.customer))
            .await,
    );
    for (path, body) in [
        ("orders", json!({"offer": shop.offer})),
        (
            "orders/hosted-page",
            json!({"offerId": shop.offer, "returnUrl": "https://tv.example/"}),
        ),
    ] {
        let answer = shop.api.post(shop.of_customer(path), body).await;
        answer.expect_error(404, "NotFoundError", "");
    }
}

#[tokio::test]
async fn a_token_and_its_rights_come_first() {
    // Reference 2: "All operations except 1, 2 and 40 carry security `JWT`"
    let shop = a_shop().await;
    let order = id_of(&shop.place(json!({})).await);
    let nobody = shop.bx.anonymous();
    let auditor = shop.bx.client_of("auditor").await;
    let one = format!("orders/{order}");
    let more = [
        ("PUT", one.as_str()),
        ("PATCH", one.as_str()),
        ("DELETE", one.as_str()),
    ];
    for (method, rest) in OF_A_CUSTOMER.into_iter().chain(more) {
        let path = shop.of_customer(&rest.replace("{product}", &shop.product));
        let body = || method.starts_with('P').then(|| b"{\"status\":1".to_vec());
        let answer = nobody.send(method, &path, body(), &[]).await;
        answer.expect_error(401, "UnauthorizedError", "Authorization required");
        let answer = auditor.send(method, &path, body(), &[]).await;
        if method == "GET" {
            assert!([200, 404].contains(&answer.status), "{method} {path}");
        } else {
            answer.expect_error(403, "ForbiddenError", "");
        }
    }
    let answer = shop.api.delete(shop.of_customer("orders")).await;
    let allow = answer.headers["allow"].to_str().expect("text").to_owned();
    assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");
    answer.expect_error(405, "MethodNotAllowedError", "DELETE is not allowed");
}
