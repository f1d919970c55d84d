//! What the box in front of a viewer may show: channels, films, modules, and the programme guide.
//!
//! `domain::access::may_use` decides, and nothing else: what a customer has without holding it (the
//! default plan, channels that are everybody's) is put before that rule as services that stand
//! nowhere. Reference: stalker-stb-portal §5 to §9, stalker-rest-v1 §4.

pub mod guide;
pub mod pin;
pub mod sign_in;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::app::Ctx;
use crate::domain::boxes::SWITCHABLE_MODULES;
use crate::domain::catalogue::content::{Channel, ChannelKind, Genre, Movie};
use crate::domain::catalogue::guide::Programme;
use crate::domain::catalogue::kinds::{Content, ContentType, ServiceStatus};
use crate::domain::catalogue::{ProductSpec, ServiceSpec};
use crate::domain::customers::Customer;
use crate::domain::customers::device::Device;
use crate::domain::customers::service::{Grant, Item, Origin, Service, may_use};
use crate::domain::staff::Permission;
use crate::domain::values::id::{ChannelId, GenreId, MovieId, ProductSpecId, ServiceId};
use crate::domain::values::money::Amount;
use crate::domain::values::time::Timestamp;
use crate::store::{Owned as _, Read, Span};

use super::boxes::{self, BoxOwner};
use crate::ops::OpError;
use crate::ops::services::plan;

pub use crate::ops::boxes::{BoxRequest, visit};

/// What a customer may use, as the rule of access wants to know it.
#[derive(Debug, Clone)]
pub struct Rights {
    customer: Customer,
    device: Option<Device>,
    held: Vec<(Service, Option<ServiceSpec>)>,
    now: Timestamp,
}

/// What a customer may use, whatever the device.
pub fn rights(ctx: &Ctx, read: &impl Read, customer: &Customer) -> Result<Rights, OpError> {
    let mut held = Vec::new();
    for service in read.services_of(customer.id)? {
        if service.status_at(ctx.now) != ServiceStatus::Active {
            continue;
        }
        let spec = match service.grant {
            Grant::Spec(id) => read.get::<ServiceSpec>(&id)?,
            Grant::Channel(_) => None,
        };
        held.push((service, spec));
    }
    // Customers without a plan have the default plan's packages; nobody wrote them down.
    if plan::present(read, customer, ctx.now)?.is_none()
        && let Some(plan) = plan::default_plan(read)?
    {
        for id in &plan.service_specs {
            let spec = read.get::<ServiceSpec>(id)?;
            let Some(spec) = spec.filter(|spec| spec.status != ServiceStatus::Deleted) else {
                continue;
            };
            let origin = Origin::Direct;
            let service = Service::of_spec(ServiceId(0), customer.id, &spec, origin, ctx.now);
            held.push((service, Some(spec)));
        }
    }
    Ok(Rights {
        customer: customer.clone(),
        device: None,
        held,
        now: ctx.now,
    })
}

/// What a box may use.
pub fn rights_of(ctx: &Ctx, read: &impl Read, owner: &BoxOwner) -> Result<Rights, OpError> {
    let rights = rights(ctx, read, &owner.customer)?;
    Ok(Rights {
        device: Some(owner.device.clone()),
        ..rights
    })
}

impl Rights {
    #[must_use]
    pub fn may(&self, item: &Item) -> bool {
        may_use(
            &self.customer,
            self.device.as_ref(),
            &self.held,
            item,
            self.now,
        )
    }

    /// What the rule of access is asked about.
    #[must_use]
    pub fn held(&self) -> &[(Service, Option<ServiceSpec>)] {
        &self.held
    }

    #[must_use]
    pub fn may_watch(&self, channel: &Channel) -> bool {
        if channel.hidden {
            return false;
        }
        let item = match channel.kind {
            ChannelKind::Tv => Item::TvChannel(channel.id),
            ChannelKind::Radio => Item::RadioChannel(channel.id),
        };
        self.may(&item)
    }
}

