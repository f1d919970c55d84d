//! Placing an order: terms, documented fields, and what is refused by the name of its field.

use serde_json::{Value, json};

use crate::alphaott::given::{
    self, GOOD_IDS, assert_judges_the_body, assert_removed, bad_ids, merged,
};
use crate::alphaott::{assert_has, customer, id_of, is_object_id};
use crate::support::fixture::a_shop;

#[tokio::test]
async fn an_order_takes_its_terms_from_its_offer() {
    // Reference 2.7, 33: "Missing `duration`, `period`, `type`, `numberOfBillingCycles` are taken
    // from the offer; `customer` from the path; `created` now; `status` `ACTTIVE`"
    let shop = a_shop().await;
    let terms = json!({"type": "RECURRING", "duration": 3, "period": "MONTH",
                       "numberOfBillingCycles": 12});
    let offer = id_of(&given::offer(&shop.api, &shop.product, terms.clone()).await);
    let body = json!({"offer": offer});
    let made = shop
        .api
        .post(shop.of_customer("orders"), body)
        .await
        .expect(201);
    let expected = merged(
        terms,
        json!({"status": "ACTTIVE", "offer": offer, "customer": shop.customer,
               "created": "2026-01-31T10:00:00.000Z", "expires": "2026-04-30T10:00:00.000Z",
               "nextBillingCycle": "2026-04-30T10:00:00.000Z", "externalRefs": []}),
    );
    assert_has(&made, &expected);
    assert!(is_object_id(&id_of(&made)), "{made}");
    assert_eq!(shop.order(&made).await, made);
    let all = shop.api.get(shop.of_customer("orders")).await.expect(200);
    assert_eq!(all, json!([made]));
}

#[tokio::test]
async fn an_order_is_created_with_every_documented_field() {
    // Reference section 6, row 15: `created` "accept on create (imports)"; the term counts from it
    let shop = a_shop().await;
    let sample: Value =
        serde_json::from_str(include_str!("../../data/alphaott/order.json")).expect("a JSON file");
    let sent = merged(
        sample,
        json!({"offer": shop.offer, "customer": shop.customer}),
    );
    let made = shop.place(sent.clone()).await;
    let mut shown = sent;
    let flag = shown
        .as_object_mut()
        .and_then(|order| order.remove("createCustomerServices"));
    assert_eq!(flag, Some(json!(false)));
    assert_has(&made, &shown);
    assert_eq!(made["expires"], "2026-02-15T08:00:00.000Z");
    assert_eq!(shop.order(&made).await, made);
}

#[tokio::test]
async fn null_on_create_is_absence() {
    let shop = a_shop().await;
    let made = shop
        .place(
            json!({"_id": null, "duration": null, "period": null, "type": null,
                      "status": null, "created": null, "createCustomerServices": null}),
        )
        .await;
    assert_eq!(made["status"], "ACTTIVE");
    assert_eq!(made["expires"], "2026-02-28T10:00:00.000Z");
    assert_eq!(shop.services().await, Vec::<Value>::new());
}

#[tokio::test]
async fn order_statuses_are_spelt_as_the_vendor_spells_them() {
    // Reference 1.6: `ACTTIVE` with two Ts, `CANCELED` with one L
    let shop = a_shop().await;
    let order = shop.place(json!({})).await;
    for (sent, shown) in [
        ("ACTIVE", "ACTTIVE"),
        ("ACTTIVE", "ACTTIVE"),
        ("INACTIVE", "INACTIVE"),
        ("CANCELED", "CANCELED"),
        ("EXPIRED", "EXPIRED"),
    ] {
        assert_eq!(shop.place(json!({"status": sent})).await["status"], shown);
        assert_eq!(
            shop.change(&order, json!({"status": sent})).await["status"],
            shown
        );
        assert_eq!(shop.order(&order).await["status"], shown);
    }
    let path = shop.of_customer("orders");
    let two = shop
        .api
        .post(path, json!({"offer": shop.offer, "status": "CANCELLED"}))
        .await;
    two.expect_error(400, "BadRequestError", "status");
}

