//! Which channel of ours a channel of a guide is, how its times are shifted, and what a list says
//! of numbers and archives.

use boxoffice::domain::catalogue::content::Channel;
use serde_json::json;

use super::{airs, all, counts, field, is_clean, m3u, state, with_channels, xmltv};
use crate::support::fixture::a_box;

#[tokio::test]
async fn ids_of_a_guide_are_matched_without_case() {
    let bx = a_box().await;
    m3u(&bx, field("base.m3u")).await;
    let report = xmltv(&bx, field("x01-case.xml")).await;
    assert_eq!(report.programmes, Some(counts([1, 0, 0, 0])));
    assert_eq!(airs(&bx, 1), ["12-01T10:00 12-01T11:00 Journal"]);
    // Of two that differ in nothing else, the one that is the same.
    let both = "<tv><channel id=\"TF1.fr\"/><channel id=\"tf1.fr\"/>\
        <programme start=\"20261202\" channel=\"TF1.fr\"><title>Other</title></programme>\
        <programme start=\"20261203\" channel=\"tf1.fr\"><title>Same</title></programme></tv>";
    xmltv(&bx, both).await;
    assert!(
        airs(&bx, 1)
            .last()
            .is_some_and(|line| line.ends_with("Same"))
    );
    // A programme may spell its channel otherwise than the channel itself, and come first.
    let bx = a_box().await;
    m3u(&bx, field("base.m3u")).await;
    let text = "<tv><programme start=\"20261203\" channel=\"tf1.FR\"><title>A</title></programme>\
        <channel id=\"TF1.fr\"/></tv>";
    assert_eq!(
        xmltv(&bx, text).await.programmes,
        Some(counts([1, 0, 0, 0]))
    );
}

#[tokio::test]
async fn names_that_a_list_gives_for_guides_are_matched() {
    let bx = a_box().await;
    m3u(&bx, field("m20-tvgname.m3u")).await;
    let report = xmltv(&bx, field("m20.xml")).await;
    assert_eq!(report.programmes, Some(counts([3, 0, 0, 0])));
    assert_eq!(report.unmatched.lines, Vec::<String>::new());
    for (id, title) in [(1, "新闻"), (2, "新闻"), (3, "Noticias")] {
        assert!(airs(&bx, id)[0].ends_with(title), "{id}");
    }
    let before = state(&bx);
    m3u(&bx, field("m20-tvgname.m3u")).await;
    xmltv(&bx, field("m20.xml")).await;
    assert_eq!(state(&bx), before);
}

/// An id leads before a name for guides, that before the channel's own name.
#[tokio::test]
async fn what_says_more_is_matched_first() {
    let bx = a_box().await;
    let list = "#EXTM3U\n#EXTINF:-1 tvg-id=\"by.id\" tvg-name=\"By name\",Own\nhttp://h\n";
    m3u(&bx, list).await;
    let channel = |id: &str, name: &str| {
        format!(
            "<channel id=\"{id}\"><display-name>{name}</display-name></channel>\
             <programme start=\"20260301\" channel=\"{id}\"><title>{id}</title></programme>"
        )
    };
    for (parts, wanted) in [
        (
            [
                channel("1", "own"),
                channel("2", "by_NAME"),
                channel("BY.id", "x"),
            ],
            "BY.id",
        ),
        (
            [
                channel("1", "own"),
                channel("2", "by_NAME"),
                channel("3", "x"),
            ],
            "2",
        ),
        (
            [
                channel("1", "own"),
                channel("2", "other"),
                channel("3", "x"),
            ],
            "1",
        ),
        (
            [
                channel("1", "by.id"),
                channel("2", "own"),
                channel("3", "x"),
            ],
            "1",
        ),
    ] {
        xmltv(&bx, format!("<tv>{}</tv>", parts.concat())).await;
        let told = airs(&bx, 1);
        assert!(told[0].ends_with(wanted), "{told:?}");
    }
    // A channel of the guide that shows nothing gives way to one that does.
    let text = format!("<tv><channel id=\"by.id\"/>{}</tv>", channel("9", "own"));
    xmltv(&bx, text).await;
    assert!(airs(&bx, 1)[0].ends_with('9'));
}

