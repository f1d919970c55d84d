//! A list of channels, brought in: matched with the channels there are,
//! then changed or added in chunks.
//!
//! What the list does not say stays as it is. Nothing is removed unless whoever imports asks for
//! it, and then only what an earlier import of the same source made.

use std::collections::BTreeSet;

use crate::app::Ctx;
use crate::domain::staff::Permission;
use crate::ops::catalogue::channels::Uses;
use crate::store::Read as _;

use super::films;
use super::incoming::{Reader, aside};
use super::m3u;
use super::m3u::{Choice, List};
use super::matching::{matched, numbered, without_repeats};
use super::one_line::shown;
use super::options::{Options, asked_charset};
use super::plan::Task;
use super::report::{Counts, Left, Progress, Report, Step, count, wrong};
use super::text::Text;
use super::writing::write;
use crate::ops::OpError;
use crate::ops::imports::plan::{ChannelTask, GenreChoice, Genres, Ours, Plan, missing};

/// Brings channels and films in step with an M3U list.
pub async fn import_m3u(
    ctx: &Ctx,
    reader: Reader,
    options: Options,
    progress: Progress,
) -> Result<Report, OpError> {
    ctx.require(Permission::CatalogueWrite)?;
    if options.remove_missing && options.source.is_empty() {
        let problem = "the source needs a name that stays the same; give one with --source";
        return Err(wrong("--remove-missing".to_owned(), problem.to_owned()));
    }
    let (told, asked) = (progress.clone(), asked_charset(&options)?);
    let choice = Choice {
        live_only: options.live_only,
        groups: options.groups.clone(),
    };
    let list = aside(move || {
        let opened = Text::open(reader, asked, told);
        let mut text = opened.map_err(|error| wrong("the list".to_owned(), error.to_string()))?;
        m3u::read(&mut text, &choice)
    })
    .await?;
    // What is planned must still hold when it is written.
    let _alone = ctx.app.importing.lock().await;
    let (looking, planned) = (ctx.clone(), options.clone());
    let plan = aside(move || {
        let snapshot = looking.snapshot()?;
        let ours = Ours {
            channels: snapshot.all()?,
            movies: snapshot.all()?,
            genres: snapshot.all()?,
            uses: if planned.remove_missing {
                Uses::of(&snapshot)?
            } else {
                Uses::default()
            },
        };
        plan(&ours, list, &planned)
    })
    .await?;
    let gone = plan.report.removed.count();
    if gone > 0 {
        let count = |counts: Option<Counts>| counts.map_or(0, |counts| counts.removed);
        progress(Step::Gone {
            channels: count(plan.report.channels),
            films: count(plan.report.films),
        });
    }
    if !options.dry_run {
        write(ctx, &plan, &options.source, &progress).await?;
    }
    Ok(plan.report)
}

