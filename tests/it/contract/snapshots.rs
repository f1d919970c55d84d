//! Contracts as texts: the API documents, the command line, the settings, the stored layout. A
//! change of one is a change of its snapshot, which review sees line by line.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::path::Path;
use std::process::Command;

use boxoffice::config;
use boxoffice::store::schema::{RecordVisitor, for_every_record};
use boxoffice::store::{LAYOUT, Record, Table};

use super::keeps;
use crate::support::fixture::a_box;

#[tokio::test]
async fn the_openapi_document_is_the_one_that_was_agreed() {
    let bx = a_box().await;
    let document = bx.anonymous().get(bx.url("/docs/openapi.json")).await;
    let document = document.expect(200);
    let lines = serde_json::to_string_pretty(&document).expect("JSON");
    keeps("openapi", &lines);
}

/// The pages are built against the file: types are made of it.
#[tokio::test]
async fn the_consoles_document_is_the_one_that_was_agreed() {
    let bx = a_box().await;
    let document = bx.anonymous().get(bx.url("/docs/console.json")).await;
    let mut document = document.expect(200);
    // A new version of the program is no other contract.
    document["info"]["version"] = "1".into();
    let lines = serde_json::to_string_pretty(&document).expect("JSON") + "\n";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/openapi/console.json");
    if std::env::var_os("INSTA_UPDATE").is_some_and(|how| how == "always") {
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(&file, &lines).expect("the file is written");
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    let differs = kept
        .lines()
        .zip(lines.lines())
        .find(|(kept, is)| kept != is);
    assert!(
        kept == lines,
        "assets/openapi/console.json is not what is served, at {differs:?}: accept it with \
         INSTA_UPDATE=always cargo test --locked contract"
    );
}

#[tokio::test]
async fn the_graphql_schema_is_the_one_that_was_agreed() {
    let bx = a_box().await;
    let schema = bx.anonymous().get(bx.url("/docs/activity.graphql")).await;
    assert_eq!(schema.status, 200);
    keeps("activity.graphql", &schema.text);
}

/// The help of a command, and those of the commands in it.
fn help_of(words: &[&str], text: &mut String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    let output = command.args(words).arg("--help").output();
    let output = output.expect("the program");
    assert!(output.status.success(), "{words:?}: {output:?}");
    let help = String::from_utf8(output.stdout).expect("text");
    let asked = [&["boxoffice"], words, &["--help"]].concat().join(" ");
    text.push_str(&format!("$ {asked}\n"));
    for line in help.lines() {
        // Where there is nothing to say, blanks stand for it.
        text.push_str(&format!("{}\n", line.trim_end()));
    }
    text.push('\n');
    let listed = help.split("Commands:\n").nth(1).unwrap_or_default();
    for line in listed.lines().take_while(|line| line.starts_with("  ")) {
        // Names stand two blanks in; what is further in belongs to the name before.
        let name = line[2..].split(' ').next().unwrap_or_default();
        if !name.is_empty() && name != "help" {
            help_of(&[words, &[name]].concat(), text);
        }
    }
}

#[test]
fn every_command_says_what_was_agreed() {
    let mut text = String::new();
    help_of(&[], &mut text);
    let commands = text.lines().filter(|line| line.starts_with("$ ")).count();
    assert!(commands > 30, "only {commands} commands are recognised");
    keeps("help", &text);
}

#[test]
fn every_setting_has_the_default_that_was_agreed() {
    let settings = config::settings().expect("the settings");
    let lines = settings.iter().map(|setting| {
        let secret = if setting.is_secret { "  # secret" } else { "" };
        format!("{} = {}{secret}\n", setting.name, setting.default)
    });
    keeps("settings", &lines.collect::<String>());
}

/// A line for every kind of record: its table, name, version and indexes.
#[derive(Default)]
struct Layout {
    lines: String,
    named: BTreeSet<&'static str>,
}

impl RecordVisitor for Layout {
    type Error = Infallible;

    fn visit<R: Record>(&mut self) -> Result<(), Infallible> {
        let name = std::any::type_name::<R>();
        let name = name.rsplit("::").next().unwrap_or_default();
        let table = R::TABLE.name();
        self.named.insert(table);
        self.lines
            .push_str(&format!("{table}: {name} v{}\n", R::VERSION));
        for index in R::INDEXES {
            self.named.insert(index.name());
            self.lines.push_str(&format!("  {}\n", index.name()));
        }
        Ok(())
    }
}

#[test]
fn the_stored_layout_is_the_one_that_was_agreed() {
    let mut layout = Layout::default();
    let Ok(()) = for_every_record(&mut layout);
    let mut text = format!("layout {LAYOUT}\n\n");
    for table in Table::ALL {
        if !layout.named.contains(table.name()) {
            text.push_str(&format!("{}: no records\n", table.name()));
        }
    }
    keeps("layout", &(text + &layout.lines));
}

/// What was agreed and is looked at by no test any more is no contract.
#[test]
fn every_snapshot_has_its_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let tests = ["atlas", "snapshots"].map(|name| {
        let path = folder.join(format!("contract/{name}.rs"));
        std::fs::read_to_string(path).expect("a file of tests")
    });
    let tests = tests.concat();
    let files = std::fs::read_dir(folder.join("snapshots")).expect("the snapshots");
    let mut names = Vec::new();
    for file in files {
        let name = file.expect("a file").file_name();
        names.push(name.into_string().expect("a name"));
    }
    names.sort_unstable();
    assert!(names.len() > 5, "{names:?}");
    for name in names {
        let kept = name.strip_suffix(".snap");
        let kept = kept.unwrap_or_else(|| panic!("{name} is no snapshot"));
        let call = format!("keeps(\"{kept}\", ");
        assert!(tests.contains(&call), "no test keeps {name}");
    }
}

#[test]
fn a_test_run_accepts_nothing() {
    let settings = Path::new(env!("CARGO_MANIFEST_DIR")).join(".config/insta.yaml");
    let settings = std::fs::read_to_string(settings).expect("the settings of snapshots");
    assert!(settings.contains("update: \"no\""), "{settings}");
}
