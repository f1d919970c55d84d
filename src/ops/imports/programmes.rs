//! A programme guide, brought in: its channels are matched with ours, and what it says of each is
//! compared with what is stored. Only what differs is written, in chunks.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::app::Ctx;
use crate::domain::boxes::event::BoxEventKind;
use crate::domain::catalogue::content::Channel;
use crate::domain::catalogue::guide::{Aired, Programme, Slot, in_order, is_kept};
use crate::domain::event::Change;
use crate::domain::staff::Permission;
use crate::domain::values::id::{ChannelId, ProgrammeId};
use crate::domain::values::time::Timestamp;
use crate::store::key::owned_by;
use crate::store::{Read as _, Table, Tx};

use super::incoming::{Reader, aside};
use super::matching::folded_id;
use super::one_line::{folded, shown};
use super::options::{CHANNELS_MAX, Options, asked_charset};
use super::report::{Counts, Notes, Progress, Report, Step, count, wrong};
use super::spill::{Heap, Spill};
use super::text::Text;
use super::times::instant;
use super::writing::tell_boxes;
use super::xmltv::{Element, Guide, Listing};
use crate::ops::imports::spill::Texts;
use crate::ops::{OpError, bulk};

/// Most programmes of channels of ours, and of those that may be ours until they are named.
pub const PROGRAMMES_MAX: usize = 2_000_000;
const PENDING_MAX: usize = 10_000_000;
/// Most bytes of their texts.
const TEXTS_BYTES_MAX: usize = 2 * 1024 * 1024 * 1024;
/// Programmes in the first chunk; later ones are as large as the time allows.
const CHUNK_FIRST: usize = 256;
/// Channels that are compared before progress is told again.
const CHANNELS_AT_ONCE: usize = 25;
/// Channels that a warning names.
const NAMED_MAX: usize = 5;

const BETWEEN_TEXTS: char = '\0';

/// A channel of the guide.
#[derive(Debug, Default)]
struct Theirs {
    id: String,
    name: String,
    /// All its names and its id, as they are compared.
    names: BTreeSet<String>,
    declared: bool,
    heap: Heap,
    /// How many programmes the guide has of it, old ones too, and when the last of them ends.
    count: usize,
    last: Option<Timestamp>,
}

/// How our channels may be called in a guide.
#[derive(Debug, Default)]
struct Ours(BTreeSet<String>);

/// What was read of a guide.
struct Gathered {
    channels: Vec<Theirs>,
    by_id: HashMap<String, usize>,
    by_folded_id: HashMap<String, usize>,
    spill: Spill,
    pending: usize,
    bytes: usize,
    problems: Notes,
    report: Report,
}

/// Our channels that one of theirs is, each with its shift in minutes, and what it shows.
#[derive(Debug)]
struct Match {
    ours: Vec<(ChannelId, i32)>,
    heap: Heap,
}

/// What is to be written.
#[derive(Debug, Clone)]
enum Edit {
    /// Its number is given when it is written.
    Create(Programme),
    Change(Programme),
    Remove(Programme),
}

/// Brings the guide in step with an XMLTV file:
/// for each channel of ours that it has, and the time that it covers.
pub async fn import_xmltv(
    ctx: &Ctx,
    reader: Reader,
    options: Options,
    progress: Progress,
) -> Result<Report, OpError> {
    ctx.require(Permission::CatalogueWrite)?;
    let (reading, told) = (ctx.clone(), progress.clone());
    let asked = asked_charset(&options)?;
    let gathered = aside(move || {
        let ours = Ours::of(&reading.snapshot()?.all::<Channel>()?);
        let opened = Text::open(reader, asked, told);
        let text = opened.map_err(|error| wrong("the guide".to_owned(), error.to_string()))?;
        let spill = Spill::new(&reading.app.config.data);
        gather(text, &ours, spill, reading.now)
    })
    .await?;
    // What was compared must still hold when it is written.
    let _alone = ctx.app.importing.lock().await;
    let looking = ctx.clone();
    let (matches, spill, report) = aside(move || {
        let channels = looking.snapshot()?.all::<Channel>()?;
        matched(&channels, gathered, looking.now)
    })
    .await?;
    let counts = bring_in(ctx, matches, spill, &options, &progress).await?;
    if !options.dry_run && counts.created.max(counts.changed).max(counts.removed) > 0 {
        tell_boxes(ctx, BoxEventKind::UpdateGuide).await?;
    }
    Ok(Report {
        programmes: Some(counts),
        ..report
    })
}

