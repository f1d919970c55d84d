//! How queued events are delivered: order, repetition, confirmation (stalker-rest-v1 §3.2).

use serde_json::{Value, json};

use super::{A, B, C, Says, names};
use crate::support::fixture::a_house;

/// "`data` always has `msgs` and `additional_services_on`; … exactly one event is included"; "(all
/// strings), plus … `valid_until` (number, unix time)".
#[tokio::test]
async fn a_poll_has_the_documented_types() {
    let house = a_house().await;
    let mut stb = house.stb(A);
    stb.sign_in().await;
    let idle = stb.poll().await;
    assert_eq!(
        (&idle["msgs"], &idle["additional_services_on"]),
        (&json!(0), &json!("1"))
    );
    assert!(
        idle.get("event").is_none() && idle.get("id").is_none(),
        "{idle}"
    );
    house
        .rest
        .post(&format!("/stb_msg/{A}"), "msg=x&auto_hide_timeout=7")
        .await
        .ok();
    let data = stb.poll().await;
    for key in [
        "id",
        "event",
        "need_confirm",
        "msg",
        "reboot_after_ok",
        "auto_hide_timeout",
        "param1",
        "additional_services_on",
    ] {
        assert!(data[key].is_string(), "{key} of {data}");
    }
    assert_eq!(data["msgs"], 1);
    assert_eq!(data["auto_hide_timeout"], "7");
    assert!(data["valid_until"].is_i64(), "{data}");
}

/// "lowest priority number first, then oldest": messages have 2, all else 1.
#[tokio::test]
async fn system_events_come_first_and_the_oldest_before_the_newer() {
    let house = a_house().await;
    let send = async |form: &str| {
        assert_eq!(
            house
                .rest
                .post(&format!("/send_event/{A}"), form)
                .await
                .ok(),
            true
        );
    };
    send("event=send_msg&msg=one").await;
    send("event=reload_portal").await;
    send("event=send_msg_with_video&msg=two&video=http://v").await;
    send("event=play_channel&channel=1").await;
    house.bx.advance(5).await;
    send("event=send_msg&msg=three").await;
    send("event=show_menu").await;
    let events = house.queued(A).await;
    assert_eq!(
        names(&events),
        [
            "reload_portal",
            "play_channel",
            "show_menu",
            "send_msg",
            "send_msg_with_video",
            "send_msg",
        ]
    );
    let texts: Vec<&Value> = events[3..].iter().map(|event| &event["msg"]).collect();
    assert_eq!(texts, ["one", "two", "three"]);
    let waiting: Vec<&Value> = events.iter().map(|event| &event["msgs"]).collect();
    assert_eq!(waiting, [6, 5, 4, 3, 2, 1]);
}

/// "`reboot` etc. are delivered once; messages are repeated at every poll until confirmed".
#[tokio::test]
async fn a_message_repeats_until_it_is_confirmed() {
    let house = a_house().await;
    house
        .rest
        .post(&format!("/stb_msg/{A}"), "msg=first")
        .await
        .ok();
    house
        .rest
        .post(&format!("/stb_msg/{A}"), "msg=second")
        .await
        .ok();
    let mut stb = house.stb(A);
    stb.sign_in().await;
    let first = stb.poll().await;
    for _ in 0..3 {
        assert_eq!(stb.poll().await, first);
    }
    // Also for a box that was switched off and on in between.
    stb.sign_in().await;
    assert_eq!(stb.poll().await["id"], first["id"]);
    let id = first["id"].as_str().expect("an id");
    assert_eq!(stb.confirm(id).await.js(), json!({"data": "ok"}));
    let second = stb.poll().await;
    assert_eq!(
        (&second["msg"], &second["msgs"]),
        (&json!("second"), &json!(1))
    );
    assert_ne!(second["id"], first["id"]);
    // Confirmed twice is confirmed.
    stb.confirm(id).await;
    assert_eq!(stb.poll().await["msg"], "second");
}

#[tokio::test]
async fn a_system_event_is_delivered_once() {
    let house = a_house().await;
    house
        .rest
        .post(&format!("/send_event/{A}"), "event=reboot")
        .await
        .ok();
    let mut stb = house.stb(A);
    stb.sign_in().await;
    let told = [
        ("init", "1"),
        ("cur_play_type", "0"),
        ("event_active_id", "0"),
    ];
    let data = stb.call("watchdog", "get_events", &told).await.js()["data"].clone();
    assert_eq!(
        (&data["event"], &data["need_confirm"]),
        (&json!("reboot"), &json!("0"))
    );
    assert_eq!(stb.poll().await["msgs"], 0);
}

