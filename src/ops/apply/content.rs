//! What there is to watch, in an apply document: channels, programmes, films.

use crate::domain::catalogue::content::{Channel, ChannelKind, GUIDE_SHIFT_MINUTES_MAX, Movie};
use crate::domain::values::address;
use crate::domain::values::id::{ChannelId, MovieId};
use crate::ops::OpError;
use crate::ops::catalogue::channels::store_channel;
use crate::store::{Read as _, Tx};

use super::document::{ChannelIn, ChannelKindIn, Document, MovieIn};
use super::keep::Keeper;
use super::programmes;
use super::values::{flag, genre, text, wrong};

pub(super) fn keep_content(
    keeper: &mut Keeper<'_>,
    tx: &mut Tx<'_>,
    document: &Document,
) -> Result<(), OpError> {
    for (i, given) in document.channels.iter().enumerate() {
        let path = format!("channels[{i}]");
        let held = tx.get::<Channel>(&ChannelId(given.id))?;
        let record = channel(tx, given, held.as_ref(), &path)?;
        let before = held.as_ref();
        check_stream(&path, &record.url, before.map(|held| &held.url))?;
        check_picture(&path, "logo", &record.logo, before.map(|held| &held.logo))?;
        match held.filter(|held| *held != record) {
            Some(held) => {
                store_channel(keeper.ctx, tx, "apply.change", Some(&held), &record)?;
                keeper.note_changed(tx, "channels", path, &held, &record)?;
            }
            None => keeper.by_id(tx, "channels", i, record.id, &record)?,
        }
    }
    for (i, given) in document.programmes.iter().enumerate() {
        let path = format!("programmes[{i}]");
        let outcome = programmes::keep_programme(keeper.ctx, tx, given, &path)?;
        keeper.report.count("programmes", outcome);
    }
    for (i, given) in document.movies.iter().enumerate() {
        let path = format!("movies[{i}]");
        let held = tx.get::<Movie>(&MovieId(given.id))?;
        let record = movie(tx, given, &path)?;
        let before = held.as_ref();
        check_stream(&path, &record.url, before.map(|held| &held.url))?;
        check_picture(
            &path,
            "poster",
            &record.poster,
            before.map(|held| &held.poster),
        )?;
        keeper.by_id(tx, "movies", i, record.id, &record)?;
    }
    Ok(())
}

/// Refuses an address that no player opens. One that is there already stays.
fn check_stream(path: &str, url: &str, held: Option<&String>) -> Result<(), OpError> {
    if address::is_of_stream(url) || held.is_some_and(|held| held == url) {
        return Ok(());
    }
    Err(wrong(&format!("{path}.url"), address::STREAM_WORDS))
}

/// Refuses the address of a picture that is not on the web. One that is there already stays.
fn check_picture(path: &str, name: &str, url: &str, held: Option<&String>) -> Result<(), OpError> {
    if address::is_of_picture(url) || held.is_some_and(|held| held == url) {
        return Ok(());
    }
    Err(wrong(&format!("{path}.{name}"), address::PICTURE_WORDS))
}

fn movie(tx: &Tx<'_>, given: &MovieIn, path: &str) -> Result<Movie, OpError> {
    let id = MovieId(given.id);
    let held = tx.get::<Movie>(&id)?;
    let held = held.as_ref();
    let genre = genre(tx, given.genre.clone(), || format!("{path}.genre"))?;
    let of = |of: fn(&Movie) -> &String| held.map(of).cloned().unwrap_or_default();
    let minutes = given.duration_minutes.clone();
    Ok(Movie {
        id,
        title: given.title.clone(),
        genre: genre.over_optional(held.and_then(|held| held.genre)),
        url: text(&given.url, of(|held| &held.url)),
        poster: text(&given.poster, of(|held| &held.poster)),
        year: given
            .year
            .clone()
            .over_optional(held.and_then(|held| held.year)),
        description: text(&given.description, of(|held| &held.description)),
        duration_minutes: minutes.over_optional(held.and_then(|held| held.duration_minutes)),
        source: of(|held| &held.source),
    })
}

fn channel(
    tx: &Tx<'_>,
    given: &ChannelIn,
    held: Option<&Channel>,
    path: &str,
) -> Result<Channel, OpError> {
    let genre = genre(tx, given.genre.clone(), || format!("{path}.genre"))?;
    let of = |of: fn(&Channel) -> &String| held.map(of).cloned().unwrap_or_default();
    let shift = given.guide_shift_minutes.clone();
    let shift = shift.over(held.map_or(0, |held| held.guide_shift_minutes), 0);
    let max = GUIDE_SHIFT_MINUTES_MAX;
    if !(-max..=max).contains(&shift) {
        let path = format!("{path}.guide_shift_minutes");
        return Err(wrong(&path, &format!("must be between -{max} and {max}")));
    }
    let days = given.archive_days.clone();
    Ok(Channel {
        id: ChannelId(given.id),
        name: given.name.clone(),
        number: given.number,
        kind: match given.kind {
            ChannelKindIn::Tv => ChannelKind::Tv,
            ChannelKindIn::Radio => ChannelKind::Radio,
        },
        genre: genre.over_optional(held.and_then(|held| held.genre)),
        url: text(&given.url, of(|held| &held.url)),
        logo: text(&given.logo, of(|held| &held.logo)),
        xmltv_id: text(&given.xmltv_id, of(|held| &held.xmltv_id)),
        base_channel: flag(&given.base_ch, held.is_some_and(|held| held.base_channel)),
        censored: flag(&given.censored, held.is_some_and(|held| held.censored)),
        archive_days: days.over(held.map_or(0, |held| held.archive_days), 0),
        guide_name: text(&given.guide_name, of(|held| &held.guide_name)),
        guide_shift_minutes: shift,
        source: of(|held| &held.source),
        hidden: flag(&given.hidden, held.is_some_and(|held| held.hidden)),
    })
}