impl Ours {
    fn of(channels: &[Channel]) -> Self {
        let names = channels.iter().flat_map(names_of);
        Self(names.filter(|name| !name.is_empty()).collect())
    }

    /// Whether a channel of theirs may be one of ours. One that the guide has not named yet may.
    fn may_be(&self, theirs: &Theirs) -> bool {
        !theirs.declared || theirs.names.iter().any(|name| self.0.contains(name))
    }
}

/// What a channel of ours may be called in a guide, the surest first.
fn names_of(channel: &Channel) -> [String; 3] {
    [
        folded(&channel.xmltv_id),
        folded(&channel.guide_name),
        folded(&channel.name),
    ]
}

/// Reads a guide; keeps the programmes of channels that may be ours.
fn gather(text: Text, ours: &Ours, spill: Spill, now: Timestamp) -> Result<Gathered, OpError> {
    let mut guide = Guide::new(text);
    let mut gathered = Gathered {
        channels: Vec::new(),
        by_id: HashMap::new(),
        by_folded_id: HashMap::new(),
        spill,
        pending: 0,
        bytes: 0,
        problems: Notes::default(),
        report: Report::default(),
    };
    while let Some(element) = guide.next()? {
        match element {
            Element::Channel { id, names } => gathered.declare(id, names, ours)?,
            Element::Programme(listing) => gathered.take(*listing, ours, now)?,
        }
    }
    let findings = guide.findings();
    for lost in findings.lost.lines {
        gathered.problems.add(|| lost);
    }
    gathered.problems.more = gathered.problems.more.saturating_add(findings.lost.more);
    for mended in findings.mended.lines {
        gathered.report.mended.add(|| mended);
    }
    let more = &mut gathered.report.mended.more;
    *more = more.saturating_add(findings.mended.more);
    gathered.report.charset = findings.charset;
    if findings.is_cut {
        let warning = "the guide ends in the middle; what came before is taken";
        gathered.report.warnings.push(warning.to_owned());
    }
    Ok(gathered)
}

impl Gathered {
    /// The place of a channel by its id as written, else whatever its case.
    fn place(&mut self, id: String, is_declared: bool) -> Result<usize, OpError> {
        let key = folded_id(&id);
        let other_case = self.by_folded_id.get(&key).copied();
        let other_case = other_case.filter(|place| {
            let is_free = |theirs: &Theirs| !theirs.declared;
            !is_declared || self.channels.get(*place).is_some_and(is_free)
        });
        if let Some(place) = self.by_id.get(&id).copied().or(other_case) {
            return Ok(place);
        }
        let place = self.channels.len();
        if place >= CHANNELS_MAX {
            let problem = format!("more than {CHANNELS_MAX} channels");
            return Err(wrong("the guide".to_owned(), problem));
        }
        self.by_id.insert(id.clone(), place);
        self.by_folded_id.entry(key).or_insert(place);
        self.channels.push(Theirs {
            names: BTreeSet::from([folded(&id)]),
            id,
            ..Theirs::default()
        });
        Ok(place)
    }

