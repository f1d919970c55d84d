//! Tokens, and which calls a box may make in which state (stalker-stb-portal §3.1, §3.2, §3.5).

use serde_json::json;

use super::{UNKNOWN, signed};
use crate::stalker::{A, B, C, Says};
use crate::support::Answer;
use crate::support::fixture::a_portal;

const FAILED: &str = "Authorization failed.";
const DENIED: &str = "Access denied.";

/// Calls that want a session, one of each kind.
const CLOSED: [(&str, &str); 6] = [
    ("itv", "get_genres"),
    ("itv", "get_all_channels"),
    ("itv", "get_ordered_list"),
    ("itv", "create_link"),
    ("vod", "get_categories"),
    ("account_info", "get_payment_info"),
];

#[track_caller]
fn not_plain(answer: &Answer) {
    let texts = [FAILED, DENIED, "Unauthorized request."];
    assert!(!texts.contains(&answer.text.as_str()), "{}", answer.told());
}

/// "no `mac` cookie, `type` ≠ `stb`: `Unauthorized request.`"
#[tokio::test]
async fn without_a_mac_nothing_is_told() {
    let house = a_portal().await;
    let mut stb = signed(&house, A).await;
    for cookie in ["", "stb_lang=en", "mac=", "xmac=00:1A:79:00:39:5E", "mac"] {
        cookie.clone_into(&mut stb.cookie);
        for (kind, action) in CLOSED {
            stb.call(kind, action, &[])
                .await
                .plain("Unauthorized request.");
        }
        stb.call("watchdog", "get_events", &[])
            .await
            .plain("Unauthorized request.");
        for action in ["handshake", "get_profile", "do_auth"] {
            assert!(stb.call("stb", action, &[]).await.status == 200, "{action}");
        }
    }
}

/// "`mac` cookie, Bearer missing or ≠ the token stored for that MAC: `Authorization failed.`"
#[tokio::test]
async fn without_the_token_of_the_mac_nothing_is_told() {
    let house = a_portal().await;
    let of_b = signed(&house, B).await.token;
    let mut stb = signed(&house, A).await;
    let own = stb.token.clone().expect("a token");
    let tokens = [
        None,
        Some(String::new()),
        Some("0".repeat(32)),
        Some(format!("{own}0")),
        Some(own[1..].to_owned()),
        of_b,
    ];
    for token in tokens {
        stb.token.clone_from(&token);
        for (kind, action) in CLOSED {
            stb.call(kind, action, &[]).await.plain(FAILED);
        }
        for action in ["get_events", "confirm_event"] {
            stb.call("watchdog", action, &[]).await.plain(FAILED);
        }
    }
    // "allowed actions: `handshake`, `get_profile`, `get_localization`, `do_auth`".
    stb.token = None;
    for action in ["handshake", "get_profile", "get_localization", "do_auth"] {
        not_plain(&stb.call("stb", action, &[]).await);
    }
    stb.token = Some(own);
    assert!(
        stb.call("itv", "get_genres", &[]).await.js().is_array(),
        "the session is still there"
    );
}

/// "The token becomes the session at `get_profile`"; "last one wins".
#[tokio::test]
async fn the_last_box_that_asks_for_its_profile_has_the_session() {
    let house = a_portal().await;
    let first = signed(&house, A).await;
    let mut second = house.stb(A);
    let token = second.handshake().await;
    assert_ne!(Some(&token), first.token.as_ref());
    // "Stock stores nothing at handshake."
    second.call("itv", "get_genres", &[]).await.plain(FAILED);
    assert!(first.call("itv", "get_genres", &[]).await.js().is_array());
    second.profile().await;
    assert!(second.call("itv", "get_genres", &[]).await.js().is_array());
    first.call("itv", "get_genres", &[]).await.plain(FAILED);
    first
        .call("watchdog", "get_events", &[])
        .await
        .plain(FAILED);
    // Another MAC's session is untouched by all that.
    let other = signed(&house, B).await;
    assert!(second.call("itv", "get_genres", &[]).await.js().is_array());
    assert!(other.call("itv", "get_genres", &[]).await.js().is_array());
}

/// "Presenting the MAC's current token returns it unchanged (idempotent resume)".
#[tokio::test]
async fn the_current_token_is_given_back() {
    let house = a_portal().await;
    let mut stb = signed(&house, A).await;
    let token = stb.token.clone().expect("a token");
    for _ in 0..2 {
        assert_eq!(stb.resume(&token).await, token);
        assert!(stb.call("itv", "get_genres", &[]).await.js().is_array());
        stb.profile().await;
        assert!(stb.call("itv", "get_genres", &[]).await.js().is_array());
    }
}

/// "anything else returns a new one"; `not_valid` 1 or absent.
#[tokio::test]
async fn a_stale_token_is_answered_with_a_new_one() {
    let house = a_portal().await;
    let mut stb = signed(&house, A).await;
    let stale = stb.token.clone().expect("a token");
    stb.sign_in().await;
    let current = stb.token.clone().expect("a token");
    let of_b = signed(&house, B).await.token.expect("a token");
    for wrong in [stale.as_str(), of_b.as_str(), "nonsense", "false", "0"] {
        let asker = house.stb(A);
        let js = asker
            .call("stb", "handshake", &[("token", wrong)])
            .await
            .js();
        let token = js["token"].as_str().expect("a token");
        assert!(token != wrong && token != current, "{js}");
        if let Some(not_valid) = js.get("not_valid") {
            assert!(*not_valid == 1 || *not_valid == 0, "{js}");
        }
    }
    assert!(
        stb.call("itv", "get_genres", &[]).await.js().is_array(),
        "nothing was taken over"
    );
}

