//! Stored bytes are a contract: what any version ever wrote is read for ever.
//!
//! `data/golden/<table>.v<version>.hex` holds one record of every kind with every field filled.
//! A file that is there is never written again. A new kind or version gets its file from one run
//! with `UPDATE_GOLDEN=1`.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Debug;
use std::path::{Path, PathBuf};

use boxoffice::domain::billing::invoice::Invoice;
use boxoffice::domain::billing::order::Order;
use boxoffice::domain::billing::payment::HostedPageState;
use boxoffice::domain::boxes::event::BoxEventKind;
use boxoffice::domain::catalogue::ProductOffer;
use boxoffice::domain::catalogue::content::ChannelKind;
use boxoffice::domain::catalogue::kinds::{
    Billing, Content, ContentType, OfferStatus, OrderStatus, OrderType, ProductStatus, Scope,
    ServiceStatus, ServiceType,
};
use boxoffice::domain::customers::device::{DeviceKind, DeviceStatus};
use boxoffice::domain::customers::service::{Grant, Origin};
use boxoffice::domain::customers::{CustomerPassword, CustomerStatus};
use boxoffice::domain::event::ActivityAction;
use boxoffice::domain::messages::template::TemplateKind;
use boxoffice::domain::messages::{About, Channel as Way, MessageContent};
use boxoffice::domain::partners::PinPolicy;
use boxoffice::domain::partners::pin::PinState;
use boxoffice::domain::partners::subscription::CallAction;
use boxoffice::domain::staff::{Role, Secret, TokenId};
use boxoffice::domain::values::calendar::{Period, PeriodCount};
use boxoffice::domain::values::delivery::DeliveryState;
use boxoffice::domain::values::id::{
    ChannelId, CustomerId, MovieId, OrderId, PartnerTransactionId, PaymentId, PinId, ServiceSpecId,
};
use boxoffice::domain::values::minor::Minor;
use boxoffice::domain::values::money::{Amount, Currency};
use boxoffice::domain::values::reasons::Denial;
use boxoffice::domain::values::time::Timestamp;
use boxoffice::domain::webhooks::event::{EventType, Subject};
use boxoffice::store::schema::{RecordVisitor, for_every_record};
use boxoffice::store::{Entries, Record, Table, codec};
use data_encoding::HEXLOWER;

use super::records::{bytes_of, catalogue, customers, partners, staff, text};
use crate::contract::money;

/// How an error begins that tells of another record than the sample.
const OTHER: &str = "decodes to";

/// Tells whether bytes decode to the sample, or else what is wrong.
type Decode = Box<dyn Fn(&[u8]) -> Result<(), String>>;

/// A record of one kind, its type forgotten.
struct Sample {
    table: &'static str,
    version: u8,
    bytes: Vec<u8>,
    decodes: Decode,
    /// The sample has index entries in these tables, and says that it might in those.
    entries: Vec<Table>,
    indexes: &'static [Table],
}

fn sample<R: Record + Debug + PartialEq>(record: R) -> Sample {
    Sample {
        table: R::TABLE.name(),
        version: R::VERSION,
        bytes: codec::encode(&record).expect("bytes"),
        entries: Entries::of(&record)
            .iter()
            .map(|entry| entry.table)
            .collect(),
        indexes: R::INDEXES,
        decodes: Box::new(move |bytes: &[u8]| match codec::decode::<R>(bytes) {
            Ok(found) if found == record => Ok(()),
            Ok(found) => Err(format!("{OTHER} {found:?}")),
            Err(error) => Err(error.to_string()),
        }),
    }
}

fn samples() -> Vec<Sample> {
    vec![
        sample(staff::provider()),
        sample(staff::operator()),
        sample(staff::token()),
        sample(staff::session()),
        sample(catalogue::genre()),
        sample(catalogue::channel()),
        sample(catalogue::programme()),
        sample(catalogue::movie()),
        sample(catalogue::import_step()),
        sample(customers::reseller()),
        sample(partners::partner()),
        sample(partners::partner_transaction()),
        sample(money::closed_month()),
        sample(catalogue::service_spec()),
        sample(catalogue::product_spec()),
        sample(catalogue::product_offer()),
        sample(customers::customer()),
        sample(customers::device()),
        sample(customers::box_event()),
        sample(customers::broadcast()),
        sample(customers::box_state()),
        sample(customers::service()),
        sample(customers::order()),
        sample(money::journal_entry()),
        sample(money::account_total()),
        sample(money::invoice()),
        sample(money::open_invoice()),
        sample(money::opening_debt()),
        sample(money::payment()),
        sample(money::voucher_batch()),
        sample(money::voucher()),
        sample(money::used_key()),
        sample(money::run()),
        sample(staff::run_guard()),
        sample(money::customer_revenue()),
        sample(money::revenue_day()),
        sample(customers::hosted_page()),
        sample(customers::message()),
        sample(customers::template()),
        sample(partners::pin()),
        sample(staff::counterpart()),
        sample(staff::billing_page()),
        sample(staff::webhook()),
        sample(staff::hook_event()),
        sample(staff::delivery()),
        sample(partners::partner_subscription()),
        sample(partners::partner_call()),
        sample(customers::activity()),
        sample(staff::audit()),
    ]
}

