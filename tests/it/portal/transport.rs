//! Paths, methods, headers, cookies and the envelope (stalker-stb-portal §2).

use serde_json::{Value, json};

use super::signed;
use crate::stalker::{A, C, FORM, Says, StbBox, query};
use crate::support::fixture::a_portal;

const PATHS: [&str; 5] = [
    "/stalker_portal/server/load.php",
    "/server/load.php",
    "/portal.php",
    "/stalker_portal/portal.php",
    "/c/portal.php",
];

/// §2.1: "Serve the same handler on all of".
#[tokio::test]
async fn the_portal_is_served_where_players_look_for_it() {
    let house = a_portal().await;
    for path in PATHS {
        let mut stb = house.stb(A);
        let js = stb
            .call_at(path, "stb", "handshake", &[("token", "")])
            .await
            .js();
        stb.token = Some(js["token"].as_str().expect("a token").to_owned());
        let profile = stb.call_at(path, "stb", "get_profile", &[]).await.js();
        assert_eq!(super::number(&profile["status"]), 0, "{path}");
        let genres = stb.call_at(path, "itv", "get_genres", &[]).await.js();
        assert!(genres.is_array(), "{path}: {genres}");
        // "an unauthenticated `get_genres` must answer §3.5, not an empty list".
        stb.token = None;
        let answer = stb.call_at(path, "itv", "get_genres", &[]).await;
        answer.plain("Authorization failed.");
    }
}

/// §2.1: "unknown paths must be 404, not 200".
#[tokio::test]
async fn unknown_paths_are_not_found() {
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    for path in [
        "/load.php",
        "/server/load.php5",
        "/server/other.php",
        "/server/",
        "/portal.php/x",
        "/stalker_portal/server/",
        "/stalker_portal/server/api.php",
        "/c/load.php",
        "/c/nope.js",
        "/stalker_portal/c/nope.php",
        "/stalker_portal/nope",
        "/PORTAL.PHPX",
    ] {
        let answer = stb.call_at(path, "itv", "get_genres", &[]).await;
        assert_eq!(answer.status, 404, "{}", answer.told());
    }
}

/// §2.2: "merge query and form body, either method".
#[tokio::test]
async fn query_and_form_are_merged_whatever_the_method() {
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    let expected = stb.call("itv", "get_genres", &[]).await.js();
    let url = house.bx.url(PATHS[0]);
    let all = query("itv", "get_genres", &[]);
    let ask = async |method: &str, query: &str, body: &str| {
        let body = (!body.is_empty()).then(|| body.as_bytes().to_vec());
        let url = format!("{url}{query}");
        let kind = [("content-type", FORM)];
        stb.send(method, &url, body, &kind).await.js()
    };
    assert_eq!(ask("POST", &format!("?{all}"), "").await, expected);
    assert_eq!(ask("POST", "?JsHttpRequest=1234-xml", &all).await, expected);
    assert_eq!(
        ask("POST", "?type=itv", "action=get_genres&x=1").await,
        expected
    );
    assert_eq!(ask("POST", "", &all).await, expected);
    assert_eq!(
        ask("GET", &format!("?JsHttpRequest=1-xml&{all}&"), "").await,
        expected
    );
}

/// §2.2: "`Range: bytes=0-` on EVERY call, API included:
/// ignore it, answer 200 with the whole body".
#[tokio::test]
async fn ranges_and_odd_headers_are_ignored() {
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    let url = house
        .bx
        .url(&format!("{}?{}", PATHS[0], query("itv", "get_genres", &[])));
    let expected = stb.call("itv", "get_genres", &[]).await.js();
    for more in [
        vec![("range", "bytes=0-")],
        vec![
            ("range", "bytes=5-9"),
            ("referer", "http://h/stalker_portal/c/"),
        ],
        vec![
            ("user-agent", "Mozilla/5.0 MAG200 stbapp"),
            ("accept-encoding", "identity"),
        ],
        vec![("sn", "123"), ("accept", "text/html")],
    ] {
        let answer = stb.send("GET", &url, None, &more).await;
        assert_eq!(answer.status, 200, "{more:?}");
        assert!(answer.headers.get("content-range").is_none(), "{more:?}");
        assert_eq!(answer.js(), expected, "{more:?}");
    }
}

/// §2.2: "percent-encoded …: decode, trim, upper-case"; "Extra cookies to ignore".
#[tokio::test]
async fn a_box_is_known_by_its_mac_in_every_spelling() {
    let house = a_portal().await;
    let mut escaped = StbBox::encoded(&house.bx, A);
    assert_eq!(super::number(&escaped.sign_in().await["status"]), 0);
    for cookie in [
        "mac=00:1a:79:00:39:5e",
        "mac=00%3a1a%3a79%3a00%3a39%3a5e; stb_lang=en",
        "mac=%2000:1A:79:00:39:5E%20",
        "PHPSESSID=x; sn=1; mac=00:1A:79:00:39:5E; debug=1; __cfduid=2",
        "stb_lang=en;mac=00:1A:79:00:39:5E",
        "mac=00:1A:79:00:39:5E;",
    ] {
        let mut stb = house.stb(A);
        cookie.clone_into(&mut stb.cookie);
        let profile = stb.sign_in().await;
        assert_eq!(profile["mac"], A, "{cookie}");
        assert!(
            stb.call("itv", "get_genres", &[]).await.js().is_array(),
            "{cookie}"
        );
    }
}

