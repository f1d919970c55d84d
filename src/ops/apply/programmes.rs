//! The programme guide of an apply document: for guides that are made by hand.
//! Whole ones come as XMLTV.

use crate::app::Ctx;
use crate::domain::catalogue::content::Channel;
use crate::domain::catalogue::guide::{
    CATEGORY_CHARS_MAX, DESCRIPTION_CHARS_MAX, Programme, TITLE_CHARS_MAX,
};
use crate::domain::values::id::{ChannelId, ProgrammeId};
use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::ops::viewing::guide;
use crate::store::{Read as _, Tx};

use super::document::ProgrammeIn;
use super::report::Outcome;
use super::values::wrong;

/// Brings one programme in step; its key is the channel and the start.
pub(super) fn keep_programme(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    given: &ProgrammeIn,
    path: &str,
) -> Result<Outcome, OpError> {
    let at = |name: &str| format!("{path}.{name}");
    let channel = ChannelId(given.channel);
    if tx.get::<Channel>(&channel)?.is_none() {
        return Err(wrong(&at("channel"), "no such channel"));
    }
    let instant = |name: &str, text: &str| {
        let example = "must be a date and time such as 2026-01-31T20:15:00Z";
        Timestamp::parse(text).ok_or_else(|| wrong(&at(name), example))
    };
    let start_at = instant("start", &given.start)?;
    let stop_at = instant("stop", &given.stop)?;
    if stop_at <= start_at {
        return Err(wrong(&at("stop"), "must be later than start"));
    }
    // Programmes of a channel do not overlap, so of two one is another.
    let there = guide::between(tx, channel, start_at, stop_at, 2)?;
    if there.iter().any(|other| other.start_at != start_at) {
        let problem = "another programme of the channel is on at that time";
        return Err(wrong(&at("start"), problem));
    }
    let held = there.into_iter().next();
    let cut = |text: &str, max: usize| text.chars().take(max).collect::<String>();
    let said = |text: &Option<String>, max: usize| cut(text.as_deref().unwrap_or_default(), max);
    let programme = Programme {
        id: match &held {
            Some(held) => held.id,
            None => tx.next_id::<ProgrammeId>()?,
        },
        channel,
        start_at,
        stop_at,
        title: cut(&given.title, TITLE_CHARS_MAX),
        description: said(&given.description, DESCRIPTION_CHARS_MAX),
        category: said(&given.category, CATEGORY_CHARS_MAX),
        director: held
            .as_ref()
            .map_or_else(String::new, |held| held.director.clone()),
        actors: held
            .as_ref()
            .map_or_else(String::new, |held| held.actors.clone()),
    };
    Ok(match held {
        None => {
            crate::ops::create(ctx, tx, "apply.create", &programme)?;
            Outcome::Created
        }
        Some(held) if held == programme => Outcome::Left,
        Some(held) => {
            crate::ops::change(ctx, tx, "apply.change", &held, &programme)?;
            Outcome::Changed
        }
    })
}
