//! Lists and guides of others: what they make of channels and programmes, that again changes nothing, that
//! hostile ones do no harm; and the command line, with a box running and without one.

use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::{Arc, Mutex};

use boxoffice::app::Ctx;
use boxoffice::command::{Import, Imported};
use boxoffice::control::ask_import;
use boxoffice::domain::content::{Channel, ChannelKind, Genre};
use boxoffice::domain::event::Audit;
use boxoffice::domain::guide::Programme;
use boxoffice::domain::id::ChannelId;
use boxoffice::domain::staff::{Actor, Role, TokenId};
use boxoffice::domain::time::Timestamp;
use boxoffice::ops::OpError;
use boxoffice::ops::guide;
use boxoffice::ops::imports::{
    Counts, Incoming, Options, Progress, Reader, Report, Step, import_m3u, import_xmltv,
};
use boxoffice::store::{Read as _, Record};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::TestBox;

const LIST: &str = "#EXTM3U x-tvg-url=\"http://guide.example/all.xml.gz\"\n\
    #EXTINF:-1 tvg-id=\"one.example\" tvg-name=\"One\" tvg-logo=\"http://logos.example/1.png\" group-title=\"News;Local\" \
    catchup=\"default\" catchup-days=\"7\",One\n\
    http://streams.example/1.m3u8|User-Agent=Player&Referer=x\n\
    #EXTINF:-1 tvg-id=\"two.example\" tvg-chno=\"22\" group-title=\"Kids\" parent-code=\"0000\",Two, for children\n\
    http://streams.example/2.m3u8\n\
    #EXTINF:-1 radio=\"true\" group-title=\"news\",Радио\n\
    http://streams.example/3.mp3\n";

fn quiet() -> Progress {
    Arc::new(|_| {})
}

fn reader(bytes: impl AsRef<[u8]>) -> Reader {
    Box::new(Cursor::new(bytes.as_ref().to_vec()))
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).expect("memory");
    packed.finish().expect("memory")
}

async fn m3u(bx: &TestBox, list: impl AsRef<[u8]>) -> Report {
    let ctx = Ctx::system(bx.app());
    let report = import_m3u(&ctx, reader(list), Options::default(), quiet()).await;
    report.unwrap_or_else(|error| panic!("not imported: {error}"))
}

async fn xmltv(bx: &TestBox, guide: impl AsRef<[u8]>) -> Report {
    let ctx = Ctx::system(bx.app());
    let report = import_xmltv(&ctx, reader(guide), Options::default(), quiet()).await;
    report.unwrap_or_else(|error| panic!("not imported: {error}"))
}

async fn refusal(bx: &TestBox, guide: impl AsRef<[u8]>) -> String {
    let ctx = Ctx::system(bx.app());
    match import_xmltv(&ctx, reader(guide), Options::default(), quiet()).await {
        Ok(report) => panic!("taken: {report:?}"),
        Err(error) => error.to_string(),
    }
}

fn all<R: Record>(bx: &TestBox) -> Vec<R> {
    bx.app()
        .store
        .read()
        .expect("a snapshot")
        .all()
        .expect("records")
}

/// What was written so far, and by how many lines of the audit log.
fn state(bx: &TestBox) -> (Vec<Channel>, Vec<Programme>, usize, u64) {
    let commits = bx.app().store.figures().commits();
    (all(bx), all(bx), all::<Audit>(bx).len(), commits)
}

fn counts([created, changed, left, removed]: [usize; 4]) -> Counts {
    Counts {
        created,
        changed,
        left,
        removed,
    }
}

/// A box with three channels: by id, by name, and one that no guide knows.
async fn with_channels() -> TestBox {
    let bx = TestBox::start().await;
    bx.apply(json!({"channels": [
        {"id": 1, "name": "One", "number": 1, "kind": "tv", "xmltv_id": "one.example"},
        {"id": 2, "name": "Das ZWEITE", "number": 2, "kind": "tv"},
        {"id": 3, "name": "Unknown", "number": 3, "kind": "tv"},
    ]}))
    .await;
    bx
}

