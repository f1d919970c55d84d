//! Who is meant: MACs in every form, account numbers of any length, logins, mixed and empty lists
//! (stalker-rest-v1 §1.6 and §5.2 B2, B3, B10, B17, B27).

use serde_json::{Value, json};

use super::{A, B, C, House, NOTHING, Says, all, fixture};
use crate::support::fixture::a_house;
use crate::support::segment;

const OF_BOXES: [&str; 2] = ["/stb", "/itv_subscription"];

async fn logins(house: &House, path: &str) -> Vec<String> {
    all(&house.rest.get(path).await.ok(), "login")
}

/// B10: "6 hex pairs with `:`, `-` or nothing = MAC".
#[tokio::test]
async fn a_mac_is_found_in_every_form() {
    let house = a_house().await;
    for mac in [
        C,
        "00:1a:79:00:21:40",
        "00-1A-79-00-21-40",
        "00-1a-79-00-21-40",
        "001A79002140",
        "001a79002140",
        "00%3A1A%3A79%3A00%3A21%3A40",
        "00%3a1a%3a79%3a00%3a21%3a40",
    ] {
        for resource in OF_BOXES {
            let list = house.rest.get(&format!("{resource}/{mac}")).await.ok();
            assert_eq!(all(&list, "mac"), [C], "{resource} {mac}");
        }
        let list = house
            .rest
            .get(&format!("/account_subscription/{mac}"))
            .await
            .ok();
        assert_eq!(all(&list, "mac"), [C], "{mac}");
        house.rest.get(&format!("/stb_modules/{mac}")).await.ok();
        let sent = house.rest.post(&format!("/stb_msg/{mac}"), "msg=m").await;
        assert_eq!(sent.ok(), true, "{mac}");
        // Without separators an original takes it for an account number there.
        if mac.len() != 12 {
            assert_eq!(logins(&house, &format!("/accounts/{mac}")).await, ["3"]);
            assert_eq!(house.account(mac).await["login"], "3", "{mac}");
        }
    }
}

/// B10: "12+ character account numbers unusable for device resources".
#[tokio::test]
async fn a_long_account_number_is_found_everywhere() {
    let house = a_house().await;
    let numbers = [
        "CONTRACT-000001",
        "5d1c6c1e-0000-4000-8000-000000000000",
        "1234567890123",
        "12-34-56-78-9",
        "zzzzzzzzzzzz",
    ];
    for (at, number) in numbers.into_iter().enumerate() {
        let form = format!("login=l{at}&account_number={number}&stb_mac=00:1A:79:01:00:0{at}");
        assert_eq!(house.rest.post("/accounts", &form).await.ok(), true);
        let login = format!("l{at}");
        assert_eq!(
            logins(&house, &format!("/accounts/{number}")).await,
            [login.as_str()]
        );
        assert_eq!(
            logins(&house, &format!("/stb/{number}")).await,
            [login.as_str()]
        );
        let put = house
            .rest
            .put(&format!("/stb/{number}"), "additional_services_on=0")
            .await;
        assert_eq!(all(&put.ok(), "login"), [login], "{number}");
        let put = house
            .rest
            .put(&format!("/itv_subscription/{number}"), "sub_ch[]=27")
            .await;
        assert_eq!(all(&put.ok(), "ls"), [number]);
        let path = format!("/account_subscription/{number}");
        let put = house.rest.put(&path, "subscribed[]=tv_3").await;
        assert_eq!(put.ok(), true, "{number}");
        let put = house
            .rest
            .put(&format!("/stb_modules/{number}"), "disabled[]=radio")
            .await;
        assert_eq!(put.ok()["disabled"], json!(["radio"]));
        let sent = house
            .rest
            .post(&format!("/send_event/{number}"), "event=reboot")
            .await;
        assert_eq!(sent.ok(), true, "{number}");
    }
    // Twelve digits are a number to the resource of accounts, as they were (§1.6).
    house
        .rest
        .post("/accounts", "login=twelve&account_number=123456789012")
        .await
        .ok();
    assert_eq!(logins(&house, "/accounts/123456789012").await, ["twelve"]);
}

/// B10: "classify each entry".
#[tokio::test]
async fn a_list_may_mix_kinds() {
    let house = a_house().await;
    for list in [
        "1553,00:1A:79:00:21:40",
        "00:1A:79:00:21:40,1553",
        "001A79002140,1553",
    ] {
        assert_eq!(
            logins(&house, &format!("/stb/{list}")).await,
            ["3210", "3211", "3"]
        );
    }
    assert_eq!(
        logins(&house, &format!("/accounts/1553,{C}")).await,
        ["3210", "3211", "3"]
    );
    // "each row at most once".
    assert_eq!(logins(&house, &format!("/stb/3,{C},3,003")).await, ["3"]);
    let path = format!("/stb_msg/3,{A},999");
    assert_eq!(house.rest.post(&path, "msg=m").await.ok(), true);
    assert_eq!(house.names(A).await, ["send_msg"]);
    assert_eq!(house.names(B).await, [""; 0]);
    assert_eq!(house.names(C).await, ["send_msg"]);
}

