//! The commands that import, with a box running and without one.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Output;

use boxoffice::control::ask_import;
use boxoffice::control::command::{Import, Imported};
use boxoffice::domain::catalogue::content::Channel;
use boxoffice::ops::imports::Reader;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{LIST, airs, all, guide, is_clean, packed, quiet, shown};
use crate::support::fixture::a_box;

pub fn written(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("a file");
    path
}

pub async fn boxoffice(words: &[&str], data: &Path) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    command.args(words).arg("--data").arg(data).arg("--create");
    let run = tokio::task::spawn_blocking(move || command.output());
    run.await.expect("no panic").expect("the program runs")
}

pub fn out(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn failed(output: &Output) -> String {
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
    let bx = a_box().in_folder(&data).await;
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
        format!("<html><channel></tv>{inner}"),
    );
    let error =
        failed(&boxoffice(&["import", "xmltv", broken.to_str().expect("text")], &data).await);
    assert!(
        error.starts_with("boxoffice: line 1: this is no XMLTV guide: it begins with <html>"),
        "{error}"
    );
    is_clean(&bx);
    bx.stop().await;
}

/// Gives the beginning of a list, and then nothing until it is let go.
struct Slow {
    front: Cursor<&'static [u8]>,
    /// The beginning was taken.
    taken: Option<tokio::sync::oneshot::Sender<()>>,
    let_go: std::sync::mpsc::Receiver<()>,
}

