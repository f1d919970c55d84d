//! The set-top-box portal, black box: what the players of its reference need, trap by trap. "§" in
//! the comments of this folder means "stalker-stb-portal §2.4".

mod access;
mod account;
mod channels;
mod epg;
mod favourites;
mod keeping;
mod links;
mod own_page;
mod rule_of_access;
mod session;
mod sign_in;
mod transport;

use serde_json::{Value, json};

use crate::stalker::{House, Says, StbBox, fixture};

/// A box that no account has.
pub const UNKNOWN: &str = "00:1A:79:AA:BB:01";

/// The fixture with what a portal shows: genres, addresses, a logo, a channel with a lock on it
/// (90), one without a genre (91) and a radio channel (200). All of them are in the base package.
pub fn document() -> Value {
    let mut document = fixture();
    document["genres"] = json!([{"id": 1, "title": "news"}, {"id": 2, "title": "Films"}]);
    let channels = document["channels"].as_array_mut().expect("channels");
    for (at, channel) in channels.iter_mut().enumerate() {
        let id = channel["id"].as_u64().expect("an id");
        channel["url"] = json!(format!("http://streams.example.com/{id}/index.m3u8"));
        channel["genre"] = json!(1 + at % 2);
    }
    channels[0]["logo"] = json!("http://logos.example.com/one.png");
    for channel in [
        json!({"id": 90, "name": "Night", "number": 90, "kind": "tv", "genre": 2, "censored": true,
               "url": "http://streams.example.com/90/index.m3u8"}),
        json!({"id": 91, "name": "Plain", "number": 91, "kind": "tv",
               "url": "udp://@239.1.1.1:1234"}),
        json!({"id": 200, "name": "FM", "number": 200, "kind": "radio",
               "url": "http://streams.example.com/200/stream"}),
    ] {
        channels.push(channel);
    }
    document["packages"][0]["services"] = json!([27, 29, 90, 91]);
    document
}

/// A box that is signed in.
pub async fn signed(house: &House, mac: &str) -> StbBox {
    let mut stb = house.stb(mac);
    let profile = stb.sign_in().await;
    assert_eq!(number(&profile["status"]), 0, "{profile}");
    stb
}

/// A number, or a text that is one.
#[track_caller]
pub fn number(value: &Value) -> i64 {
    let text = value.as_str().and_then(|text| text.parse().ok());
    value
        .as_i64()
        .or(text)
        .unwrap_or_else(|| panic!("no number: {value}"))
}

/// The page of §5.2: asserts its members and answers its rows.
#[track_caller]
pub fn page(js: &Value) -> Vec<Value> {
    let rows = js["data"].as_array();
    let rows = rows.unwrap_or_else(|| panic!("no data: {js}")).clone();
    let total = number(&js["total_items"]);
    assert!(total >= i64::try_from(rows.len()).expect("few"), "{js}");
    assert!(number(&js["max_page_items"]) >= 1, "{js}");
    for member in ["selected_item", "cur_page"] {
        assert!(number(&js[member]) >= 0, "{js}");
    }
    rows
}

/// All channels that a box is shown, locked ones included, without those marked as not subscribed.
pub async fn offered(stb: &StbBox) -> Vec<Value> {
    let js = stb.call("itv", "get_all_channels", &[]).await.js();
    let mut rows = page(&js);
    let mut number_of_page = 1;
    loop {
        let p = number_of_page.to_string();
        let told = [
            ("genre", "*"),
            ("fav", "0"),
            ("sortby", "number"),
            ("p", p.as_str()),
        ];
        let js = stb.call("itv", "get_ordered_list", &told).await.js();
        let found = page(&js);
        if found.is_empty() {
            break;
        }
        for row in found {
            if !rows.iter().any(|known| known["id"] == row["id"]) {
                rows.push(row);
            }
        }
        number_of_page += 1;
        assert!(number_of_page < 100, "no end of pages");
    }
    // `open`: "1; 0 = not subscribed".
    rows.retain(|row| row.get("open").is_none_or(|open| number(open) != 0));
    rows.sort_by_key(|row| number(&row["id"]));
    rows
}

pub async fn offered_ids(stb: &StbBox) -> Vec<i64> {
    offered(stb)
        .await
        .iter()
        .map(|row| number(&row["id"]))
        .collect()
}

/// Asserts that a call is refused in plain text, with one of the texts of §3.5.
pub async fn assert_refused(stb: &StbBox, kind: &str, action: &str) {
    let answer = stb.call(kind, action, &[]).await;
    let texts = [
        "Authorization failed.",
        "Access denied.",
        "Unauthorized request.",
    ];
    assert!(texts.contains(&answer.text.as_str()), "{}", answer.told());
    assert_eq!(answer.status, 200, "{}", answer.told());
}

/// A link for what a row says, sent back to the letter.
pub async fn link(stb: &StbBox, cmd: &str) -> Value {
    let told = [
        ("cmd", cmd),
        ("series", "0"),
        ("forced_storage", "0"),
        ("disable_ad", "0"),
        ("download", "0"),
        ("force_ch_link_check", ""),
    ];
    stb.call("itv", "create_link", &told).await.js()
}
