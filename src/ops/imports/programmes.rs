//! A programme guide, brought in: its channels are matched with ours, and what it says of each is compared
//! with what is stored. Only what differs is written, in chunks.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::app::Ctx;
use crate::domain::content::Channel;
use crate::domain::event::Change;
use crate::domain::guide::{Aired, Programme, Slot, in_order, is_kept};
use crate::domain::id::{ChannelId, ProgrammeId};
use crate::domain::staff::Permission;
use crate::domain::time::Timestamp;
use crate::store::key::owned_by;
use crate::store::{Read as _, Table, Tx};

use super::source::Text;
use super::xmltv::{Element, Guide, Listing, PIECE_BYTES_MAX, instant};
use super::{
    CHANNELS_MAX, Counts, Notes, OpError, Options, Progress, Reader, Report, Step, aside, bulk,
    count, folded, shown, wrong,
};

/// Most programmes of channels that may be ours.
pub const PROGRAMMES_MAX: usize = 2_000_000;
/// Most bytes of their texts.
const TEXTS_BYTES_MAX: usize = 1024 * 1024 * 1024;
/// Programmes in the first chunk; later ones are as large as the time allows.
const CHUNK_FIRST: usize = 256;
/// Channels that are compared before progress is told again.
const CHANNELS_AT_ONCE: usize = 25;

/// What a guide says of a programme but its time: title, description, category, director and actors in
/// one piece, because there are many.
type Texts = Box<str>;
const BETWEEN_TEXTS: char = '\0';

/// A channel of the guide.
#[derive(Debug, Default)]
struct Theirs {
    id: String,
    name: String,
    /// All its names, as they are compared.
    names: BTreeSet<String>,
    declared: bool,
    slots: Vec<Slot<Texts>>,
}

/// How our channels may be called in a guide.
#[derive(Debug, Default)]
struct Ours {
    ids: BTreeSet<String>,
    names: BTreeSet<String>,
}

/// What was read of a guide.
#[derive(Debug, Default)]
struct Gathered {
    channels: Vec<Theirs>,
    by_id: HashMap<String, usize>,
    programmes: usize,
    bytes: usize,
    problems: Notes,
}

/// Our channels that one of theirs is, and what it shows.
#[derive(Debug)]
struct Match {
    ours: Vec<ChannelId>,
    slots: Vec<Slot<Texts>>,
}

/// What is to be written.
#[derive(Debug, Clone)]
enum Edit {
    /// Its number is given when it is written.
    Create(Programme),
    Change(Programme),
    Remove(Programme),
}

/// Brings the guide in step with an XMLTV file: for each channel of ours that it has, and the time that it covers.
pub async fn import_xmltv(
    ctx: &Ctx,
    reader: Reader,
    options: Options,
    progress: Progress,
) -> Result<Report, OpError> {
    ctx.require(Permission::CatalogueWrite)?;
    let (reading, told) = (ctx.clone(), progress.clone());
    let gathered = aside(move || {
        let ours = Ours::of(&reading.snapshot()?.all::<Channel>()?);
        let opened = Text::open(reader, PIECE_BYTES_MAX, told);
        let text = opened.map_err(|error| wrong("the guide".to_owned(), error.to_string()))?;
        gather(text, &ours, reading.now)
    })
    .await?;
    // What was compared must still hold when it is written.
    let _alone = ctx.app.importing.lock().await;
    let looking = ctx.clone();
    let (matches, report) = aside(move || {
        let channels = looking.snapshot()?.all::<Channel>()?;
        Ok(matched(&channels, gathered))
    })
    .await?;
    let counts = bring_in(ctx, matches, options, &progress).await?;
    Ok(Report {
        programmes: Some(counts),
        ..report
    })
}

impl Ours {
    fn of(channels: &[Channel]) -> Self {
        let mut ours = Self::default();
        for channel in channels {
            if !channel.xmltv_id.is_empty() {
                ours.ids.insert(channel.xmltv_id.clone());
            }
            ours.names.insert(folded(&channel.name));
        }
        ours
    }

