//! What an import planned, written in chunks; and beside each chunk what it changed, so that the
//! import can be undone.

use crate::app::Ctx;
use crate::domain::boxes::event::BoxEventKind;
use crate::domain::catalogue::content::{Channel, Genre, ImportStep, Movie, Touched};
use crate::domain::event::Change;
use crate::domain::values::id::{ChannelId, GenreId, Id as _, ImportStepId, MovieId};
use crate::ops::catalogue::channels::{remove_channel, store_channel};
use crate::store::key::terminated;
use crate::store::{Read as _, Table, Tx, codec};

use super::plan::Task;
use super::report::{Progress, Step, count};
use crate::ops::OpError;
use crate::ops::boxes::events;
use crate::ops::bulk;
use crate::ops::imports::plan::{ChannelTask, Plan};

/// Channels, films and genres that are written in one go; and those whose programmes move with
/// them.
const CHUNK: usize = 200;
const CHUNK_HEAVY: usize = 8;

/// Which import it is of which source.
#[derive(Debug, Clone)]
struct Mark {
    source: String,
    /// `None`: nothing was written yet.
    import: Option<ImportStepId>,
}

/// What one commit touches.
#[derive(Debug, Default)]
struct Noted {
    channels: Vec<Touched>,
    movies: Vec<Touched>,
    genres: Vec<GenreId>,
}

/// Writes a plan, and tells the boxes if there was anything in it.
pub async fn write(
    ctx: &Ctx,
    plan: &Plan,
    source: &str,
    progress: &Progress,
) -> Result<(), OpError> {
    let mut mark = Mark {
        source: source.to_owned(),
        import: None,
    };
    let mut genres = Vec::with_capacity(plan.genres.len());
    for titles in plan.genres.chunks(CHUNK) {
        let (titles, marked) = (titles.to_vec(), mark.clone());
        let written = bulk::write(ctx, move |ctx, tx| {
            let made = make_genres(ctx, tx, &titles)?;
            let noted = Noted {
                genres: made.clone(),
                ..Noted::default()
            };
            Ok((made, note(ctx, tx, &marked, noted)?))
        });
        let (made, import) = written.await?;
        genres.extend(made);
        mark.import = import;
    }
    let is_film = |task: &Task| matches!(task, Task::Film(_) | Task::DropFilm(_));
    let films = plan.tasks.iter().filter(|task| is_film(task)).count();
    let channels = plan.tasks.len().saturating_sub(films);
    let (mut films_done, mut channels_done) = (0usize, 0usize);
    let mut rest = plan.tasks.as_slice();
    while !rest.is_empty() {
        let is_heavy = rest.iter().take(CHUNK).any(Task::is_heavy);
        let size = if is_heavy { CHUNK_HEAVY } else { CHUNK };
        let (chunk, after) = rest.split_at(size.min(rest.len()));
        rest = after;
        let (chunk, genres, marked) = (chunk.to_vec(), genres.clone(), mark.clone());
        let new_films = chunk.iter().filter(|task| is_film(task)).count();
        films_done = films_done.saturating_add(new_films);
        channels_done = channels_done.saturating_add(chunk.len().saturating_sub(new_films));
        mark.import = bulk::write(ctx, move |ctx, tx| {
            let noted = work(ctx, tx, &chunk, &genres, &marked.source)?;
            note(ctx, tx, &marked, noted)
        })
        .await?;
        progress(if new_films > 0 {
            Step::Films {
                done: films_done,
                of: films,
            }
        } else {
            Step::Channels {
                done: channels_done,
                of: channels,
            }
        });
    }
    if !plan.tasks.is_empty() {
        tell_boxes(ctx, BoxEventKind::UpdateSubscription).await?;
    }
    Ok(())
}

fn make_genres(ctx: &Ctx, tx: &mut Tx<'_>, titles: &[String]) -> Result<Vec<GenreId>, OpError> {
    let mut ids = Vec::with_capacity(titles.len());
    for title in titles {
        let genre = Genre {
            id: tx.next_id::<GenreId>()?,
            title: title.clone(),
        };
        crate::ops::create(ctx, tx, "genre.import", &genre)?;
        ids.push(genre.id);
    }
    Ok(ids)
}

