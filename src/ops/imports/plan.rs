//! What an import is going to write.

use crate::domain::catalogue::content::{Channel, ChannelKind, Genre, Movie};
use crate::domain::values::id::{ChannelId, GenreId, MovieId};
use crate::ops::catalogue::channels::Uses;
use crate::ops::imports::kinds::Entry;
use crate::ops::imports::kinds::year_of;
use crate::ops::imports::one_line::{folded, shown};
use crate::ops::imports::options::Options;
use crate::ops::imports::report::Report;
use std::collections::{BTreeMap, BTreeSet};

/// The genre that a channel or film gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GenreChoice {
    Held(GenreId),
    /// One of [`Plan::genres`].
    New(usize),
}

impl GenreChoice {
    /// Its number, among those of the genres that were missing.
    pub fn among(self, genres: &[GenreId]) -> Option<GenreId> {
        match self {
            Self::Held(id) => Some(id),
            Self::New(place) => genres.get(place).copied(),
        }
    }
}

/// What is done about one channel of the list.
#[derive(Debug, Clone)]
pub struct ChannelTask {
    pub entry: Entry,
    /// The channel that it is; `None`: a new one.
    pub channel: Option<ChannelId>,
    /// `None`: as it is.
    pub number: Option<u32>,
    pub genre: Option<GenreChoice>,
}

/// Everything that is to be done.
#[derive(Debug, Default)]
pub struct Plan {
    /// Titles of genres that are missing.
    pub genres: Vec<String>,
    pub tasks: Vec<Task>,
    pub report: Report,
}

/// What there is before an import.
#[derive(Debug, Default)]
pub struct Ours {
    pub channels: Vec<Channel>,
    pub movies: Vec<Movie>,
    pub genres: Vec<Genre>,
    /// What refers to channels and films; only looked at where some are to be removed.
    pub uses: Uses,
}

/// Genres by their folded titles, and those that have to be made.
pub struct Genres {
    pub(in crate::ops::imports) titles: BTreeMap<String, GenreChoice>,
    pub(in crate::ops::imports) missing: Vec<String>,
}

impl Genres {
    pub(in crate::ops::imports) fn of(genres: &[Genre]) -> Self {
        let mut titles = BTreeMap::new();
        for genre in genres {
            let held = GenreChoice::Held(genre.id);
            titles.entry(folded(&genre.title)).or_insert(held);
        }
        Self {
            titles,
            missing: Vec::new(),
        }
    }

    /// The genre of a title; `None` where there is no title.
    pub fn task(&mut self, title: &str) -> Option<GenreChoice> {
        let key = folded(title);
        if key.is_empty() {
            return None;
        }
        Some(*self.titles.entry(key).or_insert_with(|| {
            self.missing.push(title.to_owned());
            GenreChoice::New(self.missing.len().saturating_sub(1))
        }))
    }
}

/// Channels that an earlier import of the source made and this one does not have, but for those
/// that are needed.
pub(in crate::ops::imports) fn missing(
    ours: &Ours,
    listed: &BTreeSet<usize>,
    options: &Options,
    report: &mut Report,
) -> BTreeSet<usize> {
    let mut gone = BTreeSet::new();
    if !options.remove_missing {
        return gone;
    }
    for (place, channel) in ours.channels.iter().enumerate() {
        if channel.source != options.source || listed.contains(&place) {
            continue;
        }
        let called = format!("{} {}", channel.number, shown(&channel.name));
        match ours.uses.of_channel(channel.id) {
            Some(uses) => report.kept.add(|| format!("{called}: {uses}")),
            None => {
                report.removed.add(|| called);
                gone.insert(place);
            }
        }
    }
    gone
}

