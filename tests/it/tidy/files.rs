//! The files that the rules are about, and how they are read.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

pub const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Words after whose full stop a sentence goes on.
pub const SHORTENED: &[&str] = &["e.g.", "i.e.", "etc."];

#[track_caller]
pub fn none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[track_caller]
pub fn lists(page: &str, wanted: &[String]) {
    let text = read(page);
    let missing = wanted
        .iter()
        .filter(|wanted| !text.contains(wanted.as_str()));
    let missing: Vec<String> = missing
        .map(|wanted| format!("{page} lacks {wanted}"))
        .collect();
    none(&missing);
}

pub fn read(name: &str) -> String {
    let text = fs::read_to_string(Path::new(ROOT).join(name)).unwrap_or_default();
    assert!(!text.is_empty(), "{name} cannot be read");
    text
}

/// The files of a folder and of those in it; of the root only its own.
pub fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let entries = fs::read_dir(Path::new(ROOT).join(folder));
    for entry in entries.into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let name = format!("{folder}/{name}")
            .trim_start_matches('/')
            .to_owned();
        if entry.path().is_file() {
            found.push(name);
        } else if !folder.is_empty() {
            found.extend(files(&name));
        }
    }
    found
}

/// The files of these folders whose names end so.
pub fn files_of(folders: &str, ending: &str) -> Vec<String> {
    let mut found: Vec<String> = folders.split(' ').flat_map(files).collect();
    found.retain(|name| name.ends_with(ending));
    found
}

/// Every page of Markdown.
pub fn pages() -> Vec<String> {
    let mut pages = files_of("docs assets packaging", ".md");
    pages.extend(files_of("", ".md"));
    assert!(pages.len() > 15, "the pages are not where they were");
    pages
}

/// The lines of a page with their numbers, but for blocks, tables, headings and comments.
pub fn prose(page: &str) -> Vec<(usize, &str)> {
    let mut lines = Vec::new();
    let mut block = false;
    for (number, line) in page.lines().enumerate() {
        let text = line.trim_start();
        if text.starts_with("```") {
            block = !block;
        } else if !block && !text.starts_with(['|', '#']) && !text.starts_with("<!--") {
            lines.push((number + 1, line));
        }
    }
    lines
}

/// What follows the first sentence of a line of prose, if that begins another one.
pub fn second_sentence(line: &str) -> Option<&str> {
    let mut code = false;
    for (at, c) in line.char_indices() {
        code ^= c == '`';
        if code || !".?!".contains(c) {
            continue;
        }
        let word = line[..=at].rsplit([' ', '(']).next().unwrap_or_default();
        let rest = line[at + 1..].trim_start_matches(|c: char| "*_)]\"”".contains(c));
        let next = rest.strip_prefix(' ').unwrap_or_default();
        let begins = next
            .trim_start_matches(|c: char| "*_([\"“".contains(c))
            .starts_with(|c: char| c.is_uppercase() || c == '`');
        // `1.` numbers a list.
        let numbers = word.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        if begins && !numbers && !SHORTENED.contains(&word) {
            return Some(next);
        }
    }
    None
}

/// Every Rust file by its name under `src/`, without the tests at its end.
pub fn sources() -> BTreeMap<String, String> {
    let mut sources = BTreeMap::new();
    for file in files("src") {
        if let Some(name) = file
            .strip_prefix("src/")
            .filter(|name| name.strip_suffix(".rs").is_some())
        {
            let text = read(&file);
            let text = text
                .split("\n#[cfg(test)]\nmod tests {")
                .next()
                .unwrap_or_default();
            sources.insert(name.to_owned(), text.to_owned());
        }
    }
    assert!(sources.len() > 60, "the sources are not where they were");
    sources
}

/// The lines that are no comments, with the place of each.
pub fn code_lines<'t>(name: &str, text: &'t str) -> Vec<(String, &'t str)> {
    let lines = text.lines().enumerate();
    let code = lines.filter(|(_, line)| !line.trim_start().starts_with("//"));
    code.map(|(number, line)| (format!("src/{name}:{}", number + 1), line))
        .collect()
}

/// `wire/alphaott/mod.rs` as `wire`, `alphaott`.
pub fn path_of(name: &str) -> Vec<&str> {
    name.trim_end_matches(".rs")
        .trim_end_matches("/mod")
        .split('/')
        .collect()
}

/// Where `word` stands as a word of its own and not as the rest of a path.
pub fn starts(line: &str, word: &str) -> Vec<usize> {
    let within = |c: char| c.is_ascii_alphanumeric() || "_:$".contains(c);
    let places = line.match_indices(word).map(|(at, _)| at);
    places.filter(|at| !line[..*at].ends_with(within)).collect()
}

pub fn begins_in(line: &str, word: &str) -> bool {
    !starts(line, word).is_empty()
}

/// The lines of a block, from after `opening` to the next line that is only a brace.
pub fn lines_of<'t>(text: &'t str, opening: &str) -> impl Iterator<Item = &'t str> {
    let body = text.split(opening).nth(1).unwrap_or_default();
    body.lines().take_while(|line| *line != "}")
}

/// The text in the first pair of quotes after each `before`.
pub fn quoted_after(text: &str, before: &str) -> Vec<String> {
    let quoted = |rest: &str| rest.split('"').nth(1).map(ToOwned::to_owned);
    text.split(before).skip(1).filter_map(quoted).collect()
}

/// The name that a text begins with.
pub fn word(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect()
}
