//! Rows B1 to B14 of stalker-rest-v1 §5.2: what the original does wrong or dangerously, and must be
//! better here.

use serde_json::{Value, json};

use super::{A, B, C, NOTHING, Says, all};
use crate::support::fixture::a_house;

#[tokio::test]
async fn b1_a_reboot_with_another_field_changes_only_whom_it_names() {
    let house = a_house().await;
    let list = house
        .rest
        .put("/stb/3", "reboot=1&status=1&additional_services_on=1&ls=9")
        .await
        .ok();
    assert_eq!(all(&list, "mac"), [C]);
    let rows = house.rest.get("/stb").await.ok();
    assert_eq!(all(&rows, "ls"), ["1553", "1553", "9", ""]);
    house
        .rest
        .put(&format!("/stb/{A}"), "reboot=1&status=0")
        .await
        .ok();
    let rows = house.rest.get("/stb").await.ok();
    assert_eq!(all(&rows, "status"), ["0", "1", "1", "1"]);
    assert_eq!(house.names(B).await, [""; 0]);
    let mut of_c = house.names(C).await;
    of_c.sort();
    assert_eq!(of_c, ["cut_on", "reboot"]);
}

#[tokio::test]
async fn b2_identifier_zero_is_nobody_not_everybody() {
    let house = a_house()
        .set(|config| config.stalker.allow_resellers_info = true)
        .await;
    let before = house.accounts().await;
    for (method, path, form, text) in [
        ("POST", "/send_event/0", "event=reboot", "STB not found"),
        ("POST", "/stb_msg/0", "msg=x", "Empty stb list"),
        ("GET", "/accounts/0", "", "Account not found"),
        ("GET", "/users/0", "", "Account not found"),
        ("GET", "/account_subscription/0", "", "Account not found"),
        ("DELETE", "/account_subscription/0", "", "Account not found"),
        (
            "POST",
            "/account_subscription/0",
            "subscribed[]=",
            "Account not found",
        ),
        (
            "PUT",
            "/account_subscription/0",
            "subscribed[]=tv_3",
            "Account not found",
        ),
        ("GET", "/stb_modules/0", "", "Empty stb list"),
        ("PUT", "/stb_modules/0", "restricted[]=tv", "Empty stb list"),
        ("GET", "/reseller/0", "", "Account not found"),
    ] {
        house.rest.form(method, path, form).await.refused(text);
    }
    // "keep `Identifier required` as error for PUT/DELETE `…/0` if you want the original text".
    for (method, path, form, text) in [
        ("PUT", "/accounts/0", "status=0", "Account not found"),
        ("DELETE", "/accounts/0", "", "Account not found"),
        ("PUT", "/users/0", "status=0", "Account not found"),
        ("DELETE", "/users/0", "", "Account not found"),
        ("DELETE", "/stb/0", "", "STB not found"),
        ("DELETE", "/reseller/0", "", "Account not found"),
    ] {
        let answer = house.rest.form(method, path, form).await;
        let said = answer.error().unwrap_or_default();
        assert!(
            [text, "Identifier required"].contains(&said.as_str()),
            "{}",
            answer.told()
        );
    }
    for path in ["/stb/0", "/itv_subscription/0", "/itv/0"] {
        assert_eq!(house.rest.get(path).await.ok(), json!([]), "{path}");
    }
    assert_eq!(house.rest.get("/tariffs/0").await.ok(), Value::Null);
    assert_eq!(
        house.rest.get("/services_package/0").await.ok(),
        Value::Null
    );
    let put = house.rest.put("/stb/0", "reboot=1&status=0").await;
    assert!(
        put.error().is_some() || put.json()["results"] == false,
        "{}",
        put.told()
    );
    let put = house.rest.put("/itv_subscription/0", "sub_ch[]=58").await;
    assert!(
        put.error().is_some() || put.json()["results"] == false,
        "{}",
        put.told()
    );
    assert_eq!(house.accounts().await, before);
    for mac in [A, B, C] {
        assert_eq!(house.all_queued(mac).await, NOTHING, "{mac}");
    }
}

#[tokio::test]
async fn b3_an_empty_identifier_is_not_whoever_has_no_number() {
    let house = a_house().await;
    // Account D has no account number.
    for empty in ["//", "/,", "/%2C", "/,,"] {
        let answer = house.rest.delete(&format!("/accounts{empty}")).await;
        answer.refused("Identifier required");
        let answer = house
            .rest
            .put(&format!("/accounts{empty}"), "comment=x")
            .await;
        answer.refused("Identifier required");
        house
            .rest
            .delete(&format!("/stb{empty}"))
            .await
            .refused("Identifier required");
        let answer = house
            .rest
            .post(&format!("/send_event{empty}"), "event=reboot")
            .await;
        answer.refused("STB not found");
    }
    assert_eq!(all(&house.accounts().await, "login").len(), 4);
    for mac in [A, B, C] {
        assert_eq!(house.names(mac).await, [""; 0], "{mac}");
    }
}

