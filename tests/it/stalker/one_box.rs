//! One box of several: what `PUT stb/<MAC>` says concerns that box and none of its sisters, while
//! ACCOUNTS and USERS concern the customer.

use serde_json::{Value, json};

use super::across::Both;
use super::{Says, all, fixture};
use crate::support::fixture::a_house_with_both_apis;

const FIRST: &str = "00:1A:79:50:00:01";
const SECOND: &str = "00:1A:79:50:00:02";
const THIRD: &str = "00:1A:79:50:00:03";
const BOXES: [&str; 3] = [FIRST, SECOND, THIRD];

/// A household with three boxes, all of them signed in and with nothing to be told.
async fn household() -> Both {
    let mut document = fixture();
    let devices = BOXES.map(|mac| json!({"mac": mac, "type": "STB"}));
    document["customers"]
        .as_array_mut()
        .expect("customers")
        .push(json!({
        "login": "house", "account_number": "H-1", "status": "ACTIVE", "tariff_plan": "FULL",
        "devices": devices}));
    let both = a_house_with_both_apis().holding(document).await;
    for mac in BOXES {
        both.house.all_queued(mac).await;
    }
    both
}

/// `status` of each row of STB.
async fn statuses(both: &Both) -> Vec<String> {
    all(&both.house.rest.get("/stb/H-1").await.ok(), "status")
}

/// Whether each box gets a list of channels.
async fn playing(both: &Both) -> [bool; 3] {
    let mut playing = [false; 3];
    for (plays, mac) in playing.iter_mut().zip(BOXES) {
        let mut stb = both.house.stb(mac);
        stb.sign_in().await;
        let answer = stb.call("itv", "get_all_channels", &[]).await;
        let body: Value = serde_json::from_str(&answer.text).unwrap_or_default();
        *plays = body["js"]["data"]
            .as_array()
            .is_some_and(|rows| !rows.is_empty());
    }
    playing
}

async fn customer_status(both: &Both) -> Value {
    both.customer("house").await["status"].clone()
}

#[tokio::test]
async fn a_box_is_switched_off_without_its_sisters() {
    let both = household().await;
    let rows = both
        .house
        .rest
        .put(&format!("/stb/{SECOND}"), "status=0")
        .await
        .ok();
    assert_eq!(all(&rows, "mac"), [SECOND]);
    assert_eq!(all(&rows, "status"), ["0"]);
    assert_eq!(statuses(&both).await, ["1", "0", "1"]);
    for (mac, told) in [(FIRST, vec![]), (SECOND, vec!["cut_off"]), (THIRD, vec![])] {
        assert_eq!(both.house.names(mac).await, told, "{mac}");
    }
    assert_eq!(playing(&both).await, [true, false, true]);
    // The customer is as before, in every dialect; the device is off.
    assert_eq!(customer_status(&both).await, "ACTIVE");
    for resource in [
        "users/house",
        "users/00:1A:79:50:00:02",
        "users/00:1A:79:50:00:01",
    ] {
        let row = both.house.rest.get(&format!("/{resource}")).await.ok();
        assert_eq!(row["status"], 1, "{resource}");
    }
    let devices = both.list("house", "devices").await;
    assert_eq!(
        all(&json!(devices), "status"),
        ["ACTIVE", "INACTIVE", "ACTIVE"]
    );
    // Again: told again, nothing else.
    both.house
        .rest
        .put(&format!("/stb/{SECOND}"), "status=0")
        .await
        .ok();
    assert_eq!(both.house.names(SECOND).await, ["cut_off"]);
    both.house
        .rest
        .put(&format!("/stb/{SECOND}"), "status=1")
        .await
        .ok();
    assert_eq!(both.house.names(SECOND).await, ["cut_on"]);
    assert_eq!(statuses(&both).await, ["1", "1", "1"]);
    assert_eq!(playing(&both).await, [true, true, true]);
}

#[tokio::test]
async fn several_macs_mean_these_boxes_and_a_number_means_all() {
    let both = household().await;
    let path = format!("/stb/{FIRST},001a79500003");
    assert_eq!(
        all(&both.house.rest.put(&path, "status=0").await.ok(), "mac"),
        [FIRST, THIRD]
    );
    assert_eq!(statuses(&both).await, ["0", "1", "0"]);
    assert_eq!(customer_status(&both).await, "ACTIVE");
    // By the number: the customer, with every box.
    both.house.rest.put("/stb/H-1", "status=0").await.ok();
    assert_eq!(customer_status(&both).await, "INACTIVE");
    assert_eq!(statuses(&both).await, ["0", "0", "0"]);
    both.house.rest.put("/stb/H-1", "status=1").await.ok();
    assert_eq!(customer_status(&both).await, "ACTIVE");
    assert_eq!(statuses(&both).await, ["1", "1", "1"]);
    // A MAC beside the number adds nothing to it.
    both.house
        .rest
        .put(&format!("/stb/{FIRST},H-1"), "status=0")
        .await
        .ok();
    assert_eq!(customer_status(&both).await, "INACTIVE");
}

