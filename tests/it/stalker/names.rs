//! Whom an identifier means where it could mean two: numbers and logins before MACs in the
//! resources of customers, MACs first in those of boxes; and names with blanks around them, in
//! every dialect.

use serde_json::{Value, json};

use super::across::Both;
use super::{House, Says, all, fixture};
use crate::support::fixture::{a_house, a_house_with_both_apis};
use crate::support::segment;

/// A customer whose login, and one whose contract number, reads as the MAC of somebody else's box.
const LOGIN: &str = "aabbccddeeff";
const NUMBER: &str = "112233445566";
/// The boxes of those whom it must not hit.
const BOX_OF_V1: &str = "AA:BB:CC:DD:EE:FF";
const BOX_OF_V2: &str = "11:22:33:44:55:66";

fn document() -> Value {
    let mut document = fixture();
    let customers = document["customers"].as_array_mut().expect("customers");
    for (login, number, mac) in [
        (LOGIN, "K-1", "00:1A:79:70:00:01"),
        ("num", NUMBER, "00:1A:79:70:00:02"),
        ("v1", "V-1", BOX_OF_V1),
        ("v2", "V-2", BOX_OF_V2),
        ("lone", "L-1", "00:1A:79:70:00:0A"),
    ] {
        customers.push(
            json!({"login": login, "account_number": number, "status": "ACTIVE",
            "devices": [{"mac": mac, "type": "STB"}]}),
        );
    }
    document
}

/// The login of whom a GET shows; of the resources that show none, by the box.
async fn meant(house: &House, resource: &str, id: &str) -> String {
    let answer = house.rest.get(&format!("/{resource}/{id}")).await;
    if answer.error().is_some() {
        return String::new();
    }
    let results = answer.ok();
    let row = if results.is_array() {
        &results[0]
    } else {
        &results
    };
    match row["login"].as_str() {
        Some(login) => login.to_owned(),
        None => {
            let mac = row["mac"].as_str().unwrap_or_default().to_owned();
            if mac.is_empty() {
                mac
            } else {
                all(&house.rest.get(&format!("/stb/{mac}")).await.ok(), "login")[0].clone()
            }
        }
    }
}

#[tokio::test]
async fn every_form_of_identifier_means_one_customer_in_every_resource() {
    let house = a_house().holding(document()).await;
    // An identifier, and whom it means: in ACCOUNTS, in USERS, in the resources of boxes.
    let table = [
        (LOGIN, [LOGIN, LOGIN, "v1"]),
        ("AABBCCDDEEFF", [LOGIN, LOGIN, "v1"]),
        ("%20aabbccddeeff%20", [LOGIN, LOGIN, "v1"]),
        (NUMBER, ["num", "num", "v2"]),
        ("%09112233445566", ["num", "num", "v2"]),
        (BOX_OF_V1, ["v1", "v1", "v1"]),
        ("aa-bb-cc-dd-ee-ff", ["v1", "v1", "v1"]),
        ("%20AA:BB:CC:DD:EE:FF", ["v1", "v1", "v1"]),
        (BOX_OF_V2, ["v2", "v2", "v2"]),
        // Nobody has it as a name: the box.
        ("001a7970000A", ["lone", "lone", "lone"]),
        ("K-1", [LOGIN, "", LOGIN]),
        ("%20k-1", [LOGIN, "", LOGIN]),
        ("num", ["", "num", "num"]),
        ("%20NUM", ["", "num", "num"]),
        ("ffeeddccbbaa", ["", "", ""]),
    ];
    for (id, [account, user, of_box]) in table {
        assert_eq!(
            meant(&house, "accounts", id).await,
            account,
            "accounts/{id}"
        );
        assert_eq!(meant(&house, "users", id).await, user, "users/{id}");
        for resource in ["stb", "account_subscription"] {
            assert_eq!(meant(&house, resource, id).await, of_box, "{resource}/{id}");
        }
        // The others by what they do.
        let list = format!("/itv_subscription/{id}");
        let set = house.rest.put(&list, "sub_ch[]=29").await.ok();
        let modules = house.rest.get(&format!("/stb_modules/{id}")).await;
        let message = house.rest.post(&format!("/stb_msg/{id}"), "msg=m").await;
        let event = house
            .rest
            .post(&format!("/send_event/{id}"), "event=reboot")
            .await;
        if of_box.is_empty() {
            assert_eq!(set, false, "{id}");
            for answer in [modules, message, event] {
                assert!(answer.error().is_some(), "{id}: {}", answer.told());
            }
            continue;
        }
        let mac = set[0]["mac"].as_str().expect("a MAC").to_owned();
        assert_eq!(
            meant(&house, "stb", &mac).await,
            of_box,
            "itv_subscription/{id}"
        );
        for answer in [modules, message, event] {
            assert!(answer.error().is_none(), "{id}: {}", answer.told());
        }
        assert_eq!(house.names(&mac).await, ["reboot", "send_msg"], "{id}");
        house.rest.put(&list, "sub_ch[]=").await.ok();
    }
}

