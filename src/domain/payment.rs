//! Payments and refunds, vouchers, and hosted pages: where a customer pays for one offer.

use serde::{Deserialize, Serialize};

use super::id::{CustomerId, HostedPageId, OrderId, PaymentId, VoucherBatchId, VoucherId};
use super::money::Amount;
use super::time::Timestamp;

/// Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostedPageState {
    Created,
    Requested,
    Succeeded,
    Cancelled,
    Acknowledged,
}

/// A page where one offer is paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostedPage {
    pub id: HostedPageId,
    /// The unguessable name in its address.
    pub code: String,
    pub customer: CustomerId,
    /// The order that the payment makes active.
    pub order: OrderId,
    /// Where the browser goes afterwards; always http or https.
    pub return_url: String,
    pub state: HostedPageState,
    /// The payment that is under way or was made.
    pub payment: Option<PaymentId>,
    /// Payments begun on it, failed ones too: names each attempt towards a provider.
    pub attempts: u32,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// How long a page can be used, in seconds: a day.
pub const HOSTED_PAGE_SECONDS: i64 = 86_400;
/// Most payments that may be begun on one page.
pub const PAGE_ATTEMPTS_MAX: u32 = 20;

/// What the payment page says of its end. Not a proof of payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectStatus {
    Succeeded,
    Processing,
    Failed,
}

/// Which way money went. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PaymentKind {
    Payment,
    /// Money that went back, of that payment where it is known.
    Refund {
        of: Option<PaymentId>,
    },
}

/// Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PaymentState {
    /// Begun; the provider has not said yet how it ended.
    Processing,
    Succeeded,
    Failed,
    /// Money came that fits nothing we wait for: it lies in `suspense` until somebody says where
    /// it belongs.
    Unmatched,
}

/// Money that came in or went back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    pub id: PaymentId,
    pub kind: PaymentKind,
    /// None: not known whose it is.
    pub customer: Option<CustomerId>,
    pub order: Option<OrderId>,
    pub page: Option<HostedPageId>,
    /// `cash`, `bank`, `voucher`, the name of a provider.
    pub method: String,
    /// The provider's or the bank's own name for it; unique for its method.
    pub reference: Option<String>,
    /// The key that the caller gave, so that a repeat moves nothing; unique.
    pub client_key: Option<String>,
    pub amount: Amount,
    pub state: PaymentState,
    /// What of it went back, in minor units.
    pub refunded_minor: i64,
    /// Why it failed, or what staff noted.
    pub note: String,
    pub created_at: Timestamp,
    /// When it is known how it ended.
    pub ended_at: Option<Timestamp>,
    /// When the provider is to be asked, or the sandbox decides; only while it is processing.
    pub due_at: Option<Timestamp>,
}

impl Payment {
    /// Whether somebody or something still has to say how it ended.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(
            self.state,
            PaymentState::Processing | PaymentState::Unmatched
        )
    }
}

/// Longest reference, key and note of a payment, in bytes.
pub const PAYMENT_TEXT_MAX: usize = 255;

/// Codes that were made together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoucherBatch {
    pub id: VoucherBatchId,
    pub title: String,
    pub amount: Amount,
    pub count: u32,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    /// Taken out of use.
    pub revoked_at: Option<Timestamp>,
}

/// Most codes of one batch.
pub const VOUCHERS_PER_BATCH_MAX: u32 = 10_000;

/// A code that is worth money, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voucher {
    pub id: VoucherId,
    pub batch: VoucherBatchId,
    /// SHA-256 of the code; the code itself is shown once and not kept.
    pub code_hash: [u8; 32],
    /// The payment it was used for.
    pub used: Option<PaymentId>,
}
