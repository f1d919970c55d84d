//! Which record is kept in which table, and which index it writes.

pub(in crate::store) mod boxes;
pub(in crate::store) mod catalogue;
pub(in crate::store) mod content;
pub mod messages;
pub(in crate::store) mod money;
pub(in crate::store) mod partners;
pub(in crate::store) mod staff;
pub(in crate::store) mod webhooks;

use std::collections::BTreeSet;

use crate::domain::billing::debt::OpeningDebt;
use crate::domain::billing::guard::RunGuard;
use crate::domain::billing::invoice::{Invoice, OpenInvoice};
use crate::domain::billing::journal::{AccountTotal, JournalEntry};
use crate::domain::billing::order::Order;
use crate::domain::billing::payment::{HostedPage, Payment, Voucher, VoucherBatch};
use crate::domain::billing::recurring::{CustomerRevenue, RevenueDay};
use crate::domain::billing::run::Run;
use crate::domain::boxes::event::{BoxEvent, BoxState, Broadcast};
use crate::domain::catalogue::content::{Channel, Genre, ImportStep, Movie, Reseller};
use crate::domain::catalogue::guide::Programme;
use crate::domain::catalogue::{ProductOffer, ProductSpec, ServiceSpec};
use crate::domain::customers::device::Device;
use crate::domain::customers::search;
use crate::domain::customers::service::Service;
use crate::domain::customers::{Customer, CustomerPassword};
use crate::domain::event::{Activity, Audit};
use crate::domain::messages::Message;
use crate::domain::messages::template::Template;
use crate::domain::partners::pin::Pin;
use crate::domain::partners::statement::ClosedMonth;
use crate::domain::partners::subscription::{PartnerCall, PartnerSubscription};
use crate::domain::partners::{Partner, PartnerTransaction};
use crate::domain::peers::{BillingPage, Counterpart};
use crate::domain::provider::Provider;
use crate::domain::staff::{Operator, Session, Token, TokenId};
use crate::domain::values::contact::fold;
use crate::domain::values::contact::found_as;
use crate::domain::values::id::{
    ActivityId, AuditId, BillingPageId, CustomerId, DeviceId, GenreId, Id, OperatorId, OrderId,
    ProgrammeId, ServiceId,
};
use crate::domain::values::used_key::UsedKey;
use crate::domain::webhooks::event::HookEvent;
use crate::domain::webhooks::{Delivery, Webhook};

use super::error::CodecError;
use super::key::{Only, about, instant, number, shown_at, state_of, terminated};
use super::record::{Entries, Record};
use super::tables::Table;
use crate::store::versions::boxes as old_boxes;
use crate::store::versions::orders;
use crate::store::versions::provider;
use crate::store::versions::staff as old_staff;

impl Record for Customer {
    type Key = CustomerId;
    const TABLE: Table = Table::Customers;
    const INDEXES: &'static [Table] = &[
        Table::CustomersByEmail,
        Table::CustomersByPhone,
        Table::DeletedByEmail,
        Table::CustomersByLogin,
        Table::CustomersByStatus,
        Table::CustomersByAccount,
        Table::CustomersByFoldedLogin,
        Table::CustomersByReseller,
        Table::CustomersByToken,
        Table::CustomersByEnd,
        Table::CustomersToHarden,
    ];
    const VERSION: u8 = 3;

    fn key(&self) -> CustomerId {
        self.id
    }

    fn entries(&self, entries: &mut Entries) {
        if self.is_deleted() {
            if let Some(email) = &self.email {
                let front = terminated(&email.folded());
                entries.listed(Table::DeletedByEmail, &front, self.id.number());
            }
        } else {
            if let Some(email) = &self.email {
                entries.unique(Table::CustomersByEmail, email.folded().as_bytes());
            }
            let phones = self.phones.iter().filter_map(|phone| found_as(phone));
            let phones: BTreeSet<String> = phones.collect();
            for phone in phones {
                let front = terminated(&phone);
                entries.listed(Table::CustomersByPhone, &front, self.id.number());
            }
            if let Some(login) = &self.login {
                entries.unique(Table::CustomersByLogin, login.as_bytes());
                let front = terminated(&fold(login));
                entries.listed(Table::CustomersByFoldedLogin, &front, self.id.number());
            }
            if let Some(reseller) = self.reseller {
                let front = number(reseller);
                entries.counted(Table::CustomersByReseller, &front, self.id.number());
            }
            for token in search::tokens(self) {
                entries.listed(Table::CustomersByToken, &token, self.id.number());
            }
        }
        entries.counted(
            Table::CustomersByStatus,
            &[self.status as u8],
            self.id.number(),
        );
        if matches!(self.password, CustomerPassword::Quick(_)) {
            entries.listed(Table::CustomersToHarden, &[], self.id.number());
        }
        if let Some(at) = self.ends_at() {
            entries.listed(Table::CustomersByEnd, &instant(at), self.id.number());
        }
        if let Some(account) = &self.account_number {
            entries.listed(
                Table::CustomersByAccount,
                &terminated(&fold(account)),
                self.id.number(),
            );
        }
    }

    fn upgrade(version: u8, body: &[u8]) -> Result<Self, CodecError> {
        old_boxes::customer(version, body)
    }
}

