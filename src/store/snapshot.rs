//! A snapshot: the file as the last commit left it. Never waits for the writer.

use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::sync::Arc;

use redb::{ReadTransaction, ReadableTable, TableDefinition};

use super::error::StoreError;
use super::health::Health;
use super::read::{Read, Span, Visit};
use super::tables::Table;

/// A consistent view of the whole file. It pins old pages, so it must not live long: it is not
/// `Send`, and therefore cannot be held across an `.await` of a handler.
pub struct Snapshot {
    transaction: ReadTransaction,
    /// Told of damage that is met.
    health: Option<Arc<Health>>,
    not_send: PhantomData<*const ()>,
}

impl Snapshot {
    pub(super) fn new(transaction: ReadTransaction) -> Self {
        Self {
            transaction,
            health: None,
            not_send: PhantomData,
        }
    }

    pub(super) fn watched_by(mut self, health: Arc<Health>) -> Self {
        self.health = Some(health);
        self
    }

    /// Whether a table was ever made.
    pub(super) fn has(&self, table: Table) -> Result<bool, StoreError> {
        match self.transaction.open_table(definition(table)) {
            Ok(_) => Ok(true),
            Err(redb::TableError::TableDoesNotExist(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// How many rows a table has, without counting them.
    pub fn rows(&self, table: Table) -> Result<u64, StoreError> {
        use redb::ReadableTableMetadata as _;
        Ok(self.transaction.open_table(definition(table))?.len()?)
    }
}

/// Every table maps bytes to bytes, so that one piece of code can walk them all.
pub(super) fn definition(table: Table) -> TableDefinition<'static, &'static [u8], &'static [u8]> {
    TableDefinition::new(table.name())
}

impl Read for Snapshot {
    fn raw_get<T>(
        &self,
        table: Table,
        key: &[u8],
        read: impl FnOnce(&[u8]) -> T,
    ) -> Result<Option<T>, StoreError> {
        let open = || -> Result<Option<T>, StoreError> {
            let table = self.transaction.open_table(definition(table))?;
            Ok(table.get(key)?.map(|guard| read(guard.value())))
        };
        open().map_err(|error| self.noted(error))
    }

    fn raw_scan(&self, table: Table, span: &Span, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        let mut open = || {
            scan(
                &self.transaction.open_table(definition(table))?,
                span,
                visit,
            )
        };
        open().map_err(|error| self.noted(error))
    }

    fn noted(&self, error: StoreError) -> StoreError {
        if error.is_damage()
            && let Some(health) = &self.health
        {
            health.note_damage(&error.to_string());
        }
        error
    }
}

/// One way to walk a table, open for reading or for writing.
pub(super) fn scan(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    span: &Span,
    visit: &mut Visit<'_>,
) -> Result<(), StoreError> {
    let from = span.from.as_slice();
    let mut range = match &span.to {
        Some(to) if to.as_slice() <= from => return Ok(()),
        Some(to) => table.range::<&[u8]>(from..to.as_slice())?,
        None => table.range::<&[u8]>(from..)?,
    };
    loop {
        let next = if span.descending {
            range.next_back()
        } else {
            range.next()
        };
        let Some(row) = next else { return Ok(()) };
        let (key, value) = row?;
        if let ControlFlow::Break(()) = visit(key.value(), value.value())? {
            return Ok(());
        }
    }
}
