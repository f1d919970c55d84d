//! Boxes: who learns what without a session, on how many a customer may sign in, and whose a MAC
//! is.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{From, id_of};
use crate::portal::{document, number, offered_ids};
use crate::stalker::{A, C, House, Says, StbBox};
use crate::support::eventually;
use crate::support::fixture::a_house;

const PASSWORD: &str = "Open-Sesame";

async fn house() -> House {
    let mut document = document();
    let customers = document["customers"].as_array_mut().expect("a list");
    for customer in customers.iter_mut() {
        customer["phones"] = json!(["+49170123456"]);
        customer["full_name"] = json!("Bernadette Lookup");
        customer["account_balance"] = json!("balance-98765");
    }
    let house = a_house().holding(document).await;
    for login in ["nobox", "3210"] {
        let form = format!("password={PASSWORD}&status=1");
        house.rest.put(&format!("/users/{login}"), &form).await.ok();
    }
    house
}

fn mac(number: u32) -> String {
    format!("00:1A:79:BB:{:02X}:{:02X}", number / 256, number % 256)
}

async fn sign_in(house: &House, mac: &str, login: &str) -> (StbBox, Value) {
    let mut stb = house.stb(mac);
    stb.handshake().await;
    let told = [("login", login), ("password", PASSWORD)];
    let answer = stb.call("stb", "do_auth", &told).await;
    let whole = serde_json::from_str(&answer.text).expect("JSON");
    (stb, whole)
}

/// Every action that there is, asked without the token of the session.
#[tokio::test]
async fn without_its_sessions_token_nothing_is_told_of_the_customer() {
    let house = house().await;
    let mut owner = house.stb(A);
    let profile = owner.sign_in().await;
    let whole = profile.to_string();
    assert!(
        whole.contains("Bernadette") && whole.contains("+49170123456"),
        "{whole}"
    );
    let actions = [
        ("stb", "handshake"),
        ("stb", "get_profile"),
        ("stb", "get_localization"),
        ("stb", "get_modules"),
        ("stb", "get_settings_profile"),
        ("stb", "logout"),
        ("stb", "do_auth"),
        ("watchdog", "get_events"),
        ("watchdog", "confirm_event"),
        ("account_info", "get_main_info"),
        ("account_info", "get_user_packages"),
        ("account_info", "get_payment_info"),
        ("itv", "get_all_channels"),
        ("itv", "get_fav_ids"),
        ("vod", "get_ordered_list"),
    ];
    for token in [
        None,
        Some("0".repeat(32)),
        Some(house.stb(C).handshake().await),
    ] {
        let mut stranger = house.stb(A);
        stranger.token.clone_from(&token);
        for (kind, action) in actions {
            let told = [("login", "nobody"), ("password", "x"), ("token", "x")];
            let answer = stranger.call(kind, action, &told).await;
            for secret in ["Bernadette", "+49170123456", "98765", "3210", "1553"] {
                assert!(
                    !answer.text.contains(secret),
                    "{action} {token:?}: {}",
                    answer.text
                );
            }
        }
        // Nor is the session disturbed.
        assert!(owner.call("itv", "get_genres", &[]).await.js().is_array());
    }
    // What a page needs to begin is there.
    let profile = house.stb(A).profile().await;
    assert_eq!(
        (number(&profile["status"]), &profile["mac"]),
        (0, &json!(A))
    );
    assert_eq!(number(&profile["watchdog_timeout"]), 120);
    assert!(number(&profile["timeslot"]) > 0);
}

#[tokio::test]
async fn a_customer_signs_in_on_five_boxes_and_a_logout_frees_one() {
    let house = house().await;
    let mut boxes = Vec::new();
    for n in 0..5 {
        let (stb, answer) = sign_in(&house, &mac(n), "nobox").await;
        assert_eq!(answer["js"], json!(true), "{n}");
        boxes.push(stb);
    }
    for n in 5..20 {
        let (_, answer) = sign_in(&house, &mac(n), "nobox").await;
        assert_eq!(answer["js"], json!(false));
        let text = answer["text"].as_str().expect("a text");
        for held in 0..5 {
            assert!(text.contains(&mac(held)), "{text}");
        }
        assert!(text.contains('5') && text.contains("Log out"), "{text}");
    }
    // Whoever has one signs in on it again, and all of them play.
    assert_eq!(sign_in(&house, &mac(2), "nobox").await.1["js"], json!(true));
    assert_eq!(boxes[1].call("stb", "logout", &[]).await.js(), json!(true));
    crate::portal::assert_refused(&boxes[1], "itv", "get_genres").await;
    assert_eq!(sign_in(&house, &mac(7), "nobox").await.1["js"], json!(true));
    assert_eq!(
        sign_in(&house, &mac(8), "nobox").await.1["js"],
        json!(false)
    );
    // A script may add more.
    let form = format!("login=nobox&stb_mac={}", mac(9));
    let added = house.rest.post("/accounts", &form).await;
    assert!(added.status == 200, "{}", added.told());
}

