//! Reading, the same way from a snapshot and inside a command.

use std::ops::{ControlFlow, Range};

use super::codec;
use super::counts::{BLOCK_BITS, block_key, counts_under, quarters};
use super::error::StoreError;
use super::key::{Key, after_prefix, instant, trailing_number};
use super::record::Record;
use super::tables::Table;
use crate::domain::values::id::Id;
use crate::domain::values::time::Timestamp;

/// What [`Read::raw_scan`] hands to its visitor: key and value.
pub type Visit<'v> = dyn FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, StoreError> + 'v;

/// Keys from `from` (inclusive) to `to` (exclusive; `None`: to the end).
#[derive(Debug, Clone)]
pub struct Span {
    pub from: Vec<u8>,
    pub to: Option<Vec<u8>>,
    pub descending: bool,
}

impl Span {
    /// All keys that begin with `prefix`.
    #[must_use]
    pub fn under(prefix: &[u8]) -> Self {
        Self {
            from: prefix.to_vec(),
            to: after_prefix(prefix),
            descending: false,
        }
    }

    /// Every key.
    #[must_use]
    pub fn all() -> Self {
        Self {
            from: Vec::new(),
            to: None,
            descending: false,
        }
    }

    #[must_use]
    pub fn descending(mut self) -> Self {
        self.descending = true;
        self
    }
}

/// Typed reads over raw ones.
pub trait Read {
    /// Value of `key`, handed to `read` where it lies.
    fn raw_get<T>(
        &self,
        table: Table,
        key: &[u8],
        read: impl FnOnce(&[u8]) -> T,
    ) -> Result<Option<T>, StoreError>;

