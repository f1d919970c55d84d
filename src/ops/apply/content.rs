//! What there is to watch, in an apply document: channels, programmes, films.

use crate::app::Ctx;
use crate::domain::address;
use crate::domain::content::{Channel, ChannelKind, GUIDE_SHIFT_MINUTES_MAX, Movie};
use crate::domain::id::{ChannelId, MovieId};
use crate::ops::OpError;
use crate::ops::channels::store_channel;
use crate::store::{Read as _, Tx};

use super::document::{ChannelIn, ChannelKindIn, Document};
use super::{Outcome, Report, genre, keep_by_id, programmes, wrong};

pub(super) fn keep_content(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    document: &Document,
    report: &mut Report,
) -> Result<(), OpError> {
    for (i, channel) in document.channels.iter().enumerate() {
        let outcome = keep_channel(ctx, tx, channel, &format!("channels[{i}]"))?;
        report.count("channels", outcome);
    }
    for (i, given) in document.programmes.iter().enumerate() {
        let path = format!("programmes[{i}]");
        let outcome = programmes::keep_programme(ctx, tx, given, &path)?;
        report.count("programmes", outcome);
    }
    for (i, movie) in document.movies.iter().enumerate() {
        let id = MovieId(movie.id);
        let genre = genre(tx, movie.genre, || format!("movies[{i}].genre"))?;
        check_addresses(
            &format!("movies[{i}]"),
            movie.url.as_deref(),
            ("poster", movie.poster.as_deref()),
        )?;
        let record = Movie {
            id,
            title: movie.title.clone(),
            genre,
            url: movie.url.clone().unwrap_or_default(),
            poster: movie.poster.clone().unwrap_or_default(),
            year: movie.year,
            description: movie.description.clone().unwrap_or_default(),
            duration_minutes: movie.duration_minutes,
            source: tx
                .get::<Movie>(&id)?
                .map_or_else(String::new, |held| held.source),
        };
        report.count("movies", keep_by_id(ctx, tx, id, &record)?);
    }
    Ok(())
}

/// Refuses an address that no player opens, and one of a picture that is not on the web.
fn check_addresses(
    path: &str,
    stream: Option<&str>,
    (name, picture): (&str, Option<&str>),
) -> Result<(), OpError> {
    let stream = stream.unwrap_or_default();
    if !address::is_of_stream(stream) {
        return Err(wrong(&format!("{path}.url"), address::STREAM_WORDS));
    }
    let picture = picture.unwrap_or_default();
    if !address::is_of_picture(picture) {
        return Err(wrong(&format!("{path}.{name}"), address::PICTURE_WORDS));
    }
    Ok(())
}

fn keep_channel(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    channel: &ChannelIn,
    path: &str,
) -> Result<Outcome, OpError> {
    let id = ChannelId(channel.id);
    let genre = genre(tx, channel.genre, || format!("{path}.genre"))?;
    check_addresses(
        path,
        channel.url.as_deref(),
        ("logo", channel.logo.as_deref()),
    )?;
    let held = tx.get::<Channel>(&id)?;
    let shift = channel
        .guide_shift_minutes
        .or_else(|| held.as_ref().map(|held| held.guide_shift_minutes));
    let max = GUIDE_SHIFT_MINUTES_MAX;
    if shift.is_some_and(|minutes| !(-max..=max).contains(&minutes)) {
        let path = format!("{path}.guide_shift_minutes");
        return Err(wrong(&path, &format!("must be between -{max} and {max}")));
    }
    let record = Channel {
        id,
        name: channel.name.clone(),
        number: channel.number,
        kind: match channel.kind {
            ChannelKindIn::Tv => ChannelKind::Tv,
            ChannelKindIn::Radio => ChannelKind::Radio,
        },
        genre,
        url: channel.url.clone().unwrap_or_default(),
        logo: channel.logo.clone().unwrap_or_default(),
        xmltv_id: channel.xmltv_id.clone().unwrap_or_default(),
        base_channel: channel.base_ch.unwrap_or(false),
        censored: channel.censored.unwrap_or(false),
        archive_days: channel.archive_days.unwrap_or(0),
        guide_name: channel
            .guide_name
            .clone()
            .or_else(|| held.as_ref().map(|held| held.guide_name.clone()))
            .unwrap_or_default(),
        guide_shift_minutes: shift.unwrap_or_default(),
        source: held
            .as_ref()
            .map_or_else(String::new, |held| held.source.clone()),
        hidden: channel
            .hidden
            .or_else(|| held.as_ref().map(|held| held.hidden))
            .unwrap_or_default(),
    };
    match held.filter(|held| *held != record) {
        Some(before) => {
            store_channel(ctx, tx, "apply.change", Some(&before), &record)?;
            Ok(Outcome::Changed)
        }
        None => keep_by_id(ctx, tx, id, &record),
    }
}