#[tokio::test]
async fn a_write_to_a_name_that_reads_as_a_mac_leaves_the_box_of_another_alone() {
    let house = a_house().holding(document()).await;
    for (resource, id, owner) in [
        ("accounts", LOGIN, LOGIN),
        ("users", LOGIN, LOGIN),
        ("accounts", NUMBER, "num"),
        ("users", NUMBER, "num"),
    ] {
        let path = format!("/{resource}/{id}");
        assert_eq!(house.rest.put(&path, "status=0&comment=x").await.ok(), true);
        let mine = house.account(owner).await;
        assert_eq!(
            (&mine["status"], &mine["comment"]),
            (&json!(0), &json!("x"))
        );
        for other in ["v1", "v2"] {
            let row = house.account(other).await;
            assert_eq!((&row["status"], &row["comment"]), (&json!(1), &json!(null)));
        }
        assert_eq!(house.rest.put(&path, "status=1&comment=").await.ok(), true);
    }
    // A new box for the one who was named, and not for the one whose box reads so.
    let form = "stb_mac=00:1A:79:70:00:99";
    house.rest.put(&format!("/users/{LOGIN}"), form).await.ok();
    assert_eq!(house.account("v1").await["stb_mac"], BOX_OF_V1);
    for (path, other) in [
        (format!("/users/{LOGIN}"), "v1"),
        (format!("/accounts/{NUMBER}"), "v2"),
    ] {
        assert_eq!(house.rest.delete(&path).await.ok(), true);
        assert_eq!(house.account(other).await["login"], other);
    }
    // Now nobody has them as names.
    assert_eq!(meant(&house, "users", LOGIN).await, "v1");
    assert_eq!(meant(&house, "accounts", NUMBER).await, "v2");
}

/// A customer with several boxes, one of which has the customer's own number as its MAC: the number
/// still means the customer.
#[tokio::test]
async fn a_number_that_is_also_a_mac_of_the_same_customer_means_the_customer() {
    let mut document = document();
    document["customers"][5]["devices"] = json!([
        {"mac": "00:1A:79:70:00:02", "type": "STB"},
        {"mac": "00:1A:79:70:00:03", "type": "STB"}]);
    let house = a_house().holding(document).await;
    house.rest.delete(&format!("/stb/{BOX_OF_V2}")).await.ok();
    let api = house.bx.api();
    let both = Both { house, api };
    let devices = both.path("num", "/devices").await;
    both.api
        .post(&devices, json!({"type": "STB", "mac": BOX_OF_V2}))
        .await
        .expect(201);
    assert_eq!(
        both.house
            .rest
            .delete(&format!("/accounts/{NUMBER}"))
            .await
            .ok(),
        true
    );
    both.house
        .rest
        .get("/users/num")
        .await
        .refused("Account not found");
}

/// What is written with blanks around it is found without and with them, wherever it came from.
#[tokio::test]
async fn a_name_with_blanks_around_it_is_found_again_in_every_dialect() {
    let both = a_house_with_both_apis().await;
    let house = &both.house;
    house
        .rest
        .post(
            "/accounts",
            "login=%20pad1%20&account_number=%09PN-1%20&password=secret",
        )
        .await
        .ok();
    let body = json!({"login": " pad2 ", "accountNumber": "  PN-2 "});
    let made = both.api.post("/customers", &body).await.expect(201);
    assert_eq!(
        (&made["login"], &made["accountNumber"]),
        (&json!("pad2"), &json!("PN-2"))
    );
    let given =
        json!({"customers": [{"login": " pad3", "account_number": "PN-3 ", "status": "ACTIVE"}]});
    house.bx.apply(given.clone()).await;
    house
        .rest
        .post("/stb", "login=%20pad4&password=secret&ls=%20PN-4")
        .await
        .ok();
    for (login, number) in [
        ("pad1", "PN-1"),
        ("pad2", "PN-2"),
        ("pad3", "PN-3"),
        ("pad4", "PN-4"),
    ] {
        for spelling in [
            login,
            &login.to_uppercase(),
            &format!(" {login}"),
            &format!("{login} "),
            &format!("\t{login}"),
        ] {
            assert_eq!(
                house.account(&segment(spelling)).await["login"],
                login,
                "{spelling:?}"
            );
        }
        for spelling in [
            number,
            &format!(" {number}"),
            &format!("{number}  "),
            &format!("\t{number}"),
        ] {
            let rows = house
                .rest
                .get(&format!("/accounts/{}", segment(spelling)))
                .await
                .ok();
            assert_eq!(all(&rows, "login"), [login], "{spelling:?}");
            let rows = house
                .rest
                .get(&format!("/stb/{}", segment(spelling)))
                .await
                .ok();
            assert_eq!(all(&rows, "login"), [login], "{spelling:?}");
        }
        // And it is one name: nobody gets it a second time.
        let again = house
            .rest
            .post("/accounts", &format!("login=%20{login}%20"))
            .await;
        again.refused("Login already in use");
        let again = json!({"login": format!(" {login} ")});
        assert_eq!(
            both.api.post("/customers", again).await.status,
            409,
            "{login}"
        );
    }
    // A document that says so again means the same customer.
    let count = all(&house.accounts().await, "login").len();
    house.bx.apply(given).await;
    assert_eq!(all(&house.accounts().await, "login").len(), count);
}
