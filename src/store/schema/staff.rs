//! How sign-ins of staff are kept. Their table stands with all others in `schema`.

use crate::domain::staff::Session;
use crate::store::error::CodecError;
use crate::store::record::Record;
use crate::store::tables::Table;
use crate::store::versions::staff;

impl Record for Session {
    type Key = [u8; 32];
    const TABLE: Table = Table::Sessions;
    const VERSION: u8 = 3;

    fn key(&self) -> [u8; 32] {
        self.secret_hash
    }

    fn upgrade(version: u8, body: &[u8]) -> Result<Self, CodecError> {
        staff::session(version, body)
    }
}
