//! STB: the device's view of an account (stalker-rest-v1 §2.1).

use serde_json::json;

use super::accounts::assert_keys;
use super::{A, B, C, Says, all};
use crate::support::fixture::a_house;

const FIELDS: [&str; 10] = [
    "mac",
    "ip",
    "ls",
    "version",
    "status",
    "additional_services_on",
    "last_active",
    "login",
    "account_balance",
    "online",
];

#[tokio::test]
async fn the_keys_stand_in_the_order_of_the_reference() {
    let house = a_house().await;
    assert_keys(&house.rest.get("/stb/3").await.text, &FIELDS);
    assert_keys(
        &house
            .rest
            .put("/stb/3", "additional_services_on=1")
            .await
            .text,
        &FIELDS,
    );
    let made = house.rest.post("/stb", "mac=00:1A:79:00:00:01").await;
    assert_keys(&made.text, &FIELDS);
    let house = a_house()
        .set(|config| {
            config.stalker.internal_billing = true;
            config.stalker.allow_resellers_info = true;
        })
        .await;
    let mut fields = FIELDS.to_vec();
    fields.insert(8, "reseller_id");
    fields.push("end_date");
    assert_keys(&house.rest.get("/stb/3").await.text, &fields);
}

/// "Check order: empty body → no known field → no identifier"; "Nothing found → `results:false`."
#[tokio::test]
async fn a_change_is_checked_in_order() {
    let house = a_house().await;
    let before = house.rest.get("/stb").await.ok();
    for (path, form, text) in [
        ("/stb", "", "HTTP PUT data is empty"),
        ("/stb/999", "", "HTTP PUT data is empty"),
        ("/stb", "foo=1", "Update data is empty"),
        ("/stb/3", "comment=x&full_name=y", "Update data is empty"),
        ("/stb", "status=1", "Identifier required"),
        ("/stb/", "reboot=1", "Identifier required"),
    ] {
        house.rest.put(path, form).await.refused(text);
    }
    assert_eq!(house.rest.put("/stb/999", "status=1").await.ok(), false);
    assert_eq!(house.rest.put("/stb/998,999", "status=1").await.ok(), false);
    assert_eq!(house.rest.get("/stb").await.ok(), before);
}

#[tokio::test]
async fn a_deletion_is_checked_and_partial() {
    let house = a_house().await;
    house
        .rest
        .delete("/stb")
        .await
        .refused("Identifier required");
    house
        .rest
        .delete("/stb/")
        .await
        .refused("Identifier required");
    house.rest.delete("/stb/999").await.refused("STB not found");
    house
        .rest
        .delete("/stb/998,999")
        .await
        .refused("STB not found");
    let path = format!("/stb/999,{A},3");
    assert_eq!(house.rest.delete(&path).await.ok(), true);
    assert_eq!(
        all(&house.rest.get("/stb").await.ok(), "login"),
        ["3211", "nobox"]
    );
    // One row, two views of it.
    assert_eq!(all(&house.accounts().await, "login"), ["3211", "nobox"]);
}

#[tokio::test]
async fn a_new_box_is_checked() {
    let house = a_house().await;
    let before = house.rest.get("/stb").await.ok();
    for (form, text) in [
        ("", "HTTP POST data is empty"),
        ("foo=1", "Insert data is empty"),
        ("full_name=x", "Insert data is empty"),
        ("status=1", "Login and password required"),
        ("login=x", "Login and password required"),
        ("password=x", "Login and password required"),
        ("mac=zz", "Not valid mac address"),
        ("mac=00:1A:79:00:21", "Not valid mac address"),
        (&format!("mac={C}"), "Stb already exists"),
        ("mac=001a79002140", "Stb already exists"),
    ] {
        house.rest.post("/stb", form).await.refused(text);
    }
    assert_eq!(house.rest.get("/stb").await.ok(), before);
}

