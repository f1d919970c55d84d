//! The second factor of staff: set up, asked for at sign-in, forced for roles, lost and taken away.

use boxoffice::app::Ctx;
use boxoffice::config::Roles;
use boxoffice::control::command::{Command, run};
use boxoffice::domain::staff::Role;
use serde_json::{Value, json};

use super::people::{Authenticator, SignedIn, recovery_codes, try_to_sign_in};
use crate::support::fixture::a_box;
use crate::support::{PASSWORD, TestBox};

/// The audit log's actions about staff, newest first.
async fn actions(bx: &TestBox) -> Vec<String> {
    let lines = bx.client_of("owner").await;
    let lines = lines.get(bx.url("/console/api/audit")).await.expect(200);
    let lines = lines["lines"].as_array().expect("lines").clone();
    let action = |line: &Value| line["action"].as_str().expect("a text").to_owned();
    lines.iter().map(action).collect()
}

#[tokio::test]
async fn a_second_factor_is_asked_for_once_it_is_set_up() {
    let bx = a_box().with_staff("ada", Role::Owner).await;
    let ada = SignedIn::of(&bx, "ada").await;
    let other = SignedIn::of(&bx, "ada").await;
    assert_eq!(ada.get("me").await["second_factor"]["on"], false);
    let begun = ada.ask("POST", "me/second-factor", json!({})).await;
    let begun = begun.expect(201);
    let uri = begun["uri"].as_str().expect("a text");
    let secret = begun["secret"].as_str().expect("a text");
    assert!(uri.starts_with("otpauth://totp/"), "{uri}");
    assert!(
        uri.contains(&format!(":ada?secret={secret}&issuer=")),
        "{uri}"
    );
    assert!(uri.ends_with("&algorithm=SHA1&digits=6&period=30"), "{uri}");
    assert!(begun["qr"]["size"].as_u64() > Some(29));
    assert!(
        begun["qr"]["path"]
            .as_str()
            .is_some_and(|path| path.starts_with("M4 4h7v1h-7z"))
    );
    // It does not count before its first code was shown.
    SignedIn::of(&bx, "ada").await;
    let held = Authenticator::of(&begun);
    let wrong = ada.ask(
        "PUT",
        "me/second-factor",
        json!({"code": held.code_of(&bx, 9)}),
    );
    let wrong = wrong.await.expect(403);
    assert_eq!(wrong["field"], "code");
    let done = ada.ask("PUT", "me/second-factor", json!({"code": held.code(&bx)}));
    let codes = recovery_codes(&done.await.expect(200));
    assert_eq!(codes.len(), 10);
    let me = ada.get("me").await;
    assert_eq!(
        (
            &me["second_factor"]["on"],
            &me["second_factor"]["recovery_codes"]
        ),
        (&json!(true), &json!(10))
    );
    // Those who came in without it are out.
    assert_eq!(other.status("GET", "me", Value::Null).await, 401);

    bx.advance(60).await;
    let first = try_to_sign_in(&bx, "ada", json!({})).await;
    assert_eq!(
        (first.status, &first.json()["field"]),
        (401, &json!("code"))
    );
    assert!(!first.headers.contains_key("set-cookie"));
    let code = held.code(&bx);
    SignedIn::with(&bx, "ada", json!({"code": code})).await;
    // A code is good once, and so are those before it.
    for used in [code, held.code_of(&bx, -1)] {
        let again = try_to_sign_in(&bx, "ada", json!({"code": used})).await;
        assert_eq!(
            (again.status, &again.json()["field"]),
            (401, &json!("code"))
        );
    }
    // A clock that is half a minute ahead is right, one that is a minute ahead is not.
    let early = try_to_sign_in(&bx, "ada", json!({"code": held.code_of(&bx, 2)})).await;
    assert_eq!(early.status, 401);
    let spaced = held.code_of(&bx, 1);
    let spaced = format!(" {} {} ", &spaced[..3], &spaced[3..]);
    SignedIn::with(&bx, "ada", json!({"code": spaced})).await;
    bx.advance(300).await;
    let late = held.code_of(&bx, -1);
    SignedIn::with(&bx, "ada", json!({"code": late})).await;
    // The password is still wanted, and wrong ones are told apart from nothing.
    let body = json!({"name": "ada", "password": "not hers at all", "code": held.code(&bx)});
    let wrong = bx
        .anonymous()
        .post(bx.url("/console/api/session"), body)
        .await;
    assert_eq!((wrong.status, &wrong.json()["field"]), (401, &Value::Null));
    assert_eq!(
        try_to_sign_in(&bx, "ada", json!({"code": 5})).await.status,
        400
    );
    crate::billing::prove(&bx);
}

