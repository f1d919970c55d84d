//! What a guide makes of programmes.

use boxoffice::app::Ctx;
use boxoffice::domain::catalogue::content::Channel;
use boxoffice::domain::catalogue::guide::Programme;
use boxoffice::domain::event::Audit;
use boxoffice::domain::values::id::ChannelId;
use boxoffice::domain::values::time::Timestamp;
use boxoffice::ops::imports::{Options, import_xmltv};
use boxoffice::ops::viewing::guide as shown_guide;
use serde_json::json;

use super::{
    airs, all, counts, guide, is_clean, m3u, packed, quiet, reader, shown, state, with_channels,
    xmltv,
};
use crate::support::fixture::a_box;

#[tokio::test]
async fn a_guide_is_matched_by_id_and_then_by_name() {
    let bx = with_channels().await;
    let inner = "<programme start=\"20260201060000 +0100\" stop=\"20260201070000 +0100\" \
        channel=\"one.example\">\
        <title lang=\"en\">Morning &amp; more</title><title lang=\"de\">Morgen</title>\
        <desc>&lt;p&gt;What &lt;b&gt;happened&lt;/b&gt;&lt;br/&gt;and where&lt;/p&gt;</desc>\
        <credits><director>Jane Doe</director>\
        <actor>Mary Major</actor><actor>Richard Roe</actor></credits>\
        <category>News</category><category>Talk</category></programme>\
        <programme start=\"20260201060000\" channel=\"2\"><title>Second</title></programme>\
        <programme start=\"20260201060000\" channel=\"other\"><title>Not ours</title></programme>\
        <programme start=\"soon\" channel=\"2\"><title>Never</title></programme>";
    let report = xmltv(&bx, guide(inner)).await;
    assert_eq!(report.programmes, Some(counts([2, 0, 0, 0])));
    assert_eq!(report.unmatched.lines, ["3 Unknown"]);
    assert_eq!(report.not_theirs.lines, ["other (Other)"]);
    assert_eq!(
        report.problems.lines,
        ["line 3: \"soon\" is no time to begin at"]
    );
    assert_eq!(airs(&bx, 1), ["02-01T05:00 02-01T06:00 Morning & more"]);
    assert_eq!(airs(&bx, 2), ["02-01T06:00 02-01T07:00 Second"]);
    let programmes: Vec<Programme> = all(&bx);
    let first = &programmes[0];
    assert_eq!(first.description, "What happened\nand where");
    assert_eq!(
        (first.category.as_str(), first.director.as_str()),
        ("News, Talk", "Jane Doe")
    );
    assert_eq!(first.actors, "Mary Major, Richard Roe");
    let read = bx.app().store.read().expect("a snapshot");
    assert_eq!(
        shown_guide::get(&read, first.id).expect("the programme"),
        *first
    );
    is_clean(&bx);
}

#[tokio::test]
async fn the_same_guide_again_changes_nothing() {
    let bx = with_channels().await;
    let inner = [
        shown("0600", "0700", "A"),
        shown("0700", "0800", "B"),
        shown("0800", "", "C"),
    ]
    .concat();
    xmltv(&bx, guide(&inner)).await;
    let before = state(&bx);
    for again in [guide(&inner).into_bytes(), packed(guide(&inner).as_bytes())] {
        assert_eq!(
            xmltv(&bx, again).await.programmes,
            Some(counts([0, 0, 3, 0]))
        );
    }
    assert_eq!(state(&bx), before);
}

#[tokio::test]
async fn a_newer_guide_counts_for_the_time_that_it_covers() {
    let bx = with_channels().await;
    let old = [
        "0600 0700 A",
        "0700 0800 B",
        "0800 0900 C",
        "0900 1000 D",
        "1000 1100 E",
    ];
    let of = |all: &[&str]| -> String {
        let parts = all.iter().map(|line| line.split(' ').collect::<Vec<_>>());
        parts
            .map(|parts| shown(parts[0], parts[1], parts[2]))
            .collect()
    };
    xmltv(&bx, guide(&of(&old))).await;
    let ids: Vec<_> = all::<Programme>(&bx).into_iter().map(|p| p.id).collect();
    // Begins in the middle of A; B is the same, C has another name, D is gone.
    let report = xmltv(
        &bx,
        guide(&of(&[
            "0630 0700 X",
            "0700 0800 B",
            "0800 0900 C2",
            "0930 1000 Y",
        ])),
    )
    .await;
    assert_eq!(report.programmes, Some(counts([2, 2, 1, 1])));
    assert_eq!(
        airs(&bx, 1),
        [
            "02-01T06:00 02-01T06:30 A",
            "02-01T06:30 02-01T07:00 X",
            "02-01T07:00 02-01T08:00 B",
            "02-01T08:00 02-01T09:00 C2",
            "02-01T09:30 02-01T10:00 Y",
            "02-01T10:00 02-01T11:00 E",
        ]
    );
    let kept: Vec<_> = all::<Programme>(&bx)
        .into_iter()
        .map(|p| (p.id, p.title))
        .collect();
    let title = |place: usize| {
        kept.iter()
            .find(|(id, _)| *id == ids[place])
            .map(|(_, title)| title.as_str())
    };
    assert_eq!(
        [0, 1, 2, 3, 4].map(title),
        [Some("A"), Some("B"), Some("C2"), None, Some("E")]
    );
    let audits: Vec<Audit> = all(&bx);
    let mut lines = audits.iter().rev();
    let last = lines.find(|line| line.action == "guide.import");
    assert_eq!(last.expect("a line").subject.0, "programmes");
    is_clean(&bx);
}