/// B10: "then fall back to login (C:odoo posts events to a login)"; the number goes first.
#[tokio::test]
async fn a_login_is_the_last_resort() {
    let house = a_house().await;
    for login in ["3210", "3211"] {
        let path = format!("/send_event/{login}");
        assert_eq!(
            house.rest.post(&path, "event=reload_portal").await.ok(),
            true
        );
    }
    assert_eq!(house.names(A).await, ["reload_portal"]);
    assert_eq!(house.names(B).await, ["reload_portal"]);
    assert_eq!(house.names(C).await, [""; 0]);
    // One whose login is another's account number is not reached by it.
    let form = "login=1553&stb_mac=00:1A:79:00:00:99";
    assert_eq!(house.rest.post("/accounts", form).await.ok(), true);
    assert_eq!(logins(&house, "/stb/1553").await, ["3210", "3211"]);
    assert_eq!(logins(&house, "/accounts/1553").await, ["3210", "3211"]);
    assert_eq!(house.account("1553").await["stb_mac"], "00:1A:79:00:00:99");
    // And a number is no login of `users`.
    house
        .rest
        .put("/accounts/3", "account_number=number")
        .await
        .ok();
    house
        .rest
        .get("/users/number")
        .await
        .refused("Account not found");
}

/// "Comparison is done … with a case-insensitive collation …; trailing spaces are insignificant".
#[tokio::test]
async fn letter_case_and_trailing_spaces_do_not_matter() {
    let house = a_house().await;
    let form = "login=Anna@Example.com&account_number=Ab-Ж";
    assert_eq!(house.rest.post("/accounts", form).await.ok(), true);
    let mut of_anna = Vec::new();
    for number in ["Ab-Ж", "aB-ж", "AB-Ж "] {
        of_anna.push(
            house
                .rest
                .get(&format!("/accounts/{}", segment(number)))
                .await
                .ok(),
        );
    }
    for login in ["Anna@Example.com", "anna@example.COM", "anna@example.com "] {
        of_anna.push(json!([house.account(&segment(login)).await]));
    }
    for found in of_anna {
        assert_eq!(all(&found, "login"), ["Anna@Example.com"]);
    }
    let again = house.rest.post("/accounts", "login=ANNA@example.com").await;
    again.refused("Login already in use");
}

/// §1.6: "Results come in database order — normally ascending internal id".
#[tokio::test]
async fn answers_come_in_internal_order() {
    let house = a_house().await;
    assert_eq!(logins(&house, "/stb").await, ["3210", "3211", "3", "nobox"]);
    assert_eq!(logins(&house, "/stb/3,1553").await, ["3210", "3211", "3"]);
    assert_eq!(
        logins(&house, "/accounts/3,1553").await,
        ["3210", "3211", "3"]
    );
}

/// B27: "take it literally, then try the space form".
#[tokio::test]
async fn a_plus_in_a_path_is_a_plus_first() {
    let house = a_house().await;
    house
        .rest
        .post("/accounts", "login=space&account_number=a%20b")
        .await
        .ok();
    assert_eq!(logins(&house, "/accounts/a+b").await, ["space"]);
    house
        .rest
        .post("/accounts", "login=plus&account_number=a%2Bb")
        .await
        .ok();
    assert_eq!(logins(&house, "/accounts/a+b").await, ["plus"]);
    assert_eq!(logins(&house, "/accounts/a%2Bb").await, ["plus"]);
    assert_eq!(logins(&house, "/accounts/a%20b").await, ["space"]);
    assert_eq!(logins(&house, "/stb/a+b").await, ["plus"]);
}

