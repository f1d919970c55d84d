//! A command's view of the file: reads see its own writes, and all of them can be taken back.
//!
//! Commands share one redb transaction, so a refused command cannot simply be dropped with it.
//! Every write is noted with the value it replaced; a refusal plays the notes backwards. That
//! includes sequence numbers, which are rows like any other. A command that has a transaction of
//! its own takes no notes.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use redb::{ReadableTable, WriteTransaction};

use super::codec;
use super::error::StoreError;
use super::key::Key;
use super::read::{Read, Span, Visit};
use super::record::{Entries, Entry, EntryKind, Record};
use super::snapshot::{definition, scan};
use super::table_set::TableSet;
use super::tables::Table;
use crate::domain::values::id::Id;

type OpenTable<'t> = redb::Table<'t, &'static [u8], &'static [u8]>;

/// The open tables of one commit and the notes of the command that runs.
pub struct Tx<'t> {
    transaction: &'t WriteTransaction,
    tables: RefCell<Vec<Option<OpenTable<'t>>>>,
    sharing: Sharing,
    /// What the running command wrote, in the order in which it did: everything where it may have
    /// to be taken back, else what `watched` says.
    notes: Vec<Touched>,
    /// Tables of which a command that has a transaction of its own takes notes all the same.
    watched: fn(Table) -> bool,
    /// The tables that the running command wrote.
    written: TableSet,
    /// redb failed, or panicked in the middle of a write: nothing of this commit may stand.
    broken: Cell<bool>,
    /// A write of the running command failed: whatever the command answers, it is taken back.
    spoiled: Cell<bool>,
}

/// A row that was written, and what stood there before that write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    pub table: Table,
    pub key: Vec<u8>,
    before: Option<Vec<u8>>,
}

impl Touched {
    /// Whether nothing stood there before the write.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.before.is_none()
    }

    /// The record before the write.
    pub fn before<R: Record>(&self) -> Result<Option<R>, StoreError> {
        Ok(self.before.as_deref().map(codec::decode).transpose()?)
    }
}

impl<'t> Tx<'t> {
    pub(super) fn new(transaction: &'t WriteTransaction, sharing: Sharing) -> Self {
        let tables = Table::ALL.iter().map(|_| None).collect();
        Self {
            transaction,
            tables: RefCell::new(tables),
            sharing,
            notes: Vec::new(),
            watched: |_| false,
            written: TableSet::default(),
            broken: Cell::new(false),
            spoiled: Cell::new(false),
        }
    }

    /// Stores `record` and brings its index entries in step.
    ///
    /// A unique entry that another record holds is an error of the caller, who looks first: the
    /// command fails and leaves nothing behind.
    pub fn put<R: Record>(&mut self, record: &R) -> Result<(), StoreError> {
        let put = self.put_all(record);
        self.spoiled.set(self.spoiled.get() || put.is_err());
        put
    }

    fn put_all<R: Record>(&mut self, record: &R) -> Result<(), StoreError> {
        let key = record.key().to_bytes();
        let bytes = codec::encode(record)?;
        let before = self.raw_put(R::TABLE, &key, &bytes)?;
        let old = match &before {
            Some(bytes) => Entries::of(&codec::decode::<R>(bytes)?),
            None => Vec::new(),
        };
        self.move_entries(&key, &old, &Entries::of(record))
    }

    /// As [`Tx::put`] for many records of one kind, each with a key of its own: first the records,
    /// then their index entries table by table. Give them in the order of keys: a tree takes
    /// neighbours much faster than strangers.
    pub fn put_many<R: Record>(&mut self, records: &[R]) -> Result<(), StoreError> {
        let put = self.put_many_all(records);
        self.spoiled.set(self.spoiled.get() || put.is_err());
        put
    }

    fn put_many_all<R: Record>(&mut self, records: &[R]) -> Result<(), StoreError> {
        let mut gone = Vec::new();
        let mut come = Vec::new();
        for record in records {
            let key = record.key().to_bytes();
            let bytes = codec::encode(record)?;
            let mut new = Entries::of(record);
            if let Some(before) = self.raw_put(R::TABLE, &key, &bytes)? {
                for entry in Entries::of(&codec::decode::<R>(&before)?) {
                    match new.iter().position(|held| *held == entry) {
                        Some(index) => drop(new.swap_remove(index)),
                        None => gone.push(entry),
                    }
                }
            }
            come.extend(new.into_iter().map(|entry| (entry, key.clone())));
        }
        gone.sort_unstable();
        come.sort_unstable();
        let mut counts = Counts::default();
        for entry in gone {
            self.remove_entry(&entry)?;
            counts.add(&entry, -1)?;
        }
        for (entry, key) in come {
            self.put_entry(&entry, &key)?;
            counts.add(&entry, 1)?;
        }
        self.count(counts)
    }

