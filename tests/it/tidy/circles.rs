//! No circles: no file uses another that uses it, by itself or by way of others, and no folder does
//! so with a folder beside it. Where two files need each other, what both need has a file of its
//! own below them; the `mod.rs` of a folder is its top or its bottom, never both.

use std::collections::{BTreeMap, BTreeSet};

use super::{none, path_of, sources};

/// The floors of `ops`, from the top; what stands on one uses what stands beside or below it.
/// Files that lie loose and are listed nowhere are the ground, which uses none of these.
const FLOORS_OF_OPS: &[&str] = &[
    "command.rs effect.rs",
    "followers/",
    "apply/ demo/ desk/ imports/ exports/ schedule/",
    "rows/ viewing/ partners/ payments/ outbox/ webhooks/",
    "orders/ billing/ peers/ upkeep.rs",
    "services/ customers/ boxes/ catalogue/ staff/ templates/",
];

/// Who uses whom, and what of it.
type Arrows = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

#[test]
fn files_go_in_no_circles() {
    no_circles(&between_files(&sources()));
}

/// Nor does a folder with a folder, or a file, beside it.
#[test]
fn neighbours_go_in_no_circles() {
    no_circles(&between_neighbours(&sources()));
}

#[test]
fn rooms_of_ops_use_only_what_stands_beside_or_below_them() {
    let arrows = between_neighbours(&sources());
    let names = |floor: &&'static str| floor.split(' ').collect::<Vec<_>>();
    let floors: Vec<Vec<&str>> = FLOORS_OF_OPS.iter().map(names).collect();
    let floor_of = |name: &str| {
        let name = name.strip_prefix("ops/")?;
        if name.trim_end_matches('/').contains('/') {
            return None;
        }
        let floor = floors.iter().position(|floor| floor.contains(&name));
        Some(floor.unwrap_or(floors.len()))
    };
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for (from, used) in &arrows {
        let Some(floor) = floor_of(from) else {
            continue;
        };
        seen.insert(from.as_str());
        for (to, uses) in used {
            seen.insert(to.as_str());
            if floor_of(to).is_some_and(|of_to| of_to < floor) {
                problems.extend(uses.iter().map(|line| format!("upwards: {line}")));
            }
            let is_room = to.ends_with('/') && floor_of(to) == Some(floors.len());
            problems.extend(is_room.then(|| format!("{to}: on which floor?")));
        }
    }
    for name in floors.iter().flatten() {
        if !seen.contains(format!("ops/{name}").as_str()) {
            problems.push(format!("ops/{name}: is gone, or uses nothing"));
        }
    }
    none(&problems);
}

/// The test would be of no use if it did not see every way to name a file.
#[test]
fn every_way_to_use_a_file_is_seen() {
    let files = [
        ("a/mod.rs", "mod b;\nuse b::{One, two as other};\n"),
        (
            "a/b.rs",
            "use super::c::{self, inner::{Three, Four}};\nfn x() { c::five() }\n",
        ),
        (
            "a/c/mod.rs",
            "pub mod inner; // use crate::a::b::Nothing;\n",
        ),
        (
            "a/c/inner.rs",
            "fn x<'a>(c: char) -> &'a str { \"crate::d::Text\"; '\"'; crate::d::Six::new() }\n",
        ),
        (
            "d.rs",
            "pub(in crate::a) fn x() { use crate::a; a::b::seven(self::eight) }\n",
        ),
    ];
    let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let seen = between_files(&files.into());
    let mut lines = Vec::new();
    for (from, used) in &seen {
        for (to, items) in used {
            let items: Vec<&str> = items.iter().map(String::as_str).collect();
            lines.push(format!("{from} -> {to}: {}", items.join(", ")));
        }
    }
    let wanted = [
        "a/b.rs -> a/c/inner.rs: Four, Three",
        "a/b.rs -> a/c/mod.rs: five",
        "a/c/inner.rs -> d.rs: Six",
        "a/mod.rs -> a/b.rs: One, two",
        "d.rs -> a/b.rs: seven",
    ];
    assert_eq!(lines, wanted);
    assert_eq!(circles(&seen).len(), 1);
}

