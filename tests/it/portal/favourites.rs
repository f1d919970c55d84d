//! Favourites and the last channel (stalker-stb-portal §5.8).

use serde_json::{Value, json};

use super::{number, page, signed};
use crate::stalker::{A, B, NOTHING, Says, StbBox, all};
use crate::support::fixture::a_portal;

fn truthy(value: &Value) -> bool {
    ![json!(false), json!(null), json!(0), json!(""), json!("0")].contains(value)
}

async fn set(stb: &StbBox, channels: &str) {
    let js = stb
        .call("itv", "set_fav", &[("fav_ch", channels)])
        .await
        .js();
    assert!(truthy(&js), "{channels}: {js}");
}

async fn ids(stb: &StbBox) -> Value {
    stb.call("itv", "get_fav_ids", &[]).await.js()
}

/// "`fav_ch=1,5,7` (full ordered list; empty clears)"; "array of id strings".
#[tokio::test]
async fn favourites_keep_their_order() {
    let house = a_portal().await;
    let mut stb = signed(&house, A).await;
    assert_eq!(ids(&stb).await, json!([]));
    set(&stb, "58,27,91").await;
    assert_eq!(ids(&stb).await, json!(["58", "27", "91"]));
    let js = stb
        .call("itv", "get_all_fav_channels", &[("fav", "1")])
        .await
        .js();
    assert_eq!(all(&json!(page(&js)), "id"), ["58", "27", "91"]);
    // "With `fav=1` numbers are renumbered 1..n in favourites order."
    let told = [("fav", "1"), ("genre", "*"), ("sortby", "fav"), ("p", "1")];
    let js = stb.call("itv", "get_ordered_list", &told).await.js();
    assert_eq!(number(&js["total_items"]), 3);
    let rows = json!(page(&js));
    assert_eq!(all(&rows, "id"), ["58", "27", "91"]);
    assert_eq!(all(&rows, "number"), ["1", "2", "3"]);
    // They belong to the account, not to its session.
    stb.sign_in().await;
    set(&stb, "27").await;
    assert_eq!(ids(&stb).await, json!(["27"]));
    set(&stb, "").await;
    assert_eq!(ids(&stb).await, json!([]));
    let js = stb
        .call("itv", "get_all_fav_channels", &[("fav", "1")])
        .await
        .js();
    assert_eq!(page(&js), NOTHING);
}

#[tokio::test]
async fn favourites_of_one_box_are_not_anothers() {
    let house = a_portal().await;
    let (of_a, of_b) = (signed(&house, A).await, signed(&house, B).await);
    set(&of_a, "27").await;
    set(&of_b, "29").await;
    assert_eq!(ids(&of_a).await, json!(["27"]));
    assert_eq!(ids(&of_b).await, json!(["29"]));
}

/// A favourite that may no longer be watched is not offered; nonsense is no favourite.
#[tokio::test]
async fn favourites_offer_only_what_may_be_watched() {
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    set(&stb, "58,27").await;
    house
        .rest
        .put(&format!("/account_subscription/{A}"), "unsubscribed[]=tv_2")
        .await
        .ok();
    let js = stb
        .call("itv", "get_all_fav_channels", &[("fav", "1")])
        .await
        .js();
    let open = |row: &&Value| row.get("open").is_none_or(|open| number(open) != 0);
    let rows = page(&js);
    let offered: Vec<&Value> = rows.iter().filter(open).map(|row| &row["id"]).collect();
    assert_eq!(offered, ["27"]);
    for nonsense in [
        "27,x,,29",
        "-1",
        "18446744073709551616",
        &"27,".repeat(5000),
    ] {
        let answer = stb.call("itv", "set_fav", &[("fav_ch", nonsense)]).await;
        assert!(answer.status < 500, "{}", answer.told());
        let js = stb
            .call("itv", "get_all_fav_channels", &[("fav", "1")])
            .await
            .js();
        let ids = all(&json!(page(&js)), "id");
        assert!(
            ids.iter()
                .all(|id| ["27", "29", "58"].contains(&id.as_str())),
            "{ids:?}"
        );
        assert!(ids.len() <= 3, "each channel once: {ids:?}");
    }
}

/// "`itv/set_last_id` → true (feeds `last_itv_id`)"; `set_played` does so as well.
#[tokio::test]
async fn the_last_channel_is_remembered() {
    let house = a_portal().await;
    let mut stb = signed(&house, A).await;
    assert_eq!(
        stb.call("itv", "set_last_id", &[("id", "29")]).await.js(),
        json!(true)
    );
    let told = [("itv_id", "58"), ("censored", "0")];
    assert!(truthy(&stb.call("itv", "set_played", &told).await.js()));
    let profile = stb.sign_in().await;
    if let Some(last) = profile.get("last_itv_id") {
        assert_eq!(number(last), 58, "{profile}");
    }
    // What no channel is, is no error.
    for id in ["", "x", "999", "-1"] {
        let answer = stb.call("itv", "set_last_id", &[("id", id)]).await;
        assert_eq!(answer.status, 200, "{}", answer.told());
    }
}

/// §3.7 and §5.8: settings and claims are acknowledged.
#[tokio::test]
async fn what_a_box_reports_is_acknowledged() {
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    let log = [
        ("real_action", "play"),
        ("param", "x"),
        ("content_id", "27"),
        ("tmp_type", "1"),
    ];
    assert!(truthy(&stb.call("stb", "log", &log).await.js()));
    for (kind, action) in [
        ("stb", "set_volume"),
        ("stb", "set_aspect"),
        ("stb", "set_screensaver_delay"),
        ("stb", "set_portal_prefs"),
        ("itv", "set_fav_status"),
        ("itv", "set_claim"),
    ] {
        let js = stb
            .call(kind, action, &[("id", "27"), ("vol", "5")])
            .await
            .js();
        assert!(truthy(&js), "{kind} {action}: {js}");
    }
}
