//! Which channel of ours each entry of a list is, and which number it gets.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::catalogue::content::Channel;

use super::one_line::{folded, shown};
use super::report::Notes;
use crate::ops::imports::kinds::Entry;

/// The entries, each once. One with the name of another and no other id is the same channel again;
/// variants of a channel share an id and have names of their own.
pub fn without_repeats(entries: Vec<Entry>, problems: &mut Notes) -> Vec<Entry> {
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
pub fn folded_id(id: &str) -> String {
    id.trim().to_lowercase()
}

/// Which channel each entry is, each channel once: by id and name, by id, by name. What is told by
/// more goes first, or a channel that one entry made would be another's the next time.
pub fn matched(channels: &[Channel], entries: &[Entry]) -> Vec<Option<usize>> {
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

/// The number that each entry's channel is to get; `None`: it keeps its own. `gone`: channels that
/// are about to be removed, whose numbers are free.
pub fn numbered(
    channels: &[Channel],
    entries: &[Entry],
    matches: &[Option<usize>],
    gone: &BTreeSet<usize>,
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
        .filter(|(place, _)| !wanted.contains_key(place) && !gone.contains(place))
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
