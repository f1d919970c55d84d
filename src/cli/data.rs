//! Commands about the data as a whole: bring it in step, print it, prove it, say how the box is.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::on_data::run_on_data;
use super::place::Place;
use crate::control::command::Command;

#[derive(Debug, Args)]
pub struct Apply {
    /// The document; `-` reads standard input
    file: PathBuf,
    /// Say what would happen and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    place: Place,
}

impl Apply {
    pub async fn run(self) -> anyhow::Result<bool> {
        let apply = Command::Apply {
            document: read_document(&self.file)?,
            dry_run: self.dry_run,
        };
        run_on_data(&self.place, apply).await
    }
}

#[derive(Debug, Args)]
pub struct Export {
    /// journal, invoices, customers, or catalogue: an apply document
    #[arg(value_parser = ["journal", "invoices", "customers", "catalogue"])]
    what: String,
    /// How to write it; hledger and beancount are for the journal
    #[arg(long, default_value = "jsonl", value_parser = ["jsonl", "csv", "hledger", "beancount"])]
    format: String,
    /// First day of the journal or of invoices, such as 2026-01-01; what was before is brought
    /// forward
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// Last day of the journal or of invoices
    #[arg(long, value_name = "DAY")]
    to: Option<String>,
    /// Name customers in hledger and beancount files
    #[arg(long)]
    names: bool,
    #[command(flatten)]
    place: Place,
}

impl Export {
    pub async fn run(self) -> anyhow::Result<bool> {
        let export = if self.what == "catalogue" {
            Command::ExportCatalogue
        } else {
            Command::Export {
                what: self.what,
                format: self.format,
                from: self.from,
                to: self.to,
                names: self.names,
                after: 0,
            }
        };
        run_on_data(&self.place, export).await
    }
}

fn read_document(file: &Path) -> anyhow::Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .context("cannot read standard input")?;
        return Ok(text);
    }
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}