/// ACCOUNTS and USERS switch the customer, whatever names it; a box that is off by itself stays
/// off.
#[tokio::test]
async fn accounts_and_users_switch_the_customer() {
    for path in [
        "/accounts/H-1".to_owned(),
        "/users/house".to_owned(),
        format!("/users/{FIRST}"),
    ] {
        let both = household().await;
        both.house
            .rest
            .put(&format!("/stb/{THIRD}"), "status=0")
            .await
            .ok();
        both.house.names(THIRD).await;
        both.house.rest.put(&path, "status=0").await.ok();
        assert_eq!(customer_status(&both).await, "INACTIVE", "{path}");
        assert_eq!(statuses(&both).await, ["0", "0", "0"], "{path}");
        for (mac, told) in [
            (FIRST, vec!["cut_off"]),
            (SECOND, vec!["cut_off"]),
            (THIRD, vec![]),
        ] {
            assert_eq!(both.house.names(mac).await, told, "{path} {mac}");
        }
        both.house.rest.put(&path, "status=1").await.ok();
        assert_eq!(statuses(&both).await, ["1", "1", "0"], "{path}");
        for (mac, told) in [
            (FIRST, vec!["cut_on"]),
            (SECOND, vec!["cut_on"]),
            (THIRD, vec![]),
        ] {
            assert_eq!(both.house.names(mac).await, told, "{path} {mac}");
        }
        assert_eq!(playing(&both).await, [true, true, false], "{path}");
    }
}

/// The customer was off; one box is wanted: that one and no other, and it is told.
#[tokio::test]
async fn one_box_of_a_customer_who_was_off_comes_back_alone() {
    let both = household().await;
    both.house.rest.put("/users/house", "status=0").await.ok();
    for mac in BOXES {
        both.house.names(mac).await;
    }
    both.house
        .rest
        .put(&format!("/stb/{SECOND}"), "status=1")
        .await
        .ok();
    assert_eq!(statuses(&both).await, ["0", "1", "0"]);
    for (mac, told) in [(FIRST, vec![]), (SECOND, vec!["cut_on"]), (THIRD, vec![])] {
        assert_eq!(both.house.names(mac).await, told, "{mac}");
    }
    assert_eq!(playing(&both).await, [false, true, false]);
}

/// Billing suspended the customer, and a script overrides that for one box. Nobody had switched the
/// sisters off, and nobody would switch them on when the debt is paid: they come back too.
#[tokio::test]
async fn boxes_that_nobody_switched_off_are_not_left_dark() {
    let both = household().await;
    both.change("house", json!({"status": "SUSPENDED_BY_BILLING"}))
        .await;
    both.house
        .rest
        .put(&format!("/stb/{SECOND}"), "status=1")
        .await
        .ok();
    assert_eq!(customer_status(&both).await, "ACTIVE");
    assert_eq!(statuses(&both).await, ["1", "1", "1"]);
}

/// A box in the stock or broken is not made merely inactive by being switched off once more, and is
/// switched on by whoever says so.
#[tokio::test]
async fn another_reason_to_be_off_stays_the_reason() {
    let both = household().await;
    let device = both.list("house", "devices").await[1].clone();
    let path = both.path("house", "/devices").await;
    let path = format!("{path}/{}", device["_id"].as_str().expect("an id"));
    for status in ["BROKEN", "STOCK", "RETIRED"] {
        both.api
            .put(&path, json!({"status": status}))
            .await
            .expect(200);
        assert_eq!(statuses(&both).await, ["1", "0", "1"], "{status}");
        both.house
            .rest
            .put(&format!("/stb/{SECOND}"), "status=0")
            .await
            .ok();
        assert_eq!(both.list("house", "devices").await[1]["status"], status);
        both.house
            .rest
            .put(&format!("/stb/{SECOND}"), "status=1")
            .await
            .ok();
        assert_eq!(both.list("house", "devices").await[1]["status"], "ACTIVE");
    }
}