#[track_caller]
fn no_circles(arrows: &Arrows) {
    let mut problems = Vec::new();
    for group in circles(arrows) {
        problems.push(format!("{} go in a circle:", group.len()));
        for from in &group {
            for (to, items) in arrows.get(*from).into_iter().flatten() {
                if group.contains(to.as_str()) {
                    let items: Vec<&str> = items.iter().map(String::as_str).collect();
                    problems.push(format!("    {from} -> {to}: {}", items.join(", ")));
                }
            }
        }
    }
    none(&problems);
}

/// The groups whose members all lead to each other.
fn circles(arrows: &Arrows) -> Vec<BTreeSet<&str>> {
    let names = arrows.keys().map(String::as_str);
    let led_to: BTreeMap<&str, BTreeSet<&str>> =
        names.map(|name| (name, led_to(arrows, name))).collect();
    let mut groups = BTreeSet::new();
    for (from, ends) in &led_to {
        let back = |to: &&&str| led_to.get(*to).is_some_and(|ends| ends.contains(from));
        let group: BTreeSet<&str> = ends.iter().filter(back).copied().collect();
        groups.extend((!group.is_empty()).then_some(group));
    }
    groups.into_iter().collect()
}

/// Whatever a name leads to, by itself or by way of others.
fn led_to<'a>(arrows: &'a Arrows, from: &'a str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open = vec![from];
    while let Some(from) = open.pop() {
        let used = arrows.get(from).into_iter().flat_map(BTreeMap::keys);
        open.extend(used.map(String::as_str).filter(|to| found.insert(*to)));
    }
    found
}

/// What folders and loose files use of those beside them.
fn between_neighbours(sources: &BTreeMap<String, String>) -> Arrows {
    let mut arrows = Arrows::new();
    for (from, used) in between_files(sources) {
        for to in used.keys() {
            let (from_side, to_side) = beside(&from, to);
            let listed = arrows
                .entry(from_side)
                .or_default()
                .entry(to_side)
                .or_default();
            listed.insert(format!("{from} -> {to}"));
        }
    }
    arrows
}

/// The folders in which two files lie where their ways part, or the files themselves.
fn beside(from: &str, to: &str) -> (String, String) {
    let (from, to): (Vec<&str>, Vec<&str>) = (from.split('/').collect(), to.split('/').collect());
    let parted = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let side = |path: &[&str]| {
        let end = if parted + 1 < path.len() { "/" } else { "" };
        format!("{}{end}", path[..=parted].join("/"))
    };
    (side(&from), side(&to))
}

/// What every file uses of every other one.
fn between_files(sources: &BTreeMap<String, String>) -> Arrows {
    let tests = |name: &str| name.contains("/tests/") || name.ends_with("/tests.rs");
    let roots = ["lib.rs", "main.rs"];
    let names = sources
        .keys()
        .filter(|name| !tests(name) && !roots.contains(&name.as_str()));
    let modules: BTreeMap<Vec<&str>, &str> =
        names.map(|name| (path_of(name), name.as_str())).collect();
    let mut arrows = Arrows::new();
    for (module, name) in &modules {
        let file = File::read(module, &sources[*name]);
        for path in file.named() {
            // A module by itself is a name for what is used of it elsewhere.
            if modules.contains_key(&path) {
                continue;
            }
            // The longest beginning that is a module; what comes after it is used of it.
            let ends = (1..path.len()).rev();
            let found = ends.filter_map(|end| Some((modules.get(&path[..end])?, path[end])));
            if let Some((used, item)) = found.into_iter().next().filter(|(used, _)| *used != name) {
                let used = arrows
                    .entry((*name).to_owned())
                    .or_default()
                    .entry((*used).to_owned());
                used.or_default().insert(item.to_owned());
            }
        }
    }
    arrows
}

/// A file as it names others.
struct File<'t> {
    module: &'t [&'t str],
    children: BTreeSet<&'t str>,
    /// Whole paths of what it imports, by the names that it has here.
    imported: BTreeMap<&'t str, Vec<&'t str>>,
    /// Paths as they stand in its imports and in its code.
    written: Vec<Vec<&'t str>>,
}