/// The tables of all kinds of records, as the store itself walks them.
struct Kinds(Vec<&'static str>);

impl RecordVisitor for Kinds {
    type Error = Infallible;

    fn visit<R: Record>(&mut self) -> Result<(), Infallible> {
        self.0.push(R::TABLE.name());
        Ok(())
    }
}

// ---- files

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/golden")
}

/// Hex in lines, so that a change of one byte is a change of one line.
fn to_file(bytes: &[u8]) -> String {
    let lines: Vec<String> = bytes.chunks(32).map(|line| HEXLOWER.encode(line)).collect();
    lines.join("\n") + "\n"
}

fn from_file(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    HEXLOWER.decode(digits.as_bytes()).expect("lower-case hex")
}

/// What is wrong with the file of a sample; writes it where it is missing and wanted.
fn fault(sample: &Sample, update: bool) -> Option<String> {
    let name = format!("{}.v{}.hex", sample.table, sample.version);
    let path = folder().join(&name);
    if !path.exists() && update {
        std::fs::create_dir_all(folder()).expect("the folder");
        std::fs::write(&path, to_file(&sample.bytes)).expect("the file");
    }
    let Ok(file) = std::fs::read_to_string(&path) else {
        return Some(format!("{name} is missing: UPDATE_GOLDEN=1 makes it"));
    };
    let golden = from_file(&file);
    if let Err(problem) = (sample.decodes)(&golden) {
        return Some(format!("{name} is no longer the sample: {problem}"));
    }
    (golden != sample.bytes).then(|| {
        let now = to_file(&sample.bytes);
        format!("{name} is written in other bytes now, which needs a new version:\n{now}")
    })
}

#[test]
fn records_keep_their_bytes() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let faults: Vec<String> = samples()
        .iter()
        .filter_map(|sample| fault(sample, update))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_kind_of_record_has_a_sample() {
    let mut kinds = Kinds(Vec::new());
    let Ok(()) = for_every_record(&mut kinds);
    let tables: Vec<&str> = samples().iter().map(|sample| sample.table).collect();
    assert_eq!(tables, kinds.0);
}

/// What is new in a record is for new ones: old orders, invoices and charges keep what they have.
#[test]
fn what_was_stored_before_keeps_its_meaning() {
    fn old<T: Record>(name: &str) -> T {
        let text = std::fs::read_to_string(folder().join(name)).expect("a golden file");
        let bytes = from_file(&text);
        T::upgrade(bytes[0], &bytes[1..]).unwrap_or_else(|error| panic!("{name}: {error}"))
    }
    let invoice: Invoice = old("invoices.v1.hex");
    assert!(!invoice.lines.is_empty() && invoice.lines.iter().all(|line| line.by_day));
    for name in ["orders.v1.hex", "orders.v2.hex", "orders.v3.hex"] {
        assert!(!old::<Order>(name).time_kept, "{name}");
    }
    for name in ["offers.v3.hex", "offers.v4.hex"] {
        let offer: ProductOffer = old(name);
        let mut charges = offer.prices.iter().flat_map(|price| &price.charges);
        assert!(charges.all(|charge| !charge.refundable), "{name}");
    }
}