#[tokio::test]
async fn a_box_that_staff_gave_stays_the_customers_after_a_logout() {
    let house = house().await;
    let stb = crate::portal::signed(&house, A).await;
    assert_eq!(stb.call("stb", "logout", &[]).await.js(), json!(true));
    let again = crate::portal::signed(&house, A).await;
    assert!(again.call("itv", "get_genres", &[]).await.js().is_array());
}

#[tokio::test]
async fn the_customers_own_number_goes_before_the_plans_and_that_before_the_setting() {
    let house = house().await;
    let plans = document()["products"].clone();
    let mut plan = plans[0].clone();
    plan["devices_max"] = json!(2);
    let key = plan["external_id"].as_str().expect("a key").to_owned();
    house.bx.apply(json!({"products": [plan]})).await;
    house
        .rest
        .put("/users/nobox", &format!("tariff_plan={key}"))
        .await
        .ok();
    let count = async || {
        let mut held = 0;
        for n in 0..12 {
            let (_, answer) = sign_in(&house, &mac(n), "nobox").await;
            held += usize::from(answer["js"] == json!(true));
        }
        held
    };
    assert_eq!(count().await, 2);
    house
        .bx
        .apply(json!({"customers": [{"login": "nobox", "devices_max": 4}]}))
        .await;
    assert_eq!(count().await, 4);
    // In the console, and back again.
    let owner = house.bx.client_of("owner").await;
    let id = id_of(&house.bx, "nobox").await;
    let url = house.bx.url(&format!("/console/api/customers/{id}/boxes"));
    let told = owner.put(&url, json!({"devices_max": 6})).await.expect(200);
    assert_eq!(
        (&told["devices_max"], told["boxes"].as_array().map(Vec::len)),
        (&json!(6), Some(4))
    );
    assert_eq!(count().await, 6);
    let told = owner
        .put(&url, json!({"devices_max": null}))
        .await
        .expect(200);
    assert_eq!(told["devices_max"], 2);
    let wrong = owner.put(&url, json!({"devices_max": 501})).await;
    assert!(
        wrong.status == 400 && wrong.text.contains("devices_max"),
        "{}",
        wrong.told()
    );
    assert!(told["boxes"][0]["signed_in"].is_string() && told["boxes"][0]["mac"].is_string());
}

/// A viewer's sign-in never keeps staff from handing out a box.
#[tokio::test]
async fn a_mac_that_a_viewer_took_gives_way_to_staff_and_to_nobody_else() {
    let house = house().await;
    let (taken, answer) = sign_in(&house, &mac(1), "nobox").await;
    assert_eq!(answer["js"], json!(true));
    // Another viewer does not get it.
    assert_eq!(sign_in(&house, &mac(1), "3210").await.1["js"], json!(false));
    assert!(!offered_ids(&taken).await.is_empty());
    let form = format!("login=rightful&stb_mac={}&status=1", mac(1));
    house.rest.post("/accounts", &form).await.ok();
    crate::portal::assert_refused(&taken, "itv", "get_genres").await;
    assert_eq!(house.account("rightful").await["stb_mac"], mac(1));
    assert_ne!(house.account("nobox").await["stb_mac"], mac(1));
    // What staff gave, nobody takes: neither another script nor a viewer.
    let form = format!("login=second&stb_mac={}", mac(1));
    house
        .rest
        .post("/accounts", &form)
        .await
        .refused("MAC address already in use");
    assert_eq!(
        sign_in(&house, &mac(1), "nobox").await.1["js"],
        json!(false)
    );
    // The same over the other dialects.
    for (n, over) in [(2, "apply"), (3, "alphaott"), (4, "put")] {
        assert_eq!(
            sign_in(&house, &mac(n), "nobox").await.1["js"],
            json!(true),
            "{over}"
        );
        match over {
            "apply" => {
                let device = json!({"mac": mac(n), "type": "STB"});
                let customer = json!({"login": "rightful", "devices": [device]});
                house.bx.apply(json!({"customers": [customer]})).await;
            }
            "alphaott" => {
                let id = id_of(&house.bx, "rightful").await;
                let device = json!({"type": "STB", "mac": mac(n)});
                let added = house
                    .bx
                    .api()
                    .post(format!("/customers/{id}/devices"), device)
                    .await;
                assert!(added.status < 300, "{}", added.told());
            }
            _ => {
                let form = format!("stb_mac={}", mac(n));
                house.rest.put("/users/3211", &form).await.ok();
            }
        }
        assert_eq!(
            sign_in(&house, &mac(n), "nobox").await.1["js"],
            json!(false),
            "{over}"
        );
    }
}

