//! Pages of Markdown: what they name exists, and what exists they name.

use std::path::Path;

use super::files::{
    ROOT, files, lines_of, lists, none, pages, prose, quoted_after, read, second_sentence, sources,
    word,
};

#[test]
fn pages_have_one_sentence_a_line() {
    let mut problems = Vec::new();
    for name in pages() {
        for (number, line) in prose(&read(&name)) {
            if let Some(second) = second_sentence(line) {
                problems.push(format!("{name}:{number}: a line of its own for: {second}"));
            }
        }
    }
    none(&problems);
    assert_eq!(
        second_sentence("Once (or twice?). `Three` times."),
        Some("`Three` times.")
    );
    assert_eq!(
        second_sentence("**Once.** [Twice](a.md)"),
        Some("[Twice](a.md)")
    );
    assert_eq!(
        second_sentence("1. See `a. B`, e.g. Those, and so on …"),
        None
    );
}

#[test]
fn architecture_names_what_exists() {
    let page = read("ARCHITECTURE.md");
    let mut problems = Vec::new();
    let mut paths = 0;
    for quoted in page.split('`').skip(1).step_by(2) {
        // `ops/orders/mod.rs::place` names a file too.
        let path = quoted.split("::").next().unwrap_or_default();
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
        let ends = [".rs", ".md", ".toml", ".py"];
        let file = path.contains('/') || ends.iter().any(|end| path.ends_with(end));
        if file && path.chars().all(plain) && !path.starts_with('/') {
            paths += 1;
            let there = |base: &str| Path::new(ROOT).join(base).join(path).exists();
            if !there("") && !there("src") {
                problems.push(format!("ARCHITECTURE.md: {path} does not exist"));
            }
        }
    }
    assert!(paths > 40, "the page's paths are no longer recognised");
    none(&problems);
}

#[test]
fn readme_lists_settings_commands_flags_figures_and_paths() {
    let mut wanted = Vec::new();
    let config = files("src/config")
        .iter()
        .map(|file| read(file))
        .collect::<String>();
    for setting in settings(&config, "Config") {
        let variable = setting.to_uppercase().replace('.', "__");
        wanted.push(format!("| `{setting}` |"));
        wanted.push(format!("| `BOXOFFICE_{variable}` |"));
    }
    let cli = files("src/cli")
        .iter()
        .map(|file| read(file))
        .collect::<String>();
    for command in variants(&cli, "Command") {
        // A command with commands of its own carries an enum, others a struct or nothing.
        let inner = variants(&cli, &command);
        let words = inner.iter().map(|inner| format!(" {}", kebab(inner)));
        let words = if inner.is_empty() {
            vec![String::new()]
        } else {
            words.collect()
        };
        wanted.extend(
            words
                .iter()
                .map(|more| format!("| `boxoffice {}{more}", kebab(&command))),
        );
    }
    assert!(
        wanted.len() > 65,
        "settings or commands are no longer recognised"
    );
    for declared in cli.split("#[arg(long").skip(1) {
        let mut lines = declared.lines().skip(1).map(str::trim);
        let field = word(
            lines
                .find(|line| !line.starts_with('#'))
                .unwrap_or_default(),
        );
        wanted.push(format!("--{}", field.replace('_', "-")));
    }
    for figure in quoted_after(&read("src/app/telemetry.rs"), "registry.register(") {
        wanted.push(format!("`boxoffice_{figure}`"));
    }
    let paths = quoted_after(&read("src/wire/site.rs"), ".route(");
    wanted.extend(
        paths
            .iter()
            .filter(|path| *path != "/docs/")
            .map(|path| format!("`{path}`")),
    );
    lists("README.md", &wanted);
}

#[test]
fn docs_list_every_operation() {
    let (mut wanted, mut of_console) = (Vec::new(), Vec::new());
    for (name, text) in &sources() {
        let wanted = if name.starts_with("wire/console/") {
            &mut of_console
        } else {
            &mut wanted
        };
        for declared in text.split("#[utoipa::path(").skip(1) {
            let method = word(declared.trim_start()).to_uppercase();
            let path = quoted_after(declared, "path = ").into_iter().next();
            wanted.push(format!("| `{method} {}` |", path.unwrap_or_default()));
        }
    }
    assert!(wanted.len() > 40, "operations are no longer recognised");
    lists("docs/alphaott.md", &wanted);
    assert!(
        of_console.len() > 10,
        "the pages' paths are no longer recognised"
    );
    lists("docs/console-api.md", &of_console);
    let paths = quoted_after(&read("src/wire/console/mod.rs"), ".route(");
    assert!(
        paths.len() > 6,
        "the console's paths are no longer recognised"
    );
    let wanted: Vec<String> = paths.iter().map(|path| format!("{path}`")).collect();
    lists("docs/console-api.md", &wanted);
}

/// Dotted names of all settings: the fields of a struct, and those of the structs in it.
fn settings(config: &str, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in lines_of(config, &format!("pub struct {name} {{\n")) {
        let declared = line
            .trim()
            .strip_prefix("pub ")
            .and_then(|line| line.split_once(": "));
        let Some((field, kind)) = declared else {
            continue;
        };
        let inner = settings(config, kind.trim_end_matches(','));
        if inner.is_empty() {
            found.push(field.to_owned());
        }
        found.extend(inner.into_iter().map(|inner| format!("{field}.{inner}")));
    }
    found
}

/// The variants of an enum.
fn variants(code: &str, name: &str) -> Vec<String> {
    let opening = format!("enum {name} {{\n");
    let lines = lines_of(code, &opening).filter_map(|line| line.strip_prefix("    "));
    lines
        .map(word)
        .filter(|name| name.starts_with(|c: char| c.is_ascii_uppercase()))
        .collect()
}

/// `TestClock` as `test-clock`.
fn kebab(name: &str) -> String {
    let dashed = name
        .chars()
        .flat_map(|c| c.is_uppercase().then_some('-').into_iter().chain([c]));
    dashed
        .collect::<String>()
        .trim_start_matches('-')
        .to_lowercase()
}
