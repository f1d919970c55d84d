//! Partners that bill through us, and their charges: who may charge what, what becomes of a charge,
//! and how the money is shared.
//!
//! Rules: `docs/marketone.md`. Must not know how a partner asks.

pub mod pin;
pub mod statement;
pub mod subscription;

use serde::{Deserialize, Serialize};

use super::staff::Secret;
use crate::domain::billing::journal::{Account, Posting};
use crate::domain::customers::{CarrierProfile, CustomerStatus};
use crate::domain::staff::Maker;
use crate::domain::values::id::{
    CustomerId, PartnerId, PartnerTransactionId, PinId, ProductSpecId, uuid_text,
};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency, Share, TaxRate};
use crate::domain::values::reasons::Denial;
use crate::domain::values::time::Timestamp;

/// A thing a partner sells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerProduct {
    pub code: String,
    pub title: String,
    /// Our products that come with it: whoever has one of them is told to the partner
    /// (marketone 5.3).
    pub sold_with: Vec<ProductSpecId>,
}

/// When a charge wants a PIN (marketone 4.2). Stored by position: append only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PinPolicy {
    #[default]
    Off,
    /// The first charge of an account by this partner.
    FirstCharge,
    EveryCharge,
}

/// Where a partner is told about subscriptions that come with our products (marketone 5.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    pub url: String,
    /// The partner's own key, sent with every call.
    pub api_key: Secret,
    /// How often it is tried again, and how many seconds apart.
    pub retries: u32,
    pub interval_seconds: u32,
    /// Who hears by mail of one that could not be delivered.
    pub error_email: Option<String>,
}

/// A third party that bills through us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "what was agreed with it, each by itself"
)]
pub struct Partner {
    pub id: PartnerId,
    /// Unique short name.
    pub key: String,
    pub name: String,
    /// SHA-256 of the API key, in hex.
    pub api_key_hash: Option<Secret>,
    /// The key before, which is good until then.
    pub old_api_key: Option<(Secret, Timestamp)>,
    /// None: it charges without naming a product.
    pub products: Vec<PartnerProduct>,
    /// None: the operator's own.
    pub currencies: Vec<Currency>,
    pub refunds: bool,
    pub pin_policy: PinPolicy,
    /// Whether a PIN is sent as soon as it is made, without being asked to (marketone 6.2).
    pub sends_pin: bool,
    /// Most for one charge.
    pub per_charge_limit: Option<Amount>,
    /// Most for one account in a calendar month.
    pub monthly_limit: Option<Amount>,
    /// What is the partner's of a charge without its tax.
    pub share: Share,
    /// Requests that are answered within a second; 0: as many as usual.
    pub requests_per_second: u32,
    /// A partner that is off is known and may do nothing.
    pub on: bool,
    pub callback: Option<Callback>,
    /// Whether products, currencies or limits were ever agreed with it; until then it may do
    /// nothing.
    pub agreed: bool,
    /// Who made the API key, and the one before.
    pub key_made_by: Maker,
    pub old_key_made_by: Maker,
}

/// Requests of one partner within a second, unless its record says otherwise (marketone 1.7).
pub const REQUESTS_PER_SECOND: u32 = 500;

impl Partner {
    /// Whether it says what may be charged: products, currencies or limits.
    #[must_use]
    pub fn says_what(&self) -> bool {
        !self.products.is_empty()
            || !self.currencies.is_empty()
            || self.per_charge_limit.is_some()
            || self.monthly_limit.is_some()
    }

    /// Whether it may charge in a currency.
    #[must_use]
    pub fn takes(&self, currency: Currency, home: Currency) -> bool {
        match self.currencies.as_slice() {
            [] => currency == home,
            own => own.contains(&currency),
        }
    }
}

/// What a transaction is. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TransactionKind {
    Charge,
    /// Gives back a part of a charge, or all of it.
    Refund {
        of: PartnerTransactionId,
    },
}

impl TransactionKind {
    /// A part of its amount as it counts for whoever gets it: of a refund they lose it.
    #[must_use]
    pub fn signed(self, minor: Minor) -> Minor {
        match self {
            Self::Charge => minor,
            Self::Refund { .. } => -minor,
        }
    }
}

