//! What a command wrote, record by record: what stood there before its first write, and what stands
//! there now.

use std::collections::BTreeSet;

use crate::domain::effect::Moved;
use crate::domain::values::id::Id;
use crate::ops::OpError;
use crate::store::key::trailing_number;
use crate::store::{Read as _, Record, Table, Touched, Tx};

/// The rows that a command wrote, each as it was before the first write to it.
pub(super) struct Written {
    /// In the order of the first writes.
    rows: Vec<Touched>,
}

impl Written {
    /// What the running command wrote to these tables.
    pub fn of(tx: &Tx<'_>, tables: fn(Table) -> bool) -> Self {
        let mut rows = Vec::new();
        let mut seen = BTreeSet::new();
        for touched in tx.touched(tables) {
            if seen.insert((touched.table, touched.key.clone())) {
                rows.push(touched);
            }
        }
        Self { rows }
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// In the order of the first writes.
    pub fn rows(&self) -> &[Touched] {
        &self.rows
    }

    pub fn of_table(&self, table: Table) -> impl Iterator<Item = &Touched> {
        self.rows.iter().filter(move |row| row.table == table)
    }

    /// The records of one kind that are not as they were, in the order of their numbers; what was
    /// removed is left out.
    pub fn moved<R: Record<Key: Id> + PartialEq>(
        &self,
        tx: &Tx<'_>,
    ) -> Result<Vec<Moved<R>>, OpError> {
        self.moved_by(tx, by_number)
    }

    /// As [`Written::moved`], for keys that are no numbers.
    pub fn moved_by<R: Record + PartialEq>(
        &self,
        tx: &Tx<'_>,
        key: impl Fn(&[u8]) -> Option<R::Key>,
    ) -> Result<Vec<Moved<R>>, OpError> {
        let mut rows: Vec<&Touched> = self.of_table(R::TABLE).collect();
        rows.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        let mut found = Vec::new();
        for row in rows {
            let Some(key) = key(&row.key) else {
                continue;
            };
            let before: Option<R> = row.before()?;
            if let Some(after) = tx.get::<R>(&key)?
                && before.as_ref() != Some(&after)
            {
                found.push(Moved { before, after });
            }
        }
        Ok(found)
    }
}

/// The number at the end of a key.
pub(super) fn by_number<I: Id>(key: &[u8]) -> Option<I> {
    trailing_number(key).map(I::new)
}

/// How long a command is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// All that somebody asked for.
    Whole,
    /// A part of a long work, which itself says at its end what concerns every box.
    Chunk,
}