#[tokio::test]
async fn recovery_codes_are_good_once_and_are_made_anew() {
    let bx = a_box().with_staff("ada", Role::Owner).await;
    let ada = SignedIn::of(&bx, "ada").await;
    let (_, codes) = ada.set_up().await;
    let typed = codes[3].to_uppercase().replace('-', " ");
    let with = SignedIn::with(&bx, "ada", json!({"code": typed})).await;
    assert_eq!(with.get("me").await["second_factor"]["recovery_codes"], 9);
    let again = try_to_sign_in(&bx, "ada", json!({"code": codes[3]})).await;
    assert_eq!(again.status, 401);
    let made = with.ask("POST", "me/recovery-codes", json!({})).await;
    let others = recovery_codes(&made.expect(201));
    assert_eq!(others.len(), 10);
    assert!(codes.iter().all(|code| !others.contains(code)));
    let old = try_to_sign_in(&bx, "ada", json!({"code": codes[0]})).await;
    assert_eq!(old.status, 401);
    SignedIn::with(&bx, "ada", json!({"code": others[0]})).await;
    // Nothing of a secret stands in the log.
    let log = bx.client_of("owner").await;
    let log = log.get(bx.url("/console/api/audit")).await.text;
    for code in codes.iter().chain(&others) {
        assert!(!log.contains(code));
    }
    let done = actions(&bx).await;
    for action in [
        "operator.second_factor_on",
        "operator.recovery_code",
        "operator.recovery_codes",
    ] {
        assert!(done.iter().any(|held| held == action), "{action}: {done:?}");
    }
}

/// Of many who show one code at once one is let in.
#[tokio::test]
async fn a_code_lets_one_in_however_many_show_it() {
    let bx = a_box().with_staff("ada", Role::Owner).await;
    let ada = SignedIn::of(&bx, "ada").await;
    let (held, codes) = ada.set_up().await;
    bx.advance(60).await;
    for code in [held.code(&bx), codes[0].clone()] {
        let more = json!({"code": code});
        let (a, b, c) = tokio::join!(
            try_to_sign_in(&bx, "ada", more.clone()),
            try_to_sign_in(&bx, "ada", more.clone()),
            try_to_sign_in(&bx, "ada", more.clone()),
        );
        let mut statuses = [a.status, b.status, c.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 401, 401]);
    }
}

#[tokio::test]
async fn it_is_switched_off_by_the_password_however_lately_that_was_given() {
    let bx = a_box().with_staff("ada", Role::Owner).await;
    let ada = SignedIn::of(&bx, "ada").await;
    let off = async |body: Value| ada.ask("DELETE", "me/second-factor", body).await;
    assert_eq!(off(json!({"password": PASSWORD})).await.status, 409);
    ada.set_up().await;
    assert_eq!(off(json!({})).await.status, 400);
    let wrong = off(json!({"password": "not hers at all"})).await;
    assert_eq!(wrong.expect(403)["field"], "password");
    assert_eq!(off(json!({"password": PASSWORD})).await.status, 204);
    SignedIn::of(&bx, "ada").await;
    assert_eq!(ada.get("me").await["second_factor"]["on"], false);
}

/// Another authenticator takes the place of the first when it shows its first code, not before.
#[tokio::test]
async fn an_authenticator_is_changed_for_another() {
    let bx = a_box().with_staff("ada", Role::Owner).await;
    let ada = SignedIn::of(&bx, "ada").await;
    let (old, _) = ada.set_up().await;
    let begun = ada
        .ask("POST", "me/second-factor", json!({}))
        .await
        .expect(201);
    let new = Authenticator::of(&begun);
    bx.advance(60).await;
    let early = try_to_sign_in(&bx, "ada", json!({"code": new.code(&bx)})).await;
    assert_eq!(early.status, 401);
    SignedIn::with(&bx, "ada", json!({"code": old.code(&bx)})).await;
    let first = json!({"code": new.code(&bx)});
    ada.ask("PUT", "me/second-factor", first.clone())
        .await
        .expect(200);
    // It was used up, and there is nothing that could be finished once more.
    assert_eq!(
        ada.status("PUT", "me/second-factor", first.clone()).await,
        409
    );
    assert_eq!(try_to_sign_in(&bx, "ada", first).await.status, 401);
    bx.advance(60).await;
    let gone = try_to_sign_in(&bx, "ada", json!({"code": old.code(&bx)})).await;
    assert_eq!(gone.status, 401);
    SignedIn::with(&bx, "ada", json!({"code": new.code(&bx)})).await;
}

