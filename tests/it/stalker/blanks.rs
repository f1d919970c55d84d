//! Names that are blank, or hold what cannot be seen, and names that nobody may have twice.

use serde_json::{Value, json};

use super::{A, B, NOTHING, Says};
use crate::support::fixture::{a_house, a_house_with_both_apis};

const FIRST: &str = "00:1A:79:88:00:01";
const SECOND: &str = "00:1A:79:88:00:02";

/// §1.6: "trailing spaces are insignificant", so a blank identifier is an empty one, and an empty
/// one is nobody (B3).
#[tokio::test]
async fn a_blank_identifier_is_nobody() {
    let both = a_house_with_both_apis().await;
    let house = &both.house;
    for (login, number) in [
        ("blank1", "+"),
        ("blank2", "%20%20"),
        ("blank3", "%00"),
        ("blank4", "%09"),
    ] {
        let form = format!("login={login}&account_number={number}");
        assert_eq!(
            house.rest.post("/accounts", &form).await.ok(),
            true,
            "{login}"
        );
        assert_eq!(house.account(login).await["account_number"], "", "{login}");
    }
    both.change("nobox", json!({"accountNumber": "  "})).await;
    let bring = json!({"customers": [{"login": "3211", "account_number": " "}]});
    house.bx.apply(bring).await;
    let before = house.accounts().await;
    for blank in [
        "%20", "%20%20", "%00", "%00%00", "%20,%20", "%00,%20", "%09", "+", "%20%00",
    ] {
        for (method, resource, form) in [
            ("GET", "accounts", ""),
            ("GET", "users", ""),
            ("GET", "stb", ""),
            ("PUT", "accounts", "comment=x"),
            ("PUT", "users", "comment=x"),
            ("PUT", "stb", "status=0"),
            ("PUT", "itv_subscription", "sub_ch[]=37"),
            ("PUT", "account_subscription", "subscribed[]=tv_3"),
            ("PUT", "stb_modules", "disabled[]=tv"),
            ("POST", "send_event", "event=reboot"),
            ("POST", "stb_msg", "msg=x"),
            ("DELETE", "stb", ""),
            ("DELETE", "accounts", ""),
            ("DELETE", "users", ""),
        ] {
            let answer = house
                .rest
                .form(method, &format!("/{resource}/{blank}"), form)
                .await;
            let nobody = match answer.error() {
                Some(_) => true,
                None => [json!(NOTHING), json!(false)].contains(&answer.json()["results"]),
            };
            assert!(nobody, "{method} {resource}/{blank}: {}", answer.text);
        }
    }
    assert_eq!(house.accounts().await, before);
    assert_eq!(house.names(A).await, [""; 0]);
    for (method, path) in [
        ("PUT", "/accounts/%20"),
        ("DELETE", "/stb/%20%20"),
        ("DELETE", "/users/+"),
    ] {
        let answer = house.rest.form(method, path, "status=0").await;
        let text = if path.ends_with('+') {
            "Account not found"
        } else {
            "Identifier required"
        };
        answer.refused(text);
    }
}

/// A NUL is a sign like any other: what has one is nobody's name.
#[tokio::test]
async fn a_nul_behind_a_name_makes_it_another() {
    let house = a_house().await;
    for name in [
        "1553%00",
        "1553%00%00",
        "3210%00",
        "nobox%00%20",
        &format!("{A}%00"),
    ] {
        let event = format!("/send_event/{name}");
        house
            .rest
            .post(&event, "event=reboot")
            .await
            .refused("STB not found");
        for resource in ["accounts", "users"] {
            let path = format!("/{resource}/{name}");
            house.rest.get(&path).await.refused("Account not found");
        }
    }
    assert_eq!(house.names(A).await, [""; 0]);
    // Blanks at the end are none.
    let rows = house.rest.get("/accounts/1553%20").await.ok();
    assert_eq!(rows.as_array().map(Vec::len), Some(2));
}

