//! The rules of the house that would rot silently: who may use whom, what stands where, and docs
//! that list what the code has. Reads files, runs nothing.

mod circles;
mod console_build;
mod dependencies;
mod money;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Who may use whom inside the crate: arrows point down only.
const MAY_USE: &[(&str, &str)] = &[
    ("domain", ""),
    ("listener", ""),
    ("paper", ""),
    ("config", "domain"),
    ("letters", "domain paper"),
    ("store", "domain"),
    ("outbound", "config domain letters"),
    ("app::clock", "domain"),
    ("app::entropy", ""),
    ("app::memory", "app::clock domain"),
    ("app::secrets", "config domain"),
    ("app::telemetry", "config store"),
    (
        "app",
        "app::clock app::entropy app::memory app::secrets app::telemetry config domain outbound \
         store",
    ),
    ("jobs", "app app::clock app::memory domain ops"),
    (
        "ops",
        "app app::memory app::secrets domain letters outbound store",
    ),
    ("wire::kit", "app app::clock app::telemetry domain listener"),
    ("wire::alphaott", "app domain ops wire::kit"),
    (
        "wire::atlas",
        "app ops wire::alphaott wire::console wire::marketone wire::pay wire::portal wire::stalker",
    ),
    ("wire::demo_clip", "app domain ops"),
    ("wire::console", "app domain letters ops paper wire::kit"),
    ("wire::marketone", "app domain ops wire::kit"),
    ("wire::pay", "app domain letters ops wire::kit"),
    ("wire::portal", "app domain ops wire::kit"),
    ("wire::site", "app domain ops wire::kit"),
    ("wire::stalker", "app domain ops wire::kit"),
    (
        "wire",
        "app wire::alphaott wire::console wire::demo_clip wire::kit wire::marketone wire::pay \
         wire::portal wire::site wire::stalker",
    ),
    ("control", "app domain listener ops outbound"),
    (
        "serve",
        "app app::clock app::entropy config control domain jobs listener ops store wire",
    ),
    (
        "cli",
        "app app::clock app::entropy app::telemetry config control domain ops serve store",
    ),
    ("main", ""),
    ("lib", ""),
];

/// Uses beyond the table, each with its reason; one that is no longer needed must go.
const ALSO_USES: &[(&str, &str, &str)] = &[
    (
        "wire::site",
        "wire::console",
        "no dialect itself: browsers get the console's errors, the figures ask for its token",
    ),
    (
        "wire::site",
        "wire::alphaott",
        "shows the schema of the activity query beside the API document",
    ),
];

