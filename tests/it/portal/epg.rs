//! The guide and the lists of what we do not have: empty in the shape that players survive
//! (stalker-stb-portal §5.7, §6, §7, §8).

use serde_json::{Value, json};

use super::{number, page, signed};
use crate::stalker::{A, Says};
use crate::support::fixture::a_portal;

/// §5.7 and §2.4: "object keyed by channel id; `[]` … tolerated by Kodi as no EPG".
#[tokio::test]
async fn the_guide_of_all_channels_is_empty_in_shape() {
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    for period in ["3", "96", "168", "", "0", "-1", "1e9", "x"] {
        let js = stb
            .call("itv", "get_epg_info", &[("period", period)])
            .await
            .js();
        assert!(js.is_object(), "{period}: {js}");
        let data = &js["data"];
        let none = data.as_object().map_or(*data == json!([]), |by_channel| {
            by_channel.values().all(|events| *events == json!([]))
        });
        assert!(none, "{period}: {js}");
    }
}

/// §5.7: programmes of a document are shown, ids of digits, times in seconds and in words.
#[tokio::test]
async fn what_is_on_is_shown() {
    let house = a_portal().await;
    let programme = |start: &str, stop: &str, title: &str| {
        json!({
            "channel": 27, "title": title, "description": "«Drama»",
            "start": format!("2026-01-31T{start}:00Z"), "stop": format!("2026-01-31T{stop}:00Z"),
        })
    };
    let guide = [
        programme("09:30", "10:30", "Running"),
        programme("10:30", "11:00", "Next"),
    ];
    for _ in 0..2 {
        house.bx.apply(json!({"programmes": guide})).await;
    }
    let stb = signed(&house, A).await;
    let short = stb
        .call("itv", "get_short_epg", &[("ch_id", "27")])
        .await
        .js();
    let names: Vec<&Value> = short
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["name"])
        .collect();
    assert_eq!(names, ["Running", "Next"]);
    let told = &[("period", "3")];
    let all = stb.call("itv", "get_epg_info", told).await.js();
    let next = &all["data"]["27"][1];
    assert_eq!(
        (&next["name"], &next["descr"]),
        (&json!("Next"), &json!("«Drama»"))
    );
    assert_eq!(
        next["start_timestamp"].to_string().trim_matches('"'),
        "1769855400"
    );
    assert_eq!(next["t_time"], "10:30");
}

/// "`js` is a bare array of events from the current one on, `[]` if none".
#[tokio::test]
async fn a_short_guide_is_a_bare_array() {
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    for told in [
        &[("ch_id", "27")][..],
        &[("ch_id", "27"), ("size", "10")],
        &[("ch_id", "999"), ("size", "x")],
        &[],
    ] {
        let js = stb.call("itv", "get_short_epg", told).await.js();
        assert_eq!(js, json!([]), "{told:?}");
    }
}

/// §5.7: a day of one channel: "envelope 5.2".
#[tokio::test]
async fn a_day_of_a_channel_is_a_page() {
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    for p in ["0", "1", "9"] {
        let told = [("ch_id", "27"), ("date", "2026-01-31"), ("p", p)];
        let js = stb.call("epg", "get_simple_data_table", &told).await.js();
        assert_eq!(
            (page(&js).len(), number(&js["total_items"])),
            (0, 0),
            "{js}"
        );
    }
}

/// "from one week back to two ahead"; the clock stands at 31 January 2026.
#[tokio::test]
async fn a_week_has_today_in_it() {
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    let js = stb.call("epg", "get_week", &[]).await.js();
    // Not every server has it: `false` is tolerated.
    if js == json!(false) {
        return;
    }
    let days = js.as_array().expect("an array");
    let today: Vec<&Value> = days
        .iter()
        .filter(|day| number(&day["today"]) == 1)
        .collect();
    assert_eq!(today.len(), 1, "{js}");
    assert_eq!(today[0]["f_mysql"], "2026-01-31");
}

/// §6: films and series: categories begin with all, lists are pages.
#[tokio::test]
async fn films_are_pages_too() {
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    let categories = stb.call("vod", "get_categories", &[]).await.js();
    let categories = categories.as_array().expect("an array");
    assert_eq!(categories.first().map(|all| &all["id"]), Some(&json!("*")));
    for told in [
        &[("category", "*"), ("p", "1")][..],
        &[
            ("category", "*"),
            ("genre", "*"),
            ("sortby", "added"),
            ("p", "1"),
            ("fav", "1"),
        ],
        &[("search", "x"), ("p", "1")],
    ] {
        let js = stb.call("vod", "get_ordered_list", told).await.js();
        page(&js);
    }
    // "`js:false` for unknown is tolerated", and so are these.
    for action in ["get_categories", "get_ordered_list"] {
        let js = stb
            .call("series", action, &[("category", "*"), ("p", "1")])
            .await
            .js();
        assert!(
            js == json!(false) || js.is_array() || js["data"].is_array(),
            "{js}"
        );
    }
    let js = stb
        .call("vod", "create_link", &[("cmd", "/media/999.mpg")])
        .await
        .js();
    assert!(js == json!(false) || js["cmd"] == "", "{js}");
}

/// §7: "radio/get_ordered_list → rows"; only those the customer may hear.
#[tokio::test]
async fn radio_is_a_page() {
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    let js = stb
        .call("radio", "get_ordered_list", &[("p", "1"), ("all", "1")])
        .await
        .js();
    for row in page(&js) {
        let open = row.get("open").is_none_or(|open| number(open) != 0);
        assert!(!open, "nobody has a radio package: {row}");
    }
}

/// §8: "MAG asks at boot": an array.
#[tokio::test]
async fn lists_that_a_box_asks_for_at_boot_are_arrays() {
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    for (kind, action) in [
        ("remote_pvr", "get_active_recordings"),
        ("tvreminder", "get_all_active"),
        ("stb", "get_preload_images"),
        ("stb", "get_ad"),
    ] {
        let js = stb.call(kind, action, &[]).await.js();
        assert!(js.is_array(), "{kind} {action}: {js}");
    }
    let js = stb.call("stb", "get_storages", &[]).await.js();
    assert!(js.is_object(), "{js}");
}
