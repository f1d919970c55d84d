//! Somebody who leaves or gets less to do takes along what they made; what others made goes on.

use boxoffice::app::Ctx;
use boxoffice::domain::staff::{Actor, Role};
use boxoffice::ops::staff::tokens::{NewToken, create_token};
use serde_json::{Value, json};

use super::{Person, sign_in};
use crate::support::fixture::a_box;
use crate::support::{PASSWORD, TestBox};

/// What one owner made: a token, one minted with it, a webhook, a partner's key, another partner's
/// key that somebody else made first, an account for scripts, and a colleague.
struct Made {
    token: String,
    child: String,
    partner_key: String,
    rotated_key: String,
}

async fn make(bx: &TestBox, olive: &Person<'_>) -> Made {
    let text = |answer: &Value, name: &str| answer[name].as_str().expect("a text").to_owned();
    let token = json!({"name": "olives", "role": "owner"});
    let token = olive.ask("POST", "/console/api/tokens", token).await;
    let token = text(&token.expect(201), "token");
    let script = bx.with_header(&format!("JWT {token}"));
    let child = json!({"name": "child", "ttl_seconds": 3_600});
    let child = script.post(bx.url("/console/api/tokens"), child).await;
    let child = text(&child.expect(201), "token");
    let hook = json!({"url": "http://127.0.0.1:9/"});
    olive
        .ask("POST", "/console/api/webhooks", hook)
        .await
        .expect(201);
    let partner = json!({"key": "HERS", "name": "Hers"});
    let partner = olive.ask("POST", "/console/api/partners", partner).await;
    let partner_key = text(&partner.expect(201), "apiKey");
    let agreed = json!({"name": "Hers", "currencies": ["USD"]});
    olive
        .ask("PUT", "/console/api/partners/HERS", agreed)
        .await
        .expect(200);
    let rotated = olive
        .ask("POST", "/console/api/partners/OTHER/rotate", json!({}))
        .await;
    let rotated_key = text(&rotated.expect(200), "apiKey");
    for (name, role) in [("script", "api"), ("colleague", "manager")] {
        let account = json!({"name": name, "role": role, "new_password": "long enough for all"});
        olive
            .ask("POST", "/console/api/staff", account)
            .await
            .expect(201);
    }
    Made {
        token,
        child,
        partner_key,
        rotated_key,
    }
}

async fn staffed() -> TestBox {
    let bx = a_box()
        .set(|config| {
            "main".clone_into(&mut config.stalker.login);
            config.stalker.password = "main password".into();
        })
        .with_staff("ada", Role::Owner)
        .with_staff("olive", Role::Owner)
        .await;
    bx.apply(json!({"partners": [
        {"key": "OTHER", "name": "Other", "api_key": "key-other", "currencies": ["USD"]},
    ]}))
    .await;
    bx
}

async fn partner_status(bx: &TestBox, key: &str) -> u16 {
    let body = json!({"accountIdentifier": "+14165550101"}).to_string();
    let headers = [("x-api-key", key), ("content-type", "application/json")];
    let url = bx.url("/marketone/v1/account/validate");
    let client = bx.anonymous();
    let sent = client.send("POST", url, Some(body.into_bytes()), &headers);
    sent.await.status
}

/// The statuses that show which of her things are good: tokens, keys, the account, her session.
async fn statuses(bx: &TestBox, olive: &Person<'_>, made: &Made) -> Vec<u16> {
    let mut statuses = Vec::new();
    for token in [&made.token, &made.child] {
        let script = bx.with_header(&format!("JWT {token}"));
        statuses.push(script.get("/customers").await.status);
    }
    for key in [&made.partner_key, &made.rotated_key] {
        statuses.push(partner_status(bx, key).await);
    }
    let basic = data_encoding::BASE64.encode(b"script:long enough for all");
    let script = bx.with_header(&format!("Basic {basic}"));
    let accounts = bx.url("/stalker_portal/api/accounts");
    statuses.push(script.get(accounts).await.status);
    statuses.push(olive.get("/console/api/session").await.status);
    statuses
}