/// Crates, and where in `src/` they may be named.
const HOMES: &[(&str, &str)] = &[
    ("redb", "store/"),
    ("rustix", "listener/ store/health.rs"),
    ("bincode", "store/codec.rs"),
    ("jiff", "domain/values/calendar.rs"),
    ("iso_currency", "domain/values/money.rs"),
    (
        "axum",
        "wire/ listener/ serve/ control/client.rs control/server.rs control/socket.rs",
    ),
    (
        "http_body",
        "control/socket.rs listener/ wire/portal/guide.rs",
    ),
    ("hyper", "listener/"),
    ("hyper_util", "listener/"),
    ("tower", "listener/"),
    ("tower_http", "wire/mod.rs"),
    ("utoipa", "wire/"),
    ("utoipa_axum", "wire/"),
    ("async_graphql", "wire/alphaott/activity"),
    (
        "serde_json",
        "control/client.rs control/server.rs letters/ ops/ outbound/ wire/",
    ),
    ("chardetng", "ops/imports/charset.rs"),
    ("encoding_rs", "ops/imports/charset.rs ops/imports/text.rs"),
    ("flate2", "ops/imports/unpack.rs wire/console/pages.rs"),
    ("lzma_rust2", "ops/imports/unpack.rs"),
    ("pdf_writer", "paper/"),
    ("subsetter", "paper/"),
    ("ttf_parser", "paper/"),
    ("miniz_oxide", "paper/"),
    ("socket2", "listener/"),
    ("reqwest", "control/client.rs outbound/"),
    ("rustls", "outbound/mod.rs"),
    ("lettre", "outbound/mail.rs"),
    ("clap", "cli/ main.rs"),
    (
        "minijinja",
        "letters/allowed.rs letters/wording.rs outbound/sms.rs",
    ),
    ("toml", "config/"),
    ("argon2", "app/secrets/passwords/"),
    ("jsonwebtoken", "app/secrets/tokens.rs"),
    ("getrandom", "app/entropy.rs"),
    ("prometheus_client", "app/telemetry.rs"),
    (
        "tokio",
        "app/signals.rs app/state.rs cli/ control/ jobs/ \
         app/memory/keyed_locks.rs listener/ \
         ops/apply/mod.rs ops/bulk.rs ops/partners/carrier_calls.rs ops/schedule/clock.rs \
         ops/partners/month_close.rs ops/billing/guard/ ops/imports/ ops/peers/middleware.rs \
         ops/outbox/mod.rs ops/payments/due.rs ops/billing/run.rs ops/partners/subscriptions/ \
         ops/templates/ ops/webhooks/ outbound/ app/secrets/passwords/ serve/ store/mod.rs wire/",
    ),
    (
        "anyhow",
        "app/state.rs cli/ config/ control/client.rs control/server.rs control/socket.rs \
         outbound/carrier.rs outbound/mail.rs \
         outbound/mod.rs outbound/sms.rs app/secrets/passwords/ serve/",
    ),
];

/// Calls, and the files that may make them.
const CALLERS: &[(&str, &str)] = &[
    (".commit()", "store/writer.rs store/migrate.rs"),
    (".begin_write()", "store/writer.rs store/migrate.rs"),
    (".begin_read()", "store/mod.rs store/migrate.rs"),
    ("clock.now()", "app/ctx.rs ops/schedule/clock.rs"),
    (".snapshot()", "ops/"),
    ("ctx.write(", "ops/"),
    ("ctx.write_bulk(", "ops/"),
    (".write_bulk_timed(", "ops/"),
    (".store.write(", "ops/"),
    (".store.write_bulk(", "ops/"),
    (".store.write_blocking(", "app/company.rs app/state.rs"),
];

/// Files of a dialect that implement no section of its reference: bounds the vendor does not have.
const OWN_INVENTIONS: &[&str] = &["wire/alphaott/activity/guard.rs"];

/// Indexes that nothing reads yet.
const UNREAD: &[&str] = &["VouchersByBatch"];

/// Lines that are sent as they stand, by their file and how they begin.
const WIDE: &[(&str, &str)] = &[("src/wire/portal/page.rs", "this.ajax_loader = ")];

/// Words after whose full stop a sentence goes on.
const SHORTENED: &[&str] = &["e.g.", "i.e.", "etc."];

/// How arms over refusals begin.
const REFUSALS: &[&str] = &[
    "Refusal::",
    "OrderRefusal::",
    "MoneyRefusal::",
    "StaffRefusal::",
    "PartnerRefusal::",
];

const LINES_MAX: usize = 700;
const COLUMNS_MAX: usize = 100;
const FILE_BYTES_MAX: u64 = 1024 * 1024;

#[test]
fn modules_use_only_what_lies_below() {
    let table: BTreeMap<_, _> = MAY_USE.iter().copied().collect();
    let mut excepted = BTreeSet::new();
    let mut problems = Vec::new();
    for (name, text) in sources() {
        let module = row(&path_of(&name));
        let Some(allowed) = table.get(module.as_str()) else {
            problems.push(format!("src/{name}: module {module} is not in the table"));
            continue;
        };
        for (place, used) in uses(&name, &text) {
            let listed = |(from, to, _): &&(&str, &str, &str)| *from == module && *to == used;
            if let Some((from, to, _)) = ALSO_USES.iter().find(listed) {
                excepted.insert((from, to));
            } else if used != module && !allowed.split(' ').any(|allowed| allowed == used) {
                problems.push(format!("{place}: {module} must not know {used}"));
            }
        }
    }
    for (from, to, _) in ALSO_USES {
        if !excepted.contains(&(from, to)) {
            problems.push(format!("{from} no longer uses {to}: take it off the list"));
        }
    }
    none(&problems);
}

