//! What stands before every dialect: who is believed to come from where, what every answer carries,
//! who is refused before an operation sees the request, and how long anybody may take.

mod addresses;
mod foreign_pages;
mod headers;
mod macs;
mod proxies;
mod script_logins;
mod slow_clients;
mod unknown_callers;
mod unread_bodies;
mod words;

use std::collections::BTreeSet;
use std::path::Path;

/// Every path that the sources name in a router or as an operation, with `1` for what is variable.
fn every_path() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/wire");
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a source");
            let name = path
                .strip_prefix(&root)
                .expect("below")
                .display()
                .to_string();
            let (front, markers): (_, &[&str]) = if name.starts_with("alphaott") {
                ("/integration/api", &[".route(", "path = "])
            } else {
                ("", &[".route("])
            };
            for marker in markers {
                for rest in text.split(marker).skip(1) {
                    let quoted = rest.split('"').nth(1).unwrap_or_default();
                    let quoted = quoted.replace("{prefix}", "/marketone/v1");
                    if quoted.starts_with('/') {
                        found.insert(format!("{front}{}", filled(&quoted)));
                    }
                }
            }
        }
    }
    assert!(
        found.len() > 100,
        "paths are no longer recognised: {found:?}"
    );
    found
}

/// `/pay/{code}` as `/pay/1`.
fn filled(path: &str) -> String {
    let part = |part: &str| {
        if part.starts_with('{') {
            "1".to_owned()
        } else {
            part.to_owned()
        }
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}
