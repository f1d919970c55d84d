//! Films of a list, matched with the films there are: by their address, then by title and year.

use std::collections::{BTreeMap, BTreeSet};

use super::kinds::year_of;
use super::one_line::{folded, shown};
use super::options::Options;
use super::plan::Task;
use super::report::{Counts, Notes, Report, count};
use crate::ops::imports::kinds::Entry;
use crate::ops::imports::plan::FilmTask;
use crate::ops::imports::plan::{GenreChoice, Genres, Ours};

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
        let task = FilmTask {
            genre: genres.task(&entry.group),
            movie: held.map(|held| held.id),
            entry,
        };
        match held {
            None => count(&mut counts.created),
            Some(held)
                if matches!(task.genre, Some(GenreChoice::New(_)))
                    || task.of(held.clone(), &[]) != *held =>
            {
                count(&mut counts.changed);
            }
            Some(_) => {
                count(&mut counts.left);
                continue;
            }
        }
        tasks.push(Task::Film(Box::new(task)));
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
