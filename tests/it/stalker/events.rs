//! STB_MSG and SEND_EVENT: what is queued for whom, and what queues nothing
//! (stalker-rest-v1 §2.4, §2.5 and §3.1).

use serde_json::{Value, json};

use super::{A, B, C, Says, names};
use crate::support::NOW_SECONDS;
use crate::support::fixture::a_house;

/// Seconds of life that a delivered event has from the test's beginning.
#[track_caller]
fn ttl(event: &Value) -> i64 {
    event["valid_until"].as_i64().expect("a number") - NOW_SECONDS
}

/// "Nothing found → `Empty stb list`; then `Empty msg`."
#[tokio::test]
async fn a_message_is_checked_in_order() {
    let house = a_house().await;
    for (path, form, text) in [
        ("/stb_msg/999", "", "Empty stb list"),
        ("/stb_msg/999", "msg=x", "Empty stb list"),
        ("/stb_msg/3", "", "Empty msg"),
        ("/stb_msg/3", "ttl=60", "Empty msg"),
        ("/stb_msg/3", "msg=", "Empty msg"),
        ("/stb_msg/3", "msg=0", "Empty msg"),
        ("/stb_msg", "msg=", "Empty msg"),
    ] {
        house.rest.post(path, form).await.refused(text);
    }
    for mac in [A, B, C] {
        assert_eq!(house.names(mac).await, [""; 0]);
    }
}

/// "`ttl` seconds (integer, default 7 days)"; "ttl 0/absent = default"; watchdog events live
/// 2 x `watchdog_timeout`.
#[tokio::test]
async fn an_event_lives_as_long_as_it_should() {
    let house = a_house()
        .set(|config| config.stalker.watchdog_timeout = 300)
        .await;
    for (path, form, seconds) in [
        ("/stb_msg/3210", "msg=x", 604_800),
        ("/stb_msg/3210", "msg=x&ttl=0", 604_800),
        ("/stb_msg/3210", "msg=x&ttl=", 604_800),
        ("/stb_msg/3210", "msg=x&ttl=abc", 604_800),
        ("/stb_msg/3210", "msg=x&ttl=90.9", 90),
        ("/send_event/3210", "event=send_msg&msg=x", 604_800),
        (
            "/send_event/3210",
            "event=send_msg_with_video&msg=x&video=http://v",
            604_800,
        ),
        ("/send_event/3210", "event=send_msg&msg=x&ttl=45.5", 45),
        ("/send_event/3210", "event=reboot", 600),
        ("/send_event/3210", "event=reboot&ttl=30", 30),
        ("/send_event/3210", "event=show_menu&ttl=0", 600),
    ] {
        assert_eq!(house.rest.post(path, form).await.ok(), true, "{form}");
        let events = house.queued(A).await;
        assert_eq!(events.len(), 1, "{form}");
        assert_eq!(ttl(&events[0]), seconds, "{form}");
    }
    for huge in ["99999999999999999999", "9223372036854775807", "-5", "1e9"] {
        let form = format!("msg=x&ttl={huge}");
        assert_eq!(
            house.rest.post("/stb_msg/3211", &form).await.ok(),
            true,
            "{huge}"
        );
    }
}

#[tokio::test]
async fn an_event_is_gone_when_its_time_is_over() {
    let house = a_house().await;
    house
        .rest
        .post("/stb_msg/3211", "msg=short&ttl=60")
        .await
        .ok();
    house.rest.post("/stb_msg/3211", "msg=long").await.ok();
    house
        .rest
        .post("/send_event/3211", "event=reboot")
        .await
        .ok();
    house.bx.advance(59).await;
    let mut stb = house.stb(B);
    stb.sign_in().await;
    let first = stb.poll().await;
    assert_eq!(
        (&first["event"], &first["msgs"]),
        (&json!("reboot"), &json!(3))
    );
    let second = stb.poll().await;
    assert_eq!(
        (&second["msg"], &second["msgs"]),
        (&json!("short"), &json!(2))
    );
    house.bx.advance(2).await;
    let third = stb.poll().await;
    assert_eq!((&third["msg"], &third["msgs"]), (&json!("long"), &json!(1)));
    house.bx.advance(604_800).await;
    stb.sign_in().await;
    assert_eq!(stb.poll().await["msgs"], 0);
}

