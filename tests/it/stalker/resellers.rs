//! RESELLER, and the reseller of an account (stalker-rest-v1 §2.12 and §4.6).

use serde_json::{Value, json};

use super::accounts::assert_keys;
use super::{A, House, Says, all};
use crate::support::fixture::a_house;

const FIELDS: [&str; 6] = [
    "id",
    "name",
    "created",
    "modified",
    "max_users",
    "use_ip_ranges",
];

async fn open() -> House {
    a_house()
        .set(|config| config.stalker.allow_resellers_info = true)
        .await
}

/// "Off → every method: `Resource denied by admin`."
#[tokio::test]
async fn without_the_setting_there_are_none() {
    let house = a_house().await;
    for (method, path) in [
        ("GET", "/reseller"),
        ("GET", "/reseller/1"),
        ("POST", "/reseller"),
        ("PUT", "/reseller/1"),
        ("PUT", "/reseller"),
        ("DELETE", "/reseller/1"),
    ] {
        for form in ["", "name=x"] {
            let answer = house.rest.form(method, path, form).await;
            answer.refused("Resource denied by admin");
        }
    }
    for path in ["/users/3", "/stb/3"] {
        let text = house.rest.get(path).await.text;
        assert!(!text.contains("reseller"), "{text}");
    }
}

#[tokio::test]
async fn resellers_are_listed() {
    let house = open().await;
    let answer = house.rest.get("/reseller").await;
    assert_keys(&answer.text, &FIELDS);
    let list = answer.ok();
    for key in FIELDS {
        assert!(list[0][key].is_string(), "{key} of {list}");
    }
    assert_eq!(house.rest.get("/reseller/1").await.ok(), list);
    // "duplicates are removed first".
    assert_eq!(house.rest.get("/reseller/1,1").await.ok(), list);
    house
        .rest
        .get("/reseller/99")
        .await
        .refused("Account not found");
    house
        .rest
        .get("/reseller/0")
        .await
        .refused("Account not found");
    let some = house.rest.get("/reseller/1,98,99").await;
    some.refused("One or more identifiers are incorrect");
    let house = a_house()
        .holding(json!({}))
        .set(|config| {
            config.stalker.allow_resellers_info = true;
        })
        .await;
    assert_eq!(house.rest.get("/reseller").await.ok(), json!([]));
}

/// "`HTTP POST data is empty` → `Insert data is empty` (nothing known or only falsy values) →
/// `Reseller name required` → `Reseller with this name already exists`."
#[tokio::test]
async fn a_new_reseller_is_checked_in_order() {
    let house = open().await;
    for (form, text) in [
        ("", "HTTP POST data is empty"),
        ("foo=1", "Insert data is empty"),
        ("name=&max_users=0&use_ip_ranges=0", "Insert data is empty"),
        ("max_users=5", "Reseller name required"),
        ("name=&max_users=5", "Reseller name required"),
        (
            "name=Example+Reseller&max_users=5",
            "Reseller with this name already exists",
        ),
    ] {
        house.rest.post("/reseller", form).await.refused(text);
    }
    let form = "name=N&max_users=7&use_ip_ranges=1";
    assert_eq!(house.rest.post("/reseller", form).await.ok(), true);
    let list = house.rest.get("/reseller").await.ok();
    assert_eq!(all(&list, "name"), ["Example Reseller", "N"]);
    assert_eq!(all(&list, "max_users"), ["100", "7"]);
    assert_eq!(all(&list, "use_ip_ranges"), ["0", "1"]);
    assert_eq!(list[1]["created"], "2026-01-31 10:00:00");
}

