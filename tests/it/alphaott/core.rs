//! What stands before the resources: operations 1 and 2, paths and methods, the tenant's settings.
//! Reference sections 1.2, 2.0 and 2.1.

use serde_json::json;

use super::{ROUTES, id_of};
use crate::support::fixture::a_box;

#[tokio::test]
async fn version_and_status() {
    let api = a_box().await.api();
    // §2.1: {"version":"1.1.8"} and {"status":"OK"}, nothing else.
    let answer = api.get("/version").await;
    assert!(answer.is_json(), "{:?}", answer.headers);
    let version = answer.expect(200);
    assert_eq!(version.as_object().map(serde_json::Map::len), Some(1));
    assert!(!version["version"].as_str().expect("a version").is_empty());
    assert_eq!(
        api.get("/status").await.expect(200),
        json!({ "status": "OK" })
    );
}

#[tokio::test]
async fn every_path_refuses_every_other_method_and_says_which_it_knows() {
    let the_box = a_box().await;
    // Whether a path knows a method is judged before who asks.
    for client in [the_box.api(), the_box.anonymous()] {
        for (path, known) in ROUTES {
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
                if known.contains(&method) {
                    continue;
                }
                let answer = client.send(method, path, None, &[]).await;
                let allow = answer
                    .headers
                    .get("allow")
                    .and_then(|value| value.to_str().ok());
                let allow: Vec<&str> = allow
                    .unwrap_or_default()
                    .split(',')
                    .map(str::trim)
                    .collect();
                for known in *known {
                    assert!(
                        allow.contains(known),
                        "{known} in {allow:?}: {}",
                        answer.told()
                    );
                }
                assert!(!allow.contains(&method), "{allow:?}: {}", answer.told());
                // §1.2: 405 (+ Allow), `PUT is not allowed`.
                let message = format!("{method} is not allowed");
                assert_eq!(answer.json()["message"], message, "{}", answer.told());
                answer.expect_error(405, "MethodNotAllowedError", &message);
            }
        }
    }
}

#[tokio::test]
async fn what_is_no_path_does_not_exist() {
    let the_box = a_box().await;
    for client in [the_box.api(), the_box.anonymous()] {
        for path in [
            "/nothing",
            "/Customers",
            "/customer",
            "/version/1",
            "/customers/x/nothing",
            "/customers/x/devices/x/x",
            "/customers/x/services/x/x",
            "/customers/x/password/forget",
            "/customers/x/account",
            "/service-specs/x/x",
            "/product-specs/x/offers/x/x",
        ] {
            for method in ["GET", "POST", "DELETE"] {
                let answer = client.send(method, path, None, &[]).await;
                // §1.2: 404 ResourceNotFound, `<path> does not exist`.
                let message = format!("/integration/api{path} does not exist");
                assert_eq!(answer.json()["message"], message, "{}", answer.told());
                answer.expect_error(404, "ResourceNotFound", &message);
            }
        }
    }
}

#[tokio::test]
async fn answers_are_json_and_removals_have_no_body() {
    let api = a_box().await.api();
    let made = api.post("/customers", json!({})).await;
    assert!(made.is_json(), "{:?}", made.headers);
    let path = format!("/customers/{}", id_of(&made.expect(201)));
    for path in [
        path.clone(),
        "/customers".to_owned(),
        "/service-specs".to_owned(),
    ] {
        let answer = api.get(path).await;
        assert!(answer.is_json(), "{:?}", answer.headers);
    }
    let removed = api.delete(path).await;
    assert_eq!((removed.status, removed.text.as_str()), (204, ""));
}

#[tokio::test]
async fn the_prefix_is_a_setting() {
    // §2.0: "Make the prefix configurable."
    let the_box = a_box()
        .set(|config| config.alphaott.prefix = "/ott/v9".to_owned())
        .await;
    let api = the_box.api();
    let answer = api.get(the_box.url("/ott/v9/status")).await;
    assert_eq!(answer.expect(200), json!({ "status": "OK" }));
    let made = api
        .post(the_box.url("/ott/v9/customers"), json!({}))
        .await
        .expect(201);
    let path = the_box.url(&format!("/ott/v9/customers/{}", id_of(&made)));
    assert_eq!(api.get(path).await.expect(200), made);
    assert_eq!(api.get("/status").await.status, 404);
}

#[tokio::test]
async fn the_service_provider_is_a_setting() {
    let the_box = a_box()
        .set(|config| config.alphaott.service_provider = "zaaptv".to_owned())
        .await;
    let claims = crate::support::claims_of(&the_box.token("manager").await);
    assert_eq!(claims["aud"], "zaaptv");
    let made = the_box
        .api()
        .post("/customers", json!({}))
        .await
        .expect(201);
    assert_eq!(made["serviceProvider"], "zaaptv");
}