    /// Whether a channel of theirs may be one of ours. One that the guide has not named yet may.
    fn may_be(&self, theirs: &Theirs) -> bool {
        !theirs.declared
            || self.ids.contains(&theirs.id)
            || theirs.names.iter().any(|name| self.names.contains(name))
    }
}

/// Reads a guide; keeps the programmes of channels that may be ours.
fn gather(text: Text, ours: &Ours, now: Timestamp) -> Result<Gathered, OpError> {
    let mut guide = Guide::new(text);
    let mut gathered = Gathered::default();
    while let Some(element) = guide.next()? {
        match element {
            Element::Channel { id, names } => gathered.declare(id, names, ours)?,
            Element::Programme(listing) => gathered.take(*listing, ours, now)?,
        }
    }
    Ok(gathered)
}

impl Gathered {
    fn channel(&mut self, id: String) -> Result<&mut Theirs, OpError> {
        let place = match self.by_id.get(&id) {
            Some(place) => *place,
            None => {
                let place = self.channels.len();
                if place >= CHANNELS_MAX {
                    let problem = format!("more than {CHANNELS_MAX} channels");
                    return Err(wrong("the guide".to_owned(), problem));
                }
                self.by_id.insert(id.clone(), place);
                self.channels.push(Theirs {
                    id,
                    ..Theirs::default()
                });
                place
            }
        };
        let channel = self.channels.get_mut(place);
        channel.ok_or_else(|| OpError::Failed("a channel is lost".to_owned()))
    }

    fn declare(&mut self, id: String, names: Vec<String>, ours: &Ours) -> Result<(), OpError> {
        if id.is_empty() {
            self.problems.add(|| "a channel without an id".to_owned());
            return Ok(());
        }
        let channel = self.channel(id)?;
        channel.declared = true;
        channel.names.extend(names.iter().map(|name| folded(name)));
        if channel.name.is_empty() {
            channel.name = names.into_iter().next().unwrap_or_default();
        }
        if !ours.may_be(channel) {
            let gone = std::mem::take(&mut channel.slots);
            self.programmes = self.programmes.saturating_sub(gone.len());
            let bytes: usize = gone.iter().map(|slot| slot.what.len()).sum();
            self.bytes = self.bytes.saturating_sub(bytes);
        }
        Ok(())
    }

    fn take(&mut self, listing: Listing, ours: &Ours, now: Timestamp) -> Result<(), OpError> {
        let line = listing.line;
        let Some(start_at) = instant(&listing.start) else {
            let start = shown(&listing.start);
            self.problems
                .add(|| format!("line {line}: {start:?} is no time to begin at"));
            return Ok(());
        };
        if listing.channel.is_empty() {
            self.problems
                .add(|| format!("line {line}: a programme without a channel"));
            return Ok(());
        }
        let stop_at = instant(&listing.stop);
        let texts = listing.texts();
        let (programmes, bytes) = (self.programmes, self.bytes.saturating_add(texts.len()));
        let channel = self.channel(listing.channel)?;
        let is_old = stop_at.is_some_and(|stop_at| stop_at > start_at && !is_kept(stop_at, now));
        if is_old || !ours.may_be(channel) {
            return Ok(());
        }
        let place = || format!("line {line}");
        if programmes >= PROGRAMMES_MAX {
            return Err(wrong(
                place(),
                format!("more than {PROGRAMMES_MAX} programmes"),
            ));
        }
        if bytes > TEXTS_BYTES_MAX {
            return Err(wrong(
                place(),
                format!("more than {TEXTS_BYTES_MAX} bytes of text"),
            ));
        }
        channel.slots.push(Slot {
            start_at,
            stop_at,
            what: texts,
        });
        self.programmes = programmes.saturating_add(1);
        self.bytes = bytes;
        Ok(())
    }
}

impl Listing {
    fn texts(&self) -> Texts {
        // None of them holds the sign between them: it cannot be shown.
        let texts = [
            self.title.as_str(),
            &self.description,
            &self.category,
            &self.director,
            &self.actors,
        ];
        texts.join(&BETWEEN_TEXTS.to_string()).into_boxed_str()
    }
}