#[tokio::test]
async fn disorder_overlaps_and_missing_ends_are_put_right() {
    let bx = with_channels().await;
    // Programmes before the channels, the last first, one twice, one that ends before it begins.
    let inner = [
        shown("1000", "", "Last"),
        shown("0800", "1200", "Long"),
        shown("0900", "0930", "Cuts"),
        shown("0700", "0600", "Backwards"),
        shown("0600", "0630", "Old version"),
        shown("0600", "0645", "New version"),
    ];
    let text = format!(
        "<tv>{}<programme channel=\"2\" start=\"2026020106\"><title>By name</title></programme>\
         <channel id=\"2\"><display-name>DAS ZWEITE</display-name></channel></tv>",
        inner.concat()
    );
    let report = xmltv(&bx, text).await;
    assert_eq!(report.programmes, Some(counts([6, 0, 0, 0])));
    assert_eq!(
        airs(&bx, 1),
        [
            "02-01T06:00 02-01T06:45 New version",
            "02-01T07:00 02-01T08:00 Backwards",
            "02-01T08:00 02-01T09:00 Long",
            "02-01T09:00 02-01T09:30 Cuts",
            "02-01T10:00 02-01T11:00 Last",
        ]
    );
    assert_eq!(airs(&bx, 2), ["02-01T06:00 02-01T07:00 By name"]);
}

#[tokio::test]
async fn the_hour_that_comes_twice_comes_twice() {
    let bx = with_channels().await;
    let at = |start: &str, stop: &str, title: &str| {
        format!(
            "<programme channel=\"one.example\" start=\"{start}\" stop=\"{stop}\">\
             <title>{title}</title></programme>"
        )
    };
    let inner = [
        at("20261025020000 +0200", "20261025020000 +0100", "Summer"),
        at("20261025020000 +0100", "20261025030000 +0100", "Winter"),
    ];
    xmltv(&bx, guide(&inner.concat())).await;
    assert_eq!(
        airs(&bx, 1),
        [
            "10-25T00:00 10-25T01:00 Summer",
            "10-25T01:00 10-25T02:00 Winter"
        ]
    );
}

#[tokio::test]
async fn programmes_are_kept_for_two_weeks() {
    let bx = with_channels().await;
    // The clock stands at 2026-01-31T10:00:00Z.
    let at = |start: &str, stop: &str| {
        format!(
            "<programme channel=\"one.example\" start=\"{start}\" stop=\"{stop}\">\
             <title>x</title></programme>"
        )
    };
    let inner = [
        at("20260117090000", "20260117095900"),
        at("20260117095900", "20260117100000"),
        at("20260131100000", "20260131110000"),
    ];
    assert_eq!(
        xmltv(&bx, guide(&inner.concat())).await.programmes,
        Some(counts([2, 0, 0, 0]))
    );
    bx.advance(60).await;
    let later = at("20260201100000", "20260201110000");
    assert_eq!(
        xmltv(&bx, guide(&later)).await.programmes,
        Some(counts([1, 0, 0, 1]))
    );
    assert_eq!(airs(&bx, 1).len(), 2);
    is_clean(&bx);
}

/// What a later start leaves of a programme may be too old to be kept.
#[tokio::test]
async fn a_programme_that_is_cut_to_an_old_end_goes_at_once() {
    let bx = with_channels().await;
    let at = |start: &str, stop: &str| {
        guide(&format!(
            "<programme channel=\"one.example\" start=\"20260117{start}\" stop=\"20260117{stop}\">\
             <title>x</title></programme>"
        ))
    };
    let first = xmltv(&bx, at("093000", "110000")).await;
    assert_eq!(first.programmes, Some(counts([1, 0, 0, 0])));
    let second = xmltv(&bx, at("095000", "105000")).await;
    assert_eq!(second.programmes, Some(counts([1, 0, 0, 1])));
    let before = state(&bx);
    let again = xmltv(&bx, at("095000", "105000")).await;
    assert_eq!(again.programmes, Some(counts([0, 0, 1, 0])));
    assert_eq!(state(&bx), before);
    is_clean(&bx);
}