/// Order of errors of PUT in §2.12.
#[tokio::test]
async fn a_change_of_a_reseller_is_checked_in_order() {
    let house = open().await;
    house.rest.post("/reseller", "name=Other").await.ok();
    for (path, form, text) in [
        ("/reseller", "", "Data is empty"),
        ("/reseller/abc", "", "Data is empty"),
        ("/reseller/1", "id=5", "Data is empty"),
        ("/reseller", "name=", "Identifier required"),
        ("/reseller/abc,99", "name=", "Only one identifier allowed"),
        (
            "/reseller/abc",
            "name=",
            "Identifier is wrong, for this action use reseller's id",
        ),
        ("/reseller/99", "name=", "Account not found"),
        ("/reseller/1", "name=", "Reseller name required"),
        (
            "/reseller/1",
            "name=Other",
            "Reseller with this name already exists",
        ),
    ] {
        house.rest.put(path, form).await.refused(text);
    }
    for (form, field, value) in [
        ("name=Example+Reseller", "name", "Example Reseller"),
        ("name=Example+Reseller", "name", "Example Reseller"),
        ("max_users=0", "max_users", "0"),
        ("use_ip_ranges=1&id=77", "use_ip_ranges", "1"),
        ("name=Renamed", "name", "Renamed"),
    ] {
        assert_eq!(
            house.rest.put("/reseller/1", form).await.ok(),
            true,
            "{form}"
        );
        let reseller = house.rest.get("/reseller/1").await.ok()[0].clone();
        assert_eq!(
            (&reseller[field], &reseller["id"]),
            (&json!(value), &json!("1")),
            "{form}"
        );
    }
}

/// "refuses while users belong to it".
#[tokio::test]
async fn a_reseller_with_accounts_stays() {
    let house = open().await;
    for (path, text) in [
        ("/reseller", "Identifier required"),
        ("/reseller/1,2", "Only one identifier allowed"),
        (
            "/reseller/abc",
            "Identifier is wrong, for this action use reseller's id",
        ),
        ("/reseller/99", "Account not found"),
    ] {
        house.rest.delete(path).await.refused(text);
    }
    assert_eq!(
        house.rest.put("/accounts/3", "reseller_id=1").await.ok(),
        true
    );
    let text = "Finded reseller's users, cannot delete reseller, operation canceled";
    house.rest.delete("/reseller/1").await.refused(text);
    assert_eq!(house.rest.delete("/accounts/3").await.ok(), true);
    assert_eq!(house.rest.delete("/reseller/1").await.ok(), true);
    house
        .rest
        .get("/reseller/1")
        .await
        .refused("Account not found");
    // An id is not given twice.
    house.rest.post("/reseller", "name=Next").await.ok();
    let list = house.rest.get("/reseller").await.ok();
    assert_eq!(all(&list, "name"), ["Next"]);
    assert_ne!(list[0]["id"], "1");
}

/// §4.6: "`reseller_id` on POST/PUT accounts and stb assigns the account; unknown → `Reseller does
/// not exist`; …; absent/empty = none".
#[tokio::test]
async fn an_account_belongs_to_a_reseller() {
    let house = open().await;
    let of = async |login: &str| {
        let account = house.account(login).await;
        (
            account["reseller_id"].clone(),
            account["reseller_name"].clone(),
        )
    };
    let example = (json!("1"), json!("Example Reseller"));
    let none = (Value::Null, Value::Null);
    assert_eq!(of("3").await, none);
    house
        .rest
        .post("/accounts", "login=r&reseller_id=1")
        .await
        .ok();
    assert_eq!(of("r").await, example);
    let made = house
        .rest
        .post("/stb", "mac=00:1A:79:00:00:61&login=s&reseller_id=1")
        .await
        .ok();
    assert_eq!(made["reseller_id"], "1");
    assert_eq!(of("s").await, example);
    house.rest.put("/users/r", "comment=kept").await.ok();
    assert_eq!(of("r").await, example);
    house.rest.put("/users/r", "reseller_id=").await.ok();
    assert_eq!(of("r").await, none);
    let list = house
        .rest
        .put(&format!("/stb/{A}"), "reseller_id=1")
        .await
        .ok();
    assert_eq!(list[0]["reseller_id"], "1");
    assert_eq!(of("3210").await, example);
    for unknown in ["99", "abc", "-1", "18446744073709551617"] {
        let form = format!("login=t&reseller_id={unknown}");
        house
            .rest
            .post("/accounts", &form)
            .await
            .refused("Reseller does not exist");
        let form = format!("comment=x&reseller_id={unknown}");
        house
            .rest
            .put("/users/r", &form)
            .await
            .refused("Reseller does not exist");
        let form = format!("mac=00:1A:79:00:00:62&reseller_id={unknown}");
        house
            .rest
            .post("/stb", &form)
            .await
            .refused("Reseller does not exist");
    }
    assert_eq!(house.account("r").await["comment"], "kept");
}
