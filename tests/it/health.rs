//! What the box says when its file is damaged, and how a store ends that its own writer lets go of.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use boxoffice::app::Ctx;
use boxoffice::ops;
use boxoffice::store::{Storage, Store, Tx};
use redb::{Database, TableDefinition};
use serde_json::json;
use tempfile::tempdir;

use crate::kit::{Refused, hold, queue, run};
use crate::support::fixture::a_box;
use crate::support::{Client, TestBox};

/// A name that stands nowhere else in the file.
const NAME: &str = "Nightingale-Quartz";

/// Changes one letter of [`NAME`] wherever it stands in the file; answers how often that was.
fn spoil(file: &Path) -> usize {
    let bytes = std::fs::read(file).expect("the file");
    let open = OpenOptions::new().write(true).open(file).expect("the file");
    let places: Vec<usize> = bytes
        .windows(NAME.len())
        .enumerate()
        .filter(|(_, window)| *window == NAME.as_bytes())
        .map(|(place, _)| place)
        .collect();
    for place in &places {
        open.write_all_at(b"P", *place as u64).expect("a write");
    }
    places.len()
}

async fn named(api: &Client) {
    let body = json!({"firstName": NAME, "lastName": "Q", "email": "q@example.com"});
    let made = api.post("/customers", body).await;
    assert_eq!(made.status, 201, "{}", made.told());
}

fn check(file: &Path) -> (bool, String) {
    let folder = file.parent().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    let output = command
        .args(["check", "--data"])
        .arg(folder)
        .output()
        .expect("the program");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

fn status(folder: &Path) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    let output = command.args(["status", "--data"]).arg(folder).output();
    let output = output.expect("the program");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (output.status.code(), text)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_says_whether_the_box_runs_and_is_well() {
    let folder = tempdir().expect("a folder");
    let bx = a_box().in_folder(folder.path()).await;
    let (code, text) = status(folder.path());
    let running = format!("running on http://{}\nready\n", bx.address());
    let jobs = text.strip_prefix(&running).expect("it runs, and is ready");
    assert_eq!(code, Some(0), "{text}");
    // And what it does by itself.
    assert!(jobs.lines().all(|line| line.starts_with("job ")), "{text}");
    assert!(text.contains("\njob webhooks: "), "{text}");
    named(&bx.api()).await;
    assert!(spoil(&folder.path().join("boxoffice.redb")) > 0);
    checked(&bx).await;
    let (code, text) = status(folder.path());
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("the data file is damaged"), "{text}");
    assert!(!text.contains("ready"), "{text}");
    bx.stop().await;
    let sound = tempdir().expect("a folder");
    a_box().in_folder(sound.path()).seed(2).await.stop().await;
    let (code, text) = status(sound.path());
    assert_eq!(
        (code, text.as_str()),
        (Some(1), "not running; the data file can be opened\n")
    );
    // One that looks makes no folder.
    let (code, text) = status(&sound.path().join("nowhere"));
    assert_ne!(code, Some(0), "{text}");
    assert!(!sound.path().join("nowhere").exists());
}

#[tokio::test]
async fn a_changed_letter_in_a_name_is_found_by_a_check() {
    let folder = tempdir().expect("a folder");
    let file = folder.path().join("boxoffice.redb");
    let bx = a_box().in_folder(folder.path()).await;
    named(&bx.api()).await;
    bx.stop().await;
    assert!(check(&file).0, "a sound file is sound");
    assert!(spoil(&file) > 0);
    let (sound, text) = check(&file);
    assert!(!sound, "{text}");
    assert!(text.contains("damaged"), "{text}");
    assert!(text.contains("bring a backup back"), "{text}");
    assert_eq!(text.lines().filter(|l| l.contains("damaged")).count(), 1);
    assert!(!text.contains("panicked"), "{text}");
}

#[tokio::test]
async fn damage_is_found_beside_a_working_box_and_readyz_says_so() {
    let folder = tempdir().expect("a folder");
    let file = folder.path().join("boxoffice.redb");
    let bx = a_box().in_folder(folder.path()).await;
    named(&bx.api()).await;
    let ready = bx.anonymous().get(bx.url("/readyz")).await;
    assert_eq!((ready.status, ready.text.as_str()), (200, "ready\n"));
    assert!(spoil(&file) > 0);
    let report = checked(&bx).await;
    assert!(
        report.len() == 1 && report[0].contains("damaged"),
        "{report:?}"
    );
    let ready = bx.anonymous().get(bx.url("/readyz")).await;
    assert_eq!(ready.status, 503);
    assert!(ready.text.contains("the data file is damaged"), "{ready:?}");
    assert!(ready.text.contains("boxoffice check"), "{ready:?}");
    // What can be read is read on.
    let list = bx.api().get("/customers").await;
    assert_eq!(list.status, 200, "{}", list.told());
}