fn guide(inner: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE tv SYSTEM \"xmltv.dtd\">\n<tv>\
         <channel id=\"one.example\"><display-name>Eins</display-name></channel>\
         <channel id=\"2\"><display-name>Two</display-name><display-name>das_zweite </display-name></channel>\
         <channel id=\"other\"><display-name>Other</display-name></channel>{inner}</tv>"
    )
}

/// A programme of the first channel on 1 February 2026.
fn shown(start: &str, stop: &str, title: &str) -> String {
    let stop = if stop.is_empty() {
        String::new()
    } else {
        format!("stop=\"20260201{stop}00\"")
    };
    format!(
        "<programme start=\"20260201{start}00\" {stop} channel=\"one.example\"><title>{title}</title></programme>"
    )
}

/// Start, end and title of what a channel shows.
fn airs(bx: &TestBox, channel: u64) -> Vec<String> {
    let read = bx.app().store.read().expect("a snapshot");
    let (from, to) = (Timestamp::MIN, Timestamp::MAX);
    let programmes = guide::between(&read, ChannelId(channel), from, to, 1_000);
    let told = |at: Timestamp| at.to_rfc3339_millis()[..16].replace("2026-", "");
    let programmes = programmes.expect("programmes").into_iter();
    programmes
        .map(|p| format!("{} {} {}", told(p.start_at), told(p.stop_at), p.title))
        .collect()
}

fn is_clean(bx: &TestBox) {
    let report = boxoffice::ops::upkeep::check(&Ctx::system(bx.app())).expect("a report");
    assert_eq!(report.findings, []);
}

// ---- channels

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
    let bx = TestBox::start().await;
    let channel = json!({"id": 1, "name": "Radio Eins", "number": 7, "kind": "radio", "genre": 1,
        "url": "http://a", "logo": "http://l", "xmltv_id": "eins", "base_ch": true, "censored": true, "archive_days": 3});
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
    // By id, whatever it is called there; and back to a television channel only where the list says so.
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
    let last = audits.last().expect("a line");
    assert_eq!(last.action, "channel.import");
    let fields: Vec<_> = last
        .changes
        .iter()
        .map(|change| change.field.as_str())
        .collect();
    assert_eq!(fields, ["kind", "number"]);
}

#[tokio::test]
async fn what_is_twice_in_a_list_is_taken_once() {
    let bx = TestBox::start().await;
    let list = "#EXTM3U\n#EXTINF:-1 tvg-id=\"a\",A\nhttp://1\n#EXTINF:-1 tvg-id=\"a\",a \nhttp://2\n\
        #EXTINF:-1,A\nhttp://3\n#EXTINF:-1 tvg-id=\"a\",A HD\nhttp://4\n";
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
    let told = import_m3u(&ctx, reader(LIST), Options { dry_run: true }, quiet()).await;
    assert_eq!(state(&bx), before);
    assert_eq!(told.expect("a report"), m3u(&bx, LIST).await);
}