/// One MAC is one box, whoever has it and in whatever spelling.
#[tokio::test]
async fn a_customer_has_no_mac_twice() {
    let both = a_house_with_both_apis().await;
    let house = &both.house;
    let form = format!("login=dd&account_number=DD&stb_mac={FIRST}");
    house.rest.post("/accounts", &form).await.ok();
    let devices = both.path("dd", "/devices").await;
    let device = |mac: &str| json!({"type": "STB", "mac": mac});
    both.api.post(&devices, device(SECOND)).await.expect(201);
    for spelling in [FIRST, "00-1a-79-88-00-01", "001A79880001"] {
        assert_eq!(
            both.api.post(&devices, device(spelling)).await.status,
            409,
            "{spelling}"
        );
        let form = format!("stb_mac={spelling}");
        let path = format!("/accounts/{SECOND}");
        house
            .rest
            .put(&path, &form)
            .await
            .refused("MAC address already in use");
        let form = format!("mac={spelling}");
        house
            .rest
            .post("/stb", &form)
            .await
            .refused("Stb already exists");
    }
    let app = house.bx.app();
    let ctx = boxoffice::app::Ctx::system(app);
    let twice = json!({"customers": [{"login": "nobox", "devices": [
        {"mac": "00:1A:79:88:00:09"}, {"mac": "00:1a:79:88:00:09"}]}]});
    let applied = boxoffice::ops::apply::apply(&ctx, twice.to_string(), false).await;
    let error = format!("{:?}", applied.expect_err("one MAC twice"));
    assert!(error.contains("customers[0].devices[1].mac"), "{error}");
    // What is removed is free again.
    assert_eq!(house.rest.delete(&format!("/stb/{FIRST}")).await.ok(), true);
    assert_eq!(
        house.rest.get(&format!("/stb/{FIRST}")).await.ok(),
        json!(NOTHING)
    );
    both.api.post(&devices, device(FIRST)).await.expect(201);
}

/// A MAC that is sent back as it is shown is not a new one, however it was written once.
#[tokio::test]
async fn the_same_mac_in_another_spelling_is_the_same_box() {
    let both = a_house_with_both_apis().await;
    let house = &both.house;
    let devices = both.path("nobox", "/devices").await;
    let device = json!({"type": "STB", "mac": "00-1a-79-00-0c-01"});
    both.api.post(&devices, device).await.expect(201);
    let shown = house.account("nobox").await["stb_mac"].clone();
    assert_eq!(shown, "00:1A:79:00:0C:01");
    let mut stb = house.stb("00:1A:79:00:0C:01");
    stb.sign_in().await;
    house.rest.post("/stb_msg/nobox", "msg=keepme").await.ok();
    let form = "stb_mac=00:1A:79:00:0C:01&full_name=Nora";
    assert_eq!(house.rest.put("/users/nobox", form).await.ok(), true);
    assert_eq!(stb.poll().await["msg"], "keepme");
    assert_eq!(
        both.list("nobox", "devices").await[0]["mac"],
        "00-1a-79-00-0c-01"
    );
}

/// §2.1: "With `password` but no `login`, the login becomes the new internal id", one that is free.
#[tokio::test]
async fn a_login_that_is_made_is_nobodys() {
    let house = a_house().await;
    for taken in ["6", "7", "8"] {
        let form = format!("login={taken}");
        house.rest.post("/accounts", &form).await.ok();
    }
    let form = "password=q&mac=00:1A:79:AB:AB:02";
    let made = house.rest.post("/stb", form).await.ok();
    assert_eq!(made["login"], "9", "{made}");
    assert_eq!(house.account("9").await["stb_mac"], "00:1A:79:AB:AB:02");
    let next = house
        .rest
        .post("/stb", "password=q&mac=00:1A:79:AB:AB:03")
        .await
        .ok();
    assert_eq!(next["login"], "10");
    assert_ne!(house.account("3211").await, Value::Null);
    assert_eq!(house.account("3211").await["stb_mac"], B);
}
