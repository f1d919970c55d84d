//! Every business "no", with a stable code. Data, never prose: each dialect words it.
//!
//! By subject, so that a dialect need not name one by one those that nothing in it can meet.

use crate::domain::catalogue::kinds::OrderStatus;
use crate::domain::values::common_password::Guessable;
use crate::domain::values::id::{InvoiceId, PaymentId, ProductOfferId, ServiceSpecId};
use crate::domain::values::mac::Mac;
use crate::domain::values::money::{Amount, Currency};
use crate::domain::values::reasons::{Denial, Ineligible, PinRefusal};
use crate::domain::values::time::Timestamp;

/// Why a command was refused although it was well-formed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.code())]
pub enum Refusal {
    /// Another customer has this e-mail address.
    EmailTaken,
    /// Another customer has this login.
    LoginTaken,
    /// A box of another customer has this MAC.
    MacTaken { mac: Mac },
    /// This client-brought id is or was another record's.
    IdTaken { id: String },
    /// The order would end after the last day of the calendar.
    BeyondCalendar,
    /// More of these than one customer may have.
    TooMany { what: &'static str, max: usize },
    /// The key was used for something else.
    KeyUsed,
    /// The message was sent, or still waits.
    NotDead,
    /// Another reseller has this name.
    ResellerTaken { name: String },
    /// Customers belong to the reseller.
    ResellerHasCustomers,
    /// Another partner has this key.
    PartnerTaken { key: String },
    /// The month of a partner is closed already.
    MonthClosed { month: String },
    /// The month ends only then.
    MonthNotOver { until: Timestamp },
    /// A partner's transaction has its outcome, and another one.
    TransactionEnded,
    /// There is no such reseller.
    NoSuchReseller,
    /// A password outside the accepted lengths.
    PasswordLength { min: usize, max: usize },
    /// The test clock only moves forward.
    ClockBackward,
    /// What is wrong with an order, or with what is ordered.
    Order(OrderRefusal),
    /// What is wrong with a payment, a voucher or an invoice.
    Money(MoneyRefusal),
    /// What a member of staff may not do, or not so.
    Staff(StaffRefusal),
    /// What partners are told over their own API.
    Partner(PartnerRefusal),
}

/// Why an order is not placed, changed or billed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderRefusal {
    /// The offer is not on sale: inactive, expired, removed, or its product is not on offer.
    OfferNotOnSale { offer: ProductOfferId },
    /// Another system takes the money for this offer.
    BilledElsewhere { offer: ProductOfferId },
    /// The offer is not for this customer.
    NotEligible { reason: Ineligible },
    /// The service spec cannot be given out: deleted.
    ServiceSpecGone { spec: ServiceSpecId },
    /// Charges of one offer in several currencies.
    MixedCurrencies,
    /// The order is in no state for that.
    OrderState {
        status: OrderStatus,
        action: &'static str,
    },
    /// The order is paid once, or all of its cycles have begun.
    NoFurtherCycle,
    /// The order began more than a day ago: it is not given back whole.
    BeganEarlier { began: Timestamp },
    /// The next cycle would begin before the last one that was billed, which began then.
    CycleTooEarly { begun: Timestamp },
    /// The order began then, more than a term ago, and nobody says until when it was paid.
    PastUnpaid { began: Timestamp },
    /// The order would be created on a day that lies too far ahead.
    CreatedAhead { latest: Timestamp },
    /// So many cycles would be billed at once, the first from then on.
    TooManyCycles { cycles: u32, since: Timestamp },
    /// The next cycle is to begin at another time than the one until which the order is paid.
    PaidUntilDiffers { paid_until: Timestamp },
}

/// Why money is not taken, given back or given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoneyRefusal {
    /// Money in a currency that nothing of this customer is billed in.
    CurrencyNotTaken {
        paid: Currency,
        takes: Vec<Currency>,
    },
    /// More vouchers of a batch are to be sold, or taken back, than there are.
    VouchersLeft { left: u32 },
    /// More is to be given back for vouchers than was paid for them.
    VouchersPaid { most: Amount },
    /// A batch of vouchers was revoked, or its time is over.
    VouchersOver,
    /// A part of a voucher's money is to go back to it, which is worth all or nothing.
    VoucherWhole { worth: Amount },
    /// Vouchers of a batch that is booked when they are used, not when they are sold.
    VouchersBookedByUse,
    /// The balance does not cover it.
    InsufficientFunds { short_by: Amount },
    /// This key or reference is another payment's.
    PaymentKnown { payment: PaymentId },
    /// The payment ended before, and otherwise than is said now.
    PaymentEnded { payment: PaymentId },
    /// More than what is left of the payment.
    RefundTooLarge { left: Amount },
    /// The provider of the payment refunds it, and tells us.
    RefundElsewhere { method: String },
    /// The page was used, or its time is over.
    PageClosed,
    /// The price is not what the payer saw.
    PriceChanged { now: Amount },
    /// No such voucher, or it was used, or its time is over.
    VoucherInvalid,
    /// This way to pay is not switched on.
    MethodOff { method: String },
    /// More than the customer owes.
    NotOwed { owed: Amount },
    /// Part of the invoice is paid, credited, or it is a credit note: it cannot be voided.
    NotVoidable { invoice: InvoiceId },
}