#[tokio::test]
async fn long_lists_are_reported_in_bounds() {
    let bx = TestBox::start().await;
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

// ---- programmes

#[tokio::test]
async fn a_guide_is_matched_by_id_and_then_by_name() {
    let bx = with_channels().await;
    let inner = "<programme start=\"20260201060000 +0100\" stop=\"20260201070000 +0100\" channel=\"one.example\">\
        <title lang=\"en\">Morning &amp; more</title><title lang=\"de\">Morgen</title>\
        <desc>&lt;p&gt;What &lt;b&gt;happened&lt;/b&gt;&lt;br/&gt;and where&lt;/p&gt;</desc>\
        <credits><director>Jane Doe</director><actor>Mary Major</actor><actor>Richard Roe</actor></credits>\
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
    assert_eq!(guide::get(&read, first.id).expect("the programme"), *first);
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
    let last = audits.last().expect("a line");
    assert_eq!(
        (last.action.as_str(), last.subject.0.as_str()),
        ("guide.import", "programmes")
    );
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
            "<programme channel=\"one.example\" start=\"{start}\" stop=\"{stop}\"><title>{title}</title></programme>"
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
            "<programme channel=\"one.example\" start=\"{start}\" stop=\"{stop}\"><title>x</title></programme>"
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
            "<programme channel=\"one.example\" start=\"20260117{start}\" stop=\"20260117{stop}\"><title>x</title></programme>"
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
    let bx = TestBox::start().await;
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
    let bx = TestBox::start().await;
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
    let told = import_xmltv(&ctx, reader(&newer), Options { dry_run: true }, quiet()).await;
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
            guide::between(&read, ChannelId(1), at(from), at(to), limit).expect("programmes");
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
    let other = guide::between(&read, ChannelId(2), Timestamp::MIN, Timestamp::MAX, 10);
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
                inner.push_str(&format!("<programme start=\"{start}\" channel=\"{channel}\"><title>T{start}</title></programme>"));
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

// ---- what is hostile or broken

#[tokio::test]
async fn entities_are_neither_fetched_nor_multiplied() {
    let bx = with_channels().await;
    let folder = tempfile::tempdir().expect("a folder");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "the secret").expect("a file");
    let mut entities = format!(
        "<!ENTITY file SYSTEM \"file://{}\"><!ENTITY l0 \"ha\">",
        secret.display()
    );
    for level in 1..40 {
        let below = format!("&l{};", level - 1).repeat(10);
        entities.push_str(&format!("<!ENTITY l{level} \"{below}\">"));
    }
    let text = format!(
        "<!DOCTYPE tv [{entities}<!ENTITY % p SYSTEM \"http://127.0.0.1:1/x.dtd\"> %p;]><tv>{}</tv>",
        shown("0600", "0700", "&l39;&file; &amp; &#x41;")
    );
    xmltv(&bx, text).await;
    assert_eq!(airs(&bx, 1), ["02-01T06:00 02-01T07:00 &l39;&file; & A"]);
}

#[tokio::test]
async fn a_broken_guide_is_not_taken() {
    let bx = with_channels().await;
    let whole = guide(&[shown("0600", "0700", "A"), shown("0700", "0800", "B")].concat());
    let cut = &whole[..whole.len() - 40];
    let mut squeezed = packed(whole.as_bytes());
    squeezed.truncate(squeezed.len() / 2);
    let before = state(&bx);
    for (text, told) in [
        (cut.as_bytes().to_vec(), "line 3: "),
        (squeezed, "line "),
        (b"\xfd7zXZ\0\0\0".to_vec(), "packed with xz"),
        (
            b"<html><body>404</body></html>".to_vec(),
            "begins with <html>",
        ),
        (Vec::new(), "no XMLTV guide"),
        (LIST.as_bytes().to_vec(), "no XMLTV guide"),
    ] {
        let error = refusal(&bx, text).await;
        assert!(error.contains(told), "{error}");
    }
    assert_eq!(state(&bx), before);
}

#[tokio::test]
async fn a_gzip_bomb_stops_at_a_text() {
    let bx = with_channels().await;
    let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
    bomb.write_all(b"<tv><channel id=\"a\"><display-name>")
        .expect("memory");
    for _ in 0..256 {
        bomb.write_all(&vec![b'x'; 1024 * 1024]).expect("memory");
    }
    let bomb = bomb.finish().expect("memory");
    let error = refusal(&bx, bomb).await;
    assert!(
        error.contains("line 1, in <display-name>: is longer than"),
        "{error}"
    );
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_not_taken() {
    let bx = with_channels().await;
    let before = state(&bx);
    let ctx = Ctx::system(bx.app());
    let (feed, incoming) = Incoming::new();
    let import = import_m3u(&ctx, Box::new(incoming), Options::default(), quiet());
    let send = async {
        feed.give(Ok(LIST.as_bytes().to_vec().into())).await;
        drop(feed);
    };
    let (imported, ()) = tokio::join!(import, send);
    let error = imported.map(|_| ()).expect_err("an error").to_string();
    assert!(error.contains("cut short"), "{error}");
    assert_eq!(state(&bx), before);
}

#[tokio::test]
async fn only_who_may_change_the_catalogue_imports() {
    let bx = with_channels().await;
    for (role, may) in [
        (Role::ContentEditor, true),
        (Role::Support, false),
        (Role::Auditor, false),
    ] {
        let actor = Actor::Token {
            jti: TokenId([0; 16]),
            name: "x".to_owned(),
            role,
        };
        let ctx = Ctx {
            actor,
            ..Ctx::system(bx.app())
        };
        let list = import_m3u(&ctx, reader(LIST), Options::default(), quiet()).await;
        let listing = import_xmltv(&ctx, reader(guide("")), Options::default(), quiet()).await;
        for outcome in [list, listing] {
            match outcome {
                Ok(_) => assert!(may, "{role:?}"),
                Err(error) => assert!(
                    !may && matches!(error, OpError::Denied(_)),
                    "{role:?}: {error}"
                ),
            }
        }
        let read = guide::list(&ctx, ChannelId(1), Timestamp::MIN, Timestamp::MAX, 1);
        assert!(read.is_ok(), "{role:?}");
    }
}

// ---- the command line

fn written(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("a file");
    path
}

async fn boxoffice(words: &[&str], data: &Path) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    command.args(words).arg("--data").arg(data);
    let run = tokio::task::spawn_blocking(move || command.output());
    run.await.expect("no panic").expect("the program runs")
}

fn out(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn failed(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    told.lines().last().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_command_works_without_a_box() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let list = written(folder.path(), "list.m3u", LIST);
    let list = list.to_str().expect("text");
    let told = out(&boxoffice(&["import", "m3u", list, "--dry-run"], &data).await);
    assert!(told.contains("channels: 3 would be created\n"), "{told}");
    let done = boxoffice(&["import", "m3u", list], &data).await;
    assert!(
        out(&done).contains("channels: 3 created\ngenres: 2 created\n"),
        "{done:?}"
    );
    let progress = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(
        progress.contains("3 of 3 channels are in step"),
        "{progress}"
    );
    let told = out(&boxoffice(&["import", "m3u", list], &data).await);
    assert_eq!(told, "channels: 3 left\n");
    // A guide, packed, under a name that does not say so.
    let text = guide(&shown("0600", "0700", "A").replace("2026", "2999"));
    let xml = written(folder.path(), "guide", packed(text.as_bytes()));
    let told = out(&boxoffice(&["import", "xmltv", xml.to_str().expect("text")], &data).await);
    assert!(told.starts_with("programmes: 1 created\n"), "{told}");
    assert!(
        told.contains("without a guide: 22 Two, for children\n"),
        "{told}"
    );
    assert!(
        told.contains("only in the guide: other (Other)\n"),
        "{told}"
    );
    assert!(out(&boxoffice(&["check"], &data).await).starts_with("clean"));
    let error = failed(&boxoffice(&["import", "m3u", "/nowhere/list.m3u"], &data).await);
    assert!(
        error.starts_with("boxoffice: cannot read /nowhere/list.m3u"),
        "{error}"
    );
    let error = failed(&boxoffice(&["import", "m3u", xml.to_str().expect("text")], &data).await);
    assert_eq!(error, "boxoffice: line 1: this is no M3U list");
    let wrong = boxoffice(&["import", "csv", list], &data).await;
    assert_eq!(wrong.status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_works_beside_a_box() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    let bx = TestBox::in_folder(&data, 1, |_| {}).await;
    let list = written(folder.path(), "list.m3u", LIST);
    let told = out(&boxoffice(&["import", "m3u", list.to_str().expect("text")], &data).await);
    assert!(told.starts_with("channels: 3 created\n"), "{told}");
    assert_eq!(all::<Channel>(&bx).len(), 3);
    // A guide of some megabytes, of which the box says that it is none only at the end.
    let mut inner = shown("0600", "0700", "A");
    inner.push_str(
        &"<programme start=\"20260201060000\" channel=\"other\"><title>x</title></programme>"
            .repeat(50_000),
    );
    let xml = written(folder.path(), "guide.xml", guide(&inner));
    let told = out(&boxoffice(&["import", "xmltv", xml.to_str().expect("text")], &data).await);
    assert!(told.starts_with("programmes: 1 created\n"), "{told}");
    assert_eq!(airs(&bx, 1), ["02-01T06:00 02-01T07:00 A"]);
    let broken = written(
        folder.path(),
        "broken.xml",
        format!("<tv><channel></tv>{inner}"),
    );
    let error =
        failed(&boxoffice(&["import", "xmltv", broken.to_str().expect("text")], &data).await);
    assert!(
        error.starts_with("boxoffice: line 1, in <channel>"),
        "{error}"
    );
    is_clean(&bx);
    bx.stop().await;
}

/// Gives the beginning of a list, and then nothing until it is let go.
struct Slow {
    front: Cursor<&'static [u8]>,
    let_go: std::sync::mpsc::Receiver<()>,
}

impl std::io::Read for Slow {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = std::io::Read::read(&mut self.front, into)?;
        if count == 0 {
            let _ = self.let_go.recv();
        }
        Ok(count)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_an_import() {
    let folder = tempfile::tempdir().expect("a folder");
    let bx = TestBox::in_folder(folder.path(), 1, |_| {}).await;
    let (hold, let_go) = std::sync::mpsc::channel();
    let front = Cursor::new(LIST.as_bytes());
    let mut content: Option<Reader> = Some(Box::new(Slow { front, let_go }));
    let command = Import {
        what: Imported::M3u,
        url: None,
        dry_run: false,
    };
    let progress = quiet();
    let asking = ask_import(folder.path(), &command, &mut content, &progress);
    let stopping = async {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let stopped = tokio::time::timeout(std::time::Duration::from_secs(10), bx.stop()).await;
        drop(hold);
        stopped
    };
    let (asked, stopped) = tokio::join!(asking, stopping);
    assert!(stopped.is_ok(), "the box waits");
    let told = asked.map(|_| ()).expect_err("no answer").to_string();
    assert!(
        told.contains("the box goes down") || told.contains("silent"),
        "{told}"
    );
}

/// Answers every request at an address of its own; `/moved` leads to `/list`.
async fn web_server() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 8_192];
            let count = stream.read(&mut request).await.unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..count]).into_owned();
            let body = packed(LIST.as_bytes());
            let (head, body): (String, &[u8]) = match request.split(' ').nth(1) {
                Some("/list") => (format!("200 OK\r\nContent-Length: {}", body.len()), &body),
                Some("/cut") => (
                    format!("200 OK\r\nContent-Length: {}", body.len() + 1),
                    &body,
                ),
                Some("/moved") => (
                    "302 Found\r\nLocation: /list\r\nContent-Length: 0".to_owned(),
                    b"",
                ),
                Some("/away") => (
                    "302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0".to_owned(),
                    b"",
                ),
                Some("/round") => (
                    "302 Found\r\nLocation: /round\r\nContent-Length: 0".to_owned(),
                    b"",
                ),
                _ => ("404 Not Found\r\nContent-Length: 0".to_owned(), b""),
            };
            let answer = format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.write_all(body).await;
            let _ = stream.shutdown().await;
        }
    });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_fetched_from_the_web() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let web = web_server().await;
    let told = out(&boxoffice(&["import", "m3u", &format!("{web}/moved")], &data).await);
    assert!(told.starts_with("channels: 3 created\n"), "{told}");
    let bx = TestBox::in_folder(&data, 1, |_| {}).await;
    let told = out(&boxoffice(&["import", "m3u", &format!("{web}/list")], &data).await);
    assert_eq!(told, "channels: 3 left\n");
    for (path, told) in [
        ("/none", "404 Not Found"),
        ("/cut", "line "),
        ("/away", "http or https"),
        ("/round", "more than 5 times"),
    ] {
        let error = failed(&boxoffice(&["import", "m3u", &format!("{web}{path}")], &data).await);
        assert!(error.contains(told), "{path}: {error}");
    }
    bx.stop().await;
}
