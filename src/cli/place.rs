//! Where the data of a command is, and its settings.

use std::path::PathBuf;

use clap::Args;

use crate::config::{Config, Flags, Loaded};

/// Where the data is.
#[derive(Debug, Args)]
pub struct Place {
    /// Folder of the data file [default: ./data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Settings file [default: boxoffice.toml in the data folder]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Make the data folder where there is none; else only `serve` makes one
    #[arg(long)]
    create: bool,
}

impl Place {
    /// Whether a data folder may be made.
    pub fn may_create(&self) -> bool {
        self.create
    }

    fn flags(&self) -> Flags {
        let mut flags = Flags::new();
        if let Some(data) = &self.data {
            flags.insert("data".to_owned(), data.display().to_string());
        }
        flags
    }

    pub fn load(&self, more: Flags) -> anyhow::Result<Loaded> {
        let mut flags = self.flags();
        flags.extend(more);
        Config::load(&flags, self.config.as_deref())
    }
}
