//! ACCOUNTS and USERS: fields, the order of checks, what is changed and what is not
//! (stalker-rest-v1 §2.2, §2.3 and §4.5).

use serde_json::{Value, json};

use super::{A, B, C, Says, all, keys};
use crate::support::fixture::a_house;

/// §2.2, in this order.
const FIELDS: [&str; 19] = [
    "login",
    "full_name",
    "phone",
    "account_number",
    "tariff_plan",
    "tariff_expired_date",
    "tariff_instead_expired",
    "stb_sn",
    "stb_mac",
    "stb_type",
    "status",
    "online",
    "ip",
    "version",
    "comment",
    "account_balance",
    "last_active",
    "subscribed",
    "subscribed_id",
];

/// Asserts that the keys of the first result stand in this order and that there are no others.
#[track_caller]
pub fn assert_keys(text: &str, expected: &[&str]) {
    let body: Value = serde_json::from_str(text).expect("JSON");
    let results = &body["results"];
    let first = if results.is_array() {
        &results[0]
    } else {
        results
    };
    let mut sorted = expected.to_vec();
    sorted.sort_unstable();
    assert_eq!(keys(first), sorted, "{text}");
    let mut rest = text.split_once("\"results\":").expect("results").1;
    for key in expected {
        let quoted = format!("\"{key}\":");
        let (_, after) = rest
            .split_once(&quoted)
            .unwrap_or_else(|| panic!("{key} is out of order in {text}"));
        rest = after;
    }
}

#[tokio::test]
async fn the_keys_stand_in_the_order_of_the_reference() {
    let house = a_house().await;
    for path in ["/accounts/1553", "/users/3210", "/accounts", "/users"] {
        assert_keys(&house.rest.get(path).await.text, &FIELDS);
    }
    let house = a_house()
        .set(|config| {
            config.stalker.internal_billing = true;
            config.stalker.allow_resellers_info = true;
        })
        .await;
    let mut fields = FIELDS.to_vec();
    fields.insert(15, "end_date");
    fields.splice(18..18, ["reseller_id", "reseller_name"]);
    assert_keys(&house.rest.get("/accounts/3").await.text, &fields);
    assert_keys(&house.rest.get("/users/3").await.text, &fields);
}

/// "The password is never returned."
#[tokio::test]
async fn a_password_is_never_shown() {
    let house = a_house().await;
    let form = "login=p&password=Quite-Secret-1&comment=c";
    assert_eq!(house.rest.post("/accounts", form).await.ok(), true);
    for path in ["/users/p", "/accounts", "/stb"] {
        let text = house.rest.get(path).await.text;
        assert!(!text.contains("Quite-Secret-1"), "{text}");
        assert!(!text.contains("password"), "{text}");
    }
}

/// §2.2 POST: "body → known field → MAC valid → login present → login free → MAC free → reseller".
#[tokio::test]
async fn a_new_account_is_checked_in_order() {
    let house = a_house()
        .set(|config| config.stalker.allow_resellers_info = true)
        .await;
    let before = house.accounts().await;
    for path in ["/accounts", "/users", "/accounts/", "/users/"] {
        for (form, text) in [
            ("", "HTTP POST data is empty"),
            ("foo=1", "Insert data is empty"),
            ("stb_mac=zz&login=3&reseller_id=99", "Not valid mac address"),
            ("stb_mac=00:1A:79:00:21:4G", "Not valid mac address"),
            (&format!("stb_mac={C}&reseller_id=99"), "Login required"),
            ("login=&full_name=x", "Login required"),
            ("login=0", "Login required"),
            (
                &format!("login=3&stb_mac={C}&reseller_id=99"),
                "Login already in use",
            ),
            (
                &format!("login=new&stb_mac={C}&reseller_id=99"),
                "MAC address already in use",
            ),
            ("login=new&reseller_id=99", "Reseller does not exist"),
        ] {
            house.rest.post(path, form).await.refused(text);
        }
    }
    let empty = house.rest.send("POST", "/accounts", None, None).await;
    empty.refused("HTTP POST data is empty");
    assert_eq!(house.accounts().await, before);
}

