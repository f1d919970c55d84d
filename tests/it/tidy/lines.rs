//! How files are written: what they begin with, how long they are, what is left lying about.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::files::{ROOT, files, files_of, none, pages, prose, read, sources};

/// Files of a dialect that implement no section of its reference: bounds the vendor does not have.
const OWN_INVENTIONS: &[&str] = &["wire/alphaott/activity/guard.rs"];

/// Lines that are sent as they stand, by their file and how they begin.
const WIDE: &[(&str, &str)] = &[("src/wire/portal/page.rs", "this.ajax_loader = ")];

const LINES_MAX: usize = 700;

const COLUMNS_MAX: usize = 100;

const FILE_BYTES_MAX: u64 = 1024 * 1024;

#[test]
fn every_file_says_what_it_is_and_stays_small() {
    let mut problems = Vec::new();
    let sources = sources();
    for (name, text) in &sources {
        let folder = format!("{}/", name.trim_end_matches(".rs"));
        if sources.keys().any(|other| other.starts_with(&folder)) {
            problems.push(format!("src/{name}: belongs into {folder} as mod.rs"));
        }
        let mut sections = text.split("alphaott ").skip(1);
        let refers = sections.any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if name.starts_with("wire/alphaott/") && refers == OWN_INVENTIONS.contains(&name.as_str()) {
            problems.push(format!(
                "src/{name}: either names a section (alphaott N) or is listed as our own"
            ));
        }
    }
    let sources = sources
        .into_iter()
        .map(|(name, text)| (format!("src/{name}"), text));
    let others = files_of("tests benches", ".rs").into_iter();
    let others = others.map(|name| (name.clone(), read(&name)));
    for (name, text) in sources.chain(others) {
        if !text.starts_with("//! ") {
            problems.push(format!("{name}: must begin with //! and what it is"));
        }
        let lines = text.lines().count();
        if lines > LINES_MAX {
            problems.push(format!("{name}: {lines} lines, at most {LINES_MAX}"));
        }
    }
    none(&problems);
}

#[test]
fn lines_are_at_most_100_columns() {
    let mut excepted = BTreeSet::new();
    let mut problems = Vec::new();
    let mut wide = |name: &str, number: usize, line: &str| {
        let listed = |(file, begins): &&(&str, &str)| *file == name && line.starts_with(*begins);
        let columns = line.chars().count();
        if columns <= COLUMNS_MAX {
            return;
        }
        if let Some((file, begins)) = WIDE.iter().find(listed) {
            excepted.insert((file, begins));
        } else {
            problems.push(format!(
                "{name}:{number}: {columns} columns, at most {COLUMNS_MAX}"
            ));
        }
    };
    for name in files_of("src tests benches", ".rs") {
        for (number, line) in read(&name).lines().enumerate() {
            wide(&name, number + 1, line);
        }
    }
    for name in pages() {
        for (number, line) in prose(&read(&name)) {
            // An address cannot be broken.
            if line.trim().contains(' ') {
                wide(&name, number, line);
            }
        }
    }
    for (file, begins) in WIDE {
        if !excepted.contains(&(file, begins)) {
            problems.push(format!(
                "{file}: no wide line begins with {begins}: take it off the list"
            ));
        }
    }
    none(&problems);
}

/// Who sleeps waits too long on a good day and too little on a bad one; `eventually` looks, and
/// says what never came.
#[test]
fn no_test_sleeps() {
    let sleep = concat!("sle", "ep(");
    let mut problems = Vec::new();
    for name in files_of("tests/it", ".rs") {
        for (number, line) in read(&name).lines().enumerate() {
            if line.contains(sleep) {
                problems.push(format!("{name}:{}: sleeps", number + 1));
            }
        }
    }
    none(&problems);
}

#[test]
fn nothing_is_left_lying_about() {
    let leftovers = [
        concat!("FIX", "ME"),
        concat!("to", "do!("),
        concat!("unimpl", "emented!("),
        concat!("#[al", "low("),
    ];
    let mut problems = Vec::new();
    let folders = "src tests benches docs assets packaging systemd .ci web/e2e ";
    for name in folders.split(' ').flat_map(files) {
        let path = Path::new(ROOT).join(&name);
        let size = fs::metadata(&path).map_or(0, |metadata| metadata.len());
        if size > FILE_BYTES_MAX {
            problems.push(format!("{name}: {size} bytes, at most {FILE_BYTES_MAX}"));
        }
        // What a build wrote is as it wrote it.
        if name.starts_with("assets/console/") {
            continue;
        }
        // What is no text has no lines.
        let text = fs::read_to_string(&path).unwrap_or_default();
        for (number, line) in text.lines().enumerate() {
            let place = format!("{name}:{}", number + 1);
            if line.ends_with([' ', '\t', '\r']) {
                problems.push(format!("{place}: trailing space"));
            }
            for left in leftovers {
                if name.strip_suffix(".rs").is_some() && line.contains(left) {
                    problems.push(format!("{place}: {left}"));
                }
            }
        }
    }
    none(&problems);
}
