//! The way of a customer who pays: operations 39 and 40 of reference section 2.0.

use serde_json::{Value, json};

use super::given::{self, Shop, absent, assert_judges_the_body};
use super::id_of;
use crate::support::NOW;
use crate::support::fixture::a_shop;

const BACK: &str = "https://tv.example/back";

async fn page(shop: &Shop, return_url: &str) -> Value {
    let body = json!({"offerId": shop.offer, "returnUrl": return_url});
    shop.api
        .post(shop.of_customer("orders/hosted-page"), body)
        .await
        .expect(201)
}

/// The query of the redirect, as a browser would bring it back.
fn result(page: &Value, status: &str) -> String {
    let text = |key: &str| page[key].as_str().expect("text").to_owned();
    let (kind, id, order) = (text("type"), text("id"), text("orderId"));
    format!("type={kind}&id={id}&orderId={order}&status={status}")
}

async fn location(shop: &Shop, query: &str) -> String {
    let answer = shop
        .bx
        .anonymous()
        .get(format!("/payments/redirect?{query}"))
        .await;
    assert_eq!(answer.status, 302, "{query}: {}", answer.text);
    answer.headers["location"]
        .to_str()
        .expect("text")
        .to_owned()
}

#[tokio::test]
async fn a_hosted_page_has_an_address_and_an_order_that_waits() {
    // Reference 2.7, 39: "`{id, type, url, orderId?, state, created, expires}`"
    let shop = a_shop().await;
    let page = page(&shop, BACK).await;
    let id = page["id"].as_str().expect("an id");
    assert!(
        id.len() == 20 && id.bytes().all(|b| b.is_ascii_alphanumeric()),
        "{id}"
    );
    assert_eq!(page["type"], "boxoffice");
    assert_eq!(page["state"], "created");
    assert_eq!(page["created"], NOW);
    assert!(
        page["expires"].as_str() > page["created"].as_str(),
        "{page}"
    );
    let url = page["url"].as_str().expect("an address");
    assert!(
        url.starts_with("http") && url.ends_with(&format!("/pay/{id}")),
        "{url}"
    );

    let path = shop.of_customer(&format!(
        "orders/{}",
        page["orderId"].as_str().expect("an id")
    ));
    let order = shop.api.get(path).await.expect(200);
    assert_eq!(order["offer"], shop.offer);
    assert_eq!(order["status"], "INACTIVE");
    assert!(shop.services().await.is_empty());
}

#[tokio::test]
async fn a_hosted_page_needs_an_offer_for_sale() {
    // Reference 2.7, 39: "Treat missing `offerId` as 400"
    let shop = a_shop().await;
    let path = shop.of_customer("orders/hosted-page");
    let off = given::offer(&shop.api, &shop.product, json!({"status": "INACTIVE"})).await;
    let draft = id_of(&given::product(&shop.api, json!({"status": "DRAFT"})).await);
    let draft = given::offer(&shop.api, &draft, json!({})).await;
    for offer in [Value::Null, json!(7), json!([])] {
        let body = json!({"offerId": offer, "returnUrl": BACK});
        let answer = shop.api.post(&path, body).await;
        answer.expect_error(400, "BadRequestError", "offerId");
    }
    for offer in [&off, &draft] {
        let body = json!({"offerId": offer["_id"], "returnUrl": BACK});
        let answer = shop.api.post(&path, body).await;
        answer.expect_error(409, "ConflictError", "offer");
    }
    let without = shop.api.post(&path, json!({"returnUrl": BACK})).await;
    without.expect_error(400, "BadRequestError", "offerId");
    let empty = shop.api.send("POST", &path, None, &[]).await;
    empty.expect_error(400, "BadRequestError", "offerId");
    let body = json!({"offerId": "nothing", "returnUrl": BACK});
    shop.api
        .post(&path, body)
        .await
        .expect_error(404, "NotFoundError", "nothing");
    assert_judges_the_body(&shop.api, "POST", &path).await;
    let orders = shop.api.get(shop.of_customer("orders")).await.expect(200);
    assert_eq!(orders, json!([]), "a refused page leaves no order");
}

