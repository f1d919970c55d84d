//! Guides that are not written well: what breaks one programme costs that programme only, and is
//! named.

use boxoffice::domain::catalogue::guide::Programme;

use super::{airs, all, counts, field, guide, is_clean, m3u, shown, state, with_channels, xmltv};
use crate::support::TestBox;
use crate::support::fixture::a_box;

async fn with_tf1() -> TestBox {
    let bx = a_box().await;
    m3u(&bx, field("base.m3u")).await;
    bx
}

fn titles(bx: &TestBox) -> Vec<String> {
    let programmes = all::<Programme>(bx).into_iter();
    programmes.map(|programme| programme.title).collect()
}

#[tokio::test]
async fn a_sign_that_begins_no_tag_costs_nothing_else() {
    for (file, titles_wanted) in [
        ("x03-lt.xml", ["乱世佳人<下>（14）", "Good one"]),
        ("x03c-actor.xml", ["Film", "Good one"]),
    ] {
        let bx = with_tf1().await;
        let report = xmltv(&bx, field(file)).await;
        assert_eq!(report.programmes, Some(counts([2, 0, 0, 0])), "{file}");
        assert_eq!(titles(&bx), titles_wanted, "{file}");
        assert_eq!(report.mended.lines.len(), 1, "{report:?}");
        assert!(
            report.mended.lines[0].starts_with("line 2: tf1.fr 2026"),
            "{report:?}"
        );
        let before = state(&bx);
        let again = xmltv(&bx, field(file)).await;
        assert_eq!(again.programmes, Some(counts([0, 0, 2, 0])), "{file}");
        assert_eq!(state(&bx), before);
        is_clean(&bx);
    }
}

#[tokio::test]
async fn texts_are_decoded_as_often_as_they_were_encoded() {
    let bx = with_tf1().await;
    xmltv(&bx, field("x02-entities.xml")).await;
    assert_eq!(titles(&bx), ["L'amour est dans le pré", "Rock & Roll"]);
    let programmes: Vec<Programme> = all(&bx);
    assert_eq!(programmes[0].description, "L'émission & la fête — à voir…");
    assert_eq!(programmes[0].category, "Série");
}

#[tokio::test]
async fn times_are_taken_in_every_form_that_means_one_instant() {
    let bx = with_tf1().await;
    let report = xmltv(&bx, field("x04-iso.xml")).await;
    assert_eq!(report.problems.lines, Vec::<String>::new());
    assert_eq!(report.programmes, Some(counts([16, 0, 0, 0])));
    let starts: Vec<String> = airs(&bx, 1)
        .iter()
        .map(|line| line[..11].to_owned())
        .collect();
    let mut wanted = vec![
        "12-01T20:00",
        "12-01T19:00",
        "12-02T20:00",
        "12-03T19:00",
        "12-04T20:00",
        "12-06T01:00",
        "12-06T20:00",
        "12-07T19:00",
        "12-08T10:00",
        "12-09T19:00",
        "12-10T17:00",
        "12-11T23:30",
        "12-13T00:00",
        "12-13T20:00",
        "12-11T14:40",
        "12-15T20:00",
    ];
    wanted.sort_unstable();
    assert_eq!(starts, wanted);
}

/// Every way in which one programme may be broken, and the one behind it.
#[tokio::test]
async fn one_broken_programme_is_one_broken_programme() {
    let good = shown("0800", "0900", "Good");
    for broken in [
        shown("0600", "0700", "3 < 5"),
        shown("0600", "0700", "<<<"),
        shown("0600", "0700", "Tom & Jerry &nosuch; &#xZZ;"),
        shown("0600", "0700", "A <b>bold <i>one"),
        shown("0600", "0700", "open</desc>"),
        shown("0600", "0700", "x").replace("</title>", ""),
        shown("0600", "0700", "x").replace("</programme>", ""),
        shown("0600", "0700", "x").replace("</title></programme>", ""),
        shown("0600", "0700", "x").replace("channel=\"", "channel=\"\" id=\""),
        shown("0600", "0700", "x").replace("2026", "soon"),
        shown("0600", "0700", "<![CDATA[never closed"),
        shown("0600", "0700", "x").replace("start=\"", "start="),
        shown("0600", "0700", "\u{0}\u{b}x\u{fffe}"),
        "<programme".to_owned(),
        "</programme></channel>".to_owned(),
        "<programme start='20260201060000' channel='one.example'/>".to_owned(),
    ] {
        let bx = with_channels().await;
        let report = xmltv(&bx, guide(&format!("{broken}{good}"))).await;
        let airs = airs(&bx, 1);
        let last = airs.last().map(String::as_str);
        assert_eq!(
            last,
            Some("02-01T08:00 02-01T09:00 Good"),
            "{broken}: {report:?}"
        );
        assert!(report.warnings.is_empty(), "{broken}: {report:?}");
        assert!(airs.len() <= 2, "{broken}: {airs:?}");
        is_clean(&bx);
    }
}

#[tokio::test]
async fn a_guide_that_ends_in_the_middle_gives_what_came_before_and_a_warning() {
    let whole = guide(&[shown("0600", "0700", "A"), shown("0700", "0800", "B")].concat());
    let bx = with_channels().await;
    let report = xmltv(&bx, &whole[..whole.len() - 30]).await;
    assert_eq!(airs(&bx, 1), ["02-01T06:00 02-01T07:00 A"]);
    assert_eq!(
        report.problems.lines,
        ["line 3: one.example 20260201070000: the guide ends in the middle of it"]
    );
    assert_eq!(report.warnings.len(), 1, "{report:?}");
    assert!(report.warnings[0].starts_with("the guide ends in the middle"));
    // The whole one completes it.
    assert_eq!(
        xmltv(&bx, &whole).await.programmes,
        Some(counts([1, 0, 1, 0]))
    );
}

#[tokio::test]
async fn an_end_that_is_none_is_said_and_the_next_start_is_the_end() {
    let bx = with_channels().await;
    let odd = shown("0600", "0700", "A").replace("stop=\"20260201070000\"", "stop=\"late\"");
    let report = xmltv(&bx, guide(&format!("{odd}{}", shown("0730", "0800", "B")))).await;
    assert_eq!(airs(&bx, 1)[0], "02-01T06:00 02-01T07:30 A");
    assert!(
        report.mended.lines[0].contains("\"late\" is no time to end at"),
        "{report:?}"
    );
}