/// Table of §2.5.
#[tokio::test]
async fn every_event_reaches_the_box_by_its_name() {
    let house = a_house().await;
    for (form, name, msg, param, confirm) in [
        (
            "event=send_msg&msg=hi&need_reboot=0",
            "send_msg",
            "hi",
            "",
            "1",
        ),
        ("event=send_msg&msg=", "send_msg", "", "", "1"),
        (
            "event=send_msg_with_video&msg=look&video=http%3A%2F%2Fv%2Fx.mp4",
            "send_msg_with_video",
            "look",
            "http://v/x.mp4",
            "1",
        ),
        ("event=reboot", "reboot", "", "", "0"),
        ("event=reload_portal", "reload_portal", "", "", "0"),
        (
            "event=play_channel&channel=10",
            "play_channel",
            "10",
            "",
            "0",
        ),
        (
            "event=play_radio_channel&channel=3",
            "play_radio_channel",
            "3",
            "",
            "0",
        ),
        ("event=update_image", "update_image", "", "", "0"),
        ("event=show_menu", "show_menu", "", "", "0"),
        ("event=cut_off", "cut_off", "", "", "0"),
    ] {
        assert_eq!(
            house
                .rest
                .post(&format!("/send_event/{A}"), form)
                .await
                .ok(),
            true,
            "{form}"
        );
        let events = house.queued(A).await;
        assert_eq!(names(&events), [name], "{form}");
        let event = &events[0];
        for (key, value) in [
            ("msg", msg),
            ("param1", param),
            ("need_confirm", confirm),
            ("reboot_after_ok", "0"),
            ("auto_hide_timeout", "0"),
        ] {
            assert_eq!(event[key], value, "{key} of {event}");
        }
        assert_eq!(house.account("3210").await["status"], 1, "{form}");
    }
}

/// "anything else / missing: nothing; `results:false`, status OK"; "`cut_on` is not accepted".
#[tokio::test]
async fn unknown_events_are_nothing() {
    let house = a_house().await;
    for form in [
        "event=cut_on",
        "event=play_channel$channel_number=5",
        "event=",
        "msg=x",
        "",
        "event=REBOOT",
        "event[]=reboot",
        "event=update_subscription",
    ] {
        let answer = house.rest.post(&format!("/send_event/{A}"), form).await;
        assert_eq!(answer.ok(), false, "{form}");
        assert_eq!(house.names(A).await, [""; 0], "{form}");
    }
}

/// "Unknown identifiers → `STB not found`; partly unknown → the known ones."
#[tokio::test]
async fn the_known_boxes_of_a_list_get_the_event() {
    let house = a_house().await;
    for path in [
        "/send_event/999",
        "/send_event/998,999",
        "/send_event/00:1A:79:FF:FF:FF",
    ] {
        house
            .rest
            .post(path, "event=reboot")
            .await
            .refused("STB not found");
    }
    let answer = house
        .rest
        .post("/send_event/999,1553", "event=reboot")
        .await;
    assert_eq!(answer.ok(), true);
    assert_eq!(house.names(A).await, ["reboot"]);
    assert_eq!(house.names(B).await, ["reboot"]);
    assert_eq!(house.names(C).await, [""; 0]);
}

/// §2.5, §2.4: "Without identifiers: all devices (also offline ones)". Boxes that come later are
/// not meant.
#[tokio::test]
async fn what_goes_to_all_reaches_every_box_once_and_no_later_one() {
    let house = a_house().await;
    assert_eq!(
        house.rest.post("/send_event/", "event=reboot").await.ok(),
        true
    );
    assert_eq!(
        house.rest.post("/send_event", "event=show_menu").await.ok(),
        true
    );
    assert_eq!(house.rest.post("/stb_msg/", "msg=all").await.ok(), true);
    let late = "00:1A:79:00:00:EE";
    let form = format!("login=late&stb_mac={late}");
    assert_eq!(house.rest.post("/accounts", &form).await.ok(), true);
    for mac in [A, B, C] {
        assert_eq!(
            house.names(mac).await,
            ["reboot", "show_menu", "send_msg"],
            "{mac}"
        );
    }
    for mac in [A, B] {
        assert_eq!(house.names(mac).await, [""; 0], "{mac}");
    }
    assert_eq!(house.names(late).await, [""; 0]);
    // The next one reaches it as well.
    house
        .rest
        .post("/send_event/", "event=reload_portal")
        .await
        .ok();
    assert_eq!(house.names(late).await, ["reload_portal"]);
}