impl ChannelTask {
    /// The channel with what the list says of it. `genres`: the numbers of those that were missing.
    pub fn of(&self, held: Channel, genres: &[GenreId]) -> Channel {
        let entry = &self.entry;
        let said = |text: &String, held: String| {
            if text.is_empty() { held } else { text.clone() }
        };
        let genre = self.genre.and_then(|task| task.among(genres));
        let kind = entry.radio.map(|radio| {
            if radio {
                ChannelKind::Radio
            } else {
                ChannelKind::Tv
            }
        });
        // An id that the operator gave leads to the guide: it stays. And only the same name makes
        // it sure that the id is not another entry's.
        let is_blank = held.xmltv_id.is_empty();
        let xmltv_id = if is_blank && folded(&held.name) == folded(&entry.name) {
            entry.tvg_id.clone()
        } else {
            held.xmltv_id
        };
        // A second name is worth keeping where it is another.
        let is_other = folded(&entry.tvg_name) != folded(&held.name);
        let second = Some(&entry.tvg_name).filter(|_| is_other);
        Channel {
            number: self.number.unwrap_or(held.number),
            kind: kind.unwrap_or(held.kind),
            genre: genre.or(held.genre),
            url: said(&entry.url, held.url),
            logo: said(&entry.logo, held.logo),
            xmltv_id,
            censored: entry.censored.unwrap_or(held.censored),
            archive_days: entry.archive_days.unwrap_or(held.archive_days),
            guide_name: said(second.unwrap_or(&String::new()), held.guide_name),
            guide_shift_minutes: entry.shift_minutes.unwrap_or(held.guide_shift_minutes),
            ..held
        }
    }

    /// A channel that is not there yet.
    pub fn blank(&self, id: ChannelId, source: &str) -> Channel {
        Channel {
            id,
            name: self.entry.name.clone(),
            number: 0,
            kind: ChannelKind::Tv,
            genre: None,
            url: String::new(),
            logo: String::new(),
            xmltv_id: String::new(),
            base_channel: false,
            censored: false,
            archive_days: 0,
            guide_name: String::new(),
            guide_shift_minutes: 0,
            source: source.to_owned(),
            hidden: false,
        }
    }
}

/// Shorter ones are no length of a film.
pub(in crate::ops::imports) const MINUTES_MIN: u32 = 5;

/// What is done about one film of the list.
#[derive(Debug, Clone)]
pub struct FilmTask {
    pub entry: Entry,
    /// The film that it is; `None`: a new one.
    pub movie: Option<MovieId>,
    pub genre: Option<GenreChoice>,
}

impl FilmTask {
    /// The film with what the list says of it. What somebody wrote about it stays.
    pub fn of(&self, held: Movie, genres: &[GenreId]) -> Movie {
        let entry = &self.entry;
        let minutes = entry.duration_minutes;
        let minutes = minutes.filter(|minutes| *minutes >= MINUTES_MIN);
        let poster = Some(&entry.logo).filter(|logo| !logo.is_empty());
        Movie {
            genre: self
                .genre
                .and_then(|task| task.among(genres))
                .or(held.genre),
            url: entry.url.clone(),
            poster: poster.cloned().unwrap_or(held.poster),
            year: held.year.or_else(|| year_of(&entry.name)),
            duration_minutes: held.duration_minutes.or(minutes),
            ..held
        }
    }

    /// A film that is not there yet.
    pub fn blank(&self, id: MovieId, source: &str) -> Movie {
        Movie {
            id,
            title: self.entry.name.clone(),
            genre: None,
            url: String::new(),
            poster: String::new(),
            year: None,
            description: String::new(),
            duration_minutes: None,
            source: source.to_owned(),
        }
    }
}

/// One thing to do.
#[derive(Debug, Clone)]
pub enum Task {
    Channel(Box<ChannelTask>),
    Film(Box<FilmTask>),
    DropChannel(ChannelId),
    DropFilm(MovieId),
}

impl Task {
    /// Whether programmes go with it.
    pub(super) fn is_heavy(&self) -> bool {
        match self {
            Self::Channel(task) => task.channel.is_some() && task.entry.shift_minutes.is_some(),
            Self::DropChannel(_) => true,
            Self::Film(_) | Self::DropFilm(_) => false,
        }
    }
}