#[tokio::test]
async fn roles_that_need_one_set_it_up_before_anything_else() {
    let bx = a_box()
        .set(|config| config.staff.second_factor_roles = Roles::of(&[Role::Owner, Role::Cashier]))
        .with_staff("ada", Role::Owner)
        .with_staff("sam", Role::Support)
        .await;
    let sam = SignedIn::of(&bx, "sam").await;
    assert_eq!(sam.who.get("must"), None);
    assert_eq!(sam.get("me").await["second_factor"]["forced"], false);
    let ada = SignedIn::of(&bx, "ada").await;
    assert_eq!(ada.who["must"], "SECOND_FACTOR");
    assert_eq!(ada.get("session").await["must"], "SECOND_FACTOR");
    for (method, path, body) in [
        ("GET", "staff", Value::Null),
        ("GET", "me", Value::Null),
        ("GET", "sessions", Value::Null),
        ("DELETE", "sessions", json!({})),
        (
            "PUT",
            "me/password",
            json!({"password": PASSWORD, "new_password": "quite another one"}),
        ),
        ("POST", "me/recovery-codes", json!({})),
        ("POST", "tokens", json!({"name": "x"})),
        ("GET", "customers", Value::Null),
        ("GET", "/integration/api/customers", Value::Null),
    ] {
        let answer = ada.ask(method, path, body).await;
        assert_eq!(answer.status, 403, "{path}: {}", answer.told());
        assert!(
            answer.text.contains("second factor"),
            "{path}: {}",
            answer.told()
        );
    }
    let (held, _) = ada.set_up().await;
    assert_eq!(ada.get("session").await.get("must"), None);
    assert_eq!(ada.status("GET", "staff", Value::Null).await, 200);
    assert_eq!(
        ada.status("GET", "/integration/api/customers", Value::Null)
            .await,
        200
    );
    let me = ada.get("me").await;
    assert_eq!(me["second_factor"]["forced"], true);
    // It is changed for another, not switched off.
    let off = ada.status("DELETE", "me/second-factor", json!({"password": PASSWORD}));
    assert_eq!(off.await, 409);
    bx.advance(60).await;
    SignedIn::with(&bx, "ada", json!({"code": held.code(&bx)})).await;
    // Programs have none, whatever their role.
    bx.client_of("owner")
        .await
        .get(bx.url("/console/api/staff"))
        .await
        .expect(200);
}

#[tokio::test]
async fn who_lost_it_is_helped_by_an_owner_or_at_the_machine() {
    let bx = a_box()
        .with_staff("ada", Role::Owner)
        .with_staff("sam", Role::Support)
        .await;
    let sam = SignedIn::of(&bx, "sam").await;
    sam.set_up().await;
    let ada = SignedIn::of(&bx, "ada").await;
    ada.set_up().await;
    let path = "staff/sam/second-factor";
    assert_eq!(sam.status("DELETE", path, json!({})).await, 403);
    let listed = ada.get("staff").await;
    let has = |list: &Value, name: &str| {
        let mut list = list.as_array().expect("a list").iter();
        list.find(|one| one["name"] == name).expect("a person")["second_factor"].clone()
    };
    assert_eq!(
        (has(&listed, "sam"), has(&listed, "ada")),
        (json!(true), json!(true))
    );
    assert_eq!(ada.status("DELETE", path, json!({})).await, 200);
    assert_eq!(ada.status("DELETE", path, json!({})).await, 409);
    assert_eq!(has(&ada.get("staff").await, "sam"), false);
    assert_eq!(
        sam.status("GET", "me", Value::Null).await,
        401,
        "signed out"
    );
    SignedIn::of(&bx, "sam").await;
    // The only owner: whoever has the machine.
    let ctx = Ctx::system(bx.app());
    let take = |name: &str| Command::OperatorTakeFactor {
        name: name.to_owned(),
    };
    run(&ctx, take("ada")).await.expect("done");
    assert!(run(&ctx, take("ada")).await.is_err());
    assert!(run(&ctx, take("nobody")).await.is_err());
    assert_eq!(ada.status("GET", "me", Value::Null).await, 401);
    SignedIn::of(&bx, "ada").await;
    let off = actions(&bx).await;
    let off = off
        .iter()
        .filter(|action| *action == "operator.second_factor_off");
    assert_eq!(off.count(), 2);
}