    /// Removes a record and its index entries; `false` if it was not there.
    pub fn remove<R: Record>(&mut self, key: &R::Key) -> Result<bool, StoreError> {
        let removed = self.remove_all::<R>(key);
        self.spoiled.set(self.spoiled.get() || removed.is_err());
        removed
    }

    fn remove_all<R: Record>(&mut self, key: &R::Key) -> Result<bool, StoreError> {
        let key = key.to_bytes();
        let Some(before) = self.raw_remove(R::TABLE, &key)? else {
            return Ok(false);
        };
        let old = Entries::of(&codec::decode::<R>(&before)?);
        self.move_entries(&key, &old, &[])?;
        Ok(true)
    }

    /// The next number of the sequence, beginning with 1.
    pub fn next_id<I: Id>(&mut self) -> Result<I, StoreError> {
        let next = self.peek_id::<I>()?;
        self.set_next::<I>(after(next)?)?;
        Ok(I::new(next))
    }

    /// The first of the next `count` numbers of the sequence, which are all taken.
    pub fn next_ids<I: Id>(&mut self, count: usize) -> Result<u64, StoreError> {
        let first = self.peek_id::<I>()?;
        let next = u64::try_from(count)
            .ok()
            .and_then(|count| first.checked_add(count));
        if count > 0 {
            self.set_next::<I>(next.ok_or_else(ended)?)?;
        }
        Ok(first)
    }

    /// Sees to it that the sequence will not give out `id`, which a document brought.
    pub fn reserve<I: Id>(&mut self, id: I) -> Result<(), StoreError> {
        if self.peek_id::<I>()? <= id.number() {
            self.set_next::<I>(after(id.number())?)?;
        }
        Ok(())
    }

    /// The tables that the running command wrote, indexes too.
    #[must_use]
    pub fn written(&self) -> TableSet {
        self.written
    }

    /// A fact of which there is one.
    pub fn put_meta(&mut self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        self.raw_put(Table::Meta, name.as_bytes(), value)?;
        Ok(())
    }

    pub fn remove_meta(&mut self, name: &str) -> Result<(), StoreError> {
        self.raw_remove(Table::Meta, name.as_bytes())?;
        Ok(())
    }

    fn peek_id<I: Id>(&self) -> Result<u64, StoreError> {
        let next = self.raw_get(Table::Sequences, I::SEQUENCE.as_bytes(), be_u64)?;
        next.unwrap_or(Some(1))
            .ok_or_else(|| StoreError::corrupt(Table::Sequences, "a sequence holds no number"))
    }

    fn set_next<I: Id>(&mut self, next: u64) -> Result<(), StoreError> {
        self.raw_put(
            Table::Sequences,
            I::SEQUENCE.as_bytes(),
            &next.to_be_bytes(),
        )?;
        Ok(())
    }

    fn move_entries(&mut self, key: &[u8], old: &[Entry], new: &[Entry]) -> Result<(), StoreError> {
        let mut counts = Counts::default();
        for entry in old.iter().filter(|entry| !new.contains(entry)) {
            self.remove_entry(entry)?;
            counts.add(entry, -1)?;
        }
        for entry in new.iter().filter(|entry| !old.contains(entry)) {
            self.put_entry(entry, key)?;
            counts.add(entry, 1)?;
        }
        self.count(counts)
    }

    fn remove_entry(&mut self, entry: &Entry) -> Result<(), StoreError> {
        self.raw_remove(entry.table, &entry.key)?;
        Ok(())
    }

    fn put_entry(&mut self, entry: &Entry, key: &[u8]) -> Result<(), StoreError> {
        let value = if entry.kind == EntryKind::Unique {
            key
        } else {
            &[]
        };
        let before = self.raw_put(entry.table, &entry.key, value)?;
        if entry.kind == EntryKind::Unique && before.is_some_and(|holder| holder != key) {
            return Err(StoreError::UniqueClash {
                table: entry.table.name(),
            });
        }
        Ok(())
    }

    /// Moves the counts of indexes, each once.
    fn count(&mut self, counts: Counts) -> Result<(), StoreError> {
        for (key, step) in counts.0.into_iter().filter(|(_, step)| *step != 0) {
            let count = self
                .raw_get(Table::Blocks, &key, be_u64)?
                .flatten()
                .unwrap_or(0);
            match count.checked_add_signed(step) {
                None => {
                    return Err(StoreError::corrupt(
                        Table::Blocks,
                        "a count would fall below 0",
                    ));
                }
                Some(0) => self.raw_remove(Table::Blocks, &key)?,
                Some(count) => self.raw_put(Table::Blocks, &key, &count.to_be_bytes())?,
            };
        }
        Ok(())
    }

    pub(super) fn raw_put(
        &mut self,
        table: Table,
        key: &[u8],
        value: &[u8],
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let before = self.writing(table, |open| {
            Ok(open.insert(key, value)?.map(|guard| guard.value().to_vec()))
        })?;
        self.note(table, key, before.as_ref());
        Ok(before)
    }