async fn hook_is_on(ada: &Person<'_>) -> bool {
    let hooks = ada.get("/console/api/webhooks").await.expect(200);
    hooks[0]["on"].as_bool().expect("on or off")
}

#[tokio::test]
async fn who_leaves_takes_along_what_they_made() {
    let bx = staffed().await;
    let (ada, olive) = (Person::of(&bx, "ada").await, Person::of(&bx, "olive").await);
    let made = make(&bx, &olive).await;
    // An account of the manager's default and a token of Ada's are not hers.
    let others = json!({"name": "adas"});
    let others = ada.ask("POST", "/console/api/tokens", others).await;
    let others = others.expect(201)["token"].as_str().unwrap().to_owned();
    // 404: the partner is let in, and there is no such account.
    assert_eq!(
        statuses(&bx, &olive, &made).await,
        [200, 200, 404, 404, 200, 200]
    );
    let path = "/console/api/staff/olive";
    let listed = ada.ask("DELETE", path, json!({"preview": true})).await;
    let effect = listed.expect(200)["effect"].to_string();
    for named in [
        "token olives",
        "token child",
        "partner HERS",
        "partner OTHER",
        "webhook 1",
        "account script",
        "sign-ins",
        "colleague (manager)",
    ] {
        assert!(effect.contains(named), "{named}: {effect}");
    }
    assert!(!effect.contains("adas"), "{effect}");
    let refused = ada.ask("DELETE", path, Value::Null).await;
    assert_eq!(refused.status, 409, "{}", refused.told());
    assert!(refused.text.contains("token olives"), "{}", refused.told());
    assert_eq!(
        statuses(&bx, &olive, &made).await,
        [200, 200, 404, 404, 200, 200]
    );
    assert!(hook_is_on(&ada).await);
    let done = ada.ask("DELETE", path, json!({"end_credentials": true}));
    done.await.expect(200);
    // Stalker answers 401 where Basic fails, the partner's API likewise.
    assert_eq!(
        statuses(&bx, &olive, &made).await,
        [401, 401, 401, 401, 401, 401]
    );
    assert_eq!(partner_status(&bx, "key-other").await, 401);
    assert!(!hook_is_on(&ada).await);
    assert_eq!(sign_in(&bx, "olive").await.status, 401);
    let script = bx.with_header(&format!("JWT {others}"));
    script.get("/customers").await.expect(200);
    let staff = ada.get("/console/api/staff").await.expect(200).to_string();
    assert!(staff.contains("colleague") && !staff.contains("script"));
    crate::billing::prove(&bx);
}

#[tokio::test]
async fn who_may_manage_staff_no_more_keeps_nothing_of_it() {
    let bx = staffed().await;
    let (ada, olive) = (Person::of(&bx, "ada").await, Person::of(&bx, "olive").await);
    let made = make(&bx, &olive).await;
    let path = "/console/api/staff/olive";
    let body = json!({"role": "support", "end_credentials": true});
    ada.ask("PUT", path, body).await.expect(200);
    assert_eq!(
        statuses(&bx, &olive, &made).await,
        [401, 401, 401, 401, 401, 401]
    );
    let olive = Person::of(&bx, "olive").await;
    let who = olive.get("/console/api/session").await.expect(200);
    assert_eq!(who["role"], "support");
    assert_eq!(olive.get("/console/api/tokens").await.status, 403);
}