impl std::io::Read for Slow {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = std::io::Read::read(&mut self.front, into)?;
        if count == 0 {
            if let Some(taken) = self.taken.take() {
                let _ = taken.send(());
            }
            let _ = self.let_go.recv();
        }
        Ok(count)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_an_import() {
    let folder = tempfile::tempdir().expect("a folder");
    let bx = a_box().in_folder(folder.path()).await;
    let (hold, let_go) = std::sync::mpsc::channel();
    let (taken, is_taken) = tokio::sync::oneshot::channel();
    let taken = Some(taken);
    let front = Cursor::new(LIST.as_bytes());
    let mut content: Option<Reader> = Some(Box::new(Slow {
        front,
        taken,
        let_go,
    }));
    let command = Import::new(Imported::M3u);
    let progress = quiet();
    let asking = ask_import(folder.path(), &command, &mut content, &progress);
    let stopping = async {
        is_taken.await.expect("the import is under way");
        let stopped = tokio::time::timeout(std::time::Duration::from_secs(10), bx.stop()).await;
        drop(hold);
        stopped
    };
    let (asked, stopped) = tokio::join!(asking, stopping);
    assert!(stopped.is_ok(), "the box waits");
    // The stop may also come before the box has begun to answer.
    let told = asked.map(|_| ()).expect_err("no answer").to_string();
    let words = ["the box goes down", "silent", "did not answer"];
    assert!(words.iter().any(|words| told.contains(words)), "{told}");
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
                Some("/picky")
                    if request.contains("user-agent: Player/1\r\n")
                        && request.contains("x-key: k1\r\n") =>
                {
                    (format!("200 OK\r\nContent-Length: {}", body.len()), &body)
                }
                Some("/picky") => ("403 Forbidden\r\nContent-Length: 0".to_owned(), b""),
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
    let bx = a_box().in_folder(&data).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_asked_as_it_wants_to_be_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let picky = format!("{}/picky", web_server().await);
    let error = failed(&boxoffice(&["import", "m3u", &picky], &data).await);
    assert!(error.contains("403 Forbidden: it may want"), "{error}");
    let asked = [
        "import",
        "m3u",
        &picky,
        "--user-agent",
        "Player/1",
        "--header",
        "X-Key: k1",
    ];
    let told = out(&boxoffice(&asked, &data).await);
    assert!(told.starts_with("channels: 3 created\n"), "{told}");
    for (words, told) in [
        (
            ["--header", "no colon secret"],
            "--header: must be a name, a colon and a value",
        ),
        (
            ["--header", "a b: secret"],
            "--header: what stands before the colon",
        ),
        (["--header", "Host: secret"], "--header: host cannot be set"),
        (
            ["--user-agent", "se\ncret"],
            "--user-agent: has no usable value",
        ),
    ] {
        let asked = [&["import", "m3u", picky.as_str()][..], &words].concat();
        let error = failed(&boxoffice(&asked, &data).await);
        assert!(error.contains(told) && !error.contains("secret"), "{error}");
    }
    let list = written(folder.path(), "list.m3u", LIST);
    let asked = [
        "import",
        "m3u",
        list.to_str().expect("text"),
        "--user-agent",
        "x",
    ];
    let error = failed(&boxoffice(&asked, &data).await);
    assert!(error.contains("are for a source at an address"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_taken_back_by_the_name_of_its_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let list = written(folder.path(), "list.m3u", LIST);
    let list = list.to_str().expect("text");
    out(&boxoffice(&["import", "m3u", list], &data).await);
    let told = out(&boxoffice(&["channel", "list"], &data).await);
    assert_eq!(told.lines().count(), 3);
    assert!(
        told.starts_with(&format!("1\t1\tOne\tshown\t{list}\n")),
        "{told}"
    );
    let told = out(&boxoffice(&["channel", "hide", "1", "2"], &data).await);
    assert_eq!(told, "1 One is hidden\n22 Two, for children is hidden\n");
    out(&boxoffice(&["channel", "show", "1", "2"], &data).await);
    let less = LIST
        .replace("One", "Eins")
        .replace("one.example", "eins.example");
    std::fs::write(list, less).expect("a file");
    let dry = ["import", "m3u", list, "--remove-missing", "--dry-run"];
    let told = out(&boxoffice(&dry, &data).await);
    assert!(told.contains("channels: 1 would be removed\n"), "{told}");
    assert!(told.contains("would be removed: 1 One\n"), "{told}");
    let done = boxoffice(&["import", "m3u", list, "--remove-missing"], &data).await;
    assert!(out(&done).contains("removed: 1 One\n"), "{done:?}");
    let progress = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(
        progress.contains("no longer in the list: 1 channels and 0 films"),
        "{progress}"
    );
    let told = out(&boxoffice(&["import", "undo", list], &data).await);
    assert!(
        told.starts_with("channels: 1 created\nchannels: 1 removed\n"),
        "{told}"
    );
    out(&boxoffice(&["import", "m3u", list, "--source", "mine"], &data).await);
    let told = out(&boxoffice(&["import", "undo", "mine", "--dry-run"], &data).await);
    assert!(told.contains("channels: 1 would be removed"), "{told}");
    let error = failed(&boxoffice(&["import", "undo", "other"], &data).await);
    assert!(
        error.contains("no import of this list is remembered; there are mine"),
        "{error}"
    );
    let error = failed(&boxoffice(&["channel", "remove", "99"], &data).await);
    assert_eq!(error, "boxoffice: channel 99 not found");
    out(&boxoffice(&["channel", "remove", "2"], &data).await);
    assert!(out(&boxoffice(&["check"], &data).await).starts_with("clean"));
}

#[tokio::test]
async fn packed_lists_are_read_whatever_their_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let plain = written(folder.path(), "list.m3u", LIST);
    let pack = |tool: &str, words: &[&str]| {
        let mut command = std::process::Command::new(tool);
        let done = command.args(words).current_dir(folder.path()).output();
        done.is_ok_and(|done| done.status.success())
    };
    let twice = written(folder.path(), "twice", packed(&packed(LIST.as_bytes())));
    let mut sources = vec![plain, twice];
    for (tool, words, name) in [
        ("xz", &["-k", "-S", ".bin", "list.m3u"][..], "list.m3u.bin"),
        ("zip", &["-q", "list.zip", "list.m3u"], "list.zip"),
    ] {
        // Where the machine has the tool; the forms themselves are tested where they are unpacked.
        if pack(tool, words) {
            sources.push(folder.path().join(name));
        }
    }
    for source in sources {
        let data = tempfile::tempdir().expect("a folder");
        let words = ["import", "m3u", source.to_str().expect("text")];
        let told = out(&boxoffice(&words, data.path()).await);
        assert!(
            told.starts_with("channels: 3 created\n"),
            "{source:?}: {told}"
        );
    }
}