/// Finds the channel of theirs that each of ours is: by id, then by name. The first of theirs with a name has it.
fn matched(channels: &[Channel], gathered: Gathered) -> (Vec<Match>, Report) {
    let Gathered {
        channels: theirs,
        by_id,
        problems,
        ..
    } = gathered;
    let mut by_name: HashMap<&String, usize> = HashMap::new();
    for (place, channel) in theirs.iter().enumerate() {
        for name in &channel.names {
            by_name.entry(name).or_insert(place);
        }
    }
    let mut ours: BTreeMap<usize, Vec<ChannelId>> = BTreeMap::new();
    let mut report = Report {
        problems,
        ..Report::default()
    };
    for channel in channels {
        let of_id = by_id.get(&channel.xmltv_id);
        let of_id = of_id.filter(|_| !channel.xmltv_id.is_empty());
        match of_id.or_else(|| by_name.get(&folded(&channel.name))) {
            Some(place) => ours.entry(*place).or_default().push(channel.id),
            None => {
                let line = || format!("{} {}", channel.number, shown(&channel.name));
                report.unmatched.add(line);
            }
        }
    }
    let mut matches = Vec::with_capacity(ours.len());
    for (place, theirs) in theirs.into_iter().enumerate() {
        match ours.remove(&place) {
            Some(ours) => matches.push(Match {
                ours,
                slots: theirs.slots,
            }),
            None if theirs.name.is_empty() => report.not_theirs.add(|| shown(&theirs.id)),
            None => {
                let line = || format!("{} ({})", shown(&theirs.id), shown(&theirs.name));
                report.not_theirs.add(line);
            }
        }
    }
    (matches, report)
}

/// Compares channel by channel, and writes what differs.
async fn bring_in(
    ctx: &Ctx,
    matches: Vec<Match>,
    options: Options,
    progress: &Progress,
) -> Result<Counts, OpError> {
    let of = matches.len();
    let mut left = matches.into_iter();
    let mut size = CHUNK_FIRST;
    let mut counts = Counts::default();
    while left.len() > 0 {
        let looking = ctx.clone();
        let (still, mut edits, found) = aside(move || {
            let (edits, found) = compared(&looking, &mut left, size)?;
            Ok((left, edits, found))
        })
        .await?;
        left = still;
        counts.add(found);
        while !options.dry_run && !edits.is_empty() {
            let rest = edits.split_off(size.min(edits.len()));
            let chunk = std::mem::replace(&mut edits, rest);
            let figures = ctx.app.store.figures();
            let (steps, others) = (chunk.len(), figures.commands());
            let micros = bulk::write(ctx, move |ctx, tx| write(ctx, tx, &chunk)).await?;
            size = bulk::next_size(steps, micros, figures.commands() == others);
        }
        progress(Step::Channels {
            done: of.saturating_sub(left.len()),
            of,
        });
    }
    Ok(counts)
}

impl Counts {
    fn add(&mut self, more: Counts) {
        self.created = self.created.saturating_add(more.created);
        self.changed = self.changed.saturating_add(more.changed);
        self.left = self.left.saturating_add(more.left);
        self.removed = self.removed.saturating_add(more.removed);
    }
}

/// What differs in the next channels, until it is `enough` for a chunk.
fn compared(
    ctx: &Ctx,
    matches: &mut impl Iterator<Item = Match>,
    enough: usize,
) -> Result<(Vec<Edit>, Counts), OpError> {
    let snapshot = ctx.snapshot()?;
    let (mut edits, mut counts) = (Vec::new(), Counts::default());
    for theirs in matches.take(CHANNELS_AT_ONCE) {
        let mut aired = in_order(theirs.slots);
        aired.retain(|aired| is_kept(aired.stop_at, ctx.now));
        for channel in theirs.ours {
            let index = Table::ProgrammesByChannel;
            let stored = snapshot.listed::<Programme>(index, &owned_by(channel))?;
            differences(channel, stored, &aired, ctx.now, &mut edits, &mut counts);
        }
        if edits.len() >= enough {
            break;
        }
    }
    Ok((edits, counts))
}