#[tokio::test]
async fn a_return_address_must_be_one_of_the_web() {
    let shop = a_shop().await;
    let path = shop.of_customer("orders/hosted-page");
    for bad in [
        "javascript:alert(1)",
        "JavaScript://tv.example/%0aalert(1)",
        " javascript:alert(1)",
        "data:text/html,x",
        "ftp://tv.example/",
        "file:///etc/passwd",
        "//tv.example/back",
        "/back",
        "tv.example",
        "https://",
        "https:///",
        "https://tv.example/\r\nSet-Cookie: a=b",
    ] {
        let body = json!({"offerId": shop.offer, "returnUrl": bad});
        let answer = shop.api.post(&path, body).await;
        answer.expect_error(400, "BadRequestError", "returnUrl");
    }
    let number = shop
        .api
        .post(&path, json!({"offerId": shop.offer, "returnUrl": 7}))
        .await;
    number.expect_error(400, "BadRequestError", "returnUrl");
    for good in [
        "http://127.0.0.1:3000/back",
        "https://tv.example/",
        "HTTPS://tv.example/back",
    ] {
        page(&shop, good).await;
    }
}

#[tokio::test]
async fn a_missing_return_address_falls_back_to_the_setting() {
    // Reference 2.7, 39: "missing `returnUrl` falls back to configuration"; without it the
    // browser stays on the page, which says how it ended.
    let shop = a_shop().await;
    let path = shop.of_customer("orders/hosted-page");
    for body in [
        json!({"offerId": shop.offer}),
        json!({"offerId": shop.offer, "returnUrl": null}),
    ] {
        let page = shop.api.post(&path, body).await.expect(201);
        let query = result(&page, "succeded");
        let code = page["id"].as_str().expect("a code");
        let expected = shop.bx.url(&format!("/pay/{code}"));
        assert_eq!(location(&shop, &query).await, expected);
    }
    let shop = a_shop()
        .set(|config| config.alphaott.return_url = format!("{BACK}?from=box"))
        .await;
    let path = shop.of_customer("orders/hosted-page");
    let page = shop
        .api
        .post(&path, json!({"offerId": shop.offer}))
        .await
        .expect(201);
    let query = result(&page, "succeded");
    assert_eq!(
        location(&shop, &query).await,
        format!("{BACK}?from=box&{query}")
    );
}

#[tokio::test]
async fn the_browser_is_sent_back_with_the_result_appended() {
    // Reference 2.7, 40: "302 to the remembered `returnUrl` of hosted page `id`, with
    // `type,id,orderId,status` appended"
    let shop = a_shop().await;
    for (url, expected) in [
        ("https://tv.example/back", "https://tv.example/back?{}"),
        (
            "https://tv.example/back?a=1&b=x%20y",
            "https://tv.example/back?a=1&b=x%20y&{}",
        ),
        (
            "https://tv.example/back?a=1#top",
            "https://tv.example/back?a=1&{}#top",
        ),
        (
            "https://tv.example/app/#/done?x=1",
            "https://tv.example/app/?{}#/done?x=1",
        ),
        ("http://127.0.0.1:3000/", "http://127.0.0.1:3000/?{}"),
    ] {
        let query = result(&page(&shop, url).await, "processing");
        assert_eq!(
            location(&shop, &query).await,
            expected.replace("{}", &query),
            "{url}"
        );
    }
}

#[tokio::test]
async fn every_spelling_of_success_is_emitted_as_succeded() {
    // Reference 1.6: "Accept `succeded`, `succeeded`, `success` as one value"; section 6, row 8:
    // "emit `succeded`"
    let shop = a_shop().await;
    let page = page(&shop, BACK).await;
    for (sent, emitted) in [
        ("succeded", "succeded"),
        ("succeeded", "succeded"),
        ("success", "succeded"),
        ("processing", "processing"),
        ("failed", "failed"),
    ] {
        let back = location(&shop, &result(&page, sent)).await;
        assert_eq!(back, format!("{BACK}?{}", result(&page, emitted)));
    }
}

#[tokio::test]
async fn the_order_id_is_not_required() {
    let shop = a_shop().await;
    let page = page(&shop, BACK).await;
    let id = page["id"].as_str().expect("an id");
    let query = format!("status=failed&id={id}&type=boxoffice");
    let back = location(&shop, &query).await;
    let without = format!("{BACK}?type=boxoffice&id={id}&status=failed");
    let with = format!("{BACK}?{}", result(&page, "failed"));
    assert!(back == without || back == with, "{back}");
}