/// B3: an empty entry is dropped; alone it names nobody, and never whoever has no account number.
#[tokio::test]
async fn empty_entries_name_nobody() {
    let house = a_house().await;
    assert_eq!(logins(&house, "/accounts/,3").await, ["3"]);
    assert_eq!(logins(&house, "/stb/,3,,").await, ["3"]);
    let before = house.accounts().await;
    for empty in ["/,", "/,,", "//", "/%2C", "/,/3"] {
        for resource in ["accounts", "users", "stb", "reseller"] {
            for (method, form) in [("DELETE", ""), ("PUT", "status=0&comment=x&name=y")] {
                let answer = house
                    .rest
                    .form(method, &format!("/{resource}{empty}"), form)
                    .await;
                assert!(answer.error().is_some(), "{}", answer.told());
            }
        }
        for (method, resource, form) in [
            ("POST", "send_event", "event=reboot"),
            ("POST", "stb_msg", "msg=all"),
            ("PUT", "stb_modules", "restricted[]=tv"),
            ("PUT", "itv_subscription", "sub_ch[]=58"),
            ("PUT", "account_subscription", "subscribed[]=tv_3"),
            ("POST", "account_subscription", "subscribed[]="),
            ("DELETE", "account_subscription", ""),
        ] {
            let answer = house
                .rest
                .form(method, &format!("/{resource}{empty}"), form)
                .await;
            assert!(answer.error().is_some(), "{}", answer.told());
        }
    }
    assert_eq!(house.accounts().await, before);
    for mac in [A, B, C] {
        assert_eq!(house.all_queued(mac).await, NOTHING, "{mac}");
    }
    for path in [
        "/accounts/,",
        "/stb/,",
        "/itv_subscription/,",
        "/account_subscription/,",
    ] {
        let answer = house.rest.get(path).await;
        if answer.error().is_none() {
            assert_eq!(answer.ok(), json!([]), "{path}");
        }
    }
}

/// Somebody without an account number is not meant by an empty one, and one with `0` by `0`.
#[tokio::test]
async fn zero_is_an_ordinary_identifier() {
    let mut document = fixture();
    document["customers"][3]["account_number"] = json!("0");
    let house = a_house().holding(document).await;
    assert_eq!(logins(&house, "/accounts/0").await, ["nobox"]);
    assert_eq!(logins(&house, "/stb/0").await, ["nobox"]);
    assert_eq!(
        house.rest.put("/accounts/0", "comment=zero").await.ok(),
        true
    );
    assert_eq!(house.account("nobox").await["comment"], "zero");
    assert!(
        house.account("3").await["comment"]
            .as_str()
            .unwrap_or("")
            .is_empty()
    );
    assert_eq!(house.rest.delete("/accounts/0").await.ok(), true);
    assert_eq!(logins(&house, "/accounts").await, ["3210", "3211", "3"]);
}

/// A bound on lists refuses them; it never turns them into everybody.
#[tokio::test]
async fn ten_thousand_identifiers_are_nobody_else() {
    let house = a_house().await;
    let before = house.accounts().await;
    let many: String = (20_000..30_000).map(|n| format!("{n},")).collect();
    let many = many.trim_end_matches(',');
    for (method, resource, form) in [
        ("GET", "stb", ""),
        ("GET", "accounts", ""),
        ("GET", "itv", ""),
        ("GET", "itv_subscription", ""),
        ("PUT", "stb", "status=0&reboot=1"),
        ("DELETE", "stb", ""),
        ("DELETE", "accounts", ""),
        ("PUT", "accounts", "status=0"),
        ("POST", "send_event", "event=reboot"),
        ("POST", "stb_msg", "msg=x"),
        ("PUT", "stb_modules", "restricted[]=tv"),
        ("PUT", "itv_subscription", "sub_ch[]=58"),
        ("DELETE", "account_subscription", ""),
    ] {
        let answer = house
            .rest
            .form(method, &format!("/{resource}/{many}"), form)
            .await;
        assert!(answer.status < 500, "{}", answer.told());
        if answer.status == 200 && answer.error().is_none() {
            let results = answer.json()["results"].clone();
            assert!(
                results == json!([]) || results == Value::Bool(false),
                "{results}"
            );
        }
    }
    assert_eq!(house.accounts().await, before);
    for mac in [A, B, C] {
        assert_eq!(house.all_queued(mac).await, NOTHING, "{mac}");
    }
    // Thirty at a time is what a panel sends (§7, C:node-panel).
    let thirty: String = (0..29).map(|n| format!("{n:012},")).collect();
    let answer = house
        .rest
        .post(&format!("/send_event/{thirty}{B}"), "event=reboot")
        .await;
    assert_eq!(answer.ok(), true);
    assert_eq!(house.names(B).await, ["reboot"]);
}

/// B17: "de-duplicate first".
#[tokio::test]
async fn the_same_identifier_twice_is_one() {
    let house = a_house().await;
    for list in ["3,3", "3,3,", &format!("{C},{C}")] {
        assert_eq!(
            logins(&house, &format!("/accounts/{list}")).await,
            ["3"],
            "{list}"
        );
        assert_eq!(
            logins(&house, &format!("/stb/{list}")).await,
            ["3"],
            "{list}"
        );
    }
    assert_eq!(
        house.rest.put("/accounts/3,3", "comment=x").await.ok(),
        true
    );
    assert_eq!(house.rest.delete("/accounts/3,3").await.ok(), true);
    assert_eq!(logins(&house, "/accounts").await, ["3210", "3211", "nobox"]);
}
