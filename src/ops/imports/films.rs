//! Films of a list, matched with the films there are: by their address, then by title and year.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::catalogue::content::Movie;
use crate::domain::values::id::{GenreId, MovieId};

use super::channels::{GenreWish, Genres, Ours};
use super::entry::Entry;
use super::kinds::year_of;
use super::writing::Task;
use super::{Counts, Notes, Options, Report, count, folded, shown};

/// Shorter ones are no length of a film.
const MINUTES_MIN: u32 = 5;

/// What is done about one film of the list.
#[derive(Debug, Clone)]
pub struct FilmWish {
    pub entry: Entry,
    /// The film that it is; `None`: a new one.
    pub movie: Option<MovieId>,
    pub genre: Option<GenreWish>,
}

/// A title and year, as they are compared.
type Known = (String, Option<u32>);

fn known(title: &str, year: Option<u32>) -> Known {
    (folded(title), year.or_else(|| year_of(title)))
}

/// Plans what becomes of the films of a list.
pub fn plan(
    ours: &Ours,
    films: Vec<Entry>,
    options: &Options,
    genres: &mut Genres,
    tasks: &mut Vec<Task>,
    report: &mut Report,
    problems: &mut Notes,
) {
    let mut by_url: BTreeMap<&str, usize> = BTreeMap::new();
    let mut by_title: BTreeMap<Known, usize> = BTreeMap::new();
    for (place, movie) in ours.movies.iter().enumerate() {
        by_url.entry(&movie.url).or_insert(place);
        let known = known(&movie.title, movie.year);
        by_title.entry(known).or_insert(place);
    }
    let mut counts = Counts::default();
    let (mut seen, mut listed) = (BTreeSet::new(), BTreeSet::new());
    let is_there = !films.is_empty();
    for entry in films {
        let key = known(&entry.name, None);
        let held = by_url.get(entry.url.as_str());
        let held = held.or_else(|| by_title.get(&key)).copied();
        let is_new = seen.insert(key) && held.is_none_or(|held| listed.insert(held));
        if !is_new {
            let line = entry.line;
            problems.add(|| format!("line {line}: {} is there twice", shown(&entry.name)));
            continue;
        }
        let held = held.and_then(|held| ours.movies.get(held));
        let wish = FilmWish {
            genre: genres.wish(&entry.group),
            movie: held.map(|held| held.id),
            entry,
        };
        match held {
            None => count(&mut counts.created),
            Some(held)
                if matches!(wish.genre, Some(GenreWish::New(_)))
                    || wish.of(held.clone(), &[]) != *held =>
            {
                count(&mut counts.changed);
            }
            Some(_) => {
                count(&mut counts.left);
                continue;
            }
        }
        tasks.push(Task::Film(Box::new(wish)));
    }
    if options.remove_missing {
        for (place, movie) in ours.movies.iter().enumerate() {
            if movie.source != options.source || listed.contains(&place) {
                continue;
            }
            match ours.uses.of_movie(movie.id) {
                Some(uses) => report
                    .kept
                    .add(|| format!("{}: {uses}", shown(&movie.title))),
                None => {
                    report.removed.add(|| shown(&movie.title));
                    count(&mut counts.removed);
                    tasks.push(Task::DropFilm(movie.id));
                }
            }
        }
    }
    if is_there || counts.removed > 0 {
        report.films = Some(counts);
    }
}

impl FilmWish {
    /// The film with what the list says of it. What somebody wrote about it stays.
    pub fn of(&self, held: Movie, genres: &[GenreId]) -> Movie {
        let entry = &self.entry;
        let minutes = entry.duration_minutes;
        let minutes = minutes.filter(|minutes| *minutes >= MINUTES_MIN);
        let poster = Some(&entry.logo).filter(|logo| !logo.is_empty());
        Movie {
            genre: self
                .genre
                .and_then(|wish| wish.among(genres))
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
