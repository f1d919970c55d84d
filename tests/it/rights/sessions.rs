//! What a session is good for: the AlphaOTT API by role; and what it is not without the password.

use boxoffice::app::Ctx;
use boxoffice::domain::staff::Role;
use boxoffice::ops::staff::tokens::{NewToken, TOKEN_SECONDS_MAX, create_token};
use serde_json::{Value, json};

use super::{Person, sign_in};
use crate::support::fixture::a_box;
use crate::support::{NOW_SECONDS, PASSWORD, claims_of};

/// Everything that makes a credential or changes who has one.
fn sensitive() -> Vec<(&'static str, &'static str, Value)> {
    let staff = json!({"name": "x", "role": "api", "new_password": "long enough for all"});
    vec![
        ("POST", "/console/api/tokens", json!({"name": "x"})),
        ("POST", "/console/api/staff", staff),
        ("PUT", "/console/api/staff/max", json!({"role": "owner"})),
        ("DELETE", "/console/api/staff/max", json!({})),
        (
            "POST",
            "/console/api/partners",
            json!({"key": "P", "name": "P"}),
        ),
        ("PUT", "/console/api/partners/P", json!({"name": "Q"})),
        ("POST", "/console/api/partners/P/rotate", json!({})),
        (
            "POST",
            "/console/api/webhooks",
            json!({"url": "http://127.0.0.1:9/"}),
        ),
        ("PUT", "/console/api/webhooks/1", json!({"on": false})),
        ("POST", "/console/api/webhooks/1/rotate", json!({})),
    ]
}

#[tokio::test]
async fn what_makes_credentials_wants_the_password_once_more() {
    let bx = a_box()
        .with_staff("ada", Role::Owner)
        .with_staff("max", Role::Manager)
        .await;
    let ada = Person::of(&bx, "ada").await;
    bx.advance(301).await;
    for (method, path, body) in sensitive() {
        let answer = ada.ask(method, path, body).await;
        assert_eq!(answer.status, 403, "{}", answer.told());
        assert!(answer.text.contains("password: "), "{}", answer.told());
    }
    let wrong = json!({"name": "x", "password": "not hers at all"});
    let answer = ada.ask("POST", "/console/api/tokens", wrong).await;
    assert_eq!(answer.status, 403, "{}", answer.told());
    assert!(answer.text.contains("password: "), "{}", answer.told());
    bx.advance(301).await;
    // Nothing was made; with it all of them go.
    let tokens = ada.get("/console/api/partners").await.expect(200);
    assert_eq!(tokens, json!([]));
    for (method, path, mut body) in sensitive() {
        body["password"] = json!(PASSWORD);
        let answer = ada.ask(method, path, body).await;
        let told = answer.told();
        assert!((200..300).contains(&answer.status), "{told}");
        assert!(!answer.text.contains(PASSWORD), "{told}");
        bx.advance(301).await;
    }
}

/// Whoever has a session only cannot guess the password here either.
#[tokio::test]
async fn guesses_at_the_password_are_limited_as_at_sign_in() {
    let bx = a_box().with_staff("ada", Role::Owner).await;
    let ada = Person::of(&bx, "ada").await;
    bx.advance(301).await;
    let mut statuses = Vec::new();
    for number in 0..40 {
        let guess = json!({"name": "x", "password": format!("wrong guess {number}")});
        let answer = ada.ask("POST", "/console/api/tokens", guess).await;
        statuses.push(answer.status);
    }
    assert!(statuses.contains(&429), "{statuses:?}");
    assert!(statuses.iter().all(|status| [403, 429].contains(status)));
}

#[tokio::test]
async fn a_password_that_was_just_given_is_good_for_minutes() {
    let bx = a_box().with_staff("ada", Role::Owner).await;
    let ada = Person::of(&bx, "ada").await;
    let mint = async |body: Value| ada.ask("POST", "/console/api/tokens", body).await.status;
    assert_eq!(mint(json!({"name": "a"})).await, 201);
    bx.advance(299).await;
    assert_eq!(mint(json!({"name": "b"})).await, 201);
    bx.advance(1).await;
    assert_eq!(mint(json!({"name": "c"})).await, 403);
    assert_eq!(mint(json!({"name": "c", "password": PASSWORD})).await, 201);
    bx.advance(299).await;
    assert_eq!(mint(json!({"name": "d"})).await, 201);
    assert_eq!(mint(json!({"name": "d", "password": 5})).await, 400);
    // Another session of hers is not vouched for by this one.
    bx.advance(301).await;
    let other = Person::of(&bx, "ada").await;
    assert_eq!(mint(json!({"name": "e"})).await, 403);
    let answer = other.ask("POST", "/console/api/tokens", json!({"name": "e"}));
    assert_eq!(answer.await.status, 201);
}

