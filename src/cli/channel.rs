//! Channels, from the command line.

use clap::Subcommand;

use super::{DataCommand, Place};

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
    pub fn command(self) -> (Place, DataCommand) {
        match self {
            Self::List { place } => (place, DataCommand::ChannelList),
            Self::Remove { ids, place } => (place, DataCommand::ChannelRemove { ids }),
            Self::Hide { ids, place } => (place, DataCommand::ChannelHide { ids, hidden: true }),
            Self::Show { ids, place } => (place, DataCommand::ChannelHide { ids, hidden: false }),
        }
    }
}