/// §2.2: "may be odd …, may be `undefined`, may be invalid: fall back, never 500".
#[tokio::test]
async fn odd_languages_and_time_zones_fall_back() {
    let house = a_portal().await;
    for rest in [
        "stb_lang=en_US@rg=dezzzz; timezone=undefined",
        "stb_lang=; timezone=",
        "stb_lang=xx; timezone=Mars%2FBase",
        "stb_lang=../../etc; timezone=../../etc/passwd",
        "timezone=Europe%2FKiev",
        "timezone=America/New_York; timezone=UTC",
    ] {
        let mut stb = house.stb(A);
        stb.cookie = format!("mac={A}; {rest}");
        let profile = stb.sign_in().await;
        assert_eq!(super::number(&profile["status"]), 0, "{rest}");
        let told = [("period", "96")];
        stb.call("itv", "get_epg_info", &told).await.js();
        assert!(
            stb.call("stb", "get_localization", &[])
                .await
                .js()
                .is_object(),
            "{rest}"
        );
    }
}

/// §2.3: "Unknown `type`/`action`, or a handler that found nothing: `{"js":false,…}`."
#[tokio::test]
async fn what_is_unknown_is_false() {
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    for (kind, action) in [
        ("itv", "nope"),
        ("nope", "get_genres"),
        ("nope", "nope"),
        ("", ""),
        ("stb", "nope"),
        ("watchdog", "nope"),
        ("itv", ""),
        ("ITV/../stb", "get_profile"),
    ] {
        assert_eq!(
            stb.call(kind, action, &[]).await.js(),
            json!(false),
            "{kind} {action}"
        );
    }
    let bare = stb.send("GET", &house.bx.url(PATHS[0]), None, &[]).await;
    assert_eq!(bare.js(), json!(false));
}

/// §2.3: HTTP 200 and JSON without a byte order mark, for every call there is.
#[tokio::test]
async fn every_call_answers_the_envelope_or_a_plain_refusal() {
    let house = a_portal().await;
    let mut boxes = vec![signed(&house, A).await];
    let mut off = house.stb(C);
    off.sign_in().await;
    boxes.push(off);
    boxes.push(house.stb(A));
    let mut nobody = house.stb(A);
    nobody.cookie = String::new();
    boxes.push(nobody);
    let calls = [
        ("stb", "get_localization"),
        ("stb", "get_modules"),
        ("stb", "get_storages"),
        ("stb", "get_preload_images"),
        ("stb", "get_tv_aspects"),
        ("stb", "get_locales"),
        ("stb", "log"),
        ("stb", "set_volume"),
        ("stb", "set_parent_password"),
        ("stb", "get_ad"),
        ("stb", "check_portal_status"),
        ("itv", "get_genres"),
        ("itv", "get_all_channels"),
        ("itv", "get_ordered_list"),
        ("itv", "create_link"),
        ("itv", "get_epg_info"),
        ("itv", "get_short_epg"),
        ("itv", "get_fav_ids"),
        ("itv", "get_all_fav_channels"),
        ("itv", "set_fav"),
        ("itv", "set_last_id"),
        ("itv", "set_played"),
        ("itv", "set_claim"),
        ("epg", "get_simple_data_table"),
        ("epg", "get_data_table"),
        ("epg", "get_week"),
        ("vod", "get_categories"),
        ("vod", "get_ordered_list"),
        ("vod", "create_link"),
        ("series", "get_categories"),
        ("radio", "get_ordered_list"),
        ("tv_archive", "create_link"),
        ("remote_pvr", "get_active_recordings"),
        ("tvreminder", "get_all_active"),
        ("account_info", "get_main_info"),
        ("account_info", "get_user_packages"),
        ("watchdog", "get_events"),
        ("watchdog", "confirm_event"),
    ];
    let odd = [
        ("p", "-1"),
        ("ch_id", "x"),
        ("genre", "'"),
        ("cmd", "%00"),
        ("size", "1e9"),
    ];
    for stb in &boxes {
        for (kind, action) in calls {
            for more in [&[][..], &odd] {
                let answer = stb.call(kind, action, more).await;
                assert_eq!(answer.status, 200, "{}", answer.told());
                if answer.text.starts_with(['{', '[']) {
                    let body: Value = answer.json();
                    assert!(body["text"].is_string(), "{}", answer.told());
                    answer.js();
                } else {
                    let texts = [
                        "Authorization failed.",
                        "Access denied.",
                        "Unauthorized request.",
                    ];
                    assert!(texts.contains(&answer.text.as_str()), "{}", answer.told());
                }
            }
        }
    }
}

/// §11.9: "two simultaneous API calls (watchdog runs in its own thread)".
#[tokio::test]
async fn calls_at_once_are_all_answered() {
    let house = a_portal().await;
    let stb = signed(&house, A).await;
    let (events, genres, channels, page) = tokio::join!(
        stb.poll(),
        stb.call("itv", "get_genres", &[]),
        stb.call("itv", "get_all_channels", &[]),
        stb.call("itv", "get_ordered_list", &[("genre", "10"), ("p", "1")]),
    );
    assert_eq!(events["msgs"], 0);
    assert!(genres.js().is_array());
    super::page(&channels.js());
    super::page(&page.js());
}
