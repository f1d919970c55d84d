//! Addresses of streams and pictures: only what players and boxes load, by whatever way they come
//! in.

use boxoffice::app::Ctx;
use boxoffice::domain::catalogue::content::Channel;
use boxoffice::ops::apply::apply;
use serde_json::json;

use crate::import::{all, m3u};
use crate::support::fixture::a_box;

const BAD: &[&str] = &[
    "javascript:alert(1)",
    "JAVASCRIPT:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "file:///etc/passwd",
    "vbscript:x",
];

#[tokio::test]
async fn an_apply_document_names_the_address_that_no_player_opens() {
    let bx = a_box().await;
    let ctx = Ctx::system(bx.app());
    for bad in BAD {
        for (section, member) in [
            ("channels", "url"),
            ("channels", "logo"),
            ("movies", "url"),
            ("movies", "poster"),
        ] {
            let mut element = match section {
                "channels" => json!({"id": 1, "name": "One", "number": 1, "kind": "tv"}),
                _ => json!({"id": 1, "title": "One"}),
            };
            element[member] = json!(bad);
            let document = json!({section: [element]});
            let refused = apply(&ctx, document.to_string(), false).await;
            let told = format!("{:?}", refused.expect_err("it is refused"));
            let path = format!("{section}[0].{member}");
            assert!(
                told.contains(&path) && told.contains("http://"),
                "{bad}: {told}"
            );
        }
    }
    bx.apply(json!({
        "channels": [
            {"id": 1, "name": "One", "number": 1, "kind": "tv", "url": "ffmpeg http://tv/1",
                "logo": "https://tv/1.png"},
            {"id": 2, "name": "Two", "number": 2, "kind": "tv", "url": "udp://@239.1.1.1:1234"},
        ],
        "movies": [{"id": 1, "title": "One", "url": "rtsp://tv/1", "poster": "http://tv/1.png"}],
    }))
    .await;
}

#[tokio::test]
async fn a_list_leaves_out_what_no_player_opens() {
    let bx = a_box().await;
    let mut list =
        "#EXTM3U\n#EXTINF:-1 tvg-logo=\"http://tv/1.png\",Good\nhttp://tv/1\n".to_owned();
    for (number, bad) in BAD.iter().enumerate() {
        list.push_str(&format!("#EXTINF:-1,Bad {number}\n{bad}\n"));
        list.push_str(&format!(
            "#EXTINF:-1 tvg-logo=\"{bad}\",Bare {number}\nhttp://tv/b{number}\n"
        ));
    }
    let report = m3u(&bx, &list).await;
    let told = format!("{report:?}");
    assert!(
        told.contains("must be an address that players open"),
        "{told}"
    );
    assert!(told.contains("its logo must begin with http://"), "{told}");
    let channels: Vec<Channel> = all(&bx);
    assert_eq!(channels.len(), 1 + BAD.len(), "{channels:?}");
    for channel in channels {
        assert!(channel.url.starts_with("http://"), "{channel:?}");
        assert!(
            channel.logo.is_empty() || channel.logo == "http://tv/1.png",
            "{channel:?}"
        );
    }
}
