//! Payments and refunds, vouchers, and hosted pages: where a customer pays for one offer.

use serde::{Deserialize, Serialize};

use crate::domain::values::calendar::has_passed;
use crate::domain::values::id::{
    CustomerId, HostedPageId, OrderId, PaymentId, ProductOfferId, VoucherBatchId, VoucherId,
};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::Amount;
use crate::domain::values::time::Timestamp;

/// Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostedPageState {
    Created,
    Requested,
    Succeeded,
    Cancelled,
    Acknowledged,
}

/// The price that a payer saw, and what of it the balance was to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The version of the offer's price.
    pub price_version: u32,
    /// What the first cycle costs.
    pub total: Amount,
    /// In minor units.
    pub from_balance_minor: Minor,
}

/// What a page does once it is paid. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PagePurpose {
    /// Its order begins, or what its order waits for is paid.
    Begin,
    /// Its order begins beside whatever else of the product runs.
    BeginBeside,
    /// Its order runs: it is extended under this offer.
    Extend(ProductOfferId),
}

/// A page where one offer is paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostedPage {
    pub id: HostedPageId,
    /// The unguessable name in its address.
    pub code: String,
    pub customer: CustomerId,
    /// The order that the payment makes active, or extends.
    pub order: OrderId,
    pub purpose: PagePurpose,
    /// Where the browser goes afterwards; always http or https.
    pub return_url: String,
    pub state: HostedPageState,
    /// The payment that is under way or was made.
    pub payment: Option<PaymentId>,
    /// Payments begun on it, failed ones too: names each attempt towards a provider.
    pub attempts: u32,
    /// What the payer saw when they last began to pay: that is what is billed.
    pub shown: Option<Shown>,
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
    /// Money that had gone back and is with us again: a refund failed, or a dispute was won. It
    /// counts for that payment, and is none that could be refunded by itself.
    Regained {
        of: PaymentId,
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
    /// What of it was refunded, in minor units.
    pub refunded_minor: Minor,
    /// What of it the bank took back because it was disputed, in minor units; with refunds that may
    /// be more than was paid.
    pub disputed_minor: Minor,
    /// The sum of refunds that its provider last told, in minor units: a part of `refunded_minor`.
    pub told_minor: Minor,
    /// Whether a refund failed at its provider: sums that it tells no longer only grow.
    pub refund_failed: bool,
    /// Why it failed, or what staff noted.
    pub note: String,
    pub created_at: Timestamp,
    /// When it is known how it ended.
    pub ended_at: Option<Timestamp>,
    /// When the provider is to be asked, or the sandbox decides; only while it is processing.
    pub due_at: Option<Timestamp>,
    /// Which member of staff or script booked it, or said how it ended; empty: nobody of ours.
    pub by: String,
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

    /// What of it has not gone back, in minor units. Negative where more went than came.
    #[must_use]
    pub fn left_minor(&self) -> Minor {
        self.amount.minor - self.refunded_minor - self.disputed_minor
    }

    /// Whether its money was booked.
    #[must_use]
    pub fn is_booked(&self) -> bool {
        match self.state {
            PaymentState::Succeeded | PaymentState::Unmatched => true,
            PaymentState::Processing => false,
            // It lay in suspense and went back.
            PaymentState::Failed => self.left_minor() != self.amount.minor,
        }
    }
}

/// Longest reference, key and note of a payment, in bytes.
pub const PAYMENT_TEXT_MAX: usize = 255;

/// Methods of money whose reference a person types. All other references are a program's, and
/// exact.
pub const TYPED_METHODS: [&str; 2] = ["cash", "bank"];

/// A reference as it is compared: two that only differ in blanks around them, or in case, are of
/// one payment, if people typed them.
#[must_use]
pub fn compared_reference(method: &str, reference: &str) -> String {
    if TYPED_METHODS.contains(&method) {
        reference.trim().to_lowercase()
    } else {
        reference.to_owned()
    }
}

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
    /// Whether its vouchers are a debt from their sale on. Those of older batches are booked as
    /// cash when they are used.
    pub is_liability: bool,
    /// How many of its vouchers were sold, and for how much, in minor units.
    pub sold_count: u32,
    pub sold_minor: Minor,
    /// Who made it; empty: not known.
    pub made_by: String,
    /// How many of its vouchers are used, so that nobody has to count them.
    pub used_count: u32,
    /// How many that were sold came back unused.
    pub returned_count: u32,
}

impl VoucherBatch {
    /// What so many vouchers of it are worth, in minor units.
    #[must_use]
    pub fn worth(&self, count: u32) -> Minor {
        self.amount.minor.times(count)
    }

    /// How many were sold and are not used: so many may come back.
    #[must_use]
    pub fn returnable(&self) -> u32 {
        self.sold_count.saturating_sub(self.used_count)
    }

    /// What was paid for so many of them, in minor units: their part of all that was paid.
    #[must_use]
    pub fn paid_for(&self, count: u32) -> Minor {
        self.sold_minor.whole_share(count, self.sold_count)
    }

    /// Whether one more may be used. Nobody knows which of the codes came back, so from then on no
    /// more are taken than are sold.
    #[must_use]
    pub fn has_good_codes(&self, now: Timestamp) -> bool {
        let all_used = self.returned_count > 0 && self.used_count >= self.sold_count;
        !self.is_over(now) && !all_used
    }

    /// Whether its codes are worth nothing any more: it was revoked, or its time is over.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.revoked_at.is_some() || has_passed(self.expires_at, now)
    }

    /// What was redeemed of it, in minor units.
    #[must_use]
    pub fn redeemed_minor(&self) -> Minor {
        self.worth(self.used_count)
    }

    /// What was redeemed and never paid for: given away. Of older batches nothing is known of that.
    #[must_use]
    pub fn given_away_minor(&self) -> Minor {
        self.liability_minor().below_zero()
    }

    /// What was paid for and is not redeemed, in minor units.
    #[must_use]
    pub fn owed_minor(&self) -> Minor {
        self.liability_minor().above_zero()
    }

    /// What it moves in the account of vouchers, in minor units: what was paid less what was used.
    /// Older batches never move it.
    #[must_use]
    pub fn liability_minor(&self) -> Minor {
        if self.is_liability {
            self.sold_minor - self.worth(self.used_count)
        } else {
            Minor::ZERO
        }
    }
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
