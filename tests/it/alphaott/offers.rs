//! How a product is sold: operations 22 and 27 to 31 of reference section 2.0.

use serde_json::{Value, json};

use super::given::{
    self, GOOD_IDS, absent, assert_judges_the_body, assert_removed, bad_ids, merged,
};
use super::{assert_has, id_of, ids_of, is_object_id};
use crate::support::NOW;
use crate::support::fixture::a_shop;

#[tokio::test]
async fn an_offer_is_created_with_every_documented_field() {
    // Reference 2.6, 28: no documented success body; "Return 201 with the offer"
    let shop = a_shop().await;
    let sample: Value = serde_json::from_str(include_str!("../data/alphaott/product-offer.json"))
        .expect("a JSON file");
    let sent = merged(sample, json!({"productSpec": shop.product}));
    let made = shop
        .api
        .post(shop.of_product("offers"), sent.clone())
        .await
        .expect(201);
    assert_has(&made, &sent);
    let path = shop.of_product(&format!("offers/{}", id_of(&made)));
    assert_eq!(shop.api.get(path).await.expect(200), made);
    let all = shop.api.get(shop.of_product("offers")).await.expect(200);
    assert_eq!(ids_of(&all), [shop.offer.clone(), id_of(&made)]);
}

#[tokio::test]
async fn nothing_is_required_of_an_offer() {
    let shop = a_shop().await;
    let path = shop.of_product("offers");
    let empty = shop.api.send("POST", &path, None, &[]).await.expect(201);
    let braces = shop.api.post(&path, json!({})).await.expect(201);
    for made in [empty, braces] {
        assert!(is_object_id(&id_of(&made)), "{made}");
        assert_eq!(made["productSpec"], shop.product);
        assert_eq!(made["title"], "");
        assert_eq!(made["status"], "ACTTIVE");
        assert_eq!(made["created"], NOW);
        assert_eq!(made["externalRefs"], json!([]));
        assert!(absent(&made, "expires"));
    }
}

#[tokio::test]
async fn offer_statuses_and_their_filter_differ_in_spelling() {
    // Reference 1.6: "offer *filter* enum is `ACTIVE`/`INACTIVE` while offer *entity* enum is
    // `ACTTIVE`/`INACTIVE`": "`status=ACTIVE` must match stored `ACTTIVE`; accept `ACTTIVE` too"
    let shop = a_shop().await;
    let offer = |id: &'static str, status| json!({"_id": id, "status": status});
    let on = given::offer(&shop.api, &shop.product, offer("on", "ACTIVE")).await;
    assert_eq!(on["status"], "ACTTIVE");
    let too = given::offer(&shop.api, &shop.product, offer("too", "ACTTIVE")).await;
    assert_eq!(too["status"], "ACTTIVE");
    let off = given::offer(&shop.api, &shop.product, offer("off", "INACTIVE")).await;
    assert_eq!(off["status"], "INACTIVE");

    let of_customer = shop.of_customer(&format!("product-specs/{}/offers", shop.product));
    let first = shop.offer.as_str();
    for (query, expected) in [
        ("?status=ACTIVE", vec![first, "on", "too"]),
        ("?status=ACTTIVE", vec![first, "on", "too"]),
        ("?status=INACTIVE", vec!["off"]),
        // Reference 1.4: no paging here, so these are unknown parameters
        ("?limit=0&offset=-1", vec![first, "on", "too", "off"]),
        ("", vec![first, "on", "too", "off"]),
    ] {
        let path = shop.of_product(&format!("offers{query}"));
        assert_eq!(
            ids_of(&shop.api.get(path).await.expect(200)),
            expected,
            "{query}"
        );
    }
    for (query, expected) in [
        ("?status=ACTIVE", vec![first, "on", "too"]),
        // What is available for the customer is what can be ordered.
        ("", vec![first, "on", "too"]),
    ] {
        let path = format!("{of_customer}{query}");
        assert_eq!(
            ids_of(&shop.api.get(path).await.expect(200)),
            expected,
            "{query}"
        );
    }
    for query in [
        "status=EXPIRED",
        "status=",
        "status=ACTIVE,INACTIVE",
        "status=ACTIVE&status=ACTIVE",
    ] {
        for list in [&shop.of_product("offers"), &of_customer] {
            let answer = shop.api.get(format!("{list}?{query}")).await;
            answer.expect_error(400, "BadRequestError", "status");
        }
    }
}