#[tokio::test]
async fn a_guide_is_shifted_as_the_list_says() {
    let bx = a_box().await;
    m3u(&bx, field("m03-shift.m3u")).await;
    let report = xmltv(&bx, field("m03-shift.xml")).await;
    assert_eq!(report.programmes, Some(counts([2, 0, 0, 0])));
    assert_eq!(airs(&bx, 1), ["12-01T15:00 12-01T16:00 Noon show"]);
    assert_eq!(airs(&bx, 2), ["12-01T12:00 12-01T13:00 Noon show"]);
    let before = state(&bx);
    m3u(&bx, field("m03-shift.m3u")).await;
    xmltv(&bx, field("m03-shift.xml")).await;
    assert_eq!(state(&bx), before);
    // Another shift moves what is stored at once, and the next guide finds nothing to do.
    let list = String::from_utf8(field("m03-shift.m3u")).expect("text");
    m3u(&bx, list.replace("tvg-shift=\"3\"", "tvg-shift=\"-1.5\"")).await;
    assert_eq!(airs(&bx, 1), ["12-01T10:30 12-01T11:30 Noon show"]);
    let report = xmltv(&bx, field("m03-shift.xml")).await;
    assert_eq!(report.programmes, Some(counts([0, 0, 2, 0])));
    // The head of a list says it for all that do not.
    let list = list.replace("#EXTM3U", "#EXTM3U tvg-shift=\"1\"");
    m3u(&bx, list).await;
    assert_eq!(airs(&bx, 1), ["12-01T15:00 12-01T16:00 Noon show"]);
    assert_eq!(airs(&bx, 2), ["12-01T13:00 12-01T14:00 Noon show"]);
    is_clean(&bx);
}

#[tokio::test]
async fn attributes_behind_the_comma_are_attributes() {
    let bx = a_box().await;
    let report = m3u(&bx, field("m02-comma.m3u")).await;
    assert_eq!(report.problems.lines, Vec::<String>::new());
    let channels: Vec<Channel> = all(&bx);
    let told: Vec<_> = channels
        .iter()
        .map(|channel| (channel.name.as_str(), channel.xmltv_id.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("VIP : SKYNET SPORTS 6 SD", "sky6.uk"),
            ("TV Bakhoristan", "tvb")
        ]
    );
    assert_eq!(channels[0].logo, "http://logos.example/6.png");
    assert!(channels.iter().all(|channel| channel.genre.is_some()));
}

#[tokio::test]
async fn numbers_archives_and_long_addresses_are_taken_or_said() {
    let bx = a_box().await;
    let long = format!("http://h/{}", "a".repeat(5_000));
    let list = format!(
        "#EXTM3U catchup-days=\"5\"\n\
         #EXTINF:-1 channel-number=\"12\",A\n{long}\n\
         #EXTINF:-1 ch-number=\"13.1\",B\nhttp://b\n\
         #EXTINF:-1 tvg-chno=\"13.2\" catchup=\"none\",C\nhttp://c\n\
         #EXTINF:-1 tvg-chno=\"x\" tvg-shift=\"later\" catchup-days=\"1\",D\nhttp://d\n"
    );
    let report = m3u(&bx, &list).await;
    let told: Vec<_> = all::<Channel>(&bx)
        .into_iter()
        .map(|channel| (channel.number, channel.archive_days))
        .collect();
    assert_eq!(told, [(12, 5), (13, 5), (1, 0), (2, 1)]);
    assert_eq!(all::<Channel>(&bx)[0].url, long);
    assert_eq!(
        report.problems.lines,
        [
            "line 8: D: \"x\" is no channel number",
            "line 8: D: \"later\" is no shift of the guide in hours",
            "line 6: the number 13 is another channel's",
        ]
    );
    assert_eq!(m3u(&bx, &list).await.channels, Some(counts([0, 0, 4, 0])));
}

/// A document may say what a list may; what it does not say stays.
#[tokio::test]
async fn a_document_sets_names_and_shifts_for_guides() {
    let bx = with_channels().await;
    let channel = |more: serde_json::Value| {
        let mut channel = json!({"id": 3, "name": "Unknown", "number": 3, "kind": "tv"});
        let more = more.as_object().expect("members").clone();
        channel.as_object_mut().expect("members").extend(more);
        json!({"channels": [channel]})
    };
    bx.apply(channel(
        json!({"guide_name": "Other", "guide_shift_minutes": 30, "hidden": true}),
    ))
    .await;
    bx.apply(channel(json!({}))).await;
    let held = all::<Channel>(&bx)[2].clone();
    assert_eq!(
        (
            held.guide_name.as_str(),
            held.guide_shift_minutes,
            held.hidden
        ),
        ("Other", 30, true)
    );
    let text = "<tv><channel id=\"9\"><display-name>OTHER</display-name></channel>\
        <programme start=\"202603010600\" channel=\"9\"><title>A</title></programme></tv>";
    xmltv(&bx, text).await;
    assert_eq!(airs(&bx, 3), ["03-01T06:30 03-01T07:30 A"]);
    bx.apply(channel(json!({"guide_shift_minutes": 0, "hidden": false})))
        .await;
    assert_eq!(airs(&bx, 3), ["03-01T06:00 03-01T07:00 A"]);
}
