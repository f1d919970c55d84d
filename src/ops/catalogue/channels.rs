//! Channels, as those who look after them see and change them: what needs one, and how one goes.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::app::Ctx;
use crate::domain::catalogue::ServiceSpec;
use crate::domain::catalogue::content::{Channel, Movie};
use crate::domain::catalogue::guide::Programme;
use crate::domain::catalogue::kinds::{Content, ServiceStatus};
use crate::domain::customers::service::{Grant, Service};
use crate::domain::event::Change;
use crate::domain::staff::Permission;
use crate::domain::values::id::{ChannelId, MovieId, ProgrammeId};
use crate::ops::{Named, OpError};
use crate::store::key::owned_by;
use crate::store::{Read, Span, Table, Tx};

impl Named for Channel {
    const KIND: &'static str = "channel";
    const FOREIGN: Option<Table> = None;
}

impl Named for Movie {
    const KIND: &'static str = "film";
    const FOREIGN: Option<Table> = None;
}

/// Most channels that one command changes.
pub const CHANNELS_PER_COMMAND_MAX: usize = 1_000;

/// What needs channels and films, in words: packages that name them, customers who have them
/// singly.
#[derive(Debug, Default)]
pub struct Uses {
    packages: BTreeMap<ChannelId, Vec<String>>,
    films: BTreeMap<MovieId, Vec<String>>,
    customers: BTreeMap<ChannelId, usize>,
}

impl Uses {
    pub fn of(read: &impl Read) -> Result<Self, OpError> {
        let mut uses = Self::default();
        for package in read.all::<ServiceSpec>()? {
            if package.status == ServiceStatus::Deleted {
                continue;
            }
            match package.content {
                Content::Channels(ids) => {
                    for id in ids {
                        let packages = uses.packages.entry(id).or_default();
                        packages.push(package.title.clone());
                    }
                }
                Content::Movies(ids) => {
                    for id in ids {
                        let packages = uses.films.entry(id).or_default();
                        packages.push(package.title.clone());
                    }
                }
                Content::All | Content::Modules(_) => {}
            }
        }
        read.each::<Service>(&Span::all(), &mut |service| {
            if let Grant::Channel(id) = service.grant
                && service.status != ServiceStatus::Deleted
            {
                let count = uses.customers.entry(id).or_default();
                *count = count.saturating_add(1);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(uses)
    }

    /// What needs a channel; `None`: nothing.
    #[must_use]
    pub fn of_channel(&self, id: ChannelId) -> Option<String> {
        let packages = self.packages.get(&id).map(|names| in_packages(names));
        let customers = self.customers.get(&id).map(|count| match count {
            1 => "1 customer has it".to_owned(),
            _ => format!("{count} customers have it"),
        });
        let parts: Vec<String> = packages.into_iter().chain(customers).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// What needs a film; `None`: nothing.
    #[must_use]
    pub fn of_movie(&self, id: MovieId) -> Option<String> {
        self.films.get(&id).map(|names| in_packages(names))
    }
}

fn in_packages(names: &[String]) -> String {
    let some: Vec<&str> = names.iter().take(3).map(String::as_str).collect();
    let more = names.len().saturating_sub(some.len());
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    let word = if names.len() == 1 {
        "package"
    } else {
        "packages"
    };
    format!("is in the {word} {}{more}", some.join(", "))
}

/// Every channel that there is, by number.
pub fn list(ctx: &Ctx) -> Result<Vec<Channel>, OpError> {
    ctx.require(Permission::CatalogueRead)?;
    let mut channels: Vec<Channel> = ctx.snapshot()?.all()?;
    channels.sort_by_key(|channel| (channel.number, channel.id));
    Ok(channels)
}

/// Removes channels and their programmes, all or none: not those that something needs.
pub async fn remove(ctx: &Ctx, ids: Vec<ChannelId>) -> Result<Vec<Channel>, OpError> {
    ctx.require(Permission::CatalogueWrite)?;
    bounded(&ids)?;
    // All services are looked at: not while the writer waits.
    let uses = Uses::of(&ctx.snapshot()?)?;
    ctx.write(move |ctx, tx| {
        let mut removed = Vec::with_capacity(ids.len());
        for id in &ids {
            let channel: Channel = crate::ops::get(tx, *id)?;
            if let Some(uses) = uses.of_channel(*id) {
                let path = format!("channel {} ({})", id.0, channel.name);
                let problem = format!("{uses}; take it out there first, or hide the channel");
                return Err(OpError::Document { path, problem });
            }
            remove_channel(ctx, tx, &channel)?;
            removed.push(channel);
        }
        Ok(removed)
    })
    .await
}

/// Hides channels from everybody who watches, or shows them again.
pub async fn set_hidden(
    ctx: &Ctx,
    ids: Vec<ChannelId>,
    hidden: bool,
) -> Result<Vec<Channel>, OpError> {
    ctx.require(Permission::CatalogueWrite)?;
    bounded(&ids)?;
    ctx.write(move |ctx, tx| {
        let mut changed = Vec::with_capacity(ids.len());
        for id in &ids {
            let before: Channel = crate::ops::get(tx, *id)?;
            if before.hidden != hidden {
                let after = Channel {
                    hidden,
                    ..before.clone()
                };
                crate::ops::change(ctx, tx, "channel.hide", &before, &after)?;
                changed.push(after);
            }
        }
        Ok(changed)
    })
    .await
}

fn bounded(ids: &[ChannelId]) -> Result<(), OpError> {
    if ids.len() > CHANNELS_PER_COMMAND_MAX {
        let problem = format!("at most {CHANNELS_PER_COMMAND_MAX} at once");
        let path = "channels".to_owned();
        return Err(OpError::Document { path, problem });
    }
    Ok(())
}

/// Removes a channel with its programmes.
pub(in crate::ops) fn remove_channel(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    channel: &Channel,
) -> Result<(), OpError> {
    for number in tx.numbers(Table::ProgrammesByChannel, &owned_by(channel.id))? {
        tx.remove::<Programme>(&ProgrammeId(number))?;
    }
    tx.remove::<Channel>(&channel.id)?;
    let facts = [
        ("name", channel.name.clone()),
        ("number", channel.number.to_string()),
    ];
    let changes = facts.map(|(field, before)| Change {
        field: field.to_owned(),
        before,
        after: String::new(),
    });
    crate::ops::audit(ctx, tx, "channel.remove", channel, changes.to_vec())
}

/// Stores a channel. Where its guide is shifted otherwise than before, what is stored of it moves
/// along.
pub(in crate::ops) fn store_channel(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    action: &str,
    before: Option<&Channel>,
    after: &Channel,
) -> Result<(), OpError> {
    let Some(before) = before else {
        return crate::ops::create(ctx, tx, action, after);
    };
    let moved = after
        .guide_shift_minutes
        .saturating_sub(before.guide_shift_minutes);
    if moved != 0 {
        let seconds = i64::from(moved).saturating_mul(60);
        let index = Table::ProgrammesByChannel;
        let mut programmes: Vec<Programme> = tx.listed(index, &owned_by(after.id))?;
        for programme in &mut programmes {
            programme.start_at = programme.start_at.saturating_add_seconds(seconds);
            programme.stop_at = programme.stop_at.saturating_add_seconds(seconds);
        }
        programmes.sort_by_key(|programme| programme.id);
        tx.put_many(&programmes)?;
    }
    crate::ops::change(ctx, tx, action, before, after)
}