    pub(super) fn raw_remove(
        &mut self,
        table: Table,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let before = self.writing(table, |open| {
            Ok(open.remove(key)?.map(|guard| guard.value().to_vec()))
        })?;
        if before.is_some() {
            self.note(table, key, before.as_ref());
        }
        Ok(before)
    }

    /// Has the writes to these tables kept for [`Tx::touched`] also where no notes are taken to
    /// take a command back. Before the first write; ends with the command.
    pub fn watch(&mut self, tables: fn(Table) -> bool) {
        self.watched = tables;
    }

    /// What the running command wrote to these tables, write by write.
    #[must_use]
    pub fn touched(&self, tables: fn(Table) -> bool) -> Vec<Touched> {
        let notes = self.notes.iter().filter(|note| tables(note.table));
        notes.cloned().collect()
    }

    fn note(&mut self, table: Table, key: &[u8], before: Option<&Vec<u8>>) {
        // The one place that every write passes, so nothing can be forgotten.
        self.written.insert(table);
        if self.sharing == Sharing::Batch || (self.watched)(table) {
            self.notes.push(Touched {
                table,
                key: key.to_vec(),
                before: before.cloned(),
            });
        }
    }

    /// Takes back everything since the last [`Tx::keep`].
    pub(super) fn take_back(&mut self) -> Result<(), StoreError> {
        self.spoiled.set(false);
        self.watched = |_| false;
        self.written = TableSet::default();
        while let Some(Touched { table, key, before }) = self.notes.pop() {
            self.writing(table, |open| {
                match &before {
                    Some(value) => drop(open.insert(key.as_slice(), value.as_slice())?),
                    None => drop(open.remove(key.as_slice())?),
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Lets the command's writes stand; `true` if there were any.
    pub(super) fn keep(&mut self) -> bool {
        self.notes.clear();
        self.watched = |_| false;
        std::mem::take(&mut self.written) != TableSet::default()
    }

    /// Whether the running command must be taken back whatever it answers.
    pub(super) fn is_spoiled(&self) -> bool {
        self.spoiled.get()
    }

    /// Whether redb itself failed, so that nothing of this commit may be kept.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.get()
    }

    /// Lets nothing of this commit stand.
    pub(super) fn break_off(&self) {
        self.broken.set(true);
    }

    /// A write. Should redb panic in it, the table is in no state to be committed.
    fn writing<T>(
        &self,
        table: Table,
        work: impl FnOnce(&mut OpenTable<'t>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let broken = self.broken.replace(true);
        let result = self.with_open(table, work);
        self.broken.set(broken || result.is_err());
        result
    }

    fn with_table<T>(
        &self,
        table: Table,
        work: impl FnOnce(&mut OpenTable<'t>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let result = self.with_open(table, work);
        if let Err(error) = &result
            && error.is_of_the_disk()
        {
            self.broken.set(true);
        }
        result
    }

    fn with_open<T>(
        &self,
        table: Table,
        work: impl FnOnce(&mut OpenTable<'t>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut tables = self.tables.borrow_mut();
        let slot = tables.get_mut(table as usize).ok_or(StoreError::Closed)?;
        match slot {
            Some(open) => work(open),
            None => work(slot.insert(self.transaction.open_table(definition(table))?)),
        }
    }
}

impl Read for Tx<'_> {
    fn raw_get<T>(
        &self,
        table: Table,
        key: &[u8],
        read: impl FnOnce(&[u8]) -> T,
    ) -> Result<Option<T>, StoreError> {
        self.with_table(table, |open| {
            Ok(open.get(key)?.map(|guard| read(guard.value())))
        })
    }

    /// The visitor must not read through the same `Tx`: collect first, then read.
    fn raw_scan(&self, table: Table, span: &Span, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        self.with_table(table, |open| scan(open, span, visit))
    }
}

/// The number after `number`, of which there is one for longer than anybody lives.
fn after(number: u64) -> Result<u64, StoreError> {
    number.checked_add(1).ok_or_else(ended)
}

fn ended() -> StoreError {
    StoreError::corrupt(Table::Sequences, "a sequence has come to its end")
}

fn be_u64(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_be_bytes)
}

/// By how much counts of indexes move.
#[derive(Default)]
struct Counts(BTreeMap<Vec<u8>, i64>);

impl Counts {
    fn add(&mut self, entry: &Entry, step: i64) -> Result<(), StoreError> {
        if matches!(entry.kind, EntryKind::Unique | EntryKind::Listed) {
            return Ok(());
        }
        let key = entry
            .counter()
            .ok_or_else(|| StoreError::corrupt(entry.table, "a key holds no number"))?;
        let sum = self.0.entry(key).or_default();
        *sum = sum.saturating_add(step);
        Ok(())
    }
}

/// With whom a command shares its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sharing {
    /// With the others of its batch: it must be possible to take its writes back one by one.
    Batch,
    /// With nobody: where it is refused, the transaction goes.
    Alone,
}
