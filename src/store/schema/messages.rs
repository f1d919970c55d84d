//! Which index messages, their wordings and PINs write.
//! Their tables stand with all others in `schema`.

use crate::domain::messages::template::{Template, TemplateKind};
use crate::domain::messages::{Lane, Message, MessageState};
use crate::domain::partners::pin::Pin;
use crate::domain::values::id::{CustomerId, Id, MessageId, PartnerId, PinId};
use crate::store::error::CodecError;
use crate::store::key::{Raw, ext_of, instant, number};
use crate::store::record::{Entries, Record};
use crate::store::tables::Table;
use crate::store::versions;

impl Record for Message {
    type Key = MessageId;
    const TABLE: Table = Table::Messages;
    const INDEXES: &'static [Table] = &[
        Table::MessagesByDue,
        Table::MessagesDead,
        Table::MessagesByCustomer,
        Table::MessagesByPartner,
        Table::MessagesByExt,
    ];
    const VERSION: u8 = 2;

    fn key(&self) -> MessageId {
        self.id
    }

    fn entries(&self, entries: &mut Entries) {
        if let Some(at) = self.due_at {
            let mut front = lane(self.content.lane());
            front.extend_from_slice(&instant(at));
            entries.listed(Table::MessagesByDue, &front, self.id.number());
        }
        if self.state == MessageState::Dead {
            entries.listed(Table::MessagesDead, &[], self.id.number());
        }
        let customer = number(self.customer);
        entries.listed(Table::MessagesByCustomer, &customer, self.id.number());
        if let Some(asked) = &self.asked {
            let front = account_of(asked.partner, self.customer);
            entries.listed(Table::MessagesByPartner, &front, self.id.number());
            if let Some(ext_id) = &asked.ext_id {
                entries.unique(Table::MessagesByExt, &ext_of(asked.partner, ext_id));
            }
        }
    }

    fn upgrade(version: u8, body: &[u8]) -> Result<Self, CodecError> {
        versions::message(version, body)
    }
}

impl Record for Pin {
    type Key = PinId;
    const TABLE: Table = Table::Pins;
    const INDEXES: &'static [Table] = &[Table::PinsByPublic, Table::PinsByAccount];
    const VERSION: u8 = 1;

    fn key(&self) -> PinId {
        self.id
    }

    fn entries(&self, entries: &mut Entries) {
        entries.unique(Table::PinsByPublic, &self.public_id);
        let front = account_of(self.partner, self.customer);
        entries.listed(Table::PinsByAccount, &front, self.id.number());
    }
}

impl Record for Template {
    type Key = Raw;
    const TABLE: Table = Table::Templates;
    const INDEXES: &'static [Table] = &[];
    const VERSION: u8 = 1;

    fn key(&self) -> Raw {
        wording(self.kind, &self.language)
    }

    fn entries(&self, _entries: &mut Entries) {}
}

/// The front part of the keys of what is to be sent in a lane.
#[must_use]
pub fn lane(lane: Lane) -> Vec<u8> {
    vec![lane as u8]
}

/// The front part of the keys of what a partner has to do with one customer.
#[must_use]
pub fn account_of(partner: PartnerId, customer: CustomerId) -> Vec<u8> {
    [number(partner), number(customer)].concat()
}

/// The key of a wording.
#[must_use]
pub fn wording(kind: TemplateKind, language: &str) -> Raw {
    let mut key = vec![kind as u8];
    key.extend_from_slice(language.as_bytes());
    Raw(key)
}
