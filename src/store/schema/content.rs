//! Which index the records of what there is to watch write. Their tables stand with all others in
//! `schema`.

use crate::domain::catalogue::content::{Channel, ImportStep, Movie};
use crate::domain::values::id::{ChannelId, Id as _, ImportStepId, MovieId};
use crate::store::error::CodecError;
use crate::store::key::terminated;
use crate::store::record::{Entries, Record};
use crate::store::tables::Table;
use crate::store::versions::content;

impl Record for Channel {
    type Key = ChannelId;
    const TABLE: Table = Table::Channels;
    const VERSION: u8 = 2;

    fn key(&self) -> ChannelId {
        self.id
    }

    fn upgrade(version: u8, body: &[u8]) -> Result<Self, CodecError> {
        content::channel(version, body)
    }
}

impl Record for Movie {
    type Key = MovieId;
    const TABLE: Table = Table::Movies;
    const VERSION: u8 = 2;

    fn key(&self) -> MovieId {
        self.id
    }

    fn upgrade(version: u8, body: &[u8]) -> Result<Self, CodecError> {
        content::movie(version, body)
    }
}

impl Record for ImportStep {
    type Key = ImportStepId;
    const TABLE: Table = Table::ImportSteps;
    const INDEXES: &'static [Table] = &[Table::ImportStepsBySource];
    const VERSION: u8 = 1;

    fn key(&self) -> ImportStepId {
        self.id
    }

    fn entries(&self, entries: &mut Entries) {
        let front = terminated(&self.source);
        entries.listed(Table::ImportStepsBySource, &front, self.id.number());
    }
}
