//! What a list makes of channels and genres.

use std::sync::{Arc, Mutex};

use boxoffice::app::Ctx;
use boxoffice::domain::catalogue::content::{Channel, ChannelKind, Genre};
use boxoffice::domain::event::Audit;
use boxoffice::ops::imports::{Options, Progress, Step, import_m3u};
use serde_json::json;

use super::{LIST, all, counts, is_clean, m3u, packed, quiet, reader, state, with_channels};
use crate::support::fixture::a_box;

#[tokio::test]
async fn a_list_makes_channels_and_genres() {
    let bx = with_channels().await;
    let report = m3u(&bx, LIST).await;
    assert_eq!(report.channels, Some(counts([2, 1, 0, 0])));
    assert_eq!(report.genres, Some(counts([2, 0, 0, 0])));
    assert_eq!(report.unmatched.lines, ["2 Das ZWEITE", "3 Unknown"]);
    assert_eq!(report.problems.lines, Vec::<String>::new());
    let genres: Vec<_> = all::<Genre>(&bx)
        .into_iter()
        .map(|genre| genre.title)
        .collect();
    assert_eq!(genres, ["News", "Kids"]);
    let channels: Vec<Channel> = all(&bx);
    assert_eq!(channels.len(), 5);
    let one = &channels[0];
    assert_eq!(
        (one.name.as_str(), one.number, one.archive_days),
        ("One", 1, 7)
    );
    assert_eq!(one.url, "http://streams.example/1.m3u8");
    assert_eq!(one.logo, "http://logos.example/1.png");
    let two = &channels[3];
    assert_eq!(
        (two.name.as_str(), two.number, two.censored),
        ("Two, for children", 22, true)
    );
    assert_eq!(two.xmltv_id, "two.example");
    let radio = &channels[4];
    assert_eq!(
        (radio.name.as_str(), radio.number, radio.kind),
        ("Радио", 4, ChannelKind::Radio)
    );
    assert_eq!(radio.genre, one.genre);
    is_clean(&bx);
}

#[tokio::test]
async fn the_same_list_again_changes_nothing() {
    let bx = with_channels().await;
    m3u(&bx, LIST).await;
    let before = state(&bx);
    for again in [LIST.as_bytes().to_vec(), packed(LIST.as_bytes())] {
        let report = m3u(&bx, again).await;
        assert_eq!(report.channels, Some(counts([0, 0, 3, 0])));
        assert_eq!(report.genres, Some(counts([0; 4])));
    }
    // Another writer of lists: a byte order mark, and lines that end otherwise.
    let report = m3u(&bx, format!("\u{feff}{}", LIST.replace('\n', "\r\n"))).await;
    assert_eq!(report.channels, Some(counts([0, 0, 3, 0])));
    assert_eq!(state(&bx), before);
}

#[tokio::test]
async fn what_the_list_does_not_say_stays() {
    let bx = a_box().await;
    let channel = json!({"id": 1, "name": "Radio Eins", "number": 7, "kind": "radio", "genre": 1,
        "url": "http://a", "logo": "http://l", "xmltv_id": "eins", "base_ch": true,
        "censored": true, "archive_days": 3});
    bx.apply(json!({"genres": [{"id": 1, "title": "Talk"}], "channels": [channel]}))
        .await;
    let before: Vec<Channel> = all(&bx);
    let report = m3u(
        &bx,
        "#EXTM3U\n#EXTINF:-1 tvg-id=\"other\", radio eins \nhttp://b\n",
    )
    .await;
    assert_eq!(report.channels, Some(counts([0, 1, 0, 0])));
    let url = "http://b".to_owned();
    assert_eq!(
        all::<Channel>(&bx),
        [Channel {
            url,
            ..before[0].clone()
        }]
    );
    // By id, whatever it is called there; and back to a television channel only where the list says
    // so.
    m3u(
        &bx,
        "#EXTM3U\n#EXTINF:-1 tvg-id=\"eins\" radio=\"false\" tvg-chno=\"8\",First\nhttp://b\n",
    )
    .await;
    let after: Vec<Channel> = all(&bx);
    assert_eq!(
        (after[0].name.as_str(), after[0].number, after[0].kind),
        ("Radio Eins", 8, ChannelKind::Tv)
    );
    let audits: Vec<Audit> = all(&bx);
    let mut lines = audits.iter().rev();
    let last = lines.find(|line| line.action == "channel.import");
    let last = last.expect("a line");
    let fields: Vec<_> = last
        .changes
        .iter()
        .map(|change| change.field.as_str())
        .collect();
    assert_eq!(fields, ["kind", "number"]);
}

#[tokio::test]
async fn what_is_twice_in_a_list_is_taken_once() {
    let bx = a_box().await;
    let list = "#EXTM3U\n#EXTINF:-1 tvg-id=\"a\",A\nhttp://1\n#EXTINF:-1 tvg-id=\"a\",a \n\
        http://2\n#EXTINF:-1,A\nhttp://3\n#EXTINF:-1 tvg-id=\"a\",A HD\nhttp://4\n";
    let report = m3u(&bx, list).await;
    assert_eq!(report.channels, Some(counts([2, 0, 0, 0])));
    assert_eq!(
        report.problems.lines,
        ["line 4: a is there twice", "line 6: A is there twice"]
    );
    let urls: Vec<_> = all::<Channel>(&bx)
        .into_iter()
        .map(|channel| channel.url)
        .collect();
    assert_eq!(urls, ["http://1", "http://4"]);
}

#[tokio::test]
async fn a_dry_run_tells_what_a_list_would_do() {
    let bx = with_channels().await;
    let before = state(&bx);
    let ctx = Ctx::system(bx.app());
    let told = import_m3u(
        &ctx,
        reader(LIST),
        Options {
            dry_run: true,
            ..Options::default()
        },
        quiet(),
    )
    .await;
    assert_eq!(state(&bx), before);
    assert_eq!(told.expect("a report"), m3u(&bx, LIST).await);
}

#[tokio::test]
async fn long_lists_are_reported_in_bounds() {
    let bx = a_box().await;
    let mut list = "#EXTM3U\n".to_owned();
    for number in 0..450 {
        list.push_str(&format!("#EXTINF:-1,Channel {number}\nhttp://h/{number}\n"));
    }
    let steps = Arc::new(Mutex::new(Vec::new()));
    let telling = Arc::clone(&steps);
    let progress: Progress = Arc::new(move |step| telling.lock().expect("steps").push(step));
    let ctx = Ctx::system(bx.app());
    let report = import_m3u(&ctx, reader(&list), Options::default(), progress).await;
    assert_eq!(
        report.expect("a report").channels,
        Some(counts([450, 0, 0, 0]))
    );
    let steps = steps.lock().expect("steps").clone();
    assert!(
        matches!(steps[0], Step::Read { bytes } if bytes == list.len() as u64),
        "{steps:?}"
    );
    assert_eq!(steps.last(), Some(&Step::Channels { done: 450, of: 450 }));
    let report = m3u(&bx, "#EXTM3U\n").await;
    assert_eq!(
        (report.unmatched.lines.len(), report.unmatched.more),
        (100, 350)
    );
    assert_eq!(all::<Channel>(&bx).len(), 450);
}
