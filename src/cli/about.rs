//! Commands that need no data: what runs, and with which settings.

use std::io::Write as _;

use super::place::Place;
use super::terminal::print_lines;
use crate::config::{self, Flags};

/// `config`
pub fn config(place: &Place) -> anyhow::Result<bool> {
    let loaded = place.load(Flags::new())?;
    for warning in &loaded.warnings {
        writeln!(std::io::stderr(), "warning: {warning}")?;
    }
    print_lines(&[config::describe(&loaded)?.trim_end().to_owned()])?;
    Ok(true)
}

/// `version`
pub fn version() -> anyhow::Result<bool> {
    print_lines(&[format!("boxoffice {}", env!("CARGO_PKG_VERSION"))])?;
    Ok(true)
}
