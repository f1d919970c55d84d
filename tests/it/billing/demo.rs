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

/// Reads until a line has `words`; answers it.
fn line_with(from: &mut Option<impl Read>, words: &str) -> String {
    let lines = BufReader::new(from.as_mut().expect("a pipe")).lines();
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

fn kill(mut child: Child) {
    child.kill().expect("it runs");
    child.wait().expect("it ends");
}

const SERVE: &str = "serve --listen 127.0.0.1:0";
const DEMO: &str = "serve --listen 127.0.0.1:0 --demo";

#[test]
fn a_demo_that_was_cut_off_is_put_in_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut cut_off = boxoffice(folder.path(), DEMO).spawn().expect("it starts");
    line_with(&mut cut_off.stderr, "demo.begun");
    std::thread::sleep(std::time::Duration::from_millis(50));
    kill(cut_off);
    // Nobody goes on with a half.
    for words in [SERVE, "token create --name script"] {
        let refused = boxoffice(folder.path(), words).output().expect("it runs");
        let text = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(1), "{words}: {text}");
        assert!(text.contains("start with --demo"), "{words}: {text}");
    }
    let mut whole = boxoffice(folder.path(), DEMO).spawn().expect("it starts");
    // Not before the demo is whole does it listen.
    line_with(&mut whole.stdout, "login: demo");
    kill(whole);
    let customers = boxoffice(folder.path(), "export customers").output();
    let customers = customers.expect("it runs").stdout;
    let lines = customers.split(|byte| *byte == b'\n');
    assert_eq!(lines.filter(|line| !line.is_empty()).count(), 200);
    let check = boxoffice(folder.path(), "check").output().expect("it runs");
    assert!(check.status.success());
    // A third start takes it as it is.
    let mut again = boxoffice(folder.path(), DEMO).spawn().expect("it starts");
    line_with(&mut again.stdout, "the data folder is not empty");
    kill(again);
}