#[tokio::test]
async fn somebody_who_may_manage_staff_is_always_left() {
    let bx = a_box()
        .with_staff("ada", Role::Owner)
        .with_staff("max", Role::Manager)
        .await;
    let ada = Person::of(&bx, "ada").await;
    let path = "/console/api/staff/ada";
    let all = json!({"end_credentials": true});
    assert_eq!(ada.ask("DELETE", path, all.clone()).await.status, 409);
    let lesser = json!({"role": "manager", "end_credentials": true});
    assert_eq!(ada.ask("PUT", path, lesser.clone()).await.status, 409);
    let role = json!({"role": "owner"});
    let max = "/console/api/staff/max";
    ada.ask("PUT", max, role).await.expect(200);
    ada.ask("PUT", path, lesser).await.expect(200);
    // She is signed out by it, and may manage nobody when she is back.
    assert_eq!(sign_in(&bx, "ada").await.status, 201);
    let ada = Person::of(&bx, "ada").await;
    assert_eq!(ada.ask("DELETE", max, all).await.status, 403);
    for (method, name, body, status) in [
        ("DELETE", "nobody", Value::Null, 404),
        ("PUT", "ada", json!({"role": "king"}), 400),
        ("PUT", "ada", json!({}), 400),
        ("PUT", "ada", json!({"role": "owner", "extra": 1}), 400),
    ] {
        let max = Person::of(&bx, "max").await;
        let path = format!("/console/api/staff/{name}");
        let answer = max.ask(method, &path, body).await;
        assert_eq!(answer.status, status, "{}", answer.told());
    }
}

/// A request that was let in a moment before its sender left makes nothing that outlives them.
#[tokio::test]
async fn nothing_is_made_after_its_maker_left() {
    let bx = staffed().await;
    let id = {
        use boxoffice::domain::staff::Operator;
        use boxoffice::store::Read as _;
        let staff: Vec<Operator> = bx.app().store.read().unwrap().all().unwrap();
        staff
            .into_iter()
            .find(|held| held.name == "olive")
            .unwrap()
            .id
    };
    let hers = Ctx {
        actor: Actor::Operator {
            id,
            name: "olive".to_owned(),
            role: Role::Owner,
            reseller: None,
        },
        ..Ctx::system(bx.app())
    };
    let wish = || NewToken {
        name: "late".to_owned(),
        role: Role::Manager,
        ttl_seconds: 60,
    };
    create_token(&hers, wish()).await.expect("a token");
    let ada = Person::of(&bx, "ada").await;
    let all = json!({"end_credentials": true});
    let path = "/console/api/staff/olive";
    ada.ask("DELETE", path, all).await.expect(200);
    assert!(create_token(&hers, wish()).await.is_err());
    let added = boxoffice::ops::partners::add(&hers, "L".to_owned(), "Late".to_owned()).await;
    assert!(added.is_err());
}

#[tokio::test]
async fn lists_say_who_made_what() {
    let bx = staffed().await;
    let (ada, olive) = (Person::of(&bx, "ada").await, Person::of(&bx, "olive").await);
    make(&bx, &olive).await;
    for (path, name, by) in [
        ("/console/api/tokens", "\"olives\"", "olive"),
        ("/console/api/tokens", "child", "token olives"),
        ("/console/api/webhooks", "127.0.0.1", "olive"),
        ("/console/api/staff", "colleague", "olive"),
        ("/console/api/staff", "\"ada\"", "the command line"),
    ] {
        let listed = ada.get(path).await.expect(200);
        let listed = listed.as_array().expect("a list");
        let found = listed.iter().find(|of| of.to_string().contains(name));
        assert_eq!(found.expect(name)["made_by"], by, "{path} {name}");
    }
    let partners = ada.get("/console/api/partners").await.expect(200);
    assert_eq!(partners[0]["madeBy"], "olive");
    assert_eq!(partners[1]["madeBy"], "olive");
    // Who booked money, and who gave it back.
    let customer = ada
        .ask("POST", "/integration/api/customers", json!({}))
        .await;
    let customer = customer.expect(201)["_id"].as_str().unwrap().to_owned();
    let payments = format!("/console/api/customers/{customer}/payments");
    let paid = json!({"amount": "5", "method": "cash"});
    let paid = olive.ask("POST", &payments, paid).await.expect(201);
    assert_eq!(paid["by"], "olive");
    let refunds = format!("/console/api/payments/{}/refunds", paid["id"]);
    let back = ada.ask("POST", &refunds, json!({"amount": "1"})).await;
    assert_eq!(back.expect(201)["by"], "ada");
    let listed = ada.get(&payments).await.expect(200);
    assert_eq!(
        (&listed[0]["by"], &listed[1]["by"]),
        (&json!("olive"), &json!("ada"))
    );
    assert!(!listed.to_string().contains(PASSWORD));
}

