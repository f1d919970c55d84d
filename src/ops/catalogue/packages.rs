//! What there is to have, whole: plans, packages, channels, for lists that show all of it.

use std::collections::BTreeMap;

use crate::app::Ctx;
use crate::domain::catalogue::content::{Channel, Movie};
use crate::domain::catalogue::kinds::ServiceStatus;
use crate::domain::catalogue::{ProductSpec, ServiceSpec};
use crate::domain::staff::Permission;
use crate::domain::values::id::{ChannelId, MovieId, ServiceSpecId};
use crate::domain::values::money::Currency;
use crate::ops::OpError;
use crate::store::Read as _;

/// Everything that is sold to boxes, by number.
#[derive(Debug, Clone)]
pub struct Range {
    pub plans: Vec<ProductSpec>,
    pub packages: BTreeMap<ServiceSpecId, ServiceSpec>,
    /// Names of what packages hold.
    pub channels: BTreeMap<ChannelId, String>,
    pub movies: BTreeMap<MovieId, String>,
    /// Of prices that are not given.
    pub currency: Currency,
}

/// Plans and packages, removed ones left out.
pub fn range(ctx: &Ctx) -> Result<Range, OpError> {
    ctx.require(Permission::CatalogueRead)?;
    let snapshot = ctx.snapshot()?;
    let mut plans: Vec<ProductSpec> = snapshot.all()?;
    plans.retain(|plan| plan.removed_at.is_none());
    let packages: Vec<ServiceSpec> = snapshot.all()?;
    let packages = packages
        .into_iter()
        .filter(|package| package.status != ServiceStatus::Deleted)
        .map(|package| (package.id, package));
    let channels: Vec<Channel> = snapshot.all()?;
    let channels = channels
        .into_iter()
        .map(|channel| (channel.id, channel.name));
    let movies: Vec<Movie> = snapshot.all()?;
    let movies = movies.into_iter().map(|movie| (movie.id, movie.title));
    Ok(Range {
        plans,
        packages: packages.collect(),
        channels: channels.collect(),
        movies: movies.collect(),
        currency: ctx.app.company().currency,
    })
}

/// Every channel, by number.
pub fn channels(ctx: &Ctx) -> Result<Vec<Channel>, OpError> {
    ctx.require(Permission::CatalogueRead)?;
    Ok(ctx.snapshot()?.all()?)
}
