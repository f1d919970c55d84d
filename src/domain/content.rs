//! What there is to watch, and who else takes part: channels, movies, genres, resellers.

use serde::{Deserialize, Serialize};

use super::id::{ChannelId, GenreId, MovieId, ResellerId};
use super::time::Timestamp;

/// Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChannelKind {
    Tv,
    Radio,
}

/// A TV or radio channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    pub id: ChannelId,
    pub name: String,
    /// What the viewer types on the remote control.
    pub number: u32,
    pub kind: ChannelKind,
    pub genre: Option<GenreId>,
    pub url: String,
    pub logo: String,
    /// The channel's name in a programme guide.
    pub xmltv_id: String,
    /// Stalker's base channel: shown as such to billing scripts. It opens nothing by itself.
    pub base_channel: bool,
    pub censored: bool,
    pub archive_days: u32,
}

/// A group of channels or movies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Genre {
    pub id: GenreId,
    pub title: String,
}

/// A film.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movie {
    pub id: MovieId,
    pub title: String,
    pub genre: Option<GenreId>,
    pub url: String,
    pub poster: String,
    pub year: Option<u32>,
    pub description: String,
    pub duration_minutes: Option<u32>,
}

/// Who sold it; scopes customers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reseller {
    pub id: ResellerId,
    pub name: String,
    pub users_max: Option<u32>,
    pub use_ip_ranges: bool,
    /// `None` of those from before it was noted.
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
}
