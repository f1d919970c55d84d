//! The power goes at every moment of an import. The next one completes it, and then the box holds
//! the same as one whose import was never interrupted.

use std::io::Cursor;
use std::sync::Arc;

use boxoffice::app::clock::Clock;
use boxoffice::app::entropy::Entropy;
use boxoffice::app::{App, Ctx};
use boxoffice::config::Config;
use boxoffice::domain::catalogue::content::{Channel, Genre};
use boxoffice::domain::catalogue::guide::Programme;
use boxoffice::domain::values::time::Timestamp;
use boxoffice::ops::imports::{Counts, Options, Report, import_m3u, import_xmltv};
use boxoffice::store::{Read as _, Record, check};

use super::disk::{Dice, Disk, Op, Reach};
use crate::kit::run;

const CHANNELS: u32 = 24;
const NOW: &str = "2026-01-31T10:00:00Z";
/// Most cuts that are no sync: the operations are many, and each cut is a box of its own.
const CUTS_MAX: usize = 30;

fn open(disk: &Disk) -> Arc<App> {
    let now = Timestamp::parse(NOW).expect("an instant");
    let clock = Clock::test(now);
    let config = Config::for_tests();
    App::open(config, disk.storage(), clock, Entropy::seeded(1)).expect("a box")
}

fn list() -> String {
    let entries = (1..=CHANNELS).map(|number| {
        let group = number % 3;
        format!(
            "#EXTINF:-1 tvg-id=\"{number}.example\" \
             group-title=\"Group {group}\",Channel {number}\n\
             http://streams.example/{number}.m3u8\n"
        )
    });
    format!("#EXTM3U\n{}", entries.collect::<String>())
}

/// A guide whose shows last so many minutes: the second one takes the place of the first.
fn guide(minutes: u32) -> String {
    let mut text = "<tv>\n".to_owned();
    for channel in 1..=CHANNELS {
        for start in (0..2 * 24 * 60).step_by(minutes as usize) {
            let (day, hour, minute) = (1 + start / 1440, start / 60 % 24, start % 60);
            text.push_str(&format!(
                "<programme channel=\"{channel}.example\" \
                 start=\"202602{day:02}{hour:02}{minute:02}00 +0000\">\
                 <title>Show of {minutes}, {start}</title></programme>\n"
            ));
        }
    }
    text.push_str("</tv>\n");
    text
}

/// The list and the guide, as a night's script brings them in.
async fn import(app: &Arc<App>, minutes: u32) -> [Report; 2] {
    let ctx = Ctx::system(Arc::clone(app));
    let reader = |text: String| Box::new(Cursor::new(text.into_bytes()));
    let options = Options::default();
    let quiet = || -> boxoffice::ops::imports::Progress { Arc::new(|_| {}) };
    let channels = import_m3u(&ctx, reader(list()), options.clone(), quiet()).await;
    let programmes = import_xmltv(&ctx, reader(guide(minutes)), options, quiet()).await;
    [channels, programmes].map(|report| report.expect("an import"))
}

#[derive(Debug, PartialEq)]
struct Contents {
    genres: Vec<Genre>,
    channels: Vec<Channel>,
    /// Without their numbers: those tell how often the box began.
    programmes: Vec<(u64, Timestamp, Timestamp, String)>,
}

fn contents(app: &App) -> Contents {
    fn all<R: Record>(app: &App) -> Vec<R> {
        let snapshot = app.store.read().expect("a snapshot");
        snapshot.all().expect("records")
    }
    let snapshot = app.store.read().expect("a snapshot");
    let (_, findings) = check(&snapshot).expect("a check");
    assert!(findings.is_empty(), "{findings:?}");
    let programmes = all::<Programme>(app).into_iter();
    let mut programmes: Vec<_> = programmes
        .map(|show| (show.channel.0, show.start_at, show.stop_at, show.title))
        .collect();
    programmes.sort();
    Contents {
        genres: all(app),
        channels: all(app),
        programmes,
    }
}

#[test]
fn an_import_cut_short_is_completed_by_the_next() {
    let disk = Disk::new();
    let app = open(&disk);
    let first = disk.ops();
    run(import(&app, 60));
    run(import(&app, 90));
    let wanted = contents(&app);
    assert_eq!(wanted.channels.len(), CHANNELS as usize);
    assert_eq!(wanted.programmes.len(), CHANNELS as usize * 32);
    app.store.close();

    let ops = disk.journal();
    let mut dice = Dice::new(7);
    let disk = Disk::new();
    let mut cuts = 0;
    let stride = (ops.len() - first).div_ceil(CUTS_MAX).max(1);
    for (done, op) in ops.iter().enumerate() {
        let reaches: &[Reach] = match op {
            _ if done < first => &[],
            Op::Sync => &[Reach::Nothing, Reach::Everything],
            _ if done.is_multiple_of(stride) => &[Reach::Anything],
            _ => &[],
        };
        for reach in reaches {
            let disk = Disk::holding(disk.crash_image(&mut dice, *reach));
            let app = open(&disk);
            run(import(&app, 90));
            assert!(
                contents(&app) == wanted,
                "after {done} of {} operations ({reach:?})",
                ops.len()
            );
            // And the one after that finds nothing to do.
            let commits = app.store.figures().commits();
            for report in run(import(&app, 90)) {
                for counts in [report.channels, report.genres, report.programmes] {
                    let left = counts.map_or(0, |counts| counts.left);
                    let idle = Counts {
                        left,
                        ..Counts::default()
                    };
                    assert_eq!(counts.unwrap_or_default(), idle);
                }
            }
            assert_eq!(app.store.figures().commits(), commits);
            app.store.close();
            cuts += 1;
        }
        disk.perform(op);
    }
    assert!(cuts > 15, "an import worth cutting: {cuts} cuts");
}