    /// Visits the keys of `span` in order until the visitor breaks.
    fn raw_scan(&self, table: Table, span: &Span, visit: &mut Visit<'_>) -> Result<(), StoreError>;

    /// The record with this key.
    fn get<R: Record>(&self, key: &R::Key) -> Result<Option<R>, StoreError> {
        self.raw_get(R::TABLE, &key.to_bytes(), codec::decode::<R>)?
            .transpose()
            .map_err(|error| self.noted(error.into()))
    }

    /// Notes an error that means damage, where somebody is to know of it.
    fn noted(&self, error: StoreError) -> StoreError {
        error
    }

    /// The key of the record that has this unique index entry.
    fn find<K: Key>(&self, unique: Table, key: &[u8]) -> Result<Option<K>, StoreError> {
        match self.raw_get(unique, key, K::from_bytes)? {
            None => Ok(None),
            Some(Some(key)) => Ok(Some(key)),
            Some(None) => Err(StoreError::corrupt(unique, "an entry does not hold a key")),
        }
    }

    /// The record that has this unique index entry.
    fn get_by<R: Record>(&self, unique: Table, key: &[u8]) -> Result<Option<R>, StoreError> {
        match self.find::<R::Key>(unique, key)? {
            Some(key) => self.get(&key),
            None => Ok(None),
        }
    }

    /// Numbers of all records listed under `front`, ascending.
    fn numbers(&self, index: Table, front: &[u8]) -> Result<Vec<u64>, StoreError> {
        let mut numbers = Vec::new();
        self.raw_scan(index, &Span::under(front), &mut |key, _| {
            numbers.push(number_of(index, key)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(numbers)
    }

    /// How many records are listed under `front`, counted up to `max`.
    fn count_up_to(&self, index: Table, front: &[u8], max: usize) -> Result<usize, StoreError> {
        let mut count = 0usize;
        self.raw_scan(index, &Span::under(front), &mut |_, _| {
            count = count.saturating_add(1);
            Ok(if count < max {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        })?;
        Ok(count)
    }

    /// How many records a counted index lists under `front`: a row for every 1,024 ids is read.
    fn counted(&self, index: Table, front: &[u8]) -> Result<u64, StoreError> {
        let mut sum = 0u64;
        let prefix = counts_under(index, front);
        self.raw_scan(Table::Blocks, &Span::under(&prefix), &mut |_, value| {
            sum = sum.saturating_add(number_of(Table::Blocks, value)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(sum)
    }

    /// How many records a counted index lists under `front` in the block that `number` is in.
    fn counted_beside(&self, index: Table, front: &[u8], number: u64) -> Result<u64, StoreError> {
        let entry = [front, &number.to_be_bytes()].concat();
        let Some(key) = block_key(index, &entry) else {
            return Ok(0);
        };
        let read = |value: &[u8]| number_of(Table::Blocks, value);
        self.raw_get(Table::Blocks, &key, read)?.unwrap_or(Ok(0))
    }

    /// How many records an index by time lists under `front` in `within`: a row for every quarter
    /// of an hour in which there are some is read. Both ends are taken as [`quarters`] has them.
    fn counted_within(
        &self,
        index: Table,
        front: &[u8],
        within: &Range<Timestamp>,
    ) -> Result<u64, StoreError> {
        let mut sum = 0u64;
        let prefix = counts_under(index, front);
        let within = quarters(within);
        let end = |at: Timestamp| [prefix.as_slice(), &instant(at)].concat();
        let span = Span {
            from: end(within.start),
            to: Some(end(within.end)),
            descending: false,
        };
        self.raw_scan(Table::Blocks, &span, &mut |_, value| {
            sum = sum.saturating_add(number_of(Table::Blocks, value)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(sum)
    }

    /// The records listed under `front`, oldest first.
    fn listed<R: Record<Key: Id>>(&self, index: Table, front: &[u8]) -> Result<Vec<R>, StoreError> {
        let mut records = Vec::new();
        for number in self.numbers(index, front)? {
            let record = self.get::<R>(&R::Key::new(number))?;
            records.push(record.ok_or_else(|| {
                StoreError::corrupt(index, &format!("{number} is listed but not there"))
            })?);
        }
        Ok(records)
    }

    /// Visits every record of a kind, in the order of keys.
    fn each<R: Record>(
        &self,
        span: &Span,
        visit: &mut dyn FnMut(R) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        self.raw_scan(R::TABLE, span, &mut |_, value| {
            visit(codec::decode::<R>(value)?)
        })
    }

    /// Every record of a kind. Only for kinds of which there are few.
    fn all<R: Record>(&self) -> Result<Vec<R>, StoreError> {
        let mut records = Vec::new();
        self.each(&Span::all(), &mut |record| {
            records.push(record);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(records)
    }

    /// A page of a counted index: the numbers listed under any of `fronts`, ascending, `limit` of
    /// them after the first `offset`. Whole blocks are skipped by their counts, so the price does
    /// not grow with the offset but with the number of blocks (one per 1,024 ids).
    fn page(
        &self,
        index: Table,
        fronts: &[Vec<u8>],
        offset: u64,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError> {
        let fronts: std::collections::BTreeSet<&Vec<u8>> = fronts.iter().collect();
        let mut blocks = std::collections::BTreeMap::<u64, u64>::new();
        for front in &fronts {
            let prefix = counts_under(index, front);
            self.raw_scan(Table::Blocks, &Span::under(&prefix), &mut |key, value| {
                let block = number_of(Table::Blocks, key)?;
                let count = number_of(Table::Blocks, value)?;
                let sum = blocks.entry(block).or_default();
                *sum = sum.saturating_add(count);
                Ok(ControlFlow::Continue(()))
            })?;
        }
        let mut skip = offset;
        let mut page = Vec::with_capacity(limit);
        for (block, count) in blocks {
            if page.len() >= limit {
                break;
            }
            if skip >= count {
                skip = skip.saturating_sub(count);
                continue;
            }
            let mut numbers = Vec::new();
            for front in &fronts {
                let mut from = (*front).clone();
                from.extend_from_slice(&(block << BLOCK_BITS).to_be_bytes());
                let mut to = (*front).clone();
                to.extend_from_slice(&((block.saturating_add(1)) << BLOCK_BITS).to_be_bytes());
                let span = Span {
                    from,
                    to: Some(to),
                    descending: false,
                };
                self.raw_scan(index, &span, &mut |key, _| {
                    numbers.push(number_of(index, key)?);
                    Ok(ControlFlow::Continue(()))
                })?;
            }
            numbers.sort_unstable();
            let wanted = limit.saturating_sub(page.len());
            let first = usize::try_from(skip).unwrap_or(usize::MAX);
            page.extend(numbers.into_iter().skip(first).take(wanted));
            skip = 0;
        }
        Ok(page)
    }
}

fn number_of(table: Table, key: &[u8]) -> Result<u64, StoreError> {
    trailing_number(key).ok_or_else(|| StoreError::corrupt(table, "a key holds no number"))
}