#[tokio::test]
async fn tokens_have_a_usual_life_and_a_longest() {
    let bx = a_box().with_staff("ada", Role::Owner).await;
    let ada = Person::of(&bx, "ada").await;
    let mint = async |body: Value| ada.ask("POST", "/console/api/tokens", body).await;
    let usual = mint(json!({"name": "usual"})).await.expect(201);
    let claims = claims_of(usual["token"].as_str().unwrap());
    assert_eq!(claims["exp"], NOW_SECONDS + 63_115_200);
    let five_years = 5 * 31_557_600;
    mint(json!({"name": "long", "ttl_seconds": five_years}))
        .await
        .expect(201);
    let longer = mint(json!({"name": "longer", "ttl_seconds": five_years + 1})).await;
    assert_eq!(longer.status, 400, "{}", longer.told());
    assert!(longer.text.contains("ttl_seconds"), "{}", longer.told());
    // A token mints none that outlives it, and none for the Stalker API is minted at all.
    let owner = bx.token_for("owner", 3_600).await;
    let script = bx.with_header(&format!("JWT {owner}"));
    let path = bx.url("/console/api/tokens");
    for (body, status) in [
        (json!({"name": "x", "ttl_seconds": 3_601}), 400),
        (json!({"name": "x", "ttl_seconds": 3_600}), 201),
        (json!({"name": "x", "ttl_seconds": 60, "role": "api"}), 400),
        (json!({"name": "x", "ttl_seconds": 60, "extra": 1}), 400),
    ] {
        let answer = script.post(&path, &body).await;
        assert_eq!(answer.status, status, "{}", answer.told());
    }
    // At the machine the longest is longer.
    let ctx = Ctx::system(bx.app());
    let wish = NewToken {
        name: "box".to_owned(),
        role: Role::Manager,
        ttl_seconds: TOKEN_SECONDS_MAX,
    };
    create_token(&ctx, wish).await.expect("a token");
}

#[tokio::test]
async fn a_session_is_good_wherever_its_role_is() {
    use boxoffice::domain::staff::Permission as P;
    let bx = a_box().await;
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Api) {
        bx.hire(role.name(), role).await;
    }
    let asked = [
        (
            "GET",
            "/integration/api/customers",
            Value::Null,
            P::CustomersRead,
        ),
        (
            "POST",
            "/integration/api/customers",
            json!({}),
            P::CustomersWrite,
        ),
        (
            "GET",
            "/integration/api/product-specs",
            Value::Null,
            P::CatalogueRead,
        ),
        (
            "POST",
            "/integration/api/product-specs",
            json!({"title": "T", "serviceSpecs": []}),
            P::CatalogueWrite,
        ),
        (
            "POST",
            "/integration/api/graphql",
            json!({"query": "{customerActivityPagination{count}}"}),
            P::ActivityRead,
        ),
    ];
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Api) {
        let person = Person::of(&bx, role.name()).await;
        for (method, path, body, needs) in &asked {
            let answer = person.ask(method, path, body.clone()).await;
            let told = format!("{}: {}", role.name(), answer.told());
            let may = (200..300).contains(&answer.status) && !answer.text.contains("may not");
            assert_eq!(may, role.may(*needs), "{told}");
        }
    }
    let support = Person::of(&bx, "support").await;
    let url = bx.url("/integration/api/customers");
    let cookie = [("cookie", support.cookie.as_str())];
    let foreign = bx.anonymous();
    let foreign = foreign
        .send("POST", &url, Some(b"{}".to_vec()), &cookie)
        .await;
    foreign.expect_error(403, "ForbiddenError", "X-Boxoffice");
    // A token that is no good is not made good by a cookie.
    let wrong = bx.with_header("JWT nonsense");
    let wrong = wrong.send("GET", &url, None, &cookie).await;
    wrong.expect_error(401, "UnauthorizedError", "");
    support
        .ask("DELETE", "/console/api/session", Value::Null)
        .await;
    let gone = support.get("/integration/api/customers").await;
    gone.expect_error(401, "UnauthorizedError", "");
}

#[tokio::test]
async fn a_cookie_of_before_does_not_hide_the_session() {
    let bx = a_box().with_staff("ada", Role::Owner).await;
    let set = sign_in(&bx, "ada").await;
    let set = set.headers["set-cookie"].to_str().unwrap();
    assert!(set.contains("Path=/;"), "{set}");
    let ada = Person::of(&bx, "ada").await;
    let both = format!("boxoffice_session=0123456789abcdef; {}", ada.cookie);
    let headers = [("cookie", both.as_str())];
    for path in ["/console/api/session", "/integration/api/customers"] {
        let url = bx.url(path);
        let answer = bx.anonymous().send("GET", url, None, &headers).await;
        assert_eq!(answer.status, 200, "{}", answer.told());
    }
}

#[tokio::test]
async fn another_signing_key_ends_all_tokens_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let bx = a_box()
        .in_folder(folder.path())
        .with_staff("ada", Role::Owner)
        .await;
    let old = bx.token("manager").await;
    let ada = Person::of(&bx, "ada").await;
    let forged = bx.sign(&claims_of(&old));
    let ctx = Ctx::system(bx.app());
    let listed = boxoffice::ops::staff::signing_key::ending(&ctx).expect("a list");
    assert_eq!(listed.len(), 2, "{listed:?}");
    let ended = boxoffice::ops::staff::signing_key::rotate(&ctx).await;
    assert_eq!(ended.expect("another key"), 2);
    for token in [&old, &forged] {
        let script = bx.with_header(&format!("JWT {token}"));
        assert_eq!(script.get("/customers").await.status, 401);
    }
    ada.get("/console/api/session").await.expect(200);
    let fresh = bx.token("manager").await;
    drop(ada);
    drop(ctx);
    bx.stop().await;
    let bx = a_box().in_folder(folder.path()).seed(2).await;
    assert_eq!(
        bx.with_header(&format!("JWT {old}"))
            .get("/customers")
            .await
            .status,
        401
    );
    bx.with_header(&format!("JWT {fresh}"))
        .get("/customers")
        .await
        .expect(200);
    assert_eq!(sign_in(&bx, "ada").await.status, 201);
    crate::billing::prove(&bx);
}