/// §2.2 PUT: "body → known field → `Identifier required` → `Account not found` → `Only one
/// identifier allowed` → `Login already in use` → reseller".
#[tokio::test]
async fn a_change_is_checked_in_order() {
    let house = a_house()
        .set(|config| config.stalker.allow_resellers_info = true)
        .await;
    let before = house.accounts().await;
    for (path, form, text) in [
        ("/accounts", "", "HTTP POST data is empty"),
        ("/accounts/999", "", "HTTP POST data is empty"),
        ("/accounts", "foo=1", "Insert data is empty"),
        ("/accounts/999", "foo=1", "Insert data is empty"),
        ("/accounts", "login=3210", "Identifier required"),
        ("/accounts/", "comment=x", "Identifier required"),
        (
            "/accounts/999",
            "login=3210&reseller_id=99",
            "Account not found",
        ),
        (
            "/accounts/3,1553",
            "login=3210&reseller_id=99",
            "Only one identifier allowed",
        ),
        (
            "/accounts/3",
            "login=3210&reseller_id=99",
            "Login already in use",
        ),
        ("/accounts/1553", "login=3210", "Login already in use"),
        (
            "/accounts/3",
            "comment=x&reseller_id=99",
            "Reseller does not exist",
        ),
        ("/users", "comment=x", "Identifier required"),
        ("/users/999", "comment=x", "Account not found"),
        ("/users/3,3210", "comment=x", "Only one identifier allowed"),
        ("/users/nobox", "login=3&comment=x", "Login already in use"),
        ("/users/nobox", "", "HTTP POST data is empty"),
    ] {
        house.rest.put(path, form).await.refused(text);
    }
    let two = house.rest.put("/accounts/998,999", "comment=x").await;
    let either = ["Account not found", "Only one identifier allowed"];
    assert!(
        either.contains(&two.error().unwrap_or_default().as_str()),
        "{}",
        two.told()
    );
    assert_eq!(house.accounts().await, before);
}

/// §2.2 DELETE: "Check order as PUT."
#[tokio::test]
async fn a_deletion_is_checked_in_order() {
    let house = a_house().await;
    let before = house.accounts().await;
    for (path, text) in [
        ("/accounts", "Identifier required"),
        ("/accounts/", "Identifier required"),
        ("/accounts/999", "Account not found"),
        ("/accounts/3,1553", "Only one identifier allowed"),
        ("/users", "Identifier required"),
        ("/users/999", "Account not found"),
        ("/users/3,3210", "Only one identifier allowed"),
    ] {
        house.rest.delete(path).await.refused(text);
    }
    assert_eq!(house.accounts().await, before);
    assert_eq!(house.rest.delete("/accounts/1553").await.ok(), true);
    assert_eq!(all(&house.accounts().await, "login"), ["3", "nobox"]);
    house
        .rest
        .delete("/accounts/1553")
        .await
        .refused("Account not found");
}

/// "Only sent fields change. Empty `password` is ignored."
#[tokio::test]
async fn a_change_touches_only_what_is_sent() {
    let house = a_house().await;
    let form = "login=w&full_name=Full+Name&phone=5&account_number=77&tariff_plan=STANDART\
                &comment=c&account_balance=7.50&stb_mac=00:1A:79:00:00:77&status=1\
                &tariff_expired_date=2030-01-31";
    assert_eq!(house.rest.post("/accounts", form).await.ok(), true);
    let mut expected = house.account("w").await;
    for (form, field, value) in [
        ("phone=6", "phone", json!("6")),
        ("comment=", "comment", json!("")),
        ("full_name=Other", "full_name", json!("Other")),
        ("account_balance=1", "account_balance", json!("1")),
        ("account_number=78", "account_number", json!("78")),
        ("status=0", "status", json!(0)),
        (
            "stb_mac=00:1A:79:00:00:78",
            "stb_mac",
            json!("00:1A:79:00:00:78"),
        ),
        ("full_name=&password=", "full_name", json!("")),
    ] {
        assert_eq!(house.rest.put("/users/w", form).await.ok(), true, "{form}");
        expected[field] = value;
        let mut got = house.account("w").await;
        if got["comment"].is_null() {
            got["comment"] = json!("");
        }
        assert_eq!(got, expected, "{form}");
    }
}

/// A login may be changed; the old one is then free.
#[tokio::test]
async fn a_login_is_changed_and_the_old_one_free() {
    let house = a_house().await;
    assert_eq!(
        house.rest.put("/users/nobox", "login=moved").await.ok(),
        true
    );
    house
        .rest
        .get("/users/nobox")
        .await
        .refused("Account not found");
    assert_eq!(house.account("moved").await["login"], "moved");
    assert_eq!(house.rest.post("/accounts", "login=nobox").await.ok(), true);
    // Own login in another letter case is no conflict.
    assert_eq!(
        house.rest.put("/users/moved", "login=Moved").await.ok(),
        true
    );
    let logins = all(&house.accounts().await, "login");
    assert_eq!(logins, ["3210", "3211", "3", "Moved", "nobox"]);
}

