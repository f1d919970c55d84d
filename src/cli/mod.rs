//! The command line: what can be said. A file for each group of commands.

mod about;
mod channel;
mod credentials;
mod data;
mod import;
mod on_data;
mod place;
mod progress;
mod server;
mod staff;
mod terminal;

use clap::{Parser, Subcommand};

use crate::control::command;

use channel::Channel;
use credentials::{Partner, Token};
use data::{Apply, Export};
use import::Import;
use on_data::run_on_data;
use place::Place;
use server::Serve;
use staff::{Audit, Keys, Operator};

/// The back office of a small IPTV/OTT operator: one binary, one file.
#[derive(Debug, Parser)]
#[command(name = "boxoffice", version, about, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the appliance
    Serve(Serve),
    /// Bring catalogue, offers, customers and partners in step with a JSON document
    Apply(Apply),
    /// Bring in channels or a programme guide of others
    #[command(subcommand)]
    Import(Import),
    /// Channels: list, remove, hide
    #[command(subcommand)]
    Channel(Channel),
    /// Staff accounts
    #[command(subcommand, visible_alias = "staff")]
    Operator(Operator),
    /// The key that signs integration tokens
    #[command(subcommand)]
    Keys(Keys),
    /// Show who changed what, newest first
    Audit(Audit),
    /// Integration tokens (AlphaOTT)
    #[command(subcommand)]
    Token(Token),
    /// Partners that bill through the box (MarketONE)
    #[command(subcommand)]
    Partner(Partner),
    /// Prove the data file: every record, every index, the audit log's chain
    Check(Place),
    /// Say whether the box runs and is well, and what waits for a person
    Status(Place),
    /// Print the journal, the invoices or the customers for other programs
    Export(Export),
    /// Show the effective settings and where each comes from, secrets hidden
    Config(Place),
    /// Show what runs
    Version,
}

/// Does what the command line says; answers whether the data is sound. An error is one line for the
/// person who typed it.
pub fn run(cli: Cli) -> anyhow::Result<bool> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(cli.command.run())
}

impl Command {
    async fn run(self) -> anyhow::Result<bool> {
        match self {
            Self::Serve(serve) => serve.run().await,
            Self::Apply(apply) => apply.run().await,
            Self::Import(import) => import.run().await,
            Self::Channel(channel) => channel.run().await,
            Self::Operator(operator) => operator.run().await,
            Self::Keys(keys) => keys.run().await,
            Self::Audit(audit) => audit.run().await,
            Self::Token(token) => token.run().await,
            Self::Partner(partner) => partner.run().await,
            Self::Check(place) => run_on_data(&place, command::Command::Check).await,
            Self::Status(place) => run_on_data(&place, command::Command::Status).await,
            Self::Export(export) => export.run().await,
            Self::Config(place) => about::config(&place),
            Self::Version => about::version(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
