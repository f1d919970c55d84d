//! The console's own API: sign-in, sessions, tokens, first set-up.

use boxoffice::app::Ctx;
use boxoffice::domain::staff::Role;
use boxoffice::ops::staff;
use serde_json::{Value, json};

use crate::support::{Answer, TestBox};

const PASSWORD: &str = "correct horse battery";

async fn staffed() -> TestBox {
    let bx = TestBox::start().await;
    let ctx = Ctx::system(bx.app());
    let ada = staff::NewOperator {
        name: "ada".into(),
        role: Role::Owner,
        reseller: None,
        email: None,
        password: PASSWORD.into(),
    };
    let added = staff::add_operator(&ctx, ada).await;
    added.expect("an operator");
    bx
}

async fn sign_in(bx: &TestBox, password: &str) -> Answer {
    let body = json!({"name": "ada", "password": password});
    bx.anonymous()
        .post(bx.url("/console/api/session"), body)
        .await
}

/// The cookie of an answer, as a request sends it.
fn cookie(answer: &Answer) -> String {
    let header = answer.headers["set-cookie"].to_str().expect("plain text");
    header.split(';').next().unwrap_or_default().to_owned()
}

async fn with_cookie(bx: &TestBox, method: &str, path: &str, cookie: &str, safe: bool) -> Answer {
    let mut headers = vec![("cookie", cookie)];
    if safe {
        headers.push(("x-boxoffice", "1"));
    }
    bx.anonymous()
        .send(method, bx.url(path), None, &headers)
        .await
}

#[tokio::test]
async fn a_session_begins_and_ends() {
    let bx = staffed().await;
    let answer = sign_in(&bx, PASSWORD).await;
    assert_eq!(answer.status, 201);
    let set = answer.headers["set-cookie"]
        .to_str()
        .expect("plain text")
        .to_owned();
    assert!(
        set.contains("HttpOnly") && set.contains("SameSite=Strict"),
        "{set}"
    );
    let cookie = cookie(&answer);
    let who = with_cookie(&bx, "GET", "/console/api/session", &cookie, false).await;
    assert_eq!(who.expect(200), json!({"name": "ada", "role": "owner"}));
    // A page elsewhere cannot send our header.
    let foreign = with_cookie(&bx, "DELETE", "/console/api/session", &cookie, false).await;
    assert_eq!(foreign.status, 403);
    let out = with_cookie(&bx, "DELETE", "/console/api/session", &cookie, true).await;
    assert_eq!(out.status, 204);
    let gone = with_cookie(&bx, "GET", "/console/api/session", &cookie, false).await;
    assert_eq!(gone.status, 401);
}

#[tokio::test]
async fn wrong_credentials_are_refused_alike() {
    let bx = staffed().await;
    let wrong = sign_in(&bx, "wrong password").await;
    let body = json!({"name": "nobody", "password": PASSWORD});
    let unknown = bx
        .anonymous()
        .post(bx.url("/console/api/session"), body)
        .await;
    assert_eq!((wrong.status, &wrong.text), (401, &unknown.text));
    assert!(
        wrong.headers["content-type"]
            .to_str()
            .is_ok_and(|kind| kind.contains("problem"))
    );
}

#[tokio::test]
async fn a_new_password_ends_the_sessions() {
    let bx = staffed().await;
    let cookie = cookie(&sign_in(&bx, PASSWORD).await);
    let ctx = Ctx::system(bx.app());
    let changed = staff::change_operator_password(&ctx, "ada".into(), "another one".into()).await;
    changed.expect("a change");
    let who = with_cookie(&bx, "GET", "/console/api/session", &cookie, false).await;
    assert_eq!(who.status, 401);
    assert_eq!(sign_in(&bx, PASSWORD).await.status, 401);
    assert_eq!(sign_in(&bx, "another one").await.status, 201);
}

#[tokio::test]
async fn staff_mint_and_revoke_tokens() {
    let bx = staffed().await;
    let owner = bx.with_header(&format!("JWT {}", bx.token("owner").await));
    let path = bx.url("/console/api/tokens");
    let made = owner
        .post(&path, json!({"name": "script", "role": "auditor"}))
        .await
        .expect(201);
    let script = bx.with_header(&format!(
        "JWT {}",
        made["token"].as_str().unwrap_or_default()
    ));
    script.get("/customers").await.expect(200);
    script
        .post("/customers", json!({}))
        .await
        .expect_error(403, "ForbiddenError", "may not");
    let listed: Value = owner.get(&path).await.expect(200);
    assert!(
        !listed
            .to_string()
            .contains(made["token"].as_str().unwrap_or("?")),
        "{listed}"
    );
    let jti = made["jti"].as_str().unwrap_or_default();
    assert_eq!(owner.delete(format!("{path}/{jti}")).await.status, 204);
    script
        .get("/customers")
        .await
        .expect_error(401, "UnauthorizedError", "");
    for body in [
        json!({"name": ""}),
        json!({"name": "a\nb"}),
        json!({"name": "x", "role": "king"}),
        json!({"name": "x", "ttl_seconds": 0}),
        json!({"name": "x", "ttl_seconds": 99_999_999_999i64}),
    ] {
        assert_eq!(owner.post(&path, &body).await.status, 400, "{body}");
    }
    let manager = bx.with_header(&format!("JWT {}", bx.token("manager").await));
    assert_eq!(manager.post(&path, json!({"name": "x"})).await.status, 403);
}

#[tokio::test]
async fn a_set_up_link_makes_one_owner() {
    let bx = TestBox::start().await;
    let ctx = Ctx::system(bx.app());
    let code = staff::setup_code(&ctx)
        .await
        .expect("a box")
        .expect("a code");
    let page = bx
        .anonymous()
        .get(bx.url(&format!("/console/setup?code={code}")))
        .await;
    assert_eq!(page.status, 200);
    let submit = |number: u32| {
        let (client, url) = (bx.anonymous(), bx.url("/console/setup"));
        let form = format!("code={code}&name=owner{number}&password=longpassword{number}");
        async move {
            client
                .send("POST", url, Some(form.into_bytes()), &[])
                .await
                .status
        }
    };
    let (a, b, c, d) = tokio::join!(submit(1), submit(2), submit(3), submit(4));
    let mut statuses = [a, b, c, d];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 403, 403, 403]);
    assert_eq!(staff::operators(&ctx).expect("a list").len(), 1);
}

#[tokio::test]
async fn the_test_clock_moves_forward_only() {
    let bx = staffed().await;
    let path = bx.url("/console/api/test-clock");
    let api = bx.api();
    let set = api
        .post(&path, json!({"set": "2026-03-01T00:00:00Z"}))
        .await
        .expect(200);
    assert_eq!(set["now"], "2026-03-01T00:00:00.000Z");
    assert_eq!(
        api.post(&path, json!({"set": "2026-02-01T00:00:00Z"}))
            .await
            .status,
        409
    );
    assert_eq!(
        api.post(&path, json!({"advance_seconds": 60, "set": "x"}))
            .await
            .status,
        400
    );
    assert_eq!(
        bx.anonymous()
            .post(&path, json!({"advance_seconds": 1}))
            .await
            .status,
        401
    );
}