impl Record for Device {
    type Key = DeviceId;
    const TABLE: Table = Table::Devices;
    const INDEXES: &'static [Table] = &[
        Table::DevicesByCustomer,
        Table::DevicesByForeign,
        Table::DevicesByMac,
    ];
    const VERSION: u8 = 2;

    fn key(&self) -> DeviceId {
        self.id
    }

    fn entries(&self, entries: &mut Entries) {
        entries.foreign(Table::DevicesByForeign, self.foreign_id.as_deref());
        if self.removed_at.is_none() {
            entries.listed(
                Table::DevicesByCustomer,
                &number(self.customer),
                self.id.number(),
            );
            if let Some(mac) = self.known_by() {
                entries.listed(
                    Table::DevicesByMac,
                    &terminated(&mac.to_string()),
                    self.id.number(),
                );
            }
        }
    }

    fn upgrade(version: u8, body: &[u8]) -> Result<Self, CodecError> {
        old_boxes::device(version, body)
    }
}

impl Record for Service {
    type Key = ServiceId;
    const TABLE: Table = Table::Services;
    const INDEXES: &'static [Table] = &[Table::ServicesByCustomer];
    const VERSION: u8 = 1;

    fn key(&self) -> ServiceId {
        self.id
    }

    fn entries(&self, entries: &mut Entries) {
        entries.listed(
            Table::ServicesByCustomer,
            &number(self.customer),
            self.id.number(),
        );
    }
}

impl Record for Order {
    type Key = OrderId;
    const TABLE: Table = Table::Orders;
    const INDEXES: &'static [Table] = &[
        Table::OrdersByForeign,
        Table::OrdersByCustomer,
        Table::OrdersByState,
        Table::OrdersByProduct,
        Table::OrdersByDue,
        Table::OrdersHeld,
    ];
    const VERSION: u8 = 4;

    fn key(&self) -> OrderId {
        self.id
    }

    fn entries(&self, entries: &mut Entries) {
        entries.foreign(Table::OrdersByForeign, self.foreign_id.as_deref());
        entries.listed(
            Table::OrdersByCustomer,
            &number(self.customer),
            self.id.number(),
        );
        let state = state_of(self.status, self.standing.into());
        entries.counted(Table::OrdersByState, &state, self.id.number());
        let sold = [number(self.product).as_slice(), &state].concat();
        entries.counted(Table::OrdersByProduct, &sold, self.id.number());
        if let Some((at, _)) = self.due() {
            entries.timed(Table::OrdersByDue, &[], at, self.id.number());
        }
        if let Some(hold) = self.held {
            entries.listed(Table::OrdersHeld, &number(hold.run), self.id.number());
        }
    }

    fn upgrade(version: u8, body: &[u8]) -> Result<Self, CodecError> {
        orders::order(version, body)
    }
}

impl Record for Counterpart {
    type Key = CustomerId;
    const TABLE: Table = Table::Counterparts;
    const INDEXES: &'static [Table] = &[Table::CounterpartsByThere, Table::CounterpartsUntold];
    const VERSION: u8 = 1;

    fn key(&self) -> CustomerId {
        self.customer
    }

    fn entries(&self, entries: &mut Entries) {
        entries.unique(Table::CounterpartsByThere, self.there.as_bytes());
        if self.is_untold() {
            entries.listed(Table::CounterpartsUntold, &[], self.customer.number());
        }
    }
}

impl Record for BillingPage {
    type Key = BillingPageId;
    const TABLE: Table = Table::BillingPages;
    const INDEXES: &'static [Table] = &[Table::BillingPagesByThere];
    const VERSION: u8 = 1;

    fn key(&self) -> BillingPageId {
        self.id
    }

    fn entries(&self, entries: &mut Entries) {
        entries.unique(Table::BillingPagesByThere, self.there.as_bytes());
    }
}

impl Record for Activity {
    type Key = ActivityId;
    const TABLE: Table = Table::Activities;
    const INDEXES: &'static [Table] = &[Table::ActivitiesByCustomer];
    const VERSION: u8 = 1;

    fn key(&self) -> ActivityId {
        self.id
    }

    fn entries(&self, entries: &mut Entries) {
        entries.listed(
            Table::ActivitiesByCustomer,
            &number(self.customer),
            self.id.number(),
        );
    }
}

impl Record for Audit {
    type Key = AuditId;
    const TABLE: Table = Table::Audits;
    const INDEXES: &'static [Table] = &[Table::AuditsBySubject];
    const VERSION: u8 = 1;

    fn key(&self) -> AuditId {
        self.id
    }

    fn entries(&self, entries: &mut Entries) {
        let (kind, subject) = &self.subject;
        if let Some(front) = about(kind, *subject) {
            entries.listed(Table::AuditsBySubject, &front, self.id.number());
        }
    }
}

