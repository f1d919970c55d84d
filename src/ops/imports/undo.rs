//! Takes the last import of a list back: what it made goes, what it changed and removed is as it
//! was. What somebody changed since, and what is needed, stays and is named.

use std::collections::BTreeSet;

use crate::app::Ctx;
use crate::domain::boxes::event::BoxEventKind;
use crate::domain::catalogue::content::{Channel, Genre, ImportStep, Movie, Touched};
use crate::domain::staff::Permission;
use crate::domain::values::id::{ChannelId, GenreId, ImportStepId, MovieId};
use crate::ops::catalogue::channels::{Uses, remove_channel, store_channel};
use crate::store::key::terminated;
use crate::store::{Read, Record, Table, Tx, codec};

use super::incoming::aside;
use super::one_line::shown;
use super::report::{Counts, Progress, Report, Step, count, wrong};
use super::writing::{encoded, tell_boxes};
use crate::ops::{OpError, bulk};

/// Channels and films that are worked in one go: programmes go with some.
const CHUNK: usize = 16;

/// What becomes of something that the import touched.
#[derive(Debug, Clone)]
enum Back<R> {
    Remove(R),
    /// As it was; with what it is now, if it is there.
    Put(R, Option<R>),
}

#[derive(Debug, Clone)]
enum Task {
    Channel(Back<Channel>),
    Film(Back<Movie>),
}

/// What is to be done.
#[derive(Debug, Default)]
struct Plan {
    tasks: Vec<Task>,
    genres: Vec<GenreId>,
    steps: Vec<ImportStepId>,
    report: Report,
}

/// Undoes the last import that changed anything, of the first of these sources that has one.
pub async fn undo(
    ctx: &Ctx,
    sources: Vec<String>,
    dry_run: bool,
    progress: Progress,
) -> Result<Report, OpError> {
    ctx.require(Permission::CatalogueWrite)?;
    let _alone = ctx.app.importing.lock().await;
    let looking = ctx.clone();
    let plan = aside(move || plan(&looking.snapshot()?, &sources)).await?;
    if dry_run {
        return Ok(plan.report);
    }
    let (of, mut done) = (plan.tasks.len(), 0usize);
    for tasks in plan.tasks.chunks(CHUNK) {
        let tasks = tasks.to_vec();
        done = done.saturating_add(tasks.len());
        bulk::write(ctx, move |ctx, tx| work(ctx, tx, &tasks)).await?;
        progress(Step::Channels { done, of });
    }
    let (genres, steps) = (plan.genres, plan.steps);
    bulk::write(ctx, move |ctx, tx| {
        for genre in &genres {
            if let Some(before) = tx.get::<Genre>(genre)? {
                tx.remove::<Genre>(genre)?;
                crate::ops::audit(ctx, tx, "genre.remove", &before, Vec::new())?;
            }
        }
        for step in &steps {
            tx.remove::<ImportStep>(step)?;
        }
        Ok(())
    })
    .await?;
    if of > 0 {
        tell_boxes(ctx, BoxEventKind::UpdateSubscription).await?;
    }
    Ok(plan.report)
}

fn plan(read: &impl Read, sources: &[String]) -> Result<Plan, OpError> {
    let mut steps: Vec<ImportStep> = Vec::new();
    for source in sources {
        if steps.is_empty() {
            steps = read.listed(Table::ImportStepsBySource, &terminated(source))?;
        }
    }
    if steps.is_empty() {
        let source = sources.first().map_or("", String::as_str);
        return Err(unknown(read, source)?);
    }
    let uses = Uses::of(read)?;
    let mut plan = Plan::default();
    let (mut channels, mut films) = (Counts::default(), Counts::default());
    let mut made = BTreeSet::new();
    for step in steps.iter().rev() {
        plan.steps.push(step.id);
        made.extend(step.genres.iter().copied());
        for touched in step.channels.iter().rev() {
            let id = ChannelId(touched.number);
            let now = read.get::<Channel>(&id)?;
            let called = |channel: &Channel| format!("{} {}", channel.number, shown(&channel.name));
            let needed = uses.of_channel(id);
            let back = back(
                touched,
                now,
                needed,
                called,
                &mut channels,
                &mut plan.report,
            )?;
            plan.tasks.extend(back.map(Task::Channel));
        }
        for touched in step.movies.iter().rev() {
            let id = MovieId(touched.number);
            let now = read.get::<Movie>(&id)?;
            let called = |movie: &Movie| shown(&movie.title);
            let needed = uses.of_movie(id);
            let back = back(touched, now, needed, called, &mut films, &mut plan.report)?;
            plan.tasks.extend(back.map(Task::Film));
        }
    }
    plan.genres = unused(read, made, &plan.tasks)?;
    plan.report.channels = Some(channels);
    plan.report.films = (films != Counts::default()).then_some(films);
    plan.report.genres = Some(Counts {
        removed: plan.genres.len(),
        ..Counts::default()
    });
    Ok(plan)
}

