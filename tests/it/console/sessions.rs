//! Sign-ins listed and ended, passwords changed by who has them, and what wants a proof once more.

use boxoffice::domain::staff::Role;
use serde_json::{Value, json};

use super::people::{SignedIn, try_to_sign_in};
use crate::billing::Till;
use crate::support::fixture::{a_box, a_till};
use crate::support::{PASSWORD, eventually};

fn list(of: &Value) -> Vec<Value> {
    of.as_array().expect("a list").clone()
}

#[tokio::test]
async fn everybody_sees_where_they_are_signed_in_and_ends_it() {
    let bx = a_box()
        .with_staff("ada", Role::Owner)
        .with_staff("sam", Role::Support)
        .await;
    let here = SignedIn::of(&bx, "sam").await;
    bx.advance(600).await;
    let there = SignedIn::of(&bx, "sam").await;
    let third = SignedIn::of(&bx, "sam").await;
    let ada = SignedIn::of(&bx, "ada").await;
    let held = list(&there.get("sessions").await);
    assert_eq!(held.len(), 3, "of nobody else");
    let current: Vec<&Value> = held.iter().filter(|one| one["current"] == true).collect();
    assert_eq!(current.len(), 1);
    assert_eq!(current[0]["agent"], "Browser of a test/1");
    assert_eq!(current[0]["address"], "127.0.0.1");
    assert!(held.iter().all(|one| one["name"] == "sam"));
    let secret = there.cookie.split('=').nth(1).expect("a secret");
    assert!(!format!("{held:?}").contains(secret));
    // One by one.
    let oldest = held.iter().min_by_key(|one| one["created"].to_string());
    let oldest = oldest.expect("one")["id"]
        .as_str()
        .expect("a text")
        .to_owned();
    let path = format!("sessions/{oldest}");
    assert_eq!(there.status("DELETE", &path, json!({})).await, 204);
    assert_eq!(here.status("GET", "me", Value::Null).await, 401);
    assert_eq!(there.status("DELETE", &path, json!({})).await, 404);
    // Those of others are not there, but for owners.
    let theirs = list(&ada.get("sessions").await)[0]["id"].clone();
    let path = format!("sessions/{}", theirs.as_str().expect("a text"));
    assert_eq!(there.status("DELETE", &path, json!({})).await, 404);
    assert_eq!(
        there
            .status("GET", "sessions?of=everybody", Value::Null)
            .await,
        403
    );
    assert_eq!(
        there
            .status("DELETE", "sessions", json!({"of": "ada"}))
            .await,
        403
    );
    assert_eq!(
        there.status("GET", "sessions?of=nobody", Value::Null).await,
        400
    );
    // All but this one.
    assert_eq!(there.status("DELETE", "sessions", Value::Null).await, 204);
    assert_eq!(third.status("GET", "me", Value::Null).await, 401);
    assert_eq!(list(&there.get("sessions").await).len(), 1);
    let all = list(&ada.get("sessions?of=everybody").await);
    assert_eq!(all.len(), 2);
    let sams = all.iter().find(|one| one["name"] == "sam").expect("one");
    let path = format!("sessions/{}", sams["id"].as_str().expect("a text"));
    assert_eq!(ada.status("DELETE", &path, json!({})).await, 204);
    assert_eq!(there.status("GET", "me", Value::Null).await, 401);
    let again = SignedIn::of(&bx, "sam").await;
    assert_eq!(
        ada.status("DELETE", "sessions", json!({"of": "sam"})).await,
        204
    );
    assert_eq!(again.status("GET", "me", Value::Null).await, 401);
    assert_eq!(
        ada.status("DELETE", "sessions", json!({"of": "nobody"}))
            .await,
        404
    );
    crate::billing::prove(&bx);
}

