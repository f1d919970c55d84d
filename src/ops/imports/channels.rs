//! A list of channels, brought in: matched with the channels there are, then changed or added in chunks.
//!
//! What the list does not say stays as it is, and no channel is removed.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::Ctx;
use crate::domain::content::{Channel, ChannelKind, Genre};
use crate::domain::id::{ChannelId, GenreId};
use crate::domain::staff::Permission;
use crate::store::{Read as _, Tx};

use super::m3u::{Entry, LINE_BYTES_MAX, List};
use super::source::Text;
use super::{
    Counts, Notes, OpError, Options, Progress, Reader, Report, Step, aside, bulk, count, folded,
    m3u, shown, wrong,
};

/// Channels and genres that are written in one go.
const CHUNK: usize = 200;

/// The genre that a channel gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GenreWish {
    Held(GenreId),
    /// One of [`Plan::genres`].
    New(usize),
}

/// What is done about one entry of the list.
#[derive(Debug, Clone)]
struct Wish {
    entry: Entry,
    /// The channel that it is; `None`: a new one.
    channel: Option<ChannelId>,
    /// `None`: as it is.
    number: Option<u32>,
    genre: Option<GenreWish>,
}

/// Everything that is to be done.
#[derive(Debug, Default)]
struct Plan {
    /// Titles of genres that are missing.
    genres: Vec<String>,
    wishes: Vec<Wish>,
    report: Report,
}

/// Brings channels in step with an M3U list.
pub async fn import_m3u(
    ctx: &Ctx,
    reader: Reader,
    options: Options,
    progress: Progress,
) -> Result<Report, OpError> {
    ctx.require(Permission::CatalogueWrite)?;
    let told = progress.clone();
    let list = aside(move || {
        let opened = Text::open(reader, LINE_BYTES_MAX, told);
        let mut text = opened.map_err(|error| wrong("the list".to_owned(), error.to_string()))?;
        m3u::read(&mut text)
    })
    .await?;
    // What is planned must still hold when it is written.
    let _alone = ctx.app.importing.lock().await;
    let looking = ctx.clone();
    let plan = aside(move || {
        let snapshot = looking.snapshot()?;
        Ok(plan(&snapshot.all()?, &snapshot.all()?, list))
    })
    .await?;
    if !options.dry_run {
        write(ctx, &plan, &progress).await?;
    }
    Ok(plan.report)
}