/// What became of a transaction. Stored by position: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TransactionState {
    /// Nobody knows yet.
    Processing,
    Succeeded,
    Denied(Denial),
}

/// Which carrier has something: a hash of where it is called. Another one has never heard of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarrierMark(pub [u8; 32]);

/// What the carrier has not decided yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The account as the partner named it: kept only as long as the carrier has to be told.
    pub account: Secret,
    /// How often the carrier was asked.
    pub attempts: u32,
    /// When it is asked again, or given up after the last time;
    /// `None`: nobody asks any more, a person must find out.
    pub due_at: Option<Timestamp>,
    /// The PIN that it used up: good again if nothing is charged.
    pub pin: Option<PinId>,
}

impl Pending {
    /// How often the carrier is asked about one transaction,
    /// and how many seconds apart (marketone 1.7).
    pub const ATTEMPTS_MAX: u32 = 6;
    pub const BETWEEN_SECONDS: i64 = 180;

    /// As it stands when the carrier is asked at `now`, for the first time.
    #[must_use]
    pub fn first(account: Secret, now: Timestamp) -> Self {
        Self {
            account,
            attempts: 1,
            due_at: Some(now.saturating_add_seconds(Self::BETWEEN_SECONDS)),
            pin: None,
        }
    }

    /// As it stands when the carrier is asked once more at `now`; `None`:
    /// it was asked often enough.
    #[must_use]
    pub fn again(&self, now: Timestamp) -> Option<Self> {
        // The last time too is followed by a due one:
        // who is cut off meanwhile must not be forgotten.
        (self.attempts < Self::ATTEMPTS_MAX).then(|| Self {
            attempts: self.attempts.saturating_add(1),
            due_at: Some(now.saturating_add_seconds(Self::BETWEEN_SECONDS)),
            ..self.clone()
        })
    }

    /// As it stands when nobody asks any more.
    #[must_use]
    pub fn given_up(&self) -> Self {
        Self {
            due_at: None,
            ..self.clone()
        }
    }
}

/// One charge or refund of a partner. Kept for ever:
/// whoever asks for it again gets the same answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerTransaction {
    pub id: PartnerTransactionId,
    /// Random: nobody counts transactions by it.
    pub public_id: [u8; 16],
    pub partner: PartnerId,
    /// The partner's own id for it, unique among its own.
    pub ext_id: String,
    pub kind: TransactionKind,
    pub customer: CustomerId,
    /// SHA-256 of how the partner named the account:
    /// a number may be another's by the time of a refund.
    pub account_hash: [u8; 32],
    /// Always positive.
    pub amount: Amount,
    /// How much of it is tax, in minor units.
    pub tax_minor: Minor,
    /// As which rate that tax is booked: of a refund that of its charge.
    pub tax_rate: TaxRate,
    /// How much of it is the partner's, in minor units.
    pub partner_minor: Minor,
    pub product: Option<String>,
    pub description: String,
    /// Of everything that a repeat must say again.
    pub fingerprint: [u8; 32],
    pub state: TransactionState,
    /// How much of a charge was given back, in minor units.
    pub refunded_minor: Minor,
    /// How much more is being given back: reserved until the carrier says.
    pub refunding_minor: Minor,
    /// The carrier that has the money; `None`: the customer's account here.
    pub carrier: Option<CarrierMark>,
    /// While it is processing.
    pub pending: Option<Pending>,
    pub created_at: Timestamp,
    pub completed_at: Option<Timestamp>,
}

impl PartnerTransaction {
    /// Its name for others: a random UUID.
    #[must_use]
    pub fn public_name(&self) -> String {
        uuid_text(self.public_id)
    }

    /// What of a charge can still be given back, in minor units.
    #[must_use]
    pub fn left_minor(&self) -> Minor {
        self.amount.minor - self.refunded_minor - self.refunding_minor
    }

    /// What we keep of it, in minor units.
    #[must_use]
    pub fn kept_minor(&self) -> Minor {
        self.amount.minor - self.partner_minor - self.tax_minor
    }

    /// What a refund of `minor` of this charge takes from the partner and from the tax: in all as
    /// much as they got, however often it is refunded in parts.
    #[must_use]
    pub fn shares_of_refund(&self, minor: Minor) -> (Minor, Minor) {
        let before = self.refunded_minor;
        let after = before + minor;
        let all = self.amount.minor.max(Minor::of(1));
        let part = |whole: Minor| whole.share(after, all) - whole.share(before, all);
        (part(self.partner_minor), part(self.tax_minor))
    }