#[test]
fn crates_and_calls_stay_in_their_homes() {
    let mut problems = Vec::new();
    for (name, text) in sources() {
        let foreign = |homes: &str| !homes.split(' ').any(|home| name.starts_with(home));
        for (place, line) in code_lines(&name, &text) {
            for (krate, homes) in HOMES {
                if foreign(homes) && begins_in(line, &format!("{krate}::")) {
                    problems.push(format!("{place}: names {krate}"));
                }
            }
            for (call, homes) in CALLERS {
                if foreign(homes) && line.contains(call) {
                    problems.push(format!("{place}: calls {call}"));
                }
            }
        }
    }
    none(&problems);
}

/// Every business "no" is a `Refusal`, which travels as an error; whoever words it words every one.
#[test]
fn refusals_are_one_family_and_each_is_worded() {
    let mut problems = Vec::new();
    let mut matches = 0;
    for (name, text) in sources() {
        let code = code_lines(&name, &text);
        let squeezed: String = code.iter().flat_map(|(_, line)| line.split(' ')).collect();
        if squeezed.contains("Result<Result<") {
            problems.push(format!("src/{name}: a result in a result; name what it is"));
        }
        for tuple in squeezed.split("(Option<").skip(1) {
            if options_in_tuple(tuple) > 2 {
                problems.push(format!("src/{name}: a tuple of options; give them names"));
            }
        }
        for (at, (_, line)) in code.iter().enumerate() {
            let arm = line.trim_start().trim_start_matches("| ");
            if !REFUSALS.iter().any(|kind| arm.starts_with(kind)) || !is_arm(&code, at) {
                continue;
            }
            matches += 1;
            let depth = indent(line);
            let deeper = |(_, line): &&(String, &str)| line.is_empty() || indent(line) >= depth;
            let before = code[..at].iter().rev().take_while(deeper);
            let after = code[at..].iter().take_while(deeper);
            let wild = before.chain(after).find(|(_, line)| {
                let pattern = line
                    .trim_start()
                    .split([' ', '@'])
                    .next()
                    .unwrap_or_default();
                let is_name = pattern.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
                indent(line) == depth && is_name && line.contains("=>")
            });
            problems.extend(wild.map(|(place, _)| format!("{place}: words refusals unseen")));
        }
    }
    assert!(
        matches > 150,
        "matches on refusals are no longer recognised"
    );
    problems.dedup();
    none(&problems);
}