    fn declare(&mut self, id: String, names: Vec<String>, ours: &Ours) -> Result<(), OpError> {
        if id.is_empty() {
            self.problems.add(|| "a channel without an id".to_owned());
            return Ok(());
        }
        let place = self.place(id.clone(), true)?;
        self.by_id.entry(id).or_insert(place);
        let channel = self.channels.get_mut(place).ok_or_else(lost)?;
        channel.declared = true;
        channel.names.extend(names.iter().map(|name| folded(name)));
        if channel.name.is_empty() {
            channel.name = names.into_iter().next().unwrap_or_default();
        }
        if !ours.may_be(channel) {
            self.pending = self.pending.saturating_sub(channel.heap.count);
            self.bytes = self.bytes.saturating_sub(channel.heap.bytes);
            self.spill.forget(&mut channel.heap);
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
        if stop_at.is_none() && !listing.stop.trim().is_empty() {
            let stop = shown(&listing.stop);
            let problem = format!("line {line}: {stop:?} is no time to end at: until the next one");
            self.report.mended.add(|| problem);
        }
        let texts = listing.texts();
        let place = self.place(listing.channel, false)?;
        let channel = self.channels.get_mut(place).ok_or_else(lost)?;
        count(&mut channel.count);
        channel.last = channel
            .last
            .max(Some(stop_at.unwrap_or(start_at).max(start_at)));
        let is_old = stop_at.is_some_and(|stop_at| stop_at > start_at && !is_kept(stop_at, now));
        if is_old || !ours.may_be(channel) {
            return Ok(());
        }
        let before = channel.heap.bytes;
        let slot = Slot {
            start_at,
            stop_at,
            what: texts.as_str(),
        };
        let is_time = self.spill.add(&mut channel.heap, &slot);
        let added = channel.heap.bytes.saturating_sub(before);
        count(&mut self.pending);
        self.bytes = self.bytes.saturating_add(added);
        if self.pending > PENDING_MAX {
            let problem = format!("more than {PENDING_MAX} programmes");
            return Err(wrong(format!("line {line}"), problem));
        }
        if self.bytes > TEXTS_BYTES_MAX {
            let problem = format!("more than {TEXTS_BYTES_MAX} bytes of text");
            return Err(wrong(format!("line {line}"), problem));
        }
        if is_time {
            for channel in &mut self.channels {
                let written = self.spill.write(&mut channel.heap);
                written.map_err(|error| {
                    let problem = format!(
                        "what has to wait until the channels are known cannot be written to the \
                         data folder: {error}"
                    );
                    wrong(format!("line {line}"), problem)
                })?;
            }
        }
        Ok(())
    }
}

fn lost() -> OpError {
    OpError::Failed("a channel is lost".to_owned())
}

impl Listing {
    fn texts(&self) -> String {
        // None of them holds the sign between them: it cannot be shown.
        let texts = [
            self.title.as_str(),
            &self.description,
            &self.category,
            &self.director,
            &self.actors,
        ];
        texts.join(&BETWEEN_TEXTS.to_string())
    }
}

/// Finds the channel of theirs that each of ours is: by id, by the name that a list gives it for
/// guides, by its own name. Of several the first that shows anything.
fn matched(
    channels: &[Channel],
    gathered: Gathered,
    now: Timestamp,
) -> Result<(Vec<Match>, Spill, Report), OpError> {
    let Gathered {
        channels: theirs,
        by_id,
        spill,
        problems,
        mut report,
        ..
    } = gathered;
    report.problems = problems;
    let mut by_name: HashMap<&String, Vec<usize>> = HashMap::new();
    for (place, channel) in theirs.iter().enumerate() {
        for name in &channel.names {
            by_name.entry(name).or_default().push(place);
        }
    }
    let mut ours: BTreeMap<usize, Vec<(ChannelId, i32)>> = BTreeMap::new();
    let mut over = Vec::new();
    for channel in channels {
        let exact = Some(&channel.xmltv_id).filter(|id| !id.is_empty());
        let exact = exact.and_then(|id| by_id.get(id)).copied();
        let called = names_of(channel);
        let by_names = called.iter().filter(|name| !name.is_empty());
        let by_names = by_names.filter_map(|name| by_name.get(name)).flatten();
        let mut found: Vec<usize> = exact.into_iter().collect();
        found.extend(by_names.copied());
        let shows = |place: &usize| theirs.get(*place).is_some_and(|theirs| theirs.count > 0);
        let place = found.iter().copied().find(shows).or(found.first().copied());
        let called = || format!("{} {}", channel.number, shown(&channel.name));
        let Some(place) = place else {
            report.unmatched.add(called);
            continue;
        };
        let shift = (channel.id, channel.guide_shift_minutes);
        ours.entry(place).or_default().push(shift);
        let last = theirs.get(place).and_then(|theirs| theirs.last);
        let seconds = i64::from(channel.guide_shift_minutes).saturating_mul(60);
        let last = last.map(|last| last.saturating_add_seconds(seconds));
        if last.is_none_or(|last| last <= now) {
            over.push((called(), last));
        }
    }
    report
        .warnings
        .extend(nothing_to_see(&theirs, &ours, &over));
    for (channel, last) in over {
        report.over.add(|| match last {
            Some(last) => format!("{channel}: until {}", minute(last)),
            None => format!("{channel}: no programmes"),
        });
    }
    let mut matches = Vec::with_capacity(ours.len());
    let mut programmes = 0usize;
    for (place, theirs) in theirs.into_iter().enumerate() {
        match ours.remove(&place) {
            Some(ours) => {
                programmes = programmes.saturating_add(theirs.heap.count);
                matches.push(Match {
                    ours,
                    heap: theirs.heap,
                });
            }
            None if theirs.name.is_empty() => report.not_theirs.add(|| shown(&theirs.id)),
            None => {
                let line = || format!("{} ({})", shown(&theirs.id), shown(&theirs.name));
                report.not_theirs.add(line);
            }
        }
    }
    if programmes > PROGRAMMES_MAX {
        let problem = format!("more than {PROGRAMMES_MAX} programmes of your channels");
        return Err(wrong("the guide".to_owned(), problem));
    }
    Ok((matches, spill, report))
}

/// A warning where viewers see nothing of a guide, which a nightly import must not hide.
fn nothing_to_see(
    theirs: &[Theirs],
    ours: &BTreeMap<usize, Vec<(ChannelId, i32)>>,
    over: &[(String, Option<Timestamp>)],
) -> Option<String> {
    let last = |channels: &mut dyn Iterator<Item = &Theirs>| {
        let last = channels.filter_map(|theirs| theirs.last).max();
        last.map_or(String::new(), |last| {
            format!("; its last programme ends {}", minute(last))
        })
    };
    if theirs.iter().all(|theirs| theirs.count == 0) {
        return Some("the guide has no programmes".to_owned());
    }
    let some = |names: Vec<String>| {
        let more = names.len().saturating_sub(NAMED_MAX);
        let names: Vec<String> = names.into_iter().take(NAMED_MAX).collect();
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        format!("{}{more}", names.join(", "))
    };
    let matched: usize = ours.values().map(Vec::len).sum();
    if matched == 0 {
        let ids = theirs.iter().map(|theirs| shown(&theirs.id)).collect();
        let last = last(&mut theirs.iter());
        return Some(format!(
            "none of the guide's channels is one of yours; it has {}{last}",
            some(ids)
        ));
    }
    if over.len() < matched {
        return None;
    }
    let names = over.iter().map(|(channel, _)| channel.clone()).collect();
    let is_empty = over.iter().all(|(_, last)| last.is_none());
    let ended = over.iter().filter_map(|(_, last)| *last).max();
    Some(match ended {
        Some(ended) if !is_empty => format!(
            "all that the guide has of your channels is over; the last programme ended {} ({})",
            minute(ended),
            some(names)
        ),
        _ => format!(
            "the guide has no programmes of your channels ({}){}",
            some(names),
            last(&mut theirs.iter())
        ),
    })
}

/// `2026-01-31 10:00 UTC`
fn minute(at: Timestamp) -> String {
    let text = at.to_rfc3339_millis().replace('T', " ");
    format!("{} UTC", text.get(..16).unwrap_or_default())
}

/// Compares channel by channel, and writes what differs.
async fn bring_in(
    ctx: &Ctx,
    matches: Vec<Match>,
    mut spill: Spill,
    options: &Options,
    progress: &Progress,
) -> Result<Counts, OpError> {
    let of = matches.len();
    let mut left = matches.into_iter();
    let mut size = CHUNK_FIRST;
    let mut counts = Counts::default();
    while left.len() > 0 {
        let looking = ctx.clone();
        let (rest, same, mut edits, found) = aside(move || {
            let (edits, found) = compared(&looking, &mut left, &mut spill, size)?;
            Ok((left, spill, edits, found))
        })
        .await?;
        (left, spill) = (rest, same);
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
    spill: &mut Spill,
    enough: usize,
) -> Result<(Vec<Edit>, Counts), OpError> {
    let snapshot = ctx.snapshot()?;
    let (mut edits, mut counts) = (Vec::new(), Counts::default());
    for theirs in matches.take(CHANNELS_AT_ONCE) {
        let mut aired = in_order(spill.read(&theirs.heap)?);
        let mut shifted = 0;
        for (channel, minutes) in theirs.ours {
            let seconds = i64::from(minutes.saturating_sub(shifted)).saturating_mul(60);
            shifted = minutes;
            for aired in &mut aired {
                aired.start_at = aired.start_at.saturating_add_seconds(seconds);
                aired.stop_at = aired.stop_at.saturating_add_seconds(seconds);
            }
            let kept = aired.partition_point(|aired| !is_kept(aired.stop_at, ctx.now));
            let kept = aired.get(kept..).unwrap_or_default();
            let index = Table::ProgrammesByChannel;
            let stored = snapshot.listed::<Programme>(index, &owned_by(channel))?;
            differences(channel, stored, kept, ctx.now, &mut edits, &mut counts);
        }
        if edits.len() >= enough {
            break;
        }
    }
    Ok((edits, counts))
}

/// How to bring the stored programmes of a channel in step with what it shows by the guide. Within
/// the time that the guide covers, it alone counts; before and after, what is stored stays.
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
