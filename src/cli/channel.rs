//! Channels, from the command line.

use clap::Subcommand;

use super::on_data::run_on_data;
use super::place::Place;
use crate::control::command::Command;

#[derive(Debug, Subcommand)]
pub enum Channel {
    /// List channels: id, number, name, shown or hidden, the list that brought it
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Remove channels and their programmes; not those that a package or a customer needs
    Remove {
        /// Ids, as `channel list` has them first
        #[arg(required = true, value_name = "ID")]
        ids: Vec<u64>,
        #[command(flatten)]
        place: Place,
    },
    /// Hide channels from everybody who watches
    Hide {
        /// Ids, as `channel list` has them first
        #[arg(required = true, value_name = "ID")]
        ids: Vec<u64>,
        #[command(flatten)]
        place: Place,
    },
    /// Show channels again that were hidden
    Show {
        /// Ids, as `channel list` has them first
        #[arg(required = true, value_name = "ID")]
        ids: Vec<u64>,
        #[command(flatten)]
        place: Place,
    },
}

impl Channel {
    pub async fn run(self) -> anyhow::Result<bool> {
        let (place, command) = match self {
            Self::List { place } => (place, Command::ChannelList),
            Self::Remove { ids, place } => (place, Command::ChannelRemove { ids }),
            Self::Hide { ids, place } => (place, Command::ChannelHide { ids, hidden: true }),
            Self::Show { ids, place } => (place, Command::ChannelHide { ids, hidden: false }),
        };
        run_on_data(&place, command).await
    }
}
