//! A sample of every refusal, and of every other error of a use case.

use boxoffice::domain::catalogue::kinds::OrderStatus;
use boxoffice::domain::refusal::Refusal as R;
use boxoffice::domain::refusal::{
    MoneyRefusal, OrderRefusal, PartnerRefusal, Refusal, StaffRefusal,
};
use boxoffice::domain::staff::Permission;
use boxoffice::domain::values::common_password::Guessable;
use boxoffice::domain::values::id::{InvoiceId, PaymentId, ProductOfferId, ServiceSpecId};
use boxoffice::domain::values::mac::Mac;
use boxoffice::domain::values::money::Currency;
use boxoffice::domain::values::reasons::{Denial, Ineligible, PinRefusal};
use boxoffice::ops::OpError;
use boxoffice::store::StoreError;

use super::records::{at, euros, text};

/// A line for each kind: how it is recognised, and its samples. The match has no wildcard: a new
/// kind does not compile before it has its line.
macro_rules! samples {
    ($(#[$doc:meta])* $name:ident: $type:ty {
        $($kind:pat => [$($sample:expr),+ $(,)?],)+
    }) => {
        $(#[$doc])*
        pub fn $name() -> Vec<fn() -> $type> {
            let samples: Vec<(&str, fn() -> $type)> =
                vec![$($((stringify!($kind), (|| $sample) as fn() -> $type)),+),+];
            for (kind, sample) in &samples {
                let found = match sample() { $($kind => stringify!($kind),)+ };
                assert_eq!(found, *kind, "{:?} stands in the wrong line", sample());
            }
            samples.into_iter().map(|(_, sample)| sample).collect()
        }
    };
}

fn mac() -> Mac {
    Mac::parse("00:1A:79:00:00:01").expect("a MAC")
}

fn currency(code: &str) -> Currency {
    Currency::parse(code).expect("a currency")
}

samples! {
    /// Every kind of refusal, in the order of its declaration; of a kind with reasons one for each.
    refusals: Refusal {
        R::EmailTaken => [R::EmailTaken],
        R::LoginTaken => [R::LoginTaken],
        R::MacTaken { .. } => [R::MacTaken { mac: mac() }],
        R::IdTaken { .. } => [R::IdTaken { id: text("c0ffee") }],
        R::Staff(StaffRefusal::OperatorTaken { .. }) => [
            R::Staff(StaffRefusal::OperatorTaken { name: text("ada") }),
        ],
        R::Staff(StaffRefusal::OperatorLooksAlike { .. }) => [
            R::Staff(StaffRefusal::OperatorLooksAlike { other: text("ada") }),
        ],
        R::Order(OrderRefusal::OfferNotOnSale { .. }) => [
            R::Order(OrderRefusal::OfferNotOnSale { offer: ProductOfferId(3) }),
        ],
        R::Order(OrderRefusal::BilledElsewhere { .. }) => [
            R::Order(OrderRefusal::BilledElsewhere { offer: ProductOfferId(3) }),
        ],
        R::Order(OrderRefusal::NotEligible { .. }) => [
            R::Order(OrderRefusal::NotEligible { reason: Ineligible::NotNew }),
            R::Order(OrderRefusal::NotEligible { reason: Ineligible::HadBefore }),
            R::Order(OrderRefusal::NotEligible { reason: Ineligible::LacksProduct }),
        ],
        R::Order(OrderRefusal::ServiceSpecGone { .. }) => [
            R::Order(OrderRefusal::ServiceSpecGone { spec: ServiceSpecId(4) }),
        ],
        R::BeyondCalendar => [R::BeyondCalendar],
        R::TooMany { .. } => [R::TooMany { what: "devices", max: 5 }],
        R::Order(OrderRefusal::MixedCurrencies) => [R::Order(OrderRefusal::MixedCurrencies)],
        R::Money(MoneyRefusal::CurrencyNotTaken { .. }) => [
            R::Money(MoneyRefusal::CurrencyNotTaken {
                paid: Currency::USD,
                takes: ["EUR", "KWD"].map(currency).into(),
            }),
        ],
        R::Money(MoneyRefusal::VouchersLeft { .. }) => [
            R::Money(MoneyRefusal::VouchersLeft { left: 2 }),
        ],
        R::Money(MoneyRefusal::VouchersPaid { .. }) => [
            R::Money(MoneyRefusal::VouchersPaid { most: euros(1_250) }),
        ],
        R::Money(MoneyRefusal::VouchersOver) => [R::Money(MoneyRefusal::VouchersOver)],
        R::Money(MoneyRefusal::VoucherWhole { .. }) => [
            R::Money(MoneyRefusal::VoucherWhole { worth: euros(1_000) }),
        ],
        R::Money(MoneyRefusal::VouchersBookedByUse) => [
            R::Money(MoneyRefusal::VouchersBookedByUse),
        ],
        R::Money(MoneyRefusal::InsufficientFunds { .. }) => [
            R::Money(MoneyRefusal::InsufficientFunds { short_by: euros(250) }),
        ],
        R::Order(OrderRefusal::OrderState { .. }) => [
            R::Order(OrderRefusal::OrderState { status: OrderStatus::Expired, action: "paused" }),
        ],
        R::Money(MoneyRefusal::PaymentKnown { .. }) => [
            R::Money(MoneyRefusal::PaymentKnown { payment: PaymentId(5) }),
        ],
        R::Money(MoneyRefusal::PaymentEnded { .. }) => [
            R::Money(MoneyRefusal::PaymentEnded { payment: PaymentId(5) }),
        ],
        R::KeyUsed => [R::KeyUsed],
        R::Money(MoneyRefusal::RefundTooLarge { .. }) => [
            R::Money(MoneyRefusal::RefundTooLarge { left: euros(700) }),
        ],
        R::Money(MoneyRefusal::RefundElsewhere { .. }) => [
            R::Money(MoneyRefusal::RefundElsewhere { method: text("stripe") }),
        ],
        R::Money(MoneyRefusal::PageClosed) => [R::Money(MoneyRefusal::PageClosed)],
        R::Money(MoneyRefusal::PriceChanged { .. }) => [
            R::Money(MoneyRefusal::PriceChanged { now: euros(1_100) }),
        ],
        R::Money(MoneyRefusal::VoucherInvalid) => [R::Money(MoneyRefusal::VoucherInvalid)],
        R::Money(MoneyRefusal::MethodOff { .. }) => [
            R::Money(MoneyRefusal::MethodOff { method: text("voucher") }),
        ],
        R::NotDead => [R::NotDead],
        R::ResellerTaken { .. } => [R::ResellerTaken { name: text("North") }],
        R::ResellerHasCustomers => [R::ResellerHasCustomers],
        R::PartnerTaken { .. } => [R::PartnerTaken { key: text("acme") }],
        R::MonthClosed { .. } => [R::MonthClosed { month: text("2026-01") }],
        R::MonthNotOver { .. } => [R::MonthNotOver { until: at(0) }],
        R::TransactionEnded => [R::TransactionEnded],
        R::NoSuchReseller => [R::NoSuchReseller],
        R::Staff(StaffRefusal::ApiOnly) => [R::Staff(StaffRefusal::ApiOnly)],
        R::Staff(StaffRefusal::BadCredentials) => [R::Staff(StaffRefusal::BadCredentials)],
        R::Staff(StaffRefusal::SetupDone) => [R::Staff(StaffRefusal::SetupDone)],
        R::PasswordLength { .. } => [R::PasswordLength { min: 12, max: 200 }],
        R::Staff(StaffRefusal::PasswordGuessable { .. }) => [
            R::Staff(StaffRefusal::PasswordGuessable { why: Guessable::Common }),
            R::Staff(StaffRefusal::PasswordGuessable { why: Guessable::Name }),
            R::Staff(StaffRefusal::PasswordGuessable { why: Guessable::Pattern }),
        ],
        R::ClockBackward => [R::ClockBackward],
        R::Order(OrderRefusal::NoFurtherCycle) => [R::Order(OrderRefusal::NoFurtherCycle)],
        R::Staff(StaffRefusal::MadeCredentials { .. }) => [
            R::Staff(StaffRefusal::MadeCredentials {
                name: text("ada"),
                lines: vec![text("token billing"), text("operator bob")],
            }),
        ],
        R::Staff(StaffRefusal::LastOwner) => [R::Staff(StaffRefusal::LastOwner)],
        R::Staff(StaffRefusal::PasswordAgain) => [R::Staff(StaffRefusal::PasswordAgain)],
        R::Staff(StaffRefusal::WrongPassword) => [R::Staff(StaffRefusal::WrongPassword)],
        R::Staff(StaffRefusal::CodeNeeded) => [R::Staff(StaffRefusal::CodeNeeded)],
        R::Staff(StaffRefusal::BadCode) => [R::Staff(StaffRefusal::BadCode)],
        R::Staff(StaffRefusal::CodeAgain) => [R::Staff(StaffRefusal::CodeAgain)],
        R::Staff(StaffRefusal::WrongCode) => [R::Staff(StaffRefusal::WrongCode)],
        R::Staff(StaffRefusal::SecondFactorFirst) => [R::Staff(StaffRefusal::SecondFactorFirst)],
        R::Staff(StaffRefusal::SecondFactorForced) => [R::Staff(StaffRefusal::SecondFactorForced)],
        R::Staff(StaffRefusal::NoSecondFactor) => [R::Staff(StaffRefusal::NoSecondFactor)],
        R::Staff(StaffRefusal::NoFactorBegun) => [R::Staff(StaffRefusal::NoFactorBegun)],
        R::Staff(StaffRefusal::AboveLimit { .. }) => [
            R::Staff(StaffRefusal::AboveLimit { what: "a refund", max: euros(5_000) }),
        ],
        R::Money(MoneyRefusal::NotOwed { .. }) => [
            R::Money(MoneyRefusal::NotOwed { owed: euros(300) }),
        ],
        R::Money(MoneyRefusal::NotVoidable { .. }) => [
            R::Money(MoneyRefusal::NotVoidable { invoice: InvoiceId(6) }),
        ],
        R::Order(OrderRefusal::BeganEarlier { .. }) => [
            R::Order(OrderRefusal::BeganEarlier { began: at(0) }),
        ],
        R::Order(OrderRefusal::CycleTooEarly { .. }) => [
            R::Order(OrderRefusal::CycleTooEarly { begun: at(0) }),
        ],
        R::Order(OrderRefusal::PastUnpaid { .. }) => [
            R::Order(OrderRefusal::PastUnpaid { began: at(0) }),
        ],
        R::Order(OrderRefusal::CreatedAhead { .. }) => [
            R::Order(OrderRefusal::CreatedAhead { latest: at(0) }),
        ],
        R::Order(OrderRefusal::TooManyCycles { .. }) => [
            R::Order(OrderRefusal::TooManyCycles { cycles: 14, since: at(0) }),
        ],
        R::Order(OrderRefusal::PaidUntilDiffers { .. }) => [
            R::Order(OrderRefusal::PaidUntilDiffers { paid_until: at(0) }),
        ],
        R::Partner(PartnerRefusal::AccountNotFound) => [
            R::Partner(PartnerRefusal::AccountNotFound),
        ],
        R::Partner(PartnerRefusal::ChargeDenied { .. }) => [
            R::Partner(PartnerRefusal::ChargeDenied { denial: Denial::SuspendedNonPayment }),
            R::Partner(PartnerRefusal::ChargeDenied { denial: Denial::Suspended }),
            R::Partner(PartnerRefusal::ChargeDenied { denial: Denial::NotEligible }),
            R::Partner(PartnerRefusal::ChargeDenied { denial: Denial::InsufficientFunds }),
            R::Partner(PartnerRefusal::ChargeDenied { denial: Denial::SpendingLimit }),
            R::Partner(PartnerRefusal::ChargeDenied { denial: Denial::AmountLimit }),
            R::Partner(PartnerRefusal::ChargeDenied { denial: Denial::NoAccount }),
            R::Partner(PartnerRefusal::ChargeDenied { denial: Denial::RefundNotAllowed }),
            R::Partner(PartnerRefusal::ChargeDenied { denial: Denial::NotCharged }),
        ],
        R::Partner(PartnerRefusal::ProductNotSold) => [R::Partner(PartnerRefusal::ProductNotSold)],
        R::Partner(PartnerRefusal::ProductNotNamed) => [
            R::Partner(PartnerRefusal::ProductNotNamed),
        ],
        R::Partner(PartnerRefusal::NotAgreed) => [R::Partner(PartnerRefusal::NotAgreed)],
        R::Partner(PartnerRefusal::TransactionIdUsed) => [
            R::Partner(PartnerRefusal::TransactionIdUsed),
        ],
        R::Partner(PartnerRefusal::TransactionNotFound) => [
            R::Partner(PartnerRefusal::TransactionNotFound),
        ],
        R::Partner(PartnerRefusal::RefundNotAllowed) => [
            R::Partner(PartnerRefusal::RefundNotAllowed),
        ],
        R::Partner(PartnerRefusal::RefundsAboveCharge) => [
            R::Partner(PartnerRefusal::RefundsAboveCharge),
        ],
        R::Partner(PartnerRefusal::PinRequired) => [R::Partner(PartnerRefusal::PinRequired)],
        R::Partner(PartnerRefusal::PinRefused { .. }) => [
            R::Partner(PartnerRefusal::PinRefused { reason: PinRefusal::NotFound }),
            R::Partner(PartnerRefusal::PinRefused { reason: PinRefusal::Wrong }),
            R::Partner(PartnerRefusal::PinRefused { reason: PinRefusal::Expired }),
            R::Partner(PartnerRefusal::PinRefused { reason: PinRefusal::TooManyTries }),
        ],
        R::Partner(PartnerRefusal::TooManyPins { .. }) => [
            R::Partner(PartnerRefusal::TooManyPins { retry_after_s: 30 }),
        ],
        R::Partner(PartnerRefusal::TooManyWrongPins { .. }) => [
            R::Partner(PartnerRefusal::TooManyWrongPins { retry_after_s: 42 }),
        ],
        R::Partner(PartnerRefusal::NotificationNotAllowed) => [
            R::Partner(PartnerRefusal::NotificationNotAllowed),
        ],
        R::Partner(PartnerRefusal::NotificationIdUsed) => [
            R::Partner(PartnerRefusal::NotificationIdUsed),
        ],
        R::Partner(PartnerRefusal::TooManyNotifications { .. }) => [
            R::Partner(PartnerRefusal::TooManyNotifications { retry_after_s: 60 }),
        ],
        R::Partner(PartnerRefusal::NoDealings) => [R::Partner(PartnerRefusal::NoDealings)],
    }
}

samples! {
    /// Every kind of error of a use case.
    errors: OpError {
        OpError::Refused(_) => [OpError::Refused(R::KeyUsed)],
        OpError::Missing { .. } => [OpError::Missing { kind: "customer", key: text("12") }],
        OpError::Denied(_) => [OpError::Denied(Permission::StaffManage)],
        OpError::Document { .. } => [
            OpError::Document { path: text("customers[0].login"), problem: text("is taken") },
        ],
        OpError::Throttled { .. } => [OpError::Throttled { retry_after_s: 7 }],
        OpError::DiskFull => [OpError::DiskFull],
        OpError::TooManyAttempts { .. } => [OpError::TooManyAttempts { retry_after_s: 42 }],
        OpError::Store(_) => [OpError::Store(StoreError::Panicked)],
        OpError::Elsewhere { .. } => [OpError::Elsewhere { problem: text("nobody answers") }],
        OpError::Failed(_) => [OpError::Failed(text("a bug"))],
    }
}
