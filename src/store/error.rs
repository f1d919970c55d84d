//! What goes wrong with the file, and with the bytes of a record.

use super::tables::Table;

/// What goes wrong with the file. Never shown to a client; logged once at the edge.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The queue of the writer is full: try again in a moment.
    #[error("too many writes are waiting")]
    Busy,
    /// The disk failed, or the outcome of the commit is not known.
    #[error("the data file cannot be written at the moment")]
    Unavailable,
    /// There is no room for another commit; reads go on. Nothing was written, unless the disk
    /// filled up in the middle of the commit: then the outcome is unknown, as after a power cut.
    #[error("the disk is full: nothing can be written until there is room on it")]
    DiskFull,
    /// A page of the file is not what was written.
    #[error(
        "the data file is damaged ({0}); stop the box, run `boxoffice check`, and bring a backup \
         back"
    )]
    Damaged(String),
    /// A rule panicked: a bug. The command was taken back.
    #[error("a command panicked")]
    Panicked,
    #[error("the store is closed")]
    Closed,
    /// A programmer's error: unique entries are looked up before they are written.
    #[error("two records with one entry in {table}")]
    UniqueClash { table: &'static str },
    /// A bug: a journal entry that does not sum to zero. The command was taken back.
    #[error("a journal entry does not balance")]
    Unbalanced,
    #[error("table {table}: {reason}")]
    Corrupt { table: &'static str, reason: String },
    #[error("the data file has layout {found}, this program knows {known}: use a newer boxoffice")]
    TooNew { found: u64, known: u64 },
    #[error("another process has the data file open")]
    InUse,
    #[error(transparent)]
    Codec(#[from] CodecError),
    #[error("{0}")]
    Redb(Box<redb::Error>),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl StoreError {
    pub(crate) fn corrupt(table: Table, reason: &str) -> Self {
        Self::Corrupt {
            table: table.name(),
            reason: reason.to_owned(),
        }
    }

    pub(super) fn is_of_the_disk(&self) -> bool {
        matches!(
            self,
            Self::Redb(_) | Self::Io(_) | Self::Unavailable | Self::DiskFull | Self::Damaged(_)
        )
    }

    /// Whether what is in the file cannot be what was written.
    pub(super) fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::Codec(_) | Self::Corrupt { .. } | Self::Damaged(_)
        )
    }
}

impl From<redb::Error> for StoreError {
    fn from(error: redb::Error) -> Self {
        match error {
            // What redb says after the disk failed, until the file is opened anew.
            redb::Error::PreviousIo | redb::Error::DatabaseClosed => Self::Unavailable,
            redb::Error::Corrupted(what) => Self::Damaged(what),
            redb::Error::Io(error) if is_full(&error) => Self::DiskFull,
            other => Self::Redb(Box::new(other)),
        }
    }
}

/// Whether a write failed for want of room: on the disk, in a quota, in what a file may grow to.
fn is_full(error: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
    )
}

macro_rules! from_redb {
    ($($error:ident),*) => {$(
        impl From<redb::$error> for StoreError {
            fn from(error: redb::$error) -> Self {
                redb::Error::from(error).into()
            }
        }
    )*};
}

from_redb!(StorageError, TableError, TransactionError, CommitError);

impl From<redb::DatabaseError> for StoreError {
    fn from(error: redb::DatabaseError) -> Self {
        match error {
            redb::DatabaseError::DatabaseAlreadyOpen => Self::InUse,
            other => redb::Error::from(other).into(),
        }
    }
}

/// Why stored bytes are no record.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    #[error("a record of table {table} is empty")]
    Empty { table: &'static str },
    #[error("a record of table {table} has version {version}, which this program does not know")]
    UnknownVersion { table: &'static str, version: u8 },
    #[error("a record of table {table} does not decode: {reason}")]
    Undecodable { table: &'static str, reason: String },
    #[error("a record does not encode: {reason}")]
    Unencodable { reason: String },
}

pub(super) fn unknown(table: Table, version: u8) -> CodecError {
    CodecError::UnknownVersion {
        table: table.name(),
        version,
    }
}