fn work(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    tasks: &[Task],
    genres: &[GenreId],
    source: &str,
) -> Result<Noted, OpError> {
    let mut noted = Noted::default();
    let mut films = Vec::new();
    let mut counts = [("created", 0usize), ("changed", 0), ("removed", 0)];
    let [(_, created), (_, changed), (_, removed)] = &mut counts;
    let mut dropped = None;
    for task in tasks {
        match task {
            Task::Channel(task) => {
                let touched = keep_channel(ctx, tx, task, genres, source)?;
                noted.channels.extend(touched);
            }
            Task::DropChannel(id) => {
                if let Some(before) = tx.get::<Channel>(id)? {
                    noted.channels.push(touched(Some(&before), None)?);
                    remove_channel(ctx, tx, &before)?;
                }
            }
            Task::Film(task) => {
                let held = match task.movie {
                    Some(id) => tx.get::<Movie>(&id)?,
                    None => None,
                };
                let after = match &held {
                    Some(before) => task.of(before.clone(), genres),
                    None => task.of(task.blank(tx.next_id::<MovieId>()?, source), genres),
                };
                if held.as_ref() == Some(&after) {
                    continue;
                }
                count(if held.is_some() { changed } else { created });
                noted
                    .movies
                    .push(touched_film(held.as_ref(), Some(&after))?);
                films.push(after);
            }
            Task::DropFilm(id) => {
                if let Some(before) = tx.get::<Movie>(id)? {
                    noted.movies.push(touched_film(Some(&before), None)?);
                    tx.remove::<Movie>(id)?;
                    count(removed);
                    dropped = Some(before);
                }
            }
        }
    }
    films.sort_by_key(|film| film.id);
    tx.put_many(&films)?;
    // There may be very many: a line for all of the chunk.
    if let Some(subject) = films.first().or(dropped.as_ref()) {
        let facts = counts.map(|(field, count)| Change {
            field: field.to_owned(),
            before: String::new(),
            after: count.to_string(),
        });
        crate::ops::audit(ctx, tx, "movie.import", subject, facts.to_vec())?;
    }
    Ok(noted)
}

fn keep_channel(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    task: &ChannelTask,
    genres: &[GenreId],
    source: &str,
) -> Result<Option<Touched>, OpError> {
    let held = match task.channel {
        Some(id) => tx.get::<Channel>(&id)?,
        None => None,
    };
    let after = match &held {
        // As it is now: somebody may have changed it since it was looked at.
        Some(before) => task.of(before.clone(), genres),
        None => task.of(task.blank(tx.next_id::<ChannelId>()?, source), genres),
    };
    if held.as_ref() == Some(&after) {
        return Ok(None);
    }
    store_channel(ctx, tx, "channel.import", held.as_ref(), &after)?;
    touched(held.as_ref(), Some(&after)).map(Some)
}

fn touched(before: Option<&Channel>, after: Option<&Channel>) -> Result<Touched, OpError> {
    let number = before.or(after).map_or(0, |channel| channel.id.number());
    Ok(Touched {
        number,
        before: before.map(encoded).transpose()?,
        after: after.map(encoded).transpose()?,
    })
}

fn touched_film(before: Option<&Movie>, after: Option<&Movie>) -> Result<Touched, OpError> {
    let number = before.or(after).map_or(0, |movie| movie.id.number());
    Ok(Touched {
        number,
        before: before.map(encoded).transpose()?,
        after: after.map(encoded).transpose()?,
    })
}

pub fn encoded<R: crate::store::Record>(record: &R) -> Result<Vec<u8>, OpError> {
    codec::encode(record).map_err(|error| OpError::Failed(error.to_string()))
}

/// Keeps what a commit touched. The first one of an import forgets the import before it.
fn note(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    mark: &Mark,
    noted: Noted,
) -> Result<Option<ImportStepId>, OpError> {
    let is_empty = noted.channels.is_empty() && noted.movies.is_empty() && noted.genres.is_empty();
    if mark.source.is_empty() || is_empty {
        return Ok(mark.import);
    }
    if mark.import.is_none() {
        let front = terminated(&mark.source);
        for number in tx.numbers(Table::ImportStepsBySource, &front)? {
            tx.remove::<ImportStep>(&ImportStepId(number))?;
        }
    }
    let id = tx.next_id::<ImportStepId>()?;
    let import = mark.import.unwrap_or(id);
    tx.put(&ImportStep {
        id,
        import,
        source: mark.source.clone(),
        at: ctx.now,
        channels: noted.channels,
        movies: noted.movies,
        genres: noted.genres,
    })?;
    Ok(Some(import))
}

/// Tells every box that channels or the guide are others now: once for a whole import.
pub(super) async fn tell_boxes(ctx: &Ctx, kind: BoxEventKind) -> Result<(), OpError> {
    bulk::write(ctx, move |ctx, tx| events::queue_for_all(ctx, tx, kind)).await
}
