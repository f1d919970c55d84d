//! A sample of every refusal, and of every other error of a use case.

use boxoffice::domain::catalogue::kinds::OrderStatus;
use boxoffice::domain::refusal::Refusal;
use boxoffice::domain::refusal::Refusal as R;
use boxoffice::domain::staff::Permission;
use boxoffice::domain::values::common_password::Guessable;
use boxoffice::domain::values::id::{InvoiceId, PaymentId, ProductOfferId, ServiceSpecId};
use boxoffice::domain::values::money::Currency;
use boxoffice::domain::values::reasons::{Denial, Ineligible, PinRefusal};
use boxoffice::ops::OpError;
use boxoffice::store::StoreError;

use super::golden::{at, euros, text};

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

fn currency(code: &str) -> Currency {
    Currency::parse(code).expect("a currency")
}

samples! {
    /// Every kind of refusal, in the order of its declaration; of a kind with reasons one for each.
    refusals: Refusal {
        R::EmailTaken => [R::EmailTaken],
        R::LoginTaken => [R::LoginTaken],
        R::MacTaken { .. } => [R::MacTaken { mac: text("00:1A:79:00:00:01") }],
        R::IdTaken { .. } => [R::IdTaken { id: text("c0ffee") }],
        R::OperatorTaken { .. } => [R::OperatorTaken { name: text("ada") }],
        R::OperatorLooksAlike { .. } => [R::OperatorLooksAlike { other: text("ada") }],
        R::OfferNotOnSale { .. } => [R::OfferNotOnSale { offer: ProductOfferId(3) }],
        R::BilledElsewhere { .. } => [R::BilledElsewhere { offer: ProductOfferId(3) }],
        R::NotEligible { .. } => [
            R::NotEligible { reason: Ineligible::NotNew },
            R::NotEligible { reason: Ineligible::HadBefore },
            R::NotEligible { reason: Ineligible::LacksProduct },
        ],
        R::ServiceSpecGone { .. } => [R::ServiceSpecGone { spec: ServiceSpecId(4) }],
        R::BeyondCalendar => [R::BeyondCalendar],
        R::TooMany { .. } => [R::TooMany { what: "devices", max: 5 }],
        R::MixedCurrencies => [R::MixedCurrencies],
        R::CurrencyNotTaken { .. } => [
            R::CurrencyNotTaken { paid: Currency::USD, takes: ["EUR", "KWD"].map(currency).into() },
        ],
        R::VouchersLeft { .. } => [R::VouchersLeft { left: 2 }],
        R::VouchersPaid { .. } => [R::VouchersPaid { most: euros(1_250) }],
        R::VouchersOver => [R::VouchersOver],
        R::VoucherWhole { .. } => [R::VoucherWhole { worth: euros(1_000) }],
        R::VouchersBookedByUse => [R::VouchersBookedByUse],
        R::InsufficientFunds { .. } => [R::InsufficientFunds { short_by: euros(250) }],
        R::OrderState { .. } => [R::OrderState { status: OrderStatus::Expired, wish: "paused" }],
        R::PaymentKnown { .. } => [R::PaymentKnown { payment: PaymentId(5) }],
        R::PaymentEnded { .. } => [R::PaymentEnded { payment: PaymentId(5) }],
        R::KeyUsed => [R::KeyUsed],
        R::RefundTooLarge { .. } => [R::RefundTooLarge { left: euros(700) }],
        R::RefundElsewhere { .. } => [R::RefundElsewhere { method: text("stripe") }],
        R::PageClosed => [R::PageClosed],
        R::PriceChanged { .. } => [R::PriceChanged { now: euros(1_100) }],
        R::VoucherInvalid => [R::VoucherInvalid],
        R::MethodOff { .. } => [R::MethodOff { method: text("voucher") }],
        R::NotDead => [R::NotDead],
        R::ResellerTaken { .. } => [R::ResellerTaken { name: text("North") }],
        R::ResellerHasCustomers => [R::ResellerHasCustomers],
        R::PartnerTaken { .. } => [R::PartnerTaken { key: text("acme") }],
        R::MonthClosed { .. } => [R::MonthClosed { month: text("2026-01") }],
        R::MonthNotOver { .. } => [R::MonthNotOver { until: at(0) }],
        R::TransactionEnded => [R::TransactionEnded],
        R::NoSuchReseller => [R::NoSuchReseller],
        R::ApiOnly => [R::ApiOnly],
        R::BadCredentials => [R::BadCredentials],
        R::SetupDone => [R::SetupDone],
        R::PasswordLength { .. } => [R::PasswordLength { min: 12, max: 200 }],
        R::PasswordGuessable { .. } => [
            R::PasswordGuessable { why: Guessable::Common },
            R::PasswordGuessable { why: Guessable::Name },
            R::PasswordGuessable { why: Guessable::Pattern },
        ],
        R::ClockBackward => [R::ClockBackward],
        R::NoFurtherCycle => [R::NoFurtherCycle],
        R::MadeCredentials { .. } => [
            R::MadeCredentials {
                name: text("ada"),
                lines: vec![text("token billing"), text("operator bob")],
            },
        ],
        R::LastOwner => [R::LastOwner],
        R::PasswordAgain => [R::PasswordAgain],
        R::WrongPassword => [R::WrongPassword],
        R::AboveLimit { .. } => [R::AboveLimit { what: "a refund", max: euros(5_000) }],
        R::NotOwed { .. } => [R::NotOwed { owed: euros(300) }],
        R::NotVoidable { .. } => [R::NotVoidable { invoice: InvoiceId(6) }],
        R::BeganEarlier { .. } => [R::BeganEarlier { began: at(0) }],
        R::CycleTooEarly { .. } => [R::CycleTooEarly { begun: at(0) }],
        R::PastUnpaid { .. } => [R::PastUnpaid { began: at(0) }],
        R::CreatedAhead { .. } => [R::CreatedAhead { latest: at(0) }],
        R::TooManyCycles { .. } => [R::TooManyCycles { cycles: 14, since: at(0) }],
        R::PaidUntilDiffers { .. } => [R::PaidUntilDiffers { paid_until: at(0) }],
        R::AccountNotFound => [R::AccountNotFound],
        R::ChargeDenied { .. } => [
            R::ChargeDenied { denial: Denial::SuspendedNonPayment },
            R::ChargeDenied { denial: Denial::Suspended },
            R::ChargeDenied { denial: Denial::NotEligible },
            R::ChargeDenied { denial: Denial::InsufficientFunds },
            R::ChargeDenied { denial: Denial::SpendingLimit },
            R::ChargeDenied { denial: Denial::AmountLimit },
            R::ChargeDenied { denial: Denial::NoAccount },
            R::ChargeDenied { denial: Denial::RefundNotAllowed },
            R::ChargeDenied { denial: Denial::NotCharged },
        ],
        R::ProductNotSold => [R::ProductNotSold],
        R::ProductNotNamed => [R::ProductNotNamed],
        R::NotAgreed => [R::NotAgreed],
        R::TransactionIdUsed => [R::TransactionIdUsed],
        R::TransactionNotFound => [R::TransactionNotFound],
        R::RefundNotAllowed => [R::RefundNotAllowed],
        R::RefundsAboveCharge => [R::RefundsAboveCharge],
        R::PinRequired => [R::PinRequired],
        R::PinRefused { .. } => [
            R::PinRefused { reason: PinRefusal::NotFound },
            R::PinRefused { reason: PinRefusal::Wrong },
            R::PinRefused { reason: PinRefusal::Expired },
            R::PinRefused { reason: PinRefusal::TooManyTries },
        ],
        R::TooManyPins { .. } => [R::TooManyPins { retry_after_s: 30 }],
        R::TooManyWrongPins { .. } => [R::TooManyWrongPins { retry_after_s: 42 }],
        R::NotificationNotAllowed => [R::NotificationNotAllowed],
        R::NotificationIdUsed => [R::NotificationIdUsed],
        R::TooManyNotifications { .. } => [R::TooManyNotifications { retry_after_s: 60 }],
        R::NoDealings => [R::NoDealings],
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