/// An id belongs to one box: another's confirmation ends nothing.
#[tokio::test]
async fn nobody_confirms_for_another() {
    let house = a_house().await;
    house.rest.post("/stb_msg/1553", "msg=m").await.ok();
    let (mut of_a, mut of_b) = (house.stb(A), house.stb(B));
    of_a.sign_in().await;
    of_b.sign_in().await;
    let id = of_a.poll().await["id"].as_str().expect("an id").to_owned();
    let other = of_b.poll().await["id"].as_str().expect("an id").to_owned();
    of_b.confirm(&id).await;
    for wrong in ["", "0", "abc", "999999999", "-1", "18446744073709551616"] {
        let answer = of_b.confirm(wrong).await;
        assert_eq!(answer.status, 200, "{}", answer.told());
    }
    assert_eq!(of_a.poll().await["id"], id);
    if other != id {
        assert_eq!(of_b.poll().await["id"], other);
    }
}

/// "A switched-off box may still poll `get_events`, but `confirm_event` is refused with the plain
/// text `Access denied.`, so messages to it repeat until they expire".
#[tokio::test]
async fn a_box_that_is_off_polls_and_may_not_confirm() {
    let house = a_house().await;
    house.rest.post("/stb_msg/3", "msg=m&ttl=100").await.ok();
    house
        .rest
        .post("/send_event/3", "event=show_menu")
        .await
        .ok();
    let mut stb = house.stb(C);
    stb.sign_in().await;
    assert_eq!(stb.poll().await["event"], "show_menu");
    for _ in 0..2 {
        let data = stb.poll().await;
        assert_eq!((&data["msg"], &data["msgs"]), (&json!("m"), &json!(1)));
        let id = data["id"].as_str().expect("an id");
        stb.confirm(id).await.plain("Access denied.");
    }
    house.bx.advance(101).await;
    assert_eq!(stb.poll().await["msgs"], 0);
    // Switched on, it may.
    house.rest.post("/stb_msg/3", "msg=n").await.ok();
    house.rest.put("/accounts/3", "status=1").await.ok();
    assert_eq!(house.names(C).await, ["cut_on", "send_msg"]);
    assert_eq!(house.names(C).await, [""; 0]);
}

/// "(string; constant "1" when tariff plans are on)".
#[tokio::test]
async fn additional_services_are_told_at_every_poll() {
    let house = a_house().await;
    let mut stb = house.stb(C);
    stb.sign_in().await;
    assert_eq!(stb.poll().await["additional_services_on"], "0");
    house
        .rest
        .put("/stb/3", "additional_services_on=1")
        .await
        .ok();
    assert_eq!(stb.poll().await["additional_services_on"], "1");
    let house = a_house()
        .set(|config| config.stalker.tariff_plans = true)
        .await;
    let mut stb = house.stb(C);
    stb.sign_in().await;
    assert_eq!(stb.poll().await["additional_services_on"], "1");
}

/// Texts arrive as they were sent: the box, not we, puts its MAC in (§3.2).
#[tokio::test]
async fn texts_arrive_as_they_were_sent() {
    let house = a_house().await;
    for (sent, text) in [
        ("%25mac%25+%25sn%25", "%mac% %sn%"),
        ("%3Cb%3EHi%3C%2Fb%3E%0Athere", "<b>Hi</b>\nthere"),
        ("Привіт 😀", "Привіт 😀"),
        ("a\\u0041\"", "a\\u0041\""),
    ] {
        house
            .rest
            .post(&format!("/stb_msg/{A}"), &format!("msg={sent}"))
            .await
            .ok();
        assert_eq!(house.queued(A).await[0]["msg"], text);
    }
}

/// Boxes at the same time, and one box twice: nothing is lost, nothing comes twice.
#[tokio::test]
async fn boxes_that_poll_at_once_each_get_their_own() {
    let house = a_house().await;
    for number in 0..5 {
        let form = format!("event=play_channel&channel={number}");
        house.rest.post("/send_event/1553", &form).await.ok();
    }
    let (mut of_a, mut of_b) = (house.stb(A), house.stb(B));
    of_a.sign_in().await;
    of_b.sign_in().await;
    let mut seen: [Vec<String>; 2] = Default::default();
    for _ in 0..3 {
        let (a1, a2, b1, b2) = tokio::join!(of_a.poll(), of_a.poll(), of_b.poll(), of_b.poll());
        for (of, data) in [(0, a1), (0, a2), (1, b1), (1, b2)] {
            if let Some(msg) = data["msg"].as_str() {
                seen[of].push(msg.to_owned());
            }
        }
    }
    for mut channels in seen {
        channels.sort();
        assert_eq!(channels, ["0", "1", "2", "3", "4"]);
    }
}