fn plan(channels: &[Channel], genres: &[Genre], list: List) -> Plan {
    let mut problems = list.problems;
    let entries = without_repeats(list.entries, &mut problems);
    let matches = matched(channels, &entries);
    let numbers = numbered(channels, &entries, &matches, &mut problems);
    let mut titles = BTreeMap::new();
    for genre in genres {
        titles
            .entry(folded(&genre.title))
            .or_insert(GenreWish::Held(genre.id));
    }
    let mut plan = Plan::default();
    let mut counts = Counts::default();
    for ((entry, held), number) in entries.into_iter().zip(&matches).zip(numbers) {
        let group = folded(&entry.group);
        let genre = (!group.is_empty()).then(|| {
            *titles.entry(group).or_insert_with(|| {
                plan.genres.push(entry.group.clone());
                GenreWish::New(plan.genres.len().saturating_sub(1))
            })
        });
        let held = held.and_then(|held| channels.get(held));
        let wish = Wish {
            entry,
            channel: held.map(|held| held.id),
            number,
            genre,
        };
        match held {
            None => count(&mut counts.created),
            // A genre that is made is a change whatever its number will be.
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
        plan.wishes.push(wish);
    }
    let listed: BTreeSet<usize> = matches.iter().copied().flatten().collect();
    for (place, channel) in channels.iter().enumerate() {
        if !listed.contains(&place) {
            let line = || format!("{} {}", channel.number, shown(&channel.name));
            plan.report.unmatched.add(line);
        }
    }
    plan.report.channels = Some(counts);
    plan.report.genres = Some(Counts {
        created: plan.genres.len(),
        ..Counts::default()
    });
    plan.report.problems = problems;
    plan
}

/// The entries, each once. One with the name of another and no other id is the same channel again;
/// variants of a channel share an id and have names of their own.
fn without_repeats(entries: Vec<Entry>, problems: &mut Notes) -> Vec<Entry> {
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut kept = Vec::with_capacity(entries.len());
    for entry in entries {
        let ids = seen.entry(folded(&entry.name)).or_default();
        let id = folded_id(&entry.tvg_id);
        let again =
            ids.contains(&id) || ids.contains("") || (entry.tvg_id.is_empty() && !ids.is_empty());
        if again {
            let line = entry.line;
            problems.add(|| format!("line {line}: {} is there twice", shown(&entry.name)));
        } else {
            ids.insert(id);
            kept.push(entry);
        }
    }
    kept
}

/// The form by which ids are compared: upper and lower case are one.
fn folded_id(id: &str) -> String {
    id.trim().to_lowercase()
}

/// Which channel each entry is, each channel once: by id and name, by id, by name. What is told by more goes first,
/// or a channel that one entry made would be another's the next time.
fn matched(channels: &[Channel], entries: &[Entry]) -> Vec<Option<usize>> {
    let mut by_id: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let ours: Vec<String> = channels.iter().map(|held| folded(&held.name)).collect();
    for (place, (channel, name)) in channels.iter().zip(&ours).enumerate() {
        if !channel.xmltv_id.is_empty() {
            let id = folded_id(&channel.xmltv_id);
            by_id.entry(id).or_default().push(place);
        }
        if !name.is_empty() {
            by_name.entry(name.clone()).or_default().push(place);
        }
    }
    let theirs: Vec<[String; 3]> = entries
        .iter()
        .map(|entry| {
            [
                folded(&entry.name),
                folded(&entry.tvg_name),
                folded_id(&entry.tvg_id),
            ]
        })
        .collect();
    let of_id = |id: &String| by_id.get(id).into_iter().flatten();
    let named = |name: &String| by_name.get(name).into_iter().flatten();
    let mut matches = vec![None; entries.len()];
    let mut taken = BTreeSet::new();
    for pass in 0..5 {
        for ([title, second, id], found) in theirs.iter().zip(&mut matches) {
            if found.is_some() {
                continue;
            }
            let free = |place: &&usize| !taken.contains(*place);
            let of_both = |name: &String| {
                let is_named = |place: &&usize| ours.get(**place) == Some(name);
                of_id(id).filter(free).find(is_named)
            };
            *found = match pass {
                0 => of_both(title),
                1 => of_both(second),
                2 => of_id(id).find(free),
                3 => named(title).find(free),
                _ => named(second).find(free),
            }
            .copied();
            taken.extend(*found);
        }
    }
    matches
}

/// The number that each entry's channel is to get; `None`: it keeps its own.
fn numbered(
    channels: &[Channel],
    entries: &[Entry],
    matches: &[Option<usize>],
    problems: &mut Notes,
) -> Vec<Option<u32>> {
    let wanted: BTreeMap<usize, u32> = entries
        .iter()
        .zip(matches)
        .filter_map(|(entry, found)| Some(((*found)?, entry.number?)))
        .collect();
    // Whoever the list gives no number keeps the one they have.
    let keeping = channels.iter().enumerate();
    let mut taken: BTreeSet<u32> = keeping
        .filter(|(place, _)| !wanted.contains_key(place))
        .map(|(_, channel)| channel.number)
        .collect();
    let mut numbers: Vec<Option<u32>> = entries
        .iter()
        .map(|entry| entry.number.filter(|number| taken.insert(*number)))
        .collect();
    let mut next = 1u32;
    for ((entry, found), number) in entries.iter().zip(matches).zip(&mut numbers) {
        if number.is_some() {
            continue;
        }
        if let Some(refused) = entry.number {
            let line = entry.line;
            problems.add(|| format!("line {line}: the number {refused} is another channel's"));
        }
        let held = found.and_then(|held| channels.get(held));
        let keeps = |held: &Channel| entry.number.is_none() || taken.insert(held.number);
        if held.is_some_and(keeps) {
            continue;
        }
        while !taken.insert(next) && next < u32::MAX {
            next = next.saturating_add(1);
        }
        *number = Some(next);
    }
    numbers
}

impl Wish {
    /// The channel with what the list says of it. `genres`: the numbers of those that were missing.
    fn of(&self, held: Channel, genres: &[GenreId]) -> Channel {
        let entry = &self.entry;
        let said = |text: &String, held: String| {
            if text.is_empty() { held } else { text.clone() }
        };
        let genre = match self.genre {
            Some(GenreWish::Held(id)) => Some(id),
            Some(GenreWish::New(place)) => genres.get(place).copied(),
            None => None,
        };
        let kind = entry.radio.map(|radio| {
            if radio {
                ChannelKind::Radio
            } else {
                ChannelKind::Tv
            }
        });
        // An id that the operator gave leads to the guide: it stays. And only the same name makes it sure
        // that the id is not another entry's.
        let is_blank = held.xmltv_id.is_empty();
        let xmltv_id = if is_blank && folded(&held.name) == folded(&entry.name) {
            entry.tvg_id.clone()
        } else {
            held.xmltv_id
        };
        Channel {
            number: self.number.unwrap_or(held.number),
            kind: kind.unwrap_or(held.kind),
            genre: genre.or(held.genre),
            url: said(&entry.url, held.url),
            logo: said(&entry.logo, held.logo),
            xmltv_id,
            censored: entry.censored.unwrap_or(held.censored),
            archive_days: entry.archive_days.unwrap_or(held.archive_days),
            ..held
        }
    }

    /// A channel that is not there yet.
    fn blank(&self, id: ChannelId) -> Channel {
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
        }
    }
}

