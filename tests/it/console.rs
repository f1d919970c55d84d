//! The console's own API: sign-in, sessions, tokens, first set-up.

mod customers;
mod desk;
mod lists;
pub mod people;
mod roles;
mod search;
mod second_factor;
mod sessions;

use boxoffice::app::Ctx;
use boxoffice::domain::staff::Role;
use boxoffice::ops::staff;
use serde_json::{Value, json};

use crate::support::fixture::a_box;
use crate::support::{Answer, PASSWORD, TestBox};

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
    let bx = a_box().with_staff("ada", Role::Owner).await;
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
    let who = who.expect(200);
    assert_eq!(
        (&who["name"], &who["role"]),
        (&json!("ada"), &json!("owner"))
    );
    assert_eq!(who["provider"]["time_zone"], "UTC");
    let may = who["may"].as_array().expect("a list");
    assert!(may.contains(&json!("staff_manage")), "{may:?}");
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
    let bx = a_box().with_staff("ada", Role::Owner).await;
    let wrong = sign_in(&bx, "wrong password").await;
    let body = json!({"name": "nobody", "password": PASSWORD});
    let unknown = bx
        .anonymous()
        .post(bx.url("/console/api/session"), body)
        .await;
    let told = |answer: &Answer| {
        let mut problem = answer.json();
        let named = problem.as_object_mut().and_then(|of| of.remove("request"));
        assert!(named.is_some(), "{}", answer.text);
        problem
    };
    assert_eq!((wrong.status, told(&wrong)), (401, told(&unknown)));
    assert!(
        wrong.headers["content-type"]
            .to_str()
            .is_ok_and(|kind| kind.contains("problem"))
    );
}

#[tokio::test]
async fn a_new_password_ends_the_sessions() {
    let bx = a_box().with_staff("ada", Role::Owner).await;
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
    let bx = a_box().with_staff("ada", Role::Owner).await;
    let owner = bx.client_of("owner").await;
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
    let manager = bx.client_of("manager").await;
    assert_eq!(manager.post(&path, json!({"name": "x"})).await.status, 403);
}

const BROWSER: &[(&str, &str)] = &[("accept", "text/html,application/xhtml+xml")];

#[tokio::test]
async fn every_page_is_one_and_is_asked_for_by_its_tag() {
    let bx = a_box().await;
    let anybody = bx.anonymous();
    let first = anybody.get(bx.url("/console/")).await;
    assert_eq!(first.status, 200);
    assert!(
        first.text.contains("<script type=\"module\""),
        "{}",
        first.told()
    );
    for path in [
        "/console/customers",
        "/console/customers/42",
        "/console/a/b?c=d",
    ] {
        let page = anybody.get(bx.url(path)).await;
        assert_eq!((page.status, &page.text), (200, &first.text), "{path}");
        assert_eq!(page.headers["cache-control"], "no-cache");
        let tag = page.headers["etag"]
            .to_str()
            .expect("plain text")
            .to_owned();
        let known = [("if-none-match", tag.as_str())];
        let again = anybody.send("GET", bx.url(path), None, &known).await;
        assert_eq!((again.status, again.text.as_str()), (304, ""), "{path}");
    }
    for path in [
        "/console/api",
        "/console/api/none",
        "/console/assets/none.js",
    ] {
        let none = anybody.get(bx.url(path)).await;
        assert_eq!(none.status, 404, "{path}");
        assert!(none.text.contains("does not exist"), "{}", none.told());
    }
    let wrong = anybody
        .send("POST", bx.url("/console/customers"), None, &[])
        .await;
    assert_eq!(wrong.status, 405, "{}", wrong.told());
}

#[tokio::test]
async fn files_of_the_page_are_kept_for_a_year_and_packed_for_who_takes_it() {
    let bx = a_box().await;
    let anybody = bx.anonymous();
    let page = anybody.get(bx.url("/console/")).await.text;
    let scripts = page
        .split("src=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    let script = scripts.last().expect("a script").to_owned();
    let plain = anybody.get(bx.url(&script)).await;
    assert_eq!(plain.status, 200, "{script}");
    assert!(
        plain.headers["cache-control"]
            .to_str()
            .is_ok_and(|kept| kept.contains("immutable"))
    );
    let takes = [("accept-encoding", "br, gzip")];
    let packed = anybody.send("GET", bx.url(&script), None, &takes).await;
    assert_eq!(packed.headers["content-encoding"], "gzip");
    assert_eq!(packed.headers["vary"], "accept-encoding");
    assert!(packed.text.len() < plain.text.len());
}

#[tokio::test]
async fn browsers_see_the_set_up_page_and_scripts_an_answer() {
    let bx = a_box().await;
    let ctx = Ctx::system(bx.app());
    let code = staff::setup_code(&ctx)
        .await
        .expect("a box")
        .expect("a code");
    let anybody = bx.anonymous();
    for (code, page, answer) in [(code.as_str(), 200, 200), ("00", 403, 403)] {
        let url = bx.url(&format!("/console/setup?code={code}"));
        let shown = anybody.send("GET", &url, None, BROWSER).await;
        assert_eq!(shown.status, page, "{}", shown.told());
        assert!(
            shown.text.contains("<script type=\"module\""),
            "{}",
            shown.told()
        );
        let told = anybody.get(&url).await;
        assert_eq!(told.status, answer, "{}", told.told());
        assert!(told.text.starts_with('{'), "{}", told.told());
    }
    let form = format!("code={code}&name=ada&password=correct+horse+battery");
    let url = bx.url("/console/setup");
    let made = anybody
        .send("POST", url, Some(form.into_bytes()), &[])
        .await;
    assert_eq!(made.expect(201), json!({"name": "ada", "role": "owner"}));
    assert_eq!(sign_in(&bx, PASSWORD).await.status, 201);
}

#[tokio::test]
async fn a_set_up_link_makes_one_owner() {
    let bx = a_box().await;
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
    let bx = a_box().with_staff("ada", Role::Owner).await;
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