#[tokio::test]
async fn when_a_session_was_used_last_is_written_down() {
    let bx = a_box().with_staff("ada", Role::Owner).await;
    let ada = SignedIn::of(&bx, "ada").await;
    let began = list(&ada.get("sessions").await)[0].clone();
    assert_eq!(began["created"], began["last_used"]);
    bx.advance(3_600).await;
    let used = eventually("the use is noted", async || {
        let held = list(&ada.get("sessions").await)[0].clone();
        (held["last_used"] != held["created"]).then_some(held)
    });
    let used = used.await;
    assert_eq!(used["created"], began["created"]);
    let hour_later = began["last_used"]
        .as_str()
        .expect("a text")
        .replace("T10:", "T11:");
    assert_eq!(used["last_used"], hour_later.as_str());
    // One whose time is over is not listed.
    bx.advance(43_200 - 3_600 - 1).await;
    assert_eq!(list(&ada.get("sessions").await).len(), 1);
    bx.advance(1).await;
    let again = SignedIn::of(&bx, "ada").await;
    assert_eq!(list(&again.get("sessions").await).len(), 1);
}

#[tokio::test]
async fn people_change_their_own_password() {
    let bx = a_box().with_staff("sam", Role::Support).await;
    let here = SignedIn::of(&bx, "sam").await;
    let there = SignedIn::of(&bx, "sam").await;
    let change = async |present: &str, new: &str| {
        let body = json!({"password": present, "new_password": new});
        here.ask("PUT", "me/password", body).await
    };
    let wrong = change("not his at all", "quite another one").await;
    assert_eq!(wrong.expect(403)["field"], "password");
    for unfit in [
        "short",
        "password",
        "sam-1",
        PASSWORD.get(..7).expect("long enough"),
    ] {
        let refused = change(PASSWORD, unfit).await;
        assert_eq!(refused.expect(400)["field"], "new_password", "{unfit}");
    }
    assert_eq!(change(PASSWORD, "quite another one").await.status, 204);
    assert_eq!(here.status("GET", "me", Value::Null).await, 200);
    assert_eq!(there.status("GET", "me", Value::Null).await, 401);
    assert_eq!(try_to_sign_in(&bx, "sam", json!({})).await.status, 401);
    SignedIn::with(&bx, "sam", json!({"password": "quite another one"})).await;
}

#[tokio::test]
async fn a_token_has_no_sign_in() {
    let bx = a_box().await;
    let owner = bx.client_of("owner").await;
    for (method, path) in [
        ("GET", "me"),
        ("PUT", "me/password"),
        ("POST", "me/second-factor"),
        ("PUT", "me/second-factor"),
        ("DELETE", "me/second-factor"),
        ("POST", "me/recovery-codes"),
        ("GET", "sessions"),
        ("DELETE", "sessions"),
        ("POST", "session/confirm"),
    ] {
        let url = bx.url(&format!("/console/api/{path}"));
        let answer = owner.send(method, url, Some(b"{}".to_vec()), &[]).await;
        assert_eq!(answer.status, 403, "{method} {path}: {}", answer.told());
    }
}

/// What much is moved by, and nothing that is not asked for over a session.
async fn given_back(till: &Till, by: &SignedIn<'_>, body: Value) -> u16 {
    let payment = till.pay("300").await;
    let path = format!("payments/{}/refunds", payment["id"]);
    by.status("POST", &path, body).await
}