async fn checked(bx: &TestBox) -> Vec<String> {
    let ctx = Ctx::system(bx.app());
    let report = tokio::task::spawn_blocking(move || ops::upkeep::check(&ctx));
    let report = report.await.expect("no panic").expect("a report");
    report.findings.iter().map(ToString::to_string).collect()
}

/// The check looks at pages that the writer would like to use again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_beside_writers_raises_no_false_alarm() {
    let folder = tempdir().expect("a folder");
    let bx = Arc::new(a_box().in_folder(folder.path()).await);
    let writing = {
        let bx = Arc::clone(&bx);
        tokio::spawn(async move {
            for n in 0..400 {
                let body = json!({"firstName": "A", "lastName": "B",
                                  "email": format!("q{n}@example.com")});
                let made = bx.api().post("/customers", body).await;
                assert_eq!(made.status, 201, "{}", made.told());
            }
        })
    };
    let mut checks = 0;
    while !writing.is_finished() || checks == 0 {
        assert_eq!(checked(&bx).await, Vec::<String>::new());
        checks += 1;
    }
    writing.await.expect("all are written");
}

#[tokio::test]
async fn a_record_that_makes_no_sense_is_damage_too() {
    const CUSTOMERS: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("customers");
    let folder = tempdir().expect("a folder");
    let file = folder.path().join("boxoffice.redb");
    let bx = a_box().in_folder(folder.path()).await;
    named(&bx.api()).await;
    bx.stop().await;
    let database = Database::open(&file).expect("the file");
    let writing = database.begin_write().expect("a transaction");
    {
        let mut rows = writing.open_table(CUSTOMERS).expect("customers");
        rows.insert(1_u64.to_be_bytes().as_slice(), b"\xffnonsense".as_slice())
            .expect("a row");
    }
    writing.commit().expect("a commit");
    drop(database);

    let bx = a_box().in_folder(folder.path()).seed(2).await;
    let answer = bx.api().get("/customers/000000000000000000000001").await;
    assert_eq!(answer.status, 500, "{}", answer.told());
    let ready = bx.anonymous().get(bx.url("/readyz")).await;
    assert_eq!(ready.status, 503);
    assert!(ready.text.contains("customers"), "{ready:?}");
}

/// Pages at random places; whatever they hold, there is one line and no panic in sight.
#[test]
fn a_file_with_spoiled_pages_is_named_in_one_line() {
    run(async {
        for place in [0_usize, 40, 300, 4_096, 9_000, 20_000, 50_000] {
            let folder = tempdir().expect("a folder");
            let file = folder.path().join("boxoffice.redb");
            let bx = a_box().in_folder(folder.path()).await;
            named(&bx.api()).await;
            bx.stop().await;
            let open = OpenOptions::new().write(true).open(&file).expect("a file");
            open.write_all_at(&[0xa5; 200], place as u64)
                .expect("a write");
            drop(open);
            let (sound, text) = check(&file);
            // Some places hold nothing.
            if sound {
                continue;
            }
            assert_eq!(text.lines().count(), 1, "{place}: {text}");
            assert!(!text.contains("panicked"), "{place}: {text}");
        }
    });
}

// ---- the last holder of a store

/// Whoever asks the writer for something may go away; then the command is the last that holds the
/// store, and lets go of it in the writer's own thread.
#[test]
fn a_store_may_be_let_go_of_by_its_own_writer() {
    run(async {
        let store = Arc::new(Store::open(Storage::Memory).expect("a store"));
        let (gone, told) = std::sync::mpsc::channel::<()>();
        let last = Arc::clone(&store);
        let weak = Arc::downgrade(&store);
        {
            let holder = hold(&store).await.expect("a store that works");
            let write = store.write(move |_: &mut Tx<'_>| {
                // Dropped after the store, so that the test hears when that is over.
                let _told_last = gone;
                drop(last);
                Ok::<(), Refused>(())
            });
            drop(queue(write).await);
            // From here on the command is all that is left.
            let release = holder.release();
            drop(store);
            drop(release);
        }
        let patience = std::time::Duration::from_secs(20);
        let heard = told.recv_timeout(patience);
        assert_eq!(heard, Err(std::sync::mpsc::RecvTimeoutError::Disconnected));
        assert!(weak.upgrade().is_none());
    });
}