#[tokio::test]
async fn b4_no_change_of_subscriptions_or_modules_goes_to_all() {
    let house = a_house().await;
    let (before, channels) = (
        house.accounts().await,
        house.rest.get("/itv_subscription").await.ok(),
    );
    for (method, path, form) in [
        ("PUT", "/account_subscription", "subscribed[]=tv_3"),
        ("PUT", "/account_subscription/", "unsubscribed[]=tv_2"),
        ("POST", "/account_subscription", "subscribed[]="),
        ("DELETE", "/account_subscription", ""),
        ("PUT", "/itv_subscription/", "sub_ch[]=58"),
        ("PUT", "/itv_subscription", "additional_services_on=0"),
        ("PUT", "/stb_modules", "restricted[]=tv"),
    ] {
        house
            .rest
            .form(method, path, form)
            .await
            .refused("Identifier required");
    }
    assert_eq!(house.accounts().await, before);
    assert_eq!(house.rest.get("/itv_subscription").await.ok(), channels);
    for mac in [A, B, C] {
        assert_eq!(house.names(mac).await, [""; 0], "{mac}");
    }
}

#[tokio::test]
async fn b5_channels_of_an_unknown_box_are_nobodys() {
    let house = a_house().await;
    for path in ["999", "998,999", "00:1A:79:FF:FF:FF", "nosuch"] {
        let list = house
            .rest
            .get(&format!("/itv_subscription/{path}"))
            .await
            .ok();
        assert_eq!(list, json!([]), "{path}");
    }
}

#[tokio::test]
async fn b6_a_new_box_with_status_one_is_on() {
    let house = a_house().await;
    for (number, form, status) in [(1, "&status=1", 1), (2, "&status=0", 0), (3, "", 1)] {
        let mac = format!("00:1A:79:00:0B:0{number}");
        let made = house
            .rest
            .post("/stb", &format!("mac={mac}{form}"))
            .await
            .ok();
        assert_eq!(made["status"], status, "{form}");
        assert_eq!(house.account(&mac).await["status"], status, "{form}");
    }
}

#[tokio::test]
async fn b7_a_mac_is_checked_and_normalised_everywhere() {
    let house = a_house().await;
    for (number, sent) in ["00-1a-79-00-0c-01", "001A79000c01", "00:1a:79:00:0c:01"]
        .iter()
        .enumerate()
    {
        let form = format!("login=m{number}&stb_mac={sent}");
        assert_eq!(
            house.rest.post("/accounts", &form).await.ok(),
            true,
            "{sent}"
        );
        let shown = house.account(&format!("m{number}")).await["stb_mac"].clone();
        assert_eq!(shown, "00:1A:79:00:0C:01", "{sent}");
        house.rest.delete(&format!("/users/m{number}")).await.ok();
        let form = format!("stb_mac={sent}");
        assert_eq!(
            house.rest.put("/users/nobox", &form).await.ok(),
            true,
            "{sent}"
        );
        assert_eq!(
            house.account("nobox").await["stb_mac"],
            "00:1A:79:00:0C:01",
            "{sent}"
        );
        house.rest.put("/users/nobox", "stb_mac=").await.ok();
        let made = house.rest.post("/stb", &format!("mac={sent}")).await.ok();
        assert_eq!(made["mac"], "00:1A:79:00:0C:01", "{sent}");
        house.rest.delete("/stb/00:1A:79:00:0C:01").await.ok();
    }
    let before = house.accounts().await;
    for bad in [
        "zz",
        "zzzzzzzzzzzz",
        "ZZ:ZZ:ZZ:ZZ:ZZ:ZZ",
        "00:1A:79:00:21",
        "00:1A:79:00:21:40:11",
        "001A7900214",
        "001A790021400",
        "00:1A:79:00:21:4",
        "00:1A-7900:21:40g",
        "1",
        "::::::",
        "00.1A.79.00.21.41",
        "%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9",
    ] {
        let text = "Not valid mac address";
        house
            .rest
            .put("/users/nobox", &format!("stb_mac={bad}"))
            .await
            .refused(text);
        house
            .rest
            .post("/accounts", &format!("login=b&stb_mac={bad}"))
            .await
            .refused(text);
        house
            .rest
            .post("/stb", &format!("mac={bad}"))
            .await
            .refused(text);
    }
    for taken in [A, "00-1A-79-00-39-5E", "001a7900395e"] {
        let text = "MAC address already in use";
        house
            .rest
            .put("/users/nobox", &format!("stb_mac={taken}"))
            .await
            .refused(text);
        house
            .rest
            .put("/accounts/3", &format!("stb_mac={taken}&comment=x"))
            .await
            .refused(text);
        house
            .rest
            .post("/accounts", &format!("login=b&stb_mac={taken}"))
            .await
            .refused(text);
    }
    assert_eq!(house.accounts().await, before);
    // One's own is no conflict.
    assert_eq!(
        house
            .rest
            .put("/users/3210", &format!("stb_mac={A}"))
            .await
            .ok(),
        true
    );
}