/// An identifier may address several rows (§2.2 PUT): they never get one login, nor one MAC.
#[tokio::test]
async fn several_rows_never_share_a_login_or_a_mac() {
    let house = a_house().await;
    house.rest.put("/accounts/1553", "login=shared").await;
    let mut logins = all(&house.accounts().await, "login");
    logins.sort();
    logins.dedup();
    assert_eq!(logins.len(), 4, "{logins:?}");
    house
        .rest
        .put("/accounts/1553", "stb_mac=00:1A:79:00:00:66")
        .await;
    let macs = all(&house.accounts().await, "stb_mac");
    let shared = macs.iter().filter(|mac| *mac == "00:1A:79:00:00:66");
    assert!(shared.count() <= 1, "{macs:?}");
}

/// "`stb_mac=` (empty) detaches the box."
#[tokio::test]
async fn an_empty_mac_detaches_the_box() {
    let house = a_house().await;
    assert_eq!(house.rest.put("/users/3210", "stb_mac=").await.ok(), true);
    assert_eq!(house.account("3210").await["stb_mac"], "");
    house
        .rest
        .get(&format!("/accounts/{A}"))
        .await
        .refused("Account not found");
    assert_eq!(house.rest.get(&format!("/stb/{A}")).await.ok(), json!([]));
    // Its MAC is free for somebody else.
    let form = format!("stb_mac={A}");
    assert_eq!(house.rest.put("/users/nobox", &form).await.ok(), true);
    assert_eq!(house.account("nobox").await["stb_mac"], A);
}

/// §2.3: "with several identifiers or none, simply the first row".
#[tokio::test]
async fn users_answers_one_object() {
    let house = a_house().await;
    for path in [
        "/users",
        "/users/",
        "/users/3,3210",
        &format!("/users/{B},{A}"),
    ] {
        let user = house.rest.get(path).await.ok();
        assert_eq!(user["login"], "3210", "{path}");
    }
    let nobody = a_house().holding(json!({})).await;
    assert_eq!(nobody.rest.get("/users").await.ok(), json!([]));
    assert_eq!(nobody.accounts().await, json!([]));
    assert_eq!(nobody.rest.get("/stb").await.ok(), json!([]));
}

/// §2.2: "`tariff_plan` unknown → plan reset to default"; "`tariff_instead_expired` unknown/empty →
/// default plan"; external ids are texts.
#[tokio::test]
async fn plans_are_named_by_external_id() {
    let house = a_house().await;
    assert_eq!(
        house.rest.put("/users/3", "tariff_plan=NOPE").await.ok(),
        true
    );
    assert_eq!(house.account("3").await["tariff_plan"], "FULL");
    assert_eq!(
        house
            .rest
            .put("/users/3", "tariff_plan=STANDART")
            .await
            .ok(),
        true
    );
    assert_eq!(house.account("3").await["tariff_plan"], "STANDART");
    // The internal id is none.
    assert_eq!(house.rest.put("/users/3", "tariff_plan=2").await.ok(), true);
    assert_eq!(house.account("3").await["tariff_plan"], "FULL");
    for follow in ["NOPE", ""] {
        let form = format!("tariff_expired_date=2030-01-31&tariff_instead_expired={follow}");
        assert_eq!(house.rest.put("/users/3", &form).await.ok(), true);
        assert_eq!(
            house.account("3").await["tariff_instead_expired"],
            "FULL",
            "{follow}"
        );
    }
}

/// "null if there is no default plan".
#[tokio::test]
async fn without_a_default_plan_there_is_none() {
    let document = json!({"customers": [{"login": "alone", "devices": []}]});
    let house = a_house().holding(document).await;
    assert_eq!(house.account("alone").await["tariff_plan"], Value::Null);
    let made = house.rest.post("/accounts", "login=b&tariff_plan=X").await;
    assert_eq!(made.ok(), true);
    assert_eq!(house.account("b").await["tariff_plan"], Value::Null);
}

/// §4.5: "Longer values are cut to the stored length".
#[tokio::test]
async fn long_values_are_cut() {
    let house = a_house().await;
    house
        .rest
        .put("/users/3", "account_balance=12345678901234567890")
        .await
        .ok();
    assert_eq!(
        house.account("3").await["account_balance"],
        "1234567890123456"
    );
    let name = "ж".repeat(70);
    let form = format!("full_name={name}&phone={}", "5".repeat(70));
    assert_eq!(house.rest.put("/users/3", &form).await.ok(), true);
    let account = house.account("3").await;
    assert_eq!(account["full_name"], "ж".repeat(64));
    assert_eq!(account["phone"], "5".repeat(64));
}