    /// What it does to the books: the customer pays, or the carrier takes it from him and owes it,
    /// the partner gets its share, the tax is set apart, we keep the rest.
    /// A refund does the opposite.
    #[must_use]
    pub fn postings(&self) -> Vec<Posting> {
        let mut postings = Vec::with_capacity(4);
        let payer = if self.carrier.is_some() {
            Account::Carrier
        } else {
            Account::Customer(self.customer)
        };
        for (account, minor) in [
            (payer, -self.amount.minor),
            (Account::Partner(self.partner), self.partner_minor),
            (Account::Tax(self.tax_rate), self.tax_minor),
            (Account::Revenue, self.kept_minor()),
        ] {
            if minor != 0 {
                postings.push(Posting {
                    account,
                    credit_minor: self.kind.signed(minor),
                    currency: self.amount.currency,
                });
            }
        }
        postings
    }
}

/// Whether an account may be charged at all; `None`: to a partner there is no such account.
#[must_use]
pub fn standing_of(status: CustomerStatus, profile: &CarrierProfile) -> Option<Result<(), Denial>> {
    match status {
        CustomerStatus::Active if profile.barred => Some(Err(Denial::NotEligible)),
        CustomerStatus::Active => Some(Ok(())),
        CustomerStatus::SuspendedByBilling => Some(Err(Denial::SuspendedNonPayment)),
        CustomerStatus::SuspendedByCustomer => Some(Err(Denial::Suspended)),
        CustomerStatus::Inactive
        | CustomerStatus::AwaitingAuthorization
        | CustomerStatus::Deleted => None,
    }
}

/// What has been charged in the month so far, in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// By this partner.
    pub partner_minor: Minor,
    /// By all partners.
    pub all_minor: Minor,
}

/// Whether the limit for one charge and the balance allow it. A limit in another currency than the
/// charge's says nothing. `balance_minor`: `None` where the carrier knows what is left of it.
pub fn check_charge(
    partner: &Partner,
    profile: &CarrierProfile,
    usual: UsualLimits,
    amount: Amount,
    balance_minor: Option<Minor>,
) -> Result<(), Denial> {
    if !within_or(partner.per_charge_limit, usual.charge, amount, amount.minor) {
        return Err(Denial::AmountLimit);
    }
    let is_short = balance_minor.is_some_and(|balance| balance < amount.minor);
    if profile.prepaid && is_short {
        return Err(Denial::InsufficientFunds);
    }
    Ok(())
}

/// Most charges of an account with a limit in a month: they are added up for every charge.
pub const LIMITED_CHARGES_MAX: usize = 1_000;

/// What a partner may charge where no limit was agreed with it: at once, and of one account in a
/// calendar month.
#[derive(Debug, Clone, Copy)]
pub struct UsualLimits {
    pub charge: Amount,
    pub month: Amount,
}

/// Whether the limits for the month allow a charge. Limits in another currency say nothing.
pub fn check_month(
    partner: &Partner,
    profile: &CarrierProfile,
    usual: UsualLimits,
    amount: Amount,
    spent: Spent,
) -> Result<(), Denial> {
    let by_partner = spent.partner_minor + amount.minor;
    let by_all = spent.all_minor + amount.minor;
    let fits = within_or(partner.monthly_limit, usual.month, amount, by_partner)
        && within(profile.monthly_limit, amount, by_all);
    fits.then_some(()).ok_or(Denial::SpendingLimit)
}

/// As [`within`]; where nothing was agreed for this currency the usual limit holds. One that is in
/// another currency counts by its smallest units: no rate is known here.
fn within_or(limit: Option<Amount>, usual: Amount, amount: Amount, minor: Minor) -> bool {
    let agreed = limit.filter(|limit| limit.currency == amount.currency);
    minor <= agreed.unwrap_or(usual).minor
}

fn within(limit: Option<Amount>, amount: Amount, minor: Minor) -> bool {
    limit.is_none_or(|limit| limit.currency != amount.currency || minor <= limit.minor)
}
