//! What is confirmed is kept: favourite films, films that were left, locks, PINs and settings; and
//! what cannot be kept is not confirmed.

use serde_json::{Value, json};

use super::{document, number, page, signed};
use crate::stalker::{A, B, Says, StbBox, all};
use crate::support::fixture::a_house;

/// The document with films that everybody has.
fn with_films() -> Value {
    let mut document = document();
    document["movies"] = json!([
        {"id": 7, "title": "Arrow", "genre": 2, "year": 2012,
         "url": "http://films.example.com/7.mp4"},
        {"id": 8, "title": "Boat", "genre": 1, "year": 1999,
         "url": "http://films.example.com/8.mp4"},
        {"id": 9, "title": "Cloud", "year": 2012, "url": "http://films.example.com/9.mp4"}]);
    document["products"][0]["packages"] = json!([{"id": 1}, {"id": 4}]);
    document
}

async fn films(stb: &StbBox, more: &[(&str, &str)]) -> Vec<Value> {
    let mut told = vec![("p", "1"), ("sortby", "name")];
    told.extend_from_slice(more);
    page(&stb.call("vod", "get_ordered_list", &told).await.js())
}

async fn names(stb: &StbBox, more: &[(&str, &str)]) -> Vec<String> {
    all(&json!(films(stb, more).await), "name")
}

#[tokio::test]
async fn favourite_films_are_kept() {
    let house = a_house().holding(with_films()).await;
    let mut stb = signed(&house, A).await;
    assert_eq!(names(&stb, &[("fav", "1")]).await, [""; 0]);
    for id in ["7", "9", "9"] {
        let js = stb.call("vod", "set_fav", &[("video_id", id)]).await.js();
        assert_eq!(js, true, "{id}");
    }
    stb.sign_in().await;
    assert_eq!(names(&stb, &[("fav", "1")]).await, ["Arrow", "Cloud"]);
    let marks: Vec<i64> = films(&stb, &[])
        .await
        .iter()
        .map(|row| number(&row["fav"]))
        .collect();
    assert_eq!(marks, [1, 0, 1]);
    assert_eq!(
        stb.call("vod", "del_fav", &[("video_id", "7")]).await.js(),
        true
    );
    assert_eq!(names(&stb, &[("fav", "1")]).await, ["Cloud"]);
    // What is no film is not confirmed.
    for wrong in ["", "0", "999", "x", "-1"] {
        for action in ["set_fav", "del_fav", "set_not_ended", "set_ended"] {
            let js = stb.call("vod", action, &[("video_id", wrong)]).await.js();
            assert_eq!(js, false, "{action} {wrong:?}");
        }
    }
    // One box's are not another's.
    assert_eq!(
        names(&signed(&house, B).await, &[("fav", "1")]).await,
        [""; 0]
    );
}

#[tokio::test]
async fn films_that_were_left_are_kept_until_they_are_ended() {
    let house = a_house().holding(with_films()).await;
    let mut stb = signed(&house, A).await;
    for (id, seconds) in [("7", "1200"), ("8", "60"), ("7", "1300")] {
        let told = [
            ("video_id", id),
            ("end_time", seconds),
            ("series", "0"),
            ("file_id", id),
        ];
        assert_eq!(stb.call("vod", "set_not_ended", &told).await.js(), true);
    }
    stb.sign_in().await;
    assert_eq!(names(&stb, &[("not_ended", "1")]).await, ["Arrow", "Boat"]);
    let rows = films(&stb, &[]).await;
    assert_eq!(all(&json!(rows), "position"), ["1300", "60", "0"]);
    assert_eq!(
        stb.call("vod", "set_ended", &[("video_id", "7")])
            .await
            .js(),
        true
    );
    assert_eq!(names(&stb, &[("not_ended", "1")]).await, ["Boat"]);
}

async fn fits(stb: &StbBox, pin: &str) -> Value {
    stb.call("stb", "check_parent_password", &[("parent_password", pin)])
        .await
        .js()
}