/// What the program says and where it ended, with these lines on its standard input.
fn told(data: &std::path::Path, args: &[&str], input: &str) -> (bool, String) {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    command
        .args(args)
        .arg("--data")
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut running = command.spawn().expect("it starts");
    let mut to = running.stdin.take().expect("a pipe");
    to.write_all(input.as_bytes()).expect("it reads");
    drop(to);
    let ended = running.wait_with_output().expect("it ends");
    let text = [ended.stdout, ended.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (ended.status.success(), text)
}

#[tokio::test]
async fn the_command_line_lists_first_and_asks() {
    let folder = tempfile::tempdir().expect("a folder");
    let bx = a_box()
        .in_folder(folder.path())
        .with_staff("ada", Role::Owner)
        .with_staff("olive", Role::Owner)
        .await;
    let olive = Person::of(&bx, "olive").await;
    let token = json!({"name": "olives"});
    olive
        .ask("POST", "/console/api/tokens", token)
        .await
        .expect(201);
    drop(olive);
    bx.stop().await;
    let say = |args: &[&str], input: &str| told(folder.path(), args, input);
    let (ok, text) = say(&["token", "list"], "");
    assert!(ok && text.contains("by olive"), "{text}");
    for answer in ["", "n\n", "olive\n"] {
        let (ok, text) = say(&["operator", "remove", "olive"], answer);
        assert!(!ok && text.contains("token olives"), "{text}");
        assert!(text.contains("nothing was changed"), "{text}");
    }
    let (ok, text) = say(&["operator", "role", "olive", "support"], "y\n");
    assert!(ok && text.contains("token olives"), "{text}");
    assert!(text.contains("olive is support now"), "{text}");
    let (ok, text) = say(&["token", "list"], "");
    assert!(ok && text.contains("olives\tmanager\trevoked"), "{text}");
    let (ok, text) = say(&["operator", "remove", "olive", "--end-credentials"], "");
    assert!(ok && text.contains("removed olive"), "{text}");
    let (ok, text) = say(&["operator", "remove", "ada", "--end-credentials"], "");
    assert!(!ok && text.contains("another owner"), "{text}");
    let add = ["operator", "add", "eve", "--role", "owner", "--email"];
    let (ok, text) = say(
        &[&add[..], &["eve@example.com", "--password-stdin"]].concat(),
        "a long enough secret\n",
    );
    assert!(ok, "{text}");
    let (ok, text) = say(&["operator", "list"], "");
    assert!(
        ok && text.contains("by the command line\teve@example.com"),
        "{text}"
    );
    let (ok, text) = say(&["audit", "--of", "operator:3", "--format", "jsonl"], "");
    let line: Value = serde_json::from_str(text.lines().next().unwrap_or_default()).expect(&text);
    assert!(ok && line["action"] == "operator.add", "{text}");
    let (ok, text) = say(&["audit", "--who", "nobody at all"], "");
    assert!(ok && text.is_empty(), "{text}");
    let (ok, text) = say(&["audit", "--of", "operator"], "");
    assert!(!ok && text.contains("--of"), "{text}");
    let (ok, text) = say(&["keys", "rotate"], "");
    assert!(!ok && text.contains("--yes"), "{text}");
    let (ok, text) = say(&["keys", "rotate", "--yes"], "");
    assert!(ok && text.contains("another one"), "{text}");
}