/// Why a member of staff is not let in, made, changed or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StaffRefusal {
    /// A name of an operator that exists.
    OperatorTaken { name: String },
    /// A name that people take for the one of this operator.
    OperatorLooksAlike { other: String },
    /// This member of staff may use the API only.
    ApiOnly,
    /// A set-up or sign-in secret that does not fit.
    BadCredentials,
    /// The set-up link was used or never given out.
    SetupDone,
    /// A password of staff that is soon guessed.
    PasswordGuessable { why: Guessable },
    /// What a person made goes on unless it is ended with them.
    MadeCredentials { name: String, lines: Vec<String> },
    /// Nobody would be left who may manage staff.
    LastOwner,
    /// What makes credentials wants the caller's password once more.
    PasswordAgain,
    /// The password that was given once more is another one.
    WrongPassword,
    /// The password fits; the code of the authenticator is wanted as well.
    CodeNeeded,
    /// A code that is wrong, used up or not open any more: at sign-in.
    BadCode,
    /// As `PasswordAgain`, of somebody with a second factor: a code is wanted.
    CodeAgain,
    /// As `BadCode`, of somebody who is signed in.
    WrongCode,
    /// The role needs a second factor: it is set up before anything else.
    SecondFactorFirst,
    /// The role needs a second factor: it is changed for another one, and not switched off.
    SecondFactorForced,
    /// There is no second factor that could be changed.
    NoSecondFactor,
    /// A first code was shown, and nothing was begun.
    NoFactorBegun,
    /// More than this member of staff may move at once.
    AboveLimit { what: &'static str, max: Amount },
}

/// Why a charge, a PIN or a notification of a partner is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartnerRefusal {
    /// There is no such account, or a partner may not know of it.
    AccountNotFound,
    /// A charge or refund of a partner was denied for good: a repeat is told the same.
    ChargeDenied { denial: Denial },
    /// The partner does not sell this product.
    ProductNotSold,
    /// The partner's months are settled by product, and the charge names none.
    ProductNotNamed,
    /// The currency is not agreed with the partner, or nothing is.
    NotAgreed,
    /// The partner's id is that of another transaction.
    TransactionIdUsed,
    /// The partner has made no such transaction.
    TransactionNotFound,
    /// Refunds are not agreed with the partner, or this transaction cannot be refunded.
    RefundNotAllowed,
    /// The refunds would come to more than the charge.
    RefundsAboveCharge,
    /// The charge needs a PIN.
    PinRequired,
    /// The PIN is not accepted.
    PinRefused { reason: PinRefusal },
    /// More PINs than one partner may have made for an account within a while.
    TooManyPins { retry_after_s: u64 },
    /// Too many of a partner's PINs were wrong, over all accounts.
    TooManyWrongPins { retry_after_s: u64 },
    /// There is no way to the customer for this notification, or no reason for it.
    NotificationNotAllowed,
    /// The partner's id is that of another notification.
    NotificationIdUsed,
    /// More notifications than a partner may have sent within a while, or than can be sent.
    TooManyNotifications { retry_after_s: u64 },
    /// The partner has had no dealings with this account.
    NoDealings,
}

impl Refusal {
    /// Stable, kebab-case; appears in the log and in metrics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::EmailTaken => "email-taken",
            Self::LoginTaken => "login-taken",
            Self::MacTaken { .. } => "mac-taken",
            Self::IdTaken { .. } => "id-taken",
            Self::BeyondCalendar => "beyond-calendar",
            Self::TooMany { .. } => "too-many",
            Self::KeyUsed => "key-used",
            Self::NotDead => "not-dead",
            Self::ResellerTaken { .. } => "reseller-taken",
            Self::ResellerHasCustomers => "reseller-has-customers",
            Self::PartnerTaken { .. } => "partner-taken",
            Self::MonthClosed { .. } => "month-closed",
            Self::MonthNotOver { .. } => "month-not-over",
            Self::TransactionEnded => "transaction-ended",
            Self::NoSuchReseller => "no-such-reseller",
            Self::PasswordLength { .. } => "password-length",
            Self::ClockBackward => "clock-backward",
            Self::Order(refusal) => refusal.code(),
            Self::Money(refusal) => refusal.code(),
            Self::Staff(refusal) => refusal.code(),
            Self::Partner(refusal) => refusal.code(),
        }
    }
}