#[tokio::test]
async fn a_parental_pin_is_kept_and_told_to_nobody() {
    let house = a_house().holding(document()).await;
    let mut stb = signed(&house, A).await;
    assert_eq!(fits(&stb, "0000").await, true);
    assert_eq!(stb.profile().await["parent_password"], "0000");
    let set = async |stb: &StbBox, told: &[(&str, &str)]| {
        stb.call("stb", "set_parent_password", told).await.js()
    };
    // What is none is not confirmed, and changes nothing.
    let long = "1".repeat(33);
    for wrong in [
        &[][..],
        &[("parent_password", "")],
        &[("parent_password", long.as_str())],
        &[("pass", "1234")],
        &[("pass", "1234"), ("repeat_pass", "4321")],
    ] {
        assert_eq!(set(&stb, wrong).await, false, "{wrong:?}");
        assert_eq!(fits(&stb, "0000").await, true, "{wrong:?}");
    }
    assert_eq!(set(&stb, &[("parent_password", "4711")]).await, true);
    stb.sign_in().await;
    assert_eq!(fits(&stb, "4711").await, true);
    for wrong in ["0000", "", "471", "47111"] {
        assert_eq!(fits(&stb, wrong).await, false, "{wrong}");
    }
    // A page that compares by itself gets what nobody can type.
    let profile = stb.profile().await;
    let shown = profile["parent_password"].as_str().expect("a text");
    assert!(
        shown.len() >= 16 && !profile.to_string().contains("4711"),
        "{shown}"
    );
    // Twice, as other pages send it.
    assert_eq!(
        set(&stb, &[("pass", "12"), ("repeat_pass", "12")]).await,
        true
    );
    assert_eq!(fits(&stb, "12").await, true);
    // The other box has its own.
    assert_eq!(fits(&signed(&house, B).await, "0000").await, true);
    // The settings' one is another.
    let told = [("settings_password", "99")];
    assert_eq!(
        stb.call("stb", "set_settings_password", &told).await.js(),
        true
    );
    assert_ne!(stb.profile().await["settings_password"], "0000");
    assert_eq!(fits(&stb, "12").await, true);
}

/// Ten thousand PINs are not tried in a minute.
#[tokio::test]
async fn a_pin_is_not_guessed() {
    let house = a_house().holding(document()).await;
    let stb = signed(&house, A).await;
    let told = [("parent_password", "4711")];
    assert_eq!(
        stb.call("stb", "set_parent_password", &told).await.js(),
        true
    );
    for guess in 0..60 {
        assert_eq!(fits(&stb, &format!("{guess:04}")).await, false);
    }
    assert_eq!(fits(&stb, "4711").await, false);
    house.bx.advance(3_600).await;
    assert_eq!(fits(&stb, "4711").await, true);
}

#[tokio::test]
async fn a_viewers_own_locks_are_kept() {
    let house = a_house().holding(document()).await;
    let mut stb = signed(&house, A).await;
    let locked = async |stb: &StbBox| -> Vec<i64> {
        let js = stb
            .call("itv", "get_ordered_list", &[("p", "1")])
            .await
            .js();
        let mut locked = page(&js);
        locked.retain(|row| number(&row["lock"]) == 1);
        locked.iter().map(|row| number(&row["id"])).collect()
    };
    assert_eq!(locked(&stb).await, [90]);
    let lock = async |stb: &StbBox, action: &str, id: &str| {
        stb.call("itv", action, &[("ch_id", id)]).await.js()
    };
    assert_eq!(lock(&stb, "add_to_censored", "27").await, true);
    stb.sign_in().await;
    assert_eq!(locked(&stb).await, [27, 90]);
    assert_eq!(lock(&stb, "del_from_censored", "27").await, true);
    assert_eq!(locked(&stb).await, [90]);
    // What the operator locked is not the viewer's to open; nor is there a lock on nothing.
    assert_eq!(lock(&stb, "del_from_censored", "90").await, false);
    for wrong in ["", "999", "200", "37"] {
        assert_eq!(
            lock(&stb, "add_to_censored", wrong).await,
            false,
            "{wrong:?}"
        );
    }
    assert_eq!(locked(&stb).await, [90]);
}