/// §2.5: "`results:true`, also when the device list was empty".
#[tokio::test]
async fn an_event_to_all_of_nobody_is_fine() {
    let house = a_house().holding(json!({})).await;
    assert_eq!(
        house.rest.post("/send_event/", "event=reboot").await.ok(),
        true
    );
}

/// §3.1: "Queuing a message-and-reboot deletes earlier unsent message-and-reboot entries of the
/// same devices."
#[tokio::test]
async fn of_messages_that_reboot_the_last_unsent_one_counts() {
    let house = a_house().await;
    let path = format!("/send_event/{A}");
    for form in [
        "event=send_msg&msg=plain",
        "event=send_msg&msg=first&need_reboot=1",
        "event=send_msg&msg=second&need_reboot=1",
    ] {
        house.rest.post(&path, form).await.ok();
    }
    house
        .rest
        .post("/send_event/3", "event=send_msg&msg=other&need_reboot=1")
        .await
        .ok();
    let texts = |events: &[Value]| -> Vec<String> {
        events
            .iter()
            .map(|event| event["msg"].as_str().expect("a text").to_owned())
            .collect()
    };
    let events = house.queued(A).await;
    assert_eq!(texts(&events), ["plain", "second"]);
    assert_eq!(events[0]["reboot_after_ok"], "0");
    assert_eq!(events[1]["reboot_after_ok"], "1");
    assert_eq!(texts(&house.queued(C).await), ["other"]);
}

/// Table of §3.1, last line: "PUT accounts `tariff_plan`, PUT itv_subscription, DELETE anything,
/// POST anything else: none" (but `update_subscription`, §5.2 B19).
#[tokio::test]
async fn what_billing_does_not_wait_for_queues_nothing_else() {
    let house = a_house().await;
    let mac = "00:1A:79:00:00:31";
    let form = format!("login=q&stb_mac={mac}&status=1&tariff_plan=STANDART&password=p");
    assert_eq!(house.rest.post("/accounts", &form).await.ok(), true);
    assert_eq!(
        house
            .rest
            .post("/stb", "mac=00:1A:79:00:00:32&status=1")
            .await
            .ok()["status"],
        1
    );
    for form in [
        "tariff_plan=FULL",
        "tariff_expired_date=2030-01-31",
        "comment=x",
        "phone=1",
        "password=q",
        "account_balance=5",
        "end_date=2030-01-31",
        "status=1",
    ] {
        assert_eq!(house.rest.put("/users/q", form).await.ok(), true, "{form}");
        assert_eq!(house.names(mac).await, [""; 0], "{form}");
    }
    house
        .rest
        .put(&format!("/itv_subscription/{mac}"), "sub_ch[]=58")
        .await
        .ok();
    house.rest.put(&format!("/stb/{mac}"), "ls=9").await.ok();
    assert_eq!(house.rest.delete("/users/nobox").await.ok(), true);
    for mac in [mac, "00:1A:79:00:00:32", A] {
        assert_eq!(house.names(mac).await, [""; 0], "{mac}");
    }
}

/// §2.2: "`status` that changes the state queues `cut_off` or `cut_on`; same state → no event".
#[tokio::test]
async fn a_switch_tells_every_box_of_the_account() {
    let house = a_house().await;
    for (form, expected) in [
        ("status=1", vec![]),
        ("status=0", vec!["cut_off"]),
        ("status=0", vec![]),
        ("status=1", vec!["cut_on"]),
    ] {
        assert_eq!(house.rest.put("/accounts/1553", form).await.ok(), true);
        for mac in [A, B] {
            assert_eq!(house.names(mac).await, expected, "{form} {mac}");
        }
        assert_eq!(house.names(C).await, [""; 0], "{form}");
    }
}

/// A box with another MAC is another box, and what was said to all before is not for it.
#[tokio::test]
async fn what_went_to_all_does_not_come_again_with_a_new_mac() {
    let house = a_house().await;
    let next = "00:1A:79:00:00:EF";
    house.rest.post("/stb_msg/", "msg=all").await.ok();
    house.rest.post("/send_event/", "event=reboot").await.ok();
    assert_eq!(house.names(A).await, ["reboot", "send_msg"]);
    for mac in [next, A] {
        let form = format!("stb_mac={mac}");
        house.rest.put("/users/3210", &form).await.ok();
        assert_eq!(house.names(mac).await, [""; 0], "{mac}");
    }
    // The next one reaches it.
    house.rest.post("/stb_msg/", "msg=more").await.ok();
    assert_eq!(house.names(A).await, ["send_msg"]);
}
