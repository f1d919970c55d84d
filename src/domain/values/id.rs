//! Typed ids: a number from a sequence of its own for every kind of record.
//!
//! Numbers ascend in the order of creation and never repeat. How a dialect shows them (24 hex
//! digits, decimals, a UUID) is the dialect's business and must not be known here.

use serde::{Deserialize, Serialize};

/// What all numbered ids share, so that the store can keep any of them.
pub trait Id: Copy + Ord + std::fmt::Debug + Send + 'static {
    /// Name of the sequence the numbers come from; part of the stored file, never changes.
    const SEQUENCE: &'static str;
    fn new(number: u64) -> Self;
    fn number(self) -> u64;
}

/// Random bytes as a random UUID: six of their bits say what kind it is.
#[must_use]
pub fn as_uuid(mut bytes: [u8; 16]) -> [u8; 16] {
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    bytes
}

/// Random bytes written as a random UUID.
#[must_use]
pub fn uuid_text(bytes: [u8; 16]) -> String {
    let hex = data_encoding::HEXLOWER.encode(&as_uuid(bytes));
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!(
        "{}-{}-{}-{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32)
    )
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $sequence:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u64);

        impl Id for $name {
            const SEQUENCE: &'static str = $sequence;
            fn new(number: u64) -> Self { Self(number) }
            fn number(self) -> u64 { self.0 }
        }
    )*};
}

ids! {
    /// The person or household who pays.
    CustomerId = "customer";
    /// Hardware or an app that plays.
    DeviceId = "device";
    /// One entitlement of one customer.
    ServiceId = "service";
    /// A sellable right; Stalker's services package.
    ServiceSpecId = "service_spec";
    /// A bundle of rights; Stalker's tariff plan.
    ProductSpecId = "product_spec";
    /// How a product is sold.
    ProductOfferId = "product_offer";
    /// This customer has this product until then.
    OrderId = "order";
    /// Something a customer or their box did.
    ActivityId = "activity";
    /// One line of the audit log.
    AuditId = "audit";
    /// A member of staff.
    OperatorId = "operator";
    /// One entry of the journal.
    JournalEntryId = "journal_entry";
    /// The number of an invoice or credit note: without gaps.
    InvoiceId = "invoice";
    /// Money that came in or went back.
    PaymentId = "payment";
    /// A code that is worth money.
    VoucherId = "voucher";
    /// Vouchers that were made together.
    VoucherBatchId = "voucher_batch";
    /// A key under which something was asked for once.
    UsedKeyId = "used_key";
    /// One run of the billing.
    RunId = "run";
    /// A page where an order is paid.
    HostedPageId = "hosted_page";
    /// A payment page of the billing system that this box forwards to.
    BillingPageId = "billing_page";
    /// Something to be written to a customer.
    MessageId = "message";
    /// Something a box has to be told.
    BoxEventId = "box_event";
    /// A TV or radio channel.
    ChannelId = "channel";
    /// What a channel shows at some time.
    ProgrammeId = "programme";
    /// A group of channels or movies.
    GenreId = "genre";
    /// A film.
    MovieId = "movie";
    /// One commit of an import.
    ImportStepId = "import_step";
    /// Who sold it.
    ResellerId = "reseller";
    /// A third party that bills through us.
    PartnerId = "partner";
    /// A charge or refund of a partner.
    PartnerTransactionId = "partner_transaction";
    /// A one-time PIN for an account.
    PinId = "pin";
    /// A month of a partner that is settled.
    ClosedMonthId = "closed_month";
    /// An address that is told what happens.
    WebhookId = "webhook";
    /// Something that happened and is told.
    HookEventId = "hook_event";
    /// One event for one webhook.
    DeliveryId = "delivery";
    /// What a customer has at a partner.
    PartnerSubscriptionId = "partner_subscription";
    /// One thing that a partner has to be told.
    PartnerCallId = "partner_call";
}
