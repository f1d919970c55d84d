//! `assets/console` is what `web/` builds: seen without Node, by the hashes that the build leaves.

use sha2::{Digest as _, Sha256};

use super::files::{ROOT, files, read};

/// What the build is made of, beside `web/src`. `web/vite.config.js` counts the same.
const LOOSE: &[&str] = &[
    "index.html",
    "package-lock.json",
    "package.json",
    "svelte.config.js",
    "tsconfig.json",
    "vite.config.js",
];

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The hash of files: of a line each, in the order of their bytes.
fn hash_of(folder: &str, names: &[String]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for name in names {
        let path = std::path::Path::new(ROOT).join(folder).join(name);
        let bytes = std::fs::read(&path).unwrap_or_default();
        lines.push(format!("{name} {}\n", sha256(&bytes)));
    }
    lines.sort();
    sha256(lines.concat().as_bytes())
}

/// The files below a folder, named from another one.
fn below(folder: &str, from: &str) -> Vec<String> {
    let begin = format!("{from}/");
    let names = files(folder).into_iter();
    names
        .map(|name| name.strip_prefix(&begin).unwrap_or(&name).to_owned())
        .collect()
}

#[test]
fn the_console_is_built_of_these_sources() {
    let mut sources = below("web/src", "web");
    assert!(sources.len() > 20, "the sources are no longer recognised");
    sources.extend(LOOSE.iter().map(|name| (*name).to_owned()));
    let mut built = below("assets/console", "assets/console");
    built.retain(|name| name != "build.sha256");
    let wanted = format!(
        "sources {}\nfiles {}\n",
        hash_of("web", &sources),
        hash_of("assets/console", &built)
    );
    let noted = read("assets/console/build.sha256");
    assert_eq!(
        noted, wanted,
        "assets/console is stale or was touched: run `npm ci && npm run build` in web/"
    );
}
