//! Records of boxes and of who sells, and their indexes. Tables stand in `schema.rs`.

use crate::domain::boxes::event::{BoxEvent, BoxState, Broadcast};
use crate::domain::catalogue::content::Reseller;
use crate::domain::values::id::{BoxEventId, DeviceId, Id as _, ResellerId};
use crate::store::error::CodecError;
use crate::store::key::number;
use crate::store::record::{Entries, Record};
use crate::store::tables::Table;
use crate::store::versions;
use crate::store::versions::boxes;

impl Record for BoxEvent {
    type Key = BoxEventId;
    const TABLE: Table = Table::BoxEvents;
    const INDEXES: &'static [Table] = &[Table::BoxEventsByDevice];
    const VERSION: u8 = 1;

    fn key(&self) -> BoxEventId {
        self.id
    }

    fn entries(&self, entries: &mut Entries) {
        let mut front = number(self.device).to_vec();
        front.push(self.notice.kind.class());
        entries.listed(Table::BoxEventsByDevice, &front, self.id.number());
    }
}

impl Record for Broadcast {
    type Key = BoxEventId;
    const TABLE: Table = Table::Broadcasts;
    const VERSION: u8 = 1;

    fn key(&self) -> BoxEventId {
        self.id
    }
}

impl Record for BoxState {
    type Key = DeviceId;
    const TABLE: Table = Table::BoxStates;
    const VERSION: u8 = 2;

    fn key(&self) -> DeviceId {
        self.device
    }

    fn upgrade(version: u8, body: &[u8]) -> Result<Self, CodecError> {
        boxes::box_state(version, body)
    }
}

impl Record for Reseller {
    type Key = ResellerId;
    const TABLE: Table = Table::Resellers;
    const VERSION: u8 = 2;

    fn key(&self) -> ResellerId {
        self.id
    }

    fn upgrade(version: u8, body: &[u8]) -> Result<Self, CodecError> {
        versions::reseller(version, body)
    }
}