#[tokio::test]
async fn a_result_is_refused_by_the_name_of_its_parameter() {
    // Reference 2.7, 40: "Missing/invalid parameter -> 400; unknown id -> 404"
    let shop = a_shop().await;
    let page = page(&shop, BACK).await;
    let id = page["id"].as_str().expect("an id");
    let nobody = shop.bx.anonymous();
    let other_case = id.chars().map(|c| match c {
        'a'..='z' => c.to_ascii_uppercase(),
        _ => c.to_ascii_lowercase(),
    });
    let other_case: String = other_case.collect();
    for (query, status, code, named) in [
        (
            format!("id={id}&status=failed"),
            400,
            "BadRequestError",
            "type",
        ),
        (
            "type=boxoffice&status=failed".to_owned(),
            400,
            "BadRequestError",
            "id",
        ),
        (
            format!("type=boxoffice&id={id}"),
            400,
            "BadRequestError",
            "status",
        ),
        (
            format!("type=boxoffice&id={id}&status="),
            400,
            "BadRequestError",
            "status",
        ),
        (
            format!("type=boxoffice&id={id}&status=paid"),
            400,
            "BadRequestError",
            "status",
        ),
        (
            format!("type=boxoffice&id={id}&status=SUCCESS"),
            400,
            "BadRequestError",
            "status",
        ),
        (
            format!("type=boxoffice&id={id}&id={id}&status=failed"),
            400,
            "BadRequestError",
            "id",
        ),
        (
            "type=boxoffice&id=nothing&status=paid".to_owned(),
            400,
            "BadRequestError",
            "status",
        ),
        (
            "type=boxoffice&id=nothing&status=failed".to_owned(),
            404,
            "NotFoundError",
            "nothing",
        ),
        (
            format!("type=boxoffice&id={other_case}&status=failed"),
            404,
            "NotFoundError",
            "",
        ),
        (
            format!("type=chargebee-01&id={id}&status=failed"),
            404,
            "NotFoundError",
            "",
        ),
    ] {
        let answer = nobody.get(format!("/payments/redirect?{query}")).await;
        assert!(!answer.headers.contains_key("location"), "{query}");
        answer.expect_error(status, code, named);
    }
    let posted = nobody.post("/payments/redirect", json!({})).await;
    posted.expect_error(405, "MethodNotAllowedError", "POST is not allowed");
}

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_was_not_stored() {
    let shop = a_shop().await;
    let page = page(&shop, BACK).await;
    let id = page["id"].as_str().expect("an id");
    let hostile = format!(
        "type=boxoffice&id={id}&status=failed&returnUrl=https://evil.example/\
         &orderId=a%26status%3Dsucceded%0d%0aX-Evil:%201%23x"
    );
    let answer = shop
        .bx
        .anonymous()
        .get(format!("/payments/redirect?{hostile}"))
        .await;
    assert!(answer.headers.get("x-evil").is_none());
    if answer.status == 302 {
        let back = answer.headers["location"].to_str().expect("text");
        assert!(
            back.starts_with(&format!("{BACK}?type=boxoffice&id={id}&")),
            "{back}"
        );
        assert!(
            !back.contains("evil.example") && !back.contains('#'),
            "{back}"
        );
        assert!(!back.contains("&status=succeded"), "{back}");
    } else {
        assert!([400, 404].contains(&answer.status), "{}", answer.text);
    }
}

#[tokio::test]
async fn coming_back_is_public_and_proves_no_payment() {
    // Reference 2.7, 40: "The redirect is not proof of payment"
    let shop = a_shop().await;
    let page = page(&shop, BACK).await;
    let path = format!("/payments/redirect?{}", result(&page, "succeded"));
    for header in ["JWT not.a.token", "Bearer x", ""] {
        assert_eq!(
            shop.bx.with_header(header).get(&path).await.status,
            302,
            "{header}"
        );
    }
    assert_eq!(shop.api.get(&path).await.status, 302);

    let order = shop.of_customer(&format!(
        "orders/{}",
        page["orderId"].as_str().expect("an id")
    ));
    let order = shop.api.get(order).await.expect(200);
    assert_eq!(order["status"], "INACTIVE");
    assert!(absent(&order, "createCustomerServices"));
    assert!(shop.services().await.is_empty());
    let money = shop
        .api
        .get(shop.of_customer("transactions"))
        .await
        .expect(200);
    assert_eq!(money, json!([]));
}