#[tokio::test]
async fn an_order_is_refused_by_the_name_of_its_field() {
    let shop = a_shop().await;
    let path = shop.of_customer("orders");
    for (field, value) in [
        ("offer", json!(null)),
        ("offer", json!(7)),
        ("duration", json!(-1)),
        ("duration", json!("1")),
        ("duration", json!(1201)),
        ("period", json!("WEEK")),
        ("type", json!("ONCE")),
        ("status", json!("acttive")),
        ("numberOfBillingCycles", json!(-1)),
        // Reference 1.6: "order's `numberOfBillingCycles` typed `integer`"
        ("numberOfBillingCycles", json!(1.5)),
        ("created", json!("yesterday")),
        ("externalRefs[0]", json!([1])),
    ] {
        let key = field.split('[').next().unwrap_or(field);
        let body = json!({"offer": shop.offer, key: value});
        shop.api
            .post(&path, body)
            .await
            .expect_error(400, "BadRequestError", field);
    }
    let without = shop.api.send("POST", &path, None, &[]).await;
    without.expect_error(400, "BadRequestError", "offer");
    let unknown = shop.api.post(&path, json!({"offer": "nope"})).await;
    unknown.expect_error(404, "NotFoundError", "product offer nope not found");
    assert_judges_the_body(&shop.api, "POST", &path).await;
    assert_eq!(shop.api.get(&path).await.expect(200), json!([]));
}

#[tokio::test]
async fn only_what_is_for_sale_can_be_ordered() {
    // Reference 5.3: ProductSpec: "only ACTTIVE is offered"; ProductOffer: "only ACTTIVE can be
    // ordered"
    let shop = a_shop().await;
    let path = shop.of_customer("orders");
    let soon = json!({"expires": "2026-01-31T10:30:00Z"});
    let mut unsold = vec![id_of(
        &given::offer(&shop.api, &shop.product, json!({"status": "INACTIVE"})).await,
    )];
    for status in ["INACTIVE", "EXPIRED", "DRAFT"] {
        let product = id_of(&given::product(&shop.api, json!({"status": status})).await);
        unsold.push(id_of(&given::offer(&shop.api, &product, json!({})).await));
    }
    let short = id_of(&given::product(&shop.api, soon.clone()).await);
    unsold.push(id_of(&given::offer(&shop.api, &short, json!({})).await));
    unsold.push(id_of(&given::offer(&shop.api, &shop.product, soon).await));
    shop.bx.advance(3600).await;
    for offer in unsold {
        let answer = shop.api.post(&path, json!({"offer": offer})).await;
        answer.expect_error(409, "ConflictError", "offer");
    }
    shop.place(json!({})).await;
}

#[tokio::test]
async fn ids_brought_by_a_client_are_kept_and_never_free_again() {
    // Reference 1.3: "external order ids 32 alphanumerics"; section 6, row 14: "409 on clash"
    let shop = a_shop().await;
    let others = format!("/customers/{}/orders", customer(&shop.api).await);
    let path = shop.of_customer("orders");
    let body = |brought: &str| json!({"_id": brought, "offer": shop.offer});
    for brought in GOOD_IDS
        .into_iter()
        .chain(["4qiN5QfYPN8U48nSMRX3FMgJJbJ28HFH"])
    {
        let made = shop.place(json!({"_id": brought})).await;
        assert_eq!(made["_id"], brought);
        assert_eq!(shop.order(&made).await, made);
        let one = shop.of_customer(&format!("orders/{brought}"));
        shop.api
            .post(&path, body(brought))
            .await
            .expect_error(409, "ConflictError", "");
        shop.api
            .post(&others, body(brought))
            .await
            .expect_error(409, "ConflictError", "");
        assert_removed(&shop.api.delete(one).await);
        shop.api
            .post(&path, body(brought))
            .await
            .expect_error(409, "ConflictError", "");
    }
    for bad in bad_ids() {
        let answer = shop
            .api
            .post(&path, json!({"_id": bad, "offer": shop.offer}))
            .await;
        answer.expect_error(400, "BadRequestError", "_id");
    }
    assert_eq!(shop.api.get(&others).await.expect(200), json!([]));
}