/// Says which sources there are to undo.
fn unknown(read: &impl Read, source: &str) -> Result<OpError, OpError> {
    let steps: Vec<ImportStep> = read.all()?;
    let sources: BTreeSet<String> = steps.into_iter().map(|step| shown(&step.source)).collect();
    let sources: Vec<String> = sources.into_iter().take(20).collect();
    let problem = if sources.is_empty() {
        "no import of a list is remembered; only lists can be undone, not guides".to_owned()
    } else {
        format!(
            "no import of this list is remembered; there are {}",
            sources.join(", ")
        )
    };
    Ok(wrong(shown(source), problem))
}

/// What becomes of one record.
fn back<R: Record + PartialEq>(
    touched: &Touched,
    now: Option<R>,
    needed: Option<String>,
    called: impl Fn(&R) -> String,
    counts: &mut Counts,
    report: &mut Report,
) -> Result<Option<Back<R>>, OpError> {
    let decoded = |bytes: &Vec<u8>| {
        codec::decode::<R>(bytes).map_err(|error| OpError::Failed(error.to_string()))
    };
    let before = touched.before.as_ref().map(decoded).transpose()?;
    match (before, now) {
        (None, None) => Ok(None),
        (None, Some(now)) => {
            let called = called(&now);
            if let Some(needed) = needed {
                report.kept.add(|| format!("{called}: {needed}"));
                return Ok(None);
            }
            count(&mut counts.removed);
            report.removed.add(|| called);
            Ok(Some(Back::Remove(now)))
        }
        (Some(before), None) => {
            // Removed by the import, or by somebody since.
            if touched.after.is_some() {
                return Ok(None);
            }
            count(&mut counts.created);
            Ok(Some(Back::Put(before, None)))
        }
        (Some(before), Some(now)) => {
            let is_changed = match &touched.after {
                Some(after) => decoded(after)? != now,
                None => true,
            };
            if before == now {
                count(&mut counts.left);
                return Ok(None);
            }
            if is_changed {
                let called = called(&now);
                report.kept.add(|| format!("{called}: was changed since"));
                return Ok(None);
            }
            count(&mut counts.changed);
            Ok(Some(Back::Put(before, Some(now))))
        }
    }
}

/// Genres that the import made and that nothing has any more.
fn unused(
    read: &impl Read,
    mut made: BTreeSet<GenreId>,
    tasks: &[Task],
) -> Result<Vec<GenreId>, OpError> {
    let mut channels = BTreeSet::new();
    let mut films = BTreeSet::new();
    let mut wanted = BTreeSet::new();
    for task in tasks {
        match task {
            Task::Channel(Back::Remove(channel)) => {
                channels.insert(channel.id);
            }
            Task::Channel(Back::Put(before, _)) => {
                channels.insert(before.id);
                wanted.extend(before.genre);
            }
            Task::Film(Back::Remove(film)) => {
                films.insert(film.id);
            }
            Task::Film(Back::Put(before, _)) => {
                films.insert(before.id);
                wanted.extend(before.genre);
            }
        }
    }
    for channel in read.all::<Channel>()? {
        if !channels.contains(&channel.id) {
            wanted.extend(channel.genre);
        }
    }
    for film in read.all::<Movie>()? {
        if !films.contains(&film.id) {
            wanted.extend(film.genre);
        }
    }
    made.retain(|genre| !wanted.contains(genre));
    Ok(made.into_iter().collect())
}

fn work(ctx: &Ctx, tx: &mut Tx<'_>, tasks: &[Task]) -> Result<(), OpError> {
    for task in tasks {
        match task {
            Task::Channel(Back::Remove(channel)) => {
                if tx.get::<Channel>(&channel.id)?.is_some() {
                    remove_channel(ctx, tx, channel)?;
                }
            }
            Task::Channel(Back::Put(before, now)) => {
                let held = tx.get::<Channel>(&before.id)?;
                // Somebody came in between: their change stands.
                if held.as_ref().map(encoded).transpose()?
                    == now.as_ref().map(encoded).transpose()?
                {
                    store_channel(ctx, tx, "channel.undo", held.as_ref(), before)?;
                }
            }
            Task::Film(Back::Remove(film)) => {
                if tx.remove::<Movie>(&film.id)? {
                    crate::ops::audit(ctx, tx, "movie.remove", film, Vec::new())?;
                }
            }
            Task::Film(Back::Put(before, now)) => {
                let held = tx.get::<Movie>(&before.id)?;
                if held == *now {
                    match &held {
                        Some(held) => {
                            crate::ops::change(ctx, tx, "movie.undo", held, before)?;
                        }
                        None => crate::ops::create(ctx, tx, "movie.undo", before)?,
                    }
                }
            }
        }
    }
    Ok(())
}
