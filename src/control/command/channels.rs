//! Channels by command: which there are, and that one goes or is hidden.

use crate::app::Ctx;
use crate::control::command::output::{CommandError, Output, done};
use crate::domain::catalogue::content::Channel;
use crate::domain::values::id::ChannelId;
use crate::ops;

/// Id, number, name, state and source of every channel.
pub(super) fn list(ctx: &Ctx) -> Result<Output, CommandError> {
    let line = |channel: &Channel| {
        let state = if channel.hidden { "hidden" } else { "shown" };
        format!(
            "{}\t{}\t{}\t{state}\t{}",
            channel.id.0, channel.number, channel.name, channel.source
        )
    };
    let channels = ops::catalogue::channels::list(ctx)?;
    Ok(done(channels.iter().map(line).collect()))
}

pub(super) async fn remove(ctx: &Ctx, ids: Vec<u64>) -> Result<Output, CommandError> {
    let ids = ids.into_iter().map(ChannelId).collect();
    let removed = ops::catalogue::channels::remove(ctx, ids).await?;
    let line = |channel: &Channel| format!("removed {} {}", channel.number, channel.name);
    Ok(done(removed.iter().map(line).collect()))
}

pub(super) async fn hide(ctx: &Ctx, ids: Vec<u64>, hidden: bool) -> Result<Output, CommandError> {
    let ids = ids.into_iter().map(ChannelId).collect();
    let changed = ops::catalogue::channels::set_hidden(ctx, ids, hidden).await?;
    if changed.is_empty() {
        return Ok(done(vec!["nothing to change".to_owned()]));
    }
    let state = if hidden { "hidden" } else { "shown" };
    let line = |channel: &Channel| format!("{} {} is {state}", channel.number, channel.name);
    Ok(done(changed.iter().map(line).collect()))
}