/// How to bring the stored programmes of a channel in step with what it shows by the guide. Within the time
/// that the guide covers, it alone counts; before and after, what is stored stays.
fn differences(
    channel: ChannelId,
    stored: Vec<Programme>,
    aired: &[Aired<Texts>],
    now: Timestamp,
    edits: &mut Vec<Edit>,
    counts: &mut Counts,
) {
    let span = aired.first().zip(aired.last());
    let span = span.map(|(first, last)| (first.start_at, last.stop_at));
    let mut fresh: BTreeMap<Timestamp, &Aired<Texts>> =
        aired.iter().map(|aired| (aired.start_at, aired)).collect();
    for held in stored {
        if let Some(aired) = fresh.remove(&held.start_at) {
            let wanted = programme(held.id, channel, aired);
            if wanted == held {
                count(&mut counts.left);
            } else {
                count(&mut counts.changed);
                edits.push(Edit::Change(wanted));
            }
            continue;
        }
        let covered = span.is_some_and(|(from, to)| held.start_at >= from && held.start_at < to);
        if covered || !is_kept(held.stop_at, now) {
            count(&mut counts.removed);
            edits.push(Edit::Remove(held));
        } else if let Some((from, _)) = span
            && held.start_at < from
            && held.stop_at > from
        {
            // The later start cuts the one before here too; what is left of it may be too old.
            if is_kept(from, now) {
                count(&mut counts.changed);
                edits.push(Edit::Change(Programme {
                    stop_at: from,
                    ..held
                }));
            } else {
                count(&mut counts.removed);
                edits.push(Edit::Remove(held));
            }
        }
    }
    for aired in fresh.into_values() {
        count(&mut counts.created);
        edits.push(Edit::Create(programme(ProgrammeId(0), channel, aired)));
    }
}

fn programme(id: ProgrammeId, channel: ChannelId, aired: &Aired<Texts>) -> Programme {
    let mut texts = aired.what.split(BETWEEN_TEXTS).map(str::to_owned);
    let mut text = || texts.next().unwrap_or_default();
    Programme {
        id,
        channel,
        start_at: aired.start_at,
        stop_at: aired.stop_at,
        title: text(),
        description: text(),
        category: text(),
        director: text(),
        actors: text(),
    }
}

/// Writes a chunk, with one line in the audit log for all of it. Answers how long that took.
fn write(ctx: &Ctx, tx: &mut Tx<'_>, edits: &[Edit]) -> Result<u64, OpError> {
    let watch = ctx.app.stopwatch();
    let mut kept = Vec::with_capacity(edits.len());
    let mut new = Vec::new();
    let mut counts = Counts::default();
    for edit in edits {
        match edit {
            Edit::Create(programme) => new.push(programme.clone()),
            Edit::Change(programme) => kept.push(programme.clone()),
            Edit::Remove(programme) => {
                count(&mut counts.removed);
                tx.remove::<Programme>(&programme.id)?;
            }
        }
    }
    (counts.created, counts.changed) = (new.len(), kept.len());
    let first = tx.next_ids::<ProgrammeId>(new.len())?;
    for (number, programme) in (first..).zip(&mut new) {
        programme.id = ProgrammeId(number);
    }
    kept.append(&mut new);
    kept.sort_by_key(|programme| programme.id);
    tx.put_many(&kept)?;
    let removed = edits.iter().find_map(|edit| match edit {
        Edit::Remove(programme) => Some(programme),
        _ => None,
    });
    if let Some(subject) = kept.first().or(removed) {
        let changes = [
            ("created", counts.created),
            ("changed", counts.changed),
            ("removed", counts.removed),
        ];
        let changes = changes.map(|(field, count)| Change {
            field: field.to_owned(),
            before: String::new(),
            after: count.to_string(),
        });
        crate::ops::audit(ctx, tx, "guide.import", subject, changes.to_vec())?;
    }
    Ok(u64::try_from(watch.elapsed().as_micros()).unwrap_or(u64::MAX))
}
