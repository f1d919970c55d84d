//! All tables of the file, with one line of purpose each, and which record writes which index.
//!
//! A table's name is part of the file: never rename one, never use a name again.

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
use crate::domain::billing::run::Run;
use crate::domain::boxes::event::{BoxEvent, BoxState, Broadcast};
use crate::domain::catalogue::content::{Channel, Genre, ImportStep, Movie, Reseller};
use crate::domain::catalogue::guide::Programme;
use crate::domain::catalogue::{ProductOffer, ProductSpec, ServiceSpec};
use crate::domain::customers::device::Device;
use crate::domain::customers::service::Service;
use crate::domain::customers::{Customer, CustomerPassword};
use crate::domain::event::{Activity, Audit};
use crate::domain::messages::Message;
use crate::domain::messages::template::Template;
use crate::domain::partners::pin::Pin;
use crate::domain::partners::statement::ClosedMonth;
use crate::domain::partners::subscription::{PartnerCall, PartnerSubscription};
use crate::domain::partners::{Partner, PartnerTransaction, found_as};
use crate::domain::peers::{BillingPage, Counterpart};
use crate::domain::provider::Provider;
use crate::domain::staff::{Operator, Session, Token, TokenId};
use crate::domain::values::contact::{fold, usual_mac};
use crate::domain::values::id::{
    ActivityId, AuditId, BillingPageId, CustomerId, DeviceId, GenreId, Id, OperatorId, OrderId,
    ProgrammeId, ServiceId,
};
use crate::domain::values::used_key::UsedKey;
use crate::domain::webhooks::event::HookEvent;
use crate::domain::webhooks::{Delivery, Webhook};

use super::codec::CodecError;
use super::key::{Only, instant, number, shown_at, terminated};
use super::record::{Entries, Record};
use crate::store::versions::boxes as old_boxes;
use crate::store::versions::orders;
use crate::store::versions::provider;
use crate::store::versions::staff as old_staff;

macro_rules! tables {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal,)*) => {
        /// Every table of the file.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Table { $($(#[doc = $doc])* $variant,)* }

        impl Table {
            pub const ALL: &'static [Table] = &[$(Table::$variant,)*];

            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Table::$variant => $name,)* }
            }
        }
    };
}

