//! How sign-ins of staff are kept. Their table stands with all others in `schema`.

use crate::domain::staff::Session;

use super::codec::CodecError;
use super::old_staff;
use super::record::Record;
use super::schema::Table;

impl Record for Session {
    type Key = [u8; 32];
    const TABLE: Table = Table::Sessions;
    const VERSION: u8 = 2;

    fn key(&self) -> [u8; 32] {
        self.secret_hash
    }

    fn upgrade(version: u8, body: &[u8]) -> Result<Self, CodecError> {
        old_staff::session(version, body)
    }
}
