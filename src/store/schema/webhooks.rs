//! Which index the records of webhooks and of partners' subscriptions write. Their tables stand
//! with all others in `schema`.

use crate::domain::partners::subscription::{PartnerCall, PartnerSubscription};
use crate::domain::values::delivery::DeliveryState;
use crate::domain::values::id::{
    DeliveryId, HookEventId, Id, PartnerCallId, PartnerSubscriptionId, WebhookId,
};
use crate::domain::webhooks::event::HookEvent;
use crate::domain::webhooks::{Delivery, Webhook};
use crate::store::error::CodecError;
use crate::store::key::{in_state, instant, number, queue_of};
use crate::store::record::{Entries, Record};
use crate::store::tables::Table;
use crate::store::versions::staff;

impl Record for Webhook {
    type Key = WebhookId;
    const TABLE: Table = Table::Webhooks;
    const VERSION: u8 = 2;

    fn key(&self) -> WebhookId {
        self.id
    }

    fn upgrade(version: u8, body: &[u8]) -> Result<Self, CodecError> {
        staff::webhook(version, body)
    }
}

impl Record for HookEvent {
    type Key = HookEventId;
    const TABLE: Table = Table::HookEvents;
    const VERSION: u8 = 1;

    fn key(&self) -> HookEventId {
        self.id
    }
}

impl Record for Delivery {
    type Key = DeliveryId;
    const TABLE: Table = Table::Deliveries;
    const INDEXES: &'static [Table] = &[
        Table::DeliveriesByState,
        Table::DeliveriesByDue,
        Table::DeliveriesByObject,
        Table::DeliveriesByEvent,
        Table::DeliveriesByEnd,
    ];
    const VERSION: u8 = 1;

    fn key(&self) -> DeliveryId {
        self.id
    }

    fn entries(&self, entries: &mut Entries) {
        let id = self.id.number();
        let state = in_state(self.webhook, self.state);
        entries.counted(Table::DeliveriesByState, &state, id);
        if let Some(at) = self.due_at {
            let mut front = number(self.webhook).to_vec();
            front.extend_from_slice(&instant(at));
            entries.listed(Table::DeliveriesByDue, &front, id);
        }
        if self.state == DeliveryState::Waiting {
            let front = queue_of(self.webhook, self.subject, self.object);
            entries.listed(Table::DeliveriesByObject, &front, id);
        }
        entries.listed(Table::DeliveriesByEvent, &number(self.event), id);
        if let Some(at) = self.kept_until() {
            entries.listed(Table::DeliveriesByEnd, &instant(at), id);
        }
    }
}

impl Record for PartnerSubscription {
    type Key = PartnerSubscriptionId;
    const TABLE: Table = Table::PartnerSubscriptions;
    const INDEXES: &'static [Table] = &[Table::PartnerSubscriptionsByCustomer];
    const VERSION: u8 = 1;

    fn key(&self) -> PartnerSubscriptionId {
        self.id
    }

    fn entries(&self, entries: &mut Entries) {
        if self.ended_at.is_none() {
            let front = [number(self.customer), number(self.partner)].concat();
            let id = self.id.number();
            entries.listed(Table::PartnerSubscriptionsByCustomer, &front, id);
        }
    }
}

impl Record for PartnerCall {
    type Key = PartnerCallId;
    const TABLE: Table = Table::PartnerCalls;
    const INDEXES: &'static [Table] = &[
        Table::PartnerCallsByPartner,
        Table::PartnerCallsByDue,
        Table::PartnerCallsBySubscription,
        Table::PartnerCallsByEnd,
    ];
    const VERSION: u8 = 1;

    fn key(&self) -> PartnerCallId {
        self.id
    }

    fn entries(&self, entries: &mut Entries) {
        let id = self.id.number();
        let state = in_state(self.partner, self.state);
        entries.listed(Table::PartnerCallsByPartner, &state, id);
        if let Some(at) = self.due_at {
            let front = [number(self.partner), instant(at)].concat();
            entries.listed(Table::PartnerCallsByDue, &front, id);
        }
        if self.state == DeliveryState::Waiting {
            let queue = number(self.subscription);
            entries.listed(Table::PartnerCallsBySubscription, &queue, id);
        }
        if let Some(at) = self.ended_at {
            entries.listed(Table::PartnerCallsByEnd, &instant(at), id);
        }
    }
}