impl Record for Operator {
    type Key = OperatorId;
    const TABLE: Table = Table::Operators;
    const INDEXES: &'static [Table] = &[Table::OperatorsByName];
    const VERSION: u8 = 4;

    fn key(&self) -> OperatorId {
        self.id
    }

    fn entries(&self, entries: &mut Entries) {
        entries.unique(Table::OperatorsByName, self.name.as_bytes());
    }

    fn upgrade(version: u8, body: &[u8]) -> Result<Self, CodecError> {
        old_staff::operator(version, body)
    }
}

impl Record for Programme {
    type Key = ProgrammeId;
    const TABLE: Table = Table::Programmes;
    const INDEXES: &'static [Table] = &[Table::ProgrammesByChannel];
    const VERSION: u8 = 1;

    fn key(&self) -> ProgrammeId {
        self.id
    }

    fn entries(&self, entries: &mut Entries) {
        entries.listed(
            Table::ProgrammesByChannel,
            &shown_at(self.channel, self.start_at),
            self.id.number(),
        );
    }
}

impl Record for RunGuard {
    type Key = Only;
    const TABLE: Table = Table::RunGuards;
    const VERSION: u8 = 1;

    fn key(&self) -> Only {
        Only
    }
}

impl Record for Provider {
    type Key = Only;
    const TABLE: Table = Table::Providers;
    const VERSION: u8 = 2;

    fn key(&self) -> Only {
        Only
    }

    fn upgrade(version: u8, body: &[u8]) -> Result<Self, CodecError> {
        provider::provider(version, body)
    }
}

impl Record for Token {
    type Key = TokenId;
    const TABLE: Table = Table::Tokens;
    const VERSION: u8 = 2;

    fn key(&self) -> TokenId {
        self.id
    }

    fn upgrade(version: u8, body: &[u8]) -> Result<Self, CodecError> {
        old_staff::token(version, body)
    }
}

/// Records that are found by their own id only.
macro_rules! unindexed {
    ($($record:ty, $key:ty, $table:ident;)*) => {$(
        impl Record for $record {
            type Key = $key;
            const TABLE: Table = Table::$table;
            const VERSION: u8 = 1;

            fn key(&self) -> $key {
                self.id
            }
        }
    )*};
}

unindexed! {
    Genre, GenreId, Genres;
}

/// Calls `visit` once for every kind of record, so that nothing that walks the whole file
/// (check, backup, golden files) can forget one.
pub fn for_every_record<V: RecordVisitor>(visitor: &mut V) -> Result<(), V::Error> {
    visitor.visit::<Provider>()?;
    visitor.visit::<Operator>()?;
    visitor.visit::<Token>()?;
    visitor.visit::<Session>()?;
    visitor.visit::<Genre>()?;
    visitor.visit::<Channel>()?;
    visitor.visit::<Programme>()?;
    visitor.visit::<Movie>()?;
    visitor.visit::<ImportStep>()?;
    visitor.visit::<Reseller>()?;
    visitor.visit::<Partner>()?;
    visitor.visit::<PartnerTransaction>()?;
    visitor.visit::<ClosedMonth>()?;
    visitor.visit::<ServiceSpec>()?;
    visitor.visit::<ProductSpec>()?;
    visitor.visit::<ProductOffer>()?;
    visitor.visit::<Customer>()?;
    visitor.visit::<Device>()?;
    visitor.visit::<BoxEvent>()?;
    visitor.visit::<Broadcast>()?;
    visitor.visit::<BoxState>()?;
    visitor.visit::<Service>()?;
    visitor.visit::<Order>()?;
    visitor.visit::<JournalEntry>()?;
    visitor.visit::<AccountTotal>()?;
    visitor.visit::<Invoice>()?;
    visitor.visit::<OpenInvoice>()?;
    visitor.visit::<OpeningDebt>()?;
    visitor.visit::<Payment>()?;
    visitor.visit::<VoucherBatch>()?;
    visitor.visit::<Voucher>()?;
    visitor.visit::<UsedKey>()?;
    visitor.visit::<Run>()?;
    visitor.visit::<RunGuard>()?;
    visitor.visit::<CustomerRevenue>()?;
    visitor.visit::<RevenueDay>()?;
    visitor.visit::<HostedPage>()?;
    visitor.visit::<Message>()?;
    visitor.visit::<Template>()?;
    visitor.visit::<Pin>()?;
    visitor.visit::<Counterpart>()?;
    visitor.visit::<BillingPage>()?;
    visitor.visit::<Webhook>()?;
    visitor.visit::<HookEvent>()?;
    visitor.visit::<Delivery>()?;
    visitor.visit::<PartnerSubscription>()?;
    visitor.visit::<PartnerCall>()?;
    visitor.visit::<Activity>()?;
    visitor.visit::<Audit>()
}

/// See [`for_every_record`].
pub trait RecordVisitor {
    type Error;
    fn visit<R: Record>(&mut self) -> Result<(), Self::Error>;
}