impl<'t> File<'t> {
    fn read(module: &'t [&'t str], text: &'t str) -> Self {
        let tokens = tokens(text);
        let declared = tokens
            .windows(3)
            .filter(|three| three[0] == "mod" && three[2] == ";");
        let mut file = Self {
            module,
            children: declared.map(|three| three[1]).collect(),
            imported: BTreeMap::new(),
            written: Vec::new(),
        };
        let mut rest = tokens.as_slice();
        let mut before = "";
        while let Some((first, after)) = rest.split_first() {
            let mut path = vec![*first];
            rest = after;
            if *first == "use" {
                rest = file.import(after, &[]);
            } else if is_word(first) {
                while let ["::", word, after @ ..] = rest
                    && is_word(word)
                {
                    path.push(word);
                    rest = after;
                }
                // `$crate` is the crate of whoever calls the macro, `<T>::item` has no name here.
                if path.len() > 1 && before != "$" && before != "::" {
                    file.written.push(path);
                }
            }
            before = first;
        }
        file
    }

    /// Reads one branch of an import, and returns what comes after it.
    fn import<'r>(&mut self, tokens: &'r [&'t str], above: &[&'t str]) -> &'r [&'t str] {
        let mut path = above.to_vec();
        let mut rest = tokens;
        let mut alias = None;
        loop {
            match rest {
                ["{", after @ ..] => {
                    rest = after;
                    while let Some(first) = rest.first().filter(|first| **first != "}") {
                        rest = if *first == "," {
                            &rest[1..]
                        } else {
                            self.import(rest, &path)
                        };
                    }
                    return rest.get(1..).unwrap_or_default();
                }
                ["as", name, after @ ..] => (alias, rest) = (Some(*name), after),
                ["," | "}" | ";", ..] | [] => break,
                ["::", after @ ..] => rest = after,
                [word, after @ ..] => {
                    path.push(word);
                    rest = after;
                }
            }
        }
        path.pop_if(|last| *last == "self" && !above.is_empty());
        if let (Some(last), Some(whole)) = (path.last(), self.whole(&path)) {
            self.imported.insert(alias.unwrap_or(last), whole);
        }
        self.written.push(path);
        rest
    }

    /// A path from the root of the crate, if it leads anywhere in it.
    fn whole(&self, path: &[&'t str]) -> Option<Vec<&'t str>> {
        let (first, rest) = path.split_first()?;
        let (mut whole, mut rest) = match *first {
            "crate" => (Vec::new(), rest),
            "self" => (self.module.to_vec(), rest),
            "super" => (self.module.to_vec(), path),
            child if self.children.contains(child) => (self.module.to_vec(), path),
            name => (self.imported.get(name)?.clone(), rest),
        };
        while let ["super", after @ ..] = rest {
            whole.pop();
            rest = after;
        }
        whole.extend(rest);
        Some(whole)
    }

    /// Everything that it names inside the crate, by whole paths.
    fn named(&self) -> impl Iterator<Item = Vec<&'t str>> {
        self.written.iter().filter_map(|path| self.whole(path))
    }
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

/// The words and signs of a source, without comments, texts, characters and lifetimes.
fn tokens(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (length, is_code) = match first {
            '/' if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), false),
            '/' if rest.starts_with("/*") => (until(rest, 2, "*/"), false),
            '"' => (quoted(rest), false),
            '\'' => (character(rest), false),
            ':' if rest.starts_with("::") => (2, true),
            'r' | 'b' if raw(rest).is_some() => (raw(rest).unwrap_or_default(), false),
            _ if first.is_ascii_alphanumeric() || first == '_' => {
                let end = |c: char| !c.is_ascii_alphanumeric() && c != '_';
                (rest.find(end).unwrap_or(rest.len()), true)
            }
            _ => (first.len_utf8(), !first.is_whitespace()),
        };
        let (token, after) = rest.split_at(length);
        found.extend(is_code.then_some(token));
        rest = after;
    }
    found
}

/// Where `end` is over that comes after `from`.
fn until(text: &str, from: usize, end: &str) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    rest.find(end)
        .map_or(text.len(), |at| from + at + end.len())
}

fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if c == '"' && !escaped {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    text.len()
}

/// A character, or the apostrophe of a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.chars().skip(1);
    match (chars.next(), chars.next()) {
        (Some('\\'), Some(_)) => until(text, 3, "'"),
        (Some(c), Some('\'')) => c.len_utf8() + 2,
        _ => 1,
    }
}

/// A text between `r#"` and `"#`, with however many signs.
fn raw(text: &str) -> Option<usize> {
    let signs = text.strip_prefix('b').unwrap_or(text).strip_prefix('r')?;
    let count = signs.len() - signs.trim_start_matches('#').len();
    let opening = text.len() - signs.len() + count;
    text[opening..]
        .starts_with('"')
        .then(|| until(text, opening + 1, &format!("\"{}", "#".repeat(count))))
}
