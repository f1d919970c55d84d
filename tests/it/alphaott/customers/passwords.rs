//! Passwords are changed, reset and never told.

use serde_json::json;

use super::PASSWORD_CHANGED;
use crate::alphaott::customer;
use crate::support::fixture::a_box;

#[tokio::test]
async fn a_password_is_changed_and_never_told() {
    let api = a_box().await.api();
    let path = format!("/customers/{}", customer(&api).await);
    let changed = json!({ "message": PASSWORD_CHANGED });
    for method in ["PUT", "PATCH"] {
        let body = json!({ "password": "Wt7-long-enough", "extra": 1 });
        let answer = api
            .send_json(method, format!("{path}/password"), body)
            .await;
        assert_eq!(answer.expect(200), changed);
    }
    let read = api.get(&path).await;
    assert!(
        !read.text.contains("Wt7") && !read.text.contains("argon"),
        "{}",
        read.told()
    );
    assert!(read.expect(200).get("password").is_none());
}

#[tokio::test]
async fn a_password_is_required() {
    let api = a_box().await.api();
    let path = format!("/customers/{}/password", customer(&api).await);
    // §2.2: "Missing/empty -> 400."
    let empty = api.send("PUT", &path, None, &[]).await;
    assert_eq!(empty.status, 400, "{}", empty.told());
    for body in [
        "{}",
        r#"{"password":""}"#,
        r#"{"password":null}"#,
        r#"{"password":7}"#,
        r#"{"password":["a"]}"#,
        r#"{"password":{}}"#,
        r#"{"Password":"Wt7-long-enough"}"#,
        r#"{"password":"a\u0000b"}"#,
        &format!(r#"{{"password":"{}"}}"#, "é".repeat(65)),
    ] {
        let answer = api.send_text("PUT", &path, body).await;
        answer.expect_error(400, "BadRequestError", "password");
    }
    for password in ["x".to_owned(), "😀".repeat(64)] {
        let body = json!({ "password": password });
        api.put(&path, body).await.expect(200);
    }
}

#[tokio::test]
async fn a_reset_password_has_the_same_answer() {
    let api = a_box().await.api();
    let path = format!("/customers/{}/password/reset", customer(&api).await);
    // §2.2: "no body documented -> the same message body. The new password is not in the response".
    let changed = json!({ "message": PASSWORD_CHANGED });
    assert_eq!(
        api.send("POST", &path, None, &[]).await.expect(200),
        changed
    );
    assert_eq!(api.post(&path, json!({})).await.expect(200), changed);
}
