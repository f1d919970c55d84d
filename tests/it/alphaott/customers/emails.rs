//! An e-mail address is one customer's, whatever its case, until it is free again.

use serde_json::json;

use crate::alphaott::{customer, customer_with, id_of, ids_of};
use crate::support::fixture::a_box;

#[tokio::test]
async fn an_email_is_kept_as_given_and_unique_whatever_its_case() {
    let api = a_box().await.api();
    // §2.2: "Duplicate email in one provider -> 409."
    let made = api
        .post("/customers", json!({ "email": "Oliver@Queen.com" }))
        .await
        .expect(201);
    assert_eq!(made["email"], "Oliver@Queen.com");
    let clash = json!({ "email": "oLIVER@qUEEN.COM" });
    api.post("/customers", &clash)
        .await
        .expect_error(409, "ConflictError", "");
    let other = format!("/customers/{}", customer(&api).await);
    api.put(&other, &clash)
        .await
        .expect_error(409, "ConflictError", "");
    assert!(api.get(&other).await.expect(200).get("email").is_none());
    // One's own address in another case is no clash.
    let own = format!("/customers/{}", id_of(&made));
    assert_eq!(
        api.put(own, &clash).await.expect(200)["email"],
        "oLIVER@qUEEN.COM"
    );
}

#[tokio::test]
async fn an_email_is_free_again_when_cleared_or_its_customer_deleted() {
    let api = a_box().await.api();
    let body = json!({ "email": "oliver@queen.com", "login": "oliver" });
    let first = customer_with(&api, body.clone()).await;
    api.delete(format!("/customers/{first}")).await.expect(204);
    let second = customer_with(&api, body.clone()).await;
    assert_ne!(first, second);
    let freed = json!({ "email": null, "login": null });
    api.put(format!("/customers/{second}"), freed)
        .await
        .expect(200);
    let third = customer_with(&api, body.clone()).await;
    // Nothing between the quotes is none, of which many may be.
    let none = json!({ "email": "", "login": "", "accountNumber": "" });
    let path = format!("/customers/{third}");
    for made in [
        api.put(&path, &none).await.expect(200),
        api.post("/customers", &none).await.expect(201),
        api.post("/customers", &none).await.expect(201),
    ] {
        for name in ["email", "login", "accountNumber"] {
            assert!(made.get(name).is_none(), "{name}: {made}");
        }
        assert_eq!(made["externalRefs"], json!([]));
    }
    customer_with(&api, body).await;
}

#[tokio::test]
async fn of_many_at_once_one_gets_the_email() {
    let api = a_box().await.api();
    let post = || api.post("/customers", json!({ "email": "a@b.c" }));
    let answers = tokio::join!(post(), post(), post(), post(), post(), post());
    let answers = [
        answers.0, answers.1, answers.2, answers.3, answers.4, answers.5,
    ];
    let mut statuses = answers.map(|answer| answer.status);
    statuses.sort_unstable();
    assert_eq!(statuses[0], 201);
    assert!(
        statuses[1..].iter().all(|status| *status == 409),
        "{statuses:?}"
    );
    assert_eq!(ids_of(&api.get("/customers").await.expect(200)).len(), 1);
}

#[tokio::test]
async fn what_is_no_email_is_refused() {
    let api = a_box().await.api();
    let long = |total: usize| format!("{}@queen.com", "o".repeat(total - "@queen.com".len()));
    api.post("/customers", json!({ "email": long(254) }))
        .await
        .expect(201);
    for email in [
        "oliver",
        "@queen.com",
        "oliver@",
        "@",
        "o\u{0}@queen.com",
        &long(255),
    ] {
        let body = json!({ "email": email });
        api.post("/customers", body)
            .await
            .expect_error(400, "BadRequestError", "email");
    }
}