/// §1.6: "upper-case, trim, Cyrillic А/В/С/Е look-alikes replaced by Latin".
#[tokio::test]
async fn b7_letters_that_look_latin_are_taken_for_latin() {
    let house = a_house().await;
    let form = "login=look&stb_mac=+00:1А:79:00:ВС:Е1+";
    assert_eq!(house.rest.post("/accounts", form).await.ok(), true);
    assert_eq!(house.account("look").await["stb_mac"], "00:1A:79:00:BC:E1");
}

#[tokio::test]
async fn b8_an_empty_plan_is_ignored() {
    let house = a_house().await;
    let before = house.account("3").await;
    let answer = house.rest.put("/accounts/3", "tariff_plan=").await;
    assert_eq!(answer.ok(), true);
    assert_eq!(house.account("3").await, before);
    assert_eq!(
        house
            .rest
            .put("/accounts/3", "tariff_plan=&comment=x")
            .await
            .ok(),
        true
    );
    assert_eq!(house.account("3").await["tariff_plan"], "STANDART");
}

/// `forms.rs` has the rest of it.
#[tokio::test]
async fn b9_json_and_multipart_bodies_are_read() {
    let house = a_house().await;
    let json = Some(br#"{"login":"j1","status":false,"phone":null}"#.to_vec());
    let made = house
        .rest
        .send("POST", "/users", json, Some("application/json"))
        .await;
    assert_eq!(made.ok(), true);
    assert_eq!(house.account("j1").await["status"], 0);
    let parts = "--b\r\nContent-Disposition: form-data; name=\"msg\"\r\n\r\nhi\r\n--b--\r\n";
    let kind = Some("multipart/form-data; boundary=b");
    let sent = house
        .rest
        .send("POST", &format!("/stb_msg/{A}"), Some(parts.into()), kind)
        .await;
    assert_eq!(sent.ok(), true);
    assert_eq!(house.queued(A).await[0]["msg"], "hi");
}

/// `identifiers.rs` has the rest of it.
#[tokio::test]
async fn b10_each_identifier_is_judged_by_itself() {
    let house = a_house().await;
    let path = "/send_event/1553,00-1A-79-00-21-40";
    assert_eq!(house.rest.post(path, "event=reboot").await.ok(), true);
    for mac in [A, B, C] {
        assert_eq!(house.names(mac).await, ["reboot"], "{mac}");
    }
    assert_eq!(
        house
            .rest
            .post("/send_event/3211", "event=show_menu")
            .await
            .ok(),
        true
    );
    assert_eq!(house.names(B).await, ["show_menu"]);
}

#[tokio::test]
async fn b11_an_event_honours_auto_hide() {
    let house = a_house().await;
    let form = "event=send_msg&msg=x&auto_hide_timeout=15";
    assert_eq!(
        house
            .rest
            .post(&format!("/send_event/{A}"), form)
            .await
            .ok(),
        true
    );
    assert_eq!(house.queued(A).await[0]["auto_hide_timeout"], "15");
}

#[tokio::test]
async fn b12_a_new_reseller_is_true() {
    let house = a_house()
        .set(|config| config.stalker.allow_resellers_info = true)
        .await;
    assert_eq!(house.rest.post("/reseller", "name=R").await.ok(), true);
}

#[tokio::test]
async fn b13_a_follow_up_without_expiry_is_an_external_id_or_null() {
    let house = a_house().await;
    for form in [
        "tariff_instead_expired=STANDART",
        "tariff_instead_expired=NOPE",
    ] {
        assert_eq!(house.rest.put("/accounts/3", form).await.ok(), true);
        let shown = house.account("3").await["tariff_instead_expired"].clone();
        assert!(
            [json!(null), json!("STANDART"), json!("FULL")].contains(&shown),
            "{shown}"
        );
    }
}

/// [`Says`] checks it on every answer of these tests; here on those that made warnings.
#[tokio::test]
async fn b14_there_is_never_an_output_key() {
    let house = a_house().await;
    for (method, path, form) in [
        ("POST", "/account_subscription/3", "subscribed=tv_3"),
        ("PUT", "/account_subscription/3", "subscribed_id=3"),
        ("PUT", "/itv_subscription/3", "sub_ch=27"),
        ("PUT", "/stb_modules/3", "disabled=tv"),
        ("POST", "/stb_msg/3", "msg[]=x"),
        ("PUT", "/accounts/3", "comment[]=x"),
        ("PUT", "/accounts/3", "tariff_plan[]=FULL&login[]=y"),
        ("POST", "/send_event/3", "event=play_channel"),
    ] {
        let answer = house.rest.form(method, path, form).await;
        assert_eq!(answer.status, 200, "{}", answer.told());
        assert!(answer.json().get("output").is_none(), "{}", answer.told());
    }
}