tables! {
    /// Version of the file's layout, signing key, set-up code: facts of which there is one each.
    Meta = "meta",
    /// Next number of every sequence.
    Sequences = "sequences",
    /// How many entries of a counted index lie in each block of 1,024 ids.
    Blocks = "blocks",

    /// Customers by id.
    Customers = "customers",
    /// Phone number in E.164 -> customers, deleted ones left out.
    CustomersByPhone = "customers_by_phone",
    /// Unique: folded e-mail -> customer, deleted ones left out.
    CustomersByEmail = "customers_by_email",
    /// Folded e-mail, customer, of deleted ones.
    DeletedByEmail = "deleted_by_email",
    /// Unique: login -> customer, deleted ones left out.
    CustomersByLogin = "customers_by_login",
    /// Counted: status, customer.
    CustomersByStatus = "customers_by_status",
    /// Folded login, customer; deleted ones left out.
    CustomersByFoldedLogin = "customers_by_folded_login",
    /// Reseller, customer; deleted ones left out.
    CustomersByReseller = "customers_by_reseller",
    /// Customers whose password has a quick hash only.
    CustomersToHarden = "customers_to_harden",
    /// When "paid until" is over, customer.
    CustomersByEnd = "customers_by_end",
    /// Folded contract number, customer.
    CustomersByAccount = "customers_by_account",

    /// Devices by id, removed ones too.
    Devices = "devices",
    /// Customer, device; removed ones left out.
    DevicesByCustomer = "devices_by_customer",
    /// Unique: client-brought id -> device, removed ones too.
    DevicesByForeign = "devices_by_foreign",
    /// MAC in its usual spelling, device; removed ones left out.
    DevicesByMac = "devices_by_mac",

    /// What boxes have to be told, by id.
    BoxEvents = "box_events",
    /// Device, class, event.
    BoxEventsByDevice = "box_events_by_device",
    /// What every box has to be told, by id.
    Broadcasts = "broadcasts",
    /// What boxes last told us, by device.
    BoxStates = "box_states",

    /// Services (entitlements) by id.
    Services = "services",
    /// Customer, service.
    ServicesByCustomer = "services_by_customer",

    /// Service specs by id.
    ServiceSpecs = "service_specs",
    /// Unique: client-brought id -> service spec.
    ServiceSpecsByForeign = "service_specs_by_foreign",
    /// Unique: external id -> service spec.
    ServiceSpecsByExternal = "service_specs_by_external",

    /// Product specs by id, removed ones too.
    ProductSpecs = "product_specs",
    /// Unique: client-brought id -> product spec.
    ProductSpecsByForeign = "product_specs_by_foreign",
    /// Unique: external id -> product spec.
    ProductSpecsByExternal = "product_specs_by_external",

    /// Product offers by id, removed ones too.
    Offers = "offers",
    /// Unique: client-brought id -> offer.
    OffersByForeign = "offers_by_foreign",
    /// Product spec, offer.
    OffersByProduct = "offers_by_product",

    /// Orders by id.
    Orders = "orders",
    /// Unique: client-brought id -> order.
    OrdersByForeign = "orders_by_foreign",
    /// Customer, order.
    OrdersByCustomer = "orders_by_customer",

    /// When something of it is due, order.
    OrdersByDue = "orders_by_due",
    /// Run, order, of those that a held run would have billed.
    OrdersHeld = "orders_held",
    /// What the guard compares runs with, and which run it holds.
    RunGuards = "run_guards",

    /// The journal by id.
    Journal = "journal",
    /// Running totals by account and currency.
    AccountTotals = "account_totals",
    /// Invoices and credit notes by number.
    Invoices = "invoices",
    /// Customer, invoice.
    InvoicesByCustomer = "invoices_by_customer",
    /// Unique: order and cycle -> invoice.
    InvoicesByCycle = "invoices_by_cycle",
    /// What is not paid of an invoice, by its number.
    OpenInvoices = "open_invoices",
    /// Customer, open invoice.
    OpenInvoicesByCustomer = "open_invoices_by_customer",
    /// What is open of negative opening balances, by customer.
    OpeningDebts = "opening_debts",
    /// When something is due about one, customer.
    OpeningDebtsByDue = "opening_debts_by_due",
    /// Payments and refunds by id.
    Payments = "payments",
    /// Customer, payment.
    PaymentsByCustomer = "payments_by_customer",
    /// Unique: method and the provider's reference -> payment.
    PaymentsByReference = "payments_by_reference",
    /// Unique: the caller's key -> payment.
    PaymentsByKey = "payments_by_key",
    /// Payments of which somebody has to say how they ended.
    PaymentsOpen = "payments_open",
    /// When a payment that is processing is to be looked after, payment.
    PaymentsByDue = "payments_by_due",
    /// Batches of vouchers by id.
    VoucherBatches = "voucher_batches",
    /// Vouchers by id.
    Vouchers = "vouchers",
    /// Unique: hash of the code -> voucher.
    VouchersByCode = "vouchers_by_code",
    /// Batch, voucher.
    VouchersByBatch = "vouchers_by_batch",
    /// Keys under which callers asked for something once, by id, which is their order in time.
    UsedKeys = "used_keys",
    /// Unique: the key -> its use.
    UsedKeysByKey = "used_keys_by_key",
    /// Runs of the billing by id.
    Runs = "runs",

    /// Hosted pages by id.
    HostedPages = "hosted_pages",
    /// Unique: code -> hosted page.
    HostedPagesByCode = "hosted_pages_by_code",

    /// Customers of the middleware that this box bills for, by our number.
    Counterparts = "counterparts",
    /// Unique: the middleware's id -> customer.
    CounterpartsByThere = "counterparts_by_there",
    /// Customers of whom the middleware has to be told something.
    CounterpartsUntold = "counterparts_untold",
    /// Payment pages of the billing system that this box forwards to, by id.
    BillingPages = "billing_pages",
    /// Unique: the billing system's id -> page.
    BillingPagesByThere = "billing_pages_by_there",

    /// What is to be written to customers, by id.
    Messages = "messages",
    /// Lane, when a message is to be sent, message.
    MessagesByDue = "messages_by_due",
    /// Messages that could not be sent.
    MessagesDead = "messages_dead",
    /// Partner, customer, message that the partner asked for.
    MessagesByPartner = "messages_by_partner",
    /// Unique: partner, its own id -> message.
    MessagesByExt = "messages_by_ext",
    /// The operator's wordings by kind and language.
    Templates = "templates",

    /// Customers' activity by id.
    Activities = "activities",
    /// Customer, activity.
    ActivitiesByCustomer = "activities_by_customer",
    /// The audit log by id.
    Audits = "audits",

    /// Staff by id.
    Operators = "operators",
    /// Unique: name -> operator.
    OperatorsByName = "operators_by_name",
    /// Integration tokens by their `jti`.
    Tokens = "tokens",
    /// Sign-ins by the hash of their secret.
    Sessions = "sessions",

    /// The operator's own company.
    Providers = "provider",
    /// Channels by id.
    Channels = "channels",
    /// Programmes by id.
    Programmes = "programmes",
    /// Channel, start, programme.
    ProgrammesByChannel = "programmes_by_channel",
    /// Genres by id.
    Genres = "genres",
    /// Movies by id.
    Movies = "movies",
    /// What the last import of each source did, step by step.
    ImportSteps = "import_steps",
    /// Source, step.
    ImportStepsBySource = "import_steps_by_source",
    /// Resellers by id.
    Resellers = "resellers",
    /// Partners by id.
    Partners = "partners",
    /// Unique: key -> partner.
    PartnersByKey = "partners_by_key",
    /// Unique: hash of an API key, the old one too -> partner.
    PartnersByApiKey = "partners_by_api_key",
    /// Charges and refunds of partners by id.
    PartnerTransactions = "partner_transactions",
    /// Unique: partner, its own id -> transaction.
    PartnerTransactionsByExt = "partner_transactions_by_ext",
    /// Customer, time -> charges that succeeded, or may.
    PartnerTransactionsByCustomer = "partner_transactions_by_customer",
    /// Partner, time of completion -> transactions that succeeded.
    PartnerTransactionsByPartner = "partner_transactions_by_partner",
    /// One-time PINs by id.
    Pins = "pins",
    /// Unique: the name that a partner has for it -> PIN.
    PinsByPublic = "pins_by_public",
    /// Partner, customer, PIN.
    PinsByAccount = "pins_by_account",
    /// Months of partners that are settled, by id.
    ClosedMonths = "closed_months",
    /// Unique: partner, month -> closed month.
    ClosedMonthsByMonth = "closed_months_by_month",
    /// Partner -> transactions that are processing.
    PartnerTransactionsOpen = "partner_transactions_open",
    /// When the carrier is asked again, transaction.
    PartnerTransactionsByDue = "partner_transactions_by_due",

    /// Addresses that are told what happens, by id.
    Webhooks = "webhooks",
    /// What happened and is told, by id.
    HookEvents = "hook_events",
    /// One event for one webhook, by id.
    Deliveries = "deliveries",
    /// Counted: webhook, state, delivery.
    DeliveriesByState = "deliveries_by_state",
    /// Webhook, when it is tried next, delivery.
    DeliveriesByDue = "deliveries_by_due",
    /// Webhook, object, delivery, of those that wait.
    DeliveriesByObject = "deliveries_by_object",
    /// Event, delivery.
    DeliveriesByEvent = "deliveries_by_event",
    /// When it is removed, delivery.
    DeliveriesByEnd = "deliveries_by_end",

    /// What customers have at partners, by id.
    PartnerSubscriptions = "partner_subscriptions",
    /// Customer, partner, subscription, of those that go on.
    PartnerSubscriptionsByCustomer = "partner_subscriptions_by_customer",
    /// What partners have to be told, by id.
    PartnerCalls = "partner_calls",
    /// Partner, state, call.
    PartnerCallsByPartner = "partner_calls_by_partner",
    /// Partner, when it is tried next, call.
    PartnerCallsByDue = "partner_calls_by_due",
    /// Subscription, call, of those that wait.
    PartnerCallsBySubscription = "partner_calls_by_subscription",
    /// When it was over, call.
    PartnerCallsByEnd = "partner_calls_by_end",
}

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
                entries.listed(Table::CustomersByReseller, &front, self.id.number());
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
            if let Some(mac) = usual_mac(&self.mac) {
                entries.listed(Table::DevicesByMac, &terminated(&mac), self.id.number());
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
        if let Some((at, _)) = self.due() {
            entries.listed(Table::OrdersByDue, &instant(at), self.id.number());
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

impl Record for Operator {
    type Key = OperatorId;
    const TABLE: Table = Table::Operators;
    const INDEXES: &'static [Table] = &[Table::OperatorsByName];
    const VERSION: u8 = 3;

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
    Audit, AuditId, Audits;
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
