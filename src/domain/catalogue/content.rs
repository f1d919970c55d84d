//! What there is to watch, and who else takes part: channels, movies, genres, resellers.

use serde::{Deserialize, Serialize};

use crate::domain::values::id::{ChannelId, GenreId, ImportStepId, MovieId, ResellerId};
use crate::domain::values::time::Timestamp;

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
    /// Another name of it in programme guides, as lists of channels give it; empty: none.
    pub guide_name: String,
    /// How much later than its guide says it shows everything, in minutes.
    pub guide_shift_minutes: i32,
    /// The source whose import made it; empty: somebody made it by hand.
    pub source: String,
    /// Nobody sees it, whatever they hold.
    pub hidden: bool,
}

/// Furthest that a channel's guide is shifted, in minutes.
pub const GUIDE_SHIFT_MINUTES_MAX: i32 = 48 * 60;

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
    /// The source whose import made it; empty: somebody made it by hand.
    pub source: String,
}

/// What one commit of an import did, so that the last import of a source can be undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportStep {
    pub id: ImportStepId,
    /// The first step of the same import.
    pub import: ImportStepId,
    pub source: String,
    pub at: Timestamp,
    pub channels: Vec<Touched>,
    pub movies: Vec<Touched>,
    /// Genres that it made.
    pub genres: Vec<GenreId>,
}

/// A record before and after, as it is stored: readable whatever its version; `None`: it was not
/// there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    pub number: u64,
    pub before: Option<Vec<u8>>,
    pub after: Option<Vec<u8>>,
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