/// "Case and spaces at the ends do not count", of ids as of names.
#[tokio::test]
async fn ids_of_a_list_are_compared_without_case() {
    let bx = a_box().await;
    let list = |id: &str, name: &str| {
        format!("#EXTM3U\n#EXTINF:-1 tvg-id=\"{id}\",{name}\nhttp://s.example/{name}\n")
    };
    m3u(&bx, list("one.de", "Das Erste")).await;
    let report = m3u(&bx, list("ONE.DE", "Erste")).await;
    assert_eq!(report.channels, Some(counts([0, 1, 0, 0])));
    let channels = all::<Channel>(&bx);
    assert_eq!(
        (channels.len(), channels[0].xmltv_id.as_str()),
        (1, "one.de")
    );
    assert_eq!(channels[0].url, "http://s.example/Erste");
    let again = m3u(&bx, list(" One.de ", "Erste")).await;
    assert_eq!(again.channels, Some(counts([0, 0, 1, 0])));
    // Twice in one list it is one channel.
    let twice = "#EXTM3U\n#EXTINF:-1 tvg-id=\"b.de\",B\nhttp://s.example/1\n\
        #EXTINF:-1 tvg-id=\"B.DE\",B\nhttp://s.example/2\n";
    assert_eq!(m3u(&bx, twice).await.channels, Some(counts([1, 0, 0, 0])));
    is_clean(&bx);
}

#[tokio::test]
async fn variants_of_a_channel_show_the_same() {
    let bx = a_box().await;
    bx.apply(json!({"channels": [
        {"id": 1, "name": "One", "number": 1, "kind": "tv", "xmltv_id": "one.example"},
        {"id": 2, "name": "One HD", "number": 2, "kind": "tv", "xmltv_id": "one.example"},
    ]}))
    .await;
    let report = xmltv(&bx, guide(&shown("0600", "0700", "A"))).await;
    assert_eq!(report.programmes, Some(counts([2, 0, 0, 0])));
    assert_eq!(airs(&bx, 1), airs(&bx, 2));
}

#[tokio::test]
async fn a_dry_run_tells_what_a_guide_would_do() {
    let bx = with_channels().await;
    xmltv(
        &bx,
        guide(&[shown("0600", "0700", "A"), shown("0700", "0800", "B")].concat()),
    )
    .await;
    let before = state(&bx);
    let newer = guide(&[shown("0600", "0700", "A2"), shown("0730", "0800", "C")].concat());
    let ctx = Ctx::system(bx.app());
    let told = import_xmltv(
        &ctx,
        reader(&newer),
        Options {
            dry_run: true,
            ..Options::default()
        },
        quiet(),
    )
    .await;
    assert_eq!(state(&bx), before);
    let told = told.expect("a report");
    assert_eq!(told.programmes, Some(counts([1, 1, 0, 1])));
    assert_eq!(told, xmltv(&bx, newer).await);
}

#[tokio::test]
async fn what_is_on_is_found_by_time() {
    let bx = with_channels().await;
    let hours: Vec<String> = (0..23)
        .map(|hour| shown(&format!("{hour:02}00"), &format!("{:02}00", hour + 1), "x"))
        .collect();
    xmltv(&bx, guide(&hours.concat())).await;
    let read = bx.app().store.read().expect("a snapshot");
    let at = |text: &str| Timestamp::parse(text).expect("an instant");
    let between = |from: &str, to: &str, limit: usize| {
        let found =
            shown_guide::between(&read, ChannelId(1), at(from), at(to), limit).expect("programmes");
        found
            .iter()
            .map(|p| p.start_at.to_rfc3339_millis()[11..13].to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        between("2026-02-01T06:30:00Z", "2026-02-01T08:30:00Z", 10),
        ["06", "07", "08"]
    );
    assert_eq!(
        between("2026-02-01T06:00:00Z", "2026-02-01T08:00:00Z", 10),
        ["06", "07"]
    );
    assert_eq!(
        between("2026-02-01T06:30:00Z", "2026-02-01T20:00:00Z", 2),
        ["06", "07"]
    );
    assert_eq!(
        between("2026-02-01T06:30:00Z", "2026-02-01T06:31:00Z", 10),
        ["06"]
    );
    assert_eq!(
        between("2026-02-01T06:30:00Z", "2026-02-01T06:30:00Z", 10),
        Vec::<String>::new()
    );
    assert_eq!(
        between("2026-02-01T23:30:00Z", "2026-02-02T06:30:00Z", 10),
        Vec::<String>::new()
    );
    assert_eq!(
        between("2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z", 0),
        Vec::<String>::new()
    );
    let other = shown_guide::between(&read, ChannelId(2), Timestamp::MIN, Timestamp::MAX, 10);
    assert_eq!(other.expect("programmes"), []);
}

#[tokio::test]
async fn many_programmes_are_brought_in() {
    let bx = with_channels().await;
    let mut inner = String::new();
    for day in 1..=28 {
        for minute in (0..1_440).step_by(10) {
            let start = format!("202602{day:02}{:02}{:02}00", minute / 60, minute % 60);
            for channel in ["one.example", "2"] {
                inner.push_str(&format!(
                    "<programme start=\"{start}\" channel=\"{channel}\">\
                     <title>T{start}</title></programme>"
                ));
            }
        }
    }
    let number = 28 * 144 * 2;
    assert_eq!(
        xmltv(&bx, guide(&inner)).await.programmes,
        Some(counts([number, 0, 0, 0]))
    );
    assert_eq!(
        xmltv(&bx, guide(&inner)).await.programmes,
        Some(counts([0, 0, number, 0]))
    );
    is_clean(&bx);
}
