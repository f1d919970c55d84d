//! The demo, killed while it is put in: the program itself, as a process of its own.

use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// `boxoffice` with these words on the data folder.
fn boxoffice(folder: &Path, words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    command.args(words.split(' ')).arg("--data").arg(folder);
    command.stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Reads on until a line has `words`; answers it.
fn line_with(lines: &mut impl Iterator<Item = std::io::Result<String>>, words: &str) -> String {
    let mut seen = Vec::new();
    for line in lines {
        let line = line.expect("text");
        if line.contains(words) {
            return line;
        }
        seen.push(line);
    }
    panic!("no {words:?} in {seen:?}");
}

fn lines_of(pipe: Option<impl Read>) -> impl Iterator<Item = std::io::Result<String>> {
    BufReader::new(pipe.expect("a pipe")).lines()
}

/// A box that is killed when it is let go.
struct Served(Child);

impl Served {
    fn start(folder: &Path, words: &str) -> Served {
        Served(boxoffice(folder, words).spawn().expect("it starts"))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const SERVE: &str = "serve --listen 127.0.0.1:0";
const DEMO: &str = "serve --listen 127.0.0.1:0 --demo";

#[test]
fn a_demo_that_was_cut_off_is_put_in_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut cut_off = Served::start(folder.path(), DEMO);
    let mut log = lines_of(cut_off.0.stderr.take());
    line_with(&mut log, "demo.begun");
    drop(cut_off);
    // Nobody goes on with a half.
    for words in [SERVE, "token create --name script"] {
        let refused = boxoffice(folder.path(), words).output().expect("it runs");
        let text = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(1), "{words}: {text}");
        assert!(text.contains("start with --demo"), "{words}: {text}");
    }
    let mut whole = Served::start(folder.path(), DEMO);
    let mut out = lines_of(whole.0.stdout.take());
    // It listens when the demo is whole, and not before.
    let first = out.next().expect("a line").expect("text");
    assert!(first.starts_with("listening on http://"), "{first}");
    line_with(&mut out, "login: demo");
    drop(whole);
    let customers = boxoffice(folder.path(), "export customers").output();
    let customers = customers.expect("it runs").stdout;
    let lines = customers.split(|byte| *byte == b'\n');
    assert_eq!(lines.filter(|line| !line.is_empty()).count(), 200);
    let check = boxoffice(folder.path(), "check").output().expect("it runs");
    assert!(check.status.success());
    // A third start takes it as it is.
    let mut again = Served::start(folder.path(), DEMO);
    let mut out = lines_of(again.0.stdout.take());
    line_with(&mut out, "the data folder is not empty");
}
