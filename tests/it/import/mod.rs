//! Lists and guides of others: what they make of channels, films and programmes, that again changes
//! nothing, that hostile ones do no harm; and the command line, with a box running and without one.

mod channels;
mod charsets;
mod command;
mod damaged;
mod films;
mod hostile;
mod matching;
mod memory;
mod notices;
mod programmes;
mod removal;

use std::io::{Cursor, Write as _};
use std::sync::Arc;

use boxoffice::app::Ctx;
use boxoffice::domain::catalogue::content::Channel;
use boxoffice::domain::catalogue::guide::Programme;
use boxoffice::domain::event::Audit;
use boxoffice::domain::values::id::ChannelId;
use boxoffice::domain::values::time::Timestamp;
use boxoffice::ops::imports::{
    Counts, Options, Progress, Reader, Report, import_m3u, import_xmltv,
};
use boxoffice::ops::viewing::guide;
use boxoffice::store::Read as _;
use boxoffice::store::Record;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::support::TestBox;
use crate::support::fixture::a_box;

pub const LIST: &str = "#EXTM3U x-tvg-url=\"http://guide.example/all.xml.gz\"\n\
    #EXTINF:-1 tvg-id=\"one.example\" tvg-name=\"One\" tvg-logo=\"http://logos.example/1.png\" \
    group-title=\"News;Local\" catchup=\"default\" catchup-days=\"7\",One\n\
    http://streams.example/1.m3u8|User-Agent=Player&Referer=x\n\
    #EXTINF:-1 tvg-id=\"two.example\" tvg-chno=\"22\" group-title=\"Kids\" \
    parent-code=\"0000\",Two, for children\n\
    http://streams.example/2.m3u8\n\
    #EXTINF:-1 radio=\"true\" group-title=\"news\",Радио\n\
    http://streams.example/3.mp3\n";

pub fn quiet() -> Progress {
    Arc::new(|_| {})
}

pub fn reader(bytes: impl AsRef<[u8]>) -> Reader {
    Box::new(Cursor::new(bytes.as_ref().to_vec()))
}

pub fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).expect("memory");
    packed.finish().expect("memory")
}

pub async fn m3u(bx: &TestBox, list: impl AsRef<[u8]>) -> Report {
    let ctx = Ctx::system(bx.app());
    let report = import_m3u(&ctx, reader(list), Options::default(), quiet()).await;
    report.unwrap_or_else(|error| panic!("not imported: {error}"))
}

pub async fn xmltv(bx: &TestBox, guide: impl AsRef<[u8]>) -> Report {
    let ctx = Ctx::system(bx.app());
    let report = import_xmltv(&ctx, reader(guide), Options::default(), quiet()).await;
    report.unwrap_or_else(|error| panic!("not imported: {error}"))
}

pub async fn refusal(bx: &TestBox, guide: impl AsRef<[u8]>) -> String {
    let ctx = Ctx::system(bx.app());
    match import_xmltv(&ctx, reader(guide), Options::default(), quiet()).await {
        Ok(report) => panic!("taken: {report:?}"),
        Err(error) => error.to_string(),
    }
}

pub fn all<R: Record>(bx: &TestBox) -> Vec<R> {
    bx.app()
        .store
        .read()
        .expect("a snapshot")
        .all()
        .expect("records")
}

/// What was written so far, and by how many lines of the audit log.
pub fn state(bx: &TestBox) -> (Vec<Channel>, Vec<Programme>, usize, u64) {
    let commits = bx.app().store.figures().commits();
    (all(bx), all(bx), all::<Audit>(bx).len(), commits)
}

pub fn counts([created, changed, left, removed]: [usize; 4]) -> Counts {
    Counts {
        created,
        changed,
        left,
        removed,
    }
}

/// A box with three channels: by id, by name, and one that no guide knows.
pub async fn with_channels() -> TestBox {
    let bx = a_box().await;
    bx.apply(json!({"channels": [
        {"id": 1, "name": "One", "number": 1, "kind": "tv", "xmltv_id": "one.example"},
        {"id": 2, "name": "Das ZWEITE", "number": 2, "kind": "tv"},
        {"id": 3, "name": "Unknown", "number": 3, "kind": "tv"},
    ]}))
    .await;
    bx
}

pub fn guide(inner: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE tv SYSTEM \"xmltv.dtd\">\n<tv>\
         <channel id=\"one.example\"><display-name>Eins</display-name></channel>\
         <channel id=\"2\"><display-name>Two</display-name>\
         <display-name>das_zweite </display-name></channel>\
         <channel id=\"other\"><display-name>Other</display-name></channel>{inner}</tv>"
    )
}

/// A programme of the first channel on 1 February 2026.
pub fn shown(start: &str, stop: &str, title: &str) -> String {
    let stop = if stop.is_empty() {
        String::new()
    } else {
        format!("stop=\"20260201{stop}00\"")
    };
    format!(
        "<programme start=\"20260201{start}00\" {stop} channel=\"one.example\">\
         <title>{title}</title></programme>"
    )
}

/// Start, end and title of what a channel shows.
pub fn airs(bx: &TestBox, channel: u64) -> Vec<String> {
    let read = bx.app().store.read().expect("a snapshot");
    let (from, to) = (Timestamp::MIN, Timestamp::MAX);
    let programmes = guide::between(&read, ChannelId(channel), from, to, 1_000);
    let told = |at: Timestamp| at.to_rfc3339_millis()[..16].replace("2026-", "");
    let programmes = programmes.expect("programmes").into_iter();
    programmes
        .map(|p| format!("{} {} {}", told(p.start_at), told(p.stop_at), p.title))
        .collect()
}

pub fn is_clean(bx: &TestBox) {
    let report = boxoffice::ops::upkeep::check(&Ctx::system(bx.app())).expect("a report");
    assert_eq!(report.findings, []);
}

/// A list or guide as somebody has it.
pub fn field(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/data/import/");
    std::fs::read(format!("{folder}{name}")).expect("a file of the tests")
}

pub async fn m3u_with(bx: &TestBox, list: impl AsRef<[u8]>, options: &Options) -> Report {
    let ctx = Ctx::system(bx.app());
    let report = import_m3u(&ctx, reader(list), options.clone(), quiet()).await;
    report.unwrap_or_else(|error| panic!("not imported: {error}"))
}

pub fn named(source: &str) -> Options {
    Options {
        source: source.to_owned(),
        ..Options::default()
    }
}

pub fn names(bx: &TestBox) -> Vec<String> {
    let channels = all::<Channel>(bx).into_iter();
    channels.map(|channel| channel.name).collect()
}