/// "A MAC with no stored token accepts any Bearer in the stock server; do not copy that."
#[tokio::test]
async fn a_token_that_was_never_given_is_none() {
    let house = a_portal().await;
    for mac in [A, B, UNKNOWN] {
        let mut stb = house.stb(mac);
        stb.token = Some("0123456789ABCDEF0123456789ABCDEF".to_owned());
        stb.call("stb", "get_profile", &[]).await;
        for (kind, action) in CLOSED {
            let answer = stb.call(kind, action, &[]).await;
            assert!(
                [FAILED, DENIED].contains(&answer.text.as_str()),
                "{}",
                answer.told()
            );
        }
    }
    // Nor does it end a session that is one, nor one that another MAC was given.
    let good = signed(&house, A).await;
    let mut thief = house.stb(A);
    for token in [
        Some("1".repeat(32)),
        None,
        Some(house.stb(B).handshake().await),
    ] {
        thief.token = token;
        thief.call("stb", "get_profile", &[]).await;
        thief.call("itv", "get_genres", &[]).await.plain(FAILED);
        assert!(good.call("itv", "get_genres", &[]).await.js().is_array());
    }
}

/// "token right, account disabled: the four above + `get_events`, `get_modules`, `get_main_info`;
/// otherwise `Access denied.`"
#[tokio::test]
async fn a_box_that_is_off_may_do_little() {
    let house = a_portal().await;
    let mut stb = house.stb(C);
    let profile = stb.sign_in().await;
    assert_eq!(super::number(&profile["status"]), 1);
    // "the whole profile with `status:1`".
    assert_eq!(profile["mac"], C);
    for (kind, action) in CLOSED {
        stb.call(kind, action, &[]).await.plain(DENIED);
    }
    for (kind, action) in [
        ("stb", "get_modules"),
        ("account_info", "get_main_info"),
        ("watchdog", "get_events"),
    ] {
        assert!(
            stb.call(kind, action, &[]).await.js().is_object(),
            "{action}"
        );
    }
    stb.call("stb", "get_localization", &[]).await.js();
}

/// Switched off while it runs, and on again: the same session goes on.
#[tokio::test]
async fn a_running_box_is_switched_off_and_on() {
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    house.rest.put("/users/3210", "status=0").await.ok();
    stb.call("itv", "get_genres", &[]).await.plain(DENIED);
    stb.call("itv", "create_link", &[("cmd", "x")])
        .await
        .plain(DENIED);
    assert_eq!(stb.poll().await["event"], "cut_off");
    house.rest.put("/users/3210", "status=1").await.ok();
    assert!(stb.call("itv", "get_genres", &[]).await.js().is_array());
    assert_eq!(stb.poll().await["event"], "cut_on");
}

/// "MAC unknown: the four above + `get_events`; `Access denied.` (`get_modules`, `get_main_info`:
/// `Authorization failed.`)"
#[tokio::test]
async fn an_unknown_box_may_do_nothing() {
    let house = a_portal().await;
    let mut stb = house.stb(UNKNOWN);
    let js = stb.call("stb", "handshake", &[]).await.js();
    assert!(js.is_object() && js["token"].is_string(), "{js}");
    let profile = stb.sign_in().await;
    assert!(
        [1, 2].contains(&super::number(&profile["status"])),
        "{profile}"
    );
    for (kind, action) in CLOSED {
        super::assert_refused(&stb, kind, action).await;
    }
    for (kind, action) in [("stb", "get_modules"), ("account_info", "get_main_info")] {
        super::assert_refused(&stb, kind, action).await;
    }
    // Nobody became a customer by asking.
    assert_eq!(
        crate::stalker::all(&house.accounts().await, "login").len(),
        4
    );
}

/// "`logout`: `js: true`; forget the token and unbind the MAC/device ids".
#[tokio::test]
async fn after_logout_the_token_is_forgotten() {
    let house = a_portal().await;
    let mut stb = signed(&house, A).await;
    let token = stb.token.clone().expect("a token");
    assert_eq!(stb.call("stb", "logout", &[]).await.js(), json!(true));
    super::assert_refused(&stb, "itv", "get_genres").await;
    assert_ne!(stb.resume(&token).await, token);
    // Nobody logs another out.
    let good = signed(&house, B).await;
    house.stb(B).call("stb", "logout", &[]).await;
    assert!(good.call("itv", "get_genres", &[]).await.js().is_array());
}

/// stalker-rest-v1 §2.2: "A new non-empty `stb_mac` clears the box token"; `stb_mac=` detaches.
#[tokio::test]
async fn a_box_that_is_exchanged_has_no_session() {
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    let new = "00:1A:79:00:39:00";
    house
        .rest
        .put("/users/3210", &format!("stb_mac={new}"))
        .await
        .ok();
    super::assert_refused(&stb, "itv", "get_genres").await;
    let mut other = house.stb(new);
    other.token.clone_from(&stb.token);
    super::assert_refused(&other, "itv", "get_genres").await;
    other.sign_in().await;
    assert!(other.call("itv", "get_genres", &[]).await.js().is_array());
    house.rest.put("/users/3210", "stb_mac=").await.ok();
    super::assert_refused(&other, "itv", "get_genres").await;
}