#[tokio::test]
async fn large_refunds_and_removals_want_a_proof_once_more() {
    let till = a_till()
        .set(|config| config.staff.refund_confirm_above = 50)
        .with_staff("max", Role::Manager)
        .await;
    let bx = &till.shop.bx;
    let max = SignedIn::of(bx, "max").await;
    assert_eq!(
        given_back(&till, &max, json!({"amount": "50.01"})).await,
        201
    );
    bx.advance(301).await;
    assert_eq!(
        given_back(&till, &max, json!({"amount": "50.00"})).await,
        201
    );
    let payment = till.pay("300").await;
    let path = format!("payments/{}/refunds", payment["id"]);
    let refused = max.ask("POST", &path, json!({"amount": "50.01"})).await;
    assert_eq!(refused.expect(403)["field"], "password");
    // A look moves nothing.
    let look = max.ask("POST", &path, json!({"amount": "50.01", "preview": true}));
    look.await.expect(200);
    let wrong = json!({"amount": "50.01", "password": "not his at all"});
    assert_eq!(
        max.ask("POST", &path, wrong).await.expect(403)["field"],
        "password"
    );
    let right = json!({"amount": "50.01", "password": PASSWORD});
    let done = max.ask("POST", &path, right).await.expect(201);
    assert_eq!(done["amount"], "50.01");
    bx.advance(301).await;
    // Over either API, and once confirmed for what is asked next.
    let of_alphaott = format!("/integration/api/customers/{}", till.shop.customer);
    let refused = max.ask("DELETE", &of_alphaott, Value::Null).await;
    refused.expect_error(403, "ForbiddenError", "/console/api/session/confirm");
    let status = json!({"status": "DELETED"});
    let refused = max.ask("PUT", &of_alphaott, status).await;
    refused.expect_error(403, "ForbiddenError", "/console/api/session/confirm");
    let of_console = format!("customers/{}", till.shop.customer);
    let refused = max.ask("DELETE", &of_console, json!({})).await;
    assert_eq!(refused.expect(403)["field"], "password");
    max.ask("DELETE", &of_console, json!({"preview": true}))
        .await
        .expect(200);
    let confirm = async |body: Value| max.ask("POST", "session/confirm", body).await;
    assert_eq!(confirm(json!({})).await.status, 403);
    assert_eq!(
        confirm(json!({"password": "not his at all"})).await.status,
        403
    );
    assert_eq!(
        confirm(json!({"password": PASSWORD, "x": 1})).await.status,
        400
    );
    assert_eq!(confirm(json!({"password": PASSWORD})).await.status, 204);
    let gone = max.ask("DELETE", &of_console, json!({})).await.expect(200);
    assert!(gone["id"].is_u64(), "{gone}");
    assert_eq!(max.status("DELETE", &of_alphaott, Value::Null).await, 404);
    till.prove();
}

/// Programs are not asked: they sign in with nothing that could be given once more.
#[tokio::test]
async fn tokens_give_back_and_remove_as_they_did() {
    let till = a_till()
        .set(|config| config.staff.refund_confirm_above = 0)
        .await;
    let payment = till.pay("300").await;
    let path = till.console(&format!("payments/{}/refunds", payment["id"]));
    till.shop
        .api
        .post(path, json!({"amount": "300"}))
        .await
        .expect(201);
    let path = format!("/customers/{}", till.shop.customer);
    assert_eq!(till.shop.api.delete(path).await.status, 204);
}

#[tokio::test]
async fn with_a_second_factor_a_code_is_asked_in_the_place_of_the_password() {
    let till = a_till()
        .set(|config| config.staff.refund_confirm_above = 50)
        .with_staff("ada", Role::Owner)
        .await;
    let bx = &till.shop.bx;
    let ada = SignedIn::of(bx, "ada").await;
    let (held, codes) = ada.set_up().await;
    bx.advance(301).await;
    let payment = till.pay("300").await;
    let refunds = format!("payments/{}/refunds", payment["id"]);
    for (path, body) in [
        ("tokens", json!({"name": "x"})),
        (refunds.as_str(), json!({"amount": "60"})),
    ] {
        let refused = ada.ask("POST", path, body.clone()).await;
        assert_eq!(refused.expect(403)["field"], "code", "{path}");
        let mut with_password = body.clone();
        with_password["password"] = json!(PASSWORD);
        let refused = ada.ask("POST", path, with_password).await;
        assert_eq!(refused.expect(403)["field"], "code", "{path}");
        let mut with_code = body.clone();
        with_code["code"] = json!("000000");
        let refused = ada.ask("POST", path, with_code.clone()).await;
        assert_eq!(refused.expect(403)["field"], "code", "{path}");
        let code = held.code(bx);
        with_code["code"] = json!(code);
        ada.ask("POST", path, with_code.clone()).await.expect(201);
        bx.advance(301).await;
        // It was used up; a recovery code does as well.
        with_code["code"] = json!(code);
        assert_eq!(ada.status("POST", path, with_code).await, 403);
    }
    let recovery = json!({"name": "y", "code": codes[0]});
    ada.ask("POST", "tokens", recovery).await.expect(201);
    till.prove();
}