async fn write(ctx: &Ctx, plan: &Plan, progress: &Progress) -> Result<(), OpError> {
    let mut genres = Vec::with_capacity(plan.genres.len());
    for titles in plan.genres.chunks(CHUNK) {
        let titles = titles.to_vec();
        genres.extend(bulk::write(ctx, move |ctx, tx| make_genres(ctx, tx, &titles)).await?);
    }
    let of = plan.wishes.len();
    let mut done = 0usize;
    for wishes in plan.wishes.chunks(CHUNK) {
        let (wishes, genres) = (wishes.to_vec(), genres.clone());
        done = done.saturating_add(wishes.len());
        bulk::write(ctx, move |ctx, tx| keep(ctx, tx, &wishes, &genres)).await?;
        progress(Step::Channels { done, of });
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

fn keep(ctx: &Ctx, tx: &mut Tx<'_>, wishes: &[Wish], genres: &[GenreId]) -> Result<(), OpError> {
    for wish in wishes {
        let held = match wish.channel {
            Some(id) => tx.get::<Channel>(&id)?,
            None => None,
        };
        match held {
            Some(before) => {
                // As it is now: somebody may have changed it since it was looked at.
                let after = wish.of(before.clone(), genres);
                if after != before {
                    crate::ops::change(ctx, tx, "channel.import", &before, &after)?;
                }
            }
            None => {
                let blank = wish.blank(tx.next_id::<ChannelId>()?);
                crate::ops::create(ctx, tx, "channel.import", &wish.of(blank, genres))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Wish, matched, numbered, plan};
    use crate::domain::content::Channel;
    use crate::domain::id::{ChannelId, GenreId};
    use crate::ops::imports::Notes;
    use crate::ops::imports::m3u::{Entry, List};
    use proptest::prelude::*;

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
        let wish = Wish {
            entry: entry(name, xmltv_id, None),
            channel: None,
            number: Some(number),
            genre: None,
        };
        wish.of(wish.blank(ChannelId(id)), &[])
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
        let numbers = numbered(&held, &entries, &matches, &mut problems);
        assert_eq!(numbers, [Some(2), Some(1), Some(3), Some(4)]);
        assert_eq!(problems.lines.len(), 1);
    }

    fn apply(channels: &mut Vec<Channel>, entries: &[Entry]) -> usize {
        let list = List {
            entries: entries.to_vec(),
            ..List::default()
        };
        let plan = plan(channels, &[], list);
        let genres = vec![GenreId(1); plan.genres.len()];
        for wish in &plan.wishes {
            match wish.channel {
                Some(id) => {
                    let held = channels.iter_mut().find(|held| held.id == id).unwrap();
                    *held = wish.of(held.clone(), &genres);
                }
                None => {
                    let id = ChannelId(u64::try_from(channels.len()).unwrap() + 1);
                    channels.push(wish.of(wish.blank(id), &genres));
                }
            }
        }
        plan.wishes.len()
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
        ) {
            let mut channels = Vec::new();
            apply(&mut channels, &held);
            apply(&mut channels, &list);
            let before = channels.clone();
            prop_assert_eq!(apply(&mut channels, &list), 0, "{:?} {:?}", before, channels);
        }
    }
}