fn plan(ours: &Ours, list: List, options: &Options) -> Result<Plan, OpError> {
    let channels = &ours.channels;
    let mut problems = list.problems;
    let mut report = Report {
        left_out: list.left,
        charset: list.charset,
        warnings: missing_groups(&list.missing_groups, &list.groups),
        ..Report::default()
    };
    let entries = without_repeats(list.channels, &mut problems);
    if entries.is_empty() && list.films.is_empty() {
        report.warnings.push(if list.left == Left::default() {
            "the list is empty".to_owned()
        } else {
            "nothing of the list is wanted".to_owned()
        });
        if options.remove_missing {
            let problem = "the list brings nothing, so nothing is removed; see what it holds";
            return Err(wrong("--remove-missing".to_owned(), problem.to_owned()));
        }
    }
    let matches = matched(channels, &entries);
    let listed: BTreeSet<usize> = matches.iter().copied().flatten().collect();
    let gone = missing(ours, &listed, options, &mut report);
    let numbers = numbered(channels, &entries, &matches, &gone, &mut problems);
    let mut genres = Genres::of(&ours.genres);
    let mut tasks = Vec::new();
    let mut counts = Counts {
        removed: gone.len(),
        ..Counts::default()
    };
    for ((entry, held), number) in entries.into_iter().zip(&matches).zip(numbers) {
        let genre = genres.task(&entry.group);
        let held = held.and_then(|held| channels.get(held));
        let task = ChannelTask {
            entry,
            channel: held.map(|held| held.id),
            number,
            genre,
        };
        match held {
            None => count(&mut counts.created),
            // A genre that is made is a change whatever its number will be.
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
        tasks.push(Task::Channel(Box::new(task)));
    }
    for (place, channel) in channels.iter().enumerate() {
        // Channels of another source, or made by hand, are none that this list should have.
        let theirs = channel.source == options.source;
        if theirs && !listed.contains(&place) && !gone.contains(&place) {
            let line = || format!("{} {}", channel.number, shown(&channel.name));
            report.unmatched.add(line);
        }
    }
    films::plan(
        ours,
        list.films,
        options,
        &mut genres,
        &mut tasks,
        &mut report,
        &mut problems,
    );
    let dropped = gone.iter().filter_map(|place| channels.get(*place));
    tasks.extend(dropped.map(|channel| Task::DropChannel(channel.id)));
    report.channels = Some(counts);
    report.genres = Some(Counts {
        created: genres.missing.len(),
        ..Counts::default()
    });
    report.problems = problems;
    Ok(Plan {
        genres: genres.missing,
        tasks,
        report,
    })
}

/// A warning where groups were asked for that are not there.
fn missing_groups(missing: &[String], groups: &[String]) -> Vec<String> {
    if missing.is_empty() {
        return Vec::new();
    }
    let some = |names: &[String]| {
        let some: Vec<String> = names.iter().take(10).map(|name| shown(name)).collect();
        some.join(", ")
    };
    let there = if groups.is_empty() {
        "no groups".to_owned()
    } else {
        some(groups)
    };
    vec![format!(
        "the list has no group {}; it has {there}",
        some(missing)
    )]
}

#[cfg(test)]
mod tests {
    use crate::domain::catalogue::content::Channel;
    use crate::domain::values::id::{ChannelId, GenreId};
    use crate::ops::imports::channels::{matched, numbered, plan};
    use crate::ops::imports::kinds::Entry;
    use crate::ops::imports::m3u::List;
    use crate::ops::imports::options::Options;
    use crate::ops::imports::plan::Task;
    use crate::ops::imports::plan::{ChannelTask, Ours};
    use crate::ops::imports::report::Notes;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn entry(name: &str, tvg_id: &str, number: Option<u32>) -> Entry {
        Entry {
            name: name.to_owned(),
            tvg_id: tvg_id.to_owned(),
            number,
            url: "http://h".to_owned(),
            ..Entry::default()
        }
    }

    fn channel(id: u64, name: &str, xmltv_id: &str, number: u32) -> Channel {
        let task = ChannelTask {
            entry: entry(name, xmltv_id, None),
            channel: None,
            number: Some(number),
            genre: None,
        };
        task.of(task.blank(ChannelId(id), ""), &[])
    }

    #[test]
    fn ids_come_before_names_and_variants_share_one() {
        let held = [
            channel(1, "One", "one", 1),
            channel(2, "Two", "", 2),
            channel(3, "One HD", "one", 3),
        ];
        let entries = [
            entry("One HD", "one", None),
            entry("Uno", "one", None),
            entry("two", "2", None),
        ];
        assert_eq!(matched(&held, &entries), [Some(2), Some(0), Some(1)]);
        // A name does not take what an id means.
        let entries = [entry("One", "", None), entry("First", "one", None)];
        assert_eq!(matched(&held[..1], &entries), [None, Some(0)]);
    }

    #[test]
    fn numbers_are_changed_where_the_list_gives_one() {
        let held = [
            channel(1, "A", "", 1),
            channel(2, "B", "", 2),
            channel(3, "C", "", 9),
        ];
        let mut problems = Notes::default();
        let entries = [
            entry("A", "", Some(2)),
            entry("B", "", Some(1)),
            entry("D", "", Some(9)),
            entry("E", "", None),
        ];
        let matches = matched(&held, &entries);
        let numbers = numbered(&held, &entries, &matches, &BTreeSet::new(), &mut problems);
        assert_eq!(numbers, [Some(2), Some(1), Some(3), Some(4)]);
        assert_eq!(problems.lines.len(), 1);
    }

    fn apply(channels: &mut Vec<Channel>, entries: &[Entry], options: &Options) -> usize {
        let list = List {
            channels: entries.to_vec(),
            ..List::default()
        };
        let ours = Ours {
            channels: channels.clone(),
            ..Ours::default()
        };
        let Ok(plan) = plan(&ours, list, options) else {
            return 0;
        };
        let genres = vec![GenreId(1); plan.genres.len()];
        let next = channels
            .iter()
            .map(|channel| channel.id.0)
            .max()
            .unwrap_or(0);
        for (task, id) in plan.tasks.iter().zip(next + 1..) {
            match task {
                Task::Channel(task) => match task.channel {
                    Some(id) => {
                        let held = channels.iter_mut().find(|held| held.id == id).unwrap();
                        *held = task.of(held.clone(), &genres);
                    }
                    None => {
                        let blank = task.blank(ChannelId(id), &options.source);
                        channels.push(task.of(blank, &genres));
                    }
                },
                Task::DropChannel(id) => channels.retain(|channel| channel.id != *id),
                Task::Film(_) | Task::DropFilm(_) => panic!("a list of channels"),
            }
        }
        plan.tasks.len()
    }

    fn any_entry() -> impl Strategy<Value = Entry> {
        let numbers = prop::option::of(1..6u32);
        ("[AB]{1,2}", "[abAB]?", "[AB]{0,2}", numbers).prop_map(|(name, id, second, number)| {
            Entry {
                tvg_name: second,
                ..entry(&name, &id, number)
            }
        })
    }

    proptest! {
        #[test]
        fn again_changes_nothing(
            held in prop::collection::vec(any_entry(), 0..6),
            list in prop::collection::vec(any_entry(), 0..8),
            remove_missing in any::<bool>(),
        ) {
            let mut channels = Vec::new();
            let options = Options { source: "s".to_owned(), remove_missing, ..Options::default() };
            apply(&mut channels, &held, &options);
            apply(&mut channels, &list, &options);
            let before = channels.clone();
            let changed = apply(&mut channels, &list, &options);
            prop_assert_eq!(changed, 0, "{:?} {:?}", before, channels);
        }
    }
}
