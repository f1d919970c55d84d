//! Genres, channel lists and pages: types and bounds that strict players depend on
//! (stalker-stb-portal §2.4, §5.1 to §5.4).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{document, number, offered, page, signed};
use crate::stalker::{A, B, NOTHING, Says, StbBox, all};
use crate::support::fixture::{a_house, a_portal};

async fn channels(stb: &StbBox) -> Vec<Value> {
    page(&stb.call("itv", "get_all_channels", &[]).await.js())
}

async fn listed(stb: &StbBox, more: &[(&str, &str)]) -> Value {
    stb.call("itv", "get_ordered_list", more).await.js()
}

fn texts(rows: &[Value], member: &str) -> Vec<String> {
    all(&json!(rows), member)
}

#[track_caller]
fn row_is_sound(row: &Value) {
    // "int → Kodi loads no channels at all".
    for text in [
        "id",
        "name",
        "number",
        "cmd",
        "tv_genre_id",
        "use_http_tmp_link",
        "logo",
    ] {
        assert!(row[text].is_string(), "{text} of {row}");
    }
    let digits = |text: &Value| {
        let text = text.as_str().unwrap_or("");
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    assert!(digits(&row["id"]) && digits(&row["number"]), "{row}");
    assert!(number(&row["id"]) < 1 << 31, "{row}");
    let links = row["cmds"]
        .as_array()
        .unwrap_or_else(|| panic!("no cmds: {row}"));
    // "stalkerhek indexes `cmds[0]` unconditionally".
    assert!(!links.is_empty(), "{row}");
    for link in links {
        for text in ["id", "ch_id", "url"] {
            assert!(link[text].is_string(), "{text} of {link}");
        }
        assert_eq!(link["ch_id"], row["id"], "{row}");
    }
    let logo = row["logo"].as_str().unwrap_or("null");
    assert!(logo.is_empty() || !logo.starts_with("data:"), "{row}");
}

#[tokio::test]
async fn every_row_has_the_types_of_strict_players() {
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    let rows = channels(&stb).await;
    assert!(rows.len() >= 3, "{rows:?}");
    rows.iter().for_each(row_is_sound);
    page(&listed(&stb, &[("genre", "*"), ("p", "1")]).await)
        .iter()
        .for_each(row_is_sound);
    page(&listed(&stb, &[("genre", "10"), ("p", "1")]).await)
        .iter()
        .for_each(row_is_sound);
    let one = rows
        .iter()
        .find(|row| row["id"] == "27")
        .expect("channel 27");
    assert_eq!((&one["name"], &one["number"]), (&json!("One"), &json!("1")));
    assert_eq!(one["logo"], "http://logos.example.com/one.png");
}

/// §5.1: the first entry is "all"; titles are unique; "Every `tv_genre_id` used by a channel must
/// be listed here".
#[tokio::test]
async fn genres_begin_with_all_and_cover_every_channel() {
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    let genres = stb.call("itv", "get_genres", &[]).await.js();
    let genres = genres.as_array().expect("an array");
    assert_eq!(genres[0]["id"], "*");
    for genre in genres {
        for text in ["id", "title", "alias"] {
            assert!(genre[text].is_string(), "{text} of {genre}");
        }
        assert!(!genre["title"].as_str().unwrap().is_empty(), "{genre}");
    }
    // Kodi upper-cases the first letter and takes the title for a name.
    let titles: BTreeSet<String> = genres
        .iter()
        .map(|genre| genre["title"].as_str().unwrap().to_uppercase())
        .collect();
    assert_eq!(titles.len(), genres.len(), "{genres:?}");
    let ids: Vec<&Value> = genres.iter().map(|genre| &genre["id"]).collect();
    for row in offered(&stb).await {
        assert!(ids.contains(&&row["tv_genre_id"]), "{row}");
    }
    for reserved in ["dvb", "pvr"] {
        assert!(!ids.contains(&&json!(reserved)));
    }
}

/// §5.3: "No paging, sorted by number"; "leaves out censored/locked channels here".
#[tokio::test]
async fn all_channels_come_by_number_and_without_locked_ones() {
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    let js = stb
        .call("itv", "get_all_channels", &[("force_ch_link_check", "")])
        .await
        .js();
    let rows = page(&js);
    assert_eq!(
        number(&js["total_items"]),
        i64::try_from(rows.len()).unwrap()
    );
    let numbers: Vec<i64> = rows.iter().map(|row| number(&row["number"])).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    let ids = texts(&rows, "id");
    assert!(
        ["27", "29", "58", "91"]
            .iter()
            .all(|id| ids.iter().any(|own| own == id)),
        "{ids:?}"
    );
    assert!(!ids.iter().any(|id| id == "90"), "{ids:?}");
    assert!(
        !ids.iter().any(|id| id == "200"),
        "radio is no television: {ids:?}"
    );
}

/// §5.4: "Kodi always calls `genre=10&fav=0&sortby=number&p=1` … anything without `js.data` makes
/// it load no channels"; it is the genre of locked channels or none.
#[tokio::test]
async fn genre_ten_is_a_page_of_locked_channels_or_of_nothing() {
    let kodi = [
        ("genre", "10"),
        ("fav", "0"),
        ("sortby", "number"),
        ("p", "1"),
    ];
    let mut other = document();
    // An operator's genre 10 that is nothing of that kind must not be taken for it.
    other["genres"]
        .as_array_mut()
        .unwrap()
        .push(json!({"id": 10, "title": "Sport"}));
    other["channels"][0]["genre"] = json!(10);
    for document in [document(), other, crate::stalker::fixture()] {
        let house = a_house().holding(document).await;
        let stb = signed(&house, A).await;
        let plain = texts(&channels(&stb).await, "id");
        let rows = page(&listed(&stb, &kodi).await);
        for row in &rows {
            assert!(
                !plain.contains(&row["id"].as_str().unwrap().to_owned()),
                "twice: {row}"
            );
            assert_eq!(row["id"], "90", "not locked: {row}");
        }
        for row in rows {
            assert_eq!(number(&row["lock"]), 1, "{row}");
        }
    }
    // Locked ones are to be had somewhere: in a page of all.
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    let night = offered(&stb)
        .await
        .into_iter()
        .find(|row| row["id"] == "90");
    assert_eq!(number(&night.expect("channel 90")["lock"]), 1);
}

/// Forty channels in a base package, named so that their order by name is another one.
fn many() -> Value {
    let mut document = document();
    let ids: Vec<u64> = (1001..=1040).collect();
    document["channels"] = ids
        .iter()
        .map(|id| {
            json!({"id": id, "name": format!("C{:02}", 2040 - id), "number": id - 1000,
                   "kind": "tv", "genre": 1 + id % 2,
                   "url": format!("http://streams.example.com/{id}.m3u8")})
        })
        .collect();
    document["packages"][0]["services"] = json!(ids);
    document["packages"][1]["services"] = json!([1001]);
    document["packages"][2]["services"] = json!([1002]);
    for customer in document["customers"].as_array_mut().unwrap() {
        customer.as_object_mut().unwrap().remove("sub_ch");
    }
    document
}

/// §5.2: "`p` is 1-based"; "any size works as long as it is constant"; "Past the end:
/// empty `data`".
#[tokio::test]
async fn pages_hold_every_channel_once() {
    let house = a_house().holding(many()).await;
    let stb = signed(&house, B).await;
    let first = listed(&stb, &[("genre", "*"), ("p", "1"), ("sortby", "number")]).await;
    let (total, size) = (
        number(&first["total_items"]),
        number(&first["max_page_items"]),
    );
    assert_eq!(total, 40);
    assert!(size >= 1, "{size}");
    let pages = (total + size - 1) / size;
    let mut seen = Vec::new();
    for p in 1..=pages + 1 {
        let p = p.to_string();
        let js = listed(&stb, &[("genre", "*"), ("p", &p), ("sortby", "number")]).await;
        assert_eq!(
            (number(&js["total_items"]), number(&js["max_page_items"])),
            (total, size)
        );
        // "For `p ≥ 1` both are 0."
        assert_eq!(
            (number(&js["cur_page"]), number(&js["selected_item"])),
            (0, 0),
            "{p}"
        );
        let rows = page(&js);
        assert!(i64::try_from(rows.len()).unwrap() <= size);
        seen.extend(texts(&rows, "id"));
    }
    let expected: Vec<String> = (1001..=1040).map(|id| id.to_string()).collect();
    assert_eq!(seen, expected);
    for past in ["999", "18446744073709551615", "x"] {
        let js = listed(&stb, &[("genre", "*"), ("p", past)]).await;
        assert!(js["data"].is_array(), "{past}: {js}");
    }
    assert_eq!(
        page(&listed(&stb, &[("genre", "*"), ("p", "999")]).await),
        NOTHING
    );
    assert_eq!(channels(&stb).await.len(), 40);
}

/// §5.4: "`genre` (id or `*`), …, `sortby` `number|name|fav`".
#[tokio::test]
async fn lists_are_filtered_by_genre_and_sorted() {
    let house = a_house().holding(many()).await;
    let stb = signed(&house, B).await;
    let rows = page(&listed(&stb, &[("genre", "2"), ("p", "1"), ("sortby", "number")]).await);
    assert!(rows.iter().all(|row| row["tv_genre_id"] == "2"), "{rows:?}");
    assert_eq!(rows[0]["id"], "1001");
    let js = listed(&stb, &[("genre", "1"), ("p", "1"), ("sortby", "name")]).await;
    assert_eq!(number(&js["total_items"]), 20);
    let names = texts(&page(&js), "name");
    assert!(names.is_sorted() && !names.is_empty(), "{names:?}");
    assert_eq!(names[0], "C1000");
    let none = listed(&stb, &[("genre", "77"), ("p", "1")]).await;
    assert_eq!((number(&none["total_items"]), page(&none).len()), (0, 0));
}

/// §5.2: "`p=0` or absent: the page holding my current item (`from_ch_id`, else last watched)".
#[tokio::test]
async fn page_zero_is_the_one_of_the_last_channel() {
    let house = a_house().holding(many()).await;
    let stb = signed(&house, B).await;
    let told = [
        ("genre", "*"),
        ("p", "0"),
        ("sortby", "number"),
        ("from_ch_id", "1031"),
    ];
    let found = async |told: &[(&str, &str)]| {
        let js = listed(&stb, told).await;
        let rows = page(&js);
        let item = usize::try_from(number(&js["selected_item"])).unwrap();
        // "the 1-based row".
        let row = item.checked_sub(1).and_then(|at| rows.get(at)).cloned();
        (number(&js["cur_page"]), row.map(|row| row["id"].clone()))
    };
    let size = number(&listed(&stb, &[("p", "1")]).await["max_page_items"]);
    let expected = (30 / size + 1, Some(json!("1031")));
    assert_eq!(found(&told).await, expected);
    assert_eq!(
        stb.call("itv", "set_last_id", &[("id", "1031")]).await.js(),
        json!(true)
    );
    assert_eq!(
        found(&[("genre", "*"), ("p", "0"), ("sortby", "number")]).await,
        expected
    );
    assert_eq!(
        found(&[("genre", "*"), ("sortby", "number")]).await,
        expected
    );
}

/// §2.4: "`js:[]` → Kodi's PVR thread dies and Kodi must be killed": also where there is nothing.
#[tokio::test]
async fn a_box_without_channels_gets_empty_pages() {
    let document = json!({"customers": [
        {"login": "poor", "devices": [{"mac": A, "type": "STB"}]},
    ]});
    let house = a_house().holding(document).await;
    let stb = signed(&house, A).await;
    assert_eq!(channels(&stb).await, NOTHING);
    for genre in ["*", "10", "1", ""] {
        let js = listed(&stb, &[("genre", genre), ("p", "1"), ("fav", "0")]).await;
        assert_eq!(
            (number(&js["total_items"]), page(&js).len()),
            (0, 0),
            "{genre}"
        );
    }
    let genres = stb.call("itv", "get_genres", &[]).await.js();
    assert_eq!(genres[0]["id"], "*");
}

/// A hidden channel is in no list and plays on no box, whatever the customer holds, until it is
/// shown again.
#[tokio::test]
async fn hidden_channels_are_nobodys() {
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    let rows = channels(&stb).await;
    let one = rows
        .iter()
        .find(|row| row["id"] == "27")
        .expect("channel 27");
    let link = one["cmd"].as_str().expect("a link").to_owned();
    let ctx = boxoffice::app::Ctx::system(house.bx.app());
    let hide = |hidden| {
        let ids = vec![boxoffice::domain::values::id::ChannelId(27)];
        boxoffice::ops::catalogue::channels::set_hidden(&ctx, ids, hidden)
    };
    hide(true).await.expect("hidden");
    let ids = texts(&channels(&stb).await, "id");
    assert!(!ids.contains(&"27".to_owned()), "{ids:?}");
    let played = stb.call("itv", "create_link", &[("cmd", &link)]).await.js();
    assert!(
        !played.to_string().contains("streams.example.com/27/"),
        "{played}"
    );
    hide(false).await.expect("shown");
    let ids = texts(&channels(&stb).await, "id");
    assert!(ids.contains(&"27".to_owned()), "{ids:?}");
    let played = stb.call("itv", "create_link", &[("cmd", &link)]).await.js();
    assert!(
        played.to_string().contains("streams.example.com/27/"),
        "{played}"
    );
}

/// An import tells every box once to load its channels again, a guide to load its guide again.
#[tokio::test]
async fn boxes_hear_of_imports() {
    use boxoffice::ops::imports::{Options, Progress, import_m3u, import_xmltv};
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    stb.drain().await;
    let ctx = boxoffice::app::Ctx::system(house.bx.app());
    let quiet = || -> Progress { std::sync::Arc::new(|_| {}) };
    let reader = |text: &str| Box::new(std::io::Cursor::new(text.as_bytes().to_vec()));
    let list = "#EXTM3U\n#EXTINF:-1 tvg-id=\"n\",New\nhttp://h/n\n";
    import_m3u(&ctx, reader(list), Options::default(), quiet())
        .await
        .expect("imported");
    let (events, _) = stb.drain().await;
    let kinds: Vec<String> = events
        .iter()
        .map(|told| told["event"].to_string())
        .collect();
    assert_eq!(kinds, ["\"update_subscription\""]);
    let guide = "<tv><programme start=\"20300101\" channel=\"n\"><title>A</title></programme></tv>";
    import_xmltv(&ctx, reader(guide), Options::default(), quiet())
        .await
        .expect("imported");
    let (events, _) = stb.drain().await;
    let kinds: Vec<String> = events
        .iter()
        .map(|told| told["event"].to_string())
        .collect();
    assert_eq!(kinds, ["\"update_epg\""]);
}