#[tokio::test]
async fn an_offer_lives_under_its_own_product() {
    let shop = a_shop().await;
    let other = id_of(&given::product(&shop.api, json!({})).await);
    let offer = &shop.offer;
    for path in [
        "/product-specs/nothing/offers".to_owned(),
        format!("/product-specs/nothing/offers/{offer}"),
        format!("/product-specs/{other}/offers/{offer}"),
        shop.of_product("offers/nothing"),
        shop.of_customer("product-specs/nothing/offers"),
        format!("/customers/nothing/product-specs/{}/offers", shop.product),
    ] {
        shop.api
            .get(path)
            .await
            .expect_error(404, "NotFoundError", "");
    }
    let foreign = format!("/product-specs/{other}/offers/{offer}");
    let changed = shop.api.put(&foreign, json!({"title": "A"})).await;
    changed.expect_error(404, "NotFoundError", "");
    shop.api
        .delete(&foreign)
        .await
        .expect_error(404, "NotFoundError", "");
    // The parent is looked for before the body is judged.
    let parent = shop
        .api
        .post("/product-specs/nothing/offers", json!({"type": 1}))
        .await;
    parent.expect_error(404, "NotFoundError", "");
    let empty = shop
        .api
        .get(format!("/product-specs/{other}/offers"))
        .await
        .expect(200);
    assert_eq!(empty, json!([]));
}

#[tokio::test]
async fn the_product_in_the_body_must_be_the_product_in_the_path() {
    // Reference 2.6, 28: "must equal the path's when both are given"
    let shop = a_shop().await;
    let other = id_of(&given::product(&shop.api, json!({})).await);
    let path = shop.of_product("offers");
    let offer = shop.of_product(&format!("offers/{}", shop.offer));
    for (wrong, status, code) in [
        (json!(other), 409, "ConflictError"),
        (json!("nothing"), 409, "ConflictError"),
        (json!(5), 400, "BadRequestError"),
    ] {
        for answer in [
            shop.api.post(&path, json!({"productSpec": wrong})).await,
            shop.api.put(&offer, json!({"productSpec": wrong})).await,
        ] {
            answer.expect_error(status, code, "productSpec");
        }
    }
    shop.api
        .post(&path, json!({"productSpec": shop.product}))
        .await
        .expect(201);
    shop.api
        .put(&offer, json!({"productSpec": shop.product}))
        .await
        .expect(200);
}

#[tokio::test]
async fn an_offer_is_refused_by_the_name_of_its_field() {
    let shop = a_shop().await;
    let path = shop.of_product("offers");
    let offer = shop.of_product(&format!("offers/{}", shop.offer));
    let before = shop.api.get(&offer).await.expect(200);
    for (field, value) in [
        ("type", json!("FOREVER")),
        ("type", json!("recurring")),
        ("period", json!("WEEK")),
        ("period", json!(1)),
        ("duration", json!(-1)),
        ("duration", json!("1")),
        ("duration", json!(1201)),
        ("duration", json!(1e300)),
        ("numberOfBillingCycles", json!(-1)),
        ("numberOfBillingCycles", json!(1201)),
        ("numberOfBillingCycles", json!(true)),
        ("status", json!("EXPIRED")),
        ("title", json!("x".repeat(256))),
        ("expires", json!("soon")),
        ("charges", json!({})),
        ("charges[0]", json!(["free"])),
        ("charges[0].amount", json!([{"amount": true}])),
        (
            "charges[0].amount",
            json!([{"amount": "ten", "currency": "USD"}]),
        ),
        (
            "charges[0].amount",
            json!([{"amount": "1.005", "currency": "USD"}]),
        ),
        (
            "charges[1].amount",
            json!([{"amount": 1}, {"amount": 1.5, "currency": "JPY"}]),
        ),
        (
            "charges[0].currency",
            json!([{"amount": 1, "currency": "ZZZ"}]),
        ),
        (
            "charges[0].currency",
            json!([{"amount": 1, "currency": 840}]),
        ),
        ("charges[0].type", json!([{"amount": 1, "type": "WEEKLY"}])),
    ] {
        let key = field.split('[').next().unwrap_or(field);
        let made = shop.api.post(&path, json!({key: value})).await;
        made.expect_error(400, "BadRequestError", field);
        let changed = shop.api.put(&offer, json!({key: value})).await;
        changed.expect_error(400, "BadRequestError", field);
    }
    assert_eq!(shop.api.get(&offer).await.expect(200), before);
    assert_eq!(
        ids_of(&shop.api.get(&path).await.expect(200)),
        [shop.offer.as_str()]
    );
    assert_judges_the_body(&shop.api, "POST", &path).await;
    assert_judges_the_body(&shop.api, "PUT", &offer).await;
}