/// Also those that no sample writes any more: what an old version wrote is upgraded as it is read.
#[test]
fn every_file_still_decodes() {
    let kinds: BTreeMap<&str, Sample> = samples()
        .into_iter()
        .map(|sample| (sample.table, sample))
        .collect();
    for file in std::fs::read_dir(folder()).expect("the folder") {
        let path = file.expect("a file").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name")
            .to_owned();
        let parts: Vec<&str> = name.split('.').collect();
        let [table, version, "hex"] = parts[..] else {
            panic!("{name} is no golden file")
        };
        let sample = kinds
            .get(table)
            .unwrap_or_else(|| panic!("{name}: no such table"));
        let bytes = from_file(&std::fs::read_to_string(&path).expect("text"));
        assert_eq!(format!("v{}", bytes[0]), version, "{name}");
        if bytes[0] != sample.version {
            // An upgraded record need not be the sample, but it must be one.
            if let Err(problem) = (sample.decodes)(&bytes) {
                assert!(
                    problem.starts_with(OTHER),
                    "{name} can no longer be read: {problem}"
                );
            }
        }
    }
}

/// `check` looks for entries nobody makes in these tables only.
#[test]
fn records_name_all_their_indexes() {
    for sample in samples() {
        for entry in &sample.entries {
            assert!(
                sample.indexes.contains(entry),
                "{} hides {entry:?}",
                sample.table
            );
        }
    }
}

/// Variants in the order of their positions. The match has no wildcard: a new variant does not
/// compile until it is listed, and anywhere but at the end it moves the others.
macro_rules! positions {
    ($name:ident: $($variant:ident),*) => {{
        let listed = |value: &$name| match value { $($name::$variant => ()),* };
        for (position, variant) in (0_u8..).zip([$($name::$variant),*]) {
            listed(&variant);
            assert_eq!(bytes_of(&variant), [position], "{variant:?}");
            assert_eq!(variant as u8, position, "{variant:?} in a key");
        }
    }};
}

#[test]
fn variants_keep_their_positions() {
    positions!(CustomerStatus: Active, Inactive, AwaitingAuthorization, SuspendedByCustomer,
        SuspendedByBilling, Deleted);
    positions!(DeviceKind: Unknown, Stb, Pc, Tv, Mobile, Tablet);
    positions!(DeviceStatus: Active, Inactive, Broken, Stock, Retired);
    positions!(ServiceType: LiveTv, CatchupTv, Radio, Vod, Apps);
    positions!(ContentType: Tv, Radio, Movie, App, TvShow);
    positions!(Scope: OneItem, AllItems);
    positions!(ServiceStatus: Active, Inactive, Expired, Frozen, Deleted);
    positions!(ProductStatus: Active, Inactive, Expired, Draft);
    positions!(OfferStatus: Active, Inactive);
    positions!(OrderType: OneTime, Recurring);
    positions!(Billing: Prepaid, Postpaid, External);
    positions!(Period: Day, Month, Quarter, Year);
    positions!(OrderStatus: Active, Inactive, Expired, Canceled, Deleted);
    positions!(HostedPageState: Created, Requested, Succeeded, Cancelled, Acknowledged);
    positions!(ChannelKind: Tv, Radio);
    positions!(Role: Owner, Manager, Support, Cashier, ContentEditor, Dealer, Auditor, Api);
    positions!(Way: Email, Sms);
    positions!(About: Purchase, Charge, Refund);
    positions!(TemplateKind: Pin, Purchase, Charge, Refund, General, Invoice, CreditNote,
        Reminder, PaymentFailed, ExpiryReminder, Welcome, PasswordReset);
    positions!(PinPolicy: Off, FirstCharge, EveryCharge);
    positions!(Denial: SuspendedNonPayment, Suspended, NotEligible, InsufficientFunds,
        SpendingLimit, AmountLimit, NoAccount, RefundNotAllowed, NotCharged);
    positions!(BoxEventKind: Message, MessageWithVideo, Reboot, ReloadPortal, UpdateSubscription,
        UpdateModules, PlayChannel, PlayRadioChannel, UpdateImage, ShowMenu, CutOff, CutOn,
        UpdateGuide);
    positions!(Subject: Customer, Order, Service, Invoice, Payment, PartnerTransaction, Webhook);
    positions!(CallAction: Add, Update, Delete);
    positions!(DeliveryState: Waiting, Delivered, Dead);
    positions!(EventType: Ping, CustomerCreated, CustomerUpdated, CustomerActivated,
        CustomerSuspended, CustomerDeactivated, CustomerDeleted, OrderCreated, OrderUpdated,
        OrderActivated, OrderRenewed, OrderOverdue, OrderFrozen, OrderPaused, OrderCanceled,
        OrderEnded, OrderDeleted, ServiceCreated, ServiceUpdated, ServiceActivated, ServiceFrozen,
        ServiceEnded, ServiceDeleted, InvoiceCreated, InvoiceUpdated, InvoicePaid, PaymentCreated,
        PaymentUpdated, PaymentSucceeded, PaymentFailed, PaymentRefunded, PaymentDisputed,
        PartnerTransactionCreated, PartnerTransactionUpdated, PartnerTransactionSucceeded,
        PartnerTransactionDenied, PartnerTransactionRefunded, PartnerTransactionDeleted);
    positions!(ActivityAction: SignedIn, StatusChanged, PasswordChanged, PasswordReset,
        DeviceAdded, DeviceRemoved, DeviceStatusChanged, OrderPlaced, OrderStatusChanged,
        DeviceMovedOften);
}

