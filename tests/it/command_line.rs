//! What the command line says and does where something is not as it should be: one line on standard
//! error that names what is wrong and what to do, exit status 1, nothing made.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::tempdir;

fn boxoffice(words: &[&str], data: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    command.args(words).arg("--data").arg(data);
    command.stdin(std::process::Stdio::null());
    command.output().expect("the program")
}

/// The one line that a refused command says.
fn refusal(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let said: Vec<&str> = text
        .lines()
        .filter(|l| l.starts_with("boxoffice: "))
        .collect();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert_eq!(said.len(), 1, "{text}");
    assert_eq!(output.stdout, b"", "{text}");
    said[0].to_owned()
}

#[test]
fn only_serve_makes_a_box_unless_another_command_is_told_to() {
    let folder = tempdir().expect("a folder");
    let document = folder.path().join("d.json");
    std::fs::write(&document, "{}").expect("a file");
    let list = folder.path().join("l.m3u");
    std::fs::write(&list, "#EXTM3U\n").expect("a file");
    let (document, list) = (document.display().to_string(), list.display().to_string());
    let none = folder.path().join("mistyped");
    for words in [
        &["apply", &document] as &[&str],
        &["import", "m3u", &list],
        &["token", "create", "--name", "x"],
        &["token", "list"],
        &["token", "revoke", "x"],
        &["operator", "list"],
        &["partner", "add", "x", "--name", "X"],
        &["partner", "list"],
        &["check"],
        &["export", "journal"],
    ] {
        let line = refusal(&boxoffice(words, &none));
        assert!(line.contains("there is no data file"), "{words:?}: {line}");
        assert!(line.contains("--create"), "{words:?}: {line}");
        assert!(!none.exists(), "{words:?} made something");
    }
    let made = boxoffice(&["token", "create", "--name", "x", "--create"], &none);
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    assert!(none.join("boxoffice.redb").exists());
    let listed = boxoffice(&["token", "list"], &none);
    assert_eq!(listed.status.code(), Some(0), "{listed:?}");
}

#[test]
fn a_port_that_is_taken_is_named_with_a_way_out() {
    let folder = tempdir().expect("a folder");
    let other = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = other.local_addr().expect("an address").to_string();
    let line = refusal(&boxoffice(&["serve", "--listen", &address], folder.path()));
    assert!(line.contains(&address), "{line}");
    assert!(line.contains("another program listens there"), "{line}");
    let line = refusal(&boxoffice(&["serve", "--listen", "8080"], folder.path()));
    assert!(line.contains("such as 127.0.0.1:8080"), "{line}");
}

#[test]
fn what_is_no_data_file_is_called_so() {
    let folder = tempdir().expect("a folder");
    let file = folder.path().join("boxoffice.redb");
    for content in [b"hello".to_vec(), vec![0x5a; 70_000]] {
        std::fs::write(&file, &content).expect("a file");
        let line = refusal(&boxoffice(&["check"], folder.path()));
        assert!(line.contains("boxoffice.redb"), "{line}");
        assert_eq!(std::fs::read(&file).expect("the file"), content);
    }
}