#[test]
fn every_file_says_what_it_is_and_stays_small() {
    let mut problems = Vec::new();
    let sources = sources();
    for (name, text) in &sources {
        if !text.starts_with("//! ") {
            problems.push(format!("src/{name}: must begin with //! and what it is"));
        }
        let lines = text.lines().count();
        if lines > LINES_MAX {
            problems.push(format!("src/{name}: {lines} lines, at most {LINES_MAX}"));
        }
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
    let mut wanted = Vec::new();
    for text in sources().values() {
        for declared in text.split("#[utoipa::path(").skip(1) {
            let method = word(declared.trim_start()).to_uppercase();
            let path = quoted_after(declared, "path = ").into_iter().next();
            wanted.push(format!("| `{method} {}` |", path.unwrap_or_default()));
        }
    }
    assert!(wanted.len() > 40, "operations are no longer recognised");
    lists("docs/alphaott.md", &wanted);
    let paths = quoted_after(&read("src/wire/console/mod.rs"), ".route(");
    assert!(
        paths.len() > 6,
        "the console's paths are no longer recognised"
    );
    let wanted: Vec<String> = paths.iter().map(|path| format!("{path}`")).collect();
    lists("docs/console-api.md", &wanted);
}

#[test]
fn every_record_names_its_tables_and_every_table_is_used() {
    let schema = read("src/store/schema/mod.rs");
    let tables = read("src/store/tables.rs");
    let (parts, sources): (BTreeMap<_, _>, BTreeMap<_, _>) = sources()
        .into_iter()
        .partition(|(path, _)| path.starts_with("store/schema"));
    let records: String = parts.into_values().collect();
    let mut problems = Vec::new();
    let mut owners: Vec<(String, String)> = Vec::new();
    let mut searched: BTreeSet<String> = ["Meta", "Sequences", "Blocks"].map(String::from).into();
    let without_record = searched.clone();
    for block in records.split("\nimpl Record for ").skip(1) {
        let block = block.split("\n}\n").next().unwrap_or_default();
        let (head, entries) = block.split_once("fn entries").unwrap_or((block, ""));
        let (own, listed) = head.split_once("const INDEXES").unwrap_or((head, ""));
        let (listed, written) = (tables_in(listed), tables_in(entries));
        if listed != written {
            problems.push(format!(
                "{}: INDEXES {listed:?}, entries {written:?}",
                word(block)
            ));
        }
        owners.extend(
            tables_in(own)
                .union(&listed)
                .map(|t| (t.clone(), word(block))),
        );
        searched.extend(listed);
    }
    for line in lines_of(&schema, "\nunindexed! {\n") {
        let mut words = line.trim().trim_end_matches(';').split(", ");
        if let (Some(record), Some(table)) = (words.next(), words.nth(1)) {
            owners.push((table.to_owned(), record.to_owned()));
        }
    }
    for (_, record) in &owners {
        if !schema.contains(&format!("visitor.visit::<{record}>()")) {
            problems.push(format!("{record}: is not in for_every_record"));
        }
    }
    let read: BTreeSet<String> = sources.values().flat_map(|text| tables_in(text)).collect();
    let tables = lines_of(&tables, "\ntables! {\n").filter(|line| line.contains(" = "));
    let tables: Vec<String> = tables.map(|line| word(line.trim())).collect();
    assert!(tables.len() > 35, "the tables are no longer recognised");
    for table in tables {
        let records = owners.iter().filter(|(owned, _)| *owned == table).count();
        if records != usize::from(!without_record.contains(&table)) {
            problems.push(format!("table {table}: is the table of {records} records"));
        }
        if searched.contains(&table) && read.contains(&table) == UNREAD.contains(&&*table) {
            problems.push(format!("table {table}: is either read or listed as unread"));
        }
    }
    none(&problems);
}

// ---- what the rules are made of

#[track_caller]
fn none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[track_caller]
fn lists(page: &str, wanted: &[String]) {
    let text = read(page);
    let missing = wanted
        .iter()
        .filter(|wanted| !text.contains(wanted.as_str()));
    let missing: Vec<String> = missing
        .map(|wanted| format!("{page} lacks {wanted}"))
        .collect();
    none(&missing);
}

fn read(name: &str) -> String {
    let text = fs::read_to_string(Path::new(ROOT).join(name)).unwrap_or_default();
    assert!(!text.is_empty(), "{name} cannot be read");
    text
}

/// The files of a folder and of those in it; of the root only its own.
fn files(folder: &str) -> Vec<String> {
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
fn files_of(folders: &str, ending: &str) -> Vec<String> {
    let mut found: Vec<String> = folders.split(' ').flat_map(files).collect();
    found.retain(|name| name.ends_with(ending));
    found
}

/// Every page of Markdown.
fn pages() -> Vec<String> {
    let mut pages = files_of("docs assets packaging", ".md");
    pages.extend(files_of("", ".md"));
    assert!(pages.len() > 15, "the pages are not where they were");
    pages
}

/// The lines of a page with their numbers, but for blocks, tables, headings and comments.
fn prose(page: &str) -> Vec<(usize, &str)> {
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
fn second_sentence(line: &str) -> Option<&str> {
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
fn sources() -> BTreeMap<String, String> {
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
fn code_lines<'t>(name: &str, text: &'t str) -> Vec<(String, &'t str)> {
    let lines = text.lines().enumerate();
    let code = lines.filter(|(_, line)| !line.trim_start().starts_with("//"));
    code.map(|(number, line)| (format!("src/{name}:{}", number + 1), line))
        .collect()
}

/// `wire/alphaott/mod.rs` as `wire`, `alphaott`.
fn path_of(name: &str) -> Vec<&str> {
    name.trim_end_matches(".rs")
        .trim_end_matches("/mod")
        .split('/')
        .collect()
}

/// The row of the table that a path belongs to.
fn row(path: &[&str]) -> String {
    let inner = path.iter().take(2).copied().collect::<Vec<_>>().join("::");
    let known = MAY_USE.iter().any(|(row, _)| *row == inner);
    if known {
        inner
    } else {
        path.first().copied().unwrap_or_default().to_owned()
    }
}

/// Where the `crate::…` and `super::…` paths of a file lead.
fn uses(name: &str, text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (place, line) in code_lines(name, text) {
        for root in ["crate::", "super::"] {
            for at in starts(line, root) {
                let end = |c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':';
                let mut path = path_of(name);
                for step in line[at..].split(end).next().unwrap_or_default().split("::") {
                    match step {
                        "crate" => path.clear(),
                        "super" => drop(path.pop()),
                        step => path.push(step),
                    }
                }
                // A group of modules would hide what is used: one path a line.
                let known = row(&path);
                found.push((
                    place.clone(),
                    if known.is_empty() {
                        "{…}".to_owned()
                    } else {
                        known
                    },
                ));
            }
        }
    }
    found
}

fn indent(line: &str) -> usize {
    line.len().saturating_sub(line.trim_start().len())
}

/// Whether the pattern that begins in this line is one of a `match`: an arrow follows it before
/// anything ends.
fn is_arm(code: &[(String, &str)], at: usize) -> bool {
    let rest = code[at..].iter().take(100);
    let mut rest = rest.map(|(_, line)| *line);
    rest.find_map(|line| {
        let ends = line.contains(';') || line.contains(".into()");
        (ends || line.contains("=>")).then(|| line.contains("=>"))
    })
    .unwrap_or_default()
}

/// How many options follow each other in a tuple, from behind the `(Option<` of the first.
fn options_in_tuple(rest: &str) -> usize {
    let (mut depth, mut count) = (1_usize, 1);
    for (at, c) in rest.char_indices() {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' | ')' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 && rest[at..].starts_with(",Option<") => count += 1,
            ',' if depth == 0 => return count,
            _ => {}
        }
        if depth == 0 && c == ')' {
            break;
        }
    }
    count
}

/// Where `word` stands as a word of its own and not as the rest of a path.
fn starts(line: &str, word: &str) -> Vec<usize> {
    let within = |c: char| c.is_ascii_alphanumeric() || "_:$".contains(c);
    let places = line.match_indices(word).map(|(at, _)| at);
    places.filter(|at| !line[..*at].ends_with(within)).collect()
}

fn begins_in(line: &str, word: &str) -> bool {
    !starts(line, word).is_empty()
}

/// The lines of a block, from after `opening` to the next line that is only a brace.
fn lines_of<'t>(text: &'t str, opening: &str) -> impl Iterator<Item = &'t str> {
    let body = text.split(opening).nth(1).unwrap_or_default();
    body.lines().take_while(|line| *line != "}")
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

/// The text in the first pair of quotes after each `before`.
fn quoted_after(text: &str, before: &str) -> Vec<String> {
    let quoted = |rest: &str| rest.split('"').nth(1).map(ToOwned::to_owned);
    text.split(before).skip(1).filter_map(quoted).collect()
}

fn tables_in(code: &str) -> BTreeSet<String> {
    code.split("Table::")
        .skip(1)
        .map(word)
        .filter(|name| name != "ALL")
        .collect()
}

/// The name that a text begins with.
fn word(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
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
