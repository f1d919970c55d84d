//! Channels and films as earlier versions wrote them, and what they are today. Nothing here ever
//! changes; `tests/it/contract/golden.rs` holds their bytes.

use serde::{Deserialize, Serialize};

use crate::domain::catalogue::content::{Channel, ChannelKind, Movie};
use crate::domain::values::id::{ChannelId, GenreId, MovieId};
use crate::store::codec::decode_body;
use crate::store::error::{CodecError, unknown};
use crate::store::tables::Table;

/// A channel before it was known which list brought it.
#[derive(Serialize, Deserialize)]
struct ChannelV1 {
    id: ChannelId,
    name: String,
    number: u32,
    kind: ChannelKind,
    genre: Option<GenreId>,
    url: String,
    logo: String,
    xmltv_id: String,
    base_channel: bool,
    censored: bool,
    archive_days: u32,
}

pub(in crate::store) fn channel(version: u8, body: &[u8]) -> Result<Channel, CodecError> {
    if version != 1 {
        return Err(unknown(Table::Channels, version));
    }
    let old: ChannelV1 = decode_body(Table::Channels.name(), body)?;
    Ok(Channel {
        id: old.id,
        name: old.name,
        number: old.number,
        kind: old.kind,
        genre: old.genre,
        url: old.url,
        logo: old.logo,
        xmltv_id: old.xmltv_id,
        base_channel: old.base_channel,
        censored: old.censored,
        archive_days: old.archive_days,
        guide_name: String::new(),
        guide_shift_minutes: 0,
        source: String::new(),
        hidden: false,
    })
}

/// A film before it was known which list brought it.
#[derive(Serialize, Deserialize)]
struct MovieV1 {
    id: MovieId,
    title: String,
    genre: Option<GenreId>,
    url: String,
    poster: String,
    year: Option<u32>,
    description: String,
    duration_minutes: Option<u32>,
}

pub(in crate::store) fn movie(version: u8, body: &[u8]) -> Result<Movie, CodecError> {
    if version != 1 {
        return Err(unknown(Table::Movies, version));
    }
    let old: MovieV1 = decode_body(Table::Movies.name(), body)?;
    Ok(Movie {
        id: old.id,
        title: old.title,
        genre: old.genre,
        url: old.url,
        poster: old.poster,
        year: old.year,
        description: old.description,
        duration_minutes: old.duration_minutes,
        source: String::new(),
    })
}
