//! What a payer is told whose payment is refused: in words where there is something to do about it.

use crate::app::Ctx;
use crate::domain::refusal::Refusal;
use crate::letters::locale::amount;
use crate::letters::page_words::{filled, page_words};

/// The one place that words a refusal. No wildcard: a new one must be decided about here.
#[deny(clippy::wildcard_enum_match_arm)]
pub fn words(ctx: &Ctx, refusal: &Refusal) -> String {
    let locale = &ctx.app.config.provider.locale;
    let said = page_words(locale);
    match refusal {
        Refusal::PriceChanged { now } => filled(said.price_changed, &[&amount(*now, locale)]),
        Refusal::InsufficientFunds { short_by } => {
            filled(said.short, &[&amount(*short_by, locale)])
        }
        Refusal::MethodOff { .. } => said.way_off.to_owned(),
        Refusal::PageClosed => said.closed.to_owned(),
        // Nothing that the payer could do about it; the code says to others what it was.
        Refusal::EmailTaken
        | Refusal::LoginTaken
        | Refusal::MacTaken { .. }
        | Refusal::IdTaken { .. }
        | Refusal::OperatorTaken { .. }
        | Refusal::OperatorLooksAlike { .. }
        | Refusal::OfferNotOnSale { .. }
        | Refusal::BilledElsewhere { .. }
        | Refusal::NotEligible { .. }
        | Refusal::ServiceSpecGone { .. }
        | Refusal::BeyondCalendar
        | Refusal::TooMany { .. }
        | Refusal::MixedCurrencies
        | Refusal::CurrencyNotTaken { .. }
        | Refusal::VouchersLeft { .. }
        | Refusal::VouchersPaid { .. }
        | Refusal::VouchersOver
        | Refusal::VoucherWhole { .. }
        | Refusal::VouchersBookedByUse
        | Refusal::OrderState { .. }
        | Refusal::PaymentKnown { .. }
        | Refusal::PaymentEnded { .. }
        | Refusal::KeyUsed
        | Refusal::RefundTooLarge { .. }
        | Refusal::RefundElsewhere { .. }
        | Refusal::VoucherInvalid
        | Refusal::NotDead
        | Refusal::ResellerTaken { .. }
        | Refusal::ResellerHasCustomers
        | Refusal::PartnerTaken { .. }
        | Refusal::MonthClosed { .. }
        | Refusal::MonthNotOver { .. }
        | Refusal::TransactionEnded
        | Refusal::NoSuchReseller
        | Refusal::ApiOnly
        | Refusal::BadCredentials
        | Refusal::SetupDone
        | Refusal::PasswordLength { .. }
        | Refusal::PasswordGuessable { .. }
        | Refusal::ClockBackward
        | Refusal::NoFurtherCycle
        | Refusal::MadeCredentials { .. }
        | Refusal::LastOwner
        | Refusal::PasswordAgain
        | Refusal::WrongPassword
        | Refusal::AboveLimit { .. }
        | Refusal::NotOwed { .. }
        | Refusal::NotVoidable { .. }
        | Refusal::BeganEarlier { .. }
        | Refusal::CycleTooEarly { .. }
        | Refusal::PastUnpaid { .. }
        | Refusal::CreatedAhead { .. }
        | Refusal::TooManyCycles { .. }
        | Refusal::PaidUntilDiffers { .. }
        | Refusal::AccountNotFound
        | Refusal::ChargeDenied { .. }
        | Refusal::ProductNotSold
        | Refusal::ProductNotNamed
        | Refusal::NotAgreed
        | Refusal::TransactionIdUsed
        | Refusal::TransactionNotFound
        | Refusal::RefundNotAllowed
        | Refusal::RefundsAboveCharge
        | Refusal::PinRequired
        | Refusal::PinRefused { .. }
        | Refusal::TooManyPins { .. }
        | Refusal::TooManyWrongPins { .. }
        | Refusal::NotificationNotAllowed
        | Refusal::NotificationIdUsed
        | Refusal::TooManyNotifications { .. }
        | Refusal::NoDealings => filled(said.not_done, &[refusal.code()]),
    }
}
