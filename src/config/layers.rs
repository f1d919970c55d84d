//! Flags over environment over file over defaults: read, laid one over the other, and where each
//! value came from. The only file that reads the environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use toml::{Table, Value};

use super::checks::{check_listen, is_there, place_of};
use super::settings::Config;

/// What the command line said, by the names of the settings.
pub type Flags = BTreeMap<String, String>;

/// The settings and where each came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub config: Config,
    /// Path of a setting -> `default`, `file`, `environment` or `flag`.
    pub origins: BTreeMap<String, &'static str>,
    /// What the operator should hear about.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads flags, environment and file. `file`: the one named by `--config`; without it
    /// `boxoffice.toml` in the data folder is read if it is there.
    pub fn load(flags: &Flags, file: Option<&Path>) -> anyhow::Result<Loaded> {
        let environment = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        load(flags, file, environment.collect())
    }
}

pub(super) fn load(
    flags: &Flags,
    file: Option<&Path>,
    environment: Vec<(String, String)>,
) -> anyhow::Result<Loaded> {
    let defaults = Table::try_from(Config::default()).context("the defaults")?;
    let mut origins = BTreeMap::new();
    for path in paths(&defaults) {
        origins.insert(path, "default");
    }
    let mut warnings = Vec::new();
    let mut layers = Vec::new();
    for (name, text) in environment {
        let Some(path) = name.strip_prefix("BOXOFFICE_") else {
            continue;
        };
        let path = path.to_lowercase().replace("__", ".");
        if origins.contains_key(&path) {
            layers.push((path, text, "environment", name));
        } else {
            warnings.push(format!(
                "environment variable {name} is no setting of boxoffice"
            ));
        }
    }
    for (path, text) in flags {
        layers.push((path.clone(), text.clone(), "flag", format!("--{path}")));
    }

    let data = layers
        .iter()
        .rev()
        .find(|layer| layer.0 == "data")
        .map(|layer| &layer.1);
    let beside = PathBuf::from(data.map_or("data", String::as_str)).join("boxoffice.toml");
    let path = match file {
        Some(path) => Some(path.to_owned()),
        None => is_there(&beside)?.then_some(beside),
    };
    let mut table = defaults.clone();
    if let Some(path) = path {
        let shown = path.display();
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {shown}"))?;
        let wrong = |error: &toml::de::Error| {
            anyhow::anyhow!("in {shown}{}: {}", place_of(error, &text), error.message())
        };
        let mut given: Table = text.parse().map_err(|error| wrong(&error))?;
        check_listen(&given, "listen")?;
        // Read as settings first: this is what names an unknown key and its line.
        toml::from_str::<Config>(&text).map_err(|error| wrong(&error))?;
        if let Some(billing) = given.get_mut("billing")
            && billing.is_array()
        {
            let external = std::mem::replace(billing, Value::Table(Table::new()));
            if let Some(table) = billing.as_table_mut() {
                table.insert("external".to_owned(), external);
            }
        }
        for path in paths(&given) {
            origins.insert(path, "file");
        }
        if holds_secrets(&given) && others_can_read(&path) {
            warnings.push(format!(
                "everybody on this machine can read the secrets in {shown}: chmod 600 {shown}"
            ));
        }
        merge(&mut table, given);
    }
    for (path, text, origin, name) in layers {
        set(&mut table, &path, &text).with_context(|| name.clone())?;
        check_listen(&table, &name)?;
        origins.insert(path, origin);
    }
    let config: Config = table.try_into().context("in the settings")?;
    config.validate()?;
    Ok(Loaded {
        config,
        origins,
        warnings,
    })
}

/// Whether a file of settings has one that is never printed.
fn holds_secrets(given: &Table) -> bool {
    paths(given).iter().any(|path| is_secret(path))
}

/// Whether a setting is never printed, or has parts that are not.
pub(super) fn is_secret(path: &str) -> bool {
    SECRETS.contains(&path) || path == "billing.external"
}

/// Whether more than the owner and the group of a file may read or change it.
fn others_can_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    const OTHERS: u32 = 0o006;
    std::fs::metadata(path).is_ok_and(|about| about.permissions().mode() & OTHERS != 0)
}

/// Dotted paths of all values.
pub(super) fn paths(table: &Table) -> Vec<String> {
    let mut found = Vec::new();
    for (name, value) in table {
        match value {
            Value::Table(inner) => {
                found.extend(
                    paths(inner)
                        .into_iter()
                        .map(|path| format!("{name}.{path}")),
                );
            }
            _ => found.push(name.clone()),
        }
    }
    found
}

pub(super) fn get<'t>(table: &'t Table, path: &str) -> Option<&'t Value> {
    match path.split_once('.') {
        None => table.get(path),
        Some((name, rest)) => get(table.get(name)?.as_table()?, rest),
    }
}

/// Whether a list may be written with commas only: its parts hold none. The name is that within its
/// table.
fn is_plain_list(name: &str) -> bool {
    matches!(name, "trusted_proxies" | "second_factor_roles")
}

/// Sets a value from text, in the type that its default has.
fn set(table: &mut Table, path: &str, text: &str) -> anyhow::Result<()> {
    if let Some((name, rest)) = path.split_once('.') {
        let inner = table
            .get_mut(name)
            .and_then(Value::as_table_mut)
            .context("no such setting")?;
        return set(inner, rest, text);
    }
    let value = match table.get(path) {
        Some(Value::Boolean(_)) => Value::Boolean(text.parse().context("must be true or false")?),
        Some(Value::Integer(_)) => Value::Integer(text.parse().context("must be a whole number")?),
        Some(Value::Array(_)) if is_plain_list(path) && !text.trim().starts_with('[') => {
            let parts = text.split(',').map(str::trim);
            let given = parts.filter(|part| !part.is_empty());
            let values = given.map(|part| Value::String(part.to_owned()));
            Value::Array(values.collect())
        }
        Some(Value::Array(_)) => {
            let mut line: Table = format!("value = {text}")
                .parse()
                .context("must be a list as TOML writes it: [{ type = \"...\", ... }]")?;
            line.remove("value").context("must be a list")?
        }
        _ => Value::String(text.to_owned()),
    };
    table.insert(path.to_owned(), value);
    Ok(())
}

fn merge(into: &mut Table, from: Table) {
    for (name, value) in from {
        match (into.get_mut(&name), value) {
            (Some(Value::Table(into)), Value::Table(from)) => merge(into, from),
            (_, value) => {
                into.insert(name, value);
            }
        }
    }
}

/// Settings that are never printed.
pub(in crate::config) const SECRETS: &[&str] = &[
    "stalker.password",
    "smtp.url",
    "sms.url",
    "sms.headers",
    "sms.body",
    "carrier.url",
    "carrier.former_urls",
    "carrier.api_key",
    "middleware.token",
    "payments.stripe_secret_key",
    "payments.stripe_webhook_secret",
];
