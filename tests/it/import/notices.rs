//! Who is told of an import: the boxes once, and whoever imports every night of a guide that shows
//! nothing.

use boxoffice::domain::boxes::event::{BoxEventKind, Broadcast};

use super::command::{boxoffice, out, written};
use super::{all, counts, guide, m3u, shown, with_channels, xmltv};
use crate::support::TestBox;
use crate::support::fixture::a_box;

fn told(bx: &TestBox) -> Vec<BoxEventKind> {
    let broadcasts = all::<Broadcast>(bx).into_iter();
    broadcasts.map(|broadcast| broadcast.notice.kind).collect()
}

#[tokio::test]
async fn boxes_are_told_once_per_import_and_only_of_what_changed() {
    let bx = a_box().await;
    let mut list = "#EXTM3U\n".to_owned();
    for number in 0..450 {
        list.push_str(&format!(
            "#EXTINF:-1 tvg-id=\"{number}\",C{number}\nhttp://h/{number}\n"
        ));
    }
    m3u(&bx, &list).await;
    assert_eq!(told(&bx), [BoxEventKind::UpdateSubscription]);
    let first = all::<Broadcast>(&bx)[0].id;
    m3u(&bx, &list).await;
    assert_eq!(all::<Broadcast>(&bx)[0].id, first);
    let text = "<tv><programme start=\"202602010600\" channel=\"1\"><title>A</title></programme>\
        <programme start=\"202602010600\" channel=\"2\"><title>A</title></programme></tv>";
    xmltv(&bx, text).await;
    let both = [BoxEventKind::UpdateSubscription, BoxEventKind::UpdateGuide];
    assert_eq!(told(&bx), both);
    xmltv(&bx, text).await;
    assert_eq!(told(&bx), both);
    // Another one takes the place of one that still waits.
    m3u(&bx, list.replace("http://h/", "http://g/")).await;
    assert_eq!(
        told(&bx),
        [BoxEventKind::UpdateGuide, BoxEventKind::UpdateSubscription]
    );
}

#[tokio::test]
async fn a_guide_that_shows_nothing_is_a_warning() {
    let bx = with_channels().await;
    let at = |start: &str, channel: &str| {
        format!("<programme start=\"{start}\" channel=\"{channel}\"><title>x</title></programme>")
    };
    // The clock stands at 2026-01-31T10:00:00Z.
    for (text, warning) in [
        (guide(""), "the guide has no programmes"),
        (
            format!(
                "<tv>{}{}</tv>",
                at("202602010600", "a.uk"),
                at("202603010600", "b.uk")
            ),
            "none of the guide's channels is one of yours; it has a.uk, b.uk; \
             its last programme ends 2026-03-01 06:00 UTC",
        ),
        (
            guide(&at("202601250600", "one.example")),
            "all that the guide has of your channels is over; the last programme ended \
             2026-01-25 06:00 UTC (1 One, 2 Das ZWEITE)",
        ),
        (
            guide(&at("202602010600", "other")),
            "the guide has no programmes of your channels (1 One, 2 Das ZWEITE); \
             its last programme ends 2026-02-01 06:00 UTC",
        ),
    ] {
        assert_eq!(xmltv(&bx, text).await.warnings, [warning]);
    }
    // Where something is to come, what is over is named and is no warning.
    let report = xmltv(&bx, guide(&shown("0600", "0700", "A"))).await;
    assert_eq!(report.warnings, Vec::<String>::new());
    assert_eq!(report.over.lines, ["2 Das ZWEITE: no programmes"]);
    // Nor is a guide that brings nothing new.
    let report = xmltv(&bx, guide(&shown("0600", "0700", "A"))).await;
    assert_eq!(report.programmes, Some(counts([0, 0, 1, 0])));
    assert_eq!(report.warnings, Vec::<String>::new());
}

#[tokio::test]
async fn warnings_fail_a_strict_import() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let list = "#EXTM3U\n#EXTINF:-1 tvg-id=\"one.example\",One\nhttp://h/1\n";
    let list = written(folder.path(), "list.m3u", list);
    let list = list.to_str().expect("text");
    out(&boxoffice(&["import", "m3u", list, "--strict"], &data).await);
    let over = guide(&shown("0600", "0700", "A").replace("2026", "2020"));
    let over = written(folder.path(), "over.xml", over);
    let over = over.to_str().expect("text");
    let told = out(&boxoffice(&["import", "xmltv", over], &data).await);
    assert!(told.contains("warning: all that the guide has"), "{told}");
    assert!(
        told.contains("guide is over: 1 One: until 2020-02-01 07:00 UTC\n"),
        "{told}"
    );
    let strict = boxoffice(&["import", "xmltv", over, "--strict"], &data).await;
    assert_eq!(strict.status.code(), Some(1), "{strict:?}");
    assert!(String::from_utf8_lossy(&strict.stdout).contains("warning: all that"));
    let empty = written(folder.path(), "empty.m3u", "#EXTM3U\n");
    let empty = ["import", "m3u", empty.to_str().expect("text"), "--strict"];
    let strict = boxoffice(&empty, &data).await;
    assert_eq!(strict.status.code(), Some(1), "{strict:?}");
    let good = guide(&shown("0600", "0700", "A").replace("2026", "2999"));
    let good = written(folder.path(), "good.xml", good);
    let good = ["import", "xmltv", good.to_str().expect("text"), "--strict"];
    out(&boxoffice(&good, &data).await);
    out(&boxoffice(&good, &data).await);
}