/// The only device of a customer stands for the customer, as one row does for scripts.
#[tokio::test]
async fn the_only_box_is_the_customer() {
    let both = household().await;
    for mac in [SECOND, THIRD] {
        both.house.rest.delete(&format!("/stb/{mac}")).await.ok();
    }
    both.house
        .rest
        .put(&format!("/stb/{FIRST}"), "status=0")
        .await
        .ok();
    assert_eq!(customer_status(&both).await, "INACTIVE");
    assert_eq!(both.house.account("house").await["status"], 0);
    both.house
        .rest
        .put(&format!("/stb/{FIRST}"), "status=1")
        .await
        .ok();
    assert_eq!(customer_status(&both).await, "ACTIVE");
    assert_eq!(both.house.names(FIRST).await, ["cut_off", "cut_on"]);
    // A telephone beside it is a device too, and goes on when the box is off.
    let path = both.path("house", "/devices").await;
    both.api
        .post(&path, json!({"type": "MOBILE", "serial": "P-1"}))
        .await
        .expect(201);
    both.house
        .rest
        .put(&format!("/stb/{FIRST}"), "status=0")
        .await
        .ok();
    assert_eq!(customer_status(&both).await, "ACTIVE");
    assert_eq!(
        all(&json!(both.list("house", "devices").await), "status"),
        ["INACTIVE", "ACTIVE"]
    );
}

/// The row of a customer says whether any of the boxes is online.
#[tokio::test]
async fn a_customer_is_online_with_any_box() {
    let both = household().await;
    both.house.bx.advance(600).await;
    let account = async || both.house.rest.get("/accounts/H-1").await.ok()[0].clone();
    assert_eq!(account().await["online"], "0");
    let mut stb = both.house.stb(SECOND);
    stb.sign_in().await;
    stb.poll().await;
    let row = account().await;
    assert_eq!(
        (&row["online"], &row["last_active"]),
        (&json!("1"), &json!("2026-01-31 10:10:00"))
    );
    assert_eq!(both.house.account("house").await["online"], "1");
    // A box that is named is shown by itself.
    assert_eq!(both.house.account(FIRST).await["online"], "0");
    assert_eq!(both.house.account(SECOND).await["online"], "1");
    let rows = both.house.rest.get("/stb/H-1").await.ok();
    assert_eq!(all(&rows, "online"), ["0", "1", "0"]);
    let everybody = both.house.rest.get("/accounts").await.ok();
    assert_eq!(
        all(&everybody, "online").last().map(String::as_str),
        Some("1")
    );
}

/// The box that is left stands for the customer, whatever way its sisters went: three views of one
/// row.
#[tokio::test]
async fn a_box_that_is_left_and_off_is_off_in_every_view_and_comes_back() {
    for path in [
        "/users/house".to_owned(),
        format!("/users/{SECOND}"),
        "/accounts/H-1".to_owned(),
        format!("/stb/{SECOND}"),
        "/stb/H-1".to_owned(),
    ] {
        let both = household().await;
        let rest = &both.house.rest;
        rest.put(&format!("/stb/{SECOND}"), "status=0").await.ok();
        // One way and the other by which a box goes.
        rest.delete(&format!("/stb/{FIRST}")).await.ok();
        let devices = both.list("house", "devices").await;
        let third = devices.iter().find(|device| device["mac"] == THIRD);
        let id = third.expect("the third")["_id"].clone();
        let customer = both.customer("house").await["_id"].clone();
        let text = |id: &Value| id.as_str().expect("an id").to_owned();
        let device = format!("/customers/{}/devices/{}", text(&customer), text(&id));
        let gone = both.house.bx.api().delete(device).await;
        assert!(gone.status < 300, "{}", gone.told());
        both.house.names(SECOND).await;
        let views = async || {
            let users = rest.get("/users/house").await.ok()["status"].clone();
            let accounts = rest.get("/accounts/H-1").await.ok();
            let accounts = accounts[0]["status"].clone();
            let stb = rest.get("/stb/H-1").await.ok()[0]["status"].clone();
            [users, accounts, stb]
        };
        assert_eq!(views().await, [0, 0, 0], "{path}");
        rest.put(&path, "status=1").await.ok();
        assert_eq!(views().await, [1, 1, 1], "{path}");
        assert!(playing(&both).await[1], "{path}");
        assert_eq!(both.house.names(SECOND).await, ["cut_on"], "{path}");
        rest.put(&path, "status=0").await.ok();
        assert_eq!(views().await, [0, 0, 0], "{path}");
        rest.put(&path, "status=1").await.ok();
        assert_eq!(views().await, [1, 1, 1], "{path}");
    }
}
