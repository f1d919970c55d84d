//! Proves the file: decodes every record, re-derives every index entry, count and sequence, adds
//! the journal up again and follows the audit log's chain.
//! Reads a snapshot, so it can run beside a working box.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::audit;
use super::codec;
use super::error::StoreError;
use super::journal;
use super::key::{Key, trailing_number};
use super::months;
use super::read::{Read, Span};
use super::record::{Entries, EntryKind, Record};
use super::schema::{RecordVisitor, for_every_record};
use super::snapshot::Snapshot;
use super::tables::Table;
use super::vouchers;

/// Something that does not fit, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Table and key of the record or entry.
    pub place: String,
    pub problem: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

/// Most findings that are listed; a file with more is damaged beyond reading them all.
const FINDINGS_MAX: usize = 1_000;

struct Checker<'s> {
    snapshot: &'s Snapshot,
    findings: Vec<Finding>,
    /// How many entries the records make in each block of the counted indexes.
    blocks: BTreeMap<Vec<u8>, u64>,
    records: u64,
}

/// Walks the whole file. Answers the number of records and what is wrong with them.
pub fn check(snapshot: &Snapshot) -> Result<(u64, Vec<Finding>), StoreError> {
    let mut checker = Checker {
        snapshot,
        findings: Vec::new(),
        blocks: BTreeMap::new(),
        records: 0,
    };
    for_every_record(&mut checker)?;
    checker.block_counts()?;
    for id in audit::misfits(snapshot)? {
        checker.find(
            Table::Audits,
            &id.to_bytes(),
            "the line does not fit the chain before it",
        );
    }
    if !audit::ends_as_noted(snapshot)? {
        let problem = "the audit log does not end with the line that was written last";
        checker.find(Table::Meta, audit::CHAIN.as_bytes(), problem);
    }
    let mut misfits = journal::misfits(snapshot)?;
    misfits.extend(months::misfits(snapshot)?);
    misfits.extend(vouchers::misfits(snapshot)?);
    for (table, key, problem) in misfits {
        checker.find(table, &key, problem);
    }
    Ok((checker.records, checker.findings))
}

impl Checker<'_> {
    fn find(&mut self, table: Table, key: &[u8], problem: &str) {
        if self.findings.len() < FINDINGS_MAX {
            let place = format!("{} {}", table.name(), shown(table, key));
            self.findings.push(Finding {
                place,
                problem: problem.to_owned(),
            });
        }
    }

    /// Looks for the entries that `record` makes; counts them per index in `made`.
    fn entries_of<R: Record>(
        &mut self,
        key: &[u8],
        record: &R,
        made: &mut BTreeMap<Table, u64>,
    ) -> Result<(), StoreError> {
        if record.key().to_bytes() != key {
            self.find(
                R::TABLE,
                key,
                "the record is stored under another key than its own",
            );
        }
        for entry in Entries::of(record) {
            let made = made.entry(entry.table).or_default();
            *made = made.saturating_add(1);
            let held = self.snapshot.raw_get(entry.table, &entry.key, |value| {
                entry.kind != EntryKind::Unique || value == key
            })?;
            if held != Some(true) {
                let problem = format!("its entry in {} is missing or wrong", entry.table.name());
                self.find(R::TABLE, key, &problem);
            }
            if let Some(block) = entry.counter() {
                let count = self.blocks.entry(block).or_default();
                *count = count.saturating_add(1);
            }
        }
        Ok(())
    }

    /// Names the entries of `index` that no record makes.
    fn strays<R: Record>(&mut self, index: Table) -> Result<(), StoreError> {
        let snapshot = self.snapshot;
        snapshot.raw_scan(index, &Span::all(), &mut |entry, value| {
            // A record that does not decode was named already.
            let owner = if value.is_empty() {
                entry
                    .len()
                    .checked_sub(8)
                    .and_then(|front| entry.get(front..))
                    .unwrap_or_default()
            } else {
                value
            };
            let record = match R::Key::from_bytes(owner).map(|key| snapshot.get::<R>(&key)) {
                Some(Err(StoreError::Codec(_))) => return Ok(ControlFlow::Continue(())),
                Some(record) => record?,
                None => None,
            };
            let made = record.is_some_and(|record| {
                Entries::of(&record)
                    .iter()
                    .any(|made| made.table == index && made.key == entry)
            });
            if !made {
                let problem = format!("no record of {} makes this entry", R::TABLE.name());
                self.find(index, entry, &problem);
            }
            Ok(ControlFlow::Continue(()))
        })
    }

    fn block_counts(&mut self) -> Result<(), StoreError> {
        let mut stored = BTreeMap::new();
        self.snapshot
            .raw_scan(Table::Blocks, &Span::all(), &mut |key, value| {
                stored.insert(key.to_vec(), trailing_number(value).unwrap_or(0));
                Ok(ControlFlow::Continue(()))
            })?;
        let blocks = std::mem::take(&mut self.blocks);
        for (key, count) in &stored {
            if blocks.get(key) != Some(count) {
                self.find(Table::Blocks, key, "the count differs from the entries");
            }
        }
        for key in blocks.keys().filter(|key| !stored.contains_key(*key)) {
            self.find(Table::Blocks, key, "the count is missing");
        }
        Ok(())
    }
}

impl RecordVisitor for Checker<'_> {
    type Error = StoreError;

    fn visit<R: Record>(&mut self) -> Result<(), StoreError> {
        let snapshot = self.snapshot;
        let mut made = BTreeMap::new();
        let mut highest = None;
        snapshot.raw_scan(R::TABLE, &Span::all(), &mut |key, value| {
            self.records = self.records.saturating_add(1);
            highest = trailing_number(key).max(highest);
            match codec::decode::<R>(value) {
                Ok(record) => self.entries_of(key, &record, &mut made)?,
                Err(error) => self.find(R::TABLE, key, &error.to_string()),
            }
            Ok(ControlFlow::Continue(()))
        })?;
        for index in R::INDEXES {
            if snapshot.rows(*index)? != made.get(index).copied().unwrap_or(0) {
                self.strays::<R>(*index)?;
            }
        }
        if let (Some(highest), Some(sequence)) = (highest, R::Key::SEQUENCE) {
            let next = snapshot.raw_get(Table::Sequences, sequence.as_bytes(), trailing_number)?;
            if next.flatten().is_none_or(|next| next <= highest) {
                self.find(
                    Table::Sequences,
                    sequence.as_bytes(),
                    "would give out a number again",
                );
            }
        }
        Ok(())
    }
}

/// A key for people: its number, its text, or its bytes in hex.
fn shown(table: Table, key: &[u8]) -> String {
    let named = matches!(table, Table::Meta | Table::Sequences);
    match (key.len(), trailing_number(key), std::str::from_utf8(key)) {
        (8, Some(number), _) if !named => number.to_string(),
        (_, _, Ok(text)) if text.chars().all(|c| !c.is_control()) => text.to_owned(),
        _ => data_encoding::HEXLOWER.encode(key),
    }
}
