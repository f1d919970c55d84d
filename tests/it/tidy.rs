//! The rules of the house that would rot silently: who may use whom, what stands where, and docs
//! that list what the code has. Reads files, runs nothing.

mod circles;
mod console_build;
mod dependencies;
mod files;
mod lines;
mod money;
mod pages;

use std::collections::{BTreeMap, BTreeSet};

use files::{begins_in, code_lines, lines_of, none, path_of, read, sources, starts, word};

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
    ("wire::pay", "app domain letters ops paper wire::kit"),
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
    ("csv", "domain/values/csv.rs"),
    ("ipnet", "config/proxies.rs"),
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
        "letters/allowed.rs letters/wording.rs outbound/sms.rs paper/template.rs",
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
         ops/outbox/mod.rs ops/payments/due.rs ops/billing/revenue.rs ops/billing/run.rs \
         ops/partners/subscriptions/ \
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

/// Indexes that nothing reads yet.
const UNREAD: &[&str] = &["VouchersByBatch"];

/// How arms over refusals begin.
const REFUSALS: &[&str] = &[
    "Refusal::",
    "OrderRefusal::",
    "MoneyRefusal::",
    "StaffRefusal::",
    "PartnerRefusal::",
];

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

fn tables_in(code: &str) -> BTreeSet<String> {
    code.split("Table::")
        .skip(1)
        .map(word)
        .filter(|name| name != "ALL")
        .collect()
}
