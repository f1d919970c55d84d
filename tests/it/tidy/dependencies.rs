//! `docs/dependencies.md` against `Cargo.toml` and the code: each library has its line, and each
//! line says truly where its library is used.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::files::{ROOT, begins_in, code_lines, files_of, none, read, sources};

const PAGE: &str = "docs/dependencies.md";

#[test]
fn every_dependency_has_its_line_and_every_line_its_dependency() {
    let listed = lines(&read(PAGE));
    let names: BTreeSet<&str> = listed.iter().map(|(name, _)| name.as_str()).collect();
    let manifest = read("Cargo.toml");
    let declared: BTreeSet<&str> = ["dependencies", "dev-dependencies"]
        .into_iter()
        .flat_map(|table| declared(&manifest, table))
        .collect();
    assert!(declared.len() > 40, "dependencies are no longer recognised");
    let mut problems = Vec::new();
    for name in declared.difference(&names) {
        problems.push(format!("{PAGE} lacks a line for {name}"));
    }
    for name in names.difference(&declared) {
        problems.push(format!("{PAGE}: {name} is not in Cargo.toml"));
    }
    if names.len() != listed.len() {
        problems.push(format!("{PAGE}: a dependency has more than one line"));
    }
    none(&problems);
}

#[test]
fn every_line_says_where_its_dependency_is_used() {
    let manifest = read("Cargo.toml");
    let for_tests: BTreeSet<&str> = declared(&manifest, "dev-dependencies").collect();
    let program: BTreeMap<String, String> = sources()
        .into_iter()
        .map(|(name, text)| (format!("src/{name}"), text))
        .collect();
    let all = files_of("src tests benches", ".rs");
    let everything: BTreeMap<String, String> = all
        .into_iter()
        .map(|name| (name.clone(), read(&name)))
        .collect();
    let mut problems = Vec::new();
    for (name, places) in lines(&read(PAGE)) {
        let path = format!("{}::", name.replace('-', "_"));
        let code = if for_tests.contains(name.as_str()) {
            &everything
        } else {
            &program
        };
        let users = code.iter().filter(|(file, text)| {
            let mut lines = code_lines(file, text).into_iter();
            lines.any(|(_, line)| begins_in(line, &path))
        });
        let users: Vec<&String> = users.map(|(file, _)| file).collect();
        for place in &places {
            if !users.iter().any(|file| file.starts_with(place)) {
                problems.push(format!("{PAGE}: {name} is not used in {place}"));
            }
        }
        let listed = |file: &str| places.iter().any(|place| file.starts_with(place));
        for file in users.iter().filter(|file| !listed(file)) {
            problems.push(format!("{PAGE}: {name} is also used in {file}"));
        }
    }
    none(&problems);
}

#[test]
fn the_page_names_files_that_exist() {
    let page = read(PAGE);
    let mut problems = Vec::new();
    for quoted in page.split('`').skip(1).step_by(2) {
        let is_path = [".rs", ".toml", "/"]
            .iter()
            .any(|end| quoted.ends_with(end));
        if is_path && !Path::new(ROOT).join(resolved(quoted)).exists() {
            problems.push(format!("{PAGE}: {quoted} does not exist"));
        }
    }
    none(&problems);
}

/// The names in a table of `Cargo.toml`.
fn declared<'m>(manifest: &'m str, table: &str) -> impl Iterator<Item = &'m str> {
    let head = format!("\n[{table}]\n");
    let body = manifest.split(&head).nth(1).unwrap_or_default();
    let lines = body.lines().take_while(|line| !line.starts_with('['));
    lines.filter_map(|line| Some(line.split_once(" = ")?.0))
}

/// Libraries with the places where they are used: of items like ``- `name`, in `this/`, `that/`:``.
fn lines(page: &str) -> Vec<(String, Vec<String>)> {
    let items = page.split("\n- `").skip(1);
    let line = |item: &str| {
        let head = item.split(':').next().unwrap_or_default();
        let mut quoted = head.split('`').step_by(2);
        let name = quoted.next().unwrap_or_default().to_owned();
        (name, quoted.map(resolved).collect())
    };
    items.map(line).collect()
}

/// A path of the page as one of the repository: those of the program begin within `src/`.
fn resolved(path: &str) -> String {
    let in_src = format!("src/{path}");
    if Path::new(ROOT).join(&in_src).exists() {
        in_src
    } else {
        path.to_owned()
    }
}