#[test]
fn variants_with_contents_keep_their_positions() {
    let first = Timestamp::from_micros(0).expect("1970");
    for (bytes, golden) in [
        (bytes_of(&CustomerPassword::Unset), vec![0]),
        (
            bytes_of(&CustomerPassword::Hash(Secret(text("x")))),
            vec![1, 1, b'x'],
        ),
        (bytes_of(&CustomerPassword::Reset(first)), vec![2, 0]),
        (
            bytes_of(&CustomerPassword::Quick(Secret(text("x")))),
            vec![3, 1, b'x'],
        ),
        (
            bytes_of(&CustomerPassword::Hardened(Secret(text("x")))),
            vec![4, 1, b'x'],
        ),
        (bytes_of(&Content::All), vec![0]),
        (
            bytes_of(&Content::Channels(vec![ChannelId(5)])),
            vec![1, 1, 5],
        ),
        (bytes_of(&Content::Movies(vec![MovieId(5)])), vec![2, 1, 5]),
        (
            bytes_of(&Content::Modules(vec![text("x")])),
            vec![3, 1, 1, b'x'],
        ),
        (bytes_of(&Grant::Spec(ServiceSpecId(5))), vec![0, 5]),
        (bytes_of(&Grant::Channel(ChannelId(5))), vec![1, 5]),
        (bytes_of(&Origin::Order(OrderId(5))), vec![0, 5]),
        (bytes_of(&Origin::Addon(OrderId(5))), vec![1, 5]),
        (bytes_of(&Origin::Item), vec![2]),
        (bytes_of(&Origin::Direct), vec![3]),
        (bytes_of(&PinState::Live), vec![0]),
        (bytes_of(&PinState::Replaced), vec![1]),
        (bytes_of(&PinState::Validated(first)), vec![2, 0]),
        (bytes_of(&PinState::Spent(first)), vec![3, 0]),
        (bytes_of(&PinState::Burnt), vec![4]),
        (bytes_of(&MessageContent::Pin(PinId(5))), vec![2, 5]),
        (
            bytes_of(&MessageContent::Transaction(
                PartnerTransactionId(5),
                About::Refund,
            )),
            vec![3, 5, 2],
        ),
        (bytes_of(&MessageContent::General), vec![4]),
        (
            bytes_of(&MessageContent::PaymentFailed(PaymentId(5))),
            vec![5, 5],
        ),
        (bytes_of(&MessageContent::Expiry(OrderId(5))), vec![6, 5]),
        (bytes_of(&MessageContent::Welcome), vec![7]),
        (bytes_of(&MessageContent::PasswordReset), vec![8]),
        (bytes_of(&MessageContent::Debt), vec![9]),
    ] {
        assert_eq!(bytes, golden);
    }
}

#[test]
fn plain_values_keep_their_bytes() {
    let late = Timestamp::from_micros(1_000).expect("1970");
    for (bytes, golden) in [
        // Signed numbers are folded: 1,000 becomes 2,000, which takes a mark and two bytes.
        (bytes_of(&late), vec![251, 0xd0, 0x07]),
        (bytes_of(&CustomerId(250)), vec![250]),
        (bytes_of(&CustomerId(251)), vec![251, 251, 0]),
        (bytes_of(&Currency::USD), b"USD".to_vec()),
        (
            bytes_of(&Amount {
                minor: Minor::of(-1),
                currency: Currency::USD,
            }),
            b"\x01USD".to_vec(),
        ),
        (
            bytes_of(&PeriodCount::whole(1).expect("one")),
            vec![251, 0xe8, 0x03],
        ),
        (bytes_of(&Some(OrderId(1))), vec![1, 1]),
        (bytes_of(&None::<OrderId>), vec![0]),
        (bytes_of(&(true, false)), vec![1, 0]),
        (bytes_of(&TokenId([255; 16])), vec![255; 16]),
    ] {
        assert_eq!(bytes, golden);
    }
}
