//! What a stored struct says of itself: its table, version, key and index entries.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::counts::{block_key, quarter_key};
use super::error::CodecError;
use super::key::{Key, instant};
use super::tables::Table;
use crate::domain::values::time::Timestamp;

/// A struct that is kept in a table of its own.
pub trait Record: Serialize + DeserializeOwned + Clone + Send + 'static {
    type Key: Key;
    const TABLE: Table;
    /// Every table that [`Record::entries`] may name.
    const INDEXES: &'static [Table] = &[];
    /// Grows by one whenever the stored bytes change their meaning.
    const VERSION: u8;

    fn key(&self) -> Self::Key;

    /// Where else it is to be found.
    fn entries(&self, entries: &mut Entries) {
        let _ = entries;
    }

    /// The record that an older version wrote. A new version adds its step here.
    fn upgrade(version: u8, body: &[u8]) -> Result<Self, CodecError> {
        let _ = body;
        Err(CodecError::UnknownVersion {
            table: Self::TABLE.name(),
            version,
        })
    }
}

/// How an index entry behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// Key -> number of the record; a second record with the key is refused.
    Unique,
    /// Key ends with the number of the record.
    Listed,
    /// As `Listed`, and the number of entries is kept per block of ids.
    Counted,
    /// As `Listed`, with an instant before the number, and the number of entries is kept per
    /// quarter of an hour.
    Timed,
}

/// One index entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    pub table: Table,
    pub kind: EntryKind,
    pub key: Vec<u8>,
}

impl Entry {
    /// The count that this entry is part of.
    pub(super) fn counter(&self) -> Option<Vec<u8>> {
        counter_of(self.kind, self.table, &self.key)
    }
}

/// The count that an entry of an index is part of; `None` for keys too short to hold what is
/// counted.
pub(super) fn counter_of(kind: EntryKind, index: Table, key: &[u8]) -> Option<Vec<u8>> {
    match kind {
        EntryKind::Unique | EntryKind::Listed => None,
        EntryKind::Counted => block_key(index, key),
        EntryKind::Timed => quarter_key(index, key),
    }
}

/// Collects the index entries of one record.
#[derive(Debug, Default)]
pub struct Entries(pub Vec<Entry>);

impl Entries {
    /// All entries of `record`, in order.
    #[must_use]
    pub fn of<R: Record>(record: &R) -> Vec<Entry> {
        let mut entries = Entries::default();
        record.entries(&mut entries);
        entries.0.sort_unstable();
        entries.0
    }

    /// At most one record has this key.
    pub fn unique(&mut self, table: Table, key: &[u8]) {
        self.0.push(Entry {
            table,
            kind: EntryKind::Unique,
            key: key.to_vec(),
        });
    }

    /// A unique key that a record may lack.
    pub fn foreign(&mut self, table: Table, id: Option<&str>) {
        if let Some(id) = id {
            self.unique(table, id.as_bytes());
        }
    }

    /// Records with this front part, by their number.
    pub fn listed(&mut self, table: Table, front: &[u8], number: u64) {
        self.0.push(Entry {
            table,
            kind: EntryKind::Listed,
            key: joined(front, number),
        });
    }

    /// As [`Entries::listed`], for lists whose page 9,000 must be as near as page 1.
    pub fn counted(&mut self, table: Table, front: &[u8], number: u64) {
        self.0.push(Entry {
            table,
            kind: EntryKind::Counted,
            key: joined(front, number),
        });
    }

    /// As [`Entries::listed`], for lists by time of which any stretch is to be counted.
    pub fn timed(&mut self, table: Table, front: &[u8], at: Timestamp, number: u64) {
        self.0.push(Entry {
            table,
            kind: EntryKind::Timed,
            key: joined(&[front, &instant(at)].concat(), number),
        });
    }
}

fn joined(front: &[u8], number: u64) -> Vec<u8> {
    let mut key = Vec::with_capacity(front.len().saturating_add(8));
    key.extend_from_slice(front);
    key.extend_from_slice(&number.to_be_bytes());
    key
}