#[tokio::test]
async fn settings_of_a_viewer_stand_in_the_profile() {
    let house = a_house().holding(document()).await;
    let mut stb = signed(&house, A).await;
    for (kind, action, told) in [
        ("stb", "set_volume", &[("vol", "35")][..]),
        (
            "stb",
            "set_screensaver_delay",
            &[("screensaver_delay", "20")],
        ),
        (
            "stb",
            "set_playback_buffer",
            &[
                ("playback_buffer_bytes", "1000"),
                ("playback_buffer_size", "2"),
            ],
        ),
        ("stb", "set_lang_priority", &[("pri_audio_lang", "ukr")]),
        ("itv", "set_fav_status", &[("fav_itv_on", "1")]),
    ] {
        assert_eq!(stb.call(kind, action, told).await.js(), true, "{action}");
    }
    let long = "x".repeat(65);
    let told = [("theme", long.as_str())];
    assert_eq!(stb.call("stb", "set_portal_prefs", &told).await.js(), false);
    // What is no setting of a viewer is not made one.
    let told = [
        ("status", "0"),
        ("watchdog_timeout", "1"),
        ("parent_password", "1"),
    ];
    stb.call("stb", "set_portal_prefs", &told).await.js();
    let profile = stb.sign_in().await;
    for (name, value) in [
        ("volume", "35"),
        ("screensaver_delay", "20"),
        ("playback_buffer_bytes", "1000"),
        ("playback_buffer_size", "2"),
        ("pri_audio_lang", "ukr"),
        ("fav_itv_on", "1"),
        ("theme", ""),
        ("parent_password", "0000"),
    ] {
        assert_eq!(profile[name], value, "{name}");
    }
    assert_eq!(profile["watchdog_timeout"], 120);
}

/// `*`, `0` and nothing mean everything, in every list that can be narrowed; a genre narrows films
/// too.
#[tokio::test]
async fn a_list_of_everything_is_asked_for_in_many_ways() {
    let house = a_house().holding(with_films()).await;
    let stb = signed(&house, A).await;
    let ids = async |kind: &str, more: &[(&str, &str)]| {
        let mut told = vec![("p", "1")];
        told.extend_from_slice(more);
        let mut rows = page(&stb.call(kind, "get_ordered_list", &told).await.js());
        rows.sort_by_key(|row| number(&row["id"]));
        rows.iter()
            .map(|row| number(&row["id"]))
            .collect::<Vec<_>>()
    };
    for all in ["*", "0", ""] {
        assert_eq!(
            ids("itv", &[("genre", all)]).await,
            [27, 29, 90, 91],
            "genre={all}"
        );
        assert_eq!(
            ids("radio", &[("genre", all), ("category", all)]).await,
            [0; 0],
            "{all}"
        );
        for name in ["category", "genre", "years", "abc"] {
            assert_eq!(ids("vod", &[(name, all)]).await, [7, 8, 9], "{name}={all}");
        }
    }
    for name in ["category", "genre"] {
        assert_eq!(ids("vod", &[(name, "2")]).await, [7], "{name}");
        assert_eq!(ids("vod", &[(name, "1")]).await, [8], "{name}");
        assert_eq!(ids("vod", &[(name, "other")]).await, [9], "{name}");
        assert_eq!(ids("vod", &[(name, "77")]).await, [0; 0], "{name}");
    }
    assert_eq!(
        ids("vod", &[("category", "2"), ("genre", "1")]).await,
        [0; 0]
    );
    assert_eq!(
        ids(
            "vod",
            &[("category", "*"), ("genre", "2"), ("years", "2012")]
        )
        .await,
        [7]
    );
    // Every group that is listed can be asked for, and together they are everything.
    for (kind, listing) in [("itv", "get_genres"), ("vod", "get_categories")] {
        let groups = stb.call(kind, listing, &[]).await.js();
        let mut together = Vec::new();
        for group in groups.as_array().expect("a list") {
            let id = group["id"].as_str().expect("a text");
            let name = if kind == "itv" { "genre" } else { "category" };
            if id != "*" {
                together.extend(ids(kind, &[(name, id)]).await);
            }
        }
        together.sort_unstable();
        assert_eq!(together, ids(kind, &[]).await, "{kind}");
    }
    let genres = stb
        .call("vod", "get_genres_by_category_alias", &[("cat_alias", "*")])
        .await
        .js();
    assert_eq!(all(&genres, "id"), ["*", "1", "2"]);
}
