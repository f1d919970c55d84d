//! A removed customer: the tombstone, what becomes free, and ids that never repeat.

use serde_json::json;

use crate::alphaott::{assert_has, customer, customer_with, id_of, ids_of, service_spec};
use crate::support::fixture::a_box;

#[tokio::test]
async fn a_removed_customer_is_a_tombstone() {
    let api = a_box().await.api();
    let kept = customer(&api).await;
    let gone = customer_with(&api, json!({ "firstName": "Oliver" })).await;
    let path = format!("/customers/{gone}");
    // §2.2: "no documented success body. Soft delete to DELETED, 204".
    let answer = api.delete(&path).await;
    assert_eq!(answer.text, "");
    answer.expect(204);
    api.get(&path)
        .await
        .expect_error(404, "NotFoundError", &gone);
    // §5.3: "Unfiltered lists leave out DELETED; status=DELETED shows them".
    assert_eq!(
        ids_of(&api.get("/customers").await.expect(200)),
        std::slice::from_ref(&kept)
    );
    let tombs = api.get("/customers?status=DELETED").await.expect(200);
    assert_eq!(ids_of(&tombs), std::slice::from_ref(&gone));
    assert_has(
        &tombs[0],
        &json!({ "status": "DELETED", "firstName": "Oliver" }),
    );
    let both = api
        .get("/customers?status=DELETED,ACTIVE")
        .await
        .expect(200);
    assert_eq!(ids_of(&both), [kept, gone]);
}

#[tokio::test]
async fn however_a_customer_goes_all_that_was_theirs_is_free() {
    let api = a_box().await.api();
    let body = json!({ "email": "oliver@queen.com", "login": "oliver" });
    let stb = json!({ "type": "STB", "mac": "00:1A:79:00:39:5E" });
    for method in ["PUT", "DELETE", "PATCH"] {
        let path = format!("/customers/{}", customer_with(&api, body.clone()).await);
        api.post(format!("{path}/devices"), &stb).await.expect(201);
        let other = format!("/customers/{}/devices", customer(&api).await);
        api.post(other, &stb)
            .await
            .expect_error(409, "ConflictError", "mac");
        if method == "DELETE" {
            api.delete(&path).await.expect(204);
        } else {
            let gone = json!({ "status": "DELETED" });
            let told = api.send_json(method, &path, gone).await.expect(200);
            assert_eq!(told["status"], "DELETED");
        }
        api.get(&path).await.expect_error(404, "NotFoundError", "");
    }
    customer_with(&api, body).await;
}

#[tokio::test]
async fn nothing_is_read_or_written_below_a_tombstone() {
    let api = a_box().await.api();
    let spec = service_spec(&api).await;
    let gone = customer(&api).await;
    let path = format!("/customers/{gone}");
    let device = api
        .post(format!("{path}/devices"), json!({}))
        .await
        .expect(201);
    let device = format!("{path}/devices/{}", id_of(&device[0]));
    let service = api
        .post(
            format!("{path}/services"),
            json!({ "serviceSpec": spec.as_str() }),
        )
        .await
        .expect(201);
    let service = format!("{path}/services/{}", id_of(&service[0]));
    api.delete(&path).await.expect(204);
    for path in [
        path.clone(),
        device.clone(),
        service.clone(),
        format!("{path}/devices"),
        format!("{path}/services"),
        format!("{path}/orders"),
        format!("{path}/product-specs"),
        format!("{path}/transactions"),
        format!("{path}/account/balance"),
    ] {
        api.get(path).await.expect_error(404, "NotFoundError", "");
    }
    let password = json!({ "password": "Wt7-long-enough" });
    for (method, path, body) in [
        ("DELETE", path.clone(), json!({})),
        ("PUT", path.clone(), json!({ "status": "ACTIVE" })),
        ("PATCH", path.clone(), json!({ "firstName": "Oliver" })),
        ("PUT", format!("{path}/password"), password),
        ("POST", format!("{path}/password/reset"), json!({})),
        ("POST", format!("{path}/devices"), json!({})),
        ("PUT", device.clone(), json!({ "status": "STOCK" })),
        ("DELETE", device, json!({})),
        ("DELETE", service, json!({})),
        (
            "POST",
            format!("{path}/services"),
            json!({ "serviceSpec": spec }),
        ),
    ] {
        let answer = api.send_json(method, path, body).await;
        answer.expect_error(404, "NotFoundError", "");
    }
    let tombs = api.get("/customers?status=DELETED").await.expect(200);
    assert_eq!(ids_of(&tombs), [gone]);
    assert_eq!(tombs[0]["firstName"], "");
}

#[tokio::test]
async fn ids_never_repeat() {
    let api = a_box().await.api();
    let mut seen = Vec::new();
    for _ in 0..5 {
        let id = customer(&api).await;
        api.delete(format!("/customers/{id}")).await.expect(204);
        assert!(!seen.contains(&id));
        seen.push(id);
    }
    assert!(seen.is_sorted(), "{seen:?}");
}