/// The channels of a kind that a box may show, by their numbers.
pub fn channels(
    ctx: &Ctx,
    read: &impl Read,
    owner: &BoxOwner,
    kind: ChannelKind,
) -> Result<Vec<Channel>, OpError> {
    let rights = rights_of(ctx, read, owner)?;
    let mut channels = Vec::new();
    read.each::<Channel>(&Span::all(), &mut |channel| {
        if channel.kind == kind && rights.may_watch(&channel) {
            channels.push(channel);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    channels.sort_by_key(|channel| (channel.number, channel.id));
    Ok(channels)
}

/// A channel, if the box may show it.
#[derive(Debug, Clone)]
pub enum Found<T> {
    Yes(T),
    NotAllowed,
    Missing,
}

/// The channel with this number of ours.
pub fn channel(
    ctx: &Ctx,
    read: &impl Read,
    owner: &BoxOwner,
    id: ChannelId,
) -> Result<Found<Channel>, OpError> {
    let Some(channel) = read.get::<Channel>(&id)? else {
        return Ok(Found::Missing);
    };
    Ok(if rights_of(ctx, read, owner)?.may_watch(&channel) {
        Found::Yes(channel)
    } else {
        Found::NotAllowed
    })
}

/// The channels of which `is_it` is true, of every kind; the first that the box may show.
pub fn channel_that(
    ctx: &Ctx,
    read: &impl Read,
    owner: &BoxOwner,
    is_it: impl Fn(&Channel) -> bool,
) -> Result<Found<Channel>, OpError> {
    let rights = rights_of(ctx, read, owner)?;
    let mut found = Found::Missing;
    read.each::<Channel>(&Span::all(), &mut |channel| {
        if !is_it(&channel) {
            return Ok(ControlFlow::Continue(()));
        }
        if rights.may_watch(&channel) {
            found = Found::Yes(channel);
            return Ok(ControlFlow::Break(()));
        }
        found = Found::NotAllowed;
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// Those of `ids` that are channels of that kind, in their order, each once.
pub fn existing_channels(
    read: &impl Read,
    ids: impl IntoIterator<Item = ChannelId>,
    kind: ChannelKind,
) -> Result<Vec<ChannelId>, OpError> {
    let mut existing = Vec::new();
    for id in boxes::listed_once(ids) {
        if read
            .get::<Channel>(&id)?
            .is_some_and(|channel| channel.kind == kind)
        {
            existing.push(id);
        }
    }
    Ok(existing)
}

/// A genre, and of what it is one.
#[derive(Debug, Clone)]
pub struct GenreUse {
    pub genre: Genre,
    /// TV channels that are for everybody.
    pub plain_channels: usize,
    pub censored_channels: usize,
    pub radio_channels: usize,
    pub movies: usize,
}

/// Every genre, in the order of their ids.
pub fn genres(read: &impl Read) -> Result<Vec<GenreUse>, OpError> {
    let mut genres: BTreeMap<GenreId, GenreUse> = BTreeMap::new();
    for genre in read.all::<Genre>()? {
        let unused = GenreUse {
            genre: genre.clone(),
            plain_channels: 0,
            censored_channels: 0,
            radio_channels: 0,
            movies: 0,
        };
        genres.insert(genre.id, unused);
    }
    let count = |counter: &mut usize| *counter = counter.saturating_add(1);
    read.each::<Channel>(&Span::all(), &mut |channel| {
        if let Some(genre) = channel.genre.and_then(|genre| genres.get_mut(&genre)) {
            count(match (channel.kind, channel.censored) {
                (ChannelKind::Radio, _) => &mut genre.radio_channels,
                (ChannelKind::Tv, true) => &mut genre.censored_channels,
                (ChannelKind::Tv, false) => &mut genre.plain_channels,
            });
        }
        Ok(ControlFlow::Continue(()))
    })?;
    read.each::<Movie>(&Span::all(), &mut |movie| {
        if let Some(genre) = movie.genre.and_then(|genre| genres.get_mut(&genre)) {
            count(&mut genre.movies);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(genres.into_values().collect())
}

/// The films that a box may show, in the order of their ids.
pub fn movies(ctx: &Ctx, read: &impl Read, owner: &BoxOwner) -> Result<Vec<Movie>, OpError> {
    let rights = rights_of(ctx, read, owner)?;
    let mut movies = Vec::new();
    read.each::<Movie>(&Span::all(), &mut |movie| {
        if rights.may(&Item::Movie(movie.id)) {
            movies.push(movie);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(movies)
}

/// The film with this number of ours.
pub fn movie(
    ctx: &Ctx,
    read: &impl Read,
    owner: &BoxOwner,
    id: MovieId,
) -> Result<Found<Movie>, OpError> {
    let Some(movie) = read.get::<Movie>(&id)? else {
        return Ok(Found::Missing);
    };
    Ok(if rights_of(ctx, read, owner)?.may(&Item::Movie(id)) {
        Found::Yes(movie)
    } else {
        Found::NotAllowed
    })
}

/// Switchable modules that no package of the customer holds.
pub fn modules_off_of(ctx: &Ctx, customer: &Customer) -> Result<Vec<&'static str>, OpError> {
    ctx.require(Permission::CustomersRead)?;
    modules_off(ctx, &ctx.snapshot()?, customer)
}

/// Switchable modules that no package of the customer holds, whatever state the customer is in.
fn modules_off(
    ctx: &Ctx,
    read: &impl Read,
    customer: &Customer,
) -> Result<Vec<&'static str>, OpError> {
    let rights = rights(ctx, read, customer)?;
    let specs = || rights.held.iter().filter_map(|(_, spec)| spec.as_ref());
    let holds = |name: &str| {
        specs().any(|spec| match &spec.content {
            Content::Modules(names) => names.iter().any(|held| held == name),
            Content::All => spec.content_type == ContentType::App,
            Content::Channels(_) | Content::Movies(_) => false,
        })
    };
    // A document may name modules that a customer has whatever the plan says.
    let own = |name: &str| customer.box_profile.modules.iter().any(|held| held == name);
    let off = SWITCHABLE_MODULES
        .into_iter()
        .filter(|name| !holds(name) && !own(name));
    Ok(off.collect())
}

/// Modules that are switched off on a box: as the plan has it, or as somebody said.
pub fn disabled_modules(
    ctx: &Ctx,
    read: &impl Read,
    owner: &BoxOwner,
) -> Result<Vec<String>, OpError> {
    if !ctx.app.config.stalker.tariff_plans {
        return Ok(owner.customer.box_profile.disabled_modules.clone());
    }
    let off = modules_off(ctx, read, &owner.customer)?;
    Ok(off.into_iter().map(str::to_owned).collect())
}

/// The plan that a customer has, be it the default one.
#[derive(Debug, Clone)]
pub struct Plan {
    pub product: Option<ProductSpec>,
    /// When it ends: the order's end, else what another system says is paid.
    pub ends_at: Option<Timestamp>,
    /// What another system says instead of a date.
    pub ends_text: String,
}

impl Plan {
    #[must_use]
    pub fn id(&self) -> Option<ProductSpecId> {
        self.product.as_ref().map(|product| product.id)
    }
}

/// The plan of a customer.
pub fn plan(ctx: &Ctx, read: &impl Read, customer: &Customer) -> Result<Plan, OpError> {
    let order = plan::present(read, customer, ctx.now)?;
    let product = plan::product(read, order.as_ref())?;
    let ends_at = order.and_then(|order| order.expires_at);
    let ends_at = ends_at.or(customer.box_profile.end_at);
    let text = &customer.box_profile.end_text;
    // A date of zeros says what no date says too.
    let says = ends_at.is_none() && ctx.app.company().zone.parse_loosely(text).is_none();
    Ok(Plan {
        product,
        ends_at,
        ends_text: if says { text.clone() } else { String::new() },
    })
}

/// What the customer has with us where we bill the plan; else the text of the system that does.
pub fn balance(ctx: &Ctx, read: &impl Read, customer: &Customer) -> Result<String, OpError> {
    let order = plan::present(read, customer, ctx.now)?;
    let balance = plan::balance(ctx, read, customer, order.as_ref())?;
    let text = || customer.box_profile.account_balance.clone();
    Ok(balance.map_or_else(text, Amount::to_fixed))
}

/// A package of a customer's plan.
#[derive(Debug, Clone)]
pub struct Package {
    pub spec: ServiceSpec,
    pub optional: bool,
    pub held: bool,
}

/// The packages of a customer's plan, included ones first.
pub fn packages(ctx: &Ctx, read: &impl Read, owner: &BoxOwner) -> Result<Vec<Package>, OpError> {
    let Some(product) = plan(ctx, read, &owner.customer)?.product else {
        return Ok(Vec::new());
    };
    let rights = rights(ctx, read, &owner.customer)?;
    let held: BTreeSet<_> = rights
        .held
        .iter()
        .map(|(service, _)| service.grant)
        .filter_map(|grant| match grant {
            Grant::Spec(id) => Some(id),
            Grant::Channel(_) => None,
        })
        .collect();
    let included = product.service_specs.iter().map(|id| (id, false));
    let optional = product.optional_service_specs.iter().map(|id| (id, true));
    let mut packages = Vec::new();
    for (id, optional) in included.chain(optional) {
        if let Some(spec) = read.get::<ServiceSpec>(id)? {
            let held = held.contains(id);
            packages.push(Package {
                spec,
                optional,
                held,
            });
        }
    }
    Ok(packages)
}

/// Most programmes of one channel in one answer.
pub const PROGRAMMES_PER_CHANNEL_MAX: usize = 2_000;

/// What a channel shows from `from` until before `to`, by start, with what has begun before and
/// still runs; the first `limit` of it.
pub fn programmes(
    read: &impl Read,
    channel: ChannelId,
    from: Timestamp,
    to: Timestamp,
    limit: usize,
) -> Result<Vec<Programme>, OpError> {
    guide::between(read, channel, from, to, limit)
}

/// As [`programmes`], of the file as it stands now: for answers that are sent piece by piece.
pub fn programmes_now(
    ctx: &Ctx,
    channel: ChannelId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Programme>, OpError> {
    let max = PROGRAMMES_PER_CHANNEL_MAX;
    programmes(&ctx.snapshot()?, channel, from, to, max)
}
