//! Changing a customer: members that are given, null, and what never changes.

use serde_json::json;

use crate::alphaott::{CUSTOMER_SAMPLE, assert_has, customer, id_of};
use crate::support::fixture::a_box;

#[tokio::test]
async fn put_and_patch_merge() {
    let the_box = a_box().await;
    let api = the_box.api();
    // §2.0: "PATCH is accepted wherever PUT is listed, both with merge semantics."
    for method in ["PUT", "PATCH"] {
        let first = json!({ "firstName": "Oliver", "lastName": "Queen", "phones": ["1", "2"],
                            "address": { "city": "Star City", "zip": "98101" } });
        let made = api.post("/customers", first).await.expect(201);
        let path = format!("/customers/{}", id_of(&made));
        let change = json!({ "lastName": "King", "status": "SUSPENDED_BY_CUSTOMER",
                             "phones": ["3"], "address": { "city": "Lian Yu" } });
        let put = api.send_json(method, &path, &change).await.expect(200);
        // Lists and open objects are taken whole.
        assert_has(&put, &change);
        let mut expected = made.clone();
        for (name, value) in change.as_object().unwrap() {
            expected[name] = value.clone();
        }
        assert_eq!(put, expected);
        assert_eq!(api.get(&path).await.expect(200), put);
        // An empty object changes nothing.
        assert_eq!(
            api.send_json(method, &path, json!({})).await.expect(200),
            put
        );
    }
}

#[tokio::test]
async fn null_in_an_update_clears() {
    let api = a_box().await.api();
    let made = api
        .send_text("POST", "/customers", CUSTOMER_SAMPLE)
        .await
        .expect(201);
    let path = format!("/customers/{}", id_of(&made));
    let cleared = api
        .put(
            &path,
            json!({ "firstName": null, "prefix": null, "activated": null, "email": null,
                    "location": null, "billingAddress": null, "address": null }),
        )
        .await
        .expect(200);
    assert_has(
        &cleared,
        &json!({ "firstName": "", "prefix": "", "lastName": "Queen", "phones": made["phones"],
                 "status": "ACTIVE" }),
    );
    for name in [
        "activated",
        "email",
        "location",
        "billingAddress",
        "address",
    ] {
        assert!(cleared.get(name).is_none(), "{name}: {cleared}");
    }
    // For a word or a list it is nothing said.
    let nothing = json!({ "status": null, "phones": null, "externalRefs": null });
    assert_eq!(api.put(&path, nothing).await.expect(200), cleared);
    assert_eq!(api.get(&path).await.expect(200), cleared);
}

#[tokio::test]
async fn id_and_creation_date_never_change() {
    let the_box = a_box().await;
    let api = the_box.api();
    let made = api.post("/customers", json!({})).await.expect(201);
    let path = format!("/customers/{}", id_of(&made));
    the_box.advance(3600).await;
    // §2.2: "_id, created immutable".
    let change = json!({ "_id": "other", "created": "2017-05-12T14:16:27.134Z" });
    assert_eq!(api.put(&path, change).await.expect(200), made);
}

#[tokio::test]
async fn an_update_needs_a_body_and_a_customer() {
    let api = a_box().await.api();
    let path = format!("/customers/{}", customer(&api).await);
    // §2.2: "body Customer, body required".
    for method in ["PUT", "PATCH"] {
        for body in [None, Some(Vec::new())] {
            let answer = api.send(method, &path, body, &[]).await;
            assert_eq!(answer.status, 400, "{}", answer.told());
        }
    }
    for id in [
        "nope",
        "000000000000000000000000",
        "ffffffffffffffffffffffff",
        "%20",
        "é",
    ] {
        let path = format!("/customers/{id}");
        api.get(&path).await.expect_error(404, "NotFoundError", "");
        api.put(&path, json!({}))
            .await
            .expect_error(404, "NotFoundError", "");
        api.delete(&path)
            .await
            .expect_error(404, "NotFoundError", "");
        let password = json!({ "password": "Wt7-long-enough" });
        let path = format!("{path}/password");
        api.put(&path, password)
            .await
            .expect_error(404, "NotFoundError", "");
        let path = format!("{path}/reset");
        api.post(&path, json!({}))
            .await
            .expect_error(404, "NotFoundError", "");
    }
}