/// A box asks for its profile from an address of this machine.
async fn profile_from(from: &From, house: &House, mac: &str, token: Option<&str>) -> super::Came {
    let url = house
        .bx
        .url("/stalker_portal/server/load.php?type=stb&action=get_profile");
    let mut request = from
        .client()
        .get(url)
        .header("cookie", format!("mac={mac}"));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    from.send(request).await
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long an answer takes is the point"
)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_for_many_unknown_boxes_is_answered_slowly() {
    let house = house().await;
    let known = crate::portal::signed(&house, A).await;
    let from = From::address(77);
    let began = Instant::now();
    let mut refused = 0;
    let mut asked = Vec::new();
    for n in 0..1_700 {
        asked.push(mac(n));
    }
    for chunk in asked.chunks(850) {
        let mut waiting = Vec::new();
        for mac in chunk {
            waiting.push(profile_from(&from, &house, mac, None));
        }
        for came in futures_of(waiting).await {
            refused += usize::from(came.text.contains("too many unknown"));
        }
    }
    let took = began.elapsed();
    assert!(
        refused > 0 || took > Duration::from_secs(5),
        "{refused} {took:?}"
    );
    // A box that was there before is not slowed.
    let began = Instant::now();
    assert!(known.call("itv", "get_genres", &[]).await.js().is_array());
    assert!(began.elapsed() < Duration::from_secs(4));
}

async fn futures_of(waiting: Vec<impl Future<Output = super::Came>>) -> Vec<super::Came> {
    let mut pinned: Vec<_> = waiting.into_iter().map(Box::pin).collect();
    let mut came = Vec::new();
    std::future::poll_fn(|cx| {
        pinned.retain_mut(|one| match one.as_mut().poll(cx) {
            std::task::Poll::Ready(answer) => {
                came.push(answer);
                false
            }
            std::task::Poll::Pending => true,
        });
        if pinned.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    came
}

#[tokio::test]
async fn a_mac_that_moves_between_networks_is_marked_for_staff() {
    let house = house().await;
    let owner = house.bx.client_of("owner").await;
    let id = id_of(&house.bx, "3210").await;
    let url = house.bx.url(&format!("/console/api/customers/{id}/boxes"));
    for round in 0..14u8 {
        let told = owner.get(&url).await.expect(200);
        let marked = told["boxes"][0].get("moves_often").is_some();
        assert!(!(round < 10 && marked), "{round} {told}");
        let mut stb = house.stb(A);
        let token = stb.handshake().await;
        // Two boxes take turns, as the last one that asks has the session.
        let from = From::address(100 + round % 2);
        let came = profile_from(&from, &house, A, Some(&token)).await;
        assert!(came.text.contains("Bernadette"), "{came:?}");
    }
    let told = owner.get(&url).await.expect(200);
    assert!(told["boxes"][0]["moves_often"].is_string(), "{told}");
    // And in the customer's activity, once.
    let marks = async || {
        use boxoffice::domain::event::{Activity, ActivityAction};
        use boxoffice::store::Read as _;
        let all = house
            .bx
            .app()
            .store
            .read()
            .unwrap()
            .all::<Activity>()
            .unwrap();
        let is_mark = |held: &&Activity| held.action == ActivityAction::DeviceMovedOften;
        all.iter().filter(is_mark).count()
    };
    let marked = eventually("a mark", async || Some(marks().await).filter(|n| *n > 0)).await;
    assert_eq!(marked, 1);
}