/// "Needs `mac`, or both `login` and `password`"; "the login becomes the new internal id".
#[tokio::test]
async fn a_new_box_needs_a_mac_or_a_login_with_password() {
    let house = a_house().await;
    let made = house
        .rest
        .post("/stb/", "login=only&password=p&ls=88")
        .await
        .ok();
    assert_eq!(
        (&made["login"], &made["mac"], &made["ls"]),
        (&json!("only"), &json!(""), &json!("88"))
    );
    let made = house
        .rest
        .post("/stb", "mac=001a79aabb01&password=p")
        .await
        .ok();
    assert_eq!(made["mac"], "00:1A:79:AA:BB:01");
    let login = made["login"].as_str().expect("a text");
    assert!(
        !login.is_empty() && login.bytes().all(|b| b.is_ascii_digit()),
        "{login}"
    );
    assert_eq!(house.account(login).await["stb_mac"], "00:1A:79:AA:BB:01");
    let form = "mac=00:1A:79:AA:BB:02&login=both&account_balance=5&additional_services_on=0";
    let made = house.rest.post("/stb", form).await.ok();
    assert_eq!(made["account_balance"], "5");
    assert_eq!(made["additional_services_on"], "0");
    assert_eq!(house.account("both").await["stb_mac"], "00:1A:79:AA:BB:02");
    // Without a login it is found by its MAC, in every view.
    house.rest.post("/stb", "mac=00:1A:79:AA:BB:03").await.ok();
    assert_eq!(house.account("00:1A:79:AA:BB:03").await["login"], "");
    assert_eq!(
        house.account("00:1A:79:AA:BB:03").await["tariff_plan"],
        "FULL"
    );
}

/// "`additional_services_on`" is a number's integer part; a word is 0 (§4.5).
#[tokio::test]
async fn additional_services_are_zero_or_one() {
    let house = a_house().await;
    for (value, shown) in [("1", "1"), ("0", "0"), ("1", "1"), ("abc", "0")] {
        let form = format!("additional_services_on={value}");
        let list = house.rest.put("/stb/3", &form).await.ok();
        assert_eq!(list[0]["additional_services_on"], shown, "{value}");
        let list = house.rest.get("/itv_subscription/3").await.ok();
        assert_eq!(list[0]["additional_services_on"], shown, "{value}");
    }
}

/// "`status` present always queues `cut_on` (1) or `cut_off` (0) to all addressed boxes, changed
/// or not"; "`reboot` present with any value queues `reboot`".
#[tokio::test]
async fn status_and_reboot_are_told_to_every_addressed_box() {
    let house = a_house().await;
    assert_eq!(
        all(&house.rest.put("/stb/1553", "status=1").await.ok(), "mac"),
        [A, B]
    );
    for mac in [A, B] {
        assert_eq!(house.names(mac).await, ["cut_on"], "{mac}");
    }
    house.rest.put(&format!("/stb/{A}"), "status=0").await.ok();
    assert_eq!(house.names(A).await, ["cut_off"]);
    house.rest.put(&format!("/stb/{A}"), "status=0").await.ok();
    assert_eq!(house.names(A).await, ["cut_off"]);
    for value in ["1", "0", "", "x"] {
        house
            .rest
            .put("/stb/3", &format!("reboot={value}"))
            .await
            .ok();
        assert_eq!(house.names(C).await, ["reboot"], "{value:?}");
    }
    house
        .rest
        .put("/stb/3", "ls=4&additional_services_on=1")
        .await
        .ok();
    for mac in [B, C] {
        assert_eq!(house.names(mac).await, [""; 0], "{mac}");
    }
}

/// §2.1 `online`, `last_active`, `ip`, `version`: what the box last told.
#[tokio::test]
async fn a_poll_is_presence() {
    let house = a_house().await;
    let mut stb = house.stb(A);
    stb.handshake().await;
    let ver =
        "ImageDescription: 0.2.18-r22; PORTAL version: 5.6.1; API Version: JS API version: 343";
    stb.call(
        "stb",
        "get_profile",
        &[("ver", ver), ("stb_type", "MAG254"), ("sn", "SN1")],
    )
    .await
    .js();
    stb.poll().await;
    let row = house.rest.get(&format!("/stb/{A}")).await.ok()[0].clone();
    assert_eq!(row["online"], "1");
    assert_eq!(row["ip"], "127.0.0.1");
    assert_eq!(row["last_active"], "2026-01-31 10:00:00");
    let version = row["version"].as_str().expect("a text");
    assert!(version.contains("0.2.18-r22"), "{version}");
    let others = house.rest.get("/stb").await.ok();
    assert_eq!(all(&others, "online"), ["1", "0", "0", "0"]);
    house.bx.advance(60).await;
    assert_eq!(house.account("3210").await["online"], "1");
    // Twice the time between two polls, and a second.
    house.bx.advance(181).await;
    let account = house.account("3210").await;
    assert_eq!(account["online"], "0");
    assert_eq!(account["last_active"], "2026-01-31 10:00:00");
}