impl OrderRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::OfferNotOnSale { .. } => "offer-not-on-sale",
            Self::BilledElsewhere { .. } => "billed-elsewhere",
            Self::NotEligible { .. } => "not-eligible",
            Self::ServiceSpecGone { .. } => "service-spec-gone",
            Self::MixedCurrencies => "mixed-currencies",
            Self::OrderState { .. } => "order-state",
            Self::NoFurtherCycle => "no-further-cycle",
            Self::BeganEarlier { .. } => "began-earlier",
            Self::CycleTooEarly { .. } => "cycle-too-early",
            Self::PastUnpaid { .. } => "past-unpaid",
            Self::CreatedAhead { .. } => "created-ahead",
            Self::TooManyCycles { .. } => "too-many-cycles",
            Self::PaidUntilDiffers { .. } => "paid-until-differs",
        }
    }
}

impl MoneyRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::CurrencyNotTaken { .. } => "currency-not-taken",
            Self::VouchersLeft { .. } => "vouchers-left",
            Self::VouchersPaid { .. } => "vouchers-paid",
            Self::VouchersOver => "vouchers-over",
            Self::VoucherWhole { .. } => "voucher-whole",
            Self::VouchersBookedByUse => "vouchers-booked-by-use",
            Self::InsufficientFunds { .. } => "insufficient-funds",
            Self::PaymentKnown { .. } => "payment-known",
            Self::PaymentEnded { .. } => "payment-ended",
            Self::RefundTooLarge { .. } => "refund-too-large",
            Self::RefundElsewhere { .. } => "refund-elsewhere",
            Self::PageClosed => "page-closed",
            Self::PriceChanged { .. } => "price-changed",
            Self::VoucherInvalid => "voucher-invalid",
            Self::MethodOff { .. } => "method-off",
            Self::NotOwed { .. } => "not-owed",
            Self::NotVoidable { .. } => "not-voidable",
        }
    }
}

impl StaffRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::OperatorTaken { .. } => "operator-taken",
            Self::OperatorLooksAlike { .. } => "operator-looks-alike",
            Self::ApiOnly => "api-only",
            Self::BadCredentials => "bad-credentials",
            Self::SetupDone => "setup-done",
            Self::PasswordGuessable { .. } => "password-guessable",
            Self::MadeCredentials { .. } => "made-credentials",
            Self::LastOwner => "last-owner",
            Self::PasswordAgain => "password-again",
            Self::WrongPassword => "wrong-password",
            Self::CodeNeeded => "code-needed",
            Self::BadCode => "bad-code",
            Self::CodeAgain => "code-again",
            Self::WrongCode => "wrong-code",
            Self::SecondFactorFirst => "second-factor-first",
            Self::SecondFactorForced => "second-factor-forced",
            Self::NoSecondFactor => "no-second-factor",
            Self::NoFactorBegun => "no-factor-begun",
            Self::AboveLimit { .. } => "above-limit",
        }
    }
}

impl PartnerRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::AccountNotFound => "account-not-found",
            Self::ChargeDenied { .. } => "charge-denied",
            Self::ProductNotSold => "product-not-sold",
            Self::ProductNotNamed => "product-not-named",
            Self::NotAgreed => "not-agreed",
            Self::TransactionIdUsed => "transaction-id-used",
            Self::TransactionNotFound => "transaction-not-found",
            Self::RefundNotAllowed => "refund-not-allowed",
            Self::RefundsAboveCharge => "refunds-above-charge",
            Self::PinRequired => "pin-required",
            Self::PinRefused { .. } => "pin-refused",
            Self::TooManyPins { .. } => "too-many-pins",
            Self::TooManyWrongPins { .. } => "too-many-wrong-pins",
            Self::NotificationNotAllowed => "notification-not-allowed",
            Self::NotificationIdUsed => "notification-id-used",
            Self::TooManyNotifications { .. } => "too-many-notifications",
            Self::NoDealings => "no-dealings",
        }
    }
}

impl From<OrderRefusal> for Refusal {
    fn from(refusal: OrderRefusal) -> Self {
        Self::Order(refusal)
    }
}

impl From<MoneyRefusal> for Refusal {
    fn from(refusal: MoneyRefusal) -> Self {
        Self::Money(refusal)
    }
}

impl From<StaffRefusal> for Refusal {
    fn from(refusal: StaffRefusal) -> Self {
        Self::Staff(refusal)
    }
}

impl From<PartnerRefusal> for Refusal {
    fn from(refusal: PartnerRefusal) -> Self {
        Self::Partner(refusal)
    }
}
