//! The programme guide, for those who show it. What it is made of comes in by `imports`.

use std::ops::ControlFlow;

use crate::app::Ctx;
use crate::domain::catalogue::guide::Programme;
use crate::domain::staff::Permission;
use crate::domain::values::id::{ChannelId, Id as _, ProgrammeId};
use crate::domain::values::time::Timestamp;
use crate::ops::{Named, OpError};
use crate::store::key::{owned_by, shown_at, trailing_number};
use crate::store::{Read, Span, Table};

impl Named for Programme {
    const KIND: &'static str = "programme";
    const FOREIGN: Option<Table> = None;
}

/// Most programmes that are read at once.
pub const PROGRAMMES_PER_READ_MAX: usize = 10_000;

/// What a channel shows in the time from `from` until before `to`, by start;
/// the first `limit` of it.
pub fn list(
    ctx: &Ctx,
    channel: ChannelId,
    from: Timestamp,
    to: Timestamp,
    limit: usize,
) -> Result<Vec<Programme>, OpError> {
    ctx.require(Permission::CatalogueRead)?;
    between(&ctx.snapshot()?, channel, from, to, limit)
}

/// As [`list`], for use cases that have asked for their own permission.
pub fn between(
    read: &impl Read,
    channel: ChannelId,
    from: Timestamp,
    to: Timestamp,
    limit: usize,
) -> Result<Vec<Programme>, OpError> {
    let limit = limit.min(PROGRAMMES_PER_READ_MAX);
    if from >= to {
        return Ok(Vec::new());
    }
    let begin = shown_at(channel, from);
    // Programmes of a channel do not overlap, so only the last one before can still be running.
    let before = Span {
        from: owned_by(channel),
        to: Some(begin.clone()),
        descending: true,
    };
    let mut programmes = programmes(read, &before, 1)?;
    programmes.retain(|running| running.stop_at > from);
    let within = Span {
        from: begin,
        to: Some(shown_at(channel, to)),
        descending: false,
    };
    let more = limit.saturating_sub(programmes.len());
    programmes.extend(self::programmes(read, &within, more)?);
    programmes.truncate(limit);
    Ok(programmes)
}

/// The programme with this number, which must be there.
pub fn get(read: &impl Read, id: ProgrammeId) -> Result<Programme, OpError> {
    crate::ops::get(read, id)
}

/// The first `limit` programmes whose entries lie in `span`.
fn programmes(read: &impl Read, span: &Span, limit: usize) -> Result<Vec<Programme>, OpError> {
    let mut ids = Vec::new();
    if limit == 0 {
        return Ok(Vec::new());
    }
    read.raw_scan(Table::ProgrammesByChannel, span, &mut |key, _| {
        ids.extend(trailing_number(key).map(ProgrammeId::new));
        Ok(if ids.len() < limit {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    ids.into_iter()
        .map(|id| crate::ops::get(read, id))
        .collect()
}