#[tokio::test]
async fn charges_are_kept_as_they_were_sent() {
    let shop = a_shop().await;
    let charges = concat!(
        r#"[{"type":"RECURRING","amount":9.90,"currency":"USD"},"#,
        r#"{"amount":"0.10","type":"ONE_TIME"},"#,
        r#"{"amount":150,"currency":"USD","type":"RECURRING"},"#,
        r#"{"taxRate":7.5,"amount":"0.05","type":"RECURRING"}]"#
    );
    let body = format!(r#"{{"charges":{charges}}}"#).into_bytes();
    let answer = shop
        .api
        .send("POST", shop.of_product("offers"), Some(body), &[])
        .await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let path = shop.of_product(&format!("offers/{}", id_of(&answer.json())));
    for text in [answer.text, shop.api.get(path).await.text] {
        assert!(text.contains(charges), "{text}");
    }
}

#[tokio::test]
async fn ids_brought_by_a_client_are_kept_and_never_free_again() {
    // Reference section 6, row 14
    let shop = a_shop().await;
    let other = id_of(&given::product(&shop.api, json!({})).await);
    let path = shop.of_product("offers");
    for brought in GOOD_IDS {
        let made = shop
            .api
            .post(&path, json!({"_id": brought}))
            .await
            .expect(201);
        assert_eq!(made["_id"], brought);
        let one = shop.of_product(&format!("offers/{brought}"));
        assert_eq!(shop.api.get(&one).await.expect(200), made);
        for path in [&path, &format!("/product-specs/{other}/offers")] {
            let again = shop.api.post(path, json!({"_id": brought})).await;
            again.expect_error(409, "ConflictError", "");
        }
        assert_removed(&shop.api.delete(&one).await);
        let again = shop.api.post(&path, json!({"_id": brought})).await;
        again.expect_error(409, "ConflictError", "");
    }
    for bad in bad_ids() {
        let answer = shop.api.post(&path, json!({"_id": bad})).await;
        answer.expect_error(400, "BadRequestError", "_id");
    }
}

#[tokio::test]
async fn an_offer_is_updated_by_merging() {
    let shop = a_shop().await;
    let path = shop.of_product(&format!("offers/{}", shop.offer));
    let before = shop.api.get(&path).await.expect(200);
    shop.bx.advance(60).await;
    let body = json!({"_id": "other", "created": "2001-01-01T00:00:00Z", "duration": 3,
                      "status": "ACTIVE", "expires": "2027-01-01T00:00:00Z"});
    let expected = merged(
        before,
        json!({"duration": 3, "expires": "2027-01-01T00:00:00.000Z",
               "updated": "2026-01-31T10:01:00.000Z"}),
    );
    assert_eq!(shop.api.patch(&path, body).await.expect(200), expected);
    assert_eq!(shop.api.get(&path).await.expect(200), expected);

    let clear = json!({"title": null, "expires": null});
    let cleared = shop.api.put(&path, clear).await.expect(200);
    assert_eq!(cleared["title"], "");
    assert!(absent(&cleared, "expires"));
    let nothing = json!({"status": null, "type": null, "period": null, "duration": null,
                         "numberOfBillingCycles": null, "charges": null, "externalRefs": null});
    assert_eq!(shop.api.put(&path, nothing).await.expect(200), cleared);
    shop.api.send("PUT", &path, None, &[]).await.expect(200);
}

#[tokio::test]
async fn numbers_are_numbers_and_not_only_integers() {
    // Reference 1.6: "accept integers >= 0; reject nothing fractional for `number`"
    let shop = a_shop().await;
    for duration in [json!(0), json!(1), json!(1.5), json!(1200)] {
        let made = given::offer(&shop.api, &shop.product, json!({"duration": duration})).await;
        assert_eq!(made["duration"], duration);
    }
}

#[tokio::test]
async fn a_removed_offer_is_gone_but_its_orders_stay() {
    let shop = a_shop().await;
    let order = shop.place(json!({})).await;
    let path = shop.of_product(&format!("offers/{}", shop.offer));
    assert_removed(&shop.api.delete(&path).await);
    for answer in [
        shop.api.get(&path).await,
        shop.api.put(&path, json!({"title": "A"})).await,
        shop.api.delete(&path).await,
    ] {
        answer.expect_error(404, "NotFoundError", "");
    }
    assert_eq!(
        shop.api.get(shop.of_product("offers")).await.expect(200),
        json!([])
    );
    assert_eq!(shop.order(&order).await["offer"], shop.offer);
    let again = shop
        .api
        .post(shop.of_customer("orders"), json!({"offer": shop.offer}))
        .await;
    again.expect_error(404, "NotFoundError", "product offer");
}
